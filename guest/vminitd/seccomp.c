/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp.c - the runtime spec's seccomp object through libseccomp. */
#include "seccomp.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "spec-json.h"

#define FILTER_MAX 4096 /* instructions: the kernel takes no more (BPF_MAXINSNS) */

static const struct {
	const char *name;
	uint32_t action;
} actions[] = {
	{ "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD },  { "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS }, { "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) },    { "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) },
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },	    { "SCMP_ACT_LOG", SCMP_ACT_LOG },
};

static const struct {
	const char *name;
	enum scmp_compare op;
} operators[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE }, { "SCMP_CMP_LT", SCMP_CMP_LT }, { "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ }, { "SCMP_CMP_GE", SCMP_CMP_GE }, { "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
};

static const struct {
	const char *name;
	uint32_t arch;
} archs[] = {
	{ "SCMP_ARCH_X86", SCMP_ARCH_X86 },	    { "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 },
	{ "SCMP_ARCH_X32", SCMP_ARCH_X32 },	    { "SCMP_ARCH_ARM", SCMP_ARCH_ARM },
	{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 }, { "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 },
};

static const struct {
	const char *name;
	unsigned long flag;
} flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0 }, /* one thread: nothing to synchronize */
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
};

static int get_action(json_t *o, const char *key, const char *errno_key, uint32_t *ret, struct err *e)
{
	int64_t number = EPERM;
	const char *name = NULL;
	int rc;

	if ((rc = vi_json_str(o, key, &name, e)) < 0 || (rc = vi_json_int(o, errno_key, 0, 4095, &number, e)) < 0)
		return rc;
	for (size_t i = 0; name && i < ARRAY_LEN(actions); i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		*ret = actions[i].action;
		if (*ret == SCMP_ACT_ERRNO(0))
			*ret = SCMP_ACT_ERRNO((uint32_t)number);
		else if (*ret == SCMP_ACT_TRACE(0))
			*ret = SCMP_ACT_TRACE((uint32_t)number);
		return 0;
	}
	return err_set(e, -EINVAL, "seccomp: unknown %s '%s'", key, name ? name : "");
}

static int add_archs(scmp_filter_ctx ctx, json_t *seccomp, struct err *e)
{
	AUTO_FREE const char **names = NULL;
	int rc = vi_json_strv(seccomp, "architectures", &names, NULL, e);

	if (rc < 0)
		return rc;
	for (const char **n = names; *n; n++) {
		uint32_t arch = 0;

		for (size_t i = 0; i < ARRAY_LEN(archs); i++)
			if (strcmp(archs[i].name, *n) == 0)
				arch = archs[i].arch;
		if (!arch) {
			if (strncmp(*n, "SCMP_ARCH_", 10) != 0)
				return err_set(e, -EINVAL, "seccomp: unknown architecture '%s'", *n);
			continue; /* another machine's */
		}
		rc = seccomp_arch_add(ctx, arch);
		if (rc < 0 && rc != -EEXIST && rc != -EDOM)
			return err_sys(e, rc, "seccomp: cannot add architecture '%s'", *n);
	}
	return 0;
}

static int get_args(json_t *rule, struct scmp_arg_cmp *ret, unsigned *ret_n, struct err *e)
{
	json_t *list = NULL;
	int rc = vi_json_list(rule, "args", &list, e);

	if (rc < 0)
		return rc;
	if (json_array_size(list) > 6)
		return err_set(e, -EINVAL, "seccomp: more than 6 args");
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *o = json_array_get(list, i);
		uint64_t value = 0, value2 = 0;
		const char *op = "";
		int64_t index = 0;
		size_t k = 0;

		if ((rc = vi_json_int(o, "index", 0, 5, &index, e)) < 0 || (rc = vi_json_u64(o, "value", &value, e)) < 0 ||
		    (rc = vi_json_u64(o, "valueTwo", &value2, e)) < 0 || (rc = vi_json_str(o, "op", &op, e)) < 0)
			return rc;
		while (k < ARRAY_LEN(operators) && strcmp(operators[k].name, op) != 0)
			k++;
		if (k == ARRAY_LEN(operators))
			return err_set(e, -EINVAL, "seccomp: unknown op '%s'", op);
		ret[i] = (struct scmp_arg_cmp){ (unsigned)index, operators[k].op, value, value2 };
	}
	*ret_n = (unsigned)json_array_size(list);
	return 0;
}

/* libseccomp takes one comparison an argument in a rule; more on the same argument are rules of their
 * own, any of which may match, as other runtimes do it. */
static int add_call(scmp_filter_ctx ctx, uint32_t action, int nr, const struct scmp_arg_cmp *args, unsigned n)
{
	unsigned seen = 0;
	bool twice = false;
	int rc = 0;

	for (unsigned i = 0; i < n; i++) {
		twice = twice || seen & 1u << args[i].arg;
		seen |= 1u << args[i].arg;
	}
	if (!twice)
		return seccomp_rule_add_array(ctx, action, nr, n, args);
	for (unsigned i = 0; rc == 0 && i < n; i++)
		rc = seccomp_rule_add_array(ctx, action, nr, 1, &args[i]);
	return rc;
}

static int add_rule(scmp_filter_ctx ctx, json_t *rule, uint32_t standard, struct err *e)
{
	AUTO_FREE const char **names = NULL;
	struct scmp_arg_cmp args[6];
	unsigned nargs = 0;
	uint32_t action;
	int rc;

	if ((rc = get_action(rule, "action", "errnoRet", &action, e)) < 0 ||
	    (rc = vi_json_strv(rule, "names", &names, NULL, e)) < 0 || (rc = get_args(rule, args, &nargs, e)) < 0)
		return rc;
	if (action == standard)
		return 0;
	for (const char **n = names; *n; n++) {
		int nr = seccomp_syscall_resolve_name(*n);

		if (nr == __NR_SCMP_ERROR)
			continue;
		rc = add_call(ctx, action, nr, args, nargs);
		if (rc < 0 && rc != -EEXIST && rc != -EDOM)
			return err_sys(e, rc, "seccomp: cannot add a rule for '%s'", *n);
	}
	return 0;
}

static int set_flags(json_t *seccomp, struct vi_filter *f, struct err *e)
{
	AUTO_FREE const char **names = NULL;
	int rc = vi_json_strv(seccomp, "flags", &names, NULL, e);

	if (rc < 0)
		return rc;
	for (const char **n = names; *n; n++) {
		size_t i = 0;

		while (i < ARRAY_LEN(flags) && strcmp(flags[i].name, *n) != 0)
			i++;
		if (i == ARRAY_LEN(flags))
			return err_set(e, -EINVAL, "seccomp: unknown flag '%s'", *n);
		f->flags |= flags[i].flag;
	}
	return 0;
}

/* libseccomp writes a program to a descriptor only. */
static int export_program(scmp_filter_ctx ctx, struct vi_filter *f, struct err *e)
{
	AUTO_CLOSE int fd = memfd_create("seccomp", MFD_CLOEXEC);
	AUTO_FREE char *code = NULL;
	size_t n = 0;
	int rc;

	if (fd < 0)
		return err_sys(e, -errno, "seccomp: cannot make a memory file");
	if ((rc = seccomp_export_bpf(ctx, fd)) < 0 || (lseek(fd, 0, SEEK_SET) < 0 && (rc = -errno)) ||
	    (rc = file_read_all(fd, FILTER_MAX * sizeof(struct sock_filter), &code, &n)) < 0)
		return err_sys(e, rc, "seccomp: cannot compile the filter");
	f->code = (struct sock_filter *)(void *)TAKE(code);
	f->len = (unsigned short)(n / sizeof(struct sock_filter));
	return 0;
}

static void release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

int vi_filter_compile(json_t *seccomp, struct vi_filter *ret, struct err *e)
{
	AUTO(release) scmp_filter_ctx ctx = NULL;
	struct vi_filter f = { 0 };
	json_t *list = NULL;
	uint32_t action;
	int rc;

	if ((rc = get_action(seccomp, "defaultAction", "defaultErrnoRet", &action, e)) < 0 ||
	    (rc = set_flags(seccomp, &f, e)) < 0 || (rc = vi_json_list(seccomp, "syscalls", &list, e)) < 0)
		return rc;
	ctx = seccomp_init(action);
	if (!ctx)
		return err_sys(e, -ENOMEM, "seccomp: cannot make a filter");
	/* a call of an architecture that is not listed is refused like any other */
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if ((rc = add_archs(ctx, seccomp, e)) < 0)
		return rc;
	for (size_t i = 0; i < json_array_size(list); i++)
		if ((rc = add_rule(ctx, json_array_get(list, i), action, e)) < 0)
			return rc;
	if ((rc = export_program(ctx, &f, e)) < 0)
		return rc;
	*ret = f;
	return 0;
}

void vi_filter_finish(struct vi_filter *f)
{
	free(f->code);
	memset(f, 0, sizeof(*f));
}

int vi_filter_install(const struct vi_filter *f)
{
	struct sock_fprog prog = { f->len, f->code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, f->flags, &prog) < 0 ? -errno : 0;
}

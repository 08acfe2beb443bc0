/* SPDX-License-Identifier: Apache-2.0 */
/* spec-seccomp.c - the default system call filter.
 *
 * The wall around a container is the virtual machine; the filter keeps its processes from the guest's kernel
 * as a whole (modules, kexec, clocks, swap), from what the kernel had most holes in, and from vsock, by which
 * the agent and the host talk. So it is a list of what is refused, not of what is allowed: programs of
 * tomorrow run. */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "oci/spec.h"

#define CLONE_NEWUSER 0x10000000u
#define AF_VSOCK 40
#define CALLS_MAX 24

struct rule {
	const char *lifted_by;  /* a capability that makes the rule needless; NULL: none */
	int error;
	const char *calls[CALLS_MAX];
	int arg;                /* with op: which argument is compared */
	const char *op;         /* NULL: whatever the arguments are */
	uint64_t value, value2;
};

static const struct rule rules[] = {
	{ NULL, EAFNOSUPPORT, { "socket", "socketpair" }, 0, "SCMP_CMP_EQ", AF_VSOCK, 0 },
	/* the old door to socket() of 32-bit programs, whose arguments no filter sees */
	{ NULL, ENOSYS, { "socketcall" } },
	/* would do sockets and files past the filter */
	{ NULL, ENOSYS, { "io_uring_setup", "io_uring_enter", "io_uring_register" } },
	{ "CAP_SYS_BOOT", EPERM, { "kexec_load", "kexec_file_load", "reboot" } },
	{ "CAP_SYS_MODULE", EPERM,
	  { "init_module", "finit_module", "delete_module", "create_module", "query_module", "get_kernel_syms" } },
	{ "CAP_SYS_RAWIO", EPERM, { "iopl", "ioperm" } },
	{ "CAP_SYS_PACCT", EPERM, { "acct" } },
	{ "CAP_SYSLOG", EPERM, { "syslog" } },
	{ "CAP_SYS_TIME", EPERM, { "settimeofday", "stime", "clock_settime", "clock_settime64" } },
	{ "CAP_DAC_READ_SEARCH", EPERM, { "open_by_handle_at" } },
	{ "CAP_BPF", EPERM, { "bpf" } },
	{ "CAP_PERFMON", EPERM, { "perf_event_open" } },
	{ "CAP_SYS_PTRACE", EPERM, { "userfaultfd", "kcmp" } },
	{ "CAP_SYS_NICE", EPERM, { "mbind", "move_pages", "set_mempolicy", "migrate_pages" } },
	{ "CAP_SYS_ADMIN", EPERM,
	  { "add_key", "request_key", "keyctl", "swapon", "swapoff", "quotactl", "quotactl_fd", "pivot_root",
	    "lookup_dcookie", "nfsservctl", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "move_mount",
	    "mount_setattr", "open_tree", "setns", "uselib", "ustat", "sysfs", "_sysctl" } },
	/* a user namespace would make each of the above reachable for anybody */
	{ "CAP_SYS_ADMIN", EPERM, { "clone", "unshare" }, 0, "SCMP_CMP_MASKED_EQ", CLONE_NEWUSER, CLONE_NEWUSER },
	/* its flags are in memory; the C libraries go back to clone */
	{ "CAP_SYS_ADMIN", ENOSYS, { "clone3" } },
};

static bool has(const char *const *v, const char *name)
{
	for (; v && *v; v++)
		if (strcmp(*v, name) == 0)
			return true;
	return false;
}

static bool add_rule(cJSON *list, const struct rule *r)
{
	cJSON *o = cJSON_CreateObject(), *names, *args, *arg;

	if (!o || !cJSON_AddItemToArray(list, o))
		return false;
	names = cJSON_AddArrayToObject(o, "names");
	for (size_t i = 0; i < CALLS_MAX && r->calls[i]; i++)
		if (!cJSON_AddItemToArray(names, cJSON_CreateString(r->calls[i])))
			return false;
	if (!cJSON_AddStringToObject(o, "action", "SCMP_ACT_ERRNO") ||
	    !cJSON_AddNumberToObject(o, "errnoRet", r->error))
		return false;
	if (!r->op)
		return true;
	args = cJSON_AddArrayToObject(o, "args");
	arg = cJSON_CreateObject();
	return cJSON_AddItemToArray(args, arg) && cJSON_AddNumberToObject(arg, "index", r->arg) &&
	       cJSON_AddNumberToObject(arg, "value", (double)r->value) &&
	       cJSON_AddNumberToObject(arg, "valueTwo", (double)r->value2) && cJSON_AddStringToObject(arg, "op", r->op);
}

static bool add_archs(cJSON *profile, const char *arch)
{
	static const struct {
		const char *arch;
		const char *names[4];
	} archs[] = {
		{ "amd64", { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32" } },
		{ "386", { "SCMP_ARCH_X86" } },
		{ "arm64", { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM" } },
		{ "arm", { "SCMP_ARCH_ARM" } },
		{ "riscv64", { "SCMP_ARCH_RISCV64" } },
	};

	for (size_t i = 0; i < ARRAY_LEN(archs); i++)
		if (strcmp(archs[i].arch, arch) == 0) {
			cJSON *list = cJSON_AddArrayToObject(profile, "architectures");

			for (size_t k = 0; archs[i].names[k]; k++)
				if (!cJSON_AddItemToArray(list, cJSON_CreateString(archs[i].names[k])))
					return false;
		}
	return true; /* another one: the guest's own */
}

cJSON *oci_seccomp_default(const char *arch, const char *const *caps)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	cJSON *calls;

	if (!j || !cJSON_AddStringToObject(j, "defaultAction", "SCMP_ACT_ALLOW") || !add_archs(j, arch))
		return NULL;
	calls = cJSON_AddArrayToObject(j, "syscalls");
	for (size_t i = 0; calls && i < ARRAY_LEN(rules); i++)
		if (!(rules[i].lifted_by && has(caps, rules[i].lifted_by)) && !add_rule(calls, &rules[i]))
			return NULL;
	return calls ? TAKE(j) : NULL;
}

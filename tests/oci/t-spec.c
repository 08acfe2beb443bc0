/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/str.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define WORDS(...) (const char *const[]){ __VA_ARGS__ __VA_OPT__(,) NULL }
#define OWNED(words) ((char **)(uintptr_t)(words)) /* of a config, which the tests do not finish */

static char *joined(char **v)
{
	AUTO_BUF struct buf b = { 0 };

	for (char **p = v; *p; p++)
		buf_addf(&b, "%s%s", p == v ? "" : "|", *p);
	return b.p ? buf_steal(&b) : strdup("");
}

/* docker's table of ENTRYPOINT and CMD. */
static void test_args(void **state)
{
	const struct {
		const char *const *entrypoint, *const *cmd; /* of the image */
		bool given;
		const char *const *user_entrypoint, *const *user_cmd;
		const char *args; /* NULL: refused */
	} rows[] = {
		{ NULL, WORDS("sh"), false, NULL, NULL, "sh" },
		{ WORDS("e"), NULL, false, NULL, NULL, "e" },
		{ WORDS("e"), WORDS("c", "d"), false, NULL, NULL, "e|c|d" },
		{ WORDS("e"), WORDS("c", "d"), false, NULL, WORDS("x"), "e|x" },
		{ NULL, WORDS("c"), false, NULL, WORDS("x", "y"), "x|y" },
		{ WORDS("e"), WORDS("c"), true, WORDS("n"), NULL, "n" },
		{ WORDS("e"), WORDS("c"), true, WORDS("n"), WORDS("x"), "n|x" },
		{ WORDS("e"), WORDS("c"), true, WORDS(""), WORDS("x"), "x" },
		{ WORDS("e"), WORDS("c"), true, WORDS(""), NULL, NULL },
		{ WORDS("e"), WORDS("c"), true, NULL, NULL, NULL },
		{ WORDS(""), WORDS("c"), false, NULL, NULL, "c" },
		{ WORDS(), WORDS(), false, NULL, NULL, NULL },
		{ NULL, NULL, false, NULL, NULL, NULL },
		{ NULL, NULL, false, NULL, WORDS("", "x"), NULL },
		{ WORDS("e"), WORDS("c"), false, NULL, WORDS(""), "e|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_config c = { .entrypoint = OWNED(rows[i].entrypoint), .cmd = OWNED(rows[i].cmd) };
		struct oci_spec_opts o = { .config = &c, .entrypoint_given = rows[i].given,
					   .entrypoint = rows[i].user_entrypoint,
					   .cmd = rows[i].user_cmd };
		char **args = NULL;
		struct err e = { 0 };
		int rc = oci_spec_args(&o, &args, &e);

		if (rc != (rows[i].args ? 0 : -EINVAL))
			fail_msg("row %zu: %d %s", i, rc, e.text);
		if (rc < 0)
			continue;
		AUTO_FREE char *text = joined(args);
		assert_string_equal(text, rows[i].args);
		strv_free(args);
	}
}

static void test_env(void **state)
{
	const struct {
		const char *const *image, *const *user;
		bool tty;
		const char *env;
	} rows[] = {
		{ NULL, NULL, false, "PATH=" OCI_PATH_DEFAULT "|HOSTNAME=0123456789ab" },
		{ WORDS("PATH=/x"), NULL, true, "PATH=/x|HOSTNAME=0123456789ab|TERM=xterm" },
		{ WORDS("A=1", "B="), WORDS("A=2", "C=3"), false,
		  "PATH=" OCI_PATH_DEFAULT "|HOSTNAME=0123456789ab|A=2|B=|C=3" },
		{ WORDS("A=1", "AB=2"), WORDS("A"), false, "PATH=" OCI_PATH_DEFAULT "|HOSTNAME=0123456789ab|AB=2" },
		{ WORDS("=x", ""), WORDS("HOSTNAME=h"), false, "PATH=" OCI_PATH_DEFAULT "|HOSTNAME=h" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_config c = { .env = OWNED(rows[i].image) };
		struct oci_spec_opts o = { .config = &c, .id = ID, .env = rows[i].user,
					   .tty = rows[i].tty };
		char **env = NULL;

		assert_int_equal(oci_spec_env(&o, &env, NULL), 0);
		AUTO_FREE char *text = joined(env);
		assert_string_equal(text, rows[i].env);
		strv_free(env);
	}
}

static const char *const sh[] = { "sh", NULL };

static cJSON *build(struct oci_spec_opts *o)
{
	cJSON *spec = NULL;
	struct err e = { 0 };

	o->id = ID;
	o->root_path = "/run/berth/x/rootfs";
	if (!o->cmd)
		o->cmd = sh;
	if (oci_spec_build(o, &spec, &e) < 0)
		fail_msg("%s", e.text);
	return spec;
}

static const cJSON *mount_at(const cJSON *spec, const char *path, int *ret_pos)
{
	const cJSON *m;
	int i = 0;

	cJSON_ArrayForEach(m, json_arr(spec, "mounts")) {
		if (strcmp(json_str(m, "destination"), path) == 0) {
			if (ret_pos)
				*ret_pos = i;
			return m;
		}
		i++;
	}
	return NULL;
}

static bool holds(const cJSON *array, const char *word)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, array)
		if (cJSON_IsString(it) && strcmp(it->valuestring, word) == 0)
			return true;
	return false;
}

static void test_defaults(void **state)
{
	struct oci_spec_opts o = { 0 };
	AUTO_JSON cJSON *spec = build(&o);
	const cJSON *p = json_obj(spec, "process"), *l = json_obj(spec, "linux");

	assert_string_equal(json_str(p, "cwd"), "/");
	assert_false(json_bool(p, "terminal", true));
	assert_null(json_str(json_obj(p, "user"), "username"));
	assert_true(holds(json_arr(json_obj(p, "capabilities"), "bounding"), "CAP_CHOWN"));
	assert_false(holds(json_arr(json_obj(p, "capabilities"), "bounding"), "CAP_SYS_ADMIN"));
	assert_int_equal(cJSON_GetArraySize(json_arr(json_obj(p, "capabilities"), "effective")), 14);
	assert_string_equal(json_str(spec, "hostname"), "0123456789ab");
	assert_int_equal(cJSON_GetArraySize(json_arr(l, "namespaces")), 5);
	assert_true(holds(json_arr(l, "maskedPaths"), "/proc/kcore"));
	assert_true(holds(json_arr(mount_at(spec, "/sys", NULL), "options"), "ro"));
	assert_non_null(mount_at(spec, "/dev/shm", NULL));
	assert_non_null(json_obj(l, "seccomp"));
}

static void test_user_and_cwd(void **state)
{
	struct oci_config c = { .user = (char *)"www:www", .working_dir = (char *)"srv" };
	struct oci_spec_opts o = { .config = &c };
	AUTO_JSON cJSON *spec = build(&o);

	assert_string_equal(json_str(json_obj(json_obj(spec, "process"), "user"), "username"), "www:www");
	assert_string_equal(json_str(json_obj(spec, "process"), "cwd"), "/srv");
	o.user = "7";
	o.cwd = "/w";
	AUTO_JSON cJSON *other = build(&o);
	assert_string_equal(json_str(json_obj(json_obj(other, "process"), "user"), "username"), "7");
	assert_string_equal(json_str(json_obj(other, "process"), "cwd"), "/w");
}

static void test_mounts(void **state)
{
	const struct oci_mount mounts[] = {
		{ "bind", "/h2", "/a/b/c", NULL }, { "bind", "/h1", "/a", NULL }, { "bind", "/h3", "/dev/shm", NULL },
	};
	struct oci_spec_opts o = { .mounts = mounts, .nmounts = 3,
				   .tmpfs = (const char *const[]){ "/t:size=1m,mode=700", NULL } };
	AUTO_JSON cJSON *spec = build(&o);
	int outer = 0, inner = 0;

	assert_non_null(mount_at(spec, "/a", &outer));
	assert_non_null(mount_at(spec, "/a/b/c", &inner));
	assert_true(outer < inner);
	assert_string_equal(json_str(mount_at(spec, "/dev/shm", NULL), "source"), "/h3");
	assert_true(holds(json_arr(mount_at(spec, "/t", NULL), "options"), "size=1m"));
}

static void test_refused(void **state)
{
	static const struct oci_mount relative = { "bind", "/x", "a", NULL }, up = { "bind", "/x", "/a/../b", NULL };
	static const struct oci_rlimit upside = { "nofile", 2, 1 };
	static const char *const unknown[] = { "NO_SUCH", NULL }, *const tmpfs[] = { "t", NULL };
	const struct oci_spec_opts rows[] = {
		{ .cwd = "x" }, { .mounts = &relative, .nmounts = 1 }, { .mounts = &up, .nmounts = 1 },
		{ .rlimits = &upside, .nrlimits = 1 }, { .cap_add = unknown }, { .cap_drop = unknown }, { .tmpfs = tmpfs },
		{ .hostname = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_spec_opts o = rows[i];
		cJSON *spec = NULL;
		struct err e = { 0 };

		o.cmd = sh;
		o.root_path = "/r";
		if (oci_spec_build(&o, &spec, &e) != -EINVAL)
			fail_msg("row %zu was taken", i);
		assert_true(e.text[0] != 0);
	}
}

static void test_caps(void **state)
{
	const struct {
		const char *const *add, *const *drop;
		int n; /* how many are left */
	} rows[] = {
		{ NULL, NULL, 14 }, { WORDS("ALL"), NULL, 41 }, { NULL, WORDS("all"), 0 },
		{ WORDS("NET_ADMIN"), NULL, 15 }, { WORDS("cap_net_admin"), WORDS("ALL"), 1 },
		{ WORDS("ALL"), WORDS("CHOWN"), 40 }, { NULL, WORDS("CAP_CHOWN"), 13 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t mask = 0;

		assert_int_equal(oci_caps(rows[i].add, rows[i].drop, &mask, NULL), 0);
		assert_int_equal(__builtin_popcountll(mask), rows[i].n);
	}
}

/* The rule of a call in a profile; NULL: the call is allowed. */
static const cJSON *rule_of(const cJSON *profile, const char *call)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, json_arr(profile, "syscalls"))
		if (holds(json_arr(it, "names"), call))
			return it;
	return NULL;
}

static void test_seccomp(void **state)
{
	static const char *const admin[] = { "CAP_SYS_ADMIN", "CAP_SYS_MODULE", NULL };
	AUTO_JSON cJSON *plain = oci_seccomp_default("amd64", NULL);
	AUTO_JSON cJSON *lifted = oci_seccomp_default("amd64", admin);
	const cJSON *arg;

	arg = cJSON_GetArrayItem(json_arr(rule_of(plain, "socket"), "args"), 0);
	assert_int_equal(json_int(arg, "value", 0), 40);
	assert_non_null(rule_of(plain, "kexec_load"));
	assert_non_null(rule_of(plain, "finit_module"));
	assert_non_null(rule_of(plain, "unshare"));
	assert_null(rule_of(plain, "openat"));
	assert_null(rule_of(lifted, "finit_module"));
	assert_null(rule_of(lifted, "unshare"));
	assert_non_null(rule_of(lifted, "socket"));
	assert_non_null(rule_of(lifted, "kexec_load"));
}

static void test_limits(void **state)
{
	struct oci_spec_opts o = { .memory = 64 << 20, .cpus = 1.5, .pids = 100 };
	AUTO_JSON cJSON *spec = build(&o);
	const cJSON *r = json_obj(json_obj(spec, "linux"), "resources");
	char good[] = "nofile=10:20", endless[] = "core=-1", bad[] = "nofile", upside[] = "x=2:1";
	struct oci_rlimit l;

	assert_int_equal(json_int(json_obj(r, "memory"), "limit", 0), 64 << 20);
	assert_int_equal(json_int(json_obj(r, "cpu"), "quota", 0), 150000);
	assert_int_equal(json_int(json_obj(r, "pids"), "limit", 0), 100);
	assert_int_equal(oci_rlimit_parse(good, &l, NULL), 0);
	assert_int_equal(l.hard, 20);
	assert_int_equal(oci_rlimit_parse(endless, &l, NULL), 0);
	assert_true(l.soft == UINT64_MAX);
	assert_int_equal(oci_rlimit_parse(bad, &l, NULL), -EINVAL);
	assert_int_equal(oci_rlimit_parse(upside, &l, NULL), -EINVAL);
}

static void test_exec(void **state)
{
	struct oci_config c = { .user = (char *)"www", .env = OWNED(WORDS("A=1")) };
	struct oci_spec_opts o = { .config = &c, .cwd = "/w" };
	AUTO_JSON cJSON *spec = build(&o);
	struct oci_exec_opts x = { .args = sh, .env = (const char *const[]){ "B=2", NULL } };
	cJSON *got = NULL;

	assert_int_equal(oci_spec_exec(spec, &x, &got, NULL), 0);
	AUTO_JSON cJSON *own = got;
	const cJSON *p = json_obj(own, "process");
	assert_string_equal(json_str(p, "cwd"), "/w");
	assert_string_equal(json_str(json_obj(p, "user"), "username"), "www");
	assert_true(holds(json_arr(p, "env"), "A=1"));
	assert_true(holds(json_arr(p, "env"), "B=2"));
	assert_int_equal(cJSON_GetArraySize(json_arr(json_obj(p, "capabilities"), "bounding")), 14);
	x.args = NULL;
	assert_int_equal(oci_spec_exec(spec, &x, &got, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_args),   cmocka_unit_test(test_env),     cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_mounts), cmocka_unit_test(test_refused), cmocka_unit_test(test_user_and_cwd),
		cmocka_unit_test(test_caps),   cmocka_unit_test(test_seccomp), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_exec),
	};

	return cmocka_run_group_tests_name("oci/spec", tests, NULL, NULL);
}

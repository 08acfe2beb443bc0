/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/buf.h"

#define V(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NONE ((const char *const[]){ NULL })

/* The words of an array, with '|' between. */
static char *joined(const cJSON *array)
{
	struct buf b = { 0 };
	const cJSON *s;

	cJSON_ArrayForEach(s, array)
		buf_addf(&b, "%s%s", b.len ? "|" : "", s->valuestring);
	return buf_steal(&b);
}

/* docker's table of ENTRYPOINT and CMD (Dockerfile reference, "Understand how CMD and ENTRYPOINT interact"),
 * with what the command line adds. */
static void test_args(void **state)
{
	const struct {
		const char *const *img_entry, *const *img_cmd, *const *entry, *const *args;
		const char *want; /* NULL: refused */
	} rows[] = {
		{ NULL, NULL, NULL, NULL, NULL },
		{ NULL, V("c1", "c2"), NULL, NULL, "c1|c2" },
		{ V("e"), NULL, NULL, NULL, "e" },
		{ V("e"), V("c"), NULL, NULL, "e|c" },
		{ V("e"), V("c"), NULL, V("a", "b"), "e|a|b" },
		{ NULL, V("c"), NULL, V("a"), "a" },
		{ V("e"), V("c"), V("x"), NULL, "x" },
		{ V("e"), V("c"), V("x"), V("a"), "x|a" },
		{ V("e"), V("c"), NONE, V("a"), "a" },
		{ V("e"), V("c"), NONE, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_config img = { .entrypoint = (char **)rows[i].img_entry, .cmd = (char **)rows[i].img_cmd };
		struct oci_spec_opts o = { .image = &img, .root = "/r", .entrypoint = rows[i].entry,
					   .args = rows[i].args };
		AUTO_JSON cJSON *spec = NULL;
		AUTO_FREE char *got = NULL;
		int rc = oci_spec_build(&o, &spec, NULL);

		assert_int_equal(rc, rows[i].want ? 0 : -EINVAL);
		if (!rows[i].want)
			continue;
		got = joined(oci_spec_args(spec));
		assert_string_equal(got, rows[i].want);
	}
}

static void test_env(void **state)
{
	struct oci_config img = { .env = (char **)V("PATH=/img", "A=1", "EMPTY=", "B=2 3"), .cmd = (char **)V("x") };
	struct oci_spec_opts o = { .image = &img, .root = "/r", .env = V("A=9", "B", "C=4=5"), .hostname = "h" };
	AUTO_JSON cJSON *spec = NULL;
	AUTO_FREE char *got = NULL;

	assert_int_equal(oci_spec_build(&o, &spec, NULL), 0);
	got = joined(json_arr(json_obj(spec, "process"), "env"));
	assert_string_equal(got, "HOSTNAME=h|PATH=/img|EMPTY=|A=9|C=4=5");
}

static void test_caps(void **state)
{
	const struct {
		const char *const *add, *const *drop;
		const char *want; /* NULL: refused; "" none */
	} rows[] = {
		{ NULL, V("ALL"), "" },
		{ V("net_admin"), V("all"), "CAP_NET_ADMIN" },
		{ V("CAP_SYS_TIME", "kill"), V("ALL"), "CAP_KILL|CAP_SYS_TIME" },
		{ V("NO_SUCH"), NULL, NULL },
		{ NULL, V("NO_SUCH"), NULL },
		{ NULL, NULL,
		  "CAP_CHOWN|CAP_DAC_OVERRIDE|CAP_FOWNER|CAP_FSETID|CAP_KILL|CAP_SETGID|CAP_SETUID|CAP_SETPCAP|"
		  "CAP_NET_BIND_SERVICE|CAP_NET_RAW|CAP_SYS_CHROOT|CAP_MKNOD|CAP_AUDIT_WRITE|CAP_SETFCAP" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_spec_opts o = { .root = "/r", .args = V("x"), .cap_add = rows[i].add,
					   .cap_drop = rows[i].drop };
		AUTO_JSON cJSON *spec = NULL;
		AUTO_FREE char *got = NULL;

		assert_int_equal(oci_spec_build(&o, &spec, NULL), rows[i].want ? 0 : -EINVAL);
		if (!rows[i].want)
			continue;
		got = joined(json_arr(json_obj(json_obj(spec, "process"), "capabilities"), "effective"));
		assert_string_equal(got, rows[i].want);
	}
}

static void test_refused(void **state)
{
	const struct oci_spec_bind relative = { "/a", "b", false };
	const struct oci_spec_opts rows[] = {
		{ .root = "/r", .args = V("x"), .workdir = "relative" },
		{ .root = "/r", .args = V("x"), .ulimits = V("nofile") },
		{ .root = "/r", .args = V("x"), .ulimits = V("nofile=many") },
		{ .root = "/r", .args = V("x"), .sysctls = V("no-value") },
		{ .root = "/r", .args = V("x"), .tmpfs = V("relative") },
		{ .root = "/r", .args = V("x"), .binds = &relative, .nbinds = 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		cJSON *spec = NULL;

		assert_int_equal(oci_spec_build(&rows[i], &spec, &e), -EINVAL);
		assert_true(strlen(e.text) > 10);
	}
}

static void test_no_vsock(void **state)
{
	struct oci_spec_opts o = { .root = "/r", .args = V("x") };
	AUTO_JSON cJSON *spec = NULL;
	const cJSON *rule;

	assert_int_equal(oci_spec_build(&o, &spec, NULL), 0);
	rule = cJSON_GetArrayItem(json_arr(json_obj(json_obj(spec, "linux"), "seccomp"), "syscalls"), 0);
	assert_string_equal(cJSON_GetArrayItem(json_arr(rule, "names"), 0)->valuestring, "socket");
	assert_int_equal(json_int(cJSON_GetArrayItem(json_arr(rule, "args"), 0), "value", 0), 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_args),	cmocka_unit_test(test_env),	 cmocka_unit_test(test_caps),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_no_vsock),
	};

	return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}

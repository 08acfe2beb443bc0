/* SPDX-License-Identifier: Apache-2.0 */
/* t-create.c - from what the user asked, and what the image says, to the container's configuration. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "engine/create.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define WORDS(...) (const char *const[]){ __VA_ARGS__ __VA_OPT__(,) NULL }
#define OWNED(words) ((char **)(uintptr_t)(words)) /* of an image that is not finished */
#define MIB (1ull << 20)

static struct conf defaults;

/* --- what is refused, before any image is looked at */

static const struct {
	struct berth_create c;
	int rc;
	const char *says;
} refused[] = {
	{ { .image = NULL }, -EINVAL, "an image is missing" },
	{ { .image = "" }, -EINVAL, "an image is missing" },
	{ { .image = "i", .name = "a" }, -EINVAL, "'a' is not a name" },
	{ { .image = "i", .name = "-ab" }, -EINVAL, "'-ab' is not a name" },
	{ { .image = "i", .name = "a/b" }, -EINVAL, "'a/b' is not a name" },
	{ { .image = "i", .name = "" }, -EINVAL, "'' is not a name" },
	{ { .image = "i", .hostname = "" }, -EINVAL, "'' is not a host name" },
	{ { .image = "i", .hostname = "a/b" }, -EINVAL, "'a/b' is not a host name" },
	{ { .image = "i", .hostname = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }, -EINVAL,
	  "is not a host name of at most 63 bytes" },
	{ { .image = "i", .cpus = -1 }, -EINVAL, "at most 64 CPUs" },
	{ { .image = "i", .cpus = 64.5 }, -EINVAL, "at most 64 CPUs" },
	{ { .image = "i", .cpus = __builtin_nan("") }, -EINVAL, "at most 64 CPUs" },
	{ { .image = "i", .memory = 6 * MIB - 1 }, -EINVAL, "at least 6 MiB" },
	{ { .image = "i", .memory = 99999ull << 30 }, -EINVAL, "less than 1 TiB" },
	{ { .image = "i", .network = "mine" }, -ENOTSUP, "there is no network 'mine'" },
	{ { .image = "i", .network = "none", .ports = &(struct berth_port){ .container_port = 80 }, .nports = 1 }, -EINVAL,
	  "without network cannot publish" },
	{ { .image = "i", .ports = &(struct berth_port){ .container_port = 53, .proto = "udp" }, .nports = 1 }, -ENOTSUP,
	  "publishing udp ports" },
	{ { .image = "i", .restart = "always" }, -ENOTSUP, "restart policies are not there yet" },
	{ { .image = "i", .accel = "xen" }, -EINVAL, "'xen' is not an accelerator" },
	{ { .image = "i", .stop_signal = "SIGNOT" }, -EINVAL, "'SIGNOT' is not a signal" },
	{ { .image = "i", .ulimits = WORDS("nofile") }, -EINVAL, "'nofile' is not a limit" },
	{ { .image = "i", .ulimits = WORDS("nofile=") }, -EINVAL, "'nofile=' is not a limit" },
	{ { .image = "i", .ulimits = WORDS("nofile=1:") }, -EINVAL, "'nofile=1:' is not a limit" },
	{ { .image = "i", .ulimits = WORDS("nofile=x") }, -EINVAL, "'nofile=x' is not a limit" },
	{ { .image = "i", .ulimits = WORDS("nofile=2:1") }, -EINVAL, "the soft limit is above the hard one" },
	{ { .image = "i", .ulimits = WORDS("nofile=-1:1") }, -EINVAL, "the soft limit is above the hard one" },
	{ { .image = "i", .sysctls = WORDS("net.core") }, -EINVAL, "'net.core' is not a kernel parameter" },
	{ { .image = "i", .sysctls = WORDS("=1") }, -EINVAL, "'=1' is not a kernel parameter" },
	{ { .image = "i", .mounts = &(struct berth_mount){ "/nosuch-folder", "/x" }, .nmounts = 1 }, -ENOENT,
	  "cannot mount '/nosuch-folder'" },
	{ { .image = "i", .mounts = &(struct berth_mount){ "/tmp", "x" }, .nmounts = 1 }, -EINVAL,
	  "'x' is not an absolute path" },
	{ { .image = "i", .mounts = &(struct berth_mount){ "v", "/x", "volume" }, .nmounts = 1 }, -ENOTSUP,
	  "mounts of type 'volume'" },
	{ { .image = "i", .seccomp = "/nosuch.json" }, -ENOENT, "/nosuch.json" },
	{ { .image = "i", .platform = "a/b/c/d" }, -EINVAL, "a/b/c/d" },
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct create_spec s = { 0 };
		struct eng_arena a = { 0 };
		struct err e = { 0 };
		int rc = create_spec_init(&s, &a, &defaults, &refused[i].c, &e);

		if (rc != refused[i].rc || !strstr(e.text, refused[i].says))
			fail_msg("row %zu (%s): %d, '%s'", i, refused[i].says, rc, e.text);
		create_spec_finish(&s);
		eng_arena_finish(&a);
	}
}

/* --- what comes of it */

static struct oci_pair image_labels[] = { { (char *)"a", (char *)"image" }, { (char *)"b", (char *)"image" } };

static const struct oci_config image_config = {
	.platform = { .os = "linux", .arch = "amd64" },
	.user = (char *)"web:www", .working_dir = (char *)"/srv", .stop_signal = (char *)"SIGQUIT",
	.env = OWNED(WORDS("PATH=/bin", "IMAGE=1")), .entrypoint = OWNED(WORDS("/entry", "-x")),
	.cmd = OWNED(WORDS("serve", "all")), .labels = image_labels, .nlabels = 2,
};
static const struct oci_config bare_config = { .cmd = OWNED(WORDS("sh")) };

static const cJSON *at(const cJSON *j, const char *path)
{
	while (j && *path) {
		size_t n = strcspn(path, ".");
		AUTO_FREE char *word = strndup(path, n);

		j = cJSON_IsArray(j) ? cJSON_GetArrayItem(j, atoi(word)) : cJSON_GetObjectItemCaseSensitive(j, word);
		path += n + (path[n] == '.');
	}
	return j;
}

static const struct {
	const struct oci_config *image;
	struct berth_create c;
	const char *path;
	const char *json; /* NULL: there is no such key */
} rows[] = {
	/* the command: docker's rules */
	{ &image_config, { .image = "i" }, "command", "[\"/entry\",\"-x\",\"serve\",\"all\"]" },
	{ &image_config, { .image = "i", .args = WORDS("x") }, "command", "[\"/entry\",\"-x\",\"x\"]" },
	{ &image_config, { .image = "i", .entrypoint = WORDS("/e") }, "command", "[\"/e\"]" },
	{ &image_config, { .image = "i", .entrypoint = WORDS("/e"), .args = WORDS("x", "y z") }, "command",
	  "[\"/e\",\"x\",\"y z\"]" },
	{ &image_config, { .image = "i", .entrypoint = WORDS(), .args = WORDS("x") }, "command", "[\"x\"]" },
	{ &bare_config, { .image = "i" }, "command", "[\"sh\"]" },
	{ &bare_config, { .image = "i", .args = WORDS("ls", "-l") }, "spec.process.args", "[\"ls\",\"-l\"]" },
	/* environment */
	{ &image_config, { .image = "i", .env = WORDS("IMAGE=2", "NEW=a=b") }, "spec.process.env",
	  "[\"PATH=/bin\",\"HOSTNAME=0123456789ab\",\"IMAGE=2\",\"NEW=a=b\"]" },
	{ &image_config, { .image = "i", .env = WORDS("BERTH_TEST_SET", "BERTH_TEST_UNSET") }, "spec.process.env",
	  "[\"PATH=/bin\",\"HOSTNAME=0123456789ab\",\"IMAGE=1\",\"BERTH_TEST_SET=yes\"]" },
	{ &image_config, { .image = "i", .env = WORDS("IMAGE") }, "spec.process.env",
	  "[\"PATH=/bin\",\"HOSTNAME=0123456789ab\"]" },
	/* user, folder */
	{ &image_config, { .image = "i" }, "spec.process.user.username", "\"web:www\"" },
	{ &image_config, { .image = "i", .user = "0:0" }, "spec.process.user.username", "\"0:0\"" },
	{ &image_config, { .image = "i", .groups = WORDS("7", "9") }, "spec.process.user.additionalGids", "[7,9]" },
	{ &image_config, { .image = "i" }, "spec.process.cwd", "\"/srv\"" },
	{ &image_config, { .image = "i", .workdir = "/w" }, "spec.process.cwd", "\"/w\"" },
	{ &bare_config, { .image = "i" }, "spec.process.cwd", "\"/\"" },
	{ &bare_config, { .image = "i", .tty = true }, "spec.process.terminal", "true" },
	/* names */
	{ &bare_config, { .image = "i" }, "hostname", "\"0123456789ab\"" },
	{ &bare_config, { .image = "i", .hostname = "box" }, "spec.hostname", "\"box\"" },
	{ &bare_config, { .image = "busybox" }, "name", "\"busybox-012345\"" },
	{ &bare_config, { .image = "host:5000/a/web.server:1.2" }, "name", "\"web.server-012345\"" },
	{ &bare_config, { .image = "a/b@sha256:00" }, "name", "\"b-012345\"" },
	{ &bare_config, { .image = "a/_x" }, "name", "\"x-012345\"" },
	{ &bare_config, { .image = "a/" }, "name", "\"berth-012345\"" },
	{ &bare_config, { .image = "i", .name = "mine" }, "name", "\"mine\"" },
	{ &bare_config, { .image = "a/b:1" }, "image", "\"a/b:1\"" },
	/* labels */
	{ &image_config, { .image = "i" }, "labels", "{\"a\":\"image\",\"b\":\"image\"}" },
	{ &image_config, { .image = "i", .labels = WORDS("b=", "c", "d=e=f") }, "labels",
	  "{\"a\":\"image\",\"b\":\"\",\"c\":\"\",\"d\":\"e=f\"}" },
	/* the end */
	{ &image_config, { .image = "i" }, "stop_signal", "3" },
	{ &bare_config, { .image = "i" }, "stop_signal", "15" },
	{ &image_config, { .image = "i", .stop_signal = "KILL" }, "stop_signal", "9" },
	{ &image_config, { .image = "i", .stop_signal = "sigusr1" }, "stop_signal", "10" },
	{ &image_config, { .image = "i", .stop_signal = "12" }, "stop_signal", "12" },
	{ &bare_config, { .image = "i" }, "stop_timeout_ms", "10000" },
	{ &bare_config, { .image = "i", .stop_timeout_set = true }, "stop_timeout_ms", "0" },
	{ &bare_config, { .image = "i", .remove = true }, "remove", "true" },
	/* the machine */
	{ &bare_config, { .image = "i" }, "cpus", "1" },
	{ &bare_config, { .image = "i", .cpus = 0.5 }, "cpus", "0.5" },
	{ &bare_config, { .image = "i", .memory = 64 * MIB }, "memory_bytes", "67108864" },
	{ &bare_config, { .image = "i" }, "accel", "\"auto\"" },
	{ &bare_config, { .image = "i", .accel = "tcg" }, "accel", "\"tcg\"" },
	{ &bare_config, { .image = "i" }, "kernel", NULL },
	{ &bare_config, { .image = "i", .kernel_args = "a b" }, "kernel_args", "\"a b\"" },
	/* limits */
	{ &bare_config, { .image = "i", .ulimits = WORDS("nofile=5") }, "spec.process.rlimits.0",
	  "{\"type\":\"RLIMIT_NOFILE\",\"soft\":5,\"hard\":5}" },
	{ &bare_config, { .image = "i", .ulimits = WORDS("nproc=5:6") }, "spec.process.rlimits.0",
	  "{\"type\":\"RLIMIT_NPROC\",\"soft\":5,\"hard\":6}" },
	{ &bare_config, { .image = "i", .sysctls = WORDS("net.core.somaxconn=7") }, "spec.linux.sysctl",
	  "{\"net.core.somaxconn\":\"7\"}" },
	{ &bare_config, { .image = "i", .pids_limit = 9 }, "spec.linux.resources.pids.limit", "9" },
	{ &bare_config, { .image = "i", .readonly = true }, "spec.root.readonly", "true" },
	/* network */
	{ &bare_config, { .image = "i" }, "network", "\"host-user\"" },
	{ &bare_config, { .image = "i", .network = "none" }, "network", "\"none\"" },
	{ &bare_config, { .image = "i", .dns = WORDS("1.2.3.4") }, "dns", "[\"1.2.3.4\"]" },
	{ &bare_config, { .image = "i" }, "dns", NULL },
	{ &bare_config,
	  { .image = "i", .ports = (struct berth_port[]){ { .container_port = 80 }, { "::1", 81, 82, "tcp" } }, .nports = 2 },
	  "ports", "[{\"host_ip\":\"0.0.0.0\",\"host_port\":0,\"container_port\":80,\"proto\":\"tcp\"},"
		   "{\"host_ip\":\"::1\",\"host_port\":81,\"container_port\":82,\"proto\":\"tcp\"}]" },
	/* files: paths of the host are made whole, the guest sees numbered ones */
	{ &bare_config, { .image = "i", .mounts = &(struct berth_mount){ "/usr/../tmp/.", "/x", NULL, true }, .nmounts = 1 },
	  "mounts", "[{\"type\":\"bind\",\"source\":\"/tmp\",\"target\":\"/x\",\"readonly\":true}]" },
};

static void test_config(void **state)
{
	setenv("BERTH_TEST_SET", "yes", 1);
	unsetenv("BERTH_TEST_UNSET");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct store_image image = { .image.config = *rows[i].image, .rootfs_key = "key" };
		struct create_spec s = { 0 };
		struct eng_arena a = { 0 };
		struct err e = { 0 };
		cJSON *j = NULL;
		int rc = create_spec_init(&s, &a, &defaults, &rows[i].c, &e);

		if (rc == 0)
			rc = create_config(&s, ID, &image, &j, &e);
		if (rc < 0)
			fail_msg("row %zu (%s): %s", i, rows[i].path, e.text);
		const cJSON *v = at(j, rows[i].path);
		AUTO_FREE char *text = v ? cJSON_PrintUnformatted(v) : NULL;
		if (strcmp(text ? text : "none", rows[i].json ? rows[i].json : "none") != 0)
			fail_msg("row %zu, %s: %s, not %s", i, rows[i].path, text ? text : "none",
				 rows[i].json ? rows[i].json : "none");
		cJSON_Delete(j);
		create_spec_finish(&s);
		eng_arena_finish(&a);
	}
}

/* The mount that the guest makes is of the share, read-only where asked. */
static void test_binds(void **state)
{
	struct berth_mount m[] = { { "/tmp", "/one" }, { "/usr", "/two", NULL, true } };
	struct berth_create c = { .image = "i", .mounts = m, .nmounts = 2 };
	struct store_image image = { .image.config = bare_config };
	struct create_spec s = { 0 };
	struct eng_arena a = { 0 };
	struct err e = { 0 };
	cJSON *j = NULL;
	const cJSON *row;
	int found = 0;

	assert_int_equal(create_spec_init(&s, &a, &defaults, &c, &e), 0);
	assert_int_equal(create_config(&s, ID, &image, &j, &e), 0);
	cJSON_ArrayForEach(row, at(j, "spec.mounts")) {
		AUTO_FREE char *options = cJSON_PrintUnformatted(json_arr(row, "options"));
		const char *target = json_str(row, "destination");

		if (strcmp(target, "/one") == 0) {
			assert_string_equal(json_str(row, "source"), "/run/berth/share/0");
			assert_null(strstr(options, "\"ro\""));
			found++;
		} else if (strcmp(target, "/two") == 0) {
			assert_string_equal(json_str(row, "source"), "/run/berth/share/1");
			assert_non_null(strstr(options, "\"ro\""));
			found++;
		}
	}
	assert_int_equal(found, 2);
	cJSON_Delete(j);
	create_spec_finish(&s);
	eng_arena_finish(&a);
}

static void test_signals(void **state)
{
	static const struct {
		const char *word;
		int n;
	} words[] = { { "TERM", 15 }, { "SIGTERM", 15 }, { "sigterm", 15 }, { "9", 9 }, { "0", -EINVAL }, { "65", -EINVAL },
		      { "", -EINVAL }, { "SIG", -EINVAL }, { "-9", -EINVAL }, { "HUP ", -EINVAL } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (berth_signal_number(words[i].word) != words[i].n)
			fail_msg("'%s': %d", words[i].word, berth_signal_number(words[i].word));
}

static void test_split_console(void **state)
{
	static const struct {
		const char *name, *base;
		int n; /* < 0: refused */
	} words[] = { { "web", "web", 0 }, { "web:0", "web", 0 }, { "web:12", "web", 12 }, { "web:", NULL, -EINVAL },
		      { "web:x", NULL, -EINVAL }, { "web:-1", NULL, -EINVAL } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		char base[256] = "";
		unsigned n = 99;
		struct err e = { 0 };
		int rc = eng_split_console(words[i].name, base, &n, &e);

		if (words[i].n < 0 ? rc != words[i].n : rc || strcmp(base, words[i].base) != 0 || (int)n != words[i].n)
			fail_msg("'%s': %d, '%s', %u", words[i].name, rc, base, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_config), cmocka_unit_test(test_binds),
		cmocka_unit_test(test_signals), cmocka_unit_test(test_split_console),
	};

	conf_parse(&defaults, "none", "", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

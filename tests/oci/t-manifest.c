/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, platforms, manifests, indexes and configs. */
#include "oci/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/buf.h"
#include "oci/config.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DESC(type, size) "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" HEX64 "\",\"size\":" size "}"
#define MANIFEST(extra, config, layers)                                                                 \
	"{\"schemaVersion\":2," extra "\"config\":" config ",\"layers\":[" layers "]}"
#define ENTRY(os, arch, extra, size)                                                                    \
	"{\"mediaType\":\"" OCI_MT_MANIFEST "\",\"digest\":\"sha256:" HEX64 "\",\"size\":" size              \
	",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"" extra "}}"

static void test_digests(void **state)
{
	struct oci_digest d;
	char path[OCI_DIGEST_MAX + 8];

	assert_int_equal(oci_digest_of(OCI_SHA256, "abc", 3, &d), 0);
	assert_string_equal(d.text, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	oci_digest_path(&d, path);
	assert_string_equal(path, "blobs/sha256/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(oci_digest_of(OCI_SHA512, "abc", 3, &d), 0);
	assert_true(oci_digest_valid(d.text));
	assert_int_equal(oci_digest_alg(&d), OCI_SHA512);
	assert_false(oci_digest_valid("sha256:"));
	assert_false(oci_digest_valid("sha256:" HEX64 "0"));
	assert_false(oci_digest_valid("sha512:" HEX64));
	assert_false(oci_digest_valid("SHA256:" HEX64));
	assert_false(oci_digest_valid("sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"));
	assert_false(oci_digest_valid("sha256:../../../../../../../../../../../../../../../../../etc/passwd.."));
	assert_int_equal(oci_digest_parse("x", &d, NULL), -EINVAL);
}

static void test_platforms(void **state)
{
	static const struct {
		const char *text, *printed; /* NULL: refused */
	} rows[] = {
		{ "linux/amd64", "linux/amd64" }, { "arm64", "linux/arm64" }, { "linux/arm64/v8", "linux/arm64" },
		{ "linux/x86_64", "linux/amd64" }, { "linux/aarch64", "linux/arm64" }, { "armhf", "linux/arm/v7" },
		{ "linux/arm/v6", "linux/arm/v6" }, { "", NULL }, { "/", NULL }, { "linux/", NULL }, { "a/b/c/d", NULL },
		{ "linux/amd64/", NULL }, { "linux/a b", NULL },
		{ "linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_platform p;
		char text[OCI_PLATFORM_MAX];
		int rc = oci_platform_parse(rows[i].text, &p, NULL);

		assert_int_equal(rc, rows[i].printed ? 0 : -EINVAL);
		if (rc < 0)
			continue;
		oci_platform_str(&p, text);
		assert_string_equal(text, rows[i].printed);
	}
}

static void test_manifest(void **state)
{
	static const struct {
		const char *text;
		int parse, check;
	} rows[] = {
		{ MANIFEST("", DESC(OCI_MT_CONFIG, "2"), DESC(OCI_MT_LAYER_GZIP, "3")), 0, 0 },
		{ MANIFEST("\"mediaType\":\"" DOCKER_MT_MANIFEST "\",", DESC(DOCKER_MT_CONFIG, "2"),
			   DESC(DOCKER_MT_LAYER_GZIP, "3")), 0, 0 },
		{ MANIFEST("", DESC(OCI_MT_CONFIG, "2"), ""), 0, 0 },
		{ MANIFEST("", DESC(OCI_MT_CONFIG, "2"), DESC("application/zip", "3")), 0, -ENOTSUP },
		{ MANIFEST("", DESC(OCI_MT_CONFIG, "2"),
			   DESC("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "3")), 0, -ENOTSUP },
		{ MANIFEST("", DESC(OCI_MT_EMPTY, "2"), DESC(OCI_MT_LAYER, "3")), 0, -ENOTSUP },
		{ MANIFEST("\"artifactType\":\"a/b\",", DESC(OCI_MT_CONFIG, "2"), ""), 0, -ENOTSUP },
		{ MANIFEST("", DESC(OCI_MT_CONFIG, "5000000"), ""), 0, -EFBIG },
		{ MANIFEST("", DESC(OCI_MT_CONFIG, "-1"), ""), -EINVAL, 0 },
		{ MANIFEST("", DESC(OCI_MT_CONFIG, "1e30"), ""), -EINVAL, 0 },
		{ MANIFEST("", DESC(OCI_MT_CONFIG, "2.5"), ""), -EINVAL, 0 },
		{ MANIFEST("", DESC(OCI_MT_CONFIG, "2"), "1"), -EINVAL, 0 },
		{ MANIFEST("", DESC(OCI_MT_CONFIG, "2"), "{}"), -EINVAL, 0 },
		{ MANIFEST("\"manifests\":[],", DESC(OCI_MT_CONFIG, "2"), ""), -EINVAL, 0 },
		{ MANIFEST("\"mediaType\":\"" OCI_MT_INDEX "\",", DESC(OCI_MT_CONFIG, "2"), ""), -EINVAL, 0 },
		{ "{\"schemaVersion\":1,\"fsLayers\":[]}", -ENOTSUP, 0 },
		{ "{\"mediaType\":\"" DOCKER_MT_SCHEMA1_SIGNED "\"}", -ENOTSUP, 0 },
		{ "{\"layers\":[]}", -EINVAL, 0 },
		{ "{}", -EINVAL, 0 }, { "[]", -EINVAL, 0 }, { "", -EINVAL, 0 }, { "{", -EINVAL, 0 }, { "null", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_manifest m AUTO(oci_manifest_finish) = { 0 };
		struct err e = { 0 };
		int rc = oci_manifest_parse(rows[i].text, strlen(rows[i].text), &m, &e);

		if (rc != rows[i].parse)
			fail_msg("row %zu: %d %s", i, rc, e.text);
		assert_true(rc == 0 || e.text[0]);
		if (rc == 0)
			assert_int_equal(oci_manifest_check_image(&m, &e), rows[i].check);
	}
}

static void test_limits(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	struct oci_manifest m AUTO(oci_manifest_finish) = { 0 };

	buf_adds(&b, "{\"schemaVersion\":2,\"config\":" DESC(OCI_MT_CONFIG, "2") ",\"layers\":[");
	for (int i = 0; i < OCI_LAYERS_MAX; i++)
		buf_adds(&b, DESC(OCI_MT_LAYER, "3") ",");
	buf_adds(&b, DESC(OCI_MT_LAYER, "3") "]}");
	assert_int_equal(oci_manifest_parse((char *)b.p, b.len, &m, NULL), -EFBIG);
	buf_clear(&b);
	for (int i = 0; i < 65; i++)
		buf_adds(&b, "{\"a\":");
	buf_adds(&b, "1");
	for (int i = 0; i < 65; i++)
		buf_adds(&b, "}");
	assert_int_equal(oci_manifest_parse((char *)b.p, b.len, &m, NULL), -EINVAL);
	buf_clear(&b);
	assert_int_equal(buf_reserve(&b, OCI_MANIFEST_MAX + 1), 0);
	memset(b.p, ' ', OCI_MANIFEST_MAX + 1);
	assert_int_equal(oci_manifest_parse((char *)b.p, OCI_MANIFEST_MAX + 1, &m, NULL), -EFBIG);
}

static void test_choice(void **state)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"manifests\":[" ENTRY("unknown", "unknown", "", "1") ","
		ENTRY("linux", "amd64", "", "2") "," ENTRY("linux", "amd64", ",\"variant\":\"v2\"", "3") ","
		ENTRY("linux", "arm", ",\"variant\":\"v5\"", "4") "," ENTRY("linux", "arm", ",\"variant\":\"v7\"", "5") ","
		ENTRY("linux", "arm64", ",\"variant\":\"v8\"", "6") "," ENTRY("windows", "amd64", "", "7") ","
		ENTRY("linux", "s390x", "", "8") "]}";
	static const struct {
		const char *want;
		uint64_t size; /* of the entry chosen; 0: none */
	} rows[] = {
		{ "linux/amd64", 2 }, { "linux/amd64/v2", 3 }, { "linux/amd64/v3", 3 }, { "linux/arm64", 6 },
		{ "linux/arm/v7", 5 }, { "linux/arm/v6", 4 }, { "linux/arm", 5 }, { "linux/s390x", 8 },
		{ "windows/amd64", 7 }, { "linux/riscv64", 0 }, { "linux/arm/v4", 0 },
	};
	struct oci_index x AUTO(oci_index_finish) = { 0 };

	assert_int_equal(oci_index_parse(text, strlen(text), &x, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_platform want;
		const struct oci_desc *d = NULL;
		struct err e = { 0 };

		assert_int_equal(oci_platform_parse(rows[i].want, &want, NULL), 0);
		int rc = oci_index_choose(&x, &want, &d, &e);
		assert_int_equal(rc, rows[i].size ? 0 : -ENOENT);
		if (rc == 0)
			assert_int_equal(d->size, rows[i].size);
		else
			assert_non_null(strstr(e.text, "linux/arm64"));
	}
}

static void test_config(void **state)
{
	static const char text[] =
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2026-01-01T00:00:00Z\",\"config\":{"
		"\"User\":\"www\",\"Env\":[\"A=1\",\"B=\"],\"Entrypoint\":[\"/e\"],\"Cmd\":null,\"WorkingDir\":\"/w\","
		"\"Labels\":{\"k\":\"v\",\"n\":1},\"Volumes\":{\"/data\":{}},\"ExposedPorts\":{\"80/tcp\":{}},"
		"\"StopSignal\":\"SIGUSR1\",\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":5000000000}},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX64 "\",\"sha256:" HEX64 "\"]},"
		"\"history\":[{\"created_by\":\"a\"},{\"empty_layer\":true}]}";
	struct oci_config c AUTO(oci_config_finish) = { 0 };
	struct oci_digest chain;

	assert_int_equal(oci_config_parse(text, strlen(text), &c, NULL), 0);
	assert_string_equal(c.user, "www");
	assert_string_equal(c.env[1], "B=");
	assert_null(c.cmd);
	assert_int_equal(c.nlabels, 1);
	assert_string_equal(c.volumes[0], "/data");
	assert_string_equal(c.exposed_ports[0], "80/tcp");
	assert_int_equal(c.health.interval_ns, 5000000000);
	assert_true(c.history[1].empty_layer);
	assert_int_equal(c.ndiff_ids, 2);
	assert_int_equal(oci_chain_id(c.diff_ids, 1, &chain), 0);
	assert_string_equal(chain.text, "sha256:" HEX64);
	assert_int_equal(oci_chain_id(c.diff_ids, 2, &chain), 0);
	assert_string_equal(chain.text, "sha256:ccdf9b58ee7087c8f4415f1c3e98945bf64a4cd9920de109ec94d64947636830");
}

static void test_bad_configs(void **state)
{
	static const char *const rows[] = {
		"{}", "[]", "{\"rootfs\":{}}", "{\"rootfs\":{\"diff_ids\":[1]}}", "{\"rootfs\":{\"diff_ids\":[\"sha256:1\"]}}",
		"{\"config\":{\"Cmd\":\"x\"},\"rootfs\":{\"diff_ids\":[]}}",
		"{\"config\":{\"Env\":[1]},\"rootfs\":{\"diff_ids\":[]}}",
		"{\"config\":{\"User\":0},\"rootfs\":{\"diff_ids\":[]}}",
		"{\"config\":{\"Entrypoint\":{}},\"rootfs\":{\"diff_ids\":[]}}",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_config c AUTO(oci_config_finish) = { 0 };
		struct err e = { 0 };

		assert_int_equal(oci_config_parse(rows[i], strlen(rows[i]), &c, &e), -EINVAL);
		assert_non_null(strstr(e.text, "cannot read the image's config"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests), cmocka_unit_test(test_platforms), cmocka_unit_test(test_manifest),
		cmocka_unit_test(test_limits),	cmocka_unit_test(test_choice),	  cmocka_unit_test(test_config),
		cmocka_unit_test(test_bad_configs),
	};

	return cmocka_run_group_tests_name("oci/manifest", tests, NULL, NULL);
}

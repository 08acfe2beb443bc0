/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/ref.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define D "@sha256:" HEX64

static void test_names(void **state)
{
	static const struct {
		const char *text, *full, *familiar;
	} rows[] = {
		{ "debian", "docker.io/library/debian:latest", "debian:latest" },
		{ "debian:12", "docker.io/library/debian:12", "debian:12" },
		{ "docker.io/debian", "docker.io/library/debian:latest", "debian:latest" },
		{ "index.docker.io/library/debian", "docker.io/library/debian:latest", "debian:latest" },
		{ "docker.io/library/oci:1", "docker.io/library/oci:1", "library/oci:1" },
		{ "docker://debian", "docker.io/library/debian:latest", "debian:latest" },
		{ "a/b", "docker.io/a/b:latest", "a/b:latest" },
		{ "docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest" },
		{ "localhost/x", "localhost/x:latest", "localhost/x:latest" },
		{ "localhost:5000/a/b-c:1", "localhost:5000/a/b-c:1", "localhost:5000/a/b-c:1" },
		{ "127.0.0.1:5000/x", "127.0.0.1:5000/x:latest", "127.0.0.1:5000/x:latest" },
		{ "[::1]:5000/x:t", "[::1]:5000/x:t", "[::1]:5000/x:t" },
		{ "Registry.Example/x", "Registry.Example/x:latest", "Registry.Example/x:latest" },
		{ "ghcr.io/a/b__c.d---e:V1.2_3", "ghcr.io/a/b__c.d---e:V1.2_3", "ghcr.io/a/b__c.d---e:V1.2_3" },
		{ "debian" D, "docker.io/library/debian" D, "debian" D },
		{ "debian:12" D, "docker.io/library/debian:12" D, "debian:12" D },
		{ "oci:DIR", "oci:DIR", "oci:DIR" },
		{ "oci:/a/b:tag", "oci:/a/b:tag", "oci:/a/b:tag" },
		{ "oci:d:localhost/x:1", "oci:d:localhost/x:1", "oci:d:localhost/x:1" },
		{ "oci-archive:f.tar", "oci-archive:f.tar", "oci-archive:f.tar" },
		{ "docker-archive:f.tar:a", "docker-archive:f.tar:a", "docker-archive:f.tar:a" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_ref r AUTO(oci_ref_finish) = { 0 }, again AUTO(oci_ref_finish) = { 0 };
		struct err e = { 0 };

		if (oci_ref_parse(rows[i].text, &r, &e) < 0)
			fail_msg("%s: %s", rows[i].text, e.text);
		AUTO_FREE char *full = oci_ref_str(&r);
		AUTO_FREE char *familiar = oci_ref_familiar(&r);
		assert_string_equal(full, rows[i].full);
		assert_string_equal(familiar, rows[i].familiar);
		/* what is printed reads back as the same */
		assert_int_equal(oci_ref_parse(familiar, &again, NULL), 0);
		AUTO_FREE char *twice = oci_ref_str(&again);
		assert_string_equal(twice, full);
	}
}

static void test_refused(void **state)
{
	static const char *const rows[] = {
		"", ":", "/", "a/", "/a", "a//b", "A", "a:", "a:.b", "a: b", "a b", "a@", "a@sha256:12", "a@md5:" HEX64,
		"a:b:c", "-a", "a-", "a..b", "a___b", "a.-b", "ex_ample.com/a", "-x.com/a", "host:0/a", "host:65536/a",
		"host:x/a", "[::1/a", "[]:1/a", "localhost/", "docker://", HEX64, "\xc3\xa4", "a\nb", "oci:", "oci::x",
		"oci:d:", "oci:d:a b", "debian" D "0", "debian" D D,
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_ref r AUTO(oci_ref_finish) = { 0 };
		struct err e = { 0 };

		if (oci_ref_parse(rows[i], &r, &e) != -EINVAL)
			fail_msg("'%s' was taken", rows[i]);
		assert_non_null(strstr(e.text, "cannot understand image name"));
	}
}

static void test_bounds(void **state)
{
	char name[OCI_REF_MAX + 16];
	struct oci_ref r AUTO(oci_ref_finish) = { 0 };

	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = 0;
	assert_int_equal(oci_ref_parse(name, &r, NULL), -EINVAL);
	name[OCI_NAME_MAX + 1] = 0;
	assert_int_equal(oci_ref_parse(name, &r, NULL), -EINVAL);
	name[OCI_NAME_MAX - strlen("docker.io/library/")] = 0;
	assert_int_equal(oci_ref_parse(name, &r, NULL), 0);
	memset(name, 'a', sizeof name - 1);
	name[1] = ':';
	name[2 + OCI_TAG_MAX + 1] = 0;
	oci_ref_finish(&r);
	assert_int_equal(oci_ref_parse(name, &r, NULL), -EINVAL);
	name[2 + OCI_TAG_MAX] = 0;
	assert_int_equal(oci_ref_parse(name, &r, NULL), 0);
}

/* A word that may be an id, or anything. */
static void test_try(void **state)
{
	struct oci_ref r AUTO(oci_ref_finish) = { 0 };
	struct err e = { 0 };

	assert_int_equal(oci_ref_try("sha256:12", &r, &e), 1); /* a repository and a tag */
	oci_ref_finish(&r);
	assert_int_equal(oci_ref_try(HEX64, &r, &e), 0);
	assert_null(r.repo);
	assert_string_equal(e.text, "");
	assert_int_equal(oci_ref_try("oci:dir", &r, &e), 1);
	assert_int_equal(r.transport, OCI_DIR);
}

static void test_api_host(void **state)
{
	struct oci_ref r AUTO(oci_ref_finish) = { 0 };

	assert_int_equal(oci_ref_parse("debian", &r, NULL), 0);
	assert_string_equal(oci_ref_api_host(&r), "registry-1.docker.io");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_try),
		cmocka_unit_test(test_api_host),
	};

	return cmocka_run_group_tests_name("oci/ref", tests, NULL, NULL);
}

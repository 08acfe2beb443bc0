/* SPDX-License-Identifier: Apache-2.0 */
/* Challenges, origins, whom credentials may go to, and where they are read from. */
#include "oci/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "oci/cred.h"

static void same(const char *a, const char *b)
{
	assert_int_equal(!a, !b);
	if (a)
		assert_string_equal(a, b);
}

static void test_challenges(void **state)
{
	static const struct {
		const char *header;
		enum oci_auth kind;
		const char *realm, *service, *scope;
	} rows[] = {
		{ "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull,push\"", OCI_AUTH_BEARER,
		  "https://a/t", "s", "repository:x:pull,push" },
		{ "bearer Realm = \"https://a/t\" , SERVICE=s", OCI_AUTH_BEARER, "https://a/t", "s", NULL },
		{ "Bearer realm=https://a/t,service=s", OCI_AUTH_BEARER, "https://a/t", "s", NULL },
		{ "Basic realm=\"x\"", OCI_AUTH_BASIC, "x", NULL, NULL },
		{ "Basic", OCI_AUTH_BASIC, NULL, NULL, NULL },
		{ "Basic realm=\"x\", Bearer realm=\"https://a/t\"", OCI_AUTH_BEARER, "https://a/t", NULL, NULL },
		{ "Bearer realm=\"https://a/t\", Basic realm=\"x\"", OCI_AUTH_BEARER, "https://a/t", NULL, NULL },
		{ "Negotiate, Basic realm=\"x\", charset=\"UTF-8\"", OCI_AUTH_BASIC, "x", NULL, NULL },
		{ "Negotiate YWJj, Basic realm=\"x\"", OCI_AUTH_BASIC, "x", NULL, NULL },
		{ "Digest realm=\"d\", nonce=\"n\", Basic realm=\"x\"", OCI_AUTH_BASIC, "x", NULL, NULL },
		{ "Bearer realm=\"a\\\"b\"", OCI_AUTH_BEARER, "a\"b", NULL, NULL },
		{ "Bearer realm=\"\", Basic realm=\"x\"", OCI_AUTH_BASIC, "x", NULL, NULL },
		{ "Bearer service=\"s\"", OCI_AUTH_NONE, NULL, NULL, NULL },
		{ "Bearer realm=\"open", OCI_AUTH_NONE, NULL, NULL, NULL },
		{ "Digest realm=\"d\"", OCI_AUTH_NONE, NULL, NULL, NULL },
		{ "", OCI_AUTH_NONE, NULL, NULL, NULL },
		{ ",,, ,", OCI_AUTH_NONE, NULL, NULL, NULL },
		{ "=\"x\"", OCI_AUTH_NONE, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_challenge c AUTO(oci_challenge_finish) = { 0 };

		assert_int_equal(oci_challenge_parse(rows[i].header, &c), 0);
		if (c.kind != rows[i].kind)
			fail_msg("%s", rows[i].header);
		if (c.kind != OCI_AUTH_NONE) {
			same(c.realm, rows[i].realm);
			same(c.service, rows[i].service);
			same(c.scope, rows[i].scope);
		}
	}
}

static void test_origins(void **state)
{
	static const struct {
		const char *url, *host; /* NULL: refused */
		bool tls;
		int port;
	} rows[] = {
		{ "https://A.example/v2/", "a.example", true, 443 },
		{ "http://127.0.0.1:5000", "127.0.0.1", false, 5000 },
		{ "HTTPS://[::1]:8443/x?y#z", "[::1]", true, 8443 },
		{ "http://h:", "h", false, 80 },
		{ "https://h?x", "h", true, 443 },
		{ "https://u:p@h/", NULL, false, 0 }, { "https://u@h/", NULL, false, 0 }, { "ftp://h/", NULL, false, 0 },
		{ "file:///etc/passwd", NULL, false, 0 }, { "https://", NULL, false, 0 }, { "https:///x", NULL, false, 0 },
		{ "https://h:70000/", NULL, false, 0 }, { "https://h:123456789/", NULL, false, 0 },
		{ "https://h\r\nX: y/", NULL, false, 0 }, { "https://h\\@x/", "h", true, 443 }, { "h", NULL, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_origin o;
		int rc = oci_origin_parse(rows[i].url, &o, NULL);

		if (rc != (rows[i].host ? 0 : -EINVAL))
			fail_msg("%s: %d", rows[i].url, rc);
		if (rc < 0)
			continue;
		assert_string_equal(o.host, rows[i].host);
		assert_int_equal(o.tls, rows[i].tls);
		assert_int_equal(o.port, rows[i].port);
	}
}

static void test_realms(void **state)
{
	static const struct {
		const char *registry, *realm;
		bool trusted;
	} rows[] = {
		{ "https://r.example", "https://r.example/token", true },
		{ "http://127.0.0.1:5000", "http://127.0.0.1:5001/token", true },
		{ "https://registry-1.docker.io", "https://auth.docker.io/token", true },
		{ "https://registry-1.docker.io", "https://auth.docker.io:444/token", false },
		{ "https://registry-1.docker.io", "http://auth.docker.io/token", false },
		{ "https://r.example", "http://r.example/token", false },
		{ "https://r.example", "https://evil.example/token", false },
		{ "https://r.example", "https://x.r.example/token", false },
		{ "http://127.0.0.1:5000", "http://localhost:5001/token", false },
		{ "http://127.0.0.1:5000", "http://127.0.0.2:5001/token", false },
		{ "https://evil.example", "https://auth.docker.io/token", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_origin a, b;

		assert_int_equal(oci_origin_parse(rows[i].registry, &a, NULL), 0);
		assert_int_equal(oci_origin_parse(rows[i].realm, &b, NULL), 0);
		if (oci_realm_trusted(&a, &b) != rows[i].trusted)
			fail_msg("%s %s", rows[i].registry, rows[i].realm);
	}
}

static void test_loopback(void **state)
{
	static const char *const yes[] = { "localhost", "LOCALHOST:1", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:5000" };
	static const char *const no[] = { "localhost.example", "127.0.0.1.example", "128.0.0.1", "1.127.0.0.1", "[::2]",
					  "127.example", "0.0.0.0", "" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(oci_host_is_loopback(yes[i]));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(oci_host_is_loopback(no[i]));
}

static void test_tokens(void **state)
{
	static const struct {
		const char *text, *token;
		int64_t seconds;
	} rows[] = {
		{ "{\"token\":\"abc\",\"expires_in\":300}", "abc", 300 },
		{ "{\"access_token\":\"abc\"}", "abc", 60 },
		{ "{\"token\":\"\",\"access_token\":\"x\",\"expires_in\":-5}", "x", 60 },
		{ "{\"token\":\"a\\r\\nX: y\"}", NULL, 0 }, { "{\"token\":1}", NULL, 0 }, { "{}", NULL, 0 }, { "", NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *token = NULL;
		int64_t seconds = 0;
		int rc = oci_token_parse(rows[i].text, strlen(rows[i].text), &token, NULL, &seconds, NULL);

		assert_int_equal(rc, rows[i].token ? 0 : -EINVAL);
		same(token, rows[i].token);
		assert_int_equal(seconds, rows[i].seconds);
	}
}

static void test_files(void **state)
{
	static const char text[] =
		"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"dTpw\"},"
		"\"localhost:5000\":{\"auth\":\"YTpiOmM=\"},\"quay.io\":{\"auth\":\"cTpx\"},"
		"\"quay.io/team\":{\"auth\":\"dDp0\"},\"id.example\":{\"identitytoken\":\"tok\"},"
		"\"bad.example\":{\"auth\":\"!!\"},\"empty.example\":{}},"
		"\"credHelpers\":{\"gcr.io\":\"gcloud\"}}";
	static const struct {
		const char *host, *repo, *user, *password, *identity, *helper;
		int rc;
	} rows[] = {
		{ "docker.io", "library/x", "u", "p", NULL, NULL, 0 },
		{ "localhost:5000", "x", "a", "b:c", NULL, NULL, 0 },
		{ "localhost:5001", "x", NULL, NULL, NULL, NULL, 0 },
		{ "quay.io", "a", "q", "q", NULL, NULL, 0 },
		{ "quay.io", "team/x", "t", "t", NULL, NULL, 0 },
		{ "quay.io", "teamster/x", "q", "q", NULL, NULL, 0 },
		{ "id.example", NULL, NULL, NULL, "tok", NULL, 0 },
		{ "bad.example", NULL, NULL, NULL, NULL, NULL, -EINVAL },
		{ "empty.example", NULL, NULL, NULL, NULL, NULL, 0 },
		{ "gcr.io", "x", NULL, NULL, NULL, "gcloud", 0 },
		{ "evil-quay.io", "x", NULL, NULL, NULL, NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_cred c AUTO(oci_cred_finish) = { 0 };
		AUTO_FREE char *helper = NULL;

		assert_int_equal(oci_cred_lookup(text, strlen(text), rows[i].host, rows[i].repo, &c, &helper, NULL),
				 rows[i].rc);
		same(c.user, rows[i].user);
		same(c.password, rows[i].password);
		same(c.identity, rows[i].identity);
		same(helper, rows[i].helper);
	}
}

static void test_edit(void **state)
{
	struct oci_cred c = { .user = (char *)"u", .password = (char *)"p" };
	static const struct {
		const char *before, *host;
		bool set;
		const char *after, *helper; /* after NULL: no change */
		int rc;
	} rows[] = {
		{ "", "r.example", true, "{\"auths\":{\"r.example\":{\"auth\":\"dTpw\"}}}", NULL, 0 },
		{ "", "docker.io", true, "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"dTpw\"}}}", NULL, 0 },
		{ "{\"a\":1,\"auths\":{\"http://r.example/v2/\":{},\"r.example\":{},\"r.example/team\":{\"auth\":\"x\"}}}",
		  "r.example", false, "{\"a\":1,\"auths\":{\"r.example/team\":{\"auth\":\"x\"}}}", NULL, 0 },
		{ "{\"auths\":{\"index.docker.io\":{},\"x\":{}}}", "docker.io", false, "{\"auths\":{\"x\":{}}}", NULL, 0 },
		{ "{\"auths\":{\"x\":{}}}", "y", false, NULL, NULL, 0 },
		{ "{\"credsStore\":\"s\"}", "y", true, "{\"credsStore\":\"s\",\"auths\":{\"y\":{}}}", "s", 0 },
		{ "{\"credsStore\":\"s\",\"credHelpers\":{\"y\":\"h\"}}", "y", false, NULL, "h", 0 },
		{ "{\"auths\":[]}", "y", true, NULL, NULL, -EINVAL },
		{ "[]", "y", true, NULL, NULL, -EINVAL },
		{ "{", "y", true, NULL, NULL, -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *text = NULL;
		AUTO_FREE char *helper = NULL;
		AUTO_JSON cJSON *j = NULL;
		AUTO_FREE char *compact = NULL;

		assert_int_equal(oci_cred_edit(rows[i].before, strlen(rows[i].before), rows[i].host,
					       rows[i].set ? &c : NULL, &text, &helper, NULL),
				 rows[i].rc);
		if (text && json_parse(text, strlen(text), "", &j, NULL) == 0)
			compact = json_print(j);
		same(compact, rows[i].after);
		same(helper, rows[i].helper);
	}
}

static void test_basic(void **state)
{
	struct oci_cred c AUTO(oci_cred_finish) = { 0 };

	assert_int_equal(oci_cred_split("Aladdin:open sesame", &c, NULL), 0);
	AUTO_FREE char *basic = oci_cred_basic(&c);
	assert_string_equal(basic, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	assert_int_equal(oci_cred_split(":x", &c, NULL), -EINVAL);
	assert_int_equal(oci_cred_split("x", &c, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenges), cmocka_unit_test(test_origins), cmocka_unit_test(test_realms),
		cmocka_unit_test(test_loopback),   cmocka_unit_test(test_tokens),  cmocka_unit_test(test_files),
		cmocka_unit_test(test_edit),	   cmocka_unit_test(test_basic),
	};

	return cmocka_run_group_tests_name("oci/auth", tests, NULL, NULL);
}

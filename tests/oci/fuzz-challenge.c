/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry and its token server answer: challenges, addresses, tokens, and the files with logins. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "oci/auth.h"
#include "oci/cred.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What is set in a file is found in it, and what is taken away is not. */
static void edit(const char *text)
{
	struct oci_cred c = { .user = (char *)"u", .password = (char *)"p" }, got AUTO(oci_cred_finish) = { 0 };
	AUTO_FREE char *with = NULL;
	AUTO_FREE char *without = NULL;
	AUTO_FREE char *helper = NULL;
	AUTO_FREE char *same = NULL;
	AUTO_FREE char *asked = NULL;

	if (oci_cred_edit(text, strlen(text), "docker.io", &c, &with, &helper, NULL) < 0)
		return;
	assert(oci_cred_lookup(with, strlen(with), "docker.io", NULL, &got, &asked, NULL) == 0);
	assert(helper ? asked && strcmp(helper, asked) == 0 : !asked && strcmp(got.user, "u") == 0);
	oci_cred_finish(&got);
	free(TAKE(asked));
	assert(oci_cred_edit(with, strlen(with), "docker.io", NULL, &without, &same, NULL) == 0 && without);
	assert(oci_cred_lookup(without, strlen(without), "docker.io", NULL, &got, &asked, NULL) == 0);
	assert(oci_cred_none(&got) && !helper == !asked);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO_FREE char *text = strndup((const char *)p, n);
	AUTO_FREE char *token = NULL;
	AUTO_FREE char *helper = NULL;
	struct oci_challenge c AUTO(oci_challenge_finish) = { 0 };
	struct oci_cred cred AUTO(oci_cred_finish) = { 0 }, other AUTO(oci_cred_finish) = { 0 };
	struct oci_origin o;
	int64_t seconds;

	assert(oci_challenge_parse(text, &c) == 0);
	assert(c.kind != OCI_AUTH_BEARER || (c.realm && *c.realm));
	if (c.realm)
		assert(strlen(c.realm) <= OCI_AUTH_MAX);
	if (oci_origin_parse(text, &o, NULL) == 0) {
		assert(o.host[0] && o.port);
		assert(oci_realm_trusted(&o, &o));
		oci_host_is_loopback(o.host);
	}
	if (oci_token_parse(text, strlen(text), &token, NULL, &seconds, NULL) == 0)
		assert(seconds > 0 && strlen(token) <= OCI_TOKEN_MAX);
	oci_cred_lookup(text, strlen(text), "docker.io", "library/x", &cred, &helper, NULL);
	edit(text);
	oci_cred_parse_helper(text, strlen(text), &other, NULL);
	return 0;
}

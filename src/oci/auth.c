/* SPDX-License-Identifier: Apache-2.0 */
/* auth.c - challenges, credentials and origins. */
#include "oci/auth.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"

/* --- challenges */

void oci_challenge_finish(struct oci_challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	free(c->error);
	*c = (struct oci_challenge){ 0 };
}

static bool is_tchar(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static const char *skip(const char *p, const char *set)
{
	return p + strspn(p, set);
}

static const char *token_end(const char *p)
{
	while (is_tchar(*p))
		p++;
	return p;
}

/* A quoted string at p or a token, into out without quotes and backslashes. Its end, or NULL. */
static const char *value_at(const char *p, struct buf *out, int *rc)
{
	if (*p != '"') {
		/* servers leave quotes out of URLs too: take all up to a blank or a comma */
		size_t n = strcspn(p, ", \t\"");

		if (!n || n > OCI_AUTH_MAX)
			return NULL;
		*rc = buf_add(out, p, n);
		return p + n;
	}
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && !*++p)
			return NULL;
		if ((unsigned char)*p < ' ' || *p == 127 || out->len >= OCI_AUTH_MAX)
			return NULL;
		*rc = buf_addc(out, *p);
		if (*rc < 0)
			return NULL;
	}
	return *p == '"' ? p + 1 : NULL;
}

/* name = value at *p, kept if it is one we know. 1: there was one, 0: none, -ENOMEM. */
static int param(const char **p, struct oci_challenge *c)
{
	const struct {
		const char *name;
		char **to;
	} known[] = {
		{ "realm", &c->realm }, { "service", &c->service }, { "scope", &c->scope }, { "error", &c->error },
	};
	const char *name = *p, *end = token_end(name), *v = skip(end, " \t");
	AUTO_BUF struct buf value = { 0 };
	int rc = 0;

	if (end == name || *v != '=')
		return 0;
	v = value_at(skip(v + 1, " \t"), &value, &rc);
	if (rc < 0)
		return rc;
	if (!v)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strlen(known[i].name) == (size_t)(end - name) && !*known[i].to &&
		    strncasecmp(known[i].name, name, (size_t)(end - name)) == 0) {
			*known[i].to = value.p ? buf_steal(&value) : strdup("");
			if (!*known[i].to)
				return -ENOMEM;
		}
	*p = v;
	return 1;
}

/* One challenge at *p: its scheme, then parameters or a token68. 1, 0 at the end or where it does not parse. */
static int next_challenge(const char **p, struct oci_challenge *c)
{
	const char *name = skip(*p, " \t,"), *end = token_end(name), *q;
	int rc;

	if (end == name)
		return 0;
	if (end - name == 6 && strncasecmp(name, "bearer", 6) == 0)
		c->kind = OCI_AUTH_BEARER;
	else if (end - name == 5 && strncasecmp(name, "basic", 5) == 0)
		c->kind = OCI_AUTH_BASIC;
	*p = skip(end, " \t");
	if (*p == end && *end && *end != ',')
		return 0;
	for (;;) {
		/* a ',' stands between parameters and between challenges: only name "=" tells which */
		q = skip(*p, " \t,");
		rc = param(&q, c);
		if (rc < 0)
			return rc;
		if (rc == 0)
			break;
		*p = q;
	}
	/* a token68, as in "Negotiate abc==" */
	q = skip(*p, " \t");
	if (*q && *q != ',' && !strchr(" \t,", q[-1]))
		return 0;
	if (*q && *q != ',') {
		const char *t = q + strcspn(q, " \t,");

		if (!*skip(t, " \t") || *skip(t, " \t") == ',')
			*p = t;
	}
	return 1;
}

static int rank(const struct oci_challenge *c)
{
	return c->kind == OCI_AUTH_BEARER ? (c->realm && *c->realm ? 2 : 0) : c->kind == OCI_AUTH_BASIC ? 1 : 0;
}

int oci_challenge_parse(const char *header, struct oci_challenge *ret)
{
	struct oci_challenge best AUTO(oci_challenge_finish) = { 0 };
	const char *p = header;
	int rc;

	do {
		struct oci_challenge c AUTO(oci_challenge_finish) = { 0 };
		const char *start = p;

		rc = next_challenge(&p, &c);
		if (rc < 0)
			return rc;
		if (rank(&c) > rank(&best)) {
			struct oci_challenge old = best;
			best = c;
			c = old;
		}
		if (p == start)
			break;
	} while (rc > 0);
	*ret = best;
	best = (struct oci_challenge){ 0 };
	return 0;
}

/* --- credentials */

static void wipe(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void oci_cred_finish(struct oci_cred *c)
{
	wipe(c->user);
	wipe(c->password);
	wipe(c->identity);
	*c = (struct oci_cred){ 0 };
}

int oci_cred_split(const char *s, struct oci_cred *ret, struct err *e)
{
	const char *colon = strchr(s, ':');
	struct oci_cred c AUTO(oci_cred_finish) = { 0 };

	if (!colon || colon == s)
		return err_set(e, -EINVAL, "credentials are written USER:PASSWORD");
	c.user = strndup(s, (size_t)(colon - s));
	c.password = strdup(colon + 1);
	if (!c.user || !c.password)
		return err_set(e, -ENOMEM, "out of memory");
	*ret = c;
	c = (struct oci_cred){ 0 };
	return 0;
}

char *oci_cred_basic(const struct oci_cred *c)
{
	AUTO_BUF struct buf plain = { 0 };
	char *out;

	if (buf_addf(&plain, "%s:%s", c->user, c->password ? c->password : "") < 0)
		return NULL;
	out = malloc(6 + (plain.len + 2) / 3 * 4 + 1);
	if (out) {
		memcpy(out, "Basic ", 6);
		EVP_EncodeBlock((uint8_t *)out + 6, plain.p, (int)plain.len);
	}
	explicit_bzero(plain.p, plain.len);
	return out;
}

/* --- origins */

int oci_origin_parse(const char *url, struct oci_origin *ret, struct err *e)
{
	struct oci_origin o = { 0 };
	uint64_t port = 0;
	const char *p, *end, *colon;

	for (p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 127)
			return err_set(e, -EINVAL, "the address holds a blank or a control character");
	if (strncasecmp(url, "https://", 8) == 0)
		o.tls = true, p = url + 8;
	else if (strncasecmp(url, "http://", 7) == 0)
		p = url + 7;
	else
		return err_set(e, -EINVAL, "'%.100s' is neither http nor https", url);
	end = p + strcspn(p, "/?#\\");
	if (memchr(p, '@', (size_t)(end - p)))
		return err_set(e, -EINVAL, "the address holds a user's name");
	colon = *p == '[' ? memchr(p, ']', (size_t)(end - p)) : p;
	colon = colon ? memchr(colon, ':', (size_t)(end - colon)) : NULL;

	size_t n = (size_t)((colon ? colon : end) - p);
	char digits[8] = "";

	if (colon && (size_t)(end - colon - 1) < sizeof digits)
		memcpy(digits, colon + 1, (size_t)(end - colon - 1));
	if (!n || n >= sizeof o.host || (colon && end - colon > 1 && str_parse_u64(digits, 65535, &port) < 0) ||
	    (colon && end - colon - 1 >= (int)sizeof digits))
		return err_set(e, -EINVAL, "'%.100s' has no valid host", url);
	for (size_t i = 0; i < n; i++)
		o.host[i] = (char)tolower((unsigned char)p[i]);
	o.port = port ? (uint16_t)port : o.tls ? 443 : 80;
	*ret = o;
	return 0;
}

bool oci_origin_eq(const struct oci_origin *a, const struct oci_origin *b)
{
	return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool oci_host_is_loopback(const char *host)
{
	size_t n = strcspn(host, ":");

	if (str_starts(host, "[::1]"))
		return !host[5] || host[5] == ':';
	if (n == 9 && strncasecmp(host, "localhost", 9) == 0)
		return true;
	if (!str_starts(host, "127.") || strspn(host, "0123456789.") != n)
		return false;

	int dots = 0;

	for (size_t i = 0; i < n; i++)
		dots += host[i] == '.';
	return dots == 3;
}

bool oci_realm_trusted(const struct oci_origin *registry, const struct oci_origin *realm)
{
	static const struct {
		const char *registry, *realm;
	} pairs[] = {
		{ "registry-1.docker.io", "auth.docker.io" },
		{ "registry.gitlab.com", "gitlab.com" },
	};

	if (registry->tls && !realm->tls)
		return false;
	if (strcmp(registry->host, realm->host) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (registry->tls && registry->port == 443 && realm->port == 443 &&
		    strcmp(registry->host, pairs[i].registry) == 0 && strcmp(realm->host, pairs[i].realm) == 0)
			return true;
	return false;
}

static bool token_valid(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	for (size_t i = 0; i < n; i++)
		if (!isgraph((unsigned char)s[i]))
			return false;
	return n > 0 && n <= OCI_TOKEN_MAX;
}

int oci_token_parse(const char *text, size_t len, char **ret_token, char **ret_refresh, int64_t *ret_seconds,
		    struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	const char *token, *refresh;
	int rc = json_parse(text, len, "the token server's answer", &j, e);

	if (rc < 0)
		return rc;
	token = json_str(j, "token");
	if (!token || !*token)
		token = json_str(j, "access_token");
	if (!token || !*token)
		return err_set(e, -EINVAL, "the token server's answer holds no token");
	if (!token_valid(token))
		return err_set(e, -EINVAL, "the token server's answer holds no valid token");
	*ret_seconds = json_int(j, "expires_in", 60);
	if (*ret_seconds < 1)
		*ret_seconds = 60;
	refresh = json_str(j, "refresh_token");
	if (ret_refresh)
		*ret_refresh = token_valid(refresh) ? strdup(refresh) : NULL;
	*ret_token = strdup(token);
	return *ret_token ? 0 : err_set(e, -ENOMEM, "out of memory");
}

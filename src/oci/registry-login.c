/* SPDX-License-Identifier: Apache-2.0 */
/* registry-login.c - logging in to a registry: Basic, or a Bearer token that its realm gives. Tokens are kept
 * by scope; operations that need the same one wait for one fetch. */
#include "oci/registry-inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/clock.h"

#define LOGINS_MAX 2

struct token {
	struct list link;
	struct oci_reg *reg;
	char *scope, *value;
	int64_t until_ns; /* monotonic */
	bool fetching, with_cred;
	struct oci_challenge challenge; /* the last one: to ask again before it is over */
	char *asked;                    /* the scope that was asked for */
	struct oci_reg_op op;
};

static const struct oci_reg_kind kind_token = { "GET" };

static void token_free(struct token *t)
{
	list_remove(&t->link);
	oci_reg_op_finish(&t->op);
	if (t->value)
		explicit_bzero(t->value, strlen(t->value));
	free(t->value);
	free(t->scope);
	free(t->asked);
	oci_challenge_finish(&t->challenge);
	free(t);
}

void oci_reg_drop_tokens(struct oci_reg *reg)
{
	list_each(struct token, t, &reg->tokens, link) {
		token_free(t);
	}
}

static struct token *token_find(struct oci_reg *reg, const char *scope)
{
	list_each(struct token, t, &reg->tokens, link) {
		if (strcmp(t->scope, scope) == 0)
			return t;
	}
	return NULL;
}

static struct token *token_get(struct oci_reg *reg, const char *scope)
{
	struct token *t = token_find(reg, scope);

	if (t)
		return t;
	t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->reg = reg;
	t->scope = strdup(scope);
	if (!t->scope) {
		free(t);
		return NULL;
	}
	list_append(&reg->tokens, &t->link);
	return t;
}

/* The one that serves scope: it, or one that may write the same repository too. */
static struct token *token_for(struct oci_reg *reg, const char *scope)
{
	struct token *t = token_find(reg, scope);
	size_t n = strlen(scope);

	list_each(struct token, other, &reg->tokens, link) {
		if (!t && strncmp(other->scope, scope, n) == 0 && strcmp(other->scope + n, ",push") == 0)
			t = other;
	}
	return t;
}

static bool token_good(const struct token *t)
{
	return t && t->value && clock_mono_ns() < t->until_ns;
}

static const char not_sent[] = "the login was not sent: the token server is on another host; if that is right, "
			       "token-servers in the configuration says so";

int oci_reg_denied(struct oci_reg_op *op, const char *text)
{
	bool known = !oci_cred_none(&op->reg->cred);
	const struct token *t = op->scope ? token_for(op->reg, op->scope) : NULL;

	op->hint = known && t && !t->with_cred ? not_sent :
		   known ? "the stored login may be wrong or lack the right: berth login" :
			   "if it is not public: berth login, or --creds USER:PASSWORD";
	return err_set(&op->err, -EACCES, "%s does not give access to %s%s%s", op->at_home ? op->reg->host : op->peer,
		       op->what, text[0] ? ": " : known ? "" : ": it does not exist or needs a login", text);
}

static void end_denied(struct oci_reg_op *op, const char *text)
{
	oci_reg_op_end(op, oci_reg_denied(op, text));
}

static int set_authorization(char **ret, const char *scheme, const char *value, struct err *e)
{
	if (asprintf(ret, "Authorization: %s%s", scheme, value) >= 0)
		return 0;
	*ret = NULL;
	return err_set(e, -ENOMEM, "out of memory");
}

static int basic_authorization(const struct oci_cred *cred, char **ret, struct err *e)
{
	AUTO_FREE char *basic = oci_cred_basic(cred);

	if (!basic)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = set_authorization(ret, "", basic, e);
	explicit_bzero(basic, strlen(basic));
	return rc;
}

int oci_reg_authorization(struct oci_reg_op *op, char **ret, struct err *e)
{
	struct oci_reg *reg = op->reg;
	struct token *t;

	*ret = NULL;
	op->sent_basic = op->used_cred = false;
	free(TAKE(op->sent_token));
	if (op->kind == &kind_token) {
		t = container_of(op, struct token, op);
		return t->with_cred && reg->cred.user && !op->form ? basic_authorization(&reg->cred, ret, e) : 0;
	}
	t = token_for(reg, op->scope);
	if (token_good(t)) {
		op->sent_token = strdup(t->value);
		op->used_cred = t->with_cred;
		return op->sent_token ? set_authorization(ret, "Bearer ", t->value, e) :
					err_set(e, -ENOMEM, "out of memory");
	}
	if (reg->basic && reg->cred.user) {
		op->sent_basic = op->used_cred = true;
		return basic_authorization(&reg->cred, ret, e);
	}
	return 0;
}

/* --- fetching a token */

static void wake(struct token *t, int rc, const struct err *e)
{
	struct oci_reg *reg = t->reg;
	bool again;

	do { /* each end may take others off the list */
		again = false;
		list_each(struct oci_reg_op, op, &reg->ops, link) {
			int sent = rc;

			if (!op->waiting_token || op->cancelled || op->waits_for != t)
				continue;
			op->waiting_token = false;
			if (rc == 0)
				sent = oci_reg_op_send(op, &op->err);
			else
				op->err = *e;
			if (sent < 0) {
				if (rc < 0)
					op->hint = t->op.hint;
				oci_reg_op_end(op, sent);
			}
			again = true;
			break;
		}
	} while (again && !reg->destroyed);
}

static void on_token(struct oci_reg_op *op, int rc, const struct err *why)
{
	struct token *t = container_of(op, struct token, op);
	struct err e = *why;
	int64_t seconds = 0;

	t->fetching = false;
	if (rc == 0) {
		free(TAKE(t->value));
		char *refresh = NULL;

		rc = oci_token_parse((char *)op->body.p, op->body.len, &t->value, &refresh, &seconds, &e);
		if (refresh && (!t->reg->want_refresh || !t->with_cred || t->reg->refresh)) {
			explicit_bzero(refresh, strlen(refresh));
			free(TAKE(refresh));
		}
		if (refresh)
			t->reg->refresh = refresh;
		/* a tenth early: clocks and ways differ */
		t->until_ns = clock_mono_ns() + MIN(seconds, (int64_t)86400 * 365) * 900000000;
	}
	if (rc < 0)
		err_wrap(&e, rc, "cannot log in to %s", t->reg->host);
	if (rc == -EACCES && !t->with_cred && !oci_cred_none(&t->reg->cred))
		op->hint = not_sent;
	wake(t, rc, &e);
}

static int add_param(struct buf *b, const char *name, const char *value)
{
	char *text;
	int rc;

	if (!value || !*value)
		return 0;
	text = curl_easy_escape(NULL, value, 0);
	if (!text)
		return -ENOMEM;
	rc = buf_addf(b, "%s%s=%s", b->len && b->p[b->len - 1] != '?' ? "&" : "", name, text);
	curl_free(text);
	return rc;
}

/* A parameter for each of the scopes. */
static int add_scopes(struct buf *b, const char *scopes)
{
	AUTO_FREE char *copy = strdup(scopes);
	char *rest = copy, *one;
	int rc = copy ? 0 : -ENOMEM;

	while (rc == 0 && (one = strsep(&rest, " ")))
		rc = add_param(b, "scope", one);
	return rc;
}

/* The realm's address with what we want from it. */
static char *token_url(const struct token *t, const struct oci_challenge *c, const char *scope)
{
	AUTO_BUF struct buf b = { 0 };
	int rc = buf_add(&b, c->realm, strcspn(c->realm, "#"));

	if (rc == 0 && !t->op.form) {
		if (!strchr((char *)b.p, '?'))
			rc = buf_addc(&b, '?');
		if (rc == 0)
			rc = add_param(&b, "service", c->service);
		if (rc == 0)
			rc = add_scopes(&b, scope);
		if (rc == 0 && t->with_cred)
			rc = add_param(&b, "account", t->reg->cred.user);
		if (rc == 0 && t->with_cred && t->reg->want_refresh)
			rc = add_param(&b, "client_id", "berth");
		if (rc == 0 && t->with_cred && t->reg->want_refresh)
			rc = add_param(&b, "offline_token", "true");
	}
	return rc < 0 ? NULL : buf_steal(&b);
}

/* The body of an OAuth2 request, for a login that is a refresh token. */
static char *token_form(const struct token *t, const struct oci_challenge *c, const char *scope)
{
	AUTO_BUF struct buf b = { 0 };
	int rc = add_param(&b, "grant_type", "refresh_token");

	if (rc == 0)
		rc = add_param(&b, "service", c->service);
	if (rc == 0)
		rc = add_param(&b, "client_id", "berth");
	if (rc == 0)
		rc = add_param(&b, "scope", scope);
	if (rc == 0)
		rc = add_param(&b, "refresh_token", t->reg->cred.identity);
	return rc < 0 ? NULL : buf_steal(&b);
}

/* A host that the user named as the one that gives the registry's tokens. */
static bool is_token_host(const struct oci_reg *reg, const struct oci_origin *realm)
{
	const char *p = reg->token_hosts;
	char with_port[300];

	if (!p || (reg->origin.tls && !realm->tls))
		return false;
	snprintf(with_port, sizeof with_port, "%s:%u", realm->host, realm->port);
	while (*(p += strspn(p, " "))) {
		size_t n = strcspn(p, " ");

		if ((strlen(realm->host) == n && strncasecmp(p, realm->host, n) == 0 &&
		     realm->port == (realm->tls ? 443 : 80)) ||
		    (strlen(with_port) == n && strncasecmp(p, with_port, n) == 0))
			return true;
		p += n;
	}
	return false;
}

static int fetch(struct token *t, struct err *e)
{
	struct oci_reg *reg = t->reg;
	const struct oci_challenge *c = &t->challenge;
	const char *scope = t->asked;
	struct oci_origin realm;
	int rc = oci_origin_parse(c->realm, &realm, e);

	if (rc < 0)
		return err_wrap(e, rc, "the token server of %s", reg->host);
	if (reg->origin.tls && !realm.tls && !oci_host_is_loopback(realm.host))
		return err_set(e, -EPROTO, "%s sends us to a token server without TLS", reg->host);
	oci_reg_op_finish(&t->op);
	t->op = (struct oci_reg_op){ 0 };
	t->with_cred = !oci_cred_none(&reg->cred) &&
		       (oci_realm_trusted(&reg->origin, &realm) || is_token_host(reg, &realm));
	snprintf(t->op.what, sizeof t->op.what, *scope ? "a token for '%.200s'" : "a token", scope);
	if (t->with_cred && reg->cred.identity) {
		t->op.form = token_form(t, c, scope);
		if (!t->op.form)
			return err_set(e, -ENOMEM, "out of memory");
	}
	t->op.url = token_url(t, c, scope);
	if (!t->op.url)
		return err_set(e, -ENOMEM, "out of memory");
	char *path = strdup("");
	rc = oci_reg_op_begin(&t->op, reg, &kind_token, path, reg->limits.total_ms, on_token, e);
	if (rc == 0)
		t->fetching = true;
	return rc;
}

/* What to ask a token for: what the registry wants for this request, but if we shall want more of the same repository
 * soon, that. */
static const char *wanted_scope(const struct oci_reg_op *op, const struct oci_challenge *c)
{
	const char *colon = strrchr(op->scope, ':');
	size_t n = colon ? (size_t)(colon + 1 - op->scope) : 0;

	if (!c->scope || !*c->scope)
		return op->scope;
	if (n && strncmp(c->scope, op->scope, n) == 0 && !strchr(c->scope, ' ') && strcmp(colon, ":pull,push") == 0)
		return op->scope;
	return c->scope;
}

static int bearer(struct oci_reg_op *op, struct oci_challenge *c)
{
	struct token *t = token_get(op->reg, op->scope);

	if (!t)
		return err_set(&op->err, -ENOMEM, "out of memory");
	/* somebody fetched a newer one meanwhile */
	if (token_good(t) && (!op->sent_token || strcmp(op->sent_token, t->value) != 0))
		return oci_reg_op_send(op, &op->err);
	if (op->logins++ >= LOGINS_MAX)
		return oci_reg_denied(op, "");
	if (!t->fetching) {
		char *asked = strdup(wanted_scope(op, c));

		if (!asked)
			return err_set(&op->err, -ENOMEM, "out of memory");
		free(t->asked);
		t->asked = asked;
		oci_challenge_finish(&t->challenge);
		t->challenge = *c;
		*c = (struct oci_challenge){ 0 };
		int rc = fetch(t, &op->err);

		if (rc < 0)
			return rc;
	}
	op->waiting_token = true;
	op->waits_for = t;
	return 0;
}

int oci_reg_refresh(struct oci_reg_op *op, struct err *e)
{
	struct token *t = token_for(op->reg, op->scope);

	if (!t || !t->challenge.realm || token_good(t))
		return 0;
	if (!t->fetching) {
		int rc = fetch(t, e);

		if (rc < 0)
			return rc;
	}
	op->waiting_token = true;
	op->waits_for = t;
	return 1;
}

void oci_reg_login(struct oci_reg_op *op)
{
	const char *header = op->http.answer.authenticate;
	struct oci_challenge c AUTO(oci_challenge_finish) = { 0 };
	int rc = 0;

	op->asked = true;
	if (header && oci_challenge_parse(header, &c) < 0)
		rc = err_set(&op->err, -ENOMEM, "out of memory");
	else if (c.kind == OCI_AUTH_NONE)
		rc = err_set(&op->err, -EACCES, "%s wants a login of a kind that is not known", op->reg->host);
	else if (c.kind == OCI_AUTH_BEARER)
		rc = bearer(op, &c);
	else if (!op->reg->cred.user || op->sent_basic) {
		end_denied(op, op->sent_basic ? "user or password is wrong" : "it wants a login");
		return;
	} else {
		op->reg->basic = true;
		rc = oci_reg_op_send(op, &op->err);
	}
	if (rc < 0)
		oci_reg_op_end(op, rc);
}

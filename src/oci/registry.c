/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c - operations on a registry: what is asked, what an answer leads to. Logins are in
 * registry-login.c, single exchanges in registry-http.c. */
#include "oci/registry-inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "oci/manifest.h"
#include "oci/registry-retry.h"

#define HOPS_MAX 10
#define PROGRESS_MIN (64u << 10) /* bytes that make a try count as the first again */
#define BLOB_LEAST_RATE 16384u   /* bytes a second: a slower blob ends */
#define BLOB_LEAST_MS 600000u
#define BLOB_MAX (1ull << 42)

#define ACCEPT_MANIFEST                                                                                 \
	"Accept: " OCI_MT_INDEX ", " OCI_MT_MANIFEST ", " DOCKER_MT_INDEX ", " DOCKER_MT_MANIFEST

/* --- the client */

/* Where the registry's API is, by the scheme that holds now. */
static int set_home(struct oci_reg *reg, bool tls, struct err *e)
{
	struct oci_ref ref = { .host = reg->host };
	AUTO_FREE char *home = NULL;

	if (asprintf(&home, "%s://%s", tls ? "https" : "http", oci_ref_api_host(&ref)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = oci_origin_parse(home, &reg->origin, e);
	if (rc < 0)
		return rc;
	free(reg->home);
	reg->home = TAKE(home);
	return 0;
}

static void reg_free(struct oci_reg *reg)
{
	free(reg->host);
	free(reg->home);
	free(reg->ca_file);
	free(reg->ca_pem);
	free(reg->cert_file);
	free(reg->key_file);
	free(reg->token_hosts);
	oci_cred_finish(&reg->cred);
	if (reg->refresh)
		explicit_bzero(reg->refresh, strlen(reg->refresh));
	free(reg->refresh);
	free(reg);
}

static int copy_opts(struct oci_reg *reg, const struct oci_reg_opts *o)
{
	static const struct http_limits limits = OCI_REG_LIMITS_DEFAULT;
	const struct http_limits *l = &o->limits;
	bool given = l->connect_ms || l->header_ms || l->stall_ms || l->total_ms;
	const char *from[] = { o->host,		o->ca_file, o->cred.user, o->cred.password, o->cred.identity,
			       o->token_hosts, o->ca_pem,  o->cert_file, o->key_file };
	char **to[] = { &reg->host,	   &reg->ca_file, &reg->cred.user, &reg->cred.password, &reg->cred.identity,
			&reg->token_hosts, &reg->ca_pem,  &reg->cert_file, &reg->key_file };

	for (size_t i = 0; i < ARRAY_LEN(from); i++)
		if (from[i] && !(*to[i] = strdup(from[i])))
			return -ENOMEM;
	reg->limits = given ? *l : limits;
	reg->retries = o->retries;
	reg->insecure = o->insecure;
	reg->want_refresh = o->want_refresh;
	reg->warn = o->warn;
	reg->warn_arg = o->warn_arg;
	return 0;
}

int oci_reg_create(uv_loop_t *loop, const struct oci_reg_opts *opts, struct oci_reg **ret, struct err *e)
{
	struct oci_reg *reg = calloc(1, sizeof *reg);
	bool loopback = oci_host_is_loopback(opts->host);

	if (!reg)
		return err_set(e, -ENOMEM, "out of memory");
	list_init(&reg->ops);
	list_init(&reg->tokens);
	reg->loop = loop;
	/* on loopback both are usual: plain text is tried first, as it can tell a TLS port, which the other
	 * way round is not certain */
	reg->may_switch = loopback && !opts->plain_http && !opts->ca_file && !opts->ca_pem && !opts->cert_file &&
			  !opts->insecure;

	int rc = copy_opts(reg, opts) < 0 ? err_set(e, -ENOMEM, "out of memory") : 0;
	if (rc == 0)
		rc = set_home(reg, !opts->plain_http && !reg->may_switch, e);
	if (rc == 0)
		rc = http_init(&reg->http, loop, e);
	if (rc < 0) {
		reg_free(reg);
		return rc;
	}
	*ret = reg;
	return 0;
}

const char *oci_reg_refresh_token(const struct oci_reg *reg)
{
	return reg->refresh;
}

static void on_http_closed(struct http *h)
{
	reg_free(container_of(h, struct oci_reg, http));
}

void oci_reg_maybe_close(struct oci_reg *reg)
{
	if (!reg->destroyed || reg->closing || !list_empty(&reg->ops))
		return;
	reg->closing = true;
	oci_reg_drop_tokens(reg);
	http_close(&reg->http, on_http_closed);
}

void oci_reg_destroy(struct oci_reg *reg)
{
	if (!reg)
		return;
	reg->destroyed = true;
	list_each(struct oci_reg_op, op, &reg->ops, link) {
		oci_reg_cancel(op); /* of tokens that nobody waits for any more */
	}
	oci_reg_maybe_close(reg);
}

/* --- ends */

void oci_reg_warn(struct oci_reg *reg, const char *fmt, ...)
{
	char text[400];
	struct err clean;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	err_set(&clean, -EAGAIN, "%s", text); /* makes it fit to be shown */
	if (reg->warn)
		reg->warn(reg->warn_arg, clean.text);
}

void oci_reg_op_end(struct oci_reg_op *op, int rc)
{
	struct oci_reg *reg = op->reg;
	struct err e = op->err;

	http_after_cancel(&op->wait);
	loop_defer_cancel(&op->defer);
	list_remove(&op->link);
	op->active = op->waiting_token = false;
	op->cb(op, rc, &e); /* may free op */
	oci_reg_maybe_close(reg);
}

/* Whom the last request went to, for words. */
static const char *peer(const struct oci_reg_op *op)
{
	return op->at_home ? op->reg->host : op->peer;
}

static void on_wait_over(struct http_deadline *d)
{
	struct oci_reg_op *op = container_of(d, struct oci_reg_op, wait);
	int rc = oci_reg_op_send(op, &op->err);

	if (rc < 0)
		oci_reg_op_end(op, rc);
}

/* Tries again after a pause, or ends with rc, whose words are in op->err. */
static void try_again(struct oci_reg_op *op, int rc, const char *why)
{
	const char *after = op->http.answer.retry_after;
	int64_t asked = after ? oci_retry_after_ms(after, time(NULL)) : -1;
	uint32_t random = 0;

	if (op->at >= op->at_last_try + PROGRESS_MIN)
		op->tries = 0;
	op->at_last_try = op->at;
	file_random(&random, sizeof random);
	uint64_t ms = asked >= 0 ? (uint64_t)asked + random % 250 : oci_retry_pause_ms(op->tries + 1, random);

	op->may_retry = op->kind->once;
	op->retry_ms = ms;
	if (asked > OCI_RETRY_AFTER_MAX_MS) {
		op->may_retry = false;
		err_set(&op->err, rc, "%s asks to come back in %lld s", peer(op), (long long)asked / 1000);
		oci_reg_op_end(op, rc);
		return;
	}
	if (op->kind->once || op->tries >= op->reg->retries || clock_mono_ns() + (int64_t)ms * 1000000 > op->until_ns) {
		if (op->tries)
			err_wrap(&op->err, rc, "after %u tries", op->tries + 1);
		oci_reg_op_end(op, rc);
		return;
	}
	op->tries++;
	oci_reg_warn(op->reg, "%s: %s, trying again in %.1f s", peer(op), why, (double)ms / 1000);
	if (op->kind->may_redirect)
		free(TAKE(op->url)); /* where a redirect led to may hold for a short time only */
	op->hops = 0;
	http_after(&op->reg->http, &op->wait, ms, on_wait_over);
}

/* --- answers */

int oci_reg_op_location(struct oci_reg_op *op, char **ret, struct err *e)
{
	const struct oci_origin *home = &op->reg->origin;
	const char *from = op->http.url, *to = op->http.answer.location;
	CURLU *u = curl_url();
	char *text = NULL;
	struct oci_origin origin;
	int rc = 0;

	if (!to)
		rc = err_set(e, -EPROTO, "%s redirects to nowhere", peer(op));
	else if (!u || curl_url_set(u, CURLUPART_URL, from, 0) || curl_url_set(u, CURLUPART_URL, to, 0) ||
		 curl_url_get(u, CURLUPART_URL, &text, 0))
		rc = err_set(e, -EPROTO, "%s redirects to what is no address", peer(op));
	if (rc == 0) {
		rc = oci_origin_parse(text, &origin, e);
		if (rc < 0)
			err_wrap(e, rc, "%s redirects", peer(op));
	}
	if (rc == 0 && !origin.tls && strncmp(from, "https:", 6) == 0) {
		const char *rest = text + 7 + strcspn(text + 7, "/?#");

		if (home->tls && strcmp(origin.host, home->host) == 0 && (origin.port == 80 || origin.port == home->port))
			rc = asprintf(ret, "%s%s", op->reg->home, rest) < 0 ? err_set(e, -ENOMEM, "out of memory") : 1;
		else
			rc = err_set(e, -EPROTO, "%s redirects from TLS to plain text", peer(op));
	}
	if (rc == 0 && !(*ret = strdup(text)))
		rc = err_set(e, -ENOMEM, "out of memory");
	curl_free(text);
	curl_url_cleanup(u);
	return rc < 0 ? rc : 0;
}

static void redirect(struct oci_reg_op *op)
{
	char *url = NULL;
	int rc = op->hops++ >= HOPS_MAX ?
			 err_set(&op->err, -EPROTO, "%s redirects more than %d times", peer(op), HOPS_MAX) :
			 oci_reg_op_location(op, &url, &op->err);

	if (rc == 0) {
		free(op->url);
		op->url = url;
		rc = oci_reg_op_send(op, &op->err);
	}
	if (rc < 0)
		oci_reg_op_end(op, rc);
}

/* An answer that no other try would change. */
static void refuse(struct oci_reg_op *op)
{
	long status = op->http.answer.status;
	char text[240];
	int rc;

	oci_reg_error_text((char *)op->http.buf.p, op->http.buf.len, text, sizeof text);
	if (status == 404)
		rc = err_set(&op->err, -ENOENT, "%s has no %s%s%s", peer(op), op->what, text[0] ? ": " : "", text);
	else if (status == 401 || status == 403)
		rc = oci_reg_denied(op, text);
	else
		rc = err_set(&op->err, -EPROTO, "%s answers %ld%s%s", peer(op), status, text[0] ? ": " : "", text);
	oci_reg_op_end(op, rc);
}

static int check_body(struct oci_reg_op *op, struct err *e)
{
	const struct http_answer *a = &op->http.answer;
	struct oci_digest told = { "" };

	if (a->content_type && strlen(a->content_type) < sizeof op->media_type)
		strcpy(op->media_type, a->content_type);
	if (a->docker_digest)
		oci_digest_parse(a->docker_digest, &told, NULL);
	if (!op->kind->checks_body && strcmp(op->http.method, "HEAD") != 0) {
		op->digest = told;
		op->body = op->http.buf;
		op->http.buf = (struct buf){ 0 };
		op->size = op->body.len;
		return 0;
	}
	if (strcmp(op->http.method, "HEAD") == 0) {
		op->digest = told;
		op->size = a->content_length > 0 ? (uint64_t)a->content_length : 0;
		if (!oci_digest_none(&op->want) && !oci_digest_none(&told) && !oci_digest_eq(&told, &op->want))
			return err_set(e, -EBADMSG, "%s answers with digest %s to %s", peer(op), told.text,
				       op->what);
		return 0;
	}
	op->body = op->http.buf;
	op->http.buf = (struct buf){ 0 };
	op->size = op->body.len;

	const struct oci_digest *want = oci_digest_none(&op->want) ? &told : &op->want;
	enum oci_alg alg = oci_digest_none(want) ? OCI_SHA256 : oci_digest_alg(want);

	if (oci_digest_of(alg, op->body.p ? op->body.p : (uint8_t *)"", op->body.len, &op->digest) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	if (!oci_digest_none(want) && !oci_digest_eq(want, &op->digest))
		return err_set(e, -EBADMSG, "digest mismatch: %s sent %s in place of %s", peer(op), op->digest.text,
			       want->text);
	return 0;
}

static void succeed(struct oci_reg_op *op)
{
	int rc = 0;

	if (op->kind->is_blob) {
		if (op->at < op->want_size) {
			rc = err_set(&op->err, -EPIPE, "%s ended at byte %llu of %llu of %s", peer(op),
				     (unsigned long long)op->at, (unsigned long long)op->want_size, op->what);
			try_again(op, rc, "the connection was cut");
			return;
		}
	} else {
		rc = check_body(op, &op->err);
	}
	op->has_subject = op->http.answer.subject;
	if (rc == 0 && op->http.answer.link)
		op->next = oci_link_next(op->http.answer.link);
	oci_reg_op_end(op, rc);
}

/* A plain request to a port that speaks TLS: now we know. The answer to HEAD has no words. */
static bool switch_to_tls(struct oci_reg_op *op)
{
	struct oci_reg *reg = op->reg;
	const struct buf *b = &op->http.buf;
	bool mute = op->http.answer.status == 400 && strcmp(op->http.method, "HEAD") == 0;
	bool told = op->http.answer.status == 400 && b->p && strstr((char *)b->p, "HTTPS");

	bool known = reg->origin.tls && str_starts(op->address, "http:"); /* another request told while this one was on its way */

	if (!(reg->may_switch || known) || !op->at_home || !(mute || told || op->http.tls_mismatch))
		return false;
	reg->may_switch = false;
	reg->guessed = !known && mute;
	if (!known && set_home(reg, true, &op->err) < 0)
		return false;
	int rc = oci_reg_op_send(op, &op->err);
	if (rc < 0)
		oci_reg_op_end(op, rc);
	return true;
}

static void failed(struct oci_reg_op *op, int rc, const struct err *e)
{
	const struct http_req *r = &op->http;

	op->err = *e;
	if (op->reg->guessed && strstr(op->err.text, "wrong version number")) { /* it is plain, and does not like HEAD */
		op->reg->guessed = false;
		rc = set_home(op->reg, false, &op->err);
		oci_reg_op_end(op, rc < 0 ? rc : err_set(&op->err, -EPROTO, "%s answers 400", peer(op)));
		return;
	}
	if (!r->cut && !r->unreached) {
		if (str_starts(op->err.text, "TLS: ")) {
			op->hint = strstr(op->err.text, "wrong version number") ?
					   "if it speaks plain HTTP: --plain-http" :
				   strstr(op->err.text, " alert ") ?
					   "if it wants a certificate of yours: certs.d/HOST/NAME.cert and NAME.key in ~/.config/berth" :
					   "if its certificate is signed by a CA of your own: --ca FILE";
			err_wrap(&op->err, rc, "cannot reach %s", peer(op));
		} else if (rc == -EPROTO) {
			err_wrap(&op->err, rc, "%s", peer(op));
		}
		oci_reg_op_end(op, rc);
		return;
	}
	/* a host that never answered is most likely misspelt or down: say so at once */
	if (r->unreached && !op->reg->answered) {
		err_wrap(&op->err, rc, "cannot reach %s", peer(op));
		oci_reg_op_end(op, rc);
		return;
	}
	err_wrap(&op->err, rc, "%s", peer(op));
	try_again(op, rc, rc == -ETIMEDOUT ? "no answer" : "the connection was cut");
}

static void on_done(struct http_req *r, int rc, const struct err *e)
{
	struct oci_reg_op *op = container_of(r, struct oci_reg_op, http);
	long status = r->answer.status;

	curl_slist_free_all(TAKE(r->headers));
	if (op->cancelled) {
		oci_reg_op_end(op, err_set(&op->err, -ECANCELED, "canceled"));
		return;
	}
	if ((rc < 0 || status == 400) && switch_to_tls(op))
		return;
	if (rc < 0) {
		failed(op, rc, e);
		return;
	}
	if (op->at_home) {
		op->reg->answered = true;
		op->reg->may_switch = false;
	}
	if (status >= 200 && status < 300) {
		succeed(op);
	} else if (status == 401 && op->at_home && op->kind->may_login) {
		oci_reg_login(op);
	} else if (status >= 301 && status <= 308 && status != 304 && op->kind->may_redirect) {
		redirect(op);
	} else if (oci_retry_status(status)) {
		char why[40];

		snprintf(why, sizeof why, "%s (%ld)", status == 429 ? "too many requests" : "not available", status);
		rc = err_set(&op->err, status == 429 ? -EBUSY : -EIO, "%s answers %ld, %s", peer(op), status,
			     status == 429 ? "too many requests" : "not available");
		try_again(op, rc, why);
	} else {
		refuse(op);
	}
}

/* --- blobs */

static int blob_headers(struct http_req *r, struct err *e)
{
	struct oci_reg_op *op = container_of(r, struct oci_reg_op, http);
	int64_t length = r->answer.content_length;
	uint64_t first, last, total;

	op->skip = 0;
	op->logins = 0; /* this login was good; the next 401 may be of one that ran out */
	if (r->answer.status == 206) {
		if (!r->answer.content_range ||
		    oci_content_range(r->answer.content_range, &first, &last, &total) < 0 || first != op->at)
			return err_set(e, -EPROTO, "the answer is not the part that was asked for");
		if (last >= op->want_size || (total && total != op->want_size))
			return err_set(e, -EBADMSG, "%s is of another size at %s", op->what, peer(op));
		return 0;
	}
	op->skip = op->at; /* it sends all of it anew */
	if (length >= 0 && (uint64_t)length != op->want_size)
		return err_set(e, -EBADMSG, "%s has %lld bytes at %s, not %llu", op->what, (long long)length,
			       peer(op), (unsigned long long)op->want_size);
	return 0;
}

static int blob_data(struct http_req *r, const void *p, size_t n, struct err *e)
{
	struct oci_reg_op *op = container_of(r, struct oci_reg_op, http);
	size_t drop = MIN(n, op->skip);

	op->skip -= drop;
	p = (const char *)p + drop;
	n -= drop;
	if (!n)
		return 0;
	if (n > op->want_size - op->at)
		return err_set(e, -EBADMSG, "%s has more than %llu bytes at %s", op->what,
			       (unsigned long long)op->want_size, peer(op));
	int rc = op->data(op, p, n, e);
	if (rc == 0)
		op->at += n;
	return rc;
}

/* --- requests */

static const struct oci_reg_kind kind_manifest = {
	"GET", .may_redirect = true, .may_login = true, .accepts_manifests = true, .checks_body = true,
};
static const struct oci_reg_kind kind_manifest_head = {
	"HEAD", .may_redirect = true, .may_login = true, .accepts_manifests = true,
};
static const struct oci_reg_kind kind_manifest_put = { "PUT", .may_login = true };
static const struct oci_reg_kind kind_blob = { "GET", .may_redirect = true, .may_login = true, .is_blob = true };
static const struct oci_reg_kind kind_ping = { "GET", .may_login = true };
static const struct oci_reg_kind kind_list = { "GET", .may_redirect = true, .may_login = true };

static bool add_header(struct curl_slist **list, const char *text)
{
	struct curl_slist *l = curl_slist_append(*list, text);

	if (l)
		*list = l;
	return l != NULL;
}

static int set_headers(struct oci_reg_op *op, struct err *e)
{
	struct curl_slist *list = NULL;
	char field[OCI_MT_MAX + 32];
	bool ok = add_header(&list, "User-Agent: berth/" PACKAGE_VERSION);

	if (op->kind->accepts_manifests)
		ok = ok && add_header(&list, ACCEPT_MANIFEST);
	if (ok && op->content_type) {
		snprintf(field, sizeof field, "Content-Type: %s", op->content_type);
		/* no waiting for a "100 Continue": what is wrong is told at once either way */
		ok = add_header(&list, field) && add_header(&list, "Expect:");
	}
	if (ok && op->content_range[0]) {
		snprintf(field, sizeof field, "Content-Range: %s", op->content_range);
		ok = add_header(&list, field);
	}
	if (op->kind->is_blob && op->at) {
		snprintf(field, sizeof field, "Range: bytes=%llu-", (unsigned long long)op->at);
		ok = ok && add_header(&list, field);
	}
	if (ok && (op->at_home || !op->kind->may_login)) {
		AUTO_FREE char *auth = NULL;
		int rc = oci_reg_authorization(op, &auth, e);

		if (rc < 0) {
			curl_slist_free_all(list);
			return rc;
		}
		if (auth) {
			ok = add_header(&list, auth);
			explicit_bzero(auth, strlen(auth));
		}
	}
	if (!ok) {
		curl_slist_free_all(list);
		return err_set(e, -ENOMEM, "out of memory");
	}
	op->http.headers = list;
	return 0;
}

/* Sends the request that op stands for now. */
int oci_reg_op_send(struct oci_reg_op *op, struct err *e)
{
	struct oci_reg *reg = op->reg;
	struct http_req *r = &op->http;
	AUTO_FREE char *url = NULL;
	struct oci_origin origin;
	int64_t left_ms = (op->until_ns - clock_mono_ns()) / 1000000;

	if (asprintf(&url, "%s%s", op->url ? op->url : reg->home, op->url ? "" : op->path) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = oci_origin_parse(url, &origin, e);
	if (rc < 0)
		return rc;
	op->at_home = op->kind->may_login && oci_origin_eq(&origin, &reg->origin);
	snprintf(op->peer, sizeof op->peer, "%s", origin.host);
	if (op->at_home) {
		rc = oci_reg_refresh(op, e);
		if (rc)
			return MIN(rc, 0);
	}
	rc = set_headers(op, e);
	if (rc < 0)
		return rc;
	free(op->address);
	op->address = TAKE(url);
	r->method = op->form ? "POST" : op->kind->method;
	r->url = op->address;
	r->body = op->form ? (struct http_body){ .p = op->form, .len = strlen(op->form) } : op->send;
	r->ca_file = reg->ca_file;
	bool own_host = strcmp(origin.host, reg->origin.host) == 0;

	r->ca_pem = own_host && !reg->ca_file ? reg->ca_pem : NULL;
	r->cert_file = own_host ? reg->cert_file : NULL;
	r->key_file = own_host ? reg->key_file : NULL;
	r->insecure = reg->insecure;
	r->no_proxy = oci_host_is_loopback(origin.host);
	r->limits = reg->limits;
	r->limits.total_ms = left_ms > 1 ? (uint64_t)left_ms : 1;
	r->max_body = OCI_MANIFEST_MAX;
	r->on_headers = op->kind->is_blob ? blob_headers : NULL;
	r->on_data = op->kind->is_blob ? blob_data : NULL;
	r->done = on_done;
	rc = http_start(&reg->http, r, e);
	if (rc < 0) {
		curl_slist_free_all(TAKE(r->headers));
		return rc;
	}
	if (op->paused)
		http_pause(r, true);
	return 0;
}

/* Takes path over. */
int oci_reg_op_begin(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_reg_kind *kind, char *path,
		     uint64_t total_ms, oci_reg_cb cb, struct err *e)
{
	op->path = path;
	op->reg = reg;
	op->kind = kind;
	op->cb = cb;
	op->until_ns = total_ms ? clock_mono_ns() + (int64_t)total_ms * 1000000 : INT64_MAX;
	if (!path)
		return err_set(e, -ENOMEM, "out of memory");
	if (reg->destroyed)
		return err_set(e, -ECANCELED, "canceled");
	int rc = oci_reg_op_send(op, e);
	if (rc < 0)
		return rc;
	op->active = true;
	list_append(&reg->ops, &op->link);
	return 0;
}

char *oci_reg_fmt(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : s;
}

int oci_reg_op_prepare(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_ref *ref, const char *actions,
		       const char *from, struct err *e)
{
	if (ref->transport != OCI_REGISTRY || strcmp(ref->host, reg->host) != 0)
		return err_set(e, -EINVAL, "the image is not one of %s", reg->host);
	op->scope = from ? oci_reg_fmt("repository:%s:%s repository:%s:pull", ref->repo, actions, from) :
			   oci_reg_fmt("repository:%s:%s", ref->repo, actions);
	return op->scope ? 0 : err_set(e, -ENOMEM, "out of memory");
}

int oci_reg_ping(struct oci_reg_op *op, struct oci_reg *reg, oci_reg_cb cb, struct err *e)
{
	op->scope = strdup("");
	if (!op->scope)
		return err_set(e, -ENOMEM, "out of memory");
	snprintf(op->what, sizeof op->what, "registry at /v2/");
	return oci_reg_op_begin(op, reg, &kind_ping, strdup("/v2/"), reg->limits.total_ms, cb, e);
}

int oci_reg_manifest(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_ref *ref, const char *digest,
		     bool head, oci_reg_cb cb, struct err *e)
{
	const char *name = digest ? digest : ref->digest ? ref->digest : ref->tag;
	int rc = oci_reg_op_prepare(op, reg, ref, "pull", NULL, e);

	if (rc == 0 && oci_digest_valid(name))
		rc = oci_digest_parse(name, &op->want, e);
	if (rc < 0)
		return rc;
	snprintf(op->what, sizeof op->what, "image '%s%c%s'", ref->repo, oci_digest_none(&op->want) ? ':' : '@',
		 name);
	return oci_reg_op_begin(op, reg, head ? &kind_manifest_head : &kind_manifest,
				oci_reg_fmt("/v2/%s/manifests/%s", ref->repo, name), reg->limits.total_ms, cb, e);
}

int oci_reg_manifest_put(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_ref *ref, const char *name,
			 const char *media_type, const void *text, size_t n, oci_reg_cb cb, struct err *e)
{
	int rc = oci_reg_op_prepare(op, reg, ref, "pull,push", NULL, e);

	if (rc < 0)
		return rc;
	snprintf(op->what, sizeof op->what, "repository '%s'", ref->repo);
	op->content_type = media_type;
	op->send = (struct http_body){ .p = text, .fd = -1, .len = n };
	op->want_size = n;
	return oci_reg_op_begin(op, reg, &kind_manifest_put, oci_reg_fmt("/v2/%s/manifests/%s", ref->repo, name),
				reg->limits.total_ms, cb, e);
}

static void on_nothing_to_do(struct loop_defer *d)
{
	oci_reg_op_end(container_of(d, struct oci_reg_op, defer), 0);
}

int oci_reg_blob(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_ref *ref, const struct oci_desc *d,
		 uint64_t from, oci_reg_cb cb, struct err *e)
{
	int rc = oci_reg_op_prepare(op, reg, ref, "pull", NULL, e);

	if (rc < 0)
		return rc;
	if (d->size > BLOB_MAX || from > d->size)
		return err_set(e, -EFBIG, "blob '%s' is too large", d->digest.text);
	op->want_size = d->size;
	op->at = op->at_last_try = from;
	snprintf(op->what, sizeof op->what, "blob '%s'", d->digest.text);
	if (from == d->size && from > 0) {
		op->reg = reg;
		op->cb = cb;
		op->active = true;
		list_append(&reg->ops, &op->link);
		return loop_defer(reg->loop, &op->defer, on_nothing_to_do);
	}
	return oci_reg_op_begin(op, reg, &kind_blob, oci_reg_fmt("/v2/%s/blobs/%s", ref->repo, d->digest.text),
				reg->limits.total_ms ? BLOB_LEAST_MS + d->size * 1000 / BLOB_LEAST_RATE : 0, cb, e);
}

int oci_reg_tags(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_ref *ref, const char *page,
		 oci_reg_cb cb, struct err *e)
{
	int rc = oci_reg_op_prepare(op, reg, ref, "pull", NULL, e);

	if (rc < 0)
		return rc;
	snprintf(op->what, sizeof op->what, "repository '%s'", ref->repo);
	return oci_reg_op_begin(op, reg, &kind_list,
				page ? strdup(page) : oci_reg_fmt("/v2/%s/tags/list?n=1000", ref->repo),
				reg->limits.total_ms, cb, e);
}

int oci_reg_referrers(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_ref *ref, const char *digest,
		      const char *page, oci_reg_cb cb, struct err *e)
{
	int rc = oci_reg_op_prepare(op, reg, ref, "pull", NULL, e);

	if (rc < 0)
		return rc;
	snprintf(op->what, sizeof op->what, "list of referrers to '%s'", digest);
	return oci_reg_op_begin(op, reg, &kind_list,
				page ? strdup(page) : oci_reg_fmt("/v2/%s/referrers/%s", ref->repo, digest),
				reg->limits.total_ms, cb, e);
}

void oci_referrers_tag(const struct oci_digest *d, char ret[static OCI_DIGEST_MAX])
{
	strcpy(ret, d->text);
	ret[strcspn(ret, ":")] = '-';
	ret[MIN(strlen(ret), (size_t)OCI_TAG_MAX)] = 0; /* of sha512: a tag is shorter */
}

void oci_reg_pause(struct oci_reg_op *op, bool paused)
{
	op->paused = paused;
	http_pause(&op->http, paused);
}

static void on_cancel(struct loop_defer *d)
{
	struct oci_reg_op *op = container_of(d, struct oci_reg_op, defer);

	oci_reg_op_end(op, err_set(&op->err, -ECANCELED, "canceled"));
}

void oci_reg_cancel(struct oci_reg_op *op)
{
	if (!op->active || op->cancelled)
		return;
	op->cancelled = true;
	if (op->http.active)
		http_cancel(&op->http);
	else
		loop_defer(op->reg->loop, &op->defer, on_cancel);
}

void oci_reg_op_finish(struct oci_reg_op *op)
{
	buf_finish(&op->body);
	http_req_finish(&op->http);
	free(op->next);
	free(op->path);
	free(op->url);
	free(op->address);
	free(op->scope);
	if (op->sent_token)
		explicit_bzero(op->sent_token, strlen(op->sent_token));
	free(op->sent_token);
	if (op->form)
		explicit_bzero(op->form, strlen(op->form));
	free(op->form);
	op->next = op->path = op->url = op->address = op->scope = op->sent_token = op->form = NULL;
}

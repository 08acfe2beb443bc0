/* SPDX-License-Identifier: Apache-2.0 */
/* registry-http.c - HTTP exchanges by libcurl, which registry-loop.c drives. */
#include "oci/registry-http.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

#define ERROR_BODY_MAX (64u << 10)
#define BUFFER_SIZE (256L << 10)
#define FIELD_MAX 16384 /* bytes of one header field that we keep */

/* --- a request */

static void answer_finish(struct http_answer *a)
{
	free(a->content_type);
	free(a->location);
	free(a->retry_after);
	free(a->content_range);
	free(a->docker_digest);
	free(a->subject);
	free(a->link);
	free(a->range);
	free(a->authenticate);
	*a = (struct http_answer){ .content_length = -1 };
}

void http_req_finish(struct http_req *r)
{
	answer_finish(&r->answer);
	buf_finish(&r->buf);
}

static size_t fail(struct http_req *r, int rc)
{
	if (r->rc == 0)
		r->rc = rc;
	return 0; /* to libcurl: fewer bytes than it gave end the transfer */
}

/* Keeps the field; a second one of the same name is joined to the first if many, else dropped. */
static int keep(char **to, const char *value, size_t n, bool many)
{
	AUTO_BUF struct buf b = { 0 };

	if (n > FIELD_MAX || (*to && !many) || (*to && strlen(*to) + n > FIELD_MAX))
		return 0;
	if ((*to && (buf_adds(&b, *to) < 0 || buf_adds(&b, ", ") < 0)) || buf_add(&b, value, n) < 0)
		return -ENOMEM;
	free(*to);
	*to = buf_steal(&b);
	return *to ? 0 : -ENOMEM;
}

static int on_field(struct http_req *r, const char *p, size_t n)
{
	struct http_answer *a = &r->answer;
	const struct {
		const char *name;
		char **to;
		bool many;
	} fields[] = {
		{ "content-type", &a->content_type, false },
		{ "location", &a->location, false },
		{ "retry-after", &a->retry_after, false },
		{ "content-range", &a->content_range, false },
		{ "docker-content-digest", &a->docker_digest, false },
		{ "oci-subject", &a->subject, false },
		{ "link", &a->link, true },
		{ "range", &a->range, false },
		{ "www-authenticate", &a->authenticate, true },
	};
	const char *colon = memchr(p, ':', n);

	if (!colon || memchr(p, 0, n))
		return 0;

	const char *v = colon + 1, *end = p + n;

	while (v < end && (*v == ' ' || *v == '\t'))
		v++;
	while (end > v && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ' || end[-1] == '\t'))
		end--;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strlen(fields[i].name) == (size_t)(colon - p) &&
		    strncasecmp(fields[i].name, p, (size_t)(colon - p)) == 0)
			return keep(fields[i].to, v, (size_t)(end - v), fields[i].many);
	return 0;
}

static void on_stalled(struct http_deadline *d);

static void restart_stall(struct http_req *r)
{
	if (r->limits.stall_ms && !r->paused)
		http_after(r->http, &r->stall_deadline, r->limits.stall_ms, on_stalled);
}

/* The headers are complete: of an answer in between (100, a proxy's), or of the one. */
static size_t on_headers_end(struct http_req *r)
{
	curl_off_t length = -1;
	long status = 0;

	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return 1;
	r->answer.status = status;
	curl_easy_getinfo(r->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	r->answer.content_length = length;
	http_after_cancel(&r->header_deadline);
	restart_stall(r);
	if (status < 300 && r->on_headers && !r->told_headers) {
		r->told_headers = true;
		int rc = r->on_headers(r, &r->err);
		if (rc < 0)
			return fail(r, rc);
	}
	return 1;
}

static size_t on_header(char *p, size_t size, size_t n, void *data)
{
	struct http_req *r = data;

	r->header_bytes += n;
	if (r->header_bytes > HTTP_HEADERS_MAX)
		return fail(r, err_set(&r->err, -EPROTO, "the answer's headers are larger than %u KiB",
				       HTTP_HEADERS_MAX >> 10));
	if (n > 5 && memcmp(p, "HTTP/", 5) == 0) { /* a new answer: what one before it said is void */
		answer_finish(&r->answer);
		return n;
	}
	if (n <= 2 && (p[0] == '\r' || p[0] == '\n'))
		return on_headers_end(r) ? n : 0;
	if (on_field(r, p, n) < 0)
		return fail(r, err_set(&r->err, -ENOMEM, "out of memory"));
	return n;
}

static size_t on_body(char *p, size_t size, size_t n, void *data)
{
	struct http_req *r = data;
	bool ok = r->answer.status >= 200 && r->answer.status < 300;
	int rc = 0;

	if (r->paused && ok)
		return CURL_WRITEFUNC_PAUSE;
	restart_stall(r);
	if (ok && r->on_data) {
		rc = r->on_data(r, p, n, &r->err);
	} else if (ok) {
		rc = r->buf.len + n > r->max_body ?
			     err_set(&r->err, -EFBIG, "the answer is larger than %zu bytes", r->max_body) :
			     buf_add(&r->buf, p, n);
	} else if (r->buf.len < ERROR_BODY_MAX) {
		rc = buf_add(&r->buf, p, MIN(n, ERROR_BODY_MAX - r->buf.len));
	}
	if (rc < 0) {
		if (!r->err.text[0])
			err_set(&r->err, rc, "%s", err_str(rc));
		return fail(r, rc) + (n == 0);
	}
	return n;
}

/* --- what is sent */

static void on_header_late(struct http_deadline *d);
static void on_not_taken(struct http_deadline *d);

static size_t give_body(char *to, size_t size, size_t n, void *data)
{
	struct http_req *r = data;
	const struct http_body *b = &r->body;
	uint64_t left = b->len - r->sent;
	ssize_t got = (ssize_t)MIN((uint64_t)(size * n), left);

	if (got && b->p)
		memcpy(to, (const char *)b->p + r->sent, (size_t)got);
	else if (got)
		got = pread(b->fd, to, (size_t)got, (off_t)(b->at + r->sent));
	if (got < 0 || (got == 0 && left)) {
		fail(r, err_sys(&r->err, got < 0 ? -errno : -EIO, "cannot read what is to be sent"));
		return CURL_READFUNC_ABORT;
	}
	r->sent += (uint64_t)got;
	if (r->sent < b->len) {
		http_after_cancel(&r->header_deadline);
		if (r->limits.stall_ms)
			http_after(r->http, &r->stall_deadline, r->limits.stall_ms, on_not_taken);
	} else {
		http_after_cancel(&r->stall_deadline);
		if (r->limits.header_ms && !r->answer.status)
			http_after(r->http, &r->header_deadline, r->limits.header_ms, on_header_late);
	}
	if (got && r->on_sent)
		r->on_sent(r);
	return (size_t)got;
}

/* A kept connection was closed while it was used: libcurl would send all anew on another one. But what was sent may
 * have arrived: who sent it must ask first. */
static int seek_body(void *data, curl_off_t to, int origin)
{
	struct http_req *r = data;

	return origin == SEEK_SET && (uint64_t)to == r->sent ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

/* Takes it away from libcurl, which must allow it at this place. */
static void detach(struct http_req *r)
{
	http_after_cancel(&r->header_deadline);
	http_after_cancel(&r->stall_deadline);
	http_after_cancel(&r->total_deadline);
	loop_defer_cancel(&r->cancel_defer);
	curl_multi_remove_handle(r->http->multi, r->easy);
	curl_easy_cleanup(r->easy);
	r->easy = NULL;
	r->active = false;
	list_remove(&r->link);
}

static void tell(struct http_req *r)
{
	struct err e = r->err;
	r->done(r, r->rc, &e); /* may free r */
}

static void end(struct http_req *r)
{
	detach(r);
	tell(r);
}

void http_requests_lost(struct http *h)
{
	struct list all;

	list_init(&all);
	list_each(struct http_req, r, &h->requests, link) {
		detach(r);
		list_append(&all, &r->link);
	}
	list_each(struct http_req, r, &all, link) { /* libcurl is without a transfer now: a new one may begin */
		list_remove(&r->link);
		if (r->rc == 0)
			r->rc = err_set(&r->err, -ENOMEM, "out of memory");
		tell(r);
	}
}

/* An address needs no resolver: where it is not "resolved", libcurl had no memory. */
static bool to_address(CURL *easy)
{
	char text[INET6_ADDRSTRLEN], *url = NULL;
	const char *host;
	struct in_addr a;

	if (curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url) != CURLE_OK || !url || !(host = strstr(url, "://")))
		return false;
	host += 3;
	if (*host == '[')
		return true;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(host, ":/"), host);
	return inet_pton(AF_INET, text, &a) == 1;
}

static int code_error(struct http_req *r, CURLcode code)
{
	const char *why = r->curl_error[0] ? r->curl_error : curl_easy_strerror(code);
	struct err *e = &r->err;

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		if (to_address(r->easy))
			return err_set(e, -ENOMEM, "out of memory");
		/* fall through */
	case CURLE_COULDNT_RESOLVE_PROXY:
		r->unreached = true;
		return err_set(e, -EHOSTUNREACH, "%s", why);
	case CURLE_COULDNT_CONNECT:
		r->unreached = true;
		return err_set(e, -ECONNREFUSED, "%s", why);
	case CURLE_OPERATION_TIMEDOUT:
		r->unreached = r->answer.status == 0;
		r->cut = true;
		return err_set(e, -ETIMEDOUT, "no connection in time");
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
		return err_set(e, -EPROTO, "TLS: %s", why);
	case CURLE_SSL_CONNECT_ERROR:
		r->tls_mismatch = true;
		return err_set(e, -EPROTO, "TLS: %s", why);
	case CURLE_UNSUPPORTED_PROTOCOL: /* bytes that are no HTTP: "HTTP/0.9 when not allowed" */
	case CURLE_WEIRD_SERVER_REPLY:
		r->tls_mismatch = true;
		return err_set(e, -EPROTO, "%s", why);
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
		if (strstr(why, " alert ")) /* the other side refused us, as TLS 1.3 tells after the handshake */
			return err_set(e, -EPROTO, "TLS: %s", why);
		r->tls_mismatch = r->answer.status == 0;
		r->cut = true;
		return err_set(e, -EPIPE, "the connection was cut: %s", why);
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		r->cut = true;
		return err_set(e, -EPIPE, "the connection was cut: %s", why);
	case CURLE_OUT_OF_MEMORY:
		return err_set(e, -ENOMEM, "out of memory");
	default:
		return err_set(e, -EPROTO, "%s", why);
	}
}

void http_request_ended(struct http_req *r, CURLcode code)
{
	if (r->rc == 0 && code != CURLE_OK)
		r->rc = code_error(r, code);
	end(r);
}

/* A limit ran out. Deadlines come from our own timer, never from within libcurl. */
static void time_out(struct http_req *r, const char *what, uint64_t ms)
{
	r->cut = true;
	r->rc = err_set(&r->err, -ETIMEDOUT, "%s within %g s", what, (double)ms / 1000);
	end(r);
}

static void on_header_late(struct http_deadline *d)
{
	struct http_req *r = container_of(d, struct http_req, header_deadline);

	time_out(r, "no answer", r->limits.header_ms);
}

static void on_stalled(struct http_deadline *d)
{
	struct http_req *r = container_of(d, struct http_req, stall_deadline);

	time_out(r, "no data", r->limits.stall_ms);
}

static void on_not_taken(struct http_deadline *d)
{
	struct http_req *r = container_of(d, struct http_req, stall_deadline);

	time_out(r, "nothing taken", r->limits.stall_ms);
}

static void on_total_late(struct http_deadline *d)
{
	struct http_req *r = container_of(d, struct http_req, total_deadline);

	time_out(r, "not finished", r->limits.total_ms);
}

static void on_cancel(struct loop_defer *d)
{
	struct http_req *r = container_of(d, struct http_req, cancel_defer);

	r->rc = err_set(&r->err, -ECANCELED, "canceled");
	end(r);
}

void http_cancel(struct http_req *r)
{
	if (r->active)
		loop_defer(r->http->loop, &r->cancel_defer, on_cancel);
}

void http_pause(struct http_req *r, bool paused)
{
	if (!r->active || r->paused == paused)
		return;
	r->paused = paused;
	if (paused) {
		http_after_cancel(&r->stall_deadline);
		return;
	}
	if (r->answer.status)
		restart_stall(r);
	curl_easy_pause(r->easy, CURLPAUSE_CONT);
}

#define SET(option, value) \
	(code = code != CURLE_OK ? code : curl_easy_setopt(r->easy, CURLOPT_##option, value))

static CURLcode set_options(struct http_req *r)
{
	CURLcode code = CURLE_OK;
	long limit = r->limits.connect_ms ? (long)r->limits.connect_ms : 300000;

	SET(URL, r->url);
	SET(PROTOCOLS_STR, "http,https");
	SET(PRIVATE, r);
	SET(ERRORBUFFER, r->curl_error);
	SET(NOSIGNAL, 1L);
	SET(FOLLOWLOCATION, 0L);
	SET(NETRC, (long)CURL_NETRC_IGNORED);
	SET(HTTPHEADER, r->headers);
	SET(CONNECTTIMEOUT_MS, limit);
	curl_easy_setopt(r->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS); /* where it can */
	SET(PIPEWAIT, 1L);
	SET(TCP_KEEPALIVE, 1L);
	SET(BUFFERSIZE, BUFFER_SIZE);
	SET(HEADERFUNCTION, on_header);
	SET(HEADERDATA, r);
	SET(WRITEFUNCTION, on_body);
	SET(WRITEDATA, r);
	/* proxies' own answers to CONNECT are no answers */
	SET(SUPPRESS_CONNECT_HEADERS, 1L);
	if (r->no_proxy)
		SET(NOPROXY, "*");
	if (r->ca_file)
		SET(CAINFO, r->ca_file);
	if (r->ca_pem) {
		struct curl_blob pem = { (void *)r->ca_pem, strlen(r->ca_pem), CURL_BLOB_COPY };

		SET(CAINFO_BLOB, &pem);
	}
	if (r->cert_file) {
		SET(SSLCERT, r->cert_file);
		SET(SSLKEY, r->key_file);
	}
	if (r->insecure) {
		SET(SSL_VERIFYPEER, 0L);
		SET(SSL_VERIFYHOST, 0L);
	}
	if (strcmp(r->method, "HEAD") == 0) {
		SET(NOBODY, 1L);
	} else if (strcmp(r->method, "POST") == 0) {
		SET(POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
		SET(POSTFIELDS, r->body.p ? r->body.p : "");
	} else if (strcmp(r->method, "GET") != 0) {
		SET(UPLOAD, 1L);
		SET(CUSTOMREQUEST, r->method);
		SET(INFILESIZE_LARGE, (curl_off_t)r->body.len);
		SET(READFUNCTION, give_body);
		SET(READDATA, r);
		SET(SEEKFUNCTION, seek_body);
		SET(SEEKDATA, r);
		SET(UPLOAD_BUFFERSIZE, 2 * BUFFER_SIZE);
	}
	return code;
}

#undef SET

int http_start(struct http *h, struct http_req *r, struct err *e)
{
	CURLMcode added = CURLM_OK;
	CURLcode code;

	answer_finish(&r->answer);
	buf_clear(&r->buf);
	r->http = h;
	r->err = (struct err){ 0 };
	r->rc = 0;
	r->header_bytes = 0;
	r->sent = 0;
	r->cut = r->unreached = r->tls_mismatch = r->told_headers = r->paused = false;
	r->curl_error[0] = 0;
	r->easy = curl_easy_init();
	if (!r->easy)
		return err_set(e, -ENOMEM, "out of memory");
	code = set_options(r);
	if (code == CURLE_OK)
		added = curl_multi_add_handle(h->multi, r->easy);
	if (code != CURLE_OK || added != CURLM_OK) {
		curl_easy_cleanup(r->easy);
		r->easy = NULL;
		if (code == CURLE_OUT_OF_MEMORY || added == CURLM_OUT_OF_MEMORY)
			return err_set(e, -ENOMEM, "out of memory");
		return err_set(e, -EINVAL, "cannot ask '%.200s': %s", r->url,
			       code != CURLE_OK ? curl_easy_strerror(code) : curl_multi_strerror(added));
	}
	r->active = true;
	list_append(&h->requests, &r->link);
	if (r->limits.header_ms)
		http_after(h, &r->header_deadline, r->limits.header_ms, on_header_late);
	if (r->limits.total_ms)
		http_after(h, &r->total_deadline, r->limits.total_ms, on_total_late);
	return 0;
}

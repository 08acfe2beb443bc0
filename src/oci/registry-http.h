/* SPDX-License-Identifier: Apache-2.0 */
/* registry-http.h - one HTTP exchange on the loop: a request, its answer, its limits. No redirect is followed,
 * nothing is tried twice, nobody is logged in: registry.c does that. libcurl's multi interface does the rest
 * (HTTP/2, TLS, proxies from the environment, kept connections). */
#ifndef BERTH_OCI_REGISTRY_HTTP_H
#define BERTH_OCI_REGISTRY_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"
#include "oci/registry-loop.h"

#define HTTP_HEADERS_MAX (128u << 10) /* bytes of an answer's headers */

/* Milliseconds; 0: no limit. */
struct http_limits {
	uint64_t connect_ms; /* until the connection stands, TLS included */
	uint64_t header_ms;  /* from start, or when all was sent, until the answer's headers are there */
	uint64_t stall_ms;   /* without a byte of the body while we want some, or while we have some to send */
	uint64_t total_ms;   /* the whole exchange */
};

/* What came back, filled as it comes. Strings are owned, NULL if not given. */
struct http_answer {
	long status; /* 0: none yet */
	char *content_type, *location, *retry_after, *content_range, *docker_digest, *link, *range, *subject;
	char *authenticate;     /* all WWW-Authenticate fields, joined by ", " */
	int64_t content_length; /* -1: not told */
	char peer_error[240];   /* libcurl's words */
};

/* What is sent: len bytes at p or, if that is NULL, of the file fd from `at` on, which others may read too. */
struct http_body {
	const void *p;
	int fd;
	uint64_t at, len;
};

struct http_req {
	/* Of the caller, before start. */
	const char *method;         /* "GET", "HEAD", "POST", "PUT", "PATCH" */
	const char *url;            /* copied */
	struct curl_slist *headers; /* stays the caller's, until done */
	struct http_body body;      /* of POST, PUT and PATCH; stays the caller's, until done */
	const char *ca_file;        /* NULL: the system's */
	const char *ca_pem;         /* the same as a text; copied */
	const char *cert_file, *key_file; /* ours; NULL: none */
	bool insecure;              /* TLS without verification */
	bool no_proxy;
	struct http_limits limits;
	size_t max_body;            /* of body below */
	/* NULL, or called when the headers of a 2xx answer are there. An error ends the request. */
	int (*on_headers)(struct http_req *r, struct err *e);
	/* NULL: the body goes to buf. Otherwise bodies of 2xx answers go here; < 0 ends the request. */
	int (*on_data)(struct http_req *r, const void *p, size_t n, struct err *e);
	void (*on_sent)(struct http_req *r); /* more of the body was sent; may be NULL */
	void (*done)(struct http_req *r, int rc, const struct err *e);

	uint64_t sent; /* of the body */
	struct http_answer answer;
	struct buf buf; /* the body; of an error's at most 64 KiB, the rest is dropped */
	bool cut;       /* the connection broke while the answer came, or before: another try may help */
	bool unreached; /* it never stood */
	bool tls_mismatch; /* the other side does not speak what the URL says */

	/* used inside */
	struct list link;
	struct http *http;
	CURL *easy;
	struct http_deadline header_deadline, stall_deadline, total_deadline;
	struct loop_defer cancel_defer;
	size_t header_bytes;
	bool active, paused, told_headers;
	int rc;
	struct err err;
	char curl_error[CURL_ERROR_SIZE];
};

/* Contract of base/loop.h; after done the answer and buf stay until http_req_finish or the next start.
 * Errors: -ECONNREFUSED, -EHOSTUNREACH, -ETIMEDOUT, -EPIPE (cut), -EPROTO (TLS, HTTP), -EFBIG. */
int http_start(struct http *h, struct http_req *r, struct err *e);
void http_cancel(struct http_req *r);
/* While paused no data comes (some that is underway may, once). Any time between start and done. */
void http_pause(struct http_req *r, bool paused);
void http_req_finish(struct http_req *r);

#endif

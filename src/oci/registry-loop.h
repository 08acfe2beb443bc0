/* SPDX-License-Identifier: Apache-2.0 */
/* registry-loop.h - an HTTP client's place on a libuv loop: libcurl's sockets and timer, and calls at a time to come. */
#ifndef BERTH_OCI_REGISTRY_LOOP_H
#define BERTH_OCI_REGISTRY_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>
#include <uv.h>

#include "base/err.h"
#include "base/list.h"

struct http_req;

/* A call at a time to come. Zeroed memory is an idle one. */
struct http_deadline {
	struct list link;
	int64_t at_ns; /* monotonic; 0: idle */
	void (*fn)(struct http_deadline *d);
};

/* The client: connections, shared by its requests. */
struct http {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t curl_timer, timer; /* libcurl's, ours */
	struct list deadlines;
	struct list sockets;
	struct list requests;        /* active ones, of registry-http.c */
	struct http_deadline broken; /* libcurl has given up */
	unsigned open; /* handles that are not closed yet */
	bool closing;
	void (*closed)(struct http *h);
};

int http_init(struct http *h, uv_loop_t *loop, struct err *e);
/* No request may be active. closed (may be NULL) is called on the loop once h may go. */
void http_close(struct http *h, void (*closed)(struct http *h));

void http_after(struct http *h, struct http_deadline *d, uint64_t ms, void (*fn)(struct http_deadline *d));
void http_after_cancel(struct http_deadline *d);

/* What is told to registry-http.c, each from a place where libcurl allows all: a transfer has ended; no transfer
 * will come to an end any more. */
void http_request_ended(struct http_req *r, CURLcode code);
void http_requests_lost(struct http *h);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* h2.h - HTTP/2 frames by hand: a peer that does what no library would. */
#ifndef BERTH_TESTS_RPC_H2_H
#define BERTH_TESTS_RPC_H2_H

#include <stdbool.h>
#include <stdint.h>

#include <nghttp2/nghttp2.h>

#include "base/buf.h"

#define H2_STREAMS 4096 /* ids that are remembered */

struct h2 {
	struct buf out; /* what the peer is to be sent */
	nghttp2_hd_deflater *def;
	nghttp2_hd_inflater *inf;
	/* What the other side said. */
	struct buf in;
	size_t skip; /* bytes of a client's preface to come */
	unsigned frames[16]; /* by type */
	uint32_t goaway; /* error code; UINT32_MAX: none came */
	struct {
		int http, status; /* -1: none came */
		uint32_t rst; /* UINT32_MAX: none came */
		bool end;
		char words[160];
	} streams[H2_STREAMS];
};

struct h2 *h2_create(void);
void h2_free(struct h2 *h);
/* Frames to be sent. */
void h2_frame(struct h2 *h, uint8_t type, uint8_t flags, int32_t id, const void *p, size_t n);
/* Preface (client only) and empty settings. */
void h2_hello(struct h2 *h, bool client);
/* fields: name, value, …, NULL. flags: NGHTTP2_FLAG_…; END_HEADERS is the caller's. */
void h2_headers(struct h2 *h, uint8_t flags, int32_t id, const char *const *fields);
/* A request for a method: its headers, with fields (may be NULL) added. */
void h2_request(struct h2 *h, uint8_t flags, int32_t id, const char *path, const char *const *fields);
void h2_u32(struct h2 *h, uint8_t type, int32_t id, uint32_t v);
/* Reads what the other side sent, in any pieces. */
void h2_read(struct h2 *h, const uint8_t *p, size_t n);

#endif

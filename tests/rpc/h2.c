/* SPDX-License-Identifier: Apache-2.0 */
/* h2.c - see h2.h. RFC 9113, 4.1: a frame is u24 length, u8 type, u8 flags, u32 stream id, payload. */
#include "tests/rpc/h2.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "rpc/status.h"

struct h2 *h2_create(void)
{
	struct h2 *h = calloc(1, sizeof(*h));

	nghttp2_hd_deflate_new(&h->def, 4096);
	nghttp2_hd_inflate_new(&h->inf);
	h->goaway = UINT32_MAX;
	for (size_t i = 0; i < H2_STREAMS; i++) {
		h->streams[i].http = h->streams[i].status = -1;
		h->streams[i].rst = UINT32_MAX;
	}
	return h;
}

void h2_free(struct h2 *h)
{
	nghttp2_hd_deflate_del(h->def);
	nghttp2_hd_inflate_del(h->inf);
	buf_finish(&h->out);
	buf_finish(&h->in);
	free(h);
}

void h2_frame(struct h2 *h, uint8_t type, uint8_t flags, int32_t id, const void *p, size_t n)
{
	const uint8_t head[9] = {
		(uint8_t)(n >> 16),  (uint8_t)(n >> 8),   (uint8_t)n,         type,       flags,
		(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id
	};

	buf_add(&h->out, head, sizeof(head));
	buf_add(&h->out, p, n);
}

void h2_hello(struct h2 *h, bool client)
{
	if (client)
		buf_adds(&h->out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	h2_frame(h, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
}

static size_t add(nghttp2_nv *v, size_t n, const char *const *fields)
{
	for (; fields && *fields; fields += 2)
		v[n++] = (nghttp2_nv){ (uint8_t *)fields[0], (uint8_t *)fields[1], strlen(fields[0]),
				       strlen(fields[1]), 0 };
	return n;
}

static void deflate(struct h2 *h, uint8_t flags, int32_t id, nghttp2_nv *v, size_t n)
{
	uint8_t p[16384];
	ssize_t len = nghttp2_hd_deflate_hd(h->def, p, sizeof(p), v, n);

	assert(len >= 0);
	h2_frame(h, NGHTTP2_HEADERS, flags, id, p, (size_t)len);
}

void h2_headers(struct h2 *h, uint8_t flags, int32_t id, const char *const *fields)
{
	nghttp2_nv v[64];

	deflate(h, flags, id, v, add(v, 0, fields));
}

void h2_request(struct h2 *h, uint8_t flags, int32_t id, const char *path, const char *const *fields)
{
	const char *const usual[] = { ":method", "POST",     ":scheme",      "http",
				      ":path",   path,       ":authority",   "localhost",
				      "te",      "trailers", "content-type", "application/grpc",
				      NULL };
	nghttp2_nv v[64];

	deflate(h, flags, id, v, add(v, add(v, 0, usual), fields));
}

void h2_u32(struct h2 *h, uint8_t type, int32_t id, uint32_t v)
{
	const uint8_t p[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	h2_frame(h, type, 0, id, p, 4);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void read_headers(struct h2 *h, uint32_t id, const uint8_t *p, size_t n)
{
	for (;;) {
		int flags = 0;
		nghttp2_nv v;
		ssize_t used = nghttp2_hd_inflate_hd2(h->inf, &v, &flags, p, n, 1);

		assert(used >= 0);
		p += used;
		n -= (size_t)used;
		if (flags & NGHTTP2_HD_INFLATE_EMIT && id < H2_STREAMS) {
			if (v.namelen == 7 && !memcmp(v.name, ":status", 7))
				h->streams[id].http = atoi((const char *)v.value);
			if (v.namelen == 11 && !memcmp(v.name, "grpc-status", 11))
				h->streams[id].status = atoi((const char *)v.value);
			if (v.namelen == 12 && !memcmp(v.name, "grpc-message", 12))
				snprintf(h->streams[id].words, sizeof(h->streams[id].words), "%s",
					 (const char *)v.value);
		}
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			break;
	}
	nghttp2_hd_inflate_end_headers(h->inf);
}

static void read_frame(struct h2 *h, const uint8_t *p, size_t n)
{
	uint8_t type = p[3], flags = p[4];
	uint32_t id = be32(p + 5);

	h->frames[type & 15]++;
	p += 9;
	if (type == NGHTTP2_HEADERS)
		read_headers(h, id, p, n);
	else if (type == NGHTTP2_GOAWAY)
		h->goaway = be32(p + 4);
	else if (type == NGHTTP2_RST_STREAM && id < H2_STREAMS)
		h->streams[id].rst = be32(p);
	if ((type == NGHTTP2_HEADERS || type == NGHTTP2_DATA) && flags & NGHTTP2_FLAG_END_STREAM &&
	    id < H2_STREAMS)
		h->streams[id].end = true;
}

void h2_read(struct h2 *h, const uint8_t *p, size_t n)
{
	size_t pos = MIN(h->skip, n);

	h->skip -= pos;
	p += pos;
	n -= pos;
	pos = 0;
	buf_add(&h->in, p, n);
	while (h->in.len - pos >= 9) {
		const uint8_t *f = h->in.p + pos;
		size_t len = (size_t)f[0] << 16 | (size_t)f[1] << 8 | f[2];

		if (h->in.len - pos < 9 + len)
			break;
		read_frame(h, f, len);
		pos += 9 + len;
	}
	buf_consume(&h->in, pos);
}

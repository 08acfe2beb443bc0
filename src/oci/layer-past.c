/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/layer-past.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

#define KEPT_MAX (4u << 20) /* of headers; libarchive takes 1 MiB for each */
#define BLOCK 512u
#define HEADERS_MAX 16

void layer_past_finish(struct layer_past *p)
{
	buf_finish(&p->kept);
}

void layer_past_begin(struct layer_past *p, uint64_t from)
{
	uint64_t first = p->at - p->kept.len;

	p->from = from;
	p->on = true;
	buf_consume(&p->kept, from > first ? from - first : 0);
}

void layer_past_end(struct layer_past *p)
{
	p->on = false;
}

int layer_past_keep(struct layer_past *p)
{
	size_t skip = p->from > p->at ? (size_t)MIN(p->from - p->at, p->len) : 0;

	if (!p->on || p->kept.len + (p->len - skip) > KEPT_MAX) {
		buf_clear(&p->kept);
		return 0;
	}
	return p->len > skip ? buf_add(&p->kept, p->chunk + skip, p->len - skip) : 0;
}

void layer_past_chunk(struct layer_past *p, const void *chunk, size_t len)
{
	p->at += p->len;
	p->chunk = chunk;
	p->len = len;
}

/* n bytes of the stream from the offset at on. */
static int get(const struct layer_past *p, uint64_t at, size_t n, uint8_t *ret)
{
	uint64_t first = p->at - p->kept.len;

	if (at < first || at > p->at + p->len || n > p->at + p->len - at)
		return -ENODATA;
	if (at < p->at) {
		size_t k = (size_t)MIN(n, p->at - at);

		memcpy(ret, p->kept.p + (at - first), k);
		ret += k;
		n -= k;
		at += k;
	}
	if (n)
		memcpy(ret, p->chunk + (at - p->at), n);
	return 0;
}

/* Headers that stand before an entry's own say their size in octal digits. */
static uint64_t size_of(const uint8_t *h)
{
	uint64_t n = 0;

	for (int i = 124; i < 136; i++)
		if (h[i] >= '0' && h[i] <= '7')
			n = n * 8 + (h[i] - '0');
	return n;
}

/* The last record of that key decides: *minus stays if there is none. Its length stands before each: "20 mtime=-0.5\n". */
static void read_records(const char *p, size_t len, const char *key, bool *minus)
{
	size_t klen = strlen(key);

	while (len) {
		size_t n = 0, i = 0;

		for (; i < len && p[i] >= '0' && p[i] <= '9' && n <= KEPT_MAX; i++)
			n = n * 10 + (size_t)(p[i] - '0');
		if (i++ >= len || n < i || n > len)
			return;
		if (n - i > klen + 1 && !memcmp(p + i, key, klen) && p[i + klen] == '=')
			*minus = p[i + klen + 1] == '-';
		p += n;
		len -= n;
	}
}

static int minus(const struct layer_past *p, uint64_t at, const char *key, bool *ret)
{
	uint8_t h[BLOCK];

	for (int i = 0; i < HEADERS_MAX; i++) {
		int rc = get(p, at, BLOCK, h);

		if (rc < 0)
			return rc;
		if (!h[156] || !strchr("xXgLKV", h[156]))
			return 0;
		uint64_t size = size_of(h);
		if (size > KEPT_MAX)
			return -ENODATA;
		if (h[156] == 'x' || h[156] == 'X') {
			AUTO_FREE char *text = malloc(size + 1);

			rc = text ? get(p, at + BLOCK, size, (uint8_t *)text) : -ENOMEM;
			if (rc < 0)
				return rc;
			read_records(text, size, key, ret);
		}
		at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
	}
	return -ENODATA;
}

int layer_past_minus(const struct layer_past *p, uint64_t at, const char *key, struct err *e)
{
	bool yes = false;
	int rc = minus(p, at, key, &yes);

	if (rc == -ENODATA)
		return err_set(e, -EBADMSG, "its headers are too long to tell whether its %s is before 1970", key);
	return rc < 0 ? err_set(e, rc, "out of memory") : yes;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/tar.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 512

static void pad(struct buf *b)
{
	static const char zeros[BLOCK];

	buf_add(b, zeros, (BLOCK - b->len % BLOCK) % BLOCK);
}

static void octal(char *field, size_t width, unsigned long long v)
{
	field[--width] = 0;
	for (; width; v /= 8)
		field[--width] = (char)('0' + v % 8);
}

void tar_add(struct buf *b, const struct tar_entry *t)
{
	char h[BLOCK] = { 0 }, type = t->type ? t->type : '0';
	size_t len = t->data ? (t->len ? t->len : strlen(t->data)) : 0;
	unsigned mode = t->mode ? t->mode : type == '5' ? 0755 : type == '2' ? 0777 : 0644, sum = 0;

	strncpy(h, t->name, 100);
	octal(h + 100, 8, mode);
	octal(h + 108, 8, t->uid);
	octal(h + 116, 8, t->gid);
	octal(h + 124, 12, t->size ? t->size : len);
	octal(h + 136, 12, (unsigned long long)t->mtime);
	h[156] = type;
	if (t->link)
		strncpy(h + 157, t->link, 100);
	memcpy(h + 257, "ustar\00000", 8);
	octal(h + 329, 8, t->major);
	octal(h + 337, 8, t->minor);
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	octal(h + 148, 7, sum);
	buf_add(b, h, BLOCK);
	if (len)
		buf_add(b, t->data, len);
	pad(b);
}

static void record(struct buf *b, const char *key, const void *value, size_t len)
{
	size_t n = strlen(key) + len + 3, total = n + 1;
	char digits[24];

	while (n + (size_t)snprintf(digits, sizeof(digits), "%zu", total) != total)
		total = n + strlen(digits);
	buf_addf(b, "%s %s=", digits, key);
	buf_add(b, value, len);
	buf_addc(b, '\n');
}

static void pax(struct buf *b, const struct buf *body)
{
	tar_add(b, &(struct tar_entry){ .name = "PaxHeaders/x",
					.type = 'x',
					.data = (const char *)body->p,
					.len = body->len });
}

void tar_pax(struct buf *b, const char *const *records)
{
	struct buf body = { 0 };

	for (; *records; records++) {
		const char *eq = strchr(*records, '=');
		char key[256];

		snprintf(key, sizeof(key), "%.*s", (int)(eq - *records), *records);
		record(&body, key, eq + 1, strlen(eq + 1));
	}
	pax(b, &body);
	buf_finish(&body);
}

void tar_pax_bytes(struct buf *b, const char *key, const void *value, size_t len)
{
	struct buf body = { 0 };

	record(&body, key, value, len);
	pax(b, &body);
	buf_finish(&body);
}

void tar_end(struct buf *b)
{
	static const char zeros[2 * BLOCK];

	buf_add(b, zeros, sizeof(zeros));
}

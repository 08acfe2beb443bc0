/* SPDX-License-Identifier: Apache-2.0 */
/* debug-vt.c - `berth debug vt`: bytes from standard input, the screen they make on standard output. */
#include "cli/debug-vt.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "vt/vt.h"

#define INPUT_MAX (1u << 30)
#define PIECE 65536

struct resize {
	size_t at;
	int rows, cols;
};

struct options {
	int rows, cols, nresizes;
	struct resize *resizes;
	bool bench;
};

static void options_finish(struct options *o)
{
	free(o->resizes);
}

/* A number of 1..max that ends at `end`; false: it is none. */
static bool parse_size(const char *s, char end, int max, int *ret, const char **rest)
{
	char *after;
	long v = strtol(s, &after, 10);

	if (*s < '0' || *s > '9' || *after != end || v < 1 || v > max)
		return false;
	*ret = v;
	*rest = after + !!end;
	return true;
}

/* N:RxC */
static bool parse_resize(const char *s, struct resize *ret)
{
	char *after;
	const char *rest;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	ret->at = strtoul(s, &after, 10);
	return errno == 0 && *after == ':' && parse_size(after + 1, 'x', VT_ROWS_MAX, &ret->rows, &rest) &&
	       parse_size(rest, 0, VT_COLS_MAX, &ret->cols, &rest);
}

/* 0; -EINVAL: `usage` is to be shown. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option list[] = {
		{ "rows", required_argument, NULL, 'r' },
		{ "cols", required_argument, NULL, 'c' },
		{ "resize-at", required_argument, NULL, 's' },
		{ "bench", no_argument, NULL, 'b' },
		{ 0 },
	};
	const char *rest;

	*o = (struct options){ .rows = 24, .cols = 80, .resizes = calloc(argc, sizeof(*o->resizes)) };
	if (!o->resizes)
		return -ENOMEM;
	optind = 0;
	for (int c; (c = getopt_long(argc, argv, "", list, NULL)) >= 0;) {
		bool good = true;

		if (c == 'r')
			good = parse_size(optarg, 0, VT_ROWS_MAX, &o->rows, &rest);
		else if (c == 'c')
			good = parse_size(optarg, 0, VT_COLS_MAX, &o->cols, &rest);
		else if (c == 's')
			good = parse_resize(optarg, &o->resizes[o->nresizes++]);
		else if (c == 'b')
			o->bench = true;
		else
			return -EINVAL;
		if (good)
			continue;
		fprintf(stderr, "%s: bad value '%s': %s\n", argv[0], optarg,
			c == 's' ? "N:RxC is needed, bytes, rows and columns" : "1 to 1024 is needed");
		return -EINVAL;
	}
	return optind == argc ? 0 : -EINVAL;
}

static int read_input(struct buf *in)
{
	for (;;) {
		ssize_t n;

		if (in->len >= INPUT_MAX)
			return -EFBIG;
		if (buf_reserve(in, PIECE) < 0)
			return -ENOMEM;
		n = read(STDIN_FILENO, in->p + in->len, PIECE);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		in->len += MAX(n, 0);
	}
}

static uint32_t crc32_add(uint32_t crc, const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n-- > 0) {
		crc ^= *b++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return crc;
}

static uint32_t cells_crc(const struct vt *vt)
{
	uint32_t crc = ~0u;

	for (int y = 0; y < vt_rows(vt); y++) {
		struct vt_row row = vt_row(vt, y);

		for (int x = 0; x < vt_cols(vt); x++) {
			const struct vt_cell *c = &row.cells[x];
			char text[VT_CELL_TEXT_MAX], fields[64];
			const char *link = vt_cell_link(vt, c, NULL);

			vt_cell_text(vt, c, text);
			snprintf(fields, sizeof(fields), "%x %x %x %x %x", c->fg, c->bg, c->attr,
				 vt_cell_underline_color(vt, c), !!c->ch);
			crc = crc32_add(crc, text, strlen(text) + 1);
			crc = crc32_add(crc, fields, strlen(fields) + 1);
			if (link)
				crc = crc32_add(crc, link, strlen(link));
		}
	}
	return ~crc;
}

static int print_rows(const struct vt *vt)
{
	for (int y = 0; y < vt_rows(vt); y++) {
		struct vt_row row = vt_row(vt, y);
		AUTO_BUF struct buf line = { 0 };

		for (int x = 0; x < row.used; x++) {
			char text[VT_CELL_TEXT_MAX];

			vt_cell_text(vt, &row.cells[x], text);
			if (buf_adds(&line, text) < 0)
				return -ENOMEM;
		}
		while (line.len > 0 && line.p[line.len - 1] == ' ')
			line.len--;
		printf("%.*s\n", (int)line.len, line.p ? (char *)line.p : "");
	}
	return 0;
}

static void add_modes(cJSON *o, const struct vt *vt)
{
	struct vt_modes m = vt_modes(vt);
	struct vt_cursor c = vt_cursor(vt);
	const struct {
		const char *name;
		bool on;
	} flags[] = {
		{ "app_cursor", m.app_cursor }, { "app_keypad", m.app_keypad }, { "autowrap", m.autowrap },
		{ "reverse_wrap", m.reverse_wrap }, { "origin", m.origin }, { "insert", m.insert },
		{ "newline", m.newline }, { "reverse_video", m.reverse_video }, { "backspace_bs", m.backspace_bs },
		{ "bracketed_paste", m.bracketed_paste }, { "focus", m.focus }, { "alt_scroll", m.alt_scroll },
		{ "sync", m.sync }, { "cursor_visible", c.visible }, { "cursor_blink", c.blink },
		{ "wrap_pending", c.pending },
	};
	const struct {
		const char *name;
		int value;
	} numbers[] = {
		{ "mouse", m.mouse }, { "mouse_coding", m.coding }, { "modify_other_keys", m.modify_other_keys },
		{ "kitty_flags", m.kitty_flags }, { "cursor_style", c.style }, { "top", m.top }, { "bottom", m.bottom },
	};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		cJSON_AddBoolToObject(o, flags[i].name, flags[i].on);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		cJSON_AddNumberToObject(o, numbers[i].name, numbers[i].value);
}

static void free_json(cJSON **o)
{
	cJSON_Delete(*o);
}

static int print_json(const struct vt *vt, const struct buf *replies)
{
	AUTO(free_json) cJSON *o = cJSON_CreateObject();
	struct vt_cursor c = vt_cursor(vt);
	AUTO_BUF struct buf hex = { 0 };
	AUTO_FREE char *text = NULL;

	for (size_t i = 0; i < replies->len; i++)
		if (buf_addf(&hex, "%02x", replies->p[i]) < 0)
			return -ENOMEM;
	cJSON_AddNumberToObject(o, "cursor_row", c.row);
	cJSON_AddNumberToObject(o, "cursor_col", c.col);
	cJSON_AddStringToObject(o, "title", vt_title(vt));
	cJSON_AddBoolToObject(o, "alt", vt_modes(vt).alt);
	add_modes(cJSON_AddObjectToObject(o, "modes"), vt);
	cJSON_AddStringToObject(o, "replies_hex", hex.p ? (char *)hex.p : "");
	cJSON_AddNumberToObject(o, "scrollback_lines", vt_scrollback(vt));
	cJSON_AddNumberToObject(o, "cells_crc", cells_crc(vt));
	text = json_print(o);
	if (!text)
		return -ENOMEM;
	puts(text);
	return 0;
}

static void keep_reply(void *arg, const uint8_t *p, size_t n)
{
	buf_add(arg, p, n);
}

static void feed_pieces(struct vt *vt, const uint8_t *p, size_t n)
{
	for (size_t at = 0; at < n; at += PIECE)
		vt_feed(vt, p + at, MIN(n - at, PIECE));
}

/* What this thread has used of a core: others on the machine do not count. */
static int64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int bench(const struct options *o, const struct buf *in)
{
	struct vt *vt = vt_new(o->rows, o->cols, NULL, NULL, NULL);
	int64_t begin = cpu_ns(), now = begin;
	double bytes = 0;

	if (!vt)
		return -ENOMEM;
	while (in->len > 0 && now - begin < 1000000000) {
		feed_pieces(vt, in->p, in->len);
		bytes += in->len;
		now = cpu_ns();
	}
	printf("%.1f MB/s\n", now > begin ? bytes * 1e3 / (now - begin) : 0.0);
	vt_free(vt);
	return 0;
}

static int show(const struct options *o, const struct buf *in)
{
	static const struct vt_callbacks cb = { .reply = keep_reply };
	AUTO_BUF struct buf replies = { 0 };
	struct vt *vt = vt_new(o->rows, o->cols, NULL, &cb, &replies);
	size_t at = 0;
	int rc = vt ? 0 : -ENOMEM;

	for (int i = 0; i < o->nresizes && rc == 0; i++) {
		const struct resize *rs = &o->resizes[i];
		size_t upto = MIN(MAX(rs->at, at), in->len);

		feed_pieces(vt, in->p + at, upto - at);
		at = upto;
		rc = vt_resize(vt, rs->rows, rs->cols);
	}
	if (rc == 0) {
		feed_pieces(vt, in->p + at, in->len - at);
		rc = print_rows(vt);
	}
	if (rc == 0)
		rc = print_json(vt, &replies);
	vt_free(vt);
	return rc;
}

int cli_debug_vt(int argc, char **argv)
{
	AUTO(options_finish) struct options o;
	AUTO_BUF struct buf in = { 0 };
	int rc = parse_options(argc, argv, &o);

	if (rc == -EINVAL) {
		fprintf(stderr, "usage: %s [--rows R] [--cols C] [--resize-at N:RxC]... [--bench] <BYTES\n", argv[0]);
		return 2;
	}
	if (rc == 0)
		rc = read_input(&in);
	if (rc == 0)
		rc = o.bench ? bench(&o, &in) : show(&o, &in);
	if (rc == 0 && fflush(stdout) == 0)
		return 0;
	fprintf(stderr, "%s: %s\n", argv[0], err_str(rc ? rc : -EIO));
	return 1;
}

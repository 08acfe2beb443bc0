/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - lines to read: which there are, and which of them are rows. */
#include "tui/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

int text_link_new(struct textview *t)
{
	t->link = calloc(1, sizeof(*t->link));
	if (!t->link)
		return -ENOMEM;
	t->link->t = t;
	t->link->refs = 1;
	return 0;
}

struct text_link *text_link_get(struct textview *t)
{
	t->link->refs++;
	return t->link;
}

void text_link_put(struct text_link *l)
{
	if (--l->refs == 0)
		free(l);
}

/* --- rows */

/* A line as base/filter.h asks about it: it has no fields. */
static const char *line_text(void *arg, const char *field)
{
	return field ? NULL : arg;
}

static const struct filter_source line_source = { line_text, NULL, NULL };

static bool passes(const struct textview *t, const struct text_line *l)
{
	return l->note || ((!t->err_only || l->err) && filter_match(t->filter, &line_source, l->text));
}

static bool is_same(const struct text_line *a, const struct text_line *b)
{
	return a->from == b->from && a->err == b->err && !a->note && !b->note && *a->text &&
	       strcmp(a->text, b->text) == 0;
}

static void show_line(struct textview *t, size_t i)
{
	const struct text_line *l = &t->lines[i];
	struct text_row *last = t->nrows ? &t->rows[t->nrows - 1] : NULL;
	bool same = t->fold && last && is_same(&t->lines[last->i], l);

	if (!passes(t, l))
		return;
	t->passed += !l->note;
	if (same && last->more) {
		last->more++;
		return;
	}
	if (t->nrows == t->rows_cap) {
		size_t cap = t->rows_cap ? t->rows_cap * 2 : 256;
		struct text_row *v = realloc(t->rows, cap * sizeof(*v));

		if (!v)
			return;
		t->rows = v;
		t->rows_cap = cap;
	}
	t->rows[t->nrows++] = (struct text_row){ i, same };
	t->matched += !same && *t->find && filter_has(l->text, t->find);
}

/* Takes the last row off; returns the first line that is a row no more. */
static size_t hide_row(struct textview *t)
{
	const struct text_row *r = &t->rows[--t->nrows];

	t->passed -= r->more ? r->more : !t->lines[r->i].note;
	t->matched -= !r->more && *t->find && filter_has(t->lines[r->i].text, t->find);
	return r->i;
}

void text_show_from(struct textview *t, size_t i)
{
	if (i == 0) {
		t->nrows = t->passed = t->matched = 0;
	} else {
		while (t->nrows && (t->rows[t->nrows - 1].i >= i || t->rows[t->nrows - 1].more))
			i = MIN(i, hide_row(t));
	}
	for (; i < t->n; i++)
		show_line(t, i);
	t->top = MIN(t->top, t->nrows);
	if (t->mark > t->nrows)
		t->mark = 0;
}

static size_t row_of_line(const struct textview *t, size_t line)
{
	size_t row = 0;

	while (row < t->nrows && t->rows[row].i < line)
		row++;
	return row;
}

void text_show_again(struct textview *t)
{
	size_t page = (size_t)MAX(1, t->page), row;
	bool seen = t->mark > t->top && t->mark <= t->top + page;
	size_t from = seen ? t->mark - 1 : t->top, above = from - t->top;
	size_t line = from < t->nrows ? t->rows[from].i : t->n, mark = t->mark ? t->rows[t->mark - 1].i : t->n;

	text_show_from(t, 0);
	row = row_of_line(t, line);
	t->top = MIN(row > above ? row - above : 0, t->nrows > page ? t->nrows - page : 0);
	row = row_of_line(t, mark);
	t->mark = row < t->nrows && t->rows[row].i == mark ? row + 1 : 0;
}

/* --- lines */

void text_clear(struct textview *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->lines[i].text);
	t->n = t->bytes = t->nrows = t->passed = t->matched = t->top = t->mark = 0;
}

/* The oldest quarter goes when there are too many. The rows on the screen stay where they are. */
static void make_room(struct textview *t)
{
	size_t drop = t->n / 4 + 1, gone = 0;

	if (t->n < TEXT_LINES_MAX && t->bytes < TEXT_BYTES_MAX)
		return;
	for (size_t i = 0; i < drop; i++) {
		t->bytes -= strlen(t->lines[i].text);
		free(t->lines[i].text);
	}
	while (gone < t->nrows && t->rows[gone].i < drop)
		gone++;
	memmove(t->lines, t->lines + drop, (t->n - drop) * sizeof(*t->lines));
	t->n -= drop;
	t->top = t->top > gone ? t->top - gone : 0;
	t->mark = t->mark > gone ? t->mark - gone : 0;
	text_show_from(t, 0);
}

static struct text_line *append(struct textview *t, const char *s, size_t n)
{
	make_room(t);
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 256;
		struct text_line *v = realloc(t->lines, cap * sizeof(*v));

		if (!v)
			return NULL;
		t->lines = v;
		t->cap = cap;
	}
	t->lines[t->n] = (struct text_line){ .text = strndup(s, n), .seq = ++t->seq };
	if (!t->lines[t->n].text)
		return NULL;
	t->bytes += strlen(t->lines[t->n].text);
	return &t->lines[t->n++];
}

struct text_line *text_add_n(struct textview *t, enum role role, const char *s, size_t n)
{
	struct text_line *l = append(t, s, n);

	if (!l)
		return NULL;
	l->role = role;
	show_line(t, t->n - 1);
	return l;
}

struct text_line *text_add(struct textview *t, enum role role, const char *fmt, ...)
{
	AUTO_BUF struct buf b = { 0 };
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = buf_vaddf(&b, fmt, ap);
	va_end(ap);
	return rc < 0 ? NULL : text_add_n(t, role, (const char *)b.p, b.len);
}

void text_add_text(struct textview *t, const char *text, size_t len)
{
	while (len) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;

		text_add_n(t, ROLE_TEXT, text, n);
		text += n + (nl != NULL);
		len -= n + (nl != NULL);
	}
}

struct text_line *text_insert(struct textview *t, const struct text_line *l, const char *s, size_t n, size_t *ret_at)
{
	struct text_line *new = append(t, s, n), own;
	size_t at = t->n;

	if (!new)
		return NULL;
	own = *l;
	own.text = new->text;
	own.seq = new->seq;
	while (at > 1 && t->lines[at - 2].order > own.order)
		at--;
	at--;
	memmove(t->lines + at + 1, t->lines + at, (t->n - 1 - at) * sizeof(own));
	t->lines[at] = own;
	*ret_at = at;
	return &t->lines[at];
}

static int by_order(const void *a, const void *b)
{
	const struct text_line *x = a, *y = b;

	return x->order != y->order ? (x->order < y->order ? -1 : 1) : x->seq < y->seq ? -1 : 1;
}

void text_sort(struct textview *t)
{
	qsort(t->lines, t->n, sizeof(*t->lines), by_order);
	text_show_from(t, 0);
}

void text_keep(struct textview *t, int64_t from, int64_t to)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct text_line *l = &t->lines[i];

		if (l->note || (l->time >= from && l->time <= to)) {
			t->lines[n++] = *l;
			continue;
		}
		t->bytes -= strlen(l->text);
		free(l->text);
	}
	t->n = n;
	text_show_from(t, 0);
}

bool text_is_error(const struct text_line *l)
{
	static const char *const words[] = { "error", "fatal", "panic", "fail" };

	for (size_t i = 0; !l->err && i < ARRAY_LEN(words); i++)
		if (filter_has(l->text, words[i]))
			return true;
	return l->err;
}

/* --- the view's life */

void text_init(struct textview *t)
{
	t->page = MAX(1, app_rows(t->v.app) - 3);
}

void text_close(struct view *v)
{
	struct textview *t = (struct textview *)v;

	if (t->link) {
		t->link->t = NULL;
		if (t->link->op)
			berth_op_cancel(t->link->op);
		text_link_put(t->link);
	}
	text_clear(t);
	filter_free(t->filter);
	free(t->lines);
	free(t->rows);
}

/* Only lines that this filter chooses; half a filter, while it is typed, changes nothing yet. */
void text_set_only(struct textview *t, const char *text)
{
	struct filter *f = NULL;

	if (filter_parse(text, &line_source, &f, NULL) < 0)
		return;
	filter_free(t->filter);
	t->filter = *text ? f : NULL;
	if (!*text)
		filter_free(f);
	snprintf(t->only, sizeof(t->only), "%s", text);
	text_show_again(t);
}

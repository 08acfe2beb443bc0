/* SPDX-License-Identifier: Apache-2.0 */
/* rows-order.c - the order of a list, and its marks. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "tui/rows-priv.h"

#define NAMED 6 /* of the marked, in the line that names them */

/* --- order */

/* Numbers fall, as one looks for the greatest; what has none comes last. Texts rise, numbers in them as numbers. */
static int compare_by(const struct rows *r, int column, size_t a, size_t b)
{
	const struct rows_source *s = r->source;
	const struct column *k = &s->columns[column];
	char left[CELL_MAX] = "", right[CELL_MAX] = "";
	enum role role;

	if (k->sort) {
		double x = 0, y = 0;
		bool hasx = s->number(r->arg, a, k->sort, &x) != FILTER_NONE;
		bool hasy = s->number(r->arg, b, k->sort, &y) != FILTER_NONE;

		return !hasx || !hasy ? hasy - hasx : (x < y) - (x > y);
	}
	s->cell(r->arg, a, column, left, sizeof(left), &role);
	s->cell(r->arg, b, column, right, sizeof(right), &role);
	return strverscmp(left, right);
}

static int compare(const void *pa, const void *pb, void *arg)
{
	const struct rows *r = arg;
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
	int c = compare_by(r, r->sort, a, b);

	if (r->reverse)
		c = -c;
	if (!c && r->source->order >= 0 && r->sort != r->source->order)
		c = compare_by(r, r->source->order, a, b);
	if (!c && r->source->then >= 0)
		c = compare_by(r, r->source->then, a, b);
	return c ?: (a > b) - (a < b);
}

void rows_sort(struct rows *r)
{
	if (r->sort >= 0 && r->n > 1)
		qsort_r(r->index, r->n, sizeof(*r->index), compare, r);
	for (size_t i = 0; r->sort < 0 && r->reverse && i < r->n / 2; i++) {
		size_t other = r->index[r->n - 1 - i];

		r->index[r->n - 1 - i] = r->index[i];
		r->index[i] = other;
	}
}

void rows_sort_by(struct rows *r, int step)
{
	int n = r->source->ncolumns, at = r->sort;

	for (int i = 0; i < n; i++) {
		at = at < 0 ? (step > 0 ? 0 : n - 1) : (at + step + n) % n;
		if (r->shown[at])
			break;
	}
	r->sort = at;
	r->reverse = false;
	rows_update(r);
}

void rows_order(const struct rows *r, struct buf *b)
{
	const struct rows_source *s = r->source;
	int then = r->sort == s->order ? s->then : s->order;

	if (r->sort < 0)
		return;
	buf_addf(b, "Sorted by %s%s", s->columns[r->sort].head, r->reverse ? ", turned round" : "");
	if (then >= 0)
		buf_addf(b, ", then %s", s->columns[then].head);
	buf_addc(b, '.');
}

/* --- marks */

static long find_mark(const struct rows *r, const char *id)
{
	for (size_t i = 0; i < r->nmarks; i++)
		if (strcmp(r->marks[i], id) == 0)
			return (long)i;
	return -1;
}

bool rows_marked(const struct rows *r, size_t i)
{
	return r->nmarks && find_mark(r, r->source->id(r->arg, i)) >= 0;
}

static void unmark(struct rows *r, size_t at)
{
	free(r->marks[at]);
	r->marks[at] = r->marks[--r->nmarks];
}

void rows_mark(struct rows *r, size_t i, bool on)
{
	const char *id = r->source->id(r->arg, i);
	long at = find_mark(r, id);
	char **more, *copy;

	if (!on && at >= 0)
		unmark(r, (size_t)at);
	if (!on || at >= 0)
		return;
	more = realloc(r->marks, (r->nmarks + 1) * sizeof(*more));
	if (!more)
		return;
	r->marks = more;
	copy = strdup(id);
	if (copy)
		r->marks[r->nmarks++] = copy;
}

void rows_mark_none(struct rows *r)
{
	while (r->nmarks)
		unmark(r, r->nmarks - 1);
}

void rows_mark_all(struct rows *r)
{
	bool all = r->nmarks == r->n;

	for (size_t i = 0; i < r->n; i++)
		rows_mark(r, r->index[i], !all);
}

void rows_drop_marks(struct rows *r)
{
	for (size_t k = r->nmarks; k-- > 0;) {
		bool seen = false;

		for (size_t i = 0; i < r->n && !seen; i++)
			seen = strcmp(r->source->id(r->arg, r->index[i]), r->marks[k]) == 0;
		if (!seen)
			unmark(r, k);
	}
}

void rows_marks_note(const struct rows *r, struct buf *b)
{
	size_t i[NAMED], n = rows_targets(r, i, NAMED);

	if (!r->nmarks)
		return;
	buf_addf(b, "%zu marked: UPPER-case keys act on ", r->nmarks);
	for (size_t k = 0; k < n; k++) {
		char name[CELL_MAX] = "";
		enum role role;

		r->source->cell(r->arg, i[k], 0, name, sizeof(name), &role);
		buf_addf(b, "%s%s", k ? ", " : "", name);
	}
	buf_adds(b, r->nmarks > n ? " and more." : ".  Space marks, Esc clears.");
}

size_t rows_targets(const struct rows *r, size_t *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n && n < max && r->nmarks; i++)
		if (rows_marked(r, r->index[i]))
			ret[n++] = r->index[i];
	if (!r->nmarks && r->n && max)
		ret[n++] = r->index[r->cur];
	return n;
}

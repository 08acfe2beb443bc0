/* SPDX-License-Identifier: Apache-2.0 */
/* rows-order.c - the order of a list, and its marks. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "tui/rows-priv.h"

#define NAMED 6 /* of the marked, in the line that names them */

/* --- order */

#define LEVELS 3 /* the chosen column, that of the usual order, the one within it */

/* What an element is compared by, asked of its owner once. */
struct sortable {
	size_t i;
	struct {
		bool has;
		double number;
		const char *text;
	} level[LEVELS];
};

struct order {
	const struct rows *r;
	int column[LEVELS]; /* -1: no such level */
};

/* Numbers fall, as one looks for the greatest; what has none comes last. Texts rise, numbers in them as numbers. */
static int compare(const void *pa, const void *pb, void *arg)
{
	const struct order *o = arg;
	const struct sortable *a = pa, *b = pb;

	for (int l = 0; l < LEVELS; l++) {
		double x = a->level[l].number, y = b->level[l].number;
		int c;

		if (o->column[l] < 0)
			continue;
		if (a->level[l].text)
			c = strverscmp(a->level[l].text, b->level[l].text);
		else
			c = a->level[l].has != b->level[l].has ? b->level[l].has - a->level[l].has : (x < y) - (x > y);
		if (c)
			return l == 0 && o->r->reverse ? -c : c;
	}
	return (a->i > b->i) - (a->i < b->i);
}

/* The texts are owned by the caller. */
static void take_key(const struct order *o, size_t i, struct sortable *ret)
{
	const struct rows *r = o->r;
	char text[CELL_MAX];
	enum role role;

	*ret = (struct sortable){ .i = i };
	for (int l = 0; l < LEVELS; l++) {
		const struct column *k = o->column[l] < 0 ? NULL : &r->source->columns[o->column[l]];

		if (k && k->sort) {
			ret->level[l].has = r->source->number(r->arg, i, k->sort, &ret->level[l].number) != FILTER_NONE;
			if (!ret->level[l].has)
				ret->level[l].number = 0; /* all that have none are alike */
		} else if (k) {
			*text = 0;
			r->source->cell(r->arg, i, o->column[l], text, sizeof(text), &role);
			ret->level[l].text = *text ? strdup(text) ?: "" : "";
		}
	}
}

static void free_key(struct sortable *k)
{
	for (int l = 0; l < LEVELS; l++)
		if (k->level[l].text && *k->level[l].text)
			free((char *)k->level[l].text);
}

void rows_sort(struct rows *r)
{
	const struct rows_source *s = r->source;
	struct order o = { r, { r->sort, r->sort == s->order ? -1 : s->order, s->then == r->sort ? -1 : s->then } };
	struct sortable *keys = r->sort >= 0 && r->n > 1 ? calloc(r->n, sizeof(*keys)) : NULL;

	for (size_t i = 0; keys && i < r->n; i++)
		take_key(&o, r->index[i], &keys[i]);
	if (keys)
		qsort_r(keys, r->n, sizeof(*keys), compare, &o);
	for (size_t i = 0; keys && i < r->n; i++) {
		r->index[i] = keys[i].i;
		free_key(&keys[i]);
	}
	free(keys);
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

void rows_sort_on(struct rows *r, int column)
{
	if (column < 0 || column >= r->source->ncolumns)
		return;
	r->reverse = r->sort == column && !r->reverse;
	r->sort = column;
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

/* --- marks: ids in order, so that thousands cost nothing to look up */

/* Where id is, or would be. */
static size_t place(const struct rows *r, const char *id, bool *ret_found)
{
	size_t low = 0, high = r->nmarks;

	*ret_found = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = strcmp(r->marks[mid], id);

		if (c == 0) {
			*ret_found = true;
			return mid;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool rows_marked(const struct rows *r, size_t i)
{
	bool found = false;

	if (r->nmarks)
		place(r, r->source->id(r->arg, i), &found);
	return found;
}

void rows_mark(struct rows *r, size_t i, bool on)
{
	const char *id = r->source->id(r->arg, i);
	bool found;
	size_t at = place(r, id, &found);
	char **more, *copy;

	if (found == on)
		return;
	if (found) {
		free(r->marks[at]);
		memmove(r->marks + at, r->marks + at + 1, (--r->nmarks - at) * sizeof(*r->marks));
		return;
	}
	more = realloc(r->marks, (r->nmarks + 1) * sizeof(*more));
	if (!more)
		return;
	r->marks = more;
	copy = strdup(id);
	if (!copy)
		return;
	memmove(r->marks + at + 1, r->marks + at, (r->nmarks++ - at) * sizeof(*r->marks));
	r->marks[at] = copy;
}

void rows_mark_none(struct rows *r)
{
	while (r->nmarks)
		free(r->marks[--r->nmarks]);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void rows_mark_all(struct rows *r)
{
	bool all = r->nmarks == r->n;
	char **more;

	rows_mark_none(r);
	more = all || !r->n ? NULL : realloc(r->marks, r->n * sizeof(*more));
	if (!more)
		return;
	r->marks = more;
	for (size_t i = 0; i < r->n; i++) {
		char *copy = strdup(r->source->id(r->arg, r->index[i]));

		if (copy)
			r->marks[r->nmarks++] = copy;
	}
	qsort(r->marks, r->nmarks, sizeof(*r->marks), by_text);
}

void rows_drop_marks(struct rows *r)
{
	bool *seen = r->nmarks ? calloc(r->nmarks, sizeof(*seen)) : NULL, found;
	size_t kept = 0;

	for (size_t i = 0; seen && i < r->n; i++) {
		size_t at = place(r, r->source->id(r->arg, r->index[i]), &found);

		if (found)
			seen[at] = true;
	}
	for (size_t k = 0; seen && k < r->nmarks; k++) {
		if (seen[k])
			r->marks[kept++] = r->marks[k];
		else
			free(r->marks[k]);
	}
	if (seen)
		r->nmarks = kept;
	free(seen);
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

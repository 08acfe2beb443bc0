/* SPDX-License-Identifier: Apache-2.0 */
/* ext.c - combining marks, underline colours and hyperlinks, which do not fit into a cell.
 *
 * Equal ones share an entry of a table of fixed size; a cell holds its index. When the table is full,
 * entries that no cell uses are collected; when all are used, cells go without. The table is big but
 * untouched while nobody needs it. */
#include <stdlib.h>

#include "vt/vt-priv.h"

int vt_ext_init(struct vt *vt)
{
	vt->ext.e = calloc(EXT_MAX, sizeof(*vt->ext.e));
	vt->ext.links = calloc(LINKS_MAX, sizeof(*vt->ext.links));
	vt->ext.n = 1;
	return vt->ext.e && vt->ext.links ? 0 : -ENOMEM;
}

void vt_ext_finish(struct vt *vt)
{
	free(vt->ext.e);
	free(vt->ext.links);
}

/* Only when no cell has an ext any more. */
void vt_ext_reset(struct vt *vt)
{
	memset(vt->ext.head, 0, sizeof(vt->ext.head));
	for (int i = 0; i < LINKS_MAX; i++)
		if (vt->ext.links[i].uri[0])
			vt->ext.links[i].uri[0] = 0;
	vt->ext.free = 0;
	vt->ext.n = 1;
	vt->ext.backoff = 0;
}

static unsigned hash(const struct ext *e)
{
	uint32_t h = e->ul * 0x9e3779b1u ^ e->link * 0x85ebca6bu;

	for (int i = 0; i < VT_MARKS_MAX; i++)
		h = (h ^ e->marks[i]) * 0x9e3779b1u;
	return h >> 22;
}

static bool same(const struct ext *a, const struct ext *b)
{
	return a->ul == b->ul && a->link == b->link && !memcmp(a->marks, b->marks, sizeof(a->marks));
}

static void mark_cells(const struct vt_cell *c, long n, uint8_t *used)
{
	for (long i = 0; i < n; i++)
		used[c[i].ext / 8] |= 1 << c[i].ext % 8;
}

/* Misses until another collection is worth its time, when one has found little: a few steps for each. */
static unsigned patience(const struct vt *vt)
{
	return (2u * vt->rows * vt->cols + EXT_MAX) / 8;
}

static void collect(struct vt *vt)
{
	uint8_t used[EXT_MAX / 8] = { 0 };
	bool link_used[LINKS_MAX] = { false };
	const struct vt_cell *pens[] = { &vt->pen, &vt->main.saved.pen, &vt->alt.saved.pen };
	long cells = (long)vt->rows * vt->cols;
	int nfree = EXT_MAX - vt->ext.n;

	mark_cells(vt->main.mem, cells, used);
	mark_cells(vt->alt.mem, cells, used);
	for (size_t i = 0; i < ARRAY_LEN(pens); i++)
		mark_cells(pens[i], 1, used);
	for (size_t i = 0; i < ARRAY_LEN(vt->ext.root); i++)
		mark_cells(vt->ext.root[i], vt->ext.nroot[i], used);

	memset(vt->ext.head, 0, sizeof(vt->ext.head));
	vt->ext.free = 0;
	for (int i = vt->ext.n - 1; i > 0; i--) {
		struct ext *e = &vt->ext.e[i];
		uint16_t *head = &vt->ext.head[hash(e)];

		if (used[i / 8] & 1 << i % 8) {
			link_used[e->link] = true;
		} else {
			head = &vt->ext.free;
			nfree++;
		}
		e->next = *head;
		*head = i;
	}
	for (int i = 1; i < LINKS_MAX; i++)
		if (!link_used[i] && vt->ext.links[i].uri[0])
			vt->ext.links[i].uri[0] = 0;
	vt->ext.backoff = nfree < EXT_MAX / 8 ? patience(vt) : 0;
}

static bool may_collect(struct vt *vt)
{
	if (vt->ext.backoff) {
		vt->ext.backoff--;
		return false;
	}
	return true;
}

uint16_t vt_ext_get(struct vt *vt, const struct ext *want)
{
	struct ext_table *t = &vt->ext;
	struct ext *e;
	unsigned h;
	int i;

	if (!want->ul && !want->link && !want->marks[0])
		return 0;
	h = hash(want);
	for (i = t->head[h]; i; i = t->e[i].next)
		if (same(&t->e[i], want))
			return i;
	if (!t->free && t->n == EXT_MAX && may_collect(vt))
		collect(vt);
	if (t->free) {
		i = t->free;
		t->free = t->e[i].next;
	} else if (t->n < EXT_MAX) {
		i = t->n++;
	} else {
		return 0;
	}
	e = &t->e[i];
	*e = *want;
	e->next = t->head[h];
	t->head[h] = i;
	return i;
}

uint16_t vt_ext_with_mark(struct vt *vt, uint16_t ext, uint32_t mark)
{
	struct ext e = vt->ext.e[ext];

	for (int i = 0; i < VT_MARKS_MAX; i++)
		if (!e.marks[i]) {
			uint16_t ret;

			e.marks[i] = mark;
			ret = vt_ext_get(vt, &e);
			return ret ? ret : ext;
		}
	return ext;
}

uint16_t vt_ext_without_marks(struct vt *vt, uint16_t ext)
{
	struct ext e = vt->ext.e[ext];

	memset(e.marks, 0, sizeof(e.marks));
	return vt_ext_get(vt, &e);
}

uint16_t vt_ext_with_ul(struct vt *vt, uint16_t ext, uint32_t ul)
{
	struct ext e = vt->ext.e[ext];

	e.ul = ul;
	return vt_ext_get(vt, &e);
}

static int find_link(struct vt *vt, const char *id, const char *uri)
{
	int free_at = 0;

	for (int i = 1; i < LINKS_MAX; i++) {
		struct link *l = &vt->ext.links[i];

		if (!l->uri[0]) {
			free_at = free_at ? free_at : i;
			break; /* they fill from the left; holes are filled first */
		}
		if (!strcmp(l->uri, uri) && !strcmp(l->id, id))
			return i;
	}
	return free_at;
}

uint16_t vt_ext_with_link(struct vt *vt, uint16_t ext, const char *id, const char *uri)
{
	struct ext e = vt->ext.e[ext];
	struct link *l;
	uint16_t ret;

	e.link = 0;
	if (!uri[0])
		return vt_ext_get(vt, &e);
	e.link = find_link(vt, id, uri);
	if (!e.link && may_collect(vt)) {
		collect(vt);
		e.link = find_link(vt, id, uri);
		if (!e.link)
			vt->ext.backoff = patience(vt);
	}
	ret = vt_ext_get(vt, &e);
	l = &vt->ext.links[e.link];
	if (ret && e.link && !l->uri[0]) { /* now: a collection takes a link that no entry has */
		memcpy(l->id, id, strlen(id) + 1);
		memcpy(l->uri, uri, strlen(uri) + 1);
	}
	return ret;
}

int vt_cell_marks(const struct vt *vt, const struct vt_cell *c, uint32_t ret[static VT_MARKS_MAX])
{
	int n = 0;

	if (!c->ext)
		return 0;
	while (n < VT_MARKS_MAX && vt->ext.e[c->ext].marks[n]) {
		ret[n] = vt->ext.e[c->ext].marks[n];
		n++;
	}
	return n;
}

uint32_t vt_cell_underline_color(const struct vt *vt, const struct vt_cell *c)
{
	return c->ext ? vt->ext.e[c->ext].ul : VT_COLOR_DEFAULT;
}

const char *vt_cell_link(const struct vt *vt, const struct vt_cell *c, const char **ret_id)
{
	const struct link *l = &vt->ext.links[c->ext ? vt->ext.e[c->ext].link : 0];

	if (ret_id)
		*ret_id = l->id;
	return l->uri[0] ? l->uri : NULL;
}

int vt_cell_text(const struct vt *vt, const struct vt_cell *c, char ret[static VT_CELL_TEXT_MAX])
{
	uint32_t marks[VT_MARKS_MAX];
	int len = 0, n;

	if (!(c->attr & VT_TAIL)) {
		len = vt_utf8_encode(c->ch ? c->ch : ' ', ret);
		n = vt_cell_marks(vt, c, marks);
		for (int i = 0; i < n; i++)
			len += vt_utf8_encode(marks[i], ret + len);
	}
	ret[len] = 0;
	return len;
}

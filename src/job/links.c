/* SPDX-License-Identifier: Apache-2.0 */
#include "job/links.h"

#include <stdlib.h>
#include <string.h>

#define LINKS_MEM_MAX (256u << 20) /* of names, and of the table */

struct link_first {
	const void *fs; /* NULL: free */
	uint32_t ino;
	uint32_t path; /* in the arena */
};

static uint32_t slot_of(const struct link_first *v, uint32_t cap, const void *fs, uint32_t ino)
{
	uint32_t i = (ino * 2654435761u ^ (uint32_t)((uintptr_t)fs >> 4)) & (cap - 1);

	while (v[i].fs && (v[i].fs != fs || v[i].ino != ino))
		i = (i + 1) & (cap - 1);
	return i;
}

static int grow(struct links *l)
{
	uint32_t cap = l->cap ? l->cap * 2 : 256;
	struct link_first *v;

	if (cap > LINKS_MEM_MAX / sizeof(*v))
		return -ENOMEM;
	v = calloc(cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->cap; i++)
		if (l->v[i].fs)
			v[slot_of(v, cap, l->v[i].fs, l->v[i].ino)] = l->v[i];
	free(l->v);
	l->v = v;
	l->cap = cap;
	return 0;
}

int links_find(struct links *l, const void *fs, uint32_t ino, const char *path, const char **ret, struct err *e)
{
	uint32_t i;

	*ret = NULL;
	if (l->n >= l->cap / 2 && grow(l) < 0)
		return err_set(e, -ENOMEM, "too many files with several names");
	i = slot_of(l->v, l->cap, fs, ino);
	if (l->v[i].fs) {
		*ret = (const char *)l->arena.p + l->v[i].path;
		return 0;
	}
	if (l->arena.len + strlen(path) > LINKS_MEM_MAX)
		return err_set(e, -ENOMEM, "too many files with several names");
	l->v[i] = (struct link_first){ fs, ino, (uint32_t)l->arena.len };
	l->n++;
	return buf_add(&l->arena, path, strlen(path) + 1) < 0 ? err_set(e, -ENOMEM, "out of memory") : 0;
}

void links_finish(struct links *l)
{
	free(l->v);
	buf_finish(&l->arena);
	*l = (struct links){ 0 };
}

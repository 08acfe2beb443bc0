/* SPDX-License-Identifier: Apache-2.0 */
/* read-seen.c - a set of inode numbers, so that no directory is entered twice. Open addressing. */
#include <stdlib.h>

#include "ext4/reader-int.h"

static uint32_t slot_of(const struct ext4_seen *s, uint32_t v)
{
	uint32_t i = v * 2654435761u & (s->cap - 1);

	while (s->v[i] && s->v[i] != v)
		i = (i + 1) & (s->cap - 1);
	return i;
}

static int grow(struct ext4_seen *s)
{
	struct ext4_seen bigger = { .cap = s->cap ? s->cap * 2 : 256, .n = s->n };

	if (bigger.cap > EXT4_READ_MEM_MAX / sizeof(*s->v))
		return -ENOMEM;
	bigger.v = calloc(bigger.cap, sizeof(*s->v));
	if (!bigger.v)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->cap; i++)
		if (s->v[i])
			bigger.v[slot_of(&bigger, s->v[i])] = s->v[i];
	free(s->v);
	*s = bigger;
	return 0;
}

int ext4_seen_add(struct ext4_seen *s, uint32_t v)
{
	uint32_t i;

	if (s->n >= s->cap / 2 && grow(s) < 0)
		return -ENOMEM;
	i = slot_of(s, v);
	if (s->v[i])
		return 1;
	s->v[i] = v;
	s->n++;
	return 0;
}

void ext4_seen_finish(struct ext4_seen *s)
{
	free(s->v);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* canvas-zone.c - what on a canvas can be clicked. */
#include <stdio.h>

#include "tui/canvas.h"

static struct canvas_zone *add(struct canvas *c, int y, int x, int width)
{
	struct canvas_zone *z;

	if (c->nzones == CANVAS_ZONES || y < 0 || y >= c->rows || width <= 0)
		return NULL;
	z = &c->zones[c->nzones++];
	*z = (struct canvas_zone){ .y = y, .x = x, .width = width };
	return z;
}

void canvas_zone(struct canvas *c, int y, int x, int width, enum zone_kind kind, size_t value, bool here)
{
	struct canvas_zone *z = add(c, y, x, width);

	if (z) {
		z->kind = kind;
		z->value = value;
		z->here = here;
	}
}

void canvas_zone_key(struct canvas *c, int y, int x, int width, const char *key)
{
	struct canvas_zone *z = add(c, y, x, width);

	if (z) {
		z->kind = ZONE_KEY;
		snprintf(z->key, sizeof(z->key), "%s", key);
	}
}

void canvas_zones_drop(struct canvas *c, int y, int x, int width)
{
	int kept = 0;

	for (int i = 0; i < c->nzones; i++) {
		const struct canvas_zone *z = &c->zones[i];

		if (z->y != y || z->x >= x + width || z->x + z->width <= x)
			c->zones[kept++] = *z;
	}
	c->nzones = kept;
}

const struct canvas_zone *canvas_zone_at(const struct canvas *c, int y, int x)
{
	for (int i = c->nzones; i-- > 0;) {
		const struct canvas_zone *z = &c->zones[i];

		if (z->y == y && x >= z->x && x < z->x + z->width)
			return z;
	}
	return NULL;
}

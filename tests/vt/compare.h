/* SPDX-License-Identifier: Apache-2.0 */
/* compare.h - two terminals, every cell; and random streams that make sense often enough. */
#ifndef BERTH_TESTS_VT_COMPARE_H
#define BERTH_TESTS_VT_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "vt/vt.h"

/* True when screen, cursor, modes, title and the newest `lines` lines of scrollback are the same (-1: all
 * of it); else says on stderr what differs. */
bool vt_same(struct vt *a, struct vt *b, int lines);
bool vt_same_modes(struct vt *a, struct vt *b);
/* Cells are well formed: wide characters have both halves, blanks no attributes, used tells the truth. */
bool vt_sound(struct vt *vt);

/* A small generator of numbers, the same everywhere. */
struct rng {
	uint64_t s;
};
uint32_t rng_next(struct rng *r, uint32_t below);

/* Writes a stream of at most n bytes to p; returns how many. */
size_t stream_random(struct rng *r, int rows, int cols, uint8_t *p, size_t n);

#endif

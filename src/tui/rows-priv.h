/* SPDX-License-Identifier: Apache-2.0 */
/* rows-priv.h - what rows.c and rows-order.c share. */
#ifndef BERTH_TUI_ROWS_PRIV_H
#define BERTH_TUI_ROWS_PRIV_H

#include "tui/rows.h"

#define CELL_MAX 512

/* Puts index[0..n) in order. */
void rows_sort(struct rows *r);
/* The next column, or the one before, among those that are shown. */
void rows_sort_by(struct rows *r, int step);

/* By that one; once more turns the order round. */
void rows_sort_on(struct rows *r, int column);

void rows_mark(struct rows *r, size_t i, bool on);
/* All that are shown; if they are all marked already, none. */
void rows_mark_all(struct rows *r);
void rows_mark_none(struct rows *r);
/* Of what is not shown. */
void rows_drop_marks(struct rows *r);

#endif

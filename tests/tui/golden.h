/* SPDX-License-Identifier: Apache-2.0 */
/* golden.h - screens as they were designed: tests/tui/golden/NAME holds what a terminal must show, drawn by hand
 * before the view was written. Where a view is better otherwise, tests/tui/accepted-differences says which row,
 * why, and what is expected in its place. Nothing writes either file but an editor. */
#ifndef BERTH_TESTS_TUI_GOLDEN_H
#define BERTH_TESTS_TUI_GOLDEN_H

#include "tests/tui/drive.h"

struct scene {
	const char *name; /* of the file in golden/ */
	int rows, cols;
	void (*model)(struct fake *f); /* what the store holds; NULL: the usual */
	void (*play)(struct drive *d); /* more than keys; NULL: nothing more. Before the keys. */
	const char *keys;              /* as of drive_keys; NULL: none */
};

/* Each ends with a row without a name. */
extern const struct scene scenes_lists[], scenes_views[], scenes_guests[];

#endif

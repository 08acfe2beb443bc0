/* SPDX-License-Identifier: Apache-2.0 */
/* keys-rows.h - the rows of keys.tsv: how each key of the table is reached, and what it does. */
#ifndef BERTH_TESTS_TUI_KEYS_ROWS_H
#define BERTH_TESTS_TUI_KEYS_ROWS_H

#include "tests/tui/drive.h"

#define LINE_MAX_LEN 400

struct keys_row {
	char text[LINE_MAX_LEN];
	const char *ctx, *action, *keys, *kind, *want;
};
extern struct keys_row rows[200];
extern size_t nrows;

/* A fixture of cmocka. */
int rows_load(void **state);
enum key_ctx rows_ctx(const char *letter);
/* The row of the program's table; NULL: there is none. */
const struct key *rows_key(const struct keys_row *r);

#endif

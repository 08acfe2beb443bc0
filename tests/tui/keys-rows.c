/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tui/keys-rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/path.h"

struct keys_row rows[200];
size_t nrows;

int rows_load(void **state)
{
	AUTO_FREE char *path = path_join(getenv("abs_top_srcdir") ?: ".", "tests/tui/keys.tsv");
	FILE *f = fopen(path, "re");

	if (!f)
		return -1;
	while (nrows < ARRAY_LEN(rows) && fgets(rows[nrows].text, LINE_MAX_LEN, f)) {
		struct keys_row *r = &rows[nrows];
		char *save = NULL;

		r->text[strcspn(r->text, "\n")] = 0;
		if (!r->text[0] || r->text[0] == '#')
			continue;
		r->ctx = strtok_r(r->text, "\t", &save);
		r->action = strtok_r(NULL, "\t", &save);
		r->keys = strtok_r(NULL, "\t", &save);
		r->kind = strtok_r(NULL, "\t", &save);
		r->want = strtok_r(NULL, "\t", &save);
		if (!r->want) {
			fprintf(stderr, "# keys.tsv: row %zu has not five columns\n", nrows);
			return -1;
		}
		nrows++;
	}
	fclose(f);
	return nrows > 0 && nrows < ARRAY_LEN(rows) ? 0 : -1;
}

enum key_ctx rows_ctx(const char *letter)
{
	for (int c = CTX_NONE + 1; c < CTX_COUNT; c++)
		if (strcmp(keys_ctx_letter((enum key_ctx)c), letter) == 0)
			return (enum key_ctx)c;
	return CTX_NONE;
}

const struct key *rows_key(const struct keys_row *r)
{
	for (int i = 0; i < keys_count; i++)
		if (keys_table[i].ctx == rows_ctx(r->ctx) && strcmp(keys_table[i].name, r->action) == 0)
			return &keys_table[i];
	return NULL;
}

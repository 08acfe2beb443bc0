/* SPDX-License-Identifier: Apache-2.0 */
/* palette.h - what the palette offers. */
#ifndef BERTH_TUI_PALETTE_H
#define BERTH_TUI_PALETTE_H

#include "tui/app.h"

struct palette_entry {
	const char *name, *what;
	char words[24];   /* the name as people read it */
	const char *asks; /* "[y/N]", "form", "name", "no"; "line": a command that is typed out */
	enum act act;     /* ACT_NONE: a command of the shell that no action does */
	bool of_object;   /* done to the row that is focused */
	char keys[16];    /* "^] =", "-" */
};

#define PALETTE_RANKS 5

/* All that is to be had in a view of that context; the caller frees. Returns how many, or -ENOMEM. */
int palette_fill(const struct app *app, enum key_ctx ctx, struct palette_entry **ret);
/* How well a text fits, 0 the best; -1: not at all. */
int palette_rank(const struct palette_entry *e, const char *text);

#endif

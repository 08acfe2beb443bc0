/* SPDX-License-Identifier: Apache-2.0 */
/* view-help.c - the keys of a context, made from the table. */
#include <stdio.h>

#include "tui/text.h"
#include "tui/views.h"

static int help_open(struct view *v, const void *arg)
{
	struct textview *t = (struct textview *)v;
	enum key_ctx own = *(const enum key_ctx *)arg, in[4];

	text_init(t);
	snprintf(t->title, sizeof(t->title), "Help for: %s", keys_ctx_name(own));
	keys_contexts(own, in);
	for (int c = 0; in[c] != CTX_NONE; c++) {
		if (c)
			text_add(t, ROLE_TEXT, "%s", "");
		text_add(t, ROLE_HEAD, "%s", keys_ctx_name(in[c]));
		for (int i = 0; i < keys_count; i++) {
			const struct key *k = &keys_table[i];
			const char *word = keys_ask_word(k->ask);

			if (k->ctx == in[c])
				text_add(t, ROLE_TEXT, "  %-12s %-16s %-6s %s", k->act == ACT_CONSOLE_N ? "1..9" : k->keys, k->name,
				    word, k->what);
		}
	}
	if (own != CTX_K) {
		text_add(t, ROLE_TEXT, "%s", "");
		text_add(t, ROLE_TEXT, "In a console every key goes to the guest; ^] or F12 then ? lists its menu.");
	}
	return 0;
}

const struct view_class view_help = {
	.name = "help", .ctx = CTX_T, .size = sizeof(struct textview), .open = help_open, .close = text_close,
	.title = text_title, .draw = text_draw, .hints = text_hints, .act = text_act, .find = text_find,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* keys-print.c - the table of keys for `berth list-keys` and for the manual. */
#include "tui/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "tui/tui.h"

/* Where the name without its hyphens would not say it. */
static const struct {
	enum act act;
	const char *words;
	enum key_ctx ctx; /* there only */
} plain[] = {
	{ ACT_FREE, "empty trash", CTX_X },  { ACT_UNDO, "give back", CTX_X },	  { ACT_UNDO, "undo delete" },
	{ ACT_DOWN, "next row" },	     { ACT_UP, "previous row" },	  { ACT_TOP, "first" },
	{ ACT_END, "last" },		     { ACT_HALF_DOWN, "half page down" }, { ACT_HALF_UP, "half page up" },
	{ ACT_LOCK, "read-only" },	     { ACT_READ_ONLY, "read-only" },
	{ ACT_PALETTE, "command" },	     { ACT_FIND_NEXT, "next match" },	  { ACT_FIND_PREV, "previous match" },
	{ ACT_BACK_QUIT, "back or quit" },   { ACT_QUIT, "quit at once" },	  { ACT_SECTION, "next section" },
	{ ACT_PAN, "sideways" },	     { ACT_MOUSE, "mouse on, off" },	  { ACT_MARK_ALL, "mark all" },
	{ ACT_SORT_COLUMN, "sort by" },	     { ACT_SORT_REVERSE, "turn the order" }, { ACT_SHOW_ALL, "all or in use" },
	{ ACT_RAW, "raw description" },	     { ACT_BOOT, "boot stages" },  { ACT_HOLD, "hold, resume" },
	{ ACT_LABEL, "another tag" },	     { ACT_FREE, "free space" },	  { ACT_ONLY, "filter lines" },
	{ ACT_PREV_NEXT, "errors" },	     { ACT_SAVE, "save to file" },	  { ACT_STDERR, "only stderr" },
	{ ACT_FOLD, "fold repeats" },	     { ACT_GOTO, "go to a time" },	  { ACT_NEXT_PREV, "next, previous" },
	{ ACT_CONSOLE_N, "by number" },	     { ACT_SCROLLBACK, "scroll back" },	  { ACT_SIZE_HERE, "my size" },
	{ ACT_ANCHOR, "begin, end" },	     { ACT_ANCHOR_LINE, "whole lines" },  { ACT_ANCHOR_BLOCK, "rectangle" },
	{ ACT_CLOSE_MENU, "back to guest" }, { ACT_EDIT_LINE, "edit as in a shell" },
};

void keys_plain(const struct key *k, char ret[static 24])
{
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (plain[i].act == k->act && (plain[i].ctx == CTX_NONE || plain[i].ctx == k->ctx)) {
			snprintf(ret, 24, "%s", plain[i].words);
			return;
		}
	snprintf(ret, 24, "%s", k->name + (strncmp(k->name, "view-", 5) == 0 ? 5 : 0));
	for (char *p = ret; *p; p++)
		if (*p == '-')
			*p = ' ';
}

const char *keys_pair_words(const struct key *k)
{
	static const struct {
		enum act act, other;
		const char *words;
	} pairs[] = {
		{ ACT_FIND_NEXT, ACT_FIND_PREV, "next, previous match" }, { ACT_DOWN, ACT_UP, "move" },
		{ ACT_TOP, ACT_END, "first, last" },			   { ACT_PAGE_DOWN, ACT_PAGE_UP, "page" },
		{ ACT_HALF_DOWN, ACT_HALF_UP, "half page" },
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs) && k + 1 < keys_table + keys_count; i++)
		if (pairs[i].act == k->act && pairs[i].other == k[1].act && k[1].ctx == k->ctx)
			return pairs[i].words;
	return NULL;
}

int keys_print_table(struct buf *out)
{
	int rc = buf_addf(out, "%-18s %-15s %-16s %-6s %s\n", "CONTEXT", "KEY", "ACTION", "ASKS", "WHAT");

	for (int i = 0; i < keys_count && rc == 0; i++) {
		const struct key *k = &keys_table[i];
		const char *ask = keys_ask_word(k->ask);

		rc = buf_addf(out, "%-18s %-15s %-16s %-6s %s\n", keys_ctx_name(k->ctx),
			      k->act == ACT_CONSOLE_N ? "1..9" : k->keys, k->name, *ask ? ask : "-", k->what);
	}
	return rc;
}

static cJSON *row_json(const struct key *k)
{
	cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "keys");
	bool ok = o && list;

	for (const char *p = k->keys; ok && *p;) {
		size_t n = strcspn(p, " ");
		char word[16];

		memcpy(word, p, MIN(n, sizeof(word) - 1));
		word[MIN(n, sizeof(word) - 1)] = 0;
		ok = cJSON_AddItemToArray(list, cJSON_CreateString(word));
		p += n;
		p += *p == ' ';
	}
	ok = ok && cJSON_AddStringToObject(o, "context", keys_ctx_name(k->ctx)) &&
	     cJSON_AddStringToObject(o, "action", k->name) &&
	     cJSON_AddStringToObject(o, "asks", keys_ask_word(k->ask)) &&
	     cJSON_AddStringToObject(o, "what", k->what);
	if (ok)
		return o;
	cJSON_Delete(o);
	return NULL;
}

int keys_print_json(struct buf *out)
{
	AUTO_JSON cJSON *all = cJSON_CreateArray();
	AUTO_FREE char *text = NULL;

	for (int i = 0; all && i < keys_count; i++) {
		cJSON *o = row_json(&keys_table[i]);

		if (!o)
			return -ENOMEM;
		if (!cJSON_AddItemToArray(all, o)) {
			cJSON_Delete(o);
			return -ENOMEM;
		}
	}
	text = all ? json_print(all) : NULL;
	return text ? buf_addf(out, "%s\n", text) : -ENOMEM;
}

/* Text for roff: a backslash, and a dot or quote at the begin of a line, would mean something. */
static int add_roff(struct buf *out, const char *s)
{
	int rc = 0;

	for (; *s && rc == 0; s++) {
		if (*s == '\\')
			rc = buf_adds(out, "\\e");
		else if (*s == '-')
			rc = buf_adds(out, "\\-");
		else if (*s == '^')
			rc = buf_adds(out, "\\(ha");
		else if (*s == '`')
			rc = buf_adds(out, "\\(ga");
		else
			rc = buf_addc(out, *s);
	}
	return rc;
}

static int man_row(struct buf *out, const struct key *k)
{
	int rc = buf_adds(out, ".It ");

	/* A macro's argument of one letter of punctuation would be read as such. */
	for (const char *p = k->act == ACT_CONSOLE_N ? "1..9" : k->keys; *p && rc == 0;) {
		size_t n = strcspn(p, " ");
		char word[16];

		memcpy(word, p, MIN(n, sizeof(word) - 1));
		word[MIN(n, sizeof(word) - 1)] = 0;
		rc = buf_adds(out, "\\fB\\&");
		rc = rc ? rc : add_roff(out, word);
		rc = rc ? rc : buf_adds(out, "\\fR ");
		p += n;
		p += *p == ' ';
	}
	rc = rc ? rc : buf_addf(out, "(%s)\n", k->name);
	rc = rc ? rc : add_roff(out, k->what);
	if (rc == 0 && k->ask == ASK_Y)
		rc = buf_adds(out, "; asks [y/N] first");
	if (rc == 0 && k->ask == ASK_FORM)
		rc = buf_adds(out, "; opens a form first");
	if (rc == 0 && k->ask == ASK_NAME)
		rc = buf_adds(out, "; asks for its name first");
	return rc ? rc : buf_adds(out, ".\n");
}

int keys_print_man(struct buf *out)
{
	int rc = 0;

	for (enum key_ctx ctx = CTX_G; ctx < CTX_COUNT && rc == 0; ctx++) {
		bool any = false;

		for (int i = 0; i < keys_count && rc == 0; i++) {
			if (keys_table[i].ctx != ctx)
				continue;
			if (!any)
				rc = buf_addf(out, ".Ss Keys: %s\n.Bl -tag -width Ds -compact\n",
					      ctx == CTX_K ? "console, after the prefix" : keys_ctx_name(ctx));
			any = true;
			rc = rc ? rc : man_row(out, &keys_table[i]);
		}
		if (any && rc == 0)
			rc = buf_adds(out, ".El\n");
	}
	return rc;
}

int tui_list_keys(bool json, struct buf *out)
{
	return json ? keys_print_json(out) : keys_print_table(out);
}

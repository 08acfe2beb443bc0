/* SPDX-License-Identifier: Apache-2.0 */
/* palette.c - the entries of the palette: the table of keys, and the commands of the shell. */
#include "tui/palette.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/filter.h"
#include "tui/tui.h"

static bool is_command_name_taken(const struct palette_entry *list, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return true;
	return false;
}

/* Does it act on the row under the cursor, so that its name is to be told? */
static bool is_of_object(const struct key *k)
{
	return (k->ctx == CTX_C && k->act != ACT_CREATE) || (k->ctx == CTX_I && k->act != ACT_PULL && k->act != ACT_IMPORT && k->act != ACT_FREE) ||
	       (k->ctx == CTX_X && k->act != ACT_FREE) || k->ctx == CTX_J;
}

/* hidden: its key means something else here. */
static void add_key(struct palette_entry *e, const struct key *k, bool hidden)
{
	char first[12] = "", prefix[8], second[8];

	keys_prefix(prefix, second);
	if (!hidden)
		keys_first(k, first, sizeof(first));
	*e = (struct palette_entry){ .name = k->name, .what = k->what, .act = k->act,
				     .asks = k->ask ? keys_ask_word(k->ask) : "no",
				     .of_object = is_of_object(k) };
	keys_plain(k, e->words);
	snprintf(e->keys, sizeof(e->keys), "%s%s%.6s", k->ctx == CTX_K ? prefix : "", k->ctx == CTX_K ? " " : "", *first ? first : "-");
}

/* Moving about and typing are no actions to be looked for by name. */
static bool is_motion(enum act act)
{
	return (act >= ACT_DOWN && act <= ACT_PAN) || act == ACT_PALETTE || act == ACT_NEXT_FIELD || act == ACT_PREV_FIELD ||
	       act == ACT_ACCEPT || act == ACT_EDIT_LINE || act == ACT_CLOSE_MENU;
}

/* The commands that an action does under another name, and in which context it is that one. */
static const struct {
	const char *command;
	enum key_ctx ctx;
	enum act act;
} same[] = {
	{ "rm", CTX_C, ACT_DELETE },	   { "pause", CTX_C, ACT_HOLD },	  { "unpause", CTX_C, ACT_HOLD },
	{ "attach", CTX_C, ACT_CONSOLE },  { "inspect", CTX_C, ACT_RAW },	  { "run", CTX_C, ACT_CREATE },
	{ "run", CTX_I, ACT_CREATE },	   { "rmi", CTX_I, ACT_DELETE },	  { "tag", CTX_I, ACT_LABEL },
	{ "image inspect", CTX_I, ACT_RAW }, { "jobs cancel", CTX_J, ACT_CANCEL }, { "trash restore", CTX_X, ACT_UNDO },
	{ "trash purge", CTX_X, ACT_PURGE }, { "ps", CTX_G, ACT_VIEW_CONTAINERS }, { "images", CTX_G, ACT_VIEW_IMAGES },
	{ "jobs", CTX_G, ACT_VIEW_JOBS },  { "consoles", CTX_G, ACT_VIEW_CONSOLES }, { "trash ls", CTX_G, ACT_VIEW_TRASH },
	{ "system info", CTX_G, ACT_VIEW_HOST }, { "system probe", CTX_G, ACT_VIEW_HOST }, { "logout", CTX_G, ACT_LOGIN }, { "events", CTX_G, ACT_VIEW_EVENTS },
	{ "list-keys", CTX_G, ACT_HELP },
};

static const struct key *action_of(const enum key_ctx *in, const char *command)
{
	for (; *in != CTX_NONE; in++)
		for (size_t i = 0; i < ARRAY_LEN(same); i++)
			if (same[i].ctx == *in && strcmp(same[i].command, command) == 0)
				return keys_row(*in, same[i].act);
	return NULL;
}

int palette_fill(const struct app *app, enum key_ctx ctx, struct palette_entry **ret)
{
	enum key_ctx in[KEYS_CONTEXTS];
	struct palette_entry *v;
	int n = 0, ncommands = 0;

	while (app->commands && app->commands[ncommands].name)
		ncommands++;
	v = calloc((size_t)(keys_count + ncommands), sizeof(*v));
	if (!v)
		return -ENOMEM;
	keys_contexts(ctx, in);
	for (int c = 0; in[c] != CTX_NONE; c++)
		for (int i = 0; i < keys_count; i++)
			if (keys_table[i].ctx == in[c] && !is_motion(keys_table[i].act))
				add_key(&v[n++], &keys_table[i], keys_hidden(ctx, &keys_table[i]));
	for (int i = 0; i < ncommands; i++) {
		const struct tui_command *c = &app->commands[i];
		const struct key *row = action_of(in, c->name);

		if (is_command_name_taken(v, n, c->name))
			continue;
		v[n] = (struct palette_entry){ .asks = "line", .keys = "-" };
		if (row)
			add_key(&v[n], row, keys_hidden(ctx, row));
		v[n].name = c->name;
		v[n].what = c->what;
		snprintf(v[n].words, sizeof(v[n].words), "%s", c->name);
		n++;
	}
	*ret = v;
	return n;
}

static bool has_letters(const char *name, const char *text)
{
	for (; *name && *text; name++)
		text += tolower((unsigned char)*name) == tolower((unsigned char)*text);
	return !*text;
}

/* Does a word of the name begin with it? */
static bool begins_word(const char *name, const char *text)
{
	size_t n = strlen(text);

	for (const char *p = name; *p; p++)
		if ((p == name || p[-1] == '-' || p[-1] == ' ') && strncasecmp(p, text, n) == 0)
			return true;
	return false;
}

static int rank_of_name(const char *name, const char *text)
{
	if (strncasecmp(name, text, strlen(text)) == 0)
		return 0;
	return begins_word(name, text) ? 1 : filter_has(name, text) ? 2 : PALETTE_RANKS;
}

int palette_rank(const struct palette_entry *e, const char *text)
{
	int rank = MIN(rank_of_name(e->name, text), rank_of_name(e->words, text));

	if (rank < PALETTE_RANKS)
		return rank;
	if (filter_has(e->what, text))
		return 3;
	return has_letters(e->name, text) ? 4 : -1;
}

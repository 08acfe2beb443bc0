/* SPDX-License-Identifier: Apache-2.0 */
/* keys-map.c - the table of keys as a user changed it: keys moved, added, taken away. */
#include "tui/keys.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/str.h"

/* The copy in use; its rows' keys and changed are ours once they differ from the table's. */
static struct key *active;
static const struct key *defaults;
static int ndefaults;

static int begin(struct err *e)
{
	if (active)
		return 0;
	active = calloc((size_t)keys_count, sizeof(*active));
	if (!active)
		return err_set(e, -ENOMEM, "cannot change keys: out of memory");
	memcpy(active, keys_table, (size_t)keys_count * sizeof(*active));
	defaults = keys_table;
	ndefaults = keys_count;
	keys_table = active;
	return 0;
}

static void free_row(int i)
{
	if (i >= ndefaults || active[i].keys != defaults[i].keys)
		free((char *)active[i].keys);
	free((char *)active[i].changed);
}

void keys_reset(void)
{
	if (!active)
		return;
	for (int i = 0; i < keys_count; i++)
		free_row(i);
	free(active);
	active = NULL;
	keys_table = defaults;
	keys_count = ndefaults;
}

/* A row whose keys stand for different things by their place. */
static bool is_pair(const struct key *k)
{
	return k->act == ACT_PAN || k->act == ACT_SECTION || k->act == ACT_SORT_COLUMN || k->act == ACT_NEXT_PREV ||
	       k->act == ACT_CONSOLE_N || k->act == ACT_PREV_NEXT || k->act == ACT_MOVE;
}

static bool is_prefix(const struct key *k)
{
	return k->ctx == CTX_K && k->act == ACT_SEND_PREFIX;
}

static bool has_word(const struct key *k, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = k->keys; *p;) {
		size_t len = strcspn(p, " ");

		if (len == n && memcmp(p, word, n) == 0)
			return true;
		p += len;
		p += *p == ' ';
	}
	return false;
}

static struct key *row_with(enum key_ctx ctx, const char *word)
{
	for (int i = 0; i < keys_count; i++)
		if (active[i].ctx == ctx && has_word(&active[i], word))
			return &active[i];
	return NULL;
}

static struct key *row_named(enum key_ctx ctx, const char *action)
{
	enum key_ctx in[KEYS_CONTEXTS];

	keys_contexts(ctx, in);
	for (int c = 0; in[c] != CTX_NONE; c++)
		for (int i = 0; i < keys_count; i++)
			if (active[i].ctx == in[c] && strcmp(active[i].name, action) == 0)
				return &active[i];
	return NULL;
}

static bool falls_back(enum key_ctx from, enum key_ctx to)
{
	enum key_ctx in[KEYS_CONTEXTS];

	keys_contexts(from, in);
	for (int c = 1; in[0] != CTX_NONE && in[c] != CTX_NONE; c++)
		if (in[c] == to)
			return true;
	return false;
}

/* The row of another context that the key would hide, or be hidden by; a process may have its own. */
static const struct key *clash(enum key_ctx ctx, const char *word)
{
	for (int i = 0; i < keys_count; i++)
		if (ctx != CTX_D && active[i].ctx != CTX_D && (falls_back(ctx, active[i].ctx) || falls_back(active[i].ctx, ctx)) && has_word(&active[i], word))
			return &active[i];
	return NULL;
}

static int set_keys(struct key *k, const char *keys, const char *where)
{
	int i = (int)(k - active);
	char *copy = strdup(keys), *changed = strdup(where);

	if (!copy || !changed) {
		free(copy);
		free(changed);
		return -ENOMEM;
	}
	free_row(i);
	k->keys = copy;
	k->changed = changed;
	return 0;
}

static int take_away(struct key *k, const char *word, const char *where)
{
	AUTO_BUF struct buf b = { 0 };

	for (const char *p = k->keys; *p;) {
		size_t len = strcspn(p, " ");

		if (len != strlen(word) || memcmp(p, word, len) != 0)
			buf_addf(&b, "%s%.*s", b.len ? " " : "", (int)len, p);
		p += len;
		p += *p == ' ';
	}
	return set_keys(k, b.p ? (const char *)b.p : "", where);
}

/* A row of another context is to be had in ctx too, by this key alone. */
static int add_row(const struct key *like, enum key_ctx ctx, const char *word, const char *where)
{
	struct key row = *like, *more;

	row.ctx = ctx;
	row.keys = strdup(word);
	row.changed = strdup(where);
	more = row.keys && row.changed ? realloc(active, (size_t)(keys_count + 1) * sizeof(*active)) : NULL;
	if (!more) {
		free((char *)row.keys);
		free((char *)row.changed);
		return -ENOMEM;
	}
	active = more;
	keys_table = active;
	active[keys_count++] = row;
	return 0;
}

static int add_word(struct key *k, enum key_ctx ctx, const char *word, const char *where)
{
	AUTO_BUF struct buf b = { 0 };

	if (k->ctx != ctx)
		return add_row(k, ctx, word, where);
	if (buf_addf(&b, "%s%s%s", word, *k->keys ? " " : "", k->keys) < 0)
		return -ENOMEM;
	return set_keys(k, (const char *)b.p, where);
}

static int check(const struct key *k, enum key_ctx ctx, const char *word, struct err *e)
{
	bool ctrl = word[0] == '^' && word[1], changes = keys_changes(k);
	const struct key *other = clash(ctx, word);

	if (is_prefix(k))
		return err_set(e, -EINVAL, "the keys of send-prefix are the option prefix of [console]");
	if (is_pair(k))
		return err_set(e, -EINVAL, "the keys of %s belong together and cannot be changed one by one", k->name);
	if (other)
		return err_set(e, -EINVAL, "%s is the key of %s (%s)", word, other->name, keys_ctx_name(other->ctx));
	if (ctrl && changes)
		return err_set(e, -EINVAL, "%s changes something, which no Ctrl key may", k->name);
	if (changes && k->ask == ASK_NONE && !(isupper((unsigned char)word[0]) && !word[1]))
		return err_set(e, -EINVAL, "%s changes something without a question: its key must be a capital letter",
			       k->name);
	return 0;
}

int keys_remap(const char *context, const char *word, const char *action, const char *where, struct err *e)
{
	enum key_ctx ctx = keys_ctx_find(context);
	struct key *old, *row = NULL;
	int rc = begin(e);

	if (rc < 0)
		return rc;
	if (ctx == CTX_NONE)
		return err_set(e, -EINVAL, "there is no context '%s' of keys", context);
	if (ctx == CTX_P)
		return err_set(e, -EINVAL, "the keys of questions cannot be changed");
	if (!keys_word_valid(word))
		return err_set(e, -EINVAL, "'%s' is no key: a letter, ^X, or a name as Enter, F5, PgUp", word);
	if (strcmp(action, "none") != 0) {
		row = row_named(ctx, action);
		if (!row)
			return err_set(e, -EINVAL, "there is no action '%s' in '%s'", action, context);
		rc = check(row, ctx, word, e);
	}
	old = row_with(ctx, word);
	if (rc == 0 && old && is_prefix(old))
		rc = err_set(e, -EINVAL, "%s is a key of the option prefix of [console]", word);
	if (rc == 0 && old && is_pair(old))
		rc = err_set(e, -EINVAL, "the keys of %s belong together and cannot be changed one by one", old->name);
	if (rc < 0 || (old && old == row))
		return rc;
	if (old && take_away(old, word, where) < 0)
		return err_set(e, -ENOMEM, "cannot change keys: out of memory");
	if (row && add_word(row, ctx, word, where) < 0)
		return err_set(e, -ENOMEM, "cannot change keys: out of memory");
	return 0;
}

/* A guest's shell must keep what is typed: letters, and what Enter, Tab, Escape and Backspace are to a terminal. */
static bool can_be_prefix(const char *word)
{
	if (word[0] == '^' && word[1] && !word[2])
		return !strchr("[IMHJimhj", word[1]);
	return word[0] == 'F' && keys_word_valid(word) && word[1];
}

int keys_set_prefix(const char *words, const char *where, struct err *e)
{
	struct key *row = NULL;
	AUTO_BUF struct buf b = { 0 };
	int rc = begin(e);

	for (int i = 0; rc == 0 && i < keys_count; i++)
		if (is_prefix(&active[i]))
			row = &active[i];
	for (const char *p = words; rc == 0 && row && *(p += strspn(p, " ")); p += strcspn(p, " ")) {
		char word[8];
		const struct key *other;

		snprintf(word, sizeof(word), "%.*s", (int)MIN(strcspn(p, " "), sizeof(word) - 1), p);
		other = row_with(CTX_K, word);
		if (!can_be_prefix(word))
			return err_set(e, -EINVAL, "has '%.*s', which is no Ctrl key that a guest can do without, nor F1 to F12",
				       (int)strcspn(p, " "), p);
		if (other && other != row)
			return err_set(e, -EINVAL, "has %s, which is the key of %s in the menu", word, other->name);
		rc = buf_addf(&b, "%s%s", b.len ? " " : "", word);
	}
	if (rc == 0 && !b.len)
		return err_set(e, -EINVAL, "has no key: a console could not be left");
	if (rc < 0 || !row || set_keys(row, (const char *)b.p, where) < 0)
		return err_set(e, -ENOMEM, "cannot change keys: out of memory");
	return 0;
}

int keys_ask_all(struct err *e)
{
	int rc = begin(e);

	for (int i = 0; i < keys_count && rc == 0; i++)
		if (keys_changes(&active[i]) && active[i].ask == ASK_NONE)
			active[i].ask = ASK_Y;
	return rc;
}

int keys_mute(enum key_ctx ctx, enum act act, struct err *e)
{
	int rc = begin(e);

	for (int i = 0; i < keys_count && rc == 0; i++)
		if (active[i].ctx == ctx && active[i].act == act)
			active[i].act = ACT_NONE;
	return rc;
}

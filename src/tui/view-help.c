/* SPDX-License-Identifier: Apache-2.0 */
/* view-help.c - the keys of a context, made from the table; typing narrows them. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/filter.h"
#include "tui/line.h"
#include "tui/views.h"

#define LOOK_COL 3      /* of a key that looks */
#define CHANGE_COL 43   /* of one that changes something */
#define INLINE_COL 16   /* of what stands beside its head */
#define WIDE 76         /* columns for two lists side by side */

struct help {
	struct view v;
	enum key_ctx ctx;
	struct line line;
	int top, page, n;
};

static const char *const title_of_ask[] = { [ASK_NONE] = "at once", [ASK_Y] = "[y/N]", [ASK_FORM] = "form", [ASK_NAME] = "name" };

static const char *help_keys(const struct key *k)
{
	return k->act == ACT_CONSOLE_N ? "1..9" : k->keys;
}

static bool help_matches(const struct key *k, const char *text)
{
	char words[24];

	keys_plain(k, words);
	return !*text || filter_has(words, text) || filter_has(k->name, text) || filter_has(k->what, text) || strcmp(k->keys, text) == 0;
}

/* --- one context's own rows: two columns */

struct place {
	struct canvas *c;
	int y, bottom, skip; /* rows still above the screen */
	int n;               /* rows that there are */
	int filled;          /* keys of contexts above that stand in the column of those that look */
};

/* The row to draw on, or -1: it is not on the screen. */
static int next_row(struct place *p)
{
	p->n++;
	if (p->skip > 0) {
		p->skip--;
		return -1;
	}
	return p->y < p->bottom ? p->y++ : -1;
}

/* Is K, a key of IN, shown in the help of H? */
static bool shown(const struct help *h, enum key_ctx in, const struct key *k)
{
	return k->ctx == in && *k->keys && !keys_hidden(h->ctx, k) && help_matches(k, h->line.text);
}

/* Row N of a column: what changes of all contexts; what looks of this one, then of those above but what is everywhere. */
static const struct key *nth(const struct help *h, bool change, int n)
{
	enum key_ctx in[KEYS_CONTEXTS];

	keys_contexts(h->ctx, in);
	for (int c = 0; in[c] != CTX_NONE && (change || c == 0 || in[c] != CTX_G); c++)
		for (int i = 0; i < keys_count; i++) {
			const struct key *k = &keys_table[i];

			if (shown(h, in[c], k) && keys_changes(k) == change && n-- == 0)
				return k;
		}
	return NULL;
}

static void draw_key(struct canvas *c, int y, int x, const struct key *k)
{
	int at = x + MAX(x == LOOK_COL ? 9 : 6, canvas_width(help_keys(k)) + 1);
	char words[24];

	if (y < 0)
		return;
	keys_plain(k, words);
	canvas_text(c, y, x, -1, ROLE_KEY, help_keys(k));
	at += canvas_text(c, y, at, -1, ROLE_TEXT, words);
	if (keys_changes(k))
		canvas_text(c, y, MAX(x + 21, at + 1), -1, ROLE_TEXT, title_of_ask[k->ask]);
}

static void draw_columns(const struct help *h, struct place *p)
{
	bool wide = p->c->cols >= WIDE;
	int y = next_row(p);

	if (y >= 0) {
		canvas_text(p->c, y, 1, -1, ROLE_HEAD, wide ? "LOOK" : "KEYS");
		if (wide)
			canvas_text(p->c, y, CHANGE_COL - 2, -1, ROLE_HEAD, "CHANGE (asks first unless noted)");
	}
	for (int i = 0; wide; i++) {
		const struct key *look = nth(h, false, i), *change = nth(h, true, i);
		bool own = look && look->ctx == h->ctx;

		if (!own && !change)
			return;
		y = next_row(p);
		if (look)
			draw_key(p->c, y, LOOK_COL, look);
		if (look && !own)
			p->filled++; /* beside a change there is room */
		if (change)
			draw_key(p->c, y, CHANGE_COL, change);
	}
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; nth(h, pass, i) && (pass || nth(h, pass, i)->ctx == h->ctx); i++)
			draw_key(p->c, next_row(p), LOOK_COL, nth(h, pass, i));
}

/* Appends "j/Down" for "j Down": which of the words is the last key is seen then. Signs stay apart: "< >". */
static void join_keys(const struct key *k, char ret[static 64])
{
	size_t n = strlen(ret);

	snprintf(ret + n, 64 - n, "%s%s", n ? " " : "", k->keys);
	for (char *p = ret + n + 1; n < 62 && *p; p++)
		if (*p == ' ' && !ispunct((unsigned char)p[1]))
			*p = '/';
}

/* "IN LISTS" */
static void head_of(enum key_ctx ctx, char ret[static INLINE_COL])
{
	snprintf(ret, INLINE_COL, ctx == CTX_G ? "EVERYWHERE" : "IN %.11s", keys_ctx_name(ctx));
	for (char *p = ret; *p; p++)
		*p = (char)toupper((unsigned char)*p);
}

/* What else looks in a context above: "IN LISTS   Enter open   Space mark   ...", as many to a row as fit. */
static void draw_above(const struct help *h, struct place *p, enum key_ctx ctx)
{
	int x = INLINE_COL, y = -1;
	char head[INLINE_COL];

	for (int i = 0, first = 1; i < keys_count; i++) {
		const struct key *k = &keys_table[i];
		const char *both = keys_pair_words(k);
		char keys[64] = "", words[24];
		int width, need;

		if (!shown(h, ctx, k) || keys_changes(k) || (ctx != CTX_G && p->filled-- > 0))
			continue;
		keys_plain(k, words);
		join_keys(k, keys);
		if (both && shown(h, ctx, k + 1)) {
			snprintf(words, sizeof(words), "%s", both);
			join_keys(k + 1, keys);
			i++;
		}
		width = canvas_width(keys);
		need = width + 1 + canvas_width(words);
		if (first) {
			y = next_row(p);
			head_of(ctx, head);
			if (y >= 0)
				canvas_text(p->c, y, 1, -1, ROLE_HEAD, head);
		} else if (x + need > p->c->cols - 1) {
			y = next_row(p);
			x = LOOK_COL;
		}
		first = 0;
		if (y >= 0) {
			canvas_text(p->c, y, x, -1, ROLE_KEY, keys);
			canvas_text(p->c, y, x + width + 1, -1, ROLE_TEXT, words);
		}
		x += need + 2;
	}
}

static void draw_changed(struct place *p)
{
	for (int i = 0, first = 1; i < keys_count; i++) {
		const struct key *k = &keys_table[i];
		int y;

		if (!k->changed)
			continue;
		y = next_row(p);
		if (y >= 0)
			canvas_textf(p->c, y, 1, -1, ROLE_TEXT, "%-16s %s = %s  (%s)", first ? "Changed by you" : "",
				     *k->keys ? k->keys : "none", k->name, k->changed);
		first = 0;
	}
}

/* While something is typed: a row for each, with what it does. */
static void draw_narrowed(const struct help *h, struct place *p)
{
	enum key_ctx in[KEYS_CONTEXTS];

	keys_contexts(h->ctx, in);
	for (int c = 0; in[c] != CTX_NONE; c++)
		for (int i = 0; i < keys_count; i++) {
			const struct key *k = &keys_table[i];
			char words[24];
			int y;

			if (!shown(h, in[c], k))
				continue;
			y = next_row(p);
			if (y < 0)
				continue;
			canvas_cut(p->c, y, LOOK_COL, 11, ROLE_KEY, help_keys(k));
			keys_plain(k, words);
			canvas_cut(p->c, y, 15, 16, ROLE_TEXT, words);
			canvas_text(p->c, y, 32, 7, ROLE_TEXT, keys_changes(k) ? title_of_ask[k->ask] : "");
			canvas_cut(p->c, y, 40, -1, ROLE_TEXT, k->what);
		}
}

static void help_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct help *h = (struct help *)v;
	struct place p = { c, top, bottom, h->top, 0, 0 };
	enum key_ctx in[KEYS_CONTEXTS];
	char box[16], first[8], second[8];
	int y, x = c->cols - 12, tail;

	keys_contexts(h->ctx, in);
	if (*h->line.text) {
		draw_narrowed(h, &p);
	} else {
		draw_columns(h, &p);
		for (int i = 1; in[i] != CTX_NONE; i++)
			draw_above(h, &p, in[i]);
		y = h->ctx != CTX_K ? next_row(&p) : -1;
		if (y >= 0) {
			canvas_text(c, y, 1, -1, ROLE_HEAD, "IN A CONSOLE");
			keys_prefix(first, second);
			canvas_textf(c, y, INLINE_COL, -1, ROLE_TEXT, "every key goes to the guest; %s%s%s then ? lists the menu", first,
				     *second ? " or " : "", second);
		}
		draw_changed(&p);
	}
	h->n = p.n;
	h->page = MAX(1, bottom - top);
	if (c->cols < 60) {
		canvas_cursor(c, top, 0);
		return;
	}
	tail = MIN(10, (int)h->line.len);
	snprintf(box, sizeof(box), "[%-10.10s]", h->line.text + h->line.len - tail);
	canvas_right(c, top - 1, x, ROLE_HINT, "type to narrow: ");
	canvas_text(c, top - 1, x, -1, ROLE_INPUT, box);
	canvas_cursor(c, top - 1, x + 1 + tail);
}

static void help_title(struct view *v, struct buf *b)
{
	const char *name = keys_ctx_name(((struct help *)v)->ctx);

	buf_addf(b, "Help for: %c%s", *name >= 'a' && *name <= 'z' ? *name - 32 : *name, name + 1);
}

static int help_open(struct view *v, const void *arg)
{
	((struct help *)v)->ctx = *(const enum key_ctx *)arg;
	return 0;
}

static void scroll(struct help *h, int step)
{
	h->top = MAX(0, MIN(h->top + step, h->n - h->page));
}

static bool help_input(struct view *v, const struct input_event *ev)
{
	struct help *h = (struct help *)v;

	if (ev->type != INPUT_KEY)
		return true;
	app_dirty(v->app);
	if (keys_is("Esc", 3, ev) || keys_is("^C", 2, ev) || keys_is("Enter", 5, ev)) {
		if (h->line.len && !keys_is("Enter", 5, ev))
			line_set(&h->line, "");
		else
			app_drop(v->app, v);
	} else if (keys_is("Tab", 3, ev) || keys_is("S-Tab", 5, ev)) {
		int step = keys_is("Tab", 3, ev) ? 1 : CTX_COUNT - 2;

		h->ctx = (enum key_ctx)(CTX_G + (h->ctx - CTX_G + step) % (CTX_COUNT - 1));
		h->top = 0;
	} else if (keys_is("PgDn", 4, ev) || keys_is("Down", 4, ev)) {
		scroll(h, keys_is("Down", 4, ev) ? 1 : h->page - 1);
	} else if (keys_is("PgUp", 4, ev) || keys_is("Up", 2, ev)) {
		scroll(h, keys_is("Up", 2, ev) ? -1 : 1 - h->page);
	} else if (line_key(&h->line, ev)) {
		h->top = 0;
	} else {
		return false;
	}
	return true;
}

static void help_note(struct view *v, struct buf *b)
{
	if (((struct help *)v)->line.len)
		buf_adds(b, "Esc shows all again.");
	else
		buf_adds(b, "Ctrl keys move or redraw, none of them ever changes anything.");
}

static int help_hints(struct view *v, struct hint *ret, int max)
{
	ret[0] = (struct hint){ ACT_EDIT_LINE, "to narrow", "type" };
	ret[1] = (struct hint){ ACT_NEXT_FIELD, "other contexts", "Tab" };
	ret[2] = (struct hint){ ACT_NEXT_FIELD, "more", "PgDn" };
	ret[3] = (struct hint){ ACT_BACK, "back", "Esc" };
	return 4;
}

const struct view_class view_help = {
	.name = "help", .own_right = OWN_WIDE, .ctx = CTX_F, .size = sizeof(struct help), .open = help_open, .title = help_title, .draw = help_draw,
	.hints = help_hints, .input = help_input, .note = help_note,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - the one table of keys: dispatch, hints, help, palette, `berth list-keys` and the manual are
 * made from it. */
#ifndef BERTH_TUI_KEYS_H
#define BERTH_TUI_KEYS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "tui/input.h"

/* Contexts. A lookup goes from the view's own to L or T, then to G; K, S, F and P never fall back. */
enum key_ctx {
	CTX_NONE,
	CTX_G, /* everywhere but in consoles, forms and questions */
	CTX_L, /* lists */
	CTX_C, /* containers, also their detail */
	CTX_D, /* a process in a detail, whose keys come before those of its container */
	CTX_I, /* images */
	CTX_J, /* pulls and jobs */
	CTX_X, /* trash */
	CTX_T, /* text */
	CTX_O, /* logs, a text */
	CTX_K, /* in a console, after the prefix */
	CTX_S, /* scrollback of a console, a text */
	CTX_F, /* forms */
	CTX_P, /* questions */
	CTX_COUNT
};

enum key_ask { ASK_NONE, ASK_Y, ASK_FORM, ASK_NAME };

enum act {
	ACT_NONE,
	/* everywhere */
	ACT_HELP, ACT_PALETTE, ACT_FIND, ACT_FIND_NEXT, ACT_FIND_PREV, ACT_BACK, ACT_BACK_QUIT, ACT_QUIT,
	ACT_VIEW_CONTAINERS, ACT_VIEW_IMAGES, ACT_VIEW_LOGS, ACT_VIEW_JOBS, ACT_VIEW_EVENTS, ACT_VIEW_MESSAGES, ACT_VIEW_CONSOLES,
	ACT_LAST_CONSOLE, ACT_DOWN, ACT_UP, ACT_TOP, ACT_END, ACT_PAGE_DOWN, ACT_PAGE_UP, ACT_HALF_DOWN,
	ACT_HALF_UP, ACT_PAN, ACT_SECTION, ACT_UNDO, ACT_LOGIN, ACT_VIEW_TRASH, ACT_INTERRUPT, ACT_REDRAW, ACT_SUSPEND, ACT_LOCK, ACT_VIEW_HOST, ACT_RELOAD,
	/* lists, containers, images, jobs */
	ACT_OPEN, ACT_MARK, ACT_MARK_ALL, ACT_SORT_COLUMN, ACT_SORT_REVERSE, ACT_SHOW_ALL, ACT_DELETE, ACT_CONSOLE, ACT_LOGS, ACT_DETAIL, ACT_PROCESSES, ACT_STATS, ACT_BOOT, ACT_RAW, ACT_CREATE, ACT_START,
	ACT_STOP, ACT_KILL, ACT_RESTART, ACT_HOLD, ACT_EXEC, ACT_EDIT, ACT_PULL, ACT_IMPORT, ACT_LABEL, ACT_CANCEL,
	ACT_TIMES, ACT_RETRY,
	/* trash */
	ACT_PURGE, ACT_FREE,
	/* text */
	ACT_ONLY, ACT_WRAP, ACT_PREV_NEXT, ACT_SAVE, ACT_SELECT, ACT_FOLLOW, ACT_TIME, ACT_SOURCES, ACT_STDERR, ACT_FOLD, ACT_GOTO,
	/* consoles */
	ACT_DETACH, ACT_NEXT_PREV, ACT_CONSOLE_N, ACT_SCROLLBACK, ACT_PASTE, ACT_SIZE_HERE, ACT_READ_ONLY, ACT_SIGNAL,
	ACT_SEND_PREFIX, ACT_CLOSE_MENU,
	/* selecting */
	ACT_MOVE, ACT_ANCHOR, ACT_ANCHOR_LINE, ACT_ANCHOR_BLOCK, ACT_COPY, ACT_MOUSE,
	/* forms and questions */
	ACT_CHOICES, ACT_HISTORY, ACT_NEXT_FIELD, ACT_PREV_FIELD, ACT_ACCEPT, ACT_EDIT_LINE, ACT_YES,
	/* of the mouse, without a key: the cursor goes to the row that was drawn so; the list is sorted by that column */
	ACT_PICK, ACT_SORT_ON,
	ACT_COUNT
};

struct key {
	enum key_ctx ctx;
	const char *keys; /* alternatives, or a pair in order, a blank between: "j Down" */
	enum act act;
	enum key_ask ask;
	const char *name; /* the word of hints, palette and configuration */
	const char *what; /* a line of help */
	bool harmless;    /* an UPPER-case key that changes nothing, or what another key undoes at once */
	const char *changed; /* where the user changed its keys: "FILE line N"; NULL: as berth comes */
};

/* As it is in use: the built-in table, or what keys_remap made of it. */
extern const struct key *keys_table;
extern int keys_count;

/* From the configuration: this key means that action in a context ("global", "containers", "jobs", "console" …),
 * "none": nothing. where is kept for help. -EINVAL with words: unknown names, a key that has a meaning in a
 * context above or below, a Ctrl key for what changes something, keys that belong together. The question of an
 * action stays with it, whatever its key. */
int keys_remap(const char *context, const char *key, const char *action, const char *where, struct err *e);
void keys_reset(void);
/* The keys that open a console's menu, "^] F12"; where as above. -EINVAL with words: none, one that a guest needs, one
 * that the menu has already. */
int keys_set_prefix(const char *words, const char *where, struct err *e);
/* Start, hold and retry ask too. */
int keys_ask_all(struct err *e);
/* The row's keys do nothing from now on; for tests of tests. */
int keys_mute(enum key_ctx ctx, enum act act, struct err *e);

/* The contexts that a lookup in ctx goes through, CTX_NONE behind the last. */
#define KEYS_CONTEXTS 5
void keys_contexts(enum key_ctx ctx, enum key_ctx ret[static KEYS_CONTEXTS]);
/* The row for this key in ctx, or NULL; *ret_index says which of its alternatives it was. */
const struct key *keys_find(enum key_ctx ctx, const struct input_event *ev, int *ret_index);
/* The row of an action, as seen from ctx; NULL: it is not to be had there. */
const struct key *keys_row(enum key_ctx ctx, enum act act);
/* A context that is looked through before the row's own has its first key. */
bool keys_hidden(enum key_ctx ctx, const struct key *k);
/* "T", "^]", "F12", "S-Tab" is this key. word[0..n) */
bool keys_is(const char *word, size_t n, const struct input_event *ev);
/* The event of that key; false: it is none. */
bool keys_event(const char *word, size_t n, struct input_event *ret);
/* Does it open a console's menu? And which key does so, for texts: the first, and the second or "". */
bool keys_is_prefix(const struct input_event *ev);
void keys_prefix(char first[static 8], char second[static 8]);
/* The first of a row's keys. */
size_t keys_first(const struct key *k, char *ret, size_t max);

/* Does it change something, of the store or of what runs? */
bool keys_changes(const struct key *k);
bool keys_word_valid(const char *word);
/* What it does in plain words, for help and palette: "sort by"; the configuration has its name. */
void keys_plain(const struct key *k, char ret[static 24]);
/* What it and the next row, its opposite, do in words, under 24 bytes; NULL: it has none. */
const char *keys_pair_words(const struct key *k);
/* By its word in the configuration; CTX_NONE. */
enum key_ctx keys_ctx_find(const char *word);
const char *keys_ctx_letter(enum key_ctx ctx); /* "C" */
const char *keys_ctx_name(enum key_ctx ctx);   /* "containers" */
const char *keys_ask_word(enum key_ask ask);   /* "", "[y/N]", "form", "name" */

/* The table for people, as JSON, and as roff for berth-tui(7). 0 or -ENOMEM. */
int keys_print_table(struct buf *out);
int keys_print_json(struct buf *out);
int keys_print_man(struct buf *out);

#endif

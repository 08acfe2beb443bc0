/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c - the table, and how a key finds its row. */
#include "tui/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"

static const struct key table[] = {
	{ CTX_G, "?", ACT_HELP, ASK_NONE, "help", "keys of this context, narrow by typing" },
	{ CTX_G, ":", ACT_PALETTE, ASK_NONE, "palette", "every action and command, by name" },
	{ CTX_G, "/", ACT_FIND, ASK_NONE, "find", "filter in lists, find in text" },
	{ CTX_G, "n", ACT_FIND_NEXT, ASK_NONE, "find-next", "next match" },
	{ CTX_G, "N", ACT_FIND_PREV, ASK_NONE, "find-prev", "previous match", true },
	{ CTX_G, "Esc", ACT_BACK, ASK_NONE, "back", "close, clear marks, filter, then go back" },
	{ CTX_G, "q", ACT_BACK_QUIT, ASK_NONE, "back-quit", "back; at home: quit" },
	{ CTX_G, "Q", ACT_QUIT, ASK_NONE, "quit", "quit now; asks only if a job would end", true },
	{ CTX_G, "1", ACT_VIEW_CONTAINERS, ASK_NONE, "view-containers", "home" },
	{ CTX_G, "2", ACT_VIEW_IMAGES, ASK_NONE, "view-images", "images" },
	{ CTX_G, "3", ACT_VIEW_LOGS, ASK_NONE, "view-logs", "logs of the marked, else of all up" },
	{ CTX_G, "6", ACT_VIEW_JOBS, ASK_NONE, "view-jobs", "running and past jobs" },
	{ CTX_G, "7", ACT_VIEW_EVENTS, ASK_NONE, "view-events", "what happened to containers and images, all of it" },
	{ CTX_G, "8 e", ACT_VIEW_MESSAGES, ASK_NONE, "view-messages", "every message and error, newest first" },
	{ CTX_G, "9", ACT_VIEW_TRASH, ASK_NONE, "view-trash", "deleted, can be given back" },
	{ CTX_G, "0", ACT_VIEW_HOST, ASK_NONE, "view-host", "kvm, memory, disk, kernels; what is missing" },
	{ CTX_G, "c", ACT_VIEW_CONSOLES, ASK_NONE, "view-consoles", "all consoles, with viewers and sizes" },
	{ CTX_G, "`", ACT_LAST_CONSOLE, ASK_NONE, "last-console", "the console used last" },
	{ CTX_G, "j Down", ACT_DOWN, ASK_NONE, "down", "one down" },
	{ CTX_G, "k Up", ACT_UP, ASK_NONE, "up", "one up" },
	{ CTX_G, "g Home", ACT_TOP, ASK_NONE, "top", "first" },
	{ CTX_G, "G End", ACT_END, ASK_NONE, "end", "last (in logs: follow again)", true },
	{ CTX_G, "^F PgDn", ACT_PAGE_DOWN, ASK_NONE, "page-down", "screen down" },
	{ CTX_G, "^B PgUp", ACT_PAGE_UP, ASK_NONE, "page-up", "screen up" },
	{ CTX_G, "^D", ACT_HALF_DOWN, ASK_NONE, "half-down", "half a screen down" },
	{ CTX_G, "^U", ACT_HALF_UP, ASK_NONE, "half-up", "half a screen up" },
	{ CTX_G, "Left Right", ACT_PAN, ASK_NONE, "pan", "sideways by 8 columns" },
	{ CTX_G, "Tab S-Tab", ACT_SECTION, ASK_NONE, "section", "next, previous section" },
	{ CTX_G, "y", ACT_COPY, ASK_NONE, "copy", "name, id, address, row, command line, screen" },
	{ CTX_G, "v", ACT_SELECT, ASK_NONE, "select", "select text on this screen" },
	{ CTX_G, "m", ACT_MOUSE, ASK_NONE, "mouse", "mouse capture on, off" },
	{ CTX_G, "U", ACT_UNDO, ASK_Y, "undo", "take back the last delete or rename" },
	{ CTX_G, "A", ACT_LOGIN, ASK_FORM, "login", "registry login; also logout there" },
	{ CTX_G, "^C", ACT_INTERRUPT, ASK_NONE, "interrupt", "as Esc; never quits, never kills" },
	{ CTX_G, "^L", ACT_REDRAW, ASK_NONE, "redraw", "forget the screen, draw all of it" },
	{ CTX_G, "^Z", ACT_SUSPEND, ASK_NONE, "suspend", "stop berth itself, fg continues" },
	{ CTX_G, "", ACT_LOCK, ASK_NONE, "read-only", "refuse every change from here" },
	{ CTX_G, "", ACT_RELOAD, ASK_NONE, "reload", "read the config file again" },

	{ CTX_L, "Enter", ACT_OPEN, ASK_NONE, "open", "what the row stands for" },
	{ CTX_L, "Space", ACT_MARK, ASK_NONE, "mark", "mark, go down" },
	{ CTX_L, "*", ACT_MARK_ALL, ASK_NONE, "mark-all", "all rows shown, or none" },
	{ CTX_L, "< >", ACT_SORT_COLUMN, ASK_NONE, "sort-column", "choose the sort column" },
	{ CTX_L, "o", ACT_SORT_REVERSE, ASK_NONE, "sort-reverse", "turn the order round" },
	{ CTX_L, ".", ACT_SHOW_ALL, ASK_NONE, "show-all", "all, or only what is up or used" },

	{ CTX_C, "a", ACT_CONSOLE, ASK_NONE, "console", "open its console (main or last)" },
	{ CTX_C, "l", ACT_LOGS, ASK_NONE, "logs", "its log" },
	{ CTX_C, "d", ACT_DETAIL, ASK_NONE, "detail", "as Enter" },
	{ CTX_C, "t", ACT_PROCESSES, ASK_NONE, "processes", "process list" },
	{ CTX_C, "s", ACT_STATS, ASK_NONE, "stats", "live numbers" },
	{ CTX_C, "b", ACT_BOOT, ASK_NONE, "boot", "how long each stage of its start took" },
	{ CTX_C, "i", ACT_RAW, ASK_NONE, "raw", "raw description (JSON)" },
	{ CTX_C, "C", ACT_CREATE, ASK_FORM, "create", "new container" },
	{ CTX_C, "S", ACT_START, ASK_NONE, "start", "start; undone by T", true },
	{ CTX_C, "T", ACT_STOP, ASK_Y, "stop", "TERM, after 10 s KILL" },
	{ CTX_C, "K", ACT_KILL, ASK_Y, "kill", "KILL at once" },
	{ CTX_C, "R", ACT_RESTART, ASK_Y, "restart", "stop, then start" },
	{ CTX_C, "H", ACT_HOLD, ASK_NONE, "hold", "pause or resume, as the row says", true },
	{ CTX_C, "X", ACT_EXEC, ASK_FORM, "exec", "new process in it" },
	{ CTX_C, "E", ACT_EDIT, ASK_FORM, "edit", "its name and its limits" },
	{ CTX_C, "W", ACT_SAVE, ASK_FORM, "save", "its files to a tar" },
	{ CTX_C, "D", ACT_DELETE, ASK_Y, "delete", "to the trash; refused while it runs" },

	{ CTX_D, "K", ACT_SIGNAL, ASK_FORM, "signal", "signal to the process of the row" },

	{ CTX_I, "C", ACT_CREATE, ASK_FORM, "create", "container from this image" },
	{ CTX_I, "P", ACT_PULL, ASK_FORM, "pull", "fetch an image" },
	{ CTX_I, "I", ACT_IMPORT, ASK_FORM, "import", "from an archive, a folder, a tar file" },
	{ CTX_I, "L", ACT_LABEL, ASK_FORM, "label", "give another tag, move a tag" },
	{ CTX_I, "W", ACT_SAVE, ASK_FORM, "save", "to an archive" },
	{ CTX_I, "D", ACT_DELETE, ASK_Y, "delete", "to the trash; refused while in use" },
	{ CTX_I, "F", ACT_FREE, ASK_Y, "free", "delete unused, shows list and size first" },
	{ CTX_I, "i", ACT_RAW, ASK_NONE, "raw", "raw description (JSON)" },

	{ CTX_J, "K", ACT_CANCEL, ASK_Y, "cancel", "stop the job; parts fetched are kept" },
	{ CTX_J, "R", ACT_RETRY, ASK_NONE, "retry", "a pull that failed, again; what was fetched is used", true },
	{ CTX_J, "t", ACT_TIMES, ASK_NONE, "times", "time per layer" },

	{ CTX_X, "U", ACT_UNDO, ASK_Y, "undo", "give back the row" },
	{ CTX_X, "Z", ACT_PURGE, ASK_NAME, "purge", "gone for good; type the name" },
	{ CTX_X, "F", ACT_FREE, ASK_NAME, "free", "empty the trash; type: trash" },

	{ CTX_T, "&", ACT_ONLY, ASK_NONE, "only", "show only lines that match; !x without x" },
	{ CTX_T, "w", ACT_WRAP, ASK_NONE, "wrap", "wrap long lines, or pan" },
	{ CTX_T, "[ ]", ACT_PREV_NEXT, ASK_NONE, "prev-next", "line with an error" },
	{ CTX_T, "Space", ACT_PAGE_DOWN, ASK_NONE, "page-down", "as PgDn" },
	{ CTX_T, "W", ACT_SAVE, ASK_FORM, "save", "write what is shown to a file" },

	{ CTX_O, "f", ACT_FOLLOW, ASK_NONE, "follow", "follow the end" },
	{ CTX_O, "t", ACT_TIME, ASK_NONE, "time", "clock, since start, date, none" },
	{ CTX_O, "s", ACT_SOURCES, ASK_NONE, "sources", "choose the containers" },
	{ CTX_O, "u", ACT_STDERR, ASK_NONE, "stderr", "only stderr, all" },
	{ CTX_O, "x", ACT_FOLD, ASK_NONE, "fold", "repeated messages as one, or all" },
	{ CTX_O, "@", ACT_GOTO, ASK_NONE, "goto", "go to a time" },

	{ CTX_K, "d", ACT_DETACH, ASK_NONE, "detach", "close the view, the process goes on" },
	{ CTX_K, "n p", ACT_NEXT_PREV, ASK_NONE, "next-prev", "next, previous console" },
	{ CTX_K, "1 2 3 4 5 6 7 8 9", ACT_CONSOLE_N, ASK_NONE, "console-n", "console by number" },
	{ CTX_K, "c", ACT_VIEW_CONSOLES, ASK_NONE, "view-consoles", "list of consoles" },
	{ CTX_K, "[", ACT_SCROLLBACK, ASK_NONE, "scrollback", "scroll, find, select" },
	{ CTX_K, "/", ACT_FIND, ASK_NONE, "find", "find in the scrollback" },
	{ CTX_K, "v", ACT_SELECT, ASK_NONE, "select", "select text" },
	{ CTX_K, "y", ACT_COPY, ASK_NONE, "copy", "copy the screen" },
	{ CTX_K, "]", ACT_PASTE, ASK_NONE, "paste", "paste what was copied in berth" },
	{ CTX_K, "=", ACT_SIZE_HERE, ASK_NONE, "size-here", "console takes the size of this screen" },
	{ CTX_K, "r", ACT_READ_ONLY, ASK_NONE, "read-only", "this viewer stops sending keys" },
	{ CTX_K, "l", ACT_LOGS, ASK_NONE, "logs", "its log" },
	{ CTX_K, "i", ACT_DETAIL, ASK_NONE, "detail", "its detail" },
	{ CTX_K, "X", ACT_EXEC, ASK_FORM, "exec", "new process, new console" },
	{ CTX_K, "T", ACT_STOP, ASK_Y, "stop", "stop the container" },
	{ CTX_K, "K", ACT_SIGNAL, ASK_FORM, "signal", "signal to the container's process" },
	{ CTX_K, ":", ACT_PALETTE, ASK_NONE, "palette", "every action and command, by name" },
	{ CTX_K, "?", ACT_HELP, ASK_NONE, "help", "keys of the menu" },
	{ CTX_K, "^] F12", ACT_SEND_PREFIX, ASK_NONE, "send-prefix", "a real ^] to the guest" },
	{ CTX_K, "Esc", ACT_CLOSE_MENU, ASK_NONE, "close-menu", "back to the guest" },

	{ CTX_S, "h j k l Left Down Up Right w b 0 $ g G Home End PgUp PgDn", ACT_MOVE, ASK_NONE, "move",
	  "cursor, word, line, all; G is the end", true },
	{ CTX_S, "v Space", ACT_ANCHOR, ASK_NONE, "anchor", "start, end the selection" },
	{ CTX_S, "V", ACT_ANCHOR_LINE, ASK_NONE, "anchor-line", "whole lines", true },
	{ CTX_S, "^V", ACT_ANCHOR_BLOCK, ASK_NONE, "anchor-block", "rectangle" },
	{ CTX_S, "/", ACT_FIND, ASK_NONE, "find", "find, the newest first" },
	{ CTX_S, "n", ACT_FIND_NEXT, ASK_NONE, "find-next", "next match" },
	{ CTX_S, "N", ACT_FIND_PREV, ASK_NONE, "find-prev", "previous match", true },
	{ CTX_S, "Enter y", ACT_COPY, ASK_NONE, "copy", "copy and leave" },
	{ CTX_S, "W", ACT_SAVE, ASK_FORM, "save", "write the selection to a file" },
	{ CTX_S, "Esc q ^C", ACT_BACK, ASK_NONE, "leave", "leave, back to live" },
	{ CTX_S, "^L", ACT_REDRAW, ASK_NONE, "redraw", "forget the screen, draw all of it" },
	{ CTX_S, "^Z", ACT_SUSPEND, ASK_NONE, "suspend", "stop berth itself, fg continues" },
	{ CTX_S, "?", ACT_HELP, ASK_NONE, "help", "keys of selecting" },

	{ CTX_F, "Tab Down", ACT_NEXT_FIELD, ASK_NONE, "next-field", "next field" },
	{ CTX_F, "S-Tab Up", ACT_PREV_FIELD, ASK_NONE, "prev-field", "previous field" },
	{ CTX_F, "Enter", ACT_ACCEPT, ASK_NONE, "accept", "next field, or press the button" },
	{ CTX_F, "Esc ^C", ACT_BACK, ASK_NONE, "cancel", "close; a draft is kept for this session" },
	{ CTX_F, "^N", ACT_CHOICES, ASK_NONE, "choices", "list of possible values" },
	{ CTX_F, "^R", ACT_HISTORY, ASK_NONE, "history", "earlier input of this field" },
	{ CTX_F, "^A ^E ^W ^U ^K", ACT_EDIT_LINE, ASK_NONE, "edit-line", "as in a shell" },
	{ CTX_F, "^L", ACT_REDRAW, ASK_NONE, "redraw", "forget the screen, draw all of it" },
	{ CTX_F, "^Z", ACT_SUSPEND, ASK_NONE, "suspend", "stop berth itself, fg continues" },
	{ CTX_F, "F1", ACT_HELP, ASK_NONE, "help", "keys of forms" },

	{ CTX_P, "y", ACT_YES, ASK_NONE, "yes", "do it; every other key is no, Enter too" },
};
const struct key *keys_table = table;
int keys_count = ARRAY_LEN(table);

static const struct {
	const char *letter, *name;
	enum key_ctx next;
	const char *word; /* in the configuration; NULL: the name */
} contexts[CTX_COUNT] = {
	[CTX_NONE] = { "", "", CTX_NONE },
	[CTX_G] = { "G", "everywhere", CTX_NONE, "global" },
	[CTX_L] = { "L", "lists", CTX_G },
	[CTX_C] = { "C", "containers", CTX_L },
	[CTX_D] = { "D", "processes", CTX_C },
	[CTX_I] = { "I", "images", CTX_L },
	[CTX_J] = { "J", "jobs and pulls", CTX_L, "jobs" },
	[CTX_X] = { "X", "trash", CTX_L },
	[CTX_T] = { "T", "text", CTX_G },
	[CTX_O] = { "O", "logs", CTX_T },
	[CTX_K] = { "K", "console, after ^]", CTX_NONE, "console" },
	[CTX_S] = { "S", "selecting", CTX_NONE, "scrollback" },
	[CTX_F] = { "F", "forms", CTX_NONE },
	[CTX_P] = { "P", "questions", CTX_NONE },
};

static const struct {
	const char *word;
	uint32_t key;
	unsigned mods;
} named[] = {
	{ "Enter", VT_KEY_ENTER, 0 },       { "Enter", VT_KEY_KP_ENTER, 0 }, { "Esc", VT_KEY_ESCAPE, 0 },
	{ "Space", ' ', 0 },                { "Tab", VT_KEY_TAB, 0 },        { "S-Tab", VT_KEY_TAB, VT_SHIFT },
	{ "Up", VT_KEY_UP, 0 },             { "Down", VT_KEY_DOWN, 0 },      { "Left", VT_KEY_LEFT, 0 },
	{ "Right", VT_KEY_RIGHT, 0 },       { "Home", VT_KEY_HOME, 0 },      { "End", VT_KEY_END, 0 },
	{ "PgUp", VT_KEY_PAGE_UP, 0 },      { "PgDn", VT_KEY_PAGE_DOWN, 0 }, { "F1", VT_KEY_F1, 0 },
	{ "F2", VT_KEY_F1 + 1, 0 },         { "F3", VT_KEY_F1 + 2, 0 },      { "F4", VT_KEY_F1 + 3, 0 },
	{ "F5", VT_KEY_F1 + 4, 0 },         { "F6", VT_KEY_F1 + 5, 0 },      { "F7", VT_KEY_F1 + 6, 0 },
	{ "F8", VT_KEY_F1 + 7, 0 },         { "F9", VT_KEY_F1 + 8, 0 },      { "F10", VT_KEY_F1 + 9, 0 },
	{ "F11", VT_KEY_F1 + 10, 0 },       { "F12", VT_KEY_F1 + 11, 0 },    { "Ins", VT_KEY_INSERT, 0 },
	{ "Del", VT_KEY_DELETE, 0 },
};

const char *keys_ctx_letter(enum key_ctx ctx)
{
	return contexts[ctx].letter;
}

const char *keys_ctx_name(enum key_ctx ctx)
{
	return contexts[ctx].name;
}

enum key_ctx keys_ctx_find(const char *word)
{
	for (int i = CTX_NONE + 1; i < CTX_COUNT; i++)
		if (strcmp(contexts[i].word ? contexts[i].word : contexts[i].name, word) == 0)
			return (enum key_ctx)i;
	return CTX_NONE;
}

bool keys_changes(const struct key *k)
{
	return k->ask != ASK_NONE || k->act == ACT_START || k->act == ACT_RETRY || k->act == ACT_HOLD;
}

bool keys_word_valid(const char *word)
{
	size_t n = strlen(word);

	if (n == 1)
		return word[0] > ' ' && word[0] < 0x7f;
	if (n == 2 && word[0] == '^') /* ^J and ^M are Enter, ^I is Tab */
		return word[1] > ' ' && word[1] < 0x7f && !strchr("JMIjmi", word[1]);
	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (strcmp(named[i].word, word) == 0)
			return true;
	return false;
}

const char *keys_ask_word(enum key_ask ask)
{
	static const char *const words[] = { "", "[y/N]", "form", "name" };

	return words[ask];
}

bool keys_is(const char *word, size_t n, const struct input_event *ev)
{
	uint32_t key = ev->key;

	if (ev->type != INPUT_KEY)
		return false;
	if (n == 1)
		return !(ev->mods & ~VT_SHIFT) && key == (uint8_t)word[0];
	if (n == 2 && word[0] == '^') {
		uint32_t want = (uint8_t)word[1];

		if (want >= 'A' && want <= 'Z')
			want += 'a' - 'A';
		return ev->mods == VT_CTRL && key == want;
	}
	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (strlen(named[i].word) == n && memcmp(named[i].word, word, n) == 0 && named[i].key == key &&
		    named[i].mods == ev->mods)
			return true;
	return false;
}

bool keys_event(const char *word, size_t n, struct input_event *ret)
{
	*ret = (struct input_event){ .type = INPUT_KEY };
	if (n == 1) {
		ret->key = (uint8_t)word[0];
	} else if (n == 2 && word[0] == '^') {
		ret->key = (uint8_t)(word[1] >= 'A' && word[1] <= 'Z' ? word[1] + 'a' - 'A' : word[1]);
		ret->mods = VT_CTRL;
	}
	for (size_t i = 0; i < ARRAY_LEN(named) && !ret->key; i++)
		if (strlen(named[i].word) == n && memcmp(named[i].word, word, n) == 0) {
			ret->key = named[i].key;
			ret->mods = named[i].mods;
		}
	return ret->key && keys_is(word, n, ret);
}

static bool row_has(const struct key *k, const struct input_event *ev, int *ret_index)
{
	int i = 0;

	for (const char *p = k->keys; *p; i++) {
		size_t n = strcspn(p, " ");

		if (keys_is(p, n, ev)) {
			if (ret_index)
				*ret_index = i;
			return true;
		}
		p += n;
		p += *p == ' ';
	}
	return false;
}

void keys_contexts(enum key_ctx ctx, enum key_ctx ret[static KEYS_CONTEXTS])
{
	int n = 0;

	for (; ctx != CTX_NONE && n < KEYS_CONTEXTS - 1; ctx = contexts[ctx].next)
		ret[n++] = ctx;
	ret[n] = CTX_NONE;
}

const struct key *keys_find(enum key_ctx ctx, const struct input_event *ev, int *ret_index)
{
	enum key_ctx in[KEYS_CONTEXTS];

	keys_contexts(ctx, in);
	for (int c = 0; in[c] != CTX_NONE; c++)
		for (int i = 0; i < keys_count; i++)
			if (keys_table[i].ctx == in[c] && row_has(&keys_table[i], ev, ret_index))
				return &keys_table[i];
	return NULL;
}

const struct key *keys_row(enum key_ctx ctx, enum act act)
{
	enum key_ctx in[KEYS_CONTEXTS];

	keys_contexts(ctx, in);
	for (int c = 0; in[c] != CTX_NONE; c++)
		for (int i = 0; i < keys_count; i++)
			if (keys_table[i].ctx == in[c] && keys_table[i].act == act)
				return &keys_table[i];
	return NULL;
}

bool keys_hidden(enum key_ctx ctx, const struct key *k)
{
	struct input_event ev;
	char first[16];
	size_t n = keys_first(k, first, sizeof(first));

	return n && keys_event(first, n, &ev) && keys_find(ctx, &ev, NULL) != k;
}

size_t keys_first(const struct key *k, char *ret, size_t max)
{
	return (size_t)snprintf(ret, max, "%.*s", (int)strcspn(k->keys, " "), k->keys);
}

/* By its name: it stays the prefix though pressing it twice does nothing. */
static const struct key *prefix_row(void)
{
	for (int i = 0; i < keys_count; i++)
		if (keys_table[i].ctx == CTX_K && strcmp(keys_table[i].name, "send-prefix") == 0)
			return &keys_table[i];
	return NULL;
}

bool keys_is_prefix(const struct input_event *ev)
{
	const struct key *row = prefix_row();

	return row && row_has(row, ev, NULL);
}

void keys_prefix(char first[static 8], char second[static 8])
{
	const struct key *row = prefix_row();
	const char *keys = row ? row->keys : "", *more = keys + strcspn(keys, " ");

	snprintf(first, 8, "%.*s", (int)(more - keys), keys);
	more += *more == ' ';
	snprintf(second, 8, "%.*s", (int)strcspn(more, " "), more);
}

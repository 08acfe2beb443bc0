/* SPDX-License-Identifier: Apache-2.0 */
/* app.h - the program: a stack of views over one engine, one screen and one stream of keys.
 *
 * Everything happens on one loop. A view draws on the canvas and gets actions from the table of keys;
 * changes go to the engine, whose answers come back as messages and as a newer model. */
#ifndef BERTH_TUI_APP_H
#define BERTH_TUI_APP_H

#include <berth/berth.h>

#include "base/list.h"
#include "tui/canvas.h"
#include "tui/history.h"
#include "tui/input.h"
#include "tui/keys.h"
#include "tui/line.h"
#include "tui/model.h"
#include "tui/msglog.h"
#include "tui/msgs.h"
#include "tui/screen.h"
#include "tui/settings.h"
#include "tui/stats.h"

struct app;
struct view;
struct tui_command;

/* What the last line names: a row of the table, perhaps with another word or other keys. */
struct hint {
	enum act act;
	const char *word; /* NULL: the table's */
	const char *keys; /* NULL: the row's first */
};

struct view_class {
	const char *name;
	enum key_ctx ctx;
	enum key_ctx (*ctx_now)(const struct view *v); /* NULL: always ctx */
	size_t size;  /* of the struct that begins with struct view */
	enum { OWN_NEVER, OWN_WIDE, OWN_NARROW } own_right; /* when there are no jobs and messages in the title */
	bool full;    /* draws the first row too, and its own last one */
	bool shows_stats; /* samples are taken while it is in front */
	int (*open)(struct view *v, const void *arg); /* < 0: it does not open; the view said why */
	void (*close)(struct view *v);
	/* The title's middle ("Containers 6  3 up"). */
	void (*title)(struct view *v, struct buf *b);
	/* Before the counts at its right; may be NULL. */
	void (*title_right)(struct view *v, struct buf *b);
	/* Rows [top, bottom) are the view's; the cursor is placed too. */
	void (*draw)(struct view *v, struct canvas *c, int top, int bottom);
	/* Up to max; returns how many. */
	int (*hints)(struct view *v, struct hint *ret, int max);
	/* True: done. index: which of the row's keys it was. */
	bool (*act)(struct view *v, enum act act, int index);
	/* Sees an event before the table does. True: taken. */
	bool (*input)(struct view *v, const struct input_event *ev);
	void (*changed)(struct view *v, unsigned what); /* MODEL_… */
	/* The name of what actions act on; may be NULL. */
	const char *(*object)(struct view *v);
	/* All of its text, a line each, and the line to begin with; NULL: what is on the screen. */
	int (*text)(struct view *v, struct buf *b);
	/* What the terminal is to report of its mouse (term.h); NULL: as the user wants it. */
	int (*mouse)(struct view *v);
	void (*resized)(struct view *v);
	/* A line for the message row when no message is shown, e.g. a value that was cut. */
	void (*note)(struct view *v, struct buf *b);
	/* The filter or search text changed; done: Enter was pressed. NULL: there is nothing to find here. */
	void (*find)(struct view *v, const char *text, bool done);
	/* While it is typed: "2 of 6"; may be NULL. */
	void (*found)(struct view *v, struct buf *b);
	/* Names of fields that a filter may have; NULL: none. */
	const char *const *fields;
};

struct view {
	const struct view_class *cls;
	struct app *app;
	struct view *below;
};

enum key_ctx view_ctx(const struct view *v);

#define HINTS_MAX 16
#define ASK_LINES 6

struct ask {
	bool active, armed;
	bool shown; /* the frame in flight has it */
	char text[512];        /* lines */
	char answers[80];      /* "y stop   anything else: no" */
	char keys[8];          /* what counts as an answer: "y", "kcs" */
	char want[300];        /* not "": this, typed and then Enter, is the answer y */
	struct line line;
	char id[300];          /* the target, captured at the key press */
	void (*answer)(struct app *app, char key, const char *id, void *arg); /* 0: no */
	void *arg;
};

/* What is typed for one purpose is no help for another. */
enum prompt_purpose { PROMPT_FILTER, PROMPT_FIND, PROMPT_ONLY, PROMPT_FILE, PROMPT_GOTO, PROMPT_PURPOSES };

struct prompt {
	bool active;
	const struct view *of; /* whose line it is */
	char lead;             /* '/', '&', '>', '@' */
	struct line line;
	struct history past[PROMPT_PURPOSES];
	struct history_search search;
	int at; /* of past, while Up and Down go through it */
};

/* The last change that can be taken back. */
struct undo {
	enum { UNDO_NONE, UNDO_DELETE, UNDO_RENAME } kind;
	char what[300]; /* DELETE: id or name in the trash; RENAME: the container's id */
	char name[300]; /* for people; RENAME: the old name */
};

struct app {
	uv_loop_t *loop;
	struct berth *berth;
	struct screen screen;
	struct input input;
	uv_timer_t *esc_timer;
	struct model model;
	struct msgs msgs;
	struct msglog msglog; /* zeroed: messages are not kept on the disk */
	struct stats stats;
	void (*host_memory)(uint64_t *used, uint64_t *total); /* bytes; a test has its own */
	struct list tasks; /* struct task: pulls, runs */
	struct view *top;
	struct ask ask;
	struct prompt prompt;
	struct history commands_past; /* of the palette */
	struct list runs;             /* struct run: commands of the shell */
	const char *program;          /* that runs them; NULL: this one */
	struct form_memory *forms; /* drafts and earlier input of forms (form.h) */
	char last_console[80]; /* "<id>:<n>" */
	struct undo undo;
	unsigned saves; /* work that must end before the program does: files written, tmux told */
	struct buf clip; /* what was copied last */
	struct buf clip_screen; /* of clip_ask: the screen without its question */
	int clip_row;
	struct settings settings;
	bool starting;  /* the view to begin with waits for the containers */
	struct conf *conf;       /* as it was read last; NULL: not yet */
	const char *config_path; /* of the file; NULL: the usual places */
	bool mouse;     /* clicks and the wheel are ours */
	bool clicked;   /* a click is being obeyed: it changes nothing */
	bool read_only; /* every changing verb is refused */
	const struct tui_command *commands; /* of the shell; may be NULL */
	bool focused;
	bool ending;
	int status; /* exit status */
	int64_t (*now)(void); /* ns since 1970; a test has its own */
	/* of the read under way: how many events it held, and whether one was a paste */
	unsigned read_events;
	const struct input_event *queue;
	void (*suspend)(struct app *app); /* NULL: cannot be */
	void (*ended)(struct app *app);
};

/* The screen is set up by the caller; berth is open. Opens home. */
int app_init(struct app *app, uv_loop_t *loop, struct berth *berth);
void app_finish(struct app *app);
/* Opens the view that the settings want first. */
void app_start(struct app *app);
/* Bytes of the terminal. */
void app_input(struct app *app, const char *p, size_t n);
/* As if the terminal had sent it. */
void app_event(struct app *app, const struct input_event *ev);
void app_draw(struct app *app, struct canvas *c);
void app_written(struct app *app);
void app_resize(struct app *app, int rows, int cols);
void app_dirty(struct app *app);
void app_quit(struct app *app, int status);

/* --- views */

int app_push(struct app *app, const struct view_class *cls, const void *arg);
void app_pop(struct app *app);
/* Takes this view off, wherever in the stack it is; home stays. */
void app_drop(struct app *app, struct view *v);
/* Back to home, then this one on top of it (NULL: just home). */
void app_switch(struct app *app, const struct view_class *cls);
void app_changed(struct app *app, unsigned what);
bool app_act(struct app *app, enum act act, int index);
/* Says so, if nothing may be changed from here. */
bool app_refuses(struct app *app, const char *what);
/* A click would do it: says which key does. */
bool app_refuses_click(struct app *app, const char *what, const char *key);
int app_rows(const struct app *app);
int app_cols(const struct app *app);

/* The reports of the mouse follow the view. */
void app_mouse(struct app *app);

/* --- questions */

/* text: lines, the first names the object. word: what "y" does. id is copied. */
void app_ask(struct app *app, const char *id, const char *word, const char *text,
	     void (*answer)(struct app *app, char key, const char *id, void *arg), void *arg);
/* For what cannot be undone: want must be typed. */
void app_ask_name(struct app *app, const char *id, const char *want, const char *text,
		  void (*answer)(struct app *app, char key, const char *id, void *arg), void *arg);
void app_prompt(struct app *app, char lead, const char *text);
bool app_prompting(const struct app *app);

/* Somebody looks: the terminal has the focus and a key came within a minute. What costs waits for it. */
bool app_watched(const struct app *app);

/* --- messages */

void app_info(struct app *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void app_error(struct app *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The command that does the same as what was just asked for. */
void app_cli(struct app *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - the view of a guest's terminal, between its parts. */
#ifndef BERTH_TUI_CONSOLE_H
#define BERTH_TUI_CONSOLE_H

#include "base/watch.h"
#include "tui/app.h"

enum console_phase { CONSOLE_STARTING, CONSOLE_LIVE, CONSOLE_ENDED };

struct consview {
	struct view v;
	char id[65], name[80], exec_id[80];
	unsigned n;
	enum console_phase phase;
	struct vt *vt;
	struct watch *w;
	struct buf pending; /* for the guest, when it reads slowly */
	struct buf paste;   /* what the terminal pastes, until all of it is here */
	struct {
		struct buf text;   /* as the guest gets it; nothing: no paste is under way */
		size_t off;        /* of it, handed over */
		struct buf behind; /* what was typed meanwhile */
	} job;
	enum { CLIP_UNASKED, CLIP_ALLOWED, CLIP_REFUSED } clip; /* what the user said of the guest's */
	struct buf clip_wish; /* what it wants there, while it is asked */
	uint64_t viewer;
	bool read_only, prefix, menu;
	bool sized;         /* vt has the size of the console, not of the screen */
	int64_t began, ended;
	int exit_code;
	bool known_exit;
	char error[320];
	/* Calls under way outlive the view. */
	struct console_link *link;
	uv_timer_t *timer, *resize_timer;
};

/* What a call's callback holds on to: the view, or NULL once it is gone. */
struct console_link {
	struct consview *v;
	int refs;
	struct berth_op *attach, *wait;
	bool find, begin; /* of the scrollback that was asked for */
};

/* view-console.c */
void console_link_put(struct console_link *l);
int console_rows(const struct view *v);
void console_send(struct consview *c, const void *p, size_t n);
void console_flush(struct consview *c);
/* This viewer's screen is the console's size from now on. */
void console_size_here(struct consview *c);
void console_start_again(struct consview *c);

/* console-draw.c */
/* Of a console with more rows than there is room for: the first one on the screen. */
int console_first_row(const struct consview *c);
void console_draw(struct view *v, struct canvas *cv, int top, int bottom);

/* console-keys.c */
bool console_act(struct view *v, enum act act, int index);
bool console_input(struct view *v, const struct input_event *ev);

/* console-clip.c: pastes into the guest, and what the guest copies. */
void console_paste(struct consview *c, const char *p, size_t n);
void console_take_paste(struct consview *c, const struct input_event *ev);
/* The next piece of a paste, if the last one was taken. True: there was one. */
bool console_paste_more(struct consview *c);
bool console_pasting(const struct consview *c);
void console_paste_stop(struct consview *c);
void console_clip_finish(struct consview *c);
/* Of struct vt_callbacks. */
bool console_on_bell(void *arg);
bool console_on_clipboard(void *arg, const char *which, const char *base64, size_t n);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* input.h - what a terminal sends, decoded: keys, pastes, mouse, focus, replies.
 *
 * Bytes in, events out; no I/O, no clock. However the bytes are cut into pieces the events are the same.
 * What may still become more (a lone ESC, "ESC [") waits until more bytes come or input_flush says that
 * none will. Sequences are bounded; what is unknown is swallowed whole. */
#ifndef BERTH_TUI_INPUT_H
#define BERTH_TUI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vt/vt.h"

#define INPUT_SEQ_MAX 128     /* a CSI sequence; longer ones are swallowed */
#define INPUT_PASTE_PIECE 4096

enum input_type {
	INPUT_KEY,
	INPUT_PASTE, /* a piece of one; text and n */
	INPUT_MOUSE,
	INPUT_FOCUS, /* in */
	INPUT_REPLY, /* an answer to a query: text and n, without its introducer */
};

struct input_event {
	enum input_type type;
	uint32_t key;  /* a code point or enum vt_key; Ctrl+A is 'a' with VT_CTRL; CR and NL are Enter */
	unsigned mods; /* VT_SHIFT, VT_ALT, VT_CTRL, VT_META */
	struct vt_mouse mouse;
	const char *text; /* until the callback returns */
	size_t n;
	bool first, last; /* INPUT_PASTE */
	bool in;          /* INPUT_FOCUS */
};

typedef void (*input_cb)(void *arg, const struct input_event *ev);

struct input {
	input_cb cb;
	void *arg;
	/* used inside */
	int state;
	uint8_t seq[INPUT_SEQ_MAX];
	size_t nseq;
	char paste[INPUT_PASTE_PIECE];
	size_t npaste, swallowed;
	bool paste_first;
};

void input_init(struct input *in, input_cb cb, void *arg);
void input_feed(struct input *in, const void *p, size_t n);
/* true: an ESC or the begin of a sequence waits, see input_flush. */
bool input_pending(const struct input *in);
/* No more bytes came in time: what waits is decided. */
void input_flush(struct input *in);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* drive.h - the whole UI without a terminal: keys in, the screen out as a terminal shows it. The bytes go through
 * curses and a socket into our own terminal engine. */
#ifndef BERTH_TESTS_TUI_DRIVE_H
#define BERTH_TESTS_TUI_DRIVE_H

#include "tests/tui/fake-engine.h"
#include "tui/app.h"
#include "vt/vt.h"

struct drive {
	uv_loop_t loop;
	struct app app;
	struct fake fake;
	struct berth *berth;
	struct vt *vt;
	int peer;        /* the terminal's end */
	size_t frames;   /* bytes that came since the last drive_reset_bytes */
	unsigned suspended, bells;
	struct buf clipboard; /* what was set last, in base64 */
	struct buf text; /* of drive_screen */
};

/* What the UI would take from the environment is set for good: the language, the time zone; no SSH, tmux, NO_COLOR. */
void drive_environment(void);

struct drive_options {
	const char *term;
	int rows, cols;
	bool mono;
	void (*model)(struct fake *f); /* what the store holds, before the UI looks; NULL: as fake-engine.h says */
};
struct drive *drive_open(const struct drive_options *o);
/* The same for the usual store; empty: one without anything. */
struct drive *drive_new(const char *term, int rows, int cols, bool empty);
/* The UI's clock, at first FAKE_NOW, goes on by so much. */
void drive_later(struct drive *d, int64_t ns);
void drive_free(struct drive *d);
/* Runs the loop until nothing moves. */
void drive_settle(struct drive *d);
/* Bytes as one read. */
void drive_bytes(struct drive *d, const char *p, size_t n);
/* "Esc D y ^] PgDn \"typed text\"": each key a read of its own, the screen drawn in between. false: no key. */
bool drive_keys(struct drive *d, const char *keys);
/* Cell of the terminal; NULL outside of what was written. */
const struct vt_cell *drive_cell(struct drive *d, int y, int x);
/* What changed something, a line each, "" if nothing did. Lives until the next key. */
const char *drive_calls(const struct drive *d);
/* The screen's rows, trailing blanks cut, a newline behind each. Lives until the next call. */
const char *drive_screen(struct drive *d);

#endif

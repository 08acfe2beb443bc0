/* SPDX-License-Identifier: Apache-2.0 */
/* clip.h - what was copied: kept here, and handed to the terminal or to tmux. */
#ifndef BERTH_TUI_CLIP_H
#define BERTH_TUI_CLIP_H

#include "tui/app.h"

#define CLIP_OSC52_MAX 74994 /* bytes, encoded, that every terminal with OSC 52 takes */

/* A message says where it went. */
void clip_copy(struct app *app, const char *text, size_t n);
/* Asks what of the row under the cursor. */
void clip_ask(struct app *app);

#endif

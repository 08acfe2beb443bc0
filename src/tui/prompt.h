/* SPDX-License-Identifier: Apache-2.0 */
/* prompt.h - the line in which a filter or what is looked for is typed, a part of app.c. */
#ifndef BERTH_TUI_PROMPT_H
#define BERTH_TUI_PROMPT_H

#include "tui/canvas.h"
#include "tui/input.h"

struct app;

void prompt_event(struct app *app, const struct input_event *ev);
void prompt_draw(struct app *app, struct canvas *c, int y);
/* While a filter is typed: its language, on the rows [y, bottom) below a list. */
void prompt_help_draw(struct canvas *c, int y, int bottom);

#endif

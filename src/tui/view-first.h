/* SPDX-License-Identifier: Apache-2.0 */
/* view-first.h - home without containers, a part of view-home.c. pick: the entry under the cursor. */
#ifndef BERTH_TUI_VIEW_FIRST_H
#define BERTH_TUI_VIEW_FIRST_H

#include "tui/app.h"

void first_draw(const struct app *app, size_t pick, struct canvas *c, int top, int bottom);
int first_hints(struct hint *ret);
bool first_act(struct app *app, size_t *pick, enum act act, int index);

#endif

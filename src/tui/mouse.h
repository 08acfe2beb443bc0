/* SPDX-License-Identifier: Apache-2.0 */
/* mouse.h - clicks and the wheel in berth's own views, a part of app.c. */
#ifndef BERTH_TUI_MOUSE_H
#define BERTH_TUI_MOUSE_H

#include "vt/vt.h"

struct app;

/* A click looks and moves, as what was drawn there says (canvas.h); it never changes anything. */
void mouse_event(struct app *app, const struct vt_mouse *m);

#endif

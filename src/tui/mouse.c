/* SPDX-License-Identifier: Apache-2.0 */
/* mouse.c - clicks and the wheel.
 *
 * What is drawn says what a click on it means: a row takes the cursor, and is opened if it has it; a head sorts; a
 * hint presses its key. While app->clicked is set, what would change something without a question is refused
 * (app_act, form.c, prompt.c), so that at most a click puts up a question, which only a typed y answers. */
#include "tui/mouse.h"

#include <string.h>

#include "tui/app.h"

#define WHEEL_ROWS 3

static void press(struct app *app, const char *word)
{
	struct input_event ev;

	if (keys_event(word, strlen(word), &ev))
		app_event(app, &ev);
}

/* Forms and what is like them know their keys alone. */
static bool is_of_keys(const struct app *app)
{
	return app->top->cls->ctx == CTX_F || app->top->cls->ctx == CTX_S;
}

static void wheel(struct app *app, bool up)
{
	for (int i = 0; i < WHEEL_ROWS; i++)
		if (is_of_keys(app) && app_prompting(app))
			break; /* the keys go to what is typed */
		else if (is_of_keys(app))
			press(app, up ? "Up" : "Down");
		else
			app_act(app, up ? ACT_UP : ACT_DOWN, 0);
}

static void click(struct app *app, const struct canvas_zone *z)
{
	switch (z->kind) {
	case ZONE_KEY:
		press(app, z->key);
		break;
	case ZONE_HEAD:
		app_act(app, ACT_SORT_ON, (int)z->value);
		break;
	case ZONE_ROW:
		if (!z->here || app_prompting(app))
			app_act(app, ACT_PICK, (int)z->value);
		else if (is_of_keys(app))
			press(app, "Enter");
		else
			app_act(app, ACT_OPEN, 0);
		break;
	}
}

void mouse_event(struct app *app, const struct vt_mouse *m)
{
	const struct canvas_zone *at;
	struct canvas_zone z;

	if (!app->mouse || m->action != VT_MOUSE_PRESS)
		return;
	if (m->button == 4 || m->button == 5)
		wheel(app, m->button == 4);
	at = m->button == 1 && !m->mods ? canvas_zone_at(&app->screen.canvas, m->row, m->col) : NULL;
	if (!at)
		return;
	z = *at; /* what it does may draw anew */
	app->clicked = true;
	msgs_hide(&app->msgs);
	app_dirty(app);
	click(app, &z);
	app->clicked = false;
}

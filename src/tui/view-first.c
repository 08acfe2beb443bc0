/* SPDX-License-Identifier: Apache-2.0 */
/* view-first.c - what home shows while there is no container: what to begin with. */
#include "tui/view-first.h"

#include <string.h>

#include "base/auto.h"
#include "tui/views.h"

static const struct {
	const char *name, *image, *size, *what, *command, *ports;
} first[] = {
	{ "busybox", "localhost/busybox", "built in, offline", "a shell", "sh", "" },
	{ "debian", "docker.io/library/debian:stable", "49M", "a shell", "bash", "" },
	{ "nginx", "docker.io/library/nginx:stable", "71M", "web server on 8080", "", "8080:80" },
	{ "other ...", "", "", "type the name of any image", "", "" },
	{ "archive ...", "", "", "import an OCI or docker-save archive, works offline", "", "" },
};

static void draw_entry(struct canvas *c, int y, size_t i, bool here)
{
	bool wide = c->cols >= 70, built_in = strchr(first[i].size, ' ') != NULL;
	int x = wide ? 3 : 1;

	canvas_zone(c, y, 0, c->cols, ZONE_ROW, i, here);
	if (here) {
		canvas_text(c, y, 0, 1, ROLE_KEY, ">");
		canvas_cursor(c, y, x);
	}
	canvas_cut(c, y, x, 11, here ? ROLE_CURSOR : ROLE_TEXT, first[i].name);
	if (!wide) {
		canvas_cut(c, y, 13, -1, ROLE_TEXT, *first[i].image ? first[i].image : first[i].what);
		return;
	}
	if (!*first[i].image) {
		canvas_cut(c, y, 16, -1, ROLE_TEXT, first[i].what);
		return;
	}
	canvas_cut(c, y, 16, built_in ? 27 : 36, ROLE_TEXT, first[i].image);
	if (built_in)
		canvas_text(c, y, 44, -1, ROLE_TEXT, first[i].size);
	else
		canvas_right(c, y, 57, ROLE_TEXT, first[i].size);
	canvas_cut(c, y, built_in ? 64 : 60, -1, ROLE_TEXT, first[i].what);
}

/* What is missing; the key of the view that says what to do is never cut off. */
static void draw_why(const struct app *app, struct canvas *c, int y)
{
	const struct key *host = keys_row(CTX_C, ACT_VIEW_HOST);
	char name[16] = "", tells[40] = "";
	int x = 9;

	if (host)
		keys_first(host, name, sizeof(name));
	if (*name)
		snprintf(tells, sizeof(tells), ", %s tells how", name);
	x += canvas_cut(c, y, x, c->cols - x - canvas_width(tells), ROLE_WARN, app->model.host_why);
	canvas_text(c, y, x, -1, ROLE_TEXT, tells);
}

void first_draw(const struct app *app, size_t pick, struct canvas *c, int top, int bottom)
{
	char prefix[8], second[8], menu[96];
	const char *const rules[] = {
		"Lower-case keys look.  UPPER-case keys change something.  Esc goes back.",
		menu,
		"Quitting berth stops nothing.  Containers and consoles stay as they are.",
	};
	bool wide = c->cols >= 70, roomy = bottom - top > 16;
	int y = top + roomy;

	keys_prefix(prefix, second);
	snprintf(menu, sizeof(menu), "In a console every key goes to the guest, except %s%s%s%s: its menu.", prefix,
		 *second ? " (or " : "", second, *second ? ")" : "");
	canvas_text(c, y++, 2, -1, ROLE_TEXT, wide ? "No containers yet.  A container here runs in its own small "
						     "virtual machine." : "No containers yet.");
	if (*app->model.host) {
		canvas_text(c, y, 2, -1, ROLE_TEXT, "Host:");
		canvas_cut(c, y, 9, -1, ROLE_TEXT, app->model.host);
	}
	y++;
	if (*app->model.host_why && y < bottom)
		draw_why(app, c, y++);
	else
		y += roomy;
	if (wide)
		canvas_text(c, y++, 2, -1, ROLE_TEXT,
			    "Pick one.  Enter fills in the form, Enter again runs it: you get its console.");
	y += roomy;
	for (size_t i = 0; i < ARRAY_LEN(first) && y < bottom; i++)
		draw_entry(c, y++, i, i == pick);
	y++;
	if (bottom - y < 4 || !wide)
		return;
	canvas_text(c, y++, 2, -1, ROLE_HEAD, "Three rules");
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		canvas_text(c, y++, 4, -1, ROLE_TEXT, rules[i]);
}

int first_hints(struct hint *ret)
{
	ret[0] = (struct hint){ ACT_OPEN, "start", NULL };
	ret[1] = (struct hint){ ACT_DOWN, "move", "j/k" };
	ret[2] = (struct hint){ ACT_PALETTE, "command", NULL };
	ret[3] = (struct hint){ ACT_HELP, NULL, NULL };
	ret[4] = (struct hint){ ACT_BACK_QUIT, "quit", NULL };
	return 5;
}

bool first_act(struct app *app, size_t *pick, enum act act, int index)
{
	struct form_arg form = { .kind = FORM_RUN, .image = first[*pick].image, .command = first[*pick].command,
				 .ports = first[*pick].ports };

	if (*pick == ARRAY_LEN(first) - 1) /* an archive brings its own */
		form = (struct form_arg){ .kind = FORM_IMPORT, .first = true };

	if (act == ACT_DOWN)
		*pick += *pick + 1 < ARRAY_LEN(first);
	else if (act == ACT_UP)
		*pick -= *pick > 0;
	else if (act == ACT_PICK)
		*pick = MIN((size_t)MAX(index, 0), ARRAY_LEN(first) - 1);
	else if (act == ACT_TOP || act == ACT_END)
		*pick = act == ACT_TOP ? 0 : ARRAY_LEN(first) - 1;
	else if (act == ACT_OPEN)
		app_push(app, &view_form, &form);
	else
		return false;
	return true;
}

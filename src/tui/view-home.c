/* SPDX-License-Identifier: Apache-2.0 */
/* view-home.c - home: the containers, and while there is none, what to begin with. */
#include <stdio.h>
#include <string.h>

#include "tui/act.h"
#include "tui/fmt.h"
#include "tui/rows.h"
#include "tui/task.h"
#include "tui/views.h"

static const struct {
	const char *name, *image, *size, *what, *command, *ports;
} first[] = {
	{ "busybox", "localhost/busybox", "built in, offline", "a shell", "sh", "" },
	{ "debian", "docker.io/library/debian:stable", "", "a shell", "bash", "" },
	{ "nginx", "docker.io/library/nginx:stable", "", "web server on 8080", "", "8080:80" },
	{ "other ...", "type the name of any image", "", "", "", "" },
};

struct home {
	struct view v;
	struct rows rows;
	size_t pick; /* of the first screen */
};

/* --- the list */

static struct app *app_of(void *arg)
{
	return ((struct home *)arg)->v.app;
}

static size_t count(void *arg)
{
	return app_of(arg)->model.nctrs;
}

static const struct ctr *at(void *arg, size_t i)
{
	return &app_of(arg)->model.ctrs[i];
}

static const char *row_id(void *arg, size_t i)
{
	return at(arg, i)->id;
}

static bool field(void *arg, size_t i, const char *name, struct buf *b)
{
	const struct ctr *c = at(arg, i);
	bool failed = c->state == BERTH_DEAD || (c->state == BERTH_EXITED && c->exit_code);
	const struct {
		const char *name, *text;
	} texts[] = { { "name", c->name }, { "image", c->image }, { "port", c->ports }, { "label", c->labels },
		      { "id", c->id }, { "command", c->command } };

	if (name && strcmp(name, "state") == 0)
		return buf_addf(b, "%s\n%s", berth_state_word(c->state), ctr_lives(c) ? "up" : failed ? "failed" : "") == 0;
	for (size_t k = 0; k < ARRAY_LEN(texts); k++)
		if (name ? strcmp(name, texts[k].name) == 0 : k < 4)
			buf_addf(b, "%s\n", texts[k].text);
	return true;
}

static enum filter_number number(void *arg, size_t i, const char *name, double *ret)
{
	const struct ctr *c = at(arg, i);
	bool up = strcmp(name, "up") == 0;
	int64_t from = up ? c->started : c->created;

	if (strcmp(name, "mem") == 0 || strcmp(name, "cpus") == 0) {
		*ret = *name == 'm' ? (double)c->memory : c->cpus;
		return FILTER_AMOUNT;
	}
	if (strcmp(name, "exit") == 0) {
		*ret = c->exit_code;
		return ctr_lives(c) || c->state == BERTH_CREATED ? FILTER_NONE : FILTER_AMOUNT;
	}
	*ret = (double)(app_of(arg)->now() - from) / 1e9;
	return from && (!up || ctr_lives(c)) ? FILTER_SECONDS : FILTER_NONE;
}

static const char *const fields[] = { "name", "image", "id",  "state", "command", "port",
				      "label", "mem",  "cpus", "exit", "up",	  "age", NULL };

enum { COL_NAME, COL_STATE, COL_UP, COL_MEM, COL_IMAGE, COL_PORTS, COL_CON };

static void cell(void *arg, size_t i, int column, char *ret, size_t max, enum role *role)
{
	const struct app *app = app_of(arg);
	const struct ctr *c = at(arg, i);
	char span[FMT_MAX];
	unsigned cons = 0;

	switch (column) {
	case COL_NAME:
		snprintf(ret, max, "%s", c->name);
		break;
	case COL_STATE:
		ctr_state_text(c, ret, max);
		*role = (enum role)ctr_state_role(c);
		break;
	case COL_UP:
		if (ctr_lives(c) && c->started) {
			fmt_span(app->now() - c->started, ret);
		} else if (c->finished) {
			fmt_span(app->now() - c->finished, span);
			snprintf(ret, max, "%s ago", span);
		} else {
			snprintf(ret, max, "-");
		}
		break;
	case COL_MEM:
		fmt_size(c->memory, ret);
		break;
	case COL_IMAGE:
		snprintf(ret, max, "%s", c->image);
		break;
	case COL_PORTS:
		snprintf(ret, max, "%s", *c->ports ? c->ports : "-");
		break;
	default:
		for (size_t k = 0; k < app->model.ncons; k++)
			cons += app->model.cons[k].alive && strncmp(app->model.cons[k].id, c->id, 64) == 0;
		snprintf(ret, max, "%u", cons);
	}
}

static const struct column columns[] = {
	{ "NAME", 14, 0, false, false }, { "STATE", 12, 0, false, false }, { "UP", 8, 3, false, false },
	{ "MEM", 6, 4, true, false },	 { "IMAGE", 16, 2, false, true },  { "PORTS", 10, 1, false, false },
	{ "CON", 3, 1, true, false },
};
static const struct rows_source source = { count, row_id, field, number, fields, cell, columns, ARRAY_LEN(columns) };

static bool is_first(const struct view *v)
{
	return (v->app->model.known & MODEL_CTRS) && v->app->model.nctrs == 0;
}

static int home_open(struct view *v, const void *arg)
{
	rows_init(&((struct home *)v)->rows, &source, v);
	return 0;
}

static void home_close(struct view *v)
{
	rows_finish(&((struct home *)v)->rows);
}

static const struct ctr *focused(struct view *v)
{
	long i = rows_focus(&((struct home *)v)->rows);

	return i < 0 || (size_t)i >= v->app->model.nctrs ? NULL : &v->app->model.ctrs[i];
}

static void home_title(struct view *v, struct buf *b)
{
	const struct model *m = &v->app->model;
	unsigned up = 0, boot = 0, failed = 0;

	for (size_t i = 0; i < m->nctrs; i++) {
		up += m->ctrs[i].state == BERTH_RUNNING;
		boot += m->ctrs[i].state == BERTH_STARTING;
		failed += m->ctrs[i].state == BERTH_DEAD ||
			  (m->ctrs[i].state == BERTH_EXITED && m->ctrs[i].exit_code);
	}
	buf_addf(b, "Containers %zu", m->nctrs);
	if (up)
		buf_addf(b, "  %u up", up);
	if (boot)
		buf_addf(b, "  %u boot", boot);
	if (failed)
		buf_addf(b, "  %u failed", failed);
}

static void draw_first(struct home *h, struct canvas *c, int top, int bottom)
{
	const char *host = h->v.app->model.host;
	int y = top + (bottom - top > 18), wide = c->cols >= 70;

	canvas_text(c, y++, 2, -1, ROLE_TEXT, wide ? "No containers yet.  A container here runs in its own small "
						     "virtual machine." : "No containers yet.");
	if (*host && y < bottom) {
		int x = 2 + canvas_text(c, y, 2, -1, ROLE_TEXT, "Host:  ");

		canvas_cut(c, y++, x, -1, ROLE_TEXT, host);
	}
	y += bottom - y > 10;
	if (wide)
		canvas_text(c, y++, 2, -1, ROLE_TEXT,
			    "Pick one.  Enter fills in the form, Enter again runs it: you get its console.");
	y += bottom - y > 10;
	for (size_t i = 0; i < ARRAY_LEN(first) && y < bottom; i++, y++) {
		bool here = i == h->pick;

		if (here) {
			canvas_text(c, y, 0, -1, ROLE_KEY, ">");
			canvas_cursor(c, y, wide ? 4 : 1);
		}
		canvas_cut(c, y, wide ? 4 : 1, 11, here ? ROLE_CURSOR : ROLE_TEXT, first[i].name);
		if (wide) {
			canvas_cut(c, y, 17, 33, ROLE_TEXT, first[i].image);
			canvas_cut(c, y, 51, 18, ROLE_TEXT, first[i].size);
			canvas_cut(c, y, 70 - !*first[i].what, c->cols - 70, ROLE_TEXT, "");
			canvas_cut(c, y, *first[i].size ? 70 : 51, -1, ROLE_TEXT, first[i].what);
		} else {
			canvas_cut(c, y, 13, -1, ROLE_TEXT, first[i].image);
		}
	}
	y++;
	if (bottom - y >= 5) {
		canvas_text(c, y++, 2, -1, ROLE_HEAD, "Three rules");
		canvas_text(c, y++, 4, -1, ROLE_TEXT, "Lower-case keys look.  UPPER-case keys change something.  Esc goes back.");
		canvas_text(c, y++, 4, -1, ROLE_TEXT, "In a console every key goes to the guest, except ^] (or F12): its menu.");
		canvas_text(c, y++, 4, -1, ROLE_TEXT, "Quitting berth stops nothing.  Containers and consoles stay as they are.");
	}
}

static void home_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct home *h = (struct home *)v;

	if (is_first(v))
		draw_first(h, c, top, bottom);
	else
		rows_draw(&h->rows, c, top, bottom);
}

static int home_hints(struct view *v, struct hint *ret, int max)
{
	const struct ctr *c = focused(v);
	int n = 0;

	if (is_first(v)) {
		ret[n++] = (struct hint){ ACT_OPEN, "start", NULL };
		ret[n++] = (struct hint){ ACT_DOWN, "move", "j/k" };
		ret[n++] = (struct hint){ ACT_PALETTE, "command", NULL };
		ret[n++] = (struct hint){ ACT_BACK_QUIT, "quit", NULL };
		return n;
	}
	ret[n++] = (struct hint){ ACT_OPEN, NULL, NULL };
	if (c && ctr_lives(c)) {
		ret[n++] = (struct hint){ ACT_CONSOLE, NULL, NULL };
		ret[n++] = (struct hint){ ACT_LOGS, NULL, NULL };
		ret[n++] = (struct hint){ ACT_EXEC, NULL, NULL };
		ret[n++] = (struct hint){ ACT_STOP, NULL, NULL };
	} else if (c) {
		ret[n++] = (struct hint){ ACT_START, NULL, NULL };
		ret[n++] = (struct hint){ ACT_LOGS, NULL, NULL };
		ret[n++] = (struct hint){ ACT_DELETE, NULL, NULL };
	}
	ret[n++] = (struct hint){ ACT_CREATE, NULL, NULL };
	ret[n++] = (struct hint){ ACT_VIEW_IMAGES, "images", NULL };
	ret[n++] = (struct hint){ ACT_FIND, NULL, NULL };
	ret[n++] = (struct hint){ ACT_BACK_QUIT, "quit", NULL };
	return n;
}

static void open_first(struct home *h)
{
	struct form_arg arg = { .kind = FORM_RUN };

	if (h->pick + 1 < ARRAY_LEN(first)) {
		arg.image = first[h->pick].image;
		arg.command = first[h->pick].command;
		arg.ports = first[h->pick].ports;
	}
	app_push(h->v.app, &view_form, &arg);
}

static bool home_act(struct view *v, enum act act, int index)
{
	struct home *h = (struct home *)v;
	const struct form_arg create = { .kind = FORM_RUN };
	const struct ctr *c;

	if (act == ACT_CREATE) {
		app_push(v->app, &view_form, &create);
		return true;
	}
	if (is_first(v)) {
		if (act == ACT_DOWN && h->pick + 1 < ARRAY_LEN(first))
			h->pick++;
		else if (act == ACT_UP && h->pick > 0)
			h->pick--;
		else if (act == ACT_OPEN)
			open_first(h);
		else
			return act == ACT_DOWN || act == ACT_UP;
		return true;
	}
	if (act == ACT_BACK || act == ACT_INTERRUPT) {
		rows_filter(&h->rows, "");
		return true;
	}
	if (rows_act(&h->rows, act))
		return true;
	c = focused(v);
	if (!c)
		return false;
	if (act == ACT_OPEN)
		act = ACT_DETAIL;
	return act_container(v->app, act, c);
}

static void home_changed(struct view *v, unsigned what)
{
	if (what & MODEL_CTRS)
		rows_update(&((struct home *)v)->rows);
}

static void home_note(struct view *v, struct buf *b)
{
	const struct home *h = (struct home *)v;
	const struct ctr *c = focused(v);

	if (is_first(v))
		buf_adds(b, "Public images need no account.   Longer introduction: man berth-tui");
	else if (*h->rows.filter)
		buf_addf(b, "filter /%s   %zu of %zu shown   Esc clears it", h->rows.filter, h->rows.n, h->rows.total);
	else if (c && *c->cause)
		buf_addf(b, "%s: %s", c->name, c->cause);
	else if (c)
		buf_addf(b, "%s  %s  %s", c->name, c->image, c->command);
}

static void home_find(struct view *v, const char *text, bool done)
{
	rows_filter(&((struct home *)v)->rows, text);
}

const struct view_class view_containers = {
	.name = "containers", .ctx = CTX_C, .size = sizeof(struct home), .open = home_open, .close = home_close,
	.title = home_title, .draw = home_draw, .hints = home_hints, .act = home_act, .changed = home_changed,
	.note = home_note, .find = home_find,
};

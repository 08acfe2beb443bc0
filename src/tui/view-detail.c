/* SPDX-License-Identifier: Apache-2.0 */
/* view-detail.c - all that is known of a container. */
#include <stdio.h>
#include <string.h>

#include "tui/act.h"
#include "tui/fmt.h"
#include "tui/text.h"
#include "tui/views.h"

struct detail {
	struct textview t;
	char id[80], name[80];
};

static void describe(struct detail *d)
{
	struct textview *t = &d->t;
	const struct ctr *c = model_ctr(&d->t.v.app->model, d->id);
	const struct model *m = &d->t.v.app->model;
	char state[40], text[FMT_MAX];

	text_clear(t);
	if (!c) {
		text_add(t, ROLE_DIM, "%s is gone", d->name);
		return;
	}
	ctr_state_text(c, state, sizeof(state));
	text_add(t, (enum role)ctr_state_role(c), "%s   %s   %s   id %.12s", c->name, state, c->image, c->id);
	if (*c->cause)
		text_add(t, ROLE_WARN, "why    %s", c->cause);
	text_add(t, ROLE_TEXT, "run    %s", c->command);
	fmt_size(c->memory, text);
	text_add(t, ROLE_TEXT, "vm     %g cpu%s, %s RAM, %s, kernel %s", c->cpus, c->cpus == 1 ? "" : "s", text,
	    *c->accel ? c->accel : "not started yet", *c->kernel ? c->kernel : "-");
	text_add(t, ROLE_TEXT, "net    %s", *c->ports ? c->ports : "no published ports");
	if (c->started) {
		fmt_date(c->started, text);
		text_add(t, ROLE_TEXT, "began  %s", text);
	}
	if (c->finished && !ctr_lives(c)) {
		fmt_date(c->finished, text);
		text_add(t, ROLE_TEXT, "ended  %s", text);
	}
	text_add(t, ROLE_TEXT, "%s", "");
	text_add(t, ROLE_HEAD, "CONSOLES");
	for (size_t i = 0; i < m->ncons; i++)
		if (strncmp(m->cons[i].id, c->id, 64) == 0)
			text_add(t, ROLE_TEXT, "%u  %-6s %ux%u  %u viewer%s  %s", m->cons[i].n,
			    m->cons[i].alive ? "up" : "ended", m->cons[i].cols, m->cons[i].rows, m->cons[i].viewers,
			    m->cons[i].viewers == 1 ? "" : "s", m->cons[i].command);
}

static int detail_open(struct view *v, const void *arg)
{
	const struct ctr_arg *a = arg;
	struct detail *d = (struct detail *)v;

	snprintf(d->id, sizeof(d->id), "%s", a->id);
	snprintf(d->name, sizeof(d->name), "%s", a->name);
	snprintf(d->t.title, sizeof(d->t.title), "Detail > %s", a->name);
	text_init(&d->t);
	describe(d);
	return 0;
}

static void detail_changed(struct view *v, unsigned what)
{
	if (what & (MODEL_CTRS | MODEL_CONS))
		describe((struct detail *)v);
}

/* Also what can be done to the container. */
static bool detail_act(struct view *v, enum act act, int index)
{
	const struct ctr *c = model_ctr(&v->app->model, ((struct detail *)v)->id);

	if (text_act(v, act, index))
		return true;
	return c && act_container(v->app, act, c);
}

static const char *detail_object(struct view *v)
{
	return ((struct detail *)v)->name;
}

static int detail_hints(struct view *v, struct hint *ret, int max)
{
	static const enum act acts[] = { ACT_CONSOLE, ACT_LOGS, ACT_BOOT, ACT_RAW, ACT_EXEC, ACT_STOP, ACT_BACK };

	for (size_t i = 0; i < ARRAY_LEN(acts); i++)
		ret[i] = (struct hint){ acts[i], NULL, NULL };
	return ARRAY_LEN(acts);
}

const struct view_class view_detail = {
	.name = "detail", .ctx = CTX_C, .text = text_all, .size = sizeof(struct detail), .open = detail_open, .close = text_close,
	.title = text_title, .draw = text_draw, .hints = detail_hints, .act = detail_act, .changed = detail_changed,
	.find = text_find, .object = detail_object,
};

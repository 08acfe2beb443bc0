/* SPDX-License-Identifier: Apache-2.0 */
/* view-host.c - what this host offers, a row each; below the list what to do about the one under the cursor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/host.h"
#include "tui/prompt.h"

/* What the calls' callbacks hold on to; the view may be gone by then. */
struct host_link {
	struct host *h;
	struct app *app;
	int refs;
	struct berth_op *check; /* under way; NULL: none */
};

static void put(struct host_link *l)
{
	if (--l->refs == 0)
		free(l);
}

/* --- the list */

static const struct host_fact *at(void *arg, size_t i)
{
	return &((struct host *)arg)->fact[i];
}

static size_t count(void *arg)
{
	return ((struct host *)arg)->nfacts;
}

static const char *id_of(void *arg, size_t i)
{
	const struct host_fact *f = at(arg, i);

	return *f->name ? f->name : f->what; /* kernels have no name of their own */
}

static bool field(void *arg, size_t i, const char *name, struct buf *b)
{
	const struct host_fact *f = at(arg, i);

	if (name)
		return buf_adds(b, strcmp(name, "state") == 0 ? f->word : f->name) == 0;
	return buf_addf(b, "%s\n%s\n%s", f->name, f->word, f->what) == 0;
}

static const char *const fields[] = { "name", "state", NULL };

static void cell(void *arg, size_t i, int column, char *ret, size_t max, enum role *role)
{
	static const struct {
		const char *sign;
		enum role role;
	} states[] = {
		[FACT_ASKED] = { "~", ROLE_DIM }, [FACT_OK] = { "+", ROLE_OK },   [FACT_NOTE] = { "-", ROLE_TEXT },
		[FACT_BUSY] = { "~", ROLE_BUSY }, [FACT_POOR] = { "!", ROLE_WARN }, [FACT_BAD] = { "x", ROLE_BAD },
	};
	const struct host_fact *f = at(arg, i);

	if (column == 0) {
		snprintf(ret, max, "%s", f->name);
	} else if (column == 1) {
		snprintf(ret, max, "%s %s", states[f->state].sign, f->word);
		*role = states[f->state].role;
	} else {
		snprintf(ret, max, "%s", f->what);
	}
}

#define HOW_ROWS 5

static const struct column columns[] = {
	{ .head = "PART", .want = 11, .narrow = 10 },
	{ .head = "STATE", .want = 10, .sign = 2 },
	{ .head = "WHAT IS KNOWN", .want = 40, .narrow = 16, .most = 1000 },
};
static const struct rows_source source = { count, id_of, field, NULL, fields, cell, columns, ARRAY_LEN(columns), -1, -1, NULL };

static void renew(struct host *h)
{
	host_facts(h);
	rows_update(&h->rows);
	app_dirty(h->v.app);
}

/* --- what the engine tells */

static void take(struct host_link *l, int rc, const struct berth_error *e, const char *json, bool probe)
{
	struct host *h = l->h;
	cJSON *j = NULL;

	if (h && rc == 0 && json_parse(json, strlen(json), "the answer", &j, NULL) == 0) {
		cJSON **to = probe ? &h->probe : &h->info;

		cJSON_Delete(*to);
		*to = j;
		renew(h);
	} else if (h && rc < 0 && rc != -ECANCELED) {
		app_error(l->app, "%s", e->text);
	}
	put(l);
}

static void on_probe(void *arg, int rc, const struct berth_error *e, const char *json)
{
	take(arg, rc, e, json, true);
}

static void on_info(void *arg, int rc, const struct berth_error *e, const char *json)
{
	take(arg, rc, e, json, false);
}

static void on_kernels(void *arg, int rc, const struct berth_error *e, const struct berth_kernel *list, size_t n)
{
	struct host_link *l = arg;
	struct host *h = l->h;

	if (h && rc == 0) {
		for (h->nkernels = 0; h->nkernels < MIN(n, HOST_KERNELS); h->nkernels++) {
			const struct berth_kernel *k = &list[h->nkernels];
			struct host_kernel *to = &h->kernel[h->nkernels];

			snprintf(to->name, sizeof(to->name), "%s", k->name);
			snprintf(to->version, sizeof(to->version), "%s", k->version);
			snprintf(to->path, sizeof(to->path), "%s", k->path);
			to->used = k->is_default;
		}
		renew(h);
	} else if (h && rc < 0 && rc != -ECANCELED) {
		app_error(l->app, "%s", e->text);
	}
	put(l);
}

static void on_checked(void *arg, int rc, const struct berth_error *e, const struct berth_findings *f)
{
	struct host_link *l = arg;
	struct host *h = l->h;

	l->check = NULL;
	if (h && rc != -ECANCELED) {
		h->checked = true;
		snprintf(h->check_error, sizeof(h->check_error), "%.150s", rc < 0 ? e->text : "");
		h->wrong = rc < 0 ? 0 : f->n;
		if (h->wrong)
			snprintf(h->finding, sizeof(h->finding), "%s %.60s: %.100s", f->v[0].kind, f->v[0].object, f->v[0].text);
		h->leftovers = rc < 0 ? 0 : f->leftovers;
		h->leftover_bytes = rc < 0 ? 0 : f->leftover_bytes;
		renew(h);
	}
	put(l);
}

/* A call that was not begun tells nobody. */
static void begun(struct host *h, int rc, const struct berth_error *e)
{
	if (rc == 0)
		return;
	put(h->link);
	app_error(h->v.app, "%s", e->text);
}

static void ask(struct host *h)
{
	struct berth *b = h->v.app->berth;
	struct berth_error e = { 0 };

	h->link->refs += 4;
	begun(h, berth_system_probe(b, on_probe, h->link, &e), &e);
	begun(h, berth_system_info(b, on_info, h->link, &e), &e);
	begun(h, berth_kernel_list(b, on_kernels, h->link, &e), &e);
	begun(h, berth_system_check(b, BERTH_CHECK_QUICK, NULL, on_checked, h->link, &h->link->check, &e), &e);
}

/* --- the view */

static int open_host(struct view *v, const void *arg)
{
	struct host *h = (struct host *)v;

	(void)arg;
	h->link = calloc(1, sizeof(*h->link));
	if (!h->link) {
		app_error(v->app, "out of memory: cannot show the host");
		return -ENOMEM;
	}
	*h->link = (struct host_link){ h, v->app, 1 };
	rows_init(&h->rows, &source, v);
	renew(h);
	ask(h);
	return 0;
}

static void close_host(struct view *v)
{
	struct host *h = (struct host *)v;

	h->link->h = NULL;
	if (h->link->check)
		berth_op_cancel(h->link->check);
	put(h->link);
	rows_finish(&h->rows);
	cJSON_Delete(h->probe);
	cJSON_Delete(h->info);
}

static void title(struct view *v, struct buf *b)
{
	const struct host *h = (struct host *)v;
	unsigned bad = 0;

	for (size_t i = 0; i < h->nfacts; i++)
		bad += h->fact[i].state == FACT_BAD || h->fact[i].state == FACT_POOR;
	buf_adds(b, "Host");
	if (bad)
		buf_addf(b, "  %u to look at", bad);
}

static const struct host_fact *focus(struct host *h)
{
	long i = rows_focus(&h->rows);

	return i < 0 ? NULL : &h->fact[i];
}

/* What is known of it is longer than its column is wide. */
static bool is_cut(const struct host_fact *f, const struct canvas *c)
{
	return canvas_width(f->what) > c->cols - (c->cols < 60 ? 22 : 26);
}

/* Below the list; HOW_ROWS of it are always kept. */
static void draw_how(struct host *h, struct canvas *c, int y, int bottom)
{
	const struct host_fact *f = focus(h);
	int need;

	if (!f)
		return;
	need = (is_cut(f, c) ? canvas_wrapped_rows(c->cols - 2, f->what) : 0) + (f->how ? 1 + canvas_wrapped_rows(c->cols - 2, f->how) : 0);
	y += bottom - y > need; /* apart from the list, if there is room */
	if (is_cut(f, c))
		y = canvas_wrapped(c, y, 1, bottom, ROLE_TEXT, f->what);
	if (!f->how || bottom - y < 2)
		return;
	canvas_textf(c, y, 1, -1, ROLE_HEAD, "%s: what to do", f->name);
	canvas_wrapped(c, y + 1, 1, bottom, ROLE_TEXT, f->how);
}

static void draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct host *h = (struct host *)v;
	int y = rows_draw(&h->rows, c, top, bottom - MIN(HOW_ROWS, (bottom - top) / 2));

	if (app_prompting(v->app))
		prompt_help_draw(c, y, bottom);
	else
		draw_how(h, c, y, bottom);
}

static int hints(struct view *v, struct hint *ret, int max)
{
	(void)v;
	(void)max;
	ret[0] = (struct hint){ ACT_DOWN, "move", "j/k" };
	ret[1] = (struct hint){ ACT_FIND, NULL, NULL };
	ret[2] = (struct hint){ ACT_COPY, NULL, NULL };
	ret[3] = (struct hint){ ACT_VIEW_MESSAGES, "messages", "e" };
	ret[4] = (struct hint){ ACT_BACK, NULL, NULL };
	return 5;
}

static bool act(struct view *v, enum act a, int index)
{
	return rows_act(&((struct host *)v)->rows, a, index);
}

static void changed(struct view *v, unsigned what)
{
	(void)what;
	renew((struct host *)v);
}

static void note(struct view *v, struct buf *b)
{
	struct host *h = (struct host *)v;

	rows_note(&h->rows, b);
}

static void find(struct view *v, const char *text, bool done)
{
	(void)done;
	rows_filter(&((struct host *)v)->rows, text);
}

static void found(struct view *v, struct buf *b)
{
	rows_found(&((struct host *)v)->rows, b);
}

const struct view_class view_host = {
	.name = "host", .ctx = CTX_L, .size = sizeof(struct host), .open = open_host, .close = close_host, .title = title,
	.draw = draw, .hints = hints, .act = act, .changed = changed, .note = note, .find = find, .found = found,
	.fields = fields,
};

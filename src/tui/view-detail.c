/* SPDX-License-Identifier: Apache-2.0 */
/* view-detail.c - all that is known of a container: sections, one below the other. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "tui/act.h"
#include "tui/detail.h"
#include "tui/fmt.h"
#include "tui/views.h"

static const char *const section_names = "summary, stats, processes, events, environment, mounts";

static void head(struct detail *d, enum detail_section section, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void head(struct detail *d, enum detail_section section, const char *fmt, ...)
{
	char text[120];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_add(&d->t, ROLE_TEXT, "%s", "");
	d->head[section] = d->t.n + 1;
	text_add(&d->t, ROLE_HEAD, "%s", text);
}

/* --- summary */

static unsigned consoles_of(const struct model *m, const char *id)
{
	unsigned n = 0;

	for (size_t i = 0; i < m->ncons; i++)
		n += strncmp(m->cons[i].id, id, 64) == 0;
	return n;
}

static void add_disk(struct detail *d)
{
	const cJSON *mounts = json_arr(d->json, "mounts"), *i;
	AUTO_BUF struct buf b = { 0 };

	cJSON_ArrayForEach(i, mounts)
		buf_addf(&b, "%s%s at %s", b.len ? "     " : "", json_str(i, "source") ?: "?", json_str(i, "target") ?: "?");
	text_add(&d->t, ROLE_TEXT, "disk   root of its own%s%s", b.len ? "     " : ", no volumes", b.len ? (const char *)b.p : "");
}

/* Of one that has ended: the cause that its shim told, or what the exit status says by itself. */
static void add_why(struct detail *d, const struct ctr *c)
{
	AUTO_BUF struct buf b = { 0 };
	char span[FMT_MAX];
	int sig = c->exit_code - 128;

	if (*c->cause) {
		text_add(&d->t, ROLE_WARN, "why    %s", c->cause);
		return;
	}
	if (ctr_lives(c) || c->state == BERTH_CREATED)
		return;
	if (c->state == BERTH_DEAD)
		buf_adds(&b, "its VM ended");
	else if (sig > 0 && sig < 32)
		buf_addf(&b, "SIG%s ended it (exit %d)", sigabbrev_np(sig) ?: "?", c->exit_code);
	else
		buf_addf(&b, "it ended by itself%s", c->exit_code ? "; l shows what it said" : "");
	if (c->started && c->finished > c->started) {
		fmt_span(c->finished - c->started, span);
		buf_addf(&b, ", after %s", span);
	}
	text_add(&d->t, c->exit_code ? ROLE_WARN : ROLE_TEXT, "why    %s", b.p ? (const char *)b.p : "");
}

static void add_summary(struct detail *d, const struct ctr *c)
{
	const char *user = json_str(json_obj(d->json, "config"), "user");
	unsigned cons = consoles_of(&d->t.v.app->model, c->id);
	char state[40], up[FMT_MAX + 1] = "", text[FMT_MAX], boot[40] = "";

	d->head[DETAIL_SUMMARY] = 1;
	ctr_state_text(c, state, sizeof(state));
	if (ctr_lives(c) && c->started && !strchr(state + 2, ' ')) {
		fmt_span(d->t.v.app->now() - c->started, text);
		snprintf(up, sizeof(up), " %s", text);
	}
	text_add(&d->t, (enum role)ctr_state_role(c), "%-6s %s%s   %s   id %.12s", c->name, state, up, c->image, c->id);
	add_why(d, c);
	text_add(&d->t, ROLE_TEXT, "run    %s      user %s      %u console%s", c->command, user && *user ? user : "root", cons,
		 cons == 1 ? "" : "s");
	fmt_size(c->memory, text);
	if (d->boot_ms > 0)
		snprintf(boot, sizeof(boot), ", boot took %.0f ms", d->boot_ms);
	text_add(&d->t, ROLE_TEXT, "vm     %g cpu%s, %s RAM, %s, kernel %s%s", c->cpus, c->cpus == 1 ? "" : "s", text,
		 *c->accel ? c->accel : "not started yet", *c->kernel ? c->kernel : "-", boot);
	text_add(&d->t, ROLE_TEXT, "net    %s%s%s", c->ip && *c->ip ? c->ip : "user network", *c->ports ? "     " : "", c->ports);
	add_disk(d);
}

/* --- the rest; what is asked for has its place before the answer comes, so that nothing moves when it does */

static void add_stats(struct detail *d, const struct ctr *c)
{
	double each = (double)d->t.v.app->settings.stats_ms / 1000;
	bool lives = ctr_lives(c);

	if (!d->nsamples && (!lives || each <= 0))
		return;
	if (lives)
		head(d, DETAIL_STATS, "STATS  every %g s, last %g s", each, each * DETAIL_SAMPLES);
	else
		head(d, DETAIL_STATS, "STATS  until it ended");
	if (d->nsamples) {
		detail_add_stats(d);
		return;
	}
	text_add(&d->t, ROLE_DIM, "cpu       -    the first numbers come within %g s", each);
	text_add(&d->t, ROLE_DIM, "mem       -");
	text_add(&d->t, ROLE_DIM, "net       -");
}

static void add_processes(struct detail *d, const struct ctr *c)
{
	char n[24] = "";

	if (!ctr_lives(c)) {
		d->nprocs = 0;
		return;
	}
	if (d->nprocs)
		snprintf(n, sizeof(n), "%zu", d->nprocs);
	head(d, DETAIL_PROCESSES, "PROCESSES %-4s PID  USER    CPU%%    MEM  TIME  COMMAND", n);
	if (d->nprocs)
		detail_add_procs(d);
	else
		text_add(&d->t, ROLE_DIM, "%18s  %s", "-", *d->no_procs ? d->no_procs : "asking the guest ...");
}

static void add_console(struct detail *d, const struct con *c)
{
	char size[24] = "-" /* no terminal */, state[24] = "up";

	if (c->rows)
		snprintf(size, sizeof(size), "%ux%u", c->cols, c->rows);
	if (!c->alive)
		snprintf(state, sizeof(state), "exit %d", c->exit_code);
	text_add(&d->t, ROLE_TEXT, "%12s%u  %-8s %s  %u viewer%s  %s", "", c->n, state, size, c->viewers,
		 c->viewers == 1 ? "" : "s", c->command);
}

static void add_consoles(struct detail *d, const struct ctr *c)
{
	const struct model *m = &d->t.v.app->model;

	if (!consoles_of(m, c->id))
		return;
	head(d, DETAIL_CONSOLES, "CONSOLES %u", consoles_of(m, c->id));
	for (size_t i = 0; i < m->ncons; i++)
		if (strncmp(m->cons[i].id, c->id, 64) == 0)
			add_console(d, &m->cons[i]);
}

/* The first one stands beside the head. */
static void add_event(struct detail *d, int64_t at, const char *what)
{
	int64_t now = d->t.v.app->now();
	char when[FMT_MAX], day[FMT_MAX];

	if (!at)
		return;
	fmt_date(at, when);
	fmt_date(now, day);
	if (strncmp(when, day, 6) == 0) /* of today: the clock */
		memmove(when, when + 7, strlen(when + 7) + 1);
	else
		when[6] = 0;
	if (d->events++)
		text_add(&d->t, ROLE_TEXT, "%12s%-8s  %s", "", when, what);
	else
		head(d, DETAIL_EVENTS, "EVENTS      %-8s  %s", when, what);
}

static void add_events(struct detail *d, const struct ctr *c)
{
	char end[80], boot[80] = "started";

	d->events = 0;
	snprintf(end, sizeof(end), "ended, exit %d", c->exit_code);
	if (d->boot_ms > 0)
		snprintf(boot, sizeof(boot), "started, boot %.0f ms", d->boot_ms);
	if (!ctr_lives(c))
		add_event(d, c->finished, end);
	add_event(d, c->started, boot);
	add_event(d, c->created, "created");
}

static void add_inspected(struct detail *d)
{
	const cJSON *env = json_arr(json_obj(d->json, "Config"), "Env"), *mounts = json_arr(d->json, "mounts"), *i;

	if (cJSON_GetArraySize(env)) {
		head(d, DETAIL_ENVIRONMENT, "ENVIRONMENT %d", cJSON_GetArraySize(env));
		cJSON_ArrayForEach(i, env)
			text_add(&d->t, ROLE_TEXT, "       %s", cJSON_GetStringValue(i) ?: "");
	}
	if (cJSON_GetArraySize(mounts)) {
		head(d, DETAIL_MOUNTS, "MOUNTS %d", cJSON_GetArraySize(mounts));
		cJSON_ArrayForEach(i, mounts)
			text_add(&d->t, ROLE_TEXT, "       %s at %s%s", json_str(i, "source") ?: "?", json_str(i, "target") ?: "?",
				 json_bool(i, "readonly", false) ? ", read-only" : "");
	}
}

static void stand_on(struct detail *d, enum detail_section section)
{
	size_t row = d->head[section] - 1;

	d->at = section;
	if (section == DETAIL_STATS ? d->nsamples : section != DETAIL_PROCESSES || d->nprocs)
		d->want = DETAIL_SUMMARY;
	d->pid = 0;
	d->moved = true;
	d->t.mark = section ? row + 1 : 0;
	d->t.top = section && d->t.nrows > (size_t)d->t.page ? MIN(row, d->t.nrows - (size_t)d->t.page) : 0;
}

void detail_describe(struct detail *d)
{
	const struct ctr *c = model_ctr(&d->t.v.app->model, d->id);
	size_t top = d->t.top;

	text_clear(&d->t);
	memset(d->head, 0, sizeof(d->head));
	if (!c) {
		text_add(&d->t, ROLE_DIM, "%s is gone", d->name);
		return;
	}
	snprintf(d->name, sizeof(d->name), "%s", c->name);
	add_summary(d, c);
	add_stats(d, c);
	add_processes(d, c);
	add_events(d, c);
	add_consoles(d, c);
	add_inspected(d);
	d->t.top = MIN(top, d->t.nrows);
	if (d->want && d->head[d->want])
		stand_on(d, d->want); /* again with each answer, until it has its own */
	else if (d->at && d->head[d->at])
		d->t.mark = d->head[d->at];
	else
		detail_find_proc(d);
	app_dirty(d->t.v.app);
}

/* --- the view */

static int detail_open(struct view *v, const void *arg)
{
	const struct ctr_arg *a = arg;
	struct detail *d = (struct detail *)v;
	int rc = detail_ask_init(d);

	if (rc < 0)
		return rc;
	snprintf(d->id, sizeof(d->id), "%s", a->id);
	snprintf(d->name, sizeof(d->name), "%s", a->name);
	text_init(&d->t);
	d->t.picks = true;
	d->want = a->section;
	detail_describe(d);
	detail_ask(d);
	return 0;
}

static void detail_close(struct view *v)
{
	detail_ask_finish((struct detail *)v);
	text_close(v);
}

static void detail_title(struct view *v, struct buf *b)
{
	buf_addf(b, "Containers > %s", ((struct detail *)v)->name);
}

static void detail_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct detail *d = (struct detail *)v;

	size_t last = d->t.top + (size_t)(bottom - top) - 1;

	detail_watch(d);
	text_draw(v, c, top, bottom);
	/* A head that has nothing of its section on the screen says nothing. */
	if (bottom > top && last + 1 < d->t.nrows && d->t.lines[d->t.rows[last].i].role == ROLE_HEAD &&
	    d->t.mark != last + 1)
		canvas_blank(c, bottom - 1, 0, c->cols, ROLE_TEXT);
}

static void detail_changed(struct view *v, unsigned what)
{
	struct detail *d = (struct detail *)v;

	if (what & (MODEL_CTRS | MODEL_CONS))
		detail_describe(d);
}

bool detail_has(struct app *app, const struct ctr *c, enum detail_section section)
{
	if (!ctr_lives(c))
		app_info(app, "%s does not run", c->name);
	else if (section == DETAIL_STATS && !app->settings.stats_ms)
		app_info(app, "stats = off in the configuration: there are no live numbers");
	else
		return true;
	return false;
}

static void step_section(struct detail *d, int step)
{
	enum detail_section to = d->at;

	do
		to = (enum detail_section)((to + step) % DETAIL_SECTIONS);
	while (!d->head[to] && to != d->at);
	if (d->head[to])
		stand_on(d, to);
}

/* Also what can be done to the container. */
static bool detail_act(struct view *v, enum act act, int index)
{
	struct detail *d = (struct detail *)v;
	const struct ctr *c = model_ctr(&v->app->model, d->id);
	enum detail_section section;

	d->want = DETAIL_SUMMARY;
	if (act == ACT_SECTION) {
		step_section(d, index == 0 ? 1 : DETAIL_SECTIONS - 1);
		return true;
	}
	if (c && (act == ACT_PROCESSES || act == ACT_STATS)) {
		section = act == ACT_STATS ? DETAIL_STATS : DETAIL_PROCESSES;
		d->want = section;
		if (d->head[section])
			stand_on(d, section);
		else if (!detail_has(v->app, c, section))
			d->want = DETAIL_SUMMARY;
		return true;
	}
	if (detail_act_proc(d, act, index)) {
		d->at = DETAIL_SUMMARY; /* the cursor is on a process, and stays there */
		return true;
	}
	if (act != ACT_SAVE && text_act(v, act, index))
		return true;
	return c && act_container(v->app, act, c);
}

static enum key_ctx detail_ctx(const struct view *v)
{
	return detail_focus((const struct detail *)v) ? CTX_D : CTX_C;
}

static const char *detail_object(struct view *v)
{
	return ((struct detail *)v)->name;
}

static void detail_note(struct view *v, struct buf *b)
{
	buf_adds(b, "Tab next section");
	if (app_cols(v->app) >= 60)
		buf_addf(b, ": %s", section_names);
}

static int detail_hints(struct view *v, struct hint *ret, int max)
{
	static const enum act up[] = { ACT_CONSOLE, ACT_LOGS, ACT_BOOT, ACT_RAW, ACT_EXEC, ACT_KILL, ACT_EDIT, ACT_STOP, ACT_COPY };
	static const enum act down[] = { ACT_START, ACT_LOGS, ACT_BOOT, ACT_RAW, ACT_EDIT, ACT_SAVE, ACT_DELETE, ACT_COPY };
	const struct ctr *c = model_ctr(&v->app->model, ((struct detail *)v)->id);
	bool lives = c && ctr_lives(c);
	const enum act *acts = lives ? up : down;
	size_t n = lives ? ARRAY_LEN(up) : ARRAY_LEN(down);

	for (size_t i = 0; i < n; i++)
		ret[i] = (struct hint){ acts[i] == ACT_KILL && detail_focus((struct detail *)v) ? ACT_SIGNAL : acts[i],
					acts[i] == ACT_EDIT ? "limits" : NULL, NULL };
	return (int)n;
}

const struct view_class view_detail = {
	.name = "detail", .ctx = CTX_C, .ctx_now = detail_ctx, .text = text_all, .size = sizeof(struct detail), .open = detail_open,
	.close = detail_close, .title = detail_title, .draw = detail_draw, .hints = detail_hints, .act = detail_act,
	.changed = detail_changed, .find = text_find, .object = detail_object, .note = detail_note,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* view-jobs.c - work that runs: that of all berths, and what of this one waits for its user or has failed. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tui/act.h"
#include "tui/fmt.h"
#include "tui/prompt.h"
#include "tui/rows.h"
#include "tui/task.h"
#include "tui/views.h"

struct jobs {
	struct view v;
	struct rows rows;
};

static struct app *app_of(void *arg)
{
	return ((struct jobs *)arg)->v.app;
}

/* What the engine does not list: the nth task of ours that is not running and not done. */
static struct task *idle(const struct app *app, size_t n)
{
	for (const struct list *l = app->tasks.next; l && l != &app->tasks; l = l->next) {
		struct task *t = list_entry(l, struct task, link);

		if (!t->op && t->failed && (t->pull || t->asks) && n-- == 0)
			return t;
	}
	return NULL;
}

/* One of the two. */
struct job {
	const struct jobrow *row;
	struct task *task; /* of a row: NULL if it is another berth's */
};

static struct job at(const struct app *app, size_t i)
{
	struct job j = { 0 };

	if (i < app->model.njobs) {
		j.row = &app->model.jobs[i];
		j.task = task_of_job(app, j.row->id) ?: task_find(app, j.row->object);
	} else {
		j.task = idle(app, i - app->model.njobs);
	}
	return j;
}

static size_t count(void *arg)
{
	const struct app *app = app_of(arg);
	size_t n = 0;

	while (idle(app, n))
		n++;
	return app->model.njobs + n;
}

static const char *id_of(void *arg, size_t i)
{
	struct job j = at(app_of(arg), i);

	return j.row ? j.row->id : j.task->object;
}

static const char *state_of(const struct job *j)
{
	return j->row ? j->row->state : j->task->asks ? "asks" : j->task->cancelled ? "cancelled" : "failed";
}

static bool field(void *arg, size_t i, const char *name, struct buf *b)
{
	struct job j = at(app_of(arg), i);
	const char *verb = j.row ? j.row->verb : j.task->verb, *object = j.row ? j.row->object : j.task->object;

	if (name)
		return buf_adds(b, strcmp(name, "verb") == 0 ? verb : strcmp(name, "state") == 0 ? state_of(&j) : object) == 0;
	return buf_addf(b, "%s\n%s", verb, object) == 0;
}

static const char *const fields[] = { "verb", "object", "state", NULL };

static void progress(const struct job *j, char *ret, size_t max)
{
	uint64_t done = j->task ? j->task->done : j->row->done, total = j->task ? j->task->total : j->row->total;
	char size[FMT_MAX];

	fmt_size(total, size);
	if (total)
		snprintf(ret, max, "%u%% of %s", (unsigned)(MIN(done, total) * 100 / total), size);
	else
		snprintf(ret, max, "-");
}

/* Of a job of this berth that fetches; of another's only how far it is is known. */
static void rate(const struct job *j, char *ret, size_t max)
{
	char size[FMT_MAX];

	if (!j->row || !j->task || j->task->percent || !j->task->rate) {
		snprintf(ret, max, "-");
		return;
	}
	(j->task->rate < 10 << 20 ? fmt_size_fine : fmt_size)(j->task->rate, size);
	snprintf(ret, max, "%.12s/s", size);
}

static void cell(void *arg, size_t i, int column, char *ret, size_t max, enum role *role)
{
	struct job j = at(app_of(arg), i);
	int64_t since = j.row ? j.row->started : j.task->began;

	switch (column) {
	case 0:
		snprintf(ret, max, "%s", j.row ? j.row->verb : j.task->verb);
		*ret = (char)tolower((unsigned char)*ret);
		break;
	case 1:
		snprintf(ret, max, "%s", j.row ? j.row->object : j.task->object);
		break;
	case 2:
		snprintf(ret, max, "%c %s", j.row ? '~' : j.task->asks ? '?' : j.task->cancelled ? '-' : 'x', state_of(&j));
		*role = j.row ? ROLE_BUSY : j.task->asks ? ROLE_WARN : j.task->cancelled ? ROLE_TEXT : ROLE_BAD;
		break;
	case 3:
		progress(&j, ret, max);
		break;
	case 4:
		rate(&j, ret, max);
		break;
	default:
		if (since)
			fmt_span(app_of(arg)->now() - since, ret);
	}
}

static const struct column columns[] = {
	{ .head = "VERB", .want = 12, .narrow = 6 },
	{ .head = "OBJECT", .want = 24, .narrow = 19, .most = 80 },
	{ .head = "STATE", .want = 11, .sign = 2 },
	{ .head = "DONE", .want = 12, .prio = 1 },
	{ .head = "RATE", .want = 8, .prio = 3 },
	{ .head = "SINCE", .want = 6, .prio = 2 },
};
static const struct rows_source source = { count, id_of, field, NULL, fields, cell, columns, ARRAY_LEN(columns), -1, -1,
					   NULL };

static int open_jobs(struct view *v, const void *arg)
{
	(void)arg;
	rows_init(&((struct jobs *)v)->rows, &source, v);
	rows_update(&((struct jobs *)v)->rows);
	model_refresh(v->app, MODEL_JOBS);
	return 0;
}

static void close_jobs(struct view *v)
{
	rows_finish(&((struct jobs *)v)->rows);
}

static void title(struct view *v, struct buf *b)
{
	buf_addf(b, "Jobs %zu", count(v));
}

static void draw(struct view *v, struct canvas *c, int top, int bottom)
{
	int y = rows_draw(&((struct jobs *)v)->rows, c, top, bottom);

	if (app_prompting(v->app))
		prompt_help_draw(c, y, bottom);
}

/* false: there is none. */
static bool focus(struct view *v, struct job *ret)
{
	long i = rows_focus(&((struct jobs *)v)->rows);

	if (i < 0 || (size_t)i >= count(v))
		return false;
	*ret = at(v->app, (size_t)i);
	return true;
}

static int hints(struct view *v, struct hint *ret, int max)
{
	struct job j;
	int n = 0;

	(void)max;
	if (focus(v, &j)) {
		ret[n++] = (struct hint){ ACT_OPEN, j.task && j.task->asks ? "log in" : NULL, NULL };
		ret[n++] = (struct hint){ j.row ? ACT_CANCEL : ACT_RETRY, NULL, NULL };
		ret[n++] = (struct hint){ ACT_FIND, NULL, NULL };
	}
	ret[n++] = (struct hint){ ACT_BACK, NULL, NULL };
	return n;
}

static void on_cancelled(void *arg, int rc, const struct berth_error *e)
{
	struct app *app = arg;

	if (rc < 0 && rc != -ECANCELED)
		app_error(app, "%s", e->text);
	model_refresh(app, MODEL_JOBS);
}

static void answer_cancel(struct app *app, char key, const char *id, void *arg)
{
	struct berth_error e = { 0 };

	(void)arg;
	if (key != 'y')
		return;
	app_cli(app, "berth jobs cancel %s", id);
	if (berth_job_cancel(app->berth, id, on_cancelled, app, &e) < 0)
		app_error(app, "%s", e.text);
}

static void open_job(struct app *app, const struct job *j)
{
	struct task *t = j->task;

	if (!t)
		t = task_follow(app, j->row->id, j->row->verb, j->row->object);
	if (!t)
		return;
	app_push(app, &view_pull, t);
	if (t->asks)
		app_push(app, &view_form, &(struct form_arg){ .kind = FORM_LOGIN, .host = t->host, .task = t });
}

static bool act(struct view *v, enum act act, int index)
{
	char text[300];
	struct job j;

	if (rows_act(&((struct jobs *)v)->rows, act, index))
		return true;
	if (!focus(v, &j))
		return false;
	if (act == ACT_OPEN) {
		open_job(v->app, &j);
	} else if (act == ACT_CANCEL && j.row) {
		snprintf(text, sizeof(text), "Cancel %s of %s?%s", j.row->verb, j.row->object,
			 task_fetches(j.row->verb) ? "\nParts that were fetched are kept." : "");
		app_ask(v->app, j.row->id, "cancel", text, answer_cancel, NULL);
	} else if (act == ACT_CANCEL) {
		app_info(v->app, "%s does not run", j.task->object);
	} else if (act == ACT_RETRY && j.row) {
		app_info(v->app, "%s runs", j.row->object);
	} else if (act == ACT_RETRY) {
		act_retry(v->app, j.task);
	} else {
		return false;
	}
	return true;
}

static void changed(struct view *v, unsigned what)
{
	if (what & MODEL_JOBS)
		rows_update(&((struct jobs *)v)->rows);
}

static void note(struct view *v, struct buf *b)
{
	struct job j;

	rows_note(&((struct jobs *)v)->rows, b);
	if (b->len)
		return;
	if (!focus(v, &j))
		buf_adds(b, "No job runs.");
	else if (!j.row)
		buf_adds(b, j.task->error);
	else if (j.task && *j.task->note)
		buf_adds(b, j.task->note);
}

static void find(struct view *v, const char *text, bool done)
{
	(void)done;
	rows_filter(&((struct jobs *)v)->rows, text);
}

static void found(struct view *v, struct buf *b)
{
	rows_found(&((struct jobs *)v)->rows, b);
}

const struct view_class view_jobs = {
	.name = "jobs", .ctx = CTX_J, .size = sizeof(struct jobs), .open = open_jobs, .close = close_jobs, .title = title,
	.draw = draw, .hints = hints, .act = act, .changed = changed, .note = note, .find = find, .found = found,
	.fields = fields,
};

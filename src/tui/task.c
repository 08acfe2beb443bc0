/* SPDX-License-Identifier: Apache-2.0 */
/* task.c - long work that this berth began. */
#include "tui/task-priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tui/act.h"
#include "tui/views.h"

#define RATE_NS 1000000000 /* what a rate is measured over */

static void clean(char *to, size_t max, const char *from)
{
	AUTO_BUF struct buf b = { 0 };

	if (from && str_add_clean(&b, from, strlen(from)) == 0 && b.p)
		snprintf(to, max, "%s", (char *)b.p);
	else
		*to = 0;
}

static void drop_layers(struct task *t)
{
	for (size_t i = 0; i < t->nlayers; i++)
		free((char *)t->layers[i].digest);
	free(t->layers);
	t->layers = NULL;
	t->nlayers = 0;
}

/* Times and rates of the layers go on where the last progress left them; the list itself never changes once it is
 * known, but for a pull that begins anew. */
static void measure(struct task *t, const struct berth_progress *p)
{
	int64_t now = t->app->now();

	if (p->nlayers != t->nlayers) {
		free(t->more);
		t->more = calloc(p->nlayers + 1, sizeof(*t->more));
	}
	for (size_t i = 0; t->more && i < p->nlayers; i++) {
		const struct berth_layer *l = &p->layers[i];
		struct task_layer *m = &t->more[i];
		bool moves = l->state == BERTH_LAYER_DOWNLOAD || l->state == BERTH_LAYER_CHECK ||
			     l->state == BERTH_LAYER_UNPACK;

		if (moves && !m->began)
			m->began = now;
		if (!moves && m->began && !m->ended)
			m->ended = now;
		if (l->state != BERTH_LAYER_DOWNLOAD || l->done < m->done || !m->measured) {
			m->rate = 0;
			m->measured = now;
			m->done = l->done;
		} else if (now - m->measured >= RATE_NS) {
			uint64_t rate = (uint64_t)((double)(l->done - m->done) * 1e9 / (double)(now - m->measured));

			m->rate = m->rate ? (m->rate + rate) / 2 : rate;
			m->measured = now;
			m->done = l->done;
		}
	}
}

void task_free(struct task *t)
{
	list_remove(&t->link);
	drop_layers(t);
	free(t->more);
	free(t->own);
	free(t->object);
	free(t);
}

struct task *task_new(struct app *app, const char *object)
{
	struct task *t = calloc(1, sizeof(*t));

	if (t)
		t->object = strdup(object);
	if (!t || !t->object) {
		free(t);
		app_error(app, "out of memory");
		return NULL;
	}
	t->app = app;
	t->began = app->now();
	t->fetches = true;
	list_append(&app->tasks, &t->link);
	return t;
}

void task_on_progress(void *arg, const struct berth_progress *p)
{
	struct task *t = arg;
	char note[sizeof(t->note)];

	clean(t->stage, sizeof(t->stage), p->stage);
	clean(note, sizeof(note), p->note);
	if (strcmp(note, t->note) != 0) {
		snprintf(t->note, sizeof(t->note), "%s", note);
		t->noted = t->app->now();
	}
	clean(t->job, sizeof(t->job), p->job);
	clean(t->platform, sizeof(t->platform), p->platform);
	if (p->digest)
		clean(t->digest, sizeof(t->digest), p->digest);
	t->done = p->done;
	t->total = p->total;
	t->rate = p->rate;
	t->percent = p->percent;
	measure(t, p);
	drop_layers(t);
	t->layers = calloc(p->nlayers ? p->nlayers : 1, sizeof(*t->layers));
	for (size_t i = 0; t->layers && i < p->nlayers; i++) {
		t->layers[i] = p->layers[i];
		t->layers[i].digest = strdup(p->layers[i].digest);
		t->nlayers++;
		if (!t->layers[i].digest)
			break;
	}
	app_changed(t->app, MODEL_JOBS);
}

/* "docker.io" for names without a host. */
static void registry_of(const char *ref, char *ret, size_t max)
{
	size_t n = strcspn(ref, "/");
	bool host = ref[n] && (memchr(ref, '.', n) || memchr(ref, ':', n) || strncmp(ref, "localhost/", 10) == 0);

	snprintf(ret, max, "%.*s", host ? (int)n : 9, host ? ref : "docker.io");
}

/* A login is needed. Where the pull is what one looks at, the form comes at once, else only when asked for. */
static void ask_login(struct task *t)
{
	struct app *app = t->app;
	struct form_arg form = { .kind = FORM_LOGIN, .host = t->host, .task = t };

	t->asks = true;
	if (view_pull_is(app->top, t) && !app->ask.active)
		app_push(app, &view_form, &form);
}

/* Of a run: the registry refused, and not the host a file. */
static bool wants_login(const struct berth_error *e)
{
	return strstr(e->hint, "berth login") != NULL;
}

void task_over(struct task *t, int rc, const struct berth_error *e)
{
	bool named;

	t->op = NULL;
	t->ended = t->app->now();
	registry_of(t->object, t->host, sizeof(t->host));
	t->failed = rc < 0;
	t->cancelled = rc == -ECANCELED;
	if (rc < 0) {
		clean(t->error, sizeof(t->error), e->text);
		named = strstr(e->text, t->object) || strstr(e->text, t->host);
		if (rc != -ECANCELED)
			app_error(t->app, "%s%s%s%s%s", named ? "" : t->object, named ? "" : ": ", e->text, *e->hint ? "   " : "", e->hint);
		else
			app_info(t->app, "%s: canceled%s", t->object, t->fetches ? "; what is done of it is kept" : "");
	}
	if (rc == -EACCES && (t->pull || (t->run && wants_login(e))) && !t->app->ending)
		ask_login(t);
	else if (rc == -EACCES)
		app_info(t->app, "if it is a login that %s wants: A logs in", t->host);
	app_changed(t->app, MODEL_JOBS);
}

static void on_pulled(void *arg, int rc, const struct berth_error *e, const char *digest, const char *id)
{
	struct task *t = arg;

	if (rc == 0) {
		clean(t->digest, sizeof(t->digest), digest);
		app_info(t->app, "%s is here", t->object);
	}
	task_over(t, rc, e);
}

struct task *task_pull(struct app *app, const char *ref)
{
	struct task *t = task_find(app, ref);
	struct berth_pull p = { .ref = ref };
	struct berth_error e = { 0 };

	if (t)
		return t;
	t = task_new(app, ref);
	if (!t)
		return NULL;
	t->pull = true;
	t->verb = "Pull";
	app_cli(app, "berth pull %s", ref);
	if (berth_pull(app->berth, &p, task_on_progress, on_pulled, t, &t->op, &e) < 0) {
		app_error(app, "%s", e.text);
		task_free(t);
		return NULL;
	}
	return t;
}

static void on_followed(void *arg, int rc, const struct berth_error *e)
{
	task_over(arg, rc, e);
}

bool task_fetches(const char *verb)
{
	return !strcmp(verb, "pull") || !strcmp(verb, "push") || !strcmp(verb, "kernel");
}

/* Of what others begin (docs of berth jobs). */
static const char *known_verb(const char *verb)
{
	static const char *const verbs[] = { "push", "rootfs", "commit", "export", "save", "load", "import", "kernel" };

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (!strcmp(verb, verbs[i]))
			return verbs[i];
	return strcmp(verb, "pull") ? "Job" : "Pull";
}

struct task *task_follow(struct app *app, const char *id, const char *verb, const char *object)
{
	struct task *t = task_new(app, object);
	struct berth_error e = { 0 };

	if (!t)
		return NULL;
	t->verb = known_verb(verb);
	t->fetches = task_fetches(verb);
	t->follows = true;
	snprintf(t->job, sizeof(t->job), "%s", id);
	if (berth_job_follow(app->berth, id, task_on_progress, on_followed, t, &t->op, &e) < 0) {
		app_error(app, "%s", e.text);
		task_free(t);
		return NULL;
	}
	return t;
}

static void on_cancelled(void *arg, int rc, const struct berth_error *e)
{
	if (rc < 0 && rc != -ECANCELED)
		app_error(arg, "%s", e->text);
}

static void on_created(void *arg, int rc, const struct berth_error *e, const char *id);

void task_retry(struct task *t)
{
	struct berth_pull p = { .ref = t->object };
	struct berth_error e = { 0 };

	if (!t->op && strcmp(t->object, TASK_KERNEL) == 0)
		task_build_kernel(t->app);
	if (t->op || (!t->pull && !(t->run && t->asks))) /* a container that is made is not made twice */
		return;
	t->asks = t->failed = false;
	*t->error = 0;
	t->began = t->app->now();
	if ((t->run ? berth_container_create(t->app->berth, &t->create, task_on_progress, on_created, t, &t->op, &e) :
		      berth_pull(t->app->berth, &p, task_on_progress, on_pulled, t, &t->op, &e)) < 0)
		app_error(t->app, "%s", e.text);
	app_changed(t->app, MODEL_JOBS);
}

static void on_started(void *arg, int rc, const struct berth_error *e, const struct berth_streams *s)
{
	struct task *t = arg;

	if (rc == 0 && *s->notice)
		app_info(t->app, "%s", s->notice);
	task_over(t, rc, e);
}

void task_go_on(struct task *t, const char *id)
{
	struct app *app = t->app;
	struct berth_error e = { 0 };
	int rc;

	if (t->console) {
		const struct console_arg c = { .id = id, .name = t->name, .start = true };

		task_over(t, 0, NULL);
		/* The form or the pull that is in front made way for it. */
		app_switch(app, NULL);
		app_push(app, &view_console, &c);
		return;
	}
	rc = berth_container_start(app->berth, id, NULL, on_started, t, &t->op, &e);
	if (rc < 0)
		task_over(t, rc, &e);
}

static void on_created(void *arg, int rc, const struct berth_error *e, const char *id)
{
	struct task *t = arg;
	struct app *app = t->app;

	t->op = NULL;
	if (rc < 0 || app->ending) {
		task_over(t, rc, e);
	} else if (!t->console && !t->background) {
		app_info(app, "%s is made; S starts it", t->name);
		task_over(t, 0, NULL);
	} else if (!task_wait_for_kernel(t, id)) {
		task_go_on(t, id);
	}
}

struct task *task_run(struct app *app, const struct berth_create *c, bool console, bool background, void *own)
{
	struct task *t = task_new(app, c->image);
	struct berth_error e = { 0 };

	if (!t) {
		free(own);
		return NULL;
	}
	t->verb = "Run";
	t->run = true;
	t->create = *c;
	t->own = own;
	t->console = console;
	t->background = background;
	snprintf(t->name, sizeof(t->name), "%s", c->name ? c->name : c->image);
	if (berth_container_create(app->berth, c, task_on_progress, on_created, t, &t->op, &e) < 0) {
		app_error(app, "%s", e.text);
		task_free(t);
		return NULL;
	}
	return t;
}

void task_cancel(struct task *t)
{
	struct berth_error e = { 0 };

	if (t->op && t->follows) {
		if (berth_job_cancel(t->app->berth, t->job, on_cancelled, t->app, &e) < 0)
			app_error(t->app, "%s", e.text);
	} else if (t->op) {
		berth_op_cancel(t->op);
	}
}

int task_asking(const struct app *app)
{
	int n = 0;

	for (const struct list *l = app->tasks.next; l != &app->tasks; l = l->next)
		n += list_entry(l, struct task, link)->asks;
	return n;
}

int task_running(const struct app *app)
{
	int n = 0;

	for (const struct list *l = app->tasks.next; l != &app->tasks; l = l->next)
		n += list_entry(l, struct task, link)->op && !list_entry(l, struct task, link)->follows;
	return n;
}

void task_keep_all(struct app *app)
{
	list_each(struct task, t, &app->tasks, link)
		if (t->op && !t->follows)
			berth_job_keep(t->op);
}

void task_drop_all(struct app *app)
{
	while (app->tasks.next && !list_empty(&app->tasks))
		task_free(list_entry(app->tasks.next, struct task, link));
}

struct task *task_of_job(const struct app *app, const char *id)
{
	for (const struct list *l = app->tasks.next; l != &app->tasks; l = l->next) {
		struct task *t = list_entry(l, struct task, link);

		if (t->op && strcmp(t->job, id) == 0)
			return t;
	}
	return NULL;
}

struct task *task_find(const struct app *app, const char *object)
{
	for (const struct list *l = app->tasks.next; l != &app->tasks; l = l->next) {
		struct task *t = list_entry(l, struct task, link);

		if (t->op && strcmp(t->object, object) == 0)
			return t;
	}
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* act.c - what is done to containers and images. */
#include "tui/act.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/fmt.h"
#include "tui/task.h"
#include "tui/views.h"

/* What is under way: the words for its end. */
struct doing {
	struct app *app;
	char name[300];
	const char *done; /* "stopped" */
	char id[300], to[80]; /* to: a new name */
	bool then_start;
	bool undoable; /* a delete */
};

static struct doing *doing(struct app *app, const char *id, const char *done)
{
	struct doing *d = calloc(1, sizeof(*d));
	const struct ctr *c = model_ctr(&app->model, id);

	if (!d) {
		app_error(app, "out of memory");
		return NULL;
	}
	d->app = app;
	d->done = done;
	snprintf(d->id, sizeof(d->id), "%s", id);
	snprintf(d->name, sizeof(d->name), "%s", c ? c->name : id);
	return d;
}

static void on_started(void *arg, int rc, const struct berth_error *e, const struct berth_streams *s)
{
	struct doing *d = arg;

	if (rc < 0 && rc != -ECANCELED)
		app_error(d->app, "%s: %s", d->name, e->text);
	else if (rc == 0 && *s->notice)
		app_info(d->app, "%s", s->notice);
	else if (rc == 0)
		app_info(d->app, "%s %s", d->name, d->done);
	free(d);
}

static void remember(const struct doing *d)
{
	d->app->undo = (struct undo){ .kind = UNDO_DELETE };
	snprintf(d->app->undo.what, sizeof(d->app->undo.what), "%s", d->id);
	snprintf(d->app->undo.name, sizeof(d->app->undo.name), "%s", d->name);
}

static void on_done(void *arg, int rc, const struct berth_error *e)
{
	struct doing *d = arg;
	struct berth_error se = { 0 };

	if (rc < 0 && rc != -ECANCELED)
		app_error(d->app, "%s: %s", d->name, e->text);
	else if (rc == 0 && d->then_start && !d->app->ending) {
		if (berth_container_start(d->app->berth, d->id, NULL, on_started, d, NULL, &se) == 0)
			return;
		app_error(d->app, "%s: %s", d->name, se.text);
	} else if (rc == 0) {
		if (d->undoable)
			remember(d);
		app_info(d->app, "%s %s%s", d->name, d->done, d->undoable ? ", U gives it back" : "");
	}
	free(d);
}

static void check(struct doing *d, int rc, const struct berth_error *e)
{
	if (rc < 0) {
		app_error(d->app, "%s: %s", d->name, e->text);
		free(d);
	}
}

void act_do(struct app *app, enum act act, const char *id)
{
	static const struct {
		enum act act;
		const char *done, *cli;
	} words[] = {
		{ ACT_START, "started", "start" },     { ACT_STOP, "stopped", "stop" }, { ACT_KILL, "killed", "kill" },
		{ ACT_RESTART, "restarted", "restart" }, { ACT_DELETE, "deleted", "rm --trash" },
		{ ACT_HOLD, "paused", "pause" },       { ACT_RESUME, "goes on", "unpause" },
	};
	struct berth_error e = { 0 };
	struct doing *d = NULL;
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i].act == act) {
			d = doing(app, id, words[i].done);
			if (d)
				app_cli(app, "berth %s %s", words[i].cli, d->name);
		}
	if (!d)
		return;
	if (act == ACT_START && task_start_later(app, id, d->name)) {
		free(d);
		return;
	}
	if (act == ACT_STOP || act == ACT_KILL || act == ACT_RESTART)
		model_expect_end(app, id);
	d->then_start = act == ACT_RESTART;
	d->undoable = act == ACT_DELETE;
	if (act == ACT_START)
		rc = berth_container_start(app->berth, id, NULL, on_started, d, NULL, &e);
	else if (act == ACT_HOLD)
		rc = berth_container_pause(app->berth, id, on_done, d, &e);
	else if (act == ACT_RESUME)
		rc = berth_container_unpause(app->berth, id, on_done, d, &e);
	else if (act == ACT_KILL)
		rc = berth_container_kill(app->berth, id, SIGKILL, on_done, d, &e);
	else if (act == ACT_DELETE)
		rc = berth_container_remove(app->berth, id, BERTH_REMOVE_TRASH, on_done, d, &e);
	else
		rc = berth_container_stop(app->berth, id, -1, on_done, d, &e);
	check(d, rc, &e);
}

static void answer_do(struct app *app, char key, const char *id, void *arg)
{
	if (key == 'y')
		act_do(app, (enum act)(intptr_t)arg, id);
}

static void on_image_removed(void *arg, int rc, const struct berth_error *e, const char *const *lines, size_t n)
{
	on_done(arg, rc, e);
}

static void answer_delete_image(struct app *app, char key, const char *id, void *arg)
{
	struct doing *d = key == 'y' ? doing(app, id, "deleted") : NULL;
	struct berth_error e = { 0 };

	if (!d)
		return;
	d->undoable = true;
	app_cli(app, "berth rmi --trash %s", d->name);
	check(d, berth_image_remove(app->berth, id, BERTH_REMOVE_TRASH, on_image_removed, d, &e), &e);
}

void act_delete_image(struct app *app, const struct img *i)
{
	char text[512];

	snprintf(text, sizeof(text), "Delete image %s?\n%u container%s made from it.\nIt stays in the trash for 7 days, U gives it back.",
		 i->name, i->used, i->used == 1 ? " is" : "s are");
	app_ask(app, i->name, "delete", text, answer_delete_image, NULL);
}

static void delete_one_image(struct app *app, const char *id, int arg)
{
	(void)arg;
	answer_delete_image(app, 'y', id, NULL);
}

/* unused: all that no container uses; else i[0..n). */
static void ask_images(struct app *app, bool unused, const size_t *i, size_t n)
{
	const struct model *m = &app->model;
	const char **names = calloc(m->nimgs + 1, sizeof(*names));
	struct act_many q = { .verb = "Delete", .nouns = { "image", "images" }, .one = delete_one_image, .ids = names,
			      .names = names };
	uint64_t size = 0;
	char how[80], space[FMT_MAX];

	for (size_t k = 0; names && k < (unused ? m->nimgs : n); k++) {
		const struct img *img = &m->imgs[unused ? k : i[k]];

		if (unused && img->used)
			continue;
		names[q.n++] = img->name;
		size += img->size;
	}
	fmt_size(size, space);
	snprintf(how, sizeof(how), "%s. They go to the trash, for 7 days.", space);
	q.how = how;
	if (unused) {
		q.nouns[0] = "image that no container uses";
		q.nouns[1] = "images that no container uses";
	}
	if (q.n)
		act_ask_many(app, &q);
	else
		app_info(app, names ? "every image is used by a container" : "out of memory");
	free(names);
}

void act_free_images(struct app *app)
{
	ask_images(app, true, NULL, 0);
}

void act_delete_images(struct app *app, const size_t *i, size_t n)
{
	ask_images(app, false, i, n);
}

void act_stop(struct app *app, const char *id, const char *name, unsigned viewers)
{
	char text[300];

	if (viewers > 1)
		snprintf(text, sizeof(text), "Stop %s?\n%u viewers have it open.\nSends TERM, KILL after 10 s.", name,
			 viewers);
	else
		snprintf(text, sizeof(text), "Stop %s?\nSends TERM, KILL after 10 s.", name);
	app_ask(app, id, "stop", text, answer_do, (void *)(intptr_t)ACT_STOP);
}

static unsigned viewers_of(const struct app *app, const char *id)
{
	unsigned n = 0;

	for (size_t i = 0; i < app->model.ncons; i++)
		if (strncmp(app->model.cons[i].id, id, 64) == 0)
			n += app->model.cons[i].viewers;
	return n;
}

void act_console(struct app *app, const struct ctr *c, unsigned n)
{
	const struct console_arg arg = { .id = c->id, .name = c->name, .n = n };
	const char *const ids[] = { c->id };
	const struct logs_arg logs = { ids, 1 };

	if (!ctr_lives(c)) {
		app_info(app, "%s does not run: S starts it, l shows its log", c->name);
		return;
	}
	if (!c->tty && n == 0)
		app_push(app, &view_logs, &logs);
	else
		app_push(app, &view_console, &arg);
}

void act_last_console(struct app *app)
{
	char id[80];
	const struct ctr *c;
	unsigned n = 0;

	snprintf(id, sizeof(id), "%s", app->last_console);
	if (strchr(id, ':')) {
		n = (unsigned)atoi(strchr(id, ':') + 1);
		*strchr(id, ':') = 0;
	}
	c = model_ctr(&app->model, id);
	if (!c)
		app_info(app, "no console was open yet");
	else
		act_console(app, c, n);
}

static void ask(struct app *app, const struct ctr *c, const char *word, const char *text, enum act act)
{
	app_ask(app, c->id, word, text, answer_do, (void *)(intptr_t)act);
}

/* What another key undoes is asked about only if the user wants so. */
static void ask_if_all(struct app *app, const struct ctr *c, const char *verb, const char *word, enum act act)
{
	char text[200];

	snprintf(text, sizeof(text), "%s %s?", verb, c->name);
	if (app->settings.confirm_all)
		ask(app, c, word, text, act);
	else
		act_do(app, act, c->id);
}

static void answer_retry(struct app *app, char key, const char *id, void *arg)
{
	struct task *t = NULL;

	list_each(struct task, i, &app->tasks, link)
		if (i->failed && i->pull && strcmp(i->object, id) == 0)
			t = i;
	if (key != 'y' || !t)
		return;
	app_cli(app, "berth pull %s", t->object);
	task_retry(t);
}

void act_retry(struct app *app, const struct task *t)
{
	char text[400];

	snprintf(text, sizeof(text), "Pull %s again?", t->object);
	if (app->settings.confirm_all)
		app_ask(app, t->object, "pull", text, answer_retry, NULL);
	else
		answer_retry(app, 'y', t->object, NULL);
}

/* --- the trash */

static void on_restored(void *arg, int rc, const struct berth_error *e, const char *const *lines, size_t n)
{
	struct doing *d = arg;

	if (rc < 0 && rc != -ECANCELED) {
		app_error(d->app, "%s%s%s", e->text, *e->hint ? ". " : "", e->hint);
	} else if (rc == 0) {
		if (strcmp(d->app->undo.what, d->id) == 0)
			d->app->undo.kind = UNDO_NONE;
		app_info(d->app, "%s is back", d->name);
	}
	free(d);
}

static void answer_restore(struct app *app, char key, const char *id, void *arg)
{
	struct doing *d = key == 'y' ? doing(app, id, "back") : NULL;
	const struct trashrow *t = model_trash(&app->model, id);
	struct berth_error e = { 0 };

	if (!d)
		return;
	snprintf(d->name, sizeof(d->name), "%s", t ? t->name : app->undo.name);
	app_cli(app, "berth trash restore %.12s", t ? id : app->undo.name);
	check(d, berth_trash_restore(app->berth, id, on_restored, d, &e), &e);
}

void act_restore(struct app *app, const char *id, const char *kind, const char *name)
{
	char text[400];

	snprintf(text, sizeof(text), "Give back %s%s%s from the trash?", kind, *kind ? " " : "", name);
	app_ask(app, id, "give back", text, answer_restore, NULL);
}

static void restore_one(struct app *app, const char *id, int arg)
{
	(void)arg;
	answer_restore(app, 'y', id, NULL);
}

void act_restore_many(struct app *app, const size_t *i, size_t n)
{
	const char **ids = calloc(n + 1, sizeof(*ids)), **names = calloc(n + 1, sizeof(*names));
	struct act_many q = { .verb = "Give back", .nouns = { "thing from the trash", "things from the trash" }, .how = "",
			      .one = restore_one, .n = n, .ids = ids, .names = names };

	for (size_t k = 0; ids && names && k < n; k++) {
		ids[k] = app->model.trash[i[k]].id;
		names[k] = app->model.trash[i[k]].name;
	}
	if (ids && names)
		act_ask_many(app, &q);
	free(ids);
	free(names);
}

/* --- names */

static void on_renamed(void *arg, int rc, const struct berth_error *e)
{
	struct doing *d = arg;

	if (rc < 0 && rc != -ECANCELED) {
		app_error(d->app, "%s: %s", d->name, e->text);
	} else if (rc == 0) {
		d->app->undo = (struct undo){ .kind = UNDO_RENAME };
		snprintf(d->app->undo.what, sizeof(d->app->undo.what), "%s", d->id);
		snprintf(d->app->undo.name, sizeof(d->app->undo.name), "%s", d->name);
		app_info(d->app, "%s is now %s, U gives it the old name", d->name, d->to);
	}
	free(d);
}

void act_rename(struct app *app, const char *id, const char *name, const char *to)
{
	struct doing *d = doing(app, id, "");
	struct berth_error e = { 0 };

	if (!d)
		return;
	snprintf(d->name, sizeof(d->name), "%s", name);
	snprintf(d->to, sizeof(d->to), "%s", to);
	check(d, berth_container_rename(app->berth, id, to, on_renamed, d, &e), &e);
}

static void answer_rename_back(struct app *app, char key, const char *id, void *arg)
{
	const struct ctr *c = model_ctr(&app->model, id);
	char to[sizeof(app->undo.name)];

	if (key != 'y' || !c)
		return;
	snprintf(to, sizeof(to), "%s", app->undo.name);
	app_cli(app, "berth rename %s %s", c->name, to);
	act_rename(app, id, c->name, to);
}

void act_undo(struct app *app)
{
	const struct undo *u = &app->undo;

	char text[700];

	if (u->kind == UNDO_DELETE) {
		act_restore(app, u->what, "", u->name);
	} else if (u->kind == UNDO_RENAME) {
		const struct ctr *c = model_ctr(&app->model, u->what);

		snprintf(text, sizeof(text), "Call %s %s again?", c ? c->name : "it", u->name);
		app_ask(app, u->what, "rename", text, answer_rename_back, NULL);
	} else {
		app_info(app, "nothing was deleted or renamed here yet: 9 shows the trash");
	}
}

static void answer_purge(struct app *app, char key, const char *id, void *arg)
{
	struct doing *d = key == 'y' ? doing(app, id, "gone for good") : NULL;
	const struct trashrow *t = model_trash(&app->model, id);
	struct berth_error e = { 0 };

	if (!d)
		return;
	snprintf(d->name, sizeof(d->name), "%s", *id ? t ? t->name : id : "trash");
	if (!*id)
		d->done = "emptied";
	app_cli(app, *id ? "berth trash purge %.12s" : "berth trash purge%s", id);
	check(d, berth_trash_purge(app->berth, *id ? id : NULL, on_done, d, &e), &e);
}

void act_purge(struct app *app, const struct trashrow *t)
{
	char text[512];

	snprintf(text, sizeof(text), "Delete %s %s for good?\nThis cannot be undone. Type its name: %s", t->kind, t->name,
		 t->name);
	app_ask_name(app, t->id, t->name, text, answer_purge, NULL);
}

void act_empty_trash(struct app *app)
{
	char text[300], size[FMT_MAX];
	uint64_t sum = 0;

	for (size_t i = 0; i < app->model.ntrash; i++)
		sum += app->model.trash[i].size;
	fmt_size(sum, size);
	snprintf(text, sizeof(text), "Empty the trash? %zu thing%s, %s.\nThis cannot be undone. Type: trash",
		 app->model.ntrash, app->model.ntrash == 1 ? "" : "s", size);
	app_ask_name(app, "", "trash", text, answer_purge, NULL);
}

bool act_container(struct app *app, enum act act, const struct ctr *c)
{
	const struct text_arg raw = { TEXT_RAW, c->id, c->name }, boot = { TEXT_BOOT, c->id, c->name };
	struct ctr_arg ctr = { c->id, c->name, DETAIL_SUMMARY };
	const char *const ids[] = { c->id };
	const struct logs_arg logs = { ids, 1 };
	const struct form_arg exec = { .kind = FORM_EXEC, .id = c->id, .name = c->name };
	char text[300];

	switch (act) {
	case ACT_CONSOLE:
		act_console(app, c, 0);
		return true;
	case ACT_LOGS:
		app_push(app, &view_logs, &logs);
		return true;
	case ACT_DETAIL:
		app_push(app, &view_detail, &ctr);
		return true;
	case ACT_PROCESSES:
	case ACT_STATS:
		ctr.section = act == ACT_STATS ? DETAIL_STATS : DETAIL_PROCESSES;
		if (detail_has(app, c, ctr.section))
			app_push(app, &view_detail, &ctr);
		return true;
	case ACT_BOOT:
		app_push(app, &view_text, &boot);
		return true;
	case ACT_RAW:
		app_push(app, &view_text, &raw);
		return true;
	case ACT_START:
		if (ctr_lives(c))
			app_info(app, "%s runs already", c->name);
		else
			ask_if_all(app, c, "Start", "start", ACT_START);
		return true;
	case ACT_STOP:
		if (ctr_lives(c))
			act_stop(app, c->id, c->name, viewers_of(app, c->id));
		else
			app_info(app, "%s does not run", c->name);
		return true;
	case ACT_KILL:
		snprintf(text, sizeof(text), "Kill %s?\nSends KILL: it cannot clean up.", c->name);
		if (ctr_lives(c))
			ask(app, c, "kill", text, ACT_KILL);
		else
			app_info(app, "%s does not run", c->name);
		return true;
	case ACT_HOLD:
		if (c->state == BERTH_RUNNING || c->state == BERTH_PAUSED)
			ask_if_all(app, c, c->state == BERTH_PAUSED ? "Resume" : "Hold", c->state == BERTH_PAUSED ? "resume" : "hold",
				   c->state == BERTH_PAUSED ? ACT_RESUME : ACT_HOLD);
		else
			app_info(app, "%s does not run", c->name);
		return true;
	case ACT_RESTART:
		snprintf(text, sizeof(text), "Restart %s?\nSends TERM, KILL after 10 s, then starts it.", c->name);
		ask(app, c, "restart", text, ACT_RESTART);
		return true;
	case ACT_DELETE:
		snprintf(text, sizeof(text), "Delete %s?\nIts disk and its log go with it to the trash, for 7 days: U gives it back.", c->name);
		if (ctr_lives(c))
			app_info(app, "%s runs: T stops it first", c->name);
		else
			ask(app, c, "delete", text, ACT_DELETE);
		return true;
	case ACT_SAVE:
		app_push(app, &view_form, &(struct form_arg){ .kind = FORM_SAVE, .id = c->id, .name = c->name });
		return true;
	case ACT_EDIT:
		app_push(app, &view_form, &(struct form_arg){ .kind = FORM_EDIT, .id = c->id, .name = c->name });
		return true;
	case ACT_EXEC:
		if (ctr_lives(c))
			app_push(app, &view_form, &exec);
		else
			app_info(app, "%s does not run", c->name);
		return true;
	default:
		return false;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* model.c - copies of the engine's lists. */
#include "tui/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "tui/app.h"
#include "tui/fmt.h"

/* --- freeing */

static void free_ctrs(struct model *m)
{
	for (size_t i = 0; i < m->nctrs; i++) {
		struct ctr *c = &m->ctrs[i];
		char *all[] = { c->name, c->image, c->image_id, c->command, c->ip, c->kernel, c->accel, c->cause, c->ports, c->labels };

		for (size_t k = 0; k < ARRAY_LEN(all); k++)
			free(all[k]);
	}
	free(m->ctrs);
	m->ctrs = NULL;
	m->nctrs = 0;
}

static void free_imgs(struct model *m)
{
	for (size_t i = 0; i < m->nimgs; i++) {
		free(m->imgs[i].id);
		free(m->imgs[i].digest);
		free(m->imgs[i].name);
		free(m->imgs[i].platform);
		free(m->imgs[i].ref);
		free(m->imgs[i].layer);
	}
	free(m->imgs);
	m->imgs = NULL;
	m->nimgs = 0;
}

static void free_jobs(struct model *m)
{
	for (size_t i = 0; i < m->njobs; i++) {
		free(m->jobs[i].id);
		free(m->jobs[i].verb);
		free(m->jobs[i].object);
		free(m->jobs[i].state);
		free(m->jobs[i].error);
	}
	free(m->jobs);
	m->jobs = NULL;
	m->njobs = 0;
}

static void free_cons(struct model *m)
{
	for (size_t i = 0; i < m->ncons; i++) {
		free(m->cons[i].container);
		free(m->cons[i].command);
	}
	free(m->cons);
	m->cons = NULL;
	m->ncons = 0;
}

static void free_trash(struct model *m)
{
	for (size_t i = 0; i < m->ntrash; i++) {
		free(m->trash[i].kind);
		free(m->trash[i].name);
	}
	free(m->trash);
	m->trash = NULL;
	m->ntrash = 0;
}

void model_finish(struct model *m)
{
	free_trash(m);
	free_ctrs(m);
	free_imgs(m);
	free_jobs(m);
	free_cons(m);
}

/* --- copying; a string that cannot be copied becomes NULL, and text() shows it as "" */

static char *copy(const char *s)
{
	char *c = strdup(s ? s : "");

	return c ? c : NULL;
}

static char *ports_text(const struct berth_container *b)
{
	AUTO_BUF struct buf t = { 0 };

	for (size_t i = 0; i < b->nports; i++) {
		const struct berth_port *p = &b->ports[i];

		if (p->host_port == p->container_port)
			buf_addf(&t, "%s%u", i ? " " : "", p->host_port);
		else
			buf_addf(&t, "%s%u>%u", i ? " " : "", p->host_port, p->container_port);
	}
	return t.p ? buf_steal(&t) : copy("");
}

static char *labels_text(const struct berth_container *b)
{
	AUTO_BUF struct buf t = { 0 };

	for (const char *const *l = b->labels; l && *l; l++)
		buf_addf(&t, "%s\n", *l);
	return t.p ? buf_steal(&t) : copy("");
}

static bool all_there(char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i])
			return false;
	return true;
}

static bool copy_ctr(struct ctr *to, const struct berth_container *b)
{
	*to = (struct ctr){ .state = b->state, .exit_code = b->exit_code, .created = b->created,
			    .started = b->started, .finished = b->finished, .memory = b->memory_bytes,
			    .cpus = b->cpus, .tty = b->tty, .consoles = b->consoles, .silent = b->silent,
			    .name = copy(b->name), .image = copy(b->image),
			    .image_id = copy(b->image_id), .command = copy(b->command),
			    .ip = copy(b->ip), .kernel = copy(b->kernel), .accel = copy(b->accel),
			    .cause = copy(b->cause), .ports = ports_text(b), .labels = labels_text(b) };
	snprintf(to->id, sizeof(to->id), "%s", b->id);
	return all_there((char *[]){ to->name, to->image, to->image_id, to->command, to->ip, to->kernel, to->accel,
				     to->cause, to->ports, to->labels }, 10);
}

static bool copy_layers(struct img *to, const struct berth_image *b)
{
	unsigned n = b->layer_list ? b->layers : 0;

	to->layer = calloc(n + 1, sizeof(*to->layer));
	for (unsigned i = 0; to->layer && i < n; i++) {
		snprintf(to->layer[i].digest, sizeof(to->layer[i].digest), "%s", b->layer_list[i].digest);
		to->layer[i].size = b->layer_list[i].size_bytes;
	}
	to->layers = n;
	return to->layer != NULL;
}

static bool copy_img(struct img *to, const struct berth_image *b)
{
	AUTO_BUF struct buf ref = { 0 };

	if (b->repository && b->tag && buf_addf(&ref, "%s:%s", b->repository, b->tag) < 0)
		return false;
	*to = (struct img){ .id = copy(b->id), .digest = copy(b->digest), .name = copy(b->name),
			    .platform = copy(b->platform ? b->platform : "-"), .artifact = b->artifact_type,
			    .ref = copy((const char *)ref.p), .created = b->created, .size = b->size_bytes,
			    .rootfs = b->rootfs_bytes, .used = b->used };
	return all_there((char *[]){ to->id, to->digest, to->name, to->platform, to->ref }, 5) && copy_layers(to, b);
}

static bool copy_job(struct jobrow *to, const struct berth_job *b)
{
	*to = (struct jobrow){ .id = copy(b->id), .verb = copy(b->verb), .object = copy(b->object),
			       .state = copy(b->state), .error = copy(b->error), .started = b->started,
			       .finished = b->finished, .done = b->done, .total = b->total };
	return all_there((char *[]){ to->id, to->verb, to->object, to->state, to->error }, 5);
}

static bool copy_con(struct con *to, const struct berth_console *b)
{
	*to = (struct con){ .container = copy(b->container), .command = copy(b->command), .n = b->n,
			    .rows = b->rows, .cols = b->cols, .viewers = b->viewers, .alive = b->alive,
			    .exit_code = b->exit_code };
	snprintf(to->id, sizeof(to->id), "%s", b->id);
	return all_there((char *[]){ to->container, to->command }, 2);
}

static bool copy_trash(struct trashrow *to, const struct berth_trash *b)
{
	*to = (struct trashrow){ .kind = copy(b->kind), .name = copy(b->name), .deleted = b->deleted,
				 .size = b->size_bytes };
	snprintf(to->id, sizeof(to->id), "%s", b->id);
	return all_there((char *[]){ to->kind, to->name }, 2);
}

/* --- answers */

static void answered(struct app *app, unsigned what, int rc, const struct berth_error *e, bool whole)
{
	struct model *m = &app->model;

	m->asked &= ~what;
	if (rc < 0 && rc != -ECANCELED)
		app_error(app, "%.150s", e->text);
	else if (rc == 0 && !whole)
		app_error(app, "out of memory: a list is not complete");
	if (rc == 0)
		m->known |= what;
	if (m->again & what) {
		m->again &= ~what;
		model_refresh(app, what);
	}
	app_changed(app, what);
}

#define ANSWER(fn, type, what, list, count, free_fn, copy_fn, item)                                             \
	static void fn(void *arg, int rc, const struct berth_error *e, const struct type *v, size_t n)         \
	{                                                                                                      \
		struct app *app = arg;                                                                         \
		struct model *m = &app->model;                                                                 \
		bool whole = true;                                                                             \
                                                                                                               \
		if (rc == 0) {                                                                                 \
			free_fn(m);                                                                            \
			m->list = calloc(n ? n : 1, sizeof(*m->list));                                         \
			whole = m->list != NULL;                                                               \
			for (size_t i = 0; i < n && whole; i++, m->count++)                                    \
				if (!copy_fn(&m->list[i], &v[i]))                                              \
					whole = false;                                                         \
			if (!whole)                                                                            \
				free_fn(m);                                                                    \
		}                                                                                              \
		answered(app, what, rc, e, whole);                                                             \
	}
ANSWER(take_ctrs, berth_container, MODEL_CTRS, ctrs, nctrs, free_ctrs, copy_ctr, ctr)
ANSWER(on_imgs, berth_image, MODEL_IMGS, imgs, nimgs, free_imgs, copy_img, img)
ANSWER(on_jobs, berth_job, MODEL_JOBS, jobs, njobs, free_jobs, copy_job, jobrow)
ANSWER(on_cons, berth_console, MODEL_CONS, cons, ncons, free_cons, copy_con, con)
ANSWER(on_trash, berth_trash, MODEL_TRASH, trash, ntrash, free_trash, copy_trash, trashrow)

static void on_ctrs(void *arg, int rc, const struct berth_error *e, const struct berth_container *v, size_t n)
{
	struct app *app = arg;
	struct model_alive was = { 0 };

	model_alive_take(&app->model, &was);
	take_ctrs(arg, rc, e, v, n);
	model_alive_tell(app, &was);
}

static void ask_for(struct app *app, unsigned what)
{
	struct berth_error e = { 0 };
	int rc = 0;

	if (what == MODEL_CTRS)
		rc = berth_container_list(app->berth, on_ctrs, app, &e);
	else if (what == MODEL_IMGS)
		rc = berth_image_list(app->berth, on_imgs, app, &e);
	else if (what == MODEL_JOBS)
		rc = berth_job_list(app->berth, on_jobs, app, &e);
	else if (what == MODEL_CONS)
		rc = berth_console_list(app->berth, NULL, on_cons, app, &e);
	else
		rc = berth_trash_list(app->berth, on_trash, app, &e);
	if (rc < 0)
		app_error(app, "%s", e.text);
	else
		app->model.asked |= what;
}

void model_refresh(struct app *app, unsigned what)
{
	for (unsigned bit = 1; bit <= MODEL_TRASH && !app->ending; bit <<= 1) {
		if (!(what & bit))
			continue;
		if (app->model.asked & bit)
			app->model.again |= bit;
		else
			ask_for(app, bit);
	}
}

/* --- looking things up */

const struct ctr *model_ctr(const struct model *m, const char *id)
{
	for (size_t i = 0; i < m->nctrs; i++)
		if (strcmp(m->ctrs[i].id, id) == 0)
			return &m->ctrs[i];
	return NULL;
}

const struct trashrow *model_trash(const struct model *m, const char *id)
{
	for (size_t i = 0; i < m->ntrash; i++)
		if (strcmp(m->trash[i].id, id) == 0)
			return &m->trash[i];
	return NULL;
}

const struct con *model_con(const struct model *m, const char *id)
{
	for (size_t i = 0; i < m->ncons; i++)
		if (strcmp(m->cons[i].id, id) == 0)
			return &m->cons[i];
	return NULL;
}

bool ctr_lives(const struct ctr *c)
{
	return c->state == BERTH_STARTING || c->state == BERTH_RUNNING || c->state == BERTH_PAUSED ||
	       c->state == BERTH_STOPPING;
}

bool ctr_failed(const struct ctr *c)
{
	return c->state == BERTH_DEAD || (c->state == BERTH_EXITED && c->exit_code);
}

void ctr_state_text(const struct ctr *c, char *ret, size_t max)
{
	char at[FMT_MAX];

	if (c->silent) {
		fmt_clock(c->silent, at);
		snprintf(ret, max, "? seen %s", at);
		return;
	}
	switch (c->state) {
	case BERTH_CREATED:
		snprintf(ret, max, "- created");
		break;
	case BERTH_STARTING:
		snprintf(ret, max, "~ starting");
		break;
	case BERTH_RUNNING:
		snprintf(ret, max, "+ up");
		break;
	case BERTH_PAUSED:
		snprintf(ret, max, "= paused");
		break;
	case BERTH_STOPPING:
		snprintf(ret, max, "~ stopping");
		break;
	case BERTH_EXITED:
		snprintf(ret, max, "%c exit %d", c->exit_code ? 'x' : '-', c->exit_code);
		break;
	default:
		snprintf(ret, max, "x dead");
		break;
	}
}

int ctr_state_role(const struct ctr *c)
{
	static const uint8_t roles[] = {
		[BERTH_CREATED] = ROLE_TEXT, [BERTH_STARTING] = ROLE_BUSY, [BERTH_RUNNING] = ROLE_OK,
		[BERTH_PAUSED] = ROLE_WARN,  [BERTH_STOPPING] = ROLE_BUSY, [BERTH_EXITED] = ROLE_TEXT,
		[BERTH_DEAD] = ROLE_BAD,
	};

	if (c->silent || (c->state == BERTH_EXITED && c->exit_code))
		return ROLE_BAD;
	return (size_t)c->state < ARRAY_LEN(roles) ? roles[c->state] : ROLE_TEXT;
}

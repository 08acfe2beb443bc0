/* SPDX-License-Identifier: Apache-2.0 */
/* view-images.c - the images; below the list what the one under the cursor is. */
#include "tui/view-images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tui/act.h"
#include "tui/fmt.h"
#include "tui/prompt.h"
#include "tui/rows.h"
#include "tui/task.h"
#include "tui/views.h"

/* What a call's callback holds on to; the view may be gone by then. */
struct link {
	struct images *view; /* NULL: it is */
};

struct images {
	struct view v;
	struct rows rows;
	/* Of the image whose id this is: its configuration, in lines. */
	char described[80];
	char lines[2][300];
	struct link *link; /* of the call under way; NULL: none */
};

static struct app *app_of(void *arg)
{
	return ((struct images *)arg)->v.app;
}

static size_t count(void *arg)
{
	return app_of(arg)->model.nimgs;
}

static const struct img *at(void *arg, size_t i)
{
	return &app_of(arg)->model.imgs[i];
}

static const char *id_of(void *arg, size_t i)
{
	return at(arg, i)->name;
}

static bool field(void *arg, size_t i, const char *name, struct buf *b)
{
	const struct img *m = at(arg, i);

	if (name && strcmp(name, "id") == 0)
		return buf_adds(b, strchr(m->id, ':') ? strchr(m->id, ':') + 1 : m->id) == 0;
	return buf_adds(b, m->name) == 0;
}

static enum filter_number number(void *arg, size_t i, const char *name, double *ret)
{
	const struct img *m = at(arg, i);

	*ret = strcmp(name, "size") == 0 ? (double)m->size : strcmp(name, "rootfs") == 0 ? (double)m->rootfs : m->used;
	if (strcmp(name, "age") != 0)
		return FILTER_AMOUNT;
	*ret = (double)(app_of(arg)->now() - m->created) / 1e9;
	return m->created ? FILTER_SECONDS : FILTER_NONE;
}

static const char *const fields[] = { "name", "id", "size", "rootfs", "used", "age", NULL };

/* Percent of the pull that brings this image anew; -1: there is none. */
static int pulled(const struct app *app, const struct img *m)
{
	for (size_t i = 0; i < app->model.njobs; i++) {
		const struct jobrow *j = &app->model.jobs[i];

		if (strcmp(j->verb, "pull") == 0 && strcmp(j->state, "running") == 0 && *m->ref &&
		    strcmp(j->object, m->ref) == 0) {
			const struct task *t = task_of_job(app, j->id);
			uint64_t done = t ? t->done : j->done, total = t ? t->total : j->total;

			return total ? (int)(MIN(done, total) * 100 / total) : 0;
		}
	}
	return -1;
}

static void rootfs_text(const struct app *app, const struct img *m, char *ret, size_t max, enum role *role)
{
	int percent = pulled(app, m);
	char size[FMT_MAX];

	if (percent >= 0) {
		snprintf(ret, max, "~ pulling %d%%", percent);
		*role = ROLE_BUSY;
	} else if (m->rootfs) {
		fmt_size(m->rootfs, size);
		snprintf(ret, max, "ext4 %s ready", size);
	} else {
		snprintf(ret, max, m->artifact ? "artifact, no image" : "built on first run");
		*role = ROLE_DIM;
	}
}

static void cell(void *arg, size_t i, int column, char *ret, size_t max, enum role *role)
{
	const struct img *m = at(arg, i);

	switch (column) {
	case 0:
		snprintf(ret, max, "%s%s", m->name, *m->ref ? "" : " (no tag)");
		break;
	case 1:
		fmt_size(m->size, ret);
		break;
	case 2:
		rootfs_text(app_of(arg), m, ret, max, role);
		break;
	case 3:
		snprintf(ret, max, "%u", m->used);
		break;
	case 4:
		if (m->created)
			fmt_span(app_of(arg)->now() - m->created, ret);
		else
			snprintf(ret, max, "-");
		break;
	default:
		snprintf(ret, max, "%s", strchr(m->platform, '/') ? strchr(m->platform, '/') + 1 : m->platform);
	}
}

static const struct column columns[] = {
	{ .head = "IMAGE", .want = 30, .narrow = 24, .most = 80 },
	{ .head = "SIZE", .want = 6, .prio = 4, .right = true, .sort = "size" },
	{ .head = "ROOT FS", .want = 18, .prio = 2, .gap = 1, .sort = "rootfs" },
	{ .head = "USED", .want = 4, .prio = 3, .right = true, .gap = -1, .sort = "used" },
	{ .head = "AGE", .want = 5, .prio = 1, .gap = 1, .sort = "age" },
	{ .head = "ARCH", .want = 8, .prio = 1 },
};

static bool is_used(void *arg, size_t i)
{
	return at(arg, i)->used > 0;
}

static const struct rows_source source = { count, id_of, field, number, fields, cell, columns, ARRAY_LEN(columns), -1, -1,
					   is_used, true };

static const struct img *focus(struct view *v)
{
	long i = rows_focus(&((struct images *)v)->rows);

	return i < 0 || (size_t)i >= v->app->model.nimgs ? NULL : &v->app->model.imgs[i];
}

/* --- what the focused one is */

static void add_list(struct buf *b, const cJSON *v, const char *none)
{
	const cJSON *e;
	int n = 0;

	cJSON_ArrayForEach(e, v)
	{
		const char *word = cJSON_IsString(e) ? e->valuestring : e->string;

		if (word)
			buf_addf(b, "%s%s", n++ ? " " : "", word);
	}
	if (!n)
		buf_adds(b, none);
}

static void describe(struct images *m, const cJSON *config)
{
	AUTO_BUF struct buf command = { 0 }, rest = { 0 };
	const char *user = json_str(config, "User"), *dir = json_str(config, "WorkingDir");
	const cJSON *entry = json_arr(config, "Entrypoint"), *cmd = json_arr(config, "Cmd");

	add_list(&command, entry, cmd ? "" : "none");
	if (entry && cmd)
		buf_addc(&command, ' ');
	add_list(&command, cmd, "");
	snprintf(m->lines[0], sizeof(m->lines[0]), "command  %-34.200s   user %.40s   workdir %.60s",
		 command.p ? (const char *)command.p : "", user && *user ? user : "root", dir && *dir ? dir : "/");
	buf_adds(&rest, "ports    ");
	add_list(&rest, json_obj(config, "ExposedPorts"), "none declared");
	buf_adds(&rest, "       volumes  ");
	add_list(&rest, json_obj(config, "Volumes"), "none");
	snprintf(m->lines[1], sizeof(m->lines[1]), "%s", rest.p ? (const char *)rest.p : "");
	app_dirty(m->v.app);
}

static void ask(struct images *m);

static void on_config(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct link *l = arg;
	struct images *m = l->view;
	AUTO_JSON cJSON *j = NULL;
	const cJSON *config;

	free(l);
	if (!m)
		return;
	m->link = NULL;
	if (rc < 0 && rc != -ECANCELED)
		snprintf(m->lines[0], sizeof(m->lines[0]), "%.250s", e->text);
	if (rc == 0 && json_parse(json, strlen(json), "image inspect", &j, NULL) == 0) {
		config = json_obj(j, "Config");
		if (config)
			describe(m, config);
	}
	ask(m); /* the cursor may be elsewhere by now */
}

static void ask(struct images *m)
{
	const struct img *i = focus(&m->v);
	struct berth_error e = { 0 };

	if (!i || m->link || strcmp(m->described, i->id) == 0 || m->v.app->ending)
		return;
	snprintf(m->described, sizeof(m->described), "%s", i->id);
	*m->lines[0] = *m->lines[1] = 0;
	m->link = calloc(1, sizeof(*m->link));
	if (!m->link)
		return;
	m->link->view = m;
	if (berth_image_inspect(m->v.app->berth, i->id, on_config, m->link, &e) < 0) {
		free(m->link);
		m->link = NULL;
	}
}

/* The other image that has most of its layers, and how many. */
static unsigned shared_with(const struct model *m, const struct img *i, const char **ret)
{
	unsigned best = 0;

	for (size_t k = 0; k < m->nimgs; k++) {
		unsigned n = 0;

		for (unsigned l = 0; strcmp(m->imgs[k].id, i->id) != 0 && l < i->layers; l++)
			n += img_has_layer(&m->imgs[k], i->layer[l].digest);
		if (n > best) {
			best = n;
			*ret = m->imgs[k].name;
		}
	}
	return best;
}

bool img_has_layer(const struct img *i, const char *digest)
{
	for (unsigned l = 0; l < i->layers; l++)
		if (strcmp(i->layer[l].digest, digest) == 0)
			return true;
	return false;
}

static void draw_focused(struct images *m, struct canvas *c, int y, int bottom)
{
	const struct img *i = focus(&m->v);
	const struct model *model = &m->v.app->model;
	AUTO_BUF struct buf head = { 0 }, users = { 0 }, marks = { 0 };
	const char *other = NULL;
	char digest[FMT_MAX];
	unsigned shared;

	if (!i || bottom - y < 5 || c->cols < 60)
		return;
	rows_marks_note(&m->rows, &marks);
	if (marks.p)
		canvas_cut(c, y + 1, 1, -1, ROLE_TEXT, (const char *)marks.p);
	y += bottom - y >= 7 ? 3 : 2;
	fmt_digest(i->digest, digest);
	shared = shared_with(model, i, &other);
	buf_addf(&head, "%s  %s  %u layer%s", i->name, digest, i->layers, i->layers == 1 ? "" : "s");
	if (shared)
		buf_addf(&head, ", %u shared with %s", shared, other);
	canvas_cut(c, y++, 1, -1, ROLE_TEXT, (const char *)head.p);
	for (int k = 0; k < 2; k++)
		canvas_cut(c, y++, 1, -1, ROLE_TEXT, m->lines[k]);
	for (size_t k = 0; k < model->nctrs; k++)
		if (strcmp(model->ctrs[k].image_id, i->id) == 0)
			buf_addf(&users, "%s%s", users.len ? ", " : "used by  ", model->ctrs[k].name);
	if (users.p)
		canvas_cut(c, y, 1, -1, ROLE_TEXT, (const char *)users.p);
}

/* --- the view */

static int img_open(struct view *v, const void *arg)
{
	struct images *m = (struct images *)v;

	(void)arg;
	rows_init(&m->rows, &source, v);
	rows_update(&m->rows);
	ask(m);
	model_refresh(v->app, MODEL_IMGS);
	return 0;
}

static void img_close(struct view *v)
{
	struct images *m = (struct images *)v;

	if (m->link)
		m->link->view = NULL;
	rows_finish(&m->rows);
}

/* Another name of one of the rows before: it takes no room of its own. */
static bool is_named_above(const struct model *m, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(m->imgs[k].id, m->imgs[i].id) == 0)
			return true;
	return false;
}

/* Each layer counts once; what more the images would take if they did not share is said too. */
static void img_title(struct view *v, struct buf *b)
{
	const struct model *m = &v->app->model;
	uint64_t disk = 0, shared = 0;
	char text[FMT_MAX];

	for (size_t i = 0; i < m->nimgs; i++) {
		if (is_named_above(m, i))
			continue;
		disk += m->imgs[i].rootfs + m->imgs[i].size;
		for (unsigned l = 0; l < m->imgs[i].layers; l++)
			for (size_t k = 0; k < i; k++)
				if (img_has_layer(&m->imgs[k], m->imgs[i].layer[l].digest)) {
					shared += m->imgs[i].layer[l].size;
					break;
				}
	}
	fmt_size(disk - MIN(shared, disk), text);
	buf_addf(b, "Images %zu  %s on disk", m->nimgs, text);
	fmt_size(shared, text);
	if (shared)
		buf_addf(b, ", %s shared", text);
}

static void img_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct images *m = (struct images *)v;
	int y = rows_draw(&m->rows, c, top, bottom);

	if (app_prompting(v->app))
		prompt_help_draw(c, y, bottom);
	else
		draw_focused(m, c, y, bottom);
}

static int img_hints(struct view *v, struct hint *ret, int max)
{
	int n = 0;

	(void)max;
	if (focus(v)) {
		ret[n++] = (struct hint){ ACT_OPEN, "layers", NULL };
		ret[n++] = (struct hint){ ACT_CREATE, "run", NULL };
	}
	ret[n++] = (struct hint){ ACT_PULL, NULL, NULL };
	if (focus(v)) {
		ret[n++] = (struct hint){ ACT_LABEL, "tag", NULL };
		ret[n++] = (struct hint){ ACT_DELETE, NULL, NULL };
		ret[n++] = (struct hint){ ACT_FREE, "free space", NULL };
	}
	ret[n++] = (struct hint){ ACT_FIND, NULL, NULL };
	ret[n++] = (struct hint){ ACT_RAW, NULL, NULL };
	return n;
}

static void delete_marked(struct images *m)
{
	size_t *i = calloc(m->rows.n, sizeof(*i));

	if (i)
		act_delete_images(m->v.app, i, rows_targets(&m->rows, i, m->rows.n));
	free(i);
}

static bool img_act(struct view *v, enum act act, int index)
{
	struct images *m = (struct images *)v;
	struct form_arg form = { .kind = FORM_RUN };
	const struct img *i;
	bool done = rows_act(&m->rows, act, index);

	ask(m);
	if (done)
		return true;
	i = focus(v);
	if (act == ACT_PULL || act == ACT_IMPORT) {
		form.kind = act == ACT_PULL ? FORM_PULL : FORM_IMPORT;
		app_push(v->app, &view_form, &form);
		return true;
	}
	if (act == ACT_FREE) {
		act_free_images(v->app);
		return true;
	}
	if (!i)
		return false;
	form.image = *i->ref ? i->name : i->id;
	if (act == ACT_OPEN)
		app_push(v->app, &view_layers, i->id);
	else if (act == ACT_CREATE || act == ACT_LABEL || act == ACT_SAVE) {
		form.kind = act == ACT_CREATE ? FORM_RUN : act == ACT_LABEL ? FORM_LABEL : FORM_SAVE;
		app_push(v->app, &view_form, &form);
	}
	else if (act == ACT_RAW)
		app_push(v->app, &view_text, &(struct text_arg){ TEXT_IMAGE, i->name, i->name });
	else if (act == ACT_DELETE && m->rows.nmarks)
		delete_marked(m);
	else if (act == ACT_DELETE)
		act_delete_image(v->app, i);
	else
		return false;
	return true;
}

static void img_changed(struct view *v, unsigned what)
{
	struct images *m = (struct images *)v;

	if (what & MODEL_CTRS) /* they make root file systems, and use images */
		model_refresh(v->app, MODEL_IMGS);
	if (!(what & MODEL_IMGS))
		return;
	rows_update(&m->rows);
	ask(m);
}

static void img_note(struct view *v, struct buf *b)
{
	const struct model *m = &v->app->model;
	uint64_t size = 0;
	unsigned n = 0;
	char text[FMT_MAX];

	rows_note(&((struct images *)v)->rows, b);
	if (b->len)
		return;
	for (size_t i = 0; i < m->nimgs; i++)
		if (!m->imgs[i].used && !is_named_above(m, i)) {
			n++;
			size += m->imgs[i].size;
		}
	fmt_size(size, text);
	if (!m->nimgs)
		buf_adds(b, "No images yet: P pulls one.");
	else if (n)
		buf_addf(b, "F would free %s: %u image%s no container uses.", text, n, n == 1 ? "" : "s");
}

static void img_find(struct view *v, const char *text, bool done)
{
	struct images *m = (struct images *)v;

	(void)done;
	rows_filter(&m->rows, text);
	ask(m);
}

static void img_found(struct view *v, struct buf *b)
{
	rows_found(&((struct images *)v)->rows, b);
}

const struct view_class view_images = {
	.name = "images", .ctx = CTX_I, .size = sizeof(struct images), .open = img_open, .close = img_close,
	.title = img_title, .draw = img_draw, .hints = img_hints, .act = img_act, .changed = img_changed,
	.note = img_note, .find = img_find, .found = img_found, .fields = fields,
};

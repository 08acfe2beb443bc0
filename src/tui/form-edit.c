/* SPDX-License-Identifier: Apache-2.0 */
/* form-edit.c - a container that there is: another name, other limits. What stays as it was is not sent. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tui/act.h"
#include "tui/form.h"

enum { NAME, MEMORY, CPUS, PROCESSES };

static const struct field edit_fields[] = {
	[NAME] = { "Name", NULL, "letters, digits, '.', '_', '-', two at least", .row = 0, .x = 3, .at = 16, .width = 31 },
	[MEMORY] = { "Memory", NULL, "as in 512M; empty: as it is", .row = 1, .x = 3, .at = 16, .width = 10 },
	[CPUS] = { "CPUs", NULL, "as in 2 or 0.5; empty: as it is", .row = 2, .x = 3, .at = 16, .width = 10 },
	[PROCESSES] = { "Processes", NULL, "how many there may be; empty: as it is", .row = 3, .x = 3, .at = 16, .width = 10 },
};

/* The fields as they were filled in. */
struct before {
	char memory[24], cpus[24];
};

static void edit_open(struct formview *f, const struct form_arg *a)
{
	const struct ctr *c = model_ctr(&f->v.app->model, f->id);
	struct before *b = f->own = calloc(1, sizeof(*b));

	(void)a;
	if (!b || !c)
		return;
	if (c->memory)
		snprintf(b->memory, sizeof(b->memory), c->memory % (1 << 20) ? "%" PRIu64 : "%" PRIu64 "M",
			 c->memory % (1 << 20) ? c->memory : c->memory >> 20);
	if (c->cpus > 0)
		snprintf(b->cpus, sizeof(b->cpus), "%g", c->cpus);
	line_set(&f->line[NAME], f->name);
	line_set(&f->line[MEMORY], b->memory);
	line_set(&f->line[CPUS], b->cpus);
}

static bool renames(const struct formview *f)
{
	return strcmp(f->line[NAME].text, f->name) != 0;
}

/* Of the fields: what is another than it was. -1: one of them is wrong, and says so. */
static int limits_of(struct formview *f, struct berth_limits *ret)
{
	const struct before *b = f->own;
	const char *memory = f->line[MEMORY].text, *cpus = f->line[CPUS].text, *pids = f->line[PROCESSES].text;
	struct err e = { 0 };
	char *end;

	*ret = (struct berth_limits){ 0 };
	if (!b)
		return -1;
	if (*memory && strcmp(memory, b->memory) != 0 && str_parse_size(memory, &ret->memory_bytes, &e) < 0) {
		form_refuse(f, MEMORY, "%s", e.text);
		return -1;
	}
	if (*cpus && strcmp(cpus, b->cpus) != 0) {
		ret->cpus = strtod(cpus, &end);
		if (*end || !(ret->cpus > 0)) {
			form_refuse(f, CPUS, "it is not a number of CPUs");
			return -1;
		}
	}
	if (*pids && (str_parse_u64(pids, INT32_MAX, &ret->pids) < 0 || !ret->pids)) {
		form_refuse(f, PROCESSES, "it is not a number of processes");
		return -1;
	}
	return 0;
}

static bool any(const struct berth_limits *l)
{
	return l->memory_bytes || l->cpus > 0 || l->pids;
}

static void edit_check(struct formview *f)
{
	struct berth_limits l;

	if (!f->line[NAME].len)
		form_refuse(f, NAME, "is needed");
	if (limits_of(f, &l) == 0 && !any(&l) && !renames(f) && f->pressed)
		form_refuse(f, NAME, "nothing is another than it was");
}

static void edit_command(struct formview *f, int button, struct buf *b)
{
	struct berth_limits l;
	bool rename = renames(f), limits;

	(void)button;
	limits = limits_of(f, &l) == 0 && any(&l);
	if (limits || !rename) {
		buf_adds(b, "berth update");
		if (l.memory_bytes) {
			buf_adds(b, " -m");
			form_quote(b, f->line[MEMORY].text);
		}
		if (l.cpus > 0) {
			buf_adds(b, " --cpus");
			form_quote(b, f->line[CPUS].text);
		}
		if (l.pids)
			buf_addf(b, " --pids-limit %" PRIu64, l.pids);
		form_quote(b, f->name);
	}
	if (rename) {
		buf_addf(b, "%sberth rename", limits ? " && " : "");
		form_quote(b, f->name);
		form_quote(b, f->line[NAME].text);
	}
}

/* What was asked for, whose form is gone by then. */
struct editing {
	struct app *app;
	char name[80];
};

static void on_updated(void *arg, int rc, const struct berth_error *e, const char *waiting)
{
	struct editing *x = arg;

	if (rc < 0 && rc != -ECANCELED)
		app_error(x->app, "%s: %s", x->name, e->text);
	else if (rc == 0 && waiting)
		app_info(x->app, "%s has what its VM has of %s; R restarts it with all of it", x->name, waiting);
	else if (rc == 0)
		app_info(x->app, "%s has its new limits", x->name);
	free(x);
}

static void edit_press(struct formview *f, int button)
{
	struct app *app = f->v.app;
	struct editing *x = calloc(1, sizeof(*x));
	struct berth_limits l;
	struct berth_error e = { 0 };
	AUTO_BUF struct buf b = { 0 };

	if (!x || limits_of(f, &l) < 0) {
		free(x);
		return;
	}
	x->app = app;
	snprintf(x->name, sizeof(x->name), "%s", f->name);
	edit_command(f, button, &b);
	if (b.p)
		app_cli(app, "%s", (const char *)b.p);
	if (any(&l) && berth_container_update(app->berth, f->id, &l, on_updated, x, &e) < 0) {
		app_error(app, "%s: %s", f->name, e.text);
		free(x);
		return;
	}
	if (!any(&l))
		free(x);
	if (renames(f))
		act_rename(app, f->id, f->name, f->line[NAME].text);
	form_done(f);
}

const struct form_class form_edit = {
	.title = "Name and limits of", .verb = "edit", .fields = edit_fields, .nfields = ARRAY_LEN(edit_fields),
	.buttons = { "Change", "Cancel" }, .words = { "change", "cancel" },
	.about = "One that runs has them at once, as far as its VM has room.", .open = edit_open, .check = edit_check,
	.press = edit_press, .command = edit_command,
};

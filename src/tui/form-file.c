/* SPDX-License-Identifier: Apache-2.0 */
/* form-file.c - forms that wait for a file. */
#include "tui/form-file.h"

#include <stdio.h>
#include <stdlib.h>

struct form_file *form_file_open(struct formview *f, const char *doing)
{
	struct form_file *l = f->own = calloc(1, sizeof(*l));

	if (l)
		*l = (struct form_file){ .form = f, .app = f->v.app, .doing = doing };
	return l;
}

void form_file_close(struct formview *f)
{
	struct form_file *l = f->own;

	f->own = NULL; /* freed by who ends it */
	if (!l || !l->op) {
		free(l);
		return;
	}
	l->form = NULL;
	berth_op_cancel(l->op);
}

void form_file_press(struct formview *f, int button, int (*call)(struct formview *f, struct form_file *l, struct berth_error *e))
{
	struct form_file *l = f->own;
	AUTO_BUF struct buf b = { 0 };
	struct berth_error e = { 0 };

	if (!l || l->op)
		return;
	f->cls->command(f, button, &b);
	if (b.p)
		app_cli(l->app, "%s", (const char *)b.p);
	snprintf(l->path, sizeof(l->path), "%s", f->line[0].text);
	if (call(f, l, &e) < 0)
		app_error(l->app, "%s", e.text);
	else
		snprintf(f->busy, sizeof(f->busy), "%s %.80s ...", l->doing, l->path);
}

void form_file_progress(void *arg, const struct berth_progress *p)
{
	struct form_file *l = arg;
	char part[16] = " ...";

	if (!l->form)
		return;
	if (p->total)
		snprintf(part, sizeof(part), ": %u%%", (unsigned)(p->done * 100 / p->total));
	snprintf(l->form->busy, sizeof(l->form->busy), "%s %.80s%s", l->doing, l->path, part);
	app_dirty(l->app);
}

bool form_file_failed(struct form_file *l, int rc, const struct berth_error *e, const char *canceled)
{
	struct formview *f = l->form;

	l->op = NULL;
	if (f)
		*f->busy = 0;
	if (rc == -ECANCELED)
		app_info(l->app, "%s: canceled, %s", l->path, canceled);
	else if (rc < 0)
		app_error(l->app, "%s%s%s", e->text, *e->hint ? "   " : "", e->hint);
	app_dirty(l->app);
	if (f && rc < 0 && rc != -ECANCELED) {
		f->cur = 0;
		f->pressed = false;
		return true;
	}
	if (f)
		f->own = NULL;
	return false;
}

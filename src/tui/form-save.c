/* SPDX-License-Identifier: Apache-2.0 */
/* form-save.c - a container's files, or an image, to a file. One that is there already stays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tui/form-file.h"

static const struct field save_fields[] = {
	{ "File", NULL, "where it goes; it appears once it is whole", .row = 0, .x = 3, .at = 16, .width = 49 },
};

/* "nginx-1.27.tar" of "registry/nginx:1.27" */
static void save_open(struct formview *f, const struct form_arg *a)
{
	const char *from = a->image ? a->image : f->name, *slash = strrchr(from, '/');
	char name[96];

	form_file_open(f, "writing");
	snprintf(name, sizeof(name), "%.80s.tar", slash ? slash + 1 : from);
	for (char *p = name; *p; p++)
		if (*p == ':' || *p == '@')
			*p = '-';
	line_set(&f->line[0], name);
	if (a->image)
		snprintf(f->name, sizeof(f->name), "%.79s", a->image);
}

static void save_check(struct formview *f)
{
	const struct form_file *l = f->own;
	struct stat st;

	if (!f->line[0].len)
		form_refuse(f, 0, "is needed");
	else if (stat(f->line[0].text, &st) == 0 && !(l && l->op))
		form_refuse(f, 0, "it is there already");
}

static void save_command(struct formview *f, int button, struct buf *b)
{
	(void)button;
	buf_adds(b, *f->id ? "berth export -o" : "berth save -o");
	form_quote(b, f->line[0].len ? f->line[0].text : "FILE");
	form_quote(b, *f->id ? f->name : f->key);
}

static void ended(void *arg, int rc, const struct berth_error *e)
{
	struct form_file *l = arg;

	if (form_file_failed(l, rc, e, "no file was made"))
		return;
	if (rc == 0) {
		app_info(l->app, "%s is written", l->path);
		if (l->form)
			app_drop(l->app, &l->form->v);
	}
	free(l);
}

static void on_exported(void *arg, int rc, const struct berth_error *e, const struct berth_tar_result *r)
{
	struct form_file *l = arg;
	struct app *app = l->app;

	ended(l, rc, e);
	if (rc == 0 && r->left_out)
		app_info(app, "%llu sockets were left out: a tar cannot hold them", (unsigned long long)r->left_out);
}

static int save(struct formview *f, struct form_file *l, struct berth_error *e)
{
	struct berth_save s = { .refs = (const char *[]){ f->key, NULL }, .path = l->path, .fd = -1 };
	struct berth *b = l->app->berth;

	return *f->id ? berth_container_export(b, f->id, l->path, -1, form_file_progress, on_exported, l, &l->op, e) :
			berth_image_save(b, &s, form_file_progress, ended, l, &l->op, e);
}

static void save_press(struct formview *f, int button)
{
	form_file_press(f, button, save);
}

const struct form_class form_save = {
	.title = "To a file:", .verb = "save", .fields = save_fields, .nfields = ARRAY_LEN(save_fields),
	.buttons = { "Write", "Cancel" }, .words = { "write", "cancel" },
	.about = "A container's files as a tar, an image as an OCI archive.", .open = save_open, .close = form_file_close,
	.check = save_check, .press = save_press, .command = save_command,
};

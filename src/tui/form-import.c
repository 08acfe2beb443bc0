/* SPDX-License-Identifier: Apache-2.0 */
/* form-import.c - images from a file: an archive or a layout with images and their names, or a tar of files that becomes
 * an image of a name given here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tui/form-file.h"

enum { PATH, NAME };

static const struct field import_fields[] = {
	[PATH] = { "File", NULL, "what docker, podman or berth saved, an OCI layout, or a tar of files",
		   .row = 0, .x = 3, .at = 16, .width = 49 },
	[NAME] = { "Name", "of a tar of files", "empty: it is an archive of images, whose names are in it", .row = 1, .x = 3,
		   .at = 16, .width = 31 },
};

static void import_open(struct formview *f, const struct form_arg *a)
{
	struct form_file *l = form_file_open(f, "reading");

	if (l)
		l->run = a->first;
}

static void import_check(struct formview *f)
{
	struct stat st;

	if (!f->line[PATH].len)
		form_refuse(f, PATH, "is needed");
	else if (stat(f->line[PATH].text, &st) < 0)
		form_refuse(f, PATH, "%s", strerror(errno));
	else if (S_ISDIR(st.st_mode) && f->line[NAME].len)
		form_refuse(f, NAME, "not of a folder: its names are in it");
}

static void import_command(struct formview *f, int button, struct buf *b)
{
	const char *path = f->line[PATH].len ? f->line[PATH].text : "FILE";

	(void)button;
	buf_adds(b, f->line[NAME].len ? "berth import" : "berth load -i");
	form_quote(b, path);
	if (f->line[NAME].len)
		form_quote(b, f->line[NAME].text);
}

static void ended(struct form_file *l, int rc, const struct berth_error *e, const char *name, size_t n)
{
	struct app *app = l->app;
	struct formview *f = l->form;
	struct form_arg run = { .kind = FORM_RUN, .image = name };

	if (form_file_failed(l, rc, e, "nothing came in"))
		return;
	if (rc == 0) {
		app_info(app, n > 1 ? "%s and %zu more are here" : "%s is here", name ? name : "an image without a name",
			 n - 1);
		if (f)
			app_drop(app, &f->v);
		if (f && l->run && name)
			app_push(app, &view_form, &run);
	}
	free(l);
}

static void on_loaded(void *arg, int rc, const struct berth_error *e, const struct berth_loaded *v, size_t n)
{
	ended(arg, rc, e, n ? v[0].name : NULL, n);
}

static void on_imported(void *arg, int rc, const struct berth_error *e, const char *digest, const char *id)
{
	struct form_file *l = arg;
	char name[LINE_MAX_BYTES] = "";

	if (l->form)
		snprintf(name, sizeof(name), "%s", l->form->line[NAME].text);
	ended(l, rc, e, *name ? name : NULL, 1);
}

static int import(struct formview *f, struct form_file *l, struct berth_error *e)
{
	struct berth_import i = { .path = l->path, .fd = -1, .name = f->line[NAME].text };
	struct berth_load load = { .path = l->path, .fd = -1 };
	struct berth *b = l->app->berth;

	return f->line[NAME].len ? berth_image_import(b, &i, form_file_progress, on_imported, l, &l->op, e) :
				   berth_image_load(b, &load, form_file_progress, on_loaded, l, &l->op, e);
}

static void import_press(struct formview *f, int button)
{
	form_file_press(f, button, import);
}

const struct form_class form_import = {
	.title = "Images from a file", .verb = "import", .fields = import_fields, .nfields = ARRAY_LEN(import_fields),
	.buttons = { "Import", "Cancel" }, .words = { "import", "cancel" }, .about = "Works offline.  All images come in, or none.",
	.open = import_open, .close = form_file_close, .check = import_check, .press = import_press, .command = import_command,
};

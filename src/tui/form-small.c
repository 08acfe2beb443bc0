/* SPDX-License-Identifier: Apache-2.0 */
/* form-small.c - the forms of a few fields: a process, a pull, a signal, a name for an image. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/form.h"
#include "tui/task.h"

static void need_first(struct formview *f)
{
	if (!f->line[0].len)
		form_refuse(f, 0, "is needed");
}

/* --- a new process */

static const struct field exec_fields[] = {
	{ "Command", NULL, "the program and its arguments", .row = 0, .x = 3, .at = 16, .width = 49 },
	{ "User", NULL, "user or user:group; empty: the container's", .row = 1, .x = 3, .at = 16, .width = 22 },
	{ "Workdir", NULL, "an absolute path; empty: the container's", .row = 2, .x = 3, .at = 16, .width = 49 },
};

static void exec_open(struct formview *f, const struct form_arg *a)
{
	(void)a;
	line_set(&f->line[0], "sh");
}

static void exec_check(struct formview *f)
{
	char text[LINE_MAX_BYTES];
	const char *words[FORM_WORDS + 1];
	int n;

	snprintf(text, sizeof(text), "%s", f->line[0].text);
	n = form_split(text, words);
	if (n < 1)
		form_refuse(f, 0, n < 0 ? "open quote" : "is needed");
	if (f->line[2].len && *f->line[2].text != '/')
		form_refuse(f, 2, "from / on");
}

static void exec_command(struct formview *f, int button, struct buf *b)
{
	char text[LINE_MAX_BYTES];
	const char *words[FORM_WORDS + 1];

	(void)button;
	snprintf(text, sizeof(text), "%s", f->line[0].text);
	buf_adds(b, "berth exec -it");
	for (int i = 1; i < 3; i++)
		if (f->line[i].len) {
			buf_adds(b, i == 1 ? " -u" : " -w");
			form_quote(b, f->line[i].text);
		}
	form_quote(b, f->name);
	for (int i = 0, n = form_split(text, words); i < n; i++)
		form_quote(b, words[i]);
}

/* The streams of an exec, whose form is gone by then. */
struct execing {
	struct app *app;
	char id[65], name[80];
};

static void on_exec(void *arg, int rc, const struct berth_error *e, const struct berth_streams *s, const char *exec_id)
{
	struct execing *x = arg;
	struct console_arg c = { .id = x->id, .name = x->name, .streams = s, .exec_id = exec_id };

	if (rc < 0) {
		app_error(x->app, "%s: %s", x->name, e->text);
	} else {
		c.n = s->console;
		app_push(x->app, &view_console, &c);
	}
	free(x);
}

static void say_command(struct formview *f, int button)
{
	AUTO_BUF struct buf b = { 0 };

	f->cls->command(f, button, &b);
	if (b.p)
		app_cli(f->v.app, "%s", (const char *)b.p);
}

static void exec_press(struct formview *f, int button)
{
	struct app *app = f->v.app;
	struct execing *x = calloc(1, sizeof(*x));
	char text[LINE_MAX_BYTES];
	const char *args[FORM_WORDS + 1];
	struct berth_exec o = { .name = f->id, .args = args, .tty = true, .open_stdin = true,
				.clipboard = app->settings.guest_clipboard != GUEST_NO,
				.repaint = true,
				.user = f->line[1].len ? f->line[1].text : NULL,
				.workdir = f->line[2].len ? f->line[2].text : NULL,
				.rows = (unsigned)MAX(1, app_rows(app) - 1), .cols = (unsigned)app_cols(app) };
	struct berth_error e = { 0 };

	snprintf(text, sizeof(text), "%s", f->line[0].text);
	if (!x || form_split(text, args) < 1) {
		free(x);
		return;
	}
	x->app = app;
	snprintf(x->id, sizeof(x->id), "%s", f->id);
	snprintf(x->name, sizeof(x->name), "%s", f->name);
	say_command(f, button);
	if (berth_exec(app->berth, &o, on_exec, x, NULL, &e) < 0) {
		app_error(app, "%s", e.text);
		free(x);
		return;
	}
	form_done(f);
}

const struct form_class form_exec = {
	.title = "New process", .verb = "exec", .fields = exec_fields, .nfields = ARRAY_LEN(exec_fields),
	.buttons = { "Start", "Cancel" }, .words = { "start", "cancel" }, .about = "It gets a console of its own.",
	.open = exec_open, .check = exec_check, .press = exec_press, .command = exec_command,
};

/* --- a pull */

static const struct field pull_fields[] = {
	{ "Image", NULL, "name of an image: debian, nginx:stable, registry:5000/a/b:1", .row = 0, .x = 3, .at = 16,
	  .width = 49 },
};

static void pull_open(struct formview *f, const struct form_arg *a)
{
	line_set(&f->line[0], a->image ? a->image : "");
}

static void pull_command(struct formview *f, int button, struct buf *b)
{
	(void)button;
	buf_adds(b, "berth pull");
	form_quote(b, f->line[0].len ? f->line[0].text : "IMAGE");
}

static void pull_press(struct formview *f, int button)
{
	struct app *app = f->v.app;
	struct task *t = task_pull(app, f->line[0].text);

	(void)button;
	if (!t)
		return;
	form_done(f);
	app_push(app, &view_pull, t);
}

static void pull_choices(struct formview *f, int field, struct buf *b)
{
	const struct model *m = &f->v.app->model;

	for (size_t i = 0; field == 0 && i < m->nimgs; i++)
		if (*m->imgs[i].ref)
			buf_addf(b, "%s\n", m->imgs[i].name);
}

const struct form_class form_pull = {
	.title = "Pull an image", .verb = "pull", .fields = pull_fields, .nfields = ARRAY_LEN(pull_fields),
	.buttons = { "Pull", "Cancel" }, .words = { "pull", "cancel" }, .about = "Public images need no account.",
	.open = pull_open, .check = need_first, .press = pull_press, .command = pull_command, .choices = pull_choices,
};

/* --- a signal */

static const struct field signal_fields[] = {
	{ "Signal", NULL, "by name or number: HUP, INT, TERM, USR1 ...   ^N lists them", .row = 0, .x = 3, .at = 16,
	  .width = 10 },
};

/* The process that it goes to, captured when the form was opened; pid 0: the main one. */
struct target {
	int pid;
	int64_t started;
	char about[260];
};

static void signal_open(struct formview *f, const struct form_arg *a)
{
	struct target *t = f->own = calloc(1, sizeof(*t));

	if (t && a->pid) {
		t->pid = a->pid;
		t->started = a->started;
		snprintf(t->about, sizeof(t->about), "to process %d of %s:  %.120s", a->pid, f->name, a->command);
		snprintf(f->key, sizeof(f->key), "%.64s:%d", f->id, a->pid);
	}
	line_set(&f->line[0], "TERM");
}

static void signal_check(struct formview *f)
{
	if (berth_signal_number(f->line[0].text) < 0)
		form_refuse(f, 0, "it is not a signal");
}

static void signal_command(struct formview *f, int button, struct buf *b)
{
	(void)button;
	const struct target *t = f->own;

	buf_adds(b, "berth kill -s");
	form_quote(b, f->line[0].text);
	if (t && t->pid)
		buf_addf(b, " --pid %d", t->pid);
	form_quote(b, f->name);
}

static void signal_choices(struct formview *f, int field, struct buf *b)
{
	(void)f;
	(void)field;
	buf_adds(b, "HUP\nINT\nQUIT\nUSR1\nUSR2\nTERM\nCONT\nSTOP\nWINCH\nKILL\n");
}

static bool signal_hint(struct formview *f, int field, char *ret, size_t max)
{
	const struct target *t = f->own;

	(void)field;
	snprintf(ret, max, "%s", t && t->pid ? t->about : "to the container's main process");
	return true;
}

/* What was asked for, whose form is gone by then. */
struct sending {
	struct app *app;
	char what[200];
};

static void on_signalled(void *arg, int rc, const struct berth_error *e)
{
	struct sending *s = arg;

	if (rc < 0 && rc != -ECANCELED)
		app_error(s->app, "%s: %s", s->what, e->text);
	else if (rc == 0)
		app_info(s->app, "%s: sent", s->what);
	free(s);
}

static void signal_press(struct formview *f, int button)
{
	struct app *app = f->v.app;
	const struct target *t = f->own;
	struct sending *s = calloc(1, sizeof(*s));
	int sig = berth_signal_number(f->line[0].text), rc;
	struct berth_error e = { 0 };

	if (!t || !s) {
		free(s);
		return;
	}
	s->app = app;
	say_command(f, button);
	if (t->pid) {
		snprintf(s->what, sizeof(s->what), "%.20s to process %d of %s", f->line[0].text, t->pid, f->name);
		rc = berth_process_kill(app->berth, f->id, t->pid, t->started, sig, on_signalled, s, &e);
	} else {
		snprintf(s->what, sizeof(s->what), "%.20s to %s", f->line[0].text, f->name);
		model_expect_end(app, f->id);
		rc = berth_container_kill(app->berth, f->id, sig, on_signalled, s, &e);
	}
	if (rc < 0) {
		app_error(app, "%s: %s", s->what, e.text);
		free(s);
	}
	form_done(f);
}

const struct form_class form_signal = {
	.title = "Signal", .verb = "signal", .fields = signal_fields, .nfields = ARRAY_LEN(signal_fields),
	.buttons = { "Send", "Cancel" }, .words = { "send", "cancel" }, .about = "",
	.open = signal_open, .check = signal_check, .press = signal_press, .command = signal_command,
	.choices = signal_choices, .hint = signal_hint,
};

/* --- another name for an image */

static const struct field label_fields[] = {
	{ "New name", NULL, "as in shop:dev or registry.acme.io/shop:1.2; from another image it moves here", .row = 0, .x = 3,
	  .at = 16, .width = 49 },
};

static void label_open(struct formview *f, const struct form_arg *a)
{
	snprintf(f->name, sizeof(f->name), "%.79s", a->image);
}

static void label_command(struct formview *f, int button, struct buf *b)
{
	(void)button;
	buf_adds(b, "berth tag");
	form_quote(b, f->key);
	form_quote(b, f->line[0].len ? f->line[0].text : "NAME");
}

static void on_labelled(void *arg, int rc, const struct berth_error *e)
{
	if (rc < 0 && rc != -ECANCELED)
		app_error(arg, "%s%s%s", e->text, *e->hint ? "   " : "", e->hint);
	else if (rc == 0)
		model_refresh(arg, MODEL_IMGS);
}

static void label_press(struct formview *f, int button)
{
	struct app *app = f->v.app;
	struct berth_error e = { 0 };

	say_command(f, button);
	if (berth_image_tag(app->berth, f->key, f->line[0].text, on_labelled, app, &e) < 0)
		app_error(app, "%s", e.text);
	form_done(f);
}

const struct form_class form_label = {
	.title = "Another name for", .verb = "label", .fields = label_fields, .nfields = ARRAY_LEN(label_fields),
	.buttons = { "Give it", "Cancel" }, .words = { "give it", "cancel" },
	.about = "A name moves: what had it before keeps only its others.", .open = label_open, .check = need_first,
	.press = label_press, .command = label_command, .choices = pull_choices,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* view-form.c - forms: a new container, a new process, a pull, a signal. Labelled lines, then buttons; Enter on
 * a field moves on, on a button presses it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tui/task.h"
#include "tui/views.h"

#define FIELDS_MAX 12
#define WORDS_MAX 64

struct field {
	const char *label, *help;
	int width;
	bool check; /* yes or no in place of text */
};

static const struct field run_fields[] = {
	{ "Image", "name of an image: debian, localhost/busybox, registry:5000/a/b:1", 50 },
	{ "Name", "letters, digits, . _ -   empty: one is made up", 30 },
	{ "Command", "empty: what the image runs", 50 },
	{ "Console", "Space: open its console, or run it in the background", 0, true },
	{ "CPUs", "as in 1 or 2.5", 6 },
	{ "Memory", "as in 256M; empty: the virtual machine's 512M", 10 },
	{ "Ports", "as in 8080:80, several with blanks between", 30 },
	{ "Volumes", "as in /host/folder:/folder or …:ro, several with blanks between", 50 },
	{ "Environment", "KEY=value, several with blanks between", 50 },
	{ "Remove", "Space: remove it when it ends", 0, true },
};
static const struct field exec_fields[] = {
	{ "Command", "the program and its arguments", 50 },
	{ "User", "empty: the container's", 20 },
};
static const struct field pull_fields[] = {
	{ "Image", "name of an image: debian, nginx:stable, registry:5000/a/b:1", 50 },
};
static const struct field signal_fields[] = {
	{ "Signal", "by name or number: HUP, INT, TERM, USR1 …", 10 },
};
enum { RUN_IMAGE, RUN_NAME, RUN_COMMAND, RUN_CONSOLE, RUN_CPUS, RUN_MEMORY, RUN_PORTS, RUN_VOLUMES, RUN_ENV, RUN_RM };

static const struct {
	const char *title;
	const struct field *fields;
	int nfields;
	const char *buttons[3];
} forms[] = {
	[FORM_RUN] = { "Run a container", run_fields, ARRAY_LEN(run_fields),
		       { "Run", "Create, do not start", "Cancel" } },
	[FORM_EXEC] = { "New process", exec_fields, ARRAY_LEN(exec_fields), { "Start", "Cancel" } },
	[FORM_PULL] = { "Pull an image", pull_fields, ARRAY_LEN(pull_fields), { "Pull", "Cancel" } },
	[FORM_SIGNAL] = { "Signal", signal_fields, ARRAY_LEN(signal_fields), { "Send", "Cancel" } },
};

struct formview {
	struct view v;
	enum form_kind kind;
	char id[65], name[80];
	struct line line[FIELDS_MAX];
	bool on[FIELDS_MAX];
	int cur; /* fields, then buttons */
	char error[160];
};

static int nfields(const struct formview *f)
{
	return forms[f->kind].nfields;
}

static int nbuttons(const struct formview *f)
{
	int n = 0;

	while (n < 3 && forms[f->kind].buttons[n])
		n++;
	return n;
}

static int form_open(struct view *v, const void *arg)
{
	const struct form_arg *a = arg;
	struct formview *f = (struct formview *)v;

	f->kind = a->kind;
	snprintf(f->id, sizeof(f->id), "%s", a->id ? a->id : "");
	snprintf(f->name, sizeof(f->name), "%s", a->name ? a->name : "");
	switch (f->kind) {
	case FORM_RUN:
		line_set(&f->line[RUN_IMAGE], a->image ? a->image : "");
		line_set(&f->line[RUN_COMMAND], a->command ? a->command : "");
		line_set(&f->line[RUN_PORTS], a->ports ? a->ports : "");
		line_set(&f->line[RUN_CPUS], "1");
		f->on[RUN_CONSOLE] = !(a->ports && *a->ports);
		break;
	case FORM_EXEC:
		line_set(&f->line[0], "sh");
		break;
	case FORM_PULL:
		line_set(&f->line[0], a->image ? a->image : "");
		break;
	case FORM_SIGNAL:
		line_set(&f->line[0], "TERM");
		break;
	}
	/* Where all that is needed is there, the button is next. */
	f->cur = *f->line[0].text ? nfields(f) : 0;
	return 0;
}

static void form_title(struct view *v, struct buf *b)
{
	const struct formview *f = (struct formview *)v;

	buf_adds(b, forms[f->kind].title);
	if (*f->name)
		buf_addf(b, " in %s", f->name);
}

/* --- drawing */

static void form_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct formview *f = (struct formview *)v;
	int y = top + (bottom - top > nfields(f) + 5), x = 3, label = c->cols >= 60 ? 13 : 9, first = 0;

	/* In a low terminal the field in focus is what is seen. */
	if (nfields(f) + 2 > bottom - y && f->cur < nfields(f) && f->cur >= bottom - y - 2)
		first = f->cur - (bottom - y - 3);
	else if (nfields(f) + 2 > bottom - y && f->cur >= nfields(f))
		first = nfields(f) + 2 - (bottom - y);
	for (int i = MAX(0, first); i < nfields(f) && y < bottom; i++, y++) {
		const struct field *d = &forms[f->kind].fields[i];
		bool here = i == f->cur;
		int at = 3 + label, width = MIN(d->width, c->cols - at - 3), cur;

		canvas_cut(c, y, 3, label, here ? ROLE_CURSOR : ROLE_TEXT, d->label);
		if (here)
			canvas_text(c, y, 0, -1, ROLE_KEY, ">");
		if (d->check) {
			canvas_text(c, y, at, -1, here ? ROLE_INPUT : ROLE_TEXT, f->on[i] ? "[x]" : "[ ]");
			canvas_cut(c, y, at + 4, -1, ROLE_TEXT,
				   f->kind == FORM_RUN && i == RUN_CONSOLE ? "open it now" : "when it ends");
			if (here)
				canvas_cursor(c, y, at + 1);
			continue;
		}
		canvas_text(c, y, at, 1, ROLE_TEXT, "[");
		cur = line_draw(&f->line[i], c, y, at + 1, width, here ? ROLE_INPUT : ROLE_TEXT);
		canvas_text(c, y, at + 1 + width, 1, ROLE_TEXT, "]");
		if (here) {
			canvas_cursor(c, y, cur);
			c->cursor_visible = true;
		}
	}
	y += bottom - y > 1;
	for (int i = 0; i < nbuttons(f) && y < bottom; i++) {
		bool here = f->cur == nfields(f) + i;

		if (here) {
			canvas_text(c, y, x - 2, -1, ROLE_KEY, ">");
			canvas_cursor(c, y, x + 2);
		}
		x += canvas_textf(c, y, x, -1, here ? ROLE_CURSOR : ROLE_TEXT, "[ %s ]", forms[f->kind].buttons[i]) + 4;
	}
}

static int form_hints(struct view *v, struct hint *ret, int max)
{
	const struct formview *f = (struct formview *)v;
	bool button = f->cur >= nfields(f);

	ret[0] = (struct hint){ ACT_ACCEPT, button ? forms[f->kind].buttons[f->cur - nfields(f)] : "next", NULL };
	ret[1] = (struct hint){ ACT_NEXT_FIELD, "next", "Tab/Down" };
	ret[2] = (struct hint){ ACT_PREV_FIELD, "previous", "Up" };
	ret[3] = (struct hint){ ACT_BACK, "cancel", "Esc" };
	return 4;
}

static void form_note(struct view *v, struct buf *b)
{
	const struct formview *f = (struct formview *)v;

	if (*f->error)
		buf_addf(b, "! %s", f->error);
	else if (f->cur < nfields(f))
		buf_adds(b, forms[f->kind].fields[f->cur].help);
}

/* --- what the form asks for */

/* Cuts at blanks, in place; quotes as in a shell keep them. Returns how many, -1 for an open quote or too many. */
static int split(char *text, const char **words)
{
	int n = 0;
	char *from = text;

	for (;;) {
		char *to, quote = 0;

		from += strspn(from, " ");
		if (!*from)
			break;
		if (n == WORDS_MAX)
			return -1;
		words[n++] = to = from;
		for (; *from && (quote || *from != ' '); from++) {
			if (quote ? *from == quote : *from == '\'' || *from == '"')
				quote = quote ? 0 : *from;
			else
				*to++ = *from;
		}
		if (quote)
			return -1;
		from += *from != 0;
		*to = 0;
	}
	words[n] = NULL;
	return n;
}

static void refuse(struct formview *f, int field, const char *why)
{
	f->cur = field;
	snprintf(f->error, sizeof(f->error), "%s: %s", forms[f->kind].fields[field].label, why);
}

struct parsed {
	struct berth_create c;
	char text[4][LINE_MAX_BYTES];
	const char *args[WORDS_MAX + 1], *env[WORDS_MAX + 1], *ports[WORDS_MAX + 1], *volumes[WORDS_MAX + 1];
	struct berth_port port[WORDS_MAX];
	struct berth_mount mount[WORDS_MAX];
};

static bool parse_port(const char *word, struct berth_port *p)
{
	unsigned host, ctr;
	char end;

	if (sscanf(word, "%u:%u%c", &host, &ctr, &end) != 2 || !host || host > 65535 || !ctr || ctr > 65535)
		return false;
	*p = (struct berth_port){ .host_port = (uint16_t)host, .container_port = (uint16_t)ctr, .proto = "tcp" };
	return true;
}

static bool parse_volume(char *word, struct berth_mount *m)
{
	char *target = strchr(word, ':'), *mode;

	if (!target || target == word)
		return false;
	*target++ = 0;
	mode = strchr(target, ':');
	if (mode)
		*mode++ = 0;
	*m = (struct berth_mount){ .source = word, .target = target, .type = "bind",
				   .readonly = mode && strcmp(mode, "ro") == 0 };
	return *target == '/' && (!mode || strcmp(mode, "ro") == 0 || strcmp(mode, "rw") == 0);
}

static bool parse_run(struct formview *f, struct parsed *p)
{
	struct berth_create *c = &p->c;
	struct err e = { 0 };
	char *end;
	int n;

	c->image = f->line[RUN_IMAGE].text;
	if (!*c->image) {
		refuse(f, RUN_IMAGE, "it is needed");
		return false;
	}
	c->name = *f->line[RUN_NAME].text ? f->line[RUN_NAME].text : NULL;
	for (int i = 0; i < 4; i++)
		snprintf(p->text[i], sizeof(p->text[i]), "%s",
			 f->line[(int[]){ RUN_COMMAND, RUN_ENV, RUN_PORTS, RUN_VOLUMES }[i]].text);
	n = split(p->text[0], p->args);
	if (n < 0) {
		refuse(f, RUN_COMMAND, "a quote is open, or there are too many words");
		return false;
	}
	c->args = n ? p->args : NULL;
	if (split(p->text[1], p->env) < 0) {
		refuse(f, RUN_ENV, "a quote is open, or there are too many words");
		return false;
	}
	c->env = p->env;
	n = split(p->text[2], p->ports);
	for (int i = 0; i < n; i++, c->nports++)
		if (!parse_port(p->ports[i], &p->port[i])) {
			refuse(f, RUN_PORTS, "as in 8080:80");
			return false;
		}
	c->ports = p->port;
	n = split(p->text[3], p->volumes);
	for (int i = 0; i < n; i++, c->nmounts++)
		if (!parse_volume((char *)p->volumes[i], &p->mount[i])) {
			refuse(f, RUN_VOLUMES, "as in /host/folder:/folder");
			return false;
		}
	c->mounts = p->mount;
	if (*f->line[RUN_CPUS].text) {
		c->cpus = strtod(f->line[RUN_CPUS].text, &end);
		if (*end || !(c->cpus > 0)) {
			refuse(f, RUN_CPUS, "as in 1 or 2.5");
			return false;
		}
	}
	if (*f->line[RUN_MEMORY].text && str_parse_size(f->line[RUN_MEMORY].text, &c->memory, &e) < 0) {
		refuse(f, RUN_MEMORY, "as in 256M");
		return false;
	}
	c->remove = f->on[RUN_RM];
	c->tty = c->open_stdin = true;
	return true;
}

static void say_run(struct app *app, const struct formview *f, const struct berth_create *c, bool start)
{
	app_cli(app, "berth %s %s%s%s%s%s %s", start ? "run" : "create", f->on[RUN_CONSOLE] || !start ? "-it" : "-dit",
		c->remove ? " --rm" : "", c->name ? " --name " : "", c->name ? c->name : "",
		*f->line[RUN_PORTS].text ? " -p …" : "", c->image);
}

static void press_run(struct formview *f, bool start)
{
	struct app *app = f->v.app;
	struct parsed *p = calloc(1, sizeof(*p));
	struct task *t;
	bool console = start && f->on[RUN_CONSOLE];

	if (p && parse_run(f, p)) {
		say_run(app, f, &p->c, start);
		t = task_run(app, &p->c, console, start && !console);
		if (t) {
			app_drop(app, &f->v);
			app_push(app, &view_pull, t);
		}
	}
	free(p);
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

static void press_exec(struct formview *f)
{
	struct app *app = f->v.app;
	struct execing *x = calloc(1, sizeof(*x));
	char text[LINE_MAX_BYTES];
	const char *args[WORDS_MAX + 1];
	struct berth_exec o = { .name = f->id, .args = args, .tty = true, .open_stdin = true,
				.user = *f->line[1].text ? f->line[1].text : NULL,
				.rows = (unsigned)MAX(1, app_rows(app) - 1), .cols = (unsigned)app_cols(app) };
	struct berth_error e = { 0 };
	int n;

	snprintf(text, sizeof(text), "%s", f->line[0].text);
	n = split(text, args);
	if (!x || n < 1) {
		refuse(f, 0, n < 0 ? "a quote is open, or there are too many words" : "it is needed");
		free(x);
		return;
	}
	x->app = app;
	snprintf(x->id, sizeof(x->id), "%s", f->id);
	snprintf(x->name, sizeof(x->name), "%s", f->name);
	app_cli(app, "berth exec -it %s %s", f->name, f->line[0].text);
	if (berth_exec(app->berth, &o, on_exec, x, NULL, &e) < 0) {
		app_error(app, "%s", e.text);
		free(x);
		return;
	}
	app_drop(app, &f->v);
}

static void press_pull(struct formview *f)
{
	struct app *app = f->v.app;
	struct task *t;

	if (!*f->line[0].text) {
		refuse(f, 0, "it is needed");
		return;
	}
	t = task_pull(app, f->line[0].text);
	if (t) {
		app_drop(app, &f->v);
		app_push(app, &view_pull, t);
	}
}

static void on_signalled(void *arg, int rc, const struct berth_error *e)
{
	if (rc < 0)
		app_error(arg, "%s", e->text);
}

static void press_signal(struct formview *f)
{
	struct app *app = f->v.app;
	int sig = berth_signal_number(f->line[0].text);
	struct berth_error e = { 0 };

	if (sig < 0) {
		refuse(f, 0, "it is not a signal");
		return;
	}
	app_cli(app, "berth kill -s %s %s", f->line[0].text, f->name);
	model_expect_end(app, f->id);
	if (berth_container_kill(app->berth, f->id, sig, on_signalled, app, &e) < 0)
		app_error(app, "%s", e.text);
	app_drop(app, &f->v);
}

static void press(struct formview *f, int button)
{
	*f->error = 0;
	if (button == nbuttons(f) - 1)
		app_drop(f->v.app, &f->v);
	else if (f->kind == FORM_RUN)
		press_run(f, button == 0);
	else if (f->kind == FORM_EXEC)
		press_exec(f);
	else if (f->kind == FORM_PULL)
		press_pull(f);
	else
		press_signal(f);
}

/* --- keys */

static bool form_act(struct view *v, enum act act, int index)
{
	struct formview *f = (struct formview *)v;
	int n = nfields(f) + nbuttons(f);

	switch (act) {
	case ACT_NEXT_FIELD:
		f->cur = (f->cur + 1) % n;
		break;
	case ACT_PREV_FIELD:
		f->cur = (f->cur + n - 1) % n;
		break;
	case ACT_ACCEPT:
		if (f->cur >= nfields(f))
			press(f, f->cur - nfields(f));
		else
			f->cur++;
		break;
	default:
		return false;
	}
	return true;
}

static bool form_input(struct view *v, const struct input_event *ev)
{
	struct formview *f = (struct formview *)v;
	const struct key *row = keys_find(CTX_F, ev, NULL);
	bool field = f->cur < nfields(f), check = field && forms[f->kind].fields[f->cur].check;

	if (ev->type == INPUT_KEY && !field && (ev->key == VT_KEY_LEFT || ev->key == VT_KEY_RIGHT)) {
		int to = f->cur + (ev->key == VT_KEY_RIGHT ? 1 : -1);

		if (to >= nfields(f) && to < nfields(f) + nbuttons(f))
			f->cur = to;
		app_dirty(v->app);
		return true;
	}
	if (check && keys_is("Space", 5, ev)) {
		f->on[f->cur] = !f->on[f->cur];
		app_dirty(v->app);
		return true;
	}
	if (!field || check || (row && row->act != ACT_EDIT_LINE))
		return false;
	if (ev->type == INPUT_PASTE) {
		if (ev->first)
			line_paste(&f->line[f->cur], ev->text, ev->n);
	} else if (!line_key(&f->line[f->cur], ev)) {
		return false;
	}
	*f->error = 0;
	app_dirty(v->app);
	return true;
}

const struct view_class view_form = {
	.name = "form", .ctx = CTX_F, .size = sizeof(struct formview), .open = form_open, .title = form_title,
	.draw = form_draw, .hints = form_hints, .act = form_act, .input = form_input, .note = form_note,
};

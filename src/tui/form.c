/* SPDX-License-Identifier: Apache-2.0 */
/* form.c - how forms move and are edited. Enter on a field moves on, on a button presses it. */
#include "tui/form.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct form_class *const classes[] = {
	[FORM_RUN] = &form_run, [FORM_EXEC] = &form_exec, [FORM_PULL] = &form_pull, [FORM_SIGNAL] = &form_signal,
	[FORM_LABEL] = &form_label, [FORM_LOGIN] = &form_login, [FORM_REGISTRY] = &form_registry,
	[FORM_IMPORT] = &form_import, [FORM_EDIT] = &form_edit, [FORM_SAVE] = &form_save,
};

bool form_visible(const struct formview *f, int field)
{
	const struct field *d = &f->cls->fields[field];

	return d->kind == FIELD_MORE ? !f->more : !d->more || f->more;
}

int form_buttons(const struct formview *f)
{
	int n = 0;

	while (n < 3 && f->cls->buttons[n])
		n++;
	return n;
}

void form_refuse(struct formview *f, int field, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->error[field], sizeof(f->error[field]), fmt, ap);
	va_end(ap);
}

void form_check(struct formview *f)
{
	memset(f->error, 0, sizeof(f->error));
	if (f->cls->check)
		f->cls->check(f);
}

void form_done(struct formview *f)
{
	form_history_add(f);
	f->done = true;
	app_drop(f->v.app, &f->v);
}

static int open_form(struct view *v, const void *arg)
{
	const struct form_arg *a = arg;
	struct formview *f = (struct formview *)v;

	if (app_refuses(v->app, "a form"))
		return -EROFS;

	f->cls = classes[a->kind];
	snprintf(f->id, sizeof(f->id), "%s", a->id ? a->id : "");
	snprintf(f->name, sizeof(f->name), "%s", a->name ? a->name : "");
	snprintf(f->key, sizeof(f->key), "%s", a->id ? a->id : a->image ? a->image : "");
	f->cls->open(f, a);
	if (!f->cls->private && form_draft_take(f, f->key))
		f->touched = true;
	form_check(f);
	/* Where all that is needed is there, the button is next. */
	f->cur = f->cls->nfields;
	for (int i = f->cls->nfields; i-- > 0;)
		if (*f->error[i])
			f->cur = i;
	return 0;
}

static void close_form(struct view *v)
{
	struct formview *f = (struct formview *)v;

	if (f->touched && !f->done && !f->cls->private)
		form_draft_keep(f, f->key);
	if (f->cls->close)
		f->cls->close(f);
	free(f->own);
}

static void title(struct view *v, struct buf *b)
{
	const struct formview *f = (struct formview *)v;

	if (f->cls->over && v->below) {
		v->below->cls->title(v->below, b);
		return;
	}
	buf_adds(b, f->cls->title);
	if (*f->name)
		buf_addf(b, f->cls == &form_exec || f->cls == &form_signal ? " in %s" : " %s", f->name);
}

static int hints(struct view *v, struct hint *ret, int max)
{
	const struct formview *f = (struct formview *)v;
	int button = f->cur - f->cls->nfields, n = 0;
	const char *word = button < 0 ? "next" : button == 0 && f->word ? f->word : f->cls->words[button];
	size_t len = strlen(word);

	(void)max;
	/* How to leave and where to find help come first; what a button's word leaves no room for goes. */
	ret[n++] = (struct hint){ ACT_ACCEPT, word, NULL };
	ret[n++] = (struct hint){ ACT_NEXT_FIELD, "next", len > 20 ? "Tab" : "Tab/Down" };
	if (len <= 20)
		ret[n++] = (struct hint){ ACT_PREV_FIELD, "previous", "Up" };
	if (button < 0 || len <= 3)
		ret[n++] = (struct hint){ ACT_CHOICES, "list of choices", NULL };
	ret[n++] = (struct hint){ ACT_BACK, "cancel", "Esc" };
	ret[n++] = (struct hint){ ACT_HELP, NULL, NULL };
	return n;
}

static void note(struct view *v, struct buf *b)
{
	struct formview *f = (struct formview *)v;
	bool field = f->cur < f->cls->nfields;

	/* A small screen has no line of its own for the help. */
	if (*f->busy)
		buf_adds(b, f->busy);
	else if (field && *f->error[f->cur] && f->pressed)
		buf_addf(b, "! %s", f->error[f->cur]);
	else if (field && (app_cols(v->app) < 80 || app_rows(v->app) < 24))
		buf_adds(b, f->cls->fields[f->cur].help);
	else if (f->cls->note)
		f->cls->note(f, b);
}

/* --- keys */

static void touch(struct formview *f, int field)
{
	f->touched = true;
	if (f->cls->changed)
		f->cls->changed(f, field);
	app_dirty(f->v.app);
}

static void move(struct formview *f, int step)
{
	int n = f->cls->nfields + form_buttons(f);

	do
		f->cur = (f->cur + step + n) % n;
	while (f->cur < f->cls->nfields && !form_visible(f, f->cur));
}

static void press(struct formview *f, int button)
{
	if (button == form_buttons(f) - 1) {
		app_drop(f->v.app, &f->v);
		return;
	}
	if (*f->busy || app_refuses_click(f->v.app, f->cls->words[button], "Enter"))
		return;
	f->pressed = true;
	f->pressing = button;
	form_check(f);
	for (int i = 0; i < f->cls->nfields; i++)
		if (*f->error[i]) {
			f->more = f->more || f->cls->fields[i].more;
			f->cur = i;
			return;
		}
	f->cls->press(f, button);
}

static void open_more(struct formview *f)
{
	f->more = true;
	move(f, 1);
}

static void offer(struct formview *f, bool past)
{
	AUTO_BUF struct buf values = { 0 };
	struct choose_arg arg = { .form = f, .field = f->cur };

	if (f->cur >= f->cls->nfields || f->cls->fields[f->cur].kind != FIELD_TEXT)
		return;
	if (past)
		form_history(f, f->cur, &values);
	else if (f->cls->choices)
		f->cls->choices(f, f->cur, &values);
	arg.title = f->cls->fields[f->cur].label;
	arg.values = (const char *)values.p;
	if (values.len)
		app_push(f->v.app, &view_choose, &arg);
	else
		app_info(f->v.app, past ? "%s: nothing was typed here yet" : "%s: there is no list for it, anything can be typed",
			 arg.title);
}

static bool act(struct view *v, enum act act, int index)
{
	struct formview *f = (struct formview *)v;
	bool field = f->cur < f->cls->nfields;

	switch (act) {
	case ACT_PICK:
		f->cur = MAX(0, MIN(index, f->cls->nfields + form_buttons(f) - 1));
		break;
	case ACT_NEXT_FIELD:
		move(f, 1);
		break;
	case ACT_PREV_FIELD:
		move(f, -1);
		break;
	case ACT_ACCEPT:
		if (!field)
			press(f, f->cur - f->cls->nfields);
		else if (f->cls->fields[f->cur].kind == FIELD_MORE)
			open_more(f);
		else
			move(f, 1);
		break;
	case ACT_CHOICES:
	case ACT_HISTORY:
		offer(f, act == ACT_HISTORY);
		break;
	default:
		return false;
	}
	return true;
}

/* Space, Left and Right on what is no text. */
static bool input_switch(struct formview *f, const struct input_event *ev)
{
	enum field_kind kind = f->cls->fields[f->cur].kind;
	bool space = keys_is("Space", 5, ev), side = ev->key == VT_KEY_LEFT || ev->key == VT_KEY_RIGHT;

	if (ev->type != INPUT_KEY || !(space || (side && kind == FIELD_RADIO)))
		return false;
	if (kind == FIELD_MORE)
		open_more(f);
	else
		f->on[f->cur] = side ? ev->key == VT_KEY_LEFT : !f->on[f->cur];
	touch(f, f->cur);
	return true;
}

static bool input_button(struct formview *f, const struct input_event *ev)
{
	int to = f->cur + (ev->key == VT_KEY_RIGHT ? 1 : -1);

	if (ev->type != INPUT_KEY || (ev->key != VT_KEY_LEFT && ev->key != VT_KEY_RIGHT))
		return false;
	if (to >= f->cls->nfields && to < f->cls->nfields + form_buttons(f))
		f->cur = to;
	app_dirty(f->v.app);
	return true;
}

static bool input(struct view *v, const struct input_event *ev)
{
	struct formview *f = (struct formview *)v;
	const struct key *row = keys_find(CTX_F, ev, NULL);
	enum field_kind kind;

	if (f->cur >= f->cls->nfields)
		return input_button(f, ev);
	kind = f->cls->fields[f->cur].kind;
	if (kind != FIELD_TEXT && kind != FIELD_SECRET)
		return input_switch(f, ev);
	if (row && row->act != ACT_EDIT_LINE)
		return false;
	if (ev->type == INPUT_PASTE) {
		if (ev->first)
			line_paste(&f->line[f->cur], ev->text, ev->n);
	} else if (!line_key(&f->line[f->cur], ev)) {
		return false;
	}
	f->pressed = false;
	touch(f, f->cur);
	return true;
}

const struct view_class view_form = {
	.name = "form", .ctx = CTX_F, .size = sizeof(struct formview), .open = open_form, .close = close_form, .title = title,
	.draw = form_draw, .hints = hints, .act = act, .input = input, .note = note,
};

/* --- words */

int form_split(char *text, const char *words[static FORM_WORDS + 1])
{
	int n = 0;
	char *from = text;

	for (;;) {
		char *to, quote = 0;

		from += strspn(from, " ");
		if (!*from)
			break;
		if (n == FORM_WORDS)
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

void form_quote(struct buf *b, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";

	buf_addc(b, ' ');
	if (*word && strspn(word, plain) == strlen(word)) {
		buf_adds(b, word);
		return;
	}
	buf_addc(b, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *word);
	}
	buf_addc(b, '\'');
}

/* SPDX-License-Identifier: Apache-2.0 */
/* console-keys.c - what is typed: to the guest, or after the prefix to us. */
#include <stdio.h>
#include <string.h>

#include "tui/act.h"
#include "tui/clip.h"
#include "tui/console.h"
#include "tui/views.h"

#define MENU_MS 300

static void leave_prefix(struct consview *c)
{
	c->prefix = c->menu = false;
	uv_timer_stop(c->timer);
	app_dirty(c->v.app);
}

static void on_menu_timer(uv_timer_t *t)
{
	struct consview *c = t->data;

	c->menu = true;
	app_dirty(c->v.app);
}

static void open_other(struct consview *c, const struct con *con)
{
	struct app *app = c->v.app;
	char id[65];
	const struct ctr *ctr;

	snprintf(id, sizeof(id), "%.64s", con->id);
	ctr = model_ctr(&app->model, id);
	if (!ctr)
		return;
	app_drop(app, &c->v);
	act_console(app, ctr, con->n);
}

static void step_console(struct consview *c, int step)
{
	const struct model *m = &c->v.app->model;
	char id[80];
	size_t i;

	snprintf(id, sizeof(id), "%s:%u", c->id, c->n);
	for (i = 0; i < m->ncons && strcmp(m->cons[i].id, id) != 0; i++)
		;
	if (m->ncons < 2 || i == m->ncons) {
		app_info(c->v.app, "there is no other console");
		return;
	}
	open_other(c, &m->cons[(i + m->ncons + (size_t)(step + (int)m->ncons)) % m->ncons]);
}

/* --- looking back and copying */

static void screen_text(const struct consview *c, struct buf *b)
{
	for (int y = 0; y < vt_rows(c->vt); y++) {
		struct vt_row row = vt_row(c->vt, y);
		size_t begin = b->len;
		char cell[VT_CELL_TEXT_MAX];

		for (int x = 0; x < row.used; x++)
			buf_add(b, cell, (size_t)vt_cell_text(c->vt, &row.cells[x], cell));
		while (!row.wrapped && b->len > begin && b->p[b->len - 1] == ' ')
			b->len--;
		if (!row.wrapped)
			buf_addc(b, '\n');
	}
	while (b->len > 1 && b->p[b->len - 1] == '\n' && b->p[b->len - 2] == '\n')
		b->len--;
}

static void on_scrollback(void *arg, int rc, const struct berth_error *e, const char *text, size_t len)
{
	struct console_link *l = arg;
	struct consview *c = l->v;
	AUTO_BUF struct buf b = { 0 };
	char name[120];
	struct select_arg a = { .row = -1, .name = name, .begin = l->begin, .find = l->find };

	if (c && rc < 0)
		app_error(c->v.app, "%s: %s", c->name, e->text);
	if (c) {
		snprintf(name, sizeof(name), "%s:%u", c->name, c->n);
		if (rc == 0 && len)
			buf_add(&b, text, len);
		if (b.len && b.p[b.len - 1] != '\n')
			buf_addc(&b, '\n');
		screen_text(c, &b);
		a.text = (const char *)b.p;
		a.len = b.len;
		if (c->v.app->top == &c->v)
			app_push(c->v.app, &view_select, &a);
	}
	console_link_put(l);
}

static void look_back(struct consview *c, enum act act)
{
	struct berth_error e = { 0 };
	char id[80];

	snprintf(id, sizeof(id), "%s:%u", c->id, c->n);
	c->link->find = act == ACT_FIND;
	c->link->begin = act == ACT_SELECT;
	c->link->refs++;
	if (berth_console_scrollback(c->v.app->berth, id, 10000, on_scrollback, c->link, &e) < 0) {
		c->link->refs--;
		app_error(c->v.app, "%s", e.text);
	}
}

/* --- after the prefix */

static void send_prefix(struct consview *c)
{
	char first[8], second[8];
	struct input_event ev;
	uint8_t out[VT_KEY_BYTES];

	keys_prefix(first, second);
	if (keys_event(first, strlen(first), &ev))
		console_send(c, out, (size_t)vt_encode_key(c->vt, ev.key, ev.mods, out));
}

bool console_act(struct view *v, enum act act, int index)
{
	struct consview *c = (struct consview *)v;
	struct app *app = v->app;
	AUTO_BUF struct buf text = { 0 };
	const struct ctr_arg ctr = { c->id, c->name, DETAIL_SUMMARY };
	const char *const ids[] = { c->id };
	const struct logs_arg logs = { ids, 1 };
	const struct form_arg exec = { .kind = FORM_EXEC, .id = c->id, .name = c->name },
			      sig = { .kind = FORM_SIGNAL, .id = c->id, .name = c->name };

	if (act == ACT_STOP && app_refuses(app, "stop"))
		return true;
	switch (act) {
	case ACT_DETACH:
		app_drop(app, v);
		break;
	case ACT_NEXT_PREV:
		step_console(c, index == 0 ? 1 : -1);
		break;
	case ACT_CONSOLE_N:
		if ((size_t)index < app->model.ncons)
			open_other(c, &app->model.cons[index]);
		else
			app_info(app, "there is no console %d", index + 1);
		break;
	case ACT_VIEW_CONSOLES:
		app_push(app, &view_consoles, NULL);
		break;
	case ACT_SCROLLBACK:
	case ACT_FIND:
	case ACT_SELECT:
		look_back(c, act);
		break;
	case ACT_COPY:
		screen_text(c, &text);
		clip_copy(app, (const char *)text.p, text.len);
		break;
	case ACT_PASTE:
		if (app->clip.len)
			console_paste(c, (const char *)app->clip.p, app->clip.len);
		else
			app_info(app, "nothing was copied in berth yet");
		break;
	case ACT_SIZE_HERE:
		console_size_here(c);
		break;
	case ACT_READ_ONLY:
		c->read_only = !c->read_only || c->v.app->read_only;
		break;
	case ACT_LOGS:
		app_push(app, &view_logs, &logs);
		break;
	case ACT_DETAIL:
		app_push(app, &view_detail, &ctr);
		break;
	case ACT_EXEC:
		app_push(app, &view_form, &exec);
		break;
	case ACT_SIGNAL:
		app_push(app, &view_form, &sig);
		break;
	case ACT_STOP:
		act_stop(app, c->id, c->name, 1);
		break;
	case ACT_SEND_PREFIX:
		send_prefix(c);
		break;
	case ACT_CLOSE_MENU:
		break;
	default:
		return false;
	}
	return true;
}

/* In the guest's own coordinates; what is outside of its screen, as the last line is, is not its. */
static void send_mouse(struct consview *c, const struct vt_mouse *m)
{
	struct vt_mouse to = *m;
	uint8_t out[VT_KEY_BYTES];

	to.row += console_first_row(c);
	if (m->row < console_rows(&c->v) && to.row < vt_rows(c->vt) && to.col < vt_cols(c->vt))
		console_send(c, out, (size_t)vt_encode_mouse(c->vt, &to, out));
}

static void prefix_key(struct consview *c, const struct input_event *ev)
{
	int index = 0;
	const struct key *row = keys_find(CTX_K, ev, &index);

	if (!row || row->act == ACT_NONE) { /* an unknown key shows what there is, and sends nothing */
		on_menu_timer(c->timer);
		return;
	}
	leave_prefix(c);
	app_act(c->v.app, row->act, index);
}

static bool ended_key(struct consview *c, const struct input_event *ev)
{
	struct app *app = c->v.app;
	const char *const ids[] = { c->id };
	const struct logs_arg logs = { ids, 1 };
	const struct ctr_arg ctr = { c->id, c->name, DETAIL_SUMMARY };

	if (keys_is("l", 1, ev))
		app_push(app, &view_logs, &logs);
	else if (keys_is("p", 1, ev))
		app_push(app, &view_detail, &ctr);
	else if (keys_is("R", 1, ev))
		console_start_again(c);
	else if (keys_is("Enter", 5, ev) || keys_is("Esc", 3, ev) || keys_is("q", 1, ev) || keys_is("^C", 2, ev))
		app_drop(app, &c->v);
	else
		return false;
	return true;
}

bool console_input(struct view *v, const struct input_event *ev)
{
	struct consview *c = (struct consview *)v;
	uint8_t out[VT_KEY_BYTES];

	if (ev->type == INPUT_KEY && c->prefix) {
		prefix_key(c, ev);
		return true;
	}
	if (keys_is_prefix(ev)) {
		c->prefix = true;
		uv_timer_start(c->timer, on_menu_timer, MENU_MS, 0);
		app_dirty(v->app);
		return true;
	}
	if (c->phase == CONSOLE_LIVE && console_pasting(c) && keys_is("^C", 2, ev)) { /* the last row says so */
		console_paste_stop(c);
		return true;
	}
	if (c->phase == CONSOLE_ENDED && ev->type == INPUT_KEY && ended_key(c, ev))
		return true;
	if (ev->type == INPUT_KEY)
		console_send(c, out, (size_t)vt_encode_key(c->vt, ev->key, ev->mods, out));
	else if (ev->type == INPUT_PASTE)
		console_take_paste(c, ev);
	else if (ev->type == INPUT_MOUSE)
		send_mouse(c, &ev->mouse);
	else if (ev->type == INPUT_FOCUS)
		console_send(c, out, (size_t)vt_encode_focus(c->vt, ev->in, out));
	return true;
}


/* SPDX-License-Identifier: Apache-2.0 */
/* view-pull.c - a pull on its way, a line a layer. Leaving it lets the pull go on. */
#include <stdio.h>
#include <string.h>

#include "tui/act.h"
#include "tui/clip.h"
#include "tui/fmt.h"
#include "tui/task.h"
#include "tui/view-images.h"
#include "tui/views.h"

#define BAR 23
#define ERROR_ROWS 3 /* above the layers */

struct pullview {
	struct view v;
	struct task *t;
	size_t top, cur;
	bool moved; /* the user did: else the cursor follows what moves */
	bool times;
};

static int pull_open(struct view *v, const void *arg)
{
	((struct pullview *)v)->t = (struct task *)arg;
	return 0;
}

bool view_pull_is(const struct view *v, const struct task *t)
{
	return v->cls == &view_pull && ((const struct pullview *)v)->t == t;
}

/* A job of another berth that is no pull. */
static bool is_other(const struct task *t)
{
	return t->follows && strcmp(t->verb, "Pull") != 0;
}

/* As a user writes it: without what is meant anyway. */
static void pull_title(struct view *v, struct buf *b)
{
	static const char *const usual[] = { "docker.io/library/", "docker.io/" };
	const struct task *t = ((struct pullview *)v)->t;
	const char *name = t->object;

	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (strncmp(name, usual[i], strlen(usual[i])) == 0) {
			name += strlen(usual[i]);
			break;
		}
	buf_addf(b, "%s > %s", is_other(t) ? "Jobs" : "Images", name);
}

/* --- a layer */

static const char *owner(const struct model *m, const char *digest)
{
	for (size_t i = 0; i < m->nimgs; i++)
		if (img_has_layer(&m->imgs[i], digest))
			return m->imgs[i].name;
	return NULL;
}

static void draw_bar(struct canvas *c, int y, const struct berth_layer *l, const struct task_layer *m)
{
	char bar[BAR + 1], size[FMT_MAX];
	int x = c->cols < 70 ? 1 : 34;

	fmt_bar(l->done, l->size, c->cols < 70 ? 0 : BAR, bar, sizeof(bar));
	canvas_text(c, y, x, -1, ROLE_TEXT, bar);
	if (l->size) {
		snprintf(size, sizeof(size), "%u%%", (unsigned)(MIN(l->done, l->size) * 100 / l->size));
		canvas_right(c, y, c->cols < 70 ? 39 : 62, ROLE_TEXT, size);
	}
	if (l->state != BERTH_LAYER_DOWNLOAD || c->cols < 70)
		return;
	fmt_size(l->done, size);
	canvas_right(c, y, 68, ROLE_TEXT, size);
	if (m && m->rate) {
		fmt_size_fine(m->rate, size);
		canvas_textf(c, y, 71, -1, ROLE_TEXT, "%s/s", size);
	}
}

static void draw_time(const struct pullview *p, struct canvas *c, int y, const struct berth_layer *l,
		      const struct task_layer *m)
{
	char took[FMT_MAX];

	if (l->took_ms)
		fmt_took(l->took_ms, took);
	else if (m && m->began)
		fmt_took(((m->ended ? m->ended : p->v.app->now()) - m->began) / 1000000, took);
	else
		return;
	canvas_textf(c, y, 34, -1, ROLE_TEXT, "%s%s", took, l->state == BERTH_LAYER_DONE ? "" : " so far");
}

static void draw_layer(const struct pullview *p, struct canvas *c, int y, size_t i)
{
	static const char *const words[] = { "waiting", "shared", "download", "check", "unpack", "done", "upload" };
	static const enum role roles[] = { ROLE_DIM, ROLE_TEXT, ROLE_BUSY, ROLE_BUSY, ROLE_BUSY, ROLE_OK, ROLE_BUSY };
	const struct task *t = p->t;
	const struct berth_layer *l = &t->layers[i];
	const struct task_layer *m = t->more ? &t->more[i] : NULL;
	char id[FMT_MAX], size[FMT_MAX];
	const char *other;

	fmt_short(l->digest, id);
	fmt_size_fine(l->size, size);
	if (i == p->cur) {
		canvas_text(c, y, 0, 1, ROLE_TEXT, ">");
		canvas_cursor(c, y, 3);
	}
	canvas_zone(c, y, 0, c->cols, ZONE_ROW, i, false); /* a layer cannot be opened */
	canvas_text(c, y, 3, 12, i == p->cur ? ROLE_CURSOR : ROLE_TEXT, id);
	canvas_right(c, y, 22, ROLE_TEXT, size);
	canvas_text(c, y, 24, 9, roles[l->state], words[l->state]);
	if (p->times || l->state == BERTH_LAYER_DONE) {
		draw_time(p, c, y, l, m);
	} else if (l->state == BERTH_LAYER_DOWNLOAD || l->state == BERTH_LAYER_UNPACK || l->state == BERTH_LAYER_UPLOAD) {
		draw_bar(c, y, l, m);
	} else if (l->state == BERTH_LAYER_SHARED) {
		other = owner(&t->app->model, l->digest);
		canvas_textf(c, y, 34, -1, ROLE_TEXT, other ? "same as in %s, not downloaded" : "was here, not downloaded",
			     other);
	} else if (l->state == BERTH_LAYER_CHECK) {
		canvas_text(c, y, 34, -1, ROLE_TEXT, "sha256");
	}
}

/* --- the whole */

static void draw_sum(const struct task *t, struct canvas *c, int y)
{
	AUTO_BUF struct buf left = { 0 };
	char done[FMT_MAX], total[FMT_MAX], percent[16];
	const char *job = t->job + strspn(t->job, "0");
	bool wide = c->cols >= 70;

	if (t->asks) {
		canvas_textf(c, y, 1, -1, ROLE_TITLE, "%s %s%s%.4s    waiting for you: login needed (401)", t->verb,
			     t->object, *job ? "    job " : "", job);
		return;
	}
	buf_addf(&left, "%s %s%s%s", t->verb, t->object, *t->platform ? "  " : "", t->platform);
	canvas_cut(c, y, 1, c->cols - (wide ? 30 : 6), ROLE_TITLE, (const char *)left.p);
	if (wide && *job)
		canvas_textf(c, y, 52, -1, ROLE_TEXT, "job %.4s", job);
	fmt_size(t->done, done);
	if (!t->total && t->done && wide)
		canvas_textf(c, y, 66, -1, ROLE_TEXT, "%s", done);
	if (!t->total)
		return;
	fmt_size(t->total, total);
	snprintf(percent, sizeof(percent), "%u%%", (unsigned)(MIN(t->done, t->total) * 100 / t->total));
	canvas_right(c, y, wide ? 64 : c->cols - 1, ROLE_TEXT, percent);
	if (wide && !t->percent)
		canvas_textf(c, y, 66, -1, ROLE_TEXT, "%s of %s", *done == '-' ? "0" : done, total);
}

static void draw_rate(const struct pullview *p, struct canvas *c, int y)
{
	const struct task *t = p->t;
	AUTO_BUF struct buf b = { 0 };
	char text[FMT_MAX];
	size_t here = 0;

	for (size_t i = 0; i < t->nlayers; i++)
		here += t->layers[i].state == BERTH_LAYER_DONE || t->layers[i].state == BERTH_LAYER_SHARED;
	if (!t->op && !*t->waits) {
		canvas_text(c, y, 1, -1, ROLE_OK, "done");
		return;
	}
	if (p->times) {
		fmt_took((p->v.app->now() - t->began) / 1000000, text);
		buf_addf(&b, "%s so far   ", text);
	}
	if (t->rate && t->total > t->done) {
		fmt_size_fine(t->rate, text);
		buf_addf(&b, "%s/s   %llu s left   ", text, (unsigned long long)((t->total - t->done) / t->rate + 1));
	}
	if (t->nlayers)
		buf_addf(&b, "%zu of %zu layers done   ", here, t->nlayers);
	else
		buf_adds(&b, *t->stage ? t->stage : is_other(t) ? "at work" : "asking the registry");
	fmt_digest(t->digest, text);
	if (*t->digest)
		buf_adds(&b, text);
	canvas_cut(c, y, 1, -1, ROLE_TEXT, (const char *)b.p);
}

/* Until the user moves it the cursor is where something happens. */
static void follow(struct pullview *p)
{
	for (size_t i = 0; !p->moved && i < p->t->nlayers; i++)
		if (p->t->layers[i].state == BERTH_LAYER_DOWNLOAD || p->t->layers[i].state == BERTH_LAYER_UNPACK) {
			p->cur = i;
			return;
		}
}

static void draw_heads(const struct pullview *p, struct canvas *c, int y)
{
	canvas_text(c, y, 3, -1, ROLE_HEAD, "LAYER");
	canvas_right(c, y, 22, ROLE_HEAD, "SIZE");
	canvas_text(c, y, 24, -1, ROLE_HEAD, "STATE");
	if (p->times)
		canvas_text(c, y, 34, -1, ROLE_HEAD, "TIME");
}

static void pull_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct pullview *p = (struct pullview *)v;
	const struct task *t = p->t;
	size_t page;
	int y = top;

	canvas_cursor(c, top, 1);
	draw_sum(t, c, y++);
	if (t->failed && !t->op && !t->asks)
		y = canvas_wrapped(c, y, 1, t->nlayers ? MIN(bottom, y + ERROR_ROWS) : bottom, ROLE_BAD, t->error);
	else if (!t->asks)
		draw_rate(p, c, y++);
	y++;
	if (y >= bottom || (!t->nlayers && !t->asks))
		return;
	draw_heads(p, c, y++);
	if (!t->nlayers) {
		canvas_text(c, y, 3, -1, ROLE_TEXT, "manifest");
		canvas_right(c, y, 22, ROLE_TEXT, "-");
		canvas_zone(c, y, 0, c->cols, ZONE_ROW, 0, true);
		canvas_text(c, y, 24, -1, ROLE_WARN, "refused   the registry wants a user name");
		return;
	}
	page = (size_t)MAX(1, bottom - y);
	follow(p);
	if (p->cur >= t->nlayers)
		p->cur = t->nlayers - 1;
	if (p->cur < p->top)
		p->top = p->cur;
	if (p->cur >= p->top + page)
		p->top = p->cur - page + 1;
	for (size_t i = p->top; i < t->nlayers && y < bottom; i++)
		draw_layer(p, c, y++, i);
	if (t->op && y + 2 < bottom)
		canvas_textf(c, y + 1, 1, -1, ROLE_DIM, "Layers go straight into an ext4 root file system.  Now: %s.",
			     t->stage);
}

static int pull_hints(struct view *v, struct hint *ret, int max)
{
	const struct task *t = ((struct pullview *)v)->t;
	int n = 0;

	(void)max;
	if (t->asks)
		ret[n++] = (struct hint){ ACT_OPEN, "log in", NULL };
	ret[n++] = (struct hint){ ACT_BACK, !t->op ? "back" : is_other(t) ? "back, it goes on" : "back, the pull goes on", NULL };
	if (t->op)
		ret[n++] = (struct hint){ ACT_CANCEL, NULL, NULL };
	else if (t->failed && t->pull && !t->asks)
		ret[n++] = (struct hint){ ACT_RETRY, NULL, NULL };
	if (t->pull || t->nlayers) {
		ret[n++] = (struct hint){ ACT_TIMES, NULL, NULL };
		ret[n++] = (struct hint){ ACT_COPY, "copy digest", NULL };
	}
	ret[n++] = (struct hint){ ACT_VIEW_MESSAGES, "messages", "e" };
	ret[n++] = (struct hint){ ACT_HELP, "", NULL };
	return n;
}

static void answer(struct app *app, char key, const char *id, void *arg)
{
	struct task *t = key == 'y' ? task_find(app, id) : NULL;

	(void)arg;
	if (t)
		task_cancel(t);
}

static bool pull_move(struct pullview *p, enum act act, int index)
{
	size_t last = p->t->nlayers ? p->t->nlayers - 1 : 0;

	if (act == ACT_DOWN)
		p->cur = MIN(last, p->cur + 1);
	else if (act == ACT_UP)
		p->cur -= p->cur > 0;
	else if (act == ACT_PICK)
		p->cur = MIN(last, (size_t)MAX(index, 0));
	else if (act == ACT_TOP || act == ACT_END)
		p->cur = act == ACT_TOP ? 0 : last;
	else
		return false;
	p->moved = true;
	return true;
}

/* Of the layer under the cursor; before the layers are known, of the image. */
static void copy_digest(const struct pullview *p)
{
	const struct task *t = p->t;
	const char *digest = t->nlayers ? t->layers[MIN(p->cur, t->nlayers - 1)].digest : t->digest;

	if (*digest)
		clip_copy(p->v.app, digest, strlen(digest));
	else
		app_info(p->v.app, "no digest is known yet: the registry has not answered");
}

static bool pull_act(struct view *v, enum act act, int index)
{
	struct pullview *p = (struct pullview *)v;
	char text[300];

	if (pull_move(p, act, index))
		return true;
	if (act == ACT_CANCEL && p->t->op) {
		snprintf(text, sizeof(text), "Cancel %s of %s?%s", is_other(p->t) ? p->t->verb : "the pull", p->t->object,
			 p->t->fetches ? "\nParts that were fetched are kept." : "");
		app_ask(v->app, p->t->object, "cancel", text, answer, NULL);
	} else if (act == ACT_RETRY && p->t->failed && p->t->pull) {
		act_retry(v->app, p->t);
	} else if (act == ACT_RETRY) {
		app_info(v->app, p->t->op ? "%s runs" : "%s is here", p->t->object);
	} else if (act == ACT_TIMES) {
		p->times = !p->times;
	} else if (act == ACT_COPY) {
		copy_digest(p);
	} else if (act == ACT_OPEN && p->t->asks) {
		app_push(v->app, &view_form, &(struct form_arg){ .kind = FORM_LOGIN, .host = p->t->host, .task = p->t });
	} else if (act == ACT_OPEN) {
		app_pop(v->app);
	} else {
		return false;
	}
	return true;
}

static void pull_note(struct view *v, struct buf *b)
{
	const struct task *t = ((struct pullview *)v)->t;
	char at[FMT_MAX];

	if (*t->note) {
		fmt_clock_s(t->noted, at);
		buf_addf(b, "%s %s", at, t->note);
	} else if (*t->digest) {
		buf_adds(b, t->digest);
	}
}

const struct view_class view_pull = {
	.name = "pull", .ctx = CTX_J, .size = sizeof(struct pullview), .open = pull_open, .title = pull_title,
	.draw = pull_draw, .hints = pull_hints, .act = pull_act, .note = pull_note,
};

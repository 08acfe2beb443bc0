/* SPDX-License-Identifier: Apache-2.0 */
/* console-clip.c - pastes into a guest, and what a guest wants to copy.
 *
 * A paste is a job of its own: pieces go out as the guest takes them, what is typed meanwhile comes behind it, and it
 * can be stopped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/clip.h"
#include "tui/console.h"
#include "tui/views.h"

#define PASTE_MAX (512 << 10)
#define PIECE 4096
#define CLIP_MAX 74994 /* bytes of base64 that a guest may set at once */

static const char bracket_begin[] = "\033[200~", bracket_end[] = "\033[201~";

static void console_id(const struct consview *c, char ret[static 80])
{
	snprintf(ret, 80, "%s:%u", c->id, c->n);
}

/* The console that a question was about, if it is still there. */
static struct consview *asked_about(struct app *app, const char *id)
{
	for (struct view *v = app->top; v; v = v->below) {
		struct consview *c = (struct consview *)v;
		char mine[80];

		if (v->cls != &view_console)
			continue;
		console_id(c, mine);
		if (strcmp(mine, id) == 0)
			return c;
	}
	return NULL;
}

/* --- the job */

bool console_pasting(const struct consview *c)
{
	return c->job.text.len > 0;
}

static void job_end(struct consview *c)
{
	buf_clear(&c->job.text);
	c->job.off = 0;
	buf_add(&c->pending, c->job.behind.p, c->job.behind.len);
	buf_clear(&c->job.behind);
}

bool console_paste_more(struct consview *c)
{
	size_t left = c->job.text.len - c->job.off, n = MIN(left, PIECE);
	const uint8_t *p = c->job.text.p + c->job.off;

	if (!console_pasting(c) || c->pending.len)
		return false;
	while (n < left && n > 1 && (p[n] & 0xc0) == 0x80) /* characters stay whole, should it be stopped */
		n--;
	if (buf_add(&c->pending, p, n) < 0)
		n = left;
	c->job.off += n;
	if (c->job.off == c->job.text.len)
		job_end(c);
	app_dirty(c->v.app);
	return true;
}

/* What the guest has not been given is dropped; a guest that was told of a paste is told of its end. */
void console_paste_stop(struct consview *c)
{
	size_t begin = sizeof(bracket_begin) - 1, left = c->job.text.len - c->job.off;
	bool bracketed = c->job.text.len > begin && memcmp(c->job.text.p, bracket_begin, begin) == 0;

	if (!console_pasting(c))
		return;
	app_info(c->v.app, "the paste was stopped: %zu of its %zu bytes were not sent", left, c->job.text.len);
	if (bracketed && c->job.off)
		buf_add(&c->pending, bracket_end, sizeof(bracket_end) - 1);
	job_end(c);
	console_flush(c);
}

static void send_paste(struct consview *c, const char *p, size_t n)
{
	if (c->phase != CONSOLE_LIVE || c->read_only)
		return;
	if (console_pasting(c)) {
		app_info(c->v.app, "another paste is under way");
		return;
	}
	if (vt_encode_paste(c->vt, p, n, &c->job.text) < 0)
		buf_clear(&c->job.text);
	console_flush(c);
}

/* --- asked first */

static void answer_paste(struct app *app, char key, const char *id, void *arg)
{
	struct consview *c = asked_about(app, id);

	(void)arg;
	if (!c)
		return;
	if (key == 'y')
		send_paste(c, (const char *)c->paste.p, c->paste.len);
	buf_clear(&c->paste);
}

/* More than one line is asked about first, where the guest would run each as it comes. */
void console_paste(struct consview *c, const char *p, size_t n)
{
	unsigned lines = 1;
	char text[200], id[80];

	for (size_t i = 0; i + 1 < n; i++)
		lines += p[i] == '\n' || (p[i] == '\r' && p[i + 1] != '\n');
	if (lines == 1 || vt_modes(c->vt).bracketed_paste || c->read_only || !c->v.app->settings.paste_guard) {
		send_paste(c, p, n);
		return;
	}
	if ((const uint8_t *)p != c->paste.p) {
		buf_clear(&c->paste);
		if (buf_add(&c->paste, p, n) < 0)
			return;
	}
	console_id(c, id);
	snprintf(text, sizeof(text), "Paste %u lines, %zu bytes, into %.60s?\nThe guest takes each line as if it was typed.", lines,
		 n, c->name);
	app_ask(c->v.app, id, "paste", text, answer_paste, NULL);
}

void console_take_paste(struct consview *c, const struct input_event *ev)
{
	if (ev->first)
		buf_clear(&c->paste);
	if (c->paste.len + ev->n <= PASTE_MAX)
		buf_add(&c->paste, ev->text, ev->n);
	if (!ev->last || !c->paste.len)
		return;
	if (c->paste.len + ev->n > PASTE_MAX)
		app_info(c->v.app, "only the first %d KiB are pasted", PASTE_MAX >> 10);
	console_paste(c, (const char *)c->paste.p, c->paste.len);
	if (!c->v.app->ask.active)
		buf_clear(&c->paste);
}

/* --- what the guest does */

/* Once a second at most: the shim sees to that. */
bool console_on_bell(void *arg)
{
	struct consview *c = arg;
	struct app *app = c->v.app;

	if (app->settings.bell && app->top == &c->v)
		screen_send(&app->screen, "\a", 1);
	return true;
}

static int digit_of(char ch)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = ch ? strchr(digits, ch) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Base64 up to its padding; -EINVAL for what is none. */
static int decode(const char *p, size_t n, struct buf *ret)
{
	unsigned v = 0, bits = 0;

	while (n && p[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		int d = digit_of(p[i]);

		if (d < 0)
			return -EINVAL;
		v = (v << 6 | (unsigned)d) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			if (buf_addc(ret, (char)(v >> bits & 0xff)) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static void set_clipboard(struct consview *c)
{
	app_info(c->v.app, "%s:%u sets the clipboard", c->name, c->n);
	clip_copy(c->v.app, (const char *)c->clip_wish.p, c->clip_wish.len);
	buf_clear(&c->clip_wish);
}

static void answer_clip(struct app *app, char key, const char *id, void *arg)
{
	struct consview *c = asked_about(app, id);

	(void)arg;
	if (!c)
		return;
	c->clip = key == 'y' ? CLIP_ALLOWED : CLIP_REFUSED;
	if (key == 'y')
		set_clipboard(c);
	buf_clear(&c->clip_wish);
}

bool console_on_clipboard(void *arg, const char *which, const char *base64, size_t n)
{
	struct consview *c = arg;
	struct app *app = c->v.app;
	char text[300], id[80];

	(void)which;
	if (app->settings.guest_clipboard == GUEST_NO || c->clip == CLIP_REFUSED || n > CLIP_MAX || app->ask.active)
		return false;
	buf_clear(&c->clip_wish);
	if (decode(base64, n, &c->clip_wish) < 0 || !c->clip_wish.len)
		return false;
	if (app->settings.guest_clipboard == GUEST_YES || c->clip == CLIP_ALLOWED) {
		set_clipboard(c);
		return false;
	}
	if (app->top != &c->v)
		return false; /* nobody looks at it: no question comes from there */
	console_id(c, id);
	snprintf(text, sizeof(text), "Let %.60s:%u set the clipboard?\nIt wants to put %zu bytes there. Yes holds until this view is "
				     "closed.", c->name, c->n, c->clip_wish.len);
	app_ask(app, id, "let it", text, answer_clip, NULL);
	return false;
}

void console_clip_finish(struct consview *c)
{
	buf_finish(&c->paste);
	buf_finish(&c->clip_wish);
	buf_finish(&c->job.text);
	buf_finish(&c->job.behind);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* line.c - a line editor. */
#include "tui/line.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"

void line_set(struct line *l, const char *text)
{
	snprintf(l->text, sizeof(l->text), "%s", text);
	l->len = l->cur = strlen(l->text);
}

static size_t before(const struct line *l, size_t at)
{
	while (at > 0 && ((uint8_t)l->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t after(const struct line *l, size_t at)
{
	if (at < l->len)
		at++;
	while (at < l->len && ((uint8_t)l->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void cut(struct line *l, size_t from, size_t to)
{
	memmove(l->text + from, l->text + to, l->len - to + 1);
	l->len -= to - from;
	l->cur = from;
}

static void insert(struct line *l, const char *p, size_t n)
{
	if (l->len + n >= sizeof(l->text))
		return;
	memmove(l->text + l->cur + n, l->text + l->cur, l->len - l->cur + 1);
	memcpy(l->text + l->cur, p, n);
	l->len += n;
	l->cur += n;
}

static size_t word_back(const struct line *l)
{
	size_t at = l->cur;

	while (at > 0 && l->text[at - 1] == ' ')
		at--;
	while (at > 0 && l->text[at - 1] != ' ')
		at--;
	return at;
}

static bool control(struct line *l, uint32_t key)
{
	switch (key) {
	case 'a':
		l->cur = 0;
		return true;
	case 'e':
		l->cur = l->len;
		return true;
	case 'w':
		cut(l, word_back(l), l->cur);
		return true;
	case 'u':
		cut(l, 0, l->cur);
		return true;
	case 'k':
		cut(l, l->cur, l->len);
		return true;
	case 'h':
		cut(l, before(l, l->cur), l->cur);
		return true;
	default:
		return false;
	}
}

bool line_key(struct line *l, const struct input_event *ev)
{
	char text[4];

	if (ev->type != INPUT_KEY)
		return false;
	if (ev->mods == VT_CTRL)
		return control(l, ev->key);
	if (ev->mods & ~VT_SHIFT)
		return false;
	switch (ev->key) {
	case VT_KEY_LEFT:
		l->cur = before(l, l->cur);
		return true;
	case VT_KEY_RIGHT:
		l->cur = after(l, l->cur);
		return true;
	case VT_KEY_HOME:
		return control(l, 'a');
	case VT_KEY_END:
		return control(l, 'e');
	case VT_KEY_BACKSPACE:
		return control(l, 'h');
	case VT_KEY_DELETE:
		cut(l, l->cur, after(l, l->cur));
		return true;
	default:
		if (ev->key < ' ' || ev->key >= 0x110000)
			return false;
		insert(l, text, (size_t)canvas_utf8_put(ev->key, text));
		return true;
	}
}

void line_paste(struct line *l, const char *p, size_t n)
{
	for (size_t used, i = 0; i < n; i += used) {
		uint32_t cp;

		used = canvas_utf8(p + i, n - i, &cp);
		if (cp == '\n' || cp == '\r')
			break;
		if (cp >= ' ' && cp != 0x7f && cp < 0x110000)
			insert(l, p + i, used);
	}
}

int line_draw(const struct line *l, struct canvas *c, int y, int x, int width, enum role role)
{
	size_t from = 0;

	while (canvas_widthn(l->text + from, l->cur - from) >= width && from < l->cur)
		from = after(l, from);
	canvas_blank(c, y, x, width, role);
	canvas_textn(c, y, x, width, role, l->text + from, l->len - from);
	return x + canvas_widthn(l->text + from, l->cur - from);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* vterm-dump.c - dumps what Debian's libvterm shows (see dump.h), in a process of its own: it may crash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vterm.h>

#include "vt/dump.h"
#include "vt/vt-priv.h"

struct terminal {
	VTerm *vt;
	VTermScreen *screen;
	int visible, alt;
};

static int on_prop(VTermProp prop, VTermValue *v, void *arg)
{
	struct terminal *t = arg;

	if (prop == VTERM_PROP_CURSORVISIBLE)
		t->visible = v->boolean;
	else if (prop == VTERM_PROP_ALTSCREEN)
		t->alt = v->boolean;
	return 1;
}

static void *create(int rows, int cols)
{
	static const VTermScreenCallbacks callbacks = { .settermprop = on_prop };
	struct terminal *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->vt = vterm_new(rows, cols);
	vterm_set_utf8(t->vt, 1);
	t->screen = vterm_obtain_screen(t->vt);
	vterm_screen_set_callbacks(t->screen, &callbacks, t);
	vterm_screen_enable_altscreen(t->screen, 1);
	vterm_screen_reset(t->screen, 1);
	return t;
}

static void feed(void *terminal, const uint8_t *p, size_t n)
{
	struct terminal *t = terminal;
	char answers[256];

	vterm_input_write(t->vt, (const char *)p, n); /* whole: it breaks a character that is cut in two */
	while (vterm_output_read(t->vt, answers, sizeof(answers)) > 0)
		;
}

static uint32_t color(const VTermColor *c)
{
	if (VTERM_COLOR_IS_DEFAULT_FG(c) || VTERM_COLOR_IS_DEFAULT_BG(c))
		return VT_COLOR_DEFAULT;
	if (VTERM_COLOR_IS_INDEXED(c))
		return VT_COLOR_INDEX | c->indexed.idx;
	return VT_COLOR_RGB | (uint32_t)c->rgb.red << 16 | (uint32_t)c->rgb.green << 8 | c->rgb.blue;
}

/* An erased cell has the attributes of its time here, and only a background with us. */
static void show_cell(int x, const VTermScreenCell *c)
{
	char attrs[16], text[4 * VTERM_MAX_CHARS_PER_CELL + 1];
	int n = 0;

	if (c->chars[0] == 0) {
		dump_cell(x, "", 0, color(&c->bg), " ");
		return;
	}
	for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && c->chars[i]; i++)
		n += vt_utf8_encode(c->chars[i], text + n);
	text[n] = 0;
	n = snprintf(attrs, sizeof(attrs), "%s%s%s%s%s", c->attrs.bold ? "b" : "", c->attrs.italic ? "i" : "",
		     c->attrs.blink ? "k" : "", c->attrs.reverse ? "r" : "", c->attrs.strike ? "s" : "");
	if (c->attrs.underline)
		snprintf(attrs + n, sizeof(attrs) - n, "u%d", c->attrs.underline);
	dump_cell(x, attrs, color(&c->fg), color(&c->bg), text);
	for (int i = 1; i < c->width; i++)
		dump_cell(x + i, attrs, color(&c->fg), color(&c->bg), "");
}

static void show(void *terminal, int rows, int cols)
{
	struct terminal *t = terminal;
	VTermPos at;

	vterm_state_get_cursorpos(vterm_obtain_state(t->vt), &at);
	dump_head(at.row, at.col, '-', t->visible, t->alt);
	for (int y = 0; y < rows; y++) {
		for (int x = 0; x < cols;) {
			VTermScreenCell c;

			memset(&c, 0, sizeof(c));
			vterm_screen_get_cell(t->screen, (VTermPos){ y, x }, &c);
			show_cell(x, &c);
			x += c.chars[0] && c.width > 1 ? c.width : 1;
		}
		putchar('\n');
	}
}

static void destroy(void *terminal)
{
	struct terminal *t = terminal;

	vterm_free(t->vt);
	free(t);
}

int main(int argc, char **argv)
{
	static const struct dump_terminal libvterm = { create, feed, show, destroy };

	alarm(3); /* it can also loop for ever */
	return dump_run(argc, argv, &libvterm);
}

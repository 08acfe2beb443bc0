/* SPDX-License-Identifier: Apache-2.0 */
/* form-draw.c - a form on the screen: as it was laid out where there is room, else a field a row. */
#include <stdio.h>
#include <string.h>

#include "tui/form.h"

#define TOP_ROWS 1  /* blank, above the fields */
#define OVER_ROW 9  /* where a form over another view begins */
#define NOTE_ROWS 6 /* below them: command line, buttons, help */

static int last_row(const struct formview *f)
{
	int last = 0;

	for (int i = 0; i < f->cls->nfields; i++)
		if (form_visible(f, i))
			last = MAX(last, f->cls->fields[i].row);
	return last;
}

/* Is it to be seen that the field is wrong? Not while one is about to type, nor where nothing was typed yet. */
static bool shows_error(const struct formview *f, int i)
{
	return *f->error[i] && (f->pressed || (i != f->cur && f->line[i].len));
}

/* What is typed, or what it would be if nothing is. */
static void draw_text(struct formview *f, struct canvas *c, int y, int x, int width, int i)
{
	bool here = i == f->cur, secret = f->cls->fields[i].kind == FIELD_SECRET;
	char empty[200] = "";
	int cur;

	canvas_text(c, y, x, 1, ROLE_TEXT, "[");
	canvas_text(c, y, x + 1 + width, 1, ROLE_TEXT, "]");
	if (secret) {
		canvas_blank(c, y, x + 1, width, here ? ROLE_INPUT : ROLE_TEXT);
		cur = x + 1;
	} else {
		cur = line_draw(&f->line[i], c, y, x + 1, width, here ? ROLE_INPUT : ROLE_TEXT);
	}
	if (!f->line[i].len && f->cls->empty)
		f->cls->empty(f, i, empty, sizeof(empty));
	canvas_text(c, y, x + 1, width, ROLE_DIM, empty);
	if (here)
		canvas_cursor(c, y, cur);
}

static int draw_radio(const struct formview *f, struct canvas *c, int y, int x, int i)
{
	const char *word = f->cls->fields[i].choices;

	for (int k = 0; k < 2; k++) {
		if (i == f->cur && f->on[i] == (k == 0))
			canvas_cursor(c, y, x + 1);
		x += canvas_textf(c, y, x, -1, ROLE_TEXT, "(%c) %.*s", f->on[i] == (k == 0) ? '*' : ' ',
				  (int)strcspn(word, "|"), word) + 3;
		word += strcspn(word, "|") + 1;
	}
	return x;
}

/* Returns the column behind it. */
static int draw_value(struct formview *f, struct canvas *c, int y, int x, int width, int i)
{
	const struct field *d = &f->cls->fields[i];

	switch (d->kind) {
	case FIELD_CHECK:
		canvas_textf(c, y, x, -1, ROLE_TEXT, "[%c]", f->on[i] ? 'x' : ' ');
		if (i == f->cur)
			canvas_cursor(c, y, x + 1);
		return x + 4;
	case FIELD_RADIO:
		return draw_radio(f, c, y, x, i);
	case FIELD_MORE:
		if (i == f->cur)
			canvas_cursor(c, y, d->x);
		return x;
	default:
		draw_text(f, c, y, x, width, i);
		return x + width + 3;
	}
}

static void draw_field(struct formview *f, struct canvas *c, int y, int i, bool narrow)
{
	const struct field *d = &f->cls->fields[i];
	int label = narrow ? 1 : d->x, at = narrow ? 11 : d->at, width = d->width, end;
	bool wrong = shows_error(f, i);
	char hint[120] = "";

	if (narrow)
		width = MIN(MAX(width, 3), c->cols - at - 3);
	if (i == f->cur)
		canvas_text(c, y, 0, 1, ROLE_TEXT, ">");
	if (wrong)
		canvas_text(c, y, label - 1, 1, ROLE_BAD, "!");
	canvas_cut(c, y, label, narrow ? 9 : at - label - 1, i == f->cur ? ROLE_CURSOR : wrong ? ROLE_BAD : ROLE_TEXT,
		   d->label);
	end = draw_value(f, c, y, at, width, i);
	canvas_zone(c, y, label, end - label, ZONE_ROW, (size_t)i, i == f->cur && d->kind == FIELD_MORE);
	if (narrow)
		return;
	if (!wrong && (!f->cls->hint || !f->cls->hint(f, i, hint, sizeof(hint))))
		snprintf(hint, sizeof(hint), "%s", d->hint ? d->hint : "");
	canvas_cut(c, y, end, -1, ROLE_TEXT, hint);
}

/* Why fields of a row are wrong, at its right. */
static void draw_errors(struct formview *f, struct canvas *c, int y)
{
	for (int i = 0; i < f->cls->nfields; i++) {
		const struct field *d = &f->cls->fields[i];
		int end = 0;

		if (!form_visible(f, i) || !shows_error(f, i))
			continue;
		for (int k = 0; k < f->cls->nfields; k++)
			if (form_visible(f, k) && f->cls->fields[k].row == d->row)
				end = MAX(end, f->cls->fields[k].at + f->cls->fields[k].width + 3);
		canvas_blank(c, y + d->row, end, c->cols - end, ROLE_TEXT);
		canvas_cut(c, y + d->row, end, -1, ROLE_BAD, f->error[i]);
	}
}

static void draw_buttons(const struct formview *f, struct canvas *c, int y)
{
	int x = 3, width;

	for (int i = 0; i < form_buttons(f); i++) {
		bool here = f->cur == f->cls->nfields + i;

		if (here) {
			canvas_text(c, y, x - 2, 1, ROLE_TEXT, ">");
			canvas_cursor(c, y, x + 2);
		}
		width = canvas_textf(c, y, x, -1, here ? ROLE_CURSOR : ROLE_TEXT, "[ %s ]", f->cls->buttons[i]);
		canvas_zone(c, y, x, width, ZONE_ROW, (size_t)(f->cls->nfields + i), here);
		x += width + 3;
	}
}

/* The command in two lines; the second ends in '>' if there is more. */
static void draw_command(struct formview *f, struct canvas *c, int y)
{
	int button = f->cur >= f->cls->nfields ? f->cur - f->cls->nfields : 0, width = c->cols - 4;
	AUTO_BUF struct buf b = { 0 };
	size_t cut;

	if (f->cls->command)
		f->cls->command(f, button, &b);
	if (!b.p)
		return;
	canvas_text(c, y, 3, -1, ROLE_TEXT, "Command line for this form:");
	cut = canvas_fit((const char *)b.p, b.len, width);
	while (cut < b.len && cut > 0 && b.p[cut] != ' ')
		cut--;
	if (!cut)
		cut = canvas_fit((const char *)b.p, b.len, width);
	canvas_textn(c, y + 1, 3, width, ROLE_TEXT, (const char *)b.p, cut);
	if (cut < b.len)
		canvas_cut(c, y + 2, 3, width, ROLE_TEXT, (const char *)b.p + cut + (b.p[cut] == ' '));
}

static void draw_help(const struct formview *f, struct canvas *c, int y)
{
	if (f->cur >= f->cls->nfields)
		canvas_cut(c, y, 1, -1, ROLE_TEXT, f->cls->about);
	else if (*f->error[f->cur] && f->pressed)
		canvas_cut(c, y, 1, -1, ROLE_BAD, f->error[f->cur]);
	else
		canvas_cut(c, y, 1, -1, ROLE_TEXT, f->cls->fields[f->cur].help);
}

static void draw_wide(struct formview *f, struct canvas *c, int top, int bottom)
{
	int y = top + TOP_ROWS, below = y + last_row(f) + 1;

	for (int i = 0; i < f->cls->nfields; i++)
		if (form_visible(f, i))
			draw_field(f, c, y + f->cls->fields[i].row, i, false);
	draw_errors(f, c, y);
	draw_command(f, c, below + 1);
	draw_buttons(f, c, below + 4);
	if (below + 5 < bottom)
		draw_help(f, c, bottom - 1);
}

/* The view below stays above it; laid out from a line of its own on. */
static void draw_over(struct formview *f, struct canvas *c, int top, int bottom)
{
	struct view *below = f->v.below;
	int y = top + OVER_ROW;
	const char *text = f->cls->foot + strcspn(f->cls->foot, "|");
	AUTO_BUF struct buf head = { 0 };

	if (below)
		below->cls->draw(below, c, top, y);
	c->nzones = 0; /* it is not to be reached */
	for (int i = y; i < bottom; i++)
		canvas_blank(c, i, 0, c->cols, ROLE_TEXT);
	f->cls->head(f, &head);
	canvas_cut(c, y++, 1, -1, ROLE_HEAD, head.p ? (const char *)head.p : "");
	for (int i = 0; i < f->cls->nfields; i++)
		draw_field(f, c, y + f->cls->fields[i].row, i, false);
	draw_errors(f, c, y);
	canvas_textn(c, y + last_row(f) + 1, 3, 12, ROLE_TEXT, f->cls->foot, (size_t)(text - f->cls->foot));
	canvas_cut(c, y + last_row(f) + 1, 16, -1, ROLE_TEXT, text + 1);
	draw_buttons(f, c, y + 6);
	canvas_cut(c, y + 8, 1, -1, ROLE_TEXT, f->cls->about);
}

/* A field a row; in a low terminal the cursor's is seen. */
static void draw_narrow(struct formview *f, struct canvas *c, int top, int bottom)
{
	int n = 0, at = 0, first = 0, page = bottom - top - 1, shown = 0;

	for (int i = 0; i < f->cls->nfields; i++) {
		at = i == f->cur ? n : at;
		n += form_visible(f, i);
	}
	if (f->cur >= f->cls->nfields)
		at = n - 1;
	if (at >= page)
		first = at - page + 1;
	for (int i = 0; i < f->cls->nfields; i++) {
		if (!form_visible(f, i))
			continue;
		if (shown >= first && shown - first < page)
			draw_field(f, c, top + shown - first, i, true);
		shown++;
	}
	draw_buttons(f, c, MIN(bottom - 1, top + n - first + (n < page)));
}

void form_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct formview *f = (struct formview *)v;

	form_check(f);
	c->cursor_visible = true;
	if (f->cls->over && c->cols >= 80 && bottom - top >= OVER_ROW + 11)
		draw_over(f, c, top, bottom);
	else if (c->cols >= 80 && bottom - top >= TOP_ROWS + last_row(f) + 1 + NOTE_ROWS)
		draw_wide(f, c, top, bottom);
	else
		draw_narrow(f, c, top, bottom);
}

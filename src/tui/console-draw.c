/* SPDX-License-Identifier: Apache-2.0 */
/* console-draw.c - the guest's screen, the menu, and the line that says where keys go. */
#include <stdio.h>
#include <string.h>

#include "tui/console.h"
#include "tui/fmt.h"

static const char *const menu_lines[] = {
	"  d detach, to the list   n next    p previous   1-9 console  c all consoles",
	"  [ scroll back   / find  v select  y copy       ] paste      l logs  i detail",
	"  = my size       r read-only",
	"  X new process   T stop  K signal  : command    ? help",
	NULL,
};
static const char *const narrow_lines[] = { /* 40 columns */
	" d detach  n next  p previous  c all",
	" 1-9 console  [ back  / find  v select",
	" y copy  ] paste  = my size  l logs",
	" r read-only  i detail  X new process",
	" T stop  K signal  : command  ? help",
	NULL,
};

static void draw_menu(struct consview *c, struct canvas *cv, int bottom)
{
	bool narrow = cv->cols < 80;
	const char *const *lines = narrow ? narrow_lines : menu_lines;
	int n = (int)(narrow ? ARRAY_LEN(narrow_lines) : ARRAY_LEN(menu_lines)), y = bottom - n;
	char prefix[8], second[8];

	keys_prefix(prefix, second);
	for (int i = -1; i < n - 1; i++, y++) {
		if (y < 0)
			continue;
		canvas_blank(cv, y, 0, cv->cols, ROLE_TEXT);
		if (i >= 0)
			canvas_cut(cv, y, 0, -1, ROLE_TEXT, lines[i]);
		else if (narrow)
			canvas_textf(cv, y, 0, -1, ROLE_TITLE, "Menu.  Esc closes, %s sends %s", prefix, prefix);
		else
			canvas_textf(cv, y, 1, -1, ROLE_TITLE,
				     "Menu for %.30s:%u.   Esc closes it.   %s again sends a real %s to the guest.", c->name, c->n, prefix,
				     prefix);
	}
}

/* --- the last line */

static void ended_text(struct consview *c, const struct ctr *ctr, bool narrow, char *ret, size_t max)
{
	int64_t from = c->began, to = c->ended;
	char took[FMT_MAX];

	if (c->n == 0 && ctr && ctr->started && ctr->finished > ctr->started) {
		from = ctr->started;
		to = ctr->finished;
	}
	fmt_span(to - from, took);
	if (to - from < 60000000000ll)
		snprintf(took, sizeof(took), "%d s", (int)((to - from) / 1000000000));
	if (narrow)
		snprintf(ret, max, "exit %d  Enter closes  p why  R again", c->exit_code);
	else
		snprintf(ret, max, "%.30s:%u  exit %d after %s   Enter closes   p why   R again", c->name, c->n, c->exit_code, took);
}

/* What is behind the name of a console that lives, shorter with each form. */
static void size_text(const struct consview *c, const struct con *con, const struct canvas *cv, int first, int form, char *ret,
		      size_t max)
{
	const char *how = c->read_only ? "read-only" : "rw";
	int rows = vt_rows(c->vt), cols = vt_cols(c->vt), room = cv->rows - 1;
	bool other = rows > room || cols > cv->cols;

	if (cv->cols < 60)
		snprintf(ret, max, " %s %dx%d", how, cols, rows);
	else if (other && form < 2)
		snprintf(ret, max, form ? "  %s  %dx%d: rows %d-%d" : "  %s  %dx%d: rows %d-%d, columns 1-%d", how, cols, rows,
			 first + 1, MIN(first + room, rows), MIN(cv->cols, cols));
	else if (other || form == 2)
		snprintf(ret, max, "  %s  %dx%d", how, cols, rows);
	else if (!form && con && con->viewers > 1)
		snprintf(ret, max, " %.30s  %s  %dx%d  %u viewers", con->command, how, cols, rows, con->viewers);
	else
		snprintf(ret, max, " %.30s  %s  %dx%d", con ? con->command : "", how, cols, rows);
}

/* both: the menu's second key too. */
static void keys_text(const struct consview *c, bool narrow, bool both, char *ret, size_t max)
{
	char first[8], second[8];

	keys_prefix(first, second);
	if (!both)
		*second = 0;
	if (c->read_only)
		snprintf(ret, max, narrow ? "no keys  %s menu" : "keys go nowhere  %s menu%s%s", first, *second ? "  " : "", second);
	else if (narrow)
		snprintf(ret, max, "keys to %.12s  %s menu", c->name, first);
	else
		snprintf(ret, max, "keys go to %.20s  %s menu%s%s", c->name, first, *second ? "  " : "", second);
}

/* Both halves of the line: the longest words that have room; if none have, the name is cut. */
static void live_text(const struct consview *c, const struct con *con, const struct canvas *cv, int first, char *left,
		      size_t max, char *right, size_t right_max)
{
	char rest[120], name[80];
	int over = 1, n = snprintf(name, sizeof(name), "%.60s:%u", c->name, c->n);

	for (int form = -1; form < 3 && over > 0; form++) {
		keys_text(c, cv->cols < 60, form < 0, right, right_max);
		size_text(c, con, cv, first, MAX(form, 0), rest, sizeof(rest));
		over = n + canvas_width(rest) + canvas_width(right) + 3 - cv->cols;
	}
	if (over > 0)
		snprintf(left, max, "%.*s>%s", MAX(n - over - 1, 3), name, rest);
	else
		snprintf(left, max, "%s%s", name, rest);
}

static void draw_status(struct consview *c, struct canvas *cv, int first)
{
	const struct ctr *ctr = model_ctr(&c->v.app->model, c->id);
	char left[240], id[80], right[80] = "";

	if (ctr) /* it may have been named since */
		snprintf(c->name, sizeof(c->name), "%s", ctr->name);
	snprintf(id, sizeof(id), "%s:%u", c->id, c->n);
	canvas_blank(cv, cv->rows - 1, 0, cv->cols, ROLE_STATUS);
	if (c->phase == CONSOLE_ENDED && c->known_exit)
		ended_text(c, ctr, cv->cols < 60, left, sizeof(left));
	else if (c->phase == CONSOLE_ENDED)
		snprintf(left, sizeof(left), "%.60s:%u  %.90s   Enter closes", c->name, c->n, *c->error ? c->error : "ended");
	else if (c->phase == CONSOLE_STARTING)
		snprintf(left, sizeof(left), "%.60s:%u  starting ...", c->name, c->n);
	else
		live_text(c, model_con(&c->v.app->model, id), cv, first, left, sizeof(left), right, sizeof(right));
	if (c->phase == CONSOLE_LIVE && console_pasting(c))
		snprintf(left, sizeof(left), cv->cols < 60 ? "%.20s:%u %zuK of %zuK" : "%.40s:%u  pasting, %zuK of %zuK",
			 c->name, c->n, c->job.off >> 10, (c->job.text.len + 1023) >> 10);
	if (!c->prefix && c->phase == CONSOLE_LIVE && console_pasting(c))
		snprintf(right, sizeof(right), "^C stops the paste");
	else if (c->prefix)
		snprintf(right, sizeof(right), "keys go to THIS MENU, Esc closes");
	canvas_cut(cv, cv->rows - 1, cv->cols >= 60, cv->cols - canvas_width(right) - (*right != 0) - (cv->cols >= 60), ROLE_STATUS,
		   left);
	if (cv->cols < 60)
		canvas_text(cv, cv->rows - 1, MIN(canvas_width(left) + 2, cv->cols - canvas_width(right)), -1, ROLE_STATUS, right);
	else if (canvas_width(right) < cv->cols - 12)
		canvas_right(cv, cv->rows - 1, cv->cols, ROLE_STATUS, right);
}

/* Those with the cursor. */
int console_first_row(const struct consview *c)
{
	struct vt_cursor cur = vt_cursor(c->vt);
	int rows = console_rows(&c->v);

	return MAX(0, MIN(cur.row - rows + 1, vt_rows(c->vt) - rows));
}

void console_draw(struct view *v, struct canvas *cv, int top, int bottom)
{
	struct consview *c = (struct consview *)v;
	struct vt_cursor cur = vt_cursor(c->vt);
	int rows = MIN(vt_rows(c->vt), cv->rows - 1), first = console_first_row(c);

	for (int y = 0; y < rows; y++) {
		struct vt_row row = vt_row(c->vt, first + y);

		for (int x = 0; x < row.used && x < cv->cols; x++) {
			uint32_t marks[VT_MARKS_MAX];
			int n = vt_cell_marks(c->vt, &row.cells[x], marks);

			canvas_guest(cv, y, x, &row.cells[x], marks, n);
		}
	}
	if (c->phase == CONSOLE_STARTING && vt_generation(c->vt) <= 1)
		canvas_textf(cv, 0, 0, -1, ROLE_DIM, "starting %s ...", c->name);
	canvas_cursor(cv, MIN(cur.row - first, rows - 1), MIN(cur.col, cv->cols - 1));
	cv->cursor_visible = cur.visible && c->phase == CONSOLE_LIVE;
	if (c->menu)
		draw_menu(c, cv, cv->rows - 1);
	if (msgs_shown(&v->app->msgs)) {
		canvas_blank(cv, cv->rows - 2, 0, cv->cols, ROLE_TEXT);
		canvas_cut(cv, cv->rows - 2, 0, -1, ROLE_WARN, msgs_shown(&v->app->msgs)->text);
	}
	draw_status(c, cv, first);
}

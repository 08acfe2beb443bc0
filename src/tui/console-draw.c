/* SPDX-License-Identifier: Apache-2.0 */
/* console-draw.c - the guest's screen, the menu, and the line that says where keys go. */
#include <stdio.h>
#include <string.h>

#include "tui/console.h"
#include "tui/fmt.h"

static void draw_menu(struct consview *c, struct canvas *cv, int bottom)
{
	static const char *const lines[] = {
		"  d detach, to the list   n next    p previous   1-9 console  c all consoles",
		"  [ scroll back   / find  v select  y copy       ] paste      l logs  i detail",
		"  = my size       r read-only",
		"  X new process   T stop  K signal  : command    ? help",
	};
	int y = bottom - (int)ARRAY_LEN(lines) - 1;
	char prefix[8], second[8];

	keys_prefix(prefix, second);

	for (int i = -1; i < (int)ARRAY_LEN(lines); i++, y++) {
		if (y < 0)
			continue;
		canvas_blank(cv, y, 0, cv->cols, ROLE_TEXT);
		if (i < 0)
			canvas_textf(cv, y, 1, -1, ROLE_TITLE,
				     "Menu for %.30s:%u.   Esc closes it.   %s again sends a real %s to the guest.", c->name, c->n, prefix,
				     prefix);
		else
			canvas_cut(cv, y, 0, -1, ROLE_TEXT, lines[i]);
	}
}

/* --- the last line */

static void ended_text(struct consview *c, const struct ctr *ctr, char *ret, size_t max)
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
	snprintf(ret, max, "%.60s:%u  exit %d after %s   Enter closes   p why   R again", c->name, c->n, c->exit_code, took);
}

static void live_text(const struct consview *c, const struct con *con, const struct canvas *cv, int first, char *ret,
		      size_t max)
{
	const char *how = c->read_only ? "read-only" : "rw";
	int rows = cv->rows - 1, from = first + 1, to = MIN(first + rows, vt_rows(c->vt)), cols = MIN(cv->cols, vt_cols(c->vt));

	if (cv->cols < 60)
		snprintf(ret, max, "%.40s:%u %s %dx%d", c->name, c->n, how, vt_cols(c->vt), vt_rows(c->vt));
	else if (vt_rows(c->vt) > rows || vt_cols(c->vt) > cv->cols)
		snprintf(ret, max, "%.30s:%u  %s  %dx%d: rows %d-%d, columns 1-%d", c->name, c->n, how, vt_cols(c->vt),
			 vt_rows(c->vt), from, to, cols);
	else if (con && con->viewers > 1)
		snprintf(ret, max, "%.40s:%u %.30s  %s  %dx%d  %u viewers", c->name, c->n, con->command, how, vt_cols(c->vt),
			 vt_rows(c->vt), con->viewers);
	else
		snprintf(ret, max, "%.40s:%u %.30s  %s  %dx%d", c->name, c->n, con ? con->command : "", how, vt_cols(c->vt),
			 vt_rows(c->vt));
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

static void draw_status(struct consview *c, struct canvas *cv, int first)
{
	const struct ctr *ctr = model_ctr(&c->v.app->model, c->id);
	char left[240], id[80], right[80] = "";

	if (ctr) /* it may have been named since */
		snprintf(c->name, sizeof(c->name), "%s", ctr->name);
	snprintf(id, sizeof(id), "%s:%u", c->id, c->n);
	canvas_blank(cv, cv->rows - 1, 0, cv->cols, ROLE_STATUS);
	if (c->phase == CONSOLE_ENDED && c->known_exit)
		ended_text(c, ctr, left, sizeof(left));
	else if (c->phase == CONSOLE_ENDED)
		snprintf(left, sizeof(left), "%.60s:%u  %.90s   Enter closes", c->name, c->n, *c->error ? c->error : "ended");
	else if (c->phase == CONSOLE_STARTING)
		snprintf(left, sizeof(left), "%.60s:%u  starting ...", c->name, c->n);
	else
		live_text(c, model_con(&c->v.app->model, id), cv, first, left, sizeof(left));
	if (c->phase == CONSOLE_LIVE && console_pasting(c))
		snprintf(left, sizeof(left), cv->cols < 60 ? "%.20s:%u %zuK of %zuK" : "%.40s:%u  pasting, %zuK of %zuK",
			 c->name, c->n, c->job.off >> 10, (c->job.text.len + 1023) >> 10);
	if (!c->prefix && c->phase == CONSOLE_LIVE && console_pasting(c))
		snprintf(right, sizeof(right), "^C stops the paste");
	else if (c->prefix)
		snprintf(right, sizeof(right), "keys go to THIS MENU, Esc closes");
	else if (c->phase == CONSOLE_LIVE)
		keys_text(c, cv->cols < 60, true, right, sizeof(right));
	if (c->phase == CONSOLE_LIVE && !c->prefix && !console_pasting(c) && canvas_width(left) + canvas_width(right) + 3 > cv->cols)
		keys_text(c, cv->cols < 60, false, right, sizeof(right));
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

/* SPDX-License-Identifier: Apache-2.0 */
/* term.c - curses as a difference engine between two canvases. */
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include <curses.h>

#include "tui/term.h"

#include <langinfo.h>
#include <string.h>
#include <sys/mman.h>
#include <wchar.h>

#include "base/auto.h"
#include "tui/squeeze.h"

struct term {
	SCREEN *scr;
	FILE *out, *in;
	bool entered, full;
	bool ansi;   /* private modes are worth a try */
	bool utf8;
	bool color;  /* the terminal has colours */
	bool themed; /* and our own text may use them */
	int mouse;
	int cursor;  /* as last given to curs_set */
};

static const char modes_on[] = "\033[?2004h\033[?1004h";
static const char modes_off[] = "\033[?1004l\033[?2004l";
static const char mouse_off[] = "\033[?1003l\033[?1002l\033[?1000l\033[?1006l";

/* Moves what curses has written since the last call to out. first: the terminal may be in any state before. */
static int collect(struct term *t, bool first, struct buf *out)
{
	AUTO_BUF struct buf raw = { 0 };
	int fd = fileno(t->out), rc = 0;
	off_t n;

	fflush(t->out);
	n = lseek(fd, 0, SEEK_CUR);
	if (n > 0) {
		if (buf_reserve(&raw, (size_t)n) < 0)
			return -ENOMEM;
		n = pread(fd, raw.p, (size_t)n, 0);
		if (n < 0)
			return -errno;
		rc = t->ansi ? squeeze(raw.p, (size_t)n, !first, out) : buf_add(out, raw.p, (size_t)n);
		if (rc < 0)
			return rc;
	}
	if (lseek(fd, 0, SEEK_SET) < 0 || ftruncate(fd, 0) < 0)
		return -errno;
	return 0;
}

static int open_files(struct term *t, struct err *e)
{
	AUTO_CLOSE int fd = memfd_create("berth-screen", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, -errno, "cannot make the screen's memory file");
	t->out = fdopen(fd, "w+");
	if (!t->out)
		return err_sys(e, -errno, "cannot open the screen's memory file");
	TAKE_FD(fd);
	t->in = fopen("/dev/null", "re");
	if (!t->in)
		return err_sys(e, -errno, "cannot open '/dev/null'");
	return 0;
}

/* A string of the terminal's description, or NULL. */
static const char *capability(const char *name)
{
	const char *s = tigetstr(name);

	return s == (char *)-1 ? NULL : s;
}

static void free_half(struct term **t)
{
	if (*t)
		term_free(*t);
}

int term_new(struct term **ret, const char *name, int rows, int cols, enum term_color color, struct err *e)
{
	AUTO(free_half) struct term *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return err_set(e, -ENOMEM, "out of memory");
	rc = open_files(t, e);
	if (rc < 0)
		return rc;

	use_env(FALSE);
	use_tioctl(FALSE);
	t->scr = name && *name ? newterm(name, t->out, t->in) : NULL;
	if (!t->scr)
		return err_set(e, -ENOTSUP, "terminal '%s' is unknown here or cannot address its cursor",
			       name ? name : "");
	set_term(t->scr);
	t->cursor = 1;
	nonl();
	scrollok(stdscr, FALSE);
	leaveok(stdscr, FALSE);
	idlok(stdscr, TRUE);
	resizeterm(rows, cols);
	t->ansi = capability("cup") && strncmp(capability("cup"), "\033[", 2) == 0;
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	t->color = has_colors() && start_color() == OK && use_default_colors() == OK;
	t->themed = t->color && color != TERM_COLOR_NEVER;
	*ret = TAKE(t);
	return 0;
}

void term_free(struct term *t)
{
	if (!t)
		return;
	if (t->scr) {
		set_term(t->scr);
		if (t->entered)
			endwin();
		delscreen(t->scr);
	}
	if (t->out)
		fclose(t->out);
	if (t->in)
		fclose(t->in);
	free(t);
}

void term_resize(struct term *t, int rows, int cols)
{
	resizeterm(rows, cols);
	t->full = true;
}

void term_redraw(struct term *t)
{
	t->full = true;
}

bool term_has_color(const struct term *t)
{
	return t->color;
}

/* --- cells */

/* The nearest of the 6x6x6 cube and the greys of xterm's 256 colours. */
static int nearest_256(uint32_t rgb)
{
	int part[3], cube[3], level[3], grey, gdist = 0, cdist = 0;

	for (int i = 0; i < 3; i++) {
		part[i] = rgb >> (16 - 8 * i) & 0xff;
		cube[i] = part[i] < 48 ? 0 : part[i] < 115 ? 1 : (part[i] - 35) / 40;
		level[i] = cube[i] ? 55 + 40 * cube[i] : 0;
		cdist += (part[i] - level[i]) * (part[i] - level[i]);
	}
	grey = (part[0] + part[1] + part[2]) / 3;
	grey = grey > 238 ? 23 : MAX(0, (grey - 3) / 10);
	for (int i = 0; i < 3; i++)
		gdist += (part[i] - (8 + 10 * grey)) * (part[i] - (8 + 10 * grey));
	return gdist < cdist ? 232 + grey : 16 + 36 * cube[0] + 6 * cube[1] + cube[2];
}

/* The nearest of the eight base colours, plus 8 if it is a bright one. */
static int nearest_16(uint32_t rgb)
{
	int r = rgb >> 16 & 0xff, g = rgb >> 8 & 0xff, b = rgb & 0xff, top = MAX(r, MAX(g, b));
	int base = (r > top / 2 && r > 48) | (g > top / 2 && g > 48) << 1 | (b > top / 2 && b > 48) << 2;

	return base + (top > 200 ? 8 : 0);
}

static uint32_t rgb_of_index(uint32_t i)
{
	static const uint32_t base[16] = { 0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
					   0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
					   0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff };
	uint32_t c = i - 16, part[3] = { c / 36, c / 6 % 6, c % 6 }, rgb = 0;

	if (i < 16)
		return base[i];
	if (i >= 232)
		return (8 + 10 * (i - 232)) * 0x010101u;
	for (int k = 0; k < 3; k++)
		rgb = rgb << 8 | (part[k] ? 55 + 40 * part[k] : 0);
	return rgb;
}

/* A guest's colour as one that this terminal has; -1: the default. */
static int reduce(uint32_t color)
{
	uint32_t v = VT_COLOR_VALUE(color);

	if (VT_COLOR_KIND(color) == VT_COLOR_RGB)
		return COLORS > 256 ? (int)v : COLORS == 256 ? nearest_256(v) : nearest_16(v) % COLORS;
	if (VT_COLOR_KIND(color) != VT_COLOR_INDEX)
		return -1;
	if ((int)v < COLORS && (COLORS <= 256 || v < 8))
		return (int)v;
	if (COLORS > 256)
		return (int)rgb_of_index(v & 0xff);
	return (v < 16 ? (int)v : nearest_16(rgb_of_index(v & 0xff))) % COLORS;
}

static attr_t attr_of(unsigned attr)
{
	attr_t a = A_NORMAL;

	a |= attr & VT_BOLD ? A_BOLD : 0;
	a |= attr & VT_FAINT ? A_DIM : 0;
	a |= attr & VT_ITALIC ? A_ITALIC : 0;
	a |= attr & VT_REVERSE ? A_REVERSE : 0;
	a |= VT_UNDERLINE_STYLE(attr) ? A_UNDERLINE : 0;
	return a;
}

static attr_t style(const struct term *t, const struct canvas_cell *c, int *ret_fg, int *ret_bg)
{
	const struct theme_style *s = theme_style(c->role);

	*ret_fg = *ret_bg = -1;
	if (c->role == ROLE_GUEST) {
		if (t->color) {
			*ret_fg = reduce(c->fg);
			*ret_bg = reduce(c->bg);
		}
		return attr_of(c->attr);
	}
	if (t->themed) {
		*ret_fg = reduce(s->fg);
		*ret_bg = reduce(s->bg);
	}
	return attr_of(s->attr | c->attr);
}

static void put_cell(const struct term *t, const struct canvas_cell *c)
{
	wchar_t text[2 + CANVAS_MARKS] = { (wchar_t)(c->ch ? c->ch : ' ') };
	int fg, bg, pair = 0, n = 1, width = c->ch ? vt_width(c->ch) : 1;
	attr_t attr = style(t, c, &fg, &bg);
	cchar_t cc;

	if (c->role == ROLE_GUEST && c->attr & VT_CONCEAL)
		text[0] = ' ';
	/* What this locale measures otherwise than we do would shift the rest of the line. */
	if (text[0] > 0x7e && (!t->utf8 || wcwidth(text[0]) != width))
		text[0] = '?';
	else
		for (int i = 0; i < CANVAS_MARKS && c->mark[i]; i++)
			if (t->utf8 && wcwidth((wchar_t)c->mark[i]) == 0)
				text[n++] = (wchar_t)c->mark[i];
	if (fg >= 0 || bg >= 0)
		pair = MAX(0, alloc_pair(fg, bg));
	setcchar(&cc, text, attr, 0, &pair);
	wadd_wch(stdscr, &cc);
	if (text[0] == '?' && width == 2) {
		text[0] = ' ';
		setcchar(&cc, text, attr, 0, &pair);
		wadd_wch(stdscr, &cc);
	}
}

int term_draw(struct term *t, const struct canvas *c, struct buf *out)
{
	bool first = !t->entered || t->full;

	if (!t->entered && t->ansi && buf_adds(out, modes_on) < 0)
		return -ENOMEM;
	if (!t->entered && t->mouse) {
		int mode = t->mouse;

		t->mouse = 0;
		if (term_mouse(t, mode, out) < 0)
			return -ENOMEM;
	}
	t->entered = true;
	for (int y = 0; y < c->rows && y < LINES; y++) {
		wmove(stdscr, y, 0);
		for (int x = 0; x < c->cols && x < COLS; x++)
			if (!c->cells[y * c->cols + x].tail)
				put_cell(t, &c->cells[y * c->cols + x]);
	}
	wmove(stdscr, MIN(c->cursor_row, LINES - 1), MIN(c->cursor_col, COLS - 1));
	if (t->cursor != c->cursor_visible) {
		t->cursor = c->cursor_visible;
		curs_set(t->cursor);
	}
	if (t->full)
		clearok(curscr, TRUE);
	t->full = false;
	wnoutrefresh(stdscr);
	doupdate();
	return collect(t, first, out);
}

int term_mouse(struct term *t, int mode, struct buf *out)
{
	if (mode == t->mouse || !t->ansi)
		return 0;
	if (t->mouse && buf_adds(out, mouse_off) < 0)
		return -ENOMEM;
	t->mouse = mode;
	return mode ? buf_addf(out, "\033[?%dh\033[?1006h", mode) : 0;
}

int term_leave(struct term *t, struct buf *out)
{
	int mode = t->mouse, rc;

	if (!t->entered)
		return 0;
	t->entered = false;
	rc = term_mouse(t, 0, out);
	t->mouse = mode; /* as it was when the screen is entered again */
	if (rc == 0 && t->ansi)
		rc = buf_adds(out, modes_off);
	if (t->cursor == 0)
		curs_set(1);
	t->cursor = 1;
	endwin();
	return rc < 0 ? rc : collect(t, true, out);
}

int term_restore_string(struct term *t, struct buf *out)
{
	const char *words[] = { t->ansi ? mouse_off : NULL, t->ansi ? modes_off : NULL, capability("sgr0"),
				capability("cnorm"), capability("rmcup") };
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(words) && rc == 0; i++)
		if (words[i])
			for (const char *p = words[i]; *p && rc == 0; p++) {
				if (strncmp(p, "$<", 2) == 0 && strchr(p, '>'))
					p = strchr(p, '>'); /* padding of terminals long gone */
				else
					rc = buf_addc(out, *p);
			}
	return rc;
}

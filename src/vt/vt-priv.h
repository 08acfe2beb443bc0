/* SPDX-License-Identifier: Apache-2.0 */
/* vt-priv.h - what the files of the terminal engine share.
 *
 * parser.c takes bytes apart; print.c, control.c, csi.c, mode.c, sgr.c, osc.c and report.c do what they
 * say; screen.c changes cells; scrollback.c keeps lines; pass.c decides what viewers may see. */
#ifndef BERTH_VT_PRIV_H
#define BERTH_VT_PRIV_H

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "vt/vt.h"

_Static_assert(sizeof(struct vt_cell) == 16, "");

#define PARAMS_MAX 32
#define PARAM_MAX 65535
#define SEQ_MAX 4096 /* bytes of an escape or control sequence; a longer one is ignored */
#define TITLES_MAX 8
#define KITTY_MAX 8
#define URI_MAX 1024
#define LINK_ID_MAX 128
#define LINKS_MAX 512
#define EXT_MAX 8192

/* --- screen */

enum {
	ROW_STYLED = 1, /* some cell is not plain ASCII in default colours */
	ROW_WIDE = 2,   /* some cell is half of a wide character */
};

struct row {
	struct vt_cell *cells; /* those from used on are all zero */
	int used;
	bool wrapped; /* never on the last row of a screen */
	uint8_t flags;
	uint64_t gen;
};

/* What DECSC keeps, and DECRC brings back. */
struct saved {
	int x, y;
	bool pending, origin;
	struct vt_cell pen;
	uint8_t g[4], gl;
};

struct screen {
	struct row *ring; /* row y is ring[(top + y) % rows] */
	struct vt_cell *mem;
	int top;
	uint64_t all_gen; /* when all rows changed at once */
	struct saved saved;
	uint8_t kitty[KITTY_MAX], nkitty; /* the stack; kitty[nkitty - 1] is in force */
};

/* --- scrollback: see scrollback.c */

struct sb_line {
	uint32_t pos;   /* slot << 16 | offset */
	uint16_t len;   /* bytes */
	uint16_t cells; /* bit 15: wrapped */
};

struct scrollback {
	struct sb_line *lines; /* ring of cap */
	uint32_t cap, head, count, max; /* cap: max and a screen more */
	uint8_t **slots; /* ring of blocks, NULL where there is none */
	uint32_t nslots, first_slot, last_slot, last_used;
	uint32_t nblocks;
	uint8_t *spare;
	uint64_t first, epoch; /* number of the oldest line */
	bool loose; /* more than max lines may be there: while rows are wrapped anew */
};

/* --- cells that need more than 16 bytes: see ext.c */

struct ext {
	uint32_t ul;
	uint16_t link, next;
	uint32_t marks[VT_MARKS_MAX]; /* 0 ends them */
};

struct link {
	char id[LINK_ID_MAX], uri[URI_MAX]; /* uri "": free */
};

struct ext_table {
	struct ext *e; /* EXT_MAX; 0 is not used */
	struct link *links; /* LINKS_MAX; 0 is not used */
	uint16_t head[1024];
	uint16_t free, n; /* chain of free entries; entries handed out so far */
	unsigned backoff; /* misses before the next collection */
	const struct vt_cell *root[3]; /* cells outside of the screens that are in use */
	int nroot[3];
};

/* --- state */

enum state {
	ST_GROUND,
	ST_ESC,
	ST_ESC_INT,
	ST_CSI_ENTRY,
	ST_CSI_PARAM,
	ST_CSI_INT,
	ST_CSI_IGNORE,
	ST_STRING,     /* OSC, DCS, SOS, PM, APC: vt->str_kind */
	ST_STRING_ESC, /* after ESC in one of them */
	ST_COUNT,
};

enum { CHARSET_ASCII, CHARSET_GRAPHICS, CHARSET_UK };

enum {
	M_CKM = 1 << 0,
	M_SCNM = 1 << 1,
	M_OM = 1 << 2,
	M_AWM = 1 << 3,
	M_BLINK = 1 << 4,
	M_TCEM = 1 << 5,
	M_REVWRAP = 1 << 6,
	M_NKM = 1 << 7,
	M_BKM = 1 << 8,
	M_FOCUS = 1 << 9,
	M_ALTSCROLL = 1 << 10,
	M_PASTE = 1 << 11,
	M_SYNC = 1 << 12,
	M_IRM = 1 << 13,
	M_LNM = 1 << 14,
};
#define M_DEFAULT (M_AWM | M_TCEM | M_BLINK)

/* May the sequence go on to viewers? */
enum verdict { PASS, CUT };

struct vt {
	int rows, cols;
	struct vt_limits limits;
	struct vt_callbacks cb;
	void *arg;
	uint64_t gen;

	struct screen main, alt, *s;
	struct scrollback sb;
	struct ext_table ext;

	int x, y, top, bottom;
	bool pending;
	struct vt_cell pen;
	uint32_t modes;
	int mouse, coding, modify_other_keys, cursor_style;
	uint8_t g[4], gl, single; /* charsets; single: 2 or 3 after SS2, SS3, else 0 */
	uint32_t last;            /* graphic character that REP repeats, 0: none */
	uint8_t tabs[VT_COLS_MAX / 8];

	char title[VT_TITLE_MAX], titles[TITLES_MAX][VT_TITLE_MAX], cwd[URI_MAX];
	int ntitles;
	uint32_t palette[256], dyn[3]; /* dyn: OSC 10, 11, 12 */
	uint8_t palette_set[32], dyn_set;
	uint32_t default_fg, default_bg;

	/* parser */
	enum state state;
	uint8_t prefix, inter[2], ninter;
	int32_t params[PARAMS_MAX]; /* -1: empty */
	uint32_t subs;              /* bit i: params[i] came after a colon */
	int nparams;                /* may count beyond PARAMS_MAX; 0: none was begun */
	unsigned seq_len;
	uint8_t u8[4], nu8; /* an unfinished character */
	char str_kind;      /* one of ] P X ^ _ */
	char *str;          /* limits.string_max + 1 bytes */
	size_t str_len, str_total;
	uint8_t str_prev;

	/* pass.c */
	enum verdict verdict;
	const uint8_t *mark, *seq; /* into the bytes fed: not passed yet from here; the sequence began here */
	uint8_t hold[SEQ_MAX + 8];
	unsigned held;
	bool quiet; /* no callbacks: vt_restore */
};

static inline struct row *row_at(const struct vt *vt, const struct screen *s, int y)
{
	int i = s->top + y;

	return &s->ring[i >= vt->rows ? i - vt->rows : i];
}

static inline struct row *vt_line(struct vt *vt, int y)
{
	return row_at(vt, vt->s, y);
}

static inline bool cell_is_zero(const struct vt_cell *c)
{
	return !(c->ch | c->fg | c->bg | c->attr | c->ext);
}

static inline bool pen_is_plain(const struct vt_cell *c)
{
	return !(c->fg | c->bg | c->attr | c->ext);
}

/* width.c: as vt_width, but 3 for what is dropped; the first is for those that the second does not know */
unsigned vt_width_search(uint32_t cp);

static inline unsigned vt_width_class(uint32_t cp)
{
	if (cp < 0x300)
		return 1;
	if ((cp >= 0x2500 && cp < 0x25fd) || (cp >= 0x400 && cp < 0x483))
		return 1; /* frames and Cyrillic: common, so not searched */
	if ((cp >= 0x4e00 && cp < 0xa000) || (cp >= 0xac00 && cp < 0xd7a4))
		return 2;
	return vt_width_search(cp);
}

/* utf8.c */
#define UTF8_BAD 0xfffd
/* One code point at the head of p[0..n), n > 0. Returns bytes used, *ret UTF8_BAD and *ret_bad for what
 * is no UTF-8 (one maximal part of it), 0 when more bytes are needed. */
int vt_utf8_decode(const uint8_t *p, size_t n, uint32_t *ret, bool *ret_bad);
int vt_utf8_encode(uint32_t cp, char ret[4]);

/* screen.c */
int vt_screen_alloc(struct screen *s, int rows, int cols);
void vt_screen_finish(struct screen *s);
void vt_screen_clear(struct vt *vt, struct screen *s);
void vt_row_touch(struct vt *vt, struct row *r);
/* Blanks the cells [x0, x1) in the background bg; halves of wide characters at the edges go too. */
void vt_row_erase(struct vt *vt, struct row *r, int x0, int x1, uint32_t bg);
void vt_row_split_wide(struct vt *vt, struct row *r, int x);
void vt_scroll_up(struct vt *vt, int top, int bottom, int n, bool keep);
void vt_scroll_down(struct vt *vt, int top, int bottom, int n);
void vt_break_before(struct vt *vt, int y); /* the line before does not go on in y any more */
void vt_wrap(struct vt *vt); /* on to the next row, as the same line */
void vt_insert_cells(struct vt *vt, int n);
void vt_delete_cells(struct vt *vt, int n);
void vt_index(struct vt *vt);
void vt_reverse_index(struct vt *vt);
void vt_goto(struct vt *vt, int y, int x);        /* clamped to the screen */
void vt_goto_origin(struct vt *vt, int y, int x); /* relative to the margins in origin mode */

/* No wide character lies across the left edge of x after this. */
static inline void vt_row_split(struct vt *vt, struct row *r, int x)
{
	if (r->flags & ROW_WIDE && x < r->used)
		vt_row_split_wide(vt, r, x);
}

/* print.c */
void vt_print_ascii(struct vt *vt, const uint8_t *p, size_t n);
void vt_print(struct vt *vt, uint32_t cp);
/* The characters at p, all over ASCII, that fit into the row without reaching its edge; returns where it
 * stopped, p itself when this is not the time for it. */
const uint8_t *vt_print_utf8(struct vt *vt, const uint8_t *p, const uint8_t *end);

/* ext.c */
int vt_ext_init(struct vt *vt);
void vt_ext_finish(struct vt *vt);
void vt_ext_reset(struct vt *vt);
/* Index of an entry like this, 0 if it says nothing or there is no room. */
uint16_t vt_ext_get(struct vt *vt, const struct ext *want);
uint16_t vt_ext_with_mark(struct vt *vt, uint16_t ext, uint32_t mark);
uint16_t vt_ext_with_ul(struct vt *vt, uint16_t ext, uint32_t ul);
uint16_t vt_ext_with_link(struct vt *vt, uint16_t ext, const char *id, const char *uri);
uint16_t vt_ext_without_marks(struct vt *vt, uint16_t ext);

/* scrollback.c */
int vt_sb_init(struct scrollback *sb, int max_lines, size_t max_bytes);
void vt_sb_finish(struct scrollback *sb);
void vt_sb_clear(struct scrollback *sb);
void vt_sb_push(struct vt *vt, struct scrollback *sb, const struct vt_cell *cells, int used, bool plain, bool wrapped);
int vt_sb_read(struct vt *vt, const struct scrollback *sb, uint32_t i, struct vt_cell *cells, int max, bool *ret_wrapped);
void vt_sb_drop_first(struct scrollback *sb);
void vt_sb_truncate(struct scrollback *sb, uint32_t count); /* keeps the oldest `count` */
void vt_sb_trim(struct scrollback *sb); /* to its limit of lines */
size_t vt_sb_bytes(const struct scrollback *sb);
void vt_sb_unwrap_last(struct scrollback *sb);

/* reflow.c: the alternate screen, already of the new size, replaces the old one */
int vt_resize_main(struct vt *vt, int rows, int cols, const struct screen *alt);

/* parser.c */
void vt_parser_reset(struct vt *vt);

/* control.c: C0, C1 and escape sequences */
void vt_control(struct vt *vt, uint8_t c);
void vt_escape(struct vt *vt, uint8_t final);
void vt_save_cursor(struct vt *vt);
void vt_restore_cursor(struct vt *vt);
void vt_saved_init(struct saved *sv);
void vt_soft_reset(struct vt *vt);
void vt_tabs_init(struct vt *vt, int from);
void vt_reset_state(struct vt *vt); /* RIS */

/* csi.c, mode.c, sgr.c */
void vt_csi(struct vt *vt, uint8_t final);
int vt_param(const struct vt *vt, int i, int def); /* def also for 0 */
void vt_mode_set(struct vt *vt);
void vt_mode_reset(struct vt *vt);
/* 0 unknown, 1 set, 2 reset */
int vt_mode_report(const struct vt *vt, bool private, int mode);
void vt_set_alt(struct vt *vt, bool on);
/* Appends the sequences that set the modes, of a terminal in its first state; off: that unset them. */
int vt_mode_write(const struct vt *vt, bool off, struct buf *out);
void vt_sgr(struct vt *vt);
/* "\033[0;…m" of a pen; bytes written. */
#define SGR_BYTES 128
int vt_sgr_write(const struct vt *vt, const struct vt_cell *pen, char ret[static SGR_BYTES]);

/* osc.c, report.c */
void vt_string_end(struct vt *vt, bool bel);
bool vt_color_parse(const char *s, uint32_t *ret);
void vt_set_title(struct vt *vt, const char *text);
uint32_t vt_dyn_color(const struct vt *vt, int i);
void vt_dcs(struct vt *vt);
void vt_reply(struct vt *vt, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void vt_report_da(struct vt *vt);
void vt_report_da2(struct vt *vt);
void vt_report_da3(struct vt *vt);
void vt_report_status(struct vt *vt);
void vt_report_status_private(struct vt *vt);
void vt_report_mode(struct vt *vt);
void vt_report_mode_private(struct vt *vt);
void vt_report_version(struct vt *vt);
void vt_report_terminal(struct vt *vt);
void vt_report_keys(struct vt *vt);
void vt_report_kitty(struct vt *vt);
void vt_window(struct vt *vt);

/* pass.c */
void vt_pass_begin(struct vt *vt, const uint8_t *p);
void vt_pass_control(struct vt *vt, const uint8_t *p, bool ok); /* one byte within a sequence */
void vt_pass_ok(struct vt *vt);
void vt_pass_cut(struct vt *vt, const uint8_t *after);
void vt_pass_bytes(struct vt *vt, const void *p, size_t n);
void vt_pass_instead(struct vt *vt, const void *p, size_t n); /* of the sequence that is whole now */
void vt_pass_end(struct vt *vt, const uint8_t *end);

#endif

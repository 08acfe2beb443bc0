/* SPDX-License-Identifier: Apache-2.0 */
/* vt.h - a terminal: bytes in, screen and scrollback out.
 *
 * A VT220 with what xterm added to it. The engine does no I/O, has no globals and knows no terminal
 * library; one struct vt belongs to one thread. Memory is allocated by vt_new, vt_resize, while lines
 * go to the scrollback, and into the caller's buf; everything a guest can fill has a fixed bound. Any
 * bytes are safe, and however a stream is cut into pieces the result is the same. Rows and columns
 * count from 0 in this interface. */
#ifndef BERTH_VT_VT_H
#define BERTH_VT_VT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct vt;

#define VT_ROWS_MAX 1024 /* sizes are clamped to 1..these */
#define VT_COLS_MAX 1024
#define VT_MARKS_MAX 6 /* combining marks kept on one cell */

/* --- cells */

/* A colour: 0 is the default of fg or bg; else the kind in bits 24-31, the value below. */
#define VT_COLOR_DEFAULT 0u
#define VT_COLOR_INDEX 0x01000000u /* | 0..255 */
#define VT_COLOR_RGB 0x02000000u   /* | 0xRRGGBB */
#define VT_COLOR_KIND(c) ((c) & 0xff000000u)
#define VT_COLOR_VALUE(c) ((c) & 0x00ffffffu)

enum {
	VT_BOLD = 1 << 0,
	VT_FAINT = 1 << 1,
	VT_ITALIC = 1 << 2,
	VT_BLINK = 1 << 3,
	VT_REVERSE = 1 << 4,
	VT_CONCEAL = 1 << 5,
	VT_STRIKE = 1 << 6,
	VT_OVERLINE = 1 << 7,
	VT_UNDERLINE = 7 << 8, /* style: 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed */
	VT_PROTECTED = 1 << 11, /* DECSCA: not erased by DECSED and DECSEL */
	VT_WIDE = 1 << 12,      /* left half of a character of two columns */
	VT_TAIL = 1 << 13,      /* its right half; ch is 0 */
};
#define VT_UNDERLINE_STYLE(attr) (((attr) & VT_UNDERLINE) >> 8)

/* 16 bytes. All zero is a blank in the default colours; an erased cell has ch 0 and only a bg. */
struct vt_cell {
	uint32_t ch; /* code point; 0: nothing was written here */
	uint32_t fg, bg;
	uint16_t attr;
	uint16_t ext; /* 0, or what the three functions below look up */
};

/* Combining marks of the cell, in order; returns how many. */
int vt_cell_marks(const struct vt *vt, const struct vt_cell *c, uint32_t ret[static VT_MARKS_MAX]);
/* Colour of the underline (SGR 58), VT_COLOR_DEFAULT: that of the text. */
uint32_t vt_cell_underline_color(const struct vt *vt, const struct vt_cell *c);
/* URI of the hyperlink (OSC 8) or NULL; *ret_id, if asked for, is its id, "" when it has none. */
const char *vt_cell_link(const struct vt *vt, const struct vt_cell *c, const char **ret_id);
/* The cell's text as UTF-8, base and marks: bytes written, terminated. A blank is " ", a tail "". */
#define VT_CELL_TEXT_MAX (4 * (VT_MARKS_MAX + 1) + 1)
int vt_cell_text(const struct vt *vt, const struct vt_cell *c, char ret[static VT_CELL_TEXT_MAX]);

/* Columns of a code point: 0 (combining, or dropped), 1 or 2, as wcwidth() of a UTF-8 locale but the same
 * in every locale; what wcwidth() does not know counts 1, controls 0. */
int vt_width(uint32_t cp);

/* --- life */

struct vt_limits {
	int scrollback_lines;    /* at most 1,000,000; 0: none */
	size_t scrollback_bytes; /* what they may take; at least 128 KiB when there are any */
	size_t string_max;       /* bytes of OSC that are kept (longer ones are dropped) */
	size_t swallow_max;      /* bytes after which an unterminated string is over */
};
/* 10,000 lines in 16 MiB; strings of 100,000 bytes, swallowed up to 4 MiB. */
extern const struct vt_limits vt_limits_default;

/* Any may be NULL. They are called inside vt_feed and must not call back into this vt, but for functions
 * that take it const. */
struct vt_callbacks {
	/* An answer to a query of the guest: to be written to the guest's terminal, nowhere else. */
	void (*reply)(void *arg, const uint8_t *p, size_t n);
	/* The title changed; UTF-8 without controls, at most VT_TITLE_MAX - 1 bytes. */
	void (*title)(void *arg, const char *title);
	/* BEL. True: it may go on to the viewers. NULL counts as true. */
	bool (*bell)(void *arg);
	/* OSC 52: the guest wants to set selections `which` ("c", "p", "" …) to the base64 text. True: it may
	 * go on to the viewers. NULL counts as false. Reading the clipboard is never answered or passed. */
	bool (*clipboard)(void *arg, const char *which, const char *base64, size_t n);
	/* The guest's output for viewers: in order, whole sequences only, and as it came, without what a
	 * terminal would answer, what resizes or prints or programs keys, device control strings, APC, PM, SOS
	 * and forbidden OSC 52. Bytes that are no UTF-8 become U+FFFD. */
	void (*pass)(void *arg, const uint8_t *p, size_t n);
};

#define VT_TITLE_MAX 512

/* limits NULL: vt_limits_default. cb is copied, arg goes to each callback. NULL: out of memory. */
struct vt *vt_new(int rows, int cols, const struct vt_limits *limits, const struct vt_callbacks *cb, void *arg);
void vt_free(struct vt *vt);

void vt_feed(struct vt *vt, const void *p, size_t n);
/* The main screen and its scrollback are wrapped anew, the alternate screen is cut or padded; margins are
 * reset. 0; -ENOMEM: nothing changed. */
int vt_resize(struct vt *vt, int rows, int cols);
/* Puts everything back as after vt_new but the size; the callbacks stay. */
void vt_reset(struct vt *vt);

/* --- the screen */

int vt_rows(const struct vt *vt);
int vt_cols(const struct vt *vt);

struct vt_row {
	const struct vt_cell *cells; /* vt_cols() of them, until the next call that is not const */
	int used;                    /* cells from here on are blank in default colours */
	bool wrapped;                /* the text goes on in the next row */
	uint64_t gen;                /* generation in which what is seen at y last changed */
};
struct vt_row vt_row(const struct vt *vt, int y);
/* Grows with each vt_feed, vt_resize, vt_reset. Damage since a viewer drew at generation g: rows whose
 * gen > g. */
uint64_t vt_generation(const struct vt *vt);

struct vt_cursor {
	int row, col;
	bool visible;
	bool pending; /* the last column is filled: the next character wraps first */
	bool blink;
	int style; /* 0 block, 1 underline, 2 bar */
};
struct vt_cursor vt_cursor(const struct vt *vt);
/* The attributes the next character gets; ch is 0. */
struct vt_cell vt_pen(const struct vt *vt);

enum vt_mouse_mode { VT_MOUSE_OFF = 0, VT_MOUSE_X10 = 9, VT_MOUSE_CLICK = 1000, VT_MOUSE_DRAG = 1002, VT_MOUSE_MOTION = 1003 };
enum vt_mouse_coding { VT_CODING_X10 = 0, VT_CODING_UTF8 = 1005, VT_CODING_SGR = 1006, VT_CODING_URXVT = 1015 };

struct vt_modes {
	bool alt;               /* the alternate screen is shown */
	bool app_cursor;        /* DECCKM */
	bool app_keypad;        /* DECKPAM, DECNKM */
	bool autowrap;          /* DECAWM */
	bool reverse_wrap;      /* ?45 */
	bool origin;            /* DECOM */
	bool insert;            /* IRM */
	bool newline;           /* LNM */
	bool reverse_video;     /* DECSCNM */
	bool backspace_bs;      /* DECBKM: Backspace sends BS, not DEL */
	bool bracketed_paste;   /* ?2004 */
	bool focus;             /* ?1004 */
	bool alt_scroll;        /* ?1007 */
	bool sync;              /* ?2026: better not draw now */
	int modify_other_keys;  /* 0, 1, 2 */
	int kitty_flags;        /* 0 or 1 (disambiguate) */
	enum vt_mouse_mode mouse;
	enum vt_mouse_coding coding;
	int top, bottom;        /* scrolling margins, rows, inclusive */
};
struct vt_modes vt_modes(const struct vt *vt);
const char *vt_title(const struct vt *vt); /* never NULL */
const char *vt_cwd(const struct vt *vt);   /* OSC 7 as the guest gave it (a URI), never NULL */
/* 0xRRGGBB of any colour of a cell, by the palette as the guest changed it. */
uint32_t vt_color_rgb(const struct vt *vt, uint32_t color, bool is_bg);
/* What OSC 10 and 11 are answered with while the guest has not set them: 0xRRGGBB. */
void vt_set_default_colors(struct vt *vt, uint32_t fg, uint32_t bg);

/* --- scrollback of the main screen */

int vt_scrollback(const struct vt *vt);
/* Number of the oldest line kept; grows when lines are dropped, so that a viewer finds its place again.
 * A change of width gives new numbers (and a new vt_scrollback_epoch). */
uint64_t vt_scrollback_first(const struct vt *vt);
uint64_t vt_scrollback_epoch(const struct vt *vt);
size_t vt_scrollback_bytes(const struct vt *vt); /* memory taken */
/* Line i, 0 the oldest: writes at most max cells and returns how many the line has without trailing
 * blanks (never more than vt_cols()), -ERANGE when there is no such line. The ext of the cells is good
 * until the next call that is not const. */
int vt_scrollback_line(struct vt *vt, int i, struct vt_cell *cells, int max, bool *ret_wrapped);

/* --- input: what to write to the guest, for the modes it has set */

enum { VT_SHIFT = 1, VT_ALT = 2, VT_CTRL = 4, VT_META = 8 };

/* A key is a code point, or one of these. */
enum vt_key {
	VT_KEY_UP = 0x110000, VT_KEY_DOWN, VT_KEY_RIGHT, VT_KEY_LEFT, VT_KEY_HOME, VT_KEY_END, VT_KEY_BEGIN,
	VT_KEY_INSERT, VT_KEY_DELETE, VT_KEY_PAGE_UP, VT_KEY_PAGE_DOWN,
	VT_KEY_ENTER, VT_KEY_TAB, VT_KEY_BACKSPACE, VT_KEY_ESCAPE,
	VT_KEY_F1, VT_KEY_F20 = VT_KEY_F1 + 19,
	VT_KEY_KP_0, VT_KEY_KP_9 = VT_KEY_KP_0 + 9, VT_KEY_KP_ENTER, VT_KEY_KP_PLUS, VT_KEY_KP_MINUS,
	VT_KEY_KP_TIMES, VT_KEY_KP_DIVIDE, VT_KEY_KP_POINT, VT_KEY_KP_COMMA, VT_KEY_KP_EQUAL,
};

#define VT_KEY_BYTES 32
/* Bytes written, not terminated; 0: the key sends nothing. */
int vt_encode_key(const struct vt *vt, uint32_t key, unsigned mods, uint8_t ret[static VT_KEY_BYTES]);

enum vt_mouse_action { VT_MOUSE_PRESS, VT_MOUSE_RELEASE, VT_MOUSE_MOVE };
struct vt_mouse {
	enum vt_mouse_action action;
	int button; /* 0 none (motion), 1 left, 2 middle, 3 right, 4 wheel up, 5 down, 6 left, 7 right, 8..11 */
	unsigned mods;
	int row, col;
};
/* 0 when the guest did not ask for this. */
int vt_encode_mouse(const struct vt *vt, const struct vt_mouse *m, uint8_t ret[static VT_KEY_BYTES]);
/* 0 unless the guest has mode 1004. */
int vt_encode_focus(const struct vt *vt, bool in, uint8_t ret[static VT_KEY_BYTES]);
/* Appends the text as the guest may get it: ESC [ 201 ~, C0 but tab and newline, DEL and C1 taken out,
 * wrapped if the guest has mode 2004, newlines as CR if not. 0 or -ENOMEM. */
int vt_encode_paste(const struct vt *vt, const void *p, size_t n, struct buf *out);

/* --- snapshots */

enum {
	VT_SNAPSHOT_CLEAR = 1, /* begin with a reset, for a terminal that is not fresh */
};
/* Appends sequences that give a fresh vt of the same size, or an xterm, this screen: cells, modes, cursor,
 * title, margins, tabs, character sets, saved cursors, both screens; before it the newest `lines` lines
 * of scrollback. They hold no query. Bytes of an unfinished sequence come with the next `pass`. 0 or -ENOMEM. */
int vt_snapshot(struct vt *vt, unsigned flags, int lines, struct buf *out);
/* vt_reset and then the bytes of a snapshot, without any callback. */
void vt_restore(struct vt *vt, const void *p, size_t n);
/* Appends what puts a terminal that showed this vt back: each mode that is on is turned off, the
 * alternate screen is left, margins and attributes are reset. 0 or -ENOMEM. */
int vt_leave(const struct vt *vt, struct buf *out);

#endif

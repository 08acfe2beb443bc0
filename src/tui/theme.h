/* SPDX-License-Identifier: Apache-2.0 */
/* theme.h - what each part of the screen looks like.
 *
 * A role has an attribute that stands alone and a colour that may be added: monochrome is the designed
 * form. The background is never set, so the user's own colours stay readable. */
#ifndef BERTH_TUI_THEME_H
#define BERTH_TUI_THEME_H

#include <stdint.h>

#include "base/err.h"

enum role {
	ROLE_TEXT,
	ROLE_TITLE,
	ROLE_HEAD,   /* column heads */
	ROLE_SORTED, /* the head of the column that the list is sorted by */
	ROLE_HINT,
	ROLE_KEY,    /* a key within a hint or the help */
	ROLE_CURSOR, /* the name of the focused row */
	ROLE_MARK,
	ROLE_OK,
	ROLE_BUSY,
	ROLE_WARN,
	ROLE_BAD,
	ROLE_DIM,
	ROLE_FIND,   /* a match of a search */
	ROLE_INPUT,  /* where text is typed */
	ROLE_STATUS, /* the line below a console */
	ROLE_SOURCE_FIRST, /* whose line it is, in turn */
	ROLE_SOURCE_LAST = ROLE_SOURCE_FIRST + 5,
	ROLE_GUEST,  /* fg, bg and attr of the cell, as the guest set them */
	ROLE_COUNT
};
#define ROLE_SOURCES (ROLE_SOURCE_LAST - ROLE_SOURCE_FIRST + 1)

/* attr: VT_BOLD, VT_FAINT, VT_REVERSE, VT_UNDERLINE's styles. Colours as in struct vt_cell. */
struct theme_style {
	unsigned attr;
	uint32_t fg, bg;
};

const struct theme_style *theme_style(enum role role);

/* From the configuration: "bad", "red on default bold". -EINVAL with words: there is no such role, colour or word. */
int theme_set(const char *role, const char *look, struct err *e);
void theme_reset(void);

#endif

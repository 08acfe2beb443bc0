/* SPDX-License-Identifier: Apache-2.0 */
/* theme.c - the table of roles. */
#include "tui/theme.h"

#include "vt/vt.h"

#define UNDERLINED (1 << 8)

static const struct theme_style styles[ROLE_COUNT] = {
	[ROLE_TEXT] = { 0, -1 },
	[ROLE_TITLE] = { VT_BOLD, -1 },
	[ROLE_HEAD] = { VT_BOLD, -1 },
	[ROLE_SORTED] = { VT_BOLD | UNDERLINED, -1 },
	[ROLE_HINT] = { 0, -1 },
	[ROLE_KEY] = { VT_BOLD, 6 },
	[ROLE_CURSOR] = { VT_REVERSE, -1 },
	[ROLE_MARK] = { VT_BOLD, 5 },
	[ROLE_OK] = { 0, 2 },
	[ROLE_BUSY] = { 0, 3 },
	[ROLE_WARN] = { VT_BOLD, 3 },
	[ROLE_BAD] = { VT_BOLD, 1 },
	[ROLE_DIM] = { VT_FAINT, -1 },
	[ROLE_FIND] = { UNDERLINED | VT_BOLD, 3 },
	[ROLE_INPUT] = { UNDERLINED, -1 },
	[ROLE_STATUS] = { VT_REVERSE, -1 },
	[ROLE_SOURCE_FIRST] = { 0, 6 },     [ROLE_SOURCE_FIRST + 1] = { 0, 3 }, [ROLE_SOURCE_FIRST + 2] = { 0, 2 },
	[ROLE_SOURCE_FIRST + 3] = { 0, 5 }, [ROLE_SOURCE_FIRST + 4] = { 0, 4 }, [ROLE_SOURCE_LAST] = { 0, 1 },
	[ROLE_GUEST] = { 0, -1 },
};

const struct theme_style *theme_style(enum role role)
{
	return &styles[role];
}

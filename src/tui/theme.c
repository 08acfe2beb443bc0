/* SPDX-License-Identifier: Apache-2.0 */
/* theme.c - the table of roles, and what the user made of it. */
#include "tui/theme.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "vt/vt.h"

#define UNDERLINED (1 << 8)
#define COLOR(n) (VT_COLOR_INDEX | (n))

static const struct theme_style defaults[ROLE_COUNT] = {
	[ROLE_TITLE] = { VT_BOLD, 0, 0 },
	[ROLE_HEAD] = { VT_BOLD, 0, 0 },
	[ROLE_SORTED] = { VT_BOLD | UNDERLINED, 0, 0 },
	[ROLE_KEY] = { VT_BOLD, COLOR(6), 0 },
	[ROLE_CURSOR] = { VT_REVERSE, 0, 0 },
	[ROLE_MARK] = { VT_BOLD, COLOR(5), 0 },
	[ROLE_OK] = { 0, COLOR(2), 0 },
	[ROLE_BUSY] = { 0, COLOR(3), 0 },
	[ROLE_WARN] = { VT_BOLD, COLOR(3), 0 },
	[ROLE_BAD] = { VT_BOLD, COLOR(1), 0 },
	[ROLE_DIM] = { VT_FAINT, 0, 0 },
	[ROLE_FIND] = { UNDERLINED | VT_BOLD, COLOR(3), 0 },
	[ROLE_INPUT] = { UNDERLINED, 0, 0 },
	[ROLE_STATUS] = { VT_REVERSE, 0, 0 },
	[ROLE_SOURCE_FIRST] = { 0, COLOR(6), 0 },
	[ROLE_SOURCE_FIRST + 1] = { 0, COLOR(3), 0 },
	[ROLE_SOURCE_FIRST + 2] = { 0, COLOR(2), 0 },
	[ROLE_SOURCE_FIRST + 3] = { 0, COLOR(5), 0 },
	[ROLE_SOURCE_FIRST + 4] = { 0, COLOR(4), 0 },
	[ROLE_SOURCE_LAST] = { 0, COLOR(1), 0 },
};

/* The looks that are the user's; what the terminal shows is one for the whole program. */
static struct theme_style own[ROLE_COUNT];
static bool is_own[ROLE_COUNT];

const struct theme_style *theme_style(enum role role)
{
	return is_own[role] ? &own[role] : &defaults[role];
}

void theme_reset(void)
{
	memset(is_own, 0, sizeof(is_own));
}

/* --- as it is written */

static const struct {
	const char *name;
	enum role role;
} roles[] = {
	{ "title", ROLE_TITLE }, { "head", ROLE_HEAD }, { "hint", ROLE_HINT }, { "key", ROLE_KEY },   { "cursor", ROLE_CURSOR },
	{ "mark", ROLE_MARK },	 { "ok", ROLE_OK },	{ "busy", ROLE_BUSY }, { "warn", ROLE_WARN }, { "bad", ROLE_BAD },
	{ "dim", ROLE_DIM },	 { "find", ROLE_FIND }, { "input", ROLE_INPUT },
};

static bool is_word(const char *word, const char *p, size_t n)
{
	return strlen(word) == n && memcmp(word, p, n) == 0;
}

static unsigned attr_of(const char *p, size_t n)
{
	static const struct {
		const char *name;
		unsigned attr;
	} attrs[] = { { "bold", VT_BOLD }, { "underline", UNDERLINED }, { "reverse", VT_REVERSE }, { "dim", VT_FAINT } };

	for (size_t i = 0; i < ARRAY_LEN(attrs); i++)
		if (is_word(attrs[i].name, p, n))
			return attrs[i].attr;
	return 0;
}

/* A number of at most digits digits, all of p[0..n). */
static bool parse_digits(const char *p, size_t n, int base, size_t digits, unsigned long *ret)
{
	char text[8], *end;

	if (!n || n > digits || n >= sizeof(text) || strspn(p, base == 16 ? "0123456789abcdefABCDEF" : "0123456789") < n)
		return false;
	memcpy(text, p, n);
	text[n] = 0;
	*ret = strtoul(text, &end, base);
	return !*end;
}

static bool parse_color(const char *p, size_t n, uint32_t *ret)
{
	static const char *const names[] = { "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white" };
	static const char bright[] = "bright-";
	size_t skip = n > sizeof(bright) - 1 && memcmp(p, bright, sizeof(bright) - 1) == 0 ? sizeof(bright) - 1 : 0;
	unsigned long v;

	*ret = VT_COLOR_DEFAULT;
	if (is_word("default", p, n))
		return true;
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (is_word(names[i], p + skip, n - skip)) {
			*ret = COLOR(i + (skip ? 8 : 0));
			return true;
		}
	if (n == 7 && *p == '#' && parse_digits(p + 1, 6, 16, 6, &v)) {
		*ret = VT_COLOR_RGB | (uint32_t)v;
		return true;
	}
	if (!parse_digits(p, n, 10, 3, &v) || v > 255)
		return false;
	*ret = COLOR((uint32_t)v);
	return true;
}

/* "red on black bold": a colour, perhaps another behind "on", then what else. */
static int parse_look(const char *look, struct theme_style *ret, struct err *e)
{
	enum { FOREGROUND, ANY, BACKGROUND, REST } want = FOREGROUND;

	*ret = (struct theme_style){ 0 };
	for (const char *p = look + strspn(look, " \t"); *p;) {
		size_t n = strcspn(p, " \t");
		unsigned attr = attr_of(p, n);

		if (want == FOREGROUND || want == BACKGROUND) {
			if (!parse_color(p, n, want == FOREGROUND ? &ret->fg : &ret->bg))
				return err_set(e, -EINVAL, "'%.*s' is no colour: a name as red or bright-red, 0 to 255, #rrggbb, default",
					       (int)n, p);
			want = want == FOREGROUND ? ANY : REST;
		} else if (want == ANY && is_word("on", p, n)) {
			want = BACKGROUND;
		} else if (attr) {
			ret->attr |= attr;
			want = REST;
		} else {
			return err_set(e, -EINVAL, "'%.*s' is none of bold, underline, reverse, dim", (int)n, p);
		}
		p += n;
		p += strspn(p, " \t");
	}
	if (want == FOREGROUND || want == BACKGROUND)
		return err_set(e, -EINVAL, "a colour is missing at the end of '%s'", look);
	return 0;
}

static void give(enum role role, const struct theme_style *s)
{
	own[role] = *s;
	is_own[role] = true;
}

int theme_set(const char *name, const char *look, struct err *e)
{
	struct theme_style s;

	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		int rc;

		if (strcmp(roles[i].name, name) != 0)
			continue;
		rc = parse_look(look, &s, e);
		if (rc < 0)
			return rc;
		give(roles[i].role, &s);
		if (roles[i].role == ROLE_HEAD) {
			s.attr |= UNDERLINED; /* the sorted one must still be told apart */
			give(ROLE_SORTED, &s);
		}
		return 0;
	}
	return err_set(e, -EINVAL, "there is no part '%s' of the screen: title, head, hint, key, cursor, mark, ok, busy, warn, bad, "
				   "dim, find or input", name);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* gen-width.c - writes width-table.h from the C library's wcwidth() in a UTF-8 locale.
 *
 * Run by hand when a newer Unicode is wanted (make update-vt-width); the result is kept in the tree, so
 * that each build counts columns alike. */
#define _GNU_SOURCE
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <wchar.h>

#include <gnu/libc-version.h>

/* Variation selectors, joiners, marks of direction and tags: not shown, and never stored. */
static bool dropped(unsigned cp)
{
	static const struct {
		unsigned first, last;
	} list[] = {
		{ 0x034f, 0x034f }, { 0x061c, 0x061c }, { 0x180b, 0x180f }, { 0x200b, 0x200f },
		{ 0x202a, 0x202e }, { 0x2060, 0x206f }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (cp >= list[i].first && cp <= list[i].last)
			return true;
	return false;
}

static int width(unsigned cp)
{
	int w = wcwidth((wchar_t)cp);

	if (dropped(cp))
		return 3;
	return w < 0 ? 1 : w; /* unassigned: a terminal shows one replacement */
}

int main(void)
{
	unsigned first = 0x300;

	if (!setlocale(LC_CTYPE, "C.UTF-8")) {
		fputs("gen-width: there is no locale C.UTF-8\n", stderr);
		return 1;
	}
	for (unsigned cp = 0xa0; cp < 0x300; cp++)
		if (width(cp) != 1) {
			fprintf(stderr, "gen-width: U+%04X is not of width 1\n", cp);
			return 1;
		}
	printf("/* SPDX-License-Identifier: Apache-2.0 */\n"
	       "/* Written by gen-width.c from glibc %s; not to be edited. Code points whose width is not 1;\n"
	       " * width 3 stands for: none, and dropped. */\n",
	       gnu_get_libc_version());
	for (unsigned cp = 0x301; cp <= 0x110000; cp++) {
		if (cp < 0x110000 && width(cp) == width(first))
			continue;
		if (width(first) != 1)
			printf("{ 0x%05x, 0x%05x, %d },\n", first, cp - 1, width(first));
		first = cp;
	}
	return 0;
}

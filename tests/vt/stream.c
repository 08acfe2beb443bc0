/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - random streams: text of all widths, sequences with small numbers, broken ones, bare bytes. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "vt/compare.h"

uint32_t rng_next(struct rng *r, uint32_t below)
{
	r->s = r->s * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(((r->s >> 33) * (uint64_t)below) >> 31);
}

static const char *const words[] = {
	"hello world ", "a", "0123456789abcdefghijklmnopqrstuvwxyz", "\xc3\xa9t\xc3\xa9", "\xe6\xbc\xa2\xe5\xad\x97",
	"e\xcc\x81", "\xf0\x9f\x98\x80", "\xe2\x94\x80\xe2\x94\x82", "\r\n", "\r\n", "\r\n", "\r\n\r\n", "\t",
};

/* What is rarer. Other terminals do not know all of it: see known-differences.tsv. */
static const char *const extras[] = {
	"\b", "\n", "\x0e", "\x0f", "\033(0", "\033(B", "\033)0", "\033n", "\033N", "\0337", "\0338", "\033E", "\033D",
	"\033H", "\033#8", "\033[!p", "\033[?5h", "\033[?5l", "\033[?7l", "\033[?7h", "\033[?7h", "\033[4h", "\033[4l",
	"\033[4l", "\033[20h", "\033[20l", "\033[?6h", "\033[?6l", "\033[?45h", "\033[?1049h", "\033[?1049l", "\033[?47h",
	"\033[?47l", "\033[?1047h", "\033[?1047l", "\033[?1048h", "\033[?1h", "\033[?66h", "\033=", "\033>", "\033[?1000h",
	"\033[?1006h", "\033[?1003l", "\033[?2004h", "\033[?2026h", "\033[?2026l", "\033[>4;2m", "\033[>1u", "\033[<u",
	"\033[2 q", "\033[5 q", "\033[1\"q", "\033[0\"q", "\033[?J", "\033[?1K", "\033[3J", "\033[c", "\033[6n",
	"\033]0;a title\007", "\033]2;\xc3\xa9\033\\", "\033[22t", "\033[23t", "\033]8;;http://a/b\033\\",
	"\033]8;id=x;http://c\007", "\033]8;;\033\\", "\033]4;1;#123456\007", "\033]4;1;?\007", "\033]104\007",
	"\033]11;rgb:1/2/3\007", "\033]52;c;aGk=\007", "\033]52;c;?\007", "\033P$qm\033\\", "\033P1;2q#1~~\033\\", "\033_x\033\\",
	"\033^x\033\\", "\302\2335n", "\302\205", "\xff", "\xe2\x94", "\x9b", "\033[38:2::1:2:3m", "\033[58;5;3m", "\033[4:3m",
	"\033[53m", "\033[59m", "\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23;24;25;26;27;28;29;30;31;32;33m",
	"\033[?1;2;25;9999h", "\033[5i", "\005", "\007", "\x18", "\033[\x18", "\033[3\n4m", "\033[1\033[2m", "\033]7;file:///x\007",
	"\xe2\x80\x8d", "\xef\xb8\x8f", "\xcc\x81", "\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x87", "\033c", "\033[I", "\033[2Z",
	"\033[g", "\033[3g", "\033[?12l", "\033[7;1H", "x\033[5b", "\xe6\xbc\xa2\033[2b",
};

static int number(struct rng *r, int max)
{
	return rng_next(r, 8) ? 1 + (int)rng_next(r, max) : rng_next(r, 4) ? 0 : 30000;
}

static int sgr(struct rng *r, char *s, size_t n)
{
	static const uint8_t simple[] = { 0, 0, 1, 2, 3, 4, 5, 7, 8, 9, 22, 23, 24, 25, 27, 28, 29, 39, 49 };

	switch (rng_next(r, 5)) {
	case 0:
		return snprintf(s, n, "\033[38;5;%um", rng_next(r, 256));
	case 1:
		return snprintf(s, n, "\033[48;2;%u;%u;%um", rng_next(r, 256), rng_next(r, 256), rng_next(r, 256));
	case 2:
		return snprintf(s, n, "\033[%u;%um", 30 + rng_next(r, 8), 100 + rng_next(r, 8));
	default:
		return snprintf(s, n, "\033[%d;%um", simple[rng_next(r, sizeof(simple))], 40 + rng_next(r, 10));
	}
}

static int piece(struct rng *r, int rows, int cols, char *s, size_t n)
{
	static const char counted[] = "ABCDEFGIJKLMPSTXZ@Jdaebf";
	char final;

	switch (rng_next(r, 8)) {
	case 0:
	case 1:
	case 2:
		return snprintf(s, n, "%s", words[rng_next(r, ARRAY_LEN(words))]);
	case 3:
		return sgr(r, s, n);
	case 4:
		return snprintf(s, n, "\033[%d;%dH", number(r, rows), number(r, cols));
	case 5:
		final = counted[rng_next(r, sizeof(counted) - 1)];
		if (final == 'K' || final == 'J')
			return snprintf(s, n, "\033[%u%c", rng_next(r, 3), final);
		return snprintf(s, n, "\033[%d%c", number(r, rng_next(r, 2) ? rows : cols), final);
	case 6:
		return snprintf(s, n, "%s", extras[rng_next(r, ARRAY_LEN(extras))]);
	default:
		if (rng_next(r, 3))
			return snprintf(s, n, "\033[%d;%dr", number(r, rows), number(r, rows));
		return snprintf(s, n, "%s", rng_next(r, 2) ? "\033M" : "\033[r");
	}
}

size_t stream_random(struct rng *r, int rows, int cols, uint8_t *p, size_t n)
{
	size_t len = 0;

	for (;;) {
		char s[256];
		int k = piece(r, rows, cols, s, sizeof(s));

		if (len + k > n)
			return len;
		memcpy(p + len, s, k);
		len += k;
	}
}

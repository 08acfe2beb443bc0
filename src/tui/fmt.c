/* SPDX-License-Identifier: Apache-2.0 */
/* fmt.c - times and sizes for people. */
#include "tui/fmt.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/str.h"

#define SECOND 1000000000ll

void fmt_span(int64_t ns, char ret[static FMT_MAX])
{
	long long s = ns > 0 ? ns / SECOND : 0;

	if (s < 60)
		snprintf(ret, FMT_MAX, "%llds", s);
	else if (s < 3600)
		snprintf(ret, FMT_MAX, "%lldm", s / 60);
	else if (s < 10 * 3600 && s / 60 % 60)
		snprintf(ret, FMT_MAX, "%lldh%lldm", s / 3600, s / 60 % 60);
	else if (s < 86400)
		snprintf(ret, FMT_MAX, "%lldh", s / 3600);
	else if (s < 10 * 86400 && s / 3600 % 24)
		snprintf(ret, FMT_MAX, "%lldd%lldh", s / 86400, s / 3600 % 24);
	else
		snprintf(ret, FMT_MAX, "%lldd", s / 86400);
}

static void local(int64_t ns, const char *fmt, char ret[static FMT_MAX])
{
	time_t t = ns / SECOND;
	struct tm tm;

	if (!localtime_r(&t, &tm) || strftime(ret, FMT_MAX, fmt, &tm) == 0)
		snprintf(ret, FMT_MAX, "?");
}

void fmt_clock(int64_t ns, char ret[static FMT_MAX])
{
	local(ns, "%H:%M", ret);
}

void fmt_clock_s(int64_t ns, char ret[static FMT_MAX])
{
	local(ns, "%H:%M:%S", ret);
}

void fmt_clock_ms(int64_t ns, char ret[static FMT_MAX])
{
	char at[FMT_MAX];

	local(ns, "%H:%M:%S", at);
	snprintf(ret, FMT_MAX, "%.12s.%03d", at, (int)(ns / 1000000 % 1000));
}

void fmt_iso_ms(int64_t ns, char ret[static FMT_MAX])
{
	char at[FMT_MAX];

	local(ns, "%Y-%m-%dT%H:%M:%S", at);
	snprintf(ret, FMT_MAX, "%.19s.%03u", at, (unsigned)(ns / 1000000 % 1000) % 1000);
}

void fmt_date(int64_t ns, char ret[static FMT_MAX])
{
	local(ns, "%d %b %H:%M:%S", ret);
}

void fmt_size(uint64_t bytes, char ret[static FMT_MAX])
{
	char text[8];

	if (!bytes) {
		snprintf(ret, FMT_MAX, "-");
		return;
	}
	str_size(bytes, text);
	snprintf(ret, FMT_MAX, "%s", text);
}

void fmt_size_fine(uint64_t bytes, char ret[static FMT_MAX])
{
	static const char units[] = "BKMGTPE";
	double v = (double)bytes;
	int u = 0;

	for (; v >= 999.5 && u < 6; u++)
		v /= 1024;
	snprintf(ret, FMT_MAX, u && v < 99.95 ? "%.1f%c" : "%.0f%c", v, units[u]);
}

void fmt_took(int64_t ms, char ret[static FMT_MAX])
{
	if (ms < 1000)
		snprintf(ret, FMT_MAX, "%.1f s", (double)ms / 1000);
	else if (ms < 100000)
		snprintf(ret, FMT_MAX, "%.1f s", (double)ms / 1000);
	else
		fmt_span(ms * 1000000, ret);
}

void fmt_bar(uint64_t done, uint64_t total, int width, char *ret, size_t max)
{
	int inner = width - 2;
	int full = total ? (int)((double)(done < total ? done : total) / (double)total * inner + 0.5) : 0;

	if (inner < 1 || (size_t)width >= max) {
		*ret = 0;
		return;
	}
	if (full >= inner && done < total)
		full = inner - 1; /* full is what is done */
	ret[0] = '[';
	memset(ret + 1, '#', (size_t)full);
	memset(ret + 1 + full, '-', (size_t)(inner - full));
	ret[1 + inner] = ']';
	ret[2 + inner] = 0;
}

void fmt_short(const char *digest, char ret[static FMT_MAX])
{
	const char *hex = digest ? strchr(digest, ':') : NULL;

	snprintf(ret, FMT_MAX, "%.12s", hex ? hex + 1 : digest ? digest : "-");
}

void fmt_digest(const char *digest, char ret[static FMT_MAX])
{
	const char *hex = digest ? strchr(digest, ':') : NULL;

	if (hex)
		snprintf(ret, FMT_MAX, "%.*s:%.12s", (int)MIN(hex - digest, 9), digest, hex + 1);
	else
		fmt_short(digest, ret);
}

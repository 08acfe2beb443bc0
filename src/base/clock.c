/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - time, monotonic and of the day. */
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NSEC 1000000000ll
#define NSEC_U 1000000000u

static int64_t now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * NSEC + t.tv_nsec;
}

int64_t clock_mono_ns(void)
{
	return now(CLOCK_MONOTONIC);
}

int64_t clock_real_ns(void)
{
	return now(CLOCK_REALTIME);
}

void clock_rfc3339(int64_t real_ns, char ret[static CLOCK_RFC3339_MAX])
{
	int64_t sec = real_ns / NSEC, ns = real_ns % NSEC;
	time_t t;
	struct tm tm = { 0 };
	size_t n;

	if (ns < 0) {
		ns += NSEC;
		sec--;
	}
	t = (time_t)sec;
	gmtime_r(&t, &tm);
	/* At least 10 bytes are free behind what a sane clock gives. */
	n = strftime(ret, CLOCK_RFC3339_MAX - 11, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + n, CLOCK_RFC3339_MAX - n, ".%09uZ", (unsigned)ns % NSEC_U);
}

int clock_parse_rfc3339(const char *s, int64_t *ret_ns)
{
	struct tm tm = { 0 };
	int used = 0, off_h = 0, off_m = 0;
	int64_t ns = 0, unit = NSEC / 10, sec;
	char sign[2];

	if (sscanf(s, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		   &tm.tm_min, &tm.tm_sec, &used) != 6 || !used)
		return -EINVAL;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour < 0 ||
	    tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
		return -EINVAL;
	s += used;
	if (*s == '.') {
		for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
			ns += (*s - '0') * unit;
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	sec = timegm(&tm);
	if ((*s == 'Z' || *s == 'z') && !s[1]) {
		*ret_ns = sec * NSEC + ns;
		return 0;
	}
	used = 0;
	if (sscanf(s, "%1[+-]%2d:%2d%n", sign, &off_h, &off_m, &used) != 3 || !used || s[used])
		return -EINVAL;
	sec -= (*s == '-' ? -1 : 1) * (off_h * 3600 + off_m * 60);
	*ret_ns = sec * NSEC + ns;
	return 0;
}

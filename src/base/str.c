/* SPDX-License-Identifier: Apache-2.0 */
/* str.c - strings: hex, sizes, durations, and text from outside made safe to show. */
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

void str_hex(const void *p, size_t n, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++) {
		*ret++ = digits[b[i] >> 4];
		*ret++ = digits[b[i] & 15];
	}
	*ret = 0;
}

bool str_is_hex(const char *s, size_t len)
{
	return strspn(s, "0123456789abcdef") == len && !s[len];
}

int str_parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -ERANGE;
	}
	if (v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int str_parse_size(const char *s, uint64_t *ret, struct err *e)
{
	static const char units[] = "bkmgtp";
	char *end = NULL;
	double v;
	uint64_t mul = 1;

	if (!isdigit((unsigned char)*s))
		return err_set(e, -EINVAL, "'%s' is not a size, as in 512m or 8G", s);
	v = strtod(s, &end);
	if (*end) {
		const char *u = strchr(units, tolower((unsigned char)*end));

		if (!u)
			return err_set(e, -EINVAL, "'%s' is not a size, as in 512m or 8G", s);
		mul = 1ull << (10 * (u - units));
		end++;
		if (mul > 1 && (*end == 'i' || *end == 'I'))
			end++;
		if (mul > 1 && (*end == 'b' || *end == 'B'))
			end++;
	}
	if (*end)
		return err_set(e, -EINVAL, "'%s' is not a size, as in 512m or 8G", s);
	if (v * (double)mul >= 9.2e18)
		return err_set(e, -ERANGE, "size '%s' is too large", s);
	*ret = (uint64_t)(v * (double)mul);
	return 0;
}

int str_parse_duration(const char *s, int64_t *ret_ms, struct err *e)
{
	const char *p = s;
	double total = 0;

	do {
		char *end;
		double v, mul = 1000;

		if (!isdigit((unsigned char)*p))
			return err_set(e, -EINVAL, "'%s' is not a duration, as in 10s or 1m30s", s);
		v = strtod(p, &end);
		if (str_starts(end, "ms"))
			mul = 1, end += 2;
		else if (*end == 's')
			end++;
		else if (*end == 'm')
			mul = 60e3, end++;
		else if (*end == 'h')
			mul = 3600e3, end++;
		else if (*end == 'd')
			mul = 24 * 3600e3, end++;
		else if (*end)
			return err_set(e, -EINVAL, "'%s' is not a duration, as in 10s or 1m30s", s);
		total += v * mul;
		p = end;
	} while (*p);
	if (total > 9e15)
		return err_set(e, -ERANGE, "duration '%s' is too long", s);
	*ret_ms = (int64_t)total;
	return 0;
}

void str_size(uint64_t bytes, char ret[static 8])
{
	static const char units[] = "BKMGTPE";
	double v = (double)bytes;
	int u = 0;

	while (v >= 999.5 && units[u + 1]) {
		v /= 1024;
		u++;
	}
	if (u && v < 9.95)
		snprintf(ret, 8, "%.1f%c", v, units[u]);
	else
		snprintf(ret, 8, "%.0f%c", v, units[u]);
}

/* Length of the UTF-8 sequence at p and its value; 0 if it is broken. */
static size_t utf8_next(const uint8_t *p, size_t n, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;

	if (!len || len > n || p[0] >= 0xf5)
		return 0;
	*cp = len == 1 ? p[0] : p[0] & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3f);
	}
	if (*cp < least[len] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000))
		return 0;
	return len;
}

static bool is_bidi(uint32_t cp)
{
	return cp == 0x61c || (cp >= 0x200e && cp <= 0x200f) || (cp >= 0x202a && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

bool str_is_utf8(const char *s)
{
	const uint8_t *p = (const uint8_t *)s;
	uint32_t cp;

	for (size_t n = strlen(s), len; n; p += len, n -= len)
		if (!(len = utf8_next(p, n, &cp)))
			return false;
	return true;
}

int str_add_clean(struct buf *b, const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s;
	int rc = 0;

	while (n && rc == 0) {
		uint32_t cp = 0;
		size_t len = utf8_next(p, n, &cp);

		if (!len) {
			rc = buf_addf(b, "<%02x>", *p);
			len = 1;
		} else if (cp < 0x20 || cp == 0x7f) {
			rc = buf_addf(b, "^%c", cp ^ 0x40);
		} else if (cp >= 0x80 && cp < 0xa0) {
			rc = buf_addf(b, "<%02x>", cp);
		} else if (is_bidi(cp)) {
			rc = buf_addf(b, "<U+%04X>", cp);
		} else {
			rc = buf_add(b, p, len);
		}
		p += len;
		n -= len;
	}
	return rc;
}

size_t strv_len(const char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

char **strv_copy(const char *const *v)
{
	size_t n = strv_len(v);
	char **r = calloc(n + 1, sizeof(*r));

	for (size_t i = 0; r && i < n; i++) {
		r[i] = strdup(v[i]);
		if (!r[i]) {
			strv_free(r);
			return NULL;
		}
	}
	return r;
}

void strv_free(char **v)
{
	for (char **p = v; p && *p; p++)
		free(*p);
	free(v);
}

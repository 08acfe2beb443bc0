/* SPDX-License-Identifier: Apache-2.0 */
/* squeeze.c - SGR sequences made fewer. */
#include "tui/squeeze.h"

#include <errno.h>

#define PARAMS_MAX 48

/* What neighbouring sequences come to. */
struct run {
	unsigned param[PARAMS_MAX];
	int n;
	bool reset, any;
};

static int flush(struct run *r, struct buf *out)
{
	int rc = r->any ? buf_adds(out, "\033[") : 0;

	if (r->any && r->reset && r->n)
		rc = rc ?: buf_addc(out, '0');
	for (int i = 0; i < r->n; i++)
		rc = rc ?: buf_addf(out, "%s%u", i || r->reset ? ";" : "", r->param[i]);
	if (r->any)
		rc = rc ?: buf_addc(out, 'm');
	*r = (struct run){ 0 };
	return rc;
}

/* How many of the values at v belong to a colour of 38, 48 or 58; 1: it is none. 0: it is not whole, so that what stands
 * behind it would be taken for its values. */
static int length_of(const unsigned *v, int n)
{
	int len;

	if (v[0] != 38 && v[0] != 48 && v[0] != 58)
		return 1;
	len = n < 2 ? 0 : v[1] == 5 ? 3 : v[1] == 2 ? 5 : 0;
	return len <= n ? len : 0;
}

static bool is_whole(const unsigned *v, int n)
{
	int len = 1;

	for (int i = 0; i < n && len; i += len)
		len = length_of(v + i, n - i);
	return len > 0;
}

static void add(struct run *r, const unsigned *v, int n)
{
	for (int i = 0, len; i < n; i += len) {
		len = length_of(v + i, n - i);
		if (v[i] == 0) {
			r->n = 0;
			r->reset = true;
			continue;
		}
		for (int k = 0; k < len; k++)
			r->param[r->n++] = v[i + k];
	}
	r->any = true;
}

/* The values of an SGR sequence at p[0..n) and, as the result, its bytes; 0: it is another one. */
static size_t parse(const char *p, size_t n, unsigned *v, int *ret)
{
	size_t i = 2;

	if (n < 3 || p[0] != '\033' || p[1] != '[')
		return 0;
	*ret = 1;
	v[0] = 0;
	for (; i < n && p[i] != 'm'; i++) {
		if (p[i] == ';') {
			if (*ret == PARAMS_MAX / 2)
				return 0;
			v[(*ret)++] = 0;
		} else if (p[i] >= '0' && p[i] <= '9' && v[*ret - 1] < 100000) {
			v[*ret - 1] = v[*ret - 1] * 10 + (unsigned)(p[i] - '0');
		} else {
			return 0;
		}
	}
	return i < n && is_whole(v, *ret) ? i + 1 : 0;
}

int squeeze(const void *from, size_t n, bool drop_charset, struct buf *out)
{
	struct run run = { 0 };
	const char *p = from;
	int rc = 0;

	while (n && rc == 0) {
		unsigned v[PARAMS_MAX / 2];
		int count;
		size_t used = parse(p, n, v, &count);

		if (used) {
			if (run.n + count > PARAMS_MAX)
				rc = flush(&run, out);
			add(&run, v, count);
		} else if (drop_charset && n >= 3 && p[0] == '\033' && p[1] == '(' && p[2] == 'B') {
			used = 3;
		} else if (drop_charset && *p == '\017') {
			used = 1;
		} else {
			rc = flush(&run, out);
			rc = rc ?: buf_addc(out, *p);
			used = 1;
		}
		p += used;
		n -= used;
	}
	return rc ?: flush(&run, out);
}

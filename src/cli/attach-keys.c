/* SPDX-License-Identifier: Apache-2.0 */
/* attach-keys.c - the keys that detach. */
#include "cli/attach-keys.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

/* One key's word: "a", "ctrl-x" or "^x" with x of a-z @ [ \ ] ^ _. */
static int parse_key(const char *p, size_t n, char *ret)
{
	if (n == 1) {
		*ret = *p;
		return 0;
	}
	if ((n == 6 && strncasecmp(p, "ctrl-", 5) == 0) || (n == 2 && *p == '^')) {
		char c = (char)toupper((unsigned char)p[n - 1]);

		if (c < '@' || c > '_')
			return -EINVAL;
		*ret = (char)(c & 0x1f);
		return 0;
	}
	return -EINVAL;
}

int attach_keys_init(struct attach_keys *k, const char *spec)
{
	*k = (struct attach_keys){ 0 };
	if (!spec)
		spec = "ctrl-p,ctrl-q";
	while (*spec) {
		size_t len = strcspn(spec, ", ");

		if (k->n == ATTACH_KEYS_MAX || parse_key(spec, len, &k->seq[k->n++]) < 0)
			return -EINVAL;
		spec += len + (spec[len] != 0);
	}
	return 0;
}

size_t attach_keys_release(struct attach_keys *k, char *p, size_t max)
{
	size_t n = k->held < max ? k->held : max;

	memcpy(p, k->seq, n);
	k->held = 0;
	return n;
}

size_t attach_keys_feed(struct attach_keys *k, char *p, size_t n, size_t max)
{
	size_t out = 0;

	for (size_t i = 0; i < n && !k->detached; i++) {
		char c = p[i];

		if (k->n && c == k->seq[k->held]) {
			if (++k->held == k->n) {
				k->detached = true;
				k->held = 0;
			}
			continue;
		}
		if (k->held) {
			size_t held = k->held;

			/* What was held goes first; the bytes behind it make room. */
			if (n + held > max)
				return out;
			memmove(p + i + held, p + i, n - i);
			n += held;
			memcpy(p + out, k->seq, held);
			out += held;
			i += held;
			k->held = 0;
			if (k->n && c == k->seq[0]) {
				k->held = 1;
				continue;
			}
		}
		p[out++] = c;
	}
	return out;
}

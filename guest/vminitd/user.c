/* SPDX-License-Identifier: Apache-2.0 */
/* user.c - names to numbers, by a container's own files. */
#include "user.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

struct field {
	const char *p;
	size_t n;
};

/* Splits the next line into up to max fields at ':'. Returns their number, 0 at the end of the text. */
static size_t next_line(const char **text, struct field *f, size_t max)
{
	const char *end, *p = *text;
	size_t n = 0;

	if (!*p)
		return 0;
	end = p + strcspn(p, "\n");
	*text = *end ? end + 1 : end;
	for (;;) {
		const char *stop = n + 1 < max ? memchr(p, ':', (size_t)(end - p)) : NULL;

		f[n].p = p;
		f[n++].n = (size_t)((stop ? stop : end) - p);
		if (!stop)
			return n;
		p = stop + 1;
	}
}

static bool same(struct field f, const char *s, size_t n)
{
	return f.n == n && memcmp(f.p, s, n) == 0;
}

static int number(const char *p, size_t n, uint32_t *ret)
{
	char text[16];
	uint64_t v;

	if (!n || n >= sizeof(text))
		return -EINVAL;
	memcpy(text, p, n);
	text[n] = 0;
	if (str_parse_u64(text, UINT32_MAX - 1, &v) < 0)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

static void set_home(struct field f, char *ret, size_t size)
{
	if (f.n && f.n < size && *f.p == '/') {
		memcpy(ret, f.p, f.n);
		ret[f.n] = 0;
	}
}

/* The line of passwd whose name, or else whose number, is the word. */
static bool find_passwd(const char *passwd, const char *word, size_t n, struct field *name, struct vi_user *u)
{
	uint32_t id, want = 0;
	bool numeric = number(word, n, &want) == 0;

	for (int by_number = 0; by_number <= numeric; by_number++) {
		struct field f[7];
		size_t nf;

		for (const char *p = passwd; (nf = next_line(&p, f, 7));) {
			if (nf < 4 || !f[0].n || number(f[2].p, f[2].n, &id) < 0)
				continue;
			if (by_number ? id != want : !same(f[0], word, n))
				continue;
			if (number(f[3].p, f[3].n, &u->gid) < 0)
				continue;
			u->uid = id;
			*name = f[0];
			if (nf > 5)
				set_home(f[5], u->home, sizeof(u->home));
			return true;
		}
	}
	return false;
}

static bool find_group(const char *group, const char *word, size_t n, gid_t *ret)
{
	uint32_t want, id;
	struct field f[4];
	size_t nf;

	for (const char *p = group; (nf = next_line(&p, f, 4));) {
		if (nf >= 3 && f[0].n && same(f[0], word, n) && number(f[2].p, f[2].n, &id) == 0) {
			*ret = id;
			return true;
		}
	}
	if (number(word, n, &want) < 0)
		return false;
	*ret = want;
	return true;
}

static bool is_member(struct field list, struct field name)
{
	while (list.n) {
		const char *comma = memchr(list.p, ',', list.n);
		size_t n = comma ? (size_t)(comma - list.p) : list.n;

		if (same(name, list.p, n))
			return true;
		n += comma != NULL;
		list.p += n;
		list.n -= n;
	}
	return false;
}

static void add_groups(const char *group, struct field name, struct vi_user *u)
{
	struct field f[4];
	uint32_t id;
	size_t nf;

	for (const char *p = group; (nf = next_line(&p, f, 4)) && u->ngroups < VI_GROUPS_MAX;)
		if (nf == 4 && is_member(f[3], name) && number(f[2].p, f[2].n, &id) == 0)
			u->groups[u->ngroups++] = id;
}

int vi_user_resolve(const char *word, const char *passwd, const char *group, struct vi_user *ret, struct err *e)
{
	const char *colon = strchr(word, ':');
	size_t n = colon ? (size_t)(colon - word) : strlen(word);
	struct field name = { 0 };
	bool found = false;

	memset(ret, 0, sizeof(*ret));
	if (!n) {
		word = "0";
		found = find_passwd(passwd, word, 1, &name, ret);
	} else {
		found = find_passwd(passwd, word, n, &name, ret);
		if (!found && number(word, n, &ret->uid) < 0)
			return err_set(e, -EINVAL, "no user '%.*s' in the container's /etc/passwd", (int)n, word);
	}
	if (colon && colon[1]) {
		if (!find_group(group, colon + 1, strlen(colon + 1), &ret->gid))
			return err_set(e, -EINVAL, "no group '%s' in the container's /etc/group", colon + 1);
	} else if (found) {
		add_groups(group, name, ret);
	}
	return 0;
}

void vi_user_home(uid_t uid, const char *passwd, char *ret, size_t size)
{
	struct field f[7];
	uint32_t id;
	size_t nf;

	*ret = 0;
	for (const char *p = passwd; (nf = next_line(&p, f, 7));) {
		if (nf > 5 && number(f[2].p, f[2].n, &id) == 0 && id == uid) {
			set_home(f[5], ret, size);
			return;
		}
	}
}

void vi_user_name(uid_t uid, const char *passwd, char *ret, size_t size)
{
	struct field f[7];
	uint32_t id;
	size_t nf;

	for (const char *p = passwd; (nf = next_line(&p, f, 7));)
		if (nf > 2 && f[0].n && number(f[2].p, f[2].n, &id) == 0 && id == uid) {
			snprintf(ret, size, "%.*s", (int)MIN(f[0].n, size), f[0].p);
			return;
		}
	snprintf(ret, size, "%u", uid);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tar.c - ustar headers and what stands before them. POSIX.1-2017, pax; GNU tar's manual, "Basic Tar Format". */
#include "base/tar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/tar-entry.h"

/* What PAX and GNU headers say of the member that follows. */
struct over {
	bool has_name, has_link, has_size, has_uid, has_gid, has_mtime, sparse;
	uint64_t size, uid, gid;
	int64_t mtime;
	uint32_t mtime_nsec;
};

static int no_tar(struct err *e, const char *why)
{
	return err_set(e, -EBADMSG, "no tar archive: %s", why);
}

/* --- numbers */

static int64_t octal(const char *p, size_t n)
{
	uint64_t v = 0;
	size_t i = 0;

	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
		if (v >> 60)
			return -1;
		v = v * 8 + (uint64_t)(p[i] - '0');
	}
	return i == n || p[i] == 0 || p[i] == ' ' ? (int64_t)v : -1;
}

/* Octal, or base-256 with the first bit set. -1 for what is neither, or negative. */
static int64_t number(const char *p, size_t n)
{
	uint64_t v;

	if (!((uint8_t)p[0] & 0x80))
		return octal(p, n);
	if ((uint8_t)p[0] & 0x7f)
		return -1;
	v = 0;
	for (size_t i = 1; i < n; i++) {
		if (v >> 55)
			return -1;
		v = v << 8 | (uint8_t)p[i];
	}
	return (int64_t)v;
}

unsigned tar_checksum(const struct tar_raw *h)
{
	const uint8_t *p = (const uint8_t *)h;
	unsigned sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= offsetof(struct tar_raw, sum) && i < offsetof(struct tar_raw, type) ? ' ' : p[i];
	return sum;
}

static bool all_zero(const struct tar_raw *h)
{
	static const uint8_t zeros[TAR_BLOCK];

	return memcmp(h, zeros, TAR_BLOCK) == 0;
}

/* --- records of PAX: "LENGTH KEY=VALUE\n" */

static int take_text(const char *value, size_t n, char ret[static TAR_NAME_MAX + 1], struct err *e)
{
	if (n > TAR_NAME_MAX)
		return err_set(e, -EFBIG, "a name in the archive is longer than %d bytes", TAR_NAME_MAX);
	if (memchr(value, 0, n))
		return no_tar(e, "a name with a NUL");
	memcpy(ret, value, n);
	ret[n] = 0;
	return 0;
}

static int take_number(const char *value, size_t n, uint64_t max, uint64_t *ret, struct err *e)
{
	char digits[24];

	if (n >= sizeof(digits))
		return no_tar(e, "a number that is none");
	memcpy(digits, value, n);
	digits[n] = 0;
	return str_parse_u64(digits, max, ret) < 0 ? no_tar(e, "a number that is none") : 0;
}

/* "-1.5": a second and a half before 1970, which is second -2 and half of it. */
static int take_time(const char *value, size_t n, struct over *o, struct err *e)
{
	bool minus = n && *value == '-';
	const char *dot = memchr(value, '.', n), *end = value + n;
	uint64_t sec = 0, nsec = 0, unit = 100000000;
	int rc;

	value += minus;
	if (value == end || dot == value)
		return no_tar(e, "a time that is none");
	rc = take_number(value, (size_t)((dot ? dot : end) - value), INT64_MAX / 4, &sec, e);
	for (const char *p = dot ? dot + 1 : end; rc == 0 && p < end; p++, unit /= 10) {
		if (*p < '0' || *p > '9')
			return no_tar(e, "a time that is none");
		nsec += (uint64_t)(*p - '0') * unit;
	}
	o->has_mtime = true;
	o->mtime = minus ? -(int64_t)sec - (nsec != 0) : (int64_t)sec;
	o->mtime_nsec = (uint32_t)(minus && nsec ? 1000000000 - nsec : nsec);
	return rc;
}

/* What is no name and no size. */
static int take_attr(const char *key, size_t nkey, const char *value, size_t n, struct over *o, struct err *e)
{
	if (nkey == 3 && memcmp(key, "uid", 3) == 0) {
		o->has_uid = true;
		return take_number(value, n, UINT32_MAX, &o->uid, e);
	}
	if (nkey == 3 && memcmp(key, "gid", 3) == 0) {
		o->has_gid = true;
		return take_number(value, n, UINT32_MAX, &o->gid, e);
	}
	if (nkey == 5 && memcmp(key, "mtime", 5) == 0)
		return take_time(value, n, o, e);
	o->sparse = o->sparse || (nkey > 11 && memcmp(key, "GNU.sparse.", 11) == 0);
	return 0;
}

static int take_record(const char *key, size_t nkey, const char *value, size_t n, bool attrs, struct over *o,
		       struct tar_member *m, struct err *e)
{
	if (nkey == 4 && memcmp(key, "path", 4) == 0) {
		o->has_name = true;
		return take_text(value, n, m->name, e);
	}
	if (nkey == 8 && memcmp(key, "linkpath", 8) == 0) {
		o->has_link = true;
		return take_text(value, n, m->link, e);
	}
	if (nkey == 4 && memcmp(key, "size", 4) == 0) {
		o->has_size = true;
		return take_number(value, n, INT64_MAX, &o->size, e);
	}
	return attrs ? take_attr(key, nkey, value, n, o, e) : 0;
}

/* The next of p[0..n): its length, its key and value within; 0: it is none. */
static size_t next_record(const char *p, size_t n, const char **key, size_t *nkey, const char **value, size_t *nvalue)
{
	size_t len = 0, i = 0;
	const char *eq;

	for (; i < n && i < 8 && p[i] >= '0' && p[i] <= '9'; i++)
		len = len * 10 + (size_t)(p[i] - '0');
	if (i == 0 || i >= n || p[i] != ' ' || len > n || len < i + 3 || p[len - 1] != '\n')
		return 0;
	eq = memchr(p + i + 1, '=', len - i - 1);
	if (!eq)
		return 0;
	*key = p + i + 1;
	*nkey = (size_t)(eq - *key);
	*value = eq + 1;
	*nvalue = (size_t)(p + len - 1 - *value);
	return len;
}

static int take_pax(const char *p, size_t n, bool attrs, struct over *o, struct tar_member *m, struct err *e)
{
	while (n) {
		const char *key, *value;
		size_t nkey, nvalue, len = next_record(p, n, &key, &nkey, &value, &nvalue);
		int rc = len ? take_record(key, nkey, value, nvalue, attrs, o, m, e) : no_tar(e, "a PAX header that is none");

		if (rc < 0)
			return rc;
		p += len;
		n -= len;
	}
	return 0;
}

bool tar_next_xattr(const struct tar_walk *w, size_t *at, struct tar_xattr *ret)
{
	static const char prefix[] = "SCHILY.xattr.";
	const size_t nprefix = sizeof(prefix) - 1;

	while (*at < w->pax.len) {
		const char *p = (const char *)w->pax.p + *at, *key, *value;
		size_t nkey, nvalue, len = next_record(p, w->pax.len - *at, &key, &nkey, &value, &nvalue);

		if (!len)
			break;
		*at += len;
		if (nkey <= nprefix || nkey - nprefix >= sizeof(ret->name) || memcmp(key, prefix, nprefix) != 0 ||
		    memchr(key, 0, nkey))
			continue;
		memcpy(ret->name, key + nprefix, nkey - nprefix);
		ret->name[nkey - nprefix] = 0;
		ret->value = value;
		ret->len = nvalue;
		return true;
	}
	return false;
}

void tar_walk_finish(struct tar_walk *w)
{
	buf_finish(&w->pax);
}

/* --- members */

/* The bytes of a header that tells of the next one, with what fills the block. */
static int read_meta(struct tar_walk *w, uint64_t size, char **ret, struct err *e)
{
	AUTO_FREE char *p = size <= TAR_META_MAX ? malloc((size_t)size + TAR_BLOCK + 1) : NULL;

	if (size > TAR_META_MAX)
		return err_set(e, -EFBIG, "a header of the archive is larger than %u bytes", TAR_META_MAX);
	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = size ? w->src->read(w->src, p, (size_t)size + tar_fill(size), e) : 1;
	if (rc <= 0)
		return rc < 0 ? rc : no_tar(e, "it is cut short");
	p[size] = 0;
	*ret = TAKE(p);
	return 0;
}

/* 1: it told of the next member; 0: it is a member. */
static int take_meta(struct tar_walk *w, const struct tar_raw *h, uint64_t size, struct over *o, struct tar_member *m,
		     struct err *e)
{
	AUTO_FREE char *p = NULL;

	if (h->type != 'x' && h->type != 'g' && h->type != 'L' && h->type != 'K')
		return 0;
	int rc = read_meta(w, size, &p, e);
	if (rc == 0 && h->type == 'x')
		rc = take_pax(p, (size_t)size, w->attrs, o, m, e);
	if (rc == 0 && h->type == 'x' && w->attrs && buf_add(&w->pax, p, (size_t)size) < 0)
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc == 0 && h->type == 'L') {
		o->has_name = true;
		rc = take_text(p, strlen(p), m->name, e);
	}
	if (rc == 0 && h->type == 'K') {
		o->has_link = true;
		rc = take_text(p, strlen(p), m->link, e);
	}
	return rc < 0 ? rc : 1;
}

static enum tar_kind kind_of(const struct tar_raw *h, const char *name)
{
	size_t n = strlen(name);

	switch (h->type) {
	case 0:
	case '0':
	case '7':
		return n && name[n - 1] == '/' ? TAR_DIR : TAR_FILE;
	case '1':
		return TAR_HARDLINK;
	case '2':
		return TAR_SYMLINK;
	case '5':
		return TAR_DIR;
	default:
		return TAR_OTHER;
	}
}

static void set_name(const struct tar_raw *h, struct tar_member *m)
{
	bool ustar = memcmp(h->magic, "ustar", 6) == 0 && h->prefix[0];

	if (ustar)
		snprintf(m->name, sizeof(m->name), "%.155s/%.100s", h->prefix, h->name);
	else
		snprintf(m->name, sizeof(m->name), "%.100s", h->name);
}

static int set_attrs(const struct tar_raw *h, const struct over *o, struct tar_member *m, struct err *e)
{
	int64_t mode = octal(h->mode, sizeof(h->mode)), uid = number(h->uid, sizeof(h->uid)),
		gid = number(h->gid, sizeof(h->gid)), mtime = number(h->mtime, sizeof(h->mtime));

	uid = o->has_uid ? (int64_t)o->uid : uid;
	gid = o->has_gid ? (int64_t)o->gid : gid;
	if (mode < 0 || uid < 0 || uid > UINT32_MAX || gid < 0 || gid > UINT32_MAX)
		return no_tar(e, "a mode or an owner that is none");
	m->mode = (uint32_t)mode & 07777;
	m->uid = (uint32_t)uid;
	m->gid = (uint32_t)gid;
	m->mtime = o->has_mtime ? o->mtime : MAX(mtime, 0);
	m->mtime_nsec = o->has_mtime ? o->mtime_nsec : 0;
	m->sparse = o->sparse || h->type == 'S';
	return 0;
}

/* 1: *h is a header that is right; 0: the end. */
static int read_header(struct tar_walk *w, struct tar_raw *h, struct err *e)
{
	int rc = w->left ? w->src->skip(w->src, w->left, e) : 0;

	if (rc < 0)
		return rc;
	w->left = 0;
	rc = w->src->read(w->src, h, TAR_BLOCK, e);
	if (rc <= 0)
		return rc < 0 || w->members ? rc : no_tar(e, "it is empty");
	if (all_zero(h)) /* one such block is the end too: who writes a second one has no more to say */
		return w->members || w->attrs ? 0 : no_tar(e, "it begins with zeros");
	if (octal(h->sum, sizeof(h->sum)) != (int64_t)tar_checksum(h))
		return no_tar(e, w->members ? "the check sum of a header is wrong" : "it does not begin as one");
	return 1;
}

int tar_next(struct tar_walk *w, struct tar_member *m, struct err *e)
{
	struct over o = { .has_name = false };
	struct tar_raw h;

	buf_clear(&w->pax);
	for (;;) {
		int rc = read_header(w, &h, e);
		if (rc <= 0)
			return rc == 0 && (o.has_name || o.has_link || o.has_size) ? no_tar(e, "it is cut short") : rc;
		int64_t size = number(h.size, sizeof(h.size));
		if (size < 0)
			return no_tar(e, "a size that is none");
		w->members++;
		rc = take_meta(w, &h, (uint64_t)size, &o, m, e);
		if (rc < 0)
			return rc;
		if (rc == 1)
			continue;
		if (!o.has_name)
			set_name(&h, m);
		if (!o.has_link)
			snprintf(m->link, sizeof(m->link), "%.100s", h.link);
		m->kind = kind_of(&h, m->name);
		m->type = h.type;
		if (w->attrs && (rc = set_attrs(&h, &o, m, e)) < 0)
			return rc;
		m->size = o.has_size ? o.size : (uint64_t)size;
		if (m->size > INT64_MAX - TAR_BLOCK)
			return no_tar(e, "a size that is none");
		if (m->kind != TAR_FILE && m->kind != TAR_OTHER)
			m->size = 0; /* links and folders have no bytes, whatever they say */
		w->left = m->size + tar_fill(m->size);
		return 1;
	}
}

/* --- writing */

static void one_header(const char *name, char type, uint64_t size, uint8_t *ret)
{
	struct tar_raw h = { .type = type, .magic = "ustar", .version = { '0', '0' } };
	size_t n = strlen(name);

	memcpy(h.name, name, n > sizeof(h.name) ? sizeof(h.name) : n);
	memcpy(h.mode, type == '5' ? "0000755" : "0000644", 8);
	memcpy(h.uid, "0000000", 8);
	memcpy(h.gid, "0000000", 8);
	memcpy(h.mtime, "00000000000", 12);
	tar_set_number(h.size, sizeof(h.size), size);
	snprintf(h.sum, sizeof(h.sum), "%06o", tar_checksum(&h));
	h.sum[7] = ' ';
	memcpy(ret, &h, TAR_BLOCK);
}

int tar_header(const char *name, uint64_t size, uint8_t ret[static TAR_HEADER_MAX])
{
	size_t n = strlen(name);
	int at = 0;

	if (n > 400)
		return -ENAMETOOLONG;
	memset(ret, 0, TAR_HEADER_MAX);
	if (n > sizeof(((struct tar_raw *)NULL)->name)) {
		/* the length counts itself: three digits, for such a name */
		int len = snprintf((char *)ret + TAR_BLOCK, TAR_BLOCK, "%zu path=%s\n", n + 10, name);

		one_header("PaxHeaders/name", 'x', (uint64_t)len, ret);
		at = 2 * TAR_BLOCK;
	}
	one_header(name, n && name[n - 1] == '/' ? '5' : '0', size, ret + at);
	return at + TAR_BLOCK;
}

/* --- what comes as it comes */

static int stream_read(struct tar_src *src, void *p, size_t n, struct err *e)
{
	struct tar_stream *s = container_of(src, struct tar_stream, src);
	size_t have = 0;

	while (have < n) {
		ssize_t got = s->some(s, (uint8_t *)p + have, n - have, e);

		if (got < 0)
			return (int)got;
		if (got == 0)
			return have ? err_set(e, -EBADMSG, "the archive is cut short") : 0;
		have += (size_t)got;
	}
	return 1;
}

static int stream_skip(struct tar_src *src, uint64_t n, struct err *e)
{
	uint8_t waste[4096];

	while (n) {
		size_t len = MIN(n, sizeof(waste));
		int rc = stream_read(src, waste, len, e);

		if (rc <= 0)
			return rc < 0 ? rc : err_set(e, -EBADMSG, "the archive is cut short");
		n -= len;
	}
	return 0;
}

void tar_stream_init(struct tar_stream *s, ssize_t (*some)(struct tar_stream *s, void *p, size_t n, struct err *e))
{
	s->src.read = stream_read;
	s->src.skip = stream_skip;
	s->some = some;
}

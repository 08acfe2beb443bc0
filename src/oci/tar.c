/* SPDX-License-Identifier: Apache-2.0 */
/* tar.c - ustar headers and what stands before them. POSIX.1-2017, pax; GNU tar's manual, "Basic Tar Format". */
#include "oci/tar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
	char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155], fill[12];
};
_Static_assert(sizeof(struct header) == TAR_BLOCK, "");

/* What PAX and GNU headers say of the member that follows. */
struct over {
	bool has_name, has_link, has_size;
	uint64_t size;
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

static unsigned checksum(const struct header *h)
{
	const uint8_t *p = (const uint8_t *)h;
	unsigned sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= offsetof(struct header, sum) && i < offsetof(struct header, type) ? ' ' : p[i];
	return sum;
}

static bool all_zero(const struct header *h)
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

static int take_record(const char *key, size_t nkey, const char *value, size_t n, struct over *o, struct tar_member *m,
		       struct err *e)
{
	char digits[24];

	if (nkey == 4 && memcmp(key, "path", 4) == 0) {
		o->has_name = true;
		return take_text(value, n, m->name, e);
	}
	if (nkey == 8 && memcmp(key, "linkpath", 8) == 0) {
		o->has_link = true;
		return take_text(value, n, m->link, e);
	}
	if (nkey != 4 || memcmp(key, "size", 4) != 0)
		return 0;
	if (n >= sizeof(digits))
		return no_tar(e, "a size that is none");
	memcpy(digits, value, n);
	digits[n] = 0;
	o->has_size = true;
	return str_parse_u64(digits, INT64_MAX, &o->size) < 0 ? no_tar(e, "a size that is none") : 0;
}

static int take_pax(const char *p, size_t n, struct over *o, struct tar_member *m, struct err *e)
{
	while (n) {
		size_t len = 0, i = 0;
		const char *eq;

		for (; i < n && i < 8 && p[i] >= '0' && p[i] <= '9'; i++)
			len = len * 10 + (size_t)(p[i] - '0');
		if (i == 0 || i >= n || p[i] != ' ' || len > n || len < i + 3 || p[len - 1] != '\n')
			return no_tar(e, "a PAX header that is none");
		eq = memchr(p + i + 1, '=', len - i - 1);
		if (!eq)
			return no_tar(e, "a PAX header that is none");
		int rc = take_record(p + i + 1, (size_t)(eq - p - i - 1), eq + 1, (size_t)(p + len - 1 - eq - 1), o, m, e);
		if (rc < 0)
			return rc;
		p += len;
		n -= len;
	}
	return 0;
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
static int take_meta(struct tar_walk *w, const struct header *h, uint64_t size, struct over *o, struct tar_member *m,
		     struct err *e)
{
	AUTO_FREE char *p = NULL;

	if (h->type != 'x' && h->type != 'g' && h->type != 'L' && h->type != 'K')
		return 0;
	int rc = read_meta(w, size, &p, e);
	if (rc == 0 && h->type == 'x')
		rc = take_pax(p, (size_t)size, o, m, e);
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

static enum tar_kind kind_of(const struct header *h, const char *name)
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

static void set_name(const struct header *h, struct tar_member *m)
{
	bool ustar = memcmp(h->magic, "ustar", 6) == 0 && h->prefix[0];

	if (ustar)
		snprintf(m->name, sizeof(m->name), "%.155s/%.100s", h->prefix, h->name);
	else
		snprintf(m->name, sizeof(m->name), "%.100s", h->name);
}

/* 1: *h is a header that is right; 0: the end. */
static int read_header(struct tar_walk *w, struct header *h, struct err *e)
{
	int rc = w->left ? w->src->skip(w->src, w->left, e) : 0;

	if (rc < 0)
		return rc;
	w->left = 0;
	rc = w->src->read(w->src, h, TAR_BLOCK, e);
	if (rc <= 0)
		return rc < 0 || w->members ? rc : no_tar(e, "it is empty");
	if (all_zero(h)) /* one such block is the end too: who writes a second one has no more to say */
		return w->members ? 0 : no_tar(e, "it begins with zeros");
	if (octal(h->sum, sizeof(h->sum)) != (int64_t)checksum(h))
		return no_tar(e, w->members ? "the check sum of a header is wrong" : "it does not begin as one");
	return 1;
}

int tar_next(struct tar_walk *w, struct tar_member *m, struct err *e)
{
	struct over o = { .has_name = false };
	struct header h;

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
	struct header h = { .type = type, .magic = "ustar", .version = { '0', '0' } };
	size_t n = strlen(name);

	memcpy(h.name, name, n > sizeof(h.name) ? sizeof(h.name) : n);
	memcpy(h.mode, type == '5' ? "0000755" : "0000644", 8);
	memcpy(h.uid, "0000000", 8);
	memcpy(h.gid, "0000000", 8);
	memcpy(h.mtime, "00000000000", 12);
	if (size < UINT64_C(1) << 33) {
		snprintf(h.size, sizeof(h.size), "%011" PRIo64, size);
	} else {
		h.size[0] = (char)0x80;
		for (int i = 0; i < 8; i++)
			h.size[11 - i] = (char)(size >> (8 * i));
	}
	snprintf(h.sum, sizeof(h.sum), "%06o", checksum(&h));
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
	if (n > sizeof(((struct header *)NULL)->name)) {
		/* the length counts itself: three digits, for such a name */
		int len = snprintf((char *)ret + TAR_BLOCK, TAR_BLOCK, "%zu path=%s\n", n + 10, name);

		one_header("PaxHeaders/name", 'x', (uint64_t)len, ret);
		at = 2 * TAR_BLOCK;
	}
	one_header(name, n && name[n - 1] == '/' ? '5' : '0', size, ret + at);
	return at + TAR_BLOCK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "job/pack-tar.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/auto.h"
#include "base/str.h"
#include "ext4/merge.h"
#include "job/links.h"
#include "job/pack-out.h"

#define NSEC 1000000000
#define PIECE (1u << 20)

struct pack_tar {
	struct pack_out *out;
	struct archive *a;
	int rc; /* of the output */
	struct err err;
	struct links links;
	uint64_t entries, left_out;
	uint8_t *piece;
	void (*moved)(void *arg); /* may be NULL */
	void *arg;
};

static la_ssize_t on_write(struct archive *a, void *arg, const void *p, size_t n)
{
	struct pack_tar *t = arg;

	t->rc = pack_out_write(t->out, p, n, &t->err);
	if (t->rc < 0) {
		archive_set_error(a, -t->rc, "%s", t->err.text);
		return -1;
	}
	if (t->moved)
		t->moved(t->arg);
	return (la_ssize_t)n;
}

void pack_tar_watch(struct pack_tar *t, void (*moved)(void *arg), void *arg)
{
	t->moved = moved;
	t->arg = arg;
}

static int failed(struct pack_tar *t, struct err *e)
{
	const char *text = archive_error_string(t->a);

	if (t->rc < 0)
		return err_set(e, t->rc, "%s", t->err.text);
	return err_set(e, archive_errno(t->a) == ENOMEM ? -ENOMEM : -EIO, "cannot make the tar: %s",
		       text ? text : "it is not said why");
}

int pack_tar_create(struct pack_out *out, struct pack_tar **ret, struct err *e)
{
	struct pack_tar *t = calloc(1, sizeof(*t));

	if (!t || !(t->piece = malloc(PIECE)) || !(t->a = archive_write_new())) {
		pack_tar_destroy(t);
		return err_set(e, -ENOMEM, "out of memory");
	}
	t->out = out;
	if (archive_write_set_format_pax(t->a) != ARCHIVE_OK ||
	    archive_write_set_options(t->a, "pax:xattrheader=SCHILY") != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(t->a, PIECE) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(t->a, 1) != ARCHIVE_OK ||
	    archive_write_open(t->a, t, NULL, on_write, NULL) != ARCHIVE_OK) {
		int rc = failed(t, e);

		pack_tar_destroy(t);
		return rc;
	}
	*ret = t;
	return 0;
}

void pack_tar_destroy(struct pack_tar *t)
{
	if (!t)
		return;
	if (t->a) {
		archive_write_fail(t->a);
		archive_write_free(t->a);
	}
	free(t->piece);
	links_finish(&t->links);
	free(t);
}

uint64_t pack_tar_entries(const struct pack_tar *t)
{
	return t->entries;
}

uint64_t pack_tar_left_out(const struct pack_tar *t)
{
	return t->left_out;
}

/* --- attributes */

/* From the kernel's form, version 2: le16 tag, le16 permissions, le32 id each. */
static int add_acl(struct archive_entry *en, int type, const uint8_t *p, size_t n)
{
	static const struct {
		unsigned tag;
		int kind;
	} tags[] = {
		{ 0x01, ARCHIVE_ENTRY_ACL_USER_OBJ },  { 0x02, ARCHIVE_ENTRY_ACL_USER },
		{ 0x04, ARCHIVE_ENTRY_ACL_GROUP_OBJ }, { 0x08, ARCHIVE_ENTRY_ACL_GROUP },
		{ 0x10, ARCHIVE_ENTRY_ACL_MASK },      { 0x20, ARCHIVE_ENTRY_ACL_OTHER },
	};

	for (size_t at = 4; at + 8 <= n; at += 8) {
		unsigned tag = p[at] | (unsigned)p[at + 1] << 8, perm = p[at + 2] & 7u;
		bool named = tag == 0x02 || tag == 0x08;
		uint32_t id;

		memcpy(&id, p + at + 4, sizeof(id));
		for (size_t i = 0; i < ARRAY_LEN(tags); i++)
			if (tags[i].tag == tag &&
			    archive_entry_acl_add_entry(en, type, (int)perm, tags[i].kind,
							named ? (int)le32toh(id) : -1, NULL) != ARCHIVE_OK)
				return -ENOMEM;
	}
	return 0;
}

static int add_attrs(struct archive_entry *en, struct ext4_reader *r, uint32_t ino, struct err *e)
{
	struct ext4_attrs a = { 0 };
	int rc = ext4_attrs_load(r, ino, &a, e);

	for (size_t i = 0; rc == 0 && i < a.n; i++) {
		const struct fs_xattr *x = &a.v[i];

		if (ext4_merge_own_attr(x->name))
			continue;
		if (!strcmp(x->name, "system.posix_acl_access"))
			rc = add_acl(en, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, x->value, x->len);
		else if (!strcmp(x->name, "system.posix_acl_default"))
			rc = add_acl(en, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, x->value, x->len);
		else
			archive_entry_xattr_add_entry(en, x->name, x->value, x->len);
		if (rc < 0)
			err_set(e, rc, "out of memory");
	}
	ext4_attrs_finish(&a);
	return rc;
}

/* --- contents */

/* The pieces that are data, for the tar's header; all of a file without holes is none. */
static int map_holes(struct archive_entry *en, struct ext4_file *f, struct err *e)
{
	uint64_t size = ext4_file_size(f), at = 0, from = 0, holes = 0;
	bool in_data = false;

	while (at < size) {
		uint64_t len;
		bool data;
		int rc = ext4_file_span(f, at, &data, &len, e);

		if (rc < 0)
			return rc;
		if (data != in_data) {
			if (in_data)
				archive_entry_sparse_add_entry(en, (la_int64_t)from, (la_int64_t)(at - from));
			in_data = data;
			from = at;
		}
		holes += data ? 0 : len;
		at += len;
	}
	if (!holes)
		archive_entry_sparse_clear(en);
	else if (in_data)
		archive_entry_sparse_add_entry(en, (la_int64_t)from, (la_int64_t)(size - from));
	else if (!archive_entry_sparse_count(en))
		archive_entry_sparse_add_entry(en, (la_int64_t)size, 0); /* nothing but a hole */
	return 0;
}

static int write_data(struct pack_tar *t, struct ext4_file *f, struct err *e)
{
	uint64_t size = ext4_file_size(f), at = 0;

	while (at < size) {
		uint64_t len;
		bool data;
		int rc = ext4_file_span(f, at, &data, &len, e);

		if (rc < 0)
			return rc;
		if (!data)
			memset(t->piece, 0, MIN(len, PIECE));
		for (uint64_t end = at + len; at < end;) {
			size_t n = MIN(end - at, PIECE);

			if (data && (rc = ext4_file_read(f, t->piece, n, at, e)) < 0)
				return rc;
			if (archive_write_data(t->a, t->piece, n) < 0)
				return failed(t, e);
			at += n;
		}
	}
	return 0;
}

static int write_header(struct pack_tar *t, struct archive_entry *en, struct err *e)
{
	int rc = archive_write_header(t->a, en);

	/* a warning: a name that is no UTF-8 is written as it is */
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return failed(t, e);
	t->entries++;
	return 0;
}

static int add_file(struct pack_tar *t, struct archive_entry *en, struct ext4_reader *r, uint32_t ino,
		    struct err *e)
{
	struct ext4_file *f;
	int rc = ext4_file_open(r, ino, &f, e);

	if (rc < 0)
		return rc;
	archive_entry_set_size(en, (la_int64_t)ext4_file_size(f));
	rc = map_holes(en, f, e);
	if (rc == 0)
		rc = write_header(t, en, e);
	if (rc == 0)
		rc = write_data(t, f, e);
	ext4_file_close(f);
	return rc;
}

static void free_entry(struct archive_entry **en)
{
	archive_entry_free(*en);
}

/* libarchive writes seconds and nanoseconds beside each other, and a record's fraction counts away from zero: half a
 * second before -2 is "-2.5". Only -0.5 cannot be told that way, since its seconds have no sign: it becomes -1. */
static void set_mtime(struct archive_entry *en, const struct fs_time *t)
{
	if (t->sec >= 0 || t->nsec == 0)
		archive_entry_set_mtime(en, t->sec, (long)t->nsec);
	else if (t->sec == -1)
		archive_entry_set_mtime(en, -1, 0);
	else
		archive_entry_set_mtime(en, t->sec + 1, (long)(NSEC - t->nsec));
}

static int add(struct pack_tar *t, struct archive_entry *en, struct ext4_reader *r, const char *path,
	       const struct ext4_stat *st, struct err *e)
{
	AUTO_FREE char *target = NULL;
	const char *first = NULL;
	int rc = 0;

	archive_entry_set_mode(en, st->mode);
	archive_entry_set_uid(en, st->uid);
	archive_entry_set_gid(en, st->gid);
	set_mtime(en, &st->mtime);
	if (!S_ISDIR(st->mode) && st->nlink > 1 && (rc = links_find(&t->links, r, st->ino, path, &first, e)) < 0)
		return rc;
	if (first) {
		archive_entry_set_hardlink(en, first);
		archive_entry_set_size(en, 0);
		return write_header(t, en, e);
	}
	rc = add_attrs(en, r, st->ino, e);
	if (rc < 0)
		return rc;
	if (S_ISREG(st->mode))
		return add_file(t, en, r, st->ino, e);
	if (S_ISLNK(st->mode)) {
		rc = ext4_reader_link(r, st->ino, &target, e);
		if (rc < 0)
			return rc;
		archive_entry_set_symlink(en, target);
	} else if (S_ISCHR(st->mode) || S_ISBLK(st->mode)) {
		archive_entry_set_rdevmajor(en, st->major);
		archive_entry_set_rdevminor(en, st->minor);
	}
	return write_header(t, en, e);
}

int pack_tar_add(struct pack_tar *t, struct ext4_reader *r, const char *path, const struct ext4_stat *st,
		 struct err *e)
{
	AUTO(free_entry) struct archive_entry *en = NULL;
	int rc;

	if (S_ISSOCK(st->mode)) {
		t->left_out++;
		return 0;
	}
	en = archive_entry_new();
	if (!en)
		return err_set(e, -ENOMEM, "out of memory");
	archive_entry_set_pathname(en, *path ? path : "./");
	rc = add(t, en, r, path, st, e);
	return rc < 0 ? err_wrap(e, rc, "'/%s'", path) : 0;
}

int pack_tar_mark(struct pack_tar *t, const char *path, struct err *e)
{
	AUTO(free_entry) struct archive_entry *en = archive_entry_new();

	if (!en)
		return err_set(e, -ENOMEM, "out of memory");
	archive_entry_set_pathname(en, path);
	archive_entry_set_mode(en, S_IFREG | 0600);
	archive_entry_set_mtime(en, 0, 0);
	archive_entry_set_size(en, 0);
	return write_header(t, en, e);
}

int pack_tar_end(struct pack_tar *t, struct err *e)
{
	return archive_write_close(t->a) == ARCHIVE_OK ? 0 : failed(t, e);
}

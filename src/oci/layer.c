/* SPDX-License-Identifier: Apache-2.0 */
/* layer.c - from libarchive's entries to an fs_sink's calls. */
#include "oci/layer.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/path.h"
#include "oci/layer-acl.h"
#include "oci/layer-past.h"

#define NSEC 1000000000
#define WH_PREFIX ".wh."
#define WH_META_PREFIX ".wh..wh."
#define WH_OPAQUE ".wh..wh..opq"

struct layer {
	struct oci_layer_src *src;
	struct fs_sink *sink;
	struct oci_layer_stats *stats;
	struct archive *ar;
	int src_rc; /* what src failed with, and its words */
	struct err src_err;
	struct fs_xattr *xattrs;
	size_t cap_xattrs;
	struct buf acl[2]; /* access, default */
	struct layer_past past;
	char path[PATH_MAX + 1], link[PATH_MAX + 1];
};

static void layer_finish(struct layer *l)
{
	archive_read_free(l->ar);
	free(l->xattrs);
	buf_finish(&l->acl[0]);
	buf_finish(&l->acl[1]);
	layer_past_finish(&l->past);
}

static void free_entry(struct archive_entry **ae)
{
	archive_entry_free(*ae);
}

static la_ssize_t on_read(struct archive *ar, void *arg, const void **ret)
{
	struct layer *l = arg;
	ssize_t n = layer_past_keep(&l->past);

	if (n < 0)
		err_set(&l->src_err, (int)n, "out of memory");
	else
		n = l->src->next(l->src, ret, &l->src_err);
	if (n < 0) {
		l->src_rc = (int)n;
		archive_set_error(ar, -l->src_rc, "%s", l->src_err.text);
		return ARCHIVE_FATAL;
	}
	layer_past_chunk(&l->past, *ret, (size_t)n);
	return n;
}

/* The words for what libarchive did not like. */
static int archive_failed(struct layer *l, struct err *e)
{
	const char *text = archive_error_string(l->ar);

	if (l->src_rc < 0)
		return err_set(e, l->src_rc, "%s", l->src_err.text);
	return err_set(e, archive_errno(l->ar) == ENOMEM ? -ENOMEM : -EBADMSG, "%s",
		       text ? text : "not a tar stream");
}

/* In the C locale a name of a PAX record that is not ASCII cannot be converted; libarchive warns and keeps
 * its bytes as they are, which is what is wanted. */
static bool warns_of_charset_only(struct archive *ar)
{
	const char *text = archive_error_string(ar);

	return text && strstr(text, "can't be converted");
}

static int add_xattr(struct layer *l, size_t n, const char *name, const void *value, size_t len,
		     struct err *e)
{
	if (n == l->cap_xattrs) {
		size_t cap = n ? 2 * n : 16;
		struct fs_xattr *v = reallocarray(l->xattrs, cap, sizeof(*v));

		if (!v)
			return err_set(e, -ENOMEM, "out of memory");
		l->xattrs = v;
		l->cap_xattrs = cap;
	}
	l->xattrs[n] = (struct fs_xattr){ name, value, len };
	return 0;
}

/* libarchive has the last first; but of two of one name the last one in the archive is to win. */
static void turn_round(struct fs_xattr *v, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct fs_xattr x = v[i];

		v[i] = v[n - 1 - i];
		v[n - 1 - i] = x;
	}
}

/* Fills a's xattrs from the entry's own and its ACLs. The bytes are the entry's and l's. */
static int read_xattrs(struct layer *l, struct archive_entry *ae, struct fs_attr *a, size_t meta,
		       struct err *e)
{
	static const struct {
		int type;
		const char *name;
	} acls[2] = { { ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "system.posix_acl_access" },
		      { ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "system.posix_acl_default" } };
	const char *name;
	const void *value;
	size_t n = 0, len;
	int rc;

	archive_entry_xattr_reset(ae);
	while (archive_entry_xattr_next(ae, &name, &value, &len) == ARCHIVE_OK) {
		meta += strlen(name) + len;
		if (meta > OCI_LAYER_META_MAX)
			return err_set(e, -EFBIG, "over %u bytes of names and attributes",
				       OCI_LAYER_META_MAX);
		rc = add_xattr(l, n, name, value, len, e);
		if (rc < 0)
			return rc;
		n++;
	}
	turn_round(l->xattrs, n);
	for (size_t i = 0; i < ARRAY_LEN(acls); i++) {
		buf_clear(&l->acl[i]);
		rc = layer_acl_xattr(ae, acls[i].type, &l->acl[i], &a->mode, e);
		if (rc == 0 && l->acl[i].len)
			rc = add_xattr(l, n++, acls[i].name, l->acl[i].p, l->acl[i].len, e);
		if (rc < 0)
			return rc;
	}
	a->xattrs = l->xattrs;
	a->nxattrs = n;
	return 0;
}

/* libarchive reads the "-2.5" of a PAX record as -2 s and 500000000 ns, to be counted away from zero. Of "-0.5" it makes
 * "0.5": then the record itself is looked at. */
static int time_of(struct layer *l, const char *key, time_t sec, long nsec, struct fs_time *ret, struct err *e)
{
	if (nsec < 0 || nsec >= NSEC)
		nsec = 0;
	int minus = sec < 0;
	if (sec == 0 && nsec > 0)
		minus = layer_past_minus(&l->past, (uint64_t)archive_read_header_position(l->ar), key, e);
	if (minus < 0)
		return minus;
	if (minus && nsec > 0)
		*ret = (struct fs_time){ sec - 1, (uint32_t)(NSEC - nsec) };
	else
		*ret = (struct fs_time){ sec, (uint32_t)nsec };
	return 0;
}

static int read_times(struct layer *l, struct archive_entry *ae, struct fs_attr *a, struct err *e)
{
	int rc = time_of(l, "mtime", archive_entry_mtime(ae), archive_entry_mtime_nsec(ae), &a->mtime, e);

	a->atime = a->ctime = a->mtime;
	if (rc == 0 && archive_entry_atime_is_set(ae))
		rc = time_of(l, "atime", archive_entry_atime(ae), archive_entry_atime_nsec(ae), &a->atime, e);
	if (rc == 0 && archive_entry_ctime_is_set(ae))
		rc = time_of(l, "ctime", archive_entry_ctime(ae), archive_entry_ctime_nsec(ae), &a->ctime, e);
	return rc;
}

static int read_attr(struct layer *l, struct archive_entry *ae, struct fs_attr *a, size_t meta, struct err *e)
{
	int64_t uid = archive_entry_uid(ae), gid = archive_entry_gid(ae);

	if (uid < 0 || uid > UINT32_MAX || gid < 0 || gid > UINT32_MAX)
		return err_set(e, -EINVAL, "an owner that is not a number of 32 bits");
	*a = (struct fs_attr){ .mode = archive_entry_perm(ae) & 07777,
			       .uid = (uint32_t)uid,
			       .gid = (uint32_t)gid };
	int rc = read_times(l, ae, a, e);
	return rc < 0 ? rc : read_xattrs(l, ae, a, meta, e);
}

/* Content up to the file's size; what the archive leaves out is a hole. */
static int copy_data(struct layer *l, uint64_t size, struct err *e)
{
	struct fs_sink *s = l->sink;
	uint64_t pos = 0;
	const void *p;
	size_t n;
	la_int64_t off;
	int r, rc = 0;

	while ((r = archive_read_data_block(l->ar, &p, &n, &off)) == ARCHIVE_OK) {
		if (n == 0)
			continue;
		if (off < 0 || (uint64_t)off < pos || (uint64_t)off > size || n > size - (uint64_t)off)
			return err_set(e, -EBADMSG, "content beyond the file's size or out of order");
		if ((uint64_t)off > pos)
			rc = s->ops->hole(s, (uint64_t)off - pos, e);
		if (rc == 0)
			rc = s->ops->write(s, p, n, e);
		if (rc < 0)
			return rc;
		pos = (uint64_t)off + n;
		l->stats->data += n;
	}
	if (r != ARCHIVE_EOF)
		return archive_failed(l, e);
	return pos < size ? s->ops->hole(s, size - pos, e) : 0;
}

static int add_file(struct layer *l, struct archive_entry *ae, const struct fs_attr *a, struct err *e)
{
	struct fs_sink *s = l->sink;
	int64_t size = archive_entry_size(ae);

	if (size < 0)
		return err_set(e, -EBADMSG, "a size below zero");
	int rc = s->ops->add_file(s, l->path, (uint64_t)size, a, e);
	if (rc == 0)
		rc = copy_data(l, (uint64_t)size, e);
	return rc < 0 ? rc : s->ops->end_file(s, e);
}

static int add_link(struct layer *l, const char *target, struct err *e)
{
	int rc = path_clean(target, l->link, sizeof(l->link));

	if (rc < 0)
		return err_set(e, rc, "hard link to '%.200s', a path %s", target,
			       rc == -EINVAL ? "that leaves the tree" : "that is too long");
	if (!l->link[0])
		return err_set(e, -EINVAL, "hard link to the root");
	return l->sink->ops->add_link(l->sink, l->path, l->link, e);
}

static int add_entry(struct layer *l, struct archive_entry *ae, struct err *e)
{
	struct fs_sink *s = l->sink;
	const char *hard = archive_entry_hardlink(ae), *sym = archive_entry_symlink(ae);
	size_t meta = strlen(l->path) + (hard ? strlen(hard) : 0) + (sym ? strlen(sym) : 0);
	uint32_t type = archive_entry_filetype(ae);
	struct fs_attr a;

	if (!l->path[0] && (hard || type != S_IFDIR))
		return err_set(e, -EINVAL, "the root of the tree must be a directory");
	if (hard)
		return add_link(l, hard, e);
	int rc = read_attr(l, ae, &a, meta, e);
	if (rc < 0)
		return rc;

	switch (type) {
	case S_IFDIR:
		return s->ops->add_dir(s, l->path, &a, e);
	case S_IFREG:
		return add_file(l, ae, &a, e);
	case S_IFLNK:
		if (!sym || !*sym || strlen(sym) >= PATH_MAX)
			return err_set(e, -EINVAL, "a symbolic link whose target is empty or too long");
		return s->ops->add_symlink(s, l->path, sym, &a, e);
	case S_IFCHR:
	case S_IFBLK:
		return s->ops->add_node(s, l->path, type, (uint32_t)archive_entry_rdevmajor(ae),
					(uint32_t)archive_entry_rdevminor(ae), &a, e);
	case S_IFIFO:
	case S_IFSOCK:
		return s->ops->add_node(s, l->path, type, 0, 0, &a, e);
	default:
		return err_set(e, -EINVAL, "an entry of unknown type");
	}
}

/* The last component of path is ".wh.…": tells the sink what it hides. The metadata of aufs (".wh..wh.plnk"
 * and the like) is not for us. */
static int add_whiteout(struct layer *l, char *base, struct err *e)
{
	struct fs_sink *s = l->sink;
	const char *name = base + strlen(WH_PREFIX);

	l->stats->whiteouts++;
	if (!strcmp(base, WH_OPAQUE)) {
		base[base > l->path ? -1 : 0] = 0;
		return s->ops->opaque(s, l->path, e);
	}
	if (!strncmp(base, WH_META_PREFIX, strlen(WH_META_PREFIX)))
		return 0;
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return err_set(e, -EINVAL, "a whiteout of nothing");
	memmove(base, name, strlen(name) + 1);
	return s->ops->whiteout(s, l->path, e);
}

/* The entry's name before the words; a sink has it there already. */
static int name_entry(const struct layer *l, const char *raw, int rc, struct err *e)
{
	size_t n = strlen(l->path);

	if (n && e && e->text[0] == '\'' && !strncmp(e->text + 1, l->path, n) && e->text[1 + n] == '\'') {
		AUTO_FREE char *rest = strdup(e->text + n + 2);

		if (rest)
			return err_set(e, rc, "entry '%.200s'%s", raw, rest);
	}
	return err_wrap(e, rc, "entry '%.200s'", raw);
}

static int one_entry(struct layer *l, struct archive_entry *ae, struct err *e)
{
	const char *raw = archive_entry_pathname(ae);

	l->stats->entries++;
	if (!raw)
		return err_set(e, -EBADMSG, "an entry without a name");
	int rc = path_clean(raw, l->path, sizeof(l->path));
	if (rc < 0)
		return err_set(e, rc, "entry '%.200s': a path %s", raw,
			       rc == -EINVAL ? "that leaves the tree" : "that is too long");

	char *slash = strrchr(l->path, '/'), *base = slash ? slash + 1 : l->path;
	bool meta = !strncmp(l->path, WH_META_PREFIX, strlen(WH_META_PREFIX)) ||
		    strstr(l->path, "/" WH_META_PREFIX);
	if (!strncmp(base, WH_PREFIX, strlen(WH_PREFIX)))
		rc = add_whiteout(l, base, e);
	else if (!meta)
		rc = add_entry(l, ae, e);
	return rc < 0 ? name_entry(l, raw, rc, e) : 0;
}

static int next_header(struct layer *l, struct archive_entry *ae)
{
	layer_past_begin(&l->past, (uint64_t)MAX(archive_filter_bytes(l->ar, 0), 0));
	int r = archive_read_next_header2(l->ar, ae);
	layer_past_end(&l->past);
	return r;
}

static int read_entries(struct layer *l, struct archive_entry *ae, struct err *e)
{
	for (;;) {
		int r = next_header(l, ae);

		if (r == ARCHIVE_EOF)
			return 0;
		if (r == ARCHIVE_WARN && warns_of_charset_only(l->ar))
			archive_clear_error(l->ar);
		else if (r != ARCHIVE_OK)
			return archive_failed(l, e);
		int rc = one_entry(l, ae, e);
		if (rc < 0)
			return rc;
		/* what is left of its bytes does not count as the next one's headers */
		if (archive_read_data_skip(l->ar) != ARCHIVE_OK)
			return archive_failed(l, e);
	}
}

/* What stands behind the end of the archive counts for the digest. */
static int drain(struct oci_layer_src *src, struct err *e)
{
	const void *p;
	ssize_t n;

	while ((n = src->next(src, &p, e)) > 0)
		;
	return (int)n;
}

static int open_archive(struct layer *l, struct err *e)
{
	l->ar = archive_read_new();
	if (!l->ar)
		return err_set(e, -ENOMEM, "cannot read a tar stream: out of memory");
	layer_past_begin(&l->past, 0);
	if (archive_read_support_filter_none(l->ar) != ARCHIVE_OK ||
	    archive_read_support_format_tar(l->ar) != ARCHIVE_OK ||
	    archive_read_support_format_empty(l->ar) != ARCHIVE_OK ||
	    archive_read_open(l->ar, l, NULL, on_read, NULL) != ARCHIVE_OK)
		return archive_failed(l, e);
	return 0;
}

int oci_layer_apply(struct oci_layer_src *src, struct fs_sink *sink, struct oci_layer_stats *stats,
		    struct err *e)
{
	struct oci_layer_stats none = { 0 };
	AUTO(layer_finish) struct layer l = { .src = src, .sink = sink, .stats = stats ? stats : &none };
	AUTO(free_entry) struct archive_entry *ae = archive_entry_new();

	if (!ae)
		return err_set(e, -ENOMEM, "cannot read a tar stream: out of memory");
	int rc = sink->ops->layer(sink, e);
	if (rc == 0)
		rc = open_archive(&l, e);
	if (rc == 0)
		rc = read_entries(&l, ae, e);
	return rc < 0 ? rc : drain(src, e);
}

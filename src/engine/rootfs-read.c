/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs-read.c - ext4 files looked into: listed and read in the pool, turned into a tar by the confined
 * worker. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "engine/engine.h"
#include "engine/tar-out.h"
#include "ext4/check.h"
#include "ext4/reader.h"
#include "ext4/vec.h"
#include "job/pack.h"

#define PIECE (1u << 20)
#define FILES_MAX 4000000u /* rows of a listing */

struct read_op {
	struct berth_op op;
	struct work work;
	char *file, *path;
	int fd;
	bool recursive;
	_Atomic bool cancelled;
	union {
		berth_files_cb files;
		berth_done_cb done;
		berth_rootfs_checked_cb checked;
	} cb;
	berth_finding_cb finding;
	struct berth_rootfs_checked checked;
	struct berth_file *v; /* paths are offsets into text until the end */
	uint32_t n, cap;
	struct buf text;
	const char *prefix;
	struct ext4_reader *r;
};

static void op_free(struct read_op *o)
{
	free(o->file);
	free(o->path);
	free(o->v);
	buf_finish(&o->text);
	free(o);
}

static void cancel(struct berth_op *op)
{
	struct read_op *o = container_of(op, struct read_op, op);

	o->cancelled = true;
	work_cancel(&o->work);
}

static struct read_op *op_new(const char *file, const char *path)
{
	struct read_op *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->file = strdup(file);
	o->path = strdup(path);
	o->fd = -1;
	if (o->file && o->path)
		return o;
	op_free(o);
	return NULL;
}

/* Takes o over. */
static int op_start(struct berth *b, struct read_op *o, void *arg, int (*run)(struct work *w, struct err *e),
		    void (*done)(struct work *w, int rc, const struct err *e), struct berth_op **ret,
		    struct berth_error *be)
{
	int rc = o ? work_start(&o->work, b->loop, run, done) : -ENOMEM;

	if (rc < 0) {
		if (o)
			op_free(o);
		return eng_refuse(be, rc, NULL);
	}
	eng_op_begin(b, &o->op, arg, cancel, ret);
	return 0;
}

static int open_file(const char *file, struct err *e)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? err_sys(e, -errno, "cannot open '%s'", file) : fd;
}

/* --- list */

static const char *type_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "dir";
	case S_IFLNK:
		return "link";
	case S_IFCHR:
		return "char";
	case S_IFBLK:
		return "block";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	default:
		return "file";
	}
}

/* An offset in the place of a pointer, since the text moves as it grows; 0 is none. */
static int keep(struct read_op *o, const char *text, const char **ret, struct err *e)
{
	*ret = (const char *)(uintptr_t)o->text.len;
	return buf_add(&o->text, text, strlen(text) + 1) < 0 ? err_set(e, -ENOMEM, "out of memory") : 0;
}

static int add_row(struct read_op *o, const char *path, const struct ext4_stat *st, struct err *e)
{
	struct berth_file f = {
		.type = type_of(st->mode),
		.mode = st->mode & 07777,
		.uid = st->uid,
		.gid = st->gid,
		.links = st->nlink,
		.inode = st->ino,
		.major = st->major,
		.minor = st->minor,
		.size_bytes = st->size,
		.mtime_sec = st->mtime.sec,
		.mtime_nsec = st->mtime.nsec,
	};
	AUTO_FREE char *target = NULL;
	int rc = keep(o, path, &f.path, e);

	if (rc == 0 && S_ISLNK(st->mode) && (rc = ext4_reader_link(o->r, st->ino, &target, e)) == 0)
		rc = keep(o, target, &f.target, e);
	if (rc < 0)
		return rc;
	if (o->n == FILES_MAX)
		return err_set(e, -E2BIG, "more than %u files", FILES_MAX);
	if (ext4_vec_reserve(&o->v, &o->cap, o->n + 1ull, sizeof(*o->v)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	o->v[o->n++] = f;
	return 0;
}

static int on_entry(void *arg, const struct ext4_walk_entry *en, struct err *e)
{
	struct read_op *o = arg;
	AUTO_FREE char *path = NULL;

	if (o->cancelled)
		return err_set(e, -ECANCELED, "canceled");
	/* of a folder that was not asked for with all below it, only what is in it */
	if (!*en->path && !o->recursive && S_ISDIR(en->st.mode))
		return 0;
	path = path_fmt("%s%s%s", o->prefix, *o->prefix && *en->path ? "/" : "", en->path);
	return path ? add_row(o, path, &en->st, e) : err_set(e, -ENOMEM, "out of memory");
}

static int list_in(struct read_op *o, struct err *e)
{
	uint32_t ino;
	int rc = ext4_reader_find(o->r, o->path, true, &ino, e);

	if (rc < 0)
		return err_wrap(e, rc, "'%s'", o->path);
	for (size_t n = strlen(o->path); n && o->path[n - 1] == '/'; n--)
		o->path[n - 1] = 0;
	o->prefix = o->path + strspn(o->path, "/");
	rc = buf_addc(&o->text, 0);
	return rc < 0 ? rc : ext4_reader_walk(o->r, ino, o->recursive ? ~0u : 0, on_entry, o, e);
}

static int with_reader(struct read_op *o, int (*fn)(struct read_op *o, struct err *e), struct err *e)
{
	AUTO_CLOSE int fd = open_file(o->file, e);
	int rc;

	if (fd < 0)
		return fd;
	rc = ext4_reader_open(fd, &o->r, e);
	if (rc == 0)
		rc = fn(o, e);
	ext4_reader_close(TAKE(o->r));
	return rc < 0 ? err_wrap(e, rc, "'%s'", o->file) : rc;
}

static int list_in_pool(struct work *w, struct err *e)
{
	return with_reader(container_of(w, struct read_op, work), list_in, e);
}

static void on_listed(struct work *w, int rc, const struct err *e)
{
	struct read_op *o = container_of(w, struct read_op, work);
	struct berth_error be = { 0 };

	eng_op_end(&o->op);
	for (uint32_t i = 0; rc == 0 && i < o->n; i++) {
		o->v[i].path = (char *)o->text.p + (uintptr_t)o->v[i].path;
		o->v[i].target = o->v[i].target ? (char *)o->text.p + (uintptr_t)o->v[i].target : NULL;
	}
	o->cb.files(o->op.arg, rc, eng_error(&be, rc, e, NULL), rc < 0 ? NULL : o->v, rc < 0 ? 0 : o->n);
	op_free(o);
}

int berth_rootfs_list(struct berth *b, const char *file, const char *path, bool recursive,
		      berth_files_cb done, void *arg, struct berth_op **op, struct berth_error *e)
{
	struct read_op *o = op_new(file, path);

	if (o) {
		o->recursive = recursive;
		o->cb.files = done;
	}
	return op_start(b, o, arg, list_in_pool, on_listed, op, e);
}

/* --- cat */

static int copy_out(struct read_op *o, struct ext4_file *f, struct err *e)
{
	AUTO_FREE uint8_t *p = malloc(PIECE);
	uint64_t size = ext4_file_size(f);

	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	for (uint64_t at = 0; at < size;) {
		size_t n = MIN(size - at, PIECE);
		int rc = o->cancelled ? err_set(e, -ECANCELED, "canceled") : ext4_file_read(f, p, n, at, e);

		if (rc < 0)
			return rc;
		rc = file_write_full(o->fd, p, n);
		if (rc < 0)
			return err_sys(e, rc, "cannot write");
		at += n;
	}
	return 0;
}

static int cat_from(struct read_op *o, struct err *e)
{
	struct ext4_file *f;
	uint32_t ino;
	int rc = ext4_reader_find(o->r, o->path, true, &ino, e);

	if (rc == 0)
		rc = ext4_file_open(o->r, ino, &f, e);
	if (rc == 0) {
		rc = copy_out(o, f, e);
		ext4_file_close(f);
	}
	return rc < 0 ? err_wrap(e, rc, "'%s'", o->path) : rc;
}

static int cat_in_pool(struct work *w, struct err *e)
{
	return with_reader(container_of(w, struct read_op, work), cat_from, e);
}

static void on_cat(struct work *w, int rc, const struct err *e)
{
	struct read_op *o = container_of(w, struct read_op, work);
	struct berth_error be = { 0 };

	eng_op_end(&o->op);
	o->cb.done(o->op.arg, rc, eng_error(&be, rc, e, NULL));
	op_free(o);
}

int berth_rootfs_cat(struct berth *b, const char *file, const char *path, int fd, berth_done_cb done,
		     void *arg, struct berth_op **op, struct berth_error *e)
{
	struct read_op *o = op_new(file, path);

	if (o) {
		o->fd = fd;
		o->cb.done = done;
	}
	return op_start(b, o, arg, cat_in_pool, on_cat, op, e);
}

/* --- check */

static int keep_finding(void *arg, const char *text, struct err *e)
{
	struct read_op *o = arg;

	if (o->cancelled)
		return err_set(e, -ECANCELED, "canceled");
	o->checked.findings++;
	return buf_add(&o->text, text, strlen(text) + 1) < 0 ? err_set(e, -ENOMEM, "out of memory") : 0;
}

static int check_reader(struct read_op *o, struct err *e)
{
	struct ext4_check_result r;
	struct ext4_info info;
	int rc = ext4_check(o->r, keep_finding, o, &r, e);

	ext4_reader_info(o->r, &info);
	o->checked.inodes = r.inodes;
	o->checked.dirs = r.dirs;
	o->checked.used_bytes = r.blocks * info.block_size;
	o->checked.replayed = info.replayed;
	return rc;
}

/* What cannot be opened because it is damaged has that as its finding. */
static int check_in_pool(struct work *w, struct err *e)
{
	struct read_op *o = container_of(w, struct read_op, work);
	int rc = with_reader(o, check_reader, e);

	o->checked.most = EXT4_FINDINGS_MAX;
	return rc == -EUCLEAN ? keep_finding(o, e->text, e) : rc;
}

static void on_checked(struct work *w, int rc, const struct err *e)
{
	struct read_op *o = container_of(w, struct read_op, work);
	struct berth_error be = { 0 };

	eng_op_end(&o->op);
	for (size_t at = 0; rc == 0 && at < o->text.len; at += strlen((char *)o->text.p + at) + 1)
		o->finding(o->op.arg, (char *)o->text.p + at);
	o->cb.checked(o->op.arg, rc, eng_error(&be, rc, e, NULL), rc < 0 ? NULL : &o->checked);
	op_free(o);
}

int berth_rootfs_check(struct berth *b, const char *file, berth_finding_cb finding, berth_rootfs_checked_cb done,
		       void *arg, struct berth_op **op, struct berth_error *e)
{
	struct read_op *o = op_new(file, "");

	if (o) {
		o->finding = finding;
		o->cb.checked = done;
	}
	return op_start(b, o, arg, check_in_pool, on_checked, op, e);
}

/* --- extract */

struct extract_op {
	struct berth_op op;
	struct pack pack;
	struct eng_progress view;
	struct eng_arena arena;
	const char *file;
	berth_progress_cb progress;
	berth_tar_cb done;
	struct eng_tar_out out;
};

static void on_progress(struct pack *p, uint64_t raw)
{
	struct extract_op *o = container_of(p, struct extract_op, pack);

	o->view.view.done = raw;
	if (o->progress)
		o->progress(o->op.arg, &o->view.view);
}

static void on_closed(struct eng_tar_out *out, int rc, const struct err *e)
{
	struct extract_op *o = container_of(out, struct extract_op, out);
	const struct pack_result *p = &o->pack.result;
	struct berth_tar_result r = { p->raw, p->entries, p->left_out };
	struct berth_error be = { 0 };

	eng_op_end(&o->op);
	o->done(o->op.arg, rc, eng_error(&be, rc, e, NULL), rc < 0 ? NULL : &r);
	eng_arena_finish(&o->arena);
	free(o);
}

static void on_packed(struct pack *p, int rc, const struct err *err)
{
	struct extract_op *o = container_of(p, struct extract_op, pack);
	struct err e = *err;

	if (rc < 0)
		err_wrap(&e, rc, "'%s'", o->file);
	eng_tar_out_close(&o->out, o->op.b->loop, rc, &e, on_closed);
}

static void cancel_extract(struct berth_op *op)
{
	pack_cancel(&container_of(op, struct extract_op, op)->pack);
}

int berth_rootfs_extract(struct berth *b, const char *file, const char *path, const char *to, int fd,
			 berth_progress_cb progress, berth_tar_cb done, void *arg, struct berth_op **op,
			 struct berth_error *be)
{
	struct extract_op *o = calloc(1, sizeof(*o));
	struct err e = { 0 };
	AUTO_CLOSE int base = open_file(file, &e);
	int rc = o ? base : -ENOMEM;

	if (rc >= 0)
		rc = eng_tar_out_open(&o->out, to, fd, &e);
	if (rc >= 0) {
		const struct pack_opts opts = {
			.mode = PACK_TREE, .base = base, .upper = -1, .out = o->out.fd, .path = path
		};

		o->file = eng_arena_str(&o->arena, file);
		o->view.view.verb = "rootfs extract";
		o->view.view.object = o->file;
		o->view.view.stage = "reading";
		o->pack.progress = on_progress;
		o->progress = progress;
		o->done = done;
		rc = o->arena.failed ? -ENOMEM : pack_start(&o->pack, b->loop, &opts, on_packed, &e);
	}
	if (rc < 0) {
		if (o) {
			eng_tar_out_drop(&o->out);
			eng_arena_finish(&o->arena);
		}
		free(o);
		return eng_refuse(be, rc, &e);
	}
	eng_op_begin(b, &o->op, arg, cancel_extract, op);
	return 0;
}

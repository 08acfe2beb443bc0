/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/disks.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/auto.h"
#include "base/fault.h"
#include "base/path.h"
#include "base/sock.h"
#include "engine/shim.h"
#include "rpc/drive-uv.h"

static const struct rpc_method shim_freeze = { "/berth.shim.v1.Shim/Freeze",
					       &shim__freeze_request__descriptor,
					       &shim__frozen_event__descriptor, RPC_SERVER_STREAM, NULL };

/* --- in the pool: which they are */

static int64_t written(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -1 : st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
}

static int open_both(struct eng_disks *d, struct err *e)
{
	AUTO_CLOSE int dir = container_open(d->b->root, d->ctr.id, e);

	if (dir < 0)
		return dir;
	d->base = container_base_open(d->b->root, d->ctr.config, e);
	if (d->base < 0)
		return d->base;
	d->disk = openat(dir, "upper.ext4", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (d->disk < 0)
		return err_sys(e, -errno, "cannot open the disk of container %s", d->name);
	d->written_ns = written(d->disk);
	return 0;
}

static int find(struct work *w, struct err *e)
{
	struct eng_disks *d = container_of(w, struct eng_disks, work);
	char id[CONTAINER_ID_LEN + 1];
	int rc = container_find(d->b->root, d->name, id, e);

	if (rc == 0)
		rc = container_read(d->b->root, id, &d->ctr, e);
	if (rc == 0)
		rc = container_read_spec(d->b->root, &d->ctr, e);
	return rc < 0 ? rc : open_both(d, e);
}

/* --- in the pool: a copy */

static int copy_used(struct eng_disks *d, int to, off_t size)
{
	for (off_t at = 0, end; at < size; at = end) {
		at = lseek(d->disk, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(d->disk, at, SEEK_HOLE);
		if (end < 0)
			return -errno;
		for (off_t from = at, where = at; from < end;) {
			ssize_t n = copy_file_range(d->disk, &from, to, &where,
						    (size_t)MIN(end - from, 64 << 20), 0);

			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0)
				return n < 0 ? -errno : -EIO;
			if (__atomic_load_n(&d->cancelled, __ATOMIC_RELAXED))
				return -ECANCELED;
		}
	}
	return 0;
}

static int copy(struct work *w, struct err *e)
{
	struct eng_disks *d = container_of(w, struct eng_disks, work);
	AUTO_CLOSE int dir = container_open(d->b->root, d->ctr.id, e);
	AUTO_CLOSE int to = -1;
	struct stat st;
	int rc = fault_at(FAULT_DISK_COPY);

	if (dir < 0)
		return dir;
	if (rc == 0)
		to = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (rc == 0 && (to < 0 || fstat(d->disk, &st) < 0))
		rc = -errno;
	if (rc == 0 && ioctl(to, FICLONE, d->disk) < 0)
		rc = ftruncate(to, st.st_size) < 0 ? -errno : copy_used(d, to, st.st_size);
	if (rc == -ECANCELED)
		return err_set(e, rc, "canceled");
	if (rc < 0)
		return err_sys(e, rc, "cannot copy the disk of container %s", d->name);
	d->upper = TAKE_FD(to);
	return 0;
}

/* --- on the loop */

static void finish(struct eng_disks *d, int rc, const struct err *e)
{
	rpc_client_destroy(TAKE(d->client));
	if (rc == 0 && d->cancelled)
		rc = err_set(&d->err, -ECANCELED, "canceled");
	else if (rc < 0 && e != &d->err)
		d->err = *e;
	d->rc = rc;
	d->cb(d, rc, &d->err);
}

static void on_ended(struct loop_defer *l)
{
	struct eng_disks *d = container_of(l, struct eng_disks, end);

	finish(d, d->rc, &d->err);
}

/* The copy is made, or cannot be: the guest may write again as soon as the call is gone. */
static void on_copied(struct work *w, int rc, const struct err *e)
{
	struct eng_disks *d = container_of(w, struct eng_disks, work);

	d->copying = false;
	d->copied = true;
	if (rc < 0 && d->rc == 0) {
		d->rc = rc;
		d->err = *e;
	}
	if (d->streaming)
		rpc_stream_cancel(&d->stream);
	else
		loop_defer(d->b->loop, &d->end, on_ended);
}

static void on_frozen(struct rpc_stream *op, const ProtobufCMessage *msg)
{
	struct eng_disks *d = container_of(op, struct eng_disks, stream);
	int rc;

	if (d->copying || d->copied)
		return;
	rc = d->cancelled ? -ECANCELED : work_start(&d->work, d->b->loop, copy, on_copied);
	d->copying = rc == 0;
	if (rc < 0) {
		d->rc = err_sys(&d->err, rc, "cannot copy the disk of container %s", d->name);
		rpc_stream_cancel(&d->stream);
	}
}

static void on_thawed(struct rpc_stream *op, int rc, const struct err *e)
{
	struct eng_disks *d = container_of(op, struct eng_disks, stream);

	d->streaming = false;
	/* not by us: what was copied may be of two moments */
	if (!d->copied && d->rc == 0) {
		d->rc = rc < 0 ? rc : -EIO;
		d->err = *e;
		err_wrap(&d->err, d->rc, "cannot freeze the disk of container %s", d->name);
	}
	if (!d->copying)
		loop_defer(d->b->loop, &d->end, on_ended);
}

static int freeze(struct eng_disks *d, struct err *e)
{
	Shim__FreezeRequest req = SHIM__FREEZE_REQUEST__INIT;
	AUTO_FREE char *dir = eng_run_dir(d->b, d->ctr.id);
	AUTO_FREE char *path = dir ? path_join(dir, "shim.sock") : NULL;
	int fd = path ? sock_connect(path, NULL) : -ENOMEM, rc;

	if (fd < 0)
		return err_sys(e, fd, "cannot reach the shim of container %s", d->name);
	rc = rpc_uv_connect(d->b->loop, fd, d, NULL, &d->client, e);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	rc = rpc_stream_start(&d->stream, d->client, &shim_freeze, &req.base, 0, on_frozen, on_thawed, e);
	d->streaming = rc == 0;
	return rc;
}

static void on_found(struct work *w, int rc, const struct err *we)
{
	struct eng_disks *d = container_of(w, struct eng_disks, work);
	struct err e = *we;

	if (rc == 0 && d->cancelled)
		rc = err_set(&e, -ECANCELED, "canceled");
	if (rc == 0 && d->ctr.alive) {
		rc = freeze(d, &e);
		if (rc == 0)
			return;
	}
	if (rc == 0)
		d->upper = d->disk;
	finish(d, rc, &e);
}

int eng_disks_start(struct eng_disks *d, struct berth *b, const char *name, eng_disks_cb cb, struct err *e)
{
	int rc;

	d->b = b;
	d->cb = cb;
	d->base = d->upper = d->disk = -1;
	if ((size_t)snprintf(d->name, sizeof(d->name), "%s", name) >= sizeof(d->name))
		return err_set(e, -ENOENT, "no container is called that");
	rc = work_start(&d->work, b->loop, find, on_found);
	return rc < 0 ? err_sys(e, rc, "cannot start a thread") : 0;
}

void eng_disks_cancel(struct eng_disks *d)
{
	__atomic_store_n(&d->cancelled, true, __ATOMIC_RELAXED);
	if (d->streaming && !d->copying)
		rpc_stream_cancel(&d->stream);
}

int eng_disks_check(const struct eng_disks *d, struct err *e)
{
	if (d->upper != d->disk || written(d->disk) == d->written_ns)
		return 0;
	return err_set(e, -EAGAIN, "container %s was started while its disk was read", d->name);
}

void eng_disks_finish(struct eng_disks *d)
{
	if (d->upper >= 0 && d->upper != d->disk)
		close(d->upper);
	if (d->disk >= 0)
		close(d->disk);
	if (d->base >= 0)
		close(d->base);
	d->base = d->upper = d->disk = -1;
	container_finish(&d->ctr);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tar-out.c - where a tar goes. */
#include "engine/tar-out.h"

#include <unistd.h>

#include "base/auto.h"

int eng_tar_out_open(struct eng_tar_out *o, const char *path, int fd, struct err *e)
{
	int rc = path ? rootfs_output_begin(path, &o->file, e) : 0;

	o->named = path && rc == 0;
	o->fd = o->named ? o->file.fd : fd;
	return rc;
}

void eng_tar_out_drop(struct eng_tar_out *o)
{
	if (o->named)
		rootfs_output_finish(&o->file);
	o->named = false;
}

static int name_it(struct work *w, struct err *e)
{
	struct eng_tar_out *o = container_of(w, struct eng_tar_out, work);

	if (fsync(o->fd) < 0)
		return err_sys(e, -errno, "cannot write '%s'", o->file.name);
	return rootfs_output_commit(&o->file, e);
}

static void on_named(struct work *w, int rc, const struct err *e)
{
	struct eng_tar_out *o = container_of(w, struct eng_tar_out, work);

	eng_tar_out_drop(o);
	o->done(o, rc, e);
}

void eng_tar_out_close(struct eng_tar_out *o, uv_loop_t *loop, int rc, const struct err *e, eng_tar_out_cb done)
{
	struct err we = { 0 };

	o->done = done;
	if (o->named && rc == 0) {
		rc = work_start(&o->work, loop, name_it, on_named);
		if (rc == 0)
			return;
		err_sys(&we, rc, "cannot write '%s'", o->file.name);
		e = &we;
	}
	eng_tar_out_drop(o);
	done(o, rc, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* copy-host.c - the host's end of a copy. What a guest sends is a stranger's tar. */
#include "engine/copy-host.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/tree-unpack.h"
#include "engine/copy-pipe.h"

#define LINKS_MAX 40
#define PIECE (64u << 10)

int copy_host_find(struct copy_end *end, bool follow, struct err *e)
{
	char link[PATH_MAX];
	struct stat st;

	for (int i = 0; i < LINKS_MAX; i++) {
		ssize_t n;
		int rc;

		end->exists = lstat(end->path, &st) == 0;
		if (!end->exists)
			return errno == ENOENT ? 0 : err_sys(e, -errno, "cannot find '%s'", end->path);
		end->mode = st.st_mode;
		end->size = (uint64_t)st.st_size;
		if (!follow || !S_ISLNK(st.st_mode))
			return 0;
		n = readlink(end->path, link, sizeof(link) - 1);
		if (n < 0)
			return err_sys(e, -errno, "cannot read '%s'", end->path);
		link[n] = 0;
		rc = copy_end_follow(end, link, e);
		if (rc < 0)
			return rc;
	}
	return err_sys(e, -ELOOP, "cannot find '%s'", end->path);
}

int copy_host_folder(const struct copy_plan *p, struct err *e)
{
	int rc = p->make ? path_mkdirs(p->folder, 0777, e) : 0, fd;

	if (rc < 0)
		return rc;
	fd = open(p->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, -errno, "cannot open the folder '%s'", p->folder) : fd;
}

/* --- a tar on a descriptor, as it is */

/* Until fd has room or bytes. -ECANCELED. */
static int wait_for(struct copy_host *h, short events, struct err *e)
{
	struct pollfd p[2] = { { .fd = h->tar, .events = events }, { .fd = h->wake, .events = POLLIN } };

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return err_sys(e, -errno, "cannot wait");
	return p[1].revents ? err_set(e, -ECANCELED, "canceled") : 0;
}

static int send_tar(struct copy_host *h, struct copy_pipe_out *out, struct err *e)
{
	AUTO_FREE uint8_t *piece = malloc(PIECE);
	ssize_t n = 1;
	int rc = piece ? 0 : err_set(e, -ENOMEM, "out of memory");

	while (rc == 0 && n != 0) {
		rc = wait_for(h, POLLIN, e);
		if (rc < 0)
			return rc;
		n = read(h->tar, piece, PIECE);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return err_sys(e, -errno, "cannot read the tar");
		if (n > 0)
			rc = out->out.write(&out->out, piece, (size_t)n, e);
	}
	return rc;
}

/* In pieces that a pipe takes without a wait. */
static int write_tar(struct copy_host *h, const uint8_t *p, size_t n, struct err *e)
{
	while (n) {
		ssize_t put;
		int rc = wait_for(h, POLLOUT, e);

		if (rc < 0)
			return rc;
		put = write(h->tar, p, MIN(n, PIPE_BUF));
		if (put < 0 && errno != EINTR && errno != EAGAIN)
			return err_sys(e, -errno, "cannot write the tar");
		p += MAX(put, 0);
		n -= (size_t)MAX(put, 0);
	}
	return 0;
}

static int receive_tar(struct copy_host *h, struct copy_pipe_in *in, struct err *e)
{
	AUTO_FREE uint8_t *piece = malloc(PIECE);
	ssize_t n = 1;
	int rc = piece ? 0 : err_set(e, -ENOMEM, "out of memory");

	while (rc == 0 && n > 0) {
		n = copy_pipe_in_some(in, piece, PIECE, e);
		rc = n < 0 ? (int)n : write_tar(h, piece, (size_t)n, e);
	}
	return rc;
}

/* --- either */

/* The folder that a file is opened in, and its name there. */
static int open_above(const struct copy_end *end, const char **name, struct err *e)
{
	const char *slash = strrchr(end->path, '/');
	AUTO_FREE char *above = strndup(end->path, MAX((size_t)(slash - end->path), (size_t)1));
	int fd = above ? open(above, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	*name = slash[1] ? slash + 1 : ".";
	return fd < 0 ? err_sys(e, above ? -errno : -ENOMEM, "cannot open '%s'", end->path) : fd;
}

int copy_host_send(struct copy_host *h, const struct copy_end *src, const char *name, struct err *e)
{
	AUTO_FREE struct copy_pipe_out *out = malloc(sizeof(*out));
	AUTO_CLOSE int dir = -1;
	const char *last;
	int rc;

	if (!out)
		return err_set(e, -ENOMEM, "out of memory");
	copy_pipe_out_init(out, h->conn, h->pace);
	if (h->tar >= 0) {
		rc = send_tar(h, out, e);
	} else {
		dir = open_above(src, &last, e);
		rc = dir < 0 ? dir : tree_pack(dir, last, name, &out->out, &h->stats, e);
	}
	if (rc == 0)
		rc = copy_pipe_out_end(out, e);
	h->lost = out->lost;
	return rc;
}

int copy_host_receive(struct copy_host *h, int folder, const char *name, bool keep_owner, struct err *e)
{
	AUTO_FREE struct copy_pipe_in *in = malloc(sizeof(*in));
	struct tree_into into = { .dir = folder, .only = *name ? name : NULL, .keep_owner = keep_owner && geteuid() == 0,
				  .foreign = true };
	int rc;

	if (!in)
		return err_set(e, -ENOMEM, "out of memory");
	copy_pipe_in_init(in, h->conn, h->pace);
	rc = h->tar >= 0 ? receive_tar(h, in, e) : tree_unpack(&into, &in->stream.src, &h->stats, e);
	h->lost = in->lost;
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* msglog.c - messages on the disk. */
#include "tui/msglog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"

#define PENDING_MAX (256 << 10) /* of what waits for a slow disk; more is not kept */

static char *usual_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && *state == '/')
		return path_fmt("%s/berth/messages.log", state);
	return home && *home == '/' ? path_fmt("%s/.local/state/berth/messages.log", home) : NULL;
}

void msglog_open(struct msglog *l, uv_loop_t *loop, const char *path)
{
	l->loop = loop;
	l->path = path ? strdup(path) : usual_path();
}

static int make_folder(const char *path, struct err *e)
{
	AUTO_FREE char *folder = strdup(path);

	if (!folder)
		return err_set(e, -ENOMEM, "out of memory");
	*strrchr(folder, '/') = 0;
	return path_mkdirs(folder, 0700, e);
}

/* The file, put aside first if n more bytes were too many. A link in its place is not followed. */
static int open_log(const char *path, size_t n, int *ret, struct err *e)
{
	AUTO_FREE char *older = path_fmt("%s.1", path);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return err_sys(e, -errno, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "'%s' is no file", path);
	if (older && st.st_size && (uint64_t)st.st_size + n > MSGLOG_MAX) {
		if (rename(path, older) < 0)
			return err_sys(e, -errno, "cannot put aside '%s'", path);
		auto_close(&fd);
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0)
			return err_sys(e, -errno, "cannot open '%s'", path);
	}
	*ret = TAKE_FD(fd);
	return 0;
}

static int append(const char *path, const struct buf *b, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	int rc = make_folder(path, e);

	rc = rc < 0 ? rc : open_log(path, b->len, &fd, e);
	if (rc < 0)
		return rc;
	rc = file_write_full(fd, b->p, b->len);
	return rc < 0 ? err_sys(e, rc, "cannot write '%s'", path) : 0;
}

static int write_some(struct work *w, struct err *e)
{
	const struct msglog *l = container_of(w, struct msglog, work);

	return append(l->path, &l->writing, e);
}

static void start(struct msglog *l);

static void on_written(struct work *w, int rc, const struct err *e)
{
	struct msglog *l = container_of(w, struct msglog, work);

	l->busy = false;
	buf_clear(&l->writing);
	if (rc < 0 && rc != -ECANCELED && !l->broken) {
		l->broken = true;
		if (l->failed)
			l->failed(l->arg, e);
	}
	start(l);
}

static void start(struct msglog *l)
{
	struct buf empty = l->writing;

	if (l->busy || l->broken || !l->pending.len)
		return;
	l->writing = l->pending;
	l->pending = empty;
	l->busy = work_start(&l->work, l->loop, write_some, on_written) == 0;
	if (!l->busy)
		buf_clear(&l->writing);
}

void msglog_add(struct msglog *l, enum msg_level level, int64_t time, const char *text)
{
	static const char *const words[] = { [MSG_CLI] = "same-as", [MSG_INFO] = "info", [MSG_ERROR] = "error" };
	char at[CLOCK_RFC3339_MAX];

	if (!l->path || l->broken || l->pending.len > PENDING_MAX)
		return;
	clock_rfc3339(time, at);
	buf_addf(&l->pending, "%s %s %s\n", at, words[level], text);
	start(l);
}

void msglog_close(struct msglog *l)
{
	while (l->busy)
		uv_run(l->loop, UV_RUN_ONCE);
	if (l->path && l->pending.len && !l->broken)
		append(l->path, &l->pending, NULL);
	buf_finish(&l->pending);
	buf_finish(&l->writing);
	free(l->path);
	*l = (struct msglog){ 0 };
}

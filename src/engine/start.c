/* SPDX-License-Identifier: Apache-2.0 */
/* start.c - a container started: its shim spawned, its process asked for, its streams opened. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/path.h"
#include "base/sock.h"
#include "base/spawn.h"
#include "base/where.h"
#include "engine/engine.h"
#include "engine/shim.h"
#include "rpc/drive-uv.h"

struct start {
	struct berth_op op;
	struct work work;
	char name[256];
	char id[CONTAINER_ID_LEN + 1];
	bool attach, hold, cancelled, calling;
	unsigned flags, rows, cols;
	berth_attached_cb done;
	struct rpc_client *client;
	struct rpc_unary unary;
	int64_t asked;
};

static void end(struct start *s, int rc, const struct err *e, const struct berth_streams *streams)
{
	struct berth_error be = { 0 };

	eng_op_end(&s->op);
	s->done(s->op.arg, rc, eng_error(&be, rc, e, NULL), streams);
	rpc_client_destroy(s->client);
	free(s);
}

/* --- in the pool */

static int run_folder(const struct start *s, int *ret, struct err *e)
{
	AUTO_FREE char *path = eng_run_dir(s->op.b, s->id);

	if (!path)
		return err_sys(e, -ENOMEM, "cannot make a run folder");
	file_remove_tree(AT_FDCWD, path, NULL); /* of a shim that was killed; we hold the lock */
	if (mkdir(path, 0700) < 0)
		return err_sys(e, -errno, "cannot make '%s'", path);
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? err_sys(e, -errno, "cannot open '%s'", path) : 0;
}

static int spawn_shim(const struct start *s, int dir, int lock, int listener, struct err *e)
{
	AUTO_FREE char *shim = where_helper("berth-shim");
	AUTO_CLOSE int log = openat(dir, "shim.log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const struct spawn_fd fds[] = { { listener, 3 }, { lock, 4 }, { log, 2 } };
	const char *level = log_get_level() == LOG_LEVEL_TRACE ? "trace" : log_get_level() == LOG_LEVEL_DEBUG ?
										"debug" : "info";
	char asked[24], lines[24];
	const char *argv[] = { "berth-shim", "--root", s->op.b->root, "--run-root", s->op.b->run_root, "--asked", asked,
			       "--scrollback", lines, "--log-level", level, s->id, NULL };
	struct spawn sp = { .file = shim, .argv = argv, .fds = fds, .nfds = ARRAY_LEN(fds), .cwd = "/",
			    .new_session = true, .orphan = true };

	if (!shim || log < 0)
		return err_sys(e, -errno, "cannot start the shim of container %s", s->name);
	snprintf(asked, sizeof(asked), "%lld", (long long)s->asked);
	snprintf(lines, sizeof(lines), "%llu", (unsigned long long)conf_number(&s->op.b->conf->conf, CONF_CONSOLE_SCROLLBACK));
	return spawn_start(&sp, NULL, NULL, e);
}

static int launch(struct work *w, struct err *e)
{
	struct start *s = container_of(w, struct start, work);
	AUTO(container_finish) struct container c = { 0 };
	AUTO_CLOSE int dir = -1;
	AUTO_CLOSE int lock = -1;
	AUTO_CLOSE int run_dir = -1;
	AUTO_CLOSE int listener = -1;
	int rc = container_find(s->op.b->root, s->name, s->id, e);

	if (rc < 0)
		return rc;
	dir = container_open(s->op.b->root, s->id, e);
	if (dir < 0)
		return dir;
	lock = lock_try(dir, "lock", false, e);
	if (lock == -EWOULDBLOCK && container_read(s->op.b->root, s->id, &c, NULL) == 0 &&
	    strcmp(container_state_word(&c), "paused") == 0)
		return err_set(e, -EBUSY, "container %s is paused", s->name);
	if (lock == -EWOULDBLOCK)
		return err_set(e, -EALREADY, "container %s is running already", s->name);
	if (lock < 0)
		return lock;
	rc = container_read(s->op.b->root, s->id, &c, e);
	if (rc == 0)
		rc = run_folder(s, &run_dir, e);
	if (rc < 0)
		return rc;
	listener = sock_listen_at(run_dir, "shim.sock", e);
	if (listener == -ENOENT) { /* the last shim of this container has just taken the folder away */
		close(TAKE_FD(run_dir));
		rc = run_folder(s, &run_dir, e);
		listener = rc < 0 ? rc : sock_listen_at(run_dir, "shim.sock", e);
	}
	if (listener < 0)
		return listener;
	return spawn_shim(s, dir, lock, listener, e);
}

/* --- the call */


static void on_started(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct start *s = container_of(op, struct start, unary);
	const Shim__StartResponse *r = (const void *)resp;
	struct berth_streams streams = { .io = -1, .in = -1, .out = -1, .err = -1 };
	struct err se = *e;

	s->calling = false;
	if (rc == 0 && r->streams)
		rc = eng_take_streams(s->op.b, s->id, r->streams, &streams, &se);
	if (rc == 0)
		snprintf(streams.notice, sizeof(streams.notice), "%s", r->notice ? r->notice : "");
	memcpy(streams.id, s->id, sizeof(streams.id));
	end(s, rc, &se, rc < 0 ? NULL : &streams);
}

static int call_shim(struct start *s, struct err *e)
{
	AUTO_FREE char *dir = eng_run_dir(s->op.b, s->id);
	AUTO_FREE char *path = dir ? path_join(dir, "shim.sock") : NULL;
	Shim__StartRequest req = SHIM__START_REQUEST__INIT;
	Shim__AttachSpec attach = SHIM__ATTACH_SPEC__INIT;
	int fd = path ? sock_connect(path, e) : -ENOMEM, rc;

	if (fd < 0)
		return fd;
	rc = rpc_uv_connect(s->op.b->loop, fd, s, NULL, &s->client, e);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	attach.stdin = s->flags & BERTH_ATTACH_STDIN;
	attach.output = s->flags & BERTH_ATTACH_OUTPUT;
	attach.read_only = s->flags & BERTH_ATTACH_READ_ONLY;
	attach.clipboard = s->flags & BERTH_ATTACH_CLIPBOARD;
	attach.repaint = s->flags & BERTH_ATTACH_REPAINT;
	attach.rows = s->rows;
	attach.cols = s->cols;
	if (s->attach)
		req.attach = &attach;
	req.hold = s->hold;
	return rpc_unary_start(&s->unary, s->client, &shim_start, &req.base, 0, on_started, e);
}

static void on_launched(struct work *w, int rc, const struct err *we)
{
	struct start *s = container_of(w, struct start, work);
	struct err e = *we;

	/* A cancelled start ends like any client that goes away: the shim was told nothing and gives up. */
	if (rc == 0 && s->cancelled)
		rc = err_set(&e, -ECANCELED, "canceled");
	if (rc == 0)
		rc = call_shim(s, &e);
	if (rc < 0)
		end(s, eng_not_of_process(rc, &e), &e, NULL);
	else
		s->calling = true;
}

static void cancel(struct berth_op *op)
{
	struct start *s = container_of(op, struct start, op);

	s->cancelled = true;
	if (s->calling)
		rpc_unary_cancel(&s->unary);
}

static int begin(struct berth *b, const char *name, const struct berth_attach *at, bool hold, berth_attached_cb done, void *arg,
		 struct berth_op **ret, struct berth_error *be)
{
	struct start *s = calloc(1, sizeof(*s));
	unsigned console;
	struct err e = { 0 };
	int rc = s ? eng_split_console(name, s->name, &console, &e) : -ENOMEM;

	if (rc == 0) {
		s->done = done;
		s->asked = clock_mono_ns();
		s->hold = hold;
		if (at) {
			s->attach = true;
			s->flags = at->flags;
			s->rows = at->rows;
			s->cols = at->cols;
		}
		eng_op_begin(b, &s->op, arg, cancel, ret);
		rc = work_start(&s->work, b->loop, launch, on_launched);
		if (rc < 0)
			list_remove(&s->op.link);
	}
	if (rc < 0) {
		free(s);
		return eng_refuse(be, rc, &e);
	}
	return 0;
}

int berth_container_start(struct berth *b, const char *name, const struct berth_attach *at, berth_attached_cb done,
			  void *arg, struct berth_op **ret, struct berth_error *be)
{
	return begin(b, name, at, false, done, arg, ret, be);
}

int eng_container_hold(struct berth *b, const char *id, berth_attached_cb done, void *arg, struct berth_op **ret,
		       struct berth_error *be)
{
	return begin(b, id, NULL, true, done, arg, ret, be);
}

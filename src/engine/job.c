/* SPDX-License-Identifier: Apache-2.0 */
/* job.c - starting, joining and following jobs. */
#include "engine/job.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/sock.h"
#include "base/spawn.h"
#include "base/str.h"
#include "base/where.h"
#include "job/folder.h"

#define WAIT_MS 25   /* between looks at a job that just begins or ends */
#define WAITS_MAX 400
#define LOG_MAX 4096 /* bytes of the end of a dead job's log */

static int enter(struct eng_job *op, struct err *e);

/* --- the end of an operation */

static void on_closed(struct eng_job *op)
{
	if (--op->open > 0)
		return;
	struct err e = op->err;

	if (op->fd >= 0)
		close(op->fd);
	if (op->dir >= 0)
		close(op->dir);
	if (op->log >= 0)
		close(op->log);
	op->fd = op->dir = op->log = -1;
	op->active = false;
	op->cb(op, op->rc, &e); /* may free op */
}

static void on_poll_closed(uv_handle_t *h)
{
	on_closed(container_of((uv_poll_t *)h, struct eng_job, poll));
}

static void on_timer_closed(uv_handle_t *h)
{
	on_closed(container_of((uv_timer_t *)h, struct eng_job, timer));
}

static void end(struct eng_job *op, int rc)
{
	if (op->ending)
		return;
	op->ending = true;
	op->rc = rc;
	loop_defer_cancel(&op->defer);
	if (op->watching)
		uv_close((uv_handle_t *)&op->poll, on_poll_closed);
	uv_close((uv_handle_t *)&op->timer, on_timer_closed);
}

/* --- what dead jobs leave */

/* Removes the folder if nobody holds its lock. */
static bool clean_if_dead(const char *run_root, const char *id, int dir)
{
	AUTO_CLOSE int lock = lock_try(dir, "lock", false, NULL);

	if (lock < 0)
		return false;
	job_folder_remove(run_root, id, dir);
	return true;
}

/* The connection ended and nothing was said: killed, or it failed before it could speak. */
static void died(struct eng_job *op)
{
	char text[LOG_MAX + 1] = "";
	char *line, *nl;
	ssize_t n = 0;

	if (op->log >= 0) {
		off_t size = lseek(op->log, 0, SEEK_END);

		n = pread(op->log, text, LOG_MAX, size > LOG_MAX ? size - LOG_MAX : 0);
	}
	text[n > 0 ? n : 0] = 0;
	while ((nl = strrchr(text, '\n')) && !nl[1])
		*nl = 0;
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	if (op->dir >= 0)
		clean_if_dead(op->run_root, op->id, op->dir);
	end(op, err_set(&op->err, -EPIPE, "the job ended without a word%s%s", *line ? ": " : "", line));
}

/* --- following */

static void take_event(struct eng_job *op, const char *line, size_t len)
{
	AUTO_JSON cJSON *j = NULL;
	const char *name, *text;

	if (json_parse(line, len, "the job's line", &j, &op->err) < 0) {
		end(op, -EPROTO);
		return;
	}
	name = json_str(j, "event");
	if (!name)
		return;
	if (strcmp(name, "done") == 0) {
		op->result = TAKE(j);
		end(op, 0);
	} else if (strcmp(name, "error") == 0) {
		int64_t code = json_int(j, "code", -EIO);

		text = json_str(j, "text");
		if (json_str(j, "hint"))
			op->hint = strdup(json_str(j, "hint"));
		code = code < 0 && code > -4096 ? code : -EIO;
		end(op, err_set(&op->err, (int)code, "%s", text ? text : err_str((int)code)));
	} else if (op->event && !op->leaving) {
		op->event(op, name, j);
	}
}

static void on_readable(uv_poll_t *h, int status, int events)
{
	struct eng_job *op = container_of(h, struct eng_job, poll);
	char chunk[16384];
	ssize_t n = read(op->fd, chunk, sizeof chunk);
	uint8_t *nl;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		died(op);
		return;
	}
	if (op->in.len + (size_t)n > JOB_LINE_MAX) {
		end(op, err_set(&op->err, -EPROTO, "the job's line is too long"));
		return;
	}
	if (buf_add(&op->in, chunk, (size_t)n) < 0) {
		end(op, err_set(&op->err, -ENOMEM, "out of memory"));
		return;
	}
	while (!op->ending && op->in.len && (nl = memchr(op->in.p, '\n', op->in.len))) {
		size_t len = (size_t)(nl - op->in.p);

		*nl = 0;
		take_event(op, (char *)op->in.p, len);
		buf_consume(&op->in, len + 1);
	}
}

static int follow(struct eng_job *op, int fd, struct err *e)
{
	int rc = uv_poll_init(op->loop, &op->poll, fd);

	if (rc < 0) {
		close(fd);
		return err_sys(e, rc, "cannot follow the job");
	}
	op->fd = fd;
	op->watching = true;
	op->open++;
	uv_poll_start(&op->poll, UV_READABLE, on_readable);
	return 0;
}

/* --- starting */

/* A file in memory, read from its start. */
static int text_fd(const char *text, size_t len, struct err *e)
{
	AUTO_CLOSE int fd = memfd_create("job", MFD_CLOEXEC);

	if (fd < 0 || file_write_full(fd, text, len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, -errno, "cannot describe the job");
	return TAKE_FD(fd);
}

static int spawn_job(struct eng_job *op, int lock, struct err *e)
{
	AUTO_FREE char *helper = where_helper("berth-job");
	const char *argv[] = { "berth-job", op->kind, NULL };
	int pair[2];

	if (!helper)
		return err_set(e, -ENOMEM, "out of memory");
	AUTO_CLOSE int desc = text_fd(op->desc, op->desc_len, e);
	if (desc < 0)
		return desc;
	AUTO_CLOSE int sock = sock_listen_at(op->dir, "sock", e);
	if (sock < 0)
		return sock;
	op->log = openat(op->dir, "log", O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (op->log < 0)
		return err_sys(e, -errno, "cannot make the job's log");
	int rc = sock_pair(pair);
	if (rc < 0)
		return err_sys(e, rc, "cannot start a job");
	AUTO_CLOSE int ours = pair[0];
	AUTO_CLOSE int its = pair[1];
	struct spawn_fd fds[] = {
		{ op->log, 2 },		{ desc, JOB_FD_DESC }, { sock, JOB_FD_SOCK },
		{ lock, JOB_FD_LOCK }, { its, JOB_FD_STARTER },
	};
	struct spawn s = { .file = helper, .argv = argv, .fds = fds, .nfds = ARRAY_LEN(fds), .cwd = "/",
			   .new_session = true, .orphan = true, .no_new_privs = true };
	rc = spawn_start(&s, NULL, NULL, e);
	if (rc < 0)
		return rc;
	return follow(op, TAKE_FD(ours), e);
}

/* true if the lock is on the file that the folder still shows: its holder may have removed it meanwhile. */
static bool is_current(int dir, int lock)
{
	struct stat a, b;

	return fstat(lock, &a) == 0 && fstatat(dir, "lock", &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void on_wait_over(uv_timer_t *t)
{
	struct eng_job *op = container_of(t, struct eng_job, timer);
	int rc = enter(op, &op->err);

	if (rc < 0)
		end(op, rc);
}

static int wait_a_little(struct eng_job *op, struct err *e)
{
	if (++op->waits > WAITS_MAX)
		return err_set(e, -ETIMEDOUT, "job %s neither answers nor ends", op->id);
	return uv_timer_start(&op->timer, on_wait_over, WAIT_MS, 0);
}

/* Opens <run-root>/jobs/<id>, made if there is something to start. */
static int open_folder(struct eng_job *op, struct err *e)
{
	AUTO_FREE char *path = path_fmt("%s/jobs/%s", op->run_root, op->id);

	if (!path)
		return err_set(e, -ENOMEM, "out of memory");
	if (op->desc) {
		int rc = path_mkdirs(path, 0700, e);
		if (rc < 0)
			return rc;
	}
	if (op->dir >= 0)
		close(op->dir);
	op->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return op->dir < 0 ? err_sys(e, -errno, "cannot open job %s", op->id) : 0;
}

/* Starts the job or joins it, now or a little later. */
static int enter(struct eng_job *op, struct err *e)
{
	int rc = open_folder(op, e);

	if (rc == -ENOENT && op->desc)
		return wait_a_little(op, e);
	if (rc < 0)
		return rc;
	if (op->desc) {
		AUTO_CLOSE int lock = lock_try(op->dir, "lock", false, e);

		if (lock >= 0 && is_current(op->dir, lock)) {
			rc = spawn_job(op, lock, e);
			if (rc < 0)
				job_folder_remove(op->run_root, op->id, op->dir);
			return rc;
		}
		if (lock >= 0 || lock == -ENOENT)
			return wait_a_little(op, e);
		if (lock != -EWOULDBLOCK)
			return lock;
	}
	int fd = sock_connect_at(op->dir, "sock", e);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return op->desc ? wait_a_little(op, e) : err_set(e, -ENOENT, "there is no job '%s'", op->id);
	if (fd < 0)
		return fd;
	op->joined = true;
	return follow(op, fd, e);
}

static int begin(struct eng_job *op, uv_loop_t *loop, const char *run_root, eng_job_cb cb, struct err *e)
{
	op->loop = loop;
	op->cb = cb;
	op->dir = op->fd = op->log = -1;
	op->run_root = strdup(run_root);
	if (!op->run_root)
		return err_set(e, -ENOMEM, "out of memory");
	uv_timer_init(loop, &op->timer);
	op->open = 1;
	op->active = true;
	return 0;
}

static void on_failed_start(struct loop_defer *d)
{
	struct eng_job *op = container_of(d, struct eng_job, defer);

	end(op, op->rc);
}

/* The handles are open: what fails now is told by the callback. */
static int go(struct eng_job *op)
{
	op->rc = enter(op, &op->err);
	return op->rc < 0 ? loop_defer(op->loop, &op->defer, on_failed_start) : 0;
}

int eng_job_start(struct eng_job *op, uv_loop_t *loop, const struct job_desc *d, eng_job_cb cb, struct err *e)
{
	AUTO_JSON cJSON *j = job_desc_json(d);
	AUTO_FREE char *text = j ? json_print(j) : NULL;
	int rc = text ? job_desc_id(d, op->id) : -ENOMEM;

	if (rc < 0)
		return err_set(e, rc, "out of memory");
	rc = begin(op, loop, d->run_root, cb, e);
	if (rc < 0) {
		explicit_bzero(text, strlen(text));
		return rc;
	}
	snprintf(op->kind, sizeof op->kind, "%s", d->kind);
	op->desc_len = strlen(text);
	op->desc = TAKE(text);
	return go(op);
}

/* The only job whose id begins with prefix. */
static int find_id(const char *run_root, const char *prefix, char ret[static JOB_ID_MAX], struct err *e)
{
	struct eng_job_info *v = NULL;
	size_t n = 0, found = 0;
	int rc = eng_job_list(run_root, &v, &n, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (*prefix && str_starts(v[i].id, prefix)) {
			memcpy(ret, v[i].id, JOB_ID_MAX);
			found++;
		}
	eng_job_list_free(v, n);
	return found == 1 ? 0 :
	       found	  ? err_set(e, -EEXIST, "'%.20s' begins the ids of %zu jobs", prefix, found) :
			    err_set(e, -ENOENT, "there is no job '%.20s'", prefix);
}

int eng_job_join(struct eng_job *op, uv_loop_t *loop, const char *run_root, const char *id, eng_job_cb cb,
		 struct err *e)
{
	int rc = find_id(run_root, id, op->id, e);

	if (rc == 0)
		rc = begin(op, loop, run_root, cb, e);
	return rc < 0 ? rc : go(op);
}

/* --- leaving */

static void say(struct eng_job *op, const char *cmd)
{
	AUTO_FREE char *line = path_fmt("{\"cmd\":\"%s\"}\n", cmd);

	/* a line fits into any socket's buffer; if the job is gone, its end comes by the other way */
	if (line && op->fd >= 0 && send(op->fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
}

static void on_leave(struct loop_defer *d)
{
	struct eng_job *op = container_of(d, struct eng_job, defer);

	end(op, err_set(&op->err, -ECANCELED, "canceled"));
}

static void on_detached(struct loop_defer *d)
{
	end(container_of(d, struct eng_job, defer), 0);
}

void eng_job_cancel(struct eng_job *op)
{
	if (!op->active || op->ending || op->leaving)
		return;
	op->leaving = true;
	if (op->fd >= 0)
		say(op, "leave");
	else
		loop_defer(op->loop, &op->defer, on_leave);
}

void eng_job_cancel_all(struct eng_job *op)
{
	if (op->active && !op->ending)
		say(op, "cancel");
}

void eng_job_detach(struct eng_job *op)
{
	if (!op->active || op->ending)
		return;
	op->leaving = true;
	say(op, "detach");
	loop_defer(op->loop, &op->defer, op->fd >= 0 ? on_detached : on_leave);
}

void eng_job_finish(struct eng_job *op)
{
	cJSON_Delete(TAKE(op->result));
	free(TAKE(op->hint));
	free(TAKE(op->run_root));
	if (op->desc)
		explicit_bzero(op->desc, op->desc_len);
	free(TAKE(op->desc));
	buf_finish(&op->in);
}

/* --- listing */

static bool load_info(int dir, const char *id, struct eng_job_info *i)
{
	AUTO_FREE char *text = NULL;
	AUTO_JSON cJSON *j = NULL;
	size_t len;

	if (file_load(dir, "state", JOB_DESC_MAX, &text, &len, NULL) < 0 || json_parse(text, len, "", &j, NULL) < 0)
		return false;
	const char *from[] = { json_str(j, "kind"), json_str(j, "ref"), json_str(j, "platform"),
			       json_str(j, "started") };
	char **to[] = { &i->kind, &i->ref, &i->platform, &i->started };
	bool ok = true;

	memcpy(i->id, id, JOB_ID_MAX); /* its form was checked */
	i->pid = (pid_t)json_int(j, "pid", 0);
	for (size_t k = 0; k < ARRAY_LEN(to); k++)
		ok = (*to[k] = strdup(from[k] ? from[k] : "")) && ok;
	return ok;
}

static void info_finish(struct eng_job_info *i)
{
	free(i->kind);
	free(i->ref);
	free(i->platform);
	free(i->started);
}

void eng_job_list_free(struct eng_job_info *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		info_finish(&v[i]);
	free(v);
}

int eng_job_list(const char *run_root, struct eng_job_info **ret, size_t *ret_n, struct err *e)
{
	AUTO_FREE char *path = path_fmt("%s/jobs", run_root);
	AUTO_CLOSEDIR DIR *d = path ? opendir(path) : NULL;
	struct eng_job_info *v = NULL;
	size_t n = 0;
	struct dirent *ent;

	*ret = NULL;
	*ret_n = 0;
	if (!d)
		return !path ? -ENOMEM : errno == ENOENT ? 0 : err_sys(e, -errno, "cannot list '%s'", path);
	while ((ent = readdir(d))) {
		if (!str_is_hex(ent->d_name, JOB_ID_MAX - 1))
			continue;
		AUTO_CLOSE int dir = openat(dirfd(d), ent->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

		if (dir < 0 || clean_if_dead(run_root, ent->d_name, dir))
			continue;
		struct eng_job_info *more = realloc(v, (n + 1) * sizeof *v);

		if (!more) {
			eng_job_list_free(v, n);
			return err_set(e, -ENOMEM, "out of memory");
		}
		v = more;
		v[n] = (struct eng_job_info){ 0 };
		if (load_info(dir, ent->d_name, &v[n]))
			n++;
		else
			info_finish(&v[n]);
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

void eng_jobs_sweep(const char *run_root)
{
	struct eng_job_info *v = NULL;
	size_t n = 0;

	if (eng_job_list(run_root, &v, &n, NULL) == 0)
		eng_job_list_free(v, n);
}

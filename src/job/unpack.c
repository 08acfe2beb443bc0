/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.c - the parent's side of the unpacker. */
#include "job/unpack.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/where.h"
#include "job/unpack-proto.h"

#define AVAIL_STEP (256u << 10) /* the worker is told of a growing file in steps of this many bytes */

/* ---- its end ---------------------------------------------------------------------------------------- */

static void on_poll_closed(uv_handle_t *h)
{
	struct unpack *u = container_of((uv_poll_t *)h, struct unpack, poll);

	close(u->sock);
	free(u->sources);
	u->cb(u, u->rc, &u->err);
}

static void set_failure(struct unpack *u, int rc, const char *text)
{
	if (u->rc == 0)
		u->rc = err_set(&u->err, rc, "%s", text);
}

static void judge_exit(struct unpack *u, int status)
{
	char text[80];

	if (u->done)
		return;
	if (u->cancelled) {
		u->rc = 0;
		set_failure(u, -ECANCELED, "canceled");
		return;
	}
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "the unpacker was ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, sizeof(text), "the unpacker ended with status %d and no word",
			 WEXITSTATUS(status));
	set_failure(u, -EIO, text);
}

/* ---- what the worker says ------------------------------------------------------------------------------ */

/* One that is gone is no failure of the feeding: its last word, or its end, tells why. */
static int feed_worker(struct unpack *u, cJSON *j, const int *fds, size_t nfds)
{
	int rc = unpack_send(u->sock, j, fds, nfds);

	return rc == -EPIPE || rc == -ECONNRESET ? 0 : rc;
}

static void add_time(cJSON *j, const char *sec, const char *nsec, const struct fs_time *t)
{
	cJSON_AddNumberToObject(j, sec, (double)t->sec);
	cJSON_AddNumberToObject(j, nsec, t->nsec);
}

static void feed_merged(struct unpack *u, size_t i)
{
	const struct unpack_merged *m = &u->sources[i].merged;
	const int fds[] = { m->base, m->upper };
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "op", "feed");
	cJSON_AddNumberToObject(j, "source", (double)i);
	cJSON_AddStringToObject(j, "upper", m->dir);
	add_time(j, "since", "since_ns", &m->since);
	add_time(j, "stamp", "stamp_ns", &m->stamp);
	int rc = feed_worker(u, j, fds, ARRAY_LEN(fds));
	if (rc < 0)
		set_failure(u, rc, "cannot feed the unpacker");
}

static void on_want(struct unpack *u, const cJSON *j)
{
	int64_t i = json_int(j, "source", -1);
	size_t ndir = 0;

	if (i < 0 || (size_t)i >= u->nsources)
		return set_failure(u, -EPROTO, "the unpacker asked for a source that does not exist");
	if (u->sources[i].kind == UNPACK_LAYER) {
		u->want(u, (size_t)i);
		return;
	}
	if (u->sources[i].kind == UNPACK_MERGED) {
		feed_merged(u, (size_t)i);
		return;
	}
	for (int64_t k = 0; k < i; k++)
		ndir += u->sources[k].kind == UNPACK_DIR;
	cJSON *m = cJSON_CreateObject();
	cJSON_AddStringToObject(m, "op", "feed");
	cJSON_AddNumberToObject(m, "source", (double)i);
	cJSON_AddNumberToObject(m, "dir", (double)ndir);
	int rc = feed_worker(u, m, NULL, 0);
	if (rc < 0 && u->rc == 0)
		u->rc = err_sys(&u->err, rc, "cannot feed the unpacker");
}

static void on_progress(struct unpack *u, const cJSON *j)
{
	struct unpack_progress p = {
		.layer = (size_t)json_int(j, "layer", 0),
		.layer_in = (uint64_t)json_int(j, "layer_in", 0),
		.in = (uint64_t)json_int(j, "in", 0),
		.raw = (uint64_t)json_int(j, "raw", 0),
		.entries = (uint64_t)json_int(j, "entries", 0),
	};
	if (u->progress && p.layer < u->nsources && !u->cancelled)
		u->progress(u, &p);
}

static void on_done(struct unpack *u, const cJSON *j)
{
	u->result = (struct unpack_result){
		.in = (uint64_t)json_int(j, "in", 0),
		.raw = (uint64_t)json_int(j, "raw", 0),
		.entries = (uint64_t)json_int(j, "entries", 0),
		.used = (uint64_t)json_int(j, "used", 0),
		.size = (uint64_t)json_int(j, "size", 0),
		.landlock = json_bool(j, "landlock", false),
	};
	u->done = true;
}

static void on_error(struct unpack *u, const cJSON *j)
{
	int64_t code = json_int(j, "code", -EIO);
	const char *text = json_str(j, "text");

	set_failure(u, code < 0 && code > -4096 ? (int)code : -EIO, text ? text : "the unpacker failed");
	u->done = true;
}

static void on_packet(struct unpack *u, const cJSON *j)
{
	static const struct {
		const char *event;
		void (*fn)(struct unpack *u, const cJSON *j);
	} events[] = {
		{ "want", on_want }, { "progress", on_progress }, { "done", on_done }, { "error", on_error }
	};
	const char *event = json_str(j, "event");

	for (size_t i = 0; event && i < ARRAY_LEN(events); i++)
		if (!strcmp(event, events[i].event))
			return events[i].fn(u, j);
	set_failure(u, -EPROTO, "the unpacker said what is not understood");
}

/* All that is there; false when the socket is at its end or broken. */
static bool read_packets(struct unpack *u)
{
	for (;;) {
		AUTO_JSON cJSON *j = NULL;
		int fds[UNPACK_FDS_MAX];
		size_t nfds;

		int rc = unpack_recv(u->sock, &j, fds, &nfds);
		if (rc == -EAGAIN)
			return true;
		for (size_t i = 0; i < nfds; i++)
			close(fds[i]);
		if (rc < 0 && u->rc == 0)
			u->rc = err_sys(&u->err, rc, "cannot understand the unpacker");
		if (rc <= 0)
			return false;
		on_packet(u, j);
	}
}

static void send_avail(struct unpack *u);

static void on_sock(uv_poll_t *h, int status, int events)
{
	struct unpack *u = container_of(h, struct unpack, poll);

	if (events & UV_WRITABLE && u->avail_due)
		send_avail(u);
	if (status < 0 || !read_packets(u)) {
		u->closed = true;
		uv_poll_stop(&u->poll);
	}
	if (u->rc < 0 && !u->done)
		spawn_kill(&u->child, SIGKILL);
}

static void on_exit_child(struct spawn_child *c, int status)
{
	struct unpack *u = container_of(c, struct unpack, child);

	u->exited = true;
	read_packets(u);
	judge_exit(u, status);
	uv_close((uv_handle_t *)&u->poll, on_poll_closed);
}

/* ---- from the caller ------------------------------------------------------------------------------------
 */

/* The UUID that was asked for, or one that the same sources always get: of their diff_ids, in the form of
 * version 8 (RFC 9562). */
static int add_uuid(cJSON *j, const struct unpack_opts *o, struct err *e)
{
	struct oci_hash h;
	struct oci_digest d = { 0 };
	char text[37] = "";

	if (o->uuid) {
		cJSON_AddStringToObject(j, "uuid", o->uuid);
		return 0;
	}
	int rc = oci_hash_init(&h, OCI_SHA256);
	for (size_t i = 0; rc == 0 && i < o->nsources; i++)
		rc = oci_hash_add(&h, o->sources[i].diff_id.text, OCI_DIGEST_MAX);
	if (rc == 0)
		rc = oci_hash_end(&h, &d);
	oci_hash_finish(&h);
	if (rc < 0)
		return err_sys(e, rc, "cannot unpack");
	const char *x = oci_digest_hex(&d);
	snprintf(text, sizeof(text), "%.8s-%.4s-8%.3s-a%.3s-%.12s", x, x + 8, x + 13, x + 17, x + 20);
	cJSON_AddStringToObject(j, "uuid", text);
	return 0;
}

static int send_begin(struct unpack *u, const struct unpack_opts *o, struct err *e)
{
	int fds[UNPACK_FDS_MAX] = { o->fd };
	size_t nfds = 1;
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "op", "begin");
	cJSON_AddNumberToObject(j, "sources", (double)o->nsources);
	cJSON_AddNumberToObject(j, "size", (double)o->size);
	cJSON_AddNumberToObject(j, "max_size", (double)(o->max_size ? o->max_size : UNPACK_MAX_SIZE));
	int rc = add_uuid(j, o, e);
	if (rc < 0) {
		cJSON_Delete(j);
		return rc;
	}
	cJSON_AddBoolToObject(j, "sync", !o->unsynced);
	if (o->lost_found)
		cJSON_AddBoolToObject(j, "lost_found", true);
	if (o->label)
		cJSON_AddStringToObject(j, "label", o->label);
	if (o->journal)
		cJSON_AddStringToObject(j, "journal", o->journal);
	for (size_t i = 0; i < o->nsources; i++) {
		if (o->sources[i].kind != UNPACK_DIR)
			continue;
		if (nfds == UNPACK_FDS_MAX) {
			cJSON_Delete(j);
			return err_set(e, -E2BIG, "more than %d folders", UNPACK_DIRS_MAX);
		}
		fds[nfds++] = o->sources[i].dir_fd;
	}
	rc = unpack_send(u->sock, j, fds, nfds);
	return rc < 0 ? err_sys(e, rc, "cannot talk to the unpacker") : 0;
}

static int spawn_worker(const char *helper, bool layers_only, struct unpack_spare *ret, struct err *e)
{
	AUTO_FREE char *path = helper ? strdup(helper) : where_helper("berth-unpack");
	const char *const argv[] = { path, layers_only ? UNPACK_LAYERS_ONLY : NULL, NULL };
	struct unpack_spare s;
	int pair[2];

	if (!path)
		return err_set(e, -ENOMEM, "cannot unpack: out of memory");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return err_sys(e, -errno, "cannot make a socket pair");
	AUTO_CLOSE int ours = pair[0];
	AUTO_CLOSE int theirs = pair[1];
	const struct spawn_fd fds[] = { { theirs, UNPACK_SOCK }, { STDERR_FILENO, STDERR_FILENO } };
	struct spawn how = { .file = path,
			     .argv = argv,
			     .fds = fds,
			     .nfds = ARRAY_LEN(fds),
			     .die_with_parent = true,
			     .no_new_privs = true };
	int rc = spawn_start(&how, &s.pid, &s.pidfd, e);
	if (rc < 0)
		return err_wrap(e, rc, "cannot start the unpacker");
	s.sock = TAKE_FD(ours);
	*ret = s;
	return 0;
}

int unpack_spare_start(struct unpack_spare *s, struct err *e)
{
	return s->pid ? 0 : spawn_worker(NULL, true, s, e);
}

void unpack_spare_finish(struct unpack_spare *s)
{
	if (!s->pid)
		return;
	close(s->sock);
	spawn_end(s->pid, s->pidfd);
	*s = (struct unpack_spare){ 0 };
}

/* The worker that waits, if it will do, or one of our own. */
static int get_worker(const struct unpack_opts *o, struct unpack_spare *ret, struct err *e)
{
	bool layers_only = true;

	for (size_t i = 0; i < o->nsources; i++)
		layers_only = layers_only && o->sources[i].kind != UNPACK_DIR;
	if (!o->spare || !o->spare->pid || !layers_only)
		return spawn_worker(o->helper, layers_only, ret, e);
	*ret = *o->spare;
	*o->spare = (struct unpack_spare){ 0 };
	return 0;
}

int unpack_start(struct unpack *u, uv_loop_t *loop, const struct unpack_opts *o, unpack_cb cb, struct err *e)
{
	struct unpack_spare worker = { 0 };
	int rc;

	u->loop = loop;
	u->cb = cb;
	u->rc = 0;
	u->err = (struct err){ 0 };
	u->done = u->closed = u->exited = u->cancelled = u->avail_due = false;
	u->nsources = o->nsources;
	u->fed = SIZE_MAX;
	AUTO_FREE struct unpack_source *sources = calloc(o->nsources + 1, sizeof(*sources));
	if (!sources)
		return err_set(e, -ENOMEM, "cannot unpack: out of memory");
	memcpy(sources, o->sources, o->nsources * sizeof(*sources));
	rc = get_worker(o, &worker, e);
	if (rc < 0)
		return rc;
	u->sock = worker.sock;
	rc = send_begin(u, o, e);
	if (rc == -EPIPE) /* it is dead already: its end will tell */
		rc = 0;
	if (rc == 0 && (rc = spawn_watch(&u->child, loop, worker.pid, worker.pidfd, on_exit_child)) < 0)
		err_sys(e, rc, "cannot watch the unpacker");
	if (rc < 0) {
		unpack_spare_finish(&worker);
		return rc;
	}
	u->sources = TAKE(sources);
	uv_poll_init(loop, &u->poll, u->sock);
	uv_poll_start(&u->poll, UV_READABLE, on_sock);
	return 0;
}

void unpack_cancel(struct unpack *u)
{
	if (u->exited || u->cancelled || !u->cb)
		return;
	u->cancelled = true;
	spawn_kill(&u->child, SIGKILL);
}

int unpack_feed(struct unpack *u, size_t i, int fd, uint64_t avail, struct err *e)
{
	const struct unpack_source *s = i < u->nsources ? &u->sources[i] : NULL;

	if (!s || u->exited)
		return err_set(e, -EINVAL, "the unpacker takes no source %zu", i);
	cJSON *j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "op", "feed");
	cJSON_AddNumberToObject(j, "source", (double)i);
	cJSON_AddNumberToObject(j, "media", s->media);
	cJSON_AddStringToObject(j, "digest", s->digest.text);
	cJSON_AddStringToObject(j, "diff_id", s->diff_id.text);
	cJSON_AddNumberToObject(j, "size", (double)s->size);
	if (avail != UINT64_MAX)
		cJSON_AddNumberToObject(j, "avail", (double)avail);
	u->fed = i;
	u->avail = u->avail_sent = avail;
	u->complete = u->avail_due = false;
	int rc = feed_worker(u, j, &fd, 1);
	return rc < 0 ? err_sys(e, rc, "cannot feed the unpacker") : 0;
}

static void send_avail(struct unpack *u)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "op", "avail");
	cJSON_AddNumberToObject(j, "source", (double)u->fed);
	cJSON_AddNumberToObject(j, "avail", (double)u->avail);
	cJSON_AddBoolToObject(j, "complete", u->complete);
	int rc = feed_worker(u, j, NULL, 0);
	u->avail_due = rc == -EAGAIN;
	if (rc == 0)
		u->avail_sent = u->avail;
	if (rc < 0 && rc != -EAGAIN) { /* it would wait for ever */
		if (u->rc == 0)
			u->rc = err_sys(&u->err, rc, "cannot feed the unpacker");
		spawn_kill(&u->child, SIGKILL);
	}
	if (u->closed)
		return;
	uv_poll_start(&u->poll, UV_READABLE | (u->avail_due ? UV_WRITABLE : 0), on_sock);
}

void unpack_avail(struct unpack *u, size_t i, uint64_t avail, bool complete)
{
	if (i != u->fed || u->exited || u->complete || u->avail == UINT64_MAX)
		return;
	u->avail = avail;
	u->complete = complete;
	if (!u->avail_due && (complete || avail - u->avail_sent >= AVAIL_STEP))
		send_avail(u);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-main.c - berth-unpack, the confined worker that turns layers into a file system. It has its control
 * socket (unpack-proto.h) and what comes over it; it opens nothing. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "job/unpack-confine.h"
#include "job/unpack-out.h"
#include "job/unpack-pipe.h"
#include "job/unpack-proto.h"
#include "job/unpack-warm.h"
#include "job/worker-memory.h"
#include "oci/manifest.h"

#define PROGRESS_MS 100

const char worker_no_memory[] = "{\"event\":\"error\",\"code\":-12,\"text\":\"out of memory\"}";
_Static_assert(ENOMEM == 12 && UNPACK_SOCK == WORKER_SAY, "");

struct worker {
	struct unpack_pipe *pipe;
	struct out *out;
	int dirs[UNPACK_DIRS_MAX];
	size_t ndirs;
	bool layers_only; /* there will be no folders */
	bool landlock;
	pthread_t thread; /* unpacks */
	int done_fd; /* eventfd: it has ended */
	int rc; /* its result, with used and size */
	struct err err;
	uint64_t used, size;
};

/* Waits for room; a parent that does not read for ever gets killed by its own end. */
static void say(cJSON *j)
{
	AUTO_JSON cJSON *kept = cJSON_Duplicate(j, true);
	int rc = unpack_send(UNPACK_SOCK, j, NULL, 0);

	while (rc == -EAGAIN) {
		struct pollfd p = { UNPACK_SOCK, POLLOUT, 0 };

		poll(&p, 1, -1);
		rc = unpack_send(UNPACK_SOCK, cJSON_Duplicate(kept, true), NULL, 0);
	}
	if (rc < 0)
		_exit(1);
}

static cJSON *event(const char *name)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "event", name);
	return j;
}

static int say_error(int rc, const struct err *e)
{
	cJSON *j = event("error");

	cJSON_AddNumberToObject(j, "code", rc);
	cJSON_AddStringToObject(j, "text", e->text);
	say(j);
	return 1;
}

static void say_want(void *arg, size_t i)
{
	cJSON *j = event("want");

	cJSON_AddNumberToObject(j, "source", (double)i);
	say(j);
}

static void add_counts(cJSON *j, const struct unpack_counts *c)
{
	cJSON_AddNumberToObject(j, "in", (double)c->in);
	cJSON_AddNumberToObject(j, "raw", (double)c->raw);
	cJSON_AddNumberToObject(j, "entries", (double)c->entries);
}

/* Lost if the parent is slow to listen: the next one says as much. */
static void say_progress(struct worker *w)
{
	struct unpack_counts c;
	cJSON *j = event("progress");

	unpack_pipe_counts(w->pipe, &c);
	cJSON_AddNumberToObject(j, "layer", (double)c.layer);
	cJSON_AddNumberToObject(j, "layer_in", (double)c.layer_in);
	add_counts(j, &c);
	unpack_send(UNPACK_SOCK, j, NULL, 0);
}

static void say_done(struct worker *w)
{
	struct unpack_counts c;
	cJSON *j = event("done");

	unpack_pipe_counts(w->pipe, &c);
	add_counts(j, &c);
	cJSON_AddNumberToObject(j, "used", (double)w->used);
	cJSON_AddNumberToObject(j, "size", (double)w->size);
	cJSON_AddBoolToObject(j, "landlock", w->landlock);
	say(j);
}

static void copy_word(const cJSON *j, const char *name, char *ret, size_t size)
{
	const char *s = json_str(j, name);

	snprintf(ret, size, "%s", s ? s : "");
}

/* The first packet: makes the output and the pipe. */
static int begin(struct worker *w, const cJSON *j, const int *fds, size_t nfds, struct err *e)
{
	int64_t n = json_int(j, "sources", 0);
	struct out_opts o = { .size = (uint64_t)json_int(j, "size", 0), .lost_found = json_bool(j, "lost_found", false),
			      .sync = json_bool(j, "sync", true) };

	if (nfds < 1 || (nfds > 1 && w->layers_only) || n < 1 || n > OCI_LAYERS_MAX + UNPACK_DIRS_MAX)
		return err_set(e, -EPROTO, "the unpacker was not told what to do");
	copy_word(j, "uuid", o.uuid, sizeof(o.uuid));
	copy_word(j, "label", o.label, sizeof(o.label));
	copy_word(j, "journal", o.journal, sizeof(o.journal));
	w->ndirs = nfds - 1;
	memcpy(w->dirs, fds + 1, w->ndirs * sizeof(int));
	int rc = out_open(fds[0], &o, &w->out, e);
	return rc < 0 ? rc
		      : unpack_pipe_create((size_t)n, (uint64_t)json_int(j, "max_size", UNPACK_MAX_SIZE),
					   say_want, w, &w->pipe, e);
}

static int take_digest(const cJSON *j, const char *name, struct oci_digest *ret, struct err *e)
{
	const char *s = json_str(j, name);

	return s && *s ? oci_digest_parse(s, ret, e) : 0;
}

static struct fs_time take_time(const cJSON *j, const char *sec, const char *nsec)
{
	return (struct fs_time){ json_int(j, sec, 0), (uint32_t)json_int(j, nsec, 0) };
}

static int feed_merged(struct worker *w, const cJSON *j, size_t i, const int *fds, struct err *e)
{
	struct unpack_source s = { .kind = UNPACK_MERGED };

	s.merged.upper = fds[1];
	s.merged.dir = strdup(json_str(j, "upper")); /* as long as we live */
	s.merged.since = take_time(j, "since", "since_ns");
	s.merged.stamp = take_time(j, "stamp", "stamp_ns");
	return s.merged.dir ? unpack_pipe_feed(w->pipe, i, &s, fds[0], UINT64_MAX, e) :
			      err_set(e, -ENOMEM, "out of memory");
}

static int feed(struct worker *w, const cJSON *j, int *fds, size_t nfds, struct err *e)
{
	struct unpack_source s = { .kind = UNPACK_LAYER,
				   .media = (enum oci_kind)json_int(j, "media", OCI_KIND_OTHER) };
	size_t i = (size_t)json_int(j, "source", -1), dir = (size_t)json_int(j, "dir", -1);

	if (dir < w->ndirs && nfds == 0) {
		s.kind = UNPACK_DIR;
		return unpack_pipe_feed(w->pipe, i, &s, w->dirs[dir], UINT64_MAX, e);
	}
	if (nfds == 2 && json_str(j, "upper"))
		return feed_merged(w, j, i, fds, e);
	if (nfds != 1)
		return err_set(e, -EPROTO, "the unpacker was fed nothing");
	s.size = (uint64_t)json_int(j, "size", 0);
	int rc = take_digest(j, "digest", &s.digest, e);
	if (rc == 0)
		rc = take_digest(j, "diff_id", &s.diff_id, e);
	int64_t avail = json_int(j, "avail", -1);
	return rc < 0 ? rc
		      : unpack_pipe_feed(w->pipe, i, &s, fds[0], avail < 0 ? UINT64_MAX : (uint64_t)avail, e);
}

static int on_packet(struct worker *w, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	int fds[UNPACK_FDS_MAX];
	size_t nfds;

	int rc = unpack_recv(UNPACK_SOCK, &j, fds, &nfds);
	if (rc == -EAGAIN)
		return 0;
	if (rc <= 0)
		_exit(1); /* the parent is gone */
	const char *op = json_str(j, "op");
	if (op && !strcmp(op, "begin") && !w->pipe)
		return begin(w, j, fds, nfds, e);
	if (op && !strcmp(op, "feed") && w->pipe)
		return feed(w, j, fds, nfds, e);
	if (op && !strcmp(op, "avail") && w->pipe) {
		unpack_pipe_avail(w->pipe, (size_t)json_int(j, "source", -1),
				  (uint64_t)json_int(j, "avail", 0), json_bool(j, "complete", false));
		return 0;
	}
	return err_set(e, -EPROTO, "the unpacker was told what it does not understand");
}

static void *unpack_main(void *arg)
{
	struct worker *w = arg;

	w->rc = unpack_pipe_run(w->pipe, out_sink(w->out), &w->err);
	if (w->rc == 0)
		w->rc = out_close(w->out, &w->used, &w->size, &w->err);
	uint64_t one = 1;
	if (write(w->done_fd, &one, sizeof(one)) < 0)
		_exit(1);
	return NULL;
}

/* Listens to the parent and tells of progress until the unpacking thread has ended. */
static int serve(struct worker *w, struct err *e)
{
	for (;;) {
		struct pollfd p[2] = { { UNPACK_SOCK, POLLIN, 0 }, { w->done_fd, POLLIN, 0 } };
		int n = poll(p, ARRAY_LEN(p), PROGRESS_MS);

		if (n < 0 && errno != EINTR)
			return err_sys(e, -errno, "cannot wait");
		if (n == 0)
			say_progress(w);
		if (n > 0 && p[1].revents)
			return pthread_join(w->thread, NULL) ? err_set(e, -EIO, "a thread was lost") : 0;
		if (n > 0 && p[0].revents) {
			int rc = on_packet(w, e);
			if (rc < 0)
				return rc;
		}
	}
}

/* Confined before it hears the first word, if that cannot bring folders. */
static int start(struct worker *w, struct err *e)
{
	struct pollfd p = { UNPACK_SOCK, POLLIN, 0 };
	int rc = 0;

	unpack_warm();
	w->done_fd = eventfd(0, EFD_CLOEXEC);
	if (w->done_fd < 0)
		return err_sys(e, -errno, "cannot make an eventfd");
	if (w->layers_only)
		rc = unpack_confine(NULL, 0, &w->landlock, e);
	while (rc == 0 && !w->pipe) {
		poll(&p, 1, -1);
		rc = on_packet(w, e);
	}
	if (rc == 0 && !w->layers_only)
		rc = unpack_confine(w->dirs, w->ndirs, &w->landlock, e);
	if (rc == 0 && pthread_create(&w->thread, NULL, unpack_main, w) != 0)
		rc = err_set(e, -EAGAIN, "cannot start a thread");
	return rc;
}

static int run(struct worker *w)
{
	struct err e = { 0 };

	int rc = start(w, &e);
	if (rc == 0)
		rc = serve(w, &e);
	if (rc < 0)
		return say_error(rc, &e);
	if (w->rc < 0)
		return say_error(w->rc, &w->err);
	say_done(w);
	return 0;
}

int main(int argc, char **argv)
{
	static struct worker w;

	w.layers_only = argc == 2 && strcmp(argv[1], UNPACK_LAYERS_ONLY) == 0;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit of files' sizes is an error like any other */
	_exit(run(&w)); /* threads may still run after an error, and all memory goes now */
}

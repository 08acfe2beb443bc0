/* SPDX-License-Identifier: Apache-2.0 */
/* logs.c - a container's log, read in the pool and followed by inotify. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/path.h"
#include "engine/engine.h"

#define CHUNK (256u << 10)
#define LINE_MAX_BYTES (64u << 10)

struct logs {
	struct berth_op op;
	struct work work;
	struct berth_logs o;
	char name[256], id[CONTAINER_ID_LEN + 1];
	berth_log_cb line;
	berth_done_cb done;
	int dir, fd;
	bool found, ended, cancelled, working, changed, watching;
	bool got;               /* the last read found something: there may be more */
	int older;              /* files log.N still to be read before "log" */
	uint64_t skip;          /* lines to leave out at the head, for tail */
	struct buf text;        /* read and not told */
	uv_fs_event_t watch;
	char *watch_path;
};

static void read_more(struct logs *l);

/* --- in the pool */

static int open_log(struct logs *l, int n, struct err *e)
{
	char name[24];

	snprintf(name, sizeof(name), n ? "log.%d" : l->o.boot ? "boot.log" : "log", n);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = openat(l->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	l->older = n;
	if (l->fd < 0 && errno != ENOENT)
		return err_sys(e, -errno, "cannot read the log of container %s", l->name);
	return 0;
}

/* How many lines there are in all files, to find the first of a tail. */
static uint64_t count_lines(struct logs *l, int files)
{
	AUTO_FREE char *chunk = malloc(CHUNK);
	uint64_t n = 0;

	for (int i = files; chunk && i >= 0; i--) {
		ssize_t r;

		if (open_log(l, i, NULL) < 0 || l->fd < 0)
			continue;
		while ((r = read(l->fd, chunk, CHUNK)) > 0)
			for (char *p = chunk; (p = memchr(p, '\n', (size_t)(chunk + r - p))); p++)
				n++;
	}
	return n;
}

static int find(struct logs *l, struct err *e)
{
	int rc = container_find(l->op.b->root, l->name, l->id, e), files = 0;
	char name[24];

	if (rc < 0)
		return rc;
	l->dir = container_open(l->op.b->root, l->id, e);
	if (l->dir < 0)
		return l->dir;
	l->found = true;
	do
		snprintf(name, sizeof(name), "log.%d", ++files);
	while (!l->o.boot && files < 100 && faccessat(l->dir, name, F_OK, 0) == 0);
	files--;
	if (l->o.tail >= 0) {
		uint64_t n = count_lines(l, files);

		l->skip = n > (uint64_t)l->o.tail ? n - (uint64_t)l->o.tail : 0;
	}
	return open_log(l, files, e);
}

static bool was_replaced(const struct logs *l)
{
	struct stat mine, now;

	return l->fd < 0 || (fstat(l->fd, &mine) == 0 && fstatat(l->dir, "log", &now, 0) == 0 &&
			     (mine.st_ino != now.st_ino || mine.st_dev != now.st_dev));
}

static int read_chunk(struct work *w, struct err *e)
{
	struct logs *l = container_of(w, struct logs, work);
	ssize_t n = 0;
	int rc = l->found ? 0 : find(l, e);

	l->got = false;
	if (rc < 0)
		return rc;
	for (;;) {
		bool alive = lock_is_held(l->dir, "lock"); /* asked before the end of the file is seen */

		if (buf_reserve(&l->text, CHUNK) < 0)
			return err_sys(e, -ENOMEM, "cannot read the log of container %s", l->name);
		n = l->fd < 0 ? 0 : read(l->fd, l->text.p + l->text.len, CHUNK);
		if (n < 0)
			return err_sys(e, -errno, "cannot read the log of container %s", l->name);
		if (n > 0)
			break;
		if (l->older > 0) {
			rc = open_log(l, l->older - 1, e);
		} else if (!l->o.boot && was_replaced(l) && faccessat(l->dir, "log", F_OK, 0) == 0) {
			rc = open_log(l, 0, e);
		} else {
			l->ended = !alive || !l->o.follow;
			return 0;
		}
		if (rc < 0)
			return rc;
	}
	l->text.len += (size_t)n;
	l->got = true;
	return 0;
}

/* --- on the loop */

static void on_watch_closed(uv_handle_t *h)
{
	struct logs *l = container_of((uv_fs_event_t *)h, struct logs, watch);

	free(l->watch_path);
	free(l);
}

static void end(struct logs *l, int rc, const struct err *e)
{
	struct berth_error be = { 0 };

	eng_op_end(&l->op);
	l->done(l->op.arg, rc, eng_error(&be, rc, e, NULL));
	if (l->fd >= 0)
		close(l->fd);
	if (l->dir >= 0)
		close(l->dir);
	buf_finish(&l->text);
	if (l->watching)
		uv_close((uv_handle_t *)&l->watch, on_watch_closed);
	else
		free(l);
}

/* "TIME STREAM TAG text": CRI; a line of the VM's console has no more than its text. */
static void tell(struct logs *l, char *p, size_t n)
{
	struct berth_log_line line = { .stream = 1, .text = p, .len = n };
	char *end = p + n, *sp;

	if (l->skip) {
		l->skip--;
		return;
	}
	if (!l->o.boot) {
		char when[CLOCK_RFC3339_MAX] = "";

		sp = memchr(p, ' ', n);
		if (!sp || end - sp < 10 || (size_t)(sp - p) >= sizeof(when))
			return;
		memcpy(when, p, (size_t)(sp - p));
		if (clock_parse_rfc3339(when, &line.time) < 0)
			return;
		line.stream = memcmp(sp + 1, "stderr", 6) == 0 ? 2 : 1;
		line.partial = sp[8] == 'P';
		line.text = sp + 10;
		line.len = (size_t)(end - line.text);
	}
	if ((l->o.since && line.time < l->o.since) || (l->o.until && line.time >= l->o.until))
		return;
	l->line(l->op.arg, &line);
}

static void tell_lines(struct logs *l)
{
	char *p = (char *)l->text.p, *last = p + l->text.len, *nl;

	while (p < last && (nl = memchr(p, '\n', (size_t)(last - p)))) {
		tell(l, p, (size_t)(nl - p));
		p = nl + 1;
	}
	if (l->ended && p < last) {
		tell(l, p, (size_t)(last - p));
		p = last;
	}
	if (l->text.p)
		buf_consume(&l->text, (size_t)(p - (char *)l->text.p));
	if (l->text.len > LINE_MAX_BYTES) /* no line of ours is that long */
		buf_clear(&l->text);
}

static void on_changed(uv_fs_event_t *h, const char *file, int events, int status)
{
	struct logs *l = container_of(h, struct logs, watch);

	if (l->working)
		l->changed = true;
	else
		read_more(l);
}

static int begin_watch(struct logs *l, struct err *e)
{
	int rc;

	if (l->watching || !l->o.follow || !l->found)
		return 0;
	l->watch_path = path_fmt("%s/containers/%s", l->op.b->root, l->id);
	rc = l->watch_path ? uv_fs_event_init(l->op.b->loop, &l->watch) : -ENOMEM;
	if (rc == 0) {
		l->watching = true;
		rc = uv_fs_event_start(&l->watch, on_changed, l->watch_path, 0);
	}
	return rc < 0 ? err_sys(e, rc, "cannot follow the log of container %s", l->name) : 0;
}

static void on_read(struct work *w, int rc, const struct err *we)
{
	struct logs *l = container_of(w, struct logs, work);
	struct err e = *we;
	bool first = l->found && !l->watching && l->o.follow;

	l->working = false;
	if (rc == 0 && l->cancelled)
		rc = err_set(&e, -ECANCELED, "canceled");
	if (rc == 0)
		rc = begin_watch(l, &e);
	if (rc < 0) {
		end(l, rc, &e);
		return;
	}
	tell_lines(l);
	if (l->cancelled) {
		end(l, err_set(&e, -ECANCELED, "canceled"), &e);
		return;
	}
	if (l->ended) {
		end(l, 0, NULL);
		return;
	}
	/* Read on while there was something; and once after the watch began, for what came in between. */
	if (l->got || l->changed || first) {
		l->changed = false;
		read_more(l);
	}
}

static void read_more(struct logs *l)
{
	struct err e = { 0 };
	int rc;

	l->working = true;
	rc = work_start(&l->work, l->op.b->loop, read_chunk, on_read);
	if (rc < 0) {
		l->working = false;
		end(l, err_sys(&e, rc, "cannot start a thread"), &e);
	}
}

static void cancel(struct berth_op *op)
{
	struct logs *l = container_of(op, struct logs, op);

	l->cancelled = true;
	if (!l->working)
		read_more(l);
}

int berth_logs(struct berth *b, const struct berth_logs *o, berth_log_cb line, berth_done_cb done, void *arg,
	       struct berth_op **op, struct berth_error *be)
{
	struct logs *l = calloc(1, sizeof(*l));
	unsigned console;
	struct err e = { 0 };
	int rc = l ? eng_split_console(o->name, l->name, &console, &e) : -ENOMEM;

	if (rc < 0) {
		free(l);
		return eng_refuse(be, rc, &e);
	}
	l->o = *o;
	l->line = line;
	l->done = done;
	l->dir = l->fd = -1;
	eng_op_begin(b, &l->op, arg, cancel, op);
	l->working = true;
	rc = work_start(&l->work, b->loop, read_chunk, on_read);
	if (rc < 0) {
		list_remove(&l->op.link);
		free(l);
		return eng_refuse(be, rc, NULL);
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* logs.c - a container's log, read in the pool and followed by inotify. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/path.h"
#include "engine/engine.h"
#include "engine/logs-read.h"

#define PACE_MS 12 /* between two pieces of LOG_READ_CHUNK: about 20 MiB a second */

struct logs {
	struct berth_op op;
	struct work work;
	struct berth_logs o;
	struct log_reader reader;
	char name[256], id[CONTAINER_ID_LEN + 1];
	berth_log_cb line;
	berth_done_cb done;
	bool found, cancelled, working, changed, watching, pacing;
	uint64_t read_at;       /* ms of the loop, of the last read */
	uv_fs_event_t watch;
	uv_timer_t pace;
	int handles;            /* open ones */
	char *watch_path, *find;
};

static void read_more(struct logs *l);

/* --- in the pool */

static int find(struct logs *l, struct err *e)
{
	int rc = container_find(l->op.b->root, l->name, l->id, e);

	if (rc < 0)
		return rc;
	l->reader.dir = container_open(l->op.b->root, l->id, e);
	l->found = l->reader.dir >= 0;
	return l->found ? 0 : l->reader.dir;
}

static int read_piece(struct work *w, struct err *e)
{
	struct logs *l = container_of(w, struct logs, work);
	int rc = l->found ? 0 : find(l, e);

	return rc < 0 ? rc : log_read(&l->reader, e);
}

/* --- on the loop */

static void on_closed(uv_handle_t *h)
{
	struct logs *l = h->data;

	if (--l->handles > 0)
		return;
	free(l->watch_path);
	free(l->find);
	free(l);
}

static void end(struct logs *l, int rc, const struct err *e)
{
	struct berth_error be = { 0 };

	eng_op_end(&l->op);
	l->done(l->op.arg, rc, eng_error(&be, rc, e, NULL));
	if (l->reader.dir >= 0)
		close(l->reader.dir);
	log_read_finish(&l->reader);
	l->handles = l->watching + l->pacing;
	if (!l->handles) {
		free(l->find);
		free(l);
		return;
	}
	if (l->pacing)
		uv_close((uv_handle_t *)&l->pace, on_closed);
	if (l->watching)
		uv_close((uv_handle_t *)&l->watch, on_closed);
}

/* "TIME STREAM TAG text": CRI; a line of the VM's console has no more than its text. */
static void tell(struct logs *l, char *p, size_t n)
{
	struct berth_log_line line = { .stream = 1, .text = p, .len = n };
	char *end = p + n, *sp;

	if (!l->o.boot) {
		char *text = log_line_message(p, n);

		sp = memchr(p, ' ', n);
		line.time = log_line_time(p, n);
		if (!text || !line.time)
			return;
		line.stream = memcmp(sp + 1, "stderr", 6) == 0 ? 2 : 1;
		line.partial = sp[8] == 'P';
		line.text = text;
		line.len = (size_t)(end - line.text);
	}
	if ((l->o.since && line.time < l->o.since) || (l->o.until && line.time >= l->o.until))
		return;
	l->line(l->op.arg, &line);
}

static void tell_lines(struct logs *l)
{
	struct log_reader *r = &l->reader;
	const struct berth_log_state state = { r->lines, r->behind, r->skipped, r->caught_up, r->rotated, r->read,
					       r->size };
	char *p = (char *)r->text.p, *last = p + r->text.len, *nl;

	for (; p < last && (nl = memchr(p, '\n', (size_t)(last - p))); p = nl + 1)
		tell(l, p, (size_t)(nl - p));
	buf_clear(&r->text);
	r->skipped = 0;
	r->rotated = false;
	if (l->o.state)
		l->o.state(l->op.arg, &state);
}

static void on_changed(uv_fs_event_t *h, const char *file, int events, int status)
{
	struct logs *l = h->data;

	if (l->working)
		l->changed = true;
	else if (!l->pacing || !uv_is_active((uv_handle_t *)&l->pace))
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
		l->watch.data = l;
		rc = uv_fs_event_start(&l->watch, on_changed, l->watch_path, 0);
	}
	return rc < 0 ? err_sys(e, rc, "cannot follow the log of container %s", l->name) : 0;
}

static void on_pace(uv_timer_t *t)
{
	read_more(t->data);
}

/* At once, or no sooner than the rate allows. */
static void read_on(struct logs *l)
{
	uint64_t now = uv_now(l->op.b->loop);

	if (!l->o.behind_max || !l->reader.caught_up || now - l->read_at >= PACE_MS) {
		read_more(l);
		return;
	}
	if (!l->pacing) {
		uv_timer_init(l->op.b->loop, &l->pace);
		l->pace.data = l;
		l->pacing = true;
	}
	uv_timer_start(&l->pace, on_pace, PACE_MS - (now - l->read_at), 0);
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
	if (l->reader.ended) {
		end(l, 0, NULL);
		return;
	}
	/* Read on while there was something; and once after the watch began, for what came in between. */
	if (l->reader.got || l->changed || first) {
		l->changed = false;
		read_on(l);
	}
}

static void read_more(struct logs *l)
{
	struct err e = { 0 };
	int rc;

	l->working = true;
	l->read_at = uv_now(l->op.b->loop);
	rc = work_start(&l->work, l->op.b->loop, read_piece, on_read);
	if (rc < 0) {
		l->working = false;
		end(l, err_sys(&e, rc, "cannot start a thread"), &e);
	}
}

static void cancel(struct berth_op *op)
{
	struct logs *l = container_of(op, struct logs, op);

	l->cancelled = true;
	if (l->pacing)
		uv_timer_stop(&l->pace);
	if (!l->working)
		read_more(l);
}

int berth_logs(struct berth *b, const struct berth_logs *o, berth_log_cb line, berth_done_cb done, void *arg,
	       struct berth_op **op, struct berth_error *be)
{
	static const struct filter_source words = { 0 };
	struct logs *l = calloc(1, sizeof(*l));
	unsigned console;
	struct err e = { 0 };
	int rc = l ? eng_split_console(o->name, l->name, &console, &e) : -ENOMEM;

	if (rc == 0 && o->filter && *o->filter)
		rc = filter_parse(o->filter, &words, &l->reader.filter, &e);
	if (rc == 0 && o->find && *o->find && !(l->find = strdup(o->find)))
		rc = -ENOMEM;
	if (rc < 0) {
		if (l)
			log_read_finish(&l->reader);
		free(l);
		return eng_refuse(be, rc, &e);
	}
	l->o = *o;
	l->o.filter = l->o.find = NULL;
	l->reader.find = l->find;
	l->reader.around = o->around;
	l->reader.limit = o->limit;
	l->line = line;
	l->done = done;
	l->reader.name = l->name;
	l->reader.dir = l->reader.fd = -1;
	l->reader.boot = o->boot;
	l->reader.follow = o->follow;
	l->reader.tail = o->tail;
	l->reader.behind_max = o->behind_max;
	eng_op_begin(b, &l->op, arg, cancel, op);
	l->working = true;
	rc = work_start(&l->work, b->loop, read_piece, on_read);
	if (rc < 0) {
		list_remove(&l->op.link);
		log_read_finish(&l->reader);
		free(l->find);
		free(l);
		return eng_refuse(be, rc, NULL);
	}
	return 0;
}

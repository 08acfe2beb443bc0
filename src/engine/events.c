/* SPDX-License-Identifier: Apache-2.0 */
/* events.c - what happened in the store, told in order and followed by inotify. */
#include "store/events.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "engine/engine.h"

struct events_op {
	struct berth_op op;
	struct work work;
	struct berth_events o;
	berth_event_cb tell;
	berth_done_cb done;
	struct store_events files;
	struct buf text;      /* read and not told */
	ssize_t got;
	uv_fs_event_t folder;
	uv_timer_t until;
	struct loop_defer ending;
	int open;             /* handles */
	bool working, changed, cancelled, last, ended;
};

static void events_free(struct events_op *o)
{
	store_events_close(&o->files);
	buf_finish(&o->text);
	free(o);
}

static void on_closed(uv_handle_t *h)
{
	struct events_op *o = h->data;

	if (--o->open == 0)
		events_free(o);
}

static void close_handles(struct events_op *o)
{
	uv_close((uv_handle_t *)&o->folder, on_closed);
	uv_close((uv_handle_t *)&o->until, on_closed);
}

static void end(struct events_op *o, int rc, const struct err *e)
{
	struct berth_error be = { 0 };

	if (o->ended)
		return;
	o->ended = true;
	loop_defer_cancel(&o->ending);
	eng_op_end(&o->op);
	o->done(o->op.arg, rc, eng_error(&be, rc, e, NULL));
	close_handles(o);
}

/* --- lines */

static void tell_event(struct events_op *o, const struct store_event *ev)
{
	struct eng_arena a = { 0 };
	const char **attributes = eng_arena_take(&a, calloc((size_t)cJSON_GetArraySize(ev->attributes) + 1,
							    sizeof(*attributes)));
	struct berth_event view = { ev->time, ev->type, ev->action, ev->id, ev->name, attributes };
	const cJSON *v;
	size_t n = 0;

	cJSON_ArrayForEach(v, ev->attributes) {
		AUTO_BUF struct buf b = { 0 };

		if (attributes && cJSON_IsString(v) && buf_addf(&b, "%s=%s", v->string, v->valuestring) == 0 &&
		    (attributes[n] = eng_arena_take(&a, buf_steal(&b))))
			n++;
	}
	if (!a.failed)
		o->tell(o->op.arg, &view);
	eng_arena_finish(&a);
}

/* true: the end of the time asked for was passed. */
static bool take_line(struct events_op *o, const char *line, size_t len)
{
	struct store_event ev;
	bool over;

	if (store_event_parse(line, len, &ev) < 0)
		return false; /* broken by a crash, or of a newer berth */
	over = o->o.until && ev.time >= o->o.until;
	if (!over && ev.time >= o->o.since)
		tell_event(o, &ev);
	store_event_finish(&ev);
	return over;
}

static bool take_lines(struct events_op *o)
{
	char *p = (char *)o->text.p, *last = p + o->text.len, *nl;
	bool over = false;

	while (!over && !o->cancelled && p < last && (nl = memchr(p, '\n', (size_t)(last - p)))) {
		over = take_line(o, p, (size_t)(nl - p));
		p = nl + 1;
	}
	if (o->text.p)
		buf_consume(&o->text, (size_t)(p - (char *)o->text.p));
	if (o->text.len > EVENTS_LINE_MAX) /* no line of ours is that long */
		buf_clear(&o->text);
	return over;
}

/* --- reading */

static void read_more(struct events_op *o);

static int read_in_pool(struct work *w, struct err *e)
{
	struct events_op *o = container_of(w, struct events_op, work);

	o->got = store_events_read(&o->files, &o->text, e);
	return o->got < 0 ? (int)o->got : 0;
}

static void on_read(struct work *w, int rc, const struct err *we)
{
	struct events_op *o = container_of(w, struct events_op, work);
	struct err e = *we;

	o->working = false;
	if (rc == 0 && !o->cancelled && take_lines(o)) {
		end(o, 0, NULL);
		return;
	}
	if (o->cancelled)
		rc = err_set(&e, -ECANCELED, "canceled");
	if (rc < 0) {
		end(o, rc, &e);
	} else if (o->got > 0 || o->changed) {
		o->changed = false;
		read_more(o);
	} else if (o->last || !o->o.follow) {
		end(o, 0, NULL);
	}
}

static void read_more(struct events_op *o)
{
	struct err e = { 0 };
	int rc;

	if (o->working) {
		o->changed = true;
		return;
	}
	rc = work_start(&o->work, o->op.b->loop, read_in_pool, on_read);
	o->working = rc == 0;
	if (rc < 0)
		end(o, err_sys(&e, rc, "cannot start a thread"), &e);
}

static void on_folder(uv_fs_event_t *h, const char *file, int events, int status)
{
	struct events_op *o = container_of(h, struct events_op, folder);

	if (!o->ended && (!file || strncmp(file, EVENTS_FILE, strlen(EVENTS_FILE)) == 0))
		read_more(o);
}

/* What is there now is the last of it. */
static void on_until(uv_timer_t *t)
{
	struct events_op *o = container_of(t, struct events_op, until);

	o->last = true;
	read_more(o);
}

/* --- begin and end */

static void on_cancel(struct loop_defer *d)
{
	struct events_op *o = container_of(d, struct events_op, ending);
	struct err e = { 0 };

	if (!o->working)
		end(o, err_set(&e, -ECANCELED, "canceled"), &e);
}

static void cancel(struct berth_op *op)
{
	struct events_op *o = container_of(op, struct events_op, op);

	o->cancelled = true;
	loop_defer(op->b->loop, &o->ending, on_cancel);
}

static int begin(struct events_op *o, struct err *e)
{
	const struct berth *b = o->op.b;
	int64_t now = clock_real_ns();
	int rc = 0;

	if (o->o.follow)
		rc = uv_fs_event_start(&o->folder, on_folder, b->root, 0);
	if (rc < 0)
		return err_sys(e, rc, "cannot watch '%s'", b->root);
	if (o->o.follow && o->o.until)
		uv_timer_start(&o->until, on_until, o->o.until > now ? (uint64_t)(o->o.until - now) / 1000000 + 1 : 0, 0);
	/* Here and now, so that nothing which happens after the call is missed. */
	rc = store_events_open(&o->files, b->root, o->o.since != 0 || !o->o.follow, e);
	if (rc == 0)
		rc = work_start(&o->work, b->loop, read_in_pool, on_read);
	o->working = rc == 0;
	return rc;
}

int berth_events(struct berth *b, const struct berth_events *opts, berth_event_cb event, berth_done_cb done, void *arg,
		 struct berth_op **op, struct berth_error *be)
{
	struct events_op *o = calloc(1, sizeof(*o));
	struct err e = { 0 };
	int rc;

	if (!o)
		return eng_refuse(be, -ENOMEM, NULL);
	o->o = *opts;
	o->tell = event;
	o->done = done;
	o->files.root = o->files.fd = -1;
	uv_fs_event_init(b->loop, &o->folder);
	uv_timer_init(b->loop, &o->until);
	o->folder.data = o->until.data = o;
	o->open = 2;
	eng_op_begin(b, &o->op, arg, cancel, op);
	rc = begin(o, &e);
	if (rc == 0)
		return 0;
	list_remove(&o->op.link);
	o->ended = true;
	close_handles(o);
	return eng_refuse(be, rc, &e);
}

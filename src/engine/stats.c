/* SPDX-License-Identifier: Apache-2.0 */
/* stats.c - what containers use: once, or as their shims push it.
 *
 * A feed is the stream of one shim. A watch opens one for each container that is wanted and runs, and looks
 * again when the folder of containers tells of a change. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/sock.h"
#include "base/str.h"
#include "engine/shim.h"
#include "rpc/drive-uv.h"

#define SETTLE_MS 20 /* a burst of changes is one */
#define SILENT_MS 2000 /* after the time of a push */
#define ONCE_MS 5000
#define RETRY_MS 200 /* a feed has ended: its container may be on its way up again */

static const struct rpc_method shim_stats = { "/berth.shim.v1.Shim/Stats", &shim__stats_request__descriptor,
					      &shim__stats_sample__descriptor, RPC_SERVER_STREAM, NULL };

struct feed {
	struct list link;
	struct stats_op *s;
	char *id, *name;
	struct rpc_client *client;
	struct rpc_stream stream;
	bool streaming, silent;
	uv_timer_t *timer;      /* of a watch: until it counts as silent */
	struct berth_stats row; /* the newest */
};

struct stats_op {
	struct berth_op op;
	struct work work;
	char **names; /* NULL: all that run */
	uint32_t interval_ms;
	berth_stats_cb once;          /* one of the two */
	berth_stats_sample_cb sample;
	berth_done_cb done;
	struct list feeds;
	struct container *found;      /* by the pool */
	size_t nfound;
	uv_fs_event_t folder;
	uv_timer_t timer;
	char *folder_path;
	struct loop_defer ending;
	int open;                     /* handles */
	bool looked, working, again, cancelled, ended;
};

static void free_timer(uv_handle_t *h)
{
	free(h);
}

/* It pushed for once, or was asked to for the first time. */
static void on_silence(uv_timer_t *t)
{
	struct feed *f = t->data;

	f->silent = true;
	eng_answer_note(f->s->op.b, f->id, false);
}

static void await_push(struct feed *f)
{
	if (f->silent)
		eng_answer_note(f->s->op.b, f->id, true);
	f->silent = false;
	if (f->timer)
		uv_timer_start(f->timer, on_silence, f->s->interval_ms + SILENT_MS, 0);
}

static void feed_free(struct feed *f)
{
	list_remove(&f->link);
	if (f->timer)
		uv_close((uv_handle_t *)f->timer, free_timer);
	rpc_client_destroy(TAKE(f->client));
	free(f->id);
	free(f->name);
	free(f);
}

static void drop_found(struct stats_op *s)
{
	for (size_t i = 0; i < s->nfound; i++)
		container_finish(&s->found[i]);
	free(TAKE(s->found));
	s->nfound = 0;
}

static void stats_free(struct stats_op *s)
{
	drop_found(s);
	strv_free(s->names);
	free(s->folder_path);
	free(s);
}

static void on_closed(uv_handle_t *h)
{
	struct stats_op *s = h->data;

	if (--s->open == 0)
		stats_free(s);
}

static void drop_feeds(struct stats_op *s)
{
	while (!list_empty(&s->feeds))
		feed_free(list_entry(s->feeds.next, struct feed, link));
}

static void tell_end(struct stats_op *s, int rc, const struct err *e)
{
	struct berth_error be = { 0 };
	AUTO_FREE struct berth_stats *rows = NULL;
	size_t n = 0;

	if (!s->once) {
		s->done(s->op.arg, rc, eng_error(&be, rc, e, NULL));
		return;
	}
	if (rc == 0) {
		for (const struct list *l = s->feeds.next; l != &s->feeds; l = l->next)
			n++;
		rows = calloc(n + 1, sizeof(*rows));
		n = 0;
		list_each(struct feed, f, &s->feeds, link)
			if (rows)
				rows[n++] = f->row;
		rc = rows ? 0 : -ENOMEM;
	}
	s->once(s->op.arg, rc, eng_error(&be, rc, e, NULL), rows, n);
}

static void end(struct stats_op *s, int rc, const struct err *e)
{
	if (s->ended)
		return;
	s->ended = true;
	loop_defer_cancel(&s->ending);
	eng_op_end(&s->op);
	tell_end(s, rc, e);
	drop_feeds(s);
	if (!s->open) {
		stats_free(s);
		return;
	}
	uv_close((uv_handle_t *)&s->folder, on_closed);
	uv_close((uv_handle_t *)&s->timer, on_closed);
}

/* --- feeds */

static void look(struct stats_op *s);

static void on_timer(uv_timer_t *t)
{
	look(container_of(t, struct stats_op, timer));
}

static void look_in(struct stats_op *s, unsigned ms)
{
	if (!uv_is_active((uv_handle_t *)&s->timer))
		uv_timer_start(&s->timer, on_timer, ms, 0);
}

static void on_sample(struct rpc_stream *op, const ProtobufCMessage *msg)
{
	struct feed *f = container_of(op, struct feed, stream);
	const Shim__StatsSample *m = (const void *)msg;

	f->row = (struct berth_stats){
		.id = f->id,
		.name = f->name,
		.running = true,
		.time = m->time_ns,
		.cpu_percent = m->cpu_percent,
		.memory_bytes = m->memory_bytes,
		.memory_limit_bytes = m->memory_limit_bytes,
		.host_pss_bytes = m->host_pss_bytes,
		.net_rx_bytes = m->net_rx_bytes,
		.net_tx_bytes = m->net_tx_bytes,
		.block_read_bytes = m->block_read_bytes,
		.block_write_bytes = m->block_write_bytes,
		.pids = m->pids,
	};
	if (f->s->sample)
		await_push(f);
	if (f->s->sample && !f->s->cancelled)
		f->s->sample(f->s->op.arg, &f->row);
}

static void check_once(struct stats_op *s)
{
	list_each(struct feed, f, &s->feeds, link)
		if (f->streaming)
			return;
	end(s, 0, NULL);
}

static void on_stream_end(struct rpc_stream *op, int rc, const struct err *e)
{
	struct feed *f = container_of(op, struct feed, stream);
	struct stats_op *s = f->s;

	f->streaming = false;
	if (s->ended)
		return; /* drop_feeds is at it */
	if (rc == -ETIMEDOUT) {
		f->row.running = false;
		eng_answer_note(s->op.b, f->id, false);
	}
	if (s->once) {
		check_once(s);
		return;
	}
	feed_free(f);
	look_in(s, RETRY_MS);
}

static int open_stream(struct feed *f)
{
	const struct berth *b = f->s->op.b;
	AUTO_FREE char *dir = eng_run_dir(b, f->id);
	AUTO_FREE char *path = dir ? path_join(dir, "shim.sock") : NULL;
	Shim__StatsRequest req = SHIM__STATS_REQUEST__INIT;
	int fd = path ? sock_connect(path, NULL) : -ENOMEM, rc;

	if (fd < 0)
		return fd;
	rc = rpc_uv_connect(b->loop, fd, f, NULL, &f->client, NULL);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	req.interval_ms = f->s->interval_ms;
	rc = rpc_stream_start(&f->stream, f->client, &shim_stats, &req.base, f->s->once ? ONCE_MS : 0, on_sample, on_stream_end, NULL);
	f->streaming = rc == 0;
	if (rc == 0 && f->s->sample && (f->timer = calloc(1, sizeof(*f->timer)))) {
		uv_timer_init(b->loop, f->timer);
		f->timer->data = f;
		f->silent = eng_silent_since(b, f->id);
		uv_timer_start(f->timer, on_silence, f->s->interval_ms + SILENT_MS, 0);
	}
	return rc;
}

/* A container that cannot be reached is on its way down: it counts as one that does not run. */
static int add_feed(struct stats_op *s, const struct container *c, struct err *e)
{
	struct feed *f = calloc(1, sizeof(*f));

	if (!f)
		return err_sys(e, -ENOMEM, "cannot watch container %.12s", c->id);
	list_init(&f->link);
	f->s = s;
	f->id = strdup(c->id);
	f->name = strdup(json_str(c->config, "name") ?: "");
	if (!f->id || !f->name) {
		feed_free(f);
		return err_sys(e, -ENOMEM, "cannot watch container %.12s", c->id);
	}
	f->row = (struct berth_stats){ .id = f->id, .name = f->name };
	list_append(&s->feeds, &f->link);
	if (c->alive)
		f->row.running = open_stream(f) == 0;
	if (!f->streaming && !s->once) {
		feed_free(f);
		if (c->alive)
			look_in(s, RETRY_MS);
	}
	return 0;
}

static bool has_feed(const struct stats_op *s, const char *id)
{
	for (const struct list *l = s->feeds.next; l != &s->feeds; l = l->next)
		if (strcmp(list_entry(l, struct feed, link)->id, id) == 0)
			return true;
	return false;
}

/* --- which containers there are */

static int find_named(struct stats_op *s, struct err *e)
{
	for (size_t i = 0; s->names[i]; i++) {
		char id[CONTAINER_ID_LEN + 1];
		int rc = container_find(s->op.b->root, s->names[i], id, e);

		if (rc == 0)
			rc = container_read(s->op.b->root, id, &s->found[s->nfound], e);
		if (rc < 0 && !s->looked)
			return rc;
		s->nfound += rc == 0; /* else it was removed since */
	}
	return 0;
}

static int find(struct work *w, struct err *e)
{
	struct stats_op *s = container_of(w, struct stats_op, work);
	char **ids = NULL;
	int rc = s->names ? 0 : container_ids(s->op.b->root, &ids, e);
	size_t n = strv_len((const char *const *)(s->names ? s->names : ids));

	if (rc < 0)
		return rc;
	s->found = calloc(n + 1, sizeof(*s->found));
	if (!s->found)
		rc = err_sys(e, -ENOMEM, "cannot list the containers");
	else if (s->names)
		rc = find_named(s, e);
	for (size_t i = 0; rc == 0 && ids && ids[i]; i++)
		if (container_read(s->op.b->root, ids[i], &s->found[s->nfound], NULL) == 0)
			s->nfound++;
	strv_free(ids);
	return rc;
}

static void on_found(struct work *w, int rc, const struct err *we)
{
	struct stats_op *s = container_of(w, struct stats_op, work);
	struct err e = *we;

	s->working = false;
	if (s->cancelled)
		rc = err_set(&e, -ECANCELED, "canceled");
	for (size_t i = 0; rc == 0 && i < s->nfound; i++)
		if ((s->found[i].alive || (s->once && s->names)) && !has_feed(s, s->found[i].id))
			rc = add_feed(s, &s->found[i], &e);
	drop_found(s);
	s->looked = true;
	if (rc < 0)
		end(s, rc, &e);
	else if (s->once)
		check_once(s);
	else if (s->again)
		look(s);
}

static void look(struct stats_op *s)
{
	struct err e = { 0 };
	int rc;

	s->again = s->working;
	if (s->working || s->ended || s->cancelled)
		return;
	rc = work_start(&s->work, s->op.b->loop, find, on_found);
	if (rc < 0)
		end(s, err_sys(&e, rc, "cannot start a thread"), &e);
	else
		s->working = true;
}

static void on_folder(uv_fs_event_t *h, const char *file, int events, int status)
{
	look_in(container_of(h, struct stats_op, folder), SETTLE_MS);
}

/* --- begin and end */

static void on_cancel(struct loop_defer *d)
{
	struct stats_op *s = container_of(d, struct stats_op, ending);
	struct err e = { 0 };

	if (!s->working)
		end(s, err_set(&e, -ECANCELED, "canceled"), &e);
}

static void cancel(struct berth_op *op)
{
	struct stats_op *s = container_of(op, struct stats_op, op);

	s->cancelled = true;
	loop_defer(op->b->loop, &s->ending, on_cancel);
}

static int watch_folder(struct stats_op *s, struct err *e)
{
	uv_loop_t *loop = s->op.b->loop;
	int rc = s->folder_path ? path_mkdirs(s->folder_path, 0700, e) : err_sys(e, -ENOMEM, "cannot watch containers");

	if (rc < 0)
		return rc;
	uv_fs_event_init(loop, &s->folder);
	uv_timer_init(loop, &s->timer);
	s->folder.data = s->timer.data = s;
	s->open = 2;
	rc = uv_fs_event_start(&s->folder, on_folder, s->folder_path, 0);
	return rc < 0 ? err_sys(e, rc, "cannot watch '%s'", s->folder_path) : 0;
}

static int begin(struct berth *b, const char *const *names, struct stats_op *s, void *arg, struct berth_op **op,
		 struct berth_error *be)
{
	struct err e = { 0 };
	int rc = 0;

	list_init(&s->feeds);
	s->names = names && *names ? strv_copy(names) : NULL;
	if (names && *names && !s->names)
		rc = -ENOMEM;
	eng_op_begin(b, &s->op, arg, cancel, op);
	if (rc == 0 && s->sample) {
		s->folder_path = path_join(b->root, "containers");
		rc = watch_folder(s, &e);
	}
	if (rc == 0)
		rc = work_start(&s->work, b->loop, find, on_found);
	s->working = rc == 0;
	if (rc == 0)
		return 0;
	list_remove(&s->op.link);
	s->ended = true;
	if (s->open) {
		uv_close((uv_handle_t *)&s->folder, on_closed);
		uv_close((uv_handle_t *)&s->timer, on_closed);
	} else {
		stats_free(s);
	}
	return eng_refuse(be, rc, &e);
}

int berth_stats(struct berth *b, const char *const *names, berth_stats_cb done, void *arg, struct berth_op **op,
		struct berth_error *e)
{
	struct stats_op *s = calloc(1, sizeof(*s));

	if (!s)
		return eng_refuse(e, -ENOMEM, NULL);
	s->once = done;
	return begin(b, names, s, arg, op, e);
}

int berth_stats_watch(struct berth *b, const char *const *names, unsigned interval_ms, berth_stats_sample_cb sample,
		      berth_done_cb done, void *arg, struct berth_op **op, struct berth_error *e)
{
	struct stats_op *s = calloc(1, sizeof(*s));

	if (!s)
		return eng_refuse(e, -ENOMEM, NULL);
	s->sample = sample;
	s->done = done;
	s->interval_ms = interval_ms ? interval_ms : 1000;
	return begin(b, names, s, arg, op, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c - files between a container and the host. In the pool: what the two paths are, and then both ends of the copy, a
 * thread each; a tar goes from one to the other. */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "engine/copy-files.h"
#include "engine/copy-held.h"
#include "engine/copy-host.h"

#define LINKS_MAX 40
#define TELL_MS 200
#define END_WELL_NS 3000000000ll /* for a guest to take back what it began */

struct copy_op {
	struct berth_op op;
	struct berth_copy want; /* its words are in arena */
	struct eng_arena arena;
	struct work prepare, inside, outside;
	berth_progress_cb progress;
	berth_copied_cb done;
	struct container ctr;
	struct copy_held held; /* for one that does not run */
	bool holding;
	struct copy_files *files;
	struct copy_end src, dst;
	struct copy_plan plan;
	struct copy_host host;
	struct pace pace;
	struct tree_stats stats; /* of the container's end */
	int folder;              /* of the host's */
	int conn;                /* shared with who cancels */
	char cwd[PATH_MAX];
	uv_timer_t *timer;
	int64_t began_ns, cancelled_ns;
	unsigned running; /* of the two ends */
	int rc;
	bool lost; /* rc is of the end that only knows that the other one is gone */
	struct err err;
};

/* --- the paths */

int copy_files_find(struct copy_files *f, struct copy_end *end, bool follow, struct err *e)
{
	AUTO_FREE struct copy_look *l = malloc(sizeof(*l));

	for (int i = 0; l && i < LINKS_MAX; i++) {
		int rc = f->ops->look(f, end->path, l, e);

		end->exists = rc == 0;
		if (rc < 0)
			return rc == -ENOENT ? 0 : rc;
		end->mode = l->mode;
		end->size = l->size;
		if (!follow || !S_ISLNK(l->mode))
			return 0;
		rc = copy_end_follow(end, l->link, e);
		if (rc < 0)
			return rc;
	}
	return err_sys(e, l ? -ELOOP : -ENOMEM, "cannot find '%s'", end->path);
}

static int missing(const struct copy_op *o, struct err *e)
{
	return o->want.out ? err_set(e, -ENOENT, "there is no '%s' in container %s", o->src.path, o->want.container) :
			     err_set(e, -ENOENT, "there is no '%s'", o->src.path);
}

static int plan_in(struct copy_op *o, struct err *e)
{
	bool tar = !o->want.local;
	int rc = copy_end_parse(o->want.path, "/", &o->dst, e);

	if (rc == 0)
		rc = copy_files_find(o->files, &o->dst, true, e);
	if (rc < 0)
		return rc;
	if (tar) {
		if (o->dst.exists ? !S_ISDIR(o->dst.mode) : !o->want.parents)
			return err_set(e, -ENOTDIR, "'%s' in container %s must be a folder", o->dst.path, o->want.container);
		o->plan.make = o->want.parents;
		strcpy(o->plan.folder, o->dst.path);
		return 0;
	}
	rc = copy_end_parse(o->want.local, o->cwd, &o->src, e);
	if (rc == 0)
		rc = copy_host_find(&o->src, o->want.follow || o->src.is_folder, e);
	if (rc == 0 && !o->src.exists)
		rc = missing(o, e);
	return rc < 0 ? rc : copy_plan_make(&o->src, &o->dst, o->want.parents, &o->plan, e);
}

static int plan_out(struct copy_op *o, struct err *e)
{
	int rc = copy_end_parse(o->want.path, "/", &o->src, e);

	if (rc == 0)
		rc = copy_files_find(o->files, &o->src, o->want.follow || o->src.is_folder, e);
	if (rc == 0 && !o->src.exists)
		rc = missing(o, e);
	if (rc < 0)
		return rc;
	if (!o->want.local) {
		strcpy(o->plan.name, o->src.contents ? "" : o->src.name);
		return 0;
	}
	rc = copy_end_parse(o->want.local, o->cwd, &o->dst, e);
	if (rc == 0)
		rc = copy_host_find(&o->dst, true, e);
	if (rc == 0)
		rc = copy_plan_make(&o->src, &o->dst, o->want.parents, &o->plan, e);
	if (rc == 0)
		o->folder = copy_host_folder(&o->plan, e);
	return rc < 0 ? rc : MIN(o->folder, 0);
}

static int prepare(struct work *w, struct err *e)
{
	struct copy_op *o = container_of(w, struct copy_op, prepare);
	char id[CONTAINER_ID_LEN + 1];
	int rc = container_find(o->op.b->root, o->want.container, id, e);

	if (rc == 0)
		rc = container_read(o->op.b->root, id, &o->ctr, e);
	if (rc == 0 && !o->ctr.alive && !o->want.out)
		return copy_held_take(&o->held, o->op.b, &o->ctr, e);
	if (rc == 0)
		rc = o->ctr.alive ? copy_files_agent(o->op.b, &o->ctr, &o->files, e) :
				    copy_files_disk(o->op.b, &o->ctr, &o->files, e);
	if (rc == 0)
		rc = o->want.out ? plan_out(o, e) : plan_in(o, e);
	if (rc == 0 && S_ISREG(o->src.mode))
		pace_expect(&o->pace, o->src.size);
	return rc;
}

/* The same, of the machine over its disk. */
static int prepare_held(struct work *w, struct err *e)
{
	struct copy_op *o = container_of(w, struct copy_op, prepare);
	struct container held = { .alive = true };
	int rc;

	memcpy(held.id, o->held.id, sizeof(held.id));
	rc = copy_files_agent(o->op.b, &held, &o->files, e);
	if (rc == 0)
		rc = plan_in(o, e);
	if (rc == 0 && S_ISREG(o->src.mode))
		pace_expect(&o->pace, o->src.size);
	return rc;
}

/* --- the two ends */

static int inside(struct work *w, struct err *e)
{
	struct copy_op *o = container_of(w, struct copy_op, inside);
	const struct copy_files_ops *ops = o->files->ops;

	if (o->want.out)
		return ops->out(o->files, o->src.path, o->plan.name, &o->stats, e);
	return ops->in(o->files, &o->plan, o->want.archive || !o->want.local, &o->stats, e);
}

static int outside(struct work *w, struct err *e)
{
	struct copy_op *o = container_of(w, struct copy_op, outside);
	int conn = o->files->ops->connect(o->files, e);

	if (conn < 0) {
		o->host.lost = true;
		return conn;
	}
	o->host.conn = conn;
	__atomic_store_n(&o->conn, conn, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&o->pace.cancelled, __ATOMIC_SEQ_CST))
		return err_set(e, -ECANCELED, "canceled");
	return o->want.out ? copy_host_receive(&o->host, o->folder, o->plan.name, o->want.archive, e) :
			     copy_host_send(&o->host, &o->src, o->plan.name, e);
}

static void stop_both(struct copy_op *o)
{
	int conn = __atomic_load_n(&o->conn, __ATOMIC_SEQ_CST);
	uint64_t one = 1;

	if (o->files)
		o->files->ops->stop(o->files, o->cancelled_ns && clock_mono_ns() - o->cancelled_ns > END_WELL_NS);
	if (conn >= 0)
		shutdown(conn, SHUT_RDWR);
	if (o->host.wake >= 0)
		(void)!write(o->host.wake, &one, sizeof(one));
}

/* --- on the loop */

static void free_timer(uv_handle_t *h)
{
	free(h);
}

static void finish(struct copy_op *o)
{
	struct berth_copied r = { MAX(o->stats.entries, o->host.stats.entries), MAX(o->stats.bytes, o->host.stats.bytes),
				  o->stats.left_out + o->host.stats.left_out };
	struct berth_error be = { 0 };

	if (o->rc < 0 && o->pace.cancelled)
		o->rc = err_set(&o->err, -ECANCELED, "canceled");
	if (o->files)
		o->files->ops->close(o->files);
	auto_close(&o->conn);
	auto_close(&o->folder);
	auto_close(&o->host.wake);
	container_finish(&o->ctr);
	eng_op_end(&o->op);
	o->done(o->op.arg, o->rc, eng_error(&be, o->rc, &o->err, NULL), o->rc < 0 ? NULL : &r);
	eng_arena_finish(&o->arena);
	free(o);
}

static void on_held_gone(struct copy_held *h, int rc, const struct err *e)
{
	struct copy_op *o = container_of(h, struct copy_op, held);

	if (rc < 0 && o->rc == 0) {
		o->rc = rc;
		o->err = *e;
	}
	finish(o);
}

static void end(struct copy_op *o)
{
	if (o->timer)
		uv_close((uv_handle_t *)TAKE(o->timer), free_timer);
	if (o->held.taken)
		copy_held_end(&o->held, TAKE(o->files), on_held_gone);
	else
		finish(o);
}

/* The words of the end that knows why are told. */
static void end_one(struct copy_op *o, int rc, bool lost, const struct err *e)
{
	if (rc < 0 && (o->rc == 0 || (o->lost && !lost))) {
		o->rc = rc;
		o->lost = lost;
		o->err = *e;
	}
	if (rc < 0)
		stop_both(o);
	if (--o->running == 0)
		end(o);
}

static void on_inside(struct work *w, int rc, const struct err *e)
{
	struct copy_op *o = container_of(w, struct copy_op, inside);

	end_one(o, rc, rc == -ENOTCONN || rc == -EBADMSG, e);
}

static void on_outside(struct work *w, int rc, const struct err *e)
{
	struct copy_op *o = container_of(w, struct copy_op, outside);

	end_one(o, rc, o->host.lost, e);
}

static void tell(struct copy_op *o, const char *stage)
{
	struct berth_progress p = { .verb = "copy", .object = o->want.container, .stage = stage };
	int64_t ns = clock_mono_ns() - o->began_ns;

	if (!o->progress)
		return;
	pace_look(&o->pace, &p.done, &p.total);
	p.total = p.total && p.total < p.done ? p.done : p.total;
	p.rate = ns > 0 ? (uint64_t)((double)p.done * 1e9 / (double)ns) : 0;
	o->progress(o->op.arg, &p);
}

static void on_time(uv_timer_t *t)
{
	struct copy_op *o = t->data;

	if (o->cancelled_ns)
		stop_both(o);
	else
		tell(o, "copying");
}

/* Without memory for it there is no progress, and a guest that does not end a copy is waited for. */
static void begin_telling(struct copy_op *o)
{
	o->began_ns = clock_mono_ns();
	tell(o, "copying");
	o->timer = calloc(1, sizeof(*o->timer));
	if (!o->timer)
		return;
	uv_timer_init(o->op.b->loop, o->timer);
	o->timer->data = o;
	uv_timer_start(o->timer, on_time, TELL_MS, TELL_MS);
}

static void on_prepared(struct work *w, int rc, const struct err *e);

static void on_held(struct copy_held *h, int rc, const struct err *he)
{
	struct copy_op *o = container_of(h, struct copy_op, held);
	struct err e = *he;

	o->holding = false;
	if (rc == 0)
		rc = work_start(&o->prepare, o->op.b->loop, prepare_held, on_prepared);
	if (rc < 0)
		on_prepared(&o->prepare, rc, &e);
}

static void on_taken(struct copy_op *o, int rc, const struct err *te)
{
	struct err e = *te;

	if (rc == 0 && o->pace.cancelled)
		rc = err_set(&e, -ECANCELED, "canceled");
	o->began_ns = clock_mono_ns();
	tell(o, "starting a machine");
	if (rc == 0)
		rc = copy_held_start(&o->held, on_held, &e);
	o->holding = rc == 0;
	if (rc < 0)
		on_prepared(&o->prepare, rc, &e);
}

static void on_found(struct work *w, int rc, const struct err *e)
{
	struct copy_op *o = container_of(w, struct copy_op, prepare);

	if (rc == 0 && o->held.taken)
		on_taken(o, rc, e);
	else
		on_prepared(w, rc, e);
}

static void on_prepared(struct work *w, int rc, const struct err *e)
{
	struct copy_op *o = container_of(w, struct copy_op, prepare);
	struct err we = *e;

	o->running = 1;
	if (rc == 0 && o->pace.cancelled)
		rc = err_set(&we, -ECANCELED, "canceled");
	if (rc == 0 && (rc = work_start(&o->inside, o->op.b->loop, inside, on_inside)) < 0)
		err_sys(&we, rc, "cannot start a thread");
	if (rc < 0) {
		end_one(o, rc, false, &we);
		return;
	}
	o->running++;
	rc = work_start(&o->outside, o->op.b->loop, outside, on_outside);
	if (rc < 0) {
		end_one(o, rc, false, (err_sys(&we, rc, "cannot start a thread"), &we));
		return;
	}
	begin_telling(o);
}

static void cancel(struct berth_op *op)
{
	struct copy_op *o = container_of(op, struct copy_op, op);

	__atomic_store_n(&o->pace.cancelled, 1, __ATOMIC_SEQ_CST);
	o->cancelled_ns = o->cancelled_ns ? o->cancelled_ns : clock_mono_ns();
	if (o->holding)
		copy_held_cancel(&o->held);
	if (o->running)
		stop_both(o);
}

static int copy_words(struct copy_op *o, const struct berth_copy *c, struct err *e)
{
	if (!c->container || !*c->container || !c->path || (c->local && !*c->local))
		return err_set(e, -EINVAL, "a path is missing");
	if (!c->local && c->fd < 0)
		return err_set(e, -EINVAL, "there is neither a file nor a descriptor");
	o->want = *c;
	o->want.container = eng_arena_str(&o->arena, c->container);
	o->want.path = eng_arena_str(&o->arena, c->path);
	o->want.local = c->local ? eng_arena_str(&o->arena, c->local) : NULL;
	if (o->arena.failed)
		return err_set(e, -ENOMEM, "out of memory");
	if (c->local && *c->local != '/' && !getcwd(o->cwd, sizeof(o->cwd)))
		return err_sys(e, -errno, "cannot tell the current folder");
	o->host.tar = c->local ? -1 : c->fd;
	o->host.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return o->host.wake < 0 ? err_sys(e, -errno, "cannot make an event") : 0;
}

int berth_container_copy(struct berth *b, const struct berth_copy *c, berth_progress_cb progress, berth_copied_cb done, void *arg,
			 struct berth_op **op, struct berth_error *be)
{
	struct copy_op *o = calloc(1, sizeof(*o));
	struct err e = { 0 };
	int rc = -ENOMEM;

	if (o) {
		o->folder = o->conn = o->host.conn = o->host.wake = -1;
		o->host.pace = &o->pace;
		o->progress = progress;
		o->done = done;
		rc = copy_words(o, c, &e);
	}
	if (rc == 0) {
		eng_op_begin(b, &o->op, arg, cancel, op);
		rc = work_start(&o->prepare, b->loop, prepare, on_found);
		if (rc < 0)
			list_remove(&o->op.link);
	}
	if (rc < 0 && o) {
		auto_close(&o->host.wake);
		eng_arena_finish(&o->arena);
		free(o);
	}
	return rc < 0 ? eng_refuse(be, rc, &e) : 0;
}

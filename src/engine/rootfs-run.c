/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs-run.c - a root file system whose scripts run in VMs.
 *
 * The sources become a file without a name, which is the read-only base of a container for each script. Those containers
 * are owned (store/container.h): if this process is killed, they go with it. The disk that one script wrote
 * to goes on to the next one's container. Base and disk, joined as the guest saw them, are then written anew by our own
 * writer, into the file that gets its name last: so the kernel's way to lay files out, its journal and its clock leave no trace in the result. */
#include "engine/rootfs-run.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/create.h"
#include "engine/disks.h"
#include "engine/job.h"
#include "engine/own-job.h"
#include "engine/rootfs-scripts.h"
#include "job/rootfs-output.h"
#include "job/rootfs-source.h"

#define CHUNK (32u << 10)
#define NSEC 1000000000
#define DISK_DEFAULT (8ull << 30) /* of a container, which a small result must not make smaller */

struct output {
	struct run *run;
	uv_poll_t poll;
	int fd, stream;
	bool open;
};

struct run {
	struct berth_op op;
	struct eng_arena arena;
	struct rootfs_opts opts; /* of the result */
	struct oci_platform platform;
	struct berth_rootfs asked; /* with strings of the arena */
	berth_progress_cb progress;
	berth_rootfs_cb done;
	struct berth_progress view;
	char stage[128];

	struct work work;
	struct pace pace; /* ends the reading of scripts */
	struct rootfs_create create;
	struct eng_disks disks;
	struct berth_op *sub; /* of a container */
	bool in_create, in_disks;
	bool cancelled;
	int rc; /* the first thing that went wrong */
	struct err err;

	struct eng_owned own; /* what the sources are, and the container that runs over it */
	int before_lock; /* of the last one's */
	struct rootfs_output out_file;
	struct eng_own_job *job;
	struct rootfs_scripts scripts;
	struct fs_time newest;
	size_t script; /* the one that runs */
	char id[CONTAINER_ID_LEN + 1], before[CONTAINER_ID_LEN + 1]; /* of its container, and of the last one's; "" */
	int64_t since;
	struct output out[2];
	int outs; /* that are not closed */
	bool ended; /* the script */
};

static void next_script(struct run *r);
static void clean_up(struct run *r);

/* --- what goes wrong on the way; the first counts */

static void note(struct run *r, int rc, const struct err *e)
{
	if (rc < 0 && r->rc == 0) {
		r->rc = rc;
		r->err = *e;
	}
}

static void fail(struct run *r, int rc, const struct err *e)
{
	note(r, rc, e);
	clean_up(r);
}

static void fail_public(struct run *r, int rc, const struct berth_error *be, const char *script)
{
	struct err e = { .code = rc };

	if (script)
		err_set(&e, rc, "script '%s': %s", script, be->text);
	else
		err_set(&e, rc, "%s", be->text);
	fail(r, rc, &e);
}

/* true if the user has cancelled, and the end is under way. */
static bool is_over(struct run *r)
{
	struct err e = { 0 };

	if (r->cancelled)
		fail(r, err_set(&e, -ECANCELED, "canceled"), &e);
	return r->cancelled;
}

static const char *script_name(const struct run *r)
{
	return r->scripts.v[r->script].called;
}

static void show(struct run *r)
{
	eng_own_job_tell(r->job, &r->view);
	if (r->progress)
		r->progress(r->op.arg, &r->view);
}

static void tell(struct run *r, const char *stage)
{
	snprintf(r->stage, sizeof(r->stage), "%s", stage);
	r->view.done = 0;
	show(r);
}

static void on_progress(struct rootfs_create *c, const struct unpack_progress *p)
{
	struct run *r = container_of(c, struct run, create);

	r->view.done = p->raw;
	show(r);
}

/* --- the end: containers, the base and the scripts' copies go */

static int clean_in_pool(struct work *w, struct err *e)
{
	struct run *r = container_of(w, struct run, work);

	if (*r->before)
		eng_container_take_away(r->op.b, r->before, false, NULL);
	rootfs_scripts_finish(&r->scripts);
	if (r->rc == 0 && r->out_file.name)
		note(r, rootfs_output_commit(&r->out_file, e), e);
	rootfs_output_finish(&r->out_file);
	for (size_t i = 0; i < 3; i++) {
		int fd = (const int[]){ r->own.base, r->own.lock, r->before_lock }[i];

		if (fd >= 0)
			close(fd);
	}
	return 0;
}

static void on_clean(struct work *w, int rc, const struct err *e)
{
	struct run *r = container_of(w, struct run, work);
	const struct unpack_result *u = &r->create.result;
	struct berth_rootfs_result result = { u->size, u->used, u->entries };
	struct berth_error be = { 0 };

	eng_own_job_end(r->job, r->rc, &r->err);
	eng_op_end(&r->op);
	r->done(r->op.arg, r->rc, eng_error(&be, r->rc, &r->err, NULL), r->rc < 0 ? NULL : &result);
	eng_arena_finish(&r->arena);
	free(r);
}

static void clean_files(struct run *r)
{
	struct err e = { 0 };

	if (work_start(&r->work, r->op.b->loop, clean_in_pool, on_clean) == 0)
		return;
	clean_in_pool(&r->work, &e);
	on_clean(&r->work, 0, &e);
}

static void on_removed(void *arg, int rc, const struct berth_error *e)
{
	clean_files(arg);
}

static void clean_up(struct run *r)
{
	if (r->in_disks)
		eng_disks_finish(&r->disks);
	r->in_disks = false;
	if (*r->id && berth_container_remove(r->op.b, r->id, BERTH_REMOVE_FORCE, on_removed, r, NULL) == 0)
		return;
	clean_files(r);
}

/* --- the result: what the guest left, base and disk joined, goes to our writer as it is */

static struct fs_time stamp_of(const struct run *r)
{
	return r->asked.time ? (struct fs_time){ .sec = r->asked.time } : r->newest;
}

static void on_made(struct rootfs_create *c, int rc, const struct err *e)
{
	struct run *r = container_of(c, struct run, create);

	r->in_create = false;
	note(r, rc, e);
	clean_up(r);
}

static void on_disks(struct eng_disks *d, int rc, const struct err *de)
{
	struct run *r = container_of(d, struct run, disks);
	const struct unpack_merged m = { .base = d->base, .upper = d->upper, .dir = ENG_UPPER_DIR,
					 .since = { r->since / NSEC, (uint32_t)(r->since % NSEC) }, .stamp = stamp_of(r) };
	struct rootfs_opts o = r->opts;
	struct err e = *de;

	if (rc == 0 && is_over(r))
		return;
	o.sources = NULL;
	o.merged = &m;
	o.output = NULL;
	o.fd = r->out_file.name ? r->out_file.fd : r->asked.fd;
	if (rc == 0)
		rc = rootfs_create_start(&r->create, r->op.b->loop, &o, on_made, &e);
	r->in_create = rc == 0;
	if (rc < 0)
		fail(r, rc, &e);
}

static void join(struct run *r)
{
	struct err e = { 0 };
	int rc;

	tell(r, "writing");
	r->disks = (struct eng_disks){ 0 };
	rc = eng_disks_start(&r->disks, r->op.b, r->id, on_disks, &e);
	r->in_disks = rc == 0;
	if (rc < 0)
		fail(r, rc, &e);
}

/* --- a script */

static void script_over(struct run *r)
{
	if (!r->ended || r->outs || is_over(r))
		return;
	if (r->rc < 0) {
		clean_up(r);
		return;
	}
	if (r->script + 1 == r->scripts.n) {
		join(r);
		return;
	}
	r->script++;
	memcpy(r->before, r->id, sizeof(r->before));
	r->before_lock = TAKE_FD(r->own.lock);
	*r->id = 0;
	next_script(r);
}

static void on_closed(uv_handle_t *h)
{
	struct output *o = container_of((uv_poll_t *)h, struct output, poll);

	close(o->fd);
	o->run->outs--;
	script_over(o->run);
}

static void output_close(struct output *o)
{
	if (o->open)
		uv_close((uv_handle_t *)&o->poll, on_closed);
	o->open = false;
}

static void on_ended(void *arg, int rc, const struct berth_error *be, int code)
{
	struct run *r = arg;
	struct err e = { 0 };

	r->sub = NULL;
	r->ended = true;
	if (rc < 0)
		note(r, err_set(&e, rc, "script '%s': %s", script_name(r), be->text), &e);
	else if (be)
		note(r, err_set(&e, -EIO, "script '%s': %s", script_name(r), be->text), &e);
	else if (code)
		note(r, err_set(&e, -ECHILD, "script '%s' ended with exit code %d", script_name(r), code), &e);
	/* all that it printed comes, unless nobody waits for it any more */
	for (size_t i = 0; r->rc == -ECANCELED && i < ARRAY_LEN(r->out); i++)
		output_close(&r->out[i]);
	script_over(r);
}

static void on_readable(uv_poll_t *h, int status, int events)
{
	struct output *o = container_of(h, struct output, poll);
	struct run *r = o->run;
	char chunk[CHUNK];
	ssize_t n = 0;

	for (int turn = 0; turn < 16 && (n = read(o->fd, chunk, sizeof(chunk))) > 0; turn++)
		if (r->asked.print)
			r->asked.print(r->op.arg, o->stream, chunk, (size_t)n);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	output_close(o);
}

static void listen_to(struct run *r, struct output *o, int fd, int stream)
{
	if (fd < 0)
		return;
	*o = (struct output){ .run = r, .fd = fd, .stream = stream, .open = true };
	if (uv_poll_init(r->op.b->loop, &o->poll, fd) < 0) {
		o->open = false;
		close(fd);
		return;
	}
	r->outs++;
	uv_poll_start(&o->poll, UV_READABLE, on_readable);
}

static void on_started(void *arg, int rc, const struct berth_error *be, const struct berth_streams *s)
{
	struct run *r = arg;
	struct berth_error we = { 0 };

	r->sub = NULL;
	if (rc < 0) {
		fail_public(r, rc, be, script_name(r));
		return;
	}
	r->ended = false;
	if (*s->notice) {
		r->view.note = eng_arena_str(&r->arena, s->notice);
		show(r);
	}
	listen_to(r, &r->out[0], s->out, 1);
	listen_to(r, &r->out[1], s->err, 2);
	if (s->in >= 0)
		close(s->in);
	rc = berth_container_wait(r->op.b, r->id, on_ended, r, &r->sub, &we);
	if (rc < 0)
		on_ended(r, rc, &we, 0);
	else if (r->cancelled)
		berth_op_cancel(r->sub);
}

/* What the last script wrote to is what this one goes on with. */
static int take_disk(struct work *w, struct err *e)
{
	struct run *r = container_of(w, struct run, work);
	const char *root = r->op.b->root;
	AUTO_CLOSE int from = container_open(root, r->before, e);
	AUTO_CLOSE int to = from < 0 ? from : container_open(root, r->id, e);

	if (to < 0)
		return to;
	if (renameat(from, "upper.ext4", to, "upper.ext4") < 0)
		return err_sys(e, -errno, "cannot move the disk of a container");
	close(TAKE_FD(r->before_lock));
	return eng_container_take_away(r->op.b, r->before, false, e);
}

static void start(struct run *r)
{
	const struct berth_attach at = { .name = r->id, .flags = BERTH_ATTACH_OUTPUT };
	struct berth_error be = { 0 };
	int rc;

	if (is_over(r))
		return;
	if (!r->since)
		r->since = clock_real_ns();
	rc = berth_container_start(r->op.b, r->id, &at, on_started, r, &r->sub, &be);
	if (rc < 0)
		fail_public(r, rc, &be, script_name(r));
}

static void on_disk_taken(struct work *w, int rc, const struct err *e)
{
	struct run *r = container_of(w, struct run, work);

	if (rc < 0) {
		fail(r, rc, e);
		return;
	}
	*r->before = 0;
	start(r);
}

static void on_created(void *arg, int rc, const struct berth_error *be, const char *id)
{
	struct run *r = arg;
	struct err e = { 0 };

	r->sub = NULL;
	if (rc < 0) {
		fail_public(r, rc, be, NULL);
		return;
	}
	snprintf(r->id, sizeof(r->id), "%s", id);
	if (!*r->before)
		start(r);
	else if ((rc = work_start(&r->work, r->op.b->loop, take_disk, on_disk_taken)) < 0)
		fail(r, err_sys(&e, rc, "cannot start a thread"), &e);
}

static void next_script(struct run *r)
{
	const struct rootfs_script *s = &r->scripts.v[r->script];
	const struct berth_mount mount = { .source = s->folder, .target = ROOTFS_SCRIPTS_AT, .type = "bind", .readonly = true };
	struct berth_create c = {
		.rootfs = r->opts.output, .args = (const char *const *)s->argv, .hostname = "localhost", .mounts = &mount, .nmounts = 1,
		.env = r->asked.env, .network = r->asked.network, .cpus = r->asked.cpus, .memory = r->asked.memory,
		.root_size = r->opts.size > DISK_DEFAULT ? r->opts.size : 0,
	};
	AUTO_FREE char *stage = path_fmt("running %s", s->called);
	struct berth_error be = { 0 };
	int rc;

	tell(r, stage ? stage : "running");
	rc = eng_container_create_owned(r->op.b, &c, &r->own, on_created, r, &r->sub, &be);
	if (rc < 0)
		fail_public(r, rc, &be, NULL);
}

/* --- the base */

/* Programs that write times into files ask this variable for one that is always the same. */
static int set_epoch(struct run *r)
{
	size_t n = strv_len(r->asked.env);
	const char **env = eng_arena_take(&r->arena, calloc(n + 2, sizeof(*env)));

	if (!env)
		return -ENOMEM;
	env[0] = eng_arena_take(&r->arena, path_fmt("SOURCE_DATE_EPOCH=%lld", (long long)MAX(stamp_of(r).sec, 0)));
	for (size_t i = 0; i < n; i++)
		env[i + 1] = r->asked.env[i];
	r->asked.env = env;
	return r->arena.failed ? -ENOMEM : 0;
}

static int look_at_base(struct work *w, struct err *e)
{
	struct run *r = container_of(w, struct run, work);
	int rc = rootfs_newest(r->own.base, &r->newest, e);

	return rc == 0 && set_epoch(r) < 0 ? err_set(e, -ENOMEM, "out of memory") : rc;
}

static void on_looked(struct work *w, int rc, const struct err *e)
{
	struct run *r = container_of(w, struct run, work);

	if (rc < 0)
		fail(r, rc, e);
	else if (!is_over(r))
		next_script(r);
}

static void on_base(struct rootfs_create *c, int rc, const struct err *ce)
{
	struct run *r = container_of(c, struct run, create);
	struct err e = *ce;

	r->in_create = false;
	if (rc == 0 && is_over(r))
		return;
	if (rc == 0)
		rc = work_start(&r->work, r->op.b->loop, look_at_base, on_looked);
	if (rc < 0)
		fail(r, rc, &e);
}

/* --- the beginning: what can be wrong with scripts and names is told before anything is made */

static int prepare(struct work *w, struct err *e)
{
	struct run *r = container_of(w, struct run, work);
	struct berth *b = r->op.b;
	int rc = r->asked.fd > 0 ? 0 : rootfs_output_begin(r->opts.output, &r->out_file, e);

	eng_take_orphans(b);
	eng_jobs_sweep(b->run_root);
	if (rc == 0 && (r->own.base = open(b->root, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) < 0)
		rc = err_sys(e, -errno, "cannot make a file in '%s'", b->root);
	for (const char *const *s = r->opts.sources; rc == 0 && *s; s++)
		rc = rootfs_source_check(*s, e);
	return rc < 0 ? rc : rootfs_scripts_load(eng_own_job_folder(r->job), r->asked.scripts, &r->pace, &r->scripts, e);
}

static void on_prepared(struct work *w, int rc, const struct err *we)
{
	struct run *r = container_of(w, struct run, work);
	struct rootfs_opts o = { .store = r->opts.store, .builtin = r->opts.builtin, .sources = r->opts.sources, .fd = r->own.base,
				 .platform = r->opts.platform, .max_size = r->opts.max_size };
	struct err e = *we;

	if (rc == 0 && is_over(r))
		return;
	if (rc == 0)
		rc = rootfs_create_start(&r->create, r->op.b->loop, &o, on_base, &e);
	r->in_create = rc == 0;
	if (rc < 0)
		fail(r, rc, &e);
}

static void cancel(struct berth_op *op)
{
	struct run *r = container_of(op, struct run, op);

	r->cancelled = true;
	pace_cancel(&r->pace);
	if (r->in_create)
		rootfs_create_cancel(&r->create);
	else if (r->in_disks)
		eng_disks_cancel(&r->disks);
	else if (r->sub)
		berth_op_cancel(r->sub);
}

/* The words for the VMs, as the first container would take them. */
static int check_machine(const struct berth *b, const struct berth_rootfs *r, struct err *e)
{
	const struct berth_create c = { .rootfs = r->output, .env = r->env, .network = r->network, .cpus = r->cpus,
					.memory = r->memory };
	struct create_spec spec = { 0 };
	struct eng_arena arena = { 0 };
	int rc = create_spec_init(&spec, &arena, &b->conf->conf, &c, e);

	create_spec_finish(&spec);
	eng_arena_finish(&arena);
	return rc;
}

int eng_rootfs_run(struct berth *b, const struct berth_rootfs *in, const struct rootfs_opts *o,
		   berth_progress_cb progress, berth_rootfs_cb done, void *arg, struct berth_op **op, struct err *e)
{
	struct run *r = calloc(1, sizeof(*r));
	int rc = r ? check_machine(b, in, e) : -ENOMEM;

	if (rc == 0) {
		r->opts = *o;
		if (o->platform) {
			r->platform = *o->platform;
			r->opts.platform = &r->platform;
		}
		r->opts.sources = eng_arena_strv(&r->arena, o->sources);
		r->opts.builtin = eng_arena_str(&r->arena, o->builtin);
		r->opts.output = eng_arena_str(&r->arena, in->output);
		r->opts.uuid = eng_arena_str(&r->arena, o->uuid);
		r->opts.label = eng_arena_str(&r->arena, o->label);
		r->opts.journal = eng_arena_str(&r->arena, o->journal);
		r->asked = *in;
		r->asked.scripts = eng_arena_strv(&r->arena, in->scripts);
		r->asked.env = eng_arena_strv(&r->arena, in->env);
		r->asked.network = eng_arena_str(&r->arena, in->network);
		r->own.base = r->own.lock = r->before_lock = -1;
		r->progress = progress;
		r->done = done;
		r->create.progress = on_progress;
		r->view = (struct berth_progress){ .verb = "rootfs create", .object = r->opts.output, .stage = r->stage };
		strcpy(r->stage, "unpacking");
		rc = r->arena.failed ? -ENOMEM : eng_own_job_begin(&r->job, b, "rootfs", in->output, &r->op, e);
	}
	if (rc == 0) {
		eng_op_begin(b, &r->op, arg, cancel, op);
		rc = work_start(&r->work, b->loop, prepare, on_prepared);
		if (rc < 0)
			list_remove(&r->op.link);
	}
	if (rc < 0) {
		if (r) {
			eng_own_job_end(r->job, rc, e);
			eng_arena_finish(&r->arena);
		}
		free(r);
	}
	return rc;
}

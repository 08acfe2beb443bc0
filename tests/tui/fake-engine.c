/* SPDX-License-Identifier: Apache-2.0 */
/* fake-engine.c - the API of berth/berth.h over fixed data; answers come in the loop's next turn. */
#include "tests/tui/fake-engine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/filter.h"
#include "base/loop.h"

#define SECOND 1000000000ll
#define ID(c) #c #c #c #c #c #c #c #c
#define ID64(c) ID(c) ID(c) ID(c) ID(c) ID(c) ID(c) ID(c) ID(c)

/* What can be cancelled: a pull, who watches statistics, and what goes on until then: events, logs, waits. */
struct berth_op {
	struct berth *b;
	bool lasts, owed, over; /* owed: an answer still has it, and frees it if it is over */
	berth_event_cb event;
	berth_exit_cb exit;
	berth_stats_sample_cb sample;
	berth_done_cb done;
	berth_progress_cb progress;
	berth_pulled_cb pulled;
	void *arg;
	struct berth_op *next; /* of those who watch */
};

struct berth {
	uv_loop_t *loop;
	struct fake *f;
	berth_changed_cb changed;
	void *changed_arg;
	void (*closed)(void *arg);
	void *closed_arg;
	struct loop_defer defer;
	bool all_changed;
	struct berth_op *watch, *pull; /* the newest who watches; NULL: none */
	struct berth_op load;          /* cannot be canceled: it ends at once */
};

/* One answer that is owed. */
struct owed {
	struct loop_defer d;
	struct berth *b;
	void (*tell)(struct owed *o);
	union {
		berth_containers_cb containers;
		berth_images_cb images;
		berth_jobs_cb jobs;
		berth_consoles_cb consoles;
		berth_trash_cb trash;
		berth_kernels_cb kernels;
		berth_findings_cb findings;
		berth_json_cb json;
		berth_text_cb text;
		berth_done_cb done;
		berth_lines_cb lines;
		berth_attached_cb attached;
		berth_exec_cb exec;
		berth_created_cb created;
		berth_log_cb line;
		berth_login_cb login;
		berth_logout_cb logout;
		berth_processes_cb processes;
		berth_loaded_cb loaded;
		berth_updated_cb updated;
		berth_tar_cb tar;
		berth_pulled_cb pulled;
	} cb;
	berth_done_cb end;
	void *arg;
	char name[80], filter[200], find[200];
	struct berth_logs logs;
	struct berth_op *op;
	void (*state)(void *arg, const struct berth_log_state *s);
};

static void on_due(struct loop_defer *d)
{
	struct owed *o = container_of(d, struct owed, d);

	o->tell(o);
	free(o);
}

static struct owed *owe(struct berth *b, void (*tell)(struct owed *o), void *arg)
{
	struct owed *o = calloc(1, sizeof(*o));

	o->b = b;
	o->tell = tell;
	o->arg = arg;
	loop_defer(b->loop, &o->d, on_due);
	return o;
}

static struct berth_op *lasting(struct berth *b, berth_done_cb done, berth_exit_cb exit, void *arg)
{
	struct berth_op *op = calloc(1, sizeof(*op));

	*op = (struct berth_op){ .b = b, .lasts = true, .done = done, .exit = exit, .arg = arg };
	return op;
}

/* The answer that had it is given now: is it still wanted? */
static bool wanted(struct berth_op *op)
{
	bool over = op && op->over;

	if (over)
		free(op);
	else if (op)
		op->owed = false;
	return !over;
}

static void called(struct berth *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void called(struct berth *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b->f->calls, fmt, ap);
	va_end(ap);
	buf_addc(&b->f->calls, '\n');
}

/* ---- data ------------------------------------------------------------------------------------------------- */

static const struct berth_port web_ports[] = { { "0.0.0.0", 8080, 80, "tcp" } };
static const struct berth_container containers[] = {
	{ .id = ID64(a), .name = "web1", .image = "nginx:1.27", .image_id = "sha256:1", .state = BERTH_RUNNING,
	  .command = "nginx -g 'daemon off;'", .created = FAKE_NOW - 187200 * SECOND, .started = FAKE_NOW - 187200 * SECOND,
	  .pid = 0, .ports = web_ports, .nports = 1, .memory_bytes = 256 << 20, .cpus = 2, .kernel = "6.1", .accel = "tcg",
	  .cause = "", .tty = true, .consoles = 2 },
	{ .id = ID64(b), .name = "db", .image = "postgres:16", .image_id = "sha256:2", .state = BERTH_RUNNING,
	  .command = "postgres", .created = FAKE_NOW - 187200 * SECOND, .started = FAKE_NOW - 187200 * SECOND,
	  .memory_bytes = 1 << 30, .cpus = 1, .kernel = "6.1", .accel = "tcg", .cause = "" },
	{ .id = ID64(c), .name = "worker-1", .image = "acme/worker:9f2c", .image_id = "sha256:3", .state = BERTH_RUNNING,
	  .command = "worker", .created = FAKE_NOW - 3060 * SECOND, .started = FAKE_NOW - 3060 * SECOND,
	  .memory_bytes = 512 << 20, .cpus = 1, .kernel = "6.1", .accel = "tcg", .cause = "", .tty = true, .consoles = 1 },
	{ .id = ID64(d), .name = "migrate", .image = "acme/migrate:12", .image_id = "sha256:4", .state = BERTH_EXITED,
	  .command = "migrate up", .exit_code = 137, .created = FAKE_NOW - 400 * SECOND, .started = FAKE_NOW - 342 * SECOND,
	  .finished = FAKE_NOW - 300 * SECOND, .memory_bytes = 128 << 20, .cpus = 1, .kernel = "6.1", .accel = "tcg",
	  .cause = "out of memory" },
};
static const struct berth_image images[] = {
	{ .id = "sha256:1111", .digest = "sha256:aaaa", .repository = "docker.io/library/debian", .tag = "stable",
	  .name = "debian:stable", .platform = "linux/amd64", .created = FAKE_NOW - 12 * 86400 * SECOND,
	  .size_bytes = 124 << 20, .layers = 1, .rootfs_bytes = 256 << 20 },
	{ .id = "sha256:2222", .digest = "sha256:bbbb", .repository = "docker.io/library/nginx", .tag = "1.27",
	  .name = "nginx:1.27", .platform = "linux/amd64", .created = FAKE_NOW - 2 * 86400 * SECOND,
	  .size_bytes = 188 << 20, .layers = 7, .rootfs_bytes = 384 << 20, .used = 1 },
};
static const struct berth_job jobs[] = {
	{ "0000000000000007", "pull", "docker.io/library/postgres:16", "running", FAKE_NOW - 5 * SECOND, 0, 77 << 20, 130 << 20,
	  NULL },
};
static const struct berth_console consoles[] = {
	{ .id = ID64(a) ":0", .container = "web1", .n = 0, .command = "nginx", .rows = 23, .cols = 80, .viewers = 0,
	  .alive = true },
	{ .id = ID64(a) ":1", .container = "web1", .n = 1, .command = "bash", .rows = 23, .cols = 80, .viewers = 2,
	  .alive = true },
	{ .id = ID64(c) ":0", .container = "worker-1", .n = 0, .command = "worker", .rows = 23, .cols = 80, .alive = true },
};
static const struct berth_trash trash[] = {
	{ ID64(e), "container", "old-db", FAKE_NOW - 7200 * SECOND, 200 << 20 },
};

static const struct berth_kernel kernels[] = {
	{ .name = "berth", .version = "6.6.32", .arch = "x86_64", .path = "/usr/lib/berth/vmlinux", .is_default = true },
};

static const char *name_of(const char *id)
{
	for (size_t i = 0; i < ARRAY_LEN(containers); i++)
		if (strncmp(containers[i].id, id, 64) == 0)
			return containers[i].name;
	for (size_t i = 0; i < ARRAY_LEN(trash); i++)
		if (strcmp(trash[i].id, id) == 0)
			return trash[i].name;
	return id;
}

/* ---- lists ------------------------------------------------------------------------------------------------ */

static void tell_containers(struct owed *o)
{
	const struct fake *f = o->b->f;
	const struct berth_container *from = f->containers.v ? f->containers.v : containers;
	size_t n = f->empty ? 0 : f->containers.v ? f->containers.n : ARRAY_LEN(containers);
	AUTO_FREE struct berth_container *v = calloc(n + 1, sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i] = from[f->reversed ? n - 1 - i : i];
	o->cb.containers(o->arg, 0, NULL, v, n);
}

int berth_container_list(struct berth *b, berth_containers_cb done, void *arg, struct berth_error *e)
{
	owe(b, tell_containers, arg)->cb.containers = done;
	return 0;
}

#define LIST(fn, tell_fn, cb_type, member, array)                                                       \
	static void tell_fn(struct owed *o)                                                            \
	{                                                                                              \
		const struct fake *f = o->b->f;                                                        \
                                                                                                       \
		o->cb.member(o->arg, 0, NULL, f->member.v ? f->member.v : array,                       \
			     f->empty ? 0 : f->member.v ? f->member.n : ARRAY_LEN(array));             \
	}                                                                                              \
	int fn(struct berth *b, cb_type done, void *arg, struct berth_error *e)                        \
	{                                                                                              \
		owe(b, tell_fn, arg)->cb.member = done;                                                \
		return 0;                                                                              \
	}
LIST(berth_image_list, tell_images, berth_images_cb, images, images)
LIST(berth_job_list, tell_jobs, berth_jobs_cb, jobs, jobs)
LIST(berth_trash_list, tell_trash, berth_trash_cb, trash, trash)
LIST(berth_kernel_list, tell_kernels, berth_kernels_cb, kernels, kernels)

static void tell_consoles(struct owed *o)
{
	const struct fake *f = o->b->f;

	o->cb.consoles(o->arg, 0, NULL, f->consoles.v ? f->consoles.v : consoles,
		       f->empty ? 0 : f->consoles.v ? f->consoles.n : ARRAY_LEN(consoles));
}

int berth_console_list(struct berth *b, const char *name, berth_consoles_cb done, void *arg, struct berth_error *e)
{
	owe(b, tell_consoles, arg)->cb.consoles = done;
	return 0;
}

/* ---- looking ---------------------------------------------------------------------------------------------- */

static void tell_inspect(struct owed *o)
{
	char text[200];

	snprintf(text, sizeof(text), "{\"name\":\"%s\",\"raw_marker\":\"raw of %s\",\"long\":\"%0120d\"}", name_of(o->name),
		 name_of(o->name), 7);
	o->cb.json(o->arg, 0, NULL, text);
}

int berth_container_inspect(struct berth *b, const char *name, berth_json_cb done, void *arg, struct berth_error *e)
{
	struct owed *o = owe(b, tell_inspect, arg);

	o->cb.json = done;
	snprintf(o->name, sizeof(o->name), "%s", name);
	return 0;
}

static void tell_image(struct owed *o)
{
	o->cb.json(o->arg, 0, NULL, o->b->f->inspect);
}

int berth_image_inspect(struct berth *b, const char *name, berth_json_cb done, void *arg, struct berth_error *e)
{
	if (b->f->inspect) {
		owe(b, tell_image, arg)->cb.json = done;
		return 0;
	}
	return berth_container_inspect(b, name, done, arg, e);
}

static void tell_boot(struct owed *o)
{
	o->cb.json(o->arg, 0, NULL, o->b->f->boot ?:
		   "{\"total_ms\":212,\"accel\":\"tcg\",\"stages\":[{\"name\":\"prepare\",\"start_ms\":0,\"ms\":3.1},"
		   "{\"name\":\"kernel\",\"start_ms\":3.1,\"ms\":208.9}]}");
}

int berth_container_boot(struct berth *b, const char *name, berth_json_cb done, void *arg, struct berth_error *e)
{
	owe(b, tell_boot, arg)->cb.json = done;
	return 0;
}

static void tell_probe(struct owed *o)
{
	o->cb.json(o->arg, 0, NULL, o->b->f->probe ? o->b->f->probe : "{\"kvm\":{\"usable\":true,\"reason\":\"\",\"since\":null},\"tcg\":{\"usable\":true},"
				    "\"chosen\":\"kvm\"}");
}

int berth_system_probe(struct berth *b, berth_json_cb done, void *arg, struct berth_error *e)
{
	owe(b, tell_probe, arg)->cb.json = done;
	return 0;
}

static void tell_findings(struct owed *o)
{
	const struct berth_findings f = { .v = o->b->f->findings.v, .n = o->b->f->findings.n };

	o->cb.findings(o->arg, 0, NULL, &f);
}

int berth_system_check(struct berth *b, unsigned flags, berth_progress_cb progress, berth_findings_cb done, void *arg,
		       struct berth_op **op, struct berth_error *e)
{
	owe(b, tell_findings, arg)->cb.findings = done;
	*op = NULL;
	return 0;
}

static void tell_info(struct owed *o)
{
	o->cb.json(o->arg, 0, NULL, o->b->f->info ? o->b->f->info : "{\"qemu\":\"8.2\",\"kernel\":\"6.6.32\","
								    "\"guest_init\":true,\"disk_free_bytes\":44238812774,"
								    "\"memory_bytes\":8160437862}");
}

int berth_system_info(struct berth *b, berth_json_cb done, void *arg, struct berth_error *e)
{
	owe(b, tell_info, arg)->cb.json = done;
	return 0;
}

static const char *line_text(void *arg, const char *field)
{
	return field ? NULL : arg;
}

/* As the store that the test gave calls it. */
static const char *given_name(const struct fake *f, const char *id)
{
	for (size_t i = 0; i < f->containers.n; i++)
		if (strncmp(f->containers.v[i].id, id, 64) == 0)
			return f->containers.v[i].name;
	return name_of(id);
}

/* As the engine reads: from the tail before a place on, so many lines, those with a text. */
static void tell_long_log(struct owed *o)
{
	const struct fake *f = o->b->f;
	int n = f->long_log, from = 0, told = 0;
	struct berth_log_state state = { .lines = (uint64_t)n, .caught_up = true, .read = 34, .size = 100 };

	if (o->logs.tail >= 0)
		from = o->logs.around ? MAX(0, (int)((o->logs.around - FAKE_NOW) / SECOND) + n - (int)o->logs.tail) :
					MAX(0, n - (int)o->logs.tail);
	for (int i = from; i < n && (!o->logs.limit || told < (int)o->logs.limit); i++) {
		char text[80];
		struct berth_log_line line = { .time = FAKE_NOW - (n - i) * SECOND, .stream = 1, .text = text };

		line.len = (size_t)snprintf(text, sizeof(text), "line %d of %s", i, given_name(f, o->name));
		if (!filter_has(text, o->find))
			continue;
		told++;
		o->cb.line(o->arg, &line);
	}
	if (o->state)
		o->state(o->arg, &state);
	if (!o->logs.follow && !f->slow_logs)
		o->end(o->arg, 0, NULL);
}

/* 60 lines a second apart: "web1 line 7", every tenth on stderr, two the same; or what the test says. */
static void tell_logs(struct owed *o)
{
	const struct fake *f = o->b->f;
	const struct filter_source words = { line_text, NULL, NULL };
	struct berth_log_state state = { .lines = 60, .caught_up = true };
	struct filter *filter = NULL;

	if (!wanted(o->op))
		return;
	if (f->long_log) {
		tell_long_log(o);
		return;
	}
	filter_parse(o->filter, &words, &filter, NULL);
	for (int i = 0; i < (f->logs.v ? (int)f->logs.n : 60); i++) {
		char text[200];
		struct berth_log_line line = { .time = FAKE_NOW - (60 - i) * SECOND, .stream = i % 10 ? 1 : 2, .text = text };

		if (f->logs.v && strcmp(f->logs.v[i].container, given_name(f, o->name)) != 0)
			continue;
		if (f->logs.v)
			line = (struct berth_log_line){ .time = f->logs.v[i].time, .stream = f->logs.v[i].stream,
							.text = f->logs.v[i].text };
		else if (i == 57 || i == 58)
			snprintf(text, sizeof(text), "twice");
		else
			snprintf(text, sizeof(text), "%s line %d %s%s", given_name(f, o->name), i, i % 10 ? "" : "error",
				 i == 5 ? " and a long tail that does not fit on a screen of eighty columns, with its END-OF-LINE" :
					  "");
		line.len = strlen(line.text);
		if (filter_match(filter, &words, (void *)line.text) && filter_has(line.text, o->find))
			o->cb.line(o->arg, &line);
	}
	filter_free(filter);
	if (f->log_lines)
		state.lines = strcmp(given_name(f, o->name), f->logs.v[0].container) == 0 ? f->log_lines : 0;
	if (o->state)
		o->state(o->arg, &state);
	if (!o->logs.follow && !f->slow_logs)
		o->end(o->arg, 0, NULL);
}

int berth_logs(struct berth *b, const struct berth_logs *l, berth_log_cb line, berth_done_cb done, void *arg,
	       struct berth_op **op, struct berth_error *e)
{
	struct owed *o = owe(b, tell_logs, arg);

	b->f->tail = l->tail;
	o->cb.line = line;
	o->end = done;
	o->state = l->state;
	snprintf(o->name, sizeof(o->name), "%s", l->name);
	o->logs = *l;
	b->f->log_reads++;
	snprintf(o->filter, sizeof(o->filter), "%s", l->filter ? l->filter : "");
	snprintf(o->find, sizeof(o->find), "%s", l->find ? l->find : "");
	if (op)
		*op = NULL;
	if (op && (l->follow || b->f->slow_logs)) {
		o->op = *op = lasting(b, done, NULL, arg);
		o->op->owed = true;
	}
	return 0;
}

static void tell_top(struct owed *o)
{
	static const struct berth_process one[] = {
		{ .pid = 1, .user = "root", .state = "S", .memory_bytes = 7445000, .command = "nginx: master process" },
	};
	const struct fake *f = o->b->f;

	if (f->no_top) {
		struct berth_error e = { 0 };

		snprintf(e.text, sizeof(e.text), "%s", f->no_top);
		o->cb.processes(o->arg, -ETIMEDOUT, &e, NULL, 0);
		return;
	}
	o->cb.processes(o->arg, 0, NULL, f->processes.v ? f->processes.v : one, f->processes.v ? f->processes.n : 1);
}

int berth_container_top(struct berth *b, const char *name, berth_processes_cb done, void *arg, struct berth_op **op,
			struct berth_error *e)
{
	owe(b, tell_top, arg)->cb.processes = done;
	if (op)
		*op = NULL;
	return 0;
}

static void tell_scrollback(struct owed *o)
{
	const char *text = o->b->f->scrollback ?: "first of the scrollback\nsecond of the scrollback\n";

	o->cb.text(o->arg, 0, NULL, text, strlen(text));
}

int berth_console_scrollback(struct berth *b, const char *name, unsigned max, berth_text_cb done, void *arg,
			     struct berth_error *e)
{
	owe(b, tell_scrollback, arg)->cb.text = done;
	return 0;
}

/* ---- changing --------------------------------------------------------------------------------------------- */

static void tell_done(struct owed *o)
{
	if (o->cb.done)
		o->cb.done(o->arg, 0, NULL);
}

static int done_soon(struct berth *b, berth_done_cb done, void *arg)
{
	owe(b, tell_done, arg)->cb.done = done;
	return 0;
}

static void tell_lines(struct owed *o)
{
	const char *lines[] = { o->name, NULL };

	o->cb.lines(o->arg, 0, NULL, lines, 1);
}

int berth_container_stop(struct berth *b, const char *name, int64_t timeout_ms, berth_done_cb done, void *arg,
			 struct berth_error *e)
{
	called(b, "stop %s", name_of(name));
	return done_soon(b, done, arg);
}

int berth_container_pause(struct berth *b, const char *name, berth_done_cb done, void *arg, struct berth_error *e)
{
	called(b, "pause %s", name_of(name));
	return done_soon(b, done, arg);
}

int berth_container_unpause(struct berth *b, const char *name, berth_done_cb done, void *arg, struct berth_error *e)
{
	called(b, "unpause %s", name_of(name));
	return done_soon(b, done, arg);
}

int berth_container_kill(struct berth *b, const char *name, int sig, berth_done_cb done, void *arg, struct berth_error *e)
{
	called(b, "kill %s %d", name_of(name), sig);
	return done_soon(b, done, arg);
}

int berth_process_kill(struct berth *b, const char *name, int pid, int64_t started, int sig, berth_done_cb done, void *arg,
		       struct berth_error *e)
{
	called(b, "kill process %d of %s begun %lld by %d", pid, name_of(name), (long long)started, sig);
	return done_soon(b, done, arg);
}

int berth_container_remove(struct berth *b, const char *name, unsigned flags, berth_done_cb done, void *arg,
			   struct berth_error *e)
{
	called(b, "rm %s%s", name_of(name), flags & BERTH_REMOVE_TRASH ? " to the trash" : "");
	return done_soon(b, done, arg);
}

int berth_image_remove(struct berth *b, const char *ref, unsigned flags, berth_lines_cb done, void *arg,
		       struct berth_error *e)
{
	called(b, "rmi %s%s", ref, flags & BERTH_REMOVE_TRASH ? " to the trash" : "");
	owe(b, tell_lines, arg)->cb.lines = done;
	return 0;
}

int berth_image_tag(struct berth *b, const char *src, const char *dst, berth_done_cb done, void *arg, struct berth_error *e)
{
	called(b, "tag %s %s", src, dst);
	return done_soon(b, done, arg);
}

int berth_trash_restore(struct berth *b, const char *what, berth_lines_cb done, void *arg, struct berth_error *e)
{
	called(b, "restore %s", name_of(what));
	owe(b, tell_lines, arg)->cb.lines = done;
	return 0;
}

int berth_trash_purge(struct berth *b, const char *what, berth_done_cb done, void *arg, struct berth_error *e)
{
	called(b, "purge %s", what ? name_of(what) : "all");
	return done_soon(b, done, arg);
}

int berth_job_cancel(struct berth *b, const char *id, berth_done_cb done, void *arg, struct berth_error *e)
{
	called(b, "cancel %s", id);
	return done_soon(b, done, arg);
}

int berth_console_resize(struct berth *b, const char *name, uint64_t viewer, unsigned rows, unsigned cols,
			 berth_done_cb done, void *arg, struct berth_error *e)
{
	called(b, "resize %s %ux%u", name_of(name), cols, rows);
	return done_soon(b, done, arg);
}

static void tell_created(struct owed *o)
{
	struct berth_error e = { .code = -EACCES, .text = "cannot open '/x': permission denied" };
	const char *why = o->b->f->no_create;

	o->b->f->no_create = NULL;
	if (why && strcmp(why, "login") == 0) {
		snprintf(e.text, sizeof(e.text), "docker.io does not give access to library/debian");
		snprintf(e.hint, sizeof(e.hint), "if it is not public: berth login");
	}
	o->cb.created(o->arg, why ? -EACCES : 0, why ? &e : NULL, why ? NULL : ID64(c));
}

int berth_container_create(struct berth *b, const struct berth_create *c, berth_progress_cb progress,
			   berth_created_cb done, void *arg, struct berth_op **op, struct berth_error *e)
{
	called(b, "create %s", c->image);
	owe(b, tell_created, arg)->cb.created = done;
	if (op)
		*op = NULL;
	return 0;
}

void fake_progress(struct berth *b, const struct berth_progress *p)
{
	b->pull->progress(b->pull->arg, p);
}

int berth_job_follow(struct berth *b, const char *id, berth_progress_cb progress, berth_done_cb done, void *arg,
		     struct berth_op **op, struct berth_error *e)
{
	static struct berth_op none;

	called(b, "follow %s", id);
	*op = &none;
	return 0;
}

void fake_pull_fails(struct berth *b, int rc, const char *why)
{
	struct berth_op *op = b->pull;
	struct berth_error e = { .code = rc };

	snprintf(e.text, sizeof(e.text), "%s", why);
	b->pull = NULL;
	op->pulled(op->arg, rc, &e, NULL, NULL);
	free(op);
}

static void tell_login(struct owed *o)
{
	const struct berth_error e = { .code = -EACCES, .text = "the login is not right" };
	const struct berth_login_result r = { .host = o->name, .user = "ana", .kept = "a file", .asked = true };

	o->cb.login(o->arg, o->b->f->refuses ? -EACCES : 0, o->b->f->refuses ? &e : NULL, &r);
}

int berth_login(struct berth *b, const struct berth_login *l, berth_login_cb done, void *arg, struct berth_op **op,
		struct berth_error *e)
{
	struct owed *o = owe(b, tell_login, arg);

	called(b, "login %s %s %s", l->host, l->user, l->password);
	o->cb.login = done;
	snprintf(o->name, sizeof(o->name), "%s", l->host);
	return 0;
}

static void tell_logout(struct owed *o)
{
	o->cb.logout(o->arg, 0, NULL, true, NULL);
}

int berth_logout(struct berth *b, const char *host, berth_logout_cb done, void *arg, struct berth_error *e)
{
	called(b, "logout %s", host);
	owe(b, tell_logout, arg)->cb.logout = done;
	return 0;
}

static void tell_loaded(struct owed *o)
{
	static const struct berth_loaded v[] = { { "acme/app:1", "sha256:aa" }, { "acme/app:2", "sha256:bb" } };

	o->cb.loaded(o->arg, 0, NULL, v, ARRAY_LEN(v));
}

int berth_image_load(struct berth *b, const struct berth_load *l, berth_progress_cb progress, berth_loaded_cb done, void *arg,
		     struct berth_op **op, struct berth_error *e)
{
	called(b, "load %s", l->path);
	*op = &b->load;
	owe(b, tell_loaded, arg)->cb.loaded = done;
	return 0;
}

static void tell_imported(struct owed *o)
{
	const struct berth_error e = { .code = -EINVAL, .text = "it is no tar", .hint = "" };

	o->cb.pulled(o->arg, -EINVAL, &e, NULL, NULL);
}

/* Of what is no tar. */
int berth_image_import(struct berth *b, const struct berth_import *i, berth_progress_cb progress, berth_pulled_cb done,
		       void *arg, struct berth_op **op, struct berth_error *e)
{
	called(b, "import %s %s", i->path, i->name);
	*op = &b->load;
	owe(b, tell_imported, arg)->cb.pulled = done;
	return 0;
}

/* A pull that never ends by itself. */
int berth_pull(struct berth *b, const struct berth_pull *p, berth_progress_cb progress, berth_pulled_cb done, void *arg,
	       struct berth_op **op, struct berth_error *e)
{
	called(b, "pull %s", p->ref);
	free(b->pull);
	*op = b->pull = calloc(1, sizeof(**op));
	*b->pull = (struct berth_op){ .b = b, .progress = progress, .pulled = done, .arg = arg };
	return 0;
}

/* ---- consoles --------------------------------------------------------------------------------------------- */

void fake_take_typed(struct berth *b)
{
	char chunk[4096];
	ssize_t n;

	while (!b->f->deaf && b->f->io >= 0 && (n = recv(b->f->io, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
		buf_add(&b->f->typed, chunk, (size_t)n);
}

static struct berth_streams new_streams(struct berth *b, const char *name)
{
	struct berth_streams s = { .tty = true, .io = -1, .in = -1, .out = -1, .err = -1, .viewer = 1 };
	const char *n = strchr(name, ':');
	int pair[2];
	char hello[80];

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair);
	if (b->f->io >= 0)
		close(b->f->io);
	b->f->io = pair[1];
	s.io = pair[0];
	s.console = n ? (unsigned)atoi(n + 1) : 0;
	snprintf(s.id, sizeof(s.id), "%.64s", name);
	snprintf(hello, sizeof(hello), "shell of %s:%u\r\n", name_of(name), s.console);
	send(pair[1], hello, strlen(hello), MSG_DONTWAIT);
	return s;
}

static void tell_attached(struct owed *o)
{
	struct berth_streams s = new_streams(o->b, o->name);

	o->cb.attached(o->arg, 0, NULL, &s);
}

int berth_container_attach(struct berth *b, const struct berth_attach *at, berth_attached_cb done, void *arg,
			   struct berth_op **op, struct berth_error *e)
{
	struct owed *o = owe(b, tell_attached, arg);

	b->f->attach = at->flags;
	o->cb.attached = done;
	snprintf(o->name, sizeof(o->name), "%s", at->name);
	if (op)
		*op = NULL;
	return 0;
}

static void tell_started(struct owed *o)
{
	struct berth_streams none = { .io = -1, .in = -1, .out = -1, .err = -1 };

	o->cb.attached(o->arg, 0, NULL, &none);
}

int berth_container_start(struct berth *b, const char *name, const struct berth_attach *at, berth_attached_cb done,
			  void *arg, struct berth_op **op, struct berth_error *e)
{
	struct owed *o = owe(b, at ? tell_attached : tell_started, arg);

	called(b, "start %s", name_of(name));
	o->cb.attached = done;
	snprintf(o->name, sizeof(o->name), "%s", name);
	if (op)
		*op = NULL;
	return 0;
}

/* It goes on for ever. */
int berth_kernel_build(struct berth *b, berth_progress_cb progress, berth_lines_cb done, void *arg,
		       struct berth_op **op, struct berth_error *e)
{
	called(b, "kernel build");
	*op = NULL;
	return 0;
}

static void tell_exec(struct owed *o)
{
	struct berth_streams s = new_streams(o->b, o->name);

	s.console = 7;
	o->cb.exec(o->arg, 0, NULL, &s, "x");
}

int berth_exec(struct berth *b, const struct berth_exec *x, berth_exec_cb done, void *arg, struct berth_op **op,
	       struct berth_error *e)
{
	struct owed *o = owe(b, tell_exec, arg);

	called(b, "exec %s %s", name_of(x->name), x->args[0]);
	o->cb.exec = done;
	snprintf(o->name, sizeof(o->name), "%s", x->name);
	return 0;
}

/* Processes of the fake never end. */
int berth_container_wait(struct berth *b, const char *name, berth_exit_cb done, void *arg, struct berth_op **op,
			 struct berth_error *e)
{
	*op = lasting(b, NULL, done, arg);
	return 0;
}

int berth_exec_wait(struct berth *b, const char *name, const char *exec_id, berth_exit_cb done, void *arg,
		    struct berth_op **op, struct berth_error *e)
{
	*op = lasting(b, NULL, done, arg);
	return 0;
}

/* ---- statistics ------------------------------------------------------------------------------------------- */

const char *berth_root(const struct berth *b)
{
	return "/nowhere";
}

const char *berth_run_root(const struct berth *b)
{
	return "/nowhere/run";
}

int berth_config_reload(struct berth *b, struct berth_error *e)
{
	called(b, "reload");
	return 0;
}

/* It may cancel with each sample. */
static bool watches(const struct berth *b, const struct berth_op *op)
{
	const struct berth_op *w = b->watch;

	while (w && w != op)
		w = w->next;
	return w != NULL;
}

static void tell_stats(struct owed *o)
{
	struct berth *b = o->b;

	for (struct berth_op *w = b->watch, *next; w; w = next) {
		next = w->next;
		for (size_t i = 0; i < b->f->stats.n && watches(b, w); i++)
			w->sample(w->arg, &b->f->stats.v[i]);
	}
}

void fake_stats(struct berth *b)
{
	owe(b, tell_stats, NULL);
}

int berth_stats_watch(struct berth *b, const char *const *names, unsigned interval_ms, berth_stats_sample_cb sample,
		      berth_done_cb done, void *arg, struct berth_op **op, struct berth_error *e)
{
	*op = calloc(1, sizeof(**op));
	**op = (struct berth_op){ .b = b, .sample = sample, .done = done, .arg = arg, .next = b->watch };
	b->watch = *op;
	b->f->watches++;
	b->f->interval_ms = interval_ms;
	fake_stats(b);
	return 0;
}

static void tell_exported(struct owed *o)
{
	const struct berth_tar_result r = { .bytes = 1024, .entries = 2 };

	o->cb.tar(o->arg, 0, NULL, &r);
}

int berth_container_export(struct berth *b, const char *name, const char *to, int fd, berth_progress_cb progress, berth_tar_cb done,
			   void *arg, struct berth_op **op, struct berth_error *e)
{
	called(b, "export %s %s", name_of(name), to);
	*op = &b->load;
	owe(b, tell_exported, arg)->cb.tar = done;
	return 0;
}

static void tell_unsaved(struct owed *o)
{
	const struct berth_error e = { .code = -ENOSPC, .text = "cannot save: the disk is full", .hint = "" };

	o->cb.done(o->arg, -ENOSPC, &e);
}

/* On a disk that is full. */
int berth_image_save(struct berth *b, const struct berth_save *s, berth_progress_cb progress, berth_done_cb done, void *arg,
		     struct berth_op **op, struct berth_error *e)
{
	called(b, "save %s %s", s->refs[0], s->path);
	*op = &b->load;
	owe(b, tell_unsaved, arg)->cb.done = done;
	return 0;
}

static void tell_updated(struct owed *o)
{
	o->cb.updated(o->arg, 0, NULL, NULL);
}

int berth_container_update(struct berth *b, const char *name, const struct berth_limits *l, berth_updated_cb done, void *arg,
			   struct berth_error *e)
{
	called(b, "update %s memory %llu cpus %g pids %llu", name_of(name), (unsigned long long)l->memory_bytes, l->cpus,
	       (unsigned long long)l->pids);
	owe(b, tell_updated, arg)->cb.updated = done;
	return 0;
}

int berth_container_rename(struct berth *b, const char *name, const char *to, berth_done_cb done, void *arg,
			   struct berth_error *e)
{
	called(b, "rename %s %s", name_of(name), to);
	owe(b, tell_done, arg)->cb.done = done;
	return 0;
}

static void tell_events(struct owed *o)
{
	static const char *const web[] = { "image=nginx:1.27", NULL }, *const end[] = { "exit_code=137", "cause=out of memory, killed", NULL };
	static const struct berth_event events[] = {
		{ .time = FAKE_NOW - 187200 * SECOND, .type = "container", .action = "create", .id = ID64(a), .name = "web1", .attributes = web },
		{ .time = FAKE_NOW - 187200 * SECOND, .type = "container", .action = "start", .id = ID64(a), .name = "web1" },
		{ .time = FAKE_NOW - 3700 * SECOND, .type = "image", .action = "pull", .id = "sha256:3", .name = "acme/migrate:12" },
		{ .time = FAKE_NOW - 310 * SECOND, .type = "container", .action = "start", .id = ID64(d), .name = "migrate" },
		{ .time = FAKE_NOW - 300 * SECOND, .type = "container", .action = "exit", .id = ID64(d), .name = "migrate", .attributes = end },
	};
	struct berth_op *op = o->arg;

	if (!wanted(op))
		return;
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		op->event(op->arg, &events[i]);
}

int berth_events(struct berth *b, const struct berth_events *o, berth_event_cb event, berth_done_cb done, void *arg, struct berth_op **op,
		 struct berth_error *e)
{
	*op = lasting(b, done, NULL, arg);
	(*op)->event = event;
	(*op)->owed = true;
	owe(b, tell_events, *op);
	return 0;
}

void berth_op_cancel(struct berth_op *op)
{
	const struct berth_error canceled = { .code = -ECANCELED, .text = "canceled" };

	if (!op || !op->b)
		return;
	if (op->lasts) {
		if (op->exit)
			op->exit(op->arg, -ECANCELED, &canceled, 0);
		else
			op->done(op->arg, -ECANCELED, &canceled);
		op->over = true;
		if (op->owed)
			return;
	} else if (op->sample) {
		struct berth_op **at = &op->b->watch;

		while (*at != op)
			at = &(*at)->next;
		*at = op->next;
		op->b->f->watches--;
		op->done(op->arg, -ECANCELED, &canceled);
	} else {
		called(op->b, "cancel the pull");
		op->b->pull = NULL;
		op->pulled(op->arg, -ECANCELED, &canceled, NULL, NULL);
	}
	free(op);
}

void berth_job_keep(struct berth_op *op)
{
}

/* ---- the rest --------------------------------------------------------------------------------------------- */

const char *berth_state_word(enum berth_state s)
{
	static const char *const words[] = { "created", "starting", "running", "paused", "stopping", "exited", "dead" };

	return words[s];
}

int berth_signal_number(const char *word)
{
	return strcmp(word, "TERM") == 0 ? SIGTERM : strcmp(word, "KILL") == 0 ? SIGKILL : atoi(word) > 0 ? atoi(word) : -EINVAL;
}

int berth_watch(struct berth *b, berth_changed_cb changed, void *arg, struct berth_error *e)
{
	b->changed = changed;
	b->changed_arg = arg;
	return 0;
}

static void tell_changed(struct owed *o)
{
	if (o->b->changed)
		o->b->changed(o->b->changed_arg, ~0u);
}

void fake_changed(struct berth *b)
{
	owe(b, tell_changed, NULL);
}

struct berth *fake_new(uv_loop_t *loop, struct fake *f)
{
	struct berth *b = calloc(1, sizeof(*b));

	b->loop = loop;
	b->f = f;
	f->io = -1;
	return b;
}

int berth_open(struct berth **ret, uv_loop_t *loop, const struct berth_options *o, struct berth_error *e)
{
	return -ENOTSUP;
}

void berth_close(struct berth *b, void (*closed)(void *arg), void *arg)
{
	if (b->f->io >= 0)
		close(b->f->io);
	while (b->watch)
		berth_op_cancel(b->watch);
	berth_op_cancel(b->pull);
	if (closed)
		closed(arg);
	free(b);
}

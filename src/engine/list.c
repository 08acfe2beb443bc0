/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - containers as they stand on the disk: listed and inspected. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "engine/engine.h"

static int64_t time_of(const cJSON *j, const char *name)
{
	const char *text = json_str(j, name);
	int64_t ns = 0;

	return text && clock_parse_rfc3339(text, &ns) == 0 ? ns : 0;
}

/* As a shell would take it. */
static char *command_text(const cJSON *args)
{
	AUTO_BUF struct buf b = { 0 };
	const cJSON *a;

	cJSON_ArrayForEach(a, args) {
		const char *s = cJSON_GetStringValue(a) ?: "";
		bool plain = *s && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
					     "_@%+=:,./-") == strlen(s);

		buf_adds(&b, b.len ? " " : "");
		if (plain) {
			buf_adds(&b, s);
			continue;
		}
		buf_addc(&b, '\'');
		for (; *s; s++)
			if (*s == '\'')
				buf_adds(&b, "'\\''");
			else
				buf_addc(&b, *s);
		buf_addc(&b, '\'');
	}
	return buf_steal(&b);
}

static enum berth_state state_of(const struct container *c)
{
	const char *word = container_state_word(c);

	for (int s = BERTH_CREATED; s <= BERTH_DEAD; s++)
		if (strcmp(word, berth_state_word(s)) == 0)
			return s;
	return BERTH_DEAD;
}

static void view_ports(const struct container *c, struct eng_arena *a, struct berth_container *ret)
{
	const cJSON *list = json_arr(c->state, "ports") ?: json_arr(c->config, "ports"), *row;
	struct berth_port *ports = eng_arena_take(a, calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*ports)));

	ret->ports = ports;
	cJSON_ArrayForEach(row, list)
		if (ports)
			ports[ret->nports++] = (struct berth_port){
				json_str(row, "host_ip") ?: "0.0.0.0",
				(uint16_t)json_int(row, "host_port", 0),
				(uint16_t)json_int(row, "container_port", 0),
				json_str(row, "proto") ?: "tcp",
			};
}

int eng_container_view(const struct berth *b, const struct container *c, struct eng_arena *a, struct berth_container *ret)
{
	const cJSON *cfg = c->config, *st = c->state;
	cJSON *label;
	const char **labels;
	size_t n = 0;

	*ret = (struct berth_container){
		.id = c->id,
		.name = json_str(cfg, "name") ?: "",
		.image = json_str(cfg, "image") ?: "",
		.image_id = json_str(cfg, "image_id") ?: "",
		.command = eng_arena_take(a, command_text(json_arr(cfg, "command"))),
		.state = state_of(c),
		.exit_code = (int)json_int(st, "exit_code", 0),
		.created = time_of(cfg, "created"),
		.started = time_of(st, "started"),
		.finished = time_of(st, "finished"),
		.pid = c->alive ? (int)json_int(st, "pid", 0) : 0,
		.memory_bytes = (uint64_t)json_int(cfg, "memory_bytes", 0) ?: 512ull << 20,
		.cpus = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(cfg, "cpus")),
		.kernel = json_str(st, "kernel") ?: "",
		.accel = json_str(st, "accel") ?: "",
		.cause = json_str(st, "cause") ?: "",
		.tty = json_bool(cfg, "tty", false),
		.silent = c->alive ? eng_silent_since(b, c->id) : 0,
	};
	if (!(ret->cpus > 0))
		ret->cpus = 1;
	if (ret->state == BERTH_DEAD && !c->alive && strcmp(json_str(st, "state") ?: "", "dead") != 0) {
		ret->cause = "its shim was killed";
		ret->exit_code = 255;
	}
	view_ports(c, a, ret);
	labels = eng_arena_take(a, calloc((size_t)cJSON_GetArraySize(json_obj(cfg, "labels")) + 1, sizeof(*labels)));
	cJSON_ArrayForEach(label, json_obj(cfg, "labels")) {
		AUTO_BUF struct buf text = { 0 };

		if (labels && buf_addf(&text, "%s=%s", label->string, cJSON_GetStringValue(label) ?: "") == 0)
			labels[n++] = eng_arena_take(a, buf_steal(&text));
	}
	ret->labels = labels;
	return a->failed ? -ENOMEM : 0;
}

/* --- the list */

struct list_op {
	struct berth_op op;
	struct work work;
	berth_containers_cb done;
	struct eng_arena arena;
	struct container *raw;
	struct berth_container *view;
	size_t n;
};

static int load_all(struct work *w, struct err *e)
{
	struct list_op *l = container_of(w, struct list_op, work);
	char **ids = NULL;
	int rc = container_ids(l->op.b->root, &ids, e);
	size_t n = rc < 0 ? 0 : strv_len((const char *const *)ids);

	if (rc < 0)
		return rc;
	l->raw = calloc(n + 1, sizeof(*l->raw));
	l->view = calloc(n + 1, sizeof(*l->view));
	if (!l->raw || !l->view)
		rc = err_sys(e, -ENOMEM, "cannot list the containers");
	/* One that goes away meanwhile, or cannot be read, is left out. */
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (container_read(l->op.b->root, ids[i], &l->raw[l->n], NULL) < 0)
			continue;
		if (eng_take_orphan(l->op.b, &l->raw[l->n])) {
			container_finish(&l->raw[l->n]);
			continue;
		}
		rc = eng_container_view(l->op.b, &l->raw[l->n], &l->arena, &l->view[l->n]);
		l->n++;
	}
	strv_free(ids);
	return rc;
}

static void on_loaded(struct work *w, int rc, const struct err *e)
{
	struct list_op *l = container_of(w, struct list_op, work);
	struct berth_error be = { 0 };

	eng_op_end(&l->op);
	l->done(l->op.arg, rc, eng_error(&be, rc, e, NULL), l->view, rc < 0 ? 0 : l->n);
	for (size_t i = 0; i < l->n; i++)
		container_finish(&l->raw[i]);
	free(l->raw);
	free(l->view);
	eng_arena_finish(&l->arena);
	free(l);
}

int berth_container_list(struct berth *b, berth_containers_cb done, void *arg, struct berth_error *e)
{
	struct list_op *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return eng_refuse(e, -ENOMEM, NULL);
	l->done = done;
	eng_op_begin(b, &l->op, arg, NULL, NULL);
	rc = work_start(&l->work, b->loop, load_all, on_loaded);
	if (rc < 0) {
		list_remove(&l->op.link);
		free(l);
		return eng_refuse(e, rc, NULL);
	}
	return 0;
}

/* --- one of them, as JSON */

struct inspect_op {
	struct berth_op op;
	struct work work;
	berth_json_cb done;
	char name[256];
	bool boot;
	char *json;
};

static void add_time(cJSON *j, const char *name, int64_t ns)
{
	char text[CLOCK_RFC3339_MAX];

	if (!ns) {
		cJSON_AddNullToObject(j, name);
		return;
	}
	clock_rfc3339(ns, text);
	cJSON_AddStringToObject(j, name, text);
}

/* The ten newest lines of the log, as text. */
static void add_last_output(cJSON *j, int dir)
{
	cJSON *lines = cJSON_AddArrayToObject(j, "last_output");
	char tail[16384];
	AUTO_CLOSE int fd = openat(dir, "log", O_RDONLY | O_CLOEXEC);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END), from = end > (off_t)sizeof(tail) ? end - (off_t)sizeof(tail) : 0;
	ssize_t n = fd < 0 ? 0 : pread(fd, tail, sizeof(tail) - 1, from);
	char *p = tail + (n > 0 ? n : 0);

	if (n <= 0)
		return;
	*p = 0;
	for (int k = 0; k < 10 && p > tail; k++) {
		AUTO_BUF struct buf clean = { 0 };
		char *start, *text;

		if (p[-1] == '\n')
			*--p = 0;
		for (start = p; start > tail && start[-1] != '\n'; start--)
			;
		text = start;
		for (int field = 0; field < 3 && text; field++) /* time, stream, tag */
			text = strchr(text, ' ') ? strchr(text, ' ') + 1 : NULL;
		if (text && str_add_clean(&clean, text, strlen(text)) == 0)
			cJSON_InsertItemInArray(lines, 0, cJSON_CreateString(clean.p ? (char *)clean.p : ""));
		p = start;
	}
}

static void add_ports(cJSON *j, const struct berth_container *v)
{
	cJSON *list = cJSON_AddArrayToObject(j, "ports");

	for (size_t i = 0; i < v->nports; i++) {
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "host_ip", v->ports[i].host_ip);
		cJSON_AddNumberToObject(row, "host_port", v->ports[i].host_port);
		cJSON_AddNumberToObject(row, "container_port", v->ports[i].container_port);
		cJSON_AddStringToObject(row, "proto", v->ports[i].proto);
		cJSON_AddItemToArray(list, row);
	}
}

/* docker's paths, for scripts that know them. */
static void add_docker(cJSON *j, const struct berth_container *v, const struct container *c)
{
	cJSON *s = cJSON_AddObjectToObject(j, "State"), *n, *cfg;
	AUTO_FREE char *slashed = NULL;
	bool up = v->state == BERTH_RUNNING || v->state == BERTH_PAUSED || v->state == BERTH_STOPPING;

	cJSON_AddStringToObject(s, "Status", berth_state_word(v->state));
	cJSON_AddBoolToObject(s, "Running", up);
	cJSON_AddBoolToObject(s, "Paused", v->state == BERTH_PAUSED);
	cJSON_AddBoolToObject(s, "Dead", v->state == BERTH_DEAD);
	cJSON_AddBoolToObject(s, "OOMKilled", json_bool(c->state, "oom_killed", false));
	cJSON_AddNumberToObject(s, "Pid", v->pid);
	cJSON_AddNumberToObject(s, "ExitCode", v->exit_code);
	cJSON_AddStringToObject(s, "Error", v->cause);
	add_time(s, "StartedAt", v->started);
	add_time(s, "FinishedAt", v->finished);
	cJSON_AddStringToObject(j, "Id", v->id);
	if (asprintf(&slashed, "/%s", v->name) < 0)
		slashed = NULL;
	cJSON_AddStringToObject(j, "Name", slashed ? slashed : v->name);
	cJSON_AddStringToObject(j, "Image", v->image_id);
	add_time(j, "Created", v->created);
	n = cJSON_AddObjectToObject(j, "NetworkSettings");
	cJSON_AddStringToObject(n, "IPAddress", v->ip ? v->ip : "");
	cfg = cJSON_AddObjectToObject(j, "Config");
	cJSON_AddStringToObject(cfg, "Image", v->image);
	cJSON_AddStringToObject(cfg, "Hostname", json_str(c->config, "hostname") ?: "");
	cJSON_AddBoolToObject(cfg, "Tty", v->tty);
	cJSON_AddItemToObject(cfg, "Env",
			      cJSON_Duplicate(json_arr(json_obj(json_obj(c->config, "spec"), "process"), "env"), 1));
	cJSON_AddItemToObject(cfg, "Cmd", cJSON_Duplicate(json_arr(c->config, "command"), 1));
	cJSON_AddItemToObject(cfg, "Labels", cJSON_Duplicate(json_obj(c->config, "labels"), 1));
}

static char *describe(const struct berth *b, const struct container *c, int dir)
{
	struct eng_arena a = { 0 };
	struct berth_container v;
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	AUTO_FREE char *run_dir = eng_run_dir(b, c->id);
	char *text = NULL;

	if (eng_container_view(b, c, &a, &v) == 0 && j && run_dir) {
		cJSON_AddStringToObject(j, "id", v.id);
		cJSON_AddStringToObject(j, "name", v.name);
		cJSON_AddStringToObject(j, "image", v.image);
		cJSON_AddStringToObject(j, "image_id", v.image_id);
		cJSON_AddStringToObject(j, "command", v.command);
		cJSON_AddStringToObject(j, "state", berth_state_word(v.state));
		cJSON_AddNumberToObject(j, "exit_code", v.exit_code);
		add_time(j, "created", v.created);
		add_time(j, "started", v.started);
		add_time(j, "finished", v.finished);
		cJSON_AddNumberToObject(j, "pid", v.pid);
		cJSON_AddItemToObject(j, "ip", v.ip ? cJSON_CreateString(v.ip) : cJSON_CreateNull());
		add_ports(j, &v);
		cJSON_AddNumberToObject(j, "memory_bytes", (double)v.memory_bytes);
		cJSON_AddNumberToObject(j, "cpus", v.cpus);
		cJSON_AddStringToObject(j, "kernel", v.kernel);
		cJSON_AddStringToObject(j, "accel", v.accel);
		cJSON_AddNullToObject(j, "health");
		cJSON_AddItemToObject(j, "labels", cJSON_Duplicate(json_obj(c->config, "labels"), 1));
		cJSON_AddStringToObject(j, "run_dir", run_dir);
		cJSON_AddItemToObject(j, "config", cJSON_Duplicate(c->config, 1));
		cJSON_AddBoolToObject(j, "oom_killed", json_bool(c->state, "oom_killed", false));
		cJSON_AddNumberToObject(j, "restart_count", 0);
		cJSON_AddItemToObject(j, "mounts", cJSON_Duplicate(json_arr(c->config, "mounts"), 1));
		cJSON_AddItemToObject(j, "networks", cJSON_CreateArray());
		cJSON_AddItemToArray(cJSON_GetObjectItem(j, "networks"),
				     cJSON_CreateString(json_str(c->config, "network") ?: "host-user"));
		add_last_output(j, dir);
		cJSON_AddStringToObject(j, "cause", v.cause);
		add_time(j, "silent_since", v.silent);
		add_docker(j, &v, c);
		text = json_print(j);
	}
	eng_arena_finish(&a);
	return text;
}

static int inspect(struct work *w, struct err *e)
{
	struct inspect_op *o = container_of(w, struct inspect_op, work);
	AUTO(container_finish) struct container c = { 0 };
	AUTO_CLOSE int dir = -1;
	char id[CONTAINER_ID_LEN + 1];
	int rc = container_find(o->op.b->root, o->name, id, e);

	if (rc == 0)
		rc = container_read(o->op.b->root, id, &c, e);
	if (rc == 0 && !o->boot)
		rc = container_read_spec(o->op.b->root, &c, e);
	if (rc < 0)
		return rc;
	dir = container_open(o->op.b->root, id, e);
	if (dir < 0)
		return dir;
	if (o->boot) {
		rc = file_load(dir, "boots.json", 1 << 20, &o->json, NULL, e);
		return rc == -ENOENT ? err_set(e, rc, "container %s has not been started yet", json_str(c.config, "name") ?: o->name) : rc;
	}
	o->json = describe(o->op.b, &c, dir);
	return o->json ? 0 : err_sys(e, -ENOMEM, "cannot describe container %s", o->name);
}

static void on_inspected(struct work *w, int rc, const struct err *e)
{
	struct inspect_op *o = container_of(w, struct inspect_op, work);
	struct berth_error be = { 0 };

	eng_op_end(&o->op);
	o->done(o->op.arg, rc, eng_error(&be, rc, e, NULL), o->json);
	free(o->json);
	free(o);
}

static int start_inspect(struct berth *b, const char *name, bool boot, berth_json_cb done, void *arg,
			 struct berth_error *be)
{
	struct inspect_op *o = calloc(1, sizeof(*o));
	unsigned console;
	struct err e = { 0 };
	int rc = o ? eng_split_console(name, o->name, &console, &e) : -ENOMEM;

	if (rc == 0) {
		o->boot = boot;
		o->done = done;
		eng_op_begin(b, &o->op, arg, NULL, NULL);
		rc = work_start(&o->work, b->loop, inspect, on_inspected);
		if (rc < 0)
			list_remove(&o->op.link);
	}
	if (rc < 0) {
		free(o);
		return eng_refuse(be, rc, &e);
	}
	return 0;
}

int berth_container_inspect(struct berth *b, const char *name, berth_json_cb done, void *arg, struct berth_error *e)
{
	return start_inspect(b, name, false, done, arg, e);
}

int berth_container_boot(struct berth *b, const char *name, berth_json_cb done, void *arg, struct berth_error *e)
{
	return start_inspect(b, name, true, done, arg, e);
}

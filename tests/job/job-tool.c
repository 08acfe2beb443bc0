/* SPDX-License-Identifier: Apache-2.0 */
/* job-tool - the engine's side of jobs on a command line, for tests:
 *   job-tool pull|push [OPTION=VALUE...] REF    prints each event as a line; exits 0, or 1 after an error
 *   job-tool list run_root=DIR | cancel run_root=DIR ID
 * Options are the members of struct job_desc, and on=EVENT[:TEXT] do=cancel|detach|leave|die|stop: what to do
 * when that event (whose line holds TEXT) comes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "engine/job.h"
#include "oci/desc.h"
#include "oci/ref.h"

struct tool {
	struct eng_job op;
	struct job_desc desc;
	const char *on, *act;
	int rc;
	bool done;
};

static void act(struct tool *t)
{
	const char *what = t->act ? t->act : "";

	t->on = NULL;
	if (strcmp(what, "cancel") == 0)
		eng_job_cancel_all(&t->op);
	else if (strcmp(what, "leave") == 0)
		eng_job_cancel(&t->op);
	else if (strcmp(what, "detach") == 0)
		eng_job_detach(&t->op);
	else if (strcmp(what, "die") == 0)
		raise(SIGKILL);
	else if (strcmp(what, "stop") == 0)
		raise(SIGSTOP);
}

static void on_event(struct eng_job *op, const char *name, const cJSON *event)
{
	struct tool *t = container_of(op, struct tool, op);
	AUTO_FREE char *line = json_print(event);
	size_t n = t->on ? strcspn(t->on, ":") : 0;

	printf("%s\n", line);
	fflush(stdout);
	if (t->on && strncmp(name, t->on, n) == 0 && !name[n] && (!t->on[n] || strstr(line, t->on + n + 1)))
		act(t);
}

static void on_done(struct eng_job *op, int rc, const struct err *e)
{
	struct tool *t = container_of(op, struct tool, op);

	t->rc = rc;
	t->done = true;
	if (op->result) {
		AUTO_FREE char *line = json_print(op->result);

		printf("%s\n", line);
	}
	if (rc < 0) {
		fprintf(stderr, "error: %s\n", e->text);
		if (op->hint)
			fprintf(stderr, "hint: %s\n", op->hint);
	}
}

static int list(const char *run_root)
{
	struct eng_job_info *v;
	size_t n;
	struct err e = { 0 };

	if (eng_job_list(run_root, &v, &n, &e) < 0) {
		fprintf(stderr, "error: %s\n", e.text);
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		printf("%s %s %s %s %d\n", v[i].id, v[i].kind, v[i].ref, v[i].platform, (int)v[i].pid);
	eng_job_list_free(v, n);
	return 0;
}

static bool option(struct tool *t, char *arg)
{
	struct job_desc *d = &t->desc;
	char *eq = strchr(arg, '=');
	const struct {
		const char *name;
		char **to;
	} texts[] = { { "root", &d->root }, { "run_root", &d->run_root }, { "platform", &d->platform },
		      { "ca_file", &d->ca_file }, { "creds", &d->creds }, { "src", &d->src } };
	const struct {
		const char *name;
		bool *to;
	} bools[] = { { "plain_http", &d->plain_http }, { "insecure", &d->insecure }, { "unpack", &d->unpack },
		      { "platform_given", &d->platform_given } };
	const struct {
		const char *name;
		uint64_t *to;
	} numbers[] = { { "max_size", &d->max_size }, { "connect_ms", &d->connect_ms }, { "header_ms", &d->header_ms },
			{ "stall_ms", &d->stall_ms }, { "total_ms", &d->total_ms } };

	if (!eq)
		return false;
	*eq++ = 0;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strcmp(arg, texts[i].name) == 0) {
			free(*texts[i].to);
			*texts[i].to = strdup(eq);
			return true;
		}
	for (size_t i = 0; i < ARRAY_LEN(bools); i++)
		if (strcmp(arg, bools[i].name) == 0) {
			*bools[i].to = atoi(eq);
			return true;
		}
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (strcmp(arg, numbers[i].name) == 0)
			return str_parse_u64(eq, UINT64_MAX, numbers[i].to) == 0;
	if (strcmp(arg, "parallel") == 0)
		d->parallel = (unsigned)atoi(eq);
	else if (strcmp(arg, "retries") == 0)
		d->retries = atoi(eq);
	else if (strcmp(arg, "on") == 0)
		t->on = eq;
	else if (strcmp(arg, "do") == 0)
		t->act = eq;
	else
		return false;
	return true;
}

/* The full form of the name, and defaults. */
static int complete(struct job_desc *d, const char *kind, const char *name, struct err *e)
{
	struct oci_ref ref AUTO(oci_ref_finish) = { 0 };
	struct oci_platform host;
	char text[OCI_PLATFORM_MAX];
	int rc = oci_ref_parse(name, &ref, e);

	if (rc < 0)
		return rc;
	d->kind = strdup(kind);
	d->ref = oci_ref_str(&ref);
	oci_platform_host(&host);
	oci_platform_str(&host, text);
	if (!d->platform)
		d->platform = strdup(text);
	return 0;
}

static void on_cancel_event(struct eng_job *op, const char *name, const cJSON *event)
{
	if (strcmp(name, "hello") == 0)
		eng_job_cancel_all(op);
}

int main(int argc, char **argv)
{
	struct tool t = { .desc = { .unpack = true, .retries = -1 }, .op.event = on_event };
	uv_loop_t *loop = uv_default_loop();
	struct err e = { 0 };
	int i = 2, rc;

	while (i < argc && option(&t, argv[i]))
		i++;
	if (argc < 2 || !t.desc.run_root)
		return 2;
	if (strcmp(argv[1], "list") == 0) {
		rc = list(t.desc.run_root);
		job_desc_finish(&t.desc);
		return rc;
	}
	if (i != argc - 1)
		return 2;
	if (strcmp(argv[1], "cancel") == 0) {
		t.op.event = on_cancel_event;
		rc = eng_job_join(&t.op, loop, t.desc.run_root, argv[i], on_done, &e);
	} else {
		rc = complete(&t.desc, argv[1], argv[i], &e);
		if (rc == 0)
			rc = eng_job_start(&t.op, loop, &t.desc, on_done, &e);
	}
	if (rc < 0) {
		fprintf(stderr, "error: %s\n", e.text);
		return 1;
	}
	uv_run(loop, UV_RUN_DEFAULT);
	eng_job_finish(&t.op);
	job_desc_finish(&t.desc);
	return t.done && t.rc == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - makes a container, runs a command in it, prints its output and ends with its exit code.
 * usage: run IMAGE COMMAND... */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <berth/berth.h>

/* What is under way; each step's callback starts the next one. */
struct run {
	struct berth *berth;
	uv_pipe_t out, err;
	char id[65];
	int status;
};

static void fail(struct run *r, const char *what, int rc, const struct berth_error *e)
{
	fprintf(stderr, "%s: %s\n", what, e->text);
	r->status = berth_exit_code_of(rc);
}

static void on_removed(void *arg, int rc, const struct berth_error *e)
{
	if (rc < 0)
		fail(arg, "remove", rc, e);
}

static void on_exit_code(void *arg, int rc, const struct berth_error *e, int code)
{
	struct run *r = arg;
	struct berth_error now;

	r->status = code;
	if (rc < 0)
		fail(r, "wait", rc, e);
	rc = berth_container_remove(r->berth, r->id, BERTH_REMOVE_FORCE, on_removed, r, &now);
	if (rc < 0)
		fail(r, "remove", rc, &now);
}

static void allocate(uv_handle_t *h, size_t wanted, uv_buf_t *ret)
{
	static char memory[65536];

	(void)h;
	(void)wanted;
	*ret = uv_buf_init(memory, sizeof(memory));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct run *r = stream->data;

	if (n < 0)
		uv_close((uv_handle_t *)stream, NULL);
	else
		fwrite(buf->base, 1, (size_t)n, stream == (uv_stream_t *)&r->out ? stdout : stderr);
}

/* A stream of the process is a descriptor; it is ours from here on. */
static void follow(struct run *r, uv_loop_t *loop, uv_pipe_t *pipe, int fd)
{
	uv_pipe_init(loop, pipe, 0);
	pipe->data = r;
	if (uv_pipe_open(pipe, fd) == 0)
		uv_read_start((uv_stream_t *)pipe, allocate, on_read);
}

static void on_started(void *arg, int rc, const struct berth_error *e, const struct berth_streams *s)
{
	struct run *r = arg;
	struct berth_error now;

	if (rc < 0) {
		fail(r, "start", rc, e);
		rc = berth_container_remove(r->berth, r->id, BERTH_REMOVE_FORCE, on_removed, r, &now);
		return;
	}
	if (s->in >= 0)
		close(s->in);
	follow(r, uv_default_loop(), &r->out, s->out);
	follow(r, uv_default_loop(), &r->err, s->err);
	rc = berth_container_wait(r->berth, r->id, on_exit_code, r, NULL, &now);
	if (rc < 0)
		fail(r, "wait", rc, &now);
}

static void on_created(void *arg, int rc, const struct berth_error *e, const char *id)
{
	struct berth_attach attach = { .flags = BERTH_ATTACH_OUTPUT };
	struct run *r = arg;
	struct berth_error now;

	if (rc < 0) {
		fail(r, "create", rc, e);
		return;
	}
	snprintf(r->id, sizeof(r->id), "%s", id);
	attach.name = r->id;
	rc = berth_container_start(r->berth, r->id, &attach, on_started, r, NULL, &now);
	if (rc < 0)
		fail(r, "start", rc, &now);
}

int main(int argc, char **argv)
{
	struct berth_options options = { .root = getenv("BERTH_ROOT"), .run_root = getenv("BERTH_RUN_ROOT") };
	struct berth_create create = { .image = argc > 1 ? argv[1] : "localhost/busybox" };
	struct run run = { .status = 0 };
	struct berth_error e;

	if (argc > 2)
		create.args = (const char *const *)argv + 2; /* argv ends with NULL, as the list has to */
	if (berth_open(&run.berth, uv_default_loop(), &options, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 125;
	}
	if (berth_container_create(run.berth, &create, NULL, on_created, &run, NULL, &e) < 0)
		fail(&run, "create", -1, &e);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	berth_close(run.berth, NULL, NULL);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return run.status;
}

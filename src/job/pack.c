/* SPDX-License-Identifier: Apache-2.0 */
#include "job/pack.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/where.h"
#include "job/pack-int.h"

#define SAID_MAX (64u << 10) /* more is nothing that the worker says */

static void take_end(struct pack *op, const cJSON *j)
{
	const char *text = json_str(j, "text"), *digest = json_str(j, "digest"),
		   *diff_id = json_str(j, "diff_id");
	int64_t code = json_int(j, "code", 0);

	op->ended = true;
	if (text) {
		op->rc = err_set(&op->err, code < 0 && code > -4096 ? (int)code : -EIO, "%s", text);
		return;
	}
	op->result = (struct pack_result){
		.raw = (uint64_t)json_int(j, "raw", 0),
		.written = (uint64_t)json_int(j, "written", 0),
		.entries = (uint64_t)json_int(j, "entries", 0),
		.left_out = (uint64_t)json_int(j, "left_out", 0),
	};
	if (digest && *digest && oci_digest_parse(digest, &op->result.digest, &op->err) < 0)
		op->rc = -EPROTO;
	if (diff_id && *diff_id && oci_digest_parse(diff_id, &op->result.diff_id, &op->err) < 0)
		op->rc = -EPROTO;
}

static int take_line(struct pack *op, const char *line)
{
	AUTO_JSON cJSON *j = NULL;
	int rc = json_parse(line, strlen(line), "what the program that makes the tar says", &j, &op->err);

	if (rc < 0)
		return rc;
	if (json_bool(j, "end", false))
		take_end(op, j);
	else if (op->progress && !op->cancelled)
		op->progress(op, (uint64_t)json_int(j, "raw", 0));
	return 0;
}

/* All that is there; false at the end. */
static bool listen_to(struct pack *op)
{
	char chunk[4096], *nl;
	ssize_t n;
	int rc;

	while (op->rc == 0 && (n = read(op->say, chunk, sizeof(chunk))) > 0) {
		rc = op->said.len + (size_t)n > SAID_MAX ? -EMSGSIZE : buf_add(&op->said, chunk, (size_t)n);
		if (rc < 0)
			op->rc = err_sys(&op->err, rc, "cannot understand the program that makes the tar");
		while (op->rc == 0 && (nl = memchr(op->said.p, '\n', op->said.len))) {
			*nl = 0;
			if ((rc = take_line(op, (char *)op->said.p)) < 0)
				op->rc = rc;
			buf_consume(&op->said, (size_t)(nl + 1 - (char *)op->said.p));
		}
	}
	return op->rc == 0 && n < 0 && errno == EAGAIN;
}

static void on_say(uv_poll_t *h, int status, int events)
{
	struct pack *op = container_of(h, struct pack, poll);

	(void)events;
	if (status == 0 && listen_to(op))
		return;
	uv_poll_stop(h);
	if (op->rc < 0 && !op->ended)
		spawn_kill(&op->child, SIGKILL); /* nobody listens to it any more */
}

static void on_closed(uv_handle_t *h)
{
	struct pack *op = container_of((uv_poll_t *)h, struct pack, poll);

	close(op->say);
	buf_finish(&op->said);
	op->cb(op, op->rc, &op->err);
}

static void on_ended(struct spawn_child *c, int status)
{
	struct pack *op = container_of(c, struct pack, child);

	op->exited = true;
	listen_to(op);
	if (op->cancelled)
		op->rc = err_set(&op->err, -ECANCELED, "canceled");
	else if (op->rc == 0 && !op->ended && WIFSIGNALED(status))
		op->rc = err_set(&op->err, -EIO, "the program that makes the tar was ended by signal %d (%s)",
				 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (op->rc == 0 && !op->ended)
		op->rc = err_set(&op->err, -EIO,
				 "the program that makes the tar ended with status %d and no word",
				 WEXITSTATUS(status));
	uv_close((uv_handle_t *)&op->poll, on_closed);
}

int pack_start(struct pack *op, uv_loop_t *loop, const struct pack_opts *o, pack_cb cb, struct err *e)
{
	static const char *const modes[] = { "tree", "merged", "layer" };
	AUTO_FREE char *path = o->helper ? strdup(o->helper) : where_helper("berth-pack");
	const char *const argv[] = { path, modes[o->mode], o->path, NULL };
	int say[2], pidfd, rc;
	pid_t pid;

	if (!path)
		return err_set(e, -ENOMEM, "out of memory");
	if (pipe2(say, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(e, -errno, "cannot make a pipe");
	AUTO_CLOSE int theirs = say[1], ours = say[0];
	const struct spawn_fd fds[] = {
		{ STDERR_FILENO, STDERR_FILENO }, { theirs, PACK_SAY },     { o->out, PACK_OUT },
		{ o->base, PACK_BASE },           { o->upper, PACK_UPPER },
	};
	struct spawn s = { .file = path,
			   .argv = argv,
			   .fds = fds,
			   .nfds = ARRAY_LEN(fds) - (o->upper < 0),
			   .die_with_parent = true,
			   .no_new_privs = true };
	/* only our end waits for nothing */
	if (fcntl(theirs, F_SETFL, 0) < 0)
		return err_sys(e, -errno, "cannot prepare a pipe");
	rc = spawn_start(&s, &pid, &pidfd, e);
	if (rc < 0)
		return err_wrap(e, rc, "cannot start the program that makes the tar");
	*op = (struct pack){ .progress = op->progress, .loop = loop, .cb = cb };
	rc = spawn_watch(&op->child, loop, pid, pidfd, on_ended);
	if (rc < 0)
		return err_sys(e, rc, "cannot watch the program that makes the tar");
	op->say = TAKE_FD(ours);
	uv_poll_init(loop, &op->poll, op->say);
	uv_poll_start(&op->poll, UV_READABLE, on_say);
	return 0;
}

void pack_cancel(struct pack *op)
{
	if (op->exited || op->cancelled || !op->cb)
		return;
	op->cancelled = true;
	spawn_kill(&op->child, SIGKILL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.c - the job that builds the guest kernel: runs the recipe (kernel/build.sh), tells how far it is, and
 * puts what came out into the store, as the kernel that containers start with.
 *
 * The recipe is a program of ours, run with this job's rights. It keeps what it made in the user's cache, so an
 * interrupted build goes on where it was. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/str.h"
#include "base/where.h"
#include "base/work.h"
#include "job/kind.h"
#include "store/kernel.h"

#define LINE_MAX_BYTES 8192 /* of the recipe */
#define META_MAX (64u << 10)
#define WORDS_MAX 2000      /* of what it says when it fails */
#define PATIENCE_MS 3000    /* between TERM and KILL */

struct build {
	const struct job_desc *desc;
	struct job_calls calls;
	uv_loop_t *loop;
	struct spawn_child child;
	uv_poll_t poll;
	uv_timer_t patience;
	int out, err;      /* its standard output and error */
	struct buf in;
	unsigned open;     /* handles and the child */
	int status;
	bool cancelled;
	char *made;        /* path of vmlinux */
	char *name;        /* of the kernel in the store */
	struct work work;
};

/* --- the end */

static void finish(struct build *b, int rc, const struct err *e)
{
	cJSON *ev;

	if (rc == 0) {
		ev = job_event("done");
		if (ev)
			cJSON_AddStringToObject(ev, "name", b->name);
		b->calls.event(b->calls.arg, ev, false);
	}
	b->calls.done(b->calls.arg, rc, e, NULL);
}

static int store_in_pool(struct work *w, struct err *e)
{
	struct build *b = container_of(w, struct build, work);
	AUTO_FREE char *meta_path = NULL;
	AUTO_FREE char *meta = NULL;
	AUTO_JSON cJSON *j = NULL;
	size_t len;
	int rc;

	meta_path = path_fmt("%.*s/meta.json", (int)(strrchr(b->made, '/') - b->made), b->made);
	rc = meta_path ? file_load(AT_FDCWD, meta_path, META_MAX, &meta, &len, e) : -ENOMEM;
	if (rc == 0)
		rc = json_parse(meta, len, "meta.json", &j, e);
	if (rc < 0)
		return rc;
	b->name = strdup(json_str(j, "version") ?: "built");
	return b->name ? store_kernel_add(b->desc->root, b->name, b->made, meta, true, e) : -ENOMEM;
}

static void on_stored(struct work *w, int rc, const struct err *e)
{
	finish(container_of(w, struct build, work), rc, e);
}

/* The first line of what the recipe said on its standard error, without "kernel: ". */
static void last_words(const struct build *b, char ret[static WORDS_MAX])
{
	ssize_t n = pread(b->err, ret, WORDS_MAX - 1, 0);
	char *from = ret;

	ret[n > 0 ? n : 0] = 0;
	ret[strcspn(ret, "\n")] = 0;
	if (str_starts(ret, "kernel: "))
		from += 8;
	memmove(ret, from, strlen(from) + 1);
}

static void ended(struct build *b)
{
	char words[WORDS_MAX];
	struct err e = { 0 };

	if (b->cancelled) {
		finish(b, err_set(&e, -ECANCELED, "canceled"), &e);
	} else if (b->status != 0 || !b->made) {
		last_words(b, words);
		finish(b, err_set(&e, -EIO, "cannot build the kernel%s%.200s", *words ? ": " : "", words), &e);
	} else {
		int rc = work_start(&b->work, b->loop, store_in_pool, on_stored);

		if (rc < 0)
			finish(b, err_sys(&e, rc, "cannot store the kernel"), &e);
	}
}

static void closed(struct build *b)
{
	if (--b->open == 0)
		ended(b);
}

static void on_poll_closed(uv_handle_t *h)
{
	closed(container_of((uv_poll_t *)h, struct build, poll));
}

static void on_timer_closed(uv_handle_t *h)
{
	closed(container_of((uv_timer_t *)h, struct build, patience));
}

static void on_exit_child(struct spawn_child *c, int status)
{
	struct build *b = container_of(c, struct build, child);

	b->status = status;
	uv_close((uv_handle_t *)&b->patience, on_timer_closed);
	closed(b);
}

/* --- what it tells */

static void tell_percent(struct build *b, const char *number)
{
	uint64_t percent;
	cJSON *ev;

	if (str_parse_u64(number, 100, &percent) < 0)
		return;
	ev = job_event("progress");
	if (ev) {
		cJSON_AddNumberToObject(ev, "bytes", (double)percent);
		cJSON_AddNumberToObject(ev, "total", 100);
		cJSON_AddStringToObject(ev, "unit", "%");
	}
	b->calls.event(b->calls.arg, ev, true);
}

static void take_line(struct build *b, const char *line)
{
	if (str_starts(line, "stage "))
		b->calls.event(b->calls.arg, job_event_text("stage", line + 6), false);
	else if (str_starts(line, "progress "))
		tell_percent(b, line + 9);
	else if (str_starts(line, "done /") && !b->made)
		b->made = strdup(line + 5);
}

static void on_output(uv_poll_t *h, int status, int events)
{
	struct build *b = container_of(h, struct build, poll);
	char chunk[4096];
	ssize_t n = read(b->out, chunk, sizeof(chunk));
	uint8_t *nl;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && b->in.len + (size_t)n <= LINE_MAX_BYTES && buf_add(&b->in, chunk, (size_t)n) == 0) {
		while (b->in.len && (nl = memchr(b->in.p, '\n', b->in.len))) {
			size_t len = (size_t)(nl - b->in.p);

			*nl = 0;
			take_line(b, (const char *)b->in.p);
			buf_consume(&b->in, len + 1);
		}
		return;
	}
	uv_poll_stop(h);
	uv_close((uv_handle_t *)h, on_poll_closed);
}

/* --- the beginning */

static int spawn_recipe(struct build *b, struct err *e)
{
	AUTO_FREE char *recipe = where_helper("kernel/build.sh");
	AUTO_CLOSE int to = -1;
	const char *argv[] = { "bash", recipe, "--progress", "plain", NULL };
	int p[2], pidfd = -1, rc;
	pid_t pid;

	if (!recipe)
		return err_set(e, -ENOMEM, "out of memory");
	if (access(recipe, R_OK) < 0)
		return err_set(e, -ENOENT, "there is no recipe for a kernel at '%s'", recipe);
	b->err = memfd_create("kernel", MFD_CLOEXEC);
	if (b->err < 0 || pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(e, -errno, "cannot run the recipe of the kernel");
	b->out = p[0];
	to = p[1];
	if (fcntl(to, F_SETFL, 0) < 0)
		return err_sys(e, -errno, "cannot run the recipe of the kernel");
	const struct spawn_fd fds[] = { { to, 1 }, { b->err, 2 } };
	const struct spawn s = { .file = "bash", .argv = argv, .fds = fds, .nfds = ARRAY_LEN(fds), .cwd = "/",
				 .new_session = true, .no_new_privs = true };
	rc = spawn_start(&s, &pid, &pidfd, e);
	if (rc < 0)
		return rc;
	rc = spawn_watch(&b->child, b->loop, pid, pidfd, on_exit_child);
	if (rc < 0) {
		kill(-pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(pidfd);
		return err_sys(e, rc, "cannot follow the recipe of the kernel");
	}
	b->open++;
	uv_timer_init(b->loop, &b->patience);
	b->open++;
	uv_poll_init(b->loop, &b->poll, b->out);
	b->open++;
	uv_poll_start(&b->poll, UV_READABLE, on_output);
	return 0;
}

static void kernel_destroy(void *job)
{
	struct build *b = job;

	if (!b)
		return;
	if (b->out >= 0)
		close(b->out);
	if (b->err >= 0)
		close(b->err);
	buf_finish(&b->in);
	free(b->made);
	free(b->name);
	free(b);
}

static int kernel_start(uv_loop_t *loop, const struct job_desc *d, const struct job_calls *calls, void **ret,
			struct err *e)
{
	struct build *b = calloc(1, sizeof(*b));
	int rc;

	if (!b)
		return err_set(e, -ENOMEM, "out of memory");
	b->out = b->err = -1;
	b->desc = d;
	b->calls = *calls;
	b->loop = loop;
	rc = spawn_recipe(b, e);
	if (rc < 0) {
		kernel_destroy(b);
		return rc;
	}
	*ret = b;
	return 0;
}

/* Its whole session: the compilers too. */
static void signal_all(const struct build *b, int sig)
{
	if (b->child.pid > 0)
		kill(-b->child.pid, sig);
}

static void on_patience(uv_timer_t *t)
{
	signal_all(container_of(t, struct build, patience), SIGKILL);
}

static void kernel_cancel(void *job)
{
	struct build *b = job;

	if (b->cancelled || !b->child.pid)
		return;
	b->cancelled = true;
	signal_all(b, SIGTERM);
	uv_timer_start(&b->patience, on_patience, PATIENCE_MS, 0);
}

const struct job_kind job_kind_kernel = { "kernel build", kernel_start, kernel_cancel, kernel_destroy };

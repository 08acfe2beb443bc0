/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - berth-shim: holds one VM and its container, outlives every client.
 *
 *	berth-shim --root DIR --run-root DIR [--asked NS] [--scrollback LINES] ID
 *
 * Inherited: 3 the listening shim.sock, 4 the container's lock, 2 its log. It ends when the container is
 * over and every client has what it came for. */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/reserve.h"
#include "base/str.h"
#include "shim/sandbox.h"
#include "shim/serve.h"

#define FD_LISTEN 3
#define FD_LOCK 4
#define SCROLLBACK_LINES 10000
#define SCROLLBACK_MAX 1000000
#define LINGER_MS 3000  /* for clients that do not read their last answers */
#define ORPHAN_MS 30000 /* for a Start that never comes */

struct shim {
	struct sandbox sb;
	struct serve *serve;
	uv_loop_t loop;
	uv_timer_t linger, orphan;
	uv_signal_t term;
	bool gone, leaving, orphaned;
};

static void leave(void *arg)
{
	struct shim *s = arg;

	uv_stop(&s->loop);
}

static void on_linger(uv_timer_t *t)
{
	leave(container_of(t, struct shim, linger));
}

static void check_leave(struct shim *s)
{
	if (!s->gone || s->leaving || sandbox_busy(&s->sb) || (!s->sb.start_asked && !s->orphaned))
		return;
	s->leaving = true;
	uv_timer_start(&s->linger, on_linger, LINGER_MS, 0);
	serve_drain(s->serve, leave, s);
}

static void on_gone(struct sandbox *sb)
{
	struct shim *s = sb->data;

	s->gone = true;
	check_leave(s);
}

static void on_idle(struct sandbox *sb)
{
	check_leave(sb->data);
}

/* The engine starts a shim and asks at once; if it was killed in between, nobody ever will. */
static void on_orphan(uv_timer_t *t)
{
	struct shim *s = container_of(t, struct shim, orphan);

	s->orphaned = true;
	if (!s->sb.start_asked) {
		log_warn("nobody asked to start the container");
		sandbox_kill_vm(&s->sb);
	}
	check_leave(s);
}

static void on_term(uv_signal_t *h, int sig)
{
	struct shim *s = container_of(h, struct shim, term);

	sandbox_stop(&s->sb, -1);
}

static int parse(int argc, char **argv, const char **root, const char **run_root, struct sandbox *sb, const char **id)
{
	static const struct option opts[] = { { "root", 1, NULL, 'r' },
					      { "run-root", 1, NULL, 'R' },
					      { "asked", 1, NULL, 'a' },
					      { "scrollback", 1, NULL, 's' },
					      { "log-level", 1, NULL, 'l' },
					      { 0 } };
	enum log_level level;
	uint64_t n;
	int c;

	while ((c = getopt_long(argc, argv, "", opts, NULL)) >= 0) {
		if (c == 'r')
			*root = optarg;
		else if (c == 'R')
			*run_root = optarg;
		else if (c == 'a' && str_parse_u64(optarg, INT64_MAX, &n) == 0)
			sb->asked = (int64_t)n;
		else if (c == 's' && str_parse_u64(optarg, SCROLLBACK_MAX, &n) == 0)
			sb->scrollback = (int)n;
		else if (c == 'l' && log_level_parse(optarg, &level) == 0)
			log_set_level(level);
		else
			return -EINVAL;
	}
	*id = argv[optind];
	return *root && *run_root && *id && str_is_hex(*id, CONTAINER_ID_LEN) ? 0 : -EINVAL;
}

static int run(struct shim *s, struct err *e)
{
	int rc = serve_create(&s->sb, FD_LISTEN, &s->serve, e);

	if (rc < 0)
		return rc;
	uv_timer_init(&s->loop, &s->linger);
	uv_timer_init(&s->loop, &s->orphan);
	uv_timer_start(&s->orphan, on_orphan, ORPHAN_MS, 0);
	uv_signal_init(&s->loop, &s->term);
	uv_signal_start(&s->term, on_term, SIGTERM);
	rc = sandbox_boot(&s->sb, e);
	if (rc < 0) {
		log_error("%s", e->text);
		sandbox_fail_boot(&s->sb, rc, e);
	}
	uv_run(&s->loop, UV_RUN_DEFAULT);
	return 0;
}

int main(int argc, char **argv)
{
	static struct shim s;
	const char *root = NULL, *run_root = NULL, *id = NULL;
	struct err e = { 0 };
	struct sandbox given = { .scrollback = SCROLLBACK_LINES };
	int rc;

	reserve_for_libraries();
	log_open(2, "berth-shim");
	log_set_level(LOG_LEVEL_INFO);
	if (parse(argc, argv, &root, &run_root, &given, &id) < 0) {
		log_error("usage: berth-shim --root DIR --run-root DIR ID");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit of files' sizes is an error like any other */
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	prctl(PR_SET_DUMPABLE, 0);
	uv_loop_init(&s.loop);
	rc = sandbox_init(&s.sb, &s.loop, root, run_root, id, FD_LOCK, &e);
	s.sb.data = &s;
	s.sb.asked = given.asked;
	s.sb.scrollback = given.scrollback;
	s.sb.on_gone = on_gone;
	s.sb.on_idle = on_idle;
	if (rc == 0)
		rc = run(&s, &e);
	if (rc < 0)
		log_error("%s", e.text);
	serve_destroy(s.serve);
	sandbox_finish(&s.sb);
	return rc < 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - a VM and the container in it: what is asked of it while it runs, and its life. */
#include "shim/sandbox-inside.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "shim/ask.h"
#include "shim/record.h"
#include "vm/agent.h"

#define ENDED_EXECS 64

struct proc *sandbox_find_exec(struct sandbox *sb, const char *exec_id)
{
	if (!*exec_id)
		return sb->main;
	list_each(struct proc, p, &sb->procs, link)
		if (strcmp(p->id, exec_id) == 0)
			return p;
	return NULL;
}

struct proc *sandbox_find_console(struct sandbox *sb, uint32_t n)
{
	list_each(struct proc, p, &sb->procs, link)
		if (p->console_n == n)
			return p;
	return NULL;
}

struct kill_op {
	struct rpc_unary op;
};

static void on_killed(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	if (rc < 0)
		log_info("signal: %s", e->text);
	free(container_of(op, struct kill_op, op));
}

int sandbox_signal(struct sandbox *sb, struct proc *p, int sig, struct err *e)
{
	Sandbox__KillProcessRequest req = SANDBOX__KILL_PROCESS_REQUEST__INIT;
	struct kill_op *k;
	int rc;

	if (p->exited)
		return err_set(e, -ESRCH, "the process has ended");
	if (p == sb->main)
		record_event_number(sb, "kill", "signal", sig);
	/* A guest that stands still hears of nothing. */
	if (!p->started || !sb->agent || (sb->paused && p == sb->main && sig == SIGKILL)) {
		if (p != sb->main)
			return err_set(e, -EAGAIN, "the process has not started yet");
		sb->exit_code = 128 + sig;
		sandbox_kill_vm(sb);
		return 0;
	}
	k = calloc(1, sizeof(*k));
	if (!k)
		return err_sys(e, -ENOMEM, "cannot signal the process");
	req.id = p->id;
	req.opt_container_id_case = 2;
	req.containerid = sb->id;
	req.signal = sig;
	rc = rpc_unary_start(&k->op, sb->agent, &agent_kill_process, &req.base, SANDBOX_AGENT_MS, on_killed, e);
	if (rc < 0)
		free(k);
	/* A signal that is to end a paused container lets it go on; others wait until it is unpaused, as with docker. */
	else if (p == sb->main && (sig == SIGKILL || sig == (int)json_int(sb->config, "stop_signal", SIGTERM)))
		ask_thaw(sb);
	return rc;
}

static void on_kill_late(uv_timer_t *t)
{
	struct sandbox *sb = container_of(t, struct sandbox, stop_timer);

	/* Not even SIGKILL ended it. */
	sb->exit_code = 128 + SIGKILL;
	sandbox_kill_vm(sb);
}

static void on_stop_late(uv_timer_t *t)
{
	struct sandbox *sb = container_of(t, struct sandbox, stop_timer);

	if (sandbox_signal(sb, sb->main, SIGKILL, NULL) < 0 && !sb->main->exited) {
		sb->exit_code = 128 + SIGKILL;
		sandbox_kill_vm(sb);
		return;
	}
	uv_timer_start(&sb->stop_timer, on_kill_late, 5000, 0);
}

void sandbox_stop(struct sandbox *sb, int64_t timeout_ms)
{
	int sig = (int)json_int(sb->config, "stop_signal", SIGTERM);

	if (sb->state == SANDBOX_GONE || sb->state == SANDBOX_STOPPING)
		return;
	sb->stop_asked = true;
	if (timeout_ms < 0)
		timeout_ms = json_int(sb->config, "stop_timeout_ms", 10000);
	if (!sb->main->started) {
		sb->exit_code = 128 + SIGKILL;
		sandbox_kill_vm(sb);
		return;
	}
	if (timeout_ms > 0)
		sandbox_signal(sb, sb->main, sig, NULL);
	uv_timer_start(&sb->stop_timer, on_stop_late, (uint64_t)timeout_ms, 0);
}

/* --- execs */

/* Ended execs stay for a while, for those who ask for their exit code or last screen. */
static void prune_execs(struct sandbox *sb)
{
	unsigned n = 0;

	for (struct list *l = sb->procs.prev, *before; l != &sb->procs; l = before) {
		struct proc *p = list_entry(l, struct proc, link);

		before = l->prev;
		if (p != sb->main && p->drained && ++n > ENDED_EXECS && !proc_busy(p) && !p->calling)
			proc_destroy(p);
	}
}

static void record_exec(const struct proc *p, const char *action)
{
	char code[16];

	snprintf(code, sizeof(code), "%d", p->exit_code);
	record_event(p->sb, action,
		     (const char *[]){ "exec_id", p->id, "command", p->command, p->exited ? "exit_code" : NULL, code, NULL });
}

void sandbox_exec_started(struct proc *p)
{
	record_exec(p, "exec");
}

static void exec_exited(struct proc *p)
{
	struct sandbox *sb = p->sb;

	proc_answer_waiters(p, p->exit_code);
	if (p->tty)
		container_touch(sb->dir);
	record_exec(p, "exec_exit");
	prune_execs(sb);
	sb->on_idle(sb);
}

int sandbox_exec(struct sandbox *sb, const struct sandbox_exec *x, struct proc **ret, struct err *e)
{
	AUTO_JSON cJSON *spec = NULL;
	uint8_t raw[CONTAINER_ID_LEN / 2];
	char id[CONTAINER_ID_LEN + 1];
	struct proc *p = NULL;
	int rc;

	if (sb->state != SANDBOX_RUNNING)
		return err_set(e, -EBUSY, "container %.12s is not running", sb->id);
	if (sb->paused || sb->frozen)
		return err_set(e, -EBUSY, "container %.12s is paused", sb->id);
	rc = sandbox_exec_spec(sb, x, &spec, e);
	if (rc == 0)
		rc = file_random(raw, sizeof(raw));
	if (rc < 0)
		return rc;
	str_hex(raw, sizeof(raw), id);
	rc = proc_create(sb, id, spec, x->open_stdin, false, x->rows, x->cols, &p, e);
	if (rc < 0)
		return rc;
	if (p->tty)
		p->console_n = sb->next_console++;
	p->on_exited = exec_exited;
	list_append(&sb->procs, &p->link);
	rc = proc_begin(p, spec, true, e);
	if (rc < 0) {
		proc_destroy(p);
		return rc;
	}
	if (p->tty)
		container_touch(sb->dir);
	*ret = p;
	return 0;
}

void sandbox_note_log_failure(struct sandbox *sb, const struct err *e)
{
	log_error("the container's log has stopped: %s", e->text);
	if (!*sb->cause)
		snprintf(sb->cause, sizeof(sb->cause), "its log has stopped: %.200s", e->text);
}

bool sandbox_busy(const struct sandbox *sb)
{
	for (const struct list *l = sb->procs.next; l != &sb->procs; l = l->next)
		if (proc_busy(list_entry(l, struct proc, link)))
			return true;
	return false;
}

/* --- its owner */

/* Nothing but a thread that waits for a lock is told when its holder ends. It goes with this process. */
static void *wait_for_owner(void *arg)
{
	struct sandbox *sb = arg;
	int lock = lock_wait(sb->dir, "owner", true, NULL);

	if (lock < 0)
		return NULL;
	uv_async_send(&sb->orphaned);
	close(lock);
	return NULL;
}

static void on_orphaned(uv_async_t *h)
{
	struct sandbox *sb = container_of(h, struct sandbox, orphaned);

	log_warn("the process that the container belongs to has ended");
	sb->remove = true;
	sandbox_kill_vm(sb);
}

static int watch_owner(struct sandbox *sb, struct err *e)
{
	pthread_t thread;
	int rc;

	if (!json_bool(sb->config, "owned", false))
		return 0;
	uv_async_init(sb->loop, &sb->orphaned, on_orphaned);
	uv_unref((uv_handle_t *)&sb->orphaned);
	rc = pthread_create(&thread, NULL, wait_for_owner, sb);
	if (rc == 0)
		pthread_detach(thread);
	return rc ? err_sys(e, -rc, "cannot start a thread") : 0;
}

int sandbox_init(struct sandbox *sb, uv_loop_t *loop, const char *root, const char *run_root, const char *id,
		 int lock_fd, struct err *e)
{
	AUTO(container_finish) struct container c = { 0 };
	int rc;

	*sb = (struct sandbox){ .loop = loop, .root = root, .run_root = run_root, .lock_fd = lock_fd, .dir = -1,
				.run_dir = -1 };
	list_init(&sb->procs);
	list_init(&sb->stop_calls);
	uv_timer_init(loop, &sb->stop_timer);
	uv_timer_init(loop, &sb->lost_timer);
	stats_init(&sb->stats, sb);
	freeze_init(&sb->freeze, sb);
	snprintf(sb->id, sizeof(sb->id), "%s", id);
	rc = container_read(root, id, &c, e);
	if (rc == 0)
		rc = container_read_spec(root, &c, e);
	if (rc < 0)
		return rc;
	sb->config = TAKE(c.config);
	sb->remove = json_bool(sb->config, "remove", false);
	sb->dir = container_open(root, id, e);
	if (sb->dir < 0)
		return sb->dir;
	sb->run_dir_path = path_fmt("%s/%.12s", run_root, id);
	if (!sb->run_dir_path)
		return err_sys(e, -ENOMEM, "cannot open the run folder");
	sb->run_dir = open(sb->run_dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sb->run_dir < 0)
		return err_sys(e, -errno, "cannot open '%s'", sb->run_dir_path);
	return watch_owner(sb, e);
}

/* The container's lock went when it was over, so the folder of that name may be another shim's by now: what is ours is
 * removed by its descriptor, and the name only while it is that folder's, and empty. A starter whose folder is caught
 * between being made and being used makes it again. */
static void remove_run_dir(struct sandbox *sb)
{
	AUTO_CLOSEDIR DIR *d = NULL;
	struct stat ours, there;
	int copy;

	if (sb->run_dir < 0)
		return;
	copy = fcntl(sb->run_dir, F_DUPFD_CLOEXEC, 3);
	d = copy < 0 ? NULL : fdopendir(copy);
	for (struct dirent *e; d && (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			file_remove_tree(sb->run_dir, e->d_name, NULL);
	if (fstat(sb->run_dir, &ours) == 0 && stat(sb->run_dir_path, &there) == 0 && ours.st_ino == there.st_ino &&
	    ours.st_dev == there.st_dev)
		rmdir(sb->run_dir_path);
}

void sandbox_finish(struct sandbox *sb)
{
	sb->state = SANDBOX_GONE;
	rpc_client_destroy(TAKE(sb->agent)); /* ends the calls that stand in the procs */
	while (!list_empty(&sb->procs))
		proc_destroy(list_entry(sb->procs.next, struct proc, link));
	sb->main = NULL;
	stats_finish(&sb->stats);
	freeze_finish(&sb->freeze);
	forward_destroy(TAKE(sb->forward));
	iosock_destroy(TAKE(sb->io));
	if (sb->vm)
		vm_destroy(TAKE(sb->vm), NULL, NULL);
	uv_close((uv_handle_t *)&sb->stop_timer, NULL);
	uv_close((uv_handle_t *)&sb->lost_timer, NULL);
	crilog_finish(&sb->log);
	cJSON_Delete(TAKE(sb->config));
	cJSON_Delete(TAKE(sb->ports));
	remove_run_dir(sb);
	free(TAKE(sb->run_dir_path));
	for (int *fd = (int[]){ sb->dir, sb->run_dir, sb->lock_fd, -2 }; *fd != -2; fd++)
		if (*fd >= 0)
			close(*fd);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* qemu.c - one run of QEMU. */
#include "vm/qemu.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/sock.h"
#include "vm/argv.h"

#define LOG_NAME "console.log"
#define PROGRAM "qemu-system-x86_64"

int qemu_find(const char *name, char **ret, struct err *e)
{
	AUTO_FREE char *path = getenv("PATH") ? strdup(getenv("PATH")) : strdup("/usr/bin:/bin");
	char real[PATH_MAX], *save = NULL;

	if (!name)
		name = PROGRAM;
	if (strchr(name, '/')) {
		if (access(name, X_OK) < 0 || !realpath(name, real))
			return err_sys(e, -errno, "cannot run QEMU '%s'", name);
		*ret = strdup(real);
		return *ret ? 0 : err_sys(e, -ENOMEM, "cannot run QEMU");
	}
	for (char *dir = path ? strtok_r(path, ":", &save) : NULL; dir; dir = strtok_r(NULL, ":", &save)) {
		AUTO_FREE char *at = path_join(dir, name);

		if (at && access(at, X_OK) == 0 && realpath(at, real)) {
			*ret = strdup(real);
			return *ret ? 0 : err_sys(e, -ENOMEM, "cannot run QEMU");
		}
	}
	return err_set(e, -ENOENT, "QEMU is not installed: there is no '%s' in PATH (Debian: qemu-system-x86)", name);
}

/* ---- QMP */

static void on_status(struct qmp_cmd *c, int rc, const cJSON *ret, const struct err *e)
{
	struct qemu *q = container_of(c, struct qemu, status_cmd);
	const char *status = rc == 0 ? json_str(ret, "status") : NULL;

	q->asking = false;
	if (status && !json_bool(ret, "running", true))
		q->ops->stopped(q, status);
}

static void on_ignored(struct qmp_cmd *c, int rc, const cJSON *ret, const struct err *e)
{
}

static void ask_status(struct qemu *q)
{
	if (!q->asking)
		q->asking = qmp_send(q->qmp, &q->status_cmd, "query-status", NULL, on_status, NULL) == 0;
}

static void on_qmp_up(void *arg)
{
	struct qemu *q = arg;

	q->up = true;
	q->ops->qmp_up(q);
	/* Whatever stopped it before we could listen. */
	if (q->qmp)
		ask_status(q);
}

static void on_qmp_event(void *arg, const char *name, const cJSON *data)
{
	struct qemu *q = arg;

	if (strcmp(name, "STOP") == 0)
		ask_status(q); /* it alone knows why */
	else if (strcmp(name, "RESUME") == 0)
		q->ops->resumed(q);
}

static void on_qmp_gone(void *arg, const char *why)
{
	struct qemu *q = arg;

	q->up = false;
	if (why)
		q->ops->broken(q, why);
}

static const struct qmp_ops qmp_ops = { .up = on_qmp_up, .event = on_qmp_event, .gone = on_qmp_gone };

/* A command that nobody waits for; one of a kind at a time. */
static int order(struct qemu *q, struct qmp_cmd *c, const char *name)
{
	if (!q->qmp || !q->up)
		return -ENOTCONN;
	if (c->link.next && !list_empty(&c->link))
		return 0;
	return qmp_send(q->qmp, c, name, NULL, on_ignored, NULL);
}

int qemu_quit(struct qemu *q)
{
	return order(q, &q->quit_cmd, "quit");
}

int qemu_cont(struct qemu *q)
{
	return order(q, &q->cont_cmd, "cont");
}

int qemu_pause(struct qemu *q)
{
	return order(q, &q->pause_cmd, "stop");
}

/* ---- the other ends */

static void on_driver_up(void *arg)
{
	struct qemu *q = arg;

	q->ops->driver_up(q);
}

static void on_vhost_gone(void *arg, const char *why)
{
	struct qemu *q = arg;

	if (why)
		q->ops->broken(q, why);
}

static const struct vhost_ops vhost_ops = { .driver_up = on_driver_up, .gone = on_vhost_gone };

static void on_fsd_exited(void *arg, int status)
{
	struct qemu *q = arg;

	q->ops->broken(q, "virtiofsd, which serves the shared files, has ended");
}

static void on_exited(struct spawn_child *c, int status)
{
	struct qemu *q = container_of(c, struct qemu, child);

	q->ops->exited(q, status);
}

void qemu_kill(struct qemu *q)
{
	spawn_kill(&q->child, SIGKILL);
}

int qemu_console_tail(struct qemu *q, unsigned nlines, struct buf *ret)
{
	return q->console ? vm_conlog_tail(q->console, nlines, ret) : 0;
}

int qemu_errors_tail(struct qemu *q, unsigned nlines, struct buf *ret)
{
	return q->errors ? vm_conlog_tail(q->errors, nlines, ret) : 0;
}

/* ---- start */

/* QEMU's ends of its connections; ours go to their users at once. */
struct ends {
	int vsock, qmp, console, errors, share;
};

static void ends_close(struct ends *x)
{
	auto_close(&x->vsock);
	auto_close(&x->qmp);
	auto_close(&x->console);
	auto_close(&x->errors);
	auto_close(&x->share);
}

static int connect_all(struct qemu *q, const struct qemu_base *b, struct ends *x, struct err *e)
{
	AUTO_CLOSE int log = openat(b->run_dirfd, LOG_NAME, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
				    0600);
	int pair[2], rc;

	if (log < 0)
		return err_sys(e, -errno, "cannot write '" LOG_NAME "'");
	if (sock_pair(pair) < 0)
		return err_sys(e, -errno, "cannot connect to QEMU");
	x->vsock = pair[1];
	rc = vhost_create(q->loop, pair[0], b->dev, VM_GUEST_CID, &vhost_ops, q, &q->vhost, e);
	if (rc < 0)
		return rc;
	if (sock_pair(pair) < 0)
		return err_sys(e, -errno, "cannot connect to QEMU");
	x->qmp = pair[1];
	rc = qmp_create(q->loop, pair[0], &qmp_ops, q, &q->qmp, e);
	if (rc < 0)
		return rc;
	if (sock_pair(pair) < 0)
		return err_sys(e, -errno, "cannot connect to QEMU");
	x->console = pair[1];
	rc = vm_conlog_create(q->loop, pair[0], log, &q->console, e);
	if (rc < 0)
		return rc;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, -errno, "cannot connect to QEMU");
	x->errors = pair[1];
	sock_set_nonblock(pair[0], 1);
	return vm_conlog_create(q->loop, pair[0], -1, &q->errors, e);
}

static int start_share(struct qemu *q, const struct qemu_base *b, struct ends *x, struct err *e)
{
	int rc;

	if (b->cfg->nbinds == 0)
		return 0;
	rc = share_choose(b->cfg->share, &q->share, e);
	if (rc == 0)
		rc = share_plan_init(&q->plan, b->run_dirfd, b->cfg->binds, b->cfg->nbinds, e);
	if (rc == 0 && q->share == VM_SHARE_VIRTIOFS)
		rc = virtiofsd_start(q->loop, &q->plan, b->run_dirfd, on_fsd_exited, q, &q->fsd, &x->share, e);
	return rc;
}

static int start_confined(struct qemu *q, const struct qemu_base *b, struct vm_argv *a, int errors, struct err *e)
{
	bool p9 = q->share == VM_SHARE_9P;
	int files[] = { b->kernel->fd, b->kernel->initramfs_fd };
	struct confine_want want = {
		.qemu = b->program, .kvm = q->kvm, .run_dirfd = b->run_dirfd, .files = files,
		.nfiles = ARRAY_LEN(files), .share = p9 ? &q->plan : NULL,
		.uid = p9 ? 0 : b->cfg->uid, .gid = b->cfg->gid, /* 9p gives files their owners by root */
	};
	struct spawn s = {
		.file = b->program, .argv = (const char *const *)a->v, .fds = a->fds, .die_with_parent = true,
		.no_new_privs = true, .prepare = confine_enter, .prepare_arg = &q->confine,
	};
	int rc, pidfd;
	pid_t pid;

	a->fds[a->nfds++] = (struct spawn_fd){ errors, 2 };
	s.nfds = a->nfds;
	rc = confine_init(&want, &q->confine, e);
	if (rc < 0)
		return rc;
	rc = spawn_start(&s, &pid, &pidfd, e);
	if (rc == 0)
		rc = spawn_watch(&q->child, q->loop, pid, pidfd, on_exited);
	return rc;
}

int qemu_start(struct qemu *q, uv_loop_t *loop, const struct qemu_base *b, bool kvm, const struct qemu_ops *ops,
	       struct err *e)
{
	struct ends x AUTO(ends_close) = { -1, -1, -1, -1, -1 };
	struct vm_argv a AUTO(vm_argv_finish) = { 0 };
	struct vm_config cfg = *b->cfg;
	struct vm_run run;
	int rc;

	*q = (struct qemu){ .loop = loop, .ops = ops, .kvm = kvm, .confine = { .ruleset = -1 } };
	rc = connect_all(q, b, &x, e);
	if (rc == 0)
		rc = start_share(q, b, &x, e);
	if (rc < 0)
		return rc;
	cfg.qemu = b->program;
	run = (struct vm_run){
		.accel = kvm ? VM_ACCEL_KVM : VM_ACCEL_TCG, .tsc_khz = b->tsc_khz,
		.patched_timers = b->kernel->patched_timers, .kernel_fd = b->kernel->fd,
		.initramfs_fd = b->kernel->initramfs_fd, .vsock_fd = x.vsock, .qmp_fd = x.qmp,
		.console_fd = x.console, .share = q->share, .share_fd = x.share, .share_dir = q->plan.dir,
		.share_owners = geteuid() == 0,
	};
	rc = vm_argv_make(&cfg, &run, &a, e);
	if (rc < 0)
		return rc;
	return start_confined(q, b, &a, x.errors, e);
}

void qemu_finish(struct qemu *q)
{
	if (!q->loop)
		return;
	vhost_destroy(TAKE(q->vhost));
	qmp_destroy(TAKE(q->qmp));
	vm_conlog_destroy(TAKE(q->console));
	vm_conlog_destroy(TAKE(q->errors));
	virtiofsd_destroy(TAKE(q->fsd));
	share_plan_finish(&q->plan);
	confine_finish(&q->confine);
	q->up = false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* vm.c - one virtual machine: events in, actions of the table in fsm.c out. */
#include "vm/vm.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "vm/accel.h"
#include "vm/argv.h"
#include "vm/fsm.h"
#include "vm/kernel.h"
#include "vm/qemu.h"
#include "vm/way-in.h"

#define KVM_READY_MS 2000
#define TCG_READY_MS 30000
#define LAST_LOOK_MS 20     /* for a ready notice that came in time while we were held up */
#define SPACE_CHECK_MS 1000 /* how often a full disk is looked at */
#define SETTLE_MS 200       /* vCPUs that ran so long did not meet the full disk again */
#define SPACE_MIN (1u << 20)
#define TAIL_LINES 6
#define TAIL_MAX 400 /* bytes: the words go into a struct err */
#define UID_FIRST 0x70000000u /* 2^24 users above what others hand out */

struct vm {
	uv_loop_t *loop;
	struct vm_config cfg; /* our own copy */
	vm_event_cb on_event;
	void *arg;
	enum vm_state state;
	struct accel_choice choice;
	char *accel_dir, key[ACCEL_KEY_MAX];
	struct vm_kernel kernel;
	char *program;
	int run_dirfd;
	struct vsock *dev;
	struct way_in *way_in;
	struct transport_listener ready;
	struct qemu qemu;
	uv_timer_t deadline, kill_timer, space, settle;
	int kill_ms;
	struct vm_start *start;
	struct list stops;
	struct vm_boot boot;
	bool last_look, was_up, cancelled, stop_asked, paused_told, blame_exit, destroyed;
	struct err why;  /* of a failure that we noted before QEMU ended */
	int end_rc;      /* of the start */
	enum vm_end end;
	struct buf end_text;
	struct loop_defer tell;
	bool tell_up, tell_end;
	void (*done)(void *arg);
	void *done_arg;
	int nclosing;
};

static void feed(struct vm *vm, enum vm_ev ev);
static void destroy_rest(struct vm *vm);

/* ---- what users are told, from the loop */

static void emit(struct vm *vm, enum vm_event_kind kind, const char *text)
{
	struct vm_event ev = { .kind = kind, .end = vm->end, .text = text };

	log_info("vm %s: %s", vm->cfg.name, text);
	if (vm->on_event && !vm->destroyed)
		vm->on_event(vm, &ev, vm->arg);
}

static void finish_start(struct vm *vm, int rc)
{
	struct vm_start *op = TAKE(vm->start);
	struct err err = { 0 };

	if (!op)
		return;
	if (rc < 0)
		err_set(&err, rc, "%s", vm->why.text);
	op->cb(op, rc, &err);
}

static void finish_stops(struct vm *vm)
{
	while (!list_empty(&vm->stops)) {
		struct vm_stop *op = list_entry(vm->stops.next, struct vm_stop, link);

		list_remove(&op->link);
		op->cb(op, 0, NULL);
	}
}

/* Each callback may destroy the machine; its memory then stays until its handles are closed. */
static void on_tell(struct loop_defer *d)
{
	struct vm *vm = container_of(d, struct vm, tell);

	if (vm->tell_up) {
		vm->tell_up = false;
		finish_start(vm, 0);
	}
	if (!vm->destroyed && vm->tell_end) {
		vm->tell_end = false;
		if (vm->start)
			finish_start(vm, vm->end_rc);
		else if (vm->was_up)
			emit(vm, VM_EVENT_EXITED, (const char *)vm->end_text.p);
	}
	if (!vm->destroyed && vm->state == VM_DEAD)
		finish_stops(vm);
}

static void tell(struct vm *vm)
{
	loop_defer(vm->loop, &vm->tell, on_tell);
}

/* ---- words */

/* Lines, the last TAIL_MAX bytes of them, apart by " | ". */
static void add_lines(struct buf *b, const struct buf *lines)
{
	const char *p = (const char *)lines->p;

	for (p += lines->len > TAIL_MAX ? lines->len - TAIL_MAX : 0; *p; p++)
		if (*p == '\n')
			buf_adds(b, " | ");
		else
			buf_addc(b, *p);
}

static void add_tail(struct vm *vm, struct buf *b)
{
	AUTO_BUF struct buf tail = { 0 };

	qemu_console_tail(&vm->qemu, TAIL_LINES, &tail);
	buf_adds(b, tail.len ? "; its console said last: " : "; its console said nothing");
	if (tail.len)
		add_lines(b, &tail);
}

static void describe_status(struct vm *vm, int status, struct buf *b)
{
	AUTO_BUF struct buf said = { 0 };

	qemu_errors_tail(&vm->qemu, 3, &said);
	if (WIFSIGNALED(status))
		buf_addf(b, "QEMU was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		buf_addf(b, "QEMU ended with exit code %d", WEXITSTATUS(status));
	if (said.len) {
		buf_adds(b, ": ");
		add_lines(b, &said);
	}
}

/* How it ended, when nobody had asked for that. */
static void judge(struct vm *vm, int status, struct buf *b)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (vm->why.code) {
		vm->end = VM_END_CRASH;
		buf_adds(b, vm->why.text);
	} else if (code == VM_EXIT_CLEAN) {
		vm->end = VM_END_CLEAN;
		buf_adds(b, vm->was_up ? "the VM ended" : "the guest ended before it was ready");
	} else if (code == 0) {
		/* A reset, which -no-reboot makes an end: a panic, or PID 1 gone. */
		vm->end = VM_END_CRASH;
		buf_adds(b, "the guest crashed");
		add_tail(vm, b);
	} else {
		vm->end = VM_END_QEMU;
		describe_status(vm, status, b);
	}
}

/* The reason for a failure, noted while it can be told. */
static void note(struct vm *vm, int code, const char *what, bool tail)
{
	AUTO_BUF struct buf b = { 0 };

	buf_adds(&b, what);
	if (tail)
		add_tail(vm, &b);
	err_set(&vm->why, code, "%s", b.p ? (const char *)b.p : what);
}

/* ---- KVM's trial */

#define REASON_MAX 160 /* bytes of the reason in the line that a user gets */

/* remember: the outcome is certain. */
static void blame_kvm(struct vm *vm, enum accel_outcome outcome, bool remember, const char *what)
{
	AUTO_BUF struct buf b = { 0 };
	const char *end = strstr(what, " | ");

	vm->boot.tried_kvm_ns = clock_mono_ns() - vm->boot.begin;
	vm->choice = (struct accel_choice){ .accel = VM_ACCEL_TCG };
	if (remember)
		accel_remember(vm->accel_dir, vm->key, outcome);
	/* of QEMU's own last words the first line: what follows is the consequence */
	buf_addf(&b, "KVM does not work here (%.*s): using TCG, which is slower",
		 end ? (int)MIN(end - what, REASON_MAX) : REASON_MAX, what);
	emit(vm, VM_EVENT_ACCEL, (const char *)b.p);
}

static void act_retry(struct vm *vm, enum vm_ev ev)
{
	char what[80];

	if (ev == EV_KVM_ERROR) {
		blame_kvm(vm, ACCEL_INTERNAL_ERROR, true, "it stopped with an internal error");
	} else {
		snprintf(what, sizeof(what), "the guest was not ready within %.1f s", vm->cfg.kvm_ready_ms / 1000.0);
		blame_kvm(vm, ACCEL_TIMED_OUT, true, what);
	}
	uv_timer_stop(&vm->deadline);
	qemu_kill(&vm->qemu);
}

/* ---- actions */

static void on_deadline(uv_timer_t *t);

static int spawn(struct vm *vm, struct err *e)
{
	struct qemu_base base = {
		.cfg = &vm->cfg, .kernel = &vm->kernel, .program = vm->program, .dev = vm->dev,
		.run_dirfd = vm->run_dirfd,
	};
	bool kvm = vm->choice.accel == VM_ACCEL_KVM;
	extern const struct qemu_ops vm_qemu_ops;
	int rc;

	if (!kvm)
		base.tsc_khz = accel_tsc_khz(vm->accel_dir);
	vm->boot.kvm = kvm;
	vm->boot.qemu = vm->boot.kernel = vm->boot.agent = 0;
	vm->last_look = false;
	rc = qemu_start(&vm->qemu, vm->loop, &base, kvm, &vm_qemu_ops, e);
	vm->boot.share = vm->qemu.share;
	if (rc < 0) {
		qemu_finish(&vm->qemu);
		return rc;
	}
	uv_update_time(vm->loop); /* the deadline counts from now, not from the loop's last turn */
	uv_timer_start(&vm->deadline, on_deadline,
		       (uint64_t)(vm->choice.trial ? vm->cfg.kvm_ready_ms : vm->cfg.tcg_ready_ms), 0);
	return 0;
}

/* A spawn that fails after the first one has nobody to return to. */
static void act_spawn(struct vm *vm)
{
	struct err err = { 0 };

	if (vm->destroyed || spawn(vm, &err) == 0)
		return;
	vm->why = err;
	vm->end_rc = err.code;
	vm->state = VM_DEAD;
	vm->tell_end = true;
	tell(vm);
}

static void act_up(struct vm *vm)
{
	vm->boot.agent = clock_mono_ns();
	vm->was_up = true;
	uv_timer_stop(&vm->deadline);
	if (vm->choice.trial)
		accel_remember(vm->accel_dir, vm->key, ACCEL_WORKED);
	if (vm->blame_exit)
		accel_remember(vm->accel_dir, vm->key, ACCEL_TIMED_OUT);
	vm->tell_up = true;
	tell(vm);
}

static void act_fail(struct vm *vm)
{
	uv_timer_stop(&vm->deadline);
	qemu_kill(&vm->qemu);
}

static void on_kill_timer(uv_timer_t *t)
{
	struct vm *vm = t->data;

	qemu_kill(&vm->qemu);
}

static void act_quit(struct vm *vm)
{
	uv_timer_stop(&vm->deadline);
	if (vm->kill_ms <= 0 || qemu_quit(&vm->qemu) < 0)
		qemu_kill(&vm->qemu);
	else
		uv_timer_start(&vm->kill_timer, on_kill_timer, (uint64_t)vm->kill_ms, 0);
}

/* true if each disk that is written lies where there is space. */
static bool have_space(const struct vm *vm)
{
	struct statvfs v;

	for (size_t i = 0; i < vm->cfg.ndisks; i++)
		if (!vm->cfg.disks[i].readonly && fstatvfs(vm->cfg.disks[i].fd, &v) == 0 &&
		    (uint64_t)v.f_bavail * v.f_frsize < SPACE_MIN)
			return false;
	return true;
}

static void on_space(uv_timer_t *t)
{
	struct vm *vm = t->data;

	if (have_space(vm))
		qemu_cont(&vm->qemu);
}

static void act_paused(struct vm *vm)
{
	if (vm->paused_told)
		return;
	vm->paused_told = true;
	uv_timer_start(&vm->space, on_space, SPACE_CHECK_MS, SPACE_CHECK_MS);
	emit(vm, VM_EVENT_PAUSED, "the host's disk is full or fails: the VM is paused until there is space");
}

static void act_resumed(struct vm *vm)
{
	if (!vm->paused_told)
		return;
	vm->paused_told = false;
	uv_timer_stop(&vm->space);
	emit(vm, VM_EVENT_RESUMED, "the VM goes on");
}

static void act_ended(struct vm *vm, int status)
{
	uv_timer_stop(&vm->deadline);
	uv_timer_stop(&vm->kill_timer);
	uv_timer_stop(&vm->space);
	uv_timer_stop(&vm->settle);
	buf_clear(&vm->end_text);
	if (vm->stop_asked && !vm->why.code) {
		vm->end = VM_END_STOPPED;
		buf_adds(&vm->end_text, "the VM was stopped");
	} else {
		judge(vm, status, &vm->end_text);
	}
	vm->end_rc = vm->cancelled || vm->stop_asked ? -ECANCELED : vm->why.code ? vm->why.code : -EIO;
	if (!vm->was_up && !vm->why.code) {
		err_set(&vm->why, vm->end_rc, "%s", (const char *)vm->end_text.p);
	}
	vm->tell_end = true;
	tell(vm);
}

static void act(struct vm *vm, enum vm_act what, enum vm_ev ev, int status)
{
	switch (what) {
	case ACT_NONE:
		break;
	case ACT_SPAWN:
		act_spawn(vm);
		break;
	case ACT_UP:
		act_up(vm);
		break;
	case ACT_RETRY:
		act_retry(vm, ev);
		break;
	case ACT_RESPAWN:
		act_spawn(vm);
		break;
	case ACT_FAIL:
		act_fail(vm);
		break;
	case ACT_QUIT:
		act_quit(vm);
		break;
	case ACT_PAUSED:
		act_paused(vm);
		break;
	case ACT_RESUMED:
		act_resumed(vm);
		break;
	case ACT_ENDED:
		act_ended(vm, status);
		break;
	}
}

static void feed_status(struct vm *vm, enum vm_ev ev, int status)
{
	const struct vm_step *s = vm_fsm_step(vm->state, ev);

	log_debug("vm %s: %s while %s", vm->cfg.name, vm_ev_name(ev), vm_state_name(vm->state));
	if (!s->act) {
		log_warn("vm %s: %s while %s", vm->cfg.name, vm_ev_name(ev), vm_state_name(vm->state));
		return;
	}
	vm->state = s->next;
	act(vm, s->act, ev, status);
}

static void feed(struct vm *vm, enum vm_ev ev)
{
	feed_status(vm, ev, 0);
}

/* ---- events */

static struct vm *of_qemu(struct qemu *q)
{
	return container_of(q, struct vm, qemu);
}

static void on_qmp_up(struct qemu *q)
{
	struct vm *vm = of_qemu(q);

	vm->boot.qemu = clock_mono_ns();
	feed(vm, EV_QMP_UP);
}

static void on_driver_up(struct qemu *q)
{
	of_qemu(q)->boot.kernel = clock_mono_ns();
}

static void on_stopped(struct qemu *q, const char *status)
{
	struct vm *vm = of_qemu(q);

	if (strcmp(status, "internal-error") == 0) {
		/* While it boots, TCG can take over, unless KVM was asked for. */
		if (vm->was_up || vm->choice.forced || vm->choice.accel != VM_ACCEL_KVM) {
			if (!vm->why.code)
				note(vm, -EIO, "QEMU stopped the VM with an internal error", true);
			if (vm->was_up && vm->choice.accel == VM_ACCEL_KVM && !vm->choice.forced)
				accel_remember(vm->accel_dir, vm->key, ACCEL_INTERNAL_ERROR);
			feed(vm, EV_BROKEN);
			return;
		}
		feed(vm, EV_KVM_ERROR);
	} else if (strcmp(status, "io-error") == 0) {
		uv_timer_stop(&vm->settle);
		feed(vm, EV_IO_ERROR);
	}
}

static void on_settled(uv_timer_t *t)
{
	feed(t->data, EV_RESUMED);
}

static void on_resumed(struct qemu *q)
{
	struct vm *vm = of_qemu(q);

	if (vm->paused_told)
		uv_timer_start(&vm->settle, on_settled, SETTLE_MS, 0);
}

static void on_broken(struct qemu *q, const char *why)
{
	struct vm *vm = of_qemu(q);

	if (!vm->why.code)
		note(vm, -EPROTO, why, false);
	feed(vm, EV_BROKEN);
}

static void on_exited(struct qemu *q, int status)
{
	struct vm *vm = of_qemu(q);
	bool trial_exit = vm->choice.trial && !vm->was_up &&
			  (vm->state == VM_SPAWNED || vm->state == VM_BOOTING);
	AUTO_BUF struct buf b = { 0 };

	/* What the guest sent last is in its rings still. */
	vhost_destroy(TAKE(vm->qemu.vhost));
	vsock_guest_gone(vm->dev);
	if (trial_exit) {
		describe_status(vm, status, &b);
		/* Without a signal it may not be KVM's fault: that shows when TCG comes up. */
		blame_kvm(vm, ACCEL_INTERNAL_ERROR, WIFSIGNALED(status), (const char *)b.p);
		vm->blame_exit = !WIFSIGNALED(status);
	}
	if (vm->destroyed) {
		qemu_finish(&vm->qemu);
		destroy_rest(vm);
		return;
	}
	if (vm->state != VM_RETRYING && !trial_exit) {
		feed_status(vm, EV_EXIT, status);
		qemu_finish(&vm->qemu);
		return;
	}
	qemu_finish(&vm->qemu);
	feed_status(vm, trial_exit ? EV_TRIAL_EXIT : EV_EXIT, status);
}

extern const struct qemu_ops vm_qemu_ops;
const struct qemu_ops vm_qemu_ops = {
	.qmp_up = on_qmp_up, .driver_up = on_driver_up, .stopped = on_stopped, .resumed = on_resumed,
	.broken = on_broken, .exited = on_exited,
};

static void on_deadline(uv_timer_t *t)
{
	struct vm *vm = t->data;
	char what[80];

	if (!vm->last_look) {
		vm->last_look = true;
		uv_update_time(vm->loop);
		uv_timer_start(&vm->deadline, on_deadline, LAST_LOOK_MS, 0);
		return;
	}
	if (vm->choice.trial) {
		feed(vm, EV_TRIAL_OVER);
		return;
	}
	snprintf(what, sizeof(what), "the guest was not ready within %.0f s", vm->cfg.tcg_ready_ms / 1000.0);
	note(vm, -ETIMEDOUT, what, true);
	feed(vm, EV_TIMEOUT);
}

static void on_ready(struct transport_listener *l, int fd)
{
	struct vm *vm = container_of(l, struct vm, ready);

	close(fd);
	feed(vm, EV_READY);
}

static void on_signal(void *arg, unsigned queue)
{
	struct vm *vm = arg;

	vhost_signal(vm->qemu.vhost, queue);
}

static void on_device_broken(void *arg, const char *why)
{
	struct vm *vm = arg;
	char text[160];

	snprintf(text, sizeof(text), "the guest broke the rules of its vsock device: %s", why);
	if (!vm->why.code)
		note(vm, -EPROTO, text, true);
	feed(vm, EV_BROKEN);
}

static int on_open(void *arg, uint32_t port)
{
	struct vm *vm = arg;

	return way_in_open(vm->way_in, port);
}

static const struct vsock_ops device_ops = { .signal = on_signal, .broken = on_device_broken, .open = on_open };

/* ---- the doors */

/* A user for this VM alone: another VM's QEMU cannot touch it. */
static uid_t own_uid(const char *name)
{
	uint32_t h = 2166136261u;

	for (const char *p = name; *p; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	return UID_FIRST + (h >> 8);
}

static void defaults(struct vm_config *c)
{
	if (c->uid == 0 && geteuid() == 0)
		c->uid = c->gid = own_uid(c->name);
	if (c->kvm_ready_ms <= 0)
		c->kvm_ready_ms = KVM_READY_MS;
	if (c->tcg_ready_ms <= 0)
		c->tcg_ready_ms = TCG_READY_MS;
}

static int open_parts(struct vm *vm, struct err *e)
{
	int rc;

	vm->run_dirfd = open(vm->cfg.run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (vm->run_dirfd < 0)
		return err_sys(e, -errno, "cannot open the VM's folder '%s'", vm->cfg.run_dir);
	rc = qemu_find(vm->cfg.qemu, &vm->program, e);
	if (rc == 0)
		rc = vm_kernel_open(vm->cfg.kernel, vm->cfg.initramfs, &vm->kernel, e);
	if (rc < 0)
		return rc;
	rc = accel_key(vm->program, vm->kernel.id, vm->key, e);
	if (rc < 0)
		return rc;
	vm->accel_dir = accel_dir();
	return 0;
}

static void free_parts(struct vm *vm)
{
	vm_kernel_finish(&vm->kernel);
	vm_config_release(&vm->cfg);
	free(vm->program);
	free(vm->accel_dir);
	buf_finish(&vm->end_text);
	auto_close(&vm->run_dirfd);
	free(vm);
}

int vm_create(uv_loop_t *loop, const struct vm_config *cfg, vm_event_cb on_event, void *arg, struct vm **ret,
	      struct err *e)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	int rc;

	if (!vm)
		return err_sys(e, -ENOMEM, "cannot make a VM");
	vm->loop = loop;
	vm->on_event = on_event;
	vm->arg = arg;
	vm->run_dirfd = vm->kernel.fd = vm->kernel.initramfs_fd = -1;
	list_init(&vm->stops);
	rc = vm_config_copy(cfg, &vm->cfg, e);
	if (rc == 0) {
		defaults(&vm->cfg);
		rc = open_parts(vm, e);
	}
	if (rc == 0)
		rc = vsock_create(loop, VM_GUEST_CID, &device_ops, vm, &vm->dev, e);
	if (rc == 0)
		rc = way_in_create(loop, vm->dev, vm->run_dirfd, &vm->way_in, e);
	if (rc == 0)
		rc = transport_listen(&vm->ready, vsock_transport(vm->dev), TRANSPORT_PORT_READY, on_ready, e);
	if (rc < 0) {
		way_in_destroy(vm->way_in);
		vsock_destroy(vm->dev);
		free_parts(vm);
		return rc;
	}
	uv_timer_t *timers[] = { &vm->deadline, &vm->kill_timer, &vm->space, &vm->settle };
	for (size_t i = 0; i < ARRAY_LEN(timers); i++) {
		uv_timer_init(loop, timers[i]);
		timers[i]->data = vm;
	}
	*ret = vm;
	return 0;
}

struct transport *vm_transport(struct vm *vm)
{
	return vsock_transport(vm->dev);
}

const struct vm_boot *vm_boot(const struct vm *vm)
{
	return &vm->boot;
}

pid_t vm_pid(const struct vm *vm)
{
	return vm->qemu.child.pid;
}

int vm_start(struct vm_start *op, struct vm *vm, vm_start_cb cb, struct err *e)
{
	int rc;

	if (!vm_fsm_step(vm->state, EV_START)->act)
		return err_set(e, -EBUSY, "cannot start: the VM is %s", vm_state_name(vm->state));
	rc = accel_choose(vm->accel_dir, vm->key, vm->cfg.accel, &vm->choice, e);
	if (rc < 0)
		return rc;
	vm->boot.begin = clock_mono_ns();
	/* The first try is made here, so that its error is the caller's. */
	rc = spawn(vm, e);
	if (rc < 0)
		return rc;
	vm->state = vm_fsm_step(vm->state, EV_START)->next;
	*op = (struct vm_start){ .vm = vm, .cb = cb };
	vm->start = op;
	return 0;
}

void vm_start_cancel(struct vm_start *op)
{
	struct vm *vm = op->vm;

	if (!vm || vm->start != op || vm->tell_up)
		return;
	vm->cancelled = true;
	vm->kill_ms = 0;
	if (!vm->why.code)
		note(vm, -ECANCELED, "the start of the VM was canceled", false);
	feed(vm, EV_STOP);
}

int vm_stop(struct vm_stop *op, struct vm *vm, int kill_ms, vm_stop_cb cb, struct err *e)
{
	*op = (struct vm_stop){ .vm = vm, .cb = cb };
	list_append(&vm->stops, &op->link);
	if (vm->state == VM_DEAD) {
		tell(vm);
		return 0;
	}
	vm->kill_ms = kill_ms;
	vm->stop_asked = true;
	feed(vm, EV_STOP);
	return 0;
}

int vm_pause(struct vm *vm, struct err *e)
{
	return qemu_pause(&vm->qemu) < 0 ? err_set(e, -ENOTCONN, "cannot pause: the VM is %s",
						    vm_state_name(vm->state)) : 0;
}

int vm_resume(struct vm *vm, struct err *e)
{
	return qemu_cont(&vm->qemu) < 0 ? err_set(e, -ENOTCONN, "cannot go on: the VM is %s",
						   vm_state_name(vm->state)) : 0;
}

/* ---- the end */

static void on_timer_closed(uv_handle_t *h)
{
	struct vm *vm = h->data;
	void (*done)(void *arg) = vm->done;
	void *arg = vm->done_arg;

	if (--vm->nclosing)
		return;
	if (vm->start && !vm->why.code)
		err_set(&vm->why, -ECANCELED, "the VM was given up");
	finish_start(vm, -ECANCELED);
	finish_stops(vm);
	free_parts(vm);
	if (done)
		done(arg);
}

static void destroy_rest(struct vm *vm)
{
	uv_timer_t *timers[] = { &vm->deadline, &vm->kill_timer, &vm->space, &vm->settle };

	loop_defer_cancel(&vm->tell);
	transport_unlisten(&vm->ready);
	way_in_destroy(vm->way_in);
	vsock_destroy(vm->dev);
	vm->nclosing = ARRAY_LEN(timers);
	for (size_t i = 0; i < ARRAY_LEN(timers); i++)
		uv_close((uv_handle_t *)timers[i], on_timer_closed);
}

void vm_destroy(struct vm *vm, void (*done)(void *arg), void *arg)
{
	if (!vm || vm->destroyed)
		return;
	vm->destroyed = true;
	vm->done = done;
	vm->done_arg = arg;
	if (vm->qemu.child.pid)
		qemu_kill(&vm->qemu);
	else
		destroy_rest(vm);
}

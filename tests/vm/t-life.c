/* SPDX-License-Identifier: Apache-2.0 */
/* t-life.c - the life of a machine, with a QEMU that plays what it is told (fake-qemu.c): KVM's trial and
 * verdict, stops, ends; what is said, and how long it takes. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/loop.h"
#include "vm/vm.h"

#define MAX_EVENTS 16

struct world {
	uv_loop_t loop;
	char dir[64], path[128];
	struct vm *vm;
	struct vm_start start;
	struct vm_stop stop;
	int64_t began;
	int started, start_rc, stopped, destroyed;
	char start_text[512];
	int start_ms;
	struct {
		enum vm_event_kind kind;
		enum vm_end end;
		char text[512];
		int ms;
	} ev[MAX_EVENTS];
	unsigned nev;
	bool timed_out;
};

static const char *file(struct world *w, const char *name)
{
	snprintf(w->path, sizeof(w->path), "%s/%s", w->dir, name);
	return w->path;
}

static int ms(struct world *w)
{
	return (int)((clock_mono_ns() - w->began) / 1000000);
}

static void on_event(struct vm *vm, const struct vm_event *ev, void *arg)
{
	struct world *w = arg;

	assert_true(w->nev < MAX_EVENTS);
	w->ev[w->nev].kind = ev->kind;
	w->ev[w->nev].end = ev->end;
	w->ev[w->nev].ms = ms(w);
	snprintf(w->ev[w->nev++].text, sizeof(w->ev[0].text), "%s", ev->text);
}

static void on_started(struct vm_start *op, int rc, const struct err *e)
{
	struct world *w = container_of(op, struct world, start);

	w->started++;
	w->start_rc = rc;
	w->start_ms = ms(w);
	snprintf(w->start_text, sizeof(w->start_text), "%s", rc < 0 ? e->text : "");
}

static void on_stopped(struct vm_stop *op, int rc, const struct err *e)
{
	container_of(op, struct world, stop)->stopped++;
}

static void on_destroyed(void *arg)
{
	((struct world *)arg)->destroyed++;
}

static void write_file(struct world *w, const char *name, const void *p, size_t n)
{
	int fd = open(file(w, name), O_CREAT | O_WRONLY | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(file_write_full(fd, p, n), 0);
	close(fd);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	uint8_t kernel[0x300] = { 0 };

	strcpy(w->dir, "/tmp/t-life.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	chmod(w->dir, 0755);
	memcpy(kernel + 0x202, "HdrS", 4);
	write_file(w, "vmlinux", kernel, sizeof(kernel));
	write_file(w, "initramfs", "x", 1);
	write_file(w, "kvm", "", 0);
	write_file(w, "log", "", 0);
	mkdir(file(w, "run"), 0755);
	setenv("BERTH_ACCEL_DIR", w->dir, 1);
	setenv("BERTH_KVM_DEVICE", file(w, "kvm"), 1);
	unsetenv("BERTH_ACCEL");
	uv_loop_init(&w->loop);
	*state = w;
	return 0;
}

static void destroy(struct world *w)
{
	if (!w->vm)
		return;
	vm_destroy(w->vm, on_destroyed, w);
	w->vm = NULL;
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(w->destroyed, 1);
}

static int teardown(void **state)
{
	struct world *w = *state;

	destroy(w);
	loop_finish(&w->loop);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	file_remove_tree(AT_FDCWD, w->dir, NULL);
	free(w);
	return 0;
}

static void begin(struct world *w, const char *plan, enum vm_accel accel)
{
	char kernel[128], initramfs[128], run[128], qemu[256];
	struct vm_config cfg = { .name = "c1", .cpus = 1, .memory = 128u << 20, .accel = accel, .tcg_ready_ms = 4000 };
	struct vm_disk log = { open(file(w, "log"), O_RDWR | O_APPEND | O_CLOEXEC), "log", false };
	struct err e = { 0 };

	cfg.disks = &log;
	cfg.ndisks = 1;
	snprintf(kernel, sizeof(kernel), "%s/vmlinux", w->dir);
	snprintf(initramfs, sizeof(initramfs), "%s/initramfs", w->dir);
	snprintf(run, sizeof(run), "%s/run", w->dir);
	snprintf(qemu, sizeof(qemu), "%s/tests/vm/fake-qemu", getenv("abs_top_builddir"));
	cfg.kernel = kernel;
	cfg.initramfs = initramfs;
	cfg.run_dir = run;
	cfg.qemu = qemu;
	setenv("FAKE_PLAN", plan, 1);
	if (vm_create(&w->loop, &cfg, on_event, w, &w->vm, &e) < 0)
		fail_msg("%s", e.text);
	close(log.fd);
	w->began = clock_mono_ns();
	if (vm_start(&w->start, w->vm, on_started, &e) < 0)
		fail_msg("%s", e.text);
}

static void on_patience(uv_timer_t *t)
{
	((struct world *)t->data)->timed_out = true;
}

/* Runs the loop until *what is at least n, 10 s at most. */
static void wait_for(struct world *w, const void *what, int n)
{
	const volatile int *count = what;
	uv_timer_t timer;

	uv_timer_init(&w->loop, &timer);
	timer.data = w;
	w->timed_out = false;
	uv_timer_start(&timer, on_patience, 10000, 0);
	while (*count < n && !w->timed_out)
		uv_run(&w->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	for (int i = 0; i < 5; i++)
		uv_run(&w->loop, UV_RUN_NOWAIT);
	if (*count < n)
		fail_msg("waited 10 s: started %d (%s), events %u, stopped %d", w->started, w->start_text, w->nev,
			 w->stopped);
}

static char *slurp(struct world *w, const char *name)
{
	char *text = NULL;

	if (file_load(AT_FDCWD, file(w, name), 1 << 20, &text, NULL, NULL) < 0)
		return strdup("");
	return text;
}

static void expect_log(struct world *w, const char *says)
{
	char *log = slurp(w, "log");

	if (!strstr(log, says))
		fail_msg("no '%s' in the log:\n%s", says, log);
	free(log);
}

static void expect_verdict(struct world *w, const char *works, const char *more)
{
	char *text = slurp(w, "accel.json");

	if (!strstr(text, works) || (more && !strstr(text, more)))
		fail_msg("verdict: %s", text);
	free(text);
}

static void expect_event(struct world *w, unsigned i, enum vm_event_kind kind, const char *says)
{
	assert_true(i < w->nev);
	assert_int_equal(w->ev[i].kind, kind);
	if (!strstr(w->ev[i].text, says))
		fail_msg("event %u: '%s', not '%s'", i, w->ev[i].text, says);
}

/* ---- KVM on trial */

static void test_kvm_ready_in_time(void **state)
{
	struct world *w = *state;

	/* 2 s are the limit; a busy machine takes some of them until the guest begins */
	begin(w, "kvm=ready@1000,tcg=exit@0:1", VM_ACCEL_AUTO);
	wait_for(w, &w->started, 1);
	assert_int_equal(w->start_rc, 0);
	assert_true(w->start_ms >= 1000 && w->start_ms < 2600);
	assert_true(vm_boot(w->vm)->kvm);
	assert_int_equal(vm_boot(w->vm)->tried_kvm_ns, 0);
	assert_true(vm_boot(w->vm)->begin <= vm_boot(w->vm)->qemu && vm_boot(w->vm)->qemu <= vm_boot(w->vm)->kernel);
	assert_true(vm_boot(w->vm)->kernel <= vm_boot(w->vm)->agent);
	assert_int_equal(w->nev, 0);
	expect_verdict(w, "\"works\":true", NULL);
}

static void test_kvm_ready_too_late(void **state)
{
	struct world *w = *state;

	begin(w, "kvm=ready@2100,tcg=ready@100", VM_ACCEL_AUTO);
	wait_for(w, &w->started, 1);
	assert_int_equal(w->start_rc, 0);
	assert_false(vm_boot(w->vm)->kvm);
	assert_int_equal(w->nev, 1);
	expect_event(w, 0, VM_EVENT_ACCEL, "KVM does not work here (the guest was not ready within 2.0 s): using TCG");
	assert_true(w->ev[0].ms >= 1990 && w->ev[0].ms < 2500);
	assert_true(w->start_ms >= 2090 && w->start_ms < 3500);
	assert_true(vm_boot(w->vm)->tried_kvm_ns >= 1990000000);
	expect_verdict(w, "\"works\":false,\"timeouts\":1", "until_s");
	expect_log(w, "start kvm\n");
	expect_log(w, "start tcg\n");
}

static void test_kvm_silent(void **state)
{
	struct world *w = *state;

	begin(w, "kvm=mute,tcg=ready@0", VM_ACCEL_AUTO);
	wait_for(w, &w->started, 1);
	assert_int_equal(w->start_rc, 0);
	assert_true(w->start_ms >= 1990 && w->start_ms < 3000);
	expect_event(w, 0, VM_EVENT_ACCEL, "not ready within 2.0 s");
	/* Remembered: the next machine does not try. */
	destroy(w);
	w->started = w->destroyed = 0;
	w->nev = 0;
	begin(w, "kvm=mute,tcg=ready@0", VM_ACCEL_AUTO);
	wait_for(w, &w->started, 1);
	assert_int_equal(w->nev, 0);
	assert_true(w->start_ms < 1000);
}

static void test_kvm_internal_error(void **state)
{
	struct world *w = *state;

	begin(w, "kvm=stop@50:internal-error,tcg=ready@0", VM_ACCEL_AUTO);
	wait_for(w, &w->started, 1);
	assert_int_equal(w->start_rc, 0);
	assert_true(w->start_ms < 1500); /* at once, not after the 2 s */
	expect_event(w, 0, VM_EVENT_ACCEL, "it stopped with an internal error");
	expect_verdict(w, "\"works\":false,\"timeouts\":0}", NULL); /* no end: until the host boots */
}

static void test_kvm_aborts(void **state)
{
	struct world *w = *state;

	begin(w, "kvm=abort@20,tcg=ready@0", VM_ACCEL_AUTO);
	wait_for(w, &w->started, 1);
	assert_int_equal(w->start_rc, 0);
	expect_event(w, 0, VM_EVENT_ACCEL, "killed by signal 6");
	expect_verdict(w, "\"works\":false,\"timeouts\":0}", NULL);
}

/* What fails with both is no verdict on KVM. */
static void test_both_exit(void **state)
{
	struct world *w = *state;
	char *text;

	begin(w, "kvm=exit@20:1,tcg=exit@20:1", VM_ACCEL_AUTO);
	wait_for(w, &w->started, 1);
	assert_int_equal(w->start_rc, -EIO);
	assert_non_null(strstr(w->start_text, "QEMU ended with exit code 1"));
	text = slurp(w, "accel.json");
	assert_null(strstr(text, "\"works\":false"));
	free(text);
}

static void test_kvm_forced(void **state)
{
	struct world *w = *state;

	begin(w, "kvm=stop@20:internal-error,tcg=ready@0", VM_ACCEL_KVM);
	wait_for(w, &w->started, 1);
	assert_int_equal(w->start_rc, -EIO);
	assert_non_null(strstr(w->start_text, "internal error"));
	assert_int_equal(w->nev, 0);
}

/* ---- boots that fail */

static void test_boot_timeout(void **state)
{
	struct world *w = *state;

	begin(w, "tcg=say@10:VFS: cannot mount\x1b[31m root", VM_ACCEL_TCG);
	wait_for(w, &w->started, 1);
	assert_int_equal(w->start_rc, -ETIMEDOUT);
	assert_true(w->start_ms >= 3990 && w->start_ms < 5000);
	assert_non_null(strstr(w->start_text, "the guest was not ready within 4 s"));
	assert_non_null(strstr(w->start_text, "its console said last: VFS: cannot mount^[[31m root"));
}

static void test_boot_panic(void **state)
{
	struct world *w = *state;

	begin(w, "tcg=say@10:Kernel panic+exit@30:0", VM_ACCEL_TCG);
	wait_for(w, &w->started, 1);
	assert_int_equal(w->start_rc, -EIO);
	assert_true(w->start_ms < 1500);
	assert_non_null(strstr(w->start_text, "the guest crashed; its console said last: Kernel panic"));
	assert_int_equal(w->nev, 0);
}

static void test_cancel(void **state)
{
	struct world *w = *state;

	begin(w, "tcg=ready@3000", VM_ACCEL_TCG);
	uv_run(&w->loop, UV_RUN_ONCE);
	vm_start_cancel(&w->start);
	vm_start_cancel(&w->start);
	assert_int_equal(w->started, 0);
	wait_for(w, &w->started, 1);
	assert_int_equal(w->start_rc, -ECANCELED);
	assert_true(w->start_ms < 1500);
}

/* ---- the running machine */

static const struct {
	const char *plan;
	enum vm_end end;
	const char *says;
} ends[] = {
	{ "tcg=ready@0+exit@100:11", VM_END_CLEAN, "the VM ended" },
	{ "tcg=ready@0+say@50:Oops: 0002+exit@100:0", VM_END_CRASH, "the guest crashed; its console said last: Oops: 0002" },
	{ "tcg=ready@0+exit@100:0", VM_END_CRASH, "its console said nothing" },
	{ "tcg=ready@0+abort@100", VM_END_QEMU, "QEMU was killed by signal 6" },
	{ "tcg=ready@0+exit@100:1", VM_END_QEMU, "exit code 1" },
	{ "tcg=ready@0+stop@100:internal-error", VM_END_CRASH, "internal error" },
};

static void test_ends(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		w->nev = 0;
		w->started = w->destroyed = w->stopped = 0;
		begin(w, ends[i].plan, VM_ACCEL_TCG);
		wait_for(w, &w->nev, 1);
		assert_int_equal(w->started, 1);
		assert_int_equal(w->start_rc, 0);
		expect_event(w, 0, VM_EVENT_EXITED, ends[i].says);
		assert_int_equal(w->ev[0].end, ends[i].end);
		/* Stopping what has ended is no error, and says nothing again. */
		assert_int_equal(vm_stop(&w->stop, w->vm, 1000, on_stopped, NULL), 0);
		assert_int_equal(w->stopped, 0);
		wait_for(w, &w->stopped, 1);
		assert_int_equal(w->nev, 1);
		destroy(w);
	}
}

static void test_io_error(void **state)
{
	struct world *w = *state;

	begin(w, "tcg=ready@0+stop@100:io-error", VM_ACCEL_TCG);
	wait_for(w, &w->nev, 2);
	expect_event(w, 0, VM_EVENT_PAUSED, "disk is full");
	expect_event(w, 1, VM_EVENT_RESUMED, "goes on");
	assert_true(w->ev[1].ms - w->ev[0].ms >= 1000);
	expect_log(w, "command cont\n");
	/* It runs on, and can be ended. */
	assert_int_equal(vm_stop(&w->stop, w->vm, 2000, on_stopped, NULL), 0);
	wait_for(w, &w->stopped, 1);
	expect_event(w, 2, VM_EVENT_EXITED, "stopped");
	assert_int_equal(w->ev[2].end, VM_END_STOPPED);
	expect_log(w, "command quit\n");
}

static void test_pause(void **state)
{
	struct world *w = *state;

	begin(w, "tcg=ready@200", VM_ACCEL_TCG);
	assert_int_equal(vm_pause(w->vm, NULL), -ENOTCONN);
	wait_for(w, &w->started, 1);
	assert_int_equal(vm_pause(w->vm, NULL), 0);
	assert_int_equal(vm_resume(w->vm, NULL), 0);
	assert_int_equal(vm_stop(&w->stop, w->vm, 2000, on_stopped, NULL), 0);
	wait_for(w, &w->stopped, 1);
	expect_log(w, "command stop\ncommand cont\ncommand quit\n");
}

/* No QMP, so no quit: SIGKILL at once. */
static void test_stop_while_booting(void **state)
{
	struct world *w = *state;

	begin(w, "tcg=mute", VM_ACCEL_TCG);
	assert_int_equal(vm_stop(&w->stop, w->vm, 5000, on_stopped, NULL), 0);
	wait_for(w, &w->stopped, 1);
	assert_int_equal(w->started, 1);
	assert_int_equal(w->start_rc, -ECANCELED);
	assert_true(w->start_ms < 1500);
}

static void test_destroy_while_booting(void **state)
{
	struct world *w = *state;

	begin(w, "tcg=mute", VM_ACCEL_TCG);
	uv_run(&w->loop, UV_RUN_NOWAIT);
	destroy(w);
	assert_int_equal(w->started, 1);
	assert_int_equal(w->start_rc, -ECANCELED);
}

static void test_bad_input(void **state)
{
	struct world *w = *state;
	struct vm_config cfg = { .name = "c1", .cpus = 1, .memory = 128u << 20, .run_dir = w->dir };
	char dir[128], other[128];
	struct vm *vm;
	struct err e;

	snprintf(dir, sizeof(dir), "%s/vmlinux", w->dir);
	snprintf(other, sizeof(other), "%s/initramfs", w->dir);
	cfg.kernel = dir;
	cfg.initramfs = other;
	cfg.qemu = "no-such-qemu";
	assert_int_equal(vm_create(&w->loop, &cfg, NULL, NULL, &vm, &e), -ENOENT);
	assert_non_null(strstr(e.text, "QEMU is not installed"));
	cfg.qemu = "/bin/true";
	cfg.kernel = other;
	assert_int_equal(vm_create(&w->loop, &cfg, NULL, NULL, &vm, &e), -ENOEXEC);
	assert_non_null(strstr(e.text, "neither an ELF vmlinux nor a bzImage"));
	cfg.run_dir = "/nonexistent";
	assert_int_equal(vm_create(&w->loop, &cfg, NULL, NULL, &vm, &e), -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kvm_ready_in_time), TEST(test_kvm_ready_too_late), TEST(test_kvm_silent),
		TEST(test_kvm_internal_error), TEST(test_kvm_aborts),        TEST(test_both_exit),
		TEST(test_kvm_forced),        TEST(test_boot_timeout),       TEST(test_boot_panic),
		TEST(test_cancel),            TEST(test_ends),               TEST(test_io_error),
		TEST(test_pause),             TEST(test_stop_while_booting), TEST(test_destroy_while_booting),
		TEST(test_bad_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

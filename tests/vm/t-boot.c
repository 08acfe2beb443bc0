/* SPDX-License-Identifier: Apache-2.0 */
/* t-boot.c - real QEMU (TCG), real kernel: streams, shares, disks, ends and confinement. Skipped, with the
 * reason, where there is no QEMU or no kernel. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/loop.h"
#include "base/sock.h"
#include "vm/kernel.h"
#include "vm/qemu.h"
#include "vm/vm.h"

struct world {
	uv_loop_t loop;
	char dir[64], path[160], kernel[256], initramfs[256];
	struct vm *vm;
	struct vm_start start;
	struct vm_stop stop;
	int started, start_rc, stopped, exited;
	enum vm_end end;
	char text[1024];
	/* A client in a thread of its own, with plain blocking calls. */
	pthread_t thread;
	uv_async_t async;
	int done;
	void (*client)(struct world *w);
	char answer[4096];
	int failed;
};

static const char *path(struct world *w, const char *name)
{
	snprintf(w->path, sizeof(w->path), "%s/%s", w->dir, name);
	return w->path;
}

static void put_file(struct world *w, const char *name, const void *p, size_t n)
{
	int fd = open(path(w, name), O_CREAT | O_WRONLY | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(file_write_full(fd, p, n), 0);
	close(fd);
}

static void on_event(struct vm *vm, const struct vm_event *ev, void *arg)
{
	struct world *w = arg;

	snprintf(w->text, sizeof(w->text), "%s", ev->text);
	if (ev->kind != VM_EVENT_EXITED)
		return;
	w->end = ev->end;
	w->exited++;
}

static void on_started(struct vm_start *op, int rc, const struct err *e)
{
	struct world *w = container_of(op, struct world, start);

	w->started++;
	w->start_rc = rc;
	if (rc < 0)
		snprintf(w->text, sizeof(w->text), "%s", e->text);
}

static void on_stopped(struct vm_stop *op, int rc, const struct err *e)
{
	container_of(op, struct world, stop)->stopped++;
}

static void on_async(uv_async_t *a)
{
	((struct world *)a->data)->done++;
}

static void run_until(struct world *w, const int *what)
{
	while (!*what)
		uv_run(&w->loop, UV_RUN_ONCE);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const char *top = getenv("abs_top_builddir");

	strcpy(w->dir, "/tmp/t-boot.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	chmod(w->dir, 0755);
	mkdir(path(w, "run"), 0755);
	mkdir(path(w, "data"), 0755);
	mkdir(path(w, "ro"), 0755);
	put_file(w, "data/in", "from the host\n", 14);
	setenv("BERTH_ACCEL_DIR", w->dir, 1);
	snprintf(w->kernel, sizeof(w->kernel), "%s/kernel/vmlinux", top);
	snprintf(w->initramfs, sizeof(w->initramfs), "%s/tests/vm/guest.cpio", top);
	if (getenv("BERTH_KERNEL"))
		snprintf(w->kernel, sizeof(w->kernel), "%s", getenv("BERTH_KERNEL"));
	uv_loop_init(&w->loop);
	uv_async_init(&w->loop, &w->async, on_async);
	w->async.data = w;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	vm_destroy(w->vm, NULL, NULL);
	uv_close((uv_handle_t *)&w->async, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	loop_finish(&w->loop);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	file_remove_tree(AT_FDCWD, w->dir, NULL);
	free(w);
	return 0;
}

static void boot(struct world *w, struct vm_config *cfg)
{
	char run[128];
	struct err e = { 0 };

	snprintf(run, sizeof(run), "%s/run", w->dir);
	cfg->name = "t-boot";
	cfg->cpus = 1;
	cfg->memory = 256ull << 20;
	cfg->run_dir = run;
	cfg->kernel = w->kernel;
	cfg->initramfs = w->initramfs;
	cfg->accel = VM_ACCEL_TCG;
	if (vm_create(&w->loop, cfg, on_event, w, &w->vm, &e) < 0 || vm_start(&w->start, w->vm, on_started, &e) < 0)
		fail_msg("%s", e.text);
	run_until(w, &w->started);
	if (w->start_rc < 0)
		fail_msg("%s", w->text);
}

static void *client_main(void *arg)
{
	struct world *w = arg;

	w->client(w);
	uv_async_send(&w->async);
	return NULL;
}

static void run_client(struct world *w, void (*fn)(struct world *w))
{
	w->client = fn;
	w->done = 0;
	w->answer[0] = 0;
	assert_int_equal(pthread_create(&w->thread, NULL, client_main, w), 0);
	run_until(w, &w->done);
	pthread_join(w->thread, NULL);
}

/* By the way in, so that is tested too. */
static int dial(struct world *w, unsigned port)
{
	char name[160], line[32];
	size_t n = 0;
	int fd;

	snprintf(name, sizeof(name), "%s/run/vsock.sock", w->dir);
	fd = sock_connect(name, NULL);
	if (fd < 0)
		return -1;
	sock_set_nonblock(fd, 0);
	dprintf(fd, "CONNECT %u\n", port);
	while (n < sizeof(line) - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = 0;
	if (strncmp(line, "OK ", 3) == 0)
		return fd;
	close(fd);
	return -1;
}

static void ask(struct world *w, unsigned port, const char *question)
{
	int fd = dial(w, port);
	ssize_t n = 0;

	if (fd >= 0) {
		dprintf(fd, "%s\n", question);
		n = file_read_full(fd, w->answer, sizeof(w->answer) - 1);
		close(fd);
	}
	w->answer[n > 0 ? n : 0] = 0;
}

/* ---- the tests */

static void echo_client(struct world *w)
{
	static uint8_t out[1 << 20], in[1 << 20];
	int fd = dial(w, 1024);

	w->failed = fd < 0;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 31 + i / 4096);
	if (fd < 0 || file_write_full(fd, out, sizeof(out) / 8) < 0)
		w->failed = 2;
	shutdown(fd, SHUT_WR);
	if (file_read_full(fd, in, sizeof(in)) != sizeof(out) / 8 || memcmp(in, out, sizeof(out) / 8) != 0)
		w->failed = 3;
	close(fd);
	if (dial(w, 9) >= 0) /* nobody is there */
		w->failed = 4;
}

static void host_port_client(struct world *w)
{
	char name[160];
	int l, fd, back;

	snprintf(name, sizeof(name), "%s/run", w->dir);
	back = open(name, O_RDONLY | O_DIRECTORY);
	l = sock_listen_at(back, "vsock.sock_7000", NULL);
	sock_set_nonblock(l, 0);
	fd = dial(w, 1103);
	dprintf(fd, "7000\n");
	close(back);
	back = accept(l, NULL, NULL);
	if (read(back, w->answer, 6) != 6)
		w->failed = 1;
	w->answer[6] = 0;
	close(back);
	close(l);
	close(fd);
	fd = dial(w, 1103);
	dprintf(fd, "7001\n");
	if (read(fd, name, 8) != 8 || memcmp(name, "refused\n", 8) != 0)
		w->failed = 2;
	close(fd);
}

static void test_streams(void **state)
{
	struct world *w = *state;
	struct vm_config cfg = { 0 };

	boot(w, &cfg);
	run_client(w, echo_client);
	assert_int_equal(w->failed, 0);
	run_client(w, host_port_client);
	assert_int_equal(w->failed, 0);
	assert_string_equal(w->answer, "hello\n");
	assert_true(vm_boot(w->vm)->kernel > 0);
	assert_int_equal(vm_stop(&w->stop, w->vm, 3000, on_stopped, NULL), 0);
	run_until(w, &w->stopped);
	assert_int_equal(w->end, VM_END_STOPPED);
}

static void client_virtiofs(struct world *w)
{
	ask(w, 1104, "virtiofs");
}

static void client_9p(struct world *w)
{
	ask(w, 1104, "9p");
}

static void share(struct world *w, enum vm_share_kind kind, void (*client)(struct world *w))
{
	char data[128], ro[128];
	struct vm_bind binds[2] = { { data, false }, { ro, true } };
	struct vm_config cfg = { .binds = binds, .nbinds = 2, .share = kind };
	struct stat st;
	char *text;

	snprintf(data, sizeof(data), "%s/data", w->dir);
	snprintf(ro, sizeof(ro), "%s/ro", w->dir);
	boot(w, &cfg);
	assert_int_equal(vm_boot(w->vm)->share, kind);
	run_client(w, client);
	assert_string_equal(w->answer, "from the host\nreadonly 1\n");
	assert_int_equal(stat(path(w, "data/out"), &st), 0);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(file_load(AT_FDCWD, path(w, "data/out"), 100, &text, NULL, NULL), 0);
	assert_string_equal(text, "from the guest\n");
	free(text);
	/* The binds are in nobody else's view. */
	assert_int_equal(stat(path(w, "run/share/0/in"), &st), -1);
}

static void test_virtiofs(void **state)
{
	enum vm_share_kind kind;

	if (share_choose(VM_SHARE_VIRTIOFS, &kind, NULL) < 0)
		skip();
	share(*state, VM_SHARE_VIRTIOFS, client_virtiofs);
}

static void test_9p(void **state)
{
	share(*state, VM_SHARE_9P, client_9p);
}

static void client_base(struct world *w)
{
	ask(w, 1105, "base");
}

static void client_upper(struct world *w)
{
	ask(w, 1105, "upper");
}

static void test_disks(void **state)
{
	static char sector[1 << 20];
	struct world *w = *state;
	struct vm_disk disks[2];
	struct vm_config cfg = { .disks = disks, .ndisks = 2, .net = { VM_NET_USER, { 2, 0, 0, 0, 0, 1 } } };
	char *text;

	strcpy(sector, "the base\n");
	put_file(w, "base.img", sector, sizeof(sector));
	strcpy(sector, "the upper\n");
	put_file(w, "upper.img", sector, sizeof(sector));
	disks[0] = (struct vm_disk){ open(path(w, "base.img"), O_RDWR | O_CLOEXEC), "base", true };
	disks[1] = (struct vm_disk){ open(path(w, "upper.img"), O_RDWR | O_CLOEXEC), "upper", false };
	boot(w, &cfg);
	close(disks[0].fd);
	close(disks[1].fd);
	run_client(w, client_base);
	assert_string_equal(w->answer, "the base\nro\n");
	run_client(w, client_upper);
	assert_string_equal(w->answer, "the upper\nok\n");
	assert_int_equal(file_load(AT_FDCWD, path(w, "upper.img"), 2 << 20, &text, NULL, NULL), 0);
	assert_int_equal(text[512], 'w');
	assert_int_equal(text[1023], 'w');
	free(text);
}

/* What /proc says of our QEMU. */
static void test_confinement(void **state)
{
	struct world *w = *state;
	struct vm_config cfg = { .net = { VM_NET_USER, { 2, 0, 0, 0, 0, 1 } } };
	char name[64], *text, *limits;

	boot(w, &cfg);
	snprintf(name, sizeof(name), "/proc/%d/status", (int)vm_pid(w->vm));
	assert_int_equal(file_load(AT_FDCWD, name, 1 << 16, &text, NULL, NULL), 0);
	assert_non_null(strstr(text, "NoNewPrivs:\t1"));
	assert_non_null(strstr(text, "Seccomp:\t2"));
	assert_non_null(strstr(text, "CapEff:\t0000000000000000"));
	assert_non_null(strstr(text, "CapPrm:\t0000000000000000"));
	if (geteuid() == 0) {
		assert_non_null(strstr(text, "CapBnd:\t0000000000000000"));
		assert_null(strstr(text, "Uid:\t0"));
		assert_null(strstr(text, "Gid:\t0"));
	}
	free(text);
	snprintf(name, sizeof(name), "/proc/%d/limits", (int)vm_pid(w->vm));
	assert_int_equal(file_load(AT_FDCWD, name, 1 << 16, &limits, NULL, NULL), 0);
	assert_non_null(strstr(limits, "Max core file size        0"));
	free(limits);
}

static void client_clean(struct world *w)
{
	ask(w, 1102, "clean");
}

static void client_panic(struct world *w)
{
	ask(w, 1102, "panic");
}

static void test_ends(void **state)
{
	struct world *w = *state;
	struct vm_config cfg = { 0 };

	boot(w, &cfg);
	run_client(w, client_clean);
	run_until(w, &w->exited);
	assert_int_equal(w->end, VM_END_CLEAN);
}

static void test_panic(void **state)
{
	struct world *w = *state;
	struct vm_config cfg = { 0 };

	boot(w, &cfg);
	run_client(w, client_panic);
	run_until(w, &w->exited);
	assert_int_equal(w->end, VM_END_CRASH);
	assert_non_null(strstr(w->text, "the guest crashed; its console said last: "));
	assert_non_null(strstr(w->text, "init: told to panic"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_streams), TEST(test_virtiofs), TEST(test_9p),   TEST(test_disks),
		TEST(test_confinement), TEST(test_ends), TEST(test_panic),
	};
	const char *kernel = getenv("BERTH_KERNEL");
	char path[512];
	char *qemu;
	struct err e = { 0 };

	if (!getenv("abs_top_builddir"))
		return 77;
	snprintf(path, sizeof(path), "%s/kernel/vmlinux", getenv("abs_top_builddir"));
	if (!kernel)
		kernel = path;
	if (access(kernel, R_OK) < 0) {
		printf("1..0 # SKIP there is no kernel '%s' (make kernel)\n", kernel);
		return 0;
	}
	if (qemu_find(NULL, &qemu, &e) < 0) {
		printf("1..0 # SKIP %s\n", e.text);
		return 0;
	}
	free(qemu);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

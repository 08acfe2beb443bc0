/* SPDX-License-Identifier: Apache-2.0 */
/* vsock.c - how fast bytes go between host and guest: prints the stages of a boot, connects, round trips and
 * throughput both ways. The guest is the tests' own init.
 *
 *   bench/vsock KERNEL INITRAMFS [MB] */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pthread.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/sock.h"
#include "vm/vm.h"

static uv_loop_t loop;
static struct vm *vm;
static char dir[] = "/tmp/bench-vsock.XXXXXX";
static char block[256 << 10];
static unsigned long long megabytes = 500;
static uv_async_t finished;

/* Clients run in a thread of their own, by vsock.sock, with plain blocking calls. */
static int dial(unsigned port)
{
	char line[32];
	struct err err;
	char path[64];
	int fd;
	size_t n;

	snprintf(path, sizeof(path), "%s/vsock.sock", dir);
	fd = sock_connect(path, &err);
	if (fd < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	sock_set_nonblock(fd, 0);
	n = (size_t)snprintf(line, sizeof(line), "CONNECT %u\n", port);
	if (write(fd, line, n) < 0)
		exit(1);
	for (n = 0; n < sizeof(line) - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n'; n++)
		;
	if (strncmp(line, "OK ", 3) != 0) {
		fprintf(stderr, "port %u refused\n", port);
		exit(1);
	}
	return fd;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *what, double *us, int n)
{
	qsort(us, (size_t)n, sizeof(*us), by_value);
	printf("%-22s p50 %8.0f us   p95 %8.0f us\n", what, us[n / 2], us[n * 95 / 100]);
}

static void connects(void)
{
	double us[200];

	for (int i = 0; i < 200; i++) {
		int64_t t = clock_mono_ns();
		int fd = dial(1024);

		us[i] = (double)(clock_mono_ns() - t) / 1e3;
		close(fd);
	}
	report("connect", us, 200);
}

static void round_trips(void)
{
	static double us[2000];
	int fd = dial(1024);
	char c = 'x';

	for (int i = 0; i < 2000; i++) {
		int64_t t = clock_mono_ns();

		if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1)
			exit(1);
		us[i] = (double)(clock_mono_ns() - t) / 1e3;
	}
	report("1-byte round trip", us, 2000);
	close(fd);
}

static void to_guest(void)
{
	unsigned long long left = megabytes << 20;
	int64_t t = clock_mono_ns();
	int fd = dial(1100);
	char answer[32];

	while (left) {
		size_t n = left < sizeof(block) ? left : sizeof(block);

		if (file_write_full(fd, block, n) < 0)
			exit(1);
		left -= n;
	}
	shutdown(fd, SHUT_WR);
	if (file_read_full(fd, answer, sizeof(answer)) <= 0 || strtoull(answer, NULL, 10) != megabytes << 20)
		exit(1);
	printf("%-22s %.0f MB/s\n", "host to guest", (double)(megabytes << 20) * 1e3 / (double)(clock_mono_ns() - t));
	close(fd);
}

static void to_host(void)
{
	unsigned long long got = 0;
	int64_t t = clock_mono_ns();
	int fd = dial(1101);
	ssize_t n;

	dprintf(fd, "%llu\n", megabytes << 20);
	while ((n = read(fd, block, sizeof(block))) > 0)
		got += (unsigned long long)n;
	if (got != megabytes << 20)
		exit(1);
	printf("%-22s %.0f MB/s\n", "guest to host", (double)got * 1e3 / (double)(clock_mono_ns() - t));
	close(fd);
}

static void *client(void *arg)
{
	connects();
	round_trips();
	to_guest();
	to_host();
	uv_async_send(&finished);
	return NULL;
}

static void on_stopped(struct vm_stop *op, int rc, const struct err *e)
{
	vm_destroy(vm, NULL, NULL);
	uv_close((uv_handle_t *)&finished, NULL);
	loop_finish(&loop);
}

static void on_finished(uv_async_t *a)
{
	static struct vm_stop op;

	vm_stop(&op, vm, 1000, on_stopped, NULL);
}

static void on_started(struct vm_start *op, int rc, const struct err *e)
{
	const struct vm_boot *b = vm_boot(vm);
	pthread_t thread;

	if (rc < 0) {
		fprintf(stderr, "bench: %s\n", e->text);
		exit(1);
	}
	printf("%-22s %s: QEMU %.0f ms, kernel %.0f ms, agent %.0f ms\n", "boot", b->kvm ? "kvm" : "tcg",
	       (double)(b->qemu - b->begin) / 1e6, (double)(b->kernel - b->begin) / 1e6,
	       (double)(b->agent - b->begin) / 1e6);
	pthread_create(&thread, NULL, client, NULL);
	pthread_detach(thread);
}

static void on_event(struct vm *v, const struct vm_event *ev, void *arg)
{
	fprintf(stderr, "bench: %s\n", ev->text);
}

int main(int argc, char **argv)
{
	struct vm_config cfg = { .name = "bench", .cpus = 1, .memory = 512ull << 20, .run_dir = dir };
	struct vm_start op;
	struct err err;

	if (argc < 3 || !mkdtemp(dir)) {
		fprintf(stderr, "usage: vsock KERNEL INITRAMFS [MB]\n");
		return 2;
	}
	cfg.kernel = argv[1];
	cfg.initramfs = argv[2];
	if (argc > 3)
		megabytes = strtoull(argv[3], NULL, 10);
	setvbuf(stdout, NULL, _IOLBF, 0);
	uv_loop_init(&loop);
	uv_async_init(&loop, &finished, on_finished);
	if (vm_create(&loop, &cfg, on_event, NULL, &vm, &err) < 0 || vm_start(&op, vm, on_started, &err) < 0) {
		fprintf(stderr, "bench: %s\n", err.text);
		return 1;
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	file_remove_tree(AT_FDCWD, dir, NULL);
	return 0;
}

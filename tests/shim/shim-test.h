/* SPDX-License-Identifier: Apache-2.0 */
/* shim-test.h - what the tests of the shim's parts share: a loop, a folder, a client of io.sock. */
#ifndef BERTH_TESTS_SHIM_SHIM_TEST_H
#define BERTH_TESTS_SHIM_SHIM_TEST_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/sock.h"
#include "shim/iosock.h"

struct bench {
	uv_loop_t loop;
	char path[64];
	int dir;
};

static inline void bench_begin(struct bench *b)
{
	snprintf(b->path, sizeof(b->path), "/tmp/berth-shim-XXXXXX");
	assert_non_null(mkdtemp(b->path));
	b->dir = open(b->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(b->dir >= 0);
	uv_loop_init(&b->loop);
}

static inline void bench_end(struct bench *b)
{
	loop_finish(&b->loop);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&b->loop), 0);
	close(b->dir);
	file_remove_tree(AT_FDCWD, b->path, NULL);
}

/* Runs the loop until what is due at once is done. */
static inline void bench_turn(struct bench *b)
{
	for (int i = 0; i < 16; i++)
		uv_run(&b->loop, UV_RUN_NOWAIT);
}

/* Reads from fd, with the loop running, until there are n bytes or the end; 10 s at most. How many. */
static inline size_t bench_read(struct bench *b, int fd, void *p, size_t n)
{
	int64_t until = clock_mono_ns() + 10000000000ll;
	size_t got = 0;

	while (got < n && clock_mono_ns() < until) {
		ssize_t r = recv(fd, (char *)p + got, n - got, MSG_DONTWAIT);

		if (r == 0)
			break;
		if (r > 0)
			got += (size_t)r;
		else
			uv_run(&b->loop, UV_RUN_NOWAIT);
	}
	return got;
}

/* true: the other side has closed. */
static inline bool bench_closed(struct bench *b, int fd)
{
	char c;

	return bench_read(b, fd, &c, 1) == 0 && recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

static inline int bench_connect(struct bench *b, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", b->path, name);
	fd = sock_connect(path, NULL);
	assert_true(fd >= 0);
	return fd;
}

/* A client that comes with this token. */
static inline int bench_come(struct bench *b, const char *token)
{
	int fd = bench_connect(b, "io.sock");

	assert_int_equal(dprintf(fd, "IO %s\n", token), 4 + IOSOCK_TOKEN_LEN);
	bench_turn(b);
	return fd;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-vhost.c - vhost-user messages: the parser on raw bytes, and a session on those it takes, with
 * descriptors that are memory, eventfds, or nothing of the kind. */
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/sock.h"
#include "vm/vhost.h"

#define RAM (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct vhost *the_session;

static void on_signal(void *arg, unsigned queue)
{
	vhost_signal(the_session, queue);
}

static void on_broken(void *arg, const char *why)
{
}

static void on_up(void *arg)
{
}

static void on_gone(void *arg, const char *why)
{
}

static const struct vsock_ops device_ops = { .signal = on_signal, .broken = on_broken };
static const struct vhost_ops session_ops = { .driver_up = on_up, .gone = on_gone };

static int descriptor(uint8_t kind)
{
	int fd;

	if (kind % 4 == 0)
		return eventfd(0, EFD_CLOEXEC);
	if (kind % 4 == 1)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	fd = memfd_create("ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, RAM) < 0)
		abort();
	if (kind % 4 == 2)
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
	return fd;
}

/* The input: { u8 descriptors, u8 kind, header, payload } again and again. */
static void session(const uint8_t *p, size_t n)
{
	uv_loop_t loop = { 0 };
	struct vsock *dev;
	struct vhost_reply reply;
	struct vhost_msg m;
	int pair[2];

	uv_loop_init(&loop);
	if (sock_pair(pair) < 0 || vsock_create(&loop, 3, &device_ops, NULL, &dev, NULL) < 0 ||
	    vhost_create(&loop, pair[0], dev, 3, &session_ops, NULL, &the_session, NULL) < 0)
		abort();
	while (n >= 2 + VHOST_HDR_LEN) {
		unsigned nfds = p[0] % (VHOST_FDS_MAX + 1);
		int fds[VHOST_FDS_MAX];
		uint8_t kind = p[1];
		uint32_t size;

		p += 2;
		n -= 2;
		if (vhost_msg_header(p, &size, NULL) < 0 || n < VHOST_HDR_LEN + (size_t)size)
			break;
		if (vhost_msg_parse(p, VHOST_HDR_LEN + (size_t)size, &m, NULL) == 0) {
			for (unsigned i = 0; i < nfds; i++)
				fds[i] = descriptor((uint8_t)(kind + (i & 1)));
			vhost_handle(the_session, &m, fds, nfds, &reply, NULL);
			assert(reply.len <= sizeof(reply.p));
		}
		p += VHOST_HDR_LEN + size;
		n -= VHOST_HDR_LEN + (size_t)size;
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	vhost_destroy(the_session);
	vsock_destroy(dev);
	the_session = NULL;
	uv_run(&loop, UV_RUN_DEFAULT);
	loop_finish(&loop);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert(uv_loop_close(&loop) == 0);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vhost_msg m;

	log_set_level(LOG_LEVEL_ERROR);
	if (vhost_msg_parse(p, n, &m, NULL) == 0)
		assert(m.nregions <= VHOST_REGIONS_MAX && m.config.size <= VHOST_CONFIG_MAX);
	session(p, n > 16384 ? 16384 : n);
	return 0;
}

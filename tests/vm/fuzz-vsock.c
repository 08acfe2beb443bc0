/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-vsock.c - the vsock device under a guest that does whatever the input says, to its rings, its memory
 * and its packets, while a host dials, writes, reads and closes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "driver.h"

#define FDS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct world {
	uv_loop_t loop;
	struct vsock *v;
	struct driver d;
	struct transport_listener l;
	struct transport_dial dial;
	bool dialing;
	int fd[FDS_MAX];
	unsigned nfds;
};

static struct world *the_world;

static void keep(int fd)
{
	struct world *w = the_world;

	if (fd < 0)
		return;
	if (w->nfds == FDS_MAX)
		close(fd);
	else
		w->fd[w->nfds++] = fd;
}

static void on_signal(void *arg, unsigned queue)
{
}

static void on_broken(void *arg, const char *why)
{
}

static void on_accepted(struct transport_listener *l, int fd)
{
	keep(fd);
}

static void on_dialed(struct transport_dial *op, int rc, int fd, const struct err *e)
{
	the_world->dialing = false;
	keep(fd);
}

static const struct vsock_ops ops = { .signal = on_signal, .broken = on_broken };

static void rings(struct world *w, bool event_idx)
{
	driver_init(&w->d, event_idx);
	driver_post(&w->d, 16);
	vsock_set_queue(w->v, VSOCK_QUEUE_RX, &w->d.q[VSOCK_QUEUE_RX]);
	vsock_set_queue(w->v, VSOCK_QUEUE_TX, &w->d.q[VSOCK_QUEUE_TX]);
}

struct input {
	const uint8_t *p;
	size_t n;
};

static uint64_t take(struct input *in, size_t bytes)
{
	uint64_t v = 0;

	bytes = in->n < bytes ? in->n : bytes;
	memcpy(&v, in->p, bytes);
	in->p += bytes;
	in->n -= bytes;
	return v;
}

/* A well-formed packet of the input's numbers: deeper than raw bytes come. */
static void packet(struct world *w, struct input *in)
{
	static const uint8_t data[VSOCK_DATA_MAX];
	struct vsock_packet k = { .op = (uint16_t)take(in, 1), .gport = (uint32_t)take(in, 1) };

	k.hport = take(in, 1) & 1 ? 0x80000000u + (uint32_t)take(in, 1) : 1023;
	k.flags = (uint32_t)take(in, 1);
	k.fwd_cnt = (uint32_t)take(in, 2);
	k.buf_alloc = (uint32_t)take(in, 3);
	k.len = (uint32_t)take(in, 2);
	if (w->d.heap > DRIVER_MEM - (1u << 20))
		w->d.heap = 2u << 20;
	driver_send(&w->d, &k, data, k.len, take(in, 1) % VSOCK_HDR_LEN);
}

static void step(struct world *w, struct input *in)
{
	uint8_t what = (uint8_t)take(in, 1), i = (uint8_t)take(in, 1);
	static uint8_t block[16 << 10];
	struct vsock_stats st;

	switch (what % 12) {
	case 0:
	case 1:
		packet(w, in);
		break;
	case 2:
		vsock_kicked(w->v);
		break;
	case 3: {
		uint64_t gpa = DRIVER_GPA + take(in, 3);

		driver_desc(&w->d, i & 1, take(in, 1) % DRIVER_ENTRIES, take(in, 1) & 1 ? gpa : take(in, 8),
			    (uint32_t)take(in, 4), (uint16_t)take(in, 1), (uint16_t)take(in, 1));
		break;
	}
	case 4:
		driver_avail(&w->d, i & 1, (uint16_t)take(in, 2));
		break;
	case 5:
		driver_set_avail_idx(&w->d, i & 1, (uint16_t)take(in, 2));
		break;
	case 6: {
		size_t at = take(in, 3) % (DRIVER_MEM - 256);

		memset(w->d.mem + at, (int)take(in, 1), i);
		break;
	}
	case 7:
		if (!w->dialing)
			w->dialing = transport_dial(&w->dial, vsock_transport(w->v), i, i % TRANSPORT_NKINDS, on_dialed,
						    NULL) == 0;
		else if (i & 1)
			transport_dial_cancel(&w->dial);
		break;
	case 8:
		if (w->nfds && send(w->fd[i % w->nfds], block, sizeof(block), MSG_NOSIGNAL) < 0)
			shutdown(w->fd[i % w->nfds], i & 1 ? SHUT_WR : SHUT_RD);
		break;
	case 9:
		if (w->nfds && read(w->fd[i % w->nfds], block, sizeof(block)) == 0) {
			unsigned at = i % w->nfds--;

			close(w->fd[at]);
			w->fd[at] = w->fd[w->nfds];
		}
		break;
	case 10:
		for (int k2 = 0; k2 < 4; k2++)
			uv_run(&w->loop, UV_RUN_NOWAIT);
		break;
	case 11:
		if (i == 7) {
			vsock_guest_gone(w->v);
			driver_finish(&w->d);
			rings(w, take(in, 1) & 1);
		}
		break;
	}
	vsock_stats(w->v, &st);
	assert(st.kept <= st.granted && st.granted <= VSOCK_BUFFER_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct world w = { 0 };
	struct input in = { p, n > 8192 ? 8192 : n };

	the_world = &w;
	log_set_level(LOG_LEVEL_ERROR);
	uv_loop_init(&w.loop);
	if (vsock_create(&w.loop, DRIVER_CID, &ops, &w, &w.v, NULL) < 0)
		return 0;
	transport_listen(&w.l, vsock_transport(w.v), 1023, on_accepted, NULL);
	rings(&w, take(&in, 1) & 1);
	while (in.n)
		step(&w, &in);
	vsock_kicked(w.v);
	for (int i = 0; i < 4; i++)
		uv_run(&w.loop, UV_RUN_NOWAIT);
	vsock_guest_gone(w.v);
	vsock_destroy(w.v);
	uv_run(&w.loop, UV_RUN_DEFAULT);
	loop_finish(&w.loop);
	uv_run(&w.loop, UV_RUN_DEFAULT);
	assert(uv_loop_close(&w.loop) == 0);
	assert(!w.dialing);
	while (w.nfds)
		close(w.fd[--w.nfds]);
	driver_finish(&w.d);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* t-vsock.c - the vsock device against a guest's driver in this process, honest and hostile. */
#include <errno.h>
#include <poll.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/sock.h"
#include "driver.h"

#define WINDOW (256u << 10)

struct world {
	uv_loop_t loop;
	struct vsock *v;
	struct driver d;
	struct transport_listener l;
	int accepted[1024];
	unsigned naccepted;
	const char *broken;
	int dial_rc, dial_fd, dials;
	int open_fd; /* what the fallback gives out, once */
};

static void on_signal(void *arg, unsigned queue)
{
	struct world *w = arg;

	w->d.signals[queue]++;
}

static void on_broken(void *arg, const char *why)
{
	struct world *w = arg;

	assert_null(w->broken);
	w->broken = why;
}

static int on_open(void *arg, uint32_t port)
{
	struct world *w = arg;
	int fd = w->open_fd;

	w->open_fd = -1;
	return port == 77 && fd >= 0 ? fd : -ECONNREFUSED;
}

static const struct vsock_ops ops = { .signal = on_signal, .broken = on_broken, .open = on_open };

static void on_accepted(struct transport_listener *l, int fd)
{
	struct world *w = container_of(l, struct world, l);

	w->accepted[w->naccepted++] = fd;
}

static void on_dialed(struct transport_dial *op, int rc, int fd, const struct err *e);
static struct world *the_world;

static void on_dialed(struct transport_dial *op, int rc, int fd, const struct err *e)
{
	the_world->dial_rc = rc;
	the_world->dial_fd = fd;
	the_world->dials++;
}

/* Lets all that is due happen. */
static void turn(struct world *w)
{
	vsock_kicked(w->v);
	for (int i = 0; i < 20; i++)
		uv_run(&w->loop, UV_RUN_NOWAIT);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	the_world = w;
	w->open_fd = w->dial_fd = -1;
	uv_loop_init(&w->loop);
	assert_int_equal(vsock_create(&w->loop, DRIVER_CID, &ops, w, &w->v, NULL), 0);
	driver_init(&w->d, true);
	driver_post(&w->d, 32);
	vsock_set_queue(w->v, VSOCK_QUEUE_RX, &w->d.q[VSOCK_QUEUE_RX]);
	vsock_set_queue(w->v, VSOCK_QUEUE_TX, &w->d.q[VSOCK_QUEUE_TX]);
	assert_int_equal(transport_listen(&w->l, vsock_transport(w->v), 1023, on_accepted, NULL), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	struct vsock_stats st;

	for (unsigned i = 0; i < w->naccepted; i++)
		if (w->accepted[i] >= 0)
			close(w->accepted[i]);
	if (w->dial_fd >= 0)
		close(w->dial_fd);
	vsock_stats(w->v, &st);
	assert_true(st.kept <= st.granted && st.granted <= VSOCK_BUFFER_MAX);
	vsock_destroy(w->v);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	loop_finish(&w->loop);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	driver_finish(&w->d);
	free(w);
	return 0;
}

static void send_op(struct world *w, uint16_t op, uint32_t hport, uint32_t gport, uint32_t flags, const void *data,
		    size_t n)
{
	struct vsock_packet k = { .op = op, .hport = hport, .gport = gport, .flags = flags, .len = (uint32_t)n };

	driver_send(&w->d, &k, data, n, 0);
	turn(w);
}

static void expect(struct world *w, uint16_t op, uint32_t hport, uint32_t gport, struct driver_packet *p)
{
	if (!driver_recv(&w->d, p))
		fail_msg("no packet, operation %u expected", op);
	assert_int_equal(p->k.op, op);
	assert_int_equal(p->k.hport, hport);
	assert_int_equal(p->k.gport, gport);
}

static void expect_nothing(struct world *w)
{
	struct driver_packet p;

	turn(w);
	assert_false(driver_recv(&w->d, &p));
}

static unsigned streams(struct world *w)
{
	struct vsock_stats st;

	vsock_stats(w->v, &st);
	return st.streams;
}

static int open_by_guest(struct world *w, uint32_t gport)
{
	struct driver_packet p;
	unsigned n = w->naccepted;

	send_op(w, VSOCK_OP_REQUEST, 1023, gport, 0, NULL, 0);
	expect(w, VSOCK_OP_RESPONSE, 1023, gport, &p);
	assert_int_equal(p.k.buf_alloc, WINDOW);
	assert_int_equal(w->naccepted, n + 1);
	return w->accepted[n];
}

/* ---- the honest guest */

static void test_guest_opens(void **state)
{
	struct world *w = *state;
	struct driver_packet p;
	char text[16];
	int fd = open_by_guest(w, 5000);

	send_op(w, VSOCK_OP_RW, 1023, 5000, 0, "ping", 4);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_memory_equal(text, "ping", 4);
	assert_int_equal(write(fd, "pong", 4), 4);
	turn(w);
	expect(w, VSOCK_OP_RW, 1023, 5000, &p);
	assert_int_equal(p.k.len, 4);
	assert_memory_equal(p.data, "pong", 4);
	assert_int_equal(p.k.fwd_cnt, 4);
	assert_true(w->d.signals[VSOCK_QUEUE_RX] > 0);
	expect_nothing(w);
}

static void test_header_in_pieces(void **state)
{
	struct world *w = *state;

	for (size_t split = 1; split < VSOCK_HDR_LEN; split += 7) {
		struct vsock_packet k = { .op = VSOCK_OP_REQUEST, .hport = 1023, .gport = 100 + (uint32_t)split };
		struct driver_packet p;

		driver_send(&w->d, &k, NULL, 0, split);
		turn(w);
		expect(w, VSOCK_OP_RESPONSE, 1023, k.gport, &p);
	}
}

static void test_half_close(void **state)
{
	struct world *w = *state;
	struct driver_packet p;
	char text[16];
	int fd = open_by_guest(w, 5000);

	/* The guest sends no more: end of file here, and the other way stays open. */
	send_op(w, VSOCK_OP_RW, 1023, 5000, 0, "last", 4);
	send_op(w, VSOCK_OP_SHUTDOWN, 1023, 5000, VSOCK_SHUT_SEND, NULL, 0);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_int_equal(read(fd, text, sizeof(text)), 0);
	assert_int_equal(write(fd, "still", 5), 5);
	turn(w);
	expect(w, VSOCK_OP_RW, 1023, 5000, &p);
	/* Then the host as well: shutdown, and a reset ends it. */
	shutdown(fd, SHUT_WR);
	turn(w);
	expect(w, VSOCK_OP_SHUTDOWN, 1023, 5000, &p);
	assert_true(p.k.flags & VSOCK_SHUT_SEND);
	expect(w, VSOCK_OP_RST, 1023, 5000, &p);
	turn(w);
	assert_int_equal(streams(w), 0);
}

static void test_host_closes(void **state)
{
	struct world *w = *state;
	struct driver_packet p;
	int fd = open_by_guest(w, 5000);

	assert_int_equal(write(fd, "bye", 3), 3);
	close(fd);
	w->accepted[0] = -1;
	turn(w);
	expect(w, VSOCK_OP_RW, 1023, 5000, &p);
	assert_int_equal(p.k.len, 3);
	expect(w, VSOCK_OP_SHUTDOWN, 1023, 5000, &p);
	assert_int_equal(p.k.flags, VSOCK_SHUT_BOTH);
	expect(w, VSOCK_OP_RST, 1023, 5000, &p);
	turn(w);
	assert_int_equal(streams(w), 0);
	/* What the guest sends to it now meets a reset. */
	send_op(w, VSOCK_OP_RW, 1023, 5000, 0, "x", 1);
	expect(w, VSOCK_OP_RST, 1023, 5000, &p);
}

static void test_guest_closes(void **state)
{
	struct world *w = *state;
	struct driver_packet p;
	char text[16];
	int fd = open_by_guest(w, 5000);

	send_op(w, VSOCK_OP_RW, 1023, 5000, 0, "bye", 3);
	send_op(w, VSOCK_OP_SHUTDOWN, 1023, 5000, VSOCK_SHUT_BOTH, NULL, 0);
	expect(w, VSOCK_OP_RST, 1023, 5000, &p);
	assert_int_equal(read(fd, text, sizeof(text)), 3);
	assert_int_equal(read(fd, text, sizeof(text)), 0);
	turn(w);
	assert_int_equal(streams(w), 0);
}

static void test_refused(void **state)
{
	struct world *w = *state;
	struct driver_packet p;

	send_op(w, VSOCK_OP_REQUEST, 4444, 5000, 0, NULL, 0);
	expect(w, VSOCK_OP_RST, 4444, 5000, &p);
	transport_unlisten(&w->l);
	send_op(w, VSOCK_OP_REQUEST, 1023, 5000, 0, NULL, 0);
	expect(w, VSOCK_OP_RST, 1023, 5000, &p);
	assert_int_equal(streams(w), 0);
}

static void test_fallback(void **state)
{
	struct world *w = *state;
	struct driver_packet p;
	char text[8];
	int pair[2];

	assert_int_equal(sock_pair(pair), 0);
	w->open_fd = pair[0];
	send_op(w, VSOCK_OP_REQUEST, 77, 5000, 0, NULL, 0);
	expect(w, VSOCK_OP_RESPONSE, 77, 5000, &p);
	send_op(w, VSOCK_OP_RW, 77, 5000, 0, "abc", 3);
	assert_int_equal(read(pair[1], text, sizeof(text)), 3);
	close(pair[1]);
}

static void test_dial(void **state)
{
	struct world *w = *state;
	struct transport_dial op;
	struct driver_packet p;
	uint32_t hport;

	assert_int_equal(transport_dial(&op, vsock_transport(w->v), 1024, TRANSPORT_CONTROL, on_dialed, NULL), 0);
	turn(w);
	assert_true(driver_recv(&w->d, &p));
	assert_int_equal(p.k.op, VSOCK_OP_REQUEST);
	assert_int_equal(p.k.gport, 1024);
	assert_int_equal(w->dials, 0);
	hport = p.k.hport;
	send_op(w, VSOCK_OP_RESPONSE, hport, 1024, 0, NULL, 0);
	assert_int_equal(w->dials, 1);
	assert_int_equal(w->dial_rc, 0);
	assert_int_equal(write(w->dial_fd, "hi", 2), 2);
	turn(w);
	expect(w, VSOCK_OP_RW, hport, 1024, &p);
}

static void test_dial_fails(void **state)
{
	struct world *w = *state;
	struct transport_dial op;
	struct driver_packet p;
	struct err e;

	/* Refused. */
	assert_int_equal(transport_dial(&op, vsock_transport(w->v), 9, TRANSPORT_CONTROL, on_dialed, NULL), 0);
	turn(w);
	assert_true(driver_recv(&w->d, &p));
	send_op(w, VSOCK_OP_RST, p.k.hport, 9, 0, NULL, 0);
	assert_int_equal(w->dials, 1);
	assert_int_equal(w->dial_rc, -ECONNREFUSED);
	/* Cancelled: the guest is told. */
	assert_int_equal(transport_dial(&op, vsock_transport(w->v), 9, TRANSPORT_CONTROL, on_dialed, NULL), 0);
	turn(w);
	assert_true(driver_recv(&w->d, &p));
	transport_dial_cancel(&op);
	transport_dial_cancel(&op);
	turn(w);
	assert_int_equal(w->dials, 2);
	assert_int_equal(w->dial_rc, -ECANCELED);
	expect(w, VSOCK_OP_RST, p.k.hport, 9, &p);
	/* The machine goes away. */
	assert_int_equal(transport_dial(&op, vsock_transport(w->v), 9, TRANSPORT_CONTROL, on_dialed, NULL), 0);
	vsock_guest_gone(w->v);
	turn(w);
	assert_int_equal(w->dials, 3);
	assert_int_equal(w->dial_rc, -ENOTCONN);
	/* There is none. */
	assert_int_equal(transport_dial(&op, vsock_transport(w->v), 9, TRANSPORT_CONTROL, on_dialed, &e), -ENOTCONN);
	assert_int_equal(w->dials, 3);
	assert_int_equal(streams(w), 0);
}

static void test_adopt(void **state)
{
	struct world *w = *state;
	struct driver_packet p;
	char text[32];
	int pair[2];
	ssize_t n;

	assert_int_equal(sock_pair(pair), 0);
	assert_int_equal(vsock_adopt(w->v, pair[0], 8080, NULL), 0);
	/* What the client sends early waits. */
	assert_int_equal(write(pair[1], "early", 5), 5);
	turn(w);
	assert_true(driver_recv(&w->d, &p));
	assert_int_equal(p.k.op, VSOCK_OP_REQUEST);
	assert_int_equal(read(pair[1], text, sizeof(text)), -1);
	send_op(w, VSOCK_OP_RESPONSE, p.k.hport, 8080, 0, NULL, 0);
	n = read(pair[1], text, sizeof(text) - 1);
	assert_true(n > 4);
	text[n] = 0;
	assert_int_equal(strtoul(text + 3, NULL, 10), p.k.hport);
	expect(w, VSOCK_OP_RW, p.k.hport, 8080, &p);
	assert_memory_equal(p.data, "early", 5);
	close(pair[1]);
}

/* A reader that does not read costs its credit and no more, and loses nothing. */
static void test_slow_reader(void **state)
{
	static char big[60 << 10], back[64 << 10];
	struct world *w = *state;
	struct driver_packet p;
	struct vsock_stats st;
	uint64_t sent = 0, got = 0;
	uint32_t fwd = 0;
	int fd = open_by_guest(w, 5000);

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7);
	while (sent - fwd + sizeof(big) <= WINDOW) {
		send_op(w, VSOCK_OP_RW, 1023, 5000, 0, big, sizeof(big));
		sent += sizeof(big);
		while (driver_recv(&w->d, &p)) {
			assert_int_equal(p.k.op, VSOCK_OP_CREDIT_UPDATE);
			fwd = p.k.fwd_cnt;
		}
	}
	vsock_stats(w->v, &st);
	assert_true(st.kept > 0 && st.kept <= WINDOW);
	while (got < sent) {
		ssize_t n = read(fd, back, sizeof(back));

		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			turn(w);
			continue;
		}
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(back[i], big[(got + (uint64_t)i) % sizeof(big)]);
		got += (uint64_t)n;
	}
	turn(w);
	vsock_stats(w->v, &st);
	assert_int_equal(st.kept, 0);
	/* The credit comes back. */
	while (driver_recv(&w->d, &p))
		fwd = p.k.fwd_cnt;
	assert_true(sent - fwd < WINDOW / 2);
}

/* More than the guest has buffers for, and more than its credit. */
static void test_guest_credit(void **state)
{
	static char big[300 << 10];
	struct world *w = *state;
	struct driver_packet p;
	size_t wrote, got = 0;
	ssize_t n;
	int fd;

	w->d.buf_alloc = 10000;
	fd = open_by_guest(w, 5000);
	n = write(fd, big, sizeof(big));
	assert_true(n > 100000);
	wrote = (size_t)n;
	turn(w);
	while (driver_recv(&w->d, &p))
		got += p.k.len;
	assert_int_equal(got, 10000);
	expect_nothing(w);
	/* Some is taken: as much may follow. */
	struct vsock_packet k = { .op = VSOCK_OP_CREDIT_UPDATE, .hport = 1023, .gport = 5000, .fwd_cnt = 6000 };
	driver_send(&w->d, &k, NULL, 0, 0);
	turn(w);
	while (driver_recv(&w->d, &p))
		got += p.k.len;
	assert_int_equal(got, 16000);
	/* All of it, in many rounds; each of our rings is filled by one read. */
	while (got < wrote) {
		k.fwd_cnt = (uint32_t)got;
		k.buf_alloc = 1 << 20;
		driver_send(&w->d, &k, NULL, 0, 0);
		turn(w);
		while (driver_recv(&w->d, &p))
			got += p.k.len;
	}
	assert_int_equal(got, wrote);
}

static void test_last_words(void **state)
{
	struct world *w = *state;
	char text[16];
	int fd = open_by_guest(w, 5000);
	struct vsock_packet k = { .op = VSOCK_OP_RW, .hport = 1023, .gport = 5000, .len = 3 };

	/* In the ring when the machine ends, not yet kicked for. */
	driver_send(&w->d, &k, "end", 3, 0);
	vsock_guest_gone(w->v);
	assert_int_equal(read(fd, text, sizeof(text)), 3);
	assert_int_equal(read(fd, text, sizeof(text)), 0);
}

/* ---- the hostile guest */

static void test_lies(void **state)
{
	struct world *w = *state;
	struct driver_packet p;
	struct vsock_packet k = { .op = VSOCK_OP_RW, .hport = 1023, .gport = 5000, .len = 100 };
	int fd = open_by_guest(w, 5000);
	char text[8];

	/* More bytes said than sent; none of it is taken. */
	driver_send(&w->d, &k, "abc", 3, 0);
	k.len = UINT32_MAX;
	driver_send(&w->d, &k, "abc", 3, 0);
	k.len = 3;
	k.op = 99;
	driver_send(&w->d, &k, "abc", 3, 0);
	k.op = 0;
	driver_send(&w->d, &k, NULL, 0, 0);
	turn(w);
	assert_int_equal(read(fd, text, sizeof(text)), -1);
	expect_nothing(w);
	/* Less said than sent is just that. */
	k.op = VSOCK_OP_RW;
	k.len = 2;
	driver_send(&w->d, &k, "abc", 3, 0);
	turn(w);
	assert_int_equal(read(fd, text, sizeof(text)), 2);
	/* A response that nobody waits for is a violation. */
	send_op(w, VSOCK_OP_RESPONSE, 1023, 5000, 0, NULL, 0);
	expect(w, VSOCK_OP_RST, 1023, 5000, &p);
	assert_int_equal(read(fd, text, sizeof(text)), 0);
	assert_null(w->broken);
}

static void test_credit_overrun(void **state)
{
	static char big[64 << 10];
	struct world *w = *state;
	struct driver_packet p;
	struct vsock_stats st;
	int resets = 0;

	open_by_guest(w, 5000);
	for (int i = 0; i < 12; i++) {
		send_op(w, VSOCK_OP_RW, 1023, 5000, 0, big, sizeof(big));
		while (driver_recv(&w->d, &p))
			resets += p.k.op == VSOCK_OP_RST;
		vsock_stats(w->v, &st);
		assert_true(st.kept <= WINDOW);
	}
	assert_true(resets > 0);
}

static void test_request_flood(void **state)
{
	struct world *w = *state;
	struct driver_packet p;
	unsigned accepted = 0, refused = 0;
	struct vsock_stats st;

	for (uint32_t i = 0; i < 600; i++) {
		send_op(w, VSOCK_OP_REQUEST, 1023, 10000 + i, 0, NULL, 0);
		while (driver_recv(&w->d, &p)) {
			accepted += p.k.op == VSOCK_OP_RESPONSE;
			refused += p.k.op == VSOCK_OP_RST;
		}
	}
	assert_int_equal(accepted, 256);
	assert_int_equal(refused, 344);
	vsock_stats(w->v, &st);
	assert_int_equal(st.streams, 256);
	assert_true(st.granted <= VSOCK_BUFFER_MAX);
}

/* It posts no buffers, so resets cannot go out: its own ring is not read on. */
static void test_reset_flood(void **state)
{
	struct world *w = *state;
	struct driver_packet p;
	struct vsock_packet k = { .op = VSOCK_OP_RW, .hport = 9, .gport = 9 };
	unsigned n = 0;

	while (driver_recv(&w->d, &p))
		;
	/* Uses up the buffers, then 64 resets are owed, then the ring stands still. */
	for (int i = 0; i < 120; i++) {
		uint16_t behind = (uint16_t)(w->d.ring[VSOCK_QUEUE_TX].posted - w->d.q[VSOCK_QUEUE_TX].last_avail);

		if (behind > 15)
			break;
		driver_send(&w->d, &k, NULL, 0, 0);
		turn(w);
	}
	assert_int_equal(w->d.q[VSOCK_QUEUE_TX].last_avail, 32 + 64);
	while (driver_recv(&w->d, &p)) {
		assert_int_equal(p.k.op, VSOCK_OP_RST);
		turn(w);
		n++;
	}
	assert_int_equal(n, w->d.ring[VSOCK_QUEUE_TX].posted);
}

static void test_broken_ring(void **state)
{
	struct world *w = *state;
	char text[4];
	int fd = open_by_guest(w, 5000);

	driver_set_avail_idx(&w->d, VSOCK_QUEUE_TX, 0x4000);
	turn(w);
	assert_non_null(w->broken);
	/* The host's side lives on until the machine is ended. */
	assert_int_equal(write(fd, "x", 1), 1);
	turn(w);
	assert_int_equal(read(fd, text, sizeof(text)), -1);
	vsock_guest_gone(w->v);
	assert_int_equal(read(fd, text, sizeof(text)), 0);
}

static void test_small_buffers(void **state)
{
	struct world *w = *state;

	/* Buffers with no room for data, or not even for a header. */
	driver_finish(&w->d);
	driver_init(&w->d, true);
	driver_desc(&w->d, VSOCK_QUEUE_RX, 0, driver_alloc(&w->d, 64), 20, 2, 0);
	driver_avail(&w->d, VSOCK_QUEUE_RX, 0);
	vsock_set_queue(w->v, VSOCK_QUEUE_RX, &w->d.q[VSOCK_QUEUE_RX]);
	vsock_set_queue(w->v, VSOCK_QUEUE_TX, &w->d.q[VSOCK_QUEUE_TX]);
	send_op(w, VSOCK_OP_REQUEST, 1023, 5000, 0, NULL, 0);
	assert_non_null(w->broken);
}

/* A hung-up socket whose guest gives no credit costs nothing. */
static void test_no_spin(void **state)
{
	struct world *w = *state;
	struct driver_packet p;
	int fd;

	w->d.buf_alloc = 1;
	fd = open_by_guest(w, 5000);
	assert_int_equal(write(fd, "abc", 3), 3);
	close(fd);
	w->accepted[0] = -1;
	turn(w);
	expect(w, VSOCK_OP_RW, 1023, 5000, &p);
	assert_int_equal(p.k.len, 1);
	/* Nothing is ready and nothing deferred: poll would sleep. */
	assert_int_equal(uv_backend_timeout(&w->loop), -1);
	struct pollfd pf = { .fd = uv_backend_fd(&w->loop), .events = POLLIN };
	assert_int_equal(poll(&pf, 1, 0), 0);
	assert_int_equal(streams(w), 1);
	struct vsock_packet k = { .op = VSOCK_OP_CREDIT_UPDATE, .hport = 1023, .gport = 5000, .fwd_cnt = 1,
				  .buf_alloc = 100 };
	driver_send(&w->d, &k, NULL, 0, 0);
	turn(w);
	expect(w, VSOCK_OP_RW, 1023, 5000, &p);
	expect(w, VSOCK_OP_SHUTDOWN, 1023, 5000, &p);
	expect(w, VSOCK_OP_RST, 1023, 5000, &p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_guest_opens),  TEST(test_header_in_pieces), TEST(test_half_close),    TEST(test_host_closes),
		TEST(test_guest_closes), TEST(test_refused),          TEST(test_fallback),      TEST(test_dial),
		TEST(test_dial_fails),   TEST(test_adopt),            TEST(test_slow_reader),   TEST(test_guest_credit),
		TEST(test_last_words),   TEST(test_lies),             TEST(test_credit_overrun), TEST(test_request_flood),
		TEST(test_reset_flood),  TEST(test_broken_ring),      TEST(test_small_buffers), TEST(test_no_spin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

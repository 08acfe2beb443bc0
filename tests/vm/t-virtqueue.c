/* SPDX-License-Identifier: Apache-2.0 */
/* t-virtqueue.c - rings of an honest guest, and of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "driver.h"

#define NEXT 1
#define WRITE 2
#define INDIRECT 4
#define TX VSOCK_QUEUE_TX
#define RX VSOCK_QUEUE_RX
#define RAM (DRIVER_GPA + 0x100000u)

static void test_chain(void **state)
{
	struct virtq_chain c;
	struct driver d;
	uint8_t head[6];

	driver_init(&d, true);
	strcpy(driver_at(&d, RAM), "hello ");
	strcpy(driver_at(&d, RAM + 100), "world");
	driver_desc(&d, TX, 5, RAM, 6, NEXT, 9);
	driver_desc(&d, TX, 9, RAM + 100, 5, 0, 0);
	assert_int_equal(virtq_peek(&d.q[TX], 0, false, &c), 0);
	assert_false(virtq_arm(&d.q[TX]));
	driver_avail(&d, TX, 5);
	assert_true(virtq_arm(&d.q[TX]));
	assert_int_equal(virtq_peek(&d.q[TX], 0, false, &c), 1);
	assert_int_equal(c.niov, 2);
	assert_int_equal(c.len, 11);
	assert_int_equal(virtq_peek(&d.q[TX], 1, false, &c), 0);
	assert_int_equal(virtq_peek(&d.q[TX], 0, false, &c), 1);
	assert_false(virtq_chain_read(&c, head, 12));
	assert_true(virtq_chain_read(&c, head, 3));
	assert_memory_equal(head, "hel", 3);
	assert_int_equal(c.len, 8);
	virtq_chain_cut(&c, 4);
	assert_int_equal(c.niov, 2);
	assert_memory_equal(c.iov[1].iov_base, "w", 1);
	assert_int_equal(c.iov[1].iov_len, 1);
	assert_false(virtq_wants_signal(&d.q[TX]));
	virtq_push(&d.q[TX], c.head, 7);
	assert_true(virtq_wants_signal(&d.q[TX]));
	assert_false(virtq_wants_signal(&d.q[TX]));
	driver_finish(&d);
}

static void test_indirect(void **state)
{
	struct virtq_desc table[2] = { { RAM, 3, NEXT, 1 }, { RAM + 50, 4, 0, 0 } };
	struct virtq_chain c;
	struct driver d;

	driver_init(&d, true);
	memcpy(driver_at(&d, RAM + 4096), table, sizeof(table));
	driver_desc(&d, TX, 0, RAM + 4096, sizeof(table), INDIRECT, 0);
	driver_avail(&d, TX, 0);
	assert_int_equal(virtq_peek(&d.q[TX], 0, false, &c), 1);
	assert_int_equal(c.niov, 2);
	assert_int_equal(c.len, 7);
	driver_finish(&d);
}

/* Up to four descriptors at 0.., the head's index, and what avail.idx is set to (0: one chain). */
static const struct {
	const char *what;
	struct virtq_desc desc[4];
	uint16_t head, idx;
	bool writable;
	struct virtq_desc table[2]; /* at RAM + 4096 */
} hostile[] = {
	{ "ring index jumped", { { 0 } }, 0, 65, false },
	{ "ring index far", { { 0 } }, 0, 0x8000, false },
	{ "head outside", { { 0 } }, 64, 0, false },
	{ "head far outside", { { 0 } }, 0xffff, 0, false },
	{ "next outside", { { RAM, 4, NEXT, 200 } }, 0, 0, false },
	{ "loop of one", { { RAM, 4, NEXT, 0 } }, 0, 0, false },
	{ "loop of two", { { RAM, 4, NEXT, 1 }, { RAM, 4, NEXT, 0 } }, 0, 0, false },
	{ "buffer below memory", { { 0, 4, 0, 0 } }, 0, 0, false },
	{ "buffer above memory", { { DRIVER_GPA + DRIVER_MEM, 4, 0, 0 } }, 0, 0, false },
	{ "buffer over the end", { { DRIVER_GPA + DRIVER_MEM - 4, 5, 0, 0 } }, 0, 0, false },
	{ "length wraps", { { DRIVER_GPA + 1, UINT32_MAX, 0, 0 } }, 0, 0, false },
	{ "address wraps", { { UINT64_MAX, 4, 0, 0 } }, 0, 0, false },
	{ "write where to read", { { RAM, 4, WRITE, 0 } }, 0, 0, false },
	{ "read where to write", { { RAM, 4, 0, 0 } }, 0, 0, true },
	{ "mixed", { { RAM, 4, NEXT, 1 }, { RAM, 4, WRITE, 0 } }, 0, 0, false },
	{ "empty chain", { { RAM, 0, 0, 0 } }, 0, 0, false },
	{ "indirect, no whole entries", { { RAM + 4096, 17, INDIRECT, 0 } }, 0, 0, false },
	{ "indirect, empty", { { RAM + 4096, 0, INDIRECT, 0 } }, 0, 0, false },
	{ "indirect, too long", { { RAM + 4096, 16 * 1025, INDIRECT, 0 } }, 0, 0, false },
	{ "indirect, outside", { { DRIVER_GPA + DRIVER_MEM - 16, 32, INDIRECT, 0 } }, 0, 0, false },
	{ "indirect and next", { { RAM + 4096, 16, INDIRECT | NEXT, 1 }, { RAM, 4, 0, 0 } }, 0, 0, false },
	{ "indirect after a buffer", { { RAM, 4, NEXT, 1 }, { RAM + 4096, 16, INDIRECT, 0 } }, 0, 0, false,
	  { { RAM, 4, 0, 0 } } },
	{ "indirect in indirect", { { RAM + 4096, 32, INDIRECT, 0 } }, 0, 0, false,
	  { { RAM + 4096, 32, INDIRECT, 0 } } },
	{ "indirect that is the ring's own table", { { DRIVER_GPA + 4096, 16, INDIRECT, 0 } }, 0, 0, false },
	{ "loop in an indirect table", { { RAM + 4096, 32, INDIRECT, 0 } }, 0, 0, false,
	  { { RAM, 4, NEXT, 1 }, { RAM, 4, NEXT, 0 } } },
};

static void test_hostile(void **state)
{
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct virtq_chain c;
		struct driver d;
		struct virtq *q;

		driver_init(&d, true);
		q = &d.q[TX];
		assert_int_equal(d.ring[RX].desc, 4096); /* the table of the row that names it */
		for (unsigned k = 0; k < 4; k++)
			driver_desc(&d, TX, k, hostile[i].desc[k].addr, hostile[i].desc[k].len,
				    hostile[i].desc[k].flags, hostile[i].desc[k].next);
		if (hostile[i].desc[0].addr == DRIVER_GPA + 4096)
			driver_desc(&d, TX, 0, DRIVER_GPA + d.ring[TX].desc, 16, INDIRECT, 0);
		memcpy(driver_at(&d, RAM + 4096), hostile[i].table, sizeof(hostile[i].table));
		driver_avail(&d, TX, hostile[i].head);
		if (hostile[i].idx)
			driver_set_avail_idx(&d, TX, hostile[i].idx);
		if (virtq_peek(q, 0, hostile[i].writable, &c) != -EPROTO)
			fail_msg("%s was taken", hostile[i].what);
		assert_non_null(q->broken);
		/* Dead for good, whatever the guest does next. */
		driver_set_avail_idx(&d, TX, 0);
		assert_int_equal(virtq_peek(q, 0, false, &c), -EPROTO);
		assert_false(virtq_arm(q));
		driver_finish(&d);
	}
}

static void test_many_buffers(void **state)
{
	struct virtq_chain c;
	struct driver d;

	driver_init(&d, false);
	/* The whole ring as one chain is allowed, and just fits. */
	for (unsigned i = 0; i < DRIVER_ENTRIES; i++)
		driver_desc(&d, TX, i, RAM + i, 1, i + 1 < DRIVER_ENTRIES ? NEXT : 0, (uint16_t)(i + 1));
	driver_avail(&d, TX, 0);
	assert_int_equal(virtq_peek(&d.q[TX], 0, false, &c), 1);
	assert_int_equal(c.niov, 64);
	driver_finish(&d);
}

static const struct {
	unsigned num;
	uint64_t desc, avail, used;
} bad_rings[] = {
	{ 0, 0, 4096, 8192 },        { 3, 0, 4096, 8192 },
	{ 2048, 0, 65536, 131072 },  { 64, 8, 4096, 8192 },
	{ 64, 0, 4097, 8192 },       { 64, 0, 4096, 8194 },
	{ 64, DRIVER_MEM, 0, 0 },    { 64, 0, DRIVER_MEM - 4, 8192 },
	{ 64, 0, 4096, DRIVER_MEM - 8 }, { 64, UINT64_MAX - DRIVER_UVA, 0, 0 },
};

static void test_bad_rings(void **state)
{
	struct driver d;
	struct virtq q;
	struct err e;

	driver_init(&d, true);
	for (size_t i = 0; i < sizeof(bad_rings) / sizeof(bad_rings[0]); i++)
		assert_int_equal(virtq_init(&q, &d.map, bad_rings[i].num, 0, DRIVER_UVA + bad_rings[i].desc,
					    DRIVER_UVA + bad_rings[i].avail, DRIVER_UVA + bad_rings[i].used, true, &e),
				 -EINVAL);
	driver_finish(&d);
}

/* When the guest wants to be told, by VIRTIO 1.2, 2.7.7.2. */
static void test_signals(void **state)
{
	struct driver d;
	struct virtq *q;
	uint16_t event = 1;

	driver_init(&d, true);
	q = &d.q[RX];
	memcpy(d.mem + d.ring[RX].avail + 4 + 2 * DRIVER_ENTRIES, &event, 2);
	virtq_push(q, 0, 0);
	assert_false(virtq_wants_signal(q)); /* used index 0 -> 1; it waits for the one after */
	virtq_push(q, 0, 0);
	assert_true(virtq_wants_signal(q));
	driver_finish(&d);

	driver_init(&d, false);
	q = &d.q[RX];
	virtq_push(q, 0, 0);
	assert_true(virtq_wants_signal(q));
	event = 1; /* the flag: no interrupts */
	memcpy(d.mem + d.ring[RX].avail, &event, 2);
	virtq_push(q, 0, 0);
	assert_false(virtq_wants_signal(q));
	driver_finish(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),        cmocka_unit_test(test_indirect),
		cmocka_unit_test(test_hostile),      cmocka_unit_test(test_many_buffers),
		cmocka_unit_test(test_bad_rings),    cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

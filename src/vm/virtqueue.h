/* SPDX-License-Identifier: Apache-2.0 */
/* virtqueue.h - the device's side of split virtqueues over mapped guest memory. No I/O.
 *
 * VIRTIO 1.2, 2.7 "Split Virtqueues". The guest writes to this memory while we read it: each ring index,
 * descriptor and length is read once into our own memory, checked, then used. A violation makes the queue
 * dead (it is never read again) and can never make us touch memory outside of the guest's. */
#ifndef BERTH_VM_VIRTQUEUE_H
#define BERTH_VM_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"

#define GUEST_MEM_REGIONS 8
#define VIRTQ_SIZE_MAX 1024 /* entries */
#define VIRTQ_IOV_MAX 64    /* buffers of one chain */

/* A stretch of guest memory. uva is where QEMU has it: vhost-user tells ring addresses by that. */
struct guest_region {
	uint64_t gpa, uva, size;
	uint8_t *host;
};

struct guest_mem {
	struct guest_region r[GUEST_MEM_REGIONS];
	unsigned n;
};

/* Our address of len bytes at a guest-physical (or QEMU) address; NULL unless they lie in one region. */
void *guest_mem_at(const struct guest_mem *m, uint64_t gpa, uint64_t len);
void *guest_mem_at_user(const struct guest_mem *m, uint64_t uva, uint64_t len);

/* struct virtq_desc: 16 bytes, little-endian, as are all fields of the rings.
 *   0: u64 address   8: u32 length   12: u16 flags   14: u16 next */
struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};
_Static_assert(sizeof(struct virtq_desc) == 16, "");

/* avail:  0: u16 flags   2: u16 idx   4: u16 ring[num]             4+2num: u16 used_event
 * used:   0: u16 flags   2: u16 idx   4: {u32 id, u32 len} [num]   4+8num: u16 avail_event */
struct virtq {
	const struct guest_mem *mem;
	uint16_t num;         /* entries, a power of two */
	uint16_t last_avail;  /* next avail entry to take */
	uint16_t used_idx;    /* next used entry to fill */
	uint16_t signalled;   /* used_idx when the guest was last told */
	bool event_idx;       /* VIRTIO_F_EVENT_IDX was negotiated */
	const char *broken;   /* what the guest did; the queue is dead */
	const struct virtq_desc *desc;
	const uint8_t *avail;
	uint8_t *used;
};

/* One chain of buffers: iov[0..niov) in our memory, len bytes in all. */
struct virtq_chain {
	uint16_t head;
	uint16_t niov;
	size_t len;
	struct iovec iov[VIRTQ_IOV_MAX];
};

/* Sets the rings' places (QEMU's addresses) and where they stand. -EINVAL with words for a size that is no
 * power of two or over VIRTQ_SIZE_MAX, for bad alignment, or a ring outside of guest memory. */
int virtq_init(struct virtq *q, const struct guest_mem *mem, unsigned num, uint16_t base, uint64_t desc_uva,
	       uint64_t avail_uva, uint64_t used_uva, bool event_idx, struct err *e);

/* The chain that is ahead places behind the next one, which stays in the ring. writable: buffers for us to
 * fill, else to read; a chain that mixes them is a violation. 1, 0 when the guest has posted no more, -EPROTO
 * when the queue is (now) dead. */
int virtq_peek(struct virtq *q, unsigned ahead, bool writable, struct virtq_chain *ret);
/* Gives the oldest peeked chain back, with written bytes in it. In the order of virtq_peek. */
void virtq_push(struct virtq *q, uint16_t head, uint32_t written);
/* Asks the guest for a kick at its next buffer. true: there is one already, look again. */
bool virtq_arm(struct virtq *q);
/* true once after pushes if the guest wants to be told of them. */
bool virtq_wants_signal(struct virtq *q);

/* Copies the front n bytes of the chain to p, and lets iov begin behind them. false, and nothing done, if
 * there are fewer. */
bool virtq_chain_read(struct virtq_chain *c, void *p, size_t n);
/* The same for a writable chain: takes its front n bytes out as ret[0..), for later. Returns how many
 * pieces, at most max; 0 if there are fewer bytes or they lie in more pieces. */
unsigned virtq_chain_split(struct virtq_chain *c, size_t n, struct iovec *ret, unsigned max);
/* Cuts the chain to its first n bytes. */
void virtq_chain_cut(struct virtq_chain *c, size_t n);

#endif

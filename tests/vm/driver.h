/* SPDX-License-Identifier: Apache-2.0 */
/* driver.h - a guest's side of the vsock device in this process: two rings in memory of our own. */
#ifndef BERTH_TESTS_VM_DRIVER_H
#define BERTH_TESTS_VM_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/virtqueue.h"
#include "vm/vsock-packet.h"
#include "vm/vsock.h"

#define DRIVER_CID 3
#define DRIVER_ENTRIES 64   /* of each ring */
#define DRIVER_BUF 4096     /* of each received packet's data */
#define DRIVER_MEM (8u << 20)
#define DRIVER_GPA 0x100000u
#define DRIVER_UVA 0x7f0000000000u

struct driver_ring {
	uint64_t desc, avail, used; /* offsets in mem */
	uint16_t posted, seen;      /* avail index, used index taken */
	unsigned free;              /* descriptors never used yet */
};

struct driver {
	uint8_t *mem;
	struct guest_mem map;
	struct virtq q[VSOCK_NQUEUES];
	struct driver_ring ring[VSOCK_NQUEUES];
	unsigned signals[VSOCK_NQUEUES];
	uint64_t heap; /* offset of free memory */
	uint32_t buf_alloc; /* what every packet of ours says */
};

struct driver_packet {
	struct vsock_packet k;
	uint8_t data[DRIVER_BUF];
};

void driver_init(struct driver *d, bool event_idx);
void driver_finish(struct driver *d);
/* Fills the RX ring with empty buffers: n more. */
void driver_post(struct driver *d, unsigned n);
/* Puts a packet into the TX ring; the device is to be kicked then. hdr_split > 0 splits the header there. */
void driver_send(struct driver *d, const struct vsock_packet *k, const void *data, size_t n, size_t hdr_split);
/* The next packet that the device gave; its buffer is posted again. false: none. */
bool driver_recv(struct driver *d, struct driver_packet *ret);
/* A descriptor, raw; and a chain made available. */
void driver_desc(struct driver *d, unsigned queue, unsigned i, uint64_t gpa, uint32_t len, uint16_t flags,
		 uint16_t next);
void driver_avail(struct driver *d, unsigned queue, uint16_t head);
void driver_set_avail_idx(struct driver *d, unsigned queue, uint16_t idx);
uint64_t driver_alloc(struct driver *d, size_t n); /* a guest-physical address */
void *driver_at(struct driver *d, uint64_t gpa);

#endif

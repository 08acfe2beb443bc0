/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-ring.h - a ring of buffers that one thread fills and one or two others read, each at its own pace. */
#ifndef BERTH_JOB_UNPACK_RING_H
#define BERTH_JOB_UNPACK_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_SLOTS 16 /* at most */
#define RING_SLOT_SIZE (256u << 10)

struct ring_slot {
	uint8_t *p; /* RING_SLOT_SIZE bytes */
	size_t len;
	size_t source;
	bool last; /* of its source; may be empty */
};

/* Of the tar stream there are two, of the stored bytes one. */
enum ring_reader { RING_PARSER, RING_HASHER, RING_NREADERS, RING_INFLATER = 0 };

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t filled, freed;
	uint64_t head; /* slots filled so far */
	uint64_t tail[RING_NREADERS]; /* slots released so far */
	bool stop;
	size_t nreaders, nslots;
	struct ring_slot slots[RING_SLOTS];
};

int ring_init(struct ring *r, size_t nreaders, size_t nslots);
void ring_finish(struct ring *r);
/* The next empty slot, NULL when stopped. Then ring_fill hands it on. */
struct ring_slot *ring_empty(struct ring *r);
void ring_fill(struct ring *r);
/* The next filled slot, NULL when stopped. Then ring_release gives it back. */
struct ring_slot *ring_next(struct ring *r, enum ring_reader who);
void ring_release(struct ring *r, enum ring_reader who);
/* Makes all calls return NULL, now and from now on. */
void ring_stop(struct ring *r);

#endif

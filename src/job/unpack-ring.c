/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-ring.c - the ring, under one lock: a turn moves a quarter of a megabyte, so locks cost nothing. */
#include "job/unpack-ring.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/param.h>

int ring_init(struct ring *r, size_t nreaders, size_t nslots)
{
	*r = (struct ring){ .nreaders = nreaders, .nslots = nslots };
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->filled, NULL);
	pthread_cond_init(&r->freed, NULL);
	for (size_t i = 0; i < nslots; i++) {
		r->slots[i].p = malloc(RING_SLOT_SIZE);
		if (!r->slots[i].p)
			return -ENOMEM;
	}
	return 0;
}

void ring_finish(struct ring *r)
{
	for (size_t i = 0; i < r->nslots; i++)
		free(r->slots[i].p);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->filled);
	pthread_cond_destroy(&r->freed);
}

/* Slots that the slowest reader has released. */
static uint64_t released(const struct ring *r)
{
	uint64_t least = r->tail[0];

	for (size_t i = 1; i < r->nreaders; i++)
		least = MIN(least, r->tail[i]);
	return least;
}

struct ring_slot *ring_empty(struct ring *r)
{
	struct ring_slot *s = NULL;

	pthread_mutex_lock(&r->lock);
	while (!r->stop && r->head - released(r) >= r->nslots)
		pthread_cond_wait(&r->freed, &r->lock);
	if (!r->stop)
		s = &r->slots[r->head % r->nslots];
	pthread_mutex_unlock(&r->lock);
	if (s)
		s->len = 0, s->last = false;
	return s;
}

void ring_fill(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->head++;
	pthread_cond_broadcast(&r->filled);
	pthread_mutex_unlock(&r->lock);
}

struct ring_slot *ring_next(struct ring *r, enum ring_reader who)
{
	struct ring_slot *s = NULL;

	pthread_mutex_lock(&r->lock);
	while (!r->stop && r->tail[who] == r->head)
		pthread_cond_wait(&r->filled, &r->lock);
	if (!r->stop)
		s = &r->slots[r->tail[who] % r->nslots];
	pthread_mutex_unlock(&r->lock);
	return s;
}

void ring_release(struct ring *r, enum ring_reader who)
{
	pthread_mutex_lock(&r->lock);
	r->tail[who]++;
	pthread_cond_signal(&r->freed);
	pthread_mutex_unlock(&r->lock);
}

void ring_stop(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_broadcast(&r->filled);
	pthread_cond_broadcast(&r->freed);
	pthread_mutex_unlock(&r->lock);
}

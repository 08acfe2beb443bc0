/* SPDX-License-Identifier: Apache-2.0 */
/* reserve.c - a small heap in memory that the program has from its start: blocks in a row, the first that is wide
 * enough is taken, neighbours that are free become one. */
#include "base/reserve.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <uv.h>

#define ALIGN sizeof(struct block)

/* Stands before each block; the row ends where the heap does. */
struct block {
	_Alignas(max_align_t) size_t len; /* behind this, a multiple of ALIGN */
	bool taken;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(max_align_t) unsigned char heap[RESERVE_BYTES];

static struct block *first(void)
{
	return (struct block *)heap;
}

static struct block *after(struct block *b)
{
	unsigned char *p = (unsigned char *)(b + 1) + b->len;

	return p < heap + sizeof(heap) ? (struct block *)p : NULL;
}

static void join_free(struct block *b)
{
	struct block *next;

	while ((next = after(b)) && !next->taken)
		b->len += sizeof(*b) + next->len;
}

static void *take(size_t n)
{
	struct block *b;

	if (n > sizeof(heap))
		return NULL;
	n = n ? (n + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
	pthread_mutex_lock(&lock);
	if (!first()->len)
		first()->len = sizeof(heap) - sizeof(*b);
	for (b = first(); b; b = after(b)) {
		if (b->taken)
			continue;
		join_free(b);
		if (b->len >= n)
			break;
	}
	if (b) {
		b->taken = true;
		if (b->len >= n + sizeof(*b) + ALIGN) {
			size_t rest = b->len - n - sizeof(*b);

			b->len = n;
			*after(b) = (struct block){ .len = rest };
		}
	}
	pthread_mutex_unlock(&lock);
	return b ? b + 1 : NULL;
}

static void give_back(void *p)
{
	pthread_mutex_lock(&lock);
	((struct block *)p - 1)->taken = false;
	pthread_mutex_unlock(&lock);
}

bool reserve_holds(const void *p)
{
	return (const unsigned char *)p >= heap && (const unsigned char *)p < heap + sizeof(heap);
}

void *reserve_malloc(size_t n)
{
	return malloc(n) ?: take(n);
}

void *reserve_calloc(size_t n, size_t size)
{
	void *p = calloc(n, size);
	size_t bytes;

	if (p || __builtin_mul_overflow(n, size, &bytes))
		return p;
	p = take(bytes);
	return p ? memset(p, 0, bytes) : NULL;
}

void *reserve_realloc(void *old, size_t n)
{
	size_t len;
	void *p;

	if (!old)
		return reserve_malloc(n);
	if (!reserve_holds(old)) {
		p = realloc(old, n);
		if (p || !n)
			return p;
		len = malloc_usable_size(old);
	} else {
		len = ((struct block *)old - 1)->len;
	}
	p = take(n);
	if (!p)
		return NULL;
	memcpy(p, old, len < n ? len : n);
	reserve_free(old);
	return p;
}

void reserve_free(void *p)
{
	if (reserve_holds(p))
		give_back(p);
	else
		free(p);
}

void reserve_for_libraries(void)
{
	uv_replace_allocator(reserve_malloc, reserve_realloc, reserve_calloc, reserve_free);
	cJSON_InitHooks(&(cJSON_Hooks){ reserve_malloc, reserve_free });
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "job/worker-memory.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "job/unpack-confine.h"

/* Sanitizers have functions of their own; of other C libraries there is no way to their own ones. */
#if defined(__GLIBC__) && !UNPACK_SANITIZED

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

static _Noreturn void give_up(void)
{
	struct pollfd p = { WORKER_SAY, POLLOUT, 0 };

	while (write(WORKER_SAY, worker_no_memory, strlen(worker_no_memory)) < 0 && (errno == EAGAIN || errno == EINTR))
		poll(&p, 1, -1);
	_exit(1);
}

static void *checked(void *p)
{
	if (!p || fault_at(FAULT_WORKER_MEMORY) < 0)
		give_up();
	return p;
}

/* In the place of the C library's, for the libraries too. */
#pragma GCC visibility push(default)

void *malloc(size_t n)
{
	return checked(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
	return checked(__libc_calloc(n, size));
}

void *realloc(void *old, size_t n)
{
	void *p = __libc_realloc(old, n);

	return n || !old ? checked(p) : p;
}

void *aligned_alloc(size_t align, size_t n)
{
	return checked(__libc_memalign(align, n));
}

int posix_memalign(void **ret, size_t align, size_t n)
{
	*ret = checked(__libc_memalign(align, n));
	return 0;
}

#pragma GCC visibility pop

#endif

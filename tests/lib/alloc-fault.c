/* SPDX-License-Identifier: Apache-2.0 */
/* A library for LD_PRELOAD: the Nth allocation of a program fails, whoever asks for it.
 *
 *   BERTH_ALLOC_PROGRAM  the name of the program; others are let alone
 *   BERTH_ALLOC_FAIL     N: the Nth fails; N+: all from the Nth on. From 1, all threads together
 *   BERTH_ALLOC_COUNT    a file of 8 bytes that counts them, in the machine's order; a child of the program counts on */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

static uint64_t fail_at, own_count, *count = &own_count;
static bool ours, all_from;

__attribute__((constructor)) static void begin(void)
{
	const char *program = getenv("BERTH_ALLOC_PROGRAM"), *at = getenv("BERTH_ALLOC_FAIL"),
		   *file = getenv("BERTH_ALLOC_COUNT");
	int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;

	if (fd >= 0) {
		void *p = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (p != MAP_FAILED)
			count = p;
		close(fd);
	}
	fail_at = at ? strtoull(at, NULL, 10) : 0;
	all_from = at && strchr(at, '+');
	ours = program && !strcmp(program, program_invocation_short_name);
}

static bool fails(void)
{
	uint64_t n;

	if (!ours)
		return false;
	n = __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
	if (!fail_at || (all_from ? n < fail_at : n != fail_at))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}

void *memalign(size_t align, size_t n)
{
	return fails() ? NULL : __libc_memalign(align, n);
}

void *aligned_alloc(size_t align, size_t n)
{
	return fails() ? NULL : __libc_memalign(align, n);
}

int posix_memalign(void **ret, size_t align, size_t n)
{
	void *p = fails() ? NULL : __libc_memalign(align, n);

	if (!p)
		return ENOMEM;
	*ret = p;
	return 0;
}

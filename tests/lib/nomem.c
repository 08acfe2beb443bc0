/* SPDX-License-Identifier: Apache-2.0 */
/* nomem.c - to be preloaded: lets an allocation of one program fail.
 *
 *   NOMEM=PROGRAM:NTH    the NTH that it asks for, counted from 1 once its libraries are there; 0: none
 *   NOMEM=PROGRAM:NTH+   that one and all after it
 *   NOMEM_SAY=FILE       how many it asked for is written there when it ends, if it comes to an end by itself
 *
 * Programs of other names, and what a program starts, go on as ever. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

static _Atomic unsigned long seen;
static unsigned long nth;
static bool counts, all_after;

static bool fails(void)
{
	unsigned long i;

	if (!counts)
		return false;
	i = ++seen;
	if (!nth || i < nth || (i > nth && !all_after))
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

__attribute__((constructor)) static void begin(void)
{
	const char *want = getenv("NOMEM"), *colon = want ? strchr(want, ':') : NULL;
	size_t n = colon ? (size_t)(colon - want) : 0;
	char *end;

	if (!colon || strlen(program_invocation_short_name) != n || strncmp(want, program_invocation_short_name, n) != 0)
		return;
	nth = strtoul(colon + 1, &end, 10);
	all_after = *end == '+';
	counts = true;
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("NOMEM_SAY");
	char text[32];
	int fd, n;

	if (!counts || !path)
		return;
	counts = false;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	n = snprintf(text, sizeof(text), "%lu\n", (unsigned long)seen);
	if (fd < 0 || write(fd, text, n) != n)
		_exit(99);
	close(fd);
}

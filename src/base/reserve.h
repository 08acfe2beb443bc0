/* SPDX-License-Identifier: Apache-2.0 */
/* reserve.h - memory for libraries that cannot bear to be given none.
 *
 * libuv aborts the process when it has no memory to watch a descriptor, and cJSON makes a text that lacks a member. In our
 * programs (never in the library: allocators belong to whoever owns the process) both get what they ask for from a
 * reserve when malloc has nothing, so that it is our own code that meets the shortage, and says so. */
#ifndef BERTH_BASE_RESERVE_H
#define BERTH_BASE_RESERVE_H

#include <stdbool.h>
#include <stddef.h>

#define RESERVE_BYTES (256 << 10)

/* The first thing that main does. */
void reserve_for_libraries(void);

/* As malloc and its like; from the reserve where malloc fails, NULL when that has nothing left either. What they gave is
 * taken back by reserve_free only. Any thread. */
void *reserve_malloc(size_t n);
void *reserve_calloc(size_t n, size_t size);
void *reserve_realloc(void *p, size_t n);
void reserve_free(void *p);
/* Whether p came from the reserve, and is no business of free(). */
bool reserve_holds(const void *p);

#endif

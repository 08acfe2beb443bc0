/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-confine.h - the worker gives up all but its descriptors before it looks at the first byte of an
 * image.
 *
 * Landlock: no path, no port, no signal to others; with folders as sources, reading beneath these alone.
 * seccomp: the calls that unpacking needs, EACCES for opening, death for all else; no executable memory. */
#ifndef BERTH_JOB_UNPACK_CONFINE_H
#define BERTH_JOB_UNPACK_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||     \
	__has_feature(thread_sanitizer)
#define UNPACK_SANITIZED                                                                                     \
	1 /* they need terabytes of address space and calls of their own: no limit, no seccomp */
#else
#define UNPACK_SANITIZED 0
#endif

/* dirs: folders to be read. *ret_landlock: false where the kernel has none (then seccomp alone holds it). */
int unpack_confine(const int *dirs, size_t ndirs, bool *ret_landlock, struct err *e);

#endif

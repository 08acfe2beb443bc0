/* SPDX-License-Identifier: Apache-2.0 */
/* auto.h - cleanup at the end of the scope, in place of goto.
 *
 * Declare with a value at the point of need, pass on with TAKE; never use goto in such a function. */
#ifndef BERTH_BASE_AUTO_H
#define BERTH_BASE_AUTO_H

#include <dirent.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/param.h> /* MIN, MAX */
#include <unistd.h>

#define AUTO_FREE __attribute__((cleanup(auto_free)))       /* any pointer from malloc */
#define AUTO_CLOSE __attribute__((cleanup(auto_close)))     /* int fd, -1 when there is none */
#define AUTO_CLOSEDIR __attribute__((cleanup(auto_closedir)))
#define AUTO_FCLOSE __attribute__((cleanup(auto_fclose)))
#define AUTO(fn) __attribute__((cleanup(fn)))               /* fn takes a pointer to the variable */

/* The pointer, which its variable then no longer owns. */
#define TAKE(p) ({ __typeof__(p) take_ = (p); (p) = NULL; take_; })
/* The same for a descriptor. */
#define TAKE_FD(fd) ({ int take_ = (fd); (fd) = -1; take_; })

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
static inline void auto_free(void *p)
{
	free(*(void **)p);
}

static inline void auto_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void auto_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static inline void auto_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#endif

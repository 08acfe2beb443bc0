/* SPDX-License-Identifier: Apache-2.0 */
/* lock.c - locks between processes. */
#include "base/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/auto.h"

static int take(int dirfd, const char *name, int how, struct err *e)
{
	AUTO_CLOSE int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc;

	if (fd < 0)
		return err_sys(e, -errno, "cannot open lock '%s'", name);
	do
		rc = flock(fd, how);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return errno == EWOULDBLOCK ? err_set(e, -EWOULDBLOCK, "'%s' is locked by another process", name) :
					      err_sys(e, -errno, "cannot lock '%s'", name);
	return TAKE_FD(fd);
}

int lock_try(int dirfd, const char *name, bool shared, struct err *e)
{
	return take(dirfd, name, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB, e);
}

int lock_wait(int dirfd, const char *name, bool shared, struct err *e)
{
	return take(dirfd, name, shared ? LOCK_SH : LOCK_EX, e);
}

bool lock_is_held(int dirfd, const char *name)
{
	AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* sock.c - unix stream sockets by folder and name. */
#include "base/sock.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"

static int address(int dirfd, const char *name, struct sockaddr_un *a)
{
	int n;

	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = dirfd == AT_FDCWD || *name == '/' ?
		    snprintf(a->sun_path, sizeof(a->sun_path), "%s", name) :
		    snprintf(a->sun_path, sizeof(a->sun_path), "/proc/self/fd/%d/%s", dirfd, name);
	return n < 0 || (size_t)n >= sizeof(a->sun_path) ? -ENAMETOOLONG : 0;
}

static int stream(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int sock_listen_at(int dirfd, const char *name, struct err *e)
{
	AUTO_CLOSE int fd = stream();
	struct sockaddr_un a;
	int rc;

	if (fd < 0)
		return err_sys(e, fd, "cannot make a socket");
	rc = address(dirfd, name, &a);
	if (rc < 0)
		return err_sys(e, rc, "cannot listen on '%s'", name);
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return err_sys(e, -errno, "cannot replace socket '%s'", name);
	/* The mode is set before listen(): nobody can connect in between. */
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return err_sys(e, -errno, "cannot bind socket '%s'", name);
	if (fchmodat(dirfd, name, 0600, 0) < 0 || listen(fd, 128) < 0)
		return err_sys(e, -errno, "cannot listen on '%s'", name);
	return TAKE_FD(fd);
}

int sock_connect_at(int dirfd, const char *name, struct err *e)
{
	AUTO_CLOSE int fd = stream();
	struct sockaddr_un a;
	int rc;

	if (fd < 0)
		return err_sys(e, fd, "cannot make a socket");
	rc = address(dirfd, name, &a);
	if (rc < 0)
		return err_sys(e, rc, "cannot connect to '%s'", name);
	do
		rc = connect(fd, (struct sockaddr *)&a, sizeof(a));
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return err_sys(e, -errno, "cannot connect to '%s'", name);
	return TAKE_FD(fd);
}

int sock_connect(const char *path, struct err *e)
{
	AUTO_FREE char *copy1 = strdup(path);
	AUTO_FREE char *copy2 = strdup(path);
	AUTO_CLOSE int dir = -1;

	if (!copy1 || !copy2)
		return err_sys(e, -ENOMEM, "cannot connect to '%s'", path);
	dir = open(dirname(copy1), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, -errno, "cannot connect to '%s'", path);
	return sock_connect_at(dir, basename(copy2), e);
}

int sock_check_peer(int fd, unsigned uid)
{
	struct ucred c;
	socklen_t len = sizeof(c);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len) < 0)
		return -errno;
	return c.uid == uid || c.uid == 0 ? 0 : -EPERM;
}

int sock_pair(int ret[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ret) < 0 ? -errno : 0;
}

int sock_set_nonblock(int fd, int on)
{
	int fl = fcntl(fd, F_GETFL);

	if (fl < 0 || fcntl(fd, F_SETFL, on ? fl | O_NONBLOCK : fl & ~O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

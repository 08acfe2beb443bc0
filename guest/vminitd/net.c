/* SPDX-License-Identifier: Apache-2.0 */
/* net.c - connections with the host. */
#include "net.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <linux/vm_sockets.h>

#include <stdbool.h>

#include "base/auto.h"

#define BACKLOG 1024

static const char *unix_path;

union address {
	struct sockaddr sa;
	struct sockaddr_vm vm;
	struct sockaddr_un un;
};

void vi_net_use_unix(const char *path)
{
	unix_path = path;
}

static int address_of(uint32_t port, unsigned cid, bool listen, union address *a, socklen_t *len)
{
	int n;

	*a = (union address){ 0 };
	if (!unix_path) {
		a->vm = (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_port = port, .svm_cid = cid };
		*len = sizeof(a->vm);
		return 0;
	}
	a->un.sun_family = AF_UNIX;
	n = listen && port == VI_PORT_AGENT ? snprintf(a->un.sun_path, sizeof(a->un.sun_path), "%s", unix_path) :
					      snprintf(a->un.sun_path, sizeof(a->un.sun_path), "%s_%s%u", unix_path,
						       listen ? "in_" : "", port);
	*len = sizeof(a->un);
	return n < (int)sizeof(a->un.sun_path) ? 0 : -ENAMETOOLONG;
}

int vi_net_listen(uint32_t port, struct err *e)
{
	AUTO_CLOSE int fd = socket(unix_path ? AF_UNIX : AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	union address a;
	socklen_t len;
	int rc;

	if (fd < 0)
		return err_sys(e, -errno, "cannot make a socket for port %u", port);
	rc = address_of(port, VMADDR_CID_ANY, true, &a, &len);
	if (rc < 0)
		return err_sys(e, rc, "cannot listen on port %u", port);
	if (unix_path)
		unlink(a.un.sun_path);
	if (bind(fd, &a.sa, len) < 0 || listen(fd, BACKLOG) < 0)
		return err_sys(e, -errno, "cannot listen on port %u", port);
	return TAKE_FD(fd);
}

int vi_net_connect(uint32_t port, struct err *e)
{
	AUTO_CLOSE int fd = socket(unix_path ? AF_UNIX : AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	union address a;
	socklen_t len;
	int rc;

	if (fd < 0)
		return err_sys(e, -errno, "cannot make a socket for host port %u", port);
	rc = address_of(port, VMADDR_CID_HOST, false, &a, &len);
	if (rc == 0) {
		do
			rc = connect(fd, &a.sa, len) < 0 ? -errno : 0;
		while (rc == -EINTR);
	}
	if (rc == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		rc = -errno;
	if (rc < 0)
		return err_sys(e, rc, "cannot connect to host port %u", port);
	return TAKE_FD(fd);
}

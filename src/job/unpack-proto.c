/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-proto.c - packets with descriptors. */
#include "job/unpack-proto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"

union control {
	char bytes[CMSG_SPACE(UNPACK_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

int unpack_send(int sock, cJSON *j, const int *fds, size_t nfds)
{
	AUTO_FREE char *text = j ? json_print(j) : NULL;
	union control control = { 0 };
	struct iovec iov = { text, text ? strlen(text) : 0 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	cJSON_Delete(j);
	if (!text)
		return -ENOMEM;
	if (iov.iov_len > UNPACK_PACKET_MAX || nfds > UNPACK_FDS_MAX)
		return -EMSGSIZE;
	if (nfds) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	ssize_t n;
	do {
		n = sendmsg(sock, &m, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static size_t take_fds(struct msghdr *m, int fds[static UNPACK_FDS_MAX])
{
	size_t got = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		n = MIN(n, UNPACK_FDS_MAX - got);
		memcpy(fds + got, CMSG_DATA(c), n * sizeof(int));
		got += n;
	}
	return got;
}

int unpack_recv(int sock, cJSON **ret, int fds[static UNPACK_FDS_MAX], size_t *ret_nfds)
{
	char text[UNPACK_PACKET_MAX];
	union control control;
	struct iovec iov = { text, sizeof(text) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.bytes,
			    .msg_controllen = sizeof(control.bytes) };
	ssize_t n;

	*ret_nfds = 0;
	do {
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		/* told once, of who left without reading all; what it said before comes behind that */
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n <= 0)
		return n < 0 ? -errno : 0;
	*ret_nfds = take_fds(&m, fds);
	int rc = m.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EMSGSIZE
							: json_parse(text, (size_t)n, "packet", ret, NULL);
	if (rc < 0) {
		for (size_t i = 0; i < *ret_nfds; i++)
			close(fds[i]);
		*ret_nfds = 0;
	}
	return rc < 0 ? rc : 1;
}

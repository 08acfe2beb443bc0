/* SPDX-License-Identifier: Apache-2.0 */
/* sock.h - unix stream sockets by folder and name, however long the folder's own name is (a socket
 * address holds 107 bytes; we go through /proc/self/fd/N). All descriptors are CLOEXEC and NONBLOCK. */
#ifndef BERTH_BASE_SOCK_H
#define BERTH_BASE_SOCK_H

#include "base/err.h"

/* Binds (mode 0600, an old socket of that name is removed) and listens. Returns fd or -errno. */
int sock_listen_at(int dirfd, const char *name, struct err *e);
/* Returns a connected fd or -errno (-ENOENT, -ECONNREFUSED: nobody listens). */
int sock_connect_at(int dirfd, const char *name, struct err *e);
int sock_connect(const char *path, struct err *e);
/* 0 if the peer of this unix socket runs as uid or as root; -EPERM otherwise. */
int sock_check_peer(int fd, unsigned uid);
int sock_pair(int ret[2]);
int sock_set_nonblock(int fd, int on);

#endif

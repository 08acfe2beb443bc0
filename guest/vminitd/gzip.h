/* SPDX-License-Identifier: Apache-2.0 */
/* gzip.h - gzip (RFC 1952) between a tar and a connection, for a task that may block. */
#ifndef BERTH_GUEST_GZIP_H
#define BERTH_GUEST_GZIP_H

#include <stdbool.h>

#include <zlib.h>

#include "base/tar.h"
#include "base/tree-pack.h"

/* Bytes to fd, as gzip or, plain, as they are. */
struct vi_gzip_out {
	struct tree_out out;
	int fd;
	bool plain, begun;
	uLong crc;
	uint32_t total;
	size_t len;
	uint8_t block[5 + 65535]; /* a stored block with its head */
};
void vi_gzip_out_init(struct vi_gzip_out *z, int fd, bool plain);
int vi_gzip_out_end(struct vi_gzip_out *z, struct err *e);

/* Bytes of fd, which are gzip or, if they do not begin so, as they are. */
struct vi_gzip_in {
	struct tar_stream stream;
	int fd;
	bool decided, plain, ended; /* ended: of a gzip member */
	z_stream z;
	uint8_t in[65536];
};
int vi_gzip_in_init(struct vi_gzip_in *z, int fd, struct err *e);
void vi_gzip_in_finish(struct vi_gzip_in *z);

#endif

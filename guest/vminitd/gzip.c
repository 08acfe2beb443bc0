/* SPDX-License-Identifier: Apache-2.0 */
/* gzip.c - gzip between a tar and a connection. What is sent is gzip in form only, in stored blocks: the bytes go from one
 * process of a machine to another, and to compress them would cost more than it saves. */
#include "gzip.h"

#include <endian.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"

#define HEAD 5u /* of a stored block: its kind, its length, and that inverted */

static int send_all(struct vi_gzip_out *z, const void *p, size_t n, struct err *e)
{
	int rc = file_write_full(z->fd, p, n);

	return rc < 0 ? err_sys(e, rc, "cannot send to the host") : 0;
}

static int send_block(struct vi_gzip_out *z, bool last, struct err *e)
{
	static const uint8_t head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
	uint16_t len = htole16((uint16_t)z->len), inverted = (uint16_t)~len;
	size_t n = z->len;
	int rc = z->begun || z->plain ? 0 : send_all(z, head, sizeof(head), e);

	z->begun = true;
	z->len = 0;
	if (rc < 0 || z->plain)
		return rc < 0 ? rc : send_all(z, z->block + HEAD, n, e);
	z->block[0] = last;
	memcpy(z->block + 1, &len, sizeof(len));
	memcpy(z->block + 3, &inverted, sizeof(inverted));
	z->crc = crc32(z->crc, z->block + HEAD, (uInt)n);
	z->total += (uint32_t)n;
	return send_all(z, z->block, HEAD + n, e);
}

static int on_write(struct tree_out *o, const void *p, size_t n, struct err *e)
{
	struct vi_gzip_out *z = container_of(o, struct vi_gzip_out, out);
	const size_t room = sizeof(z->block) - HEAD;
	int rc = 0;

	for (const uint8_t *from = p; rc == 0 && n;) {
		size_t len = MIN(n, room - z->len);

		memcpy(z->block + HEAD + z->len, from, len);
		z->len += len;
		from += len;
		n -= len;
		if (z->len == room)
			rc = send_block(z, false, e);
	}
	return rc;
}

void vi_gzip_out_init(struct vi_gzip_out *z, int fd, bool plain)
{
	z->out.write = on_write;
	z->fd = fd;
	z->plain = plain;
	z->begun = false;
	z->crc = crc32(0, NULL, 0);
	z->total = 0;
	z->len = 0;
}

int vi_gzip_out_end(struct vi_gzip_out *z, struct err *e)
{
	uint32_t tail[2];
	int rc = send_block(z, true, e);

	tail[0] = htole32((uint32_t)z->crc);
	tail[1] = htole32(z->total);
	return rc < 0 || z->plain ? rc : send_all(z, tail, sizeof(tail), e);
}

/* --- in */

/* More bytes of fd behind those that are left: how many. */
static ssize_t fill(struct vi_gzip_in *z, struct err *e)
{
	ssize_t n;

	memmove(z->in, z->z.next_in, z->z.avail_in);
	z->z.next_in = z->in;
	do
		n = read(z->fd, z->in + z->z.avail_in, sizeof(z->in) - z->z.avail_in);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, -errno, "cannot read the host's data");
	z->z.avail_in += (uInt)n;
	return n;
}

static int decide(struct vi_gzip_in *z, struct err *e)
{
	ssize_t n = 1;

	while (z->z.avail_in < 2 && (n = fill(z, e)) > 0)
		;
	z->decided = true;
	z->plain = z->z.avail_in < 2 || z->in[0] != 0x1f || z->in[1] != 0x8b;
	return n < 0 ? (int)n : 0;
}

/* After a member: the next one, zeros, or nothing. */
static int check_after(struct vi_gzip_in *z, struct err *e)
{
	if (*z->z.next_in == 0) {
		z->z.next_in++;
		z->z.avail_in--;
		return 0;
	}
	if (*z->z.next_in != 0x1f || inflateReset(&z->z) != Z_OK)
		return err_set(e, -EBADMSG, "something follows the end of the archive's gzip");
	z->ended = false;
	return 0;
}

/* Some bytes, up to n: how many; 0 at the end. */
static ssize_t some(struct tar_stream *s, void *p, size_t n, struct err *e)
{
	struct vi_gzip_in *z = container_of(s, struct vi_gzip_in, stream);
	int rc = z->decided ? 0 : decide(z, e);

	if (rc == 0 && z->plain) {
		ssize_t got = z->z.avail_in ? 1 : fill(z, e);
		size_t len = MIN(n, z->z.avail_in);

		if (got < 0)
			return got;
		memcpy(p, z->z.next_in, len);
		z->z.next_in += len;
		z->z.avail_in -= (uInt)len;
		return (ssize_t)len;
	}
	z->z.next_out = p;
	z->z.avail_out = (uInt)n;
	while (rc == 0 && z->z.avail_out == n) {
		ssize_t got = z->z.avail_in ? 1 : fill(z, e);
		int zrc;

		if (got == 0 && z->ended)
			return 0;
		if (got <= 0)
			return got < 0 ? got : err_set(e, -EBADMSG, "the archive is cut short");
		if (z->ended) {
			rc = check_after(z, e);
			continue;
		}
		zrc = inflate(&z->z, Z_NO_FLUSH);
		z->ended = zrc == Z_STREAM_END;
		if (zrc == Z_MEM_ERROR)
			rc = err_set(e, -ENOMEM, "out of memory");
		else if (zrc != Z_OK && zrc != Z_STREAM_END && zrc != Z_BUF_ERROR)
			rc = err_set(e, -EBADMSG, "the archive's gzip is broken: %s", z->z.msg ? z->z.msg : "it does not say why");
	}
	return rc < 0 ? rc : (ssize_t)(n - z->z.avail_out);
}

int vi_gzip_in_init(struct vi_gzip_in *z, int fd, struct err *e)
{
	memset(z, 0, sizeof(*z));
	tar_stream_init(&z->stream, some);
	z->fd = fd;
	z->z.next_in = z->in;
	return inflateInit2(&z->z, 15 + 16) == Z_OK ? 0 : err_set(e, -ENOMEM, "out of memory");
}

void vi_gzip_in_finish(struct vi_gzip_in *z)
{
	inflateEnd(&z->z);
}

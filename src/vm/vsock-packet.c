/* SPDX-License-Identifier: Apache-2.0 */
/* vsock-packet.c - the header of virtio-vsock packets. */
#include "vm/vsock-packet.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static void put16(uint8_t *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, sizeof(v));
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static void put64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

int vsock_packet_parse(const uint8_t p[static VSOCK_HDR_LEN], uint64_t guest_cid, uint64_t room,
		       struct vsock_packet *ret)
{
	struct vsock_packet k = {
		.gport = get32(p + 16), .hport = get32(p + 20), .len = get32(p + 24),
		.op = get16(p + 30), .flags = get32(p + 32),
		.buf_alloc = get32(p + 36), .fwd_cnt = get32(p + 40),
	};

	if (get64(p) != guest_cid || get64(p + 8) != VSOCK_CID_HOST || get16(p + 28) != VSOCK_TYPE_STREAM)
		return -EPROTO;
	if (k.op < VSOCK_OP_REQUEST || k.op > VSOCK_OP_CREDIT_REQUEST)
		return -EPROTO;
	if (k.op != VSOCK_OP_RW)
		k.len = 0;
	if (k.len > room || k.len > VSOCK_DATA_MAX)
		return -EPROTO;
	*ret = k;
	return 0;
}

void vsock_packet_write(const struct vsock_packet *k, uint64_t guest_cid, uint8_t ret[static VSOCK_HDR_LEN])
{
	put64(ret, VSOCK_CID_HOST);
	put64(ret + 8, guest_cid);
	put32(ret + 16, k->hport);
	put32(ret + 20, k->gport);
	put32(ret + 24, k->len);
	put16(ret + 28, VSOCK_TYPE_STREAM);
	put16(ret + 30, k->op);
	put32(ret + 32, k->flags);
	put32(ret + 36, k->buf_alloc);
	put32(ret + 40, k->fwd_cnt);
}

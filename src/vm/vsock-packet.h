/* SPDX-License-Identifier: Apache-2.0 */
/* vsock-packet.h - the header of virtio-vsock packets, read and written. No I/O.
 *
 * VIRTIO 1.2, 5.10.6 "Device Operation"; 44 bytes, little-endian:
 *   0: u64 src_cid   8: u64 dst_cid   16: u32 src_port   20: u32 dst_port   24: u32 len
 *  28: u16 type      30: u16 op       32: u32 flags      36: u32 buf_alloc  40: u32 fwd_cnt */
#ifndef BERTH_VM_VSOCK_PACKET_H
#define BERTH_VM_VSOCK_PACKET_H

#include <stdint.h>

#define VSOCK_HDR_LEN 44
#define VSOCK_DATA_MAX (64u << 10) /* payload of one packet from the guest */
#define VSOCK_CID_HOST 2
#define VSOCK_TYPE_STREAM 1

enum vsock_op {
	VSOCK_OP_REQUEST = 1,
	VSOCK_OP_RESPONSE,
	VSOCK_OP_RST,
	VSOCK_OP_SHUTDOWN,
	VSOCK_OP_RW,
	VSOCK_OP_CREDIT_UPDATE,
	VSOCK_OP_CREDIT_REQUEST,
};

/* Flags of SHUTDOWN: its sender will … */
#define VSOCK_SHUT_RECV 1u /* receive no more */
#define VSOCK_SHUT_SEND 2u /* send no more */
#define VSOCK_SHUT_BOTH 3u

/* A packet between one host port and one guest port; which way is known from whose it is. */
struct vsock_packet {
	uint32_t hport, gport;
	uint32_t len; /* of the payload; only RW has one */
	uint16_t op;
	uint32_t flags;
	uint32_t buf_alloc, fwd_cnt; /* the sender's */
};

/* A header that the guest sent, with room bytes behind it. 0, or -EPROTO: wrong CIDs, no stream, unknown
 * operation, or a payload over room or VSOCK_DATA_MAX. */
int vsock_packet_parse(const uint8_t p[static VSOCK_HDR_LEN], uint64_t guest_cid, uint64_t room,
		       struct vsock_packet *ret);
/* A header for the guest. */
void vsock_packet_write(const struct vsock_packet *k, uint64_t guest_cid, uint8_t ret[static VSOCK_HDR_LEN]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* vhost-user.h - messages of QEMU's vhost-user protocol, read and written. No I/O.
 *
 * QEMU docs/interop/vhost-user.rst. A message, in the host's byte order:
 *   0: u32 request   4: u32 flags (0-1: version 1, 2: reply, 3: need_reply)   8: u32 size   12: payload */
#ifndef BERTH_VM_VHOST_USER_H
#define BERTH_VM_VHOST_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define VHOST_HDR_LEN 12
#define VHOST_PAYLOAD_MAX 512
#define VHOST_FDS_MAX 8
#define VHOST_REGIONS_MAX 8
#define VHOST_CONFIG_MAX 256

#define VHOST_F_INDIRECT_DESC (1ull << 28)
#define VHOST_F_EVENT_IDX (1ull << 29)
#define VHOST_F_PROTOCOL_FEATURES (1ull << 30)
#define VHOST_F_VERSION_1 (1ull << 32)
#define VHOST_PF_REPLY_ACK (1ull << 3)
#define VHOST_PF_CONFIG (1ull << 9)

enum vhost_request {
	VHOST_GET_FEATURES = 1,
	VHOST_SET_FEATURES,
	VHOST_SET_OWNER,
	VHOST_RESET_OWNER,
	VHOST_SET_MEM_TABLE,
	VHOST_SET_LOG_BASE,
	VHOST_SET_LOG_FD,
	VHOST_SET_VRING_NUM,
	VHOST_SET_VRING_ADDR,
	VHOST_SET_VRING_BASE,
	VHOST_GET_VRING_BASE,
	VHOST_SET_VRING_KICK,
	VHOST_SET_VRING_CALL,
	VHOST_SET_VRING_ERR,
	VHOST_GET_PROTOCOL_FEATURES,
	VHOST_SET_PROTOCOL_FEATURES,
	VHOST_GET_QUEUE_NUM,
	VHOST_SET_VRING_ENABLE,
	VHOST_GET_CONFIG = 24,
	VHOST_SET_CONFIG,
};

struct vhost_msg {
	uint32_t request;
	bool need_ack;
	uint64_t u64; /* features, and of KICK, CALL, ERR: index in the low byte, bit 8: no descriptor */
	struct {
		uint32_t index, num;
	} state; /* NUM, BASE, ENABLE; for KICK, CALL, ERR the index too */
	struct {
		uint32_t index, flags;
		uint64_t desc, used, avail, log;
	} addr;
	struct {
		uint64_t gpa, size, uva, offset;
	} region[VHOST_REGIONS_MAX];
	uint32_t nregions;
	struct {
		uint32_t offset, size, flags;
	} config;
};

/* The first VHOST_HDR_LEN bytes: how long the payload is, at most VHOST_PAYLOAD_MAX. -EPROTO. */
int vhost_msg_header(const uint8_t p[static VHOST_HDR_LEN], uint32_t *ret_size, struct err *e);
/* A whole message of n bytes. -EPROTO for a payload of the wrong size for its request, or counts and
 * indices out of bounds. Requests that we do not know are no error. */
int vhost_msg_parse(const uint8_t *p, size_t n, struct vhost_msg *ret, struct err *e);

struct vhost_reply {
	uint8_t p[VHOST_HDR_LEN + VHOST_PAYLOAD_MAX];
	size_t len; /* 0: no reply */
};
void vhost_reply_u64(struct vhost_reply *r, uint32_t request, uint64_t v);
void vhost_reply_state(struct vhost_reply *r, uint32_t request, uint32_t index, uint32_t num);
/* config.size bytes from data (n bytes, zeroes behind), at config.offset. */
void vhost_reply_config(struct vhost_reply *r, const struct vhost_msg *m, const void *data, size_t n);

#endif

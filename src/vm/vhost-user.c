/* SPDX-License-Identifier: Apache-2.0 */
/* vhost-user.c - messages of QEMU's vhost-user protocol. */
#include "vm/vhost-user.h"

#include <string.h>

#define FLAG_VERSION_MASK 3u
#define FLAG_VERSION 1u
#define FLAG_REPLY 4u
#define FLAG_NEED_REPLY 8u

/* What the payload of a request is. */
enum payload { P_NONE, P_U64, P_STATE, P_ADDR, P_MEM, P_CONFIG, P_ANY };

static const struct {
	uint8_t kind;
	uint8_t len; /* bytes, exactly; 0: by its contents */
} payloads[] = {
	[VHOST_GET_FEATURES] = { P_NONE },          [VHOST_SET_FEATURES] = { P_U64, 8 },
	[VHOST_SET_OWNER] = { P_NONE },             [VHOST_RESET_OWNER] = { P_NONE },
	[VHOST_SET_MEM_TABLE] = { P_MEM },          [VHOST_SET_LOG_BASE] = { P_ANY },
	[VHOST_SET_LOG_FD] = { P_ANY },             [VHOST_SET_VRING_NUM] = { P_STATE, 8 },
	[VHOST_SET_VRING_ADDR] = { P_ADDR, 40 },    [VHOST_SET_VRING_BASE] = { P_STATE, 8 },
	[VHOST_GET_VRING_BASE] = { P_STATE, 8 },    [VHOST_SET_VRING_KICK] = { P_U64, 8 },
	[VHOST_SET_VRING_CALL] = { P_U64, 8 },      [VHOST_SET_VRING_ERR] = { P_U64, 8 },
	[VHOST_GET_PROTOCOL_FEATURES] = { P_NONE }, [VHOST_SET_PROTOCOL_FEATURES] = { P_U64, 8 },
	[VHOST_GET_QUEUE_NUM] = { P_NONE },         [VHOST_SET_VRING_ENABLE] = { P_STATE, 8 },
	[VHOST_GET_CONFIG] = { P_CONFIG },          [VHOST_SET_CONFIG] = { P_CONFIG },
};

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

int vhost_msg_header(const uint8_t p[static VHOST_HDR_LEN], uint32_t *ret_size, struct err *e)
{
	uint32_t flags = get32(p + 4), size = get32(p + 8);

	if ((flags & FLAG_VERSION_MASK) != FLAG_VERSION || (flags & FLAG_REPLY))
		return err_set(e, -EPROTO, "vhost-user: flags %#x in request %u", flags, get32(p));
	if (size > VHOST_PAYLOAD_MAX)
		return err_set(e, -EPROTO, "vhost-user: %u bytes in request %u", size, get32(p));
	*ret_size = size;
	return 0;
}

/*   0: u32 count   4: padding   8: { u64 gpa, u64 size, u64 uva, u64 offset } [count] */
static bool parse_regions(const uint8_t *p, size_t n, struct vhost_msg *ret)
{
	uint32_t count;

	if (n < 8 || (count = get32(p)) > VHOST_REGIONS_MAX || n != 8 + 32ul * count)
		return false;
	ret->nregions = count;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *r = p + 8 + 32 * i;

		ret->region[i].gpa = get64(r);
		ret->region[i].size = get64(r + 8);
		ret->region[i].uva = get64(r + 16);
		ret->region[i].offset = get64(r + 24);
	}
	return true;
}

/*   0: u32 offset   4: u32 size   8: u32 flags   12: bytes */
static bool parse_config(const uint8_t *p, size_t n, struct vhost_msg *ret)
{
	if (n < 12)
		return false;
	ret->config.offset = get32(p);
	ret->config.size = get32(p + 4);
	ret->config.flags = get32(p + 8);
	return ret->config.size <= VHOST_CONFIG_MAX && n == 12ul + ret->config.size;
}

static bool parse_payload(const uint8_t *p, size_t n, struct vhost_msg *ret)
{
	uint32_t kind = P_ANY;

	if (ret->request < sizeof(payloads) / sizeof(payloads[0])) {
		kind = payloads[ret->request].kind;
		if (payloads[ret->request].len && payloads[ret->request].len != n)
			return false;
	}
	switch (kind) {
	case P_U64:
		ret->u64 = get64(p);
		ret->state.index = ret->u64 & 0xff;
		return true;
	case P_STATE:
		ret->state.index = get32(p);
		ret->state.num = get32(p + 4);
		return true;
	case P_ADDR:
		ret->addr.index = get32(p);
		ret->addr.flags = get32(p + 4);
		ret->addr.desc = get64(p + 8);
		ret->addr.used = get64(p + 16);
		ret->addr.avail = get64(p + 24);
		ret->addr.log = get64(p + 32);
		ret->state.index = ret->addr.index;
		return true;
	case P_MEM:
		return parse_regions(p, n, ret);
	case P_CONFIG:
		return parse_config(p, n, ret);
	case P_NONE:
		return true; /* QEMU sends none, and none is read */
	default:
		return true;
	}
}

int vhost_msg_parse(const uint8_t *p, size_t n, struct vhost_msg *ret, struct err *e)
{
	struct vhost_msg m = { 0 };
	uint32_t size;
	int rc;

	if (n < VHOST_HDR_LEN)
		return err_set(e, -EPROTO, "vhost-user: message cut off");
	rc = vhost_msg_header(p, &size, e);
	if (rc < 0)
		return rc;
	m.request = get32(p);
	m.need_ack = get32(p + 4) & FLAG_NEED_REPLY;
	if (n != VHOST_HDR_LEN + (size_t)size || !parse_payload(p + VHOST_HDR_LEN, size, &m))
		return err_set(e, -EPROTO, "vhost-user: %u bytes in request %u", size, m.request);
	*ret = m;
	return 0;
}

static void reply(struct vhost_reply *r, uint32_t request, uint32_t size)
{
	uint32_t flags = FLAG_VERSION | FLAG_REPLY;

	memcpy(r->p, &request, 4);
	memcpy(r->p + 4, &flags, 4);
	memcpy(r->p + 8, &size, 4);
	r->len = VHOST_HDR_LEN + size;
}

void vhost_reply_u64(struct vhost_reply *r, uint32_t request, uint64_t v)
{
	memcpy(r->p + VHOST_HDR_LEN, &v, 8);
	reply(r, request, 8);
}

void vhost_reply_state(struct vhost_reply *r, uint32_t request, uint32_t index, uint32_t num)
{
	memcpy(r->p + VHOST_HDR_LEN, &index, 4);
	memcpy(r->p + VHOST_HDR_LEN + 4, &num, 4);
	reply(r, request, 8);
}

void vhost_reply_config(struct vhost_reply *r, const struct vhost_msg *m, const void *data, size_t n)
{
	uint8_t *p = r->p + VHOST_HDR_LEN;

	memcpy(p, &m->config.offset, 4);
	memcpy(p + 4, &m->config.size, 4);
	memcpy(p + 8, &m->config.flags, 4);
	memset(p + 12, 0, m->config.size);
	if (m->config.offset < n)
		memcpy(p + 12, (const uint8_t *)data + m->config.offset,
		       n - m->config.offset < m->config.size ? n - m->config.offset : m->config.size);
	reply(r, m->request, 12 + m->config.size);
}

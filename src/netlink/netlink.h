/* SPDX-License-Identifier: Apache-2.0 */
/* netlink.h - rtnetlink messages, built and read without I/O. rtnetlink(7), netlink(7).
 *
 * A request is built in a buffer of the caller's: nl_begin, nl_attr…, nl_end. What the kernel answers is a run
 * of messages, read by nl_next; an answer to a request with NLM_F_ACK ends with one of type NLMSG_ERROR. */
#ifndef BERTH_NETLINK_NETLINK_H
#define BERTH_NETLINK_NETLINK_H

#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "base/err.h"

#define NL_REQUEST_MAX 1024

struct nl_request {
	union {
		struct nlmsghdr h;
		uint8_t bytes[NL_REQUEST_MAX];
	};
	int rc; /* -EMSGSIZE once something did not fit */
};

/* body: the fixed part behind the header (struct ifinfomsg, …). */
void nl_begin(struct nl_request *r, uint16_t type, uint16_t flags, const void *body, size_t len);
void nl_attr(struct nl_request *r, uint16_t type, const void *p, size_t n);

/* Sets what every link may have: up or down, mtu (0: stays), name (NULL: stays). */
void nl_link_set(struct nl_request *r, int ifindex, int up, uint32_t mtu, const char *name);
void nl_link_delete(struct nl_request *r, int ifindex);
/* cidr: "10.0.0.2/24", "fd00::2/64". -EINVAL. */
int nl_addr_add(struct nl_request *r, int ifindex, const char *cidr, struct err *e);
/* dst: CIDR, NULL for the default route; gateway, source: addresses or NULL. -EINVAL. */
int nl_route_add(struct nl_request *r, int ifindex, const char *dst, const char *gateway, const char *source,
		 struct err *e);
/* All links or all addresses: an answer of many messages. */
void nl_dump(struct nl_request *r, uint16_t type);

/* The message at the head of p[0..n): bytes used, 0 if there is no whole one, -EBADMSG for nonsense. */
ssize_t nl_next(const void *p, size_t n, const struct nlmsghdr **ret);
/* The attribute of that type behind `fixed` bytes of the message's body; NULL. */
const struct rtattr *nl_find(const struct nlmsghdr *h, size_t fixed, uint16_t type);
/* What an NLMSG_ERROR says: 0 or -errno. */
int nl_error(const struct nlmsghdr *h);

/* "10.0.0.2/24" in parts; without a '/' the whole address counts. -EINVAL. */
int nl_parse_cidr(const char *text, int *ret_family, uint8_t ret_addr[static 16], uint8_t *ret_prefix);

#endif

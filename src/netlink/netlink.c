/* SPDX-License-Identifier: Apache-2.0 */
/* netlink.c - rtnetlink messages, built and read without I/O. */
#include "netlink/netlink.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

void nl_begin(struct nl_request *r, uint16_t type, uint16_t flags, const void *body, size_t len)
{
	memset(r, 0, sizeof(*r));
	r->h.nlmsg_type = type;
	r->h.nlmsg_flags = NLM_F_REQUEST | flags;
	r->h.nlmsg_len = NLMSG_LENGTH(len);
	memcpy(NLMSG_DATA(&r->h), body, len);
}

void nl_attr(struct nl_request *r, uint16_t type, const void *p, size_t n)
{
	size_t at = NLMSG_ALIGN(r->h.nlmsg_len);
	struct rtattr *a = (struct rtattr *)(r->bytes + at);

	if (at + RTA_LENGTH(n) > sizeof(r->bytes)) {
		r->rc = -EMSGSIZE;
		return;
	}
	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(n);
	if (n)
		memcpy(RTA_DATA(a), p, n);
	r->h.nlmsg_len = (uint32_t)(at + RTA_ALIGN(a->rta_len));
}

void nl_link_set(struct nl_request *r, int ifindex, int up, uint32_t mtu, const char *name)
{
	struct ifinfomsg m = { .ifi_index = ifindex, .ifi_change = IFF_UP, .ifi_flags = up ? IFF_UP : 0 };

	nl_begin(r, RTM_NEWLINK, NLM_F_ACK, &m, sizeof(m));
	if (mtu)
		nl_attr(r, IFLA_MTU, &mtu, sizeof(mtu));
	if (name)
		nl_attr(r, IFLA_IFNAME, name, strlen(name) + 1);
}

void nl_link_delete(struct nl_request *r, int ifindex)
{
	struct ifinfomsg m = { .ifi_index = ifindex };

	nl_begin(r, RTM_DELLINK, NLM_F_ACK, &m, sizeof(m));
}

int nl_parse_cidr(const char *text, int *ret_family, uint8_t ret_addr[static 16], uint8_t *ret_prefix)
{
	char addr[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "/");
	long max, prefix;
	char *end;

	if (n >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, n);
	addr[n] = 0;
	if (inet_pton(AF_INET, addr, ret_addr) == 1)
		*ret_family = AF_INET;
	else if (inet_pton(AF_INET6, addr, ret_addr) == 1)
		*ret_family = AF_INET6;
	else
		return -EINVAL;
	max = *ret_family == AF_INET ? 32 : 128;
	prefix = max;
	if (text[n] == '/') {
		if (text[n + 1] < '0' || text[n + 1] > '9')
			return -EINVAL;
		prefix = strtol(text + n + 1, &end, 10);
		if (*end || prefix > max)
			return -EINVAL;
	}
	*ret_prefix = (uint8_t)prefix;
	return 0;
}

static size_t addr_len(int family)
{
	return family == AF_INET ? 4 : 16;
}

int nl_addr_add(struct nl_request *r, int ifindex, const char *cidr, struct err *e)
{
	struct ifaddrmsg m = { .ifa_index = (unsigned)ifindex };
	uint8_t addr[16], prefix;
	int family;

	if (!strchr(cidr, '/') || nl_parse_cidr(cidr, &family, addr, &prefix) < 0)
		return err_set(e, -EINVAL, "'%s' is not an address, as in 10.0.0.2/24", cidr);
	m.ifa_family = (unsigned char)family;
	m.ifa_prefixlen = prefix;
	m.ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
	nl_begin(r, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &m, sizeof(m));
	nl_attr(r, IFA_LOCAL, addr, addr_len(family));
	nl_attr(r, IFA_ADDRESS, addr, addr_len(family));
	return 0;
}

int nl_route_add(struct nl_request *r, int ifindex, const char *dst, const char *gateway, const char *source,
		 struct err *e)
{
	struct rtmsg m = { .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST,
			   .rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK };
	uint8_t d[16] = { 0 }, g[16], s[16], prefix = 0, whole;
	int family = AF_UNSPEC, f;

	if (dst && nl_parse_cidr(dst, &family, d, &prefix) < 0)
		return err_set(e, -EINVAL, "'%s' is not a network, as in 10.0.0.0/24", dst);
	if (gateway && (nl_parse_cidr(gateway, &f, g, &whole) < 0 || strchr(gateway, '/') ||
			(family != AF_UNSPEC && f != family)))
		return err_set(e, -EINVAL, "'%s' is not the address of a gateway", gateway);
	if (gateway)
		family = f;
	if (source && *source && (nl_parse_cidr(source, &f, s, &whole) < 0 || strchr(source, '/') ||
				  (family != AF_UNSPEC && f != family)))
		return err_set(e, -EINVAL, "'%s' is not a source address", source);
	m.rtm_family = (unsigned char)(family == AF_UNSPEC ? AF_INET : family);
	m.rtm_dst_len = prefix;
	nl_begin(r, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &m, sizeof(m));
	if (dst && prefix)
		nl_attr(r, RTA_DST, d, addr_len(m.rtm_family));
	if (gateway)
		nl_attr(r, RTA_GATEWAY, g, addr_len(m.rtm_family));
	if (source && *source)
		nl_attr(r, RTA_PREFSRC, s, addr_len(m.rtm_family));
	nl_attr(r, RTA_OIF, &ifindex, sizeof(ifindex));
	return 0;
}

void nl_dump(struct nl_request *r, uint16_t type)
{
	struct rtgenmsg m = { .rtgen_family = AF_UNSPEC };

	nl_begin(r, type, NLM_F_DUMP, &m, sizeof(m));
}

ssize_t nl_next(const void *p, size_t n, const struct nlmsghdr **ret)
{
	const struct nlmsghdr *h = p;

	if (n < sizeof(*h))
		return 0;
	if (h->nlmsg_len < sizeof(*h))
		return -EBADMSG;
	if (h->nlmsg_len > n)
		return 0;
	*ret = h;
	return (ssize_t)(NLMSG_ALIGN(h->nlmsg_len) < n ? NLMSG_ALIGN(h->nlmsg_len) : n);
}

const struct rtattr *nl_find(const struct nlmsghdr *h, size_t fixed, uint16_t type)
{
	size_t at = NLMSG_LENGTH(NLMSG_ALIGN(fixed));

	while (at + sizeof(struct rtattr) <= h->nlmsg_len) {
		const struct rtattr *a = (const void *)((const uint8_t *)h + at);

		if (a->rta_len < sizeof(*a) || at + a->rta_len > h->nlmsg_len)
			return NULL;
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
		at += RTA_ALIGN(a->rta_len);
	}
	return NULL;
}

int nl_error(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);

	return h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) ? -EBADMSG : e->error;
}

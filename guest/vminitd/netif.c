/* SPDX-License-Identifier: Apache-2.0 */
/* netif.c - network devices of the VM, by rtnetlink. */
#include "netif.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "netlink/netlink.h"

/* The kernel answers within the call; a reply is a few hundred bytes. */
static int ask(struct nl_request *r, struct err *e, const char *what)
{
	AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	union {
		struct nlmsghdr h;
		uint8_t bytes[8192];
	} reply;
	const struct nlmsghdr *h;
	ssize_t n;
	int rc = r->rc;

	if (rc == 0 && fd < 0)
		rc = -errno;
	if (rc == 0 && send(fd, r->bytes, r->h.nlmsg_len, 0) < 0)
		rc = -errno;
	n = rc == 0 ? recv(fd, &reply, sizeof(reply), 0) : 0;
	if (n < 0)
		rc = -errno;
	if (rc == 0)
		rc = nl_next(&reply, (size_t)n, &h) > 0 && h->nlmsg_type == NLMSG_ERROR ? nl_error(h) : -EBADMSG;
	return rc < 0 ? err_sys(e, rc, "%s", what) : 0;
}

static int index_of(const char *name, struct err *e)
{
	int i = *name && strlen(name) < IFNAMSIZ ? (int)if_nametoindex(name) : 0;

	return i > 0 ? i : err_set(e, -ENODEV, "there is no network device '%.32s'", name);
}

int vi_netif_set(const char *name, bool up, uint32_t mtu, struct err *e)
{
	struct nl_request r;
	char what[96];
	int i = index_of(name, e);

	if (i < 0)
		return i;
	snprintf(what, sizeof(what), "cannot set network device '%s'", name);
	nl_link_set(&r, i, up, mtu, NULL);
	return ask(&r, e, what);
}

int vi_netif_add_addr(const char *name, const char *cidr, struct err *e)
{
	struct nl_request r;
	char what[160];
	int i = index_of(name, e), rc;

	if (i < 0)
		return i;
	rc = nl_addr_add(&r, i, cidr, e);
	if (rc < 0)
		return rc;
	snprintf(what, sizeof(what), "cannot add address '%s' to '%s'", cidr, name);
	return ask(&r, e, what);
}

int vi_netif_add_route(const char *name, const char *dst, const char *gateway, const char *source, struct err *e)
{
	struct nl_request r;
	char what[200];
	int i = index_of(name, e), rc;

	if (i < 0)
		return i;
	rc = nl_route_add(&r, i, dst, gateway, source, e);
	if (rc < 0)
		return rc;
	snprintf(what, sizeof(what), "cannot add route '%s' over '%s'", dst ? dst : "default", name);
	return ask(&r, e, what);
}

int vi_netif_rename_by_mac(const char *mac, const char *name, struct err *e)
{
	struct if_nameindex *all = if_nameindex(), *p;
	int rc = -ENODEV;

	for (p = all; p && p->if_index; p++) {
		AUTO_FREE char *path = path_fmt("/sys/class/net/%s/address", p->if_name);
		AUTO_FREE char *text = NULL;
		struct nl_request r;

		if (!path || file_load(AT_FDCWD, path, 64, &text, NULL, NULL) < 0)
			continue;
		text[strcspn(text, "\n")] = 0;
		if (strcasecmp(text, mac) != 0)
			continue;
		rc = 0;
		if (strcmp(p->if_name, name) != 0) {
			nl_link_set(&r, (int)p->if_index, 0, 0, name);
			rc = ask(&r, e, "cannot name a network device");
		}
		break;
	}
	if_freenameindex(all);
	return rc == -ENODEV ? err_set(e, rc, "there is no network device with address '%.32s'", mac) : rc;
}

int vi_netif_init(struct err *e)
{
	struct nl_request r;
	int dummy = (int)if_nametoindex("dummy0");

	if (dummy > 0) {
		nl_link_delete(&r, dummy);
		ask(&r, NULL, "");
	}
	return vi_netif_set("lo", true, 0, e);
}

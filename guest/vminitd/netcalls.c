/* SPDX-License-Identifier: Apache-2.0 */
/* netcalls.c - SandboxContext's calls for the network: IpLinkSet, IpAddrAdd, IpRouteAdd…, ConfigureDns, ConfigureHosts. */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/path.h"
#include "netif.h"
#include "prepare.h"
#include "sandbox.pb-c.h"
#include "system.h"
#include "task.h"
#include "vpath.h"

/* --- devices, addresses, routes: of the VM */

/* The two families have fields of their own. */
static int check_family(const char *address, bool six, struct err *e)
{
	return (strchr(address, ':') != NULL) == six ? 0 : err_set(e, -EINVAL, "'%.64s' is not an IPv%d address", address,
								    six ? 6 : 4);
}

void vi_method_ip_link_set(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__IpLinkSetRequest *req = (const void *)msg;
	Sandbox__IpLinkSetResponse resp = SANDBOX__IP_LINK_SET_RESPONSE__INIT;
	uint32_t mtu = req->opt_mtu_case ? req->mtu : 0;
	struct err e = { 0 };
	int rc = req->opt_mtu_case && !mtu ? err_set(&e, -EINVAL, "0 is not an MTU") :
					     vi_netif_set(req->interface, req->up, mtu, &e);

	if (rc < 0)
		vi_call_fail(call, "set link", rc, &e);
	else
		rpc_call_reply(call, &resp.base);
}

void vi_method_ip_addr_add(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__IpAddrAddRequest *req = (const void *)msg;
	Sandbox__IpAddrAddResponse resp = SANDBOX__IP_ADDR_ADD_RESPONSE__INIT;
	const char *four = req->ipv4address, *six = req->opt_ipv6_address_case ? req->ipv6address : "";
	struct err e = { 0 };
	int rc = *four || *six ? 0 : err_set(&e, -EINVAL, "an address is missing");

	if (rc == 0 && *four)
		rc = check_family(four, false, &e);
	if (rc == 0 && *six)
		rc = check_family(six, true, &e);
	if (rc == 0 && *four)
		rc = vi_netif_add_addr(req->interface, four, &e);
	if (rc == 0 && *six)
		rc = vi_netif_add_addr(req->interface, six, &e);
	if (rc < 0)
		vi_call_fail(call, "add address", rc, &e);
	else
		rpc_call_reply(call, &resp.base);
}

static int add_link_route(const char *name, const char *dst, const char *src, bool six, struct err *e)
{
	int rc;

	if (!*dst)
		return 0;
	rc = check_family(dst, six, e);
	if (rc == 0 && *src)
		rc = check_family(src, six, e);
	return rc < 0 ? rc : vi_netif_add_route(name, dst, NULL, *src ? src : NULL, e);
}

void vi_method_ip_route_add_link(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__IpRouteAddLinkRequest *req = (const void *)msg;
	Sandbox__IpRouteAddLinkResponse resp = SANDBOX__IP_ROUTE_ADD_LINK_RESPONSE__INIT;
	const char *dst6 = req->opt_dst_ipv6_addr_case ? req->dstipv6addr : "";
	const char *src6 = req->opt_src_ipv6_addr_case ? req->srcipv6addr : "";
	struct err e = { 0 };
	int rc = *req->dstipv4addr || *dst6 ? 0 : err_set(&e, -EINVAL, "a destination is missing");

	if (rc == 0)
		rc = add_link_route(req->interface, req->dstipv4addr, req->srcipv4addr, false, &e);
	if (rc == 0)
		rc = add_link_route(req->interface, dst6, src6, true, &e);
	if (rc < 0)
		vi_call_fail(call, "add route", rc, &e);
	else
		rpc_call_reply(call, &resp.base);
}

/* Without any gateway: all that is not near goes over this device. */
void vi_method_ip_route_add_default(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__IpRouteAddDefaultRequest *req = (const void *)msg;
	Sandbox__IpRouteAddDefaultResponse resp = SANDBOX__IP_ROUTE_ADD_DEFAULT_RESPONSE__INIT;
	const char *four = req->ipv4gateway, *six = req->opt_ipv6_gateway_case ? req->ipv6gateway : "";
	struct err e = { 0 };
	int rc = *four ? check_family(four, false, &e) : 0;

	if (rc == 0 && *six)
		rc = check_family(six, true, &e);
	if (rc == 0 && (*four || !*six))
		rc = vi_netif_add_route(req->interface, NULL, *four ? four : NULL, NULL, &e);
	if (rc == 0 && *six)
		rc = vi_netif_add_route(req->interface, NULL, six, NULL, &e);
	if (rc < 0)
		vi_call_fail(call, "add default route", rc, &e);
	else
		rpc_call_reply(call, &resp.base);
}

/* --- files of names */

/* No word may begin a line of its own. */
static int add_word(struct buf *b, const char *before, const char *word, struct err *e)
{
	for (const char *p = word; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			return err_set(e, -EINVAL, "a control character is in '%.64s'", word);
	return buf_adds(b, before) < 0 || buf_adds(b, word) < 0 ? err_sys(e, -ENOMEM, "cannot make the file") : 0;
}

static int add_words(struct buf *b, const char *head, char **words, size_t n, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_word(b, i ? " " : head, words[i], e);
	return rc == 0 && n && buf_addc(b, '\n') < 0 ? -ENOMEM : rc;
}

static int write_file(const char *location, const char *name, const struct buf *b, struct err *e)
{
	const char *rest;
	AUTO_CLOSE int root = vi_vpath_enter(location, &rest, e);
	AUTO_CLOSE int dir = -1;
	char last[NAME_MAX + 1];

	if (root < 0)
		return root;
	/* The folder itself is made with its parents, by way of a name in it. */
	if (*(rest + strspn(rest, "/"))) {
		AUTO_FREE char *inside = path_join(rest + strspn(rest, "/"), "etc");

		dir = inside ? vi_vpath_parent(root, inside, true, last) : -ENOMEM;
	} else {
		dir = dup(root);
	}
	if (dir < 0)
		return err_sys(e, dir, "cannot open '%s'", location);
	return vi_write_etc(dir, name, b->p ? (char *)b->p : "", e);
}

static int do_dns(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	const Sandbox__ConfigureDnsRequest *req = (const void *)msg;
	AUTO_BUF struct buf b = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < req->n_nameservers; i++)
		rc = add_words(&b, "nameserver ", &req->nameservers[i], 1, e);
	if (rc == 0 && req->opt_domain_case && *req->domain)
		rc = add_words(&b, "domain ", (char *[]){ req->domain }, 1, e);
	if (rc == 0)
		rc = add_words(&b, "search ", req->searchdomains, req->n_searchdomains, e);
	if (rc == 0)
		rc = add_words(&b, "options ", req->options, req->n_options, e);
	return rc < 0 ? rc : write_file(req->location, "resolv.conf", &b, e);
}

static void on_dns(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Sandbox__ConfigureDnsResponse resp = SANDBOX__CONFIGURE_DNS_RESPONSE__INIT;

	rpc_call_reply(call, &resp.base);
}

void vi_method_configure_dns(struct rpc_call *call, const ProtobufCMessage *msg)
{
	vi_task_start(call, msg, "configure DNS", do_dns, on_dns);
}

static int do_hosts(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	const Sandbox__ConfigureHostsRequest *req = (const void *)msg;
	AUTO_BUF struct buf b = { 0 };
	int rc = req->opt_comment_case ? add_words(&b, "# ", (char *[]){ req->comment }, 1, e) : 0;

	for (size_t i = 0; rc == 0 && i < req->n_entries; i++) {
		const Sandbox__ConfigureHostsRequest__HostsEntry *h = req->entries[i];

		if (!*h->ipaddress || !h->n_hostnames)
			return err_set(e, -EINVAL, "an entry has no address or no name");
		rc = add_word(&b, "", h->ipaddress, e);
		for (size_t k = 0; rc == 0 && k < h->n_hostnames; k++)
			rc = add_word(&b, k ? " " : "\t", h->hostnames[k], e);
		if (rc == 0 && h->opt_comment_case)
			rc = add_word(&b, " # ", h->comment, e);
		if (rc == 0 && buf_addc(&b, '\n') < 0)
			rc = -ENOMEM;
	}
	return rc < 0 ? rc : write_file(req->location, "hosts", &b, e);
}

static void on_hosts(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Sandbox__ConfigureHostsResponse resp = SANDBOX__CONFIGURE_HOSTS_RESPONSE__INIT;

	rpc_call_reply(call, &resp.base);
}

void vi_method_configure_hosts(struct rpc_call *call, const ProtobufCMessage *msg)
{
	vi_task_start(call, msg, "configure hosts", do_hosts, on_hosts);
}

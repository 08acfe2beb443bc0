/* SPDX-License-Identifier: Apache-2.0 */
/* netif.h - network devices of the VM, by rtnetlink. */
#ifndef BERTH_GUEST_NETIF_H
#define BERTH_GUEST_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Loopback up; what the kernel made and nobody asked for goes. */
int vi_netif_init(struct err *e);
int vi_netif_set(const char *name, bool up, uint32_t mtu, struct err *e);
/* cidr: one of either family. */
int vi_netif_add_addr(const char *name, const char *cidr, struct err *e);
/* dst NULL: the default route. */
int vi_netif_add_route(const char *name, const char *dst, const char *gateway, const char *source, struct err *e);
/* The device with that address gets this name. */
int vi_netif_rename_by_mac(const char *mac, const char *name, struct err *e);

#endif

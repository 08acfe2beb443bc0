/* SPDX-License-Identifier: Apache-2.0 */
/* What a netlink socket says, and addresses as text. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "netlink/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void look_into(const struct nlmsghdr *h, const uint8_t *end)
{
	static const size_t fixed[] = { sizeof(struct ifinfomsg), sizeof(struct ifaddrmsg), sizeof(struct rtmsg), 0 };

	assert((const uint8_t *)h + h->nlmsg_len <= end);
	nl_error(h);
	for (size_t f = 0; f < sizeof(fixed) / sizeof(*fixed); f++)
		for (uint16_t type = 0; type < 64; type++) {
			const struct rtattr *a = nl_find(h, fixed[f], type);

			if (a)
				assert(a->rta_len >= RTA_LENGTH(0) &&
				       (const uint8_t *)a + a->rta_len <= (const uint8_t *)h + h->nlmsg_len);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	/* aligned as a buffer for recv is */
	AUTO_FREE uint8_t *copy = malloc(n + 1);
	AUTO_FREE char *text = strndup((const char *)p, n);
	const struct nlmsghdr *h;
	uint8_t addr[16], prefix;
	int family;
	size_t at = 0;
	ssize_t used;

	memcpy(copy, p, n);
	while ((used = nl_next(copy + at, n - at, &h)) > 0) {
		assert((size_t)used <= n - at);
		look_into(h, copy + n);
		at += (size_t)used;
	}
	if (nl_parse_cidr(text, &family, addr, &prefix) == 0)
		assert((family == AF_INET && prefix <= 32) || (family == AF_INET6 && prefix <= 128));
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* spec-caps.c - capabilities: their names, docker's default set, additions and removals. */
#include <string.h>
#include <strings.h>

#include "oci/spec.h"

/* linux/capability.h */
const char *const oci_cap_names[OCI_NCAPS] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
	"CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
	"CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
	"CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
	"CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};
_Static_assert(sizeof oci_cap_names / sizeof *oci_cap_names == OCI_NCAPS, "");

#define ALL ((1ull << OCI_NCAPS) - 1)
#define BIT(n) (1ull << (n))
/* chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw, sys_chroot,
 * mknod, audit_write, setfcap */
#define DEFAULTS                                                                                        \
	(BIT(0) | BIT(1) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(10) | BIT(13) |     \
	 BIT(18) | BIT(27) | BIT(29) | BIT(31))

/* "ALL" is all of them. 0: not known. */
static uint64_t mask_of(const char *name)
{
	if (strcasecmp(name, "ALL") == 0 || strcasecmp(name, "CAP_ALL") == 0)
		return ALL;
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (int i = 0; i < OCI_NCAPS; i++)
		if (strcasecmp(oci_cap_names[i] + 4, name) == 0)
			return BIT(i);
	return 0;
}

int oci_caps(const char *const *add, const char *const *drop, uint64_t *ret, struct err *e)
{
	uint64_t plus = 0, minus = 0, m;
	bool all_plus = false, all_minus = false;

	for (; add && *add; add++) {
		m = mask_of(*add);
		if (!m)
			return err_set(e, -EINVAL, "there is no capability '%.40s'", *add);
		if (m == ALL)
			all_plus = true;
		else
			plus |= m;
	}
	for (; drop && *drop; drop++) {
		m = mask_of(*drop);
		if (!m)
			return err_set(e, -EINVAL, "there is no capability '%.40s'", *drop);
		if (m == ALL)
			all_minus = true;
		else
			minus |= m;
	}
	/* docker: a name in one list goes over ALL in the other; removal goes over addition */
	if (all_plus)
		*ret = ALL & ~minus;
	else if (all_minus)
		*ret = plus & ~minus;
	else
		*ret = (DEFAULTS | plus) & ~minus;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* caps.c - the names of capabilities and of resource limits. */
#include <linux/capability.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "spec.h"

/* The index is the number: include/uapi/linux/capability.h. */
static const char *const cap_names[] = {
	"CHOWN",	    "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER",	    "FSETID",
	"KILL",		    "SETGID",	    "SETUID",	       "SETPCAP",	    "LINUX_IMMUTABLE",
	"NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN",      "NET_RAW",	    "IPC_LOCK",
	"IPC_OWNER",	    "SYS_MODULE",   "SYS_RAWIO",       "SYS_CHROOT",	    "SYS_PTRACE",
	"SYS_PACCT",	    "SYS_ADMIN",    "SYS_BOOT",	       "SYS_NICE",	    "SYS_RESOURCE",
	"SYS_TIME",	    "SYS_TTY_CONFIG", "MKNOD",	       "LEASE",		    "AUDIT_WRITE",
	"AUDIT_CONTROL",    "SETFCAP",	    "MAC_OVERRIDE",    "MAC_ADMIN",	    "SYSLOG",
	"WAKE_ALARM",	    "BLOCK_SUSPEND", "AUDIT_READ",     "PERFMON",	    "BPF",
	"CHECKPOINT_RESTORE",
};

static const char *const rlimit_names[] = {
	[RLIMIT_CPU] = "CPU",		  [RLIMIT_FSIZE] = "FSIZE",   [RLIMIT_DATA] = "DATA",
	[RLIMIT_STACK] = "STACK",	  [RLIMIT_CORE] = "CORE",     [RLIMIT_RSS] = "RSS",
	[RLIMIT_NPROC] = "NPROC",	  [RLIMIT_NOFILE] = "NOFILE", [RLIMIT_MEMLOCK] = "MEMLOCK",
	[RLIMIT_AS] = "AS",		  [RLIMIT_LOCKS] = "LOCKS",   [RLIMIT_SIGPENDING] = "SIGPENDING",
	[RLIMIT_MSGQUEUE] = "MSGQUEUE",	  [RLIMIT_NICE] = "NICE",     [RLIMIT_RTPRIO] = "RTPRIO",
	[RLIMIT_RTTIME] = "RTTIME",
};

#define BIT(c) (1ull << CAP_##c)
#define DEFAULT_CAPS                                                                                     \
	(BIT(CHOWN) | BIT(DAC_OVERRIDE) | BIT(FSETID) | BIT(FOWNER) | BIT(MKNOD) | BIT(NET_RAW) |        \
	 BIT(SETGID) | BIT(SETUID) | BIT(SETFCAP) | BIT(SETPCAP) | BIT(NET_BIND_SERVICE) |               \
	 BIT(SYS_CHROOT) | BIT(KILL) | BIT(AUDIT_WRITE))

const struct vi_caps vi_caps_default = {
	.bounding = DEFAULT_CAPS,
	.effective = DEFAULT_CAPS,
	.permitted = DEFAULT_CAPS,
};

int vi_cap_parse(const char *name, int *ret)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (size_t i = 0; i < ARRAY_LEN(cap_names); i++) {
		if (strcasecmp(name, cap_names[i]) == 0) {
			*ret = (int)i;
			return 0;
		}
	}
	return -EINVAL;
}

int vi_rlimit_parse(const char *name, int *ret)
{
	if (strncmp(name, "RLIMIT_", 7) != 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(rlimit_names); i++) {
		if (rlimit_names[i] && strcmp(name + 7, rlimit_names[i]) == 0) {
			*ret = (int)i;
			return 0;
		}
	}
	return -EINVAL;
}

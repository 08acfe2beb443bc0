/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp.h - linux.seccomp compiled to the kernel's filter program. */
#ifndef BERTH_GUEST_SECCOMP_H
#define BERTH_GUEST_SECCOMP_H

#include <jansson.h>
#include <linux/filter.h>
#include <stddef.h>

#include "base/err.h"

struct vi_filter {
	struct sock_filter *code; /* owned; NULL: no filter */
	unsigned short len;       /* instructions */
	unsigned long flags;      /* SECCOMP_FILTER_FLAG_* */
};

/* The spec has rules resolved already: no includes or excludes by capability.
 * -EINVAL for an unknown action, operator or architecture; unknown system calls are skipped. */
int vi_filter_compile(json_t *seccomp, struct vi_filter *ret, struct err *e);
void vi_filter_finish(struct vi_filter *f);
/* Installs it in the calling process. -errno. */
int vi_filter_install(const struct vi_filter *f);

#endif

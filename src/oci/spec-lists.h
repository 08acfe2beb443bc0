/* SPDX-License-Identifier: Apache-2.0 */
/* spec-lists.h - the names that a specification is made of. */
#ifndef BERTH_OCI_SPEC_LISTS_H
#define BERTH_OCI_SPEC_LISTS_H

/* All capabilities, in the kernel's numbering (include/uapi/linux/capability.h); NULL at the end. */
extern const char *const spec_caps[];
extern const int spec_ncaps;
/* What docker gives a container. */
extern const char *const spec_default_caps[];
extern const char *const spec_masked_paths[], *const spec_readonly_paths[];
/* System calls that no container needs and that change the kernel under it. */
extern const char *const spec_denied_syscalls[];

#endif

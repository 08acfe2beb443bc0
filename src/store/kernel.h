/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.h - the guest kernels of a store, several at once:
 *
 *   kernels/<name>/vmlinux     an ELF with a PVH entry, or a bzImage
 *   kernels/<name>/meta.json   {version, arch, features[]} where known, as kernel/compile.sh writes it
 *   kernels/.default           the name of the one that containers start with; none: berth's own
 *
 * A kernel appears by one rename of its folder and goes by another, so that whoever opened it keeps it.
 * Names are those of containers: letters, digits, '.', '_', '-'. All calls block. */
#ifndef BERTH_STORE_KERNEL_H
#define BERTH_STORE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define STORE_KERNEL_NAME_MAX 64
/* The one that comes with berth, in no store. */
#define STORE_KERNEL_OWN "berth"

struct store_kernel {
	char *name, *version, *arch; /* "" where not known */
	char *path;                  /* of vmlinux */
	char **features;             /* NULL-terminated */
	uint64_t size;
	bool is_default;
};

/* vmlinux is a file that was found to be a kernel; meta (may be NULL) the JSON beside it. *ret_default: it became
 * the default, as asked for. -EEXIST if there is one of that name that is another. */
int store_kernel_add(const char *root, const char *name, const char *vmlinux, const char *meta, bool make_default,
		     struct err *e);
/* Sorted by name; ret is freed by store_kernels_free. */
int store_kernel_list(const char *root, struct store_kernel **ret, size_t *ret_n, struct err *e);
void store_kernels_free(struct store_kernel *v, size_t n);
/* Its folder and all below; a default that it was is berth's own again. -ENOENT. */
int store_kernel_remove(const char *root, const char *name, struct err *e);
/* STORE_KERNEL_OWN takes the choice back. -ENOENT. */
int store_kernel_set_default(const char *root, const char *name, struct err *e);
/* The file of a kernel: of a name; of a path (it has a '/'), which is itself; of NULL the default's. *ret NULL:
 * berth's own. The caller frees. -ENOENT with words. */
int store_kernel_find(const char *root, const char *name, char **ret, struct err *e);
bool store_kernel_name_valid(const char *name);

#endif

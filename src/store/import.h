/* SPDX-License-Identifier: Apache-2.0 */
/* import.h - images from image layouts into the store. Blocking. */
#ifndef BERTH_STORE_IMPORT_H
#define BERTH_STORE_IMPORT_H

#include "store/image.h"
#include "store/lease.h"
#include "store/source.h"

/* Copies what d leads to (all platforms whose blobs are in the source), checked, under the lease. p may be NULL. */
int store_import_desc(struct store *s, struct store_lease *l, const struct store_source *from, const struct oci_desc *d,
		      struct pace *p, struct err *e);
/* The same out of a layout, and tags it name (the full form), or leaves it without a name if name is NULL. */
int store_import_layout(struct store *s, const struct oci_layout *from, const struct oci_desc *d,
			const char *name, struct err *e);
/* If the layout in the folder path (an installed one) has an image whose ref.name is name: imports it.
 * 1, 0 if there is none of that name or no such folder, -errno if it cannot be brought into the store. */
int store_import_builtin(struct store *s, const char *path, const char *name, struct err *e);

/* As store_image_find, but takes in what name stands for first: what is in a file, and, when there is none of that name, what
 * comes with berth in the layout builtin (NULL: nothing). p: of the reading of a file; may be NULL. */
int store_image_take_in(struct store *s, const char *builtin, const char *name, const struct oci_platform *want,
			struct pace *p, struct store_image *ret, struct err *e);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* trash.h - what was deleted and can be given back for 7 days: trash/<id>/.
 *
 *   meta.json    kind ("container", "image"), name, names[] (an image's), deleted (RFC 3339), size_bytes,
 *                image_digest and rootfs_key (what a collection must leave), desc{} (an image's descriptor)
 *   container/   the container's folder as it was, byte for byte; its id is the entry's too
 *
 * An entry's name, address and ports are free at once. What is in the trash is needed, for gc.h. Blocking. */
#ifndef BERTH_STORE_TRASH_H
#define BERTH_STORE_TRASH_H

#include "store/container.h"
#include "store/store.h"

#define TRASH_DAYS 7
/* What a repair moved aside; it goes when all of the trash is purged. */
#define TRASH_QUARANTINE "trash/.quarantine"

struct store_trash {
	char id[CONTAINER_ID_LEN + 1];
	char *kind, *name; /* name: of the container, or the image's names, ", " between */
	char *image_digest, *rootfs_key; /* NULL: none */
	int64_t deleted;   /* ns since 1970 */
	uint64_t size_bytes;
};

/* All entries, newest first. */
int store_trash_list(struct store *s, struct store_trash **ret, size_t *ret_n, struct err *e);
void store_trash_list_free(struct store_trash *v, size_t n);

/* The caller holds the container's lock. Entries that are too old go for good on this occasion. */
int store_trash_container(struct store *s, const char *id, struct err *e);
/* As store_image_remove, with a way back. ret_untagged is the caller's to strv_free; ret_id the entry's. */
int store_trash_image(struct store *s, const char *name, bool force, char ***ret_untagged,
		      char ret_id[static CONTAINER_ID_LEN + 1], struct err *e);

/* An image that is not whole, with all its names. */
int store_trash_broken(struct store *s, const struct oci_desc *d, struct err *e);

/* what: an entry's id, a prefix of it that is not ambiguous, or a name (the newest of that name). ret_name (may
 * be NULL): what was given back, the caller's. -EEXIST if its name is taken by now: it stays in the trash. */
int store_trash_restore(struct store *s, const char *what, char **ret_name, struct err *e);
/* what NULL: all of it. A collection should follow. The number of entries, or -errno. */
int store_trash_purge(struct store *s, const char *what, struct err *e);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* registry-upload.h - a blob on its way to a registry: is it there, can it be mounted from another repository, else
 * its bytes, in one piece or in several, and on from where a cut left off. OCI distribution, "Pushing blobs". */
#ifndef BERTH_OCI_REGISTRY_UPLOAD_H
#define BERTH_OCI_REGISTRY_UPLOAD_H

#include "oci/registry.h"

#define OCI_UPLOAD_PIECE (512ull << 20) /* bytes; the default */

struct oci_reg_upload;
typedef void (*oci_reg_upload_cb)(struct oci_reg_upload *u, int rc, const struct err *e);

/* Zeroed, filled, started; finished after its callback. */
struct oci_reg_upload {
	/* Of the caller. */
	struct oci_desc desc;
	int fd;           /* of its bytes; -1: they are not to be had, it must be there already (-ENODATA) */
	uint64_t piece_size; /* larger blobs go in requests of that many bytes; 0: the default */
	const char *from; /* a repository of that registry which may have it; NULL; stays until the callback */
	void (*progress)(struct oci_reg_upload *u); /* `at` changed; may be NULL */

	/* Results. */
	bool there, mounted;
	uint64_t at;      /* bytes that it has of us */
	uint64_t sent;    /* bytes over the network, those sent twice too */
	const char *hint;

	/* used inside */
	struct oci_reg *reg;
	const struct oci_ref *ref;
	struct oci_reg_op op;
	struct http_deadline wait;
	struct loop_defer defer;
	oci_reg_upload_cb cb;
	char *location;
	uint64_t base, at_last_try, piece;
	unsigned tries, restarts;
	bool active, asking, waiting, cancelled, closing;
	void (*next)(struct oci_reg_upload *u); /* after the pause */
	int rc;
	struct err err;
};

/* Contract of base/loop.h; ref stays until the callback. Errors: those of registry.h, and -EBADMSG if the registry
 * finds another digest. */
int oci_reg_upload_start(struct oci_reg_upload *u, struct oci_reg *reg, const struct oci_ref *ref,
			 oci_reg_upload_cb cb, struct err *e);
void oci_reg_upload_cancel(struct oci_reg_upload *u);
void oci_reg_upload_finish(struct oci_reg_upload *u);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* save.h - images out of the store, in forms that other programs read. The same images give the same bytes. Blocking. */
#ifndef BERTH_STORE_SAVE_H
#define BERTH_STORE_SAVE_H

#include "base/pace.h"
#include "store/image.h"

enum store_form {
	STORE_OCI_ARCHIVE,    /* a tar of an image layout, blobs as they are */
	STORE_OCI_DIR,        /* the layout as a folder */
	STORE_DOCKER_ARCHIVE, /* manifest.json, configs, uncompressed layers: of one platform */
};
/* -EINVAL for what is none of "oci-archive", "oci-dir", "docker-archive". */
int store_form_parse(const char *word, enum store_form *ret);

struct store_save {
	struct store *store;
	const char *const *names; /* NULL-terminated, as users name images; the same twice counts once */
	const struct oci_platform *platform; /* of a docker-archive; NULL: this machine's */
	struct pace *pace;
};

/* Into fd, which need not be a file. Each blob's digest is checked on the way. */
int store_save_archive(const struct store_save *o, enum store_form form, int fd, struct err *e);
/* Into the empty folder dir_fd. */
int store_save_dir(const struct store_save *o, int dir_fd, struct err *e);

/* --- what the parts share (save.c, save-docker.c) */

struct save_image {
	struct oci_desc top;
	char *name;          /* the full reference; NULL: it was named by id or digest */
	char *asked;         /* as the user named it */
};
struct save_out {
	int fd;
	struct pace *pace;
};
int save_bytes(struct save_out *o, const void *p, size_t n, struct err *e);
/* A member of these bytes. */
int save_member(struct save_out *o, const char *name, const void *p, size_t n, struct err *e);
/* A member's header; its bytes follow by save_bytes, then save_fill. */
int save_begin(struct save_out *o, const char *name, uint64_t size, struct err *e);
int save_fill(struct save_out *o, uint64_t size, struct err *e);
int save_end(struct save_out *o, struct err *e);
int store_save_docker(const struct store_save *o, const struct save_image *v, size_t n, struct save_out *out,
		      struct err *e);

#endif

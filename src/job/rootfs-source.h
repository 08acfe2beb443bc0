/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs-source.h - what a user names as source, resolved into layers and folders. Blocking. */
#ifndef BERTH_JOB_ROOTFS_SOURCE_H
#define BERTH_JOB_ROOTFS_SOURCE_H

#include "base/pace.h"
#include "job/unpack.h"
#include "store/image.h"

/* One source of the unpacker and where its bytes come from. */
struct rootfs_layer {
	char *path; /* of a tar file, or NULL */
	const struct oci_layout *from; /* of a blob; owned by the list or the store's */
	struct oci_desc desc;
	int fd; /* of a folder, or stdin; -1 */
};

struct rootfs_sources {
	struct unpack_source *unpack; /* n each */
	struct rootfs_layer *layers;
	size_t n;
	const char *builtin; /* the folder of images that come with berth; the caller's; NULL: none */
	struct pace *pace; /* ends the reading of an archive; the caller's; NULL: nothing does */
	struct oci_layout **layouts; /* opened for "oci:" sources */
	size_t nlayouts;
};

/* What can be told of a word without reading it: a file or folder that is not there. */
int rootfs_source_check(const char *word, struct err *e);
/* Adds what word stands for: an image of s (may be NULL), "oci:DIR[:TAG]", "oci-archive:FILE[:TAG]",
 * "docker-archive:FILE[:TAG]", "dir:PATH", "tar:FILE", "tar:-".
 */
int rootfs_sources_add(struct rootfs_sources *v, struct store *s, const char *word,
		       const struct oci_platform *platform, struct err *e);
/* Adds an image's layers. check: their stored bytes are checked against their digests, too. */
int rootfs_sources_add_image(struct rootfs_sources *v, const struct oci_layout *from,
			     const struct oci_image *m, bool check, struct err *e);
int rootfs_sources_add_merged(struct rootfs_sources *v, const struct unpack_merged *m, struct err *e);
/* A descriptor of the stored bytes of layer i, the caller's. */
int rootfs_sources_open(const struct rootfs_sources *v, size_t i, struct err *e);
void rootfs_sources_finish(struct rootfs_sources *v);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* desc.h - descriptors, platforms and media types: what points from one document to the next.
 *
 * OCI image specification, descriptor.md, image-index.md ("platform"), media-types.md. No I/O. */
#ifndef BERTH_OCI_DESC_H
#define BERTH_OCI_DESC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "oci/digest.h"

#define OCI_MT_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_MT_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_MT_CONFIG "application/vnd.oci.image.config.v1+json"
#define OCI_MT_LAYER "application/vnd.oci.image.layer.v1.tar"
#define OCI_MT_LAYER_GZIP OCI_MT_LAYER "+gzip"
#define OCI_MT_LAYER_ZSTD OCI_MT_LAYER "+zstd"
#define OCI_MT_EMPTY "application/vnd.oci.empty.v1+json"
#define DOCKER_MT_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_MT_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_MT_CONFIG "application/vnd.docker.container.image.v1+json"
#define DOCKER_MT_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define DOCKER_MT_SCHEMA1 "application/vnd.docker.distribution.manifest.v1+json"
#define DOCKER_MT_SCHEMA1_SIGNED "application/vnd.docker.distribution.manifest.v1+prettyjws"

#define OCI_MT_MAX 256
#define OCI_PLATFORM_MAX 104

/* What a media type stands for. */
enum oci_kind {
	OCI_KIND_OTHER,
	OCI_KIND_INDEX,
	OCI_KIND_MANIFEST,
	OCI_KIND_CONFIG,
	OCI_KIND_LAYER_TAR,
	OCI_KIND_LAYER_GZIP,
	OCI_KIND_LAYER_ZSTD,
	OCI_KIND_LAYER_FOREIGN, /* "nondistributable": Windows base layers; not to be had from the registry */
	OCI_KIND_SCHEMA1,
};

/* Ignores parameters (";charset=…") and case. NULL or "" is OTHER. */
enum oci_kind oci_media_kind(const char *media_type);
static inline bool oci_kind_is_layer(enum oci_kind k)
{
	return k >= OCI_KIND_LAYER_TAR && k <= OCI_KIND_LAYER_FOREIGN;
}

struct oci_platform {
	char os[32], arch[32], variant[32]; /* Go's words: "linux", "amd64", "arm64" "v8"; "" = not given */
};

/* "linux/amd64", "linux/arm64/v8", "arm64" (of linux); x86_64, aarch64 and the like are understood.
 * -EINVAL with words. */
int oci_platform_parse(const char *s, struct oci_platform *ret, struct err *e);
/* This machine. */
void oci_platform_host(struct oci_platform *ret);
/* "linux/arm64/v8". */
void oci_platform_str(const struct oci_platform *p, char ret[static OCI_PLATFORM_MAX]);
/* How well have serves want: 0 not at all, else the larger the better (the exact variant, then one that
 * want runs too: arm/v7 runs v6 and v5, amd64/v3 runs v2 and v1; arm64 is v8). */
int oci_platform_match(const struct oci_platform *want, const struct oci_platform *have);

struct oci_desc {
	char media_type[OCI_MT_MAX]; /* "" if not given */
	enum oci_kind kind;          /* of media_type */
	struct oci_digest digest;
	uint64_t size;               /* bytes; at most INT64_MAX */
	struct oci_platform platform;
	char ref_name[160];          /* annotation org.opencontainers.image.ref.name, "" if none or too long */
	bool attestation;            /* annotation vnd.docker.reference.type: not an image to run */
};

/* Reads a descriptor's JSON. -EINVAL with words for a missing or bad digest or size. */
int oci_desc_parse(const cJSON *j, struct oci_desc *ret, struct err *e);
/* mediaType, digest, size and platform if given; NULL when out of memory. */
cJSON *oci_desc_json(const struct oci_desc *d);

#endif

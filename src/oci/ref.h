/* SPDX-License-Identifier: Apache-2.0 */
/* ref.h - the names of images as users write them, brought into docker's full form.
 *
 *   debian                     docker.io/library/debian:latest
 *   localhost:5000/a/b:1       as it stands: the part before the first '/' is a host if it holds a '.' or
 *                              a ':' or is "localhost"
 *   debian:12@sha256:…         tag and digest: the digest is what is fetched, the tag is kept as a name
 *   oci:DIR[:TAG]  oci-archive:FILE[:TAG]  docker-archive:FILE[:TAG]
 *
 * Grammar: the OCI distribution specification ("Pulling manifests") and docker's reference syntax. No I/O. */
#ifndef BERTH_OCI_REF_H
#define BERTH_OCI_REF_H

#include <stdbool.h>

#include "base/err.h"

#define OCI_REF_MAX 4096   /* bytes of a reference with a path */
#define OCI_NAME_MAX 255   /* bytes of host + '/' + repository */
#define OCI_TAG_MAX 128

enum oci_transport { OCI_REGISTRY, OCI_DIR, OCI_ARCHIVE, DOCKER_ARCHIVE };

/* Strings are owned. Zeroed memory is fine for finish. */
struct oci_ref {
	enum oci_transport transport;
	char *host;   /* "docker.io", "localhost:5000", "[::1]:5000"; NULL for the transports with a path */
	char *repo;   /* "library/debian"; NULL for the same */
	char *tag;    /* "latest"; NULL if none was given and there is a digest, or for a path without one */
	char *digest; /* "sha256:…" or NULL */
	char *path;   /* of the folder or the file; NULL for a registry */
};

/* -EINVAL with words. */
int oci_ref_parse(const char *s, struct oci_ref *ret, struct err *e);
/* The same for a word that may be something else, an id say: 1, 0 if it is no reference (*ret stays as it was), -ENOMEM. */
int oci_ref_try(const char *s, struct oci_ref *ret, struct err *e);
/* A name that an image can be given: without a digest, and not that of a file. */
int oci_ref_parse_name(const char *s, struct oci_ref *ret, struct err *e);
/* 0 or -ENOMEM. */
int oci_ref_copy(const struct oci_ref *r, struct oci_ref *ret);
void oci_ref_finish(struct oci_ref *r);

/* The whole of it, "docker.io/library/debian:latest@sha256:…", which parses to the same again. The caller
 * frees; NULL: out of memory. */
char *oci_ref_str(const struct oci_ref *r);
/* As a user of docker would write it: "debian:latest", "localhost:5000/a:1". The caller frees. */
char *oci_ref_familiar(const struct oci_ref *r);
/* "docker.io/library/debian" or, familiar, "debian". The caller frees. */
char *oci_ref_name(const struct oci_ref *r, bool familiar);
/* Where the registry's API answers: "registry-1.docker.io" for docker.io, else host itself. */
const char *oci_ref_api_host(const struct oci_ref *r);

/* true for a tag, a repository ("a/b-c"), a host with or without port, each within its grammar. */
bool oci_tag_valid(const char *s);
bool oci_repo_valid(const char *s);
bool oci_host_valid(const char *s);

#endif

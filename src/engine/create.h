/* SPDX-License-Identifier: Apache-2.0 */
/* create.h - what the user asked of a new container, kept while its image is fetched, and what becomes of it:
 * config.json (store/container.h tells its keys). */
#ifndef BERTH_ENGINE_CREATE_H
#define BERTH_ENGINE_CREATE_H

#include "engine/engine.h"
#include "job/proto.h"
#include "oci/desc.h"
#include "oci/spec.h"
#include "store/image.h"

/* A container of this process's own, as rootfs create makes them: it goes when the process ends. */
struct eng_owned {
	int base; /* the file that becomes its base.ext4; the caller's */
	int lock; /* once it is made: the caller closes it when he needs the container no more */
};
int eng_container_create_owned(struct berth *b, const struct berth_create *o, struct eng_owned *own, berth_created_cb done,
			       void *arg, struct berth_op **ret, struct berth_error *e);

/* Copies of struct berth_create; strings are in the arena. */
struct create_spec {
	struct berth_create o; /* with pointers of the arena */
	struct eng_owned *own; /* NULL: nobody's */
	const char *image, *platform;
	enum berth_pull_policy pull_policy;
	struct berth_pull pull;
	uint64_t root_size, log_size; /* bytes */
	unsigned log_files;
	struct oci_platform platform_value, *platform_given; /* NULL: none was asked for */
	struct oci_rlimit *rlimits;
	size_t nrlimits;
	struct oci_pair *sysctls;
	size_t nsysctls;
	cJSON *seccomp; /* a profile read from a file */
};

/* Checks all that needs no image: -EINVAL with words. */
int create_spec_init(struct create_spec *s, struct eng_arena *a, const struct conf *conf, const struct berth_create *o,
		     struct err *e);
int create_check_limits(uint64_t memory, double cpus, struct err *e); /* 0: not given */
void create_spec_finish(struct create_spec *s);
/* The text of the container's configuration, the caller's to delete. Picks a name if none was given. */
int create_config(const struct create_spec *s, const char *id, const struct store_image *image, cJSON **ret,
		  struct err *e);

/* The description of a pull job. */
int eng_pull_desc(const struct berth *b, const struct berth_pull *p, const char *ref, const char *platform,
		  struct job_desc *ret, struct err *e);
/* That of another job that talks to the registry host; ref is what the job is about. own: nobody joins it. */
int eng_reach_desc(const struct berth *b, const char *kind, const char *ref, const char *host,
		   const struct berth_reach *r, bool own, struct job_desc *ret, struct err *e);
/* The folder of images that come with berth; the caller frees. */
char *eng_builtin_images(void);
/* The description of a push job. */
int eng_push_desc(const struct berth *b, const struct berth_push *p, struct job_desc *ret, struct err *e);

#endif

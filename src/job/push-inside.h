/* SPDX-License-Identifier: Apache-2.0 */
/* push-inside.h - what the parts of a push share.
 *
 *   push-source.c     in the pool: the image in the store, all that is to go, and where it may be mounted from
 *   push.c            the flow: blobs, several at once, then manifests, the one with the name last */
#ifndef BERTH_JOB_PUSH_INSIDE_H
#define BERTH_JOB_PUSH_INSIDE_H

#include "base/work.h"
#include "job/kind.h"
#include "job/reach.h"
#include "oci/manifest.h"
#include "oci/ref.h"
#include "oci/registry-upload.h"
#include "store/lease.h"
#include "store/store.h"

#define PUSH_BLOBS_MAX 65536 /* of an index and all that it leads to */

enum push_state { PUSH_WAITING, PUSH_GOING, PUSH_THERE };

struct push_blob {
	struct push *push;
	struct oci_desc desc;
	enum push_state state;
	char *from;     /* a repository of the same registry that may have it; NULL */
	bool is_layer;  /* else a config */
	int fd;
	struct oci_reg_upload up;
};

struct push_manifest {
	struct oci_desc desc;
	char *text;
	size_t len;
};

struct push {
	uv_loop_t *loop;
	const struct job_desc *desc;
	struct job_calls calls;
	struct oci_ref ref; /* where it goes */
	struct job_reach reach;
	struct store *store;
	struct store_lease lease;
	struct work work;

	/* Of push_source. What is named comes last. */
	struct push_manifest *manifests;
	size_t nmanifests;
	struct push_blob *blobs; /* stay where they are once push_source is over */
	size_t nblobs, blobs_cap;

	struct oci_reg *reg;
	struct oci_reg_op op;
	size_t next_manifest, active;
	uv_timer_t tick;
	bool asked_top;
	int64_t started_ns, last_ns;
	uint64_t last_sent;
	double rate;

	unsigned outstanding;
	bool failing, told;
	int rc;
	struct err err;
	const char *hint;
};

/* Finds the source and fills manifests and blobs. Blocks. */
int push_source(struct push *p, struct err *e);
void push_source_finish(struct push *p);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* push-inside.h - what the parts of a push share.
 *
 *   push-source.c     in the pool: the image in the store, all that is to go, and where it may be mounted from
 *   push.c            the flow: blobs, several at once, then manifests, the one with the name last
 *   push-subject.c    the list of what belongs to a manifest, for registries that keep none themselves */
#ifndef BERTH_JOB_PUSH_INSIDE_H
#define BERTH_JOB_PUSH_INSIDE_H

#include "base/pace.h"
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
	struct oci_digest subject; /* that it belongs to, or none */
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
	struct pace pace; /* of taking in an image that is in a file */

	/* Of push_source. What is named comes last. */
	struct push_manifest *manifests;
	size_t nmanifests;
	struct push_blob *blobs; /* stay where they are once push_source is over */
	size_t nblobs, blobs_cap;

	struct oci_reg *reg;
	struct oci_reg_op op;
	char *referrers; /* the index that is put for a subject */
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

/* Remembers the first failure and stops all that runs; the end comes when nothing is outstanding. */
void push_fail(struct push *p, int rc, const struct err *e, const char *hint);
/* To be called first in each callback: true if the push is failing and the caller must do nothing more. */
bool push_returned(struct push *p);
void push_next_manifest(struct push *p);
/* Makes op ready for another request. */
void push_fresh(struct push *p);

/* The manifest that was put last has a subject which the registry did not take notice of: notes it in the index under
 * the tag for that, then goes on with the next manifest. */
void push_note_subject(struct push *p);

#endif

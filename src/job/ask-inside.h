/* SPDX-License-Identifier: Apache-2.0 */
/* ask-inside.h - what jobs that only ask a registry share. All runs on the loop's thread.
 *
 *   ask.c             the flow; logins, tags, manifests
 *   ask-referrers.c   what refers to a manifest */
#ifndef BERTH_JOB_ASK_INSIDE_H
#define BERTH_JOB_ASK_INSIDE_H

#include "base/work.h"
#include "job/kind.h"
#include "job/reach.h"
#include "oci/ref.h"
#include "oci/registry.h"

struct ask;

/* What is asked. Zeroed `op` before each request; its callback is ask_on_answer. */
struct question {
	bool login; /* the description's ref is a host, whose login is tried; else a reference */
	bool answers_missing; /* answer is called for -ENOENT too */
	int (*first)(struct ask *a, struct err *e);
	/* What came (rc 0, or -ENOENT with e set): tells the clients. 1: another request is under way, 0: that was it, < 0. */
	int (*answer)(struct ask *a, int rc, struct err *e);
};

struct ask {
	uv_loop_t *loop;
	const struct job_desc *desc;
	struct job_calls calls;
	const struct question *question;
	struct oci_ref ref;
	struct job_reach reach;
	struct oci_reg *reg;
	struct oci_reg_op op;
	struct work work;
	struct loop_defer defer;
	bool asking, cancelled;
	unsigned pages, stage;
	size_t ntags;
	struct oci_digest subject; /* whose referrers */
	int rc;
	struct err err;
	const char *hint;
};

int ask_start(uv_loop_t *loop, const struct job_desc *d, const struct job_calls *calls, const struct question *q,
	      void **ret, struct err *e);
void ask_cancel(void *job);
void ask_destroy(void *job);

void ask_on_answer(struct oci_reg_op *op, int rc, const struct err *e);
/* Makes op ready for another request, or for that of the page `next`, which is copied by who asks. */
void ask_again(struct ask *a);
int ask_next_page(struct ask *a, const char *next, const char *of, struct err *e);

#endif

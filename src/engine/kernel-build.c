/* SPDX-License-Identifier: Apache-2.0 */
/* kernel-build.c - the guest kernel built by a job. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "engine/engine.h"
#include "engine/job.h"
#include "oci/desc.h"

struct building {
	struct berth_op op;
	struct eng_job job;
	struct eng_progress view;
	berth_progress_cb progress;
	berth_lines_cb done;
};

static void on_event(struct eng_job *job, const char *name, const cJSON *event)
{
	struct building *b = job->data;

	b->view.view.job = job->id;
	if (eng_progress_take(&b->view, name, event) && b->progress)
		b->progress(b->op.arg, &b->view.view);
}

static void on_end(struct eng_job *job, int rc, const struct err *e)
{
	struct building *b = job->data;
	const char *lines[] = { json_str(job->result, "name"), NULL };
	struct berth_error be = { 0 };

	if (rc == 0 && !lines[0])
		rc = -ECANCELED; /* it goes on without us */
	const struct berth_error *err = eng_error(&be, rc, e, job->hint);
	eng_op_end(&b->op);
	b->done(b->op.arg, rc, err, lines, rc < 0 ? 0 : 1);
	eng_job_finish(job);
	eng_progress_finish(&b->view);
	free(b);
}

static void cancel(struct berth_op *op)
{
	eng_job_cancel(&container_of(op, struct building, op)->job);
}

static void keep(struct berth_op *op)
{
	eng_job_detach(&container_of(op, struct building, op)->job);
}

int berth_kernel_build(struct berth *b, berth_progress_cb progress, berth_lines_cb done, void *arg,
		       struct berth_op **op, struct berth_error *be)
{
	struct building *n = calloc(1, sizeof(*n));
	struct oci_platform host;
	char platform[OCI_PLATFORM_MAX];
	struct err e = { 0 };
	int rc = n ? 0 : -ENOMEM;

	oci_platform_host(&host);
	oci_platform_str(&host, platform);
	if (rc == 0) {
		const struct job_desc d = { .kind = (char *)"kernel build", .root = b->root, .run_root = b->run_root,
					    .ref = (char *)"the kernel", .platform = platform, .retries = -1 };

		n->job.event = on_event;
		n->job.data = n;
		n->progress = progress;
		n->done = done;
		n->view.view.verb = d.kind;
		n->view.view.object = "the kernel";
		rc = eng_job_start(&n->job, b->loop, &d, on_end, &e);
	}
	if (rc < 0) {
		free(n);
		return eng_refuse(be, rc, &e);
	}
	eng_op_begin(b, &n->op, arg, cancel, op);
	n->op.keep = keep;
	return 0;
}

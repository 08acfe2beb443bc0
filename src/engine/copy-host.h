/* SPDX-License-Identifier: Apache-2.0 */
/* copy-host.h - the host's end of a copy: a file or folder of this machine, or a tar on a descriptor. Blocking. */
#ifndef BERTH_ENGINE_COPY_HOST_H
#define BERTH_ENGINE_COPY_HOST_H

#include "base/pace.h"
#include "base/tree-pack.h"
#include "engine/copy-plan.h"

/* What end is; follow: what it leads to. */
int copy_host_find(struct copy_end *end, bool follow, struct err *e);
/* The folder to put a copy in, open; made with those above it if the plan says so. */
int copy_host_folder(const struct copy_plan *p, struct err *e);

struct copy_host {
	int conn;  /* to the container's end */
	int tar;   /* the descriptor; -1: files */
	int wake;  /* an eventfd: what waits for the descriptor ends */
	struct pace *pace;
	struct tree_stats stats;
	bool lost; /* it failed for the other end's sake, which knows why */
};
/* What src is goes to the container as name. */
int copy_host_send(struct copy_host *h, const struct copy_end *src, const char *name, struct err *e);
/* What comes goes into the folder: name and what lies beneath it; "": anything. */
int copy_host_receive(struct copy_host *h, int folder, const char *name, bool keep_owner, struct err *e);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs-run.h - a root file system whose scripts run in VMs. */
#ifndef BERTH_ENGINE_ROOTFS_RUN_H
#define BERTH_ENGINE_ROOTFS_RUN_H

#include "engine/engine.h"
#include "job/rootfs.h"

/* berth_rootfs_create with scripts. o: r as the job takes it; both are copied. */
int eng_rootfs_run(struct berth *b, const struct berth_rootfs *r, const struct rootfs_opts *o,
		   berth_progress_cb progress, berth_rootfs_cb done, void *arg, struct berth_op **op, struct err *e);

#endif

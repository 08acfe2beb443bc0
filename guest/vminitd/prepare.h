/* SPDX-License-Identifier: Apache-2.0 */
/* prepare.h - Agent/Prepare: all that a sandbox needs before its first container. */
#ifndef BERTH_GUEST_PREPARE_H
#define BERTH_GUEST_PREPARE_H

#include "rpc/server.h"

void vi_method_prepare(struct rpc_call *call, const ProtobufCMessage *msg);
/* Writable file systems of disks are unmounted, as far as they can be. */
void vi_prepare_undo(void);
/* Replaces etc/<name> below a root that is not trusted. */
int vi_write_etc(int rootfd, const char *name, const char *text, struct err *e);
/* A kernel parameter of the VM; keys have dots or slashes. */
int vi_sysctl_set(const char *key, const char *value, struct err *e);

#endif

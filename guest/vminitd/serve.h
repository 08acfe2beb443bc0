/* SPDX-License-Identifier: Apache-2.0 */
/* serve.h - the gRPC services on port 1024. */
#ifndef BERTH_GUEST_SERVE_H
#define BERTH_GUEST_SERVE_H

#include "base/err.h"
#include "rpc/method.h"

/* methods.c */
extern const struct rpc_method vi_methods[];

int vi_serve_start(struct err *e);

#endif

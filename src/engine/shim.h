/* SPDX-License-Identifier: Apache-2.0 */
/* shim.h - the shim's methods, for its clients. */
#ifndef BERTH_ENGINE_SHIM_H
#define BERTH_ENGINE_SHIM_H

#include "engine/engine.h"
#include "rpc/method.h"
#include "shim.pb-c.h"

extern const struct rpc_method shim_start, shim_attach, shim_exec, shim_resize, shim_signal, shim_wait, shim_stop,
	shim_consoles, shim_screen, shim_info;

/* Opens the streams that the shim gave tokens for. On failure none is open. */
int eng_take_streams(const struct berth *b, const char *id, const Shim__Streams *from, struct berth_streams *ret,
		     struct err *e);

#endif

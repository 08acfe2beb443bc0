/* SPDX-License-Identifier: Apache-2.0 */
/* freeze.h - the container's disk standing still while clients read it from the host.
 *
 * The guest freezes the file system (FIFREEZE) for the first who asks and thaws it when the last has gone,
 * however it went: who asks holds a call open, and a client that is killed loses its calls. A container that
 * is to end, and a client that takes too long, thaw it too. */
#ifndef BERTH_SHIM_FREEZE_H
#define BERTH_SHIM_FREEZE_H

#include <uv.h>

#include "base/list.h"
#include "rpc/client.h"
#include "rpc/server.h"

struct sandbox;

enum freeze_state { FREEZE_NONE, FREEZE_ASKED, FREEZE_HELD, FREEZE_THAWING };

struct freeze {
	struct sandbox *sb;
	struct list holders;
	struct rpc_unary op;
	enum freeze_state state;
	uv_timer_t timer;
};

void freeze_init(struct freeze *f, struct sandbox *sb);
/* A call of Freeze: a message once the disk stands still, then it stays open. */
void freeze_hold(struct freeze *f, struct rpc_call *call);
/* Ends all of them, with these words, and thaws. */
void freeze_end(struct freeze *f, const char *why);
/* Before the sandbox goes; its timer is closed. */
void freeze_finish(struct freeze *f);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* channel.h - the streams of a process without terminal.
 *
 * An output is read from the guest, logged, and given to each who attached, losslessly: one chunk is in
 * memory at a time, the next is read once every outlet has taken this one, so that a slow reader slows the
 * process down, as with docker, and nothing else. */
#ifndef BERTH_SHIM_CHANNEL_H
#define BERTH_SHIM_CHANNEL_H

#include <stdbool.h>

#include <uv.h>

#include "base/err.h"
#include "base/list.h"
#include "base/watch.h"
#include "shim/crilog.h"
#include "shim/iosock.h"

struct channel {
	uv_loop_t *loop;
	struct watch *from; /* the guest's end; NULL: not there yet, or ended */
	bool draining;      /* the process ended: what is there now is the last */
	bool done;          /* no more will come, everybody has all */
	char *chunk;
	size_t len;
	struct list outlets;
	struct crilog *log; /* NULL: not logged; the caller's */
	enum crilog_stream stream;
	/* More is under way to the guest's end although there is nothing to read; NULL: never. */
	bool (*behind)(struct channel *c);
	/* Nothing more will come and every outlet has what came: once. May finish the channel. */
	void (*drained)(struct channel *c);
	/* The log refused: once. */
	void (*log_failed)(struct channel *c, const struct err *e);
};

int channel_init(struct channel *c, uv_loop_t *loop, struct crilog *log, enum crilog_stream stream,
		 void (*drained)(struct channel *c), void (*log_failed)(struct channel *c, const struct err *e));
/* Closes all, drops what waits. Fine with zeroed memory, and twice. */
void channel_finish(struct channel *c);
/* The stream from the guest, taken over. */
void channel_set_fd(struct channel *c, int fd);
/* The process has ended: what it wrote, and nothing that others write later, is passed on, then each outlet gets the end of file and
 * drained comes, perhaps from within. */
void channel_drain(struct channel *c);
/* One more reader, who comes to io with the token written to ret; until it comes (10 s at most) the process
 * waits. -EPIPE if the channel is done. */
int channel_attach(struct channel *c, struct iosock *io, char ret[static IOSOCK_TOKEN_LEN + 1]);

/* Standard input: from one client at a time to the guest. */
struct inlet {
	uv_loop_t *loop;
	struct watch *to;   /* the guest's end */
	struct watch *from; /* the client's */
	struct iosock_wait wait;
	bool eof;           /* the client sent the end; the guest's end is shut once all went out */
	bool shut;
	char *buf;
	size_t off, len;
};

int inlet_init(struct inlet *in, uv_loop_t *loop);
void inlet_finish(struct inlet *in);
void inlet_set_fd(struct inlet *in, int fd);
/* -EBUSY if another client has it, -EPIPE if it was ended. */
int inlet_attach(struct inlet *in, struct iosock *io, char ret[static IOSOCK_TOKEN_LEN + 1]);

#endif

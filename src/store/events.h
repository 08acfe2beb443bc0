/* SPDX-License-Identifier: Apache-2.0 */
/* events.h - what happened in a store: <root>/events.jsonl, an object a line.
 *
 *   {"time":"2026-11-24T14:02:11.017123456Z","type":"container","action":"start","id":"…","name":"web",
 *    "attributes":{"image":"nginx:1.27"}}
 *
 *   container  create start exec exec_exit exit stop kill oom pause unpause rename delete restore
 *   image      pull load import tag untag delete restore
 *
 * Attributes are strings. Any number of processes write, each line whole and under a lock, so that the times of the
 * file only grow. At EVENTS_BYTES_MAX the file becomes events.jsonl.1, in place of the one before. Blocking, but
 * short: also for the shim's loop. */
#ifndef BERTH_STORE_EVENTS_H
#define BERTH_STORE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#define EVENTS_FILE "events.jsonl"
#define EVENTS_BYTES_MAX (4u << 20)
#define EVENTS_LINE_MAX (16u << 10)

/* kv: key, value, …, NULL; may be NULL. Never fails what it tells of: a failure is logged. A line that would be
 * too long loses its attributes. */
void store_event(const char *root, const char *type, const char *action, const char *id, const char *name,
		 const char *const *kv);
/* The same of a container of the store, named as it is now, with its image. */
void store_event_container(const char *root, const char *id, const char *action, const char *const *kv);

struct store_event {
	int64_t time;
	const char *type, *action, *id, *name;
	const cJSON *attributes; /* an object of strings */
	cJSON *json;             /* owned; the others point into it */
};
/* A line without its end. -EINVAL for what is none. */
int store_event_parse(const char *line, size_t len, struct store_event *ret);
void store_event_finish(struct store_event *ev);

/* Reads on as the files grow and change. */
struct store_events {
	int root, fd; /* fd -1: there is no file yet */
	bool replaced; /* nothing is written to fd any more */
};
/* from_start: all that is kept; else only what comes from now on. */
int store_events_open(struct store_events *r, const char *root, bool from_start, struct err *e);
/* Appends what there is more to b: at most 64 KiB, and none at the end for now. Lines may come in pieces. Bytes
 * or -errno. */
ssize_t store_events_read(struct store_events *r, struct buf *b, struct err *e);
void store_events_close(struct store_events *r);

#endif

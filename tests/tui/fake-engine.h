/* SPDX-License-Identifier: Apache-2.0 */
/* fake-engine.h - libberth for tests of the UI: a store that stands still, and a list of what was asked of it.
 *
 * Containers: web1 (runs, with a terminal, consoles 0 and 1), db (runs, without), worker-1 (runs, terminal), cache
 * (paused), migrate (exited 137). Images: debian:stable, nginx:1.27. A pull is running; the trash holds old-db. */
#ifndef BERTH_TESTS_TUI_FAKE_ENGINE_H
#define BERTH_TESTS_TUI_FAKE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "berth/berth.h"

#define FAKE_NOW 1795528950000000000ll /* 2026-11-24T14:02:30Z */
#define FAKE_MEM_USED 1503238554ull  /* 1.4 GiB of the host's */
#define FAKE_MEM_TOTAL 8160437862ull /* 7.6 GiB */

struct fake_line {
	const char *container;
	int64_t time;
	int stream;
	const char *text;
};

/* What the lists hold in place of the usual; v NULL: the usual. */
#define FAKE_LIST(type) struct { const struct type *v; size_t n; }

struct fake {
	FAKE_LIST(berth_container) containers;
	FAKE_LIST(berth_image) images;
	FAKE_LIST(berth_job) jobs;
	FAKE_LIST(berth_console) consoles;
	FAKE_LIST(berth_trash) trash;
	FAKE_LIST(berth_kernel) kernels;
	FAKE_LIST(berth_finding) findings; /* v NULL: the store is clean */
	FAKE_LIST(berth_process) processes;
	FAKE_LIST(berth_stats) stats; /* pushed once to who watches; v NULL: none */
	unsigned watches, interval_ms; /* of statistics, that are under way; of the newest one */
	int64_t tail;     /* lines that a log was asked for last */
	unsigned attach;  /* flags of the newest console */
	bool deaf;        /* consoles do not read what they are sent */
	const char *info, *probe, *inspect; /* JSON of the system, of an image; NULL: the usual */
	const char *boot, *scrollback; /* JSON of a start, lines of a console; NULL: the usual */
	FAKE_LIST(fake_line) logs; /* v NULL: 60 lines of each */
	int long_log;     /* each log has so many lines, a second apart: "line 7 of web1"; 0: as logs says */
	unsigned log_reads; /* readers that began */
	bool slow_logs;   /* they never come to their end */
	uint64_t log_lines; /* how many there are, filtered out ones too; 0: 60 each */
	struct buf calls; /* what changes something, a line each: "stop web1" */
	struct buf typed; /* what consoles were sent */
	bool reversed;    /* containers in the other order */
	bool refuses;     /* logins */
	const char *no_top;    /* why processes are not told; NULL: they are */
	const char *no_create; /* the next container is not made: "login", "file"; NULL: it is */
	bool empty;       /* none of anything */
	int io;           /* the far end of the newest console; -1 */
};

struct berth *fake_new(uv_loop_t *loop, struct fake *f);
/* Tells the watcher that everything changed. */
void fake_changed(struct berth *b);
/* The newest pull says so. */
void fake_progress(struct berth *b, const struct berth_progress *p);
/* It ends so. */
void fake_pull_fails(struct berth *b, int rc, const char *why);
/* The next sample of all. */
void fake_stats(struct berth *b);
/* Takes what consoles were sent. */
void fake_take_typed(struct berth *b);

#endif

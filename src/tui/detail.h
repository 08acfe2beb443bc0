/* SPDX-License-Identifier: Apache-2.0 */
/* detail.h - the view of one container, between its parts. */
#ifndef BERTH_TUI_DETAIL_H
#define BERTH_TUI_DETAIL_H

#include "base/json.h"
#include "tui/text.h"
#include "tui/views.h"

#define DETAIL_SAMPLES 30
#define DETAIL_PROCS 200

struct detail_proc {
	int pid;
	int64_t started;
	char user[24], command[200];
	double cpu;
	uint64_t memory;
	int64_t cpu_s;
};

struct detail_sample {
	int64_t time;
	double cpu;
	uint64_t memory, limit, rx, tx, rd, wr;
};

struct detail {
	struct textview t;
	char id[80], name[80];
	size_t head[DETAIL_SECTIONS];     /* 1 + the line where it begins; 0: it is not there */
	enum detail_section at;           /* the one that Tab stands on */
	enum detail_section want;         /* to stand on once it is there; DETAIL_SUMMARY: none */
	cJSON *json;    /* inspected; NULL: not yet */
	double boot_ms; /* 0: not known */
	struct detail_proc *procs;
	size_t nprocs, procs_at; /* the line of the first one */
	char no_procs[120];      /* why they are not known; "" */
	int pid;                 /* the one with the cursor; 0 none */
	int64_t pid_started;
	bool moved;              /* the user did: else the cursor is on the first process */
	struct detail_sample sample[DETAIL_SAMPLES]; /* oldest first */
	int nsamples;
	unsigned pushed, events;
	struct detail_link *link;
};

void detail_describe(struct detail *d);

/* detail-procs.c */
void detail_add_procs(struct detail *d);
/* After the lines were made anew. */
void detail_find_proc(struct detail *d);
/* The process under the cursor, if it is on the screen, or NULL. */
const struct detail_proc *detail_focus(const struct detail *d);
bool detail_act_proc(struct detail *d, enum act act, int index);

/* detail-ask.c: what the engine is asked for */
int detail_ask_init(struct detail *d);
void detail_ask(struct detail *d);
void detail_ask_finish(struct detail *d);
/* It is on the screen: samples come from now on, until it is not. */
void detail_watch(struct detail *d);
void detail_add_stats(struct detail *d);

#endif

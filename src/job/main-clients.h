/* SPDX-License-Identifier: Apache-2.0 */
/* main-clients.h - who listens to this job: its starter and those who joined. JSON lines out, commands in;
 * nobody who does not read holds the job up. */
#ifndef BERTH_JOB_MAIN_CLIENTS_H
#define BERTH_JOB_MAIN_CLIENTS_H

#include <uv.h>

#include "base/err.h"
#include "base/json.h"
#include "base/list.h"

#define JOB_CLIENTS_MAX 64

struct job_clients {
	uv_loop_t *loop;
	uv_poll_t accept;
	int listen_fd;
	struct list all;
	size_t n;
	char *hello;    /* the first line for each */
	bool detached;  /* somebody said: go on without me */
	unsigned open;  /* handles that are not closed yet */
	bool ending;
	/* Of the caller: everybody left, or somebody said cancel. */
	void (*cancel)(struct job_clients *c);
	/* After the end, once all is closed; may be NULL, and may free it. */
	void (*closed)(struct job_clients *c);
};

/* Takes both descriptors and hello over. starter -1: none. */
int job_clients_init(struct job_clients *c, uv_loop_t *loop, int listen_fd, int starter, cJSON *hello,
		     struct err *e);
/* To all; event is deleted. droppable: not for those who have not read what came before. */
void job_clients_tell(struct job_clients *c, cJSON *event, bool droppable);
/* The last line to all; then takes no more and closes each who has read it, or after 2 s. */
void job_clients_end(struct job_clients *c, cJSON *event);

#endif

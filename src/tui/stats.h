/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - what the containers use, while somebody looks: samples are taken only as long as a list that shows them
 * is in front, the terminal has the focus and a key came within the last minute. */
#ifndef BERTH_TUI_STATS_H
#define BERTH_TUI_STATS_H

#include <berth/berth.h>

struct app;

#define STATS_AWAKE_MS 60000

struct stat_sample {
	char id[65];
	double cpu;
	uint64_t memory;
};

struct stats {
	struct berth_op *op; /* NULL: none are taken */
	bool running;        /* one was begun; op may not be known yet */
	struct stat_sample *list;
	size_t n;
	uint64_t last_key_ms;
	uv_timer_t *timer;   /* of the minute */
	uint64_t host_used, host_total; /* bytes; 0: not known */
};

int stats_init(struct app *app);
/* After another interval was set. */
void stats_restart(struct app *app);
void stats_finish(struct app *app);
/* Something changed that decides about it: begins or ends. key: a key came. */
void stats_check(struct app *app, bool key);
/* The newest while samples are taken; NULL: there is none. */
const struct stat_sample *stats_of(const struct app *app, const char *id);
/* Also when they are not taken any more: for filters and orders, which must not change by that. */
const struct stat_sample *stats_last(const struct app *app, const char *id);
void stats_host_memory(uint64_t *used, uint64_t *total);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - the agent's one loop: descriptors, timers by deadline, children. Single-threaded. */
#ifndef BERTH_GUEST_LOOP_H
#define BERTH_GUEST_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include "base/list.h"

/* A watched descriptor. Zeroed memory is an idle one. */
struct vi_watch {
	int fd;
	uint32_t events; /* EPOLLIN, EPOLLOUT; 0 is not in the set */
	bool added;
	void (*ready)(struct vi_watch *w, uint32_t events);
};

int vi_loop_init(void);
/* Waits for events on w->fd from now on; also to change them. EPOLLHUP and EPOLLERR always come while events
 * is not 0. -errno. */
int vi_watch_set(struct vi_watch *w, uint32_t events);
/* Takes it out; its callback comes no more, not even for events seen already. The descriptor stays open. */
void vi_watch_stop(struct vi_watch *w);

/* Something to be asked before each wait: it may do what is due, and says how long the wait may be (-1: no
 * bound). */
struct vi_poller {
	struct list link;
	int (*prepare)(struct vi_poller *p);
};
void vi_poller_add(struct vi_poller *p);
void vi_poller_remove(struct vi_poller *p);

/* A function called once at or after a CLOCK_MONOTONIC time. Zeroed memory is idle. */
struct vi_timer {
	struct list link;
	int64_t at_ns;
	bool on;
	void (*fire)(struct vi_timer *t);
};
void vi_timer_start(struct vi_timer *t, int64_t ms, void (*fire)(struct vi_timer *t));
void vi_timer_stop(struct vi_timer *t);

/* Runs until vi_loop_stop. */
void vi_loop_run(void);
void vi_loop_stop(void);

/* The end of a child, once. */
struct vi_child {
	struct list link;
	pid_t pid;
	void (*exited)(struct vi_child *c, int status);
};
/* One that was made just now, by us. */
void vi_child_add(struct vi_child *c, pid_t pid, void (*exited)(struct vi_child *c, int status));
/* One that another made for us (CLONE_PARENT); it may have ended: exited may come from within. */
void vi_child_adopt(struct vi_child *c, pid_t pid, void (*exited)(struct vi_child *c, int status));
void vi_child_forget(struct vi_child *c);

#endif

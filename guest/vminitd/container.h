/* SPDX-License-Identifier: Apache-2.0 */
/* container.h - containers and their processes: made, started, waited for, removed. */
#ifndef BERTH_GUEST_CONTAINER_H
#define BERTH_GUEST_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "loop.h"
#include "rpc/server.h"
#include "seccomp.h"
#include "spec.h"
#include "stream.h"

#define VI_ID_MAX 255
#define VI_CONTAINERS_MAX 64
#define VI_PROCESSES_MAX 1024 /* of a container */

enum vi_stdio { VI_STDIN, VI_STDOUT, VI_STDERR, VI_NSTDIO };

struct vi_container;

struct vi_process {
	struct list link;
	struct vi_container *ctr;
	char id[VI_ID_MAX + 1];
	struct vi_process_spec spec;
	struct vi_filter filter;
	uint32_t port[VI_NSTDIO]; /* 0: none */
	pid_t pid;                /* 0: not started */
	int pidfd;
	bool starting, started, exited;
	int exit_code;
	int64_t exited_ns;        /* CLOCK_REALTIME */
	struct vi_child child, helper; /* helper: the one that joins namespaces for an exec */
	struct vi_watch report;   /* of the child, while it gets ready */
	struct err fail;          /* what it reported */
	bool fail_exec;           /* it was the exec itself */
	int child_fds[VI_NSTDIO]; /* of the process, until it has them */
	int host_fds[VI_NSTDIO];  /* sockets to the host, until streams have them */
	int our_fds[VI_NSTDIO];   /* our ends of the pipes */
	int pty;                  /* master; -1 */
	struct vi_stream stream[VI_NSTDIO];
	int draining;             /* outputs that are not drained yet */
	bool drained;
	struct rpc_call *start_call;
	struct list waiters;      /* struct vi_waiter */
};

struct vi_waiter {
	struct list link;
	struct rpc_call *call;
};

struct vi_container {
	struct list link;
	char id[VI_ID_MAX + 1];
	struct vi_spec spec;
	char *cgroup; /* path under /sys/fs/cgroup, with that prefix */
	int cgroup_fd;
	struct list processes;
	struct vi_process *init;
	bool paused;            /* frozen, or on its way there */
	bool pause_told;        /* it stands still, and all know */
	struct list pausers;    /* pause.c: who waits for that */
	struct vi_watch frozen; /* meanwhile: cgroup.events */
	uint64_t oom_kills;
	struct vi_watch oom; /* inotify on memory.events */
};

extern struct list vi_containers;
struct vi_container *vi_container_find(const char *id);
struct vi_process *vi_process_find(const char *id, const char *container_id);

/* CreateProcess. -EEXIST, -ENOENT, -EINVAL, -EBUSY for a container that is not running. */
int vi_process_create(const char *id, const char *container_id, const uint32_t port[VI_NSTDIO], const void *config,
		      size_t config_len, struct err *e);
/* StartProcess: answers call when the program runs, or could not be run. */
void vi_process_start(struct vi_process *p, struct rpc_call *call);
int vi_process_kill(struct vi_process *p, int sig, struct err *e);
int vi_process_resize(struct vi_process *p, unsigned rows, unsigned cols, struct err *e);
void vi_process_close_stdin(struct vi_process *p);
void vi_process_wait(struct vi_process *p, struct rpc_call *call);
/* DeleteProcess; of the init: the container. -EBUSY while it runs. */
int vi_process_delete(struct vi_process *p, struct err *e);
/* Kills all there is, without waiting. */
void vi_containers_kill(void);

/* child.c: from clone to exec. report: a SOCK_SEQPACKET socket; the functions do not return. */
struct vi_report {
	int kind; /* below */
	int value;
	char text[sizeof(((struct err *)0)->text)];
};
enum { VI_REPORT_PTY, VI_REPORT_PID, VI_REPORT_FAILED, VI_REPORT_EXEC_FAILED };
_Noreturn void vi_child_init(struct vi_process *p, int report);
_Noreturn void vi_child_exec(struct vi_process *p, int report);

/* cgroup.c */
int vi_cgroup_make(struct vi_container *c, struct err *e);
void vi_cgroup_remove(struct vi_container *c);
void vi_cgroup_kill(struct vi_container *c);
/* A number out of a file of the container's cgroup ("memory.events", "oom_kill"); key NULL: the file's only
 * one. 0 if it is not there. */
uint64_t vi_cgroup_number(const struct vi_container *c, const char *file, const char *key);

/* events.c */
void vi_event(int type, const struct vi_container *c, const struct vi_process *p, int exit_code);

#endif

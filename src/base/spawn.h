/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.h - child processes: exactly the descriptors named, and their end told on the loop. */
#ifndef BERTH_BASE_SPAWN_H
#define BERTH_BASE_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include <uv.h>

#include "base/err.h"

struct spawn_fd {
	int fd;     /* of this process */
	int target; /* its number in the child; all others are closed there */
};

struct spawn {
	const char *file;          /* looked up in PATH if it has no '/' */
	const char *const *argv;
	const char *const *envp;   /* NULL: this process's */
	const struct spawn_fd *fds;
	size_t nfds;               /* 0-2 that are not named are /dev/null */
	const char *cwd;           /* NULL: stay */
	bool new_session;          /* setsid */
	bool orphan;               /* forked twice: no child of ours, so nobody has to reap it */
	bool die_with_parent;      /* PDEATHSIG SIGKILL: with the *thread* that spawns */
	bool no_new_privs;
	/* Runs in the child just before exec, after the descriptors are in place, in a copy of our memory; async-signal-safe
	 * calls only. Returns 0 or -errno, which spawn then returns. */
	int (*prepare)(void *arg);
	void *prepare_arg;
};

/* Starts it; an exec that fails is reported here. Fills *ret_pid and *ret_pidfd (CLOEXEC), which of an orphan are
 * 0 and -1 (both may then be NULL). */
int spawn_start(const struct spawn *s, pid_t *ret_pid, int *ret_pidfd, struct err *e);

/* Kills it and waits for its end; closes pidfd. */
void spawn_end(pid_t pid, int pidfd);

/* A child whose end is watched. */
struct spawn_child {
	uv_poll_t poll; /* used inside */
	pid_t pid;      /* 0 once its end is told */
	int pidfd;
	/* status as from waitpid. Called once; the handle is closed by then, so the memory may go. */
	void (*exited)(struct spawn_child *c, int status);
	int status;
};

/* Takes pid and pidfd over. */
int spawn_watch(struct spawn_child *c, uv_loop_t *loop, pid_t pid, int pidfd,
		void (*exited)(struct spawn_child *c, int status));
/* Signals it if it still lives; never anybody else who got its number. */
int spawn_kill(struct spawn_child *c, int sig);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - epoll, timers, and the reaping of every child there is. */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define EVENTS_MAX 64

static int epoll_fd = -1;
static bool stopping;
static struct list pollers = { &pollers, &pollers }, timers = { &timers, &timers }, children = { &children, &children };
static struct vi_watch signals;
/* Events of this turn: a watch that stops takes its own out. */
static struct epoll_event batch[EVENTS_MAX];
static int nbatch;

/* The last children that ended unknown to us: one that a helper made may end before the helper's word of it
 * is read. */
#define STRAYS_MAX 64
static struct stray {
	pid_t pid;
	int status;
} strays[STRAYS_MAX];
static unsigned next_stray;

static struct stray *find_stray(pid_t pid)
{
	for (unsigned i = 0; i < STRAYS_MAX; i++)
		if (strays[i].pid == pid)
			return &strays[i];
	return NULL;
}

static struct vi_child *find_child(pid_t pid)
{
	for (struct list *l = children.next; l != &children; l = l->next)
		if (list_entry(l, struct vi_child, link)->pid == pid)
			return list_entry(l, struct vi_child, link);
	return NULL;
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct vi_child *c = find_child(pid);

		if (c) {
			list_remove(&c->link);
			c->exited(c, status);
		} else {
			strays[next_stray++ % STRAYS_MAX] = (struct stray){ pid, status };
		}
	}
}

static void on_signal(struct vi_watch *w, uint32_t events)
{
	struct signalfd_siginfo info[16];

	while (read(w->fd, info, sizeof(info)) > 0)
		;
	reap();
}

int vi_loop_init(void)
{
	sigset_t set;

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		return -errno;
	/* PID 1 gets no signal that it does not handle; all are blocked for good measure. */
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals.fd < 0)
		return -errno;
	signals.ready = on_signal;
	return vi_watch_set(&signals, EPOLLIN);
}

int vi_watch_set(struct vi_watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };
	int op = w->added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (events == w->events)
		return 0;
	if (!events) {
		vi_watch_stop(w);
		return 0;
	}
	if (epoll_ctl(epoll_fd, op, w->fd, &ev) < 0)
		return -errno;
	w->added = true;
	w->events = events;
	return 0;
}

void vi_watch_stop(struct vi_watch *w)
{
	if (w->added)
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	w->added = false;
	w->events = 0;
	for (int i = 0; i < nbatch; i++)
		if (batch[i].data.ptr == w)
			batch[i].data.ptr = NULL;
}

void vi_poller_add(struct vi_poller *p)
{
	list_append(&pollers, &p->link);
}

void vi_poller_remove(struct vi_poller *p)
{
	list_remove(&p->link);
}

void vi_timer_start(struct vi_timer *t, int64_t ms, void (*fire)(struct vi_timer *t))
{
	vi_timer_stop(t);
	t->at_ns = clock_mono_ns() + ms * 1000000;
	t->fire = fire;
	t->on = true;
	list_append(&timers, &t->link);
}

void vi_timer_stop(struct vi_timer *t)
{
	if (t->on)
		list_remove(&t->link);
	t->on = false;
}

/* Fires what is due; milliseconds until the next, -1 if there is none. */
static int run_timers(void)
{
	int64_t now = clock_mono_ns(), next = INT64_MAX;
	bool fired;

	do {
		fired = false;
		list_each(struct vi_timer, t, &timers, link)
			if (t->at_ns <= now) {
				vi_timer_stop(t);
				t->fire(t);
				fired = true;
				break; /* the list may be another one now */
			}
	} while (fired);
	list_each(struct vi_timer, t, &timers, link)
		if (t->at_ns < next)
			next = t->at_ns;
	return next == INT64_MAX ? -1 : (int)((next - now + 999999) / 1000000);
}

static int prepare(void)
{
	int wait = run_timers();

	list_each(struct vi_poller, p, &pollers, link) {
		int ms = p->prepare(p);

		if (ms >= 0 && (wait < 0 || ms < wait))
			wait = ms;
	}
	return wait;
}

void vi_loop_run(void)
{
	while (!stopping) {
		int n = epoll_wait(epoll_fd, batch, EVENTS_MAX, prepare());

		nbatch = n > 0 ? n : 0;
		for (int i = 0; i < nbatch; i++) {
			struct vi_watch *w = batch[i].data.ptr;

			if (w)
				w->ready(w, batch[i].events);
		}
		nbatch = 0;
	}
}

void vi_loop_stop(void)
{
	stopping = true;
}

void vi_child_add(struct vi_child *c, pid_t pid, void (*exited)(struct vi_child *c, int status))
{
	struct stray *old = find_stray(pid);

	if (old) /* the number's last owner */
		old->pid = 0;
	c->pid = pid;
	c->exited = exited;
	list_append(&children, &c->link);
}

void vi_child_adopt(struct vi_child *c, pid_t pid, void (*exited)(struct vi_child *c, int status))
{
	struct stray *s = find_stray(pid);
	int status = s ? s->status : 0;

	vi_child_add(c, pid, exited);
	if (s) {
		list_remove(&c->link);
		exited(c, status);
	}
}

void vi_child_forget(struct vi_child *c)
{
	list_remove(&c->link);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* stats.c - what the container uses, sampled only while somebody subscribes. */
#include "shim/stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "shim.pb-c.h"
#include "shim/sandbox.h"
#include "vm/agent.h"

#define SUBSCRIBERS_MAX 64
#define ASK_MS 2000
#define MS 1000000ll
#define FIRST (500 * MS)     /* from the first reading to the first sample */
#define FRESH_MIN (200 * MS) /* an earlier reading this old tells a new subscriber's CPU time at once */
#define FRESH_MAX (5000 * MS)
#define RETRY (500 * MS)
#define PROCESSES_MAX 64

struct subscriber {
	struct list link;
	struct rpc_call *call;
	int64_t interval; /* 0: one sample */
	int64_t due;
	int64_t base_ns;  /* of its reading before; 0: none yet */
	uint64_t base_cpu_usec;
};

static void schedule(struct stats *s);

int64_t stats_next_due(int64_t now, int64_t interval)
{
	int64_t due = (now / interval + 1) * interval;

	return due - now < interval / 2 ? due + interval : due;
}

/* --- the host's side: the shim, QEMU, virtiofsd */

static uint64_t pss_of(pid_t pid)
{
	AUTO_FREE char *path = path_fmt("/proc/%d/smaps_rollup", pid);
	AUTO_FREE char *text = NULL;
	char *line;

	if (!path || file_load(AT_FDCWD, path, 65536, &text, NULL, NULL) < 0)
		return 0;
	line = strstr(text, "\nPss:");
	return line ? strtoull(line + 5, NULL, 10) * 1024 : 0;
}

/* All below pid, pid first; a child is listed with the thread that made it. */
static size_t add_family(pid_t pid, pid_t *ret, size_t n)
{
	AUTO_FREE char *dir = path_fmt("/proc/%d/task", pid);
	AUTO_CLOSEDIR DIR *tasks = dir ? opendir(dir) : NULL;

	if (n < PROCESSES_MAX)
		ret[n++] = pid;
	for (struct dirent *d; tasks && n < PROCESSES_MAX && (d = readdir(tasks));) {
		AUTO_FREE char *path = path_fmt("/proc/%d/task/%s/children", pid, d->d_name);
		AUTO_FREE char *text = NULL;

		if (*d->d_name == '.' || !path || file_load(AT_FDCWD, path, 65536, &text, NULL, NULL) < 0)
			continue;
		for (char *p = text, *end; n < PROCESSES_MAX; p = end) {
			long child = strtol(p, &end, 10);

			if (end == p)
				break;
			n = add_family((pid_t)child, ret, n);
		}
	}
	return n;
}

static int measure(struct work *w, struct err *e)
{
	struct stats *s = container_of(w, struct stats, measure);
	pid_t pids[PROCESSES_MAX];
	size_t n = add_family(getpid(), pids, 0);

	s->measured = 0;
	for (size_t i = 0; i < n; i++)
		s->measured += pss_of(pids[i]);
	return 0;
}

/* --- a reading, and who gets it */

static void subscriber_free(struct subscriber *u)
{
	list_remove(&u->link);
	free(u);
}

static void send_sample(struct stats *s, struct subscriber *u)
{
	const struct stats_reading *r = &s->now;
	Shim__StatsSample m = SHIM__STATS_SAMPLE__INIT;

	m.time_ns = clock_real_ns();
	if (r->mono_ns > u->base_ns && r->cpu_usec > u->base_cpu_usec)
		m.cpu_percent = (double)(r->cpu_usec - u->base_cpu_usec) * 1000 * 100 / (double)(r->mono_ns - u->base_ns);
	m.memory_bytes = r->memory;
	m.memory_limit_bytes = r->memory_limit;
	m.host_pss_bytes = r->host_pss;
	m.net_rx_bytes = r->net_rx;
	m.net_tx_bytes = r->net_tx;
	m.block_read_bytes = r->block_read;
	m.block_write_bytes = r->block_write;
	m.pids = r->pids;
	if (!u->interval) {
		rpc_call_reply(u->call, &m.base);
		subscriber_free(u);
		return;
	}
	rpc_call_send(u->call, &m.base); /* -EAGAIN: it is slow, and gets the next one */
	u->due = stats_next_due(r->mono_ns, u->interval);
}

static void deliver(struct stats *s)
{
	s->last = s->now;
	list_each(struct subscriber, u, &s->subscribers, link) {
		bool once = !u->interval;

		if (u->base_ns && u->due > s->now.mono_ns)
			continue;
		if (u->base_ns) {
			send_sample(s, u);
			if (once)
				continue; /* u is gone */
		} else {
			u->due = s->now.mono_ns + (once ? FIRST : MIN(u->interval, FIRST));
		}
		u->base_ns = s->now.mono_ns;
		u->base_cpu_usec = s->now.cpu_usec;
	}
}

/* No reading: who wanted one is told, or waits for the next. */
static void miss(struct stats *s)
{
	int64_t now = clock_mono_ns();

	list_each(struct subscriber, u, &s->subscribers, link) {
		if (u->base_ns && u->due > now)
			continue;
		if (u->interval || s->sb->state == SANDBOX_STARTING) {
			u->due = now + MAX(u->interval, RETRY);
			continue;
		}
		rpc_call_fail(u->call, RPC_UNAVAILABLE, "the guest does not answer%s%s", *s->sb->cause ? ": " : "",
			      s->sb->cause);
		subscriber_free(u);
	}
}

static void check_done(struct stats *s)
{
	if (s->asking || s->measuring)
		return;
	if (s->failed) {
		miss(s);
	} else {
		s->now.host_pss = s->measured;
		deliver(s);
	}
	schedule(s);
}

static void on_measured(struct work *w, int rc, const struct err *e)
{
	struct stats *s = container_of(w, struct stats, measure);

	s->measuring = false;
	check_done(s);
}

static void take(struct stats *s, const Sandbox__ContainerStats *c)
{
	struct stats_reading *r = &s->now;

	*r = (struct stats_reading){ .mono_ns = clock_mono_ns() };
	if (c->cpu)
		r->cpu_usec = c->cpu->usage_usec;
	if (c->memory) {
		/* What can be given up at once is not used, as docker counts. */
		r->memory = c->memory->usage_bytes - MIN(c->memory->usage_bytes, c->memory->inactive_file);
		r->memory_limit = c->memory->limit_bytes ? c->memory->limit_bytes : s->sb->guest_memory;
	}
	if (c->process)
		r->pids = c->process->current;
	for (size_t i = 0; i < c->n_networks; i++) {
		r->net_rx += c->networks[i]->receivedbytes;
		r->net_tx += c->networks[i]->transmittedbytes;
	}
	for (size_t i = 0; c->block_io && i < c->block_io->n_devices; i++) {
		r->block_read += c->block_io->devices[i]->read_bytes;
		r->block_write += c->block_io->devices[i]->write_bytes;
	}
}

static void on_answer(struct rpc_unary *op, int rc, const ProtobufCMessage *msg, const struct err *e)
{
	struct stats *s = container_of(op, struct stats, ask);
	const Sandbox__ContainerStatisticsResponse *resp = (const void *)msg;

	s->asking = false;
	s->failed = rc < 0 || resp->n_containers != 1;
	if (!s->failed)
		take(s, resp->containers[0]);
	check_done(s);
}

static void read_now(struct stats *s)
{
	Sandbox__ContainerStatisticsRequest req = SANDBOX__CONTAINER_STATISTICS_REQUEST__INIT;
	char *ids[] = { s->sb->id };

	req.container_ids = ids;
	req.n_container_ids = 1;
	s->failed = true;
	if (s->sb->state == SANDBOX_RUNNING && s->sb->agent && !s->sb->paused)
		s->asking = rpc_unary_start(&s->ask, s->sb->agent, &agent_container_statistics, &req.base, ASK_MS,
					    on_answer, NULL) == 0;
	if (s->asking)
		s->measuring = work_start(&s->measure, s->sb->loop, measure, on_measured) == 0;
	else
		check_done(s);
}

static void on_timer(uv_timer_t *t)
{
	read_now(container_of(t, struct stats, timer));
}

/* The next reading is for whoever is due first. Without subscribers there is none. */
static void schedule(struct stats *s)
{
	int64_t first = INT64_MAX, now = clock_mono_ns();

	uv_timer_stop(&s->timer);
	list_each(struct subscriber, u, &s->subscribers, link)
		first = MIN(first, u->due);
	if (first == INT64_MAX || s->asking || s->measuring)
		return;
	uv_timer_start(&s->timer, on_timer, first > now ? (uint64_t)((first - now + MS - 1) / MS) : 0, 0);
}

/* --- subscriptions */

static void on_subscriber_gone(struct rpc_call *call)
{
	struct subscriber *u = rpc_call_context(call);

	subscriber_free(u);
	rpc_call_fail(call, RPC_CANCELLED, "canceled");
}

void stats_subscribe(struct stats *s, struct rpc_call *call, uint32_t interval_ms)
{
	struct subscriber *u;
	int64_t now = clock_mono_ns();
	size_t n = 0;

	for (const struct list *l = s->subscribers.next; l != &s->subscribers; l = l->next)
		n++;
	u = n < SUBSCRIBERS_MAX ? calloc(1, sizeof(*u)) : NULL;
	if (!u) {
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "too many watch the statistics already");
		return;
	}
	u->call = call;
	u->interval = interval_ms ? MAX(interval_ms, 100) * MS : 0;
	u->due = now;
	if (s->last.mono_ns && now - s->last.mono_ns >= FRESH_MIN && now - s->last.mono_ns <= FRESH_MAX) {
		u->base_ns = s->last.mono_ns;
		u->base_cpu_usec = s->last.cpu_usec;
	}
	list_append(&s->subscribers, &u->link);
	rpc_call_set_context(call, u);
	rpc_call_on_cancel(call, on_subscriber_gone);
	if (s->sb->state == SANDBOX_STOPPING || s->sb->state == SANDBOX_GONE)
		stats_end(s);
	else
		schedule(s);
}

void stats_go(struct stats *s)
{
	list_each(struct subscriber, u, &s->subscribers, link)
		u->due = 0;
	schedule(s);
}

void stats_end(struct stats *s)
{
	list_each(struct subscriber, u, &s->subscribers, link) {
		if (u->interval)
			rpc_call_reply(u->call, NULL);
		else
			rpc_call_fail(u->call, RPC_FAILED_PRECONDITION, "the container has ended");
		subscriber_free(u);
	}
	uv_timer_stop(&s->timer);
}

void stats_init(struct stats *s, struct sandbox *sb)
{
	*s = (struct stats){ .sb = sb };
	list_init(&s->subscribers);
	uv_timer_init(sb->loop, &s->timer);
}

void stats_finish(struct stats *s)
{
	if (!s->sb)
		return;
	stats_end(s);
	uv_close((uv_handle_t *)&s->timer, NULL);
}

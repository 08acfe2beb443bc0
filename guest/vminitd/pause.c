/* SPDX-License-Identifier: Apache-2.0 */
/* pause.c - containers frozen and thawed. Kernel: Documentation/admin-guide/cgroup-v2.rst, cgroup.freeze. */
#include "pause.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "base/auto.h"
#include "base/file.h"
#include "container.h"

#define FREEZE_MS 10000 /* a process in the middle of a slow system call stands still only after it */

struct pause_waiter {
	struct list link;
	struct vi_container *c;
	struct rpc_call *call;
	struct vi_timer timer;
};

static int set_frozen(struct vi_container *c, bool frozen)
{
	AUTO_CLOSE int fd = openat(c->cgroup_fd, "cgroup.freeze", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : file_write_full(fd, frozen ? "1" : "0", 1);
}

static bool stands_still(const struct vi_container *c)
{
	return vi_cgroup_number(c, "cgroup.events", "frozen") == 1;
}

/* --- who waits */

static struct rpc_call *waiter_free(struct pause_waiter *w)
{
	struct rpc_call *call = w->call;

	vi_timer_stop(&w->timer);
	list_remove(&w->link);
	free(w);
	return call;
}

static void stop_watch(struct vi_container *c)
{
	if (c->frozen.fd < 0)
		return;
	vi_watch_stop(&c->frozen);
	close(TAKE_FD(c->frozen.fd));
}

/* Not what was asked for: it goes on. */
static void give_up(struct vi_container *c)
{
	if (!list_empty(&c->pausers) || !c->paused || c->pause_told)
		return;
	stop_watch(c);
	set_frozen(c, false);
	c->paused = false;
}

static void check_frozen(struct vi_container *c)
{
	Berth__Agent__V1__PauseResponse resp = BERTH__AGENT__V1__PAUSE_RESPONSE__INIT;

	if (!stands_still(c))
		return;
	stop_watch(c);
	if (!c->pause_told)
		vi_event(BERTH__AGENT__V1__EVENT__TYPE__PAUSE, c, c->init, 0);
	c->pause_told = true;
	list_each(struct pause_waiter, w, &c->pausers, link)
		rpc_call_reply(waiter_free(w), &resp.base);
}

static void on_cgroup_events(struct vi_watch *w, uint32_t events)
{
	struct vi_container *c = container_of(w, struct vi_container, frozen);
	char text[16];

	if (pread(w->fd, text, sizeof(text), 0) < 0)
		vi_watch_stop(w);
	check_frozen(c);
}

static void on_late(struct vi_timer *t)
{
	struct pause_waiter *w = container_of(t, struct pause_waiter, timer);
	struct vi_container *c = w->c;

	rpc_call_fail(waiter_free(w), RPC_DEADLINE_EXCEEDED, "pause container '%s': a process did not stand still in %d s",
		      c->id, FREEZE_MS / 1000);
	give_up(c);
}

static void on_gone(struct rpc_call *call)
{
	struct pause_waiter *w = rpc_call_context(call);
	struct vi_container *c = w->c;

	waiter_free(w);
	rpc_call_fail(call, RPC_CANCELLED, "canceled");
	give_up(c);
}

void vi_pause_end(struct vi_container *c)
{
	stop_watch(c);
	c->paused = c->pause_told = false;
	list_each(struct pause_waiter, w, &c->pausers, link)
		rpc_call_fail(waiter_free(w), RPC_FAILED_PRECONDITION, "pause container '%s': it has ended", c->id);
}

/* --- the methods */

static struct vi_container *find(struct rpc_call *call, const char *what, const char *id)
{
	struct vi_container *c = vi_container_find(id);

	if (!c) {
		rpc_call_fail(call, RPC_NOT_FOUND, "%s: there is no container '%.64s'", what, id);
		return NULL;
	}
	if (!c->init || !c->init->started || c->init->exited) {
		rpc_call_fail(call, RPC_FAILED_PRECONDITION, "%s container '%s': it is not running", what, c->id);
		return NULL;
	}
	return c;
}

static int begin(struct vi_container *c)
{
	int rc;

	if (c->frozen.fd < 0) {
		c->frozen.fd = openat(c->cgroup_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
		c->frozen.ready = on_cgroup_events;
		if (c->frozen.fd < 0)
			return -errno;
		rc = vi_watch_set(&c->frozen, EPOLLPRI);
		if (rc < 0)
			return rc;
	}
	rc = set_frozen(c, true);
	c->paused = rc == 0;
	return rc;
}

void vi_method_pause(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Berth__Agent__V1__PauseRequest *req = (const void *)msg;
	struct vi_container *c = find(call, "pause", req->container_id);
	struct pause_waiter *w;
	int rc;

	if (!c)
		return;
	w = calloc(1, sizeof(*w));
	rc = w ? begin(c) : -ENOMEM;
	if (rc < 0) {
		free(w);
		rpc_call_fail(call, rpc_code_of_errno(rc), "pause container '%s': %s", c->id, err_str(rc));
		return;
	}
	w->c = c;
	w->call = call;
	rpc_call_set_context(call, w);
	rpc_call_on_cancel(call, on_gone);
	list_append(&c->pausers, &w->link);
	vi_timer_start(&w->timer, FREEZE_MS, on_late);
	check_frozen(c);
}

void vi_method_resume(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Berth__Agent__V1__ResumeRequest *req = (const void *)msg;
	Berth__Agent__V1__ResumeResponse resp = BERTH__AGENT__V1__RESUME_RESPONSE__INIT;
	struct vi_container *c = find(call, "resume", req->container_id);
	bool told;
	int rc;

	if (!c)
		return;
	rc = set_frozen(c, false);
	if (rc < 0) {
		rpc_call_fail(call, rpc_code_of_errno(rc), "resume container '%s': %s", c->id, err_str(rc));
		return;
	}
	stop_watch(c);
	told = c->pause_told;
	c->paused = c->pause_told = false;
	list_each(struct pause_waiter, w, &c->pausers, link)
		rpc_call_fail(waiter_free(w), RPC_ABORTED, "pause container '%s': it was resumed meanwhile", c->id);
	if (told)
		vi_event(BERTH__AGENT__V1__EVENT__TYPE__RESUME, c, c->init, 0);
	rpc_call_reply(call, &resp.base);
}

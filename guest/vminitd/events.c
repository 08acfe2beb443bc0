/* SPDX-License-Identifier: Apache-2.0 */
/* events.c - what happens, to all who listen. */
#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "agent.pb-c.h"
#include "base/auto.h"
#include "base/clock.h"
#include "container.h"

#define LISTENERS_MAX 32

struct listener {
	struct list link;
	struct rpc_call *call;
	char **ids; /* NULL: all */
	size_t nids;
	int lost;
};

static struct list listeners = { &listeners, &listeners };
static int nlisteners;

static void listener_free(struct listener *l)
{
	list_remove(&l->link);
	nlisteners--;
	for (size_t i = 0; i < l->nids; i++)
		free(l->ids[i]);
	free(l->ids);
	free(l);
}

static void on_gone(struct rpc_call *call)
{
	listener_free(rpc_call_context(call));
	rpc_call_fail(call, RPC_CANCELLED, "canceled");
}

void vi_method_events(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Berth__Agent__V1__EventsRequest *req = (const void *)msg;
	struct listener *l = nlisteners < LISTENERS_MAX && req->n_container_ids <= VI_CONTAINERS_MAX ?
				     calloc(1, sizeof(*l)) : NULL;

	if (!l) {
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "too many listen already");
		return;
	}
	nlisteners++;
	l->call = call;
	l->ids = req->n_container_ids ? calloc(req->n_container_ids, sizeof(*l->ids)) : NULL;
	for (size_t i = 0; l->ids && i < req->n_container_ids; i++)
		l->ids[l->nids++] = strdup(req->container_ids[i]);
	list_append(&listeners, &l->link);
	rpc_call_set_context(call, l);
	rpc_call_on_cancel(call, on_gone);
}

static bool wants(const struct listener *l, const char *id)
{
	if (!l->nids)
		return true;
	for (size_t i = 0; i < l->nids; i++)
		if (l->ids[i] && strcmp(l->ids[i], id) == 0)
			return true;
	return false;
}

static void send_event(struct listener *l, const Berth__Agent__V1__Event *ev)
{
	Berth__Agent__V1__Event lost = BERTH__AGENT__V1__EVENT__INIT;

	if (l->lost) {
		lost.type = BERTH__AGENT__V1__EVENT__TYPE__LOST;
		lost.exit_code = l->lost;
		lost.time_ns = ev->time_ns;
		if (rpc_call_send(l->call, &lost.base) == 0)
			l->lost = 0;
	}
	if (l->lost || rpc_call_send(l->call, &ev->base) < 0)
		l->lost++;
}

void vi_event(int type, const struct vi_container *c, const struct vi_process *p, int exit_code)
{
	Berth__Agent__V1__Event ev = BERTH__AGENT__V1__EVENT__INIT;

	ev.type = (Berth__Agent__V1__Event__Type)type;
	ev.container_id = (char *)c->id;
	ev.process_id = p ? (char *)p->id : (char *)"";
	ev.pid = p ? p->pid : 0;
	ev.exit_code = exit_code;
	ev.time_ns = clock_real_ns();
	ev.oom_kills = c->oom_kills;
	list_each(struct listener, l, &listeners, link)
		if (wants(l, c->id))
			send_event(l, &ev);
}

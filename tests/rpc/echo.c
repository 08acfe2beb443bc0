/* SPDX-License-Identifier: Apache-2.0 */
/* echo.c - handlers of the echo service. */
#include "tests/rpc/echo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "rpc/server.h"

/* A call that lives on: its request, and how far it is. */
struct talk {
	uint32_t next, count, size;
	uint64_t total;
	unsigned nseen;
	char text[64];
};

static void note_cancel(struct rpc_call *call)
{
	struct echo *echo = rpc_call_data(call);

	echo->cancelled++;
	snprintf(echo->words, sizeof(echo->words), "%s", rpc_call_method(call)->path);
	if (echo->holding == call)
		echo->holding = NULL;
	free(rpc_call_context(call));
	rpc_call_fail(call, RPC_CANCELLED, "nobody hears this");
}

static bool misbehave(struct rpc_call *call, const Echo__Request *req)
{
	if (req->never) {
		rpc_call_on_cancel(call, note_cancel);
		return true;
	}
	if (req->fail) {
		free(rpc_call_context(call));
		rpc_call_fail(call, (enum rpc_code)req->fail, "%s", req->text);
		return true;
	}
	return false;
}

static void say(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Echo__Request *req = (const Echo__Request *)msg;
	Echo__Reply reply = ECHO__REPLY__INIT;
	AUTO_FREE uint8_t *data = NULL;

	if (misbehave(call, req))
		return;
	reply.text = req->text;
	reply.data = req->data;
	if (req->size) {
		data = calloc(1, req->size);
		reply.data = (ProtobufCBinaryData){ data ? req->size : 0, data };
	}
	rpc_call_reply(call, &reply.base);
}

static void count_more(struct rpc_call *call)
{
	struct talk *t = rpc_call_context(call);
	AUTO_FREE uint8_t *data = calloc(1, t->size + 1);
	int rc = data ? 0 : -ENOMEM;

	for (; rc == 0 && t->next < t->count; t->next++) {
		Echo__Reply reply = ECHO__REPLY__INIT;

		reply.text = t->text;
		reply.index = t->next;
		reply.data = (ProtobufCBinaryData){ t->size, data };
		rc = rpc_call_send(call, &reply.base);
		if (rc == -EAGAIN)
			return;
	}
	free(t);
	if (rc < 0)
		rpc_call_fail_err(call, rc, NULL);
	else
		rpc_call_reply(call, NULL);
}

static void count(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Echo__Request *req = (const Echo__Request *)msg;
	struct talk *t = calloc(1, sizeof(*t));

	if (!t)
		return rpc_call_fail_err(call, -ENOMEM, NULL);
	t->count = req->count;
	t->size = req->size;
	snprintf(t->text, sizeof(t->text), "%s", req->text);
	rpc_call_set_context(call, t);
	if (misbehave(call, req))
		return;
	rpc_call_on_cancel(call, note_cancel);
	rpc_call_on_drain(call, count_more);
	count_more(call);
}

static void maybe_hold(struct rpc_call *call, struct talk *t)
{
	struct echo *echo = rpc_call_data(call);

	if (!echo->held || ++t->nseen < echo->held)
		return;
	echo->holding = call;
	rpc_call_hold(call, true);
}

static void sum_message(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Echo__Request *req = (const Echo__Request *)msg;
	struct talk *t = rpc_call_context(call);
	Echo__Reply reply = ECHO__REPLY__INIT;

	if (req && misbehave(call, req))
		return;
	if (req) {
		t->total += req->count + req->data.len;
		maybe_hold(call, t);
		return;
	}
	reply.total = t->total;
	free(t);
	rpc_call_reply(call, &reply.base);
}

static void chat_message(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Echo__Request *req = (const Echo__Request *)msg;
	struct talk *t = rpc_call_context(call);
	Echo__Reply reply = ECHO__REPLY__INIT;

	if (!req) {
		free(t);
		rpc_call_reply(call, NULL);
		return;
	}
	if (misbehave(call, req))
		return;
	reply.text = req->text;
	reply.data = req->data;
	reply.index = t->next++;
	if (rpc_call_send(call, &reply.base) < 0) {
		free(t);
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "cannot reply");
		return;
	}
	maybe_hold(call, t);
}

static void talk(struct rpc_call *call, rpc_call_message_cb on_message)
{
	struct talk *t = calloc(1, sizeof(*t));

	if (!t)
		return rpc_call_fail_err(call, -ENOMEM, NULL);
	rpc_call_set_context(call, t);
	rpc_call_on_cancel(call, note_cancel);
	rpc_call_on_message(call, on_message);
}

static void sum(struct rpc_call *call, const ProtobufCMessage *msg)
{
	(void)msg;
	talk(call, sum_message);
}

static void chat(struct rpc_call *call, const ProtobufCMessage *msg)
{
	(void)msg;
	talk(call, chat_message);
}

static void cancelled(struct rpc_call *call, const ProtobufCMessage *msg)
{
	struct echo *echo = rpc_call_data(call);
	Echo__Reply reply = ECHO__REPLY__INIT;

	(void)msg;
	reply.total = echo->cancelled;
	reply.text = echo->words;
	rpc_call_reply(call, &reply.base);
}

#define ROW(name, kind_, handler_)                                                                           \
	{                                                                                                    \
		"/berth.test.echo.v1.Echo/" name, &echo__request__descriptor, &echo__reply__descriptor,      \
			kind_, handler_                                                                      \
	}

const struct rpc_method echo_methods[] = {
	[ECHO_SAY] = ROW("Say", RPC_UNARY, say),
	[ECHO_COUNT] = ROW("Count", RPC_SERVER_STREAM, count),
	[ECHO_SUM] = ROW("Sum", RPC_CLIENT_STREAM, sum),
	[ECHO_CHAT] = ROW("Chat", RPC_BIDI, chat),
	[ECHO_CANCELLED] = ROW("Cancelled", RPC_UNARY, cancelled),
	{ 0 },
};

/* SPDX-License-Identifier: Apache-2.0 */
/* transport.c - what all implementations of the transport share: the doors. */
#include "vm/transport.h"

int transport_dial(struct transport_dial *op, struct transport *t, uint32_t port, enum transport_kind kind,
		   transport_dial_cb cb, struct err *e)
{
	*op = (struct transport_dial){ .t = t, .port = port, .kind = kind, .cb = cb };
	list_init(&op->link);
	return t->ops->dial(t, op, e);
}

void transport_dial_cancel(struct transport_dial *op)
{
	if (op && op->t)
		op->t->ops->dial_cancel(op->t, op);
}

int transport_listen(struct transport_listener *l, struct transport *t, uint32_t port,
		     void (*accepted)(struct transport_listener *l, int fd), struct err *e)
{
	int rc;

	*l = (struct transport_listener){ .t = t, .port = port, .accepted = accepted };
	list_init(&l->link);
	rc = t->ops->listen(t, l, e);
	if (rc < 0)
		l->t = NULL;
	return rc;
}

bool transport_holds(struct transport *t, uint32_t port)
{
	return t->ops->holds && t->ops->holds(t, port);
}

void transport_unlisten(struct transport_listener *l)
{
	if (!l || !l->t)
		return;
	l->t->ops->unlisten(l->t, l);
	l->t = NULL;
}

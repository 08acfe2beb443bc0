/* SPDX-License-Identifier: Apache-2.0 */
/* qmp.h - a client of QEMU's machine protocol over an inherited socket.
 *
 * QEMU docs/interop/qmp-spec: JSON values, a line each. */
#ifndef BERTH_VM_QMP_H
#define BERTH_VM_QMP_H

#include <uv.h>

#include "base/err.h"
#include "base/json.h"
#include "base/list.h"

#define QMP_LINE_MAX (256u << 10)

enum qmp_kind { QMP_GREETING, QMP_EVENT, QMP_RETURN, QMP_ERROR };

struct qmp_msg {
	enum qmp_kind kind;
	cJSON *json;       /* the whole value; owns what the others point at */
	const char *name;  /* of an event; the class of an error */
	const char *text;  /* of an error */
	const cJSON *data; /* of an event or a return; may be NULL */
	int64_t id;        /* of a command; -1: none */
};

/* One line without its end. -EPROTO for what is no message of QMP. */
int qmp_msg_parse(const char *p, size_t n, struct qmp_msg *ret, struct err *e);
void qmp_msg_finish(struct qmp_msg *m);

struct qmp;

struct qmp_ops {
	/* Capabilities are negotiated: commands are taken. */
	void (*up)(void *arg);
	void (*event)(void *arg, const char *name, const cJSON *data);
	/* The session has ended: closed (why NULL) or broken. Once. Commands under way have been told. */
	void (*gone)(void *arg, const char *why);
};

/* Takes fd over, also when it fails. */
int qmp_create(uv_loop_t *loop, int fd, const struct qmp_ops *ops, void *arg, struct qmp **ret, struct err *e);
/* Commands under way get -ECANCELED before it returns; no other callback comes. At ease with NULL. */
void qmp_destroy(struct qmp *q);

/* A command; zeroed memory is an idle one. The contract of base/loop.h, except that qmp_destroy ends it. */
struct qmp_cmd {
	struct list link; /* used inside */
	int64_t id;
	void (*done)(struct qmp_cmd *c, int rc, const cJSON *ret, const struct err *e);
};

/* Sends it, after the greeting if that is still to come. args (taken over, also when it fails) may be
 * NULL. */
int qmp_send(struct qmp *q, struct qmp_cmd *c, const char *name, cJSON *args,
	     void (*done)(struct qmp_cmd *c, int rc, const cJSON *ret, const struct err *e), struct err *e);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* qmp.c - a client of QEMU's machine protocol. */
#include "vm/qmp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/sock.h"

struct qmp {
	uv_poll_t poll;
	int fd;
	const struct qmp_ops *ops;
	void *arg;
	struct buf in, out;
	struct list cmds;
	struct qmp_cmd hello;
	int64_t next_id;
	bool greeted, ended, destroyed;
};

/* ---- messages */

int qmp_msg_parse(const char *p, size_t n, struct qmp_msg *ret, struct err *e)
{
	struct qmp_msg m = { .id = -1 };
	const cJSON *error;
	int rc = json_parse(p, n, "QMP message", &m.json, e);

	if (rc < 0)
		return err_set(e, -EPROTO, "QMP: a line that is no JSON");
	m.id = json_int(m.json, "id", -1);
	error = json_obj(m.json, "error");
	if (json_obj(m.json, "QMP")) {
		m.kind = QMP_GREETING;
	} else if ((m.name = json_str(m.json, "event"))) {
		m.kind = QMP_EVENT;
		m.data = json_obj(m.json, "data");
	} else if (error) {
		m.kind = QMP_ERROR;
		m.name = json_str(error, "class");
		m.text = json_str(error, "desc");
	} else if ((m.data = cJSON_GetObjectItemCaseSensitive(m.json, "return"))) {
		m.kind = QMP_RETURN;
	} else {
		cJSON_Delete(m.json);
		return err_set(e, -EPROTO, "QMP: a message of no known kind");
	}
	*ret = m;
	return 0;
}

void qmp_msg_finish(struct qmp_msg *m)
{
	cJSON_Delete(m->json);
	m->json = NULL;
}

/* ---- the session */

static void finish_all(struct qmp *q, int rc)
{
	struct err err = { 0 };

	err_set(&err, rc, "QEMU has gone");
	while (!list_empty(&q->cmds)) {
		struct qmp_cmd *c = list_entry(q->cmds.next, struct qmp_cmd, link);

		list_remove(&c->link);
		c->done(c, rc, NULL, &err);
	}
}

static void end(struct qmp *q, const char *why)
{
	if (q->ended)
		return;
	q->ended = true;
	uv_poll_stop(&q->poll);
	finish_all(q, -ENOTCONN);
	if (!q->destroyed)
		q->ops->gone(q->arg, why);
}

static void on_socket(uv_poll_t *p, int status, int events);

static void flush(struct qmp *q)
{
	while (q->out.len) {
		ssize_t w = send(q->fd, q->out.p, q->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			break; /* a broken socket shows when it is read */
		buf_consume(&q->out, (size_t)w);
	}
	if (!q->ended)
		uv_poll_start(&q->poll, UV_READABLE | (q->out.len ? UV_WRITABLE : 0), on_socket);
}

static void on_hello(struct qmp_cmd *c, int rc, const cJSON *ret, const struct err *e)
{
	struct qmp *q = container_of(c, struct qmp, hello);

	if (rc == 0)
		q->ops->up(q->arg);
	else if (!q->ended)
		end(q, "QMP: capabilities were refused");
}

static void on_result(struct qmp *q, const struct qmp_msg *m)
{
	struct err err = { 0 };

	list_each(struct qmp_cmd, c, &q->cmds, link) {
		if (c->id != m->id)
			continue;
		list_remove(&c->link);
		if (m->kind == QMP_ERROR)
			err_set(&err, -EIO, "QEMU: %s", m->text ? m->text : "error");
		c->done(c, m->kind == QMP_ERROR ? -EIO : 0, m->data, &err);
		return;
	}
}

static void on_message(struct qmp *q, const struct qmp_msg *m)
{
	switch (m->kind) {
	case QMP_GREETING:
		if (!q->greeted) {
			q->greeted = true;
			flush(q);
		}
		break;
	case QMP_EVENT:
		q->ops->event(q->arg, m->name, m->data);
		break;
	case QMP_RETURN:
	case QMP_ERROR:
		on_result(q, m);
		break;
	}
}

/* Whole lines of what was read. */
static void take_lines(struct qmp *q)
{
	struct err err = { 0 };
	uint8_t *nl;

	while (!q->ended && !q->destroyed && q->in.len && (nl = memchr(q->in.p, '\n', q->in.len))) {
		size_t n = (size_t)(nl - q->in.p);
		struct qmp_msg m;
		int rc = qmp_msg_parse((const char *)q->in.p, n && nl[-1] == '\r' ? n - 1 : n, &m, &err);

		buf_consume(&q->in, n + 1);
		if (rc < 0) {
			end(q, err.text);
			return;
		}
		on_message(q, &m);
		qmp_msg_finish(&m);
	}
	if (q->in.len > QMP_LINE_MAX)
		end(q, "QMP: a line that is too long");
}

static void on_socket(uv_poll_t *p, int status, int events)
{
	struct qmp *q = p->data;
	uint8_t chunk[4096];
	ssize_t r;

	if (events & UV_WRITABLE)
		flush(q);
	r = recv(q->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (r <= 0) {
		end(q, NULL);
		return;
	}
	if (buf_add(&q->in, chunk, (size_t)r) < 0) {
		end(q, "QMP: out of memory");
		return;
	}
	take_lines(q);
}

int qmp_send(struct qmp *q, struct qmp_cmd *c, const char *name, cJSON *args,
	     void (*done)(struct qmp_cmd *c, int rc, const cJSON *ret, const struct err *e), struct err *e)
{
	AUTO_JSON cJSON *msg = cJSON_CreateObject();
	AUTO_JSON cJSON *owned = args;
	AUTO_FREE char *text = NULL;

	if (q->ended)
		return err_set(e, -ENOTCONN, "QEMU has gone");
	if (!msg || !cJSON_AddStringToObject(msg, "execute", name) ||
	    !cJSON_AddNumberToObject(msg, "id", (double)q->next_id))
		return err_sys(e, -ENOMEM, "cannot ask QEMU for '%s'", name);
	if (owned)
		cJSON_AddItemToObject(msg, "arguments", TAKE(owned));
	text = json_print(msg);
	if (!text || buf_adds(&q->out, text) < 0 || buf_addc(&q->out, '\n') < 0)
		return err_sys(e, -ENOMEM, "cannot ask QEMU for '%s'", name);
	c->id = q->next_id++;
	c->done = done;
	list_append(&q->cmds, &c->link);
	if (q->greeted)
		flush(q);
	return 0;
}

int qmp_create(uv_loop_t *loop, int fd, const struct qmp_ops *ops, void *arg, struct qmp **ret, struct err *e)
{
	struct qmp *q = calloc(1, sizeof(*q));
	int rc;

	if (!q || uv_poll_init(loop, &q->poll, fd) < 0) {
		free(q);
		close(fd);
		return err_sys(e, -ENOMEM, "cannot speak to QEMU");
	}
	q->fd = fd;
	q->ops = ops;
	q->arg = arg;
	list_init(&q->cmds);
	q->poll.data = q;
	/* First in line; it goes out when QEMU has greeted. */
	rc = qmp_send(q, &q->hello, "qmp_capabilities", NULL, on_hello, e);
	if (rc < 0) {
		qmp_destroy(q);
		return rc;
	}
	uv_poll_start(&q->poll, UV_READABLE, on_socket);
	*ret = q;
	return 0;
}

static void on_closed(uv_handle_t *h)
{
	struct qmp *q = h->data;

	close(q->fd);
	buf_finish(&q->in);
	buf_finish(&q->out);
	free(q);
}

void qmp_destroy(struct qmp *q)
{
	if (!q || q->destroyed)
		return;
	q->destroyed = true;
	q->ended = true;
	finish_all(q, -ECANCELED);
	uv_close((uv_handle_t *)&q->poll, on_closed);
}

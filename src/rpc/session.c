/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - one connection: nghttp2 and what it tells. */
#include "rpc/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define HEADERS_COST 50 /* frames that a header block over the limits is worth */

/* Ends the connection from within a callback of nghttp2; s->err says why. */
static int refuse_peer(struct rpc_session *s)
{
	nghttp2_session_terminate_session(s->ng, NGHTTP2_ENHANCE_YOUR_CALM);
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *data)
{
	struct rpc_session *s = data;

	(void)ng;
	if (rpc_guard_frame(&s->guard, clock_mono_ns(), hd->type, hd->flags, (uint32_t)hd->length, &s->err) <
	    0)
		return refuse_peer(s);
	return 0;
}

static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int lib_error, void *data)
{
	struct rpc_session *s = data;

	(void)ng, (void)frame, (void)lib_error;
	return rpc_guard_spend(&s->guard, clock_mono_ns(), 1, &s->err) < 0 ? refuse_peer(s) : 0;
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *data)
{
	struct rpc_session *s = data;
	struct rpc_exch *x;

	if (!s->role->server || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	x = rpc_exch_create(s);
	if (!x)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	x->id = frame->hd.stream_id;
	nghttp2_session_set_stream_user_data(ng, x->id, x);
	return 0;
}

static bool is(const uint8_t *p, size_t n, const char *s)
{
	return n == strlen(s) && !memcmp(p, s, n);
}

static bool begins(const uint8_t *p, size_t n, const char *s)
{
	return n >= strlen(s) && !memcmp(p, s, strlen(s));
}

static void take_path(struct rpc_exch *x, const uint8_t *p, size_t n)
{
	size_t cut = MIN(n, sizeof(x->path) - 1);

	memcpy(x->path, p, cut);
	x->path[cut] = 0;
	for (const struct rpc_method *m = x->session->methods; m && m->path; m++)
		if (is(p, n, m->path))
			x->method = m;
}

static void take_message(struct rpc_exch *x, const uint8_t *p, size_t n)
{
	AUTO_BUF struct buf text = { 0 };

	if (rpc_message_decode(&text, (const char *)p, MIN(n, 3 * sizeof(x->err.text))) == 0 && text.len)
		err_set(&x->err, x->err.code, "%s", (const char *)text.p);
}

static void take_header(struct rpc_exch *x, const uint8_t *name, size_t nlen, const uint8_t *p, size_t n)
{
	bool server = x->session->role->server;

	if (is(name, nlen, "content-type"))
		x->grpc = begins(p, n, "application/grpc");
	else if (is(name, nlen, "grpc-encoding"))
		x->encoded = !is(p, n, "identity");
	else if (server && is(name, nlen, ":path"))
		take_path(x, p, n);
	else if (server && is(name, nlen, ":method"))
		x->post = is(p, n, "POST");
	else if (server && is(name, nlen, "grpc-timeout"))
		x->bad_timeout = rpc_timeout_parse((const char *)p, n, &x->timeout_ms) < 0;
	else if (!server && is(name, nlen, ":status"))
		x->http_status = n == 3 ? (p[0] - '0') * 100 + (p[1] - '0') * 10 + p[2] - '0' : 0;
	else if (!server && is(name, nlen, "grpc-status"))
		x->has_status = rpc_code_parse((const char *)p, n, &x->code) == 0;
	else if (!server && is(name, nlen, "grpc-message"))
		take_message(x, p, n);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t nlen,
		     const uint8_t *value, size_t vlen, uint8_t flags, void *data)
{
	struct rpc_session *s = data;
	struct rpc_exch *x = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);

	(void)flags;
	if (!x || x->too_large || x->over)
		return 0;
	if (rpc_guard_header(&s->guard, (uint32_t)nlen, (uint32_t)vlen) < 0) {
		x->too_large = true;
		if (rpc_guard_spend(&s->guard, clock_mono_ns(), HEADERS_COST, &s->err) < 0)
			return refuse_peer(s);
		return 0;
	}
	take_header(x, name, nlen, value, vlen);
	return 0;
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *data)
{
	struct rpc_session *s = data;
	struct rpc_exch *x;

	if (frame->hd.type == NGHTTP2_GOAWAY) {
		s->goaway = true;
		return 0;
	}
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	x = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
	if (!x)
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS)
		x->headers = true;
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		x->in_end = true;
	rpc_exch_queue(x);
	return 0;
}

static int on_data_chunk(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p, size_t n,
			 void *data)
{
	struct rpc_session *s = data;
	struct rpc_exch *x = nghttp2_session_get_stream_user_data(ng, id);

	(void)flags;
	nghttp2_session_consume_connection(ng, n);
	if (x && !x->deaf) {
		if (s->held + n > RPC_HELD_MAX)
			rpc_exch_abort(x, RPC_RESOURCE_EXHAUSTED, "too many bytes wait on this connection");
		else if (buf_add(&x->in, p, n) < 0)
			rpc_exch_abort(x, RPC_RESOURCE_EXHAUSTED, "out of memory");
		else
			s->held += n, x->unconsumed += n;
	}
	if (!x || x->deaf)
		nghttp2_session_consume_stream(ng, id, n);
	else
		rpc_exch_queue(x);
	return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t error_code, void *data)
{
	struct rpc_session *s = data;
	struct rpc_exch *x = nghttp2_session_get_stream_user_data(ng, id);

	if (!x)
		return 0;
	nghttp2_session_set_stream_user_data(ng, id, NULL);
	x->id = -1;
	x->unconsumed = 0;
	if (!x->over && (s->role->server || !x->in_end)) {
		bool closing = error_code == NGHTTP2_REFUSED_STREAM || s->goaway;

		x->over = x->deaf = true;
		x->code = closing ? RPC_UNAVAILABLE : rpc_code_of_h2(error_code);
		err_set(&x->err, rpc_code_errno(x->code), "the peer %s (%s)",
			closing ? "takes no more calls" : "reset the call",
			nghttp2_http2_strerror(error_code));
	}
	rpc_exch_queue(x);
	return 0;
}

static int on_frame_send(nghttp2_session *ng, const nghttp2_frame *frame, void *data)
{
	struct rpc_session *s = data;
	struct rpc_exch *x;

	if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR && !s->err.code)
		err_set(&s->err, -EPROTO, "HTTP/2: %s%s%.*s",
			nghttp2_http2_strerror(frame->goaway.error_code),
			frame->goaway.opaque_data_len ? ": " : "", (int)frame->goaway.opaque_data_len,
			(const char *)frame->goaway.opaque_data);
	if (!s->role->server || frame->hd.type != NGHTTP2_HEADERS ||
	    !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	/* The answer is complete: what the client may still want to send is of no use (RFC 9113, 8.1). */
	x = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
	if (x && !x->in_end)
		nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_NO_ERROR);
	return 0;
}

static nghttp2_session_callbacks *make_callbacks(void)
{
	nghttp2_session_callbacks *cb;

	if (nghttp2_session_callbacks_new(&cb) != 0)
		return NULL;
	nghttp2_session_callbacks_set_on_begin_frame_callback(cb, on_begin_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cb, on_invalid_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
	return cb;
}

static nghttp2_option *make_options(void)
{
	nghttp2_option *o;

	if (nghttp2_option_new(&o) != 0)
		return NULL;
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_max_reserved_remote_streams(o, 0);
	nghttp2_option_set_peer_max_concurrent_streams(o, 100);
	nghttp2_option_set_max_outbound_ack(o, 2 * RPC_GUARD_BURST); /* the guard says no before */
	return o;
}

static int say_hello(struct rpc_session *s)
{
	const nghttp2_settings_entry both[] = {
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, RPC_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, RPC_GUARD_HEADER_BYTES },
		{ s->role->server ? NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS : NGHTTP2_SETTINGS_ENABLE_PUSH,
		  s->role->server ? RPC_STREAMS_MAX : 0 },
	};

	if (nghttp2_submit_settings(s->ng, NGHTTP2_FLAG_NONE, both, ARRAY_LEN(both)) != 0)
		return -ENOMEM;
	if (nghttp2_session_set_local_window_size(s->ng, NGHTTP2_FLAG_NONE, 0, RPC_SESSION_WINDOW) != 0)
		return -ENOMEM;
	return 0;
}

int rpc_session_init(struct rpc_session *s, const struct rpc_role *role, void *owner, struct err *e)
{
	nghttp2_session_callbacks *cb = make_callbacks();
	nghttp2_option *o = make_options();
	int rc = -1;

	*s = (struct rpc_session){ .role = role, .owner = owner };
	list_init(&s->exchs);
	list_init(&s->ready);
	if (cb && o)
		rc = role->server ? nghttp2_session_server_new2(&s->ng, cb, s, o)
				  : nghttp2_session_client_new2(&s->ng, cb, s, o);
	nghttp2_session_callbacks_del(cb);
	nghttp2_option_del(o);
	if (rc == 0)
		rc = say_hello(s);
	if (rc == 0)
		return 0;
	nghttp2_session_del(s->ng);
	s->ng = NULL;
	return err_set(e, -ENOMEM, "out of memory for a connection");
}

void rpc_session_attach(struct rpc_session *s, void (*wake)(void *drive), void (*detach)(void *drive),
			void *drive)
{
	s->wake = wake;
	s->detach = detach;
	s->drive = drive;
}

void rpc_session_wake(struct rpc_session *s)
{
	if (s->wake && !s->busy && !s->ended)
		s->wake(s->drive);
}

int rpc_session_recv(struct rpc_session *s, const uint8_t *p, size_t n, struct err *e)
{
	ssize_t rc;

	if (s->ended)
		return err_set(e, -ENOTCONN, "the connection is closed");
	s->busy++;
	rc = nghttp2_session_mem_recv(s->ng, p, n);
	s->busy--;
	if (rc >= 0)
		return 0;
	if (s->err.code)
		return err_set(e, s->err.code, "%s", s->err.text);
	nghttp2_session_terminate_session(s->ng, NGHTTP2_PROTOCOL_ERROR);
	if (rc == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
		return err_set(e, -EPROTO, "the peer does not speak HTTP/2");
	return err_set(e, rc == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO, "HTTP/2: %s",
		       nghttp2_strerror((int)rc));
}

ssize_t rpc_session_send(struct rpc_session *s, uint8_t *p, size_t cap, struct err *e)
{
	size_t done = 0;

	if (s->ended)
		return 0;
	s->busy++;
	while (done < cap) {
		size_t n;

		if (!s->piece_len) {
			ssize_t rc = nghttp2_session_mem_send(s->ng, &s->piece);

			if (rc < 0) {
				s->busy--;
				return err_set(e, rc == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO, "HTTP/2: %s",
					       nghttp2_strerror((int)rc));
			}
			s->piece_len = (size_t)rc;
			if (rc == 0)
				break;
		}
		n = MIN(s->piece_len, cap - done);
		memcpy(p + done, s->piece, n);
		s->piece += n;
		s->piece_len -= n;
		done += n;
	}
	s->busy--;
	return (ssize_t)done;
}

bool rpc_session_over(const struct rpc_session *s)
{
	return s->ended ||
	       (!s->piece_len && !nghttp2_session_want_read(s->ng) && !nghttp2_session_want_write(s->ng));
}

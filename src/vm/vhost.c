/* SPDX-License-Identifier: Apache-2.0 */
/* vhost.c - the vhost-user session with QEMU. */
#include "vm/vhost.h"

#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/sock.h"

#define FEATURES (VHOST_F_VERSION_1 | VHOST_F_EVENT_IDX | VHOST_F_INDIRECT_DESC | VHOST_F_PROTOCOL_FEATURES)
#define PROTOCOL_FEATURES (VHOST_PF_CONFIG | VHOST_PF_REPLY_ACK)
#define GUEST_MEM_MAX (1ull << 40)
#define NO_FD (1u << 8)

struct kick {
	uv_poll_t poll;
	int fd;
};

struct queue {
	struct virtq q;
	struct kick *kick; /* NULL: the ring is stopped */
	int call;          /* -1: none */
	uint32_t num;
	uint16_t base;
	uint64_t desc, avail, used; /* QEMU's addresses */
	bool enabled, live;
};

struct mapping {
	void *p;
	size_t len;
};

struct vhost {
	uv_loop_t *loop;
	uv_poll_t poll;
	int fd;
	struct vsock *dev;
	const struct vhost_ops *ops;
	void *arg;
	uint64_t cid_le, features;
	struct guest_mem mem;
	struct mapping map[VHOST_REGIONS_MAX];
	struct queue queue[VSOCK_NQUEUES];
	/* The message that is being read. */
	uint8_t in[VHOST_HDR_LEN + VHOST_PAYLOAD_MAX];
	size_t in_len;
	int in_fds[VHOST_FDS_MAX];
	unsigned in_nfds;
	bool told_up, ended;
};

/* ---- rings */

static void on_kick_closed(uv_handle_t *h)
{
	struct kick *k = h->data;

	close(k->fd);
	free(k);
}

static void kick_drop(struct queue *q)
{
	struct kick *k = TAKE(q->kick);

	if (!k)
		return;
	k->poll.data = k;
	uv_close((uv_handle_t *)&k->poll, on_kick_closed);
}

static void on_kick(uv_poll_t *p, int status, int events)
{
	struct vhost *h = p->data;
	struct kick *k = container_of(p, struct kick, poll);
	eventfd_t v;

	if (eventfd_read(k->fd, &v) == 0)
		vsock_kicked(h->dev);
}

/* A ring is the device's while it is started (has a kick) and enabled. */
static int queue_refresh(struct vhost *h, unsigned i, struct err *e)
{
	struct queue *q = &h->queue[i];
	bool live = q->kick && q->enabled;
	int rc;

	if (live == q->live)
		return 0;
	if (!live) {
		q->live = false;
		q->base = q->q.last_avail;
		vsock_set_queue(h->dev, i, NULL);
		return 0;
	}
	rc = virtq_init(&q->q, &h->mem, q->num, q->base, q->desc, q->avail, q->used,
			h->features & VHOST_F_EVENT_IDX, e);
	if (rc < 0)
		return rc;
	q->live = true;
	vsock_set_queue(h->dev, i, &q->q);
	if (!h->told_up && h->queue[VSOCK_QUEUE_RX].live && h->queue[VSOCK_QUEUE_TX].live) {
		h->told_up = true;
		h->ops->driver_up(h->arg);
	}
	return 0;
}

static int set_kick(struct vhost *h, unsigned i, int *fd, struct err *e)
{
	struct queue *q = &h->queue[i];
	struct kick *k;

	if (*fd < 0)
		return err_set(e, -EPROTO, "vhost-user: a ring without kick");
	kick_drop(q);
	k = calloc(1, sizeof(*k));
	if (!k)
		return err_sys(e, -ENOMEM, "vhost-user");
	if (sock_set_nonblock(*fd, 1) < 0 || uv_poll_init(h->loop, &k->poll, *fd) < 0) {
		free(k);
		return err_set(e, -EPROTO, "vhost-user: a kick that cannot be waited for");
	}
	k->fd = TAKE_FD(*fd);
	k->poll.data = h;
	uv_poll_start(&k->poll, UV_READABLE, on_kick);
	q->kick = k;
	return queue_refresh(h, i, e);
}

static void queues_stop(struct vhost *h)
{
	for (unsigned i = 0; i < VSOCK_NQUEUES; i++) {
		struct queue *q = &h->queue[i];

		kick_drop(q);
		queue_refresh(h, i, NULL);
		if (q->call >= 0)
			close(TAKE_FD(q->call));
	}
}

void vhost_signal(struct vhost *h, unsigned queue)
{
	if (h && h->queue[queue].call >= 0)
		eventfd_write(h->queue[queue].call, 1);
}

/* ---- memory */

static void mem_unmap(struct vhost *h)
{
	for (unsigned i = 0; i < VHOST_REGIONS_MAX; i++) {
		if (h->map[i].p)
			munmap(h->map[i].p, h->map[i].len);
		h->map[i] = (struct mapping){ 0 };
	}
	h->mem.n = 0;
}

/* Maps region i of m from fd. It must hold all of it and be sealed against shrinking: a read beyond its end
 * would be our SIGBUS. */
static int mem_map(struct vhost *h, const struct vhost_msg *m, unsigned i, int fd, struct err *e)
{
	uint64_t size = m->region[i].size, offset = m->region[i].offset;
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *p;

	if (size == 0 || size > GUEST_MEM_MAX || offset > GUEST_MEM_MAX || m->region[i].gpa + size < size ||
	    m->region[i].uva + size < size)
		return err_set(e, -EPROTO, "vhost-user: a memory region of %llu bytes", (unsigned long long)size);
	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) < 0 || (uint64_t)st.st_size < offset + size)
		return err_set(e, -EPROTO, "vhost-user: memory that is not sealed or too small");
	p = mmap(NULL, offset + size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (p == MAP_FAILED)
		return err_sys(e, -errno, "cannot map the guest's memory");
	madvise(p, offset + size, MADV_DONTDUMP);
	h->map[i] = (struct mapping){ p, offset + size };
	h->mem.r[h->mem.n++] = (struct guest_region){ .gpa = m->region[i].gpa, .uva = m->region[i].uva,
						      .size = size, .host = (uint8_t *)p + offset };
	return 0;
}

static int set_mem_table(struct vhost *h, const struct vhost_msg *m, const int *fds, unsigned nfds,
			 struct err *e)
{
	struct kick *kick[VSOCK_NQUEUES];
	int rc = 0;

	if (nfds != m->nregions)
		return err_set(e, -EPROTO, "vhost-user: %u regions with %u descriptors", m->nregions, nfds);
	/* Rings that run are taken away while the ground moves under them. */
	for (unsigned i = 0; i < VSOCK_NQUEUES; i++) {
		kick[i] = TAKE(h->queue[i].kick);
		queue_refresh(h, i, NULL);
	}
	mem_unmap(h);
	for (unsigned i = 0; i < nfds && rc == 0; i++)
		rc = mem_map(h, m, i, fds[i], e);
	for (unsigned i = 0; i < VSOCK_NQUEUES; i++) {
		h->queue[i].kick = kick[i];
		if (rc == 0)
			rc = queue_refresh(h, i, e);
	}
	return rc;
}

/* ---- messages */

static bool is_ring_request(uint32_t request)
{
	return (request >= VHOST_SET_VRING_NUM && request <= VHOST_SET_VRING_ERR) ||
	       request == VHOST_SET_VRING_ENABLE;
}

static int ring_request(struct vhost *h, const struct vhost_msg *m, int *fd, struct vhost_reply *ret,
			struct err *e)
{
	struct queue *q = &h->queue[m->state.index];
	unsigned i = m->state.index;

	switch (m->request) {
	case VHOST_SET_VRING_NUM:
		q->num = m->state.num;
		return 0;
	case VHOST_SET_VRING_ADDR:
		q->desc = m->addr.desc;
		q->avail = m->addr.avail;
		q->used = m->addr.used;
		return 0;
	case VHOST_SET_VRING_BASE:
		q->base = (uint16_t)m->state.num;
		return 0;
	case VHOST_GET_VRING_BASE:
		kick_drop(q);
		queue_refresh(h, i, NULL);
		vhost_reply_state(ret, m->request, i, q->base);
		return 0;
	case VHOST_SET_VRING_KICK:
		return set_kick(h, i, fd, e);
	case VHOST_SET_VRING_CALL:
		if (q->call >= 0)
			close(q->call);
		q->call = TAKE_FD(*fd);
		if (q->call >= 0 && sock_set_nonblock(q->call, 1) < 0)
			return err_set(e, -EPROTO, "vhost-user: bad call descriptor");
		vhost_signal(h, i); /* what the guest was told on the old one may be lost */
		return 0;
	case VHOST_SET_VRING_ENABLE:
		q->enabled = m->state.num;
		return queue_refresh(h, i, e);
	default:
		return 0;
	}
}

static int set_features(struct vhost *h, uint64_t features, struct err *e)
{
	if (features & ~FEATURES)
		return err_set(e, -EPROTO, "vhost-user: features that were not offered");
	h->features = features;
	for (unsigned i = 0; i < VSOCK_NQUEUES && !(features & VHOST_F_PROTOCOL_FEATURES); i++)
		h->queue[i].enabled = true;
	return 0;
}

static int dispatch(struct vhost *h, const struct vhost_msg *m, int *fds, unsigned nfds, struct vhost_reply *ret,
		    struct err *e)
{
	int none = -1;

	if (is_ring_request(m->request)) {
		/* The event queue (2) stays in QEMU. */
		if (m->state.index >= VSOCK_NQUEUES)
			return err_set(e, -EPROTO, "vhost-user: ring %u", m->state.index);
		return ring_request(h, m, nfds == 1 && !(m->u64 & NO_FD) ? &fds[0] : &none, ret, e);
	}
	switch (m->request) {
	case VHOST_GET_FEATURES:
		vhost_reply_u64(ret, m->request, FEATURES);
		return 0;
	case VHOST_SET_FEATURES:
		return set_features(h, m->u64, e);
	case VHOST_GET_PROTOCOL_FEATURES:
		vhost_reply_u64(ret, m->request, PROTOCOL_FEATURES);
		return 0;
	case VHOST_GET_QUEUE_NUM:
		vhost_reply_u64(ret, m->request, VSOCK_NQUEUES);
		return 0;
	case VHOST_GET_CONFIG: /* virtio_vsock_config: 0: u64 guest_cid */
		vhost_reply_config(ret, m, &h->cid_le, sizeof(h->cid_le));
		return 0;
	case VHOST_SET_MEM_TABLE:
		return set_mem_table(h, m, fds, nfds, e);
	default:
		return 0;
	}
}

int vhost_handle(struct vhost *h, const struct vhost_msg *m, int *fds, unsigned nfds, struct vhost_reply *ret,
		 struct err *e)
{
	int rc;

	ret->len = 0;
	rc = dispatch(h, m, fds, nfds, ret, e);
	for (unsigned i = 0; i < nfds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (rc == 0 && m->need_ack && ret->len == 0)
		vhost_reply_u64(ret, m->request, 0);
	return rc;
}

/* ---- the socket */

static void end(struct vhost *h, const char *why)
{
	if (h->ended)
		return;
	h->ended = true;
	uv_poll_stop(&h->poll);
	if (why)
		log_warn("%s", why);
	h->ops->gone(h->arg, why);
}

/* Up to n bytes and their descriptors. As recv. */
static ssize_t receive(struct vhost *h, size_t n)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * VHOST_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct iovec iov = { h->in + h->in_len, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t r = recvmsg(h->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (r < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		const unsigned char *p = CMSG_DATA(c);
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, p + i * sizeof(int), sizeof(int));
			if (h->in_nfds < VHOST_FDS_MAX)
				h->in_fds[h->in_nfds++] = fd;
			else
				close(fd);
		}
	}
	return m.msg_flags & MSG_CTRUNC ? -EPROTO : r;
}

/* Reads on with the message at hand. 1: whole, 0: more is needed, -errno, -EPIPE at the end. */
static int read_message(struct vhost *h, struct err *e)
{
	uint32_t size = 0;
	int rc;

	for (;;) {
		size_t want = VHOST_HDR_LEN;
		ssize_t r;

		if (h->in_len >= VHOST_HDR_LEN) {
			rc = vhost_msg_header(h->in, &size, e);
			if (rc < 0)
				return rc;
			want += size;
		}
		if (h->in_len == want)
			return 1;
		r = receive(h, want - h->in_len);
		if (r == -EAGAIN || r == -EINTR)
			return 0;
		if (r == 0 || r == -ECONNRESET)
			return -EPIPE;
		if (r < 0)
			return err_sys(e, (int)r, "vhost-user");
		h->in_len += (size_t)r;
	}
}

static int take_message(struct vhost *h, struct err *e)
{
	unsigned nfds = h->in_nfds;
	struct vhost_reply reply;
	struct vhost_msg m;
	int rc = vhost_msg_parse(h->in, h->in_len, &m, e);

	h->in_len = 0;
	h->in_nfds = 0;
	if (rc < 0) {
		for (unsigned i = 0; i < nfds; i++)
			close(h->in_fds[i]);
		return rc;
	}
	rc = vhost_handle(h, &m, h->in_fds, nfds, &reply, e);
	if (rc == 0 && reply.len &&
	    send(h->fd, reply.p, reply.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)reply.len)
		rc = -EPIPE;
	return rc;
}

static void on_readable(uv_poll_t *p, int status, int events)
{
	struct vhost *h = p->data;
	struct err err = { 0 };
	int rc;

	while (!h->ended && (rc = read_message(h, &err)) != 0) {
		if (rc > 0)
			rc = take_message(h, &err);
		if (rc < 0)
			end(h, rc == -EPIPE ? NULL : err.text);
	}
}

int vhost_create(uv_loop_t *loop, int fd, struct vsock *dev, uint64_t guest_cid, const struct vhost_ops *ops,
		 void *arg, struct vhost **ret, struct err *e)
{
	struct vhost *h = calloc(1, sizeof(*h));

	if (!h || uv_poll_init(loop, &h->poll, fd) < 0) {
		free(h);
		close(fd);
		return err_set(e, -ENOMEM, "cannot make the vhost-user session");
	}
	h->loop = loop;
	h->fd = fd;
	h->dev = dev;
	h->ops = ops;
	h->arg = arg;
	h->cid_le = htole64(guest_cid);
	for (unsigned i = 0; i < VSOCK_NQUEUES; i++)
		h->queue[i].call = -1;
	h->poll.data = h;
	uv_poll_start(&h->poll, UV_READABLE, on_readable);
	*ret = h;
	return 0;
}

static void on_closed(uv_handle_t *p)
{
	struct vhost *h = p->data;

	close(h->fd);
	free(h);
}

void vhost_destroy(struct vhost *h)
{
	if (!h)
		return;
	h->ended = true;
	queues_stop(h);
	mem_unmap(h);
	for (unsigned i = 0; i < h->in_nfds; i++)
		close(h->in_fds[i]);
	uv_close((uv_handle_t *)&h->poll, on_closed);
}

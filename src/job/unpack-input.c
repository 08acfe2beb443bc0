/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-input.c - reading what the parent feeds. */
#include "job/unpack-input.h"

#include <poll.h>
#include <sys/param.h>
#include <unistd.h>

#define LOOK_MS 100 /* between looks at whether a silent stream is still wanted */

int input_wait(struct input *in, struct input_gate *g)
{
	pthread_mutex_lock(&g->lock);
	while (!in->fed && !g->stop)
		pthread_cond_wait(&g->changed, &g->lock);
	int rc = g->stop ? -ECANCELED : 0;
	pthread_mutex_unlock(&g->lock);
	return rc;
}

/* Waits until there is something beyond pos: how much, 0 if there will be no more, UINT64_MAX for up to the
 * end. */
static int wait_avail(struct input *in, struct input_gate *g, uint64_t *ret)
{
	pthread_mutex_lock(&g->lock);
	while (!g->stop && in->avail <= in->pos && !in->complete)
		pthread_cond_wait(&g->changed, &g->lock);
	int rc = g->stop ? -ECANCELED : 0;
	*ret = in->avail == UINT64_MAX ? UINT64_MAX : in->avail > in->pos ? in->avail - in->pos : 0;
	pthread_mutex_unlock(&g->lock);
	return rc;
}

/* A pipe may say nothing for as long as it likes, while what it said was wrong already. A FIFO that nobody has
 * opened yet is waited for too. */
static int wait_stream(struct input *in, struct input_gate *g)
{
	struct pollfd p = { in->fd, POLLIN, 0 };
	bool stop = false;

	while (!stop && poll(&p, 1, LOOK_MS) == 0) {
		pthread_mutex_lock(&g->lock);
		stop = g->stop;
		pthread_mutex_unlock(&g->lock);
	}
	return stop ? -ECANCELED : 0;
}

static ssize_t read_some(struct input *in, struct input_gate *g, void *p, size_t n)
{
	for (;;) {
		int rc = in->stream ? wait_stream(in, g) : 0;
		if (rc < 0)
			return rc;
		ssize_t got = in->stream ? read(in->fd, p, n) : pread(in->fd, p, n, (off_t)in->pos);

		if (got >= 0)
			return got;
		if (errno == ESPIPE && !in->stream)
			in->stream = true;
		else if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

static int check_end(const struct input *in, struct err *e)
{
	if (!in->src.size || in->pos == in->src.size)
		return 0;
	return err_set(e, -EBADMSG, "%ju bytes in place of %ju", (uintmax_t)in->pos, (uintmax_t)in->src.size);
}

ssize_t input_read(struct input *in, struct input_gate *g, void *p, size_t n, struct err *e)
{
	uint64_t avail;

	int rc = wait_avail(in, g, &avail);
	if (rc < 0)
		return err_set(e, rc, "canceled");
	if (avail == 0)
		return check_end(in, e);

	ssize_t got = read_some(in, g, p, MIN((uint64_t)n, avail));
	if (got < 0)
		return err_sys(e, (int)got, "cannot read it");
	if (got == 0 && avail != UINT64_MAX)
		return err_set(e, -EBADMSG, "the file ends before the bytes that it was said to have");
	in->pos += (uint64_t)got;
	if (in->src.size && in->pos > in->src.size)
		return err_set(e, -EBADMSG, "more bytes than the %ju that it should have",
			       (uintmax_t)in->src.size);
	return got ? got : check_end(in, e);
}

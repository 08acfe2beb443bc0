/* SPDX-License-Identifier: Apache-2.0 */
/* join.c - two connections made one. */
#include "join.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "stream.h"

/* A descriptor can be in the loop's set once: the way back uses copies. What is shut at the end of a stream is closed
 * with the whole. */
struct join {
	struct vi_stream to, back; /* a to b, b to a */
	int fds[4];
	int over;
	void (*ended)(void *arg);
	void *arg;
};

static void join_free(struct join *j)
{
	for (int i = 0; i < 4; i++)
		if (j->fds[i] >= 0)
			close(j->fds[i]);
	free(j);
}

static void check_end(struct join *j)
{
	void (*ended)(void *arg) = j->ended;
	void *arg = j->arg;

	if (++j->over < 3)
		return;
	join_free(j);
	ended(arg);
}

static void on_stream_end(struct vi_stream *s)
{
	check_end(s->arg);
}

int vi_join(int a, int b, void (*ended)(void *arg), void *arg)
{
	struct join *j = calloc(1, sizeof(*j));

	if (!j) {
		close(a);
		close(b);
		return -ENOMEM;
	}
	j->fds[0] = a;
	j->fds[1] = b;
	j->fds[2] = fcntl(b, F_DUPFD_CLOEXEC, 3);
	j->fds[3] = fcntl(a, F_DUPFD_CLOEXEC, 3);
	if (j->fds[2] < 0 || j->fds[3] < 0) {
		join_free(j);
		return -EMFILE;
	}
	j->ended = ended;
	j->arg = arg;
	j->to = (struct vi_stream){ .copy = true, .shut_dst = true, .keep_src = true, .ended = on_stream_end, .arg = j };
	j->back = j->to;
	/* The third end is that of this function: a stream may end while it begins. */
	if (vi_stream_start(&j->to, j->fds[0], j->fds[1]) < 0)
		j->over++;
	if (vi_stream_start(&j->back, j->fds[2], j->fds[3]) < 0)
		j->over++;
	check_end(j);
	return 0;
}

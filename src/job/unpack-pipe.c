/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-pipe.c - the threads between stored layers and the sink. */
#include "job/unpack-pipe.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "job/unpack-dir.h"
#include "job/unpack-merged.h"
#include "job/unpack-input.h"
#include "job/unpack-ring.h"
#include "oci/inflate.h"
#include "oci/layer.h"

#define STORED_SLOTS 4 /* of stored bytes, read ahead */

struct unpack_pipe {
	void (*want)(void *arg, size_t i);
	void *arg;
	uint64_t max_size;
	struct ring stored, ring; /* stored bytes; tar streams */
	struct input_gate gate; /* guards inputs, rc, err */
	struct input *inputs;
	size_t ninputs;
	int rc; /* the first failure */
	struct err err;
	size_t layer; /* these five: atomic, relaxed */
	uint64_t layer_in, in, raw, entries;
};

/* The tar stream of one source, as the parser takes it from the ring. */
struct pipe_src {
	struct oci_layer_src src;
	struct unpack_pipe *pipe;
	size_t source;
	struct oci_layer_stats *stats;
	bool held, ended; /* a slot is lent; the last one was seen */
};

static void add(uint64_t *n, uint64_t v)
{
	__atomic_fetch_add(n, v, __ATOMIC_RELAXED);
}

static uint64_t get(uint64_t *n)
{
	return __atomic_load_n(n, __ATOMIC_RELAXED);
}

/* Keeps the first failure and ends all waiting. */
static void fail(struct unpack_pipe *p, int rc, const struct err *e)
{
	pthread_mutex_lock(&p->gate.lock);
	if (p->rc == 0) {
		p->rc = rc;
		p->err = *e;
	}
	p->gate.stop = true;
	pthread_cond_broadcast(&p->gate.changed);
	pthread_mutex_unlock(&p->gate.lock);
	ring_stop(&p->stored);
	ring_stop(&p->ring);
}

static int check_digest(struct oci_hash *h, const struct oci_digest *want, const char *what, struct err *e)
{
	struct oci_digest have;

	if (oci_digest_none(want))
		return 0;
	int rc = oci_hash_end(h, &have);
	if (rc < 0)
		return err_set(e, rc, "out of memory");
	if (!oci_digest_eq(&have, want))
		return err_set(e, -EBADMSG, "the digest of the %s is %s, but should be %s", what, have.text,
			       want->text);
	return 0;
}

/* ---- the first thread: stored bytes, checked ------------------------------------------------------------ */

/* A plain tar whose two digests are one is hashed by the second of those who would. */
static bool hashed_as_tar(const struct unpack_source *s)
{
	return s->media == OCI_KIND_LAYER_TAR && oci_digest_eq(&s->digest, &s->diff_id);
}

static int pass_stored(struct unpack_pipe *p, struct input *in, struct oci_hash *h, bool check, struct err *e)
{
	for (bool last = false; !last;) {
		struct ring_slot *s = ring_empty(&p->stored);
		ssize_t n;

		if (!s)
			return err_set(e, -ECANCELED, "canceled");
		n = input_read(in, &p->gate, s->p, RING_SLOT_SIZE, e);
		if (n < 0)
			return (int)n;
		s->len = (size_t)n;
		s->last = last = n == 0;
		if (check && oci_hash_add(h, s->p, s->len) < 0)
			return err_set(e, -ENOMEM, "out of memory");
		ring_fill(&p->stored);
	}
	return check ? check_digest(h, &in->src.digest, "layer", e) : 0;
}

static int take_source(struct unpack_pipe *p, size_t i, struct err *e)
{
	struct input *in = &p->inputs[i];
	struct oci_hash h = { 0 };

	p->want(p->arg, i);
	int rc = input_wait(in, &p->gate);
	if (rc < 0 || in->src.kind != UNPACK_LAYER)
		return rc;
	bool check = !oci_digest_none(&in->src.digest) && !hashed_as_tar(&in->src);
	if (check && oci_hash_init(&h, oci_digest_alg(&in->src.digest)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	rc = pass_stored(p, in, &h, check, e);
	oci_hash_finish(&h);
	close(in->fd);
	in->fd = -1;
	return rc < 0 ? err_wrap(e, rc, "layer %zu", i + 1) : 0;
}

static void *input_main(void *arg)
{
	struct unpack_pipe *p = arg;
	struct err e = { 0 };
	int rc = 0;

	for (size_t i = 0; i < p->ninputs && rc == 0; i++)
		rc = take_source(p, i, &e);
	if (rc < 0)
		fail(p, rc, &e);
	return NULL;
}

/* ---- the second thread: stored bytes into tar streams --------------------------------------------------- */

struct reader {
	struct unpack_pipe *p;
	size_t source;
	struct oci_inflate *z;
	struct ring_slot *slot;
};

/* Hands the slot on, or keeps it if it has room and flush is false. */
static int pass_slot(struct reader *r, bool flush)
{
	if (r->slot && (flush || r->slot->len == RING_SLOT_SIZE)) {
		ring_fill(&r->p->ring);
		r->slot = NULL;
	}
	if (!r->slot && !flush) {
		r->slot = ring_empty(&r->p->ring);
		if (!r->slot)
			return -ECANCELED;
		r->slot->source = r->source;
	}
	return 0;
}

/* Inflates n bytes of input into slots; n = 0: what the decompressor still holds. */
static int inflate_chunk(struct reader *r, const uint8_t *in, size_t n, struct err *e)
{
	struct unpack_pipe *p = r->p;
	size_t used, made;

	do {
		int rc = pass_slot(r, false);
		if (rc < 0)
			return err_set(e, rc, "canceled");
		rc = oci_inflate_run(r->z, in, n, &used, r->slot->p + r->slot->len,
				     RING_SLOT_SIZE - r->slot->len, &made, e);
		if (rc < 0)
			return rc;
		r->slot->len += made;
		in += used;
		n -= used;
		add(&p->raw, made);
		if (get(&p->raw) > p->max_size)
			return err_set(e, -EFBIG, "the layers unpack to more than the %ju bytes allowed",
				       (uintmax_t)p->max_size);
	} while (n > 0 || made > 0);
	return 0;
}

static int inflate_stored(struct reader *r, struct err *e)
{
	struct unpack_pipe *p = r->p;

	for (bool last = false; !last;) {
		struct ring_slot *s = ring_next(&p->stored, RING_INFLATER);

		if (!s)
			return err_set(e, -ECANCELED, "canceled");
		last = s->last;
		int rc = inflate_chunk(r, s->p, s->len, e);
		add(&p->in, s->len);
		add(&p->layer_in, s->len);
		ring_release(&p->stored, RING_INFLATER);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_source(struct reader *r, size_t i, struct err *e)
{
	struct unpack_pipe *p = r->p;
	struct input *in = &p->inputs[i];

	int rc = input_wait(in, &p->gate);
	if (rc < 0 || in->src.kind != UNPACK_LAYER)
		return rc;
	__atomic_store_n(&p->layer_in, 0, __ATOMIC_RELAXED);
	r->source = i;
	rc = oci_inflate_create(oci_inflate_kind_of(in->src.media), &r->z, e);
	if (rc == 0)
		rc = inflate_stored(r, e);
	if (rc == 0)
		rc = oci_inflate_end(r->z, e);
	if (rc == 0) {
		r->slot->last = true;
		pass_slot(r, true);
	}
	oci_inflate_destroy(TAKE(r->z));
	return rc < 0 ? err_wrap(e, rc, "layer %zu", i + 1) : 0;
}

static void *reader_main(void *arg)
{
	struct reader r = { .p = arg };
	struct err e = { 0 };
	int rc = 0;

	for (size_t i = 0; i < r.p->ninputs && rc == 0; i++)
		rc = read_source(&r, i, &e);
	if (rc < 0)
		fail(r.p, rc, &e);
	return NULL;
}

/* ---- the third thread: digests of the tar streams -------------------------------------------------- */

static int hash_layer(struct unpack_pipe *p, size_t i, struct oci_hash *h, struct err *e)
{
	const struct oci_digest *want = &p->inputs[i].src.diff_id;
	bool check = !oci_digest_none(want), last = false;

	if (check && oci_hash_init(h, oci_digest_alg(want)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	while (!last) {
		struct ring_slot *s = ring_next(&p->ring, RING_HASHER);

		if (!s)
			return err_set(e, -ECANCELED, "canceled");
		if (check && oci_hash_add(h, s->p, s->len) < 0)
			return err_set(e, -ENOMEM, "out of memory");
		last = s->last;
		ring_release(&p->ring, RING_HASHER);
	}
	return check_digest(h, want, "unpacked layer", e);
}

static void *hasher_main(void *arg)
{
	struct unpack_pipe *p = arg;
	struct err e = { 0 };
	int rc = 0;

	for (size_t i = 0; i < p->ninputs && rc == 0; i++) {
		struct oci_hash h = { 0 };

		rc = input_wait(&p->inputs[i], &p->gate);
		if (rc == 0 && p->inputs[i].src.kind == UNPACK_LAYER)
			rc = hash_layer(p, i, &h, &e);
		if (rc < 0)
			err_wrap(&e, rc, "layer %zu", i + 1);
		oci_hash_finish(&h);
	}
	if (rc < 0)
		fail(p, rc, &e);
	return NULL;
}

/* ---- the caller's thread: tar into the sink ------------------------------------------------------------ */

static ssize_t next_bytes(struct oci_layer_src *src, const void **ret, struct err *e)
{
	struct pipe_src *s = container_of(src, struct pipe_src, src);
	struct unpack_pipe *p = s->pipe;

	__atomic_store_n(&p->entries, s->stats->entries, __ATOMIC_RELAXED);
	for (;;) {
		if (s->held)
			ring_release(&p->ring, RING_PARSER);
		s->held = false;
		if (s->ended)
			return 0;
		struct ring_slot *slot = ring_next(&p->ring, RING_PARSER);
		if (!slot)
			return err_set(e, -ECANCELED, "canceled");
		s->held = true;
		s->ended = slot->last;
		if (slot->len) {
			*ret = slot->p;
			return (ssize_t)slot->len;
		}
	}
}

static int write_source(struct unpack_pipe *p, size_t i, struct fs_sink *sink, struct oci_layer_stats *stats,
			struct err *e)
{
	struct input *in = &p->inputs[i];

	int rc = input_wait(in, &p->gate);
	if (rc < 0)
		return err_set(e, rc, "canceled");
	__atomic_store_n(&p->layer, i, __ATOMIC_RELAXED);
	if (in->src.kind != UNPACK_LAYER) {
		const struct merged_count count = { &p->raw, &p->entries, p->max_size };

		rc = sink->ops->layer(sink, e);
		if (rc < 0)
			return rc;
		return in->src.kind == UNPACK_DIR ? unpack_dir(in->fd, sink, &p->entries, e) :
						    unpack_merged(in->fd, &in->src.merged, &count, sink, e);
	}
	struct pipe_src src = { .src.next = next_bytes, .pipe = p, .source = i, .stats = stats };
	rc = oci_layer_apply(&src.src, sink, stats, e);
	__atomic_store_n(&p->entries, stats->entries, __ATOMIC_RELAXED);
	return rc < 0 ? err_wrap(e, rc, "layer %zu", i + 1) : 0;
}

int unpack_pipe_run(struct unpack_pipe *p, struct fs_sink *sink, struct err *e)
{
	static void *(*const mains[])(void *arg) = { input_main, reader_main, hasher_main };
	pthread_t threads[ARRAY_LEN(mains)];
	struct oci_layer_stats stats = { 0 };
	struct err err = { 0 };
	size_t n = 0;
	int rc = 0;

	while (n < ARRAY_LEN(mains) && pthread_create(&threads[n], NULL, mains[n], p) == 0)
		n++;
	if (n < ARRAY_LEN(mains))
		rc = err_set(&err, -EAGAIN, "cannot start a thread");
	for (size_t i = 0; i < p->ninputs && rc == 0; i++)
		rc = write_source(p, i, sink, &stats, &err);
	if (rc < 0)
		fail(p, rc, &err);
	while (n)
		pthread_join(threads[--n], NULL);
	return p->rc < 0 ? err_set(e, p->rc, "%s", p->err.text) : 0;
}

/* ---- from outside ----------------------------------------------------------------------------------------
 */

int unpack_pipe_create(size_t nsources, uint64_t max_size, void (*want)(void *arg, size_t i), void *arg,
		       struct unpack_pipe **ret, struct err *e)
{
	struct unpack_pipe *p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(e, -ENOMEM, "out of memory");

	p->want = want;
	p->arg = arg;
	p->max_size = max_size;
	p->ninputs = nsources;
	pthread_mutex_init(&p->gate.lock, NULL);
	pthread_cond_init(&p->gate.changed, NULL);
	p->inputs = calloc(nsources, sizeof(*p->inputs));
	int rc = ring_init(&p->ring, RING_NREADERS, RING_SLOTS);
	int stored = ring_init(&p->stored, 1, STORED_SLOTS);
	for (size_t i = 0; p->inputs && i < nsources; i++)
		p->inputs[i].fd = -1;
	if (rc < 0 || stored < 0 || !p->inputs) {
		unpack_pipe_destroy(p);
		return err_set(e, -ENOMEM, "out of memory");
	}
	*ret = p;
	return 0;
}

void unpack_pipe_destroy(struct unpack_pipe *p)
{
	if (!p)
		return;
	for (size_t i = 0; p->inputs && i < p->ninputs; i++)
		if (p->inputs[i].fd >= 0)
			close(p->inputs[i].fd);
	ring_finish(&p->stored);
	ring_finish(&p->ring);
	pthread_mutex_destroy(&p->gate.lock);
	pthread_cond_destroy(&p->gate.changed);
	free(p->inputs);
	free(p);
}

int unpack_pipe_feed(struct unpack_pipe *p, size_t i, const struct unpack_source *src, int fd, uint64_t avail,
		     struct err *e)
{
	if (i >= p->ninputs || p->inputs[i].fed) {
		close(fd);
		return err_set(e, -EINVAL, "source %zu was given twice or does not exist", i);
	}
	pthread_mutex_lock(&p->gate.lock);
	struct input *in = &p->inputs[i];
	in->src = *src;
	in->fd = fd;
	in->avail = avail;
	in->fed = true;
	pthread_cond_broadcast(&p->gate.changed);
	pthread_mutex_unlock(&p->gate.lock);
	return 0;
}

void unpack_pipe_avail(struct unpack_pipe *p, size_t i, uint64_t avail, bool complete)
{
	if (i >= p->ninputs)
		return;
	pthread_mutex_lock(&p->gate.lock);
	p->inputs[i].avail = avail;
	p->inputs[i].complete = complete;
	pthread_cond_broadcast(&p->gate.changed);
	pthread_mutex_unlock(&p->gate.lock);
}

void unpack_pipe_counts(struct unpack_pipe *p, struct unpack_counts *ret)
{
	ret->layer = __atomic_load_n(&p->layer, __ATOMIC_RELAXED);
	ret->layer_in = get(&p->layer_in);
	ret->in = get(&p->in);
	ret->raw = get(&p->raw);
	ret->entries = get(&p->entries);
}

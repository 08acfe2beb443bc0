/* SPDX-License-Identifier: Apache-2.0 */
/* The members of an archive lie within it, one behind the other; a header that is written reads as what it says. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/tar.h"

struct memory {
	struct tar_src src;
	const uint8_t *p;
	size_t n, at;
};

static int read_memory(struct tar_src *s, void *p, size_t n, struct err *e)
{
	struct memory *m = container_of(s, struct memory, src);

	if (m->n - m->at < n)
		return m->at == m->n ? 0 : err_set(e, -EBADMSG, "cut");
	memcpy(p, m->p + m->at, n);
	m->at += n;
	return 1;
}

static int skip_memory(struct tar_src *s, uint64_t n, struct err *e)
{
	struct memory *m = container_of(s, struct memory, src);

	if (m->n - m->at < n)
		return err_set(e, -EBADMSG, "cut");
	m->at += (size_t)n;
	return 0;
}

static void check_header(const char *name, uint64_t size)
{
	uint8_t blocks[TAR_HEADER_MAX];
	int n = tar_header(name, size, blocks);
	AUTO_FREE struct tar_member *m = malloc(sizeof(*m));
	struct memory in = { { read_memory, skip_memory }, blocks, n < 0 ? 0 : (size_t)n, 0 };
	struct tar_walk w = { .src = &in.src };
	size_t len = strlen(name);

	if (n < 0 || !*name)
		return;
	assert(tar_next(&w, m, NULL) == 1 && in.at == (size_t)n);
	assert(strcmp(m->name, name) == 0);
	assert(name[len - 1] == '/' ? m->kind == TAR_DIR : m->kind == TAR_FILE && m->size == size);
}

/* With all that it says of its members: attributes lie within their header. */
static void check_attrs(const uint8_t *p, size_t n)
{
	AUTO_FREE struct tar_member *m = malloc(sizeof(*m));
	struct memory in = { { read_memory, skip_memory }, p, n, 0 };
	struct tar_walk w = { .src = &in.src, .attrs = true };
	struct tar_xattr x;

	while (tar_next(&w, m, NULL) == 1) {
		assert(m->mode <= 07777 && m->mtime_nsec < 1000000000);
		for (size_t at = 0, before = 0; tar_next_xattr(&w, &at, &x); before = at) {
			assert(at > before && at <= w.pax.len && *x.name && strlen(x.name) < sizeof(x.name));
			assert((const uint8_t *)x.value >= w.pax.p && (const uint8_t *)x.value + x.len < w.pax.p + w.pax.len);
		}
	}
	tar_walk_finish(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO_FREE struct tar_member *m = malloc(sizeof(*m));
	struct memory in = { { read_memory, skip_memory }, p, n, 0 };
	struct tar_walk w = { .src = &in.src };
	size_t before = 0;
	struct err e = { 0 };
	int rc;

	check_attrs(p, n);
	while ((rc = tar_next(&w, m, &e)) == 1) {
		assert(in.at > before && in.at % TAR_BLOCK == 0 && w.left % TAR_BLOCK == 0);
		assert(strlen(m->name) <= TAR_NAME_MAX && strlen(m->link) <= TAR_NAME_MAX && m->size <= w.left);
		before = in.at;
		check_header(m->name, m->size);
	}
	assert(rc == 0 || e.text[0]);
	return 0;
}

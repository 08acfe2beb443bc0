/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of one entry, as they come in chunks: what is read of them is the same however the stream is cut. The
 * first byte says how long chunks are, the second and third where the headers begin. Each chunk is memory of its own that
 * goes with the next, as with libarchive's. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "oci/layer-past.h"

static const char *const keys[] = { "mtime", "atime", "ctime" };

/* The stream in chunks of at most step bytes, and what is said of each key. */
static void look(const uint8_t *p, size_t n, size_t step, uint64_t from, int ret[])
{
	AUTO(layer_past_finish) struct layer_past past = { 0 };
	uint8_t *chunk = NULL;
	size_t k;

	layer_past_begin(&past, 0);
	for (size_t at = 0; at < n; at += k) {
		uint8_t *last = chunk;

		k = MIN(step, n - at);
		if (from >= at && from < at + k) { /* the headers before these are over */
			layer_past_end(&past);
			layer_past_begin(&past, from);
		}
		assert(layer_past_keep(&past) == 0);
		chunk = malloc(k);
		assert(chunk);
		memcpy(chunk, p + at, k);
		layer_past_chunk(&past, chunk, k);
		free(last);
	}
	layer_past_end(&past);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		ret[i] = layer_past_minus(&past, from, keys[i], NULL);
	free(chunk);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int whole[ARRAY_LEN(keys)], cut[ARRAY_LEN(keys)];
	uint64_t from;
	size_t step;

	if (n < 4)
		return 0;
	step = 1u + p[0] * 5u;
	from = (uint64_t)(p[1] | p[2] << 8) % (n - 3);
	look(p + 3, n - 3, n, from, whole);
	look(p + 3, n - 3, step, from, cut);
	assert(memcmp(whole, cut, sizeof(cut)) == 0);
	return 0;
}

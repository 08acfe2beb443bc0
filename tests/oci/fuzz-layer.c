/* SPDX-License-Identifier: Apache-2.0 */
/* A stored layer, as it comes, into a sink that checks its calls. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "base/auto.h"
#include "oci/inflate.h"
#include "oci/layer.h"
#include "tests/lib/print-sink.h"

#define OUT_SIZE 4096
#define OUT_MAX (4u << 20) /* a bomb is cut off here */

struct fuzz_src {
	struct oci_layer_src src;
	struct oci_inflate *z;
	const uint8_t *p;
	size_t n;
	uint64_t total;
	uint8_t out[OUT_SIZE];
};

static ssize_t next(struct oci_layer_src *src, const void **ret, struct err *e)
{
	struct fuzz_src *s = container_of(src, struct fuzz_src, src);
	size_t used, made;

	do {
		int rc = oci_inflate_run(s->z, s->p, MIN(s->n, (size_t)97), &used, s->out, sizeof(s->out),
					 &made, e);

		if (rc < 0)
			return rc;
		s->p += used;
		s->n -= used;
	} while (used && !made);
	s->total += made;
	*ret = s->out;
	if (s->total > OUT_MAX)
		return err_set(e, -EFBIG, "too large");
	return made ? (ssize_t)made : oci_inflate_end(s->z, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct fuzz_src s;
	struct print_sink sink;

	s = (struct fuzz_src){ .src.next = next, .p = p, .n = n };
	print_sink_init(&sink);
	sink.quiet = true;
	if (oci_inflate_create(OCI_INFLATE_AUTO, &s.z, NULL) == 0)
		oci_layer_apply(&s.src, &sink.sink, NULL, NULL);
	oci_inflate_destroy(s.z);
	print_sink_finish(&sink);
	return 0;
}

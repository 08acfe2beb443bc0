/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-out.c - the unpacker's output through the ext4 writer. */
#include "job/unpack-out.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ext4/writer.h"

struct out {
	struct fs_sink *sink;
	struct out_opts opts; /* the label lives here */
};

int out_open(int fd, const struct out_opts *opts, struct out **ret, struct err *e)
{
	struct ext4_opts x = { .size = opts->size, .lost_found = opts->lost_found, .sync = opts->sync, .early = true };
	struct out *o = calloc(1, sizeof(*o));
	if (!o)
		return err_set(e, -ENOMEM, "out of memory");

	o->opts = *opts;
	x.label = o->opts.label[0] ? o->opts.label : NULL;
	int rc = ext4_parse_journal(opts->journal, &x.journal, e);
	if (rc == 0)
		rc = ext4_parse_uuid(opts->uuid, x.uuid, e);
	if (rc == 0)
		rc = ext4_writer_create(fd, &x, &o->sink, e);
	if (rc < 0) {
		out_destroy(o);
		return rc;
	}
	*ret = o;
	return 0;
}

struct fs_sink *out_sink(struct out *o)
{
	return o->sink;
}

int out_close(struct out *o, uint64_t *ret_used, uint64_t *ret_size, struct err *e)
{
	struct ext4_stats stats;

	int rc = ext4_writer_finish(o->sink, &stats, e);
	if (rc < 0)
		return rc;
	*ret_used = stats.used;
	*ret_size = stats.size;
	return 0;
}

void out_destroy(struct out *o)
{
	if (!o)
		return;
	if (o->sink)
		ext4_writer_destroy(o->sink);
	free(o);
}

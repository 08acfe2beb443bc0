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

static int parse_journal(const char *word, enum ext4_journal *ret, struct err *e)
{
	static const struct {
		const char *word;
		enum ext4_journal mode;
	} modes[] = { { "", EXT4_JOURNAL_NONE },
		      { "none", EXT4_JOURNAL_NONE },
		      { "ordered", EXT4_JOURNAL_ORDERED },
		      { "writeback", EXT4_JOURNAL_WRITEBACK },
		      { "data", EXT4_JOURNAL_DATA } };

	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (!strcmp(word, modes[i].word)) {
			*ret = modes[i].mode;
			return 0;
		}
	return err_set(e, -EINVAL, "unknown journal mode '%s'; there are ordered, writeback and data", word);
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* "0b5e…-…", dashes anywhere between the digits. */
static int parse_uuid(const char *s, uint8_t ret[16], struct err *e)
{
	int n = 0;

	for (const char *p = s; *p; p++) {
		int v = hex_value(*p);

		if (*p == '-')
			continue;
		if (v < 0 || n == 32)
			return err_set(e, -EINVAL, "'%s' is not a UUID", s);
		ret[n / 2] = (uint8_t)(n % 2 ? ret[n / 2] | v : v << 4);
		n++;
	}
	return n == 32 ? 0 : err_set(e, -EINVAL, "'%s' is not a UUID", s);
}

int out_open(int fd, const struct out_opts *opts, struct out **ret, struct err *e)
{
	struct ext4_opts x = { .size = opts->size, .sync = opts->sync, .early = true };
	struct out *o = calloc(1, sizeof(*o));
	if (!o)
		return err_set(e, -ENOMEM, "out of memory");

	o->opts = *opts;
	x.label = o->opts.label[0] ? o->opts.label : NULL;
	int rc = parse_journal(opts->journal, &x.journal, e);
	if (rc == 0)
		rc = parse_uuid(opts->uuid, x.uuid, e);
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

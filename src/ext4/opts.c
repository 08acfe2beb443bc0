/* SPDX-License-Identifier: Apache-2.0 */
/* opts.c - what people ask of a file system, in their words. */
#include <string.h>

#include "base/auto.h"
#include "ext4/writer-int.h"
#include "ext4/writer.h"

#define LABEL_MAX 16
#define JOURNAL_FS_MIN (UINT64_C(8) << 20)

int ext4_parse_journal(const char *word, enum ext4_journal *ret, struct err *e)
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

int ext4_parse_uuid(const char *s, uint8_t ret[16], struct err *e)
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

int ext4_opts_check(const struct ext4_opts *o, struct err *e)
{
	uint64_t max = o->max_size ? o->max_size : EXT4_SIZE_UNASKED;

	if (o->label && strlen(o->label) > LABEL_MAX)
		return err_set(e, -EINVAL, "the label '%s' has more than %d bytes", o->label, LABEL_MAX);
	if (o->size > EXT4_SIZE_MAX || max > EXT4_SIZE_MAX || (o->size && o->size < EXT4_SIZE_MIN) || max < EXT4_SIZE_MIN)
		return err_set(e, -EINVAL, "an ext4 file system of %llu bytes: from 1 MiB to 16 TiB are possible",
			       (unsigned long long)(o->size ? o->size : max));
	if (o->size && o->size < JOURNAL_FS_MIN && o->journal != EXT4_JOURNAL_NONE)
		return err_set(e, -EINVAL, "a journal needs a file system of at least 8 MiB");
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-config.c - any file gives values within their range, and issues that a terminal can show. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct conf c;

	if (n > CONF_FILE_MAX || conf_parse(&c, "config", (const char *)p, n) < 0)
		return 0;
	for (size_t i = 0; i < CONF_COUNT; i++) {
		const struct conf_option *o = &conf_options[i];

		assert(conf_text(&c, i));
		if (conf_given(&c, i) && *conf_text(&c, i) && o->max)
			assert(conf_number(&c, i) >= o->min && conf_number(&c, i) <= o->max);
	}
	assert(c.nissues <= CONF_ISSUES_MAX && c.nentries <= CONF_ENTRIES_MAX);
	for (size_t i = 0; i < c.nissues; i++)
		for (const char *t = c.issues[i].text; *t; t++)
			assert((unsigned char)*t >= 0x20);
	for (size_t i = 0; i < c.nentries; i++)
		assert(c.entries[i].line > 0 && strlen(c.entries[i].name) <= CONF_LINE_MAX);
	conf_finish(&c);
	return 0;
}

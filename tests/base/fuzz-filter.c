/* SPDX-License-Identifier: Apache-2.0 */
/* The first line is the filter, the rest what it is asked of. Adding "!" in front of a single word turns the
 * answer round. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/filter.h"
#include "base/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char *text(void *arg, const char *field)
{
	return field && *field == 'x' ? NULL : arg;
}

static enum filter_number number(void *arg, const char *field, double *ret)
{
	*ret = (double)strlen(arg);
	return *field == 'n' ? FILTER_AMOUNT : FILTER_SECONDS;
}

static const char *const fields[] = { "name", "up", "x", NULL };
static const struct filter_source source = { text, number, fields };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO_FREE char *all = strndup((const char *)p, n > 4096 ? 4096 : n);
	struct filter *f = NULL, *g = NULL;
	char *rest = strchr(all, '\n');
	AUTO_FREE char *not = NULL;

	if (rest)
		*rest++ = 0;
	else
		rest = all + strlen(all);
	if (filter_parse(all, &source, &f, NULL) < 0) {
		assert(!f);
		return 0;
	}
	bool yes = filter_match(f, &source, rest);
	not = path_fmt("!%s", all);
	if (*all && !strpbrk(all, " !\"|") && strlen(all) < FILTER_TEXT_MAX) {
		assert(filter_parse(not, &source, &g, NULL) == 0);
		assert(filter_match(g, &source, rest) == !yes);
	}
	filter_free(f);
	filter_free(g);
	return 0;
}

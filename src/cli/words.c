/* SPDX-License-Identifier: Apache-2.0 */
/* words.c - times and ids as people read them. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/cli.h"

char *cli_ago(int64_t ns)
{
	static const struct {
		int64_t seconds;
		const char *one, *many;
	} units[] = { { 365 * 86400, "year", "years" }, { 30 * 86400, "month", "months" },
		      { 7 * 86400, "week", "weeks" },	{ 86400, "day", "days" },
		      { 3600, "hour", "hours" },	{ 60, "minute", "minutes" },
		      { 1, "second", "seconds" } };
	int64_t s = (clock_real_ns() - ns) / 1000000000;

	if (!ns)
		return strdup("");
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		int64_t n = s / units[i].seconds;

		if (n >= 1)
			return path_fmt("%lld %s ago", (long long)n, n == 1 ? units[i].one : units[i].many);
	}
	return strdup("just now");
}

char *cli_short_id(const char *id)
{
	const char *colon = strchr(id, ':');

	return strndup(colon ? colon + 1 : id, 12);
}

char *cli_time(int64_t ns)
{
	char text[CLOCK_RFC3339_MAX];

	if (!ns)
		return NULL;
	clock_rfc3339(ns, text);
	return strdup(text);
}

void cli_add_time(cJSON *j, const char *name, int64_t ns)
{
	char text[CLOCK_RFC3339_MAX];

	if (!ns) {
		cJSON_AddNullToObject(j, name);
		return;
	}
	clock_rfc3339(ns, text);
	cJSON_AddStringToObject(j, name, text);
}

const char *cli_str(const cJSON *row, const char *key)
{
	return json_str(row, key) ?: "";
}

int cli_parse_time(const struct cli_args *a, const char *opt, int64_t *ret)
{
	const char *word = cli_value(a, opt);
	int64_t ms;
	uint64_t s;

	*ret = 0;
	if (!word || clock_parse_rfc3339(word, ret) == 0)
		return 0;
	if (strcmp(word, "0") == 0) { /* all of it, as in docker */
		*ret = 1;
		return 0;
	}
	if (strlen(word) >= 9 && str_parse_u64(word, INT32_MAX * 4ull, &s) == 0) { /* seconds since 1970, as in docker */
		*ret = (int64_t)s * 1000000000;
		return 0;
	}
	if (str_parse_duration(word, &ms, NULL) < 0)
		return cli_usage(a->cmd, "'%s' is not a time, as in 2026-11-24T14:02:11Z or 10m", word);
	*ret = clock_real_ns() - ms * 1000000;
	return 0;
}

char *cli_cell_size(const cJSON *row, bool wide)
{
	char text[8];

	(void)wide;
	str_size((uint64_t)json_int(row, "size_bytes", 0), text);
	return strdup(text);
}

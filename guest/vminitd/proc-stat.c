/* SPDX-License-Identifier: Apache-2.0 */
/* proc-stat.c - what /proc says of a process. */
#include "proc-stat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/path.h"

int vi_proc_stat_parse(const char *text, struct vi_proc_stat *ret)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	size_t n;

	if (!open || !close || close < open)
		return -EINVAL;
	*ret = (struct vi_proc_stat){ 0 };
	n = MIN((size_t)(close - open - 1), sizeof(ret->name) - 1);
	memcpy(ret->name, open + 1, n);
	/* 3 state, 4 ppid, 7 tty_nr, 14 utime, 15 stime, 20 num_threads, 22 starttime, 24 rss */
	if (sscanf(close + 1,
		   " %c %d %*d %*d %d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %*d %*d %*d %*d %" SCNu32
		   " %*d %" SCNu64 " %*u %" SCNd64,
		   &ret->state, &ret->ppid, &ret->tty_nr, &ret->utime, &ret->stime, &ret->threads, &ret->start,
		   &ret->rss_pages) != 8)
		return -EINVAL;
	return 0;
}

long vi_proc_status_number(const char *text, const char *key, bool last)
{
	AUTO_FREE char *head = path_fmt("\n%s:", key);
	const char *line = head ? strstr(text, head) : NULL;
	long v = 0, next;
	char *end;

	for (const char *p = line ? line + strlen(head) : NULL; p && *p && *p != '\n'; p = end) {
		next = strtol(p, &end, 10);
		if (end == p)
			break;
		v = next;
		if (!last || *end == '\n')
			break;
	}
	return v;
}

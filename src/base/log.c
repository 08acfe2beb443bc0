/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - the diagnostic log of a process. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static const char *const level_word[] = { "error", "warn", "info", "debug", "trace" };
static enum log_level cur_level = LOG_LEVEL_WARN;
static int log_fd = 2;
static const char *log_who = "berth";

int log_level_parse(const char *word, enum log_level *ret)
{
	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_TRACE; i++)
		if (strcmp(word, level_word[i]) == 0) {
			*ret = (enum log_level)i;
			return 0;
		}
	return -EINVAL;
}

void log_set_level(enum log_level level)
{
	cur_level = level;
}

enum log_level log_get_level(void)
{
	return cur_level;
}

void log_open(int fd, const char *who)
{
	log_fd = fd;
	log_who = who;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char line[1024], when[CLOCK_RFC3339_MAX];
	va_list ap;
	int n;
	size_t len;

	if (level > cur_level || log_fd < 0)
		return;
	clock_rfc3339(clock_real_ns(), when);
	n = snprintf(line, sizeof(line), "%s %s %s: ", when, log_who, level_word[level]);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	len = strlen(line);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	/* A line is one write, so that lines of several processes do not mix. A log that cannot be
	 * written must not stop the work. */
	if (write(log_fd, line, len) < 0)
		return;
}

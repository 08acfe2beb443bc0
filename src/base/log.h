/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - the diagnostic log of a process: a line each, to stderr unless told otherwise. */
#ifndef BERTH_BASE_LOG_H
#define BERTH_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_TRACE };

/* "error" … "trace"; -EINVAL for another word. */
int log_level_parse(const char *word, enum log_level *ret);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* fd stays the caller's; who is put before each line ("berth-shim"). */
void log_open(int fd, const char *who);

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                                                                                  \
	do {                                                                                            \
		if (log_get_level() >= LOG_LEVEL_DEBUG)                                                 \
			log_write(LOG_LEVEL_DEBUG, __VA_ARGS__);                                        \
	} while (0)
#define log_trace(...)                                                                                  \
	do {                                                                                            \
		if (log_get_level() >= LOG_LEVEL_TRACE)                                                 \
			log_write(LOG_LEVEL_TRACE, __VA_ARGS__);                                        \
	} while (0)

#endif

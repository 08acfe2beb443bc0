/* SPDX-License-Identifier: Apache-2.0 */
/* proc-stat.h - what /proc says of a process. Parsing does no I/O. */
#ifndef BERTH_GUEST_PROC_STAT_H
#define BERTH_GUEST_PROC_STAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The head and the middle of /proc/PID/stat (proc(5)). Times are in ticks; tty_nr is a device number. */
struct vi_proc_stat {
	char name[64], state;
	pid_t ppid;
	int tty_nr;
	uint64_t utime, stime, start;
	uint32_t threads;
	int64_t rss_pages;
};
/* -EINVAL for a text that is not one; the name may hold any bytes, ')' and blanks too. */
int vi_proc_stat_parse(const char *text, struct vi_proc_stat *ret);
/* A line "Uid:\t1000\t1000…" of /proc/PID/status: its first number, or its last one. 0 if there is none. */
long vi_proc_status_number(const char *text, const char *key, bool last);

#endif

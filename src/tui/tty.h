/* SPDX-License-Identifier: Apache-2.0 */
/* tty.h - the user's terminal as a device: its settings, its size, and how it is left after a crash. */
#ifndef BERTH_TUI_TTY_H
#define BERTH_TUI_TTY_H

#include "base/err.h"

/* The terminal behind fd, opened anew (non-blocking: a description of its own, so that the shell's stays as
 * it is). -ENOTTY if fd is none. */
int tty_open(int fd, int *ret, struct err *e);
/* Remembers the settings that there are, for tty_restore. Enter arrives as CR or as NL, whichever the user's are. */
int tty_raw(int fd);
void tty_restore(int fd);
/* Rows and columns; 24 and 80 when the terminal does not know. */
void tty_size(int fd, int *rows, int *cols);
/* On SIGSEGV, SIGABRT, SIGBUS, SIGFPE and SIGILL: writes text to fd, restores the settings, dies of the
 * signal. text is copied; NULL takes the handlers away. */
void tty_crash_guard(int fd, const char *text);
/* True while this process may change the terminal without being stopped for it. */
int tty_foreground(int fd);

#endif

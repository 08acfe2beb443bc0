/* SPDX-License-Identifier: Apache-2.0 */
/* err.h - how a function says what went wrong.
 *
 * A function that can fail returns a negative errno and writes the words into memory that its caller
 * owns, so reporting an error can never fail itself. The lowest function names the thing, each layer
 * above adds what it was doing, only the top prints. Lower case, names in 'quotes', no full stop. */
#ifndef BERTH_BASE_ERR_H
#define BERTH_BASE_ERR_H

#include <errno.h>
#include <stdarg.h>

struct err {
	int code;       /* negative errno; 0 when nothing failed */
	char text[512]; /* always terminated; cut when too long */
};

/* Writes the words. For an errno that the words do not explain, end fmt with ": %s" and err_str(code).
 * Control characters in the text are replaced, so it can be shown on a terminal. e may be NULL.
 * Returns code, which is made negative if it was not. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and the words of errno code behind: "cannot open 'x': No such file…". */
int err_sys(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "fmt: " before what is there. e may be NULL. Returns code. */
int err_wrap(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The words of a negative or positive errno, thread-safe, never NULL. */
const char *err_str(int code);

#endif

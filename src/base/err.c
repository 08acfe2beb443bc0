/* SPDX-License-Identifier: Apache-2.0 */
/* err.c - error texts in memory of the caller. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

static int negative(int code)
{
	return code > 0 ? -code : code;
}

/* What came from outside may be in the text: it must not move a terminal's cursor. */
static void make_printable(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

const char *err_str(int code)
{
	const char *s = strerrordesc_np(code < 0 ? -code : code);

	return s ? s : "unknown error";
}

static int set_text(struct err *e, int code, const char *fmt, va_list ap)
{
	if (e) {
		e->code = negative(code);
		vsnprintf(e->text, sizeof(e->text), fmt, ap);
		make_printable(e->text);
	}
	return negative(code);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	code = set_text(e, code, fmt, ap);
	va_end(ap);
	return code;
}

int err_sys(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	code = set_text(e, code, fmt, ap);
	va_end(ap);
	if (e) {
		size_t n = strlen(e->text);

		snprintf(e->text + n, sizeof(e->text) - n, ": %s", err_str(code));
	}
	return code;
}

int err_wrap(struct err *e, int code, const char *fmt, ...)
{
	char old[sizeof(e->text)];
	va_list ap;
	size_t n;

	if (!e)
		return negative(code);
	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	code = set_text(e, code, fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s", old);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* finding.c - a list of what is wrong. */
#include "store/finding.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "out of memory");
}

static void row_finish(struct store_finding *r)
{
	free(r->object);
	free(r->text);
	free(r->repaired);
}

static char *vtext(const char *fmt, va_list ap)
{
	AUTO_BUF struct buf b = { 0 };

	return buf_vaddf(&b, fmt, ap) < 0 ? NULL : buf_steal(&b);
}

int store_finding_add(struct store_findings *f, enum store_wrong wrong, const char *kind, const char *object,
		      struct err *e, const char *fmt, ...)
{
	struct store_finding row = { .wrong = wrong, .kind = kind, .object = strdup(object) };
	va_list ap;

	va_start(ap, fmt);
	row.text = vtext(fmt, ap);
	va_end(ap);
	for (size_t i = 0; row.object && row.text && i < f->n; i++)
		if (strcmp(f->v[i].object, row.object) == 0 && strcmp(f->v[i].text, row.text) == 0) {
			row_finish(&row);
			return 0;
		}
	struct store_finding *more = reallocarray(f->v, f->n + 1, sizeof(*more));
	if (more)
		f->v = more;
	if (!more || !row.object || !row.text) {
		row_finish(&row);
		return no_memory(e);
	}
	f->v[f->n++] = row;
	return 0;
}

int store_finding_repaired(struct store_finding *r, struct err *e, const char *fmt, ...)
{
	va_list ap;

	free(r->repaired);
	va_start(ap, fmt);
	r->repaired = vtext(fmt, ap);
	va_end(ap);
	return r->repaired ? 0 : no_memory(e);
}

int store_findings_take(struct store_findings *f, struct store_findings *from, struct err *e)
{
	struct store_finding *more = from->n ? reallocarray(f->v, f->n + from->n, sizeof(*more)) : NULL;

	if (from->n && !more)
		return no_memory(e);
	for (size_t i = 0; i < from->n; i++)
		more[f->n + i] = from->v[i];
	if (more)
		f->v = more;
	f->n += from->n;
	free(from->v);
	*from = (struct store_findings){ 0 };
	return 0;
}

void store_findings_finish(struct store_findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		row_finish(&f->v[i]);
	free(f->v);
	*f = (struct store_findings){ 0 };
}

/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h - the words by which lists, logs and --filter choose: one language, parsed once. berth-filter(7)
 * describes it for people.
 *
 *   filter = term *( blank term )             all of them
 *   term   = [ "!" ] either *( "|" either )     one of them; with "!" none
 *   either = word | field op value | "re:" expression
 *   op     = ":" has it   "=" is it   ">" "<" ">=" "<=" for numbers: sizes ("500M"), ages ("2h"), percents
 *
 * A word without a capital letter matches both cases, one with a capital only itself. A blank, "|" or "!" in a
 * word is written within "quotes"; what is not one of the source's fields is a word too ("nginx:1.27"). Bounded:
 * FILTER_TERMS_MAX words; expressions are POSIX extended ones without \1 and {}, so that none takes for ever.
 * No I/O. */
#ifndef BERTH_BASE_FILTER_H
#define BERTH_BASE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define FILTER_TERMS_MAX 32
#define FILTER_TEXT_MAX 512

struct filter;

enum filter_number { FILTER_NONE, FILTER_AMOUNT /* bytes, percents, counts */, FILTER_SECONDS };

/* What is asked of an object. Texts live until the next call. */
struct filter_source {
	/* The text of a field; several lines are several values ("env=prod\nteam=a"). field NULL: all that a plain
	 * word is looked for in, but the id: of that, field "id", four or more digits of a word are the begin.
	 * NULL: the object has no such field. */
	const char *(*text)(void *arg, const char *field);
	/* The same as a number; FILTER_NONE: it has none, and no comparison holds. May be NULL. */
	enum filter_number (*number)(void *arg, const char *field, double *ret);
	const char *const *fields; /* their names, NULL-terminated; may be NULL */
};

/* text "": matches all. -EINVAL with words that name the term. The caller frees with filter_free. */
int filter_parse(const char *text, const struct filter_source *source, struct filter **ret, struct err *e);
void filter_free(struct filter *f);
/* f NULL: true. */
bool filter_match(const struct filter *f, const struct filter_source *source, void *arg);
/* Is word in text, by the rule of capitals? */
bool filter_has(const char *text, const char *word);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* filter.c - a line of words becomes an array of tests; matching walks it once. */
#include "base/filter.h"

#include <ctype.h>
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "base/auto.h"
#include "base/str.h"

#define EXPRESSION_MAX 128
#define REPEATS_MAX 6

enum op { OP_HAS, OP_IS, OP_MORE, OP_LESS, OP_AT_LEAST, OP_AT_MOST, OP_EXPRESSION };

struct test {
	bool first; /* of its term */
	bool not;   /* of the whole term */
	enum op op;
	char *field; /* NULL: a plain word */
	char *value;
	double amount, seconds; /* of the value; < 0: it is none */
	regex_t re;             /* OP_EXPRESSION */
};

struct filter {
	struct test tests[FILTER_TERMS_MAX];
	size_t n;
};

static bool capitals(const char *s)
{
	for (; *s; s++)
		if (isupper((unsigned char)*s))
			return true;
	return false;
}

bool filter_has(const char *text, const char *word)
{
	return (capitals(word) ? strstr(text, word) : strcasestr(text, word)) != NULL;
}

/* ---- parsing ---------------------------------------------------------------------------------------------- */

/* One alternative at *p, up to a blank or "|" that no quotes hide; *p goes behind it. Unquoted. */
static int take_word(const char **p, char **ret, bool *ret_quoted, struct err *e)
{
	char *out = malloc(strlen(*p) + 1), *o = out;
	const char *s = *p;
	bool in = false;

	if (!out)
		return err_set(e, -ENOMEM, "cannot read the filter: out of memory");
	*ret_quoted = *s == '"';
	for (; *s && (in || (*s != ' ' && *s != '|')); s++)
		if (*s == '"')
			in = !in;
		else
			*o++ = *s;
	*o = 0;
	if (in) {
		free(out);
		return err_set(e, -EINVAL, "the filter has a quote that does not end");
	}
	*p = s;
	*ret = out;
	return 0;
}

/* How many "+" stand one around the other, as in ((a+)+)+ and a+++: each doubles what regcomp makes of it. */
static int repeats(const char *s)
{
	int of_group[EXPRESSION_MAX + 2] = { 0 }, depth = 0, last = 0, most = 0;

	for (; *s; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			last = 0;
		} else if (*s == '[') {
			const char *in = s + 1 + (s[1] == '^'), *end = *in ? strchr(in + 1, ']') : NULL;

			s = end ? end : s; /* "]" right behind "[" is a member */
			last = 0;
		} else if (*s == '(') {
			of_group[++depth] = 0;
			last = 0;
		} else if (*s == ')' && depth) {
			last = of_group[depth--];
		} else if (*s == '+') {
			last++;
		} else if (*s != '*' && *s != '?') {
			last = 0;
		}
		of_group[depth] = MAX(of_group[depth], last);
		most = MAX(most, last);
	}
	return most;
}

static int compile(struct test *t, struct err *e)
{
	char why[120];
	int rc;

	if (strlen(t->value) > EXPRESSION_MAX)
		return err_set(e, -EINVAL, "the filter's expression is longer than %d bytes", EXPRESSION_MAX);
	for (const char *s = t->value; *s; s++)
		if (*s == '{' || (*s == '\\' && isdigit((unsigned char)s[1])))
			return err_set(e, -EINVAL, "the filter's expression '%s' has {} or \\1, which are not known here",
				       t->value);
	if (repeats(t->value) > REPEATS_MAX)
		return err_set(e, -EINVAL, "the filter's expression '%s' repeats what repeats more than %d times over", t->value,
			       REPEATS_MAX);
	rc = regcomp(&t->re, t->value, REG_EXTENDED | REG_NOSUB | REG_NEWLINE | (capitals(t->value) ? 0 : REG_ICASE));
	if (rc) {
		regerror(rc, &t->re, why, sizeof(why));
		return err_set(e, -EINVAL, "the filter's expression '%s' is none: %s", t->value, why);
	}
	t->op = OP_EXPRESSION;
	return 0;
}

static void read_number(struct test *t)
{
	AUTO_FREE char *copy = strdup(t->value);
	uint64_t size;
	int64_t ms;
	char *end;

	t->amount = t->seconds = -1;
	if (!copy || !*copy)
		return;
	if (copy[strlen(copy) - 1] == '%')
		copy[strlen(copy) - 1] = 0;
	t->amount = strtod(copy, &end);
	if (*end || t->amount < 0)
		t->amount = str_parse_size(copy, &size, NULL) == 0 ? (double)size : -1;
	if (str_parse_duration(copy, &ms, NULL) == 0)
		t->seconds = (double)ms / 1000;
}

/* "state:failed": its field and operator. */
static bool split(struct test *t, const struct filter_source *source)
{
	size_t n = strcspn(t->value, ":=<>");
	const char *op = t->value + n;
	bool known = false;

	for (const char *const *f = source->fields; f && *f && !known; f++)
		known = strlen(*f) == n && memcmp(*f, t->value, n) == 0;
	if (!*op || !known)
		return true;
	t->field = strndup(t->value, n);
	t->op = *op == ':' ? OP_HAS :
		*op == '=' ? OP_IS :
		*op == '>' ? (op[1] == '=' ? OP_AT_LEAST : OP_MORE) :
			     (op[1] == '=' ? OP_AT_MOST : OP_LESS);
	op += t->op == OP_AT_LEAST || t->op == OP_AT_MOST ? 2 : 1;
	memmove(t->value, op, strlen(op) + 1);
	return t->field != NULL;
}

static int add_test(struct filter *f, char *value, bool quoted, const struct filter_source *source, bool first,
		    bool not, struct err *e)
{
	struct test *t = &f->tests[f->n];

	if (f->n == FILTER_TERMS_MAX) {
		free(value);
		return err_set(e, -EINVAL, "the filter has more than %d words", FILTER_TERMS_MAX);
	}
	*t = (struct test){ .first = first, .not = not, .value = value };
	f->n++;
	if (!quoted && str_starts(value, "re:")) {
		memmove(value, value + 3, strlen(value + 3) + 1);
		return compile(t, e);
	}
	if (!quoted && !split(t, source))
		return err_set(e, -ENOMEM, "cannot read the filter: out of memory");
	if (t->op >= OP_MORE) {
		read_number(t);
		if (t->amount < 0 && t->seconds < 0)
			return err_set(e, -EINVAL, "the filter compares %s with '%s', which is no number", t->field,
				       t->value);
	}
	return 0;
}

static int parse_term(struct filter *f, const char **p, const struct filter_source *source, struct err *e)
{
	bool not = **p == '!' && (*p)[1] && (*p)[1] != ' ', first = true;
	int rc = 0;

	*p += not;
	while (rc == 0 && **p && **p != ' ') {
		bool quoted = false;
		char *value = NULL;

		rc = take_word(p, &value, &quoted, e);
		if (rc == 0 && !*value && !quoted) {
			free(value); /* "a|" while it is typed */
		} else if (rc == 0) {
			rc = add_test(f, value, quoted, source, first, not, e);
			first = false;
		}
		*p += **p == '|';
	}
	return rc;
}

int filter_parse(const char *text, const struct filter_source *source, struct filter **ret, struct err *e)
{
	struct filter *f;
	int rc = 0;

	if (strlen(text) > FILTER_TEXT_MAX)
		return err_set(e, -EINVAL, "the filter is longer than %d bytes", FILTER_TEXT_MAX);
	f = calloc(1, sizeof(*f));
	if (!f)
		return err_set(e, -ENOMEM, "cannot read the filter: out of memory");
	while (rc == 0 && *text) {
		text += strspn(text, " ");
		rc = *text ? parse_term(f, &text, source, e) : 0;
	}
	if (rc < 0) {
		filter_free(f);
		return rc;
	}
	*ret = f;
	return 0;
}

void filter_free(struct filter *f)
{
	for (size_t i = 0; f && i < f->n; i++) {
		free(f->tests[i].field);
		free(f->tests[i].value);
		if (f->tests[i].op == OP_EXPRESSION)
			regfree(&f->tests[i].re);
	}
	free(f);
}

/* ---- matching --------------------------------------------------------------------------------------------- */

/* Is value one of text's lines, or one's part before "=" (a label's name)? */
static bool is_line(const char *text, const char *value)
{
	size_t n = strlen(value);
	bool exact = capitals(value);

	for (const char *p = text; p;) {
		const char *end = strchrnul(p, '\n');
		size_t len = (size_t)(end - p);

		if (len >= n && (exact ? strncmp(p, value, n) : strncasecmp(p, value, n)) == 0 &&
		    (len == n || (p[n] == '=' && !strchr(value, '='))))
			return true;
		p = *end ? end + 1 : NULL;
	}
	return false;
}

/* A word that may be the begin of an id; shorter ones would be in many by chance. */
static bool is_id(const char *word)
{
	size_t n = strlen(word);

	return n >= 4 && strspn(word, "0123456789abcdef") == n;
}

static bool is_begin(const char *id, const char *word)
{
	return id && str_starts(id, word);
}

static bool compare(const struct test *t, const struct filter_source *source, void *arg)
{
	double have = 0, want;
	enum filter_number kind = source->number ? source->number(arg, t->field, &have) : FILTER_NONE;

	want = kind == FILTER_SECONDS ? t->seconds : t->amount;
	if (kind == FILTER_NONE || want < 0)
		return false;
	return t->op == OP_MORE	    ? have > want :
	       t->op == OP_LESS	    ? have < want :
	       t->op == OP_AT_LEAST ? have >= want :
				      have <= want;
}

static bool holds(const struct test *t, const struct filter_source *source, void *arg)
{
	const char *text;

	if (t->op >= OP_MORE && t->op <= OP_AT_MOST)
		return compare(t, source, arg);
	text = source->text(arg, t->field);
	if (!t->field && t->op == OP_HAS && is_id(t->value) && (!text || !filter_has(text, t->value)))
		return is_begin(source->text(arg, "id"), t->value);
	if (!text)
		return false;
	if (t->op == OP_EXPRESSION)
		return regexec(&t->re, text, 0, NULL, 0) == 0;
	return t->op == OP_IS ? is_line(text, t->value) : filter_has(text, t->value);
}

bool filter_match(const struct filter *f, const struct filter_source *source, void *arg)
{
	for (size_t i = 0; f && i < f->n;) {
		bool not = f->tests[i].not, any = false;

		do
			any = any || holds(&f->tests[i], source, arg);
		while (++i < f->n && !f->tests[i].first);
		if (any == not)
			return false;
	}
	return true;
}

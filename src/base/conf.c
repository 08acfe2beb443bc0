/* SPDX-License-Identifier: Apache-2.0 */
/* conf.c - the configuration file, read by libinih through a reader of ours that knows the lines. */
#include "base/conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

/* --- issues */

static int add_issue(struct conf *c, int line, const char *fmt, va_list ap)
{
	struct conf_issue *v;
	char text[240];

	if (c->nissues >= CONF_ISSUES_MAX)
		return 0;
	v = realloc(c->issues, (c->nissues + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	c->issues = v;
	vsnprintf(text, sizeof(text), fmt, ap);
	struct err clean = { 0 };
	err_set(&clean, -EINVAL, "%s", text); /* no control characters reach a terminal */
	size_t at = c->nissues++;
	for (; at > 0 && v[at - 1].line > line; at--)
		v[at] = v[at - 1];
	v[at].line = line;
	snprintf(v[at].text, sizeof(v->text), "%.*s", (int)sizeof(v->text) - 1, clean.text);
	return 0;
}

void conf_add_issue(struct conf *c, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_issue(c, line, fmt, ap);
	va_end(ap);
}

void conf_issue_str(const struct conf *c, const struct conf_issue *i, char *ret, size_t max)
{
	if (i->line)
		snprintf(ret, max, "%s:%d: %s", c->path ? c->path : "configuration", i->line, i->text);
	else
		snprintf(ret, max, "%s: %s", c->path ? c->path : "configuration", i->text);
}

/* --- values */

static int parse_decimal(const char *text, uint64_t *ret)
{
	uint64_t whole = 0, part = 0, unit = 100;
	const char *p = text;

	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (; isdigit((unsigned char)*p); p++)
		if ((whole = whole * 10 + (uint64_t)(*p - '0')) > 1000000)
			return -ERANGE;
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p) && unit; p++, unit /= 10)
			part += (uint64_t)(*p - '0') * unit;
	*ret = whole * 1000 + part;
	return *p ? -EINVAL : 0;
}

static int parse_choice(const struct conf_option *o, const char *text, uint64_t *ret)
{
	const char *p = o->choices;

	for (*ret = 0; *p; ++*ret) {
		size_t n = strcspn(p, "|");

		if (strlen(text) == n && strncmp(p, text, n) == 0)
			return 0;
		p += n + (p[n] == '|');
	}
	return -EINVAL;
}

static int parse_bool(const char *text, uint64_t *ret)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false", "true" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(text, words[i]) == 0) {
			*ret = i & 1;
			return 0;
		}
	return -EINVAL;
}

static int parse_number(const struct conf_option *o, const char *text, uint64_t *ret)
{
	int64_t ms;
	int rc;

	*ret = 0;
	if (!*text && !*o->def)
		return 0; /* as not given */
	if (o->type == CONF_DURATION && o->choices && strcmp(text, o->choices) == 0)
		return 0;
	switch (o->type) {
	case CONF_BOOL:
		return parse_bool(text, ret);
	case CONF_CHOICE:
		return parse_choice(o, text, ret);
	case CONF_NUMBER:
		rc = str_parse_u64(text, UINT64_MAX, ret);
		break;
	case CONF_DECIMAL:
		rc = parse_decimal(text, ret);
		break;
	case CONF_SIZE:
		rc = str_parse_size(text, ret, NULL);
		break;
	case CONF_DURATION:
		rc = str_parse_duration(text, &ms, NULL);
		*ret = rc == 0 && ms >= 0 ? (uint64_t)ms : 0;
		break;
	default:
		*ret = 0;
		return 0;
	}
	return rc < 0 ? rc : *ret < o->min || *ret > o->max ? -ERANGE : 0;
}

/* What a value should have been. */
static const char *wanted(const struct conf_option *o, char ret[static 96])
{
	char low[8], high[8];

	switch (o->type) {
	case CONF_BOOL:
		return "yes or no";
	case CONF_CHOICE:
		snprintf(ret, 96, "one of %s", o->choices);
		return ret;
	case CONF_NUMBER:
		snprintf(ret, 96, "a number from %llu to %llu", (unsigned long long)o->min, (unsigned long long)o->max);
		return ret;
	case CONF_DECIMAL:
		snprintf(ret, 96, "a number from %g to %g", (double)o->min / 1000, (double)o->max / 1000);
		return ret;
	case CONF_SIZE:
		str_size(o->min, low);
		str_size(o->max, high);
		snprintf(ret, 96, "a size from %s to %s, as in 512m", low, high);
		return ret;
	case CONF_DURATION:
		snprintf(ret, 96, "a time from %llu to %llu s, as in %s%s%s", (unsigned long long)o->min / 1000,
			 (unsigned long long)o->max / 1000, o->def, o->choices ? ", or " : "", o->choices ?: "");
		return ret;
	default:
		return "text";
	}
}

/* --- the reader */

struct reader {
	struct conf *c;
	const char *p, *end;
	char line[CONF_LINE_MAX + 1];
	int n;             /* of the line */
	bool pending;      /* a "key = value" line that has not been handed over yet */
	bool unknown;      /* within a section that is not there: its lines are not told one by one */
	int rc;
};

static void check_section(struct reader *r)
{
	char name[CONF_LINE_MAX + 1];
	size_t n = strcspn(r->line, "]");

	r->unknown = true;
	if (!r->line[n]) {
		conf_add_issue(r->c, r->n, "'%s' has no ']'", r->line);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)n - 1, r->line + 1);
	for (size_t i = 0; i < CONF_COUNT; i++)
		if (strcmp(conf_options[i].section, name) == 0)
			r->unknown = false;
	for (const struct conf_section *s = conf_sections; s->name; s++)
		if (strcmp(s->name, name) == 0)
			r->unknown = false;
	if (r->unknown)
		conf_add_issue(r->c, r->n, "there is no section '%s'", name);
}

/* The reader of ini_parse_stream: one line without its blanks in front, so that none continues another. Lines
 * that libinih would cut are told and left out. */
static char *next_line(char *ret, int max, void *arg)
{
	struct reader *r = arg;

	if (r->pending && !r->unknown)
		conf_add_issue(r->c, r->n, "'%s' is not a line 'key = value'", r->line);
	r->pending = false;
	if (r->p >= r->end || r->rc < 0)
		return NULL;

	const char *eol = memchr(r->p, '\n', (size_t)(r->end - r->p)) ?: r->end;
	const char *from = r->p, *to = eol;

	r->p = eol < r->end ? eol + 1 : eol;
	r->n++;
	while (from < to && isspace((unsigned char)*from))
		from++;
	while (to > from && isspace((unsigned char)to[-1]))
		to--;
	*r->line = 0;
	if (to - from > CONF_LINE_MAX || to - from > max - 3)
		conf_add_issue(r->c, r->n, "the line is longer than %d bytes", CONF_LINE_MAX);
	else if (memchr(from, 0, (size_t)(to - from)))
		conf_add_issue(r->c, r->n, "the line has a NUL byte");
	else
		snprintf(r->line, sizeof(r->line), "%.*s", (int)(to - from), from);
	if (*r->line == '[')
		check_section(r);
	else
		r->pending = *r->line && *r->line != '#' && *r->line != ';';
	snprintf(ret, (size_t)max, "%s\n", *r->line == '[' && r->unknown ? "[?]" : r->line);
	return ret;
}

static const char *instead(const struct conf *c)
{
	return c->was ? "what was before is kept" : "the default is used";
}

/* Of a line that is wrong: what was before. */
static int keep(struct conf *c, size_t id)
{
	char *copy;

	if (!c->was || !c->was->value[id].text || c->value[id].text)
		return 0;
	copy = strdup(c->was->value[id].text);
	if (!copy)
		return -ENOMEM;
	c->value[id].text = copy;
	c->value[id].number = c->was->value[id].number;
	c->value[id].line = c->was->value[id].line;
	return 0;
}

static int take_value(struct reader *r, size_t id, const char *text)
{
	const struct conf_option *o = &conf_options[id];
	char want[96], *copy;
	uint64_t n;

	if (parse_number(o, text, &n) < 0) {
		conf_add_issue(r->c, r->n, "%s is '%s', which is not %s; %s", o->key, text, wanted(o, want), instead(r->c));
		r->c->value[id].wrong = true;
		return 0;
	}
	if (r->c->value[id].text)
		conf_add_issue(r->c, r->n, "%s was given in line %d already; this one counts", o->key,
			       r->c->value[id].line);
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(r->c->value[id].text);
	r->c->value[id].text = copy;
	r->c->value[id].number = n;
	r->c->value[id].line = r->n;
	return 0;
}

/* An entry's two halves, from the line itself: libinih would split "global.: = palette" at the colon. */
static int take_entry(struct reader *r, const char *section)
{
	char *line = r->line, *dot = strchr(line, '.'), *sign = NULL;
	struct conf *c = r->c;
	struct conf_entry *v;
	size_t n;

	for (char *p = dot && dot[1] ? dot + 2 : line; *p && !sign; p++)
		if (*p == '=')
			sign = p;
	if (!sign || sign == line) {
		conf_add_issue(c, r->n, "'%s' is not a line 'name = value'", line);
		return 0;
	}
	if (c->nentries >= CONF_ENTRIES_MAX) {
		conf_add_issue(c, r->n, "more than %d lines like this are not taken", CONF_ENTRIES_MAX);
		return 0;
	}
	v = realloc(c->entries, (c->nentries + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	c->entries = v;
	v += c->nentries;
	for (n = (size_t)(sign - line); n > 0 && isspace((unsigned char)line[n - 1]);)
		n--;
	for (sign++; isspace((unsigned char)*sign);)
		sign++;
	*v = (struct conf_entry){ section, strndup(line, n), strdup(sign), r->n, false };
	if (v->name && v->value && strstr(v->value, " ;"))
		*strstr(v->value, " ;") = 0;
	c->nentries++;
	return v->name && v->value ? 0 : -ENOMEM;
}

static int on_pair(void *arg, const char *section, const char *name, const char *value)
{
	struct reader *r = arg;
	const struct conf_option *o = NULL;

	r->pending = false;
	if (r->unknown)
		return 1;
	for (const struct conf_section *s = conf_sections; s->name; s++)
		if (strcmp(s->name, section) == 0) {
			r->rc = take_entry(r, s->name);
			return 1;
		}
	for (size_t i = 0; i < CONF_COUNT && !o; i++)
		if (strcmp(conf_options[i].section, section) == 0 && strcmp(conf_options[i].key, name) == 0)
			o = &conf_options[i];
	if (o)
		r->rc = take_value(r, (size_t)(o - conf_options), value);
	else if (!*section)
		conf_add_issue(r->c, r->n, "'%s' stands before the first [section]", name);
	else
		conf_add_issue(r->c, r->n, "there is no option '%s' in section '%s'", name, section);
	return 1;
}

static void set_defaults(struct conf *c)
{
	*c = (struct conf){ 0 };
	for (size_t i = 0; i < CONF_COUNT; i++)
		if (*conf_options[i].def)
			parse_number(&conf_options[i], conf_options[i].def, &c->value[i].number);
}

static int parse(struct conf *ret, const char *path, const char *text, size_t len, const struct conf *was)
{
	struct reader r = { .c = ret, .p = text, .end = text + len };

	set_defaults(ret);
	ret->was = was;
	if (path && !(ret->path = strdup(path)))
		return -ENOMEM;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.p += 3;
	if (ini_parse_stream(next_line, &r, on_pair, &r) == -2)
		r.rc = -ENOMEM;
	for (size_t id = 0; id < CONF_COUNT && r.rc == 0; id++)
		if (ret->value[id].wrong)
			r.rc = keep(ret, id);
	if (r.rc < 0)
		conf_finish(ret);
	return r.rc;
}

int conf_parse(struct conf *ret, const char *path, const char *text, size_t len)
{
	return parse(ret, path, text, len, NULL);
}

/* --- files */

static char *user_path(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		return path_join(config, "berth/config");
	return home && *home == '/' ? path_join(home, ".config/berth/config") : NULL;
}

/* There is no saying what is in it now. */
static int keep_all(struct conf *c)
{
	int rc = 0;

	for (size_t id = 0; id < CONF_COUNT && rc == 0; id++)
		rc = keep(c, id);
	c->entries = rc == 0 && c->was && c->was->nentries ? calloc(c->was->nentries, sizeof(*c->entries)) : NULL;
	for (size_t i = 0; c->entries && i < c->was->nentries; i++) {
		const struct conf_entry *e = &c->was->entries[i];

		c->entries[i] = *e;
		c->entries[i].name = strdup(e->name);
		c->entries[i].value = strdup(e->value);
		c->nentries++;
		if (!c->entries[i].name || !c->entries[i].value)
			return -ENOMEM;
	}
	return rc;
}

static int load_file(struct conf *ret, const char *path, bool needed, const struct conf *was, bool *found)
{
	AUTO_FREE char *text = NULL;
	struct err e = { 0 };
	size_t len;
	int rc = file_load(AT_FDCWD, path, CONF_FILE_MAX, &text, &len, &e);

	*found = rc != -ENOENT || needed;
	if (rc >= 0)
		return parse(ret, path, text, len, was);
	set_defaults(ret);
	if (!*found)
		return 0;
	ret->was = was;
	ret->path = strdup(path);
	conf_add_issue(ret, 0, "%s", rc == -EFBIG ? "the file is too large" : err_str(rc));
	rc = keep_all(ret);
	if (rc < 0)
		conf_finish(ret);
	return rc;
}

int conf_load(struct conf *ret, const char *path)
{
	return conf_load_after(ret, path, NULL);
}

int conf_load_after(struct conf *ret, const char *path, const struct conf *was)
{
	AUTO_FREE char *user = path ? NULL : user_path();
	bool found = false;
	int rc = 0;

	set_defaults(ret);
	if (path)
		return load_file(ret, path, true, was, &found);
	if (user)
		rc = load_file(ret, user, false, was, &found);
	return found || rc < 0 ? rc : load_file(ret, "/etc/berth/config", false, was, &found);
}

void conf_finish(struct conf *c)
{
	for (size_t i = 0; i < CONF_COUNT; i++)
		free(c->value[i].text);
	for (size_t i = 0; i < c->nentries; i++) {
		free(c->entries[i].name);
		free(c->entries[i].value);
	}
	free(c->entries);
	free(c->issues);
	free(c->path);
	*c = (struct conf){ 0 };
}

bool conf_given(const struct conf *c, enum conf_id id)
{
	return c->value[id].text != NULL;
}

void conf_reject(struct conf *c, enum conf_id id, const char *why)
{
	const struct conf_option *o = &conf_options[id];

	conf_add_issue(c, c->value[id].line, "%s is '%s', which %s; %s", o->key, conf_text(c, id), why, instead(c));
	free(TAKE(c->value[id].text));
	parse_number(o, o->def, &c->value[id].number);
	keep(c, id);
}

const char *conf_entry_before(const struct conf *c, const struct conf_entry *entry)
{
	for (size_t i = c->was ? c->was->nentries : 0; i-- > 0;) {
		const struct conf_entry *e = &c->was->entries[i];

		if (!e->wrong && strcmp(e->section, entry->section) == 0 && strcmp(e->name, entry->name) == 0)
			return e->value;
	}
	return NULL;
}

bool conf_bool(const struct conf *c, enum conf_id id)
{
	return c->value[id].number != 0;
}

uint64_t conf_number(const struct conf *c, enum conf_id id)
{
	return c->value[id].number;
}

const char *conf_text(const struct conf *c, enum conf_id id)
{
	return c->value[id].text ?: conf_options[id].def;
}

bool conf_has_word(const struct conf *c, enum conf_id id, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = conf_text(c, id); *p;) {
		size_t n = strcspn(p += strspn(p, " \t"), " \t");

		if (n && n == len && memcmp(p, word, n) == 0)
			return true;
		p += n;
	}
	return false;
}

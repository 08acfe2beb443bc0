/* SPDX-License-Identifier: Apache-2.0 */
/* format.c - listings: a table, JSON, chosen keys, or a template of docker's simplest kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/str.h"
#include "cli/cli.h"

#define COLUMNS_MAX 16

/* --- values */

/* Case counts first; then docker's spelling may differ from ours by case and '_': .ID, .RunDir. */
static bool same_name(const char *key, const char *word, size_t n)
{
	size_t i = 0;

	for (; *key; key++) {
		if (*key == '_')
			continue;
		while (i < n && word[i] == '_')
			i++;
		if (i >= n || (*key | 0x20) != (word[i] | 0x20))
			return false;
		i++;
	}
	return i == n;
}

static const cJSON *member(const cJSON *j, const char *word, size_t n)
{
	const cJSON *m;

	if (!cJSON_IsObject(j))
		return NULL;
	cJSON_ArrayForEach(m, j)
		if (strlen(m->string) == n && strncmp(m->string, word, n) == 0)
			return m;
	cJSON_ArrayForEach(m, j)
		if (same_name(m->string, word, n))
			return m;
	return NULL;
}

static const cJSON *path(const cJSON *j, const char *p, size_t n)
{
	const char *end = p + n;

	while (j && p < end) {
		size_t w = 0;

		while (p + w < end && p[w] != '.')
			w++;
		if (w)
			j = member(j, p, w);
		p += w + (p + w < end);
	}
	return j;
}

static int add_text(struct buf *b, const cJSON *v)
{
	AUTO_FREE char *json = NULL;

	if (cJSON_IsString(v))
		return buf_adds(b, v->valuestring);
	if (!v || cJSON_IsNull(v))
		return 0;
	json = json_print(v);
	return json ? buf_adds(b, json) : -ENOMEM;
}

/* --- templates: {{.A.B}}, {{json .A}}, and text between them */

static int bad_template(const char *t)
{
	cli_error("cannot use the template '%s'", t);
	cli_hint("{{.Key}}, {{.A.B}} and {{json .Key}} are known; --format json with jq does the rest");
	return CLI_USAGE;
}

struct field {
	const char *path, *end; /* ".A.B", not terminated; what follows "}}" */
	size_t len;
	bool json;
};

/* The field that begins with "{{" at open; false if it is of no kind that is known. */
static bool field_parse(const char *open, struct field *ret)
{
	const char *close = strstr(open, "}}"), *word = open + 2;

	if (!close)
		return false;
	word += strspn(word, " ");
	ret->json = strncmp(word, "json ", 5) == 0;
	if (ret->json)
		word += 5 + strspn(word + 5, " ");
	ret->path = word;
	ret->len = strcspn(word, " }");
	ret->end = close + 2;
	return *word == '.' && word + ret->len + strspn(word + ret->len, " ") == close;
}

/* Told before the first row, and also if there is none. */
static int check_template(const char *t)
{
	struct field f;

	for (const char *p = t; (p = strstr(p, "{{")); p = f.end)
		if (!field_parse(p, &f))
			return bad_template(t);
	return 0;
}

/* t passed check_template. */
static int print_template(const char *t, const cJSON *row)
{
	AUTO_BUF struct buf out = { 0 };
	const char *p = t;
	struct field f;

	for (const char *open; (open = strstr(p, "{{")) && field_parse(open, &f); p = f.end) {
		const cJSON *v = f.len == 1 ? row : path(row, f.path, f.len);

		buf_add(&out, p, (size_t)(open - p));
		if (!v && f.len > 1) {
			cli_error("there is no key '%.*s' to show", (int)f.len, f.path);
			return CLI_FAILED;
		}
		if (f.json) {
			AUTO_FREE char *text = json_print(v);

			buf_adds(&out, text ? text : "null");
		} else {
			add_text(&out, v);
		}
	}
	buf_adds(&out, p);
	puts(out.p ? (char *)out.p : "");
	return 0;
}

static int print_templates(const char *t, const cJSON *rows)
{
	int rc = check_template(t);
	const cJSON *row;

	cJSON_ArrayForEach(row, rows)
		if (rc == 0)
			rc = print_template(t, row);
	return rc;
}

/* --- tables */

static int width_of(const char *s)
{
	int w = 0;

	/* The cells are clean text; a byte that begins no character counts one. */
	for (; *s; s++)
		w += (*s & 0xc0) != 0x80;
	return w;
}

static int print_table(const struct cli_listing *l, const cJSON *rows, bool wide)
{
	int n = cJSON_GetArraySize(rows), ncols = 0, widths[COLUMNS_MAX] = { 0 }, i = 0;
	char **cells;
	const cJSON *row;

	while (ncols < COLUMNS_MAX && l->columns[ncols].head) {
		widths[ncols] = width_of(l->columns[ncols].head);
		ncols++;
	}
	cells = calloc((size_t)n * (size_t)ncols + 1, sizeof(*cells));
	if (!cells)
		return CLI_FAILED;
	cJSON_ArrayForEach(row, rows) {
		for (int c = 0; c < ncols; c++) {
			AUTO_FREE char *raw = l->columns[c].cell(row, wide);
			AUTO_BUF struct buf clean = { 0 };

			str_add_clean(&clean, raw ? raw : "", raw ? strlen(raw) : 0);
			cells[i * ncols + c] = buf_steal(&clean);
			if (cells[i * ncols + c])
				widths[c] = MAX(widths[c], width_of(cells[i * ncols + c]));
		}
		i++;
	}
	for (int r = -1; r < n; r++)
		for (int c = 0; c < ncols; c++) {
			const char *text = r < 0 ? l->columns[c].head : cells[r * ncols + c] ?: "";
			int pad = widths[c] - width_of(text);

			if (l->columns[c].right)
				printf("%*s%s", pad, "", text);
			else if (c + 1 < ncols)
				printf("%s%*s", text, pad, "");
			else
				fputs(text, stdout);
			fputs(c + 1 < ncols ? "   " : "\n", stdout);
		}
	for (int k = 0; k < n * ncols; k++)
		free(cells[k]);
	free(cells);
	return 0;
}

/* --- all of them */

static int print_keys(const char *keys, const cJSON *rows)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, rows) {
		AUTO_BUF struct buf line = { 0 };

		for (const char *p = keys; *p;) {
			size_t n = strcspn(p, ",");
			const cJSON *v = path(row, p, n);

			if (!v) {
				cli_error("there is no key '%.*s' to show", (int)n, p);
				return CLI_FAILED;
			}
			add_text(&line, v);
			p += n;
			if (*p)
				buf_addc(&line, '\t');
			p += *p != 0;
		}
		puts(line.p ? (char *)line.p : "");
	}
	return 0;
}

static int print_json(const cJSON *rows, bool lines)
{
	const cJSON *row;

	if (!lines) {
		AUTO_FREE char *text = json_print_indented(rows);

		puts(text ? text : "[]");
		return 0;
	}
	cJSON_ArrayForEach(row, rows) {
		AUTO_FREE char *text = json_print(row);

		puts(text ? text : "{}");
	}
	return 0;
}

int cli_list(const struct cli_args *a, const struct cli_listing *l, const cJSON *rows, bool wide)
{
	const char *format = cli_value(a, "format");
	const cJSON *row;

	if (cli_flag(a, "quiet")) {
		cJSON_ArrayForEach(row, rows) {
			AUTO_FREE char *id = l->short_ids && !wide ? cli_short_id(cli_str(row, l->quiet_key)) :
								     strdup(cli_str(row, l->quiet_key));

			puts(id ? id : "");
		}
		return 0;
	}
	if (!format || strcmp(format, "table") == 0)
		return print_table(l, rows, wide);
	if (strcmp(format, "json") == 0 || strcmp(format, "jsonl") == 0)
		return print_json(rows, format[4] != 0);
	if (!strstr(format, "{{"))
		return print_keys(format, rows);
	return print_templates(format, rows);
}

int cli_inspect(const struct cli_args *a, const cJSON *array)
{
	const char *format = cli_value(a, "format");

	if (!format || strcmp(format, "json") == 0 || strcmp(format, "jsonl") == 0)
		return print_json(array, format && format[4] != 0);
	if (!strstr(format, "{{"))
		return print_keys(format, array);
	return print_templates(format, array);
}

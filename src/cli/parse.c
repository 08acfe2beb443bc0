/* SPDX-License-Identifier: Apache-2.0 */
/* parse.c - argv against the table of commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/cli.h"

static const struct cli_cmd *current; /* of the command line, once that is known */

void *cli_must(void *p)
{
	bool runs = current && (strcmp(current->name, "run") == 0 || strcmp(current->name, "exec") == 0);

	if (p)
		return p;
	cli_error("out of memory");
	exit(runs ? CLI_BERTH_FAILED : CLI_FAILED);
}

static const struct cli_opt help_opt = { 'h', "help", NULL, "show help" };

static const struct cli_opt *find_in(const struct cli_opt *list, const char *name, size_t n, char letter)
{
	for (; list && list->name; list++)
		if (letter ? list->letter == letter : strlen(list->name) == n && strncmp(list->name, name, n) == 0)
			return list;
	return NULL;
}

static const struct cli_opt *find_opt(const struct cli_cmd *c, const char *name, size_t n, char letter)
{
	const struct cli_opt *o = NULL;

	if (c) {
		o = find_in(c->opts, name, n, letter);
		if (!o)
			o = find_in(c->more_opts, name, n, letter);
	}
	if (!o)
		o = find_in(cli_global_opts, name, n, letter);
	if (!o && (letter ? letter == 'h' : n == 4 && strncmp(name, "help", 4) == 0))
		o = &help_opt;
	return o;
}

const struct cli_opt *cli_global_find(const char *name)
{
	return find_in(cli_global_opts, name, strlen(name), 0);
}

static int unknown(const struct cli_cmd *c, const char *word, size_t n)
{
	for (const struct cli_foreign *f = cli_foreign_opts; f->name; f++)
		if (strlen(f->name) == n && strncmp(f->name, word, n) == 0) {
			cli_error("%s: docker's option '--%s' is not there", c ? c->name : "berth", f->name);
			cli_hint("%s", f->instead);
			return CLI_USAGE;
		}
	return cli_usage(c, "unknown option '%.*s'", (int)n + 2, word - 2);
}

static int give(struct cli_args *a, const struct cli_opt *o, const char *value)
{
	struct cli_given *g = &a->given[a->ngiven];

	if (o == &help_opt) {
		a->help = true;
		return 0;
	}
	*g = (struct cli_given){ o, value, NULL };
	a->ngiven++;
	if (!o->secret)
		return 0;
	g->value = g->secret = cli_must(strdup(value));
	explicit_bzero((char *)value, strlen(value)); /* it stands in argv, which others can read */
	return 0;
}

static int flag_value(const struct cli_cmd *c, const struct cli_opt *o, const char *value, const char **ret)
{
	if (!value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0) {
		*ret = "true";
		return 0;
	}
	if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0) {
		*ret = "false";
		return 0;
	}
	return cli_usage(c, "option '--%s' is true or false, not '%s'", o->name, value);
}

/* "--name", "--name=value", "--name value". Moves *i over what it took. */
static int take_long(struct cli_args *a, int argc, char **argv, int *i)
{
	const char *word = argv[*i] + 2, *eq = strchr(word, '='), *value = eq ? eq + 1 : NULL;
	size_t n = eq ? (size_t)(eq - word) : strlen(word);
	const struct cli_opt *o = find_opt(a->cmd, word, n, 0);
	int rc;

	if (!o)
		return unknown(a->cmd, word, n);
	if (!o->arg) {
		rc = flag_value(a->cmd, o, value, &value);
		return rc ? rc : give(a, o, value);
	}
	if (!value) {
		if (*i + 1 >= argc)
			return cli_usage(a->cmd, "option '--%s' needs a value (%s)", o->name, o->arg);
		value = argv[++*i];
	}
	return give(a, o, value);
}

/* "-itd", "-n5", "-n 5", "-e=K" stays "=K" as in docker's short form without "=". */
static int take_short(struct cli_args *a, int argc, char **argv, int *i)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		const struct cli_opt *o = find_opt(a->cmd, NULL, 0, *p);
		const char *value;

		if (!o)
			return cli_usage(a->cmd, "unknown option '-%c'", *p);
		if (!o->arg) {
			give(a, o, "true");
			continue;
		}
		if (p[1]) {
			value = p + 1 + (p[1] == '=');
		} else {
			if (*i + 1 >= argc)
				return cli_usage(a->cmd, "option '-%c' needs a value (%s)", *p, o->arg);
			value = argv[++*i];
		}
		return give(a, o, value);
	}
	return 0;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

/* The command's words: what is left of argv before its options. Global options may stand in front. */
static int find_command(int argc, char **argv, struct cli_args *a, int *ret_i)
{
	const char *words[4] = { NULL };
	int i = 1, n = 0, used, rc;

	while (i < argc && is_option(argv[i]) && strcmp(argv[i], "--") != 0) {
		rc = argv[i][1] == '-' ? take_long(a, argc, argv, &i) : take_short(a, argc, argv, &i);
		if (rc)
			return rc;
		i++;
	}
	for (; n < 3 && i + n < argc && !is_option(argv[i + n]); n++)
		words[n] = argv[i + n];
	if (n == 0) {
		*ret_i = i;
		return 0;
	}
	a->cmd = cli_find(words, n, &used);
	if (!a->cmd && n == 1 && cli_is_group(words[0])) {
		a->group = words[0];
		used = 1;
	} else if (!a->cmd) {
		cli_error("there is no command '%s%s%s'", words[0], n > 1 ? " " : "", n > 1 ? words[1] : "");
		cli_hint("berth %s%s--help lists the commands", cli_is_group(words[0]) ? words[0] : "",
			 cli_is_group(words[0]) ? " " : "");
		return CLI_USAGE;
	}
	*ret_i = i + used;
	return 0;
}

static int check_count(const struct cli_args *a)
{
	const struct cli_cmd *c = a->cmd;

	if (a->group && !a->help) {
		cli_error("%s: a command is missing", a->group);
		cli_hint("berth %s --help lists them", a->group);
		return CLI_USAGE;
	}
	if (!c || a->help)
		return 0;
	if (a->argc < c->min_args)
		return cli_usage(c, "%s", a->argc == 0 ? "an argument is missing" : "more arguments are needed");
	if (c->max_args >= 0 && a->argc > c->max_args)
		return cli_usage(c, "'%s' is one argument too many", a->argv[c->max_args]);
	return 0;
}

int cli_parse(int argc, char **argv, struct cli_args *a)
{
	int i, rc;

	*a = (struct cli_args){ 0 };
	/* A word "-abc" gives up to as many options as it has letters. */
	size_t room = 1;
	for (i = 0; i < argc; i++)
		room += strlen(argv[i]) + 1;
	a->given = cli_must(calloc(room, sizeof(*a->given)));
	a->argv = cli_must(calloc((size_t)argc + 1, sizeof(*a->argv)));
	rc = find_command(argc, argv, a, &i);
	current = a->cmd;
	for (; rc == 0 && i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (!is_option(argv[i])) {
			a->argv[a->argc++] = argv[i];
			if (a->cmd && a->cmd->options_end_at_arg) {
				i++;
				break;
			}
			continue;
		}
		rc = argv[i][1] == '-' ? take_long(a, argc, argv, &i) : take_short(a, argc, argv, &i);
	}
	for (; rc == 0 && i < argc; i++)
		a->argv[a->argc++] = argv[i];
	return rc ? rc : check_count(a);
}

void cli_args_finish(struct cli_args *a)
{
	for (size_t i = 0; i < a->ngiven; i++) {
		if (a->given[i].secret)
			explicit_bzero(a->given[i].secret, strlen(a->given[i].secret));
		free(a->given[i].secret);
	}
	free(a->given);
	free(a->argv);
	*a = (struct cli_args){ 0 };
}

const char *cli_value(const struct cli_args *a, const char *name)
{
	for (size_t i = a->ngiven; i-- > 0;)
		if (strcmp(a->given[i].opt->name, name) == 0)
			return a->given[i].value;
	return NULL;
}

bool cli_flag(const struct cli_args *a, const char *name)
{
	const char *v = cli_value(a, name);

	return v && strcmp(v, "true") == 0;
}

unsigned cli_remove_flags(const struct cli_args *a)
{
	return (cli_flag(a, "force") ? BERTH_REMOVE_FORCE : 0) | (cli_flag(a, "trash") ? BERTH_REMOVE_TRASH : 0);
}

const char **cli_values(const struct cli_args *a, const char *name)
{
	const char **v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < a->ngiven; i++) {
		if (strcmp(a->given[i].opt->name, name) != 0)
			continue;
		if (!v)
			v = cli_must(calloc(a->ngiven + 1, sizeof(*v)));
		v[n++] = a->given[i].value;
	}
	return v;
}

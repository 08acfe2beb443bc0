/* SPDX-License-Identifier: Apache-2.0 */
/* man.c - the table of commands as mdoc, for berth-commands(1). */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* Text that is no request, whatever it begins with; a sentence a line. */
static void put_text(const char *text)
{
	char before = '\n';

	for (; *text; before = *text++) {
		if (before == '\n' && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		if (*text == ' ' && before == '.' && text[1])
			putchar('\n');
		else if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
	}
}

/* A word of a macro: in quotes, of which it has none of its own. */
static void put_word(const char *text)
{
	printf("\"\\&");
	put_text(text);
	putchar('"');
}

static bool shown(const struct cli_opt *o)
{
	for (; o && o->name; o++)
		if (o->help)
			return true;
	return false;
}

static void put_opts(const struct cli_opt *o)
{
	for (; o && o->name; o++) {
		if (!o->help)
			continue;
		printf(".It ");
		if (o->letter)
			printf("Fl %c , ", o->letter);
		printf("Fl -%s", o->name);
		if (o->arg) {
			printf(" Ar ");
			put_word(o->arg);
		}
		putchar('\n');
		put_text(o->help);
		printf(".\n");
	}
}

static void put_lists(const struct cli_opt *a, const struct cli_opt *b)
{
	if (!shown(a) && !shown(b))
		return;
	printf(".Bl -tag -width Ds -compact\n");
	put_opts(a);
	put_opts(b);
	printf(".El\n");
}

static int run_man(struct cli *cli, const struct cli_args *a)
{
	put_lists(cli_global_opts, NULL);
	for (const struct cli_cmd *const *p = cli_table; *p; p++) {
		const struct cli_cmd *c = *p;

		if (c->hidden)
			continue;
		printf(".Ss berth %s\n.Nm berth Cm %s", c->name, c->name);
		if (*c->args) {
			printf(" Ar ");
			put_word(c->args);
		}
		printf("\n.Pp\n");
		put_text(c->brief);
		printf(".\n");
		if (c->about) {
			put_text(c->about);
			putchar('\n');
		}
		if (shown(c->opts) || shown(c->more_opts))
			printf(".Pp\n");
		put_lists(c->opts, c->more_opts);
	}
	return CLI_OK;
}

const struct cli_cmd cli_cmd_debug_man = {
	.name = "debug man", .args = "", .brief = "the commands as mdoc", .max_args = 0, .hidden = true,
	.no_engine = true, .run = run_man,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - help, out of the table of commands. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define TEXT_COLUMN 30
#define WIDTH 80

static const struct cli_cmd *find_alias(const char *word)
{
	for (const struct cli_cmd *const *p = cli_container_cmds; *p; p++)
		if (strcmp((*p)->name, word) == 0)
			return *p;
	return NULL;
}

const struct cli_cmd *cli_find(const char *const *argv, int argc, int *used)
{
	const struct cli_cmd *best = NULL;
	size_t best_len = 0;

	for (const struct cli_cmd *const *p = cli_table; *p; p++) {
		const char *name = (*p)->name;
		size_t len = strlen(name);
		int n = 0;

		/* All words of the name must be there; the longest name wins. */
		while (n < argc) {
			size_t w = strlen(argv[n]);

			if (strncmp(name, argv[n], w) != 0 || (name[w] && name[w] != ' '))
				break;
			n++;
			if (!name[w]) {
				if (len > best_len) {
					best = *p;
					best_len = len;
					*used = n;
				}
				break;
			}
			name += w + 1;
		}
	}
	if (!best && argc > 1 && strcmp(argv[0], "container") == 0 && (best = find_alias(argv[1])))
		*used = 2;
	return best;
}

/* Calls fn for each command "GROUP X"; returns how many there are. */
static int each_of_group(const char *group, void (*fn)(const char *group, const char *word, const char *brief))
{
	size_t len = strlen(group);
	int n = 0;

	for (const struct cli_cmd *const *p = cli_table; *p; p++)
		if (!(*p)->hidden && strncmp((*p)->name, group, len) == 0 && (*p)->name[len] == ' ') {
			n++;
			if (fn)
				fn(group, (*p)->name + len + 1, (*p)->brief);
		}
	for (const struct cli_cmd *const *p = cli_container_cmds; *p && strcmp(group, "container") == 0; p++) {
		n++;
		if (fn)
			fn(group, (*p)->name, (*p)->brief);
	}
	return n;
}

bool cli_is_group(const char *word)
{
	return each_of_group(word, NULL) > 0;
}

static void print_wrapped(const char *text, int column)
{
	int at = column;

	while (*text) {
		size_t n = strcspn(text, " \n");

		if (at > column && at + 1 + (int)n > WIDTH) {
			printf("\n%*s", column, "");
			at = column;
		} else if (at > column) {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)n, text);
		at += (int)n;
		text += n;
		if (*text == '\n') {
			printf("\n%*s", column, "");
			at = column;
		}
		text += *text != 0;
	}
	putchar('\n');
}

static void print_opts(const struct cli_opt *o)
{
	for (; o && o->name; o++) {
		char left[64];
		int n;

		if (!o->help)
			continue;
		n = snprintf(left, sizeof(left), "  %c%c%s --%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
			     o->letter ? "," : " ", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		if (n >= TEXT_COLUMN)
			printf("%s\n%*s", left, TEXT_COLUMN, "");
		else
			printf("%-*s", TEXT_COLUMN, left);
		print_wrapped(o->help, TEXT_COLUMN);
	}
}

void cli_print_command_help(const struct cli_cmd *c)
{
	printf("Usage: berth %s%s%s%s\n\n", c->name, c->opts || c->more_opts ? " [OPTIONS]" : "", *c->args ? " " : "",
	       c->args);
	print_wrapped(c->brief, 0);
	if (c->about) {
		putchar('\n');
		print_wrapped(c->about, 0);
	}
	if (c->opts || c->more_opts)
		printf("\nOptions:\n");
	print_opts(c->opts);
	print_opts(c->more_opts);
	printf("\nGlobal options: berth --help.  More: man berth.\n");
}

void cli_print_usage(const struct cli_cmd *c)
{
	if (c)
		fprintf(stderr, "usage: berth %s%s%s%s\n", c->name, c->opts || c->more_opts ? " [OPTIONS]" : "",
			*c->args ? " " : "", c->args);
	else
		fprintf(stderr, "usage: berth [OPTIONS] COMMAND [ARG...]   (berth --help lists the commands)\n");
}

static void print_of_group(const char *group, const char *word, const char *brief)
{
	char name[64];

	snprintf(name, sizeof(name), "%s %s", group, word);
	printf("  %-*s", 20, name);
	print_wrapped(brief, 22);
}

void cli_print_group_help(const char *group)
{
	printf("Usage: berth %s COMMAND [ARG...]\n\nCommands:\n", group);
	each_of_group(group, print_of_group);
	printf("\nberth %s COMMAND --help tells more of a command.\n", group);
}

void cli_print_help(void)
{
	printf("Usage: berth [OPTIONS] COMMAND [ARG...]\n\n"
	       "Runs every container in a light virtual machine of its own. Alone on a terminal,\n"
	       "berth shows them all in one screen.\n\nCommands:\n");
	for (const struct cli_cmd *const *p = cli_table; *p; p++) {
		if ((*p)->hidden || (*p)->alias)
			continue;
		printf("  %-*s", 20, (*p)->name);
		print_wrapped((*p)->brief, 22);
	}
	printf("\nOptions:\n");
	print_opts(cli_global_opts);
	printf("\nberth COMMAND --help tells more of a command, man berth of all.\n");
}

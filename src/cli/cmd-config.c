/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-config.c - config check, config defaults: the configuration file, told to people. */
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/conf.h"
#include "cli/attach-keys.h"
#include "cli/cli.h"
#include "tui/tui.h"

void cli_check_config(struct conf *c)
{
	struct attach_keys keys;
	const char *spec = conf_text(c, CONF_CONSOLE_DETACH_KEYS);

	if (conf_given(c, CONF_CONSOLE_DETACH_KEYS) && attach_keys_init(&keys, spec) < 0) {
		conf_add_issue(c, c->value[CONF_CONSOLE_DETACH_KEYS].line,
			       "detach-keys is '%s', which is not a list of keys as in ctrl-p,ctrl-q; the default is used",
			       spec);
		free(TAKE(c->value[CONF_CONSOLE_DETACH_KEYS].text));
	}
}

static int run_check(struct cli *cli, const struct cli_args *a)
{
	struct conf c;
	int code = CLI_OK;

	if (conf_load(&c, a->argc ? a->argv[0] : cli->config) < 0) {
		cli_error("out of memory");
		return CLI_FAILED;
	}
	cli_check_config(&c);
	tui_check_config(&c);
	for (size_t i = 0; i < c.nissues; i++) {
		char text[4096 + 300];

		conf_issue_str(&c, &c.issues[i], text, sizeof(text));
		fprintf(stderr, "%s\n", text);
		code = CLI_FAILED;
	}
	if (!c.path)
		printf("there is no configuration file; the defaults are used\n");
	else if (code == CLI_OK)
		printf("%s is right\n", c.path);
	conf_finish(&c);
	return code;
}

const struct cli_cmd cli_cmd_config_check = {
	.name = "config check", .looks = true, .args = "[FILE]", .brief = "check the configuration file",
	.about = "Prints a line FILE:LINE: WHAT for all that is wrong, and then ends with 1.",
	.max_args = 1, .no_engine = true, .run = run_check,
};

static int run_defaults(struct cli *cli, const struct cli_args *a)
{
	struct buf out = { 0 };

	if (conf_print_defaults(&out) < 0) {
		buf_finish(&out);
		cli_error("out of memory");
		return CLI_FAILED;
	}
	fwrite(out.p, 1, out.len, stdout);
	buf_finish(&out);
	return CLI_OK;
}

const struct cli_cmd cli_cmd_config_defaults = {
	.name = "config defaults", .looks = true, .args = "", .brief = "print a configuration file with all options",
	.max_args = 0, .no_engine = true, .run = run_defaults,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* run-opts.h - the options of run and create, and what they make. */
#ifndef BERTH_CLI_RUN_OPTS_H
#define BERTH_CLI_RUN_OPTS_H

#include "cli/cli.h"

extern const struct cli_opt cli_run_opts[];

/* struct berth_create with the memory that it points to. */
struct run_spec {
	struct berth_create c;
	const char **lists[16];
	size_t nlists;
	struct berth_port *ports;
	struct berth_mount *mounts;
	char **words; /* owned copies, NULL-terminated */
	size_t nwords;
};

/* From the options of run or create; argv[0] is the image. CLI_OK or CLI_USAGE after an error was printed. */
int run_spec_init(struct run_spec *s, const struct cli_args *a);
/* p, to be freed with s; not NULL: the program ends if p is (cli_must). */
char *run_spec_own(struct run_spec *s, char *p);
void run_spec_finish(struct run_spec *s);

/* --memory, --cpus, --pids-limit, 0 where not given: 0, or CLI_USAGE after an error was printed. */
int cli_take_limits(const struct cli_args *a, struct berth_limits *ret);

/* -e and --env-file of exec, as above: the strings are in s. */
const char **run_env(struct run_spec *s, const struct cli_args *a, int *ret_code);

#endif

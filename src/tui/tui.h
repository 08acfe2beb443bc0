/* SPDX-License-Identifier: Apache-2.0 */
/* tui.h - what the command line needs of the terminal interface. */
#ifndef BERTH_TUI_TUI_H
#define BERTH_TUI_TUI_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/conf.h"

/* A command of the shell, for the palette. */
struct tui_command {
	const char *name, *what;
	const char *args; /* "CONTAINER NAME" */
	bool looks;       /* changes nothing */
};

struct tui_options {
	const char *root, *run_root; /* as in struct berth_options; NULL: the usual ones */
	const char *config;          /* the file to read (base/conf.h); NULL: the usual places */
	bool no_color;               /* --color=never, or NO_COLOR */
	bool read_only;              /* nothing is changed from here */
	const struct tui_command *commands; /* up to one without a name; may be NULL */
};

/* Runs the interface on the terminal that stdin and stdout are, until the user quits. Returns the exit
 * status: 0; 1 the store cannot be opened; 2 there is no terminal, or none that can address its cursor
 * (one line on stderr says so); 129, 130, 143 ended by SIGHUP, SIGINT, SIGTERM. */
int tui_main(const struct tui_options *o);

/* Takes over what the file says of the interface, its keys; what is wrong becomes an issue of c. */
void tui_check_config(struct conf *c);

/* The table of keys as `berth list-keys` prints it. 0 or -ENOMEM. */
int tui_list_keys(bool json, struct buf *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* tui.h - what the command line needs of the terminal interface. */
#ifndef BERTH_TUI_TUI_H
#define BERTH_TUI_TUI_H

#include <stdbool.h>

#include "base/buf.h"

struct tui_options {
	const char *root, *run_root; /* as in struct berth_options; NULL: the usual ones */
	bool no_color;               /* --color=never; NO_COLOR is looked at in any case */
};

/* Runs the interface on the terminal that stdin and stdout are, until the user quits. Returns the exit
 * status: 0; 1 the store cannot be opened; 2 there is no terminal, or none that can address its cursor
 * (one line on stderr says so); 129, 130, 143 ended by SIGHUP, SIGINT, SIGTERM. */
int tui_main(const struct tui_options *o);

/* The table of keys as `berth list-keys` prints it. 0 or -ENOMEM. */
int tui_list_keys(bool json, struct buf *out);

#endif

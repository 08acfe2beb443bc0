/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - commands of the shell, from the palette. */
#ifndef BERTH_TUI_COMMAND_H
#define BERTH_TUI_COMMAND_H

#include "tui/app.h"
#include "tui/tui.h"

/* The command whose name the line begins with, a blank behind it; NULL: none. */
const struct tui_command *command_of(const struct app *app, const char *line);
/* Runs "rename web1 web2" and shows what it says; what may change something is asked about first. False: it cannot be run as
 * it is, and the user was told. */
bool command_run(struct app *app, const char *line);
/* What all names that begin as the last word of the line have in common is put in. */
bool command_complete(const struct app *app, struct line *line);
/* Those that still run are left to themselves. */
void command_drop_all(struct app *app);

#endif

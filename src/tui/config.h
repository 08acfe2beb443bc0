/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - the configuration, taken over by the interface that runs; as often as it is read. */
#ifndef BERTH_TUI_CONFIG_H
#define BERTH_TUI_CONFIG_H

#include "tui/app.h"

/* Reads the file (base/conf.h says which) and takes over what it says. What is wrong is told among the messages, line by
 * line, and what is right in it counts. path must live as long as app. */
void config_load(struct app *app, const char *path);
/* The same file again, for the engine too; a line that is wrong leaves what was before. */
void config_reload(struct app *app);
void config_finish(struct app *app);
/* The same of one that is read already. */
void config_apply(struct app *app, struct conf *c);

#endif

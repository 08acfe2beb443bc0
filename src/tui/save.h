/* SPDX-License-Identifier: Apache-2.0 */
/* save.h - text written to a file of the user's, in the pool. */
#ifndef BERTH_TUI_SAVE_H
#define BERTH_TUI_SAVE_H

#include "tui/text.h"

/* All rows as they are seen. A file that is there already stays. A message tells the end. */
void save_text(struct textview *t, const char *path);
/* The same for a text; takes it over. */
void save_buf(struct app *app, struct buf *text, const char *path);

#endif

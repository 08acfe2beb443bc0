/* SPDX-License-Identifier: Apache-2.0 */
/* squeeze.h - the same picture in fewer bytes.
 *
 * Curses leaves a colour by three sequences and enters a bold one by three; one does. Neighbouring SGR sequences are
 * made one, without what a reset among them undoes. */
#ifndef BERTH_TUI_SQUEEZE_H
#define BERTH_TUI_SQUEEZE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends p[0..n), which holds whole sequences, to out. drop_charset: "ESC ( B" and SI go too, as nothing else was chosen
 * since the last one. 0 or -ENOMEM. */
int squeeze(const void *p, size_t n, bool drop_charset, struct buf *out);

#endif

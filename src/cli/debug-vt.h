/* SPDX-License-Identifier: Apache-2.0 */
/* debug-vt.h - `berth debug vt`: the terminal engine from the command line. */
#ifndef BERTH_CLI_DEBUG_VT_H
#define BERTH_CLI_DEBUG_VT_H

/* argv[0] is the name for messages; options follow. Reads standard input to its end, writes the R screen
 * lines and a line of JSON to standard output. Returns the exit code: 0, 1, or 2 for a wrong option.
 *
 *   --rows R, --cols C     24 and 80
 *   --resize-at N:RxC      after N bytes of input; may be given again
 *   --bench                feeds the input again and again for a second of a core and prints MB/s alone
 *
 * cursor_row and cursor_col count from 0. cells_crc is CRC-32 over each cell of the screen: its text, fg,
 * bg, attributes, underline colour and hyperlink; equal screens have equal numbers. */
int cli_debug_vt(int argc, char **argv);

#endif

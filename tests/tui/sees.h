/* SPDX-License-Identifier: Apache-2.0 */
/* sees.h - what a test says of the UI's screen, shown whole where it does not hold. After <cmocka.h>. */
#ifndef BERTH_TESTS_TUI_SEES_H
#define BERTH_TESTS_TUI_SEES_H

#include <string.h>

#include "tests/tui/drive.h"

#define SEES(d, text)                                                       \
	do {                                                                \
		if (!strstr(drive_screen(d), text))                         \
			fail_msg("no '%s' on:\n%s", text, drive_screen(d)); \
	} while (0)

#define SEES_NOT(d, text)                                                \
	do {                                                             \
		if (strstr(drive_screen(d), text))                       \
			fail_msg("'%s' on:\n%s", text, drive_screen(d)); \
	} while (0)

#endif

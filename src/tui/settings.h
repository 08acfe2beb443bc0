/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - what the configuration says of the interface, as the views read it. */
#ifndef BERTH_TUI_SETTINGS_H
#define BERTH_TUI_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"

enum settings_clipboard { CLIPBOARD_AUTO, CLIPBOARD_OSC52, CLIPBOARD_TMUX, CLIPBOARD_OFF };
enum settings_guest { GUEST_ASK, GUEST_YES, GUEST_NO };

struct settings {
	/* [ui] */
	unsigned start;       /* which of the option's words */
	bool mouse;
	bool confirm_all;     /* start, hold and retry are asked about too */
	uint64_t stats_ms;    /* 0: nothing is measured */
	bool read_only;
	enum settings_clipboard clipboard;
	/* [console] */
	bool paste_guard, bell;
	unsigned scrollback;
	enum settings_guest guest_clipboard;
	/* [logs] */
	bool logs_follow, logs_wrap;
	unsigned logs_time;   /* enum text_times */
	int64_t logs_tail;
};

/* Those of a configuration; of none, with NULL, the defaults. */
void settings_take(struct settings *ret, const struct conf *c);

#endif

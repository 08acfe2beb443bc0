/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - the options of the interface, out of the configuration. */
#include "tui/settings.h"

void settings_take(struct settings *ret, const struct conf *c)
{
	struct conf none = { 0 };

	if (!c && conf_parse(&none, NULL, "", 0) == 0)
		c = &none;
	if (!c)
		return;
	*ret = (struct settings){
		.start = (unsigned)conf_number(c, CONF_UI_START),
		.mouse = conf_number(c, CONF_UI_MOUSE) == 0,
		.confirm_all = conf_number(c, CONF_UI_CONFIRM) == 1,
		.stats_ms = conf_number(c, CONF_UI_STATS),
		.read_only = conf_bool(c, CONF_UI_READ_ONLY),
		.clipboard = (enum settings_clipboard)conf_number(c, CONF_UI_CLIPBOARD),
		.paste_guard = conf_bool(c, CONF_CONSOLE_PASTE_GUARD),
		.bell = conf_number(c, CONF_CONSOLE_BELL) == 0,
		.scrollback = (unsigned)conf_number(c, CONF_CONSOLE_SCROLLBACK),
		.guest_clipboard = (enum settings_guest)conf_number(c, CONF_CONSOLE_GUEST_CLIPBOARD),
		.logs_follow = conf_bool(c, CONF_LOGS_FOLLOW),
		.logs_wrap = conf_bool(c, CONF_LOGS_WRAP),
		.logs_time = (unsigned)conf_number(c, CONF_LOGS_TIME),
		.logs_tail = (int64_t)conf_number(c, CONF_LOGS_TAIL),
	};
	conf_finish(&none);
}

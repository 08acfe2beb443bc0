/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - what the configuration file says of the interface. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "tui/app.h"
#include "tui/config.h"
#include "tui/tui.h"

/* "containers.F5 = restart" */
static void take_key(struct conf *c, const struct conf_entry *entry)
{
	const char *dot = strchr(entry->name, '.');
	char where[512], context[32];
	struct err e = { 0 };

	if (!dot || !dot[1] || (size_t)(dot - entry->name) >= sizeof(context)) {
		conf_add_issue(c, entry->line, "'%s' is not CONTEXT.KEY, as in containers.F5", entry->name);
		return;
	}
	snprintf(context, sizeof(context), "%.*s", (int)(dot - entry->name), entry->name);
	snprintf(where, sizeof(where), "%s line %d", c->path ? c->path : "configuration", entry->line);
	if (keys_remap(context, dot + 1, entry->value, where, &e) < 0)
		conf_add_issue(c, entry->line, "%s", e.text);
}

static void take_color(struct conf *c, const struct conf_entry *entry)
{
	struct err e = { 0 };

	if (theme_set(entry->name, entry->value, &e) < 0)
		conf_add_issue(c, entry->line, "%s", e.text);
}

static void take_prefix(struct conf *c)
{
	int line = c->value[CONF_CONSOLE_PREFIX].line;
	char where[512];
	struct err e = { 0 };

	snprintf(where, sizeof(where), "%s line %d", c->path ? c->path : "configuration", line);
	if (keys_set_prefix(conf_text(c, CONF_CONSOLE_PREFIX), where, &e) < 0)
		conf_reject(c, CONF_CONSOLE_PREFIX, e.text);
}

void tui_check_config(struct conf *c)
{
	struct err e = { 0 };

	keys_reset();
	theme_reset();
	for (size_t i = 0; i < c->nentries; i++)
		if (strcmp(c->entries[i].section, "keys") == 0)
			take_key(c, &c->entries[i]);
		else
			take_color(c, &c->entries[i]);
	if (conf_given(c, CONF_CONSOLE_PREFIX))
		take_prefix(c);
	if (conf_number(c, CONF_UI_CONFIRM) == 1 && keys_ask_all(&e) < 0)
		conf_add_issue(c, 0, "%s", e.text);
}

/* --- for the interface as it runs */

void config_apply(struct app *app, struct conf *c)
{
	char text[1024];

	tui_check_config(c);
	for (size_t i = 0; i < c->nissues; i++) {
		conf_issue_str(c, &c->issues[i], text, sizeof(text));
		app_error(app, "%s", text);
	}
	settings_take(&app->settings, c);
	app->mouse = app->settings.mouse;
	app->read_only = app->read_only || app->settings.read_only;
	app_mouse(app);
	stats_restart(app);
	screen_redraw(&app->screen);
}

void config_load(struct app *app, const char *path)
{
	struct conf conf;

	if (conf_load(&conf, path) < 0) {
		app_error(app, "out of memory: the configuration is not read");
		return;
	}
	config_apply(app, &conf);
	conf_finish(&conf);
}

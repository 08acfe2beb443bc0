/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - what the configuration file says of the interface. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "tui/app.h"
#include "tui/config.h"
#include "tui/tui.h"

/* What the entry said when the file was read before; false: nothing that was right. */
static bool take_before(struct conf *c, struct conf_entry *entry)
{
	const char *before = conf_entry_before(c, entry);
	char *copy = before ? strdup(before) : NULL;

	if (!copy)
		return false;
	free(entry->value);
	entry->value = copy;
	return true;
}

/* "containers.F5 = restart" */
static void take_key(struct conf *c, struct conf_entry *entry)
{
	const char *dot = strchr(entry->name, '.');
	char where[512], context[32];
	struct err e = { 0 };

	entry->wrong = true;
	if (!dot || !dot[1] || (size_t)(dot - entry->name) >= sizeof(context)) {
		conf_add_issue(c, entry->line, "'%s' is not CONTEXT.KEY, as in containers.F5", entry->name);
		return;
	}
	snprintf(context, sizeof(context), "%.*s", (int)(dot - entry->name), entry->name);
	snprintf(where, sizeof(where), "%s line %d", c->path ? c->path : "configuration", entry->line);
	entry->wrong = keys_remap(context, dot + 1, entry->value, where, &e) < 0;
	if (!entry->wrong)
		return;
	conf_add_issue(c, entry->line, "%s", e.text);
	if (take_before(c, entry))
		entry->wrong = keys_remap(context, dot + 1, entry->value, where, NULL) < 0;
}

static void take_color(struct conf *c, struct conf_entry *entry)
{
	struct err e = { 0 };

	entry->wrong = theme_set(entry->name, entry->value, &e) < 0;
	if (!entry->wrong)
		return;
	conf_add_issue(c, entry->line, "%s", e.text);
	if (take_before(c, entry))
		entry->wrong = theme_set(entry->name, entry->value, NULL) < 0;
}

static void take_prefix(struct conf *c)
{
	int line = c->value[CONF_CONSOLE_PREFIX].line;
	char where[512];
	struct err e = { 0 };

	snprintf(where, sizeof(where), "%s line %d", c->path ? c->path : "configuration", line);
	if (keys_set_prefix(conf_text(c, CONF_CONSOLE_PREFIX), where, &e) < 0)
		conf_reject(c, CONF_CONSOLE_PREFIX, e.text);
	else
		return;
	if (conf_given(c, CONF_CONSOLE_PREFIX)) /* as it was before */
		keys_set_prefix(conf_text(c, CONF_CONSOLE_PREFIX), where, NULL);
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

/* false: there was no memory, and all is as before. */
static bool load(struct app *app)
{
	struct conf *new = calloc(1, sizeof(*new));

	if (!new || conf_load_after(new, app->config_path, app->conf) < 0) {
		free(new);
		app_error(app, "out of memory: the configuration is not read");
		return false;
	}
	config_apply(app, new);
	new->was = NULL;
	config_finish(app);
	app->conf = new;
	return true;
}

void config_load(struct app *app, const char *path)
{
	app->config_path = path;
	load(app);
}

void config_finish(struct app *app)
{
	if (app->conf)
		conf_finish(app->conf);
	free(TAKE(app->conf));
}

void config_reload(struct app *app)
{
	struct berth_error e = { 0 };
	size_t wrong;

	if (berth_config_reload(app->berth, &e) < 0)
		app_error(app, "%s", e.text);
	if (!load(app))
		return;
	wrong = app->conf->nissues;
	if (!app->conf->path)
		app_info(app, "there is no configuration file: all is as berth comes");
	else if (wrong)
		app_info(app, "configuration read again, %zu thing%s wrong in %s", wrong, wrong == 1 ? " is" : "s are", app->conf->path);
	else
		app_info(app, "configuration read again: %s", app->conf->path);
}

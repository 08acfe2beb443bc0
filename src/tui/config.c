/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - what the configuration file says of the interface. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "tui/keys.h"
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

void tui_check_config(struct conf *c)
{
	keys_reset();
	for (size_t i = 0; i < c->nentries; i++)
		if (strcmp(c->entries[i].section, "keys") == 0)
			take_key(c, &c->entries[i]);
}

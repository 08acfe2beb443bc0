/* SPDX-License-Identifier: Apache-2.0 */
/* msgs.c - the list of messages, bounded. */
#include "tui/msgs.h"

#include <stdlib.h>
#include <string.h>

static bool repeats(const struct msgs *m, enum msg_level level, const char *text)
{
	return m->n && m->list[m->n - 1].level == level && strcmp(m->list[m->n - 1].text, text) == 0;
}

static void drop_oldest(struct msgs *m)
{
	free(m->list[0].text);
	memmove(m->list, m->list + 1, (m->n - 1) * sizeof(*m->list));
	m->n--;
	m->shown -= m->shown > 0;
}

static bool append(struct msgs *m, enum msg_level level, const char *text)
{
	char *copy = strdup(text);

	if (!m->list)
		m->list = calloc(MSGS_MAX, sizeof(*m->list));
	if (!m->list || !copy) {
		free(copy);
		return false;
	}
	if (m->n == MSGS_MAX)
		drop_oldest(m);
	m->list[m->n++] = (struct msg){ .level = level, .text = copy };
	return true;
}

void msgs_add(struct msgs *m, enum msg_level level, int64_t time, const char *text)
{
	struct msg *last;
	const struct msg *shown = msgs_shown(m);

	if (!repeats(m, level, text) && !append(m, level, text))
		return;
	last = &m->list[m->n - 1];
	last->time = time;
	last->count++;
	if (level == MSG_CLI)
		return; /* to be looked up, not to disturb */
	m->unread = m->unread + 1 > m->n ? m->n : m->unread + 1;
	m->unread_error |= level == MSG_ERROR;
	if (!shown || shown->level <= level)
		m->shown = m->n;
}

void msgs_read(struct msgs *m)
{
	m->unread = 0;
	m->unread_error = false;
}

const struct msg *msgs_shown(const struct msgs *m)
{
	return m->shown && m->shown <= m->n ? &m->list[m->shown - 1] : NULL;
}

void msgs_hide(struct msgs *m)
{
	m->shown = 0;
}

void msgs_finish(struct msgs *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->list[i].text);
	free(m->list);
	*m = (struct msgs){ 0 };
}

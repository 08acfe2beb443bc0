/* SPDX-License-Identifier: Apache-2.0 */
/* history.c - earlier input. */
#include "tui/history.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/filter.h"
#include "tui/keys.h"

void history_add(struct history *h, const char *text)
{
	if (!*text || strlen(text) >= HISTORY_BYTES)
		return;
	for (int i = 0; i < h->n; i++)
		if (strcmp(h->text[i], text) == 0) {
			memmove(h->text + i, h->text + i + 1, (size_t)(--h->n - i) * sizeof(*h->text));
			break;
		}
	if (h->n == HISTORY_MAX)
		memmove(h->text, h->text + 1, (size_t)--h->n * sizeof(*h->text));
	snprintf(h->text[h->n++], HISTORY_BYTES, "%s", text);
}

bool history_key(const struct input_event *ev)
{
	const struct key *row = ev->type == INPUT_KEY ? keys_find(CTX_F, ev, NULL) : NULL;

	return row && row->act == ACT_HISTORY;
}

/* From that one on, the older ones; if none has it, what is shown stays. */
static void find(struct history_search *s, const struct history *h, struct line *line, int from)
{
	for (int i = MIN(from, h->n - 1); i >= 0; i--)
		if (filter_has(h->text[i], s->typed.text)) {
			s->at = i;
			line_set(line, h->text[i]);
			return;
		}
}

void history_begin(struct history_search *s, const struct history *h, struct line *line)
{
	*s = (struct history_search){ .on = true, .was = *line, .at = -1 };
	find(s, h, line, h->n - 1);
}

bool history_input(struct history_search *s, const struct history *h, struct line *line, const struct input_event *ev)
{
	if (ev->type != INPUT_KEY)
		return true;
	if (history_key(ev)) {
		if (s->at > 0)
			find(s, h, line, s->at - 1);
		return true;
	}
	if (keys_is("Esc", 3, ev) || keys_is("^C", 2, ev)) {
		*line = s->was;
		s->on = false;
		return true;
	}
	if (keys_is("Enter", 5, ev) || keys_is("Tab", 3, ev)) {
		s->on = false;
		return true;
	}
	if (ev->key == VT_KEY_LEFT || ev->key == VT_KEY_RIGHT || ev->key == VT_KEY_HOME || ev->key == VT_KEY_END ||
	    ev->key == VT_KEY_UP || ev->key == VT_KEY_DOWN || !line_key(&s->typed, ev)) {
		s->on = false;
		return false;
	}
	s->at = -1;
	find(s, h, line, h->n - 1);
	return true;
}

void history_note(const struct history_search *s, struct buf *b)
{
	buf_addf(b, "%s: %s", s->at < 0 ? "not there" : "history", s->typed.text);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* view-messages.c - what was said, newest first. */
#include <stdio.h>

#include "tui/fmt.h"
#include "tui/text.h"
#include "tui/views.h"

static void fill_messages(struct textview *t)
{
	static const enum role roles[] = { ROLE_DIM, ROLE_TEXT, ROLE_BAD };
	struct msgs *m = &t->v.app->msgs;

	text_clear(t);
	for (size_t i = m->n; i-- > 0;) {
		const struct msg *msg = &m->list[i];
		char at[FMT_MAX];

		fmt_date(msg->time, at);
		if (msg->count > 1)
			text_add(t, roles[msg->level], "%s %c %s (%u times)", at, msg->level == MSG_ERROR ? '!' : ' ', msg->text,
			    msg->count);
		else
			text_add(t, roles[msg->level], "%s %c %s%s", at, msg->level == MSG_ERROR ? '!' : ' ',
			    msg->level == MSG_CLI ? "$ " : "", msg->text);
	}
	msgs_read(m);
}

static int messages_open(struct view *v, const void *arg)
{
	struct textview *t = (struct textview *)v;

	text_init(t);
	snprintf(t->title, sizeof(t->title), "Messages");
	fill_messages(t);
	return 0;
}

static void messages_changed(struct view *v, unsigned what)
{
	fill_messages((struct textview *)v);
}

static void messages_note(struct view *v, struct buf *b)
{
	if (!((struct textview *)v)->n)
		buf_adds(b, "Nothing was said yet.");
}

const struct view_class view_messages = {
	.name = "messages", .ctx = CTX_T, .text = text_all, .size = sizeof(struct textview), .open = messages_open, .close = text_close,
	.title = text_title, .draw = text_draw, .hints = text_hints, .act = text_act, .changed = messages_changed,
	.find = text_find, .note = messages_note,
};

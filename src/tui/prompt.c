/* SPDX-License-Identifier: Apache-2.0 */
/* prompt.c - the line in which a filter or what is looked for is typed. */
#include "tui/prompt.h"

#include <stdio.h>
#include <string.h>

#include "tui/app.h"

/* --- earlier input */

static struct history *past(struct prompt *p)
{
	static const struct {
		char lead;
		enum prompt_purpose purpose;
	} leads[] = { { '&', PROMPT_ONLY }, { '>', PROMPT_FILE }, { '@', PROMPT_GOTO } };

	for (size_t i = 0; i < ARRAY_LEN(leads); i++)
		if (leads[i].lead == p->lead)
			return &p->past[leads[i].purpose];
	return &p->past[p->of->cls->fields ? PROMPT_FILTER : PROMPT_FIND];
}

void app_prompt(struct app *app, char lead, const char *text)
{
	struct prompt *p = &app->prompt;

	p->active = true;
	p->of = app->top;
	p->lead = lead;
	p->at = past(p)->n;
	p->search.on = false;
	line_set(&p->line, text);
	app_dirty(app);
}

bool app_prompting(const struct app *app)
{
	return app->prompt.active && app->prompt.of == app->top;
}

static bool recall(struct prompt *p, bool older)
{
	const struct history *h = past(p);

	if (older ? p->at == 0 : p->at >= h->n)
		return false;
	p->at += older ? -1 : 1;
	line_set(&p->line, p->at < h->n ? h->text[p->at] : "");
	return true;
}

/* --- names of fields */

/* What all of the fields that begin with word have in common is put in; a field that is whole gets its colon. */
static bool complete(struct prompt *p, const char *const *fields)
{
	const char *word = p->line.text + p->line.cur;
	char add[64] = "";
	size_t n = 0;
	int found = 0;

	while (word > p->line.text && !strchr(" !|", word[-1]))
		word--, n++;
	for (; fields && *fields; fields++) {
		if (strncmp(*fields, word, n) != 0)
			continue;
		if (!found++)
			snprintf(add, sizeof(add), "%s:", *fields + n);
		for (size_t i = 0; found > 1; i++)
			if (!add[i] || add[i] != (*fields)[n + i]) {
				add[i] = 0;
				break;
			}
	}
	for (const char *c = add; *c; c++)
		line_key(&p->line, &(struct input_event){ .type = INPUT_KEY, .key = (uint8_t)*c });
	return *add != 0;
}

/* --- keys */

static void finish(struct app *app, bool keep)
{
	struct prompt *p = &app->prompt;

	if (keep && p->lead == '>' && app_refuses_click(app, "write the file", "Enter"))
		return;
	p->active = false;
	if (keep)
		history_add(past(p), p->line.text);
	app->top->cls->find(app->top, keep ? p->line.text : "", true);
	app_dirty(app);
}

static bool edit(struct app *app, const struct input_event *ev)
{
	struct prompt *p = &app->prompt;

	if (ev->type == INPUT_PASTE) {
		if (ev->first)
			line_paste(&p->line, ev->text, ev->n);
		return ev->first;
	}
	if (p->search.on && history_input(&p->search, past(p), &p->line, ev))
		return true;
	if (history_key(ev)) {
		history_begin(&p->search, past(p), &p->line);
		return true;
	}
	if (keys_is("Up", 2, ev) || keys_is("Down", 4, ev))
		return recall(p, ev->key == VT_KEY_UP);
	if (keys_is("Tab", 3, ev))
		return complete(p, app->top->cls->fields);
	return line_key(&p->line, ev);
}

void prompt_event(struct app *app, const struct input_event *ev)
{
	if (!app->prompt.search.on && (keys_is("Esc", 3, ev) || keys_is("^C", 2, ev) || keys_is("Enter", 5, ev))) {
		finish(app, ev->key == VT_KEY_ENTER || ev->key == VT_KEY_KP_ENTER);
		return;
	}
	if (!edit(app, ev))
		return;
	app->top->cls->find(app->top, app->prompt.line.text, false);
	app_dirty(app);
}

/* --- drawing */

static bool is_filter(char lead)
{
	return lead == '/' || lead == '&';
}

static const char *enter_word(char lead, bool in_list)
{
	if (lead == '>')
		return "write the file";
	if (lead == '@')
		return "go there";
	return lead == '/' && !in_list ? "find" : "keep the filter";
}

struct prompt_hint {
	const char *key, *word;
};

void prompt_draw(struct app *app, struct canvas *c, int y)
{
	struct prompt *p = &app->prompt;
	const struct view *v = app->top;
	const struct prompt_hint usual[] = { { "Enter", enter_word(p->lead, v->cls->fields) },
					     { "Esc", is_filter(p->lead) ? "clear" : "cancel" }, { "Up/Down", "history" },
					     { "^W", "word back" }, { "Tab", "complete" } };
	static const struct prompt_hint searching[] = { { "Enter", "take it" }, { "^R", "an older one" }, { "Esc", "back" } };
	const struct prompt_hint *hints = p->search.on ? searching : usual;
	size_t nhints = p->search.on ? ARRAY_LEN(searching) : ARRAY_LEN(usual);
	char lead[2] = { p->lead, 0 };
	AUTO_BUF struct buf found = { 0 };
	int at = c->cols - 18, x = 1, cursor;

	canvas_blank(c, y, 0, c->cols, ROLE_TEXT);
	canvas_text(c, y, 0, 1, ROLE_KEY, lead);
	if (p->search.on)
		history_note(&p->search, &found);
	else if (v->cls->found)
		v->cls->found(app->top, &found);
	cursor = line_draw(&p->line, c, y, 1, at - 2, ROLE_INPUT);
	if (found.p)
		canvas_cut(c, y, at, -1, ROLE_HINT, (const char *)found.p);
	canvas_cursor(c, y, cursor);
	c->cursor_visible = true;
	if (y + 1 >= c->rows)
		return;
	canvas_blank(c, y + 1, 0, c->cols, ROLE_TEXT);
	for (size_t i = 0; i < nhints; i++) {
		const char *word = hints[i].word;

		if ((!v->cls->fields && i == 4) || x + canvas_width(hints[i].key) + 1 + canvas_width(word) > c->cols)
			continue;
		canvas_zone_key(c, y + 1, x, canvas_width(hints[i].key) + 1 + canvas_width(word),
				strncmp(hints[i].key, "Up/", 3) == 0 ? "Up" : hints[i].key);
		x += canvas_text(c, y + 1, x, -1, ROLE_KEY, hints[i].key) + 1;
		x += canvas_text(c, y + 1, x, -1, ROLE_HINT, word) + 2;
	}
}

void prompt_help_draw(struct canvas *c, int y, int bottom)
{
	static const char *const lines[] = {
		"Only rows that match are shown while a filter is set.  Esc removes it.",
		"  /word            name, image, id, port or label has word",
		"  /!word           has it not              /a b     both      /a|b   either",
		"  /state:failed    /image:nginx   /mem>500M   /label:env=prod   /port:8080",
		"  /re:^w.*[12]$    regular expression      /\"two words\"    with their blank",
		"Small letters match both cases, a capital letter makes it exact.",
		"The same words work in: berth ps --filter, all lists, logs.",
		"In text (logs, scrollback, help) / finds and n N step; & hides other lines.",
		"Rows that stop matching leave at once; the cursor stays on the same container.",
		"A mark on a hidden row is dropped: no key acts on what you cannot see.",
	};
	int n = ARRAY_LEN(lines);

	if (c->cols < 80 || bottom - y < n + 1)
		return;
	y += MIN(3, bottom - y - n);
	for (int i = 0; i < n; i++)
		canvas_text(c, y + i, 1, -1, ROLE_DIM, lines[i]);
}

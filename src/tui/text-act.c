/* SPDX-License-Identifier: Apache-2.0 */
/* text-act.c - moving and finding in text. */
#include <stdio.h>
#include <string.h>

#include "tui/save.h"
#include "tui/text.h"

void text_to_end(struct textview *t)
{
	t->top = t->nrows > (size_t)t->page ? t->nrows - (size_t)t->page : 0;
}

void text_go(struct textview *t, size_t row)
{
	size_t page = (size_t)MAX(1, t->page);

	t->mark = row + 1;
	if (row >= t->top && row < t->top + page)
		return;
	t->top = row > page / 2 ? row - page / 2 : 0;
	if (t->nrows > page)
		t->top = MIN(t->top, t->nrows - page);
	t->follow = t->follow && t->top + page >= t->nrows;
}

static const char *row_text(const struct textview *t, size_t row)
{
	return t->rows[row].more ? "" : t->lines[t->rows[row].i].text;
}

static bool has_find(const struct textview *t, size_t row)
{
	return *t->find && filter_has(row_text(t, row), t->find);
}

/* The next row that test says yes to, from the mark, or from the screen's first row; round the end. */
static bool step_to(struct textview *t, int step, bool (*test)(const struct textview *t, size_t row))
{
	size_t i = t->mark ? t->mark - 1 : step > 0 ? t->top + t->nrows - 1 : t->top;

	for (size_t k = 0; k < t->nrows; k++) {
		i = (i + t->nrows + (size_t)(step + (int)t->nrows)) % t->nrows;
		if (test(t, i)) {
			text_go(t, i);
			return true;
		}
	}
	return false;
}

static void step_find(struct textview *t, int step)
{
	if (*t->find && t->nrows && !step_to(t, step, has_find))
		app_info(t->v.app, "no line has '%s'", t->find);
}

static bool row_is_error(const struct textview *t, size_t row)
{
	return !t->rows[row].more && text_is_error(&t->lines[t->rows[row].i]);
}

static void set_find(struct textview *t, const char *text)
{
	snprintf(t->find, sizeof(t->find), "%s", text);
	t->matched = 0;
	for (size_t i = 0; i < t->nrows; i++)
		t->matched += has_find(t, i);
	if (!*text)
		t->mark = 0;
}

static bool move(struct textview *t, enum act act)
{
	size_t page = (size_t)MAX(1, t->page - 1), last = t->nrows > (size_t)t->page ? t->nrows - (size_t)t->page : 0;
	size_t step = act == ACT_DOWN || act == ACT_UP ? 1 : act == ACT_PAGE_DOWN || act == ACT_PAGE_UP ? page :
						       MAX((size_t)1, page / 2);

	switch (act) {
	case ACT_DOWN:
	case ACT_PAGE_DOWN:
	case ACT_HALF_DOWN:
		t->top = MIN(last, t->top + step);
		break;
	case ACT_UP:
	case ACT_PAGE_UP:
	case ACT_HALF_UP:
		t->top = t->top > step ? t->top - step : 0;
		t->follow = false;
		break;
	case ACT_TOP:
		t->top = 0;
		t->follow = false;
		break;
	case ACT_END:
		t->top = last;
		t->follow = t->live;
		break;
	default:
		return false;
	}
	return true;
}

bool text_act(struct view *v, enum act act, int index)
{
	struct textview *t = (struct textview *)v;

	if (move(t, act))
		return true;
	switch (act) {
	case ACT_PAN:
		t->pan = MAX(0, t->pan + (index == 0 ? -8 : 8));
		break;
	case ACT_WRAP:
		t->wrap = !t->wrap;
		break;
	case ACT_FOLLOW:
		t->follow = !t->follow;
		if (t->follow)
			text_to_end(t);
		break;
	case ACT_TIME:
		t->times = (t->times + 1) % (TEXT_NO_TIME + 1);
		break;
	case ACT_ONLY:
		app_prompt(v->app, '&', t->only);
		break;
	case ACT_SAVE:
		app_prompt(v->app, '>', "berth.txt");
		break;
	case ACT_FIND_NEXT:
		step_find(t, 1);
		break;
	case ACT_FIND_PREV:
		step_find(t, -1);
		break;
	case ACT_PREV_NEXT:
		if (t->nrows && !step_to(t, index == 0 ? -1 : 1, row_is_error))
			app_info(v->app, "there is no error among these lines");
		break;
	case ACT_BACK:
	case ACT_INTERRUPT:
		if (!*t->only && !*t->find)
			return false;
		set_find(t, "");
		text_set_only(t, "");
		break;
	default:
		return false;
	}
	return true;
}

void text_find(struct view *v, const char *text, bool done)
{
	struct textview *t = (struct textview *)v;

	if (v->app->prompt.lead == '&') {
		text_set_only(t, text);
		if (t->follow)
			text_to_end(t);
		return;
	}
	if (v->app->prompt.lead == '>') {
		if (done && *text)
			save_text(t, text);
		return;
	}
	set_find(t, text);
	if (done && *text) {
		t->mark = 0;
		step_find(t, 1);
	}
}

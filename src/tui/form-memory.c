/* SPDX-License-Identifier: Apache-2.0 */
/* form-memory.c - drafts and earlier input of forms, kept until the interface ends. What is not shown while it is
 * typed is never kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/form.h"

#define DRAFTS 16
#define HISTORY 100

struct form_draft {
	const struct form_class *cls;
	char key[300];
	char *text[FORM_FIELDS];
	bool on[FORM_FIELDS];
};

struct form_past {
	const struct form_class *cls;
	int field;
	char *text;
};

struct form_memory {
	struct form_draft drafts[DRAFTS];
	struct form_past history[HISTORY]; /* oldest first */
	int nhistory, ndrafts;
};

static struct form_memory *memory(struct app *app)
{
	if (!app->forms)
		app->forms = calloc(1, sizeof(*app->forms));
	return app->forms;
}

static void clear(struct form_draft *d)
{
	for (int i = 0; i < FORM_FIELDS; i++)
		free(d->text[i]);
	*d = (struct form_draft){ 0 };
}

static struct form_draft *find(struct formview *f, const char *key)
{
	struct form_memory *m = memory(f->v.app);

	for (int i = 0; m && i < DRAFTS; i++)
		if (m->drafts[i].cls == f->cls && strcmp(m->drafts[i].key, key) == 0)
			return &m->drafts[i];
	return NULL;
}

bool form_draft_take(struct formview *f, const char *key)
{
	struct form_draft *d = find(f, key);

	for (int i = 0; d && i < f->cls->nfields; i++) {
		if (d->text[i])
			line_set(&f->line[i], d->text[i]);
		f->on[i] = d->on[i];
	}
	if (d)
		clear(d);
	return d != NULL;
}

void form_draft_keep(struct formview *f, const char *key)
{
	struct form_memory *m = memory(f->v.app);
	struct form_draft *d = find(f, key);

	if (!m)
		return;
	if (!d)
		d = &m->drafts[m->ndrafts++ % DRAFTS];
	clear(d);
	d->cls = f->cls;
	snprintf(d->key, sizeof(d->key), "%s", key);
	for (int i = 0; i < f->cls->nfields; i++) {
		d->text[i] = f->cls->fields[i].kind == FIELD_SECRET ? NULL : strdup(f->line[i].text);
		d->on[i] = f->on[i];
	}
}

static void add_past(struct formview *f, int field)
{
	struct form_memory *m = memory(f->v.app);
	char *copy = strdup(f->line[field].text);

	if (!m || !copy) {
		free(copy);
		return;
	}
	for (int i = 0; i < m->nhistory; i++)
		if (m->history[i].cls == f->cls && m->history[i].field == field && strcmp(m->history[i].text, copy) == 0) {
			free(m->history[i].text);
			memmove(&m->history[i], &m->history[i + 1], (size_t)(--m->nhistory - i) * sizeof(*m->history));
			break;
		}
	if (m->nhistory == HISTORY) {
		free(m->history[0].text);
		memmove(m->history, m->history + 1, (size_t)--m->nhistory * sizeof(*m->history));
	}
	m->history[m->nhistory++] = (struct form_past){ f->cls, field, copy };
}

void form_history_add(struct formview *f)
{
	for (int i = 0; i < f->cls->nfields; i++)
		if (f->cls->fields[i].kind == FIELD_TEXT && f->line[i].len)
			add_past(f, i);
}

void form_history(const struct formview *f, int field, struct buf *b)
{
	const struct form_memory *m = f->v.app->forms;

	for (int i = m ? m->nhistory : 0; i-- > 0;)
		if (m->history[i].cls == f->cls && m->history[i].field == field)
			buf_addf(b, "%s\n", m->history[i].text);
}

void form_memory_finish(struct app *app)
{
	struct form_memory *m = app->forms;

	for (int i = 0; m && i < DRAFTS; i++)
		clear(&m->drafts[i]);
	for (int i = 0; m && i < m->nhistory; i++)
		free(m->history[i].text);
	free(m);
	app->forms = NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* act-many.c - what is done to several things at once, after one question that names them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/act.h"

#define NAMES_BYTES 300
#define ID_BYTES 300

/* The ids, captured at the key press. */
struct many {
	void (*one)(struct app *app, const char *id, int arg);
	int arg;
	size_t n;
	char id[][ID_BYTES];
};

static void answer(struct app *app, char key, const char *id, void *arg)
{
	struct many *m = arg;

	(void)id;
	for (size_t i = 0; key == 'y' && i < m->n; i++)
		m->one(app, m->id[i], m->arg);
	free(m);
}

/* "a, b, c and 4 more" in what one line holds. */
static void name_them(const struct act_many *q, char ret[static NAMES_BYTES])
{
	size_t len = 0;

	*ret = 0;
	for (size_t i = 0; i < q->n; i++) {
		if (len + strlen(q->names[i]) + 20 >= NAMES_BYTES) {
			snprintf(ret + len, NAMES_BYTES - len, " and %zu more", q->n - i);
			return;
		}
		len += (size_t)snprintf(ret + len, NAMES_BYTES - len, "%s%s", i ? ", " : "", q->names[i]);
	}
}

void act_ask_many(struct app *app, const struct act_many *q)
{
	struct many *m = calloc(1, sizeof(*m) + q->n * sizeof(*m->id));
	char names[NAMES_BYTES], text[512], word[24], number[24];
	const char *noun = q->nouns[q->n != 1];

	if (!m) {
		app_error(app, "out of memory");
		return;
	}
	m->one = q->one;
	m->arg = q->arg;
	for (; m->n < q->n; m->n++)
		snprintf(m->id[m->n], sizeof(*m->id), "%s", q->ids[m->n]);
	name_them(q, names);
	snprintf(word, sizeof(word), "%s", q->verb);
	*word += 'a' - 'A';
	if (m->n <= ACT_NAMED) {
		snprintf(text, sizeof(text), "%s %zu %s?\n%s\n%s", q->verb, m->n, noun, names, q->how);
		app_ask(app, "", word, text, answer, m);
		return;
	}
	snprintf(number, sizeof(number), "%zu", m->n);
	snprintf(text, sizeof(text), "%s %zu %s? %s\n%s\nType how many they are: %zu", q->verb, m->n, noun, q->how, names, m->n);
	app_ask_name(app, "", number, text, answer, m);
}

/* ---- containers */

static const struct {
	enum act act;
	const char *verb, *how;
	bool lives, ended; /* which it can be done to */
} verbs[] = {
	{ ACT_HOLD, "Hold", "", true, false },
	{ ACT_START, "Start", "", false, true },
	{ ACT_STOP, "Stop", "Sends TERM, KILL after 10 s.", true, false },
	{ ACT_KILL, "Kill", "Sends KILL: they cannot clean up.", true, false },
	{ ACT_RESTART, "Restart", "Sends TERM, KILL after 10 s, then starts them.", true, true },
	{ ACT_DELETE, "Delete", "They go to the trash, for 7 days: U gives back the last.", false, true },
};

/* As of what it is now: a hold of what is paused already says so itself. */
static void do_one(struct app *app, const char *id, int act)
{
	act_do(app, (enum act)act, id);
}

/* All that run pause; where none does, all that are paused go on. */
static void hold(struct app *app, const char *const *ids, size_t n)
{
	bool running = false;

	for (size_t i = 0; i < n; i++) {
		const struct ctr *c = model_ctr(&app->model, ids[i]);

		running = running || (c && c->state == BERTH_RUNNING);
	}
	for (size_t i = 0; i < n; i++) {
		const struct ctr *c = model_ctr(&app->model, ids[i]);

		if (c && c->state == (running ? BERTH_RUNNING : BERTH_PAUSED))
			act_do(app, running ? ACT_HOLD : ACT_RESUME, ids[i]);
	}
}

static void act_verb(struct app *app, size_t verb, const size_t *i, size_t n)
{
	const char **ids = calloc(n + 1, sizeof(*ids)), **names = calloc(n + 1, sizeof(*names));
	struct act_many q = { .verb = verbs[verb].verb, .nouns = { "container", "containers" }, .how = verbs[verb].how,
			      .one = do_one, .arg = (int)verbs[verb].act, .ids = ids, .names = names };

	for (size_t k = 0; ids && names && k < n; k++) {
		const struct ctr *c = &app->model.ctrs[i[k]];

		if (ctr_lives(c) ? verbs[verb].lives : verbs[verb].ended) {
			ids[q.n] = c->id;
			names[q.n++] = c->name;
		}
	}
	if (!ids || !names)
		app_error(app, "out of memory");
	else if (!q.n)
		app_info(app, "none of the %zu marked %s", n, verbs[verb].lives ? "runs" : "has ended");
	else if (verbs[verb].act == ACT_HOLD && !app->settings.confirm_all)
		hold(app, ids, q.n);
	else if (verbs[verb].act == ACT_START && !app->settings.confirm_all)
		for (size_t k = 0; k < q.n; k++)
			act_do(app, ACT_START, ids[k]);
	else
		act_ask_many(app, &q);
	free(ids);
	free(names);
}

bool act_containers(struct app *app, enum act act, const size_t *i, size_t n)
{
	for (size_t v = 0; v < ARRAY_LEN(verbs); v++)
		if (verbs[v].act == act) {
			act_verb(app, v, i, n);
			return true;
		}
	return false;
}

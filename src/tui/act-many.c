/* SPDX-License-Identifier: Apache-2.0 */
/* act-many.c - what is done to all marked containers at once, after one question that names them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/act.h"

#define NAMES_BYTES 300

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

/* The ids, captured at the key press. */
struct many {
	enum act act;
	size_t n;
	char id[][65];
};

static void answer(struct app *app, char key, const char *id, void *arg)
{
	struct many *m = arg;

	for (size_t i = 0; key == 'y' && i < m->n; i++)
		act_do(app, m->act, m->id[i]);
	free(m);
}

static struct many *capture(const struct app *app, size_t verb, const size_t *i, size_t n)
{
	struct many *m = calloc(1, sizeof(*m) + n * sizeof(*m->id));

	for (size_t k = 0; m && k < n; k++) {
		const struct ctr *c = &app->model.ctrs[i[k]];

		if (ctr_lives(c) ? verbs[verb].lives : verbs[verb].ended)
			memcpy(m->id[m->n++], c->id, sizeof(c->id));
	}
	if (m)
		m->act = verbs[verb].act;
	return m;
}

/* "a, b, c and 4 more" in what one line holds. */
static void name_them(const struct app *app, const struct many *m, char ret[static NAMES_BYTES])
{
	size_t len = 0;

	*ret = 0;
	for (size_t i = 0; i < m->n; i++) {
		const struct ctr *c = model_ctr(&app->model, m->id[i]);
		const char *name = c ? c->name : m->id[i];

		if (len + strlen(name) + 20 >= NAMES_BYTES) {
			snprintf(ret + len, NAMES_BYTES - len, " and %zu more", m->n - i);
			return;
		}
		len += (size_t)snprintf(ret + len, NAMES_BYTES - len, "%s%s", i ? ", " : "", name);
	}
}

/* All that run pause; where none does, all that are paused go on. */
static void hold(struct app *app, const struct many *m)
{
	bool running = false;

	for (size_t i = 0; i < m->n; i++) {
		const struct ctr *c = model_ctr(&app->model, m->id[i]);

		running = running || (c && c->state == BERTH_RUNNING);
	}
	for (size_t i = 0; i < m->n; i++) {
		const struct ctr *c = model_ctr(&app->model, m->id[i]);

		if (c && c->state == (running ? BERTH_RUNNING : BERTH_PAUSED))
			act_do(app, running ? ACT_HOLD : ACT_RESUME, m->id[i]);
	}
}

static void ask(struct app *app, size_t verb, struct many *m)
{
	char names[NAMES_BYTES], text[512], word[16], number[24];

	name_them(app, m, names);
	snprintf(word, sizeof(word), "%s", verbs[verb].verb);
	*word += 'a' - 'A';
	snprintf(number, sizeof(number), "%zu", m->n);
	if (m->n > ACT_NAMED) {
		snprintf(text, sizeof(text), "%s %zu containers? %s\n%s\nType how many they are: %zu", verbs[verb].verb, m->n,
			 verbs[verb].how, names, m->n);
		app_ask_name(app, "", number, text, answer, m);
		return;
	}
	snprintf(text, sizeof(text), "%s %zu container%s?\n%s\n%s", verbs[verb].verb, m->n, m->n == 1 ? "" : "s", names,
		 verbs[verb].how);
	app_ask(app, "", word, text, answer, m);
}

bool act_containers(struct app *app, enum act act, const size_t *i, size_t n)
{
	struct many *m;

	for (size_t v = 0; v < ARRAY_LEN(verbs); v++) {
		if (verbs[v].act != act)
			continue;
		m = capture(app, v, i, n);
		if (!m) {
			app_error(app, "out of memory");
		} else if (!m->n) {
			app_info(app, "none of the %zu marked %s", n, verbs[v].lives ? "runs" : "has ended");
			free(m);
		} else if (act == ACT_HOLD) {
			hold(app, m);
			free(m);
		} else if (act == ACT_START) {
			answer(app, 'y', "", m);
		} else {
			ask(app, v, m);
		}
		return true;
	}
	return false;
}

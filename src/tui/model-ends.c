/* SPDX-License-Identifier: Apache-2.0 */
/* model-ends.c - a container that ends badly while one looks elsewhere is told among the messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"

void model_alive_take(const struct model *m, struct model_alive *ret)
{
	*ret = (struct model_alive){ .list = calloc(m->nctrs + 1, sizeof(*ret->list)) };
	for (size_t i = 0; ret->list && i < m->nctrs; i++)
		if (ctr_lives(&m->ctrs[i])) {
			memcpy(ret->list[ret->n].id, m->ctrs[i].id, sizeof(m->ctrs[i].id));
			ret->list[ret->n].silent = m->ctrs[i].silent;
			ret->list[ret->n++].boots = m->ctrs[i].boots;
		}
}

void model_expect_end(struct app *app, const char *id)
{
	struct model *m = &app->model;

	snprintf(m->expected[m->nexpected++ % ARRAY_LEN(m->expected)], sizeof(*m->expected), "%.64s", id);
}

static bool was_expected(struct model *m, const char *id)
{
	for (size_t i = 0; i < ARRAY_LEN(m->expected); i++)
		if (strcmp(m->expected[i], id) == 0) {
			*m->expected[i] = 0;
			return true;
		}
	return false;
}

static void tell(struct app *app, const struct ctr *c)
{
	const char *why = *c->cause ? c->cause : c->state == BERTH_DEAD ? "its VM ended" : "";

	if (*why)
		app_error(app, "%s: %s (exit %d).  l log  e messages", c->name, why, c->exit_code);
	else if (c->exit_code > 128)
		app_error(app, "%s ended: exit %d.  l log  e messages", c->name, c->exit_code);
	else
		app_info(app, "%s ended: exit %d", c->name, c->exit_code);
}

void model_alive_tell(struct app *app, struct model_alive *was)
{
	struct model *m = &app->model;

	for (size_t i = 0; i < m->nctrs; i++) {
		struct ctr *c = &m->ctrs[i];
		size_t k = 0;

		while (k < was->n && strcmp(was->list[k].id, c->id) != 0)
			k++;
		if (c->silent && !(k < was->n && was->list[k].silent))
			app_error(app, "%s: its shim does not answer.  K kills it", c->name);
		if (c->state == BERTH_STARTING)
			c->boots = k < was->n && was->list[k].boots ? was->list[k].boots : app->now();
		else if (!ctr_lives(c) && k < was->n && !was_expected(m, c->id) && ctr_failed(c))
			tell(app, c);
	}
	free(was->list);
}

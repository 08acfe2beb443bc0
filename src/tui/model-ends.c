/* SPDX-License-Identifier: Apache-2.0 */
/* model-ends.c - a container that ends badly while one looks elsewhere is told among the messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"

void model_alive_take(const struct model *m, struct model_alive *ret)
{
	*ret = (struct model_alive){ .ids = calloc(m->nctrs + 1, sizeof(*ret->ids)) };
	for (size_t i = 0; ret->ids && i < m->nctrs; i++)
		if (ctr_lives(&m->ctrs[i]))
			memcpy(ret->ids[ret->n++], m->ctrs[i].id, sizeof(*ret->ids));
}

void model_expect_end(struct app *app, const char *id)
{
	struct model *m = &app->model;

	snprintf(m->expected[m->nexpected++ % ARRAY_LEN(m->expected)], sizeof(*m->expected), "%.64s", id);
}

/* Was it, in the list? It is taken off. */
static bool take(char (*ids)[65], size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(ids[i], id) == 0) {
			*ids[i] = 0;
			return true;
		}
	return false;
}

static void tell(struct app *app, const struct ctr *c)
{
	const char *why = *c->cause ? c->cause : c->state == BERTH_DEAD ? "its VM ended" : "";

	if (*why || c->exit_code > 128)
		app_error(app, "%s: %s%s(exit %d).  l log  e messages", c->name, why, *why ? " " : "", c->exit_code);
	else
		app_info(app, "%s ended: exit %d", c->name, c->exit_code);
}

void model_alive_tell(struct app *app, struct model_alive *was)
{
	struct model *m = &app->model;

	for (size_t i = 0; was->ids && i < m->nctrs; i++) {
		const struct ctr *c = &m->ctrs[i];

		if (ctr_lives(c) || !take(was->ids, was->n, c->id))
			continue;
		if (!take(m->expected, ARRAY_LEN(m->expected), c->id) && ctr_failed(c))
			tell(app, c);
	}
	free(was->ids);
}

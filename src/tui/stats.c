/* SPDX-License-Identifier: Apache-2.0 */
/* stats.c - samples of what containers use, while somebody looks. */
#include "tui/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"

/* Memory of the host as free(1) counts it: what can be had at once is not used. */
void stats_host_memory(uint64_t *used, uint64_t *total)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long long kib, all = 0, available = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f) && !(all && available)) {
		if (sscanf(line, "MemTotal: %llu", &kib) == 1)
			all = kib;
		else if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
			available = kib;
	}
	if (f)
		fclose(f);
	*total = all << 10;
	*used = all > available ? (all - available) << 10 : 0;
}

static struct stat_sample *find(const struct stats *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->list[i].id, id) == 0)
			return &s->list[i];
	return NULL;
}

const struct stat_sample *stats_of(const struct app *app, const char *id)
{
	return app->stats.running ? find(&app->stats, id) : NULL;
}

const struct stat_sample *stats_last(const struct app *app, const char *id)
{
	return find(&app->stats, id);
}

static void on_sample(void *arg, const struct berth_stats *b)
{
	struct app *app = arg;
	struct stats *s = &app->stats;
	struct stat_sample *to = find(s, b->id), *more;

	if (!to) {
		more = realloc(s->list, (s->n + 1) * sizeof(*more));
		if (!more)
			return;
		s->list = more;
		to = &more[s->n++];
	}
	*to = (struct stat_sample){ .cpu = b->cpu_percent, .memory = b->memory_bytes };
	snprintf(to->id, sizeof(to->id), "%s", b->id);
	app->host_memory(&s->host_used, &s->host_total);
	app_changed(app, MODEL_STATS);
}

/* The samples are not looked at any more: what is old must not be taken for new. */
static void forget(struct stats *s)
{
	s->running = false;
	s->op = NULL;
	s->host_total = 0;
}

static void on_end(void *arg, int rc, const struct berth_error *e)
{
	struct app *app = arg;

	if (rc < 0 && rc != -ECANCELED)
		app_error(app, "%s", e->text);
	if (rc != -ECANCELED)
		forget(&app->stats);
}

static bool wanted(const struct app *app)
{
	const struct stats *s = &app->stats;
	bool lives = false;

	for (size_t i = 0; i < app->model.nctrs; i++)
		lives = lives || ctr_lives(&app->model.ctrs[i]);
	return lives && app->settings.stats_ms && app->focused && app->top->cls->shows_stats && !app->ending &&
	       uv_now(app->loop) < s->last_key_ms + STATS_AWAKE_MS;
}

static void begin(struct app *app)
{
	struct stats *s = &app->stats;
	struct berth_error e = { 0 };

	s->running = true;
	s->n = 0;
	if (berth_stats_watch(app->berth, NULL, (unsigned)app->settings.stats_ms, on_sample, on_end, app, &s->op, &e) < 0) {
		app_error(app, "%s", e.text);
		forget(s);
	}
}

static void end(struct app *app)
{
	struct berth_op *op = app->stats.op;

	forget(&app->stats);
	if (op)
		berth_op_cancel(op);
	app_dirty(app);
}

static void on_minute(uv_timer_t *t)
{
	stats_check(t->data, false);
}

void stats_check(struct app *app, bool key)
{
	struct stats *s = &app->stats;
	uint64_t now = uv_now(app->loop);

	if (!s->timer)
		return;
	if (key)
		s->last_key_ms = now;
	if (wanted(app) != s->running) {
		if (s->running)
			end(app);
		else
			begin(app);
	}
	/* The timer runs on when a key comes, and looks again at its end: no work for each key. */
	if (s->running && !uv_is_active((uv_handle_t *)s->timer))
		uv_timer_start(s->timer, on_minute, s->last_key_ms + STATS_AWAKE_MS - now, 0);
	else if (!s->running)
		uv_timer_stop(s->timer);
}

void stats_restart(struct app *app)
{
	if (app->stats.running)
		end(app);
	stats_check(app, false);
}

static void free_timer(uv_handle_t *h)
{
	free(h);
}

int stats_init(struct app *app)
{
	struct stats *s = &app->stats;

	s->timer = calloc(1, sizeof(*s->timer));
	if (!s->timer)
		return -ENOMEM;
	uv_timer_init(app->loop, s->timer);
	s->timer->data = app;
	s->last_key_ms = uv_now(app->loop); /* who has just started it looks */
	return 0;
}

void stats_finish(struct app *app)
{
	if (app->stats.timer)
		uv_close((uv_handle_t *)app->stats.timer, free_timer);
	free(app->stats.list);
	app->stats = (struct stats){ 0 };
}

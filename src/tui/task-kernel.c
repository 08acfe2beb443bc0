/* SPDX-License-Identifier: Apache-2.0 */
/* task-kernel.c - the guest kernel, where there is none yet: built by a job, and what is to run until then waits. */
#include <stdio.h>
#include <string.h>

#include "tui/task-priv.h"

#define WAITING "waiting for the kernel"

static struct task *building(const struct app *app)
{
	return task_find(app, TASK_KERNEL);
}

/* Those that wait go on, whatever became of the kernel: without one, the engine says so for each. */
static void let_go_on(struct app *app)
{
	list_each(struct task, t, &app->tasks, link)
		if (*t->waits) {
			char id[sizeof(t->waits)];

			memcpy(id, t->waits, sizeof(id));
			*t->waits = 0;
			task_go_on(t, id);
		}
}

static void on_built(void *arg, int rc, const struct berth_error *e, const char *const *lines, size_t n)
{
	struct task *t = arg;
	struct app *app = t->app;

	if (rc == 0)
		app_info(app, "kernel %s is built: containers start with it", n ? lines[0] : "");
	task_over(t, rc, e);
	if (app->ending)
		return;
	model_probe(app);
	let_go_on(app);
}

static void on_progress(void *arg, const struct berth_progress *p)
{
	struct task *t = arg;

	task_on_progress(t, p);
	model_host_line(t->app);
}

void task_build_kernel(struct app *app)
{
	struct task *t = building(app) ? NULL : task_new(app, TASK_KERNEL);
	struct berth_error e = { 0 };

	if (!t)
		return;
	t->verb = "Build";
	app_cli(app, "berth kernel build");
	if (berth_kernel_build(app->berth, on_progress, on_built, t, &t->op, &e) < 0) {
		app_error(app, "%s", e.text);
		task_free(t);
	}
}

int task_kernel_percent(const struct app *app)
{
	const struct task *t = building(app);

	return t ? (int)t->done : -1;
}

bool task_wait_for_kernel(struct task *t, const char *id)
{
	if (!building(t->app))
		return false;
	snprintf(t->waits, sizeof(t->waits), "%s", id);
	snprintf(t->stage, sizeof(t->stage), "%s", WAITING);
	app_info(t->app, "%s: " WAITING ", then it starts", t->name);
	return true;
}

bool task_start_later(struct app *app, const char *id, const char *name)
{
	struct task *t = building(app) ? task_new(app, name) : NULL;

	if (!t)
		return false;
	t->verb = "Start";
	t->background = true;
	snprintf(t->name, sizeof(t->name), "%s", name);
	return task_wait_for_kernel(t, id);
}

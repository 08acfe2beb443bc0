/* SPDX-License-Identifier: Apache-2.0 */
/* model-host.c - what this host offers, as the first screen's line says it. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "tui/app.h"
#include "tui/fmt.h"

/* Both answers are there: one line. */
static void compose(struct app *app)
{
	struct model *m = &app->model;

	if (*m->host_kvm && *m->host_rest)
		snprintf(m->host, sizeof(m->host), "%s   %.130s", m->host_kvm, m->host_rest);
	app_dirty(app);
}

static void on_probe(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct app *app = arg;
	struct model *m = &app->model;
	AUTO_JSON cJSON *j = NULL;
	const cJSON *kvm, *usable;
	const char *reason;

	if (rc < 0 || json_parse(json, strlen(json), "system probe", &j, NULL) < 0) {
		if (rc < 0 && rc != -ECANCELED)
			snprintf(m->host, sizeof(m->host), "%.150s", e->text);
		app_dirty(app);
		return;
	}
	kvm = json_obj(j, "kvm");
	usable = cJSON_GetObjectItemCaseSensitive(kvm, "usable");
	reason = kvm ? json_str(kvm, "reason") : NULL;
	snprintf(m->host_kvm, sizeof(m->host_kvm), "%s",
		 cJSON_IsTrue(usable) ? "kvm ok" : cJSON_IsNull(usable) ? "kvm untried" : "kvm MISSING, emulation");
	if (cJSON_IsFalse(usable) && reason)
		snprintf(m->host_why, sizeof(m->host_why), "kvm: %s", reason);
	compose(app);
}

static void on_info(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct app *app = arg;
	struct model *m = &app->model;
	AUTO_JSON cJSON *j = NULL;
	bool kernel, init, qemu;
	char space[FMT_MAX];

	(void)e;
	if (rc < 0 || json_parse(json, strlen(json), "system info", &j, NULL) < 0)
		return;
	qemu = json_str(j, "qemu") && *json_str(j, "qemu");
	kernel = json_str(j, "kernel") && *json_str(j, "kernel");
	init = json_bool(j, "guest_init", false);
	fmt_size_fine((uint64_t)json_int(j, "disk_free_bytes", 0), space);
	snprintf(m->host_rest, sizeof(m->host_rest), "%skernel %s   guest init %s   %s free", qemu ? "" : "qemu MISSING   ",
		 kernel ? "ok" : "MISSING", init ? "ok" : "MISSING", space);
	if (!qemu)
		snprintf(m->host_why, sizeof(m->host_why), "qemu: no qemu-system program is installed");
	else if (!init)
		snprintf(m->host_why, sizeof(m->host_why), "guest init: initramfs.cpio is not beside berth's programs");
	else if (!kernel)
		snprintf(m->host_why, sizeof(m->host_why), "kernel: 'make kernel install' in berth's source builds it");
	compose(app);
}

void model_probe(struct app *app)
{
	struct berth_error e = { 0 };

	if (berth_system_probe(app->berth, on_probe, app, &e) < 0 || berth_system_info(app->berth, on_info, app, &e) < 0)
		app_error(app, "%s", e.text);
}

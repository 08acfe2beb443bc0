/* SPDX-License-Identifier: Apache-2.0 */
/* model-host.c - what this host offers, as the first screen's line says it. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "tui/app.h"
#include "tui/host.h"
#include "tui/fmt.h"
#include "tui/task.h"

void model_host_line(struct app *app)
{
	struct model *m = &app->model;
	int percent = task_kernel_percent(app);
	char kernel[24];

	if (percent >= 0)
		snprintf(kernel, sizeof(kernel), "building %d%%", percent);
	else
		snprintf(kernel, sizeof(kernel), "%s", m->host_kernel ? "ok" : "MISSING");
	if (*m->host_kvm && *m->host_space)
		snprintf(m->host, sizeof(m->host), "%s   %skernel %s   guest init %s   %s free", m->host_kvm,
			 m->host_qemu ? "" : "qemu MISSING   ", kernel, m->host_init ? "ok" : "MISSING", m->host_space);
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
	if (cJSON_IsFalse(usable))
		snprintf(m->host_kvm, sizeof(m->host_kvm), "kvm %s, emulation", host_kvm_word(reason ?: ""));
	else
		snprintf(m->host_kvm, sizeof(m->host_kvm), "%s", cJSON_IsTrue(usable) ? "kvm ok" : "kvm untried");
	if (cJSON_IsFalse(usable) && reason)
		snprintf(m->host_why, sizeof(m->host_why), "kvm: %s", reason);
	model_host_line(app);
}

static void on_info(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct app *app = arg;
	struct model *m = &app->model;
	AUTO_JSON cJSON *j = NULL;
	bool recipe;

	(void)e;
	if (rc < 0 || json_parse(json, strlen(json), "system info", &j, NULL) < 0)
		return;
	m->host_qemu = json_str(j, "qemu") && *json_str(j, "qemu");
	m->host_kernel = json_str(j, "kernel") && *json_str(j, "kernel");
	m->host_init = json_bool(j, "guest_init", false);
	recipe = json_bool(j, "kernel_recipe", false);
	fmt_size_fine((uint64_t)json_int(j, "disk_free_bytes", 0), m->host_space);
	if (strncmp(m->host_why, "kvm", 3) != 0)
		*m->host_why = 0;
	if (!m->host_qemu)
		snprintf(m->host_why, sizeof(m->host_why), "qemu: no qemu-system program is installed");
	else if (!m->host_init)
		snprintf(m->host_why, sizeof(m->host_why), "guest init: initramfs.cpio is not beside berth's programs");
	else if (!m->host_kernel)
		snprintf(m->host_why, sizeof(m->host_why), "kernel: %s",
			 !recipe	 ? "none is installed; berth kernel import FILE takes one" :
			 m->kernel_tried ? "e tells why its build failed; berth kernel build tries again" :
					   "it is built now, once; look round and pull images meanwhile");
	/* Once, and not again by itself if it fails. */
	if (m->host_qemu && m->host_init && !m->host_kernel && recipe && !m->kernel_tried) {
		m->kernel_tried = true;
		task_build_kernel(app);
	}
	model_host_line(app);
}

void model_probe(struct app *app)
{
	struct berth_error e = { 0 };

	if (berth_system_probe(app->berth, on_probe, app, &e) < 0 || berth_system_info(app->berth, on_info, app, &e) < 0)
		app_error(app, "%s", e.text);
}

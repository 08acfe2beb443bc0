/* SPDX-License-Identifier: Apache-2.0 */
/* system.c - what this host offers. */
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/where.h"
#include "engine/engine.h"
#include "store/kernel.h"
#include "vm/probe.h"

struct system_op {
	struct berth_op op;
	struct work work;
	berth_json_cb done;
	bool probe;
	char *json;
};

/* With the kernel that a container would start with. */
static void probe(const struct berth *b, struct vm_probe *p)
{
	AUTO_FREE char *kernel = NULL;

	if (!getenv("BERTH_KERNEL"))
		store_kernel_find(b->root, NULL, &kernel, NULL);
	vm_probe(kernel, p);
}

static char *probe_json(const struct berth *b)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	cJSON *kvm = cJSON_AddObjectToObject(j, "kvm"), *tcg = cJSON_AddObjectToObject(j, "tcg");
	struct vm_probe p;

	probe(b, &p);
	if (p.kvm_known)
		cJSON_AddBoolToObject(kvm, "usable", p.kvm_usable);
	else
		cJSON_AddNullToObject(kvm, "usable");
	cJSON_AddStringToObject(kvm, "reason", p.reason);
	if (*p.since)
		cJSON_AddStringToObject(kvm, "since", p.since);
	else
		cJSON_AddNullToObject(kvm, "since");
	cJSON_AddBoolToObject(tcg, "usable", p.qemu);
	cJSON_AddStringToObject(j, "chosen", p.chosen);
	return json_print(j);
}

static char *info_json(const struct berth *b)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	AUTO_FREE char *recipe = where_helper("kernel/build.sh");
	struct vm_probe p;
	struct statvfs fs;
	char **ids = NULL;
	int n = 0;

	probe(b, &p);
	if (container_ids(b->root, &ids, NULL) == 0)
		for (; ids[n]; n++)
			free(ids[n]);
	free(ids);
	cJSON_AddStringToObject(j, "version", PACKAGE_VERSION);
	cJSON_AddStringToObject(j, "root", b->root);
	cJSON_AddStringToObject(j, "run_root", b->run_root);
	cJSON_AddNumberToObject(j, "containers", n);
	cJSON_AddStringToObject(j, "accel", p.chosen);
	cJSON_AddStringToObject(j, "accel_reason", p.reason);
	cJSON_AddStringToObject(j, "qemu", p.qemu_version);
	cJSON_AddStringToObject(j, "kernel", p.kernel);
	cJSON_AddStringToObject(j, "kernel_path", p.kernel_path);
	cJSON_AddBoolToObject(j, "guest_init", p.guest_init);
	cJSON_AddBoolToObject(j, "kernel_recipe", recipe && access(recipe, R_OK) == 0);
	cJSON_AddBoolToObject(j, "rootless", geteuid() != 0);
	cJSON_AddNumberToObject(j, "cpus", (double)sysconf(_SC_NPROCESSORS_ONLN));
	cJSON_AddNumberToObject(j, "memory_bytes",
				(double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE));
	if (statvfs(b->root, &fs) == 0) {
		cJSON_AddNumberToObject(j, "disk_free_bytes", (double)fs.f_bavail * (double)fs.f_frsize);
		cJSON_AddNumberToObject(j, "disk_total_bytes", (double)fs.f_blocks * (double)fs.f_frsize);
	}
	return json_print(j);
}

static int ask(struct work *w, struct err *e)
{
	struct system_op *o = container_of(w, struct system_op, work);

	o->json = o->probe ? probe_json(o->op.b) : info_json(o->op.b);
	return o->json ? 0 : err_sys(e, -ENOMEM, "cannot describe this system");
}

static void on_asked(struct work *w, int rc, const struct err *e)
{
	struct system_op *o = container_of(w, struct system_op, work);
	struct berth_error be = { 0 };

	eng_op_end(&o->op);
	o->done(o->op.arg, rc, eng_error(&be, rc, e, NULL), o->json);
	free(o->json);
	free(o);
}

static int start(struct berth *b, bool probe, berth_json_cb done, void *arg, struct berth_error *be)
{
	struct system_op *o = calloc(1, sizeof(*o));
	int rc;

	if (!o)
		return eng_refuse(be, -ENOMEM, NULL);
	o->probe = probe;
	o->done = done;
	eng_op_begin(b, &o->op, arg, NULL, NULL);
	rc = work_start(&o->work, b->loop, ask, on_asked);
	if (rc < 0) {
		list_remove(&o->op.link);
		free(o);
		return eng_refuse(be, rc, NULL);
	}
	return 0;
}

int berth_system_probe(struct berth *b, berth_json_cb done, void *arg, struct berth_error *e)
{
	return start(b, true, done, arg, e);
}

int berth_system_info(struct berth *b, berth_json_cb done, void *arg, struct berth_error *e)
{
	return start(b, false, done, arg, e);
}

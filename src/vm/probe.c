/* SPDX-License-Identifier: Apache-2.0 */
/* probe.c - what VMs run on here, and why. */
#include "vm/probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/path.h"
#include "vm/accel.h"
#include "vm/kernel.h"
#include "vm/qemu.h"

static void qemu_version(const char *program, char *ret, size_t size)
{
	AUTO_FREE char *command = path_fmt("'%s' --version 2>/dev/null", strchr(program, '\'') ? "false" : program);
	FILE *f = command ? popen(command, "re") : NULL;
	char line[256] = "";

	if (f && fgets(line, sizeof(line), f)) {
		char *v = strstr(line, "version ");

		v = v ? v + 8 : line;
		v[strcspn(v, " (\n")] = 0;
		snprintf(ret, size, "%.*s", (int)size - 1, v);
	}
	if (f)
		pclose(f);
}

/* When the memory was written. */
static void stamp(const char *dir, char ret[static CLOCK_RFC3339_MAX])
{
	AUTO_FREE char *path = dir ? path_join(dir, "accel.json") : NULL;
	struct stat st;

	if (path && stat(path, &st) == 0)
		clock_rfc3339(st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec, ret);
}

static void recall(struct vm_probe *p, const char *key)
{
	AUTO_FREE char *dir = accel_dir();
	int64_t until;
	int known = accel_known(dir, key, &until);

	p->kvm_known = known >= 0;
	p->kvm_usable = known == 1;
	if (known >= 0)
		stamp(dir, p->since);
	if (known == 1)
		snprintf(p->reason, sizeof(p->reason), "a VM started with it");
	else if (known == 0 && until == ACCEL_FOREVER)
		snprintf(p->reason, sizeof(p->reason),
			 "a VM failed with it; not tried again until a reboot");
	else if (known == 0)
		snprintf(p->reason, sizeof(p->reason), "a VM did not start with it in time; it is tried again later");
	else
		snprintf(p->reason, sizeof(p->reason), "/dev/kvm opens; the next start of a VM tries it");
	snprintf(p->chosen, sizeof(p->chosen), "%s", known == 0 ? "tcg" : "kvm");
}

void vm_probe(const char *kernel, struct vm_probe *p)
{
	AUTO_FREE char *program = NULL;
	AUTO_CLOSE int kvm = accel_open_kvm();
	struct vm_kernel k = { .fd = -1, .initramfs_fd = -1 };
	char key[ACCEL_KEY_MAX];
	const char *forced = getenv("BERTH_ACCEL");
	bool have_kernel;

	*p = (struct vm_probe){ .chosen = "tcg" };
	p->qemu = qemu_find(NULL, &program, NULL) == 0;
	p->guest_init = vm_kernel_has_agent();
	have_kernel = vm_kernel_open(kernel, NULL, &k, NULL) == 0;
	if (p->qemu)
		qemu_version(program, p->qemu_version, sizeof(p->qemu_version));
	if (have_kernel) {
		snprintf(p->kernel, sizeof(p->kernel), "%s", k.version ? k.version : "unknown");
		snprintf(p->kernel_path, sizeof(p->kernel_path), "%s", k.path);
	}
	if (kvm < 0) {
		p->kvm_known = true;
		snprintf(p->reason, sizeof(p->reason), "/dev/kvm cannot be opened: %s", err_str(-kvm));
	} else if (!p->qemu) {
		snprintf(p->reason, sizeof(p->reason), "QEMU is not installed");
	} else if (!have_kernel) {
		snprintf(p->reason, sizeof(p->reason), "there is no kernel to try it with");
	} else if (accel_key(program, k.id, key, NULL) == 0) {
		recall(p, key);
	}
	if (forced && (strcmp(forced, "kvm") == 0 || strcmp(forced, "tcg") == 0)) {
		snprintf(p->chosen, sizeof(p->chosen), "%s", forced);
		snprintf(p->reason, sizeof(p->reason), "BERTH_ACCEL asks for %s", forced);
	}
	if (have_kernel)
		vm_kernel_finish(&k);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* host-facts.c - how this host stands, and what to do where something is missing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/fmt.h"
#include "tui/host.h"
#include "tui/task.h"

#define LOW_MEMORY ((uint64_t)512 << 20) /* what a container gets if it asks for nothing */
#define LOW_DISK ((uint64_t)1 << 30)

static const char how_kvm_denied[] =
	"Add yourself to the group that owns /dev/kvm, as with: sudo usermod -aG kvm NAME, and log in again.\n"
	"Until then VMs are emulated: all works, but many times slower.";
static const char how_kvm_absent[] =
	"Turn virtualisation on: VT-x or AMD-V in the firmware; for a host that is a VM itself, nested virtualisation where "
	"it runs. Then: sudo modprobe kvm_intel (or kvm_amd).\n"
	"Until then VMs are emulated: all works, but many times slower.";
static const char how_kvm_failed[] =
	"It is there, but no VM runs with it, as is common where the host is a VM itself. VMs are emulated.\n"
	"berth run --accel kvm IMAGE tries it once more and says what fails.";
static const char how_kvm_untried[] = "The first container that starts tries it, and falls back to emulation.";
static const char how_qemu[] = "Install it: sudo apt install qemu-system-x86 (Debian, Ubuntu), sudo dnf install qemu-kvm (Fedora).\n"
			       "Images can be looked at and pulled without it.";
static const char how_kernel[] = "berth kernel build makes it from source, in minutes; it needs a compiler.\n"
				 "berth kernel import FILE takes a vmlinux or bzImage that is there.";
static const char how_init[] = "initramfs.cpio is not beside berth's programs: the installation is not whole, so install it again.";
static const char how_memory[] = "T stops a container that is not needed, or give new ones less: Memory in the form, berth run -m 128M.";
static const char how_disk[] = "F among the images (2) deletes what no container uses, F in the trash (9) empties it.";

static const char how_check[] = "berth system check tells all of it, --repair moves what is broken to the trash and deletes nothing. "
				 "The palette runs both: system check.";
static const char how_leftovers[] = "The next pull goes on from them; berth system prune takes them away.";
static const char how_clean[] = "The bytes of images were not read: berth system check does that, here from the palette.";

static struct host_fact *add(struct host *h, const char *name, enum fact_state state, const char *word)
{
	struct host_fact *f = h->nfacts < HOST_FACTS ? &h->fact[h->nfacts++] : &h->fact[HOST_FACTS - 1];

	*f = (struct host_fact){ .name = name, .state = state };
	snprintf(f->word, sizeof(f->word), "%s", word);
	return f;
}

static void say(struct host_fact *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct host_fact *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->what, sizeof(f->what), fmt, ap);
	va_end(ap);
}

static struct host_fact *asked(struct host *h, const char *name)
{
	return add(h, name, FACT_ASKED, "asking");
}

/* --- what VMs need */

static const char *how_kvm(const char *reason)
{
	if (strstr(reason, "cannot be opened"))
		return strstr(reason, "ermission") ? how_kvm_denied : how_kvm_absent;
	return how_kvm_failed;
}

const char *host_kvm_word(const char *reason)
{
	return how_kvm(reason) == how_kvm_failed ? "FAILS" : "MISSING";
}

static void add_kvm(struct host *h)
{
	const cJSON *kvm = h->probe ? json_obj(h->probe, "kvm") : NULL;
	const cJSON *usable = cJSON_GetObjectItemCaseSensitive(kvm, "usable");
	const char *reason = kvm ? json_str(kvm, "reason") ?: "" : "", *since = kvm ? json_str(kvm, "since") : NULL;
	struct host_fact *f;

	if (!h->probe) {
		asked(h, "kvm");
		return;
	}
	if (cJSON_IsTrue(usable))
		f = add(h, "kvm", FACT_OK, "ok");
	else if (cJSON_IsNull(usable))
		f = add(h, "kvm", FACT_NOTE, "untried");
	else
		f = add(h, "kvm", FACT_POOR, host_kvm_word(reason));
	f->how = cJSON_IsNull(usable) ? how_kvm_untried : cJSON_IsFalse(usable) ? how_kvm(reason) : NULL;
	say(f, "%s%s%.10s%s", reason, since ? ", known since " : "", since ?: "",
	    strcmp(json_str(h->probe, "chosen") ?: "", "tcg") == 0 ? "; VMs are emulated (tcg)" : "");
}

static void add_programs(struct host *h)
{
	const char *qemu = h->info ? json_str(h->info, "qemu") ?: "" : "";
	bool init = h->info && json_bool(h->info, "guest_init", false);
	struct host_fact *f;

	if (!h->info) {
		asked(h, "qemu");
		asked(h, "guest init");
		return;
	}
	f = add(h, "qemu", *qemu ? FACT_OK : FACT_BAD, *qemu ? "ok" : "MISSING");
	say(f, "%s%s", *qemu ? "version " : "no qemu-system program is in $PATH", qemu);
	f->how = *qemu ? NULL : how_qemu;
	f = add(h, "guest init", init ? FACT_OK : FACT_BAD, init ? "ok" : "MISSING");
	say(f, "%s", init ? "vminitd, the first process of each VM" : "the first process of each VM is not there");
	f->how = init ? NULL : how_init;
}

static void add_kernels(struct host *h)
{
	const char *version = h->info ? json_str(h->info, "kernel") ?: "" : "", *path = h->info ? json_str(h->info, "kernel_path") : "";
	int percent = task_kernel_percent(h->v.app);
	struct host_fact *f;

	if (percent >= 0) {
		f = add(h, "kernel", FACT_BUSY, "building");
		say(f, "%d%%; containers that are started wait for it   6 shows the job", percent);
	} else if (!h->info) {
		asked(h, "kernel");
	} else if (!*version) {
		f = add(h, "kernel", FACT_BAD, "MISSING");
		say(f, "there is none to boot VMs with");
		f->how = how_kernel;
	} else {
		f = add(h, "kernel", FACT_OK, "ok");
		say(f, "%s   %s", version, path ?: "");
	}
	for (size_t i = 0; i < h->nkernels; i++) {
		const struct host_kernel *k = &h->kernel[i];

		f = add(h, "", FACT_NOTE, k->used ? "default" : "there");
		say(f, "%s   %s   %s", k->name, k->version, k->path);
	}
}

/* --- room */

static void add_memory(struct host *h)
{
	struct app *app = h->v.app;
	uint64_t used = 0, total = 0, given = 0;
	char a[FMT_MAX], b[FMT_MAX], c[FMT_MAX];
	struct host_fact *f;
	bool low;

	app->host_memory(&used, &total);
	for (size_t i = 0; i < app->model.nctrs; i++)
		if (ctr_lives(&app->model.ctrs[i]))
			given += app->model.ctrs[i].memory;
	low = total - MIN(used, total) < LOW_MEMORY;
	f = add(h, "memory", low ? FACT_POOR : FACT_OK, low ? "LOW" : "ok");
	fmt_size_fine(used, a);
	fmt_size_fine(total, b);
	fmt_size_fine(given, c);
	say(f, "%s of %s in use; VMs that are up may take %s", a, b, c);
	f->how = low ? how_memory : NULL;
	if (h->info && json_int(h->info, "cpus", 0)) {
		f = add(h, "cpus", FACT_OK, "ok");
		say(f, "%d", (int)json_int(h->info, "cpus", 0));
	}
}

static void add_disk(struct host *h)
{
	const struct model *m = &h->v.app->model;
	uint64_t free = h->info ? (uint64_t)json_int(h->info, "disk_free_bytes", 0) : 0;
	uint64_t total = h->info ? (uint64_t)json_int(h->info, "disk_total_bytes", 0) : 0, images = 0, trash = 0;
	char a[FMT_MAX], b[FMT_MAX];
	struct host_fact *f;

	if (!h->info) {
		asked(h, "disk");
		return;
	}
	fmt_size_fine(free, a);
	fmt_size_fine(total, b);
	f = add(h, "disk", free < LOW_DISK ? FACT_POOR : FACT_OK, free < LOW_DISK ? "LOW" : "ok");
	say(f, total ? "%s free of %s under %s" : "%s free%.0s under %s", a, b, json_str(h->info, "root") ?: "?");
	f->how = free < LOW_DISK ? how_disk : NULL;
	for (size_t i = 0; i < m->nimgs; i++)
		images += m->imgs[i].size + m->imgs[i].rootfs;
	for (size_t i = 0; i < m->ntrash; i++)
		trash += m->trash[i].size;
	fmt_size_fine(images, a);
	fmt_size_fine(trash, b);
	f = add(h, "store", FACT_NOTE, "");
	say(f, "%zu container%s   %zu image%s, %s   %zu in the trash, %s", m->nctrs, m->nctrs == 1 ? "" : "s", m->nimgs,
	    m->nimgs == 1 ? "" : "s", a, m->ntrash, b);
}

static void add_check(struct host *h)
{
	struct host_fact *f;
	char size[FMT_MAX];

	if (!h->checked) {
		asked(h, "store check");
		return;
	}
	f = add(h, "store check", *h->check_error ? FACT_POOR : h->wrong ? FACT_BAD : FACT_OK,
		*h->check_error ? "not made" : h->wrong ? "WRONG" : "ok");
	fmt_size_fine(h->leftover_bytes, size);
	if (*h->check_error) {
		say(f, "%s", h->check_error);
	} else if (h->wrong) {
		say(f, "%zu thing%s: %s", h->wrong, h->wrong == 1 ? "" : "s", h->finding);
		f->how = how_check;
	} else if (h->leftovers) {
		say(f, "quick: all is whole; %llu thing%s of interrupted commands, %s", (unsigned long long)h->leftovers,
		    h->leftovers == 1 ? "" : "s", size);
		f->how = how_leftovers;
	} else {
		say(f, "quick: images, containers and trash are whole");
		f->how = how_clean;
	}
}

/* --- the rest */

static void add_rest(struct host *h)
{
	const struct app *app = h->v.app;
	struct host_fact *f = add(h, "network", FACT_OK, "ok");

	say(f, "of the user: QEMU's own, nothing of the host is needed");
	f = add(h, "user", FACT_NOTE, "");
	say(f, "%s", !h->info ? "" : json_bool(h->info, "rootless", true) ? "rootless" : "root, which berth does not need");
	f = add(h, "sockets", FACT_NOTE, "");
	say(f, "%s", h->info ? json_str(h->info, "run_root") ?: "" : "");
	f = add(h, "terminal", FACT_OK, "ok");
	say(f, "%s   %dx%d", getenv("TERM") ?: "", app_cols(app), app_rows(app));
	f = add(h, "berth", FACT_NOTE, "");
	say(f, "version %s", PACKAGE_VERSION);
}

void host_facts(struct host *h)
{
	h->nfacts = 0;
	add_kvm(h);
	add_programs(h);
	add_kernels(h);
	add_memory(h);
	add_disk(h);
	add_check(h);
	add_rest(h);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* t-host.c - what the host offers, and what the first screen and view 0 say to do where something is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/tui/drive.h"
#include "tests/tui/sees.h"

static struct drive *start(void (*model)(struct fake *f), const char *keys)
{
	const struct drive_options o = { "xterm-256color", 24, 80, false, model };
	struct drive *d = drive_open(&o);

	drive_keys(d, keys);
	return d;
}

static void well(struct fake *f)
{
	f->info = "{\"qemu\":\"8.2.2\",\"kernel\":\"6.6.32\",\"kernel_path\":\"/usr/lib/berth/vmlinux\",\"guest_init\":true,"
		  "\"root\":\"/home/ana/.local/share/berth\",\"run_root\":\"/run/user/1000/berth\",\"rootless\":true,\"cpus\":4,"
		  "\"disk_free_bytes\":44238812774,\"disk_total_bytes\":128849018880}";
}

static void test_well(void **state)
{
	struct drive *d = start(well, "0");

	SEES(d, "berth  Host  ");
	SEES_NOT(d, "to look at");
	SEES(d, ">  kvm         + ok");
	SEES(d, "   qemu        + ok       version 8.2.2");
	SEES(d, "   kernel      + ok       6.6.32   /usr/lib/berth/vmlinux");
	SEES(d, "               - default  berth   6.6.32   /usr/lib/berth/vmlinux");
	SEES(d, "1.4G of 7.6G in use; VMs that are up may take 1.8G");
	SEES(d, "41.2G free of 120G under /home/ana/.local/share/berth");
	SEES(d, "4 containers   2 images, 952M   1 in the trash, 200M");
	SEES_NOT(d, "what to do");
	drive_keys(d, "/ \"state:MISSING\" Enter");
	SEES_NOT(d, "qemu");
	drive_free(d);
}

static const struct {
	const char *probe, *info, *row, *how;
} missing[] = {
	{ "{\"kvm\":{\"usable\":false,\"reason\":\"/dev/kvm cannot be opened: permission denied\"},\"chosen\":\"tcg\"}", NULL,
	  "kvm         ! MISSING", "usermod -aG kvm" },
	{ "{\"kvm\":{\"usable\":false,\"reason\":\"/dev/kvm cannot be opened: no such file or directory\"},\"chosen\":\"tcg\"}",
	  NULL, "kvm         ! MISSING", "modprobe kvm_intel" },
	{ "{\"kvm\":{\"usable\":false,\"reason\":\"a VM failed with it\",\"since\":\"2026-11-24T10:00:00Z\"},\"chosen\":\"tcg\"}",
	  NULL, "a VM failed with it, known since 2026-11-24; VMs are emulated", "--accel kvm" },
	{ "{\"kvm\":{\"usable\":null,\"reason\":\"/dev/kvm opens\"},\"chosen\":\"kvm\"}", NULL, "kvm         - untried",
	  "falls back to emulation" },
	{ NULL, "{\"qemu\":\"\",\"kernel\":\"6.6\",\"guest_init\":true,\"disk_free_bytes\":44238812774}", "qemu        x MISSING",
	  "apt install qemu-system-x86" },
	{ NULL, "{\"qemu\":\"8\",\"kernel\":\"\",\"guest_init\":true,\"disk_free_bytes\":44238812774}", "kernel      x MISSING",
	  "berth kernel import FILE" },
	{ NULL, "{\"qemu\":\"8\",\"kernel\":\"6\",\"guest_init\":false,\"disk_free_bytes\":44238812774}", "guest init  x MISSING",
	  "install it again" },
	{ NULL, "{\"qemu\":\"8\",\"kernel\":\"6\",\"guest_init\":true,\"disk_free_bytes\":1000000}", "disk        ! LOW",
	  "what no container uses" },
};
static size_t which;

static void lacking(struct fake *f)
{
	f->probe = missing[which].probe;
	f->info = missing[which].info;
}

/* Each by itself: its row says so, and below the list stands what to do. */
static void test_missing(void **state)
{
	for (which = 0; which < ARRAY_LEN(missing); which++) {
		struct drive *d = start(lacking, "0");

		SEES(d, missing[which].row);
		if (!strstr(missing[which].row, "untried"))
			SEES(d, "Host  1 to look at");
		for (int i = 0; i < 14 && !strstr(drive_screen(d), "what to do"); i++)
			drive_keys(d, "j");
		SEES(d, missing[which].how);
		drive_free(d);
	}
}

/* What the check of the store finds is told, with what repairs it. */
static void broken(struct fake *f)
{
	static const struct berth_finding found[] = {
		{ "blob", "sha256:1234", "its bytes are not those of its digest", NULL },
		{ "image", "nginx:1.27", "a layer is not there", NULL },
	};

	well(f);
	f->findings.v = found;
	f->findings.n = 2;
}

static void test_store(void **state)
{
	struct drive *d = start(well, "0");

	SEES(d, "store check + ok       quick: images, containers and trash are whole");
	drive_free(d);
	d = start(broken, "0");
	SEES(d, "store check x WRONG    2 things: blob sha256:1234: its bytes are not those");
	drive_keys(d, "/ \"store\" Enter End");
	SEES(d, "--repair");
	drive_free(d);
}

static void denied(struct fake *f)
{
	f->empty = true;
	f->probe = missing[0].probe;
}

static void failing(struct fake *f)
{
	f->empty = true;
	f->probe = missing[2].probe;
}

/* The first screen names the view that tells more, and its key wherever the user put it. */
static void test_first_screen(void **state)
{
	struct drive *d = start(denied, "");

	SEES(d, "kvm MISSING, emulation");
	SEES(d, "kvm: /dev/kvm cannot be opened: permission denied, 0 tells how");
	drive_keys(d, "0");
	SEES(d, "kvm: what to do");
	SEES(d, "many times slower");
	drive_free(d);
	assert_int_equal(keys_remap("global", "0", "none", "config line 1", NULL), 0);
	assert_int_equal(keys_remap("global", "F9", "view-host", "config line 2", NULL), 0);
	d = start(denied, "");
	SEES(d, ", F9 tells how");
	drive_free(d);
	keys_reset();
	d = start(failing, "");
	SEES(d, "kvm FAILS, emulation"); /* as the view of the host says */
	drive_free(d);
}

/* The answers may come after the view has gone. */
static void test_left_at_once(void **state)
{
	struct drive *d = start(well, "");

	drive_bytes(d, "0\0332", 3);
	drive_free(d);
}

/* It stays usable where there is little room. */
static void test_small(void **state)
{
	const struct drive_options o = { "xterm-256color", 10, 40, false, denied };
	struct drive *d = drive_open(&o);

	drive_keys(d, "0");
	SEES(d, "kvm        ! MISSING");
	SEES(d, "/dev/kvm cannot");
	drive_keys(d, "End");
	SEES(d, "berth");
	drive_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store), cmocka_unit_test(test_well),	     cmocka_unit_test(test_missing), cmocka_unit_test(test_first_screen),
		cmocka_unit_test(test_left_at_once), cmocka_unit_test(test_small),
	};

	drive_environment();
	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}

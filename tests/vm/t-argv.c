/* SPDX-License-Identifier: Apache-2.0 */
/* t-argv.c - QEMU's command line, word by word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vm/argv.h"

#define MIB (1ull << 20)

static const struct vm_disk disks[] = {
	{ 30, "base", true }, { 31, "upper", false }, { 32, "vol1", false }, { 33, "vol2", true },
};

static const struct vm_config plain = { .name = "c1", .cpus = 1, .memory = 512 * MIB };
static const struct vm_run tcg = {
	.accel = VM_ACCEL_TCG, .tsc_khz = 2600000, .patched_timers = true, .kernel_fd = 20, .initramfs_fd = 21,
	.vsock_fd = 22, .qmp_fd = 23, .console_fd = 24, .share_fd = 25, .share_dir = "/run/a,b/share",
};

/* All words of the plain one; the others are told by what differs. */
static const char *const plain_words[] = {
	"qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-name", "c1", "-display", "none",
	"-M", "microvm,acpi=off,memory-backend=ram", "-accel", "tcg",
	"-cpu", "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+arat", "-smp", "1", "-m", "512M",
	"-object", "memory-backend-memfd,id=ram,size=512M,share=on", "-global", "virtio-mmio.force-legacy=false",
	"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
	"-kernel", "/proc/self/fd/3", "-initrd", "/proc/self/fd/4", "-append",
	"panic=-1 reboot=t quiet 8250.nr_uarts=0 console=hvc0 no_timer_check noreplace-smp "
	"tsc_early_khz=2600000 tsc=reliable lapic_timer_khz=1000000",
	"-chardev", "socket,id=qmp,fd=5", "-mon", "chardev=qmp,mode=control",
	"-device", "isa-debug-exit,iobase=0x501,iosize=4", "-chardev", "socket,id=vsock,fd=6",
	"-device", "vhost-user-vsock-device,chardev=vsock", "-device", "virtio-rng-device",
	"-device", "virtio-balloon-device,free-page-reporting=on,deflate-on-oom=on",
	"-device", "virtio-serial-device,max_ports=2", "-chardev", "socket,id=console,fd=7",
	"-device", "virtconsole,chardev=console", NULL,
};

static void test_plain(void **state)
{
	static const int fds[] = { 20, 21, 23, 22, 24 };
	struct vm_argv a;
	size_t i;

	assert_int_equal(vm_argv_make(&plain, &tcg, &a, NULL), 0);
	for (i = 0; plain_words[i]; i++) {
		assert_true(i < a.n);
		assert_string_equal(a.v[i], plain_words[i]);
	}
	assert_int_equal(a.n, i);
	assert_null(a.v[i]);
	assert_int_equal(a.nfds, 5);
	for (i = 0; i < 5; i++) {
		assert_int_equal(a.fds[i].fd, fds[i]);
		assert_int_equal(a.fds[i].target, 3 + (int)i);
	}
	vm_argv_finish(&a);
}

/* Words (each with the blank that parts them) that must, and that must not, be there. */
static const struct {
	const char *what;
	struct vm_config c;
	struct vm_run r; /* what is set here replaces tcg's */
	const char *has[6], *lacks[4];
	int slots;
} rows[] = {
	{ "kvm", { .cpus = 2 }, { .accel = VM_ACCEL_KVM },
	  { " -accel kvm -cpu host -smp 2 ", " -append panic=-1 reboot=t quiet 8250.nr_uarts=0 console=hvc0 -chardev" },
	  { "tsc", "lapic", "noreplace-smp", "tcg" }, 4 },
	{ "a TSC that is not known", { .cmdline = "berth.x=1" }, { .tsc_khz = UINT32_MAX },
	  { " noreplace-smp berth.x=1 -chardev" }, { "tsc", "lapic" }, 4 },
	{ "a stock kernel", { 0 }, { .kernel_fd = 99 }, { "tsc_early_khz=2600000 tsc=reliable -chardev" },
	  { "lapic" }, 4 },
	{ "one disk", { .ndisks = 1 }, { 0 },
	  { " -add-fd fd=8,set=1 -blockdev driver=file,filename=/dev/fdset/1,node-name=f0,locking=off,"
	    "auto-read-only=off,read-only=on -blockdev driver=raw,file=f0,node-name=d0,read-only=on "
	    "-device virtio-blk-device,drive=d0,serial=base" }, { "discard", "scsi" }, 5 },
	{ "two disks", { .ndisks = 2 }, { 0 },
	  { "drive=d0,serial=base -add-fd fd=9,set=2 -blockdev driver=file,filename=/dev/fdset/2,node-name=f1,"
	    "locking=off,auto-read-only=off,discard=unmap -blockdev driver=raw,file=f1,node-name=d1,"
	    "discard=unmap,detect-zeroes=unmap -device virtio-blk-device,drive=d1,serial=upper" }, { "scsi" }, 6 },
	{ "four disks", { .ndisks = 4 }, { 0 },
	  { "virtio-blk-device,drive=d0,serial=base", "-device virtio-scsi-device,id=scsi0 -device "
	    "scsi-hd,bus=scsi0.0,scsi-id=0,lun=0,drive=d1,serial=upper",
	    "lun=1,drive=d2,serial=vol1", "lun=2,drive=d3,serial=vol2" }, { "virtio-blk-device,drive=d1" }, 6 },
	{ "user network", { .net = { VM_NET_USER, { 2, 0x42, 0, 0xa, 0xb, 0xff } } }, { 0 },
	  { " -netdev user,id=net0 -device virtio-net-device,netdev=net0,mac=02:42:00:0a:0b:ff" },
	  { "hostfwd" }, 5 },
	{ "no balloon", { .no_balloon = true }, { 0 }, { "rng" }, { "balloon" }, 3 },
	{ "virtiofs", { 0 }, { .share = VM_SHARE_VIRTIOFS },
	  { " -chardev socket,id=share,fd=8 -device vhost-user-fs-device,chardev=share,tag=berth,queue-size=512" },
	  { "9p" }, 5 },
	{ "9p", { 0 }, { .share = VM_SHARE_9P, .share_owners = true },
	  { " -fsdev local,id=share,path=/run/a,,b/share,security_model=passthrough,multidevs=remap "
	    "-device virtio-9p-device,fsdev=share,mount_tag=berth" }, { "vhost-user-fs" }, 5 },
	{ "9p of a user", { 0 }, { .share = VM_SHARE_9P }, { "security_model=none" }, { "passthrough" }, 5 },
	{ "everything", { .ndisks = 4, .net = { VM_NET_USER } }, { .share = VM_SHARE_VIRTIOFS },
	  { "balloon", "scsi", "virtio-net", "vhost-user-fs", "serial=vol2" }, { 0 }, 8 },
	{ "another QEMU", { .qemu = "/opt/qemu" }, { 0 }, { "/opt/qemu -nodefaults" }, { 0 }, 4 },
};

static void join(const struct vm_argv *a, char *ret, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < a->n; i++)
		at += (size_t)snprintf(ret + at, size - at, "%s ", a->v[i]);
}

static int count(const char *s, const char *part)
{
	int n = 0;

	for (; (s = strstr(s, part)); s++)
		n++;
	return n;
}

static void test_rows(void **state)
{
	static char text[8192];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vm_config c = rows[i].c;
		struct vm_run r = tcg;
		struct vm_argv a;

		c.name = plain.name;
		c.cpus = c.cpus ? c.cpus : 1;
		c.memory = plain.memory;
		c.disks = disks;
		r.accel = rows[i].r.accel ? rows[i].r.accel : r.accel;
		r.tsc_khz = rows[i].r.tsc_khz == UINT32_MAX ? 0 : r.tsc_khz;
		r.patched_timers = rows[i].r.kernel_fd != 99;
		r.share = rows[i].r.share;
		r.share_owners = rows[i].r.share_owners;
		assert_int_equal(vm_argv_make(&c, &r, &a, NULL), 0);
		join(&a, text, sizeof(text));
		for (int k = 0; k < 6 && rows[i].has[k]; k++)
			if (!strstr(text, rows[i].has[k]))
				fail_msg("%s: no '%s' in: %s", rows[i].what, rows[i].has[k], text);
		for (int k = 0; k < 4 && rows[i].lacks[k]; k++)
			if (strstr(text, rows[i].lacks[k]))
				fail_msg("%s: '%s' in: %s", rows[i].what, rows[i].lacks[k], text);
		/* Slots: each device but the exit port, the console on its bus, disks on theirs. */
		if (count(text, " -device ") - 2 - count(text, "scsi-hd") != rows[i].slots)
			fail_msg("%s: not %d slots in: %s", rows[i].what, rows[i].slots, text);
		vm_argv_finish(&a);
	}
}

static const struct {
	const char *what;
	struct vm_config c;
	const char *says;
} bad[] = {
	{ "no name", { .name = "" }, "bad name" },
	{ "name with a comma", { .name = "a,b" }, "bad name 'a,b'" },
	{ "no CPU", { .cpus = 0 }, "1 to 64 CPUs" },
	{ "65 CPUs", { .cpus = 65 }, "1 to 64 CPUs, not 65" },
	{ "little memory", { .memory = 1 * MIB }, "at least 64" },
	{ "odd memory", { .memory = 512 * MIB + 1 }, "whole number of MiB" },
	{ "65 disks", { .ndisks = 65 }, "at most 64 disks" },
	{ "bad serial", { .ndisks = 1, .disks = &(struct vm_disk){ 1, "a,file=/etc/passwd", false } }, "bad serial" },
	{ "long serial", { .ndisks = 1, .disks = &(struct vm_disk){ 1, "123456789012345678901", false } }, "bad serial" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct vm_config c = bad[i].c;
		struct vm_argv a;
		struct err e = { 0 };

		c.name = c.name ? c.name : "c1";
		c.memory = c.memory ? c.memory : 512 * MIB;
		c.cpus = c.cpus || strstr(bad[i].what, "CPU") ? c.cpus : 1;
		c.disks = c.disks ? c.disks : disks;
		assert_int_equal(vm_argv_make(&c, &tcg, &a, &e), -EINVAL);
		if (!strstr(e.text, bad[i].says))
			fail_msg("%s: %s", bad[i].what, e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

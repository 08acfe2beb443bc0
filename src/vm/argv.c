/* SPDX-License-Identifier: Apache-2.0 */
/* argv.c - QEMU's command line.
 *
 * Each -device of a virtio kind takes one of the machine's slots, and about 10 ms of boot: only what is used
 * is attached. QEMU tells the guest of them in this order, so the disks' names follow it. */
#include "vm/argv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"

#define MIB (1ull << 20)
#define SERIAL_MAX 20
#define FD_FIRST 3

/* All that differs between the accelerators. */
static const struct {
	const char *accel, *cpu, *cmdline;
	bool host_tsc; /* the guest's TSC is the host's, and it needs to be told its frequency */
} by_accel[] = {
	/* Images for x86-64-v2 need what qemu64 lacks; its TLB-friendly string moves beat -cpu max. */
	[VM_ACCEL_TCG] = { "tcg", "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+arat", " no_timer_check noreplace-smp",
			   true },
	[VM_ACCEL_KVM] = { "kvm", "host", "", false },
};

struct maker {
	const struct vm_config *c;
	const struct vm_run *r;
	struct vm_argv *a;
	size_t cap;
	unsigned slots, sets;
	int rc; /* sticky: -ENOMEM */
};

static void addv(struct maker *m, const char *fmt, va_list ap)
{
	struct vm_argv *a = m->a;

	if (m->rc < 0)
		return;
	if (a->n + 2 > m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 64;
		char **v = realloc(a->v, cap * sizeof(*v));

		if (!v) {
			m->rc = -ENOMEM;
			return;
		}
		a->v = v;
		m->cap = cap;
	}
	if (vasprintf(&a->v[a->n], fmt, ap) < 0) {
		a->v[a->n] = NULL;
		m->rc = -ENOMEM;
		return;
	}
	a->v[++a->n] = NULL;
}

static void __attribute__((format(printf, 2, 3))) add(struct maker *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	addv(m, fmt, ap);
	va_end(ap);
}

/* An option and its value. */
static void __attribute__((format(printf, 3, 4))) opt(struct maker *m, const char *name, const char *fmt, ...)
{
	va_list ap;

	add(m, "%s", name);
	va_start(ap, fmt);
	addv(m, fmt, ap);
	va_end(ap);
}

/* The number that fd has in QEMU. */
static int pass(struct maker *m, int fd)
{
	int target = FD_FIRST + (int)m->a->nfds;

	m->a->fds[m->a->nfds++] = (struct spawn_fd){ fd, target };
	return target;
}

static void machine(struct maker *m)
{
	unsigned long long mib = m->c->memory / MIB;

	add(m, "-nodefaults");
	add(m, "-no-user-config");
	add(m, "-no-reboot");
	opt(m, "-name", "%s", m->c->name);
	opt(m, "-display", "none");
	opt(m, "-M", "microvm,acpi=off,memory-backend=ram");
	opt(m, "-accel", "%s", by_accel[m->r->accel].accel);
	opt(m, "-cpu", "%s", by_accel[m->r->accel].cpu);
	opt(m, "-smp", "%u", m->c->cpus);
	opt(m, "-m", "%lluM", mib);
	/* Shared: the vsock device and virtiofsd map it. */
	opt(m, "-object", "memory-backend-memfd,id=ram,size=%lluM,share=on", mib);
	opt(m, "-global", "virtio-mmio.force-legacy=false");
	opt(m, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

static void kernel(struct maker *m)
{
	AUTO_BUF struct buf line = { 0 };
	int rc = 0;

	rc |= buf_adds(&line, "panic=-1 reboot=t quiet 8250.nr_uarts=0 console=hvc0");
	rc |= buf_adds(&line, by_accel[m->r->accel].cmdline);
	if (by_accel[m->r->accel].host_tsc) {
		if (m->r->tsc_khz)
			rc |= buf_addf(&line, " tsc_early_khz=%u tsc=reliable", m->r->tsc_khz);
		/* TCG's APIC timer runs at exactly 1 GHz. */
		if (m->r->tsc_khz && m->r->patched_timers)
			rc |= buf_adds(&line, " lapic_timer_khz=1000000");
	}
	if (m->c->cmdline && *m->c->cmdline)
		rc |= buf_addf(&line, " %s", m->c->cmdline);
	if (rc < 0)
		m->rc = -ENOMEM;
	opt(m, "-kernel", "/proc/self/fd/%d", pass(m, m->r->kernel_fd));
	opt(m, "-initrd", "/proc/self/fd/%d", pass(m, m->r->initramfs_fd));
	opt(m, "-append", "%s", line.p ? (const char *)line.p : "");
}

static void basics(struct maker *m)
{
	opt(m, "-chardev", "socket,id=qmp,fd=%d", pass(m, m->r->qmp_fd));
	opt(m, "-mon", "chardev=qmp,mode=control");
	/* The agent's way to end the machine with a code. */
	opt(m, "-device", "isa-debug-exit,iobase=%#x,iosize=4", VM_EXIT_PORT);
	opt(m, "-chardev", "socket,id=vsock,fd=%d", pass(m, m->r->vsock_fd));
	opt(m, "-device", "vhost-user-vsock-device,chardev=vsock");
	opt(m, "-device", "virtio-rng-device");
	m->slots += 2;
	if (!m->c->no_balloon) {
		opt(m, "-device", "virtio-balloon-device,free-page-reporting=on,deflate-on-oom=on");
		m->slots++;
	}
	opt(m, "-device", "virtio-serial-device,max_ports=2");
	opt(m, "-chardev", "socket,id=console,fd=%d", pass(m, m->r->console_fd));
	opt(m, "-device", "virtconsole,chardev=console");
	m->slots++;
}

static void disk(struct maker *m, size_t i)
{
	const struct vm_disk *d = &m->c->disks[i];
	const char *how = d->readonly ? "read-only=on" : "discard=unmap";
	unsigned set = ++m->sets;

	opt(m, "-add-fd", "fd=%d,set=%u", pass(m, d->fd), set);
	opt(m, "-blockdev", "driver=file,filename=/dev/fdset/%u,node-name=f%zu,locking=off,auto-read-only=off,%s",
	    set, i, how);
	opt(m, "-blockdev", "driver=raw,file=f%zu,node-name=d%zu,%s%s", i, i, how,
	    d->readonly ? "" : ",detect-zeroes=unmap");
	if (i == 0 || m->c->ndisks <= 2) {
		opt(m, "-device", "virtio-blk-device,drive=d%zu,serial=%s", i, d->serial);
		m->slots++;
		return;
	}
	if (i == 1) {
		opt(m, "-device", "virtio-scsi-device,id=scsi0");
		m->slots++;
	}
	opt(m, "-device", "scsi-hd,bus=scsi0.0,scsi-id=0,lun=%zu,drive=d%zu,serial=%s", i - 1, i, d->serial);
}

static void net(struct maker *m)
{
	const uint8_t *mac = m->c->net.mac;

	if (m->c->net.kind != VM_NET_USER)
		return;
	opt(m, "-netdev", "user,id=net0");
	opt(m, "-device", "virtio-net-device,netdev=net0,mac=%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
	    mac[3], mac[4], mac[5]);
	m->slots++;
}

static void share_9p(struct maker *m)
{
	AUTO_BUF struct buf path = { 0 };

	for (const char *p = m->r->share_dir; *p && m->rc == 0; p++) /* a comma in a value is doubled */
		m->rc = buf_adds(&path, *p == ',' ? ",," : (char[]){ *p, 0 });
	opt(m, "-fsdev", "local,id=share,path=%s,security_model=%s,multidevs=remap", (const char *)path.p,
	    m->r->share_owners ? "passthrough" : "none");
}

static void share(struct maker *m)
{
	if (m->r->share == VM_SHARE_NONE)
		return;
	m->slots++;
	if (m->r->share == VM_SHARE_VIRTIOFS) {
		opt(m, "-chardev", "socket,id=share,fd=%d", pass(m, m->r->share_fd));
		opt(m, "-device", "vhost-user-fs-device,chardev=share,tag=" VM_SHARE_TAG ",queue-size=512");
		return;
	}
	share_9p(m);
	opt(m, "-device", "virtio-9p-device,fsdev=share,mount_tag=" VM_SHARE_TAG);
}

/* Words that go into options: a comma or '=' there would be an option of its own. */
static bool is_word(const char *s, size_t max)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return n > 0 && n <= max && s[n] == 0;
}

static int check(const struct vm_config *c, const struct vm_run *r, struct err *e)
{
	if (!c->name || !is_word(c->name, 64))
		return err_set(e, -EINVAL, "bad name '%s' for a VM", c->name ? c->name : "");
	if (c->cpus < 1 || c->cpus > 64)
		return err_set(e, -EINVAL, "a VM has 1 to 64 CPUs, not %u", c->cpus);
	if (c->memory < 64 * MIB || c->memory % MIB)
		return err_set(e, -EINVAL, "a VM's memory is a whole number of MiB, at least 64");
	if (c->ndisks > VM_DISKS_MAX)
		return err_set(e, -EINVAL, "a VM has at most %d disks, not %zu", VM_DISKS_MAX, c->ndisks);
	for (size_t i = 0; i < c->ndisks; i++)
		if (!c->disks[i].serial || !is_word(c->disks[i].serial, SERIAL_MAX))
			return err_set(e, -EINVAL, "bad serial '%s' for a disk",
				       c->disks[i].serial ? c->disks[i].serial : "");
	if (r->accel != VM_ACCEL_KVM && r->accel != VM_ACCEL_TCG)
		return err_set(e, -EINVAL, "no accelerator chosen");
	return 0;
}

int vm_argv_make(const struct vm_config *c, const struct vm_run *r, struct vm_argv *ret, struct err *e)
{
	struct vm_argv a = { 0 };
	struct maker m = { .c = c, .r = r, .a = &a };
	int rc = check(c, r, e);

	if (rc < 0)
		return rc;
	add(&m, "%s", c->qemu ? c->qemu : "qemu-system-x86_64");
	machine(&m);
	kernel(&m);
	basics(&m);
	for (size_t i = 0; i < c->ndisks; i++)
		disk(&m, i);
	net(&m);
	share(&m);
	if (m.rc < 0) {
		vm_argv_finish(&a);
		return err_sys(e, m.rc, "cannot make QEMU's command line");
	}
	if (m.slots > VM_SLOTS_MAX) {
		vm_argv_finish(&a);
		return err_set(e, -EINVAL, "a VM has %d device slots, this one would need %u", VM_SLOTS_MAX,
			       m.slots);
	}
	*ret = a;
	return 0;
}

void vm_argv_finish(struct vm_argv *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
	free(a->v);
	*a = (struct vm_argv){ 0 };
}

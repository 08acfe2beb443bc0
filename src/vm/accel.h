/* SPDX-License-Identifier: Apache-2.0 */
/* accel.h - KVM or TCG: tried, not asked, and the outcome remembered.
 *
 * A /dev/kvm that opens says little: where KVM is itself emulated, guests hang or die in it. So the first VM
 * after a host boot is the trial, and its outcome is kept for this boot of the host, this QEMU and this
 * kernel: after an internal error until the host boots again; after a time-out for 10 minutes, then an
 * hour, then until the host boots again, since a good host may have been busy. */
#ifndef BERTH_VM_ACCEL_H
#define BERTH_VM_ACCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "vm/vm-config.h"

#define ACCEL_RECORDS_MAX 8
#define ACCEL_KEY_MAX 200
#define ACCEL_FOREVER INT64_MAX

enum accel_outcome { ACCEL_WORKED, ACCEL_TIMED_OUT, ACCEL_INTERNAL_ERROR };

struct accel_record {
	char key[ACCEL_KEY_MAX]; /* QEMU's identity and the kernel's */
	bool works;
	unsigned timeouts;
	int64_t until_s; /* !works: CLOCK_BOOTTIME until when; ACCEL_FOREVER */
};

/* What is remembered of this boot of the host. */
struct accel_memory {
	char boot_id[40];
	struct accel_record rec[ACCEL_RECORDS_MAX]; /* the newest last */
	size_t nrec;
	uint64_t tsc;       /* a reading of the TSC … */
	int64_t tsc_raw_ns; /* … and of CLOCK_MONOTONIC_RAW at once; 0: none */
};

/* Pure: the file's text to memory and back; memory of another boot counts as none, bad text too. */
void accel_parse(const char *text, size_t n, const char *boot_id, struct accel_memory *ret);
char *accel_print(const struct accel_memory *m); /* the caller frees; NULL: out of memory */
/* Pure: what the memory says of key at now_s: 1 it works, 0 it does not, -1 not known (any more). */
int accel_recall(const struct accel_memory *m, const char *key, int64_t now_s);
/* Pure: enters an outcome. */
void accel_enter(struct accel_memory *m, const char *key, enum accel_outcome outcome, int64_t now_s);

struct accel_choice {
	enum vm_accel accel; /* KVM or TCG */
	bool trial;          /* KVM, not proven yet: it has to be ready soon, or TCG takes over */
	bool forced;         /* it was asked for: there is no other */
};

/* The file <dir>/accel.json, where dir is /run/berth for root and $XDG_RUNTIME_DIR/berth for others, or
 * /tmp/berth-<uid> without that. For tests: BERTH_ACCEL_DIR. NULL when there is no safe place. */
char *accel_dir(void);
/* /dev/kvm, opened: a descriptor or -errno. For tests: BERTH_KVM_DEVICE names another file. */
int accel_open_kvm(void);
/* What the memory knows an outcome by: the QEMU program and the kernel. */
int accel_key(const char *qemu, const char *kernel_id, char ret[static ACCEL_KEY_MAX], struct err *e);
/* What is remembered of key: as accel_recall; *ret_until_s is when that ends (CLOCK_BOOTTIME, ACCEL_FOREVER,
 * 0 for what is not known). */
int accel_known(const char *dir, const char *key, int64_t *ret_until_s);
/* want comes first, then BERTH_ACCEL ("auto", "kvm", "tcg"), then memory and whether /dev/kvm opens.
 * -EINVAL for another word, -ENOENT or -EACCES when KVM is forced and cannot be opened. */
int accel_choose(const char *dir, const char *key, enum vm_accel want, struct accel_choice *ret, struct err *e);
/* Remembers; a failure to is logged only. */
void accel_remember(const char *dir, const char *key, enum accel_outcome outcome);
/* The host's TSC frequency; 0 where it is not constant. Measured within 10 ms at first, from then on over the
 * time since. */
unsigned accel_tsc_khz(const char *dir);

#endif

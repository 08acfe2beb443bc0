/* SPDX-License-Identifier: Apache-2.0 */
/* t-parts.c - the parts of the machine that do no I/O: table of life, verdicts on KVM, kernels, lines, and
 * messages. */
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "vm/accel.h"
#include "vm/fsm.h"
#include "vm/kernel.h"
#include "vm/qmp.h"
#include "vm/vhost-user.h"
#include "vm/way-in.h"

/* ---- fsm */

static const struct {
	enum vm_state state;
	enum vm_ev ev;
	enum vm_act act;
	enum vm_state next;
} steps[] = {
	{ VM_NEW, EV_START, ACT_SPAWN, VM_SPAWNED },
	{ VM_SPAWNED, EV_QMP_UP, ACT_NONE, VM_BOOTING },
	{ VM_BOOTING, EV_READY, ACT_UP, VM_RUNNING },
	{ VM_BOOTING, EV_TRIAL_OVER, ACT_RETRY, VM_RETRYING },
	{ VM_BOOTING, EV_KVM_ERROR, ACT_RETRY, VM_RETRYING },
	{ VM_BOOTING, EV_TRIAL_EXIT, ACT_RESPAWN, VM_SPAWNED },
	{ VM_BOOTING, EV_TIMEOUT, ACT_FAIL, VM_STOPPING },
	{ VM_BOOTING, EV_EXIT, ACT_ENDED, VM_DEAD },
	{ VM_RETRYING, EV_READY, ACT_NONE, VM_RETRYING },
	{ VM_RETRYING, EV_EXIT, ACT_SPAWN, VM_SPAWNED },
	{ VM_RETRYING, EV_STOP, ACT_NONE, VM_STOPPING },
	{ VM_RUNNING, EV_IO_ERROR, ACT_PAUSED, VM_PAUSED },
	{ VM_PAUSED, EV_RESUMED, ACT_RESUMED, VM_RUNNING },
	{ VM_RUNNING, EV_EXIT, ACT_ENDED, VM_DEAD },
	{ VM_RUNNING, EV_STOP, ACT_QUIT, VM_STOPPING },
	{ VM_STOPPING, EV_EXIT, ACT_ENDED, VM_DEAD },
	{ VM_DEAD, EV_START, 0, 0 },
	{ VM_RUNNING, EV_START, 0, 0 },
	{ VM_DEAD, EV_STOP, ACT_NONE, VM_DEAD },
};

static void test_fsm(void **state)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct vm_step *s = vm_fsm_step(steps[i].state, steps[i].ev);

		if (s->act != steps[i].act || (s->act && s->next != steps[i].next))
			fail_msg("%s in state %s", vm_ev_name(steps[i].ev), vm_state_name(steps[i].state));
	}
	for (int s = 0; s < VM_NSTATES; s++) {
		bool has_qemu = s != VM_NEW && s != VM_DEAD;

		assert_non_null(vm_state_name(s));
		/* A QEMU that runs may end at any time, and may be told to. */
		assert_int_equal(vm_fsm_step(s, EV_EXIT)->act != 0, has_qemu);
		assert_int_not_equal(vm_fsm_step(s, EV_STOP)->act, 0);
	}
}

/* ---- accel */

static void test_accel_patience(void **state)
{
	struct accel_memory m;
	int64_t t = 1000;

	accel_parse("", 0, "boot-1", &m);
	assert_int_equal(accel_recall(&m, "k", t), -1);
	accel_enter(&m, "k", ACCEL_TIMED_OUT, t);
	assert_int_equal(accel_recall(&m, "k", t + 599), 0);
	assert_int_equal(accel_recall(&m, "k", t + 600), -1);
	assert_int_equal(accel_recall(&m, "other", t), -1);
	accel_enter(&m, "k", ACCEL_TIMED_OUT, t);
	assert_int_equal(accel_recall(&m, "k", t + 3599), 0);
	assert_int_equal(accel_recall(&m, "k", t + 3600), -1);
	accel_enter(&m, "k", ACCEL_TIMED_OUT, t);
	assert_int_equal(accel_recall(&m, "k", INT64_MAX - 1), 0);
	accel_enter(&m, "k", ACCEL_WORKED, t);
	assert_int_equal(accel_recall(&m, "k", t), 1);
	accel_enter(&m, "k", ACCEL_INTERNAL_ERROR, t);
	assert_int_equal(accel_recall(&m, "k", INT64_MAX - 1), 0);
	assert_int_equal(m.nrec, 1);
}

static void test_accel_text(void **state)
{
	struct accel_memory m, back;
	char key[32], *text;

	accel_parse("", 0, "boot-1", &m);
	for (int i = 0; i < 12; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		accel_enter(&m, key, i % 2 ? ACCEL_TIMED_OUT : ACCEL_WORKED, 5);
	}
	m.tsc = UINT64_MAX - 1;
	m.tsc_raw_ns = 123456789;
	text = accel_print(&m);
	accel_parse(text, strlen(text), "boot-1", &back);
	assert_int_equal(back.nrec, ACCEL_RECORDS_MAX);
	assert_int_equal(accel_recall(&back, "key3", 6), -1); /* the oldest have gone */
	assert_int_equal(accel_recall(&back, "key4", 6), 1);
	assert_int_equal(accel_recall(&back, "key11", 6), 0);
	assert_int_equal(accel_recall(&back, "key11", 606), -1);
	assert_true(back.tsc == m.tsc && back.tsc_raw_ns == m.tsc_raw_ns);
	/* Of another boot, or not to be read: nothing is known. */
	accel_parse(text, strlen(text), "boot-2", &back);
	assert_int_equal(back.nrec, 0);
	assert_int_equal(back.tsc_raw_ns, 0);
	accel_parse(text, strlen(text) / 2, "boot-1", &back);
	assert_int_equal(back.nrec, 0);
	free(text);
}

static void test_accel_choice(void **state)
{
	char dir[] = "/tmp/t-accel.XXXXXX", kvm[64];
	struct accel_choice c;
	struct stat st;
	struct err e;

	assert_non_null(mkdtemp(dir));
	snprintf(kvm, sizeof(kvm), "%s/kvm", dir);
	setenv("BERTH_KVM_DEVICE", kvm, 1);
	unsetenv("BERTH_ACCEL");
	/* There is none. */
	assert_int_equal(accel_choose(dir, "k", VM_ACCEL_AUTO, &c, &e), 0);
	assert_true(c.accel == VM_ACCEL_TCG && !c.trial && !c.forced);
	assert_int_equal(accel_choose(dir, "k", VM_ACCEL_KVM, &c, &e), -ENOENT);
	close(open(kvm, O_CREAT | O_RDWR, 0600));
	assert_int_equal(accel_choose(dir, "k", VM_ACCEL_AUTO, &c, &e), 0);
	assert_true(c.accel == VM_ACCEL_KVM && c.trial);
	accel_remember(dir, "k", ACCEL_TIMED_OUT);
	assert_int_equal(accel_choose(dir, "k", VM_ACCEL_AUTO, &c, &e), 0);
	assert_true(c.accel == VM_ACCEL_TCG && !c.trial);
	assert_int_equal(accel_choose(dir, "k", VM_ACCEL_KVM, &c, &e), 0);
	assert_true(c.accel == VM_ACCEL_KVM && c.forced && !c.trial);
	accel_remember(dir, "k", ACCEL_WORKED);
	assert_int_equal(accel_choose(dir, "k", VM_ACCEL_AUTO, &c, &e), 0);
	assert_true(c.accel == VM_ACCEL_KVM && !c.trial && !c.forced);
	setenv("BERTH_ACCEL", "tcg", 1);
	assert_int_equal(accel_choose(dir, "k", VM_ACCEL_AUTO, &c, &e), 0);
	assert_true(c.accel == VM_ACCEL_TCG && c.forced);
	setenv("BERTH_ACCEL", "hvf", 1);
	assert_int_equal(accel_choose(dir, "k", VM_ACCEL_AUTO, &c, &e), -EINVAL);
	assert_non_null(strstr(e.text, "hvf"));
	unsetenv("BERTH_ACCEL");
	snprintf(kvm, sizeof(kvm), "%s/accel.json", dir);
	assert_int_equal(stat(kvm, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	file_remove_tree(AT_FDCWD, dir, NULL);
}

/* Two readings agree to 50 in a million, also when the second stands on the first. */
static void test_tsc(void **state)
{
	char dir[] = "/tmp/t-accel.XXXXXX";
	unsigned a, b;

	assert_non_null(mkdtemp(dir));
	a = accel_tsc_khz(dir);
	b = accel_tsc_khz(dir);
	if (a == 0) {
		assert_int_equal(b, 0);
	} else {
		assert_true(a > 100000 && b > 100000);
		assert_true((a > b ? a - b : b - a) <= a / 20000);
	}
	file_remove_tree(AT_FDCWD, dir, NULL);
}

/* ---- kernels */

static size_t make_elf(uint8_t *p, unsigned note_type, const char *owner)
{
	Elf64_Ehdr h = { .e_machine = EM_X86_64, .e_phoff = sizeof(h), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1 };
	Elf64_Phdr ph = { .p_type = PT_NOTE, .p_offset = sizeof(h) + sizeof(ph), .p_filesz = 44 };
	Elf64_Nhdr other = { 4, 4, 1 }, note = { (uint32_t)strlen(owner) + 1, 8, note_type };
	uint8_t *q = p;

	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	memcpy(q, &h, sizeof(h));
	memcpy(q += sizeof(h), &ph, sizeof(ph));
	memcpy(q += sizeof(ph), &other, sizeof(other));
	memcpy(q + 12, "GNU", 4);
	memcpy(q += 20, &note, sizeof(note));
	memcpy(q + 12, owner, strlen(owner) + 1);
	return (size_t)(q + 24 - p);
}

static void test_kernel(void **state)
{
	uint8_t p[4096] = { 0 };
	size_t n = make_elf(p, 18, "Xen");
	struct err e;

	assert_int_equal(vm_kernel_check(p, n, &e), 0);
	for (size_t k = 0; k < n; k++) /* cut anywhere */
		assert_int_equal(vm_kernel_check(p, k, &e), -ENOEXEC);
	p[18] = EM_AARCH64;
	assert_int_equal(vm_kernel_check(p, n, &e), -ENOEXEC);
	assert_non_null(strstr(e.text, "x86-64"));
	n = make_elf(p, 17, "Xen");
	assert_int_equal(vm_kernel_check(p, n, &e), -ENOEXEC);
	assert_non_null(strstr(e.text, "PVH"));
	memset(p, 0, sizeof(p));
	memcpy(p + 0x202, "HdrS", 4);
	assert_int_equal(vm_kernel_check(p, sizeof(p), &e), 0);
	assert_int_equal(vm_kernel_check(p, 0x206, &e), -ENOEXEC);
	assert_int_equal(vm_kernel_check((const uint8_t *)"#!/bin/sh\n", 10, &e), -ENOEXEC);
	assert_int_equal(vm_kernel_check(p, 0, &e), -ENOEXEC);
}

static void test_kernel_open(void **state)
{
	struct vm_kernel k;
	struct err e;

	assert_int_equal(vm_kernel_open("/nonexistent/vmlinux", "/dev/null", &k, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/vmlinux"));
	assert_int_equal(vm_kernel_open("/dev/null", "/dev/null", &k, &e), -ENOEXEC);
	setenv("BERTH_LIBEXEC", "/nonexistent", 1);
	unsetenv("BERTH_KERNEL");
	assert_int_equal(vm_kernel_open(NULL, "/dev/null", &k, &e), -ENOENT);
	assert_non_null(strstr(e.text, "no kernel"));
}

/* ---- lines and messages */

static const struct {
	const char *line;
	int used;
	uint32_t port;
} lines[] = {
	{ "CONNECT 1024\n", 13, 1024 }, { "CONNECT 1024\nGET /", 13, 1024 }, { "CONNECT 0\n", 10, 0 },
	{ "CONNECT 4294967294\n", 19, 4294967294u }, { "CONNECT 1024", 0, 0 }, { "CONN", 0, 0 }, { "", 0, 0 },
	{ "CONNECT ", 0, 0 }, { "CONNECT \n", -EPROTO, 0 }, { "connect 1\n", -EPROTO, 0 },
	{ "CONNECT -1\n", -EPROTO, 0 }, { "CONNECT 4294967295\n", -EPROTO, 0 }, { "CONNECT 1 \n", -EPROTO, 0 },
	{ "CONNECT 99999999999999999999999\n", -EPROTO, 0 }, { "CONNECT 1\r\n", -EPROTO, 0 },
	{ "CONNECT 000000000000000000000000000000001", -EPROTO, 0 }, { "X", -EPROTO, 0 },
};

static void test_way_in(void **state)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		uint32_t port = 0;
		int used = way_in_parse(lines[i].line, strlen(lines[i].line), &port);

		if (used != lines[i].used || (used > 0 && port != lines[i].port))
			fail_msg("'%s': %d, port %u", lines[i].line, used, port);
	}
}

static const struct {
	const char *line;
	int rc;
	enum qmp_kind kind;
	int64_t id;
	const char *name;
} messages[] = {
	{ "{\"QMP\": {\"version\": {}, \"capabilities\": []}}", 0, QMP_GREETING, -1, NULL },
	{ "{\"return\": {}, \"id\": 7}", 0, QMP_RETURN, 7, NULL },
	{ "{\"return\": [], \"id\": 0}", 0, QMP_RETURN, 0, NULL },
	{ "{\"event\": \"STOP\", \"timestamp\": {}}", 0, QMP_EVENT, -1, "STOP" },
	{ "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 3}", 0, QMP_ERROR, 3, "GenericError" },
	{ "{\"error\": {}}", 0, QMP_ERROR, -1, NULL },
	{ "{\"event\": 5}", -EPROTO }, { "{}", -EPROTO }, { "[]", -EPROTO }, { "", -EPROTO }, { "{\"return\"", -EPROTO },
	{ "\"QMP\"", -EPROTO }, { "{\"error\": \"x\"}", -EPROTO }, { "{\"QMP\": 1}", -EPROTO },
};

static void test_qmp_messages(void **state)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct qmp_msg m;
		int rc = qmp_msg_parse(messages[i].line, strlen(messages[i].line), &m, NULL);

		if (rc != messages[i].rc)
			fail_msg("'%s': %d", messages[i].line, rc);
		if (rc < 0)
			continue;
		assert_int_equal(m.kind, messages[i].kind);
		assert_int_equal(m.id, messages[i].id);
		if (messages[i].name)
			assert_string_equal(m.name, messages[i].name);
		qmp_msg_finish(&m);
	}
}

/* A vhost-user message of payload bytes 0, 1, 2, … */
static size_t vhost_message(uint8_t *p, uint32_t request, uint32_t flags, uint32_t size)
{
	memcpy(p, &request, 4);
	memcpy(p + 4, &flags, 4);
	memcpy(p + 8, &size, 4);
	for (uint32_t i = 0; i < size; i++)
		p[12 + i] = (uint8_t)i;
	return 12 + size;
}

static const struct {
	uint32_t request, flags, size;
	int rc;
} vhost_rows[] = {
	{ VHOST_GET_FEATURES, 1, 0, 0 },          { VHOST_SET_FEATURES, 1, 8, 0 },
	{ VHOST_SET_FEATURES, 1, 7, -EPROTO },    { VHOST_SET_FEATURES, 1, 0, -EPROTO },
	{ VHOST_SET_VRING_ADDR, 9, 40, 0 },       { VHOST_SET_VRING_ADDR, 1, 39, -EPROTO },
	{ VHOST_SET_VRING_KICK, 1, 4, -EPROTO },  { VHOST_SET_MEM_TABLE, 1, 7, -EPROTO },
	{ VHOST_SET_MEM_TABLE, 1, 40, -EPROTO }, /* it says 0x03020100 regions */
	{ VHOST_GET_CONFIG, 1, 12, -EPROTO },     { 99, 1, 100, 0 },
	{ 0, 1, 0, 0 },                           { VHOST_GET_FEATURES, 2, 0, -EPROTO },
	{ VHOST_GET_FEATURES, 5, 0, -EPROTO },    { 99, 1, 512, 0 },
};

static void test_vhost_messages(void **state)
{
	uint8_t p[1024];
	struct vhost_msg m;

	for (size_t i = 0; i < sizeof(vhost_rows) / sizeof(vhost_rows[0]); i++) {
		size_t n = vhost_message(p, vhost_rows[i].request, vhost_rows[i].flags, vhost_rows[i].size);

		if (vhost_msg_parse(p, n, &m, NULL) != vhost_rows[i].rc)
			fail_msg("request %u of %u bytes", vhost_rows[i].request, vhost_rows[i].size);
		if (vhost_rows[i].rc == 0) {
			assert_int_equal(vhost_msg_parse(p, n - 1, &m, NULL), -EPROTO);
			assert_int_equal(vhost_msg_parse(p, n + 1, &m, NULL), -EPROTO);
		}
	}
	vhost_message(p, 99, 1, 0);
	memcpy(p + 8, &(uint32_t){ 513 }, 4);
	assert_int_equal(vhost_msg_parse(p, 525, &m, NULL), -EPROTO);
	/* Two regions. */
	vhost_message(p, VHOST_SET_MEM_TABLE, 1, 8 + 64);
	memcpy(p + 12, &(uint64_t){ 2 }, 8);
	memcpy(p + 12 + 8 + 32 + 8, &(uint64_t){ 4096 }, 8);
	assert_int_equal(vhost_msg_parse(p, 12 + 72, &m, NULL), 0);
	assert_int_equal(m.nregions, 2);
	assert_int_equal(m.region[1].size, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fsm),          cmocka_unit_test(test_accel_patience),
		cmocka_unit_test(test_accel_text),   cmocka_unit_test(test_accel_choice),
		cmocka_unit_test(test_tsc),          cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_kernel_open),  cmocka_unit_test(test_way_in),
		cmocka_unit_test(test_qmp_messages), cmocka_unit_test(test_vhost_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* accel.c - KVM or TCG. */
#include "vm/accel.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"

#define FILE_NAME "accel.json"
#define FILE_SIZE_MAX (64u << 10)
#define TSC_BASE_NS 10000000ll /* 10 ms: the bracket errs by some 30 ns, so 3 in a million */

/* How long the n-th time-out is believed, seconds; the last one holds. */
static const int64_t patience_s[] = { 600, 3600, ACCEL_FOREVER };

/* ---- memory */

static void parse_record(const cJSON *j, struct accel_memory *m)
{
	const char *key = json_str(j, "key");
	int64_t timeouts = json_int(j, "timeouts", 0);
	struct accel_record *r;

	if (!key || strlen(key) >= ACCEL_KEY_MAX || m->nrec == ACCEL_RECORDS_MAX)
		return;
	r = &m->rec[m->nrec++];
	snprintf(r->key, sizeof(r->key), "%s", key);
	r->works = json_bool(j, "works", false);
	r->timeouts = timeouts < 0 || timeouts > 1000 ? 0 : (unsigned)timeouts;
	r->until_s = json_int(j, "until_s", ACCEL_FOREVER);
}

void accel_parse(const char *text, size_t n, const char *boot_id, struct accel_memory *ret)
{
	AUTO_JSON cJSON *j = NULL;
	const char *tsc;
	const cJSON *r;

	*ret = (struct accel_memory){ 0 };
	snprintf(ret->boot_id, sizeof(ret->boot_id), "%s", boot_id);
	if (json_parse(text, n, FILE_NAME, &j, NULL) < 0 || !json_str(j, "boot_id") ||
	    strcmp(json_str(j, "boot_id"), boot_id) != 0)
		return;
	cJSON_ArrayForEach(r, json_arr(j, "kvm"))
		parse_record(r, ret);
	tsc = json_str(j, "tsc"); /* text: a number in JSON holds 53 bits */
	ret->tsc_raw_ns = json_int(j, "tsc_raw_ns", 0);
	if (!tsc || str_parse_u64(tsc, UINT64_MAX, &ret->tsc) < 0 || ret->tsc_raw_ns < 0)
		ret->tsc_raw_ns = 0;
}

char *accel_print(const struct accel_memory *m)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	cJSON *a = cJSON_AddArrayToObject(j, "kvm");
	char tsc[24];

	cJSON_AddStringToObject(j, "boot_id", m->boot_id);
	for (size_t i = 0; i < m->nrec; i++) {
		cJSON *r = cJSON_CreateObject();

		cJSON_AddStringToObject(r, "key", m->rec[i].key);
		cJSON_AddBoolToObject(r, "works", m->rec[i].works);
		cJSON_AddNumberToObject(r, "timeouts", m->rec[i].timeouts);
		if (m->rec[i].until_s != ACCEL_FOREVER)
			cJSON_AddNumberToObject(r, "until_s", (double)m->rec[i].until_s);
		cJSON_AddItemToArray(a, r);
	}
	snprintf(tsc, sizeof(tsc), "%llu", (unsigned long long)m->tsc);
	cJSON_AddStringToObject(j, "tsc", tsc);
	cJSON_AddNumberToObject(j, "tsc_raw_ns", (double)m->tsc_raw_ns);
	return json_print(j);
}

static const struct accel_record *record_of(const struct accel_memory *m, const char *key)
{
	for (size_t i = 0; i < m->nrec; i++)
		if (strcmp(m->rec[i].key, key) == 0)
			return &m->rec[i];
	return NULL;
}

int accel_recall(const struct accel_memory *m, const char *key, int64_t now_s)
{
	const struct accel_record *r = record_of(m, key);

	if (!r)
		return -1;
	if (r->works)
		return 1;
	return now_s < r->until_s ? 0 : -1;
}

void accel_enter(struct accel_memory *m, const char *key, enum accel_outcome outcome, int64_t now_s)
{
	const struct accel_record *old = record_of(m, key);
	struct accel_record r = { 0 };
	size_t at = old ? (size_t)(old - m->rec) : 0;

	if (old)
		r = *old;
	snprintf(r.key, sizeof(r.key), "%s", key);
	r.works = outcome == ACCEL_WORKED;
	r.until_s = ACCEL_FOREVER;
	if (outcome == ACCEL_TIMED_OUT) {
		int64_t wait = patience_s[MIN(r.timeouts, ARRAY_LEN(patience_s) - 1)];

		r.timeouts++;
		if (wait != ACCEL_FOREVER)
			r.until_s = now_s + wait;
	}
	/* Newest last; the oldest goes when there is no room. */
	if (old || m->nrec == ACCEL_RECORDS_MAX) {
		memmove(&m->rec[at], &m->rec[at + 1], (m->nrec - at - 1) * sizeof(r));
		m->nrec--;
	}
	m->rec[m->nrec++] = r;
}

/* ---- the file */

static int64_t boot_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

char *accel_dir(void)
{
	const char *test = getenv("BERTH_ACCEL_DIR"), *run = getenv("XDG_RUNTIME_DIR");
	char *dir = NULL;
	struct stat st;

	if (test && *test)
		dir = strdup(test);
	else if (geteuid() == 0)
		dir = strdup("/run/berth");
	else if (run && *run == '/')
		dir = path_join(run, "berth");
	else
		dir = path_fmt("/tmp/berth-%u", (unsigned)geteuid());
	/* In /tmp somebody else may have been first. */
	if (dir && path_mkdirs(dir, 0700, NULL) == 0 && lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return dir;
	free(dir);
	return NULL;
}

static void load(const char *dir, struct accel_memory *ret)
{
	AUTO_FREE char *boot_id = NULL;
	AUTO_FREE char *path = dir ? path_join(dir, FILE_NAME) : NULL;
	AUTO_FREE char *text = NULL;
	size_t n = 0;

	if (file_load(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot_id, NULL, NULL) == 0)
		boot_id[strcspn(boot_id, "\n")] = 0;
	if (path && file_load(AT_FDCWD, path, FILE_SIZE_MAX, &text, &n, NULL) < 0)
		text = NULL;
	accel_parse(text ? text : "", text ? n : 0, boot_id ? boot_id : "", ret);
}

static void save(const char *dir, const struct accel_memory *m)
{
	AUTO_FREE char *path = dir ? path_join(dir, FILE_NAME) : NULL;
	AUTO_FREE char *text = accel_print(m);
	struct err err = { 0 };

	if (path && text && file_replace(AT_FDCWD, path, text, strlen(text), 0600, &err) < 0)
		log_warn("%s", err.text);
}

void accel_remember(const char *dir, const char *key, enum accel_outcome outcome)
{
	struct accel_memory m;

	load(dir, &m);
	accel_enter(&m, key, outcome, boot_seconds());
	save(dir, &m);
}

int accel_key(const char *qemu, const char *kernel_id, char ret[static ACCEL_KEY_MAX], struct err *e)
{
	struct stat st;

	if (stat(qemu, &st) < 0)
		return err_sys(e, -errno, "cannot run QEMU '%s'", qemu);
	snprintf(ret, ACCEL_KEY_MAX, "%llx.%lld.%09ld/%s", (unsigned long long)st.st_ino, (long long)st.st_mtim.tv_sec,
		 st.st_mtim.tv_nsec, kernel_id);
	return 0;
}

int accel_known(const char *dir, const char *key, int64_t *ret_until_s)
{
	struct accel_memory m;

	load(dir, &m);
	*ret_until_s = 0;
	for (size_t i = 0; i < m.nrec; i++)
		if (strcmp(m.rec[i].key, key) == 0)
			*ret_until_s = m.rec[i].works ? ACCEL_FOREVER : m.rec[i].until_s;
	return accel_recall(&m, key, boot_seconds());
}

/* ---- the choice */

static int from_environment(enum vm_accel *ret, struct err *e)
{
	const char *word = getenv("BERTH_ACCEL");

	if (!word || !*word || strcmp(word, "auto") == 0)
		*ret = VM_ACCEL_AUTO;
	else if (strcmp(word, "kvm") == 0)
		*ret = VM_ACCEL_KVM;
	else if (strcmp(word, "tcg") == 0)
		*ret = VM_ACCEL_TCG;
	else
		return err_set(e, -EINVAL, "BERTH_ACCEL is '%s'; it can be auto, kvm or tcg", word);
	return 0;
}

int accel_open_kvm(void)
{
	const char *test = getenv("BERTH_KVM_DEVICE");
	int fd = open(test && *test ? test : "/dev/kvm", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int accel_choose(const char *dir, const char *key, enum vm_accel want, struct accel_choice *ret, struct err *e)
{
	AUTO_CLOSE int kvm = -1;
	struct accel_memory m;
	int rc = 0, known;

	if (want == VM_ACCEL_AUTO)
		rc = from_environment(&want, e);
	if (rc < 0)
		return rc;
	*ret = (struct accel_choice){ .accel = VM_ACCEL_TCG, .forced = want != VM_ACCEL_AUTO };
	if (want == VM_ACCEL_TCG)
		return 0;
	kvm = accel_open_kvm();
	if (want == VM_ACCEL_KVM) {
		if (kvm < 0)
			return err_sys(e, kvm, "KVM was asked for, but /dev/kvm cannot be opened");
		ret->accel = VM_ACCEL_KVM;
		return 0;
	}
	if (kvm < 0)
		return 0;
	load(dir, &m);
	known = accel_recall(&m, key, boot_seconds());
	ret->accel = known == 0 ? VM_ACCEL_TCG : VM_ACCEL_KVM;
	ret->trial = known < 0;
	return 0;
}

/* ---- the TSC */

#if defined(__x86_64__)
struct tsc_pair {
	uint64_t tsc;
	int64_t raw_ns;
};

static int64_t raw_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Both clocks at one moment: the closest of some tries. */
static struct tsc_pair read_both(void)
{
	struct tsc_pair best = { 0 };
	uint64_t narrow = UINT64_MAX;

	for (int i = 0; i < 16; i++) {
		uint64_t a = __rdtsc();
		int64_t ns = raw_ns();
		uint64_t b = __rdtsc();

		if (b - a < narrow) {
			narrow = b - a;
			best = (struct tsc_pair){ a + (b - a) / 2, ns };
		}
	}
	return best;
}

/* CPUID 0x80000007, EDX bit 8: constant, and running in all sleep states. */
static bool tsc_is_invariant(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8);
}

unsigned accel_tsc_khz(const char *dir)
{
	struct tsc_pair first, now;
	struct accel_memory m;
	long double khz;

	if (!tsc_is_invariant())
		return 0;
	load(dir, &m);
	now = read_both();
	first = (struct tsc_pair){ m.tsc, m.tsc_raw_ns };
	if (first.raw_ns <= 0 || now.raw_ns - first.raw_ns < TSC_BASE_NS || now.tsc <= first.tsc) {
		first = now;
		nanosleep(&(struct timespec){ .tv_nsec = TSC_BASE_NS }, NULL);
		now = read_both();
		m.tsc = first.tsc;
		m.tsc_raw_ns = first.raw_ns;
		save(dir, &m);
	}
	khz = (long double)(now.tsc - first.tsc) * 1e6L / (long double)(now.raw_ns - first.raw_ns);
	return khz < 1e5L || khz > 1e8L ? 0 : (unsigned)(khz + 0.5L);
}
#else
unsigned accel_tsc_khz(const char *dir)
{
	return 0;
}
#endif

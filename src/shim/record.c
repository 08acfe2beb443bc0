/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - what the shim leaves in the container's folder. */
#include "shim/record.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "shim/sandbox.h"
#include "store/events.h"

static const char *state_word(const struct sandbox *sb)
{
	switch (sb->state) {
	case SANDBOX_STARTING:
		return "starting";
	case SANDBOX_RUNNING:
		return sb->paused || sb->frozen ? "paused" : "running";
	case SANDBOX_STOPPING:
		return "stopping";
	case SANDBOX_GONE:
		break;
	}
	return sb->dead ? "dead" : "exited";
}

static void add_time(cJSON *j, const char *name, int64_t ns)
{
	char text[CLOCK_RFC3339_MAX];

	if (!ns)
		return;
	clock_rfc3339(ns, text);
	cJSON_AddStringToObject(j, name, text);
}

void record_state(struct sandbox *sb, bool last)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	const struct vm_boot *boot = sb->vm ? vm_boot(sb->vm) : NULL;
	struct err e = { 0 };

	cJSON_AddStringToObject(j, "state", state_word(sb));
	if (last)
		cJSON_AddNumberToObject(j, "exit_code", sb->exit_code);
	add_time(j, "started", sb->started);
	add_time(j, "finished", sb->finished);
	cJSON_AddNumberToObject(j, "pid", last ? 0 : getpid());
	cJSON_AddNumberToObject(j, "qemu_pid", sb->vm ? vm_pid(sb->vm) : 0);
	cJSON_AddStringToObject(j, "accel", !boot || !boot->agent ? "" : boot->kvm ? "kvm" : "tcg");
	cJSON_AddStringToObject(j, "kernel", sb->kernel);
	cJSON_AddStringToObject(j, "cause", sb->cause);
	cJSON_AddBoolToObject(j, "oom_killed", sb->oom_killed);
	if (sb->ports)
		cJSON_AddItemToObject(j, "ports", cJSON_Duplicate(sb->ports, 1));
	if (sb->remove && last)
		return; /* the folder goes in a moment */
	if (container_write_state(sb->dir, j, last, &e) < 0)
		log_error("%s", e.text);
}

static void add_stage(cJSON *stages, const char *name, int64_t begin, int64_t from, int64_t to)
{
	cJSON *s = cJSON_CreateObject();

	cJSON_AddStringToObject(s, "name", name);
	cJSON_AddNumberToObject(s, "start_ms", from > begin ? (double)((from - begin) / 1000) / 1000 : 0);
	cJSON_AddNumberToObject(s, "ms", to > from ? (double)((to - from) / 1000) / 1000 : 0);
	cJSON_AddItemToArray(stages, s);
}

void record_boot(struct sandbox *sb)
{
	const struct vm_boot *b = vm_boot(sb->vm);
	int64_t begin = sb->asked ? sb->asked : sb->boot_begin;
	int64_t mounted = sb->prepare_begin + (int64_t)sb->mounts_usec * 1000;
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	AUTO_FREE char *text = NULL;
	cJSON *stages = cJSON_AddArrayToObject(j, "stages");
	struct err e = { 0 };

	if (mounted > sb->prepare_end || mounted == sb->prepare_begin)
		mounted = sb->prepare_end;
	add_stage(stages, "prepare", begin, begin, b->begin);
	add_stage(stages, "qemu", begin, b->begin + b->tried_kvm_ns, b->qemu);
	add_stage(stages, "kernel", begin, b->qemu, b->kernel);
	add_stage(stages, "agent", begin, b->kernel, sb->prepare_begin);
	add_stage(stages, "mounts", begin, sb->prepare_begin, mounted);
	add_stage(stages, "network", begin, mounted, sb->prepare_end);
	add_stage(stages, "process", begin, MAX(sb->prepare_end, sb->start_begin), sb->start_end);
	cJSON_AddNumberToObject(j, "total_ms", (double)((sb->start_end - begin) / 1000) / 1000);
	cJSON_AddStringToObject(j, "accel", b->kvm ? "kvm" : "tcg");
	if (b->tried_kvm_ns)
		cJSON_AddNumberToObject(j, "tried_kvm_ms", (double)(b->tried_kvm_ns / 1000) / 1000);
	add_time(j, "started", sb->started);
	text = json_print(j);
	if (!text || file_swap(sb->dir, "boots.json", text, strlen(text), 0600, &e) < 0)
		log_error("cannot record the start: %s", e.text);
}

void record_screen(struct sandbox *sb)
{
	AUTO_BUF struct buf text = { 0 };
	AUTO_BUF struct buf snapshot = { 0 };
	struct err e = { 0 };

	if (!sb->main || !sb->main->tty || sb->remove)
		return;
	if (console_text(&sb->main->con, 0, &text) < 0 ||
	    file_replace(sb->dir, "screen", text.p ? text.p : (uint8_t *)"", text.len, 0600, &e) < 0 ||
	    vt_snapshot(sb->main->con.vt, 0, 10000, &snapshot) < 0 ||
	    file_replace(sb->dir, "screen.vt", snapshot.p ? snapshot.p : (uint8_t *)"", snapshot.len, 0600, &e) < 0)
		log_error("cannot keep the last screen: %s", e.text);
}

void record_event(struct sandbox *sb, const char *action, const char *const *kv)
{
	store_event_container(sb->root, sb->id, action, kv);
}

void record_event_number(struct sandbox *sb, const char *action, const char *key, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	record_event(sb, action, (const char *[]){ key, text, NULL });
}

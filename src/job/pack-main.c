/* SPDX-License-Identifier: Apache-2.0 */
/* pack-main.c - berth-pack, the confined worker that turns file systems into a tar. It gets what it needs as
 * descriptors, opens nothing, and says on PACK_SAY, a line of JSON each, how far it is and how it ended.
 *
 *   berth-pack tree PATH   the file system in PACK_BASE, from PATH on
 *   berth-pack merged DIR  the folder DIR of the file system in PACK_UPPER over the one in PACK_BASE
 *   berth-pack layer DIR   what the folder changes, as a layer of an image, compressed */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/str.h"
#include "ext4/merge.h"
#include "job/own-files.h"
#include "job/pack-int.h"
#include "job/pack-out.h"
#include "job/pack-tar.h"
#include "job/unpack-confine.h"
#include "job/worker-memory.h"

#define PROGRESS_NS 100000000

const char worker_no_memory[] = "{\"end\":true,\"code\":-12,\"text\":\"out of memory\"}\n";
_Static_assert(ENOMEM == 12 && PACK_SAY == WORKER_SAY, "");

struct worker {
	struct ext4_reader *base, *upper;
	struct pack_out *out;
	struct pack_tar *tar;
	const char *prefix; /* of names in the tar */
	int64_t said_ns;
};

static void say(cJSON *j)
{
	AUTO_FREE char *text = json_print(j);
	AUTO_FREE char *line = text ? path_fmt("%s\n", text) : NULL;

	cJSON_Delete(j);
	if (!line || file_write_full(PACK_SAY, line, strlen(line)) < 0)
		_exit(1);
}

static void say_progress(struct worker *w)
{
	struct timespec t;
	int64_t now;
	cJSON *j;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
	if (now - w->said_ns < PROGRESS_NS)
		return;
	w->said_ns = now;
	j = cJSON_CreateObject();
	cJSON_AddNumberToObject(j, "raw", (double)pack_out_raw(w->out));
	say(j);
}

static void on_moved(void *arg)
{
	say_progress(arg);
}

/* --- one file system */

static int on_entry(void *arg, const struct ext4_walk_entry *en, struct err *e)
{
	struct worker *w = arg;
	AUTO_FREE char *path = path_fmt("%s%s%s", w->prefix, *w->prefix && *en->path ? "/" : "", en->path);

	say_progress(w);
	if (!path)
		return err_set(e, -ENOMEM, "out of memory");
	return pack_tar_add(w->tar, w->base, path, &en->st, e);
}

static int pack_tree(struct worker *w, const char *path, struct err *e)
{
	uint32_t ino;
	int rc = ext4_reader_find(w->base, path, false, &ino, e);

	if (rc < 0)
		return err_wrap(e, rc, "'%s'", path);
	w->prefix = path + strspn(path, "/");
	return ext4_reader_walk(w->base, ino, ~0u, on_entry, w, e);
}

/* --- two */

static int on_merged(void *arg, const struct ext4_merge_entry *en, struct err *e)
{
	struct worker *w = arg;

	say_progress(w);
	if (en->kind == EXT4_MERGE_GONE)
		return 0;
	return pack_tar_add(w->tar, en->from, en->path, &en->st, e);
}

static int mark(struct worker *w, const struct ext4_merge_entry *en, const char *prefix, const char *name,
		struct err *e)
{
	size_t dir = strlen(en->path) - strlen(en->name);
	AUTO_FREE char *path = path_fmt("%.*s%s%s", (int)dir, en->path, prefix, name);

	return path ? pack_tar_mark(w->tar, path, e) : err_set(e, -ENOMEM, "out of memory");
}

static int on_layer(void *arg, const struct ext4_merge_entry *en, struct err *e)
{
	struct worker *w = arg;
	int rc;

	say_progress(w);
	if (en->kind == EXT4_MERGE_GONE)
		return en->hidden || (own_file(en->path, false) && !own_folder(en)) ? 0 : mark(w, en, ".wh.", en->name, e);
	rc = own_way_only(en) ? 1 : own_entry(en, e);
	if (rc != 0)
		return MIN(rc, 0);
	if (str_starts(en->name, ".wh."))
		return err_set(e, -EINVAL, "a layer cannot hold '/%s': its name means that a file is gone",
			       en->path);
	rc = pack_tar_add(w->tar, en->from, en->path, &en->st, e);
	if (rc == 0 && en->opaque && !en->hidden) { /* the marker hides all below it */
		AUTO_FREE char *path = path_fmt("%s%s.wh..wh..opq", en->path, *en->path ? "/" : "");

		rc = path ? pack_tar_mark(w->tar, path, e) : err_set(e, -ENOMEM, "out of memory");
	}
	return rc;
}

static int pack_both(struct worker *w, const char *dir, ext4_merge_cb fn, struct err *e)
{
	uint32_t ino;
	int rc = ext4_reader_open(PACK_UPPER, &w->upper, e);

	if (rc == 0)
		rc = ext4_reader_find(w->upper, dir, false, &ino, e);
	if (rc < 0)
		return err_wrap(e, rc, "the container's disk");
	return ext4_merge_walk(w->base, w->upper, ino, fn == on_layer, fn, w, e);
}

static int pack(struct worker *w, const char *mode, const char *path, struct pack_totals *ret, struct err *e)
{
	bool layer = !strcmp(mode, "layer");
	int rc = pack_out_create(PACK_OUT, layer, &w->out, e);

	if (rc == 0)
		rc = pack_tar_create(w->out, &w->tar, e);
	if (rc == 0)
		pack_tar_watch(w->tar, on_moved, w);
	if (rc == 0)
		rc = ext4_reader_open(PACK_BASE, &w->base, e);
	if (rc < 0)
		return rc;
	rc = !strcmp(mode, "tree") ? pack_tree(w, path, e) :
	     pack_both(w, path, layer ? on_layer : on_merged, e);
	if (rc == 0)
		rc = pack_tar_end(w->tar, e);
	return rc < 0 ? rc : pack_out_end(w->out, ret, e);
}

static void say_end(const struct worker *w, int rc, const struct pack_totals *t, const struct err *e)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddBoolToObject(j, "end", true);
	if (rc < 0) {
		cJSON_AddNumberToObject(j, "code", rc);
		cJSON_AddStringToObject(j, "text", e->text);
	} else {
		cJSON_AddNumberToObject(j, "raw", (double)t->raw);
		cJSON_AddNumberToObject(j, "written", (double)t->written);
		cJSON_AddStringToObject(j, "digest", t->digest.text);
		cJSON_AddStringToObject(j, "diff_id", t->diff_id.text);
		cJSON_AddNumberToObject(j, "entries", (double)pack_tar_entries(w->tar));
		cJSON_AddNumberToObject(j, "left_out", (double)pack_tar_left_out(w->tar));
	}
	say(j);
}

int main(int argc, char **argv)
{
	struct worker w = { 0 };
	struct pack_totals totals = { 0 };
	struct err e = { 0 };
	bool landlock;
	int rc;

	if (argc != 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit of files' sizes is an error like any other */
	/* names that are UTF-8 are told as such, all others as bytes */
	setlocale(LC_CTYPE, "C.UTF-8");
	rc = unpack_confine(NULL, 0, &landlock, &e);
	if (rc == 0)
		rc = pack(&w, argv[1], argv[2], &totals, &e);
	say_end(&w, rc, &totals, &e);
	pack_tar_destroy(w.tar);
	pack_out_destroy(w.out);
	ext4_reader_close(w.base);
	ext4_reader_close(w.upper);
	return rc < 0;
}

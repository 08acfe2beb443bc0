/* SPDX-License-Identifier: Apache-2.0 */
/* import-tar.c - the bytes are read once, to know them: their digest, that of the tar in them, and its headers; then they
 * are taken in like any blob. */
#include "store/import-tar.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "oci/inflate.h"
#include "oci/instruction.h"
#include "base/tar.h"
#include "store/content.h"
#include "store/gc.h"
#include "store/spool.h"
#include "store/tags.h"

#define CHUNK (256u << 10)
#define MAX_DEFAULT (UINT64_C(64) << 30)

/* A stream that is read as a tar, while what passes is hashed and, if it cannot be read again, kept. */
struct stream {
	struct tar_src src;
	int fd, keep;         /* keep: -1, or where the bytes go */
	struct pace *pace;
	struct oci_inflate *inflate;
	struct oci_hash stored, inner;
	uint8_t *in, *out;
	size_t nin, in_at, nout, out_at;
	uint64_t size, raw, max;
	bool ended;
};

static void stream_finish(struct stream *t)
{
	oci_inflate_destroy(t->inflate);
	oci_hash_finish(&t->stored);
	oci_hash_finish(&t->inner);
	free(t->in);
	free(t->out);
}

static int more_input(struct stream *t, struct err *e)
{
	ssize_t n = store_read_some(t->fd, t->in, CHUNK, t->pace, e);

	if (n < 0)
		return (int)n;
	t->in_at = 0;
	t->nin = (size_t)n;
	t->size += t->nin;
	if (n == 0) {
		t->ended = true;
		return 0;
	}
	if (oci_hash_add(&t->stored, t->in, t->nin) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = t->keep >= 0 ? file_write_full(t->keep, t->in, t->nin) : 0;
	return rc < 0 ? err_sys(e, rc, "cannot write to the store") : pace_step(t->pace, t->nin, e);
}

/* 1: there are bytes in out; 0: the end. */
static int more_output(struct stream *t, struct err *e)
{
	while (t->out_at == t->nout) {
		size_t used = 0, made = 0;
		int rc = oci_inflate_run(t->inflate, t->in + t->in_at, t->nin - t->in_at, &used, t->out, CHUNK, &made, e);

		if (rc < 0)
			return rc;
		t->in_at += used;
		t->nout = made;
		t->out_at = 0;
		t->raw += made;
		if (t->raw > t->max)
			return err_set(e, -EFBIG, "the archive has more than %ju bytes", (uintmax_t)t->max);
		if (made && oci_hash_add(&t->inner, t->out, made) < 0)
			return err_set(e, -ENOMEM, "out of memory");
		if (made || used)
			continue;
		if (t->ended)
			return oci_inflate_end(t->inflate, e);
		rc = more_input(t, e);
		if (rc < 0)
			return rc;
	}
	return 1;
}

/* p NULL: they are dropped. How many there were. */
static int64_t take(struct stream *t, void *p, uint64_t n, struct err *e)
{
	uint64_t got = 0;

	while (got < n) {
		int rc = more_output(t, e);
		if (rc < 0)
			return rc;
		if (rc == 0)
			break;
		size_t part = (size_t)MIN(n - got, (uint64_t)(t->nout - t->out_at));
		if (p)
			memcpy((uint8_t *)p + got, t->out + t->out_at, part);
		t->out_at += part;
		got += part;
	}
	return (int64_t)got;
}

static int stream_read(struct tar_src *s, void *p, size_t n, struct err *e)
{
	int64_t got = take(container_of(s, struct stream, src), p, n, e);

	if (got < 0)
		return (int)got;
	return got == 0 ? 0 : (uint64_t)got == n ? 1 : err_set(e, -EBADMSG, "the archive is cut short");
}

static int stream_skip(struct tar_src *s, uint64_t n, struct err *e)
{
	int64_t got = take(container_of(s, struct stream, src), NULL, n, e);

	if (got < 0)
		return (int)got;
	return (uint64_t)got == n ? 0 : err_set(e, -EBADMSG, "the archive is cut short");
}

/* --- the layer */

static int check_members(struct stream *t, struct err *e)
{
	AUTO_FREE struct tar_member *m = malloc(sizeof(*m));
	AUTO_FREE char *clean = malloc(TAR_NAME_MAX + 1);
	struct tar_walk w = { .src = &t->src };
	int rc = m && clean ? 1 : err_set(e, -ENOMEM, "out of memory");

	while (rc == 1 && (rc = tar_next(&w, m, e)) == 1)
		if (path_clean(m->name, clean, TAR_NAME_MAX + 1) < 0)
			return err_set(e, -EINVAL, "it has a member '%.200s', which is no place in a tree", m->name);
	if (rc < 0)
		return rc;
	int64_t rest = take(t, NULL, INT64_MAX, e); /* what fills the last record */
	return rest < 0 ? (int)rest : 0;
}

static int read_layer(struct store *s, const struct store_import_tar *o, int fd, struct pace *p, struct stream *t,
		      struct oci_desc *layer, struct oci_digest *diff_id, struct err *e)
{
	static const char *const media[] = { OCI_MT_LAYER, OCI_MT_LAYER_GZIP, OCI_MT_LAYER_ZSTD };
	uint8_t head[4] = { 0 };

	*t = (struct stream){ .src = { stream_read, stream_skip }, .fd = fd, .keep = t->keep, .pace = p,
			      .in = malloc(CHUNK), .out = malloc(CHUNK), .max = o->max ? o->max : MAX_DEFAULT };
	if (!t->in || !t->out || oci_hash_init(&t->stored, OCI_SHA256) < 0 || oci_hash_init(&t->inner, OCI_SHA256) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = oci_inflate_create(OCI_INFLATE_AUTO, &t->inflate, e);
	if (rc == 0)
		rc = more_input(t, e);
	memcpy(head, t->in, MIN(t->nin, sizeof(head)));
	if (rc == 0)
		rc = check_members(t, e);
	if (rc < 0)
		return rc;
	*layer = (struct oci_desc){ .size = t->size };
	strcpy(layer->media_type, media[head[0] == 0x1f && head[1] == 0x8b	    ? 1 :
					memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0 ? 2 :
										     0]);
	layer->kind = oci_media_kind(layer->media_type);
	return oci_hash_end(&t->stored, &layer->digest) < 0 || oci_hash_end(&t->inner, diff_id) < 0 ?
		       err_set(e, -ENOMEM, "out of memory") :
		       0;
}

/* --- config and manifest */

static int make_config(const struct store_import_tar *o, const struct oci_digest *diff_id, char **ret, struct err *e)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	AUTO_FREE char *how = path_fmt("Imported from %s", o->source);
	char now[CLOCK_RFC3339_MAX];
	cJSON *config, *root, *ids, *history, *step;
	int rc = 0;

	clock_rfc3339(clock_real_ns(), now);
	bool ok = j && how && cJSON_AddStringToObject(j, "created", now) &&
		  cJSON_AddStringToObject(j, "architecture", o->platform.arch) &&
		  (!o->platform.variant[0] || cJSON_AddStringToObject(j, "variant", o->platform.variant)) &&
		  cJSON_AddStringToObject(j, "os", o->platform.os) && (config = cJSON_AddObjectToObject(j, "config")) &&
		  (root = cJSON_AddObjectToObject(j, "rootfs")) && cJSON_AddStringToObject(root, "type", "layers") &&
		  (ids = cJSON_AddArrayToObject(root, "diff_ids")) &&
		  cJSON_AddItemToArray(ids, cJSON_CreateString(diff_id->text)) &&
		  (history = cJSON_AddArrayToObject(j, "history")) && (step = cJSON_CreateObject()) &&
		  cJSON_AddItemToArray(history, step) && cJSON_AddStringToObject(step, "created", now) &&
		  cJSON_AddStringToObject(step, "created_by", "berth import") &&
		  cJSON_AddStringToObject(step, "comment", o->message ? o->message : how);
	for (const char *const *c = o->changes; ok && rc == 0 && c && *c; c++)
		rc = oci_instruction_apply(config, *c, e);
	if (rc < 0)
		return rc;
	*ret = ok ? json_print(j) : NULL;
	return *ret ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static char *make_manifest(const struct oci_desc *config, const struct oci_desc *layer)
{
	AUTO_JSON cJSON *m = cJSON_CreateObject();
	cJSON *list;

	if (!m || !cJSON_AddNumberToObject(m, "schemaVersion", 2) ||
	    !cJSON_AddStringToObject(m, "mediaType", OCI_MT_MANIFEST) ||
	    !cJSON_AddItemToObject(m, "config", oci_desc_json(config)) || !(list = cJSON_AddArrayToObject(m, "layers")) ||
	    !cJSON_AddItemToArray(list, oci_desc_json(layer)))
		return NULL;
	return json_print(m);
}

static int add_all(struct store *s, const struct store_import_tar *o, const struct store_range *r,
		   const struct oci_desc *layer, const struct oci_digest *diff_id, struct pace *p, struct oci_desc *ret,
		   struct oci_digest *ret_id, struct err *e)
{
	AUTO(store_lease_end) struct store_lease lease = { .fd = -1 };
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *manifest = NULL;
	struct oci_desc config = { .kind = OCI_KIND_CONFIG }, top = { .kind = OCI_KIND_MANIFEST };
	int rc = make_config(o, diff_id, &text, e);

	if (rc == 0)
		rc = store_lease_begin(s, &lease, e);
	lease.remember = true;
	if (rc == 0)
		rc = store_blob_add_range(s, &lease, r, layer, p, e);
	if (rc == 0)
		rc = store_blob_add(s, &lease, text, strlen(text), &config, e);
	strcpy(config.media_type, OCI_MT_CONFIG);
	strcpy(top.media_type, OCI_MT_MANIFEST);
	if (rc == 0 && !(manifest = make_manifest(&config, layer)))
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = store_blob_add(s, &lease, manifest, strlen(manifest), &top, e);
	if (rc == 0)
		rc = store_tag_set(s, o->name, &top, e);
	if (rc == 0) {
		*ret = top;
		*ret_id = config.digest;
	} else {
		store_gc_take_back(&lease);
	}
	return rc;
}

int store_import_tar(struct store *s, const struct store_import_tar *o, int fd, struct pace *p, struct oci_desc *ret,
		     struct oci_digest *ret_id, struct err *e)
{
	AUTO(stream_finish) struct stream t = { .keep = -1 };
	AUTO_CLOSE int keep = -1;
	struct oci_desc layer = { .size = 0 };
	struct oci_digest diff_id;
	struct stat st;
	int rc = fstat(fd, &st) < 0 ? err_sys(e, -errno, "cannot read it") : 0;
	bool again = rc == 0 && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0;

	if (again)
		pace_expect(p, (uint64_t)st.st_size * 2);
	else if (rc == 0)
		rc = t.keep = keep = store_tmpfile(s, e);
	if (rc >= 0)
		rc = read_layer(s, o, fd, p, &t, &layer, &diff_id, e);
	if (rc == 0) {
		struct store_range r = { again ? fd : keep, false, 0, layer.size };

		rc = add_all(s, o, &r, &layer, &diff_id, p, ret, ret_id, e);
	}
	return rc < 0 ? err_wrap(e, rc, "cannot import '%s'", o->source) : 0;
}

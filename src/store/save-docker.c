/* SPDX-License-Identifier: Apache-2.0 */
/* save-docker.c - as docker save wrote it before OCI: configs, layers as plain tars, manifest.json. A layer is read twice:
 * a tar's header tells the size of what follows. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "oci/inflate.h"
#include "oci/ref.h"
#include "store/content.h"
#include "store/save.h"

#define CHUNK (256u << 10)

struct docker {
	const struct store_save *o;
	struct save_out *out;
	char **written; /* names of members */
	size_t nwritten;
	cJSON *list; /* manifest.json */
};

static void docker_finish(struct docker *k)
{
	for (size_t i = 0; i < k->nwritten; i++)
		free(k->written[i]);
	free(k->written);
	cJSON_Delete(k->list);
}

/* 1: it is in the archive already. */
static int once(struct docker *k, const char *name, struct err *e)
{
	for (size_t i = 0; i < k->nwritten; i++)
		if (strcmp(k->written[i], name) == 0)
			return 1;
	char **more = reallocarray(k->written, k->nwritten + 1, sizeof(*more));
	if (more)
		k->written = more;
	if (!more || !(more[k->nwritten] = strdup(name)))
		return err_set(e, -ENOMEM, "out of memory");
	k->nwritten++;
	return 0;
}

/* --- layers */

struct pass {
	struct oci_inflate *inflate;
	struct oci_hash hash;
	uint8_t *in, *out;
	struct save_out *to; /* NULL: only counted */
	uint64_t made;
};

static void pass_finish(struct pass *p)
{
	oci_inflate_destroy(p->inflate);
	oci_hash_finish(&p->hash);
	free(p->in);
	free(p->out);
}

static int take(struct pass *p, size_t n, struct pace *pace, struct err *e)
{
	for (size_t at = 0, used = 0, made = 1; made || at < n; at += used) {
		int rc = oci_inflate_run(p->inflate, p->in + at, n - at, &used, p->out, CHUNK, &made, e);

		if (rc == 0 && made && oci_hash_add(&p->hash, p->out, made) < 0)
			rc = err_set(e, -ENOMEM, "out of memory");
		if (rc == 0 && made && p->to)
			rc = save_bytes(p->to, p->out, made, e);
		if (rc < 0)
			return rc;
		p->made += made;
		if (!used && !made)
			break;
	}
	return pace_step(pace, 0, e);
}

/* The layer's bytes, inflated: into to, or only counted. They must have diff_id. */
static int run_layer(struct docker *k, const struct oci_desc *d, const struct oci_digest *diff_id, struct save_out *to,
		     uint64_t *ret_size, struct err *e)
{
	AUTO(pass_finish) struct pass p = { .in = malloc(CHUNK), .out = malloc(CHUNK), .to = to };
	struct oci_digest have;

	if (!p.in || !p.out || oci_hash_init(&p.hash, oci_digest_alg(diff_id)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	AUTO_CLOSE int fd = store_blob_open(k->o->store, d, e);
	int rc = fd < 0 ? fd : oci_inflate_create(oci_inflate_kind_of(d->kind), &p.inflate, e);
	while (rc == 0) {
		ssize_t n = file_read_full(fd, p.in, CHUNK);

		if (n < 0)
			return err_sys(e, (int)n, "cannot read blob '%s'", d->digest.text);
		if (n == 0)
			break;
		rc = take(&p, (size_t)n, k->o->pace, e);
	}
	if (rc == 0)
		rc = oci_inflate_end(p.inflate, e);
	if (rc == 0 && oci_hash_end(&p.hash, &have) < 0)
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc == 0 && !oci_digest_eq(&have, diff_id))
		rc = err_set(e, -EBADMSG, "what is in it has the digest %s, the image says %s", have.text, diff_id->text);
	*ret_size = p.made;
	return rc < 0 ? err_wrap(e, rc, "layer '%s'", d->digest.text) : 0;
}

static int write_layer(struct docker *k, const struct oci_desc *d, const struct oci_digest *diff_id, cJSON *names,
		       struct err *e)
{
	AUTO_FREE char *name = path_fmt("%s.tar", oci_digest_hex(diff_id));
	uint64_t size = d->size, made;

	if (!name || !cJSON_AddItemToArray(names, cJSON_CreateString(name)))
		return err_set(e, -ENOMEM, "out of memory");
	int rc = once(k, name, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (d->kind != OCI_KIND_LAYER_TAR)
		rc = run_layer(k, d, diff_id, NULL, &size, e);
	pace_expect(k->o->pace, size);
	if (rc == 0)
		rc = save_begin(k->out, name, size, e);
	if (rc == 0)
		rc = run_layer(k, d, diff_id, k->out, &made, e);
	return rc == 0 ? save_fill(k->out, size, e) : rc;
}

/* --- images */

/* The row of an image that was listed under another name already. */
static cJSON *row_of(const struct docker *k, const char *config)
{
	cJSON *row;

	cJSON_ArrayForEach(row, k->list)
		if (strcmp(json_str(row, "Config"), config) == 0)
			return row;
	return NULL;
}

static int add_name(cJSON *row, const struct save_image *m, struct err *e)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	AUTO_FREE char *familiar = NULL;
	cJSON *tags = cJSON_GetObjectItemCaseSensitive(row, "RepoTags");

	if (!m->name)
		return 0;
	int rc = oci_ref_parse(m->name, &ref, e);
	if (rc < 0 || ref.digest)
		return rc;
	familiar = oci_ref_familiar(&ref);
	return familiar && cJSON_AddItemToArray(tags, cJSON_CreateString(familiar)) ?
		       0 :
		       err_set(e, -ENOMEM, "out of memory");
}

static int write_image(struct docker *k, const struct save_image *m, struct err *e)
{
	AUTO(oci_image_finish) struct oci_image image = { 0 };
	struct oci_platform host;
	cJSON *row, *layers;

	oci_platform_host(&host);
	int rc = oci_layout_image(&k->o->store->layout, &m->top, k->o->platform ? k->o->platform : &host, &image, e);
	if (rc < 0)
		return rc;
	AUTO_FREE char *config = path_fmt("%s.json", oci_digest_hex(&image.manifest.config.digest));
	if (!config)
		return err_set(e, -ENOMEM, "out of memory");
	row = row_of(k, config);
	if (row)
		return add_name(row, m, e);
	row = cJSON_CreateObject();
	if (!row || !cJSON_AddItemToArray(k->list, row) || !cJSON_AddStringToObject(row, "Config", config) ||
	    !cJSON_AddArrayToObject(row, "RepoTags") || !(layers = cJSON_AddArrayToObject(row, "Layers")))
		return err_set(e, -ENOMEM, "out of memory");
	rc = add_name(row, m, e);
	if (rc == 0)
		rc = save_member(k->out, config, image.config_json, image.config_len, e);
	for (size_t i = 0; rc == 0 && i < image.manifest.nlayers; i++)
		rc = write_layer(k, &image.manifest.layers[i], &image.config.diff_ids[i], layers, e);
	return rc;
}

int store_save_docker(const struct store_save *o, const struct save_image *v, size_t n, struct save_out *out,
		      struct err *e)
{
	AUTO(docker_finish) struct docker k = { .o = o, .out = out, .list = cJSON_CreateArray() };
	int rc = k.list ? 0 : err_set(e, -ENOMEM, "out of memory");

	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = write_image(&k, &v[i], e);
		if (rc < 0)
			err_wrap(e, rc, "image '%s'", v[i].asked);
	}
	AUTO_FREE char *text = rc == 0 ? json_print(k.list) : NULL;
	if (rc == 0 && !text)
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = save_member(out, "manifest.json", text, strlen(text), e);
	return rc == 0 ? save_end(out, e) : rc;
}

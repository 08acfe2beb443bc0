/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/layout.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "oci/desc.h"

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		abort();
	}
}

static void write_file(const char *dir, const char *name, const void *p, size_t n)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd >= 0 && file_write_full(fd, p, n) == 0, path);
}

void layout_compress(char how, const void *p, size_t n, struct buf *ret)
{
	size_t cap = n + n / 8 + 1024, len;
	AUTO_FREE uint8_t *out = malloc(cap);

	if (how == 'g') {
		struct isal_zstream z;

		isal_deflate_stateless_init(&z);
		z.gzip_flag = IGZIP_GZIP;
		z.end_of_stream = 1;
		z.next_in = (uint8_t *)p;
		z.avail_in = (uint32_t)n;
		z.next_out = out;
		z.avail_out = (uint32_t)cap;
		must(isal_deflate_stateless(&z) == COMP_OK, "gzip");
		len = z.total_out;
	} else {
		len = ZSTD_compress(out, cap, p, n, 3);
		must(!ZSTD_isError(len), "zstd");
	}
	buf_add(ret, out, len);
}

static void write_blob(const char *dir, const struct oci_digest *d, const void *p, size_t n)
{
	char path[OCI_DIGEST_MAX + 8];

	oci_digest_path(d, path);
	write_file(dir, path, p, n);
}

void layout_add_blob(const char *dir, const void *p, size_t n, struct oci_digest *ret)
{
	must(oci_digest_of(OCI_SHA256, p, n, ret) == 0, "digest");
	write_blob(dir, ret, p, n);
}

static void add_layer(const char *dir, const struct test_layer *l, cJSON *layers, cJSON *diff_ids)
{
	AUTO_BUF struct buf blob = { 0 };
	const char *fault = l->fault ? l->fault : "";
	struct oci_digest diff, digest;
	struct oci_desc d = { 0 };

	oci_digest_of(OCI_SHA256, l->tar->p, strcmp(fault, "diff_id") ? l->tar->len : 0, &diff);
	if (l->how)
		layout_compress(l->how, l->tar->p, l->tar->len, &blob);
	else
		buf_add(&blob, l->tar->p, l->tar->len);
	if (!strcmp(fault, "cut"))
		blob.len /= 2;
	oci_digest_of(OCI_SHA256, blob.p, strcmp(fault, "digest") ? blob.len : 0, &digest);
	d.digest = digest;
	d.size = blob.len - !strcmp(fault, "size");
	snprintf(d.media_type, sizeof(d.media_type), "%s",
		 l->how == 'g'   ? OCI_MT_LAYER_GZIP
		 : l->how == 'z' ? OCI_MT_LAYER_ZSTD
				 : OCI_MT_LAYER);
	write_blob(dir, &digest, blob.p, blob.len);
	cJSON_AddItemToArray(layers, oci_desc_json(&d));
	cJSON_AddItemToArray(diff_ids, cJSON_CreateString(diff.text));
}

/* Puts the document into dir and its descriptor into ret. */
static void add_doc(const char *dir, const cJSON *j, const char *type, struct oci_desc *ret)
{
	AUTO_FREE char *text = json_print(j);

	memset(ret, 0, sizeof(*ret));
	ret->size = strlen(text);
	snprintf(ret->media_type, sizeof(ret->media_type), "%s", type);
	layout_add_blob(dir, text, ret->size, &ret->digest);
}

static void make_folders(const char *dir)
{
	const char *const names[] = { "", "blobs", "blobs/sha256" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *path = path_join(dir, names[i]);

		mkdir(path, 0755);
	}
	write_file(dir, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", 30);
}

static void add_to_index(const char *dir, const struct oci_desc *d, const char *tag)
{
	AUTO_FREE char *path = path_join(dir, "index.json"), *old = NULL;
	AUTO_JSON cJSON *j = NULL;
	size_t len;

	if (file_load(AT_FDCWD, path, 1 << 20, &old, &len, NULL) < 0 ||
	    json_parse(old, len, "index", &j, NULL) < 0)
		j = cJSON_Parse("{\"schemaVersion\":2,\"manifests\":[]}");
	cJSON *entry = oci_desc_json(d);
	if (tag)
		cJSON_AddStringToObject(cJSON_AddObjectToObject(entry, "annotations"),
					"org.opencontainers.image.ref.name", tag);
	cJSON_AddItemToArray(cJSON_GetObjectItem(j, "manifests"), entry);
	AUTO_FREE char *text = json_print(j);
	write_file(dir, "index.json", text, strlen(text));
}

void layout_add(const char *dir, struct test_image *m)
{
	AUTO_JSON cJSON *manifest = cJSON_CreateObject(), *config = cJSON_CreateObject();
	struct oci_platform host;
	struct oci_desc d;

	make_folders(dir);
	oci_platform_host(&host);
	cJSON_AddStringToObject(config, "architecture", host.arch);
	cJSON_AddStringToObject(config, "os", "linux");
	cJSON_AddStringToObject(config, "created", "2026-01-01T00:00:00Z");
	cJSON_AddRawToObject(config, "config", m->config ? m->config : "{}");
	cJSON *rootfs = cJSON_AddObjectToObject(config, "rootfs");
	cJSON_AddStringToObject(rootfs, "type", "layers");
	cJSON *diff_ids = cJSON_AddArrayToObject(rootfs, "diff_ids"), *layers = cJSON_CreateArray();
	for (const struct test_layer *l = m->layers; l->tar; l++)
		add_layer(dir, l, layers, diff_ids);
	add_doc(dir, config, OCI_MT_CONFIG, &d);
	m->id = d.digest;
	cJSON_AddNumberToObject(manifest, "schemaVersion", 2);
	cJSON_AddStringToObject(manifest, "mediaType", OCI_MT_MANIFEST);
	cJSON_AddItemToObject(manifest, "config", oci_desc_json(&d));
	cJSON_AddItemToObject(manifest, "layers", layers);
	add_doc(dir, manifest, OCI_MT_MANIFEST, &d);
	m->manifest = d.digest;
	add_to_index(dir, &d, m->tag);
}

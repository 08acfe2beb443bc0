/* SPDX-License-Identifier: Apache-2.0 */
/* desc.c - descriptors, platforms and media types. */
#include "oci/desc.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "base/auto.h"
#include "base/str.h"

enum oci_kind oci_media_kind(const char *media_type)
{
	static const struct {
		const char *name;
		enum oci_kind kind;
	} kinds[] = {
		{ OCI_MT_INDEX, OCI_KIND_INDEX },
		{ DOCKER_MT_INDEX, OCI_KIND_INDEX },
		{ OCI_MT_MANIFEST, OCI_KIND_MANIFEST },
		{ DOCKER_MT_MANIFEST, OCI_KIND_MANIFEST },
		{ OCI_MT_CONFIG, OCI_KIND_CONFIG },
		{ DOCKER_MT_CONFIG, OCI_KIND_CONFIG },
		{ OCI_MT_LAYER, OCI_KIND_LAYER_TAR },
		{ OCI_MT_LAYER_GZIP, OCI_KIND_LAYER_GZIP },
		{ OCI_MT_LAYER_ZSTD, OCI_KIND_LAYER_ZSTD },
		{ "application/vnd.docker.image.rootfs.diff.tar", OCI_KIND_LAYER_TAR },
		{ DOCKER_MT_LAYER_GZIP, OCI_KIND_LAYER_GZIP },
		{ "application/vnd.docker.image.rootfs.diff.tar.zstd", OCI_KIND_LAYER_ZSTD },
		{ "application/vnd.docker.image.rootfs.foreign.diff.tar", OCI_KIND_LAYER_FOREIGN },
		{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", OCI_KIND_LAYER_FOREIGN },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar", OCI_KIND_LAYER_FOREIGN },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", OCI_KIND_LAYER_FOREIGN },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", OCI_KIND_LAYER_FOREIGN },
		{ DOCKER_MT_SCHEMA1, OCI_KIND_SCHEMA1 },
		{ DOCKER_MT_SCHEMA1_SIGNED, OCI_KIND_SCHEMA1 },
	};
	size_t n = media_type ? strcspn(media_type, "; \t") : 0;

	for (size_t i = 0; n && i < ARRAY_LEN(kinds); i++)
		if (strlen(kinds[i].name) == n && strncasecmp(kinds[i].name, media_type, n) == 0)
			return kinds[i].kind;
	return OCI_KIND_OTHER;
}

/* Other words for the same machines. variant: what the word tells besides. */
static const struct {
	const char *word, *arch, *variant;
} arch_words[] = {
	{ "x86_64", "amd64", "" },    { "x86-64", "amd64", "" },    { "aarch64", "arm64", "" },
	{ "i386", "386", "" },	      { "i686", "386", "" },	    { "armhf", "arm", "v7" },
	{ "armv7l", "arm", "v7" },    { "armv6l", "arm", "v6" },    { "armel", "arm", "v6" },
	{ "ppc64el", "ppc64le", "" }, { "loongarch64", "loong64", "" },
};

static bool copy(char *to, size_t size, const char *from, size_t n)
{
	if (n >= size)
		return false;
	memcpy(to, from, n);
	to[n] = 0;
	return true;
}

static void normalise(struct oci_platform *p)
{
	for (size_t i = 0; i < ARRAY_LEN(arch_words); i++)
		if (strcmp(p->arch, arch_words[i].word) == 0) {
			strcpy(p->arch, arch_words[i].arch);
			if (!p->variant[0])
				strcpy(p->variant, arch_words[i].variant);
			break;
		}
	/* the plain forms are the base of their architecture */
	if ((strcmp(p->arch, "arm64") == 0 && (!strcmp(p->variant, "v8") || !strcmp(p->variant, "8"))) ||
	    (strcmp(p->arch, "amd64") == 0 && strcmp(p->variant, "v1") == 0))
		p->variant[0] = 0;
}

int oci_platform_parse(const char *s, struct oci_platform *ret, struct err *e)
{
	struct oci_platform p = { 0 };
	const char *part[3] = { s };
	size_t len[3] = { 0 }, n = 0;

	for (const char *c = s; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./", *c))
			return err_set(e, -EINVAL, "'%.40s' is not a platform, as in linux/arm64", s);
	for (const char *c = s;; c += len[n - 1] + 1) {
		if (n == 3)
			return err_set(e, -EINVAL, "'%.40s' is not a platform, as in linux/arm64", s);
		part[n] = c;
		len[n++] = strcspn(c, "/");
		if (!c[len[n - 1]])
			break;
	}
	bool ok = n == 1 ? copy(p.arch, sizeof p.arch, part[0], len[0]) :
			   copy(p.os, sizeof p.os, part[0], len[0]) &&
				   copy(p.arch, sizeof p.arch, part[1], len[1]);
	if (ok && n == 3)
		ok = len[2] > 0 && copy(p.variant, sizeof p.variant, part[2], len[2]);
	if (n == 1)
		strcpy(p.os, "linux");
	if (!ok || !p.os[0] || !p.arch[0])
		return err_set(e, -EINVAL, "'%.40s' is not a platform, as in linux/arm64", s);
	normalise(&p);
	*ret = p;
	return 0;
}

void oci_platform_host(struct oci_platform *ret)
{
	struct utsname u;
	struct oci_platform p = { .os = "linux" };

	if (uname(&u) == 0)
		copy(p.arch, sizeof p.arch, u.machine, strnlen(u.machine, sizeof p.arch - 1));
	normalise(&p);
	*ret = p;
}

void oci_platform_str(const struct oci_platform *p, char ret[static OCI_PLATFORM_MAX])
{
	snprintf(ret, OCI_PLATFORM_MAX, "%s/%s%s%s", p->os[0] ? p->os : "unknown",
		 p->arch[0] ? p->arch : "unknown", p->variant[0] ? "/" : "", p->variant);
}

/* "v7" -> 7; 0 for what is no such variant. base: what an empty one stands for. */
static int variant_level(const char *v, int base)
{
	if (!v[0])
		return base;
	return v[0] == 'v' && v[1] >= '1' && v[1] <= '9' && !v[2] ? v[1] - '0' : 0;
}

int oci_platform_match(const struct oci_platform *want, const struct oci_platform *have)
{
	struct oci_platform w = *want, h = *have;

	normalise(&w);
	normalise(&h);
	if (strcmp(w.os, h.os) != 0 || strcmp(w.arch, h.arch) != 0)
		return 0;
	if (strcmp(w.variant, h.variant) == 0)
		return 100;

	bool arm = strcmp(w.arch, "arm") == 0;
	if (arm || strcmp(w.arch, "amd64") == 0 || strcmp(w.arch, "arm64") == 0) {
		int base = arm ? 7 : strcmp(w.arch, "arm64") == 0 ? 8 : 1;
		int wl = variant_level(w.variant, base), hl = variant_level(h.variant, base);

		return wl && hl && hl <= wl ? 50 - (wl - hl) : 0;
	}
	/* other machines: a variant that nobody asked for, or that the image does not tell */
	return !w.variant[0] || !h.variant[0] ? 10 : 0;
}

/* The member as text if it fits; "" otherwise. */
static void get_text(const cJSON *j, const char *name, char *ret, size_t size)
{
	const char *s = json_str(j, name);

	if (!s || !copy(ret, size, s, strlen(s)))
		ret[0] = 0;
}

int oci_desc_parse(const cJSON *j, struct oci_desc *ret, struct err *e)
{
	struct oci_desc d = { 0 };
	const char *digest = json_str(j, "digest");
	int64_t size = json_int(j, "size", -1);
	const cJSON *platform = json_obj(j, "platform");
	const char *type = json_str(json_obj(j, "annotations"), "vnd.docker.reference.type");

	if (!digest)
		return err_set(e, -EINVAL, "a descriptor has no digest");
	if (oci_digest_parse(digest, &d.digest, e) < 0)
		return -EINVAL;
	if (size < 0)
		return err_set(e, -EINVAL, "the descriptor of '%s' has no valid size", d.digest.text);
	d.size = (uint64_t)size;
	get_text(j, "mediaType", d.media_type, sizeof d.media_type);
	d.kind = oci_media_kind(d.media_type);
	get_text(platform, "os", d.platform.os, sizeof d.platform.os);
	get_text(platform, "architecture", d.platform.arch, sizeof d.platform.arch);
	get_text(platform, "variant", d.platform.variant, sizeof d.platform.variant);
	get_text(json_obj(j, "annotations"), "org.opencontainers.image.ref.name", d.ref_name, sizeof d.ref_name);
	d.attestation = type && strcmp(type, "attestation-manifest") == 0;
	*ret = d;
	return 0;
}

cJSON *oci_desc_json(const struct oci_desc *d)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();

	if (!j || (d->media_type[0] && !cJSON_AddStringToObject(j, "mediaType", d->media_type)) ||
	    !cJSON_AddStringToObject(j, "digest", d->digest.text) ||
	    !cJSON_AddNumberToObject(j, "size", (double)d->size))
		return NULL;
	if (d->platform.arch[0]) {
		cJSON *p = cJSON_AddObjectToObject(j, "platform");

		if (!p || !cJSON_AddStringToObject(p, "architecture", d->platform.arch) ||
		    !cJSON_AddStringToObject(p, "os", d->platform.os) ||
		    (d->platform.variant[0] && !cJSON_AddStringToObject(p, "variant", d->platform.variant)))
			return NULL;
	}
	return TAKE(j);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* verify-blob.c - the bytes of one blob, of one root file system. */
#include "store/verify.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "ext4/csum.h"
#include "ext4/layout.h"
#include "oci/inflate.h"
#include "store/content.h"
#include "store/rootfs.h"

#define CHUNK (256u << 10)
#define META_MAX (64u << 10)

/* What a blob's bytes go through. */
struct reading {
	struct oci_hash hash, inner; /* inner: of the inflated bytes */
	struct oci_inflate *inflate; /* NULL: not asked for */
	uint8_t *in, *out;
};

static void reading_finish(struct reading *r)
{
	oci_hash_finish(&r->hash);
	oci_hash_finish(&r->inner);
	oci_inflate_destroy(r->inflate);
	free(r->in);
	free(r->out);
}

static int inflate(struct reading *r, size_t n, struct err *e)
{
	for (size_t at = 0, used = 0, made = 1; made || at < n; at += used) {
		int rc = oci_inflate_run(r->inflate, r->in + at, n - at, &used, r->out, CHUNK, &made, e);

		if (rc < 0)
			return rc;
		if (made && oci_hash_add(&r->inner, r->out, made) < 0)
			return err_set(e, -ENOMEM, "out of memory");
		if (!used && !made)
			break;
	}
	return 0;
}

static int read_through(struct reading *r, int fd, const char *name, struct pace *p, struct err *e)
{
	for (;;) {
		ssize_t n = file_read_full(fd, r->in, CHUNK);
		int rc;

		if (n < 0)
			return err_sys(e, (int)n, "cannot read blob '%s'", name);
		if (n == 0)
			return r->inflate ? oci_inflate_end(r->inflate, e) : 0;
		rc = oci_hash_add(&r->hash, r->in, (size_t)n) < 0 ? err_set(e, -ENOMEM, "out of memory") :
								    pace_step(p, (uint64_t)n, e);
		if (rc == 0 && r->inflate)
			rc = inflate(r, (size_t)n, e);
		if (rc < 0)
			return rc;
	}
}

static int verify(struct store *s, const struct oci_desc *d, const struct oci_digest *diff_id, struct pace *p,
		  struct err *e)
{
	AUTO(reading_finish) struct reading r = { .in = malloc(CHUNK) };
	struct oci_digest have, inner;

	if (!r.in || oci_hash_init(&r.hash, oci_digest_alg(&d->digest)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	if (diff_id && (!(r.out = malloc(CHUNK)) || oci_hash_init(&r.inner, oci_digest_alg(diff_id)) < 0))
		return err_set(e, -ENOMEM, "out of memory");
	int rc = diff_id ? oci_inflate_create(oci_inflate_kind_of(d->kind), &r.inflate, e) : 0;
	if (rc < 0)
		return rc;
	AUTO_CLOSE int fd = store_blob_open(s, d, e);
	if (fd < 0)
		return fd;
	rc = read_through(&r, fd, d->digest.text, p, e);
	if (rc < 0)
		return rc == -EBADMSG ? err_wrap(e, rc, "blob '%s'", d->digest.text) : rc;
	if (oci_hash_end(&r.hash, &have) < 0 || (diff_id && oci_hash_end(&r.inner, &inner) < 0))
		return err_set(e, -ENOMEM, "out of memory");
	if (!oci_digest_eq(&have, &d->digest))
		return err_set(e, -EBADMSG, "its digest is %s", have.text);
	if (diff_id && !oci_digest_eq(&inner, diff_id))
		return err_set(e, -EBADMSG, "what is in the layer has the digest %s, the image says %s", inner.text,
			       diff_id->text);
	return 0;
}

int store_blob_verify(struct store *s, const struct oci_desc *d, struct pace *p, struct err *e)
{
	return verify(s, d, NULL, p, e);
}

int store_layer_verify(struct store *s, const struct oci_desc *d, const struct oci_digest *diff_id, struct pace *p,
		       struct err *e)
{
	return verify(s, d, diff_id, p, e);
}

/* --- root file systems */

static int verify_super(int fd, uint64_t size, struct err *e)
{
	struct ext4_super sb;
	const size_t covered = offsetof(struct ext4_super, checksum);
	uint64_t blocks, block_size;

	if (pread(fd, &sb, sizeof(sb), EXT4_SB_OFFSET) != (ssize_t)sizeof(sb) ||
	    le16toh(sb.magic) != EXT4_MAGIC)
		return err_set(e, -EBADMSG, "base.ext4 holds no file system");
	if (le32toh(sb.checksum) != ext4_crc32c(~0u, &sb, covered))
		return err_set(e, -EBADMSG, "the superblock of base.ext4 is damaged");
	blocks = le32toh(sb.blocks_count_lo) | (uint64_t)le32toh(sb.blocks_count_hi) << 32;
	block_size = UINT64_C(1024) << (le32toh(sb.log_block_size) & 31);
	if (blocks > size / block_size)
		return err_set(e, -EBADMSG, "base.ext4 is shorter than the file system in it");
	return 0;
}

int store_rootfs_verify(struct store *s, const char *key, struct err *e)
{
	char path[STORE_KEY_MAX + 32];
	AUTO_FREE char *text = NULL;
	AUTO_JSON cJSON *meta = NULL;
	struct stat st;
	size_t len;

	snprintf(path, sizeof(path), "rootfs/%.95s/meta.json", key);
	int rc = file_load(s->fd, path, META_MAX, &text, &len, e);
	if (rc == 0)
		rc = json_parse(text, len, "meta.json", &meta, e);
	if (rc < 0)
		return rc == -ENOMEM ? rc : -EBADMSG;
	snprintf(path, sizeof(path), "rootfs/%.95s/base.ext4", key);
	AUTO_CLOSE int fd = openat(s->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno == ENOENT ? -EBADMSG : -errno, "cannot open base.ext4");
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EBADMSG, "base.ext4 is no file");
	if (json_int(meta, "size", -1) != (int64_t)st.st_size)
		return err_set(e, -EBADMSG, "base.ext4 has %jd bytes, not the %jd that meta.json tells",
			       (intmax_t)st.st_size, (intmax_t)json_int(meta, "size", -1));
	return verify_super(fd, (uint64_t)st.st_size, e);
}

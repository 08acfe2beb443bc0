/* SPDX-License-Identifier: Apache-2.0 */
/* content.c - blobs and their way in. */
#include "store/content.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fault.h"
#include "base/file.h"

#define CHUNK (256u << 10)

bool store_blob_has(struct store *s, const struct oci_desc *d)
{
	char path[OCI_DIGEST_MAX + 8];
	struct stat st;

	oci_digest_path(&d->digest, path);
	return fstatat(s->layout.fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       (!d->size || (uint64_t)st.st_size == d->size);
}

int store_blob_open(struct store *s, const struct oci_desc *d, struct err *e)
{
	return oci_layout_blob_open(&s->layout, d, e);
}

int store_blob_load(struct store *s, const struct oci_desc *d, size_t max, char **ret, size_t *ret_len,
		    struct err *e)
{
	return oci_layout_blob_load(&s->layout, d, max, ret, ret_len, e);
}

static int part_path(const struct store_ingest *in, char *ret, size_t size)
{
	return snprintf(ret, size, "ingest/%s", in->name);
}

/* Opens the part and locks it. Another process may have taken it away between the two: then it is not the
 * file of that name any more, and the next try makes a new one. */
static int open_part(struct store_ingest *in, struct err *e)
{
	char path[OCI_DIGEST_MAX + 8];
	struct stat mine, named;

	part_path(in, path, sizeof(path));
	for (;;) {
		AUTO_CLOSE int fd =
			openat(in->store->layout.fd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return err_sys(e, -errno, "cannot make '%s' in the store", path);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno != EWOULDBLOCK)
				return err_sys(e, -errno, "cannot lock '%s'", path);
			return err_set(e, -EWOULDBLOCK, "blob '%s' is being fetched by another process",
				       in->desc.digest.text);
		}
		if (fstat(fd, &mine) < 0)
			return err_sys(e, -errno, "cannot look at '%s'", path);
		if (fstatat(in->store->layout.fd, path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		    named.st_ino == mine.st_ino) {
			in->fd = TAKE_FD(fd);
			in->have = (uint64_t)mine.st_size;
			return 0;
		}
	}
}

/* Hashes what an earlier try left; bytes that cannot be right are dropped. */
static int take_up(struct store_ingest *in, struct err *e)
{
	if (in->have > in->desc.size)
		return store_ingest_rewind(in, e);
	AUTO_FREE uint8_t *chunk = in->have ? malloc(CHUNK) : NULL;
	if (in->have && !chunk)
		return err_set(e, -ENOMEM, "out of memory");
	for (uint64_t done = 0; done < in->have;) {
		ssize_t n = pread(in->fd, chunk, CHUNK, (off_t)done);

		if (n <= 0)
			return err_sys(e, n < 0 ? -errno : -EIO, "cannot read what is there of blob '%s'",
				       in->desc.digest.text);
		if (oci_hash_add(&in->hash, chunk, (size_t)n) < 0)
			return err_set(e, -ENOMEM, "out of memory");
		done += (uint64_t)n;
	}
	if (lseek(in->fd, (off_t)in->have, SEEK_SET) < 0)
		return err_sys(e, -errno, "cannot write to blob '%s'", in->desc.digest.text);
	return 0;
}

int store_ingest_begin(struct store *s, struct store_lease *l, const struct oci_desc *d,
		       struct store_ingest *ret, struct err *e)
{
	struct store_ingest in = { .store = s, .desc = *d, .fd = -1 };

	int rc = store_lease_add(l, &d->digest, e);
	if (rc < 0)
		return rc;
	if (store_blob_has(s, d))
		return 1;
	snprintf(in.name, sizeof(in.name), "%s-%s", oci_alg_name(oci_digest_alg(&d->digest)),
		 oci_digest_hex(&d->digest));
	rc = open_part(&in, e);
	if (rc < 0)
		return rc;
	if (store_blob_has(s, d)) { /* it came in while we waited for nobody */
		store_ingest_finish(&in, false);
		return 1;
	}
	rc = oci_hash_init(&in.hash, oci_digest_alg(&d->digest)) < 0 ? err_set(e, -ENOMEM, "out of memory")
								     : take_up(&in, e);
	if (rc < 0) {
		store_ingest_finish(&in, true);
		return rc;
	}
	*ret = in;
	return 0;
}

int store_ingest_write(struct store_ingest *in, const void *p, size_t n, struct err *e)
{
	if (n > in->desc.size - in->have)
		return err_set(e, -EFBIG, "blob '%s' has more bytes than the %ju that it should",
			       in->desc.digest.text, (uintmax_t)in->desc.size);
	int rc = file_write_full(in->fd, p, n);
	if (rc < 0) {
		in->no_space = rc == -ENOSPC || rc == -EDQUOT;
		return err_sys(e, rc, "cannot write blob '%s'", in->desc.digest.text);
	}
	in->have += n;
	return oci_hash_add(&in->hash, p, n) < 0 ? err_set(e, -ENOMEM, "out of memory") : 0;
}

int store_ingest_rewind(struct store_ingest *in, struct err *e)
{
	oci_hash_finish(&in->hash);
	in->have = 0;
	in->checked = false;
	if (ftruncate(in->fd, 0) < 0 || lseek(in->fd, 0, SEEK_SET) < 0)
		return err_sys(e, -errno, "cannot start blob '%s' over", in->desc.digest.text);
	return oci_hash_init(&in->hash, oci_digest_alg(&in->desc.digest)) < 0
		       ? err_set(e, -ENOMEM, "out of memory")
		       : 0;
}

int store_ingest_check(struct store_ingest *in, struct err *e)
{
	struct oci_digest have;

	if (in->checked)
		return 0;
	if (in->have != in->desc.size)
		return err_set(e, -EBADMSG, "blob '%s' has %ju bytes in place of %ju", in->desc.digest.text,
			       (uintmax_t)in->have, (uintmax_t)in->desc.size);
	if (oci_hash_end(&in->hash, &have) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	if (!oci_digest_eq(&have, &in->desc.digest))
		return err_set(e, -EBADMSG, "blob '%s' is damaged: its digest is %s", in->desc.digest.text,
			       have.text);
	in->checked = true;
	return 0;
}

int store_ingest_commit(struct store_ingest *in, struct err *e)
{
	char from[OCI_DIGEST_MAX + 8], to[OCI_DIGEST_MAX + 8], folder[16];
	int dir = in->store->layout.fd;

	int rc = store_ingest_check(in, e);
	if (rc < 0) {
		store_ingest_finish(in, false);
		return rc;
	}
	part_path(in, from, sizeof(from));
	oci_digest_path(&in->desc.digest, to);
	snprintf(folder, sizeof(folder), "blobs/%s", oci_alg_name(oci_digest_alg(&in->desc.digest)));
	rc = fault_at(FAULT_BLOB_COMMIT);
	if (rc == 0 && (fsync(in->fd) < 0 || renameat(dir, from, dir, to) < 0))
		rc = -errno;
	if (rc < 0)
		return err_sys(e, rc, "cannot put blob '%s' into the store", in->desc.digest.text);
	rc = file_sync_dir(dir, folder);
	if (rc < 0)
		return err_sys(e, rc, "cannot put blob '%s' into the store", in->desc.digest.text);
	in->committed = true;
	return 0;
}

void store_ingest_finish(struct store_ingest *in, bool keep)
{
	char path[OCI_DIGEST_MAX + 8];

	if (!in->store || in->fd < 0)
		return;
	if (!in->committed && (!keep || in->have == 0 || in->no_space)) { /* the lock is ours, so the name is, if the part is there at all */
		struct stat mine, named;

		part_path(in, path, sizeof(path));
		if (fstat(in->fd, &mine) == 0 &&
		    fstatat(in->store->layout.fd, path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		    mine.st_ino == named.st_ino)
			unlinkat(in->store->layout.fd, path, 0);
	}
	close(in->fd);
	in->fd = -1;
	oci_hash_finish(&in->hash);
}

/* Begins once no other process is at the blob. */
static int begin_waiting(struct store *s, struct store_lease *l, const struct oci_desc *d,
			 struct store_ingest *ret, struct err *e)
{
	char path[OCI_DIGEST_MAX + 8];

	snprintf(path, sizeof(path), "ingest/%s-%s", oci_alg_name(oci_digest_alg(&d->digest)),
		 oci_digest_hex(&d->digest));
	for (;;) {
		int rc = store_ingest_begin(s, l, d, ret, e);
		if (rc != -EWOULDBLOCK)
			return rc;
		AUTO_CLOSE int fd = openat(s->layout.fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0 && flock(fd, LOCK_SH) < 0 && errno != EINTR)
			return err_sys(e, -errno, "cannot wait for blob '%s'", d->digest.text);
	}
}

int store_blob_add(struct store *s, struct store_lease *l, const void *p, size_t n, struct oci_desc *d,
		   struct err *e)
{
	struct store_ingest in;

	d->size = n;
	int rc = oci_digest_of(OCI_SHA256, p, n, &d->digest);
	if (rc < 0)
		return err_sys(e, rc, "cannot add a blob");
	rc = begin_waiting(s, l, d, &in, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = store_ingest_rewind(&in, e);
	if (rc == 0)
		rc = store_ingest_write(&in, p, n, e);
	if (rc == 0)
		rc = store_ingest_commit(&in, e);
	if (rc == 0 && store_lease_added(l, &d->digest) < 0)
		rc = err_set(e, -ENOMEM, "out of memory");
	store_ingest_finish(&in, false);
	return rc;
}

static int copy_range(struct store_ingest *in, const struct store_range *r, struct pace *p, struct err *e)
{
	AUTO_FREE uint8_t *chunk = malloc(CHUNK);
	if (!chunk)
		return err_set(e, -ENOMEM, "out of memory");

	for (uint64_t at = 0; at < r->size;) {
		ssize_t n = pread(r->fd, chunk, (size_t)MIN(r->size - at, (uint64_t)CHUNK), (off_t)(r->off + at));

		if (n <= 0)
			return err_sys(e, n < 0 ? -errno : -EIO, "cannot read blob '%s'", in->desc.digest.text);
		int rc = store_ingest_write(in, chunk, (size_t)n, e);
		if (rc == 0)
			rc = pace_step(p, (uint64_t)n, e);
		if (rc < 0)
			return rc;
		at += (uint64_t)n;
	}
	return 0;
}

int store_blob_add_range(struct store *s, struct store_lease *l, const struct store_range *r, const struct oci_desc *d,
			 struct pace *p, struct err *e)
{
	struct store_ingest in;

	if (r->size != d->size)
		return err_set(e, -EBADMSG, "blob '%s' has %ju bytes in place of %ju", d->digest.text, (uintmax_t)r->size,
			       (uintmax_t)d->size);
	int rc = begin_waiting(s, l, d, &in, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = store_ingest_rewind(&in, e);
	if (rc == 0)
		rc = copy_range(&in, r, p, e);
	if (rc == 0)
		rc = store_ingest_commit(&in, e);
	if (rc == 0 && store_lease_added(l, &d->digest) < 0)
		rc = err_set(e, -ENOMEM, "out of memory");
	store_ingest_finish(&in, false);
	return rc;
}

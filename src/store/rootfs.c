/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs.c - folders that become visible by one rename. */
#include "store/rootfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "store/lease.h"

#define BASE_FILE "base.ext4"
#define META_FILE "meta.json"

int store_rootfs_key(const struct oci_config *c, char ret[static STORE_KEY_MAX], struct err *e)
{
	struct oci_digest chain;

	if (!c->ndiff_ids)
		return err_set(e, -EINVAL, "the image has no layers");
	int rc = oci_chain_id(c->diff_ids, c->ndiff_ids, &chain);
	if (rc < 0)
		return err_sys(e, rc, "cannot tell the chain id");
	snprintf(ret, STORE_KEY_MAX, "%.64s-%d", oci_digest_hex(&chain), STORE_ROOTFS_WRITER);
	return 0;
}

bool store_rootfs_has(struct store *s, const char *key, uint64_t *ret_bytes)
{
	char path[STORE_KEY_MAX + 32];
	struct stat st;

	snprintf(path, sizeof(path), "rootfs/%s/" BASE_FILE, key);
	if (fstatat(s->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (ret_bytes)
		*ret_bytes = (uint64_t)st.st_blocks * 512;
	return true;
}

char *store_rootfs_path(struct store *s, const char *key)
{
	return path_fmt("%s/rootfs/%s/" BASE_FILE, s->root, key);
}

/* Makes the folder that is to become rootfs/<key>, with an empty file in it, whose lock says that somebody is
 * at it. No collection runs meanwhile. */
static int make_tmp(struct store_rootfs_build *b, struct err *e)
{
	char path[64];
	uint8_t salt[8];

	AUTO_CLOSE int guard = lock_wait(b->store->leases_fd, STORE_LEASES_LOCK, true, e);
	if (guard < 0)
		return guard;
	int rc = file_random(salt, sizeof(salt));
	if (rc < 0)
		return err_sys(e, rc, "cannot make a folder in the store");
	strcpy(b->tmp, ".tmp-");
	str_hex(salt, sizeof(salt), b->tmp + 5);
	snprintf(path, sizeof(path), "rootfs/%s", b->tmp);
	if (mkdirat(b->store->fd, path, 0700) < 0) {
		b->tmp[0] = 0;
		return err_sys(e, -errno, "cannot make folder '%s'", path);
	}
	b->dir_fd = openat(b->store->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->dir_fd < 0)
		return err_sys(e, -errno, "cannot open folder '%s'", path);
	b->fd = openat(b->dir_fd, BASE_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (b->fd < 0 || flock(b->fd, LOCK_EX | LOCK_NB) < 0)
		return err_sys(e, -errno, "cannot make '%s/" BASE_FILE "'", path);
	return 0;
}

int store_rootfs_begin(struct store *s, const char *key, bool wait, struct store_rootfs_build *ret,
		       struct err *e)
{
	struct store_rootfs_build b = { .store = s, .lock_fd = -1, .dir_fd = -1, .fd = -1 };
	char lock[STORE_KEY_MAX + 32];

	if (store_rootfs_has(s, key, NULL))
		return 1;
	snprintf(b.key, sizeof(b.key), "%s", key);
	snprintf(lock, sizeof(lock), "rootfs/.lock-%s", key);
	b.lock_fd = wait ? lock_wait(s->fd, lock, false, e) : lock_try(s->fd, lock, false, e);
	if (b.lock_fd < 0)
		return b.lock_fd;
	int rc = store_rootfs_has(s, key, NULL) ? 1 : make_tmp(&b, e);
	if (rc != 0) {
		store_rootfs_finish(&b);
		return rc;
	}
	*ret = b;
	return 0;
}

int store_rootfs_commit(struct store_rootfs_build *b, const char *meta, struct err *e)
{
	char from[64], to[STORE_KEY_MAX + 16];

	int rc = file_replace(b->dir_fd, META_FILE, meta, strlen(meta), 0600, e);
	if (rc < 0)
		return rc;
	snprintf(from, sizeof(from), "rootfs/%s", b->tmp);
	snprintf(to, sizeof(to), "rootfs/%s", b->key);
	rc = fault_at(FAULT_ROOTFS_COMMIT);
	if (rc == 0 && (fchmod(b->fd, 0400) < 0 || fsync(b->fd) < 0 || fsync(b->dir_fd) < 0))
		rc = -errno;
	if (rc < 0)
		return err_sys(e, rc, "cannot write the root file system '%s'", b->key);
	if (renameat(b->store->fd, from, b->store->fd, to) < 0) {
		/* a collection removed the lock that we hold and another built the same: as good as ours */
		if ((errno == EEXIST || errno == ENOTEMPTY) && store_rootfs_has(b->store, b->key, NULL))
			return 0;
		return err_sys(e, -errno, "cannot put the root file system '%s' into the store", b->key);
	}
	b->tmp[0] = 0;
	rc = file_sync_dir(b->store->fd, "rootfs");
	return rc < 0 ? err_sys(e, rc, "cannot sync folder 'rootfs'") : 0;
}

void store_rootfs_finish(struct store_rootfs_build *b)
{
	char path[64];

	if (!b->store || b->lock_fd < 0)
		return;
	if (b->tmp[0]) {
		snprintf(path, sizeof(path), "rootfs/%s", b->tmp);
		file_remove_tree(b->store->fd, path, NULL);
	}
	if (b->fd >= 0)
		close(b->fd);
	if (b->dir_fd >= 0)
		close(b->dir_fd);
	close(b->lock_fd);
	b->fd = b->dir_fd = b->lock_fd = -1;
}

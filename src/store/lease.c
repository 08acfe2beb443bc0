/* SPDX-License-Identifier: Apache-2.0 */
/* lease.c - leases are files that their holders lock. */
#include "store/lease.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/str.h"

int store_lease_begin(struct store *s, struct store_lease *ret, struct err *e)
{
	uint8_t id[8];
	struct store_lease l = { .store = s, .fd = -1 };

	AUTO_CLOSE int guard = lock_wait(s->leases_fd, STORE_LEASES_LOCK, true, e);
	if (guard < 0)
		return guard;
	int rc = file_random(id, sizeof(id));
	if (rc < 0)
		return err_sys(e, rc, "cannot make a lease");
	str_hex(id, sizeof(id), l.name);
	l.fd = openat(s->leases_fd, l.name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (l.fd < 0)
		return err_sys(e, -errno, "cannot make lease '%s'", l.name);
	if (flock(l.fd, LOCK_EX | LOCK_NB) < 0) {
		rc = err_sys(e, -errno, "cannot lock lease '%s'", l.name);
		store_lease_end(&l);
		return rc;
	}
	*ret = l;
	return 0;
}

int store_lease_add(struct store_lease *l, const struct oci_digest *d, struct err *e)
{
	char line[OCI_DIGEST_MAX + 1];

	AUTO_CLOSE int guard = lock_wait(l->store->leases_fd, STORE_LEASES_LOCK, true, e);
	if (guard < 0)
		return guard;
	int n = snprintf(line, sizeof(line), "%s\n", d->text);
	int rc = file_write_full(l->fd, line, (size_t)n);
	return rc < 0 ? err_sys(e, rc, "cannot write lease '%s'", l->name) : 0;
}

int store_lease_added(struct store_lease *l, const struct oci_digest *d)
{
	struct oci_digest *more = l->remember ? reallocarray(l->added, l->nadded + 1, sizeof(*more)) : NULL;

	if (!more)
		return l->remember ? -ENOMEM : 0;
	l->added = more;
	l->added[l->nadded++] = *d;
	return 0;
}

void store_lease_end(struct store_lease *l)
{
	free(TAKE(l->added));
	l->nadded = 0;
	if (!l->store || l->fd < 0)
		return;
	unlinkat(l->store->leases_fd, l->name, 0);
	close(l->fd);
	l->fd = -1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* vm-config.c - copies of what a VM is made of. */
#include "vm/vm-config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

static int copy_string(const char **s)
{
	if (*s && !(*s = strdup(*s)))
		return -ENOMEM;
	return 0;
}

/* QEMU asks for a descriptor whose access mode is the one it wants. */
static int copy_fd(const struct vm_disk *d, struct err *e)
{
	int flags = fcntl(d->fd, F_GETFL), fd;
	char link[32];

	if (flags < 0)
		return err_sys(e, -errno, "disk '%s'", d->serial);
	if (!d->readonly && (flags & O_ACCMODE) != O_RDWR)
		return err_set(e, -EINVAL, "disk '%s' is to be written, but is not open for that", d->serial);
	if (d->readonly && (flags & O_ACCMODE) != O_RDONLY) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", d->fd);
		fd = open(link, O_RDONLY | O_CLOEXEC);
	} else {
		fd = fcntl(d->fd, F_DUPFD_CLOEXEC, 0);
	}
	return fd < 0 ? err_sys(e, -errno, "disk '%s'", d->serial) : fd;
}

static int copy_disks(const struct vm_config *c, struct vm_config *ret, struct err *e)
{
	struct vm_disk *disks = calloc(c->ndisks ? c->ndisks : 1, sizeof(*disks));

	ret->disks = disks;
	if (!disks)
		return -ENOMEM;
	for (size_t i = 0; i < c->ndisks; i++) {
		int fd = copy_fd(&c->disks[i], e);

		if (fd < 0)
			return fd;
		disks[ret->ndisks++] = (struct vm_disk){ .fd = fd, .readonly = c->disks[i].readonly,
							 .serial = c->disks[i].serial };
		if (copy_string(&disks[i].serial) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int copy_binds(const struct vm_config *c, struct vm_config *ret)
{
	struct vm_bind *binds = calloc(c->nbinds ? c->nbinds : 1, sizeof(*binds));

	ret->binds = binds;
	for (size_t i = 0; binds && i < c->nbinds; i++) {
		binds[ret->nbinds++] = c->binds[i];
		if (copy_string(&binds[i].source) < 0)
			return -ENOMEM;
	}
	return binds ? 0 : -ENOMEM;
}

int vm_config_copy(const struct vm_config *c, struct vm_config *ret, struct err *e)
{
	const char **strings[] = { &ret->name, &ret->run_dir, &ret->kernel, &ret->initramfs, &ret->cmdline, &ret->qemu };
	int rc = 0;

	if (c->ndisks > VM_DISKS_MAX || c->nbinds > VM_BINDS_MAX)
		return err_set(e, -EINVAL, "too many disks or binds for a VM");
	*ret = *c;
	ret->disks = NULL;
	ret->binds = NULL;
	ret->ndisks = ret->nbinds = 0;
	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		if (rc < 0)
			*strings[i] = NULL;
		else
			rc = copy_string(strings[i]);
	}
	if (rc == 0)
		rc = copy_disks(c, ret, e);
	if (rc == 0)
		rc = copy_binds(c, ret);
	if (rc < 0)
		vm_config_release(ret);
	return rc == -ENOMEM ? err_sys(e, rc, "cannot make a VM") : rc;
}

void vm_config_release(struct vm_config *c)
{
	free((char *)c->name);
	free((char *)c->run_dir);
	free((char *)c->kernel);
	free((char *)c->initramfs);
	free((char *)c->cmdline);
	free((char *)c->qemu);
	for (size_t i = 0; i < c->ndisks; i++) {
		auto_close((int *)&c->disks[i].fd);
		free((char *)c->disks[i].serial);
	}
	for (size_t i = 0; i < c->nbinds; i++)
		free((char *)c->binds[i].source);
	free((void *)c->disks);
	free((void *)c->binds);
	*c = (struct vm_config){ 0 };
}

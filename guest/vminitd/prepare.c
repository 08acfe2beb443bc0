/* SPDX-License-Identifier: Apache-2.0 */
/* prepare.c - Agent/Prepare. */
#include "prepare.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "mountopt.h"
#include "netif.h"

#define RUN "/run/berth"
#define MOUNTED_MAX 64

static char *mounted[MOUNTED_MAX]; /* in order */
static size_t nmounted;

void vi_prepare_undo(void)
{
	while (nmounted) {
		char *path = mounted[--nmounted];

		if (umount2(path, 0) < 0)
			umount2(path, MNT_DETACH);
		free(path);
	}
}

static int do_mount(const char *source, const char *path, const char *type, unsigned long flags, const char *data,
		    struct err *e)
{
	int rc = path_mkdirs(path, 0755, e);

	if (rc < 0)
		return rc;
	if (mount(source, path, type, flags, data) < 0)
		return err_sys(e, -errno, "cannot mount %s '%s' on '%s'", type, source, path);
	if (nmounted < MOUNTED_MAX && (mounted[nmounted] = strdup(path)))
		nmounted++;
	return 0;
}

/* --- disks, by the serial that the host gave them */

static bool has_serial(const char *dev, const char *serial)
{
	AUTO_FREE char *blk = path_fmt("/sys/block/%s/serial", dev);
	AUTO_FREE char *scsi = path_fmt("/sys/block/%s/device/vpd_pg80", dev);
	AUTO_FREE char *text = NULL;
	size_t n = strlen(serial), len = 0;

	if (blk && file_load(AT_FDCWD, blk, 64, &text, &len, NULL) == 0)
		return len >= n && strncmp(text, serial, n) == 0 && (text[n] == 0 || text[n] == '\n');
	/* SPC-4, 7.8.11: 4 bytes of header, then the number. */
	if (scsi && file_load(AT_FDCWD, scsi, 512, &text, &len, NULL) == 0)
		return len >= 4 + n && memcmp(text + 4, serial, n) == 0;
	return false;
}

static int find_disk(const char *serial, char ret[static 64], struct err *e)
{
	AUTO_CLOSEDIR DIR *d = opendir("/sys/block");
	struct dirent *ent;

	while (d && (ent = readdir(d)))
		if (ent->d_name[0] != '.' && has_serial(ent->d_name, serial)) {
			snprintf(ret, 64, "/dev/%.50s", ent->d_name);
			return 0;
		}
	return err_set(e, -ENOENT, "there is no disk with serial '%.32s'", serial);
}

static const char *word_or(const char *word, const char *or_else)
{
	return word && *word ? word : or_else;
}

static int mount_overlay(const char *base, const char *upper, const char *root, struct err *e)
{
	AUTO_FREE char *data = path_fmt("lowerdir=%s,upperdir=%s/upper,workdir=%s/work,redirect_dir=off,metacopy=off,"
					"index=off", base, upper, upper);
	AUTO_FREE char *up = path_join(upper, "upper");
	AUTO_FREE char *work = path_join(upper, "work");
	struct stat st;
	int rc;

	if (!data || !up || !work)
		return err_sys(e, -ENOMEM, "cannot mount the root");
	rc = path_mkdirs(up, 0755, e);
	if (rc == 0)
		rc = path_mkdirs(work, 0755, e);
	/* The merged root has the attributes of the upper: at the first start those of the image's. */
	if (rc == 0 && stat(base, &st) == 0 && chown(up, st.st_uid, st.st_gid) == 0)
		chmod(up, st.st_mode & 07777);
	return rc < 0 ? rc : do_mount("overlay", root, "overlay", 0, data, e);
}

static int mount_rootfs(const char *id, const Berth__Agent__V1__Rootfs *r, char **ret_root, struct err *e)
{
	const char *type = word_or(r->fstype, "ext4"), *data = r->discard ? "discard" : NULL;
	AUTO_FREE char *base = path_fmt(RUN "/%s/base", id);
	AUTO_FREE char *upper = path_fmt(RUN "/%s/upper", id);
	AUTO_FREE char *root = path_fmt(RUN "/%s/rootfs", id);
	AUTO_FREE char *size = path_fmt("mode=755,size=%llu", (unsigned long long)r->tmpfs_bytes);
	char dev[64];
	int rc = 0;

	if (!base || !upper || !root || !size)
		return err_sys(e, -ENOMEM, "cannot mount the root");
	if (r->mode != BERTH__AGENT__V1__ROOTFS__MODE__SINGLE) {
		const char *on = r->mode == BERTH__AGENT__V1__ROOTFS__MODE__READONLY ? root : base;

		rc = find_disk(word_or(r->base_serial, "base"), dev, e);
		if (rc == 0)
			rc = do_mount(dev, on, type, MS_RDONLY, NULL, e);
	}
	if (rc == 0 && (r->mode == BERTH__AGENT__V1__ROOTFS__MODE__SINGLE ||
			r->mode == BERTH__AGENT__V1__ROOTFS__MODE__OVERLAY)) {
		const char *on = r->mode == BERTH__AGENT__V1__ROOTFS__MODE__SINGLE ? root : upper;

		rc = find_disk(word_or(r->upper_serial, "upper"), dev, e);
		if (rc == 0)
			rc = do_mount(dev, on, type, 0, data, e);
	}
	if (rc == 0 && r->mode == BERTH__AGENT__V1__ROOTFS__MODE__TMPFS)
		rc = do_mount("tmpfs", upper, "tmpfs", 0, r->tmpfs_bytes ? size : "mode=755", e);
	if (rc == 0 && (r->mode == BERTH__AGENT__V1__ROOTFS__MODE__OVERLAY ||
			r->mode == BERTH__AGENT__V1__ROOTFS__MODE__TMPFS))
		rc = mount_overlay(base, upper, root, e);
	if (rc == 0)
		*ret_root = TAKE(root);
	return rc;
}

static int mount_disk(const Berth__Agent__V1__Disk *d, struct err *e)
{
	struct vi_mountopt o = { 0 };
	char dev[64];
	int rc;

	if (!d->path || d->path[0] != '/')
		return err_set(e, -EINVAL, "'%s' is not an absolute path", d->path);
	if (d->populate_from && *d->populate_from)
		return err_set(e, -EOPNOTSUPP, "this agent cannot fill volumes");
	rc = find_disk(d->serial, dev, e);
	if (rc == 0)
		rc = vi_mountopt_parse((const char *const *)d->options, d->n_options, &o, e);
	if (rc == 0)
		rc = do_mount(dev, d->path, word_or(d->fstype, "ext4"), o.flags | (d->readonly ? MS_RDONLY : 0),
			      o.data.len ? (char *)o.data.p : NULL, e);
	vi_mountopt_finish(&o);
	return rc;
}

static int mount_share(const Berth__Agent__V1__Share *s, struct err *e)
{
	const char *path = word_or(s->path, RUN "/share");
	bool p9 = s->type == BERTH__AGENT__V1__SHARE__TYPE__P9;

	return do_mount(s->tag, path, p9 ? "9p" : "virtiofs", s->readonly ? MS_RDONLY : 0,
			p9 ? "trans=virtio,version=9p2000.L,msize=262144,cache=none,access=client" : NULL, e);
}

/* --- names */

int vi_write_etc(int rootfd, const char *name, const char *text, struct err *e)
{
	AUTO_CLOSE int etc = path_open_in_root(rootfd, "etc", O_RDONLY | O_DIRECTORY, 0);
	struct stat st;
	int rc;

	if (etc == -ENOENT) {
		if (mkdirat(rootfd, "etc", 0755) < 0)
			return err_sys(e, -errno, "cannot make /etc");
		etc = path_open_in_root(rootfd, "etc", O_RDONLY | O_DIRECTORY, 0);
	}
	if (etc < 0)
		return err_sys(e, etc, "cannot open /etc");
	/* A folder stays, with all that is in it: whoever made it wants no such file. */
	if (fstatat(etc, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return 0;
	/* A new file in its place: what the image has there may be a link to anywhere. */
	rc = file_swap(etc, name, text, strlen(text), 0644, e);
	return rc;
}

static int write_hosts(int root, const Berth__Agent__V1__PrepareRequest *req, struct err *e)
{
	AUTO_BUF struct buf b = { 0 };

	for (size_t i = 0; i < req->n_hosts; i++) {
		buf_adds(&b, req->hosts[i]->address);
		for (size_t k = 0; k < req->hosts[i]->n_names; k++)
			buf_addf(&b, "%c%s", k ? ' ' : '\t', req->hosts[i]->names[k]);
		buf_addc(&b, '\n');
	}
	return b.len ? vi_write_etc(root, "hosts", (char *)b.p, e) : 0;
}

static int write_resolv(int root, const Berth__Agent__V1__Resolver *r, struct err *e)
{
	AUTO_BUF struct buf b = { 0 };

	if (!r)
		return 0;
	for (size_t i = 0; i < r->n_nameservers; i++)
		buf_addf(&b, "nameserver %s\n", r->nameservers[i]);
	if (r->domain && *r->domain)
		buf_addf(&b, "domain %s\n", r->domain);
	for (size_t i = 0; i < r->n_search; i++)
		buf_addf(&b, "%s%s%s", i ? " " : "search ", r->search[i], i + 1 == r->n_search ? "\n" : "");
	for (size_t i = 0; i < r->n_options; i++)
		buf_addf(&b, "%s%s%s", i ? " " : "options ", r->options[i], i + 1 == r->n_options ? "\n" : "");
	return vi_write_etc(root, "resolv.conf", b.p ? (char *)b.p : "", e);
}

static int set_interface(const Berth__Agent__V1__Interface *n, struct err *e)
{
	int rc = n->mac && *n->mac ? vi_netif_rename_by_mac(n->mac, n->name, e) : 0;

	if (rc == 0)
		rc = vi_netif_set(n->name, true, n->mtu, e);
	for (size_t i = 0; rc == 0 && i < n->n_addresses; i++)
		rc = vi_netif_add_addr(n->name, n->addresses[i], e);
	if (rc == 0 && n->gateway4 && *n->gateway4)
		rc = vi_netif_add_route(n->name, NULL, n->gateway4, NULL, e);
	if (rc == 0 && n->gateway6 && *n->gateway6)
		rc = vi_netif_add_route(n->name, NULL, n->gateway6, NULL, e);
	return rc;
}

int vi_sysctl_set(const char *key, const char *value, struct err *e)
{
	AUTO_FREE char *path = path_fmt("/proc/sys/%s", key);
	AUTO_CLOSE int fd = -1;
	int rc;

	if (!path || strstr(key, ".."))
		return err_set(e, -EINVAL, "'%s' is not a kernel parameter", key);
	if (!strchr(key, '/'))
		for (char *p = path + 10; *p; p++)
			*p = *p == '.' ? '/' : *p;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	rc = fd < 0 ? -errno : file_write_full(fd, value, strlen(value));
	return rc < 0 ? err_sys(e, rc, "cannot set kernel parameter '%s'", key) : 0;
}

/* --- all of it */

static int prepare(const Berth__Agent__V1__PrepareRequest *req, Berth__Agent__V1__PrepareResponse *resp, char **root,
		   struct err *e)
{
	int64_t begin = clock_mono_ns();
	AUTO_CLOSE int rootfd = -1;
	struct timespec now = { (time_t)req->time_sec, req->time_nsec };
	struct statvfs fs;
	int rc = 0;

	if (!*req->id || strchr(req->id, '/') || strlen(req->id) > 255)
		return err_set(e, -EINVAL, "'%.64s' is not an id", req->id);
	if (req->time_sec && clock_settime(CLOCK_REALTIME, &now) < 0)
		return err_sys(e, -errno, "cannot set the clock");
	if (req->rootfs)
		rc = mount_rootfs(req->id, req->rootfs, root, e);
	for (size_t i = 0; rc == 0 && i < req->n_disks; i++)
		rc = mount_disk(req->disks[i], e);
	for (size_t i = 0; rc == 0 && i < req->n_shares; i++)
		rc = mount_share(req->shares[i], e);
	if (rc < 0)
		return rc;
	if (*root && statvfs(*root, &fs) == 0) {
		resp->rootfs_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
		resp->rootfs_used_bytes = (uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize;
	}
	resp->mounts_usec = (uint32_t)((clock_mono_ns() - begin) / 1000);
	if (req->hostname && *req->hostname && sethostname(req->hostname, strlen(req->hostname)) < 0)
		return err_sys(e, -errno, "cannot set host name '%s'", req->hostname);
	for (size_t i = 0; rc == 0 && i < req->n_interfaces; i++)
		rc = set_interface(req->interfaces[i], e);
	for (size_t i = 0; rc == 0 && i < req->n_sysctl; i++)
		rc = vi_sysctl_set(req->sysctl[i]->key, req->sysctl[i]->value, e);
	if (rc == 0 && *root && req->rootfs->mode != BERTH__AGENT__V1__ROOTFS__MODE__READONLY) {
		rootfd = open(*root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (rootfd < 0)
			return err_sys(e, -errno, "cannot open '%s'", *root);
		rc = write_hosts(rootfd, req, e);
		if (rc == 0)
			rc = write_resolv(rootfd, req->resolver, e);
		if (rc == 0 && req->hostname && *req->hostname) {
			AUTO_FREE char *line = path_fmt("%s\n", req->hostname);

			rc = line ? vi_write_etc(rootfd, "hostname", line, e) : 0;
		}
	}
	resp->usec = (uint32_t)((clock_mono_ns() - begin) / 1000);
	return rc;
}

void vi_method_prepare(struct rpc_call *call, const ProtobufCMessage *msg)
{
	Berth__Agent__V1__PrepareResponse resp = BERTH__AGENT__V1__PREPARE_RESPONSE__INIT;
	AUTO_FREE char *root = NULL;
	struct err e = { 0 };
	int rc = prepare((const void *)msg, &resp, &root, &e);

	if (rc < 0) {
		err_wrap(&e, rc, "prepare");
		rpc_call_fail_err(call, rc, &e);
		return;
	}
	if (root)
		resp.rootfs = root;
	rpc_call_reply(call, &resp.base);
}

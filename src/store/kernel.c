/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.c - folders of kernels, and which one is the default. */
#include "store/kernel.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"

#define FOLDER "kernels"
#define DEFAULT ".default"
#define IMAGE "vmlinux"
#define META "meta.json"
#define META_MAX (64u << 10)

bool store_kernel_name_valid(const char *name)
{
	size_t n = strlen(name);

	if (!n || n > STORE_KERNEL_NAME_MAX || *name == '.' || *name == '-')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static int check_name(const char *name, struct err *e)
{
	return store_kernel_name_valid(name) ? 0 : err_set(e, -EINVAL, "'%.80s' is no name of a kernel: letters, digits, "
								      "'.', '_', '-' are", name);
}

static int open_folder(const char *root, struct err *e)
{
	AUTO_FREE char *path = path_fmt("%s/" FOLDER, root);
	int fd;

	if (!path)
		return err_set(e, -ENOMEM, "out of memory");
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, -errno, "cannot make folder '%s'", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_sys(e, -errno, "cannot open folder '%s'", path) : fd;
}

/* ---- adding */

static int copy_bytes(int from, int to)
{
	uint8_t chunk[64 << 10];

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	for (;;) {
		ssize_t n = file_read_full(from, chunk, sizeof(chunk));
		int rc = n > 0 ? file_write_full(to, chunk, (size_t)n) : 0;

		if (n <= 0 || rc < 0)
			return n < 0 ? (int)n : rc;
	}
}

static int copy_image(int dir, const char *path, struct err *e)
{
	AUTO_CLOSE int from = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int to = -1;
	int rc;

	if (from < 0)
		return err_sys(e, -errno, "cannot open kernel '%s'", path);
	to = openat(dir, IMAGE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	rc = to < 0 ? -errno : copy_bytes(from, to);
	/* QEMU, under a uid of its own, opens it anew by its descriptor; the folder is nobody else's. */
	if (rc == 0 && fchmod(to, 0644) < 0)
		rc = -errno;
	if (rc == 0 && fsync(to) < 0)
		rc = -errno;
	return rc < 0 ? err_sys(e, rc, "cannot copy kernel '%s' into the store", path) : 0;
}

static bool same_file(int dir, const char *name, const char *path)
{
	AUTO_FREE char *there = path_fmt("%s/" IMAGE, name);
	AUTO_CLOSE int a = there ? openat(dir, there, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	AUTO_CLOSE int b = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t x[16 << 10], y[16 << 10];
	ssize_t n, m;

	if (a < 0 || b < 0)
		return false;
	do {
		n = file_read_full(a, x, sizeof(x));
		m = file_read_full(b, y, sizeof(y));
		if (n < 0 || n != m || memcmp(x, y, (size_t)n) != 0)
			return false;
	} while (n > 0);
	return true;
}

static int add_folder(int dir, const char *name, const char *vmlinux, const char *meta, struct err *e)
{
	char tmp[32] = ".tmp-";
	AUTO_CLOSE int fd = -1;
	uint8_t salt[8];
	int rc = file_random(salt, sizeof(salt));

	str_hex(salt, sizeof(salt), tmp + 5);
	if (rc == 0 && mkdirat(dir, tmp, 0700) < 0)
		rc = -errno;
	if (rc == 0 && (fd = openat(dir, tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0)
		rc = -errno;
	if (rc < 0)
		return err_sys(e, rc, "cannot make a folder for kernel '%s'", name);
	rc = copy_image(fd, vmlinux, e);
	if (rc == 0 && meta)
		rc = file_replace(fd, META, meta, strlen(meta), 0600, e);
	if (rc == 0 && renameat2(dir, tmp, dir, name, RENAME_NOREPLACE) < 0)
		rc = errno == EEXIST ? err_set(e, -EEXIST, "there is a kernel '%s' already, and it is another", name) :
				       err_sys(e, -errno, "cannot add kernel '%s'", name);
	if (rc < 0)
		file_remove_tree(dir, tmp, NULL);
	else
		file_sync_dir(dir, ".");
	return rc;
}

int store_kernel_add(const char *root, const char *name, const char *vmlinux, const char *meta, bool make_default,
		     struct err *e)
{
	AUTO_CLOSE int dir = -1;
	AUTO_CLOSE int lock = -1;
	int rc = check_name(name, e);

	if (rc == 0 && strcmp(name, STORE_KERNEL_OWN) == 0)
		rc = err_set(e, -EINVAL, "'%s' is the name of the kernel that comes with berth", name);
	if (rc < 0)
		return rc;
	dir = open_folder(root, e);
	if (dir < 0)
		return dir;
	lock = lock_wait(dir, ".lock", false, e);
	if (lock < 0)
		return lock;
	if (!same_file(dir, name, vmlinux))
		rc = add_folder(dir, name, vmlinux, meta, e);
	if (rc == 0 && make_default)
		rc = file_replace(dir, DEFAULT, name, strlen(name), 0600, e);
	return rc;
}

/* ---- which ones there are */

/* The name in .default; "" if there is none, or nothing of that name. */
static void read_default(int dir, char ret[static STORE_KERNEL_NAME_MAX + 1])
{
	AUTO_FREE char *text = NULL;
	size_t len;

	*ret = 0;
	if (file_load(dir, DEFAULT, STORE_KERNEL_NAME_MAX + 1, &text, &len, NULL) < 0)
		return;
	text[strcspn(text, "\n")] = 0;
	if (store_kernel_name_valid(text) && faccessat(dir, text, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		snprintf(ret, STORE_KERNEL_NAME_MAX + 1, "%s", text);
}

static bool take_features(struct store_kernel *k, const cJSON *list)
{
	const cJSON *f;
	int n = cJSON_GetArraySize(list), i = 0;

	k->features = calloc((size_t)n + 1, sizeof(*k->features));
	if (!k->features)
		return false;
	cJSON_ArrayForEach(f, list)
		if (cJSON_IsString(f) && !(k->features[i++] = strdup(f->valuestring)))
			return false;
	return true;
}

/* false: out of memory. */
static bool read_kernel(const char *root, int dir, const char *name, const char *chosen, struct store_kernel *k)
{
	AUTO_FREE char *image = path_fmt("%s/" IMAGE, name);
	AUTO_FREE char *path = path_fmt("%s/" META, name);
	AUTO_FREE char *text = NULL;
	AUTO_JSON cJSON *j = NULL;
	struct stat st;
	size_t len;

	if (!image || !path)
		return false;
	if (file_load(dir, path, META_MAX, &text, &len, NULL) == 0)
		json_parse(text, len, META, &j, NULL);
	if (fstatat(dir, image, &st, AT_SYMLINK_NOFOLLOW) == 0)
		k->size = (uint64_t)st.st_size;
	k->is_default = strcmp(name, chosen) == 0;
	k->name = strdup(name);
	k->path = path_fmt("%s/" FOLDER "/%s/" IMAGE, root, name);
	k->version = strdup(json_str(j, "version") ?: "");
	k->arch = strdup(json_str(j, "arch") ?: "");
	return k->name && k->path && k->version && k->arch && take_features(k, json_arr(j, "features"));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct store_kernel *)a)->name, ((const struct store_kernel *)b)->name);
}

void store_kernels_free(struct store_kernel *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (char **f = v[i].features; f && *f; f++)
			free(*f);
		free(v[i].features);
		free(v[i].name);
		free(v[i].path);
		free(v[i].version);
		free(v[i].arch);
	}
	free(v);
}

int store_kernel_list(const char *root, struct store_kernel **ret, size_t *ret_n, struct err *e)
{
	char chosen[STORE_KERNEL_NAME_MAX + 1];
	struct store_kernel *v = NULL;
	struct dirent *ent;
	size_t n = 0;
	int dir = open_folder(root, e), dup;

	*ret = NULL;
	*ret_n = 0;
	if (dir < 0)
		return dir;
	AUTO_CLOSE int own = dir;
	dup = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	AUTO_CLOSEDIR DIR *d = dup < 0 ? NULL : fdopendir(dup);
	if (!d)
		return err_sys(e, -errno, "cannot list folder '" FOLDER "'");
	read_default(own, chosen);
	while ((ent = readdir(d))) {
		struct store_kernel *more;

		if (!store_kernel_name_valid(ent->d_name))
			continue;
		more = realloc(v, (n + 1) * sizeof(*v));
		if (more) {
			v = more;
			v[n] = (struct store_kernel){ 0 };
		}
		if (!more || !read_kernel(root, own, ent->d_name, chosen, &v[n++])) {
			store_kernels_free(v, n);
			return err_set(e, -ENOMEM, "cannot list the kernels: out of memory");
		}
	}
	if (n)
		qsort(v, n, sizeof(*v), by_name);
	*ret = v;
	*ret_n = n;
	return 0;
}

static int no_kernel(const char *name, struct err *e)
{
	return err_set(e, -ENOENT, "there is no kernel '%s'", name);
}

int store_kernel_remove(const char *root, const char *name, struct err *e)
{
	char chosen[STORE_KERNEL_NAME_MAX + 1], tmp[STORE_KERNEL_NAME_MAX + 8];
	AUTO_CLOSE int dir = -1;
	AUTO_CLOSE int lock = -1;
	int rc = check_name(name, e);

	if (rc < 0)
		return rc;
	if (strcmp(name, STORE_KERNEL_OWN) == 0)
		return err_set(e, -EINVAL, "kernel '%s' comes with berth and is in no store", name);
	dir = open_folder(root, e);
	if (dir < 0)
		return dir;
	lock = lock_wait(dir, ".lock", false, e);
	if (lock < 0)
		return lock;
	read_default(dir, chosen);
	snprintf(tmp, sizeof(tmp), ".old-%s", name);
	file_remove_tree(dir, tmp, NULL);
	if (renameat(dir, name, dir, tmp) < 0)
		return errno == ENOENT ? no_kernel(name, e) : err_sys(e, -errno, "cannot remove kernel '%s'", name);
	if (strcmp(chosen, name) == 0)
		unlinkat(dir, DEFAULT, 0);
	return file_remove_tree(dir, tmp, e);
}

int store_kernel_set_default(const char *root, const char *name, struct err *e)
{
	AUTO_CLOSE int dir = -1;
	int rc = check_name(name, e);

	if (rc < 0)
		return rc;
	dir = open_folder(root, e);
	if (dir < 0)
		return dir;
	if (strcmp(name, STORE_KERNEL_OWN) == 0)
		return unlinkat(dir, DEFAULT, 0) < 0 && errno != ENOENT ?
			       err_sys(e, -errno, "cannot choose kernel '%s'", name) :
			       0;
	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return no_kernel(name, e);
	return file_replace(dir, DEFAULT, name, strlen(name), 0600, e);
}

int store_kernel_find(const char *root, const char *name, char **ret, struct err *e)
{
	AUTO_FREE char *folder = path_fmt("%s/" FOLDER, root);
	AUTO_CLOSE int dir = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	char chosen[STORE_KERNEL_NAME_MAX + 1] = "";

	*ret = NULL;
	if (!folder)
		return err_set(e, -ENOMEM, "out of memory");
	if (name && strchr(name, '/')) {
		*ret = strdup(name);
		return *ret ? 0 : err_set(e, -ENOMEM, "out of memory");
	}
	if (!name && dir >= 0)
		read_default(dir, chosen);
	if (!name)
		name = chosen;
	if (!*name || strcmp(name, STORE_KERNEL_OWN) == 0)
		return 0;
	if (check_name(name, e) < 0)
		return -EINVAL;
	if (dir < 0 || faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return no_kernel(name, e);
	*ret = path_fmt("%s/%s/" IMAGE, folder, name);
	return *ret ? 0 : err_set(e, -ENOMEM, "out of memory");
}

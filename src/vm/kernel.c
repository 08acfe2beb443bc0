/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.c - the guest's kernel and initramfs. */
#include "vm/kernel.h"

#include <elf.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/where.h"

#define META_MAX (64u << 10)
#define NOTE_PHYS32_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY, by the owner "Xen" */

/* ---- what the file is */

/* Notes:  0: u32 name length   4: u32 data length   8: u32 type   12: name, data, each padded to 4 */
static bool has_pvh_note(const uint8_t *p, size_t n)
{
	while (n >= sizeof(Elf64_Nhdr)) {
		size_t name, data, used;
		Elf64_Nhdr h;

		memcpy(&h, p, sizeof(h));
		name = ((size_t)h.n_namesz + 3) & ~(size_t)3;
		data = ((size_t)h.n_descsz + 3) & ~(size_t)3;
		used = sizeof(h) + name + data;
		if (used > n)
			return false;
		if (h.n_type == NOTE_PHYS32_ENTRY && h.n_namesz == 4 && memcmp(p + sizeof(h), "Xen", 4) == 0)
			return true;
		p += used;
		n -= used;
	}
	return false;
}

static int check_elf(const uint8_t *p, size_t n, struct err *e)
{
	Elf64_Ehdr h;

	memcpy(&h, p, sizeof(h));
	if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB || h.e_machine != EM_X86_64)
		return err_set(e, -ENOEXEC, "it is not for x86-64");
	if (h.e_phentsize != sizeof(Elf64_Phdr) || h.e_phoff > n ||
	    h.e_phnum > (n - h.e_phoff) / sizeof(Elf64_Phdr))
		return err_set(e, -ENOEXEC, "its program headers are cut off");
	for (unsigned i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr ph;

		memcpy(&ph, p + h.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_NOTE && ph.p_offset <= n && ph.p_filesz <= n - ph.p_offset &&
		    has_pvh_note(p + ph.p_offset, ph.p_filesz))
			return 0;
	}
	return err_set(e, -ENOEXEC, "it has no PVH entry (CONFIG_PVH)");
}

int vm_kernel_check(const uint8_t *p, size_t n, struct err *e)
{
	if (n >= sizeof(Elf64_Ehdr) && memcmp(p, ELFMAG, SELFMAG) == 0)
		return check_elf(p, n, e);
	/* The boot protocol's magic: Documentation/x86/boot.rst. */
	if (n > 0x206 && memcmp(p + 0x202, "HdrS", 4) == 0)
		return 0;
	return err_set(e, -ENOEXEC, "it is neither an ELF vmlinux nor a bzImage");
}

static int check_file(int fd, const char *path, struct err *e)
{
	struct stat st;
	void *p;
	int rc;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot read kernel '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return err_set(e, -ENOEXEC, "cannot boot '%s': it is no kernel", path);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_sys(e, -errno, "cannot read kernel '%s'", path);
	rc = vm_kernel_check(p, (size_t)st.st_size, e);
	munmap(p, (size_t)st.st_size);
	return rc < 0 ? err_wrap(e, rc, "cannot boot kernel '%s'", path) : 0;
}

/* ---- where it is */

/* The path if there is such a file; takes path over. */
static char *if_there(char *path)
{
	if (path && access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* In the build tree that the running program was made in. */
static char *in_build_tree(const char *name)
{
	char dir[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);

	if (n <= 0)
		return NULL;
	dir[n] = 0;
	for (int up = 0; up < 5; up++) {
		AUTO_FREE char *status = NULL;
		char *slash = strrchr(dir, '/');

		if (!slash)
			return NULL;
		*slash = 0;
		status = path_fmt("%s/config.status", dir);
		if (status && access(status, F_OK) == 0)
			return if_there(path_fmt("%s/%s", dir, name));
	}
	return NULL;
}

static char *locate(const char *name, const char *in_tree)
{
	char *p = getenv("BERTH_LIBEXEC") ? NULL : in_build_tree(in_tree);

	return p ? p : if_there(where_helper(name));
}

static int open_named(const char *path, const char *what, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, -errno, "cannot open %s '%s'", what, path) : fd;
}

/* What meta.json beside the kernel says; without one, nothing. */
static void read_meta(struct vm_kernel *k)
{
	AUTO_FREE char *copy = strdup(k->path);
	AUTO_FREE char *path = copy ? path_join(dirname(copy), "meta.json") : NULL;
	AUTO_FREE char *text = NULL;
	AUTO_JSON cJSON *j = NULL;
	const cJSON *f;
	size_t len, n = 0;

	if (!path || file_load(AT_FDCWD, path, META_MAX, &text, &len, NULL) < 0 ||
	    json_parse(text, len, "meta.json", &j, NULL) < 0)
		return;
	if (json_str(j, "version"))
		k->version = strdup(json_str(j, "version"));
	if (json_str(j, "arch"))
		k->arch = strdup(json_str(j, "arch"));
	k->features = calloc((size_t)cJSON_GetArraySize(json_arr(j, "features")) + 1, sizeof(*k->features));
	cJSON_ArrayForEach(f, json_arr(j, "features")) {
		if (!cJSON_IsString(f))
			continue;
		k->patched_timers = k->patched_timers || strcmp(f->valuestring, "lapic_timer_khz") == 0;
		if (k->features && (k->features[n] = strdup(f->valuestring)))
			n++;
	}
}

bool vm_kernel_has_agent(void)
{
	AUTO_FREE char *init = locate("initramfs.cpio", "guest/vminitd/initramfs.cpio");

	return init != NULL;
}

int vm_kernel_open(const char *kernel, const char *initramfs, struct vm_kernel *ret, struct err *e)
{
	struct vm_kernel k AUTO(vm_kernel_finish) = { .fd = -1, .initramfs_fd = -1 };
	AUTO_FREE char *init = NULL;
	struct stat st;
	int rc;

	if (!kernel)
		kernel = getenv("BERTH_KERNEL");
	k.path = kernel ? strdup(kernel) : locate("vmlinux", "kernel/vmlinux");
	if (!k.path)
		return err_set(e, -ENOENT, "there is no kernel for VMs");
	init = initramfs ? strdup(initramfs) : locate("initramfs.cpio", "guest/vminitd/initramfs.cpio");
	if (!init)
		return err_set(e, -ENOENT, "there is no initramfs.cpio beside berth's programs; install berth "
					   "again");
	k.fd = open_named(k.path, "kernel", e);
	if (k.fd < 0)
		return k.fd;
	k.initramfs_fd = open_named(init, "initramfs", e);
	if (k.initramfs_fd < 0)
		return k.initramfs_fd;
	rc = check_file(k.fd, k.path, e);
	if (rc < 0)
		return rc;
	if (fstat(k.fd, &st) < 0)
		return err_sys(e, -errno, "cannot read kernel '%s'", k.path);
	snprintf(k.id, sizeof(k.id), "%llx.%llx.%lld.%09ld", (unsigned long long)st.st_ino,
		 (unsigned long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	read_meta(&k);
	*ret = k;
	k = (struct vm_kernel){ .fd = -1, .initramfs_fd = -1 };
	return 0;
}

void vm_kernel_finish(struct vm_kernel *k)
{
	auto_close(&k->fd);
	auto_close(&k->initramfs_fd);
	free(k->path);
	free(k->version);
	free(k->arch);
	for (char **f = k->features; f && *f; f++)
		free(*f);
	free(k->features);
	*k = (struct vm_kernel){ .fd = -1, .initramfs_fd = -1 };
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own opinion: what it reads from an image, and whether it can live on an empty one. Needs
 * root and loop devices; skipped without. */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "image.h"

static char at[] = "/tmp/ext4-mount-XXXXXX";

/* Mounts are made in a namespace of the test's own and end with it. */
static void mount_image(struct image *im, const char *how)
{
	AUTO_FREE char *cmd = NULL, *out = NULL;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		print_message("mounting needs root\n");
		image_remove(im);
		skip();
	}
	strcpy(at + sizeof(at) - 7, "XXXXXX");
	assert_non_null(mkdtemp(at));
	cmd = path_fmt("mount -o loop,%s %%s %s >/dev/null 2>&1; echo $?", how, at);
	out = image_run(im, cmd);
	if (atoi(out) != 0) {
		print_message("no loop mounts here: mount answers %s", out);
		rmdir(at);
		image_remove(im);
		skip();
	}
}

static void unmount(void)
{
	assert_int_equal(umount(at), 0);
	rmdir(at);
}

static const char *in(const char *path)
{
	static char full[512];

	snprintf(full, sizeof(full), "%s/%s", at, path);
	return full;
}

static int count(const char *dir)
{
	AUTO_CLOSEDIR DIR *d = opendir(in(dir));
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	return n - 2;
}

static void build(struct image *im)
{
	static const uint8_t acl[] = { 2, 0,    0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  7,
				       0, 0xe8, 3,   0,   0,   4,   0,  4, 0,   255, 255, 255, 255, 16, 0,
				       5, 0,    255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255 };
	static char big[3900];
	const struct fs_xattr x[] = { { "system.posix_acl_access", acl, sizeof(acl) },
				      { "user.big", big, sizeof(big) },
				      { "trusted.t", "1", 1 } };
	const struct fs_attr a = {
		.mode = 0644, .uid = 100000, .gid = 1, .mtime = { -5, 999999999 }, .xattrs = x, .nxattrs = 3
	};
	const struct fs_attr plain = { .mode = 0600, .mtime = { 15032385535, 1 } };

	memset(big, 'v', sizeof(big));
	for (int i = 0; i < 20000; i++) {
		char path[32];

		snprintf(path, sizeof(path), "many/f%d", i);
		image_file(im, path, "");
	}
	MUST(im, im->s->ops->add_dir(im->s, "with", &a, &im->e));
	MUST(im, im->s->ops->add_node(im->s, "dev", S_IFCHR, 300, 70000, &plain, &im->e));
	MUST(im, im->s->ops->add_file(im->s, "sparse", 1 << 20, &plain, &im->e));
	MUST(im, im->s->ops->hole(im->s, (1 << 20) - 4096, &im->e));
	MUST(im, im->s->ops->write(im->s, big, 3900, &im->e));
	MUST(im, im->s->ops->hole(im->s, 196, &im->e));
	MUST(im, im->s->ops->end_file(im->s, &im->e));
	memset(big, 's', 100);
	big[100] = 0;
	MUST(im, im->s->ops->add_symlink(im->s, "slow", big, &plain, &im->e));
	MUST(im, im->s->ops->add_symlink(im->s, "fast", "sparse", &plain, &im->e));
	image_link(im, "name", "sparse");
}

static void test_read(void **state)
{
	char buf[4096];
	struct image im;
	struct stat st;

	image_open(&im, &image_opts);
	build(&im);
	image_finish(&im);
	mount_image(&im, "ro");
	assert_int_equal(count("many"), 20000);
	assert_int_equal(stat(in("many/f12345"), &st), 0);
	assert_int_equal(stat(in("with"), &st), 0);
	assert_int_equal(st.st_uid, 100000);
	assert_int_equal(st.st_mode & 07777, 0650);
	assert_int_equal(st.st_mtim.tv_sec, -5);
	assert_int_equal(st.st_mtim.tv_nsec, 999999999);
	assert_int_equal(getxattr(in("with"), "user.big", buf, sizeof(buf)), 3900);
	assert_int_equal(getxattr(in("with"), "trusted.t", buf, sizeof(buf)), 1);
	assert_int_equal(getxattr(in("with"), "system.posix_acl_access", buf, sizeof(buf)), 44);
	assert_int_equal(stat(in("dev"), &st), 0);
	assert_int_equal(st.st_rdev, makedev(300, 70000));
	assert_int_equal(stat(in("fast"), &st), 0);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(st.st_size, 1 << 20);
	assert_int_equal(st.st_blocks, 8);
	assert_int_equal(st.st_mtim.tv_sec, 15032385535);
	assert_int_equal(readlink(in("slow"), buf, sizeof(buf)), 100);
	unmount();
	image_remove(&im);
}

/* Makes, fills, renames and removes files until groups, journal and directories have been in use. */
static void churn(void)
{
	static char data[60000];

	memset(data, 'x', sizeof(data));
	for (int i = 0; i < 3000; i++) {
		char path[64], other[512];
		int fd;

		snprintf(path, sizeof(path), "upper/%d-%s", i, i % 2 ? "odd" : "an-even-name");
		fd = open(in(path), O_WRONLY | O_CREAT, 0644);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, data, (size_t)(i * 20)), i * 20);
		close(fd);
		snprintf(path, sizeof(path), "upper/%d-odd", i - 100);
		snprintf(other, sizeof(other), "%s/work/%d", at, i);
		if (i % 2 && i > 100)
			assert_int_equal(rename(in(path), other), 0);
		else if (i % 5 == 0)
			assert_int_equal(mkdir(other, 0700), 0);
	}
}

static void test_live(void **state)
{
	struct ext4_mkfs_opts o = { .fs = image_opts, .overlay = true };
	struct image im;

	o.fs.journal = EXT4_JOURNAL_ORDERED;
	image_open(&im, NULL);
	MUST(&im, ext4_mkfs(im.fd, &o, &im.e));
	for (int round = 0; round < 2; round++) {
		mount_image(&im, "rw");
		churn();
		if (round)
			assert_int_equal(count("upper"), 1550);
		unmount();
		image_check(&im);
		if (!round)
			MUST(&im, ext4_mkfs(im.fd, &o, &im.e));
	}
	image_remove(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests_name("ext4 mount", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Layers on top of each other: each case is a list of steps in a directory of its own and the tree that
 * must be left, as debugfs takes it out of the image. */
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "image.h"

enum { LAYER = 'L', DIR_ = 'd', FILE_ = 'f', SYMLINK = 'l', HARD = 'h', WHITEOUT = 'w', OPAQUE = 'o' };

struct step {
	char op;
	const char *path, *arg;
};

static const struct {
	const char *name;
	struct step steps[14];
	const char *left; /* paths in order: dir/ file=text link>target */
} cases[] = {
	{ "whiteout", { { 'f', "a", "1" }, { 'f', "b", "2" }, { 'L' }, { 'w', "a" } }, "b=2" },
	{ "whiteout of nothing", { { 'f', "b", "2" }, { 'L' }, { 'w', "a/b/c" }, { 'w', "x" } }, "b=2" },
	{ "whiteout of a tree", { { 'f', "a/b/c", "1" }, { 'd', "a/e" }, { 'L' }, { 'w', "a" } }, "" },
	{ "whiteout before the new", { { 'f', "a", "1" }, { 'L' }, { 'w', "a" }, { 'f', "a", "2" } }, "a=2" },
	{ "whiteout behind the new", { { 'f', "a", "1" }, { 'L' }, { 'f', "a", "2" }, { 'w', "a" } }, "a=2" },
	{ "whiteout of own file", { { 'L' }, { 'f', "a", "2" }, { 'w', "a" } }, "a=2" },
	{ "whiteout keeps own below",
	  { { 'f', "a/x", "1" }, { 'f', "a/y/z", "1" }, { 'L' }, { 'f', "a/y/n", "2" }, { 'w', "a" } },
	  "a/ a/y/ a/y/n=2" },
	{ "whiteout of a link",
	  { { 'f', "a/x", "1" }, { 'l', "l", "a" }, { 'L' }, { 'w', "l" } },
	  "a/ a/x=1" },
	{ "whiteout through a link",
	  { { 'f', "a/x", "1" }, { 'l', "l", "a" }, { 'L' }, { 'w', "l/x" } },
	  "a/ l>a" },
	{ "whiteout twice",
	  { { 'f', "a/x", "1" },
	    { 'L' },
	    { 'w', "a" },
	    { 'f', "a/y", "2" },
	    { 'w', "a" },
	    { 'L' },
	    { 'w', "a" } },
	  "" },
	{ "opaque first", { { 'f', "a/x", "1" }, { 'L' }, { 'o', "a" }, { 'f', "a/y", "2" } }, "a/ a/y=2" },
	{ "opaque last",
	  { { 'f', "a/x", "1" },
	    { 'f', "a/d/e", "1" },
	    { 'L' },
	    { 'f', "a/y", "2" },
	    { 'f', "a/d/n", "2" },
	    { 'o', "a" } },
	  "a/ a/d/ a/d/n=2 a/y=2" },
	{ "opaque keeps a listed directory",
	  { { 'f', "a/d/e", "1" }, { 'L' }, { 'd', "a/d" }, { 'o', "a" } },
	  "a/ a/d/" },
	{ "opaque of nothing", { { 'L' }, { 'o', "a" }, { 'f', "b", "1" } }, "b=1" },
	{ "opaque, then the next layer",
	  { { 'f', "a/x", "1" },
	    { 'L' },
	    { 'o', "a" },
	    { 'f', "a/y", "2" },
	    { 'L' },
	    { 'f', "a/z", "3" },
	    { 'o', "a" } },
	  "a/ a/z=3" },
	{ "opaque of a link",
	  { { 'f', "a/x", "1" }, { 'l', "l", "a" }, { 'L' }, { 'o', "l" } },
	  "a/ a/x=1 l>a" },
	{ "replaced file", { { 'f', "a", "1" }, { 'f', "a", "2" }, { 'L' }, { 'f', "a", "3" } }, "a=3" },
	{ "directory to file", { { 'f', "a/b/c", "1" }, { 'L' }, { 'f', "a", "2" } }, "a=2" },
	{ "directory to link", { { 'f', "a/b/c", "1" }, { 'L' }, { 'l', "a", "x" } }, "a>x" },
	{ "file to directory",
	  { { 'f', "a", "1" }, { 'L' }, { 'd', "a" }, { 'f', "a/b", "2" } },
	  "a/ a/b=2" },
	{ "file to implied directory", { { 'f', "a", "1" }, { 'L' }, { 'f', "a/b", "2" } }, "a/ a/b=2" },
	{ "link to directory",
	  { { 'l', "a", "x" }, { 'L' }, { 'd', "a" }, { 'f', "a/b", "2" } },
	  "a/ a/b=2" },
	{ "listed again", { { 'f', "a/b", "1" }, { 'L' }, { 'd', "a" } }, "a/ a/b=1" },
	{ "hard link across layers", { { 'f', "a", "1" }, { 'L' }, { 'h', "b", "a" }, { 'w', "a" } }, "b=1" },
	{ "hard link of a hard link",
	  { { 'f', "a", "1" }, { 'h', "b", "a" }, { 'L' }, { 'h', "c", "b" }, { 'w', "a" }, { 'w', "b" } },
	  "c=1" },
	{ "first name replaced",
	  { { 'f', "a", "1" }, { 'h', "b", "a" }, { 'L' }, { 'f', "a", "2" } },
	  "a=2 b=1" },
	{ "hard link onto itself", { { 'f', "a", "1" }, { 'L' }, { 'h', "a", "a" }, { 'w', "a" } }, "a=1" },
	{ "hard link over the directory that held it",
	  { { 'f', "a/b", "1" }, { 'L' }, { 'h', "a", "a/b" } },
	  "a=1" },
	{ "hard link to a symbolic one", { { 'l', "a", "x" }, { 'h', "b", "a" } }, "a>x b>x" },
	{ "through a relative link",
	  { { 'd', "usr/bin" }, { 'l', "bin", "usr/bin" }, { 'L' }, { 'f', "bin/sh", "1" } },
	  "bin>usr/bin usr/ usr/bin/ usr/bin/sh=1" },
	{ "through a link upwards",
	  { { 'd', "a/b" }, { 'd', "c" }, { 'l', "a/b/l", "../../c" }, { 'f', "a/b/l/f", "1" } },
	  "a/ a/b/ a/b/l>../../c c/ c/f=1" },
	{ "through a link to nothing",
	  { { 'l', "l", "n/m" }, { 'f', "l/f", "1" } },
	  "l>n/m n/ n/m/ n/m/f=1" },
	{ "removed and made again",
	  { { 'f', "a/b/c", "1" }, { 'L' }, { 'w', "a" }, { 'L' }, { 'f', "a/b/d", "2" } },
	  "a/ a/b/ a/b/d=2" },
};

static void apply(struct image *im, const char *prefix, const struct step *s)
{
	const struct fs_sink_ops *ops = im->s->ops;
	const struct fs_attr link = { .mode = 0777 };
	AUTO_FREE char *path = s->path ? path_fmt("%s/%s", prefix, s->path) : NULL;
	AUTO_FREE char *arg = s->op == HARD ? path_fmt("%s/%s", prefix, s->arg) : NULL;

	switch (s->op) {
	case LAYER:
		MUST(im, ops->layer(im->s, &im->e));
		break;
	case DIR_:
		image_dir(im, path);
		break;
	case FILE_:
		image_file(im, path, s->arg);
		break;
	case SYMLINK:
		MUST(im, ops->add_symlink(im->s, path, s->arg, &link, &im->e));
		break;
	case HARD:
		image_link(im, path, arg);
		break;
	case WHITEOUT:
		MUST(im, ops->whiteout(im->s, path, &im->e));
		break;
	case OPAQUE:
		MUST(im, ops->opaque(im->s, path, &im->e));
		break;
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* A tree on the host in the words of cases[].left. */
static char *describe(const char *root)
{
	char *const roots[] = { (char *)root, NULL };
	FTS *f = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	struct buf b = { 0 };
	FTSENT *en;

	buf_adds(&b, "");
	while ((en = fts_read(f))) {
		AUTO_FREE char *text = NULL;
		char target[4096] = "";

		if (en->fts_level == 0 || en->fts_info == FTS_DP)
			continue;
		buf_addf(&b, "%s%s", b.len ? " " : "", en->fts_path + strlen(root) + 1);
		if (en->fts_info == FTS_D) {
			buf_adds(&b, "/");
		} else if (en->fts_info == FTS_SL) {
			assert_true(readlink(en->fts_path, target, sizeof(target) - 1) > 0);
			buf_addf(&b, ">%s", target);
		} else {
			assert_int_equal(file_load(AT_FDCWD, en->fts_path, 4096, &text, NULL, NULL), 0);
			buf_addf(&b, "=%s", text);
		}
	}
	fts_close(f);
	return buf_steal(&b);
}

static void test_cases(void **state)
{
	char dir[] = "/tmp/ext4-dump-XXXXXX";
	AUTO_FREE char *cmd = NULL;
	struct image im;

	image_open(&im, &image_opts);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *prefix = path_fmt("case%zu", i);

		image_dir(&im, prefix);
		for (const struct step *s = cases[i].steps; s->op; s++)
			apply(&im, prefix, s);
		MUST(&im, im.s->ops->layer(im.s, &im.e));
	}
	image_finish(&im);
	assert_non_null(mkdtemp(dir));
	cmd = path_fmt("rdump / %s", dir);
	free(image_debugfs(&im, cmd));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *root = path_fmt("%s/case%zu", dir, i);
		AUTO_FREE char *left = describe(root);

		if (strcmp(left, cases[i].left) != 0)
			fail_msg("%s: '%s' is left, not '%s'", cases[i].name, left, cases[i].left);
	}
	file_remove_tree(AT_FDCWD, dir, NULL);
	image_remove(&im);
}

/* A listed directory takes the new attributes; one that only stays because of what is in it is as if it
 * had been implied. */
static void test_attributes(void **state)
{
	const struct fs_attr first = { .mode = 0700, .uid = 5, .gid = 6, .mtime = { 1111, 0 } };
	const struct fs_attr second = { .mode = 01777, .uid = 7, .gid = 8, .mtime = { 2222, 3 } };
	struct image im;

	image_open(&im, &image_opts);
	MUST(&im, im.s->ops->add_dir(im.s, "", &second, &im.e));
	MUST(&im, im.s->ops->add_dir(im.s, "again", &first, &im.e));
	MUST(&im, im.s->ops->add_dir(im.s, "kept", &first, &im.e));
	MUST(&im, im.s->ops->add_dir(im.s, "kept/deep", &first, &im.e));
	MUST(&im, im.s->ops->layer(im.s, &im.e));
	MUST(&im, im.s->ops->add_dir(im.s, "again", &second, &im.e));
	image_file(&im, "kept/deep/new", "x");
	MUST(&im, im.s->ops->whiteout(im.s, "kept", &im.e));
	image_finish(&im);
	image_says(&im, "stat /again", "Mode:  01777", "User:     7", "Group:     8",
		   "mtime: 0x000008ae:0000000c", NULL);
	image_says(&im, "stat /kept/deep", "Mode:  0755", "User:     0", "mtime: 0x000008ae:0000000c", NULL);
	image_says(&im, "stat /", "Mode:  01777", "Links: 4", NULL);
	image_remove(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_attributes),
	};

	return cmocka_run_group_tests_name("ext4 layers", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Random layers of a small tree against a model that knows only paths: the image must be clean and hold
 * what the model holds. Seeds are fixed; BERTH_TEST_SEEDS=N runs that many. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "ext4/reader.h"
#include "image.h"

enum { NENTRIES = 512, NOPS = 250 };

struct entry {
	char path[64];
	mode_t type;
	int inode; /* of files: what their text is made of, and which names are one */
	uint32_t mode;
	int64_t mtime;
	int layer;
	char target[16];
};

/* Kept sorted by path, a directory before what is in it. */
struct model {
	struct entry v[NENTRIES];
	int n, layer, inodes, text_len[4096];
};

static uint32_t rnd_state;

static uint32_t rnd(uint32_t below)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 17;
	rnd_state ^= rnd_state << 5;
	return rnd_state % below;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return n == 0 ? *path != 0 : !strncmp(path, dir, n) && path[n] == '/';
}

static struct entry *find(struct model *m, const char *path)
{
	for (int i = 0; i < m->n; i++)
		if (!strcmp(m->v[i].path, path))
			return &m->v[i];
	return NULL;
}

static void drop(struct model *m, int i)
{
	memmove(&m->v[i], &m->v[i + 1], sizeof(m->v[0]) * (size_t)(m->n - i - 1));
	m->n--;
}

static void drop_tree(struct model *m, const char *path)
{
	for (int i = m->n - 1; i >= 0; i--)
		if (!strcmp(m->v[i].path, path) || is_below(m->v[i].path, path))
			drop(m, i);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static void put(struct model *m, const struct entry *en)
{
	assert_true(m->n < NENTRIES);
	m->v[m->n++] = *en;
	qsort(m->v, (size_t)m->n, sizeof(m->v[0]), by_path);
}

static int64_t parent_mtime(struct model *m, const char *path)
{
	char dir[64];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash)
		return 0;
	*slash = 0;
	return find(m, dir)->mtime;
}

/* Makes what is missing on the way; false if the sink would refuse, or would follow a link. */
static bool parents(struct model *m, const char *path, bool make)
{
	char dir[64];

	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		struct entry *en, dirent = { .type = S_IFDIR, .mode = 0755, .layer = m->layer };

		memcpy(dir, path, (size_t)(p - path));
		dir[p - path] = 0;
		en = find(m, dir);
		if (en && (S_ISLNK(en->type) || (!S_ISDIR(en->type) && en->layer == m->layer)))
			return false;
		if (!make || (en && S_ISDIR(en->type)))
			continue;
		drop_tree(m, dir);
		strcpy(dirent.path, dir);
		dirent.mtime = parent_mtime(m, dir);
		put(m, &dirent);
	}
	return true;
}

static void hide(struct model *m, const char *path, bool self)
{
	for (int i = m->n - 1; i >= 0; i--) { /* what is in a directory comes behind it */
		struct entry *en = &m->v[i];
		bool hit = is_below(en->path, path) || (self && !strcmp(en->path, path)), kept = false;

		if (!hit || en->layer == m->layer)
			continue;
		for (int k = 0; k < m->n; k++)
			kept = kept || is_below(m->v[k].path, en->path);
		if (!kept)
			drop(m, i);
	}
	for (int i = 0; i < m->n; i++) {
		struct entry *en = &m->v[i];

		if ((is_below(en->path, path) || (self && !strcmp(en->path, path))) &&
		    en->layer != m->layer) {
			en->layer = m->layer;
			en->mode = 0755;
			en->mtime = parent_mtime(m, en->path);
		}
	}
}

static void random_path(char *ret)
{
	int depth = 1 + (int)rnd(4);

	*ret = 0;
	for (int i = 0; i < depth; i++)
		sprintf(ret + strlen(ret), "%s%c", i ? "/" : "", 'a' + (int)rnd(4));
}

/* Text of a file: its number over and over, sometimes with a hole. */
static void text(const struct model *m, int inode, char *ret)
{
	for (int i = 0; i < m->text_len[inode]; i++)
		ret[i] = i >= 4096 && i < 8192 && inode % 3 == 0 ? 0 : (char)('0' + (inode + i) % 10);
}

static void add_file(struct image *im, struct model *m, const struct entry *en, const struct fs_attr *a)
{
	static char buf[20000];
	int len = m->text_len[en->inode];

	text(m, en->inode, buf);
	MUST(im, im->s->ops->add_file(im->s, en->path, (uint64_t)len, a, &im->e));
	if (en->inode % 3 == 0 && len > 8192) {
		MUST(im, im->s->ops->write(im->s, buf, 4096, &im->e));
		MUST(im, im->s->ops->hole(im->s, 4096, &im->e));
		MUST(im, im->s->ops->write(im->s, buf + 8192, (size_t)len - 8192, &im->e));
	} else {
		MUST(im, im->s->ops->write(im->s, buf, (size_t)len, &im->e));
	}
	MUST(im, im->s->ops->end_file(im->s, &im->e));
}

static void op_add(struct image *im, struct model *m, const char *path)
{
	static const mode_t types[] = { S_IFREG, S_IFREG, S_IFDIR, S_IFDIR, S_IFLNK };
	struct entry *old, en = { .type = types[rnd(5)], .mode = 0700 | rnd(64), .mtime = 1 + rnd(1u << 30) };
	struct fs_attr a = { .mode = en.mode, .mtime = { en.mtime, 0 }, .atime = { en.mtime, 0 } };

	if (!parents(m, path, false))
		return;
	parents(m, path, true);
	en.layer = m->layer;
	strcpy(en.path, path);
	old = find(m, path);
	if (old && S_ISDIR(old->type) && S_ISDIR(en.type))
		drop(m, (int)(old - m->v));
	else
		drop_tree(m, path);
	if (S_ISREG(en.type)) {
		en.inode = ++m->inodes;
		m->text_len[en.inode] = (int)rnd(20000);
		add_file(im, m, &en, &a);
	} else if (S_ISDIR(en.type)) {
		MUST(im, im->s->ops->add_dir(im->s, path, &a, &im->e));
	} else {
		snprintf(en.target, sizeof(en.target), "to-%u", rnd(1000));
		MUST(im, im->s->ops->add_symlink(im->s, path, en.target, &a, &im->e));
	}
	put(m, &en);
}

static void op_link(struct image *im, struct model *m, const char *path)
{
	struct entry *from = m->n ? &m->v[rnd((uint32_t)m->n)] : NULL, en;

	if (!from || !S_ISREG(from->type) || is_below(from->path, path) || is_below(path, from->path) ||
	    !parents(m, path, false))
		return;
	en = *from;
	MUST(im, im->s->ops->add_link(im->s, path, from->path, &im->e));
	parents(m, path, true);
	drop_tree(m, path);
	strcpy(en.path, path);
	en.layer = m->layer;
	put(m, &en);
}

static void op_hide(struct image *im, struct model *m, const char *path, bool self)
{
	struct entry *en = find(m, path);

	if (!parents(m, path, false))
		return;
	if (self) {
		MUST(im, im->s->ops->whiteout(im->s, path, &im->e));
		hide(m, path, true);
		return;
	}
	MUST(im, im->s->ops->opaque(im->s, path, &im->e));
	if (en && S_ISDIR(en->type))
		hide(m, path, false);
}

static void compare(struct image *im, struct model *m, const char *dir, uint32_t seed)
{
	int names[4096] = { 0 };
	char got[20001], want[20001];
	AUTO_FREE char *count = path_fmt("find %s -mindepth 1 | wc -l; : %%s", dir), *out = NULL;

	for (int i = 0; i < m->n; i++)
		if (S_ISREG(m->v[i].type))
			names[m->v[i].inode]++;
	for (int i = 0; i < m->n; i++) {
		const struct entry *en = &m->v[i];
		AUTO_FREE char *path = path_fmt("%s/%s", dir, en->path);
		struct stat st;

		if (lstat(path, &st) < 0 || (st.st_mode & S_IFMT) != en->type)
			fail_msg("seed %u: '%s' is not there or of another type", seed, en->path);
		if (S_ISLNK(en->type)) {
			ssize_t n = readlink(path, got, sizeof(got) - 1);

			got[MAX(n, 0)] = 0;
			assert_string_equal(got, en->target);
			continue;
		}
		if ((st.st_mode & 07777) != en->mode || (S_ISREG(en->type) && st.st_mtime != en->mtime))
			fail_msg("seed %u: '%s' has mode %o, time %ld; not %o, %ld", seed, en->path,
				 st.st_mode & 07777, (long)st.st_mtime, en->mode, (long)en->mtime);
		if (S_ISREG(en->type)) {
			AUTO_CLOSE int fd = open(path, O_RDONLY);
			AUTO_FREE char *cmd = path_fmt("stat /%s", en->path);
			char links[32];

			text(m, en->inode, want);
			assert_int_equal(file_read_full(fd, got, sizeof(got)), m->text_len[en->inode]);
			assert_memory_equal(got, want, (size_t)m->text_len[en->inode]);
			snprintf(links, sizeof(links), "Links: %d ", names[en->inode]);
			if (names[en->inode] > 1)
				image_says(im, cmd, links, NULL);
		} else {
			AUTO_FREE char *cmd = path_fmt("stat /%s", en->path);
			char when[32];

			snprintf(when, sizeof(when), "mtime: 0x%08x:", (unsigned)en->mtime);
			image_says(im, cmd, when, NULL);
		}
	}
	out = image_run(im, count);
	assert_int_equal(atoi(out), m->n);
}

/* The same by our own reader. */
static void compare_by_reader(struct image *im, struct model *m, uint32_t seed)
{
	char got[20001], want[20001];
	struct ext4_reader *r;
	struct ext4_stat st;
	uint32_t ino;

	MUST(im, ext4_reader_open(im->fd, &r, &im->e));
	for (int i = 0; i < m->n; i++) {
		const struct entry *en = &m->v[i];

		if (ext4_reader_find(r, en->path, false, &ino, &im->e) < 0 || ext4_reader_stat(r, ino, &st, &im->e) < 0)
			fail_msg("seed %u: '%s': %s", seed, en->path, im->e.text);
		assert_int_equal(st.mode & S_IFMT, en->type);
		if (S_ISLNK(en->type)) {
			AUTO_FREE char *target = NULL;

			MUST(im, ext4_reader_link(r, ino, &target, &im->e));
			assert_string_equal(target, en->target);
			continue;
		}
		assert_int_equal(st.mode & 07777, en->mode);
		assert_int_equal(st.mtime.sec, en->mtime);
		if (S_ISREG(en->type)) {
			struct ext4_file *f;

			text(m, en->inode, want);
			MUST(im, ext4_file_open(r, ino, &f, &im->e));
			assert_int_equal(ext4_file_size(f), m->text_len[en->inode]);
			MUST(im, ext4_file_read(f, got, ext4_file_size(f), 0, &im->e));
			assert_memory_equal(got, want, ext4_file_size(f));
			ext4_file_close(f);
		}
	}
	ext4_reader_close(r);
}

static void one(uint32_t seed)
{
	struct model *m = calloc(1, sizeof(*m));
	char dir[] = "/tmp/ext4-dump-XXXXXX";
	AUTO_FREE char *cmd = NULL;
	struct image im;

	rnd_state = seed * 2654435761u + 1;
	image_open(&im, &image_opts);
	for (int i = 0; i < NOPS; i++) {
		char path[64];
		uint32_t what = rnd(20);

		random_path(path);
		if (what < 12) {
			op_add(&im, m, path);
		} else if (what < 14) {
			op_link(&im, m, path);
		} else if (what < 17) {
			op_hide(&im, m, path, true);
		} else if (what < 19) {
			op_hide(&im, m, path, false);
		} else {
			m->layer++;
			MUST(&im, im.s->ops->layer(im.s, &im.e));
		}
	}
	image_finish(&im);
	assert_non_null(mkdtemp(dir));
	cmd = path_fmt("rdump / %s", dir);
	free(image_debugfs(&im, cmd));
	compare(&im, m, dir, seed);
	compare_by_reader(&im, m, seed);
	file_remove_tree(AT_FDCWD, dir, NULL);
	image_remove(&im);
	free(m);
}

static void test_random(void **state)
{
	const char *seeds = getenv("BERTH_TEST_SEEDS");
	uint32_t n = seeds ? (uint32_t)atoi(seeds) : 12;

	for (uint32_t seed = 1; seed <= n; seed++)
		one(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("ext4 random", tests, NULL, NULL);
}

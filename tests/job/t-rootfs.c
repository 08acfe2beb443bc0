/* SPDX-License-Identifier: Apache-2.0 */
/* Root file systems from all kinds of sources, through the real worker. What came out is asked of e2fsck and
 * debugfs. */
#include "job/rootfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "job/unpack-confine.h"
#include "store/import.h"
#include "tests/lib/layout.h"
#include "tests/lib/tar.h"

static char top[64], *helper;
static int tools; /* e2fsck and debugfs are there */

struct run {
	struct rootfs_create op;
	int rc;
	struct err err;
	bool done;
	size_t nprogress;
	bool cancel_at_progress;
};

static void on_progress(struct rootfs_create *op, const struct unpack_progress *p)
{
	struct run *r = op->data;

	r->nprogress++;
	if (r->cancel_at_progress)
		rootfs_create_cancel(op);
}

static void on_done(struct rootfs_create *op, int rc, const struct err *e)
{
	struct run *r = op->data;

	assert_false(r->done);
	r->done = true;
	r->rc = rc;
	r->err = *e;
}

static void finish_loop(uv_loop_t *loop)
{
	uv_run(loop, UV_RUN_DEFAULT);
	loop_finish(loop);
	uv_run(loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(loop), 0);
}

static void create(struct run *r, struct rootfs_opts o)
{
	struct err e = { 0 };
	uv_loop_t loop = { .data = NULL };

	assert_int_equal(uv_loop_init(&loop), 0);
	r->op.data = r;
	r->op.progress = on_progress;
	o.helper = helper;
	if (rootfs_create_start(&r->op, &loop, &o, on_done, &e) < 0)
		fail_msg("%s", e.text);
	assert_false(r->done);
	finish_loop(&loop);
	assert_true(r->done);
}

static void must_create(const char *output, const char *const *sources)
{
	struct run r = { 0 };

	create(&r, (struct rootfs_opts){ .sources = sources, .output = output });
	if (r.rc < 0)
		fail_msg("%d: %s", r.rc, r.err.text);
}

/* What the command prints, "" if it fails. */
static char *output_of(const char *fmt, ...)
{
	char cmd[1024], *text;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	FILE *p = popen(cmd, "r");
	assert_int_equal(file_read_all(fileno(p), 1 << 20, &text, NULL), 0);
	pclose(p);
	return text;
}

static void check_clean(const char *image)
{
	if (!tools)
		return;
	AUTO_FREE char *text = output_of("e2fsck -fn '%s' 2>&1; echo rc $?", image);
	if (!strstr(text, "rc 0"))
		fail_msg("%s", text);
}

/* debugfs's answer holds each of the words. */
static void expect_in(const char *image, const char *request, const char *const *words)
{
	if (!tools)
		return;
	AUTO_FREE char *text = output_of("debugfs -R '%s' '%s' 2>&1", request, image);
	for (; *words; words++)
		if (!strstr(text, *words))
			fail_msg("%s: no '%s' in:\n%s", request, *words, text);
}

#define EXPECT_IN(image, request, ...) expect_in(image, request, (const char *const[]){ __VA_ARGS__, NULL })

static int count_entries(const char *path)
{
	DIR *d = opendir(path);
	int n = -2;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static char *fresh(const char *name)
{
	static int n;
	char *path = path_fmt("%s/%d-%s", top, n++, name);

	file_remove_tree(AT_FDCWD, path, NULL);
	return path;
}

/* ---- what comes out -------------------------------------------------------------------------------------
 */

static void lower_layer(struct buf *b)
{
	tar_add(b, &(struct tar_entry){ .name = "usr/lib/", .type = '5' });
	tar_add(b, &(struct tar_entry){ .name = "lib", .type = '2', .link = "usr/lib" });
	tar_add(b, &(struct tar_entry){ .name = "lib/through", .data = "through the link" });
	tar_add(b, &(struct tar_entry){ .name = "etc/", .type = '5', .mode = 0711 });
	tar_add(b,
		&(struct tar_entry){ .name = "etc/keep", .data = "kept", .uid = 3, .gid = 4, .mode = 04755 });
	tar_add(b, &(struct tar_entry){ .name = "etc/gone", .data = "gone" });
	tar_add(b, &(struct tar_entry){ .name = "opq/old", .data = "old" });
	/* links that lead out of a tree lead to its root */
	tar_add(b, &(struct tar_entry){ .name = "abs", .type = '2', .link = "/etc" });
	tar_add(b, &(struct tar_entry){ .name = "abs/inside", .data = "by an absolute link" });
	tar_add(b, &(struct tar_entry){ .name = "up", .type = '2', .link = "../../../etc" });
	tar_add(b, &(struct tar_entry){ .name = "up/inside-too", .data = "by a relative link" });
	tar_end(b);
}

static void upper_layer(struct buf *b)
{
	tar_add(b, &(struct tar_entry){ .name = "opq/new", .data = "new" });
	tar_add(b, &(struct tar_entry){ .name = "opq/.wh..wh..opq" });
	tar_add(b, &(struct tar_entry){ .name = "etc/.wh.gone" });
	tar_add(b, &(struct tar_entry){ .name = "etc/linked", .type = '1', .link = "etc/keep" });
	tar_end(b);
}

static void expect_tree(const char *image)
{
	check_clean(image);
	EXPECT_IN(image, "cat /usr/lib/through", "through the link");
	EXPECT_IN(image, "stat /etc", "0711");
	EXPECT_IN(image, "stat /etc/keep", "04755", "User:     3", "Group:     4", "Links: 2");
	EXPECT_IN(image, "cat /etc/linked", "kept");
	EXPECT_IN(image, "stat /etc/gone", "not found");
	EXPECT_IN(image, "stat /opq/old", "not found");
	EXPECT_IN(image, "cat /opq/new", "new");
	EXPECT_IN(image, "cat /etc/inside", "by an absolute link");
	EXPECT_IN(image, "cat /etc/inside-too", "by a relative link");
	EXPECT_IN(image, "stat /lib", "Fast link dest: \"usr/lib\"");
}

static void test_layout(void **state)
{
	AUTO_FREE char *dir = fresh("layout"), *out = fresh("out"), *again = fresh("again"),
		       *source = path_fmt("oci:%s", dir);
	AUTO_BUF struct buf lower = { 0 }, upper = { 0 };
	struct test_image m = { .tag = "t", .layers = { { &lower, 'g' }, { &upper, 'z' } } };
	const char *const sources[] = { source, NULL };

	lower_layer(&lower);
	upper_layer(&upper);
	layout_add(dir, &m);
	must_create(out, sources);
	expect_tree(out);
	must_create(again, sources); /* the same bytes */
	AUTO_FREE char *diff = output_of("cmp '%s' '%s' 2>&1; echo rc $?", out, again);
	assert_string_equal(diff, "rc 0\n");
}

static void test_tars(void **state)
{
	AUTO_FREE char *a = fresh("a.tar"), *b = fresh("b.tar.gz"), *out = fresh("out");
	AUTO_FREE char *first = path_fmt("tar:%s", a), *second = path_fmt("tar:%s", b);
	AUTO_BUF struct buf lower = { 0 }, upper = { 0 }, gz = { 0 };
	const char *const sources[] = { first, second, NULL };
	struct err e;

	lower_layer(&lower);
	upper_layer(&upper);
	layout_compress('g', upper.p, upper.len, &gz);
	assert_int_equal(file_replace(AT_FDCWD, a, lower.p, lower.len, 0600, &e), 0);
	assert_int_equal(file_replace(AT_FDCWD, b, gz.p, gz.len, 0600, &e), 0);
	must_create(out, sources);
	expect_tree(out);
}

static void make_file(const char *dir, const char *name, off_t offset, const char *text)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	assert_int_equal(pwrite(fd, text, strlen(text), offset), strlen(text));
}

static void test_dir(void **state)
{
	AUTO_FREE char *dir = fresh("dir"), *out = fresh("out"), *source = path_fmt("dir:%s", dir);
	AUTO_FREE char *f = path_join(dir, "f"), *g = path_join(dir, "sub/g"), *s = path_join(dir, "sub/s"),
		       *p = path_join(dir, "sub/p"), *sub = path_join(dir, "sub");
	const char *const sources[] = { source, NULL };

	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(mkdir(sub, 0750), 0);
	make_file(dir, "f", 0, "content");
	make_file(dir, "sparse", 10 << 20, "end");
	assert_int_equal(link(f, g), 0);
	assert_int_equal(symlink("../f", s), 0);
	assert_int_equal(mkfifo(p, 0600), 0);
	bool xattrs = setxattr(f, "user.x", "y", 1, 0) == 0;
	must_create(out, sources);
	check_clean(out);
	EXPECT_IN(out, "cat /f", "content");
	EXPECT_IN(out, "stat /sub/g", "Links: 2", "0640");
	EXPECT_IN(out, "stat /sub", "0750");
	EXPECT_IN(out, "stat /sub/s", "Fast link dest: \"../f\"");
	EXPECT_IN(out, "stat /sub/p", "Type: FIFO");
	EXPECT_IN(out, "stat /sparse", "Size: 10485763");
	EXPECT_IN(out, "blocks /sparse", "");
	if (xattrs)
		EXPECT_IN(out, "ea_list /f", "user.x (1) = \"y\"");
	struct stat st;
	assert_int_equal(stat(out, &st), 0);
	assert_true(st.st_blocks * 512 < 9 << 20); /* the hole is one */
}

static void test_empty_layer(void **state)
{
	AUTO_FREE char *dir = fresh("layout"), *out = fresh("out"), *source = path_fmt("oci:%s", dir);
	AUTO_BUF struct buf none = { 0 }, tar = { 0 };
	struct test_image m = { .layers = { { &none, 'g' }, { &tar, 'g' } } };

	buf_reserve(&none, 1);
	tar_end(&tar);
	layout_add(dir, &m);
	must_create(out, (const char *const[]){ source, NULL });
	check_clean(out);
}

/* ---- what does not ---------------------------------------------------------------------------------------
 */

static struct tar_entry some[] = {
	{ .name = "f", .data = "data" },
	{ .name = "../up", .data = "data" },
	{ .name = "h", .type = '1', .link = "nothing" },
	{ .name = "d/", .type = '5' },
};

static const struct {
	const char *name, *fault;
	size_t entry; /* of some */
	char how;
	uint64_t max_size, size;
	int code;
	const char *words;
} faults[] = {
	{ "diff_id", "diff_id", 0, 'g', 0, 0, -EBADMSG, "layer 1: the digest of the unpacked layer is" },
	{ "digest", "digest", 0, 'g', 0, 0, -EBADMSG, "layer 1: the digest of the layer is" },
	{ "cut gzip", "cut", 0, 'g', 0, 0, -EBADMSG, "layer 1" },
	{ "cut zstd", "cut", 0, 'z', 0, 0, -EBADMSG, "layer 1" },
	{ "cut tar", "cut", 0, 0, 0, 0, -EBADMSG, "layer 1" },
	{ "size", "size", 0, 'g', 0, 0, -EBADMSG, "bytes in place of" },
	{ "bomb", NULL, 0, 'g', 1000, 0, -EFBIG, "more than the 1000 bytes allowed" },
	{ "dot-dot", NULL, 1, 'g', 0, 0, -EINVAL, "entry '../up': a path that leaves the tree" },
	{ "link to nothing", NULL, 2, 'g', 0, 0, -ENOENT, "layer 1: entry 'h': a hard link's target 'nothing' is not there" },
	{ "too small", NULL, 0, 'g', 0, 4096, -EINVAL, "" },
};

static void test_faults(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		AUTO_FREE char *dir = fresh("layout"), *folder = fresh("out"),
			       *out = path_join(folder, "f.ext4"), *source = path_fmt("oci:%s", dir);
		AUTO_BUF struct buf tar = { 0 };
		struct test_image m = { .layers = { { &tar, faults[i].how, faults[i].fault } } };
		const char *const sources[] = { source, NULL };
		struct run r = { 0 };

		tar_add(&tar, &some[3]);
		tar_add(&tar, &some[faults[i].entry]);
		tar_end(&tar);
		layout_add(dir, &m);
		assert_int_equal(mkdir(folder, 0755), 0);
		make_file(folder, "f.ext4", 0, "what was there");
		create(&r, (struct rootfs_opts){ .sources = sources,
						 .output = out,
						 .max_size = faults[i].max_size,
						 .size = faults[i].size });
		if (r.rc != faults[i].code || !strstr(r.err.text, faults[i].words))
			fail_msg("%s: %d '%s'", faults[i].name, r.rc, r.err.text);
		assert_int_equal(count_entries(folder), 1); /* nothing left, and the old file as it was */
		AUTO_FREE char *text = NULL;
		assert_int_equal(file_load(AT_FDCWD, out, 100, &text, NULL, NULL), 0);
		assert_string_equal(text, "what was there");
	}
}

static void test_bad_sources(void **state)
{
	static const struct {
		const char *source;
		int code;
	} rows[] = {
		{ "oci:/nonexistent", -ENOENT }, { "dir:/nonexistent", -ENOENT },
		{ "tar:/nonexistent", -ENOENT }, { "no-such-image", -ENOENT },
		{ "oci:/tmp", -EINVAL },         { "oci-archive:/tmp/x", -ENOTSUP },
	};
	AUTO_FREE char *out = fresh("out");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct run r = { 0 };

		create(&r, (struct rootfs_opts){ .sources = (const char *const[]){ rows[i].source, NULL },
						 .output = out });
		if (r.rc != rows[i].code || !r.err.text[0])
			fail_msg("%s: %d '%s'", rows[i].source, r.rc, r.err.text);
		assert_int_equal(access(out, F_OK), -1);
	}
	struct run r = { 0 };
	create(&r, (struct rootfs_opts){ .sources = (const char *const[]){ "dir:/tmp", NULL },
					 .output = "/nonexistent/x" });
	assert_int_equal(r.rc, -ENOENT);
	r = (struct run){ 0 };
	create(&r, (struct rootfs_opts){ .sources = (const char *const[]){ "dir:/tmp", NULL },
					 .output = out,
					 .journal = "sometimes" });
	assert_int_equal(r.rc, -EINVAL);
	assert_non_null(strstr(r.err.text, "unknown journal mode"));
}

/* ---- on the way
 * -------------------------------------------------------------------------------------------- */

static void test_cancel(void **state)
{
	AUTO_FREE char *fifo = fresh("fifo"), *folder = fresh("out"), *out = path_join(folder, "f"),
		       *source = path_fmt("tar:%s", fifo);
	struct run r = { .cancel_at_progress = true };

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(mkdir(folder, 0755), 0);
	AUTO_CLOSE int keep = open(fifo, O_RDWR | O_CLOEXEC); /* a stream that never ends */
	create(&r, (struct rootfs_opts){ .sources = (const char *const[]){ source, NULL }, .output = out });
	assert_int_equal(r.rc, -ECANCELED);
	assert_int_equal(r.nprogress, 1);
	assert_int_equal(count_entries(folder), 0);
}

static void cancel_soon(uv_timer_t *t)
{
	rootfs_create_cancel(t->data);
	uv_close((uv_handle_t *)t, NULL);
}

static void test_cancel_at_once(void **state)
{
	AUTO_FREE char *out = fresh("out");
	const char *const sources[] = { "dir:/usr/share/doc", NULL };
	struct rootfs_opts o = { .sources = sources, .output = out, .helper = helper };
	struct err e = { 0 };

	for (unsigned ms = 0; ms < 20; ms += 4) {
		struct run r = { .op.data = &r };
		uv_timer_t timer = { .data = &r.op };
		uv_loop_t loop = { .data = NULL };

		assert_int_equal(uv_loop_init(&loop), 0);
		assert_int_equal(rootfs_create_start(&r.op, &loop, &o, on_done, &e), 0);
		uv_timer_init(&loop, &timer);
		uv_timer_start(&timer, cancel_soon, ms, 0);
		if (ms == 0)
			rootfs_create_cancel(&r.op);
		finish_loop(&loop);
		assert_true(r.done);
		assert_true(r.rc == 0 || r.rc == -ECANCELED || r.rc == -ENOENT);
		assert_int_equal(access(out, F_OK) == 0, r.rc == 0);
		unlink(out);
	}
}

/* A worker that dies is noticed and named. */
static void test_dead_worker(void **state)
{
	AUTO_FREE char *out = fresh("out");
	struct run r = { 0 };
	uv_loop_t loop = { .data = NULL };
	struct err e = { 0 };
	const char *const sources[] = { "dir:/tmp", NULL };
	struct rootfs_opts o = { .sources = sources, .output = out, .helper = "/bin/false" };

	r.op.data = &r;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(rootfs_create_start(&r.op, &loop, &o, on_done, &e), 0);
	finish_loop(&loop);
	assert_int_equal(r.rc, -EIO);
	assert_non_null(strstr(r.err.text, "ended with status 1"));
	assert_int_equal(access(out, F_OK), -1);
	r = (struct run){ .op.data = &r };
	o.helper = "/nonexistent";
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(rootfs_create_start(&r.op, &loop, &o, on_done, &e), 0);
	finish_loop(&loop);
	assert_int_equal(r.rc, -ENOENT);
}

/* A layer that is unpacked while it arrives. */
struct growing {
	struct unpack u;
	uv_timer_t timer;
	const struct buf *blob;
	size_t written, step;
	int fd, rc;
	bool done, confined;
};

static void grow(uv_timer_t *t)
{
	struct growing *g = container_of(t, struct growing, timer);
	size_t n = MIN(g->step, g->blob->len - g->written);

	assert_int_equal(write(g->fd, g->blob->p + g->written, n), n);
	g->written += n;
	unpack_avail(&g->u, 0, g->written, g->written == g->blob->len);
	if (g->written == g->blob->len)
		uv_close((uv_handle_t *)t, NULL);
}

/* The worker waits for bytes now: it must be confined. */
static void look_at_worker(struct growing *g)
{
	AUTO_FREE char *path = path_fmt("/proc/%d/status", (int)g->u.child.pid), *text = NULL;

	assert_int_equal(file_load(AT_FDCWD, path, 1 << 16, &text, NULL, NULL), 0);
	g->confined = strstr(text, "NoNewPrivs:\t1") && (UNPACK_SANITIZED || strstr(text, "Seccomp:\t2"));
}

static void on_growing_want(struct unpack *u, size_t i)
{
	struct growing *g = container_of(u, struct growing, u);
	struct err e = { 0 };

	assert_int_equal(i, 0);
	look_at_worker(g);
	if (unpack_feed(u, 0, g->fd, 0, &e) < 0)
		fail_msg("%s", e.text);
	uv_timer_start(&g->timer, grow, 1, 1);
}

static void on_growing_done(struct unpack *u, int rc, const struct err *e)
{
	struct growing *g = container_of(u, struct growing, u);

	if (rc < 0)
		fail_msg("%s", e->text);
	g->done = true;
}

static void test_growing(void **state)
{
	AUTO_FREE char *out = fresh("out"), *part = fresh("part");
	AUTO_BUF struct buf tar = { 0 }, blob = { 0 };
	AUTO_FREE char *noise = malloc(3 << 20);
	struct growing g = { .blob = &blob, .step = 200000 };
	uv_loop_t loop = { .data = NULL };
	struct err e = { 0 };

	file_random(noise, 3 << 20);
	tar_add(&tar, &(struct tar_entry){ .name = "noise", .data = noise, .len = 3 << 20 });
	tar_end(&tar);
	layout_compress('g', tar.p, tar.len, &blob);
	struct unpack_source s = { .kind = UNPACK_LAYER, .size = blob.len };
	oci_digest_of(OCI_SHA256, blob.p, blob.len, &s.digest);
	oci_digest_of(OCI_SHA256, tar.p, tar.len, &s.diff_id);
	AUTO_CLOSE int fd = open(out, O_RDWR | O_CREAT | O_CLOEXEC, 0600),
		       in = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct unpack_opts o = { .helper = helper, .sources = &s, .nsources = 1, .fd = fd };

	g.fd = in;
	g.u.want = on_growing_want;
	assert_int_equal(uv_loop_init(&loop), 0);
	uv_timer_init(&loop, &g.timer);
	if (unpack_start(&g.u, &loop, &o, on_growing_done, &e) < 0)
		fail_msg("%s", e.text);
	finish_loop(&loop);
	assert_true(g.done);
	assert_true(g.confined);
	assert_int_equal(g.u.result.in, blob.len);
	assert_int_equal(g.u.result.raw, tar.len);
	assert_int_equal(g.u.result.entries, 1);
	check_clean(out);
}

/* ---- into the store
 * ------------------------------------------------------------------------------------------ */

static void test_ensure(void **state)
{
	AUTO_FREE char *root = fresh("store"), *dir = fresh("layout");
	AUTO_BUF struct buf tar = { 0 };
	struct test_image m = { .layers = { { &tar, 'g' } } };
	struct oci_layout l;
	struct oci_desc d;
	struct store *s;
	struct store_image found;
	struct run runs[3] = { 0 };
	uv_loop_t loop = { .data = NULL };
	struct err e = { 0 };

	lower_layer(&tar);
	layout_add(dir, &m);
	assert_int_equal(store_open(root, &s, &e), 0);
	assert_int_equal(oci_layout_open(dir, &l, &e), 0);
	assert_int_equal(oci_layout_find(&l, NULL, &d, &e), 0);
	assert_int_equal(store_import_layout(s, &l, &d, "docker.io/library/x:latest", &e), 0);
	oci_layout_finish(&l);
	/* several at once make one */
	assert_int_equal(uv_loop_init(&loop), 0);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		runs[i].op.data = &runs[i];
		assert_int_equal(rootfs_ensure_start(&runs[i].op, &loop, s, "x", NULL, helper, on_done, &e),
				 0);
	}
	finish_loop(&loop);
	int made = 0;
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		if (runs[i].rc < 0)
			fail_msg("%s", runs[i].err.text);
		made += runs[i].op.result.size > 0;
	}
	assert_int_equal(made, 1);
	assert_int_equal(store_image_find(s, "x", NULL, &found, &e), 0);
	assert_true(found.rootfs_bytes > 0);
	AUTO_FREE char *base = store_rootfs_path(s, found.rootfs_key);
	check_clean(base);
	EXPECT_IN(base, "cat /etc/keep", "kept");
	store_image_finish(&found);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),      cmocka_unit_test(test_tars),
		cmocka_unit_test(test_dir),         cmocka_unit_test(test_empty_layer),
		cmocka_unit_test(test_faults),      cmocka_unit_test(test_bad_sources),
		cmocka_unit_test(test_cancel),      cmocka_unit_test(test_cancel_at_once),
		cmocka_unit_test(test_dead_worker), cmocka_unit_test(test_growing),
		cmocka_unit_test(test_ensure),
	};
	const char *build = getenv("abs_top_builddir");

	setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
	tools = system("e2fsck -V >/dev/null 2>&1 && debugfs -V >/dev/null 2>&1") == 0;
	if (!tools)
		printf("# e2fsck and debugfs are missing: the trees are not looked at\n");
	helper = path_join(build ? build : ".", "berth-unpack");
	snprintf(top, sizeof(top), "/tmp/berth-t-rootfs.XXXXXX");
	if (!helper || !mkdtemp(top))
		return 1;
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	file_remove_tree(AT_FDCWD, top, NULL);
	free(helper);
	return rc;
}

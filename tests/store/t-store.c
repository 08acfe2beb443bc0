/* SPDX-License-Identifier: Apache-2.0 */
/* The store, over a folder of its own. */
#include "store/store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "store/content.h"
#include "store/gc.h"
#include "store/image.h"
#include "store/import.h"
#include "store/rootfs.h"
#include "store/tags.h"
#include "tests/lib/layout.h"
#include "tests/lib/tar.h"

#define NAME_A "docker.io/library/a:latest"

static char top[64];

struct fixture {
	struct store *s;
	struct store_lease lease;
	char *root, *layout;
};

static int must(int rc, const struct err *e)
{
	if (rc < 0)
		fail_msg("%d: %s", rc, e->text);
	return rc;
}

static int setup(void **state)
{
	static int n;
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = { 0 };

	f->root = path_fmt("%s/store-%d", top, n);
	f->layout = path_fmt("%s/layout-%d", top, n++);
	must(store_open(f->root, &f->s, &e), &e);
	must(store_lease_begin(f->s, &f->lease, &e), &e);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_lease_end(&f->lease);
	store_close(f->s);
	free(f->root);
	free(f->layout);
	free(f);
	return 0;
}

static struct oci_desc desc_of(const char *text)
{
	struct oci_desc d = { .size = strlen(text) };

	oci_digest_of(OCI_SHA256, text, strlen(text), &d.digest);
	return d;
}

static int count_files(struct fixture *f, const char *folder)
{
	AUTO_FREE char *cmd = path_fmt("ls -A '%s/%s' | wc -l", f->root, folder);
	FILE *p = popen(cmd, "r");
	int n = -1;

	assert_int_equal(fscanf(p, "%d", &n), 1);
	pclose(p);
	return n;
}

static void test_open(void **state)
{
	struct fixture *f = *state;
	struct store *again;
	struct err e = { 0 };
	struct stat st;

	must(store_open(f->root, &again, &e), &e);
	store_close(again);
	assert_int_equal(stat(f->root, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(file_replace(f->s->fd, "version", "2\n", 2, 0600, &e), 0);
	assert_int_equal(store_open(f->root, &again, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "newer berth"));
	assert_int_equal(file_replace(f->s->fd, "version", "x\n", 2, 0600, &e), 0);
	assert_int_equal(store_open(f->root, &again, &e), -EINVAL);
}

static void test_blob(void **state)
{
	struct fixture *f = *state;
	struct err e = { 0 };
	struct oci_desc d;
	AUTO_FREE char *text = NULL;
	size_t len;

	must(store_blob_add(f->s, &f->lease, "hello", 5, &d, &e), &e);
	assert_true(store_blob_has(f->s, &d));
	must(store_blob_load(f->s, &d, 100, &text, &len, &e), &e);
	assert_string_equal(text, "hello");
	must(store_blob_add(f->s, &f->lease, "hello", 5, &d, &e), &e); /* again */
	d.size = 6;
	assert_false(store_blob_has(f->s, &d));
	assert_int_equal(count_files(f, "content/ingest"), 0);
	must(store_blob_add(f->s, &f->lease, "", 0, &d, &e), &e);
	assert_true(store_blob_has(f->s, &d));
}

static void test_blob_damaged(void **state)
{
	struct fixture *f = *state;
	struct store_ingest in;
	struct oci_desc d = desc_of("hello");
	struct err e = { 0 };

	must(store_ingest_begin(f->s, &f->lease, &d, &in, &e), &e);
	must(store_ingest_write(&in, "hellO", 5, &e), &e);
	assert_int_equal(store_ingest_write(&in, "!", 1, &e), -EFBIG);
	assert_int_equal(store_ingest_commit(&in, &e), -EBADMSG);
	assert_false(store_blob_has(f->s, &d));
	assert_int_equal(count_files(f, "content/ingest"), 0);

	must(store_ingest_begin(f->s, &f->lease, &d, &in, &e), &e);
	must(store_ingest_write(&in, "hel", 3, &e), &e);
	assert_int_equal(store_ingest_commit(&in, &e), -EBADMSG); /* too short */
	assert_int_equal(count_files(f, "content/blobs/sha256"), 0);
}

static void test_resume(void **state)
{
	struct fixture *f = *state;
	struct store_ingest in, other;
	struct oci_desc d = desc_of("hello, world");
	struct err e = { 0 };

	must(store_ingest_begin(f->s, &f->lease, &d, &in, &e), &e);
	must(store_ingest_write(&in, "hello", 5, &e), &e);
	assert_int_equal(store_ingest_begin(f->s, &f->lease, &d, &other, &e), -EWOULDBLOCK);
	store_ingest_finish(&in, true);
	assert_int_equal(must(store_ingest_begin(f->s, &f->lease, &d, &in, &e), &e), 0);
	assert_int_equal(in.have, 5);
	must(store_ingest_write(&in, ", world", 7, &e), &e);
	must(store_ingest_commit(&in, &e), &e);
	store_ingest_finish(&in, false);
	assert_true(store_blob_has(f->s, &d));
	assert_int_equal(must(store_ingest_begin(f->s, &f->lease, &d, &in, &e), &e), 1);

	d = desc_of("dropped");
	must(store_ingest_begin(f->s, &f->lease, &d, &in, &e), &e);
	must(store_ingest_write(&in, "drop", 4, &e), &e);
	store_ingest_finish(&in, false);
	assert_int_equal(count_files(f, "content/ingest"), 0);
}

static void test_tags(void **state)
{
	struct fixture *f = *state;
	struct oci_desc a, b;
	struct store_tags t;
	struct err e = { 0 };

	must(store_blob_add(f->s, &f->lease, "a", 1, &a, &e), &e);
	must(store_blob_add(f->s, &f->lease, "b", 1, &b, &e), &e);
	must(store_tag_set(f->s, "one:1", &a, &e), &e);
	must(store_tag_set(f->s, "two:2", &a, &e), &e);
	must(store_tag_set(f->s, "one:1", &b, &e), &e); /* moves; a has another name */
	must(store_tags_load(f->s, &t, &e), &e);
	assert_int_equal(t.n, 2);
	assert_string_equal(store_tags_find(&t, "one:1")->desc.digest.text, b.digest.text);
	assert_string_equal(store_tags_find(&t, "two:2")->desc.digest.text, a.digest.text);
	store_tags_finish(&t);
	must(store_tag_set(f->s, "two:2", &b, &e), &e); /* a stays without a name */
	must(store_tags_load(f->s, &t, &e), &e);
	assert_int_equal(t.n, 3);
	store_tags_finish(&t);
	must(store_tag_set(f->s, "three:3", &a, &e), &e); /* and gets one */
	must(store_tags_load(f->s, &t, &e), &e);
	assert_int_equal(t.n, 3);
	store_tags_finish(&t);
	must(store_tag_remove(f->s, "one:1", &e), &e);
	assert_int_equal(store_tag_remove(f->s, "one:1", &e), -ENOENT);
	assert_int_equal(must(store_tag_remove_digest(f->s, &a.digest, &e), &e), 1);
	struct oci_desc none = desc_of("none");
	assert_int_equal(store_tag_set(f->s, "x:1", &none, &e), -ENOENT);
}

/* Many processes that name things at once: none is lost. */
static void test_tags_at_once(void **state)
{
	struct fixture *f = *state;
	struct oci_desc a;
	struct store_tags t;
	struct err e = { 0 };

	must(store_blob_add(f->s, &f->lease, "a", 1, &a, &e), &e);
	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			struct store *s;
			int rc = store_open(f->root, &s, NULL);

			for (int k = 0; rc == 0 && k < 5; k++) {
				AUTO_FREE char *name = path_fmt("x%d:%d", i, k);
				rc = store_tag_set(s, name, &a, NULL);
			}
			_exit(rc < 0);
		}
	}
	for (int i = 0, status; i < 8; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	must(store_tags_load(f->s, &t, &e), &e);
	assert_int_equal(t.n, 40);
	store_tags_finish(&t);
}

/* An image of two layers, in the store as NAME_A. */
static void import_image(struct fixture *f, struct test_image *m)
{
	static struct buf one, two;
	struct oci_layout l;
	struct oci_desc d;
	struct err e = { 0 };

	if (!one.len) {
		tar_add(&one, &(struct tar_entry){ .name = "f", .data = "one" });
		tar_end(&one);
		tar_add(&two, &(struct tar_entry){ .name = "g", .data = "two" });
		tar_end(&two);
	}
	*m = (struct test_image){ .tag = "latest",
				  .config = "{\"Cmd\":[\"sh\"],\"User\":\"7\"}",
				  .layers = { { &one, 'g' }, { &two, 'z' } } };
	layout_add(f->layout, m);
	must(oci_layout_open(f->layout, &l, &e), &e);
	must(oci_layout_find(&l, NULL, &d, &e), &e);
	must(store_import_layout(f->s, &l, &d, NAME_A, &e), &e);
	oci_layout_finish(&l);
}

static void test_image(void **state)
{
	struct fixture *f = *state;
	struct test_image t;
	struct store_image m;
	struct err e = { 0 };
	char prefix[20];

	import_image(f, &t);
	snprintf(prefix, sizeof(prefix), "%.12s", oci_digest_hex(&t.id));
	AUTO_FREE char *by_digest = path_fmt("a@%s", t.manifest.text);
	const char *const names[] = { "a",       "a:latest", "docker.io/library/a", NAME_A, by_digest,
				      t.id.text, prefix,     t.manifest.text };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		must(store_image_find(f->s, names[i], NULL, &m, &e), &e);
		assert_string_equal(m.image.manifest.config.digest.text, t.id.text);
		assert_string_equal(m.image.top.digest.text, t.manifest.text);
		assert_int_equal(m.image.manifest.nlayers, 2);
		assert_string_equal(m.image.config.user, "7");
		assert_string_equal(m.names[0], NAME_A);
		assert_null(m.names[1]);
		store_image_finish(&m);
	}
	const char *const wrong[] = { "b", "a:other", "0000", "sha256:0000", "A" };
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(store_image_find(f->s, wrong[i], NULL, &m, &e), -ENOENT);
	struct store_image *v;
	size_t n;
	must(store_image_list(f->s, &v, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_true(v[0].image.size > 0);
	store_image_list_free(v, n);
}

static void test_builtin(void **state)
{
	struct fixture *f = *state;
	static struct buf tar;
	struct test_image t = { .tag = "localhost/busybox:latest", .layers = { { &tar } } };
	struct store_image m;
	struct err e = { 0 };

	tar_add(&tar, &(struct tar_entry){ .name = "f" });
	tar_end(&tar);
	assert_int_equal(store_import_builtin(f->s, f->layout, "localhost/busybox:latest", &e), 0);
	layout_add(f->layout, &t);
	assert_int_equal(store_import_builtin(f->s, f->layout, "localhost/other:latest", &e), 0);
	assert_int_equal(must(store_import_builtin(f->s, f->layout, "localhost/busybox:latest", &e), &e), 1);
	must(store_image_find(f->s, "localhost/busybox", NULL, &m, &e), &e);
	store_image_finish(&m);
	buf_finish(&tar);
}

/* What a name stands for is taken in when it is named first: from the built-in layout, or from a file. */
static void test_take_in(void **state)
{
	struct fixture *f = *state;
	static struct buf tar;
	struct test_image t = { .tag = "localhost/busybox:latest", .layers = { { &tar } } };
	AUTO_FREE char *file = path_fmt("oci:%s", f->layout);
	struct store_image m, again;
	struct err e = { 0 };

	tar_add(&tar, &(struct tar_entry){ .name = "f" });
	tar_end(&tar);
	layout_add(f->layout, &t);
	assert_int_equal(store_image_take_in(f->s, NULL, "localhost/busybox", NULL, NULL, &m, &e), -ENOENT);
	assert_non_null(strstr(e.text, "there is no image 'localhost/busybox'"));
	assert_int_equal(store_image_take_in(f->s, f->layout, "localhost/other", NULL, NULL, &m, &e), -ENOENT);
	assert_int_equal(store_image_take_in(f->s, f->layout, "0123456789ab", NULL, NULL, &m, &e), -ENOENT);
	must(store_image_take_in(f->s, NULL, file, NULL, NULL, &m, &e), &e);
	assert_int_equal(store_image_find(f->s, "localhost/busybox", NULL, &again, &e), -ENOENT);
	must(store_image_take_in(f->s, f->layout, "localhost/busybox", NULL, NULL, &again, &e), &e);
	assert_string_equal(m.image.top.digest.text, again.image.top.digest.text);
	store_image_finish(&m);
	store_image_finish(&again);
	must(store_image_find(f->s, "localhost/busybox", NULL, &m, &e), &e);
	store_image_finish(&m);
	buf_finish(&tar);
}

static void test_rootfs(void **state)
{
	struct fixture *f = *state;
	struct store_rootfs_build b, other;
	struct test_image t;
	struct store_image m;
	struct err e = { 0 };
	uint64_t bytes;

	import_image(f, &t);
	must(store_image_find(f->s, "a", NULL, &m, &e), &e);
	assert_int_equal(m.rootfs_bytes, 0);
	assert_int_equal(must(store_rootfs_begin(f->s, m.rootfs_key, false, &b, &e), &e), 0);
	assert_int_equal(store_rootfs_begin(f->s, m.rootfs_key, false, &other, &e), -EWOULDBLOCK);
	store_rootfs_finish(&b); /* given up */
	assert_int_equal(count_files(f, "rootfs"), 1); /* the lock */
	assert_int_equal(must(store_rootfs_begin(f->s, m.rootfs_key, true, &b, &e), &e), 0);
	must(file_write_full(b.fd, top, sizeof(top)), &e);
	assert_false(store_rootfs_has(f->s, m.rootfs_key, NULL));
	must(store_rootfs_commit(&b, "{}", &e), &e);
	store_rootfs_finish(&b);
	assert_true(store_rootfs_has(f->s, m.rootfs_key, &bytes));
	assert_int_equal(store_rootfs_begin(f->s, m.rootfs_key, true, &b, &e), 1);
	AUTO_FREE char *path = store_rootfs_path(f->s, m.rootfs_key);
	assert_int_equal(access(path, R_OK), 0);
	store_image_finish(&m);
}

static uint64_t collect(struct fixture *f)
{
	struct store_gc_stats st;
	struct err e = { 0 };

	must(store_gc(f->s, false, &st, &e), &e);
	return st.blobs + st.rootfs + st.parts;
}

static void test_gc(void **state)
{
	struct fixture *f = *state;
	struct store_rootfs_build b;
	struct test_image t;
	struct store_image m;
	struct oci_desc stray;
	struct err e = { 0 };
	char **untagged, **deleted;

	import_image(f, &t);
	must(store_blob_add(f->s, &f->lease, "stray", 5, &stray, &e), &e);
	assert_int_equal(collect(f), 0); /* the lease holds it */
	store_lease_end(&f->lease);
	assert_int_equal(collect(f), 1);
	assert_false(store_blob_has(f->s, &stray));

	must(store_image_find(f->s, "a", NULL, &m, &e), &e);
	must(store_rootfs_begin(f->s, m.rootfs_key, true, &b, &e), &e);
	assert_int_equal(collect(f), 0); /* nor one that is being made */
	must(store_rootfs_commit(&b, "{}", &e), &e);
	store_rootfs_finish(&b);
	assert_int_equal(collect(f), 0);

	must(store_image_remove(f->s, "a", false, &untagged, &deleted, &e), &e);
	assert_string_equal(untagged[0], NAME_A);
	assert_string_equal(deleted[0], t.id.text);
	strv_free(untagged);
	strv_free(deleted);
	assert_int_equal(collect(f), 5); /* manifest, config, two layers, root file system */
	assert_int_equal(count_files(f, "content/blobs/sha256"), 0);
	assert_int_equal(count_files(f, "rootfs"), 0);
	assert_false(store_rootfs_has(f->s, m.rootfs_key, NULL));
	store_image_finish(&m);
}

/* What a container names stays, and its image cannot be removed. */
static void test_gc_container(void **state)
{
	struct fixture *f = *state;
	struct store_rootfs_build b;
	struct test_image t;
	struct store_image m;
	struct err e = { 0 };
	char **untagged, **deleted;

	import_image(f, &t);
	store_lease_end(&f->lease);
	must(store_image_find(f->s, "a", NULL, &m, &e), &e);
	must(store_rootfs_begin(f->s, m.rootfs_key, true, &b, &e), &e);
	must(store_rootfs_commit(&b, "{}", &e), &e);
	store_rootfs_finish(&b);

	char id[65];
	memset(id, 'c', 64);
	id[64] = 0;
	AUTO_FREE char *folder = path_fmt("%s/containers/%s", f->root, id);
	AUTO_FREE char *config =
		path_fmt("{\"id\":\"%s\",\"name\":\"user\",\"image_id\":\"%s\",\"image_digest\":\"%s\","
			 "\"rootfs_key\":\"%s\"}",
			 id, t.id.text, t.manifest.text, m.rootfs_key);
	assert_int_equal(mkdir(folder, 0700), 0);
	AUTO_FREE char *path = path_join(folder, "config.json");
	must(file_replace(AT_FDCWD, path, config, strlen(config), 0600, &e), &e);

	assert_int_equal(store_image_remove(f->s, "a", false, &untagged, &deleted, &e), -EBUSY);
	assert_non_null(strstr(e.text, "container 'user' uses it"));
	must(store_image_remove(f->s, "a", true, &untagged, &deleted, &e), &e);
	strv_free(untagged);
	strv_free(deleted);
	assert_int_equal(collect(f), 0);
	must(file_remove_tree(AT_FDCWD, folder, &e), &e);
	assert_int_equal(collect(f), 5);
	store_image_finish(&m);
}

/* What the dead left: leases, parts, folders. */
static void test_gc_dead(void **state)
{
	struct fixture *f = *state;
	struct oci_desc d = desc_of("half");
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct store_lease l;
		struct store_ingest in;
		struct store_rootfs_build b;
		struct oci_desc whole;

		if (store_lease_begin(f->s, &l, NULL) < 0 ||
		    store_ingest_begin(f->s, &l, &d, &in, NULL) < 0 ||
		    store_ingest_write(&in, "ha", 2, NULL) < 0 ||
		    store_blob_add(f->s, &l, "whole", 5, &whole, NULL) < 0 ||
		    store_rootfs_begin(f->s, "key", false, &b, NULL) < 0)
			_exit(1);
		_exit(0); /* as if killed: nothing is finished */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(collect(f), 2); /* the whole blob, the folder; the part may be gone on with */
	assert_int_equal(count_files(f, "content/ingest"), 1);
	store_lease_end(&f->lease);
	assert_int_equal(count_files(f, "leases"), 1); /* its lock */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blob, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blob_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tags, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tags_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_image, setup, teardown),
		cmocka_unit_test_setup_teardown(test_builtin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_take_in, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rootfs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gc, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gc_container, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gc_dead, setup, teardown),
	};
	snprintf(top, sizeof(top), "/tmp/berth-t-store.XXXXXX");
	if (!mkdtemp(top))
		return 1;
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	file_remove_tree(AT_FDCWD, top, NULL);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.c - the kernels that containers can boot: berth's own and those of the store. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "engine/engine.h"
#include "store/kernel.h"
#include "store/store.h"
#include "vm/kernel.h"

#define META_MAX (64u << 10)

struct kernel_op {
	struct berth_op op;
	struct work work;
	int (*run)(struct kernel_op *o, struct err *e);
	char *name, *file;
	/* one of them */
	berth_kernels_cb list_done;
	berth_lines_cb lines_done;
	berth_done_cb done;
	/* of the list */
	struct vm_kernel own;
	struct stat own_stat;
	bool have_own;
	struct store_kernel *v;
	size_t n;
};

static void kernel_op_free(struct kernel_op *o)
{
	store_kernels_free(o->v, o->n);
	if (o->have_own)
		vm_kernel_finish(&o->own);
	free(o->name);
	free(o->file);
	free(o);
}

static void tell_list(struct kernel_op *o, int rc, const struct berth_error *be)
{
	struct berth_kernel *rows = calloc(o->n + 1, sizeof(*rows));
	bool chosen = false;
	size_t n = 0;

	if (rc == 0 && !rows)
		rc = -ENOMEM;
	for (size_t i = 0; rc == 0 && i < o->n; i++)
		chosen = chosen || o->v[i].is_default;
	if (rc == 0 && o->have_own)
		rows[n++] = (struct berth_kernel){
			.name = STORE_KERNEL_OWN, .version = o->own.version ? o->own.version : "",
			.arch = o->own.arch ? o->own.arch : "", .size_bytes = (uint64_t)o->own_stat.st_size, .path = o->own.path,
			.is_default = !chosen, .features = (const char *const *)o->own.features,
		};
	for (size_t i = 0; rc == 0 && i < o->n; i++)
		rows[n++] = (struct berth_kernel){
			.name = o->v[i].name, .version = o->v[i].version, .arch = o->v[i].arch,
			.size_bytes = o->v[i].size, .path = o->v[i].path, .is_default = o->v[i].is_default,
			.features = (const char *const *)o->v[i].features,
		};
	o->list_done(o->op.arg, rc, be, rows, n);
	free(rows);
}

static void on_ended(struct work *w, int rc, const struct err *e)
{
	struct kernel_op *o = container_of(w, struct kernel_op, work);
	struct berth_error be = { 0 };
	const struct berth_error *err = eng_error(&be, rc, e, NULL);
	const char *lines[] = { o->name, NULL };

	eng_op_end(&o->op);
	if (o->list_done)
		tell_list(o, rc, err);
	else if (o->lines_done)
		o->lines_done(o->op.arg, rc, err, lines, rc < 0 ? 0 : 1);
	else
		o->done(o->op.arg, rc, err);
	kernel_op_free(o);
}

static int in_pool(struct work *w, struct err *e)
{
	struct kernel_op *o = container_of(w, struct kernel_op, work);

	return o->run(o, e);
}

/* Takes o over, NULL included. */
static int begin(struct berth *b, struct kernel_op *o, const char *name, void *arg, struct berth_error *be)
{
	int rc = -ENOMEM;

	if (o && (!name || (o->name = strdup(name)))) {
		eng_op_begin(b, &o->op, arg, NULL, NULL);
		rc = work_start(&o->work, b->loop, in_pool, on_ended);
		if (rc < 0)
			list_remove(&o->op.link);
	}
	if (rc < 0) {
		if (o)
			kernel_op_free(o);
		return eng_refuse(be, rc, NULL);
	}
	return 0;
}

static struct kernel_op *new_op(int (*run)(struct kernel_op *o, struct err *e))
{
	struct kernel_op *o = calloc(1, sizeof(*o));

	if (o)
		o->run = run;
	return o;
}

/* --- list */

static int list_in_pool(struct kernel_op *o, struct err *e)
{
	o->have_own = vm_kernel_open(NULL, NULL, &o->own, NULL) == 0 && fstat(o->own.fd, &o->own_stat) == 0;
	return store_kernel_list(o->op.b->root, &o->v, &o->n, e);
}

int berth_kernel_list(struct berth *b, berth_kernels_cb done, void *arg, struct berth_error *e)
{
	struct kernel_op *o = new_op(list_in_pool);

	if (o)
		o->list_done = done;
	return begin(b, o, NULL, arg, e);
}

/* --- import */

/* The version that a bzImage tells of itself, or an ELF in its banner: "Linux version 6.1.0 (…". */
static char *name_of(const char *path)
{
	const char *base = strrchr(path, '/');
	AUTO_FREE char *name = strdup(base ? base + 1 : path);

	for (char *p = name; p && *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		      strchr("._-", *p)))
			*p = '-';
	return name && store_kernel_name_valid(name) ? TAKE(name) : strdup("imported");
}

/* What stands beside the file, if it is of its kind: kernel/compile.sh writes such. */
static char *meta_beside(const char *path)
{
	AUTO_FREE char *meta = NULL;
	AUTO_JSON cJSON *j = NULL;
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *file = path_fmt("%.*s" "meta.json", slash ? (int)(slash - path + 1) : 0, path);
	size_t len;

	if (!file || file_load(AT_FDCWD, file, META_MAX, &meta, &len, NULL) < 0 ||
	    json_parse(meta, len, "meta.json", &j, NULL) < 0 || !json_str(j, "version"))
		return NULL;
	return TAKE(meta);
}

static int import_in_pool(struct kernel_op *o, struct err *e)
{
	AUTO_FREE char *meta = meta_beside(o->file);
	struct vm_kernel k;
	int rc = vm_kernel_open(o->file, NULL, &k, e);

	if (rc < 0)
		return rc;
	vm_kernel_finish(&k);
	if (!o->name && !(o->name = name_of(o->file)))
		return err_set(e, -ENOMEM, "out of memory");
	return store_kernel_add(o->op.b->root, o->name, o->file, meta, false, e);
}

int berth_kernel_import(struct berth *b, const char *file, const char *name, berth_lines_cb done, void *arg,
			struct berth_error *e)
{
	struct kernel_op *o = new_op(import_in_pool);

	if (o) {
		o->lines_done = done;
		/* a path of ours, not of the pool's thread's; and never taken for a name */
		o->file = strchr(file, '/') ? strdup(file) : path_fmt("./%s", file);
		if (!o->file) {
			kernel_op_free(o);
			o = NULL;
		}
	}
	return begin(b, o, name, arg, e);
}

/* --- removal, choice */

static int remove_in_pool(struct kernel_op *o, struct err *e)
{
	return store_kernel_remove(o->op.b->root, o->name, e);
}

int berth_kernel_remove(struct berth *b, const char *name, berth_done_cb done, void *arg, struct berth_error *e)
{
	struct kernel_op *o = new_op(remove_in_pool);

	if (o)
		o->done = done;
	return begin(b, o, name, arg, e);
}

static int choose_in_pool(struct kernel_op *o, struct err *e)
{
	return store_kernel_set_default(o->op.b->root, o->name, e);
}

int berth_kernel_set_default(struct berth *b, const char *name, berth_done_cb done, void *arg, struct berth_error *e)
{
	struct kernel_op *o = new_op(choose_in_pool);

	if (o)
		o->done = done;
	return begin(b, o, name, arg, e);
}

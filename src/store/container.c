/* SPDX-License-Identifier: Apache-2.0 */
/* container.c - what the store keeps of a container. */
#include "store/container.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "oci/spec.h"

#define CONFIG_MAX (4u << 20)
#define STATE_MAX (1u << 20)
#define SPARE "spare"
#define OWNER "owner"
#define SPARE_SIZE (32 << 10)

void container_finish(struct container *c)
{
	cJSON_Delete(c->config);
	cJSON_Delete(c->state);
	*c = (struct container){ 0 };
}

int container_new_id(char ret[static CONTAINER_ID_LEN + 1])
{
	uint8_t raw[CONTAINER_ID_LEN / 2];
	int rc = file_random(raw, sizeof(raw));

	if (rc == 0)
		str_hex(raw, sizeof(raw), ret);
	return rc;
}

bool container_name_valid(const char *name)
{
	size_t n = strlen(name);

	if (n < 2 || n > 128 || !isalnum((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_.-", name[i]))
			return false;
	return true;
}

static int open_all(const char *root, struct err *e)
{
	AUTO_FREE char *path = path_join(root, "containers");
	int rc, fd;

	if (!path)
		return err_sys(e, -ENOMEM, "cannot open the store");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		rc = path_mkdirs(path, 0700, e);
		if (rc < 0)
			return rc;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return err_sys(e, -errno, "cannot open '%s'", path);
	return fd;
}

static int load_json(int dir, const char *name, size_t max, cJSON **ret, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int rc = file_load(dir, name, max, &text, &len, e);

	return rc < 0 ? rc : json_parse(text, len, name, ret, e);
}

static int open_one(int all, const char *id, struct err *e)
{
	int dir = -1;

	errno = ENOENT;
	if (str_is_hex(id, CONTAINER_ID_LEN))
		dir = openat(all, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return dir < 0 ? err_set(e, -errno, "no such container: %s", id) : dir;
}

static int read_at(int all, const char *id, struct container *ret, struct err *e)
{
	AUTO_CLOSE int dir = open_one(all, id, e);
	AUTO(container_finish) struct container c = { 0 };
	int rc;

	if (dir < 0)
		return dir;
	/* First the lock, then the state: a shim that ends in between has written its last word by then. */
	c.alive = lock_is_held(dir, "lock");
	rc = load_json(dir, "config.json", CONFIG_MAX, &c.config, e);
	if (rc == 0 && faccessat(dir, "state.json", F_OK, 0) == 0)
		rc = load_json(dir, "state.json", STATE_MAX, &c.state, e);
	if (rc < 0)
		return err_wrap(e, rc, "container '%.12s'", id);
	memcpy(c.id, id, CONTAINER_ID_LEN);
	*ret = c;
	c = (struct container){ 0 };
	return 0;
}

int container_read(const char *root, const char *id, struct container *ret, struct err *e)
{
	AUTO_CLOSE int all = open_all(root, e);

	return all < 0 ? all : read_at(all, id, ret, e);
}

int container_open(const char *root, const char *id, struct err *e)
{
	AUTO_CLOSE int all = open_all(root, e);

	return all < 0 ? all : open_one(all, id, e);
}

static int name_of(int all, const char *id, char **ret)
{
	AUTO(container_finish) struct container c = { 0 };
	int rc = read_at(all, id, &c, NULL);

	if (rc < 0)
		return rc;
	*ret = strdup(json_str(c.config, "name") ?: "");
	return *ret ? 0 : -ENOMEM;
}

/* Calls each(arg, id) for every container until it returns non-zero, and returns that. */
static int walk(int all, int (*each)(void *arg, int all, const char *id), void *arg)
{
	AUTO_CLOSEDIR DIR *d = file_open_dir(all, ".");
	struct dirent *ent;
	int rc = 0;

	if (!d)
		return -errno;
	while (rc == 0 && (ent = readdir(d)))
		if (str_is_hex(ent->d_name, CONTAINER_ID_LEN))
			rc = each(arg, all, ent->d_name);
	return rc;
}

struct search {
	const char *name;
	char id[CONTAINER_ID_LEN + 1]; /* of that name */
	char prefixed[CONTAINER_ID_LEN + 1];
	int nprefixed;
};

/* That has this very name. */
static int match_name(void *arg, int all, const char *id)
{
	struct search *s = arg;
	AUTO_FREE char *name = NULL;
	int rc = name_of(all, id, &name);

	if (rc < 0 || strcmp(name, s->name) != 0)
		return rc == -ENOMEM ? rc : 0;
	memcpy(s->id, id, sizeof(s->id));
	return 1;
}

static int match(void *arg, int all, const char *id)
{
	struct search *s = arg;
	if (str_starts(id, s->name)) {
		memcpy(s->prefixed, id, sizeof(s->prefixed));
		s->nprefixed++;
	}
	if (strcmp(id, s->name) != 0)
		return match_name(arg, all, id);
	memcpy(s->id, id, sizeof(s->id));
	return 1;
}

int container_find(const char *root, const char *name, char ret[static CONTAINER_ID_LEN + 1], struct err *e)
{
	AUTO_CLOSE int all = open_all(root, e);
	struct search s = { .name = name };
	int rc;

	if (all < 0)
		return all;
	if (!*name)
		return err_set(e, -ENOENT, "no such container: ''");
	rc = walk(all, match, &s);
	if (rc < 0)
		return err_sys(e, rc, "cannot read the containers");
	if (!*s.id && s.nprefixed > 1)
		return err_set(e, -ENOTUNIQ, "'%s' is the beginning of %d container ids", name, s.nprefixed);
	if (!*s.id && s.nprefixed == 0)
		return err_set(e, -ENOENT, "no such container: %s", name);
	memcpy(ret, *s.id ? s.id : s.prefixed, CONTAINER_ID_LEN + 1);
	return 0;
}

struct row {
	char id[CONTAINER_ID_LEN + 1];
	int64_t created;
};
struct listing {
	struct row *rows;
	size_t n, cap;
};

static int add_row(void *arg, int all, const char *id)
{
	struct listing *l = arg;
	struct stat st;
	AUTO_FREE char *config = path_join(id, "config.json");

	if (!config)
		return -ENOMEM;
	if (fstatat(all, config, &st, 0) < 0)
		return 0; /* being removed */
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		void *rows = realloc(l->rows, cap * sizeof(*l->rows));

		if (!rows)
			return -ENOMEM;
		l->rows = rows;
		l->cap = cap;
	}
	memcpy(l->rows[l->n].id, id, sizeof(l->rows[0].id));
	/* config.json is written once. */
	l->rows[l->n++].created = st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec;
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->created == y->created ? strcmp(x->id, y->id) : x->created < y->created ? 1 : -1;
}

int container_ids(const char *root, char ***ret, struct err *e)
{
	AUTO_CLOSE int all = open_all(root, e);
	struct listing l = { 0 };
	char **v;
	int rc;

	if (all < 0)
		return all;
	rc = walk(all, add_row, &l);
	if (rc < 0) {
		free(l.rows);
		return err_sys(e, rc, "cannot read the containers");
	}
	if (l.n)
		qsort(l.rows, l.n, sizeof(*l.rows), newest_first);
	v = calloc(l.n + 1, sizeof(*v));
	for (size_t i = 0; v && i < l.n; i++) {
		v[i] = strdup(l.rows[i].id);
		if (!v[i]) {
			strv_free(v);
			v = NULL;
		}
	}
	free(l.rows);
	if (!v)
		return err_sys(e, -ENOMEM, "cannot list the containers");
	*ret = v;
	return 0;
}

int container_read_spec(const char *root, struct container *c, struct err *e)
{
	AUTO_CLOSE int dir = -1;
	cJSON *spec = NULL;
	int rc;

	if (json_obj(c->config, "spec"))
		return 0;
	dir = container_open(root, c->id, e);
	if (dir < 0)
		return dir;
	rc = load_json(dir, "spec.json", CONFIG_MAX, &spec, e);
	if (rc < 0)
		return err_wrap(e, rc, "container '%.12s'", c->id);
	cJSON_AddItemToObject(c->config, "spec", spec);
	return 0;
}

/* Both texts in dir. */
static int write_config(int dir, const cJSON *config, struct err *e)
{
	AUTO_JSON cJSON *rest = cJSON_Duplicate(config, 1);
	AUTO_JSON cJSON *spec = cJSON_DetachItemFromObjectCaseSensitive(rest, "spec");
	AUTO_FREE char *text = rest ? json_print_indented(rest) : NULL;
	AUTO_FREE char *spec_text = spec ? json_print(spec) : NULL;
	int rc = 0;

	if (!text || (spec && !spec_text))
		return err_sys(e, -ENOMEM, "cannot write the container's configuration");
	if (spec_text)
		rc = file_replace(dir, "spec.json", spec_text, strlen(spec_text), 0600, e);
	return rc < 0 ? rc : file_replace(dir, "config.json", text, strlen(text), 0600, e);
}

static int fill_folder(int dir, const cJSON *config, int *ret_owner, struct err *e)
{
	int rc = write_config(dir, config, e);

	if (rc == 0 && ret_owner && (rc = lock_try(dir, OWNER, false, e)) >= 0) {
		*ret_owner = rc;
		rc = 0;
	}
	return rc;
}

int container_create(const char *root, const cJSON *config, struct err *e)
{
	return container_create_owned(root, config, NULL, e);
}

int container_create_owned(const char *root, const cJSON *config, int *ret_owner, struct err *e)
{
	AUTO_CLOSE int owner = -1;
	AUTO_CLOSE int all = open_all(root, e);
	AUTO_CLOSE int lock = -1;
	AUTO_CLOSE int dir = -1;
	const char *id = json_str(config, "id"), *name = json_str(config, "name");
	struct search s = { .name = name };
	char tmp[CONTAINER_ID_LEN + 8] = ".new-";
	int rc;

	if (all < 0)
		return all;
	if (!id || !name)
		return err_sys(e, -ENOMEM, "cannot write the container's configuration");
	lock = lock_wait(all, ".lock", false, e);
	if (lock < 0)
		return lock;
	rc = walk(all, match, &s);
	if (rc < 0)
		return err_sys(e, rc, "cannot read the containers");
	if (*s.id)
		return err_set(e, -EEXIST, "the name '%s' is taken by container %.12s", name, s.id);
	memcpy(tmp + 5, id, CONTAINER_ID_LEN + 1);
	if (mkdirat(all, tmp, 0700) < 0)
		return err_sys(e, -errno, "cannot make a folder for the container");
	dir = openat(all, tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = dir < 0 ? err_sys(e, -errno, "cannot open the container's folder") :
		       fill_folder(dir, config, ret_owner ? &owner : NULL, e);
	if (rc == 0) {
		rc = fault_at(FAULT_CONTAINER_NAME) ?: renameat(all, tmp, all, id) < 0 || fsync(all) < 0 ? -errno : 0;
		if (rc < 0)
			err_sys(e, rc, "cannot name the container's folder");
	}
	if (rc < 0) {
		file_remove_tree(all, tmp, NULL);
		return rc;
	}
	if (ret_owner)
		*ret_owner = TAKE_FD(owner);
	return TAKE_FD(dir);
}

bool container_is_orphan(const char *root, const struct container *c)
{
	if (!json_bool(c->config, "owned", false))
		return false;
	AUTO_CLOSE int dir = container_open(root, c->id, NULL);
	/* what cannot be known is not so */
	AUTO_CLOSE int lock = dir < 0 ? dir : lock_try(dir, OWNER, true, NULL);

	return lock >= 0;
}

void container_touch(int dir)
{
	AUTO_CLOSE int fd = openat(dir, "../.changed", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		futimens(fd, NULL);
}

void container_keep_spare(int dir)
{
	AUTO_CLOSE int fd = openat(dir, SPARE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && posix_fallocate(fd, 0, SPARE_SIZE) != 0)
		unlinkat(dir, SPARE, 0);
}

int container_write_state(int dir, const cJSON *state, bool sync, struct err *e)
{
	AUTO_FREE char *text = json_print_indented(state);
	int rc;

	if (!text)
		return err_sys(e, -ENOMEM, "cannot write the container's state");
	rc = (sync ? file_replace : file_swap)(dir, "state.json", text, strlen(text), 0600, e);
	if ((rc == -ENOSPC || rc == -EDQUOT) && unlinkat(dir, SPARE, 0) == 0)
		rc = (sync ? file_replace : file_swap)(dir, "state.json", text, strlen(text), 0600, e);
	container_touch(dir);
	return rc;
}

const char *container_state_word(const struct container *c)
{
	const char *word = c->state ? json_str(c->state, "state") : NULL;

	if (!word)
		return c->alive ? "starting" : "created";
	if (!c->alive && strcmp(word, "exited") != 0 && strcmp(word, "dead") != 0 && strcmp(word, "created") != 0)
		return "dead";
	return word;
}

int container_remove(const char *root, const char *id, struct err *e)
{
	AUTO_CLOSE int all = open_all(root, e);
	char tmp[CONTAINER_ID_LEN + 8] = ".old-";

	if (all < 0)
		return all;
	if (!str_is_hex(id, CONTAINER_ID_LEN))
		return err_set(e, -EINVAL, "'%s' is not a container id", id);
	memcpy(tmp + 5, id, CONTAINER_ID_LEN + 1);
	if (renameat(all, id, all, tmp) < 0)
		return errno == ENOENT ? err_set(e, -ENOENT, "no such container: %.12s", id) :
					 err_sys(e, -errno, "cannot remove container '%.12s'", id);
	return file_remove_tree(all, tmp, e);
}

int container_move_out(const char *root, const char *id, int to, const char *name, struct err *e)
{
	AUTO_CLOSE int all = open_all(root, e);

	if (all < 0)
		return all;
	if (renameat(all, id, to, name) < 0)
		return errno == ENOENT ? err_set(e, -ENOENT, "no such container: %.12s", id) :
					 err_sys(e, -errno, "cannot move container '%.12s'", id);
	return fsync(to) < 0 || fsync(all) < 0 ? err_sys(e, -errno, "cannot write the folder of containers") : 0;
}

/* Under the lock of all names: may this container have that one? */
static int check_name(int all, const char *name, const char *id, struct err *e)
{
	struct search s = { .name = name };
	int rc = walk(all, match_name, &s);

	if (rc < 0)
		return err_sys(e, rc, "cannot read the containers");
	if (*s.id && strcmp(s.id, id) != 0)
		return err_set(e, -EEXIST, "the name '%s' is taken by container %.12s", name, s.id);
	return 0;
}

int container_move_in(const char *root, int from, const char *name, const char *id, struct err *e)
{
	AUTO_CLOSE int all = open_all(root, e);
	AUTO_CLOSE int lock = all < 0 ? all : lock_wait(all, ".lock", false, e);
	AUTO_CLOSE int dir = lock < 0 ? lock : openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	AUTO_JSON cJSON *config = NULL;
	int rc;

	if (lock < 0)
		return lock;
	if (dir < 0)
		return err_sys(e, -errno, "cannot open the folder of container '%.12s'", id);
	rc = load_json(dir, "config.json", CONFIG_MAX, &config, e);
	if (rc == 0)
		rc = check_name(all, json_str(config, "name") ?: "", id, e);
	if (rc < 0)
		return rc;
	if (renameat(from, name, all, id) < 0)
		return err_sys(e, -errno, "cannot move container '%.12s'", id);
	return fsync(all) < 0 || fsync(from) < 0 ? err_sys(e, -errno, "cannot write the folder of containers") : 0;
}

/* config.json with other values of what there is; its time, by which containers are listed, stays. */
static int rewrite_config(int dir, cJSON *config, struct err *e)
{
	struct stat st;
	int rc;

	if (fstatat(dir, "config.json", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, -errno, "cannot read the container's configuration");
	rc = write_config(dir, config, e);
	if (rc == 0)
		utimensat(dir, "config.json", (struct timespec[2]){ st.st_mtim, st.st_mtim }, 0);
	container_touch(dir);
	return rc;
}

static bool put_number(cJSON *config, const char *key, double v)
{
	cJSON *n = cJSON_CreateNumber(v);

	if (n && cJSON_GetObjectItemCaseSensitive(config, key))
		return cJSON_ReplaceItemInObjectCaseSensitive(config, key, n);
	if (n && cJSON_AddItemToObject(config, key, n))
		return true;
	cJSON_Delete(n);
	return false;
}

int container_set_limits(const char *root, const char *id, const struct container_limits *l, struct err *e)
{
	AUTO_CLOSE int all = open_all(root, e);
	AUTO_CLOSE int lock = all < 0 ? all : lock_wait(all, ".lock", false, e);
	AUTO_CLOSE int dir = lock < 0 ? lock : open_one(all, id, e);
	AUTO_JSON cJSON *config = NULL;
	AUTO_JSON cJSON *spec = NULL;
	int rc = dir < 0 ? dir : load_json(dir, "config.json", CONFIG_MAX, &config, e);

	if (rc == 0)
		rc = load_json(dir, "spec.json", CONFIG_MAX, &spec, e);
	if (rc == 0)
		rc = oci_spec_set_limits(spec, l->memory, l->cpus, l->pids, e);
	if (rc < 0)
		return rc;
	if ((l->memory && !put_number(config, "memory_bytes", (double)l->memory)) ||
	    (l->cpus > 0 && !put_number(config, "cpus", l->cpus)) || !cJSON_AddItemToObject(config, "spec", spec))
		return err_sys(e, -ENOMEM, "cannot write the container's configuration");
	spec = NULL;
	return rewrite_config(dir, config, e);
}

int container_rename(const char *root, const char *id, const char *name, struct err *e)
{
	AUTO_CLOSE int all = open_all(root, e);
	AUTO_CLOSE int lock = all < 0 ? all : lock_wait(all, ".lock", false, e);
	AUTO_CLOSE int dir = -1;
	AUTO_JSON cJSON *config = NULL;
	int rc;

	if (lock < 0)
		return lock;
	if (!container_name_valid(name))
		return err_set(e, -EINVAL, "'%s' is no name: two or more of letters, digits, '_', '.', '-', the first "
					   "a letter or digit", name);
	rc = check_name(all, name, id, e);
	if (rc < 0)
		return rc;
	dir = openat(all, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return err_set(e, -errno, "no such container: %.12s", id);
	rc = load_json(dir, "config.json", CONFIG_MAX, &config, e);
	if (rc == 0 && !cJSON_ReplaceItemInObjectCaseSensitive(config, "name", cJSON_CreateString(name)))
		rc = err_sys(e, -ENOMEM, "cannot write the container's configuration");
	return rc < 0 ? rc : rewrite_config(dir, config, e);
}

/* --- the disk beneath its own */

void container_base_stamp(const struct stat *st, char ret[static 48])
{
	snprintf(ret, 48, "%lld %lld.%09ld", (long long)st->st_size, (long long)st->st_mtim.tv_sec,
		 st->st_mtim.tv_nsec);
}

int container_base_open(const char *root, const cJSON *config, struct err *e)
{
	const char *file = json_str(config, "rootfs_file"), *key = json_str(config, "rootfs_key");
	AUTO_FREE char *kept = file ? NULL :
			       json_bool(config, "own_base", false) ?
				      path_fmt("%s/containers/%s/base.ext4", root, json_str(config, "id") ?: "") :
				      path_fmt("%s/rootfs/%s/base.ext4", root, key ? key : "");
	const char *path = file ? file : kept;
	AUTO_CLOSE int fd = path ? open(path, O_RDONLY | O_CLOEXEC | (file ? 0 : O_NOFOLLOW)) : -1;
	char stamp[48];
	struct stat st;

	if (!path)
		return err_set(e, -ENOMEM, "out of memory");
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot open disk '%s'", path);
	container_base_stamp(&st, stamp);
	if (file && strcmp(stamp, json_str(config, "rootfs_stamp") ?: "") != 0)
		return err_set(e, -ESTALE, "'%s' was written after the container was made from it", file);
	return TAKE_FD(fd);
}

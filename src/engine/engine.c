/* SPDX-License-Identifier: Apache-2.0 */
/* engine.c - the context: opened, closed, and what its operations have in common. */
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/sock.h"
#include "base/str.h"
#include "store/store.h"

const char *berth_version(void)
{
	return PACKAGE_VERSION;
}

/* --- where things are */

static char *default_root(void)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (geteuid() == 0)
		return strdup("/var/lib/berth");
	if (data && *data == '/')
		return path_join(data, "berth");
	return home && *home == '/' ? path_join(home, ".local/share/berth") : NULL;
}

static char *default_run_root(void)
{
	const char *run = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		return strdup("/run/berth");
	if (run && *run == '/')
		return path_join(run, "berth");
	return path_fmt("/tmp/berth-%u", geteuid());
}

static int check_ours(const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_sys(e, -errno, "cannot use '%s'", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return err_set(e, -EPERM, "cannot use '%s': it is not a folder of this user", path);
	if ((st.st_mode & 022) && chmod(path, 0700) < 0)
		return err_sys(e, -errno, "cannot protect '%s'", path);
	return 0;
}

static char *absolute(const char *path)
{
	AUTO_FREE char *cwd = NULL;

	if (*path == '/')
		return strdup(path);
	cwd = getcwd(NULL, 0);
	return cwd ? path_join(cwd, path) : NULL;
}

/* --- the configuration */

static int load_conf(const struct berth *b, struct conf *ret, const struct conf *was)
{
	if (b->config && !*b->config)
		return conf_parse(ret, NULL, "", 0);
	return conf_load_after(ret, b->config, was);
}

static void drop_conf(struct berth *b)
{
	while (b->conf) {
		struct eng_conf *c = b->conf;

		b->conf = c->before;
		conf_finish(&c->conf);
		free(c);
	}
	free(b->config);
}

int berth_config_reload(struct berth *b, struct berth_error *e)
{
	struct eng_conf *c = calloc(1, sizeof(*c));
	int rc = c ? load_conf(b, &c->conf, &b->conf->conf) : -ENOMEM;

	if (rc < 0) {
		free(c);
		return eng_refuse(e, rc, NULL);
	}
	c->conf.was = NULL;
	c->before = b->conf;
	b->conf = c;
	return 0;
}

int berth_open(struct berth **ret, uv_loop_t *loop, const struct berth_options *o, struct berth_error *out)
{
	struct berth *b = calloc(1, sizeof(*b));
	struct err e = { 0 };
	int rc;

	if (!b)
		return eng_refuse(out, -ENOMEM, NULL);
	b->loop = loop;
	list_init(&b->ops);
	b->config = o && o->config ? strdup(o->config) : NULL;
	b->conf = calloc(1, sizeof(*b->conf));
	if (!b->conf || (o && o->config && !b->config))
		rc = -ENOMEM;
	else
		rc = load_conf(b, &b->conf->conf, NULL);
	if (rc < 0) {
		free(b->conf);
		free(b->config);
		free(b);
		return eng_refuse(out, rc, NULL);
	}
	errno = 0;
	b->root = o && o->root ? absolute(o->root) : default_root();
	b->run_root = o && o->run_root ? absolute(o->run_root) : default_run_root();
	if ((!b->root || !b->run_root) && errno == ENOMEM)
		rc = err_set(&e, -ENOMEM, "cannot open the store: out of memory");
	else if (!b->root || !b->run_root)
		rc = err_set(&e, -ENOENT, "there is no home directory to keep a store in: set HOME or give --root");
	else
		rc = path_mkdirs(b->run_root, 0700, &e);
	if (rc == 0)
		rc = check_ours(b->run_root, &e);
	if (rc == 0)
		rc = store_open(b->root, &b->store, &e);
	if (rc < 0) {
		drop_conf(b);
		free(b->root);
		free(b->run_root);
		free(b);
		return eng_refuse(out, rc, &e);
	}
	*ret = b;
	return 0;
}

static void finish_close(struct loop_defer *d)
{
	struct berth *b = container_of(d, struct berth, closing_defer);
	void (*closed)(void *arg) = b->closed;
	void *arg = b->closed_arg;

	loop_finish(b->loop);
	store_close(b->store);
	drop_conf(b);
	free(b->root);
	free(b->run_root);
	free(b);
	if (closed)
		closed(arg);
}

void berth_close(struct berth *b, void (*closed)(void *arg), void *arg)
{
	b->closing = true;
	b->closed = closed;
	b->closed_arg = arg;
	eng_watch_finish(b);
	list_each(struct berth_op, op, &b->ops, link)
		berth_op_cancel(op);
	if (list_empty(&b->ops))
		loop_defer(b->loop, &b->closing_defer, finish_close);
}

const char *berth_root(const struct berth *b)
{
	return b->root;
}

const char *berth_run_root(const struct berth *b)
{
	return b->run_root;
}

/* --- operations */

void eng_op_begin(struct berth *b, struct berth_op *op, void *arg, void (*cancel)(struct berth_op *op),
		  struct berth_op **ret)
{
	op->b = b;
	op->arg = arg;
	op->cancel = cancel;
	list_append(&b->ops, &op->link);
	if (ret)
		*ret = op;
}

void eng_op_end(struct berth_op *op)
{
	struct berth *b = op->b;

	list_remove(&op->link);
	if (b->closing && list_empty(&b->ops))
		loop_defer(b->loop, &b->closing_defer, finish_close);
}

void berth_op_cancel(struct berth_op *op)
{
	if (op && op->cancel)
		op->cancel(op);
}

void berth_job_keep(struct berth_op *op)
{
	if (op && op->keep)
		op->keep(op);
}

/* --- errors */

static const char *known_hint(const struct err *e)
{
	if (strncmp(e->text, "no such container", 17) == 0)
		return "berth ps -a lists all containers";
	if (str_ends(e->text, " is paused"))
		return "berth unpause lets it go on";
	if (str_ends(e->text, " does not answer"))
		return "berth kill ends it, berth rm -f takes it away";
	if (strstr(e->text, "there is no kernel '"))
		return "berth kernel ls lists them";
	if (strstr(e->text, "no kernel"))
		return "berth kernel build makes one, or make kernel in the source tree";
	return "";
}

const struct berth_error *eng_error(struct berth_error *ret, int rc, const struct err *e, const char *hint)
{
	if (rc >= 0)
		return NULL;
	ret->code = rc;
	if (e && *e->text)
		snprintf(ret->text, sizeof(ret->text), "%s", e->text);
	else
		snprintf(ret->text, sizeof(ret->text), "%s", err_str(rc));
	snprintf(ret->hint, sizeof(ret->hint), "%s", hint ? hint : e ? known_hint(e) : "");
	return ret;
}

int eng_refuse(struct berth_error *out, int rc, const struct err *e)
{
	if (out)
		eng_error(out, rc, e, NULL);
	return rc;
}

int eng_not_of_process(int rc, const struct err *e)
{
	if (rc != -ENOENT && rc != -EACCES)
		return rc;
	return strncmp(e->text, "no such container", 17) == 0 ? -ESRCH : -EIO;
}

int berth_exit_code_of(int rc)
{
	return rc == -ENOENT ? 127 : rc == -EACCES ? 126 : 125;
}

const char *berth_state_word(enum berth_state s)
{
	static const char *const words[] = { "created", "starting", "running", "paused", "stopping", "exited",
					     "dead" };

	return (size_t)s < ARRAY_LEN(words) ? words[s] : "unknown";
}

/* --- memory */

void eng_arena_finish(struct eng_arena *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
	free(a->v);
	*a = (struct eng_arena){ 0 };
}

void *eng_arena_take(struct eng_arena *a, void *p)
{
	if (p && a->n == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 32;
		void **v = realloc(a->v, cap * sizeof(*v));

		if (!v) {
			free(p);
			p = NULL;
		} else {
			a->v = v;
			a->cap = cap;
		}
	}
	if (!p) {
		a->failed = true;
		return NULL;
	}
	a->v[a->n++] = p;
	return p;
}

const char *eng_arena_str(struct eng_arena *a, const char *s)
{
	return s ? eng_arena_take(a, strdup(s)) : NULL;
}

const char *const *eng_arena_strv(struct eng_arena *a, const char *const *v)
{
	size_t n = 0;
	const char **copy;

	if (!v)
		return NULL;
	while (v[n])
		n++;
	copy = eng_arena_take(a, calloc(n + 1, sizeof(*copy)));
	for (size_t i = 0; copy && i < n; i++)
		copy[i] = eng_arena_str(a, v[i]);
	return copy;
}

/* --- names and sockets */

int eng_split_console(const char *name, char ret[static 256], unsigned *n, struct err *e)
{
	const char *colon = strchr(name, ':');
	size_t len = colon ? (size_t)(colon - name) : strlen(name);
	char *end = NULL;

	*n = 0;
	if (len >= 256)
		return err_set(e, -ENOENT, "no such container: %.40s…", name);
	if (colon) {
		unsigned long v = strtoul(colon + 1, &end, 10);

		if (end == colon + 1 || *end || v > 1000000)
			return err_set(e, -EINVAL, "'%s' is not a console, as in web1:0", name);
		*n = (unsigned)v;
	}
	memcpy(ret, name, len);
	ret[len] = 0;
	return 0;
}

char *eng_run_dir(const struct berth *b, const char *id)
{
	return path_fmt("%s/%.12s", b->run_root, id);
}

int eng_open_stream(const struct berth *b, const char *id, const char *token, struct err *e)
{
	AUTO_FREE char *dir = eng_run_dir(b, id);
	AUTO_FREE char *path = dir ? path_join(dir, "io.sock") : NULL;
	AUTO_CLOSE int fd = path ? sock_connect(path, e) : -ENOMEM;
	char line[64];
	int n;

	if (fd < 0)
		return fd;
	n = snprintf(line, sizeof(line), "IO %s\n", token);
	if (n >= (int)sizeof(line) || write(fd, line, (size_t)n) != n)
		return err_set(e, -EPIPE, "the container's shim closed a stream");
	return TAKE_FD(fd);
}

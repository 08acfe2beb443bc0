/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h - what the parts of the engine share; the public API is berth/berth.h. */
#ifndef BERTH_ENGINE_ENGINE_H
#define BERTH_ENGINE_ENGINE_H

#include <stdbool.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/work.h"
#include "berth/berth.h"
#include "rpc/client.h"
#include "store/container.h"

struct store;
struct watcher;

/* Those that were read before are kept: what was begun with them may still hold their words. */
struct eng_conf {
	struct conf conf;
	struct eng_conf *before;
};

struct berth {
	uv_loop_t *loop;
	char *root, *run_root;
	char *config;          /* as in struct berth_options */
	struct eng_conf *conf; /* the newest; never NULL */
	struct store *store;
	struct list ops; /* all that is under way */
	struct watcher *watcher;
	bool closing;
	void (*closed)(void *arg);
	void *closed_arg;
	struct loop_defer closing_defer;
};

/* What every operation begins with. */
struct berth_op {
	struct list link;
	struct berth *b;
	void *arg; /* of the caller's callbacks */
	/* Asks; the end comes as it comes. May be NULL. */
	void (*cancel)(struct berth_op *op);
	void (*keep)(struct berth_op *op); /* berth_job_keep; may be NULL */
};

void eng_op_begin(struct berth *b, struct berth_op *op, void *arg, void (*cancel)(struct berth_op *op),
		  struct berth_op **ret);
/* It is no longer under way; to be called before its done callback. */
void eng_op_end(struct berth_op *op);

/* Fills ret (zeroed if rc is 0) and returns it, or NULL for rc 0: what a done callback is given. hint may be
 * NULL: then one is found for what is known. */
const struct berth_error *eng_error(struct berth_error *ret, int rc, const struct err *e, const char *hint);
/* For starting functions: copies e to out (may be NULL), returns rc. */
int eng_refuse(struct berth_error *out, int rc, const struct err *e);

/* -ENOENT and -EACCES of a start or an exec mean the container's program. The same from any other cause become
 * -ESRCH (no such container) and -EIO. */
int eng_not_of_process(int rc, const struct err *e);

/* Memory of an operation, freed together. */
struct eng_arena {
	void **v;
	size_t n, cap;
	bool failed; /* some copy could not be made */
};
void eng_arena_finish(struct eng_arena *a);
void *eng_arena_take(struct eng_arena *a, void *p); /* owned from now on; returns p */
const char *eng_arena_str(struct eng_arena *a, const char *s);
const char *const *eng_arena_strv(struct eng_arena *a, const char *const *v);

/* "CTR:N" in two. n is 0 without ":N". */
int eng_split_console(const char *name, char ret[static 256], unsigned *n, struct err *e);
/* <run-root>/<id12>, the caller frees. */
char *eng_run_dir(const struct berth *b, const char *id);
/* A raw stream of the shim by its token; < 0. */
int eng_open_stream(const struct berth *b, const char *id, const char *token, struct err *e);

/* One call to a container's shim: the name is looked up in the pool, the shim dialed, the method called. */
struct eng_call;
/* On the loop thread, once the container is known: 0 and *req (an initialised message that lives until the
 * reply, owned by the caller's struct): call it; 1: no call is needed, finish is called with rc 0 and no
 * response; < 0. */
typedef int (*eng_call_ready)(struct eng_call *c, const ProtobufCMessage **req, struct err *e);
/* The end of the call: frees the op. */
typedef void (*eng_call_finish)(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e);

struct eng_call {
	struct berth_op op;
	struct work work;
	char name[256];
	unsigned console;      /* N of CTR:N */
	struct container ctr;
	const struct rpc_method *method;
	bool any_state;        /* ready is asked for containers that do not run too */
	bool patient;          /* the answer may take for ever: a shim that is silent does not end the call */
	bool hurry;            /* it ends as soon as the shim is known to be silent */
	eng_call_ready ready;
	eng_call_finish finish;
	struct rpc_client *client;
	struct rpc_unary unary;
	bool calling, cancelled, ended;
	/* whether the shim answers at all: it is asked something small when the call takes long */
	uv_timer_t *timer;
	struct rpc_unary ping;
	bool pinging, silent, gave_up;
	int rc;
	struct err err;
};
/* name "CTR" or "CTR:N". c is the caller's, zeroed but for method, any_state, ready and finish. */
int eng_call_start(struct eng_call *c, struct berth *b, const char *name, void *arg, struct berth_op **ret,
		   struct err *e);
/* In finish: frees what eng_call_start made. */
void eng_call_release(struct eng_call *c);

/* In the pool: the store's image of that name; one that comes with berth, or is in a file ("oci:…", "oci-archive:…",
 * "docker-archive:…"), is taken in on the way. */
struct store_image;
struct oci_ref;
struct oci_desc;
int eng_image_find(struct berth *b, const char *name, struct store_image *ret, struct err *e);
/* The same, whatever its platform is: what the name means. */
int eng_image_resolve(struct berth *b, const char *name, struct oci_desc *ret, struct err *e);
/* berth_pull of one of those: it keeps the names that it has. */
int eng_pull_file(struct berth *b, const struct oci_ref *ref, berth_progress_cb progress, berth_pulled_cb done, void *arg,
		  struct berth_op **op, struct berth_error *e);
/* In the pool: a container that does not run goes, to the trash if asked to. -EBUSY if it runs. */
int eng_container_take_away(struct berth *b, const char *id, bool trash, struct err *e);

/* As berth_container_start, but not its process: the machine is up, and its files can be reached by its agent. Of one that is
 * owned, which ends it. */
int eng_container_hold(struct berth *b, const char *id, berth_attached_cb done, void *arg, struct berth_op **ret,
		       struct berth_error *be);

/* In the pool: true if it belonged to a process that has ended, and went. */
bool eng_take_orphan(struct berth *b, const struct container *c);
/* All of them. */
void eng_take_orphans(struct berth *b);

/* answer.c. A shim that is alive and does not answer. since: ns since 1970; 0: it is not known to be silent. */
void eng_answer_note(const struct berth *b, const char *id, bool answers);
int64_t eng_silent_since(const struct berth *b, const char *id);
/* In the pool: ends the shim of a container by SIGKILL, its VM with it. 0 if there is none any more. */
int eng_shim_kill(const struct berth *b, const char *name, struct err *e);

/* A container as the public API shows it; the strings are in a. */
int eng_container_view(const struct berth *b, const struct container *c, struct eng_arena *a, struct berth_container *ret);

/* Progress of jobs, from events to the public form. */
struct eng_progress {
	struct berth_progress view;
	struct eng_arena arena; /* of the view's strings, renewed with each event */
	struct berth_layer *layers;
	char *stage, *note, *digest;
};
void eng_progress_finish(struct eng_progress *p);
/* Takes an event of job/proto.h; true if the view changed. */
bool eng_progress_take(struct eng_progress *p, const char *name, const cJSON *event);

void eng_watch_finish(struct berth *b);

#endif

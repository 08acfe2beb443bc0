/* SPDX-License-Identifier: Apache-2.0 */
/* model.h - what is known of containers, images, jobs and consoles: copies of the engine's lists, asked for
 * anew when the engine says that something changed. */
#ifndef BERTH_TUI_MODEL_H
#define BERTH_TUI_MODEL_H

#include <berth/berth.h>

#include "base/auto.h"

struct app;

struct ctr {
	char id[65];
	char *name, *image, *image_id, *command, *ip, *kernel, *accel, *cause;
	char *ports; /* "8080>80 5432", "" */
	char *labels; /* "key=value" lines */
	enum berth_state state;
	int exit_code;
	int64_t created, started, finished; /* ns */
	uint64_t memory;
	double cpus;
	bool tty;
	unsigned consoles;
	int64_t silent; /* since when its shim has not answered; 0 */
	int64_t boots;  /* since when it was seen to start; 0: it does not */
};

struct imglayer {
	char digest[80];
	uint64_t size;
};

struct img {
	char *id, *digest, *name, *platform;
	bool artifact; /* nothing can be run from it */
	char *ref; /* "docker.io/library/debian:stable"; "": it has no tag */
	struct imglayer *layer; /* layers of them, lowest first */
	int64_t created;
	uint64_t size, rootfs;
	unsigned layers, used;
};

struct jobrow {
	char *id, *verb, *object, *state, *error;
	int64_t started, finished;
	uint64_t done, total;
};

struct con {
	char id[80];
	char *container, *command;
	unsigned n, rows, cols, viewers;
	bool alive;
	int exit_code;
};

struct trashrow {
	char id[65];
	char *kind, *name;
	int64_t deleted;
	uint64_t size;
};

enum { MODEL_CTRS = 1, MODEL_IMGS = 2, MODEL_JOBS = 4, MODEL_CONS = 8, MODEL_TRASH = 16, MODEL_ALL = 31,
       MODEL_STATS = 32 /* new samples (stats.h) */ };

struct model {
	struct ctr *ctrs;
	struct img *imgs;
	struct jobrow *jobs;
	struct con *cons;
	struct trashrow *trash; /* newest first */
	size_t nctrs, nimgs, njobs, ncons, ntrash;
	unsigned known;    /* what has come at least once */
	unsigned asked;    /* what is on its way */
	unsigned again;    /* what changed meanwhile */
	char host[160];    /* the line "kvm ok   kernel ok …" of the first screen; "" not known yet */
	char host_kvm[28], host_space[24]; /* parts of it; "" not known yet */
	bool host_qemu, host_init, host_kernel, kernel_tried;
	char host_why[200]; /* what is missing, and why; "" nothing */
	char expected[16][65]; /* ends that were asked for, the oldest is overwritten */
	unsigned nexpected;
};

void model_finish(struct model *m);
/* Asks the engine; app_changed is called when the answer is here. */
void model_refresh(struct app *app, unsigned what);
void model_probe(struct app *app);
/* How far the kernel's build is has changed. */
void model_host_line(struct app *app);

/* Which containers live, to say later which of them have failed since; and since when they start. */
struct model_alive {
	struct {
		char id[65];
		int64_t boots, silent;
	} *list;
	size_t n;
};
void model_alive_take(const struct model *m, struct model_alive *ret);
void model_alive_tell(struct app *app, struct model_alive *was); /* and frees it */
/* The user asked for this one's end: that is no news. */
void model_expect_end(struct app *app, const char *id);

const struct ctr *model_ctr(const struct model *m, const char *id);
const struct trashrow *model_trash(const struct model *m, const char *id);
const struct con *model_con(const struct model *m, const char *id);
bool ctr_lives(const struct ctr *c);
bool ctr_failed(const struct ctr *c); /* it ended, and not well */
/* "+ up", "x exit 137": always a sign and a word. */
void ctr_state_text(const struct ctr *c, char *ret, size_t max);
enum role;
int ctr_state_role(const struct ctr *c);

#endif

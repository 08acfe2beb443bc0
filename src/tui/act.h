/* SPDX-License-Identifier: Apache-2.0 */
/* act.h - what is done to containers and images: asked first where the table says so, told in messages. */
#ifndef BERTH_TUI_ACT_H
#define BERTH_TUI_ACT_H

#include "tui/app.h"

/* true if the action was one for a container. id is captured here. */
bool act_container(struct app *app, enum act act, const struct ctr *c);
/* START, STOP, KILL, RESTART, HOLD, RESUME, DELETE, without a question. */
#define ACT_RESUME ACT_COUNT /* no key of its own: H does both */
void act_do(struct app *app, enum act act, const char *id);
/* One question for n things, ids and names of which are copied; one() for each once it is answered by yes. Of more than
 * ACT_NAMED their number must be typed. */
#define ACT_NAMED 5
struct act_many {
	const char *verb;     /* "Stop" */
	const char *nouns[2]; /* "container", "containers" */
	const char *how;
	void (*one)(struct app *app, const char *id, int arg);
	int arg;
	size_t n;
	const char *const *ids, *const *names;
};
void act_ask_many(struct app *app, const struct act_many *q);
/* To several at once, i[0..n) of the model's; true if the action is one that can be. */
bool act_containers(struct app *app, enum act act, const size_t *i, size_t n);
/* Its console: attached, or its log if it has no terminal. n: of CTR:N. */
void act_console(struct app *app, const struct ctr *c, unsigned n);
void act_last_console(struct app *app);
struct task;
/* A pull that failed, again. */
void act_retry(struct app *app, const struct task *t);
/* Takes back the last delete; what is given back from the trash: its id (or an image's name), kind, name. */
void act_undo(struct app *app);
void act_restore(struct app *app, const char *id, const char *kind, const char *name);
/* For good. */
void act_purge(struct app *app, const struct trashrow *t);
void act_empty_trash(struct app *app);
/* What a container is called; U gives it the old name. */
void act_rename(struct app *app, const char *id, const char *name, const char *to);
void act_delete_image(struct app *app, const struct img *i);
/* i[0..n) of the model's. */
void act_delete_images(struct app *app, const size_t *i, size_t n);
void act_restore_many(struct app *app, const size_t *i, size_t n);
/* All that no container uses. */
void act_free_images(struct app *app);
void act_stop(struct app *app, const char *id, const char *name, unsigned viewers);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* rename.c - a container gets another name. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "engine/engine.h"
#include "store/events.h"

struct renaming {
	struct berth_op op;
	struct work work;
	berth_done_cb done;
	char *name, *to;
};

static void renaming_free(struct renaming *r)
{
	free(r->name);
	free(r->to);
	free(r);
}

static int rename_in_pool(struct work *w, struct err *e)
{
	struct renaming *r = container_of(w, struct renaming, work);
	AUTO(container_finish) struct container c = { 0 };
	char id[CONTAINER_ID_LEN + 1];
	int rc = container_find(r->op.b->root, r->name, id, e);

	if (rc == 0)
		rc = container_read(r->op.b->root, id, &c, e);
	if (rc == 0)
		rc = container_rename(r->op.b->root, id, r->to, e);
	if (rc == 0)
		store_event_container(r->op.b->root, id, "rename",
				      (const char *[]){ "old_name", json_str(c.config, "name"), NULL });
	return rc;
}

static void on_renamed(struct work *w, int rc, const struct err *e)
{
	struct renaming *r = container_of(w, struct renaming, work);
	struct berth_error be = { 0 };

	eng_op_end(&r->op);
	r->done(r->op.arg, rc, eng_error(&be, rc, e, NULL));
	renaming_free(r);
}

int berth_container_rename(struct berth *b, const char *name, const char *to, berth_done_cb done, void *arg,
			   struct berth_error *be)
{
	struct renaming *r = calloc(1, sizeof(*r));
	int rc = -ENOMEM;

	if (r && (r->name = strdup(name)) && (r->to = strdup(to))) {
		r->done = done;
		eng_op_begin(b, &r->op, arg, NULL, NULL);
		rc = work_start(&r->work, b->loop, rename_in_pool, on_renamed);
		if (rc < 0)
			list_remove(&r->op.link);
	}
	if (rc < 0) {
		if (r)
			renaming_free(r);
		return eng_refuse(be, rc, NULL);
	}
	return 0;
}

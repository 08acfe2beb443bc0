/* SPDX-License-Identifier: Apache-2.0 */
/* tag.c - an image gets another name. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "engine/engine.h"
#include "oci/ref.h"
#include "store/events.h"
#include "store/image.h"
#include "store/tags.h"

struct tagging {
	struct berth_op op;
	struct work work;
	berth_done_cb done;
	char *src, *dst;
};

static void tagging_free(struct tagging *t)
{
	free(t->src);
	free(t->dst);
	free(t);
}

static int tag_in_pool(struct work *w, struct err *e)
{
	struct tagging *t = container_of(w, struct tagging, work);
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	AUTO(store_image_finish) struct store_image m = { 0 };
	AUTO_FREE char *full = NULL;
	struct oci_desc d;
	int rc = oci_ref_parse_name(t->dst, &ref, e);

	if (rc < 0)
		return rc;
	full = oci_ref_str(&ref);
	if (!full)
		return err_set(e, -ENOMEM, "out of memory");
	rc = eng_image_resolve(t->op.b, t->src, &d, e);
	if (rc == 0)
		rc = store_tag_set(t->op.b->store, full, &d, e);
	if (rc == 0 && store_image_find(t->op.b->store, full, NULL, &m, NULL) == 0)
		store_event(t->op.b->root, "image", "tag", m.image.manifest.config.digest.text, full,
			    (const char *[]){ "digest", d.digest.text, NULL });
	return rc;
}

static void on_tagged(struct work *w, int rc, const struct err *e)
{
	struct tagging *t = container_of(w, struct tagging, work);
	struct berth_error be = { 0 };

	eng_op_end(&t->op);
	t->done(t->op.arg, rc, eng_error(&be, rc, e, NULL));
	tagging_free(t);
}

int berth_image_tag(struct berth *b, const char *src, const char *dst, berth_done_cb done, void *arg,
		    struct berth_error *be)
{
	struct tagging *t = calloc(1, sizeof(*t));
	int rc = -ENOMEM;

	if (t && (t->src = strdup(src)) && (t->dst = strdup(dst))) {
		t->done = done;
		eng_op_begin(b, &t->op, arg, NULL, NULL);
		rc = work_start(&t->work, b->loop, tag_in_pool, on_tagged);
		if (rc < 0)
			list_remove(&t->op.link);
	}
	if (rc < 0) {
		if (t)
			tagging_free(t);
		return eng_refuse(be, rc, NULL);
	}
	return 0;
}

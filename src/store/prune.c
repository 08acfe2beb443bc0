/* SPDX-License-Identifier: Apache-2.0 */
/* prune.c - as many removals as there are images that nobody uses. */
#include "store/prune.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "store/image.h"

static int grow(char ***v, size_t *n, char *const *more)
{
	for (; more && *more; more++) {
		char **bigger = reallocarray(*v, *n + 2, sizeof(**v));
		char *copy = strdup(*more);

		if (bigger)
			*v = bigger;
		if (!bigger || !copy) {
			free(copy);
			return -ENOMEM;
		}
		(*v)[(*n)++] = copy;
		(*v)[*n] = NULL;
	}
	return 0;
}

static int remove_name(struct store *s, const char *name, struct store_pruned *ret, struct err *e)
{
	char **untagged = NULL, **deleted = NULL;
	int rc = store_image_remove(s, name, false, &untagged, &deleted, e);

	if (rc < 0)
		return rc == -EBUSY || rc == -ENOENT ? 0 : rc; /* used after all, or gone already */
	if (grow(&ret->untagged, &ret->nuntagged, untagged) < 0 || grow(&ret->deleted, &ret->ndeleted, deleted) < 0)
		rc = err_set(e, -ENOMEM, "out of memory");
	strv_free(untagged);
	strv_free(deleted);
	return rc;
}

/* Name by name, the image with the last one. It asks each time whether a container has come to use it: -EBUSY. */
static int remove_all_names(struct store *s, const struct store_image *m, struct store_pruned *ret, struct err *e)
{
	int rc = 0;

	if (!m->names || !*m->names)
		return remove_name(s, m->image.top.digest.text, ret, e);
	for (char **name = m->names; rc == 0 && *name; name++)
		rc = remove_name(s, *name, ret, e);
	return rc;
}

int store_prune_images(struct store *s, bool all, struct pace *p, struct store_pruned *ret, struct err *e)
{
	struct store_image *v = NULL;
	size_t n = 0;
	int rc = store_image_list(s, &v, &n, e);

	*ret = (struct store_pruned){ 0 };
	for (size_t i = 0; rc == 0 && i < n; i++) {
		bool named = v[i].names && *v[i].names;

		rc = pace_step(p, 0, e);
		if (rc == 0 && (all || !named) && !store_image_used(s, &v[i]))
			rc = remove_all_names(s, &v[i], ret, e);
	}
	store_image_list_free(v, n);
	return rc;
}

void store_pruned_finish(struct store_pruned *p)
{
	strv_free(p->untagged);
	strv_free(p->deleted);
	*p = (struct store_pruned){ 0 };
}

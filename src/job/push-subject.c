/* SPDX-License-Identifier: Apache-2.0 */
/* push-subject.c - a manifest that belongs to another one, in a registry that keeps no list of such: the index under the
 * tag made of the other's digest gets an entry for it. OCI distribution specification 1.1, "Pushing Manifests with
 * Subject". */
#include "job/push-inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

static const struct push_manifest *current(const struct push *p)
{
	return &p->manifests[p->next_manifest];
}

static void go_on(struct push *p)
{
	free(TAKE(p->referrers));
	p->next_manifest++;
	push_next_manifest(p);
}

static struct oci_ref tag_ref(const struct push *p, char tag[static OCI_DIGEST_MAX])
{
	struct oci_ref ref = p->ref;

	oci_referrers_tag(&current(p)->subject, tag);
	ref.tag = tag;
	ref.digest = NULL;
	return ref;
}

/* Started with rc, or not. */
static void started(struct push *p, int rc, const struct err *e)
{
	if (rc < 0)
		push_fail(p, rc, e, NULL);
	else
		p->outstanding++;
}

static void on_put(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct push *p = container_of(op, struct push, op);
	struct err why = *e;
	const char *hint = op->hint;

	if (push_returned(p))
		return;
	if (rc < 0)
		push_fail(p, rc, &why, hint);
	else
		go_on(p);
}

/* The entry of the manifest that was put; NULL when out of memory. */
static cJSON *entry(const struct push_manifest *m)
{
	AUTO_JSON cJSON *own = NULL;
	AUTO_JSON cJSON *to = oci_desc_json(&m->desc);
	const char *type;

	if (!to || json_parse(m->text, m->len, "manifest", &own, NULL) < 0)
		return NULL;
	type = json_str(own, "artifactType") ?: json_str(json_obj(own, "config"), "mediaType");
	if (type && !cJSON_AddStringToObject(to, "artifactType", type))
		return NULL;
	if (json_obj(own, "annotations")) {
		cJSON *notes = cJSON_Duplicate(json_obj(own, "annotations"), true);

		if (!notes || !cJSON_AddItemToObject(to, "annotations", notes))
			return NULL;
	}
	return TAKE(to);
}

/* The index with the new entry: 1, the entry is there already, 0, < 0. text NULL: there was no index. */
static int add_entry(struct push *p, const char *text, size_t len, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	struct oci_index x AUTO(oci_index_finish) = { 0 };
	cJSON *list, *one;
	int rc = text ? oci_index_parse(text, len, &x, e) : 0;

	for (size_t i = 0; rc == 0 && i < x.nentries; i++)
		if (oci_digest_eq(&x.entries[i].digest, &current(p)->desc.digest))
			return 1;
	if (rc == 0 && x.nentries >= OCI_INDEX_MAX)
		return err_set(e, -EFBIG, "%d manifests refer to '%s' already", OCI_INDEX_MAX, current(p)->subject.text);
	if (rc == 0 && text)
		rc = json_parse(text, len, "list of referrers", &j, e);
	if (rc < 0)
		return rc;
	if (!j) {
		j = cJSON_CreateObject();
		cJSON_AddNumberToObject(j, "schemaVersion", 2);
		cJSON_AddStringToObject(j, "mediaType", OCI_MT_INDEX);
		cJSON_AddArrayToObject(j, "manifests");
	}
	list = cJSON_GetObjectItemCaseSensitive(j, "manifests");
	one = list ? entry(current(p)) : NULL;
	if (!one || !cJSON_AddItemToArray(list, one) || !(p->referrers = json_print(j)))
		return err_set(e, -ENOMEM, "out of memory");
	return 0;
}

static void on_index(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct push *p = container_of(op, struct push, op);
	struct err why = *e;
	const char *hint = op->hint;
	char tag[OCI_DIGEST_MAX];

	if (push_returned(p))
		return;
	if (rc == 0)
		rc = add_entry(p, (char *)op->body.p, op->body.len, &why);
	else if (rc == -ENOENT)
		rc = add_entry(p, NULL, 0, &why);
	if (rc < 0) {
		push_fail(p, rc, &why, hint);
		return;
	}
	push_fresh(p);
	if (rc == 1) {
		go_on(p);
		return;
	}
	struct oci_ref ref = tag_ref(p, tag);

	rc = oci_reg_manifest_put(&p->op, p->reg, &ref, tag, OCI_MT_INDEX, p->referrers, strlen(p->referrers), on_put, &why);
	started(p, rc, &why);
}

static void on_list(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct push *p = container_of(op, struct push, op);
	struct err why = *e;
	const char *hint = op->hint;
	char tag[OCI_DIGEST_MAX];

	if (push_returned(p))
		return;
	if (rc == 0) { /* it keeps lists itself */
		go_on(p);
		return;
	}
	if (rc != -ENOENT) {
		push_fail(p, rc, &why, hint);
		return;
	}
	push_fresh(p);
	struct oci_ref ref = tag_ref(p, tag);

	rc = oci_reg_manifest(&p->op, p->reg, &ref, NULL, false, on_index, &why);
	started(p, rc, &why);
}

void push_note_subject(struct push *p)
{
	struct err e = { 0 };

	push_fresh(p);
	started(p, oci_reg_referrers(&p->op, p->reg, &p->ref, current(p)->subject.text, NULL, on_list, &e), &e);
}

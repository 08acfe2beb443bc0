/* SPDX-License-Identifier: Apache-2.0 */
/* ask-referrers.c - a job: which manifests say that they belong to an image (signatures, lists of what is in it, …)? By
 * the registry's own list or, if it keeps none, by the index that clients keep under a tag.
 * OCI distribution specification 1.1, "Listing Referrers" and "Referrers Tag Schema". */
#include "job/ask-inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "oci/manifest.h"

#define REFERRERS_MAX 100000
#define ANNOTATIONS_MAX 16384 /* bytes of one referrer's, as JSON */

enum { NAME, LIST, TAG }; /* struct ask.stage: what the name means, the list, the index under a tag */

static int ask_list(struct ask *a, const char *page, struct err *e)
{
	a->stage = LIST;
	return oci_reg_referrers(&a->op, a->reg, &a->ref, a->subject.text, page, ask_on_answer, e);
}

static int referrers_first(struct ask *a, struct err *e)
{
	if (a->ref.digest) {
		int rc = oci_digest_parse(a->ref.digest, &a->subject, e);

		return rc < 0 ? rc : ask_list(a, NULL, e);
	}
	a->stage = NAME;
	return oci_reg_manifest(&a->op, a->reg, &a->ref, NULL, false, ask_on_answer, e);
}

/* The annotations that are strings, if they are not too many. */
static cJSON *annotations(const cJSON *j)
{
	cJSON *to = cJSON_CreateObject();
	size_t room = ANNOTATIONS_MAX;
	const cJSON *it;

	cJSON_ArrayForEach(it, json_obj(j, "annotations"))
	{
		size_t n = cJSON_IsString(it) ? strlen(it->string) + strlen(it->valuestring) : SIZE_MAX;

		if (n > room)
			continue;
		room -= n;
		if (!to || !cJSON_AddStringToObject(to, it->string, it->valuestring))
			break;
	}
	return to;
}

static cJSON *referrer(const cJSON *j, const struct oci_desc *d)
{
	AUTO_JSON cJSON *to = cJSON_CreateObject();
	const char *type = json_str(j, "artifactType");
	cJSON *notes = annotations(j);

	if (!to || !notes || !cJSON_AddItemToObject(to, "annotations", notes)) {
		cJSON_Delete(notes);
		return NULL;
	}
	if (!cJSON_AddStringToObject(to, "digest", d->digest.text) ||
	    !cJSON_AddStringToObject(to, "media_type", d->media_type) ||
	    !cJSON_AddStringToObject(to, "artifact_type", type && strlen(type) < OCI_MT_MAX ? type : "") ||
	    !cJSON_AddNumberToObject(to, "size_bytes", (double)d->size))
		return NULL;
	return TAKE(to);
}

/* An event for each: what an index may hold would not fit one message. */
static int tell(struct ask *a, const cJSON *list, struct err *e)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, list)
	{
		struct oci_desc d;
		AUTO_JSON cJSON *ev = job_event("referrer");
		cJSON *one;
		int rc = cJSON_IsObject(it) ? oci_desc_parse(it, &d, e) : err_set(e, -EINVAL, "an entry is no object");

		if (rc < 0)
			return err_wrap(e, rc, "the list of referrers of '%s'", a->subject.text);
		if (++a->ntags > REFERRERS_MAX)
			return err_set(e, -EFBIG, "more than %d manifests refer to '%s'", REFERRERS_MAX, a->subject.text);
		one = ev ? referrer(it, &d) : NULL;
		if (!one || !cJSON_AddItemToObject(ev, "referrer", one)) {
			cJSON_Delete(one);
			return err_set(e, -ENOMEM, "out of memory");
		}
		a->calls.event(a->calls.arg, TAKE(ev), false);
	}
	return 0;
}

static int tell_done(struct ask *a, struct err *e)
{
	cJSON *ev = job_event("done");

	if (!ev || !cJSON_AddStringToObject(ev, "digest", a->subject.text)) {
		cJSON_Delete(ev);
		return err_set(e, -ENOMEM, "out of memory");
	}
	a->calls.event(a->calls.arg, ev, false);
	return 0;
}

static int ask_tag(struct ask *a, struct err *e)
{
	char tag[OCI_DIGEST_MAX];
	struct oci_ref ref = a->ref;
	int rc;

	oci_referrers_tag(&a->subject, tag);
	ref.tag = tag;
	ref.digest = NULL;
	a->stage = TAG;
	ask_again(a);
	rc = oci_reg_manifest(&a->op, a->reg, &ref, NULL, false, ask_on_answer, e);
	return rc < 0 ? rc : 1;
}

static int referrers_answer(struct ask *a, int rc, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	AUTO_FREE char *next = TAKE(a->op.next);

	if (rc == -ENOENT && a->stage == LIST)
		return ask_tag(a, e);
	if (rc == -ENOENT && a->stage == TAG)
		return tell_done(a, e);
	if (rc < 0)
		return rc;
	if (a->stage == NAME) {
		a->subject = a->op.digest;
		ask_again(a);
		rc = ask_list(a, NULL, e);
		return rc < 0 ? rc : 1;
	}
	rc = json_parse((char *)a->op.body.p, a->op.body.len, "the list of referrers", &j, e);
	if (rc == 0 && !json_arr(j, "manifests"))
		rc = err_set(e, -EINVAL, "the list of referrers of '%s' is none", a->subject.text);
	if (rc == 0)
		rc = tell(a, json_arr(j, "manifests"), e);
	if (rc < 0 || a->stage == TAG || !next)
		return rc < 0 ? rc : tell_done(a, e);
	rc = ask_next_page(a, next, "referrers", e);
	if (rc == 0)
		rc = ask_list(a, next, e);
	return rc < 0 ? rc : 1;
}

static int referrers_start(uv_loop_t *loop, const struct job_desc *d, const struct job_calls *calls, void **ret,
			   struct err *e)
{
	static const struct question q = { false, true, referrers_first, referrers_answer };

	return ask_start(loop, d, calls, &q, ret, e);
}

const struct job_kind job_kind_referrers = { "referrers", referrers_start, ask_cancel, ask_destroy };

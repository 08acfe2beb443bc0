/* SPDX-License-Identifier: Apache-2.0 */
/* pull-source.c - whom a pull asks: the mirrors that the configuration names, then the registry. */
#include "job/pull-inside.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"

#define MIRRORS_MAX 8

/* "tls:HOST/PREFIX" */
static int init_mirror(struct pull *p, struct pull_source *s, const char *word, size_t n, struct err *e)
{
	AUTO_FREE char *copy = strndup(word, n);
	AUTO_FREE char *name = NULL;
	const char *place = copy ? strchr(copy, ':') : NULL;
	int rc;

	if (!place)
		return err_set(e, copy ? -EINVAL : -ENOMEM, "'%.*s' is not a mirror", (int)n, word);
	place++;
	/* built as a name and parsed again: what the configuration says must be one */
	if (asprintf(&name, "%s/%s%s%s", place, p->ref.repo, p->ref.digest ? "@" : ":",
		     p->ref.digest ? p->ref.digest : p->ref.tag) < 0) {
		name = NULL;
		return err_set(e, -ENOMEM, "out of memory");
	}
	rc = oci_ref_parse(name, &s->ref, e);
	if (rc == 0 && strncmp(s->ref.host, place, strlen(s->ref.host)) != 0)
		rc = err_set(e, -EINVAL, "it is written HOST:PORT or has a dot");
	if (rc < 0)
		return err_wrap(e, rc, "mirror '%s' of %s", place, p->ref.host);
	return job_reach_init_mirror(&s->reach, s->ref.host, s->ref.repo, str_starts(copy, "plain:"),
				     str_starts(copy, "insecure:"), e);
}

int pull_sources_init(struct pull *p, struct err *e)
{
	const char *word = p->desc->mirrors ? p->desc->mirrors : "";
	int rc = 0;

	p->sources = calloc(MIRRORS_MAX + 1, sizeof *p->sources);
	if (!p->sources)
		return err_set(e, -ENOMEM, "out of memory");
	while (rc == 0 && *(word += strspn(word, " ")) && p->nsources < MIRRORS_MAX) {
		size_t n = strcspn(word, " ");

		rc = init_mirror(p, &p->sources[p->nsources++], word, n, e);
		word += n;
	}
	if (rc < 0)
		return rc;
	struct pull_source *own = &p->sources[p->nsources++];

	rc = oci_ref_copy(&p->ref, &own->ref);
	return rc < 0 ? err_set(e, rc, "out of memory") :
			job_reach_init(&own->reach, p->desc, p->ref.host, p->ref.repo, e);
}

int pull_source_get(struct pull *p, size_t i, struct pull_source **ret, struct err *e)
{
	struct pull_source *s = &p->sources[i];

	*ret = s;
	return s->reg ? 0 : job_reach_open(&s->reach, p->loop, p->desc, &p->calls, &s->reg, e);
}

bool pull_source_next(struct pull *p, size_t i, int rc, const struct err *why)
{
	if (i + 1 >= p->nsources || rc == -ECANCELED || rc == -ENOMEM || rc == -ENOSPC || rc == -EDQUOT)
		return false;
	pull_warn(p, "mirror %s: %.300s; asking %s", p->sources[i].ref.host, why->text, p->sources[i + 1].ref.host);
	return true;
}

void pull_sources_close(struct pull *p)
{
	for (size_t i = 0; i < p->nsources; i++)
		oci_reg_destroy(TAKE(p->sources[i].reg));
}

void pull_sources_finish(struct pull *p)
{
	for (size_t i = 0; i < p->nsources; i++) {
		oci_ref_finish(&p->sources[i].ref);
		job_reach_finish(&p->sources[i].reach);
	}
	free(p->sources);
}

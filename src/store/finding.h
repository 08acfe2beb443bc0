/* SPDX-License-Identifier: Apache-2.0 */
/* finding.h - what is wrong in a store, a row each. */
#ifndef BERTH_STORE_FINDING_H
#define BERTH_STORE_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum store_wrong {
	STORE_MISSING, /* a blob that an image needs is not there */
	STORE_DAMAGED, /* bytes that are not what their name says */
	STORE_BROKEN,  /* what cannot be read, or is not whole */
};

struct store_finding {
	enum store_wrong wrong;
	const char *kind; /* "blob", "image", "rootfs", "container", "index", "layout", "trash", "kernel": a constant */
	char *object;     /* a digest, a name, an id */
	char *text;       /* for a person */
	char *repaired;   /* what was done about it; NULL: nothing */
};

/* Zeroed memory is an empty list. */
struct store_findings {
	struct store_finding *v;
	size_t n;
};

/* 0 or -ENOMEM. The same row twice counts once. */
int store_finding_add(struct store_findings *f, enum store_wrong wrong, const char *kind, const char *object,
		      struct err *e, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
int store_finding_repaired(struct store_finding *f, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Moves all rows of from into f; from is empty then. */
int store_findings_take(struct store_findings *f, struct store_findings *from, struct err *e);
void store_findings_finish(struct store_findings *f);

#endif

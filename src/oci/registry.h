/* SPDX-License-Identifier: Apache-2.0 */
/* registry.h - a client of registries: OCI distribution 1.1 and docker's registry API, version 2.
 *
 * One client serves one job. It follows redirects itself (credentials stay with their host), logs in when
 * asked to, tries again what may help (429, 5xx, cuts) with growing, random pauses or those that the server
 * names, and goes on with a blob where it was cut. All is asynchronous, in the contract of base/loop.h. */
#ifndef BERTH_OCI_REGISTRY_H
#define BERTH_OCI_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"
#include "oci/auth.h"
#include "oci/desc.h"
#include "oci/ref.h"
#include "oci/registry-http.h"

/* Strings and cred are copied. */
struct oci_reg_opts {
	const char *host;     /* as in references; the credentials below belong to it */
	bool plain_http;      /* no TLS, whatever the host is */
	bool insecure;        /* TLS, but the certificate is not verified */
	const char *ca_file;  /* PEM; NULL: the system's. Given: TLS on loopback too */
	/* Of the registry's own host, not of hosts that it sends us to; all may be NULL. */
	const char *ca_pem;   /* text; in place of the system's; ca_file goes before it */
	const char *cert_file, *key_file; /* PEM: our certificate */
	const char *token_hosts; /* "HOST[:PORT] …": other hosts that the login may go to for tokens; NULL: none */
	struct oci_cred cred; /* none: anonymous */
	bool want_refresh;    /* the token server is asked for what may be kept in the place of cred's password */
	struct http_limits limits; /* all 0: the defaults; total_ms is for answers that are no blobs */
	unsigned retries;     /* tries after the first one; of a blob, in a row without any progress */
	/* A line for the user: "127.0.0.1:5000 is busy (429), trying again in 2 s". May be NULL. */
	void (*warn)(void *arg, const char *text);
	void *warn_arg;
};

#define OCI_REG_LIMITS_DEFAULT { 20000, 60000, 45000, 600000 }
#define OCI_REG_RETRIES_DEFAULT 5

struct oci_reg;

int oci_reg_create(uv_loop_t *loop, const struct oci_reg_opts *opts, struct oci_reg **ret, struct err *e);
/* What a token server gave in place of the password (an OAuth2 refresh token), or NULL; valid until destroy. */
const char *oci_reg_refresh_token(const struct oci_reg *reg);
/* No operation may be active. Frees it on the loop, soon. */
void oci_reg_destroy(struct oci_reg *reg);

struct oci_reg_op;
typedef void (*oci_reg_cb)(struct oci_reg_op *op, int rc, const struct err *e);

/* One operation. Zeroed, then started by one of the calls below; finished after its callback. */
struct oci_reg_op {
	/* Of the caller, for blobs: the bytes, in order, each once. < 0 with words ends the operation. */
	int (*data)(struct oci_reg_op *op, const void *p, size_t n, struct err *e);

	/* Results, valid in the callback and until finish. */
	struct buf body;              /* of a manifest or list */
	char media_type[OCI_MT_MAX];  /* Content-Type, "" if not told */
	struct oci_digest digest;     /* of the body; after HEAD: as the server tells, or none */
	uint64_t size;                /* of the body; after HEAD: as told, or 0 */
	char *next;                   /* of a list: the path of what follows, or NULL */
	bool has_subject;             /* of a manifest that was put: the registry lists it among its subject's referrers */
	const char *hint;             /* after a failure: what the user may do, or NULL */
	bool may_retry;               /* after a failure of what is not tried again inside */
	uint64_t retry_ms;            /* the pause before that */
	bool asked, used_cred;        /* it wanted a login; what was sent was made from ours */

	/* used inside */
	struct oci_reg *reg;
	struct list link;             /* of all active operations */
	struct http_req http;
	struct http_deadline wait;
	struct loop_defer defer;
	oci_reg_cb cb;
	const struct oci_reg_kind *kind;
	char *path, *url, *address, *scope, *sent_token, *form;
	const char *content_type;     /* of what is sent */
	struct http_body send;
	char content_range[48];       /* of an upload, "" for none */
	char what[256], peer[256];    /* for words: what is asked for, and whom */
	struct oci_digest want;       /* what the body must hash to, if asked for by digest */
	uint64_t want_size, at, skip; /* of a blob: all of it; where the next byte belongs; bytes to drop first */
	uint64_t at_last_try;
	int64_t until_ns;             /* all tries together; monotonic */
	unsigned tries, hops, logins;
	void *waits_for;              /* a token */
	bool active, waiting_token, cancelled, paused, at_home, sent_basic;
	struct err err;
};

/* Whether there is a registry that takes our login, or anybody. -EACCES if it does not. */
int oci_reg_ping(struct oci_reg_op *op, struct oci_reg *reg, oci_reg_cb cb, struct err *e);
/* GET (or HEAD) of the manifest that ref names, or of `digest` in ref's repository if that is not NULL. The
 * body is checked against the digest asked for. Errors: -ENOENT no such image, -EACCES not allowed,
 * -ECONNREFUSED, -EHOSTUNREACH, -ETIMEDOUT, -EPIPE, -EPROTO, -EBUSY (429 for too long), -EIO (5xx),
 * -EBADMSG (digest), -EFBIG. */
int oci_reg_manifest(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_ref *ref, const char *digest,
		     bool head, oci_reg_cb cb, struct err *e);
/* The bytes of a blob from `from` on, to op->data; d->size must be known. The bytes' number is checked here,
 * the digest by who keeps them. */
int oci_reg_blob(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_ref *ref, const struct oci_desc *d,
		 uint64_t from, oci_reg_cb cb, struct err *e);
/* Puts a manifest or index of n bytes under a tag or its digest. text stays the caller's until the callback. */
int oci_reg_manifest_put(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_ref *ref, const char *name,
			 const char *media_type, const void *text, size_t n, oci_reg_cb cb, struct err *e);
/* One page of the list of a repository's tags, JSON in body; page NULL or the `next` of the page before. */
int oci_reg_tags(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_ref *ref, const char *page,
		 oci_reg_cb cb, struct err *e);
/* One page of the manifests that refer to the one of that digest: an index in body; page as above. Registries without
 * this answer -ENOENT: then the index is the manifest whose tag oci_referrers_tag names, -ENOENT if there are none.
 * OCI distribution specification 1.1, "Listing Referrers". */
int oci_reg_referrers(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_ref *ref, const char *digest,
		      const char *page, oci_reg_cb cb, struct err *e);
void oci_referrers_tag(const struct oci_digest *d, char ret[static OCI_DIGEST_MAX]);
/* Holds the bytes of a blob back, or lets them come again. */
void oci_reg_pause(struct oci_reg_op *op, bool paused);
void oci_reg_cancel(struct oci_reg_op *op);
void oci_reg_op_finish(struct oci_reg_op *op);

#endif

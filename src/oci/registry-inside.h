/* SPDX-License-Identifier: Apache-2.0 */
/* registry-inside.h - what registry.c and registry-login.c share. */
#ifndef BERTH_OCI_REGISTRY_INSIDE_H
#define BERTH_OCI_REGISTRY_INSIDE_H

#include "oci/registry.h"

struct oci_reg {
	uv_loop_t *loop;
	struct http http;
	struct list ops;    /* active */
	struct list tokens;
	char *host, *home;  /* as in references; "https://registry-1.docker.io" */
	struct oci_origin origin; /* of home */
	char *ca_file, *token_hosts;
	char *ca_pem, *cert_file, *key_file; /* for its own host only */
	struct oci_cred cred;
	char *refresh; /* that a token server gave */
	struct http_limits limits;
	unsigned retries;
	bool insecure, want_refresh, may_switch, guessed, answered, destroyed, closing;
	bool basic; /* it asked for Basic: sent with each request from then on */
	void (*warn)(void *arg, const char *text);
	void *warn_arg;
};

struct oci_reg_kind {
	const char *method;
	bool may_redirect, may_login, is_blob;
	bool once;  /* ends with may_retry in place of trying again: who began it looks first what arrived */
	bool accepts_manifests, checks_body;
};

/* What all operations on a repository begin with; actions: "pull" or "pull,push". from: a repository that is read
 * too, or NULL. */
int oci_reg_op_prepare(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_ref *ref, const char *actions,
		       const char *from, struct err *e);
/* The address that the answer's Location names, relative to what was asked. Plain text in place of TLS is refused but
 * for the registry itself, which may not know of a proxy in front of it: that one is asked by TLS. */
int oci_reg_op_location(struct oci_reg_op *op, char **ret, struct err *e);
char *oci_reg_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

int oci_reg_op_begin(struct oci_reg_op *op, struct oci_reg *reg, const struct oci_reg_kind *kind, char *path,
		     uint64_t total_ms, oci_reg_cb cb, struct err *e);
int oci_reg_op_send(struct oci_reg_op *op, struct err *e);
/* The last touch of op. */
void oci_reg_op_end(struct oci_reg_op *op, int rc);
/* A line for the user. */
void oci_reg_warn(struct oci_reg *reg, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void oci_reg_maybe_close(struct oci_reg *reg);

/* registry-login.c: after a 401 of home. Sends again, waits for a token, or ends op. */
void oci_reg_login(struct oci_reg_op *op);
/* The words of a refusal; sets op->hint. Returns -EACCES. */
int oci_reg_denied(struct oci_reg_op *op, const char *text);
/* The Authorization field for op's next request to home or, for a token, to the realm; NULL for none. */
int oci_reg_authorization(struct oci_reg_op *op, char **ret, struct err *e);
/* Whether the token for op is over or soon will be: 1, a new one is on its way and op is sent then; 0; < 0. */
int oci_reg_refresh(struct oci_reg_op *op, struct err *e);
void oci_reg_drop_tokens(struct oci_reg *reg);

#endif

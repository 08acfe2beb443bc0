/* SPDX-License-Identifier: Apache-2.0 */
/* proto.h - what the starter of a job and the job say to each other.
 *
 * A job's folder is <run-root>/jobs/<id>/:
 *   lock   held (flock) by the job as long as it lives; who wants the same job and finds it held, joins
 *   sock   JSON lines; 0600
 *   state  a JSON object for who only looks: id, kind, ref, platform, root, pid, started
 *   log    what the job wrote to its standard error
 *   scripts/  of "rootfs create": copies that its VMs see
 * Most are programs of their own, berth-job; "commit", "export", "save", "load", "import" and "rootfs" are the process that the user
 * started, which shows itself in the same way (engine/own-job.h).
 * berth-job gets, when it is started: 3 = the description (a JSON text, read to its end), 4 = sock, listening,
 * 5 = lock, 6 = one end of a socket pair: its starter, a client like those of sock.
 *
 * Client to job, an object a line: {"cmd":"detach"}: go on without me; {"cmd":"cancel"}: end, for all;
 * {"cmd":"leave"}: end, if nobody else listens: answered by "error" -ECANCELED when it has ended or at once.
 * A client that closes without "detach" leaves: when the last one has left, the job cancels itself.
 * Job to client: first "hello" {id, kind, ref, platform, pid, started}, then any number of
 *   "stage"    {text}                                         a line of what it does now
 *   "progress" {layers[{digest, size, state, bytes}], bytes, total, rate, eta}
 *              state: waiting, shared (was there), download, upload, unpack, done; bytes of that state; rate in bytes
 *              a second; eta in seconds, or null
 *              unit "%": bytes and total are parts of 100
 *   "warning"  {text}
 *   "tags"     {tags[]}                                       some of them
 *   "data"     {text}                                         the next bytes of the manifest
 * and at the end one of
 *   "done"     {digest, image, size, fetched, ms}             pull: of the tag; of the config; of the blobs
 *              {digest, size, sent, mounted, ms}              push: of what the tag names; of all blobs; over the
 *                                                             network; how many came from other repositories
 *              {digest, media_type, size}                     manifest
 *              {}                                             tags
 *              {user, asked}                                  login: whose; false: it takes anybody
 *   "error"    {code, text, hint}                             code: negative errno
 * No I/O in here. */
#ifndef BERTH_JOB_PROTO_H
#define BERTH_JOB_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

#define JOB_FD_DESC 3
#define JOB_FD_SOCK 4
#define JOB_FD_LOCK 5
#define JOB_FD_STARTER 6

#define JOB_DESC_MAX (64u << 10) /* bytes of a description */
#define JOB_LINE_MAX (1u << 20)  /* bytes of an event */
#define JOB_CMD_MAX 4096         /* bytes of a client's line */
#define JOB_ID_MAX 17

/* Strings are owned. */
struct job_desc {
	char *kind;          /* "pull", "push", "login", "tags", "manifest", …; "commit", … */
	char *root, *run_root;
	char *ref;           /* the full form, as oci_ref_str gives it; of a login the host */
	char *platform;      /* "linux/arm64" */
	char *ca_file;       /* NULL: the system's */
	char *creds;         /* "user:password"; NULL: those that docker keeps */
	char *src;           /* of a push: the image, as the user names it */
	char *mirrors;       /* to ask first: "HOST[/PREFIX] …", each behind "plain:", "insecure:" or "tls:"; NULL */
	char *token_hosts;   /* other hosts that the login may go to for tokens: "HOST[:PORT] …"; NULL */
	char *nonce;         /* makes it a job of its own, which nobody joins by chance; NULL */
	bool plain_http, insecure;
	bool unpack;
	bool all_platforms;  /* of a push: the index with all that it leads to */
	bool platform_given; /* by the user: another one is an error */
	unsigned parallel;   /* downloads at once; 0: 3 */
	uint64_t piece_size; /* of a push: larger blobs go in requests of that many bytes; 0: the default */
	uint64_t max_size;   /* of the unpacked layers, bytes; 0: the default */
	uint64_t connect_ms, header_ms, stall_ms, total_ms; /* all 0: the defaults */
	int retries;         /* -1: the default */
};

void job_desc_finish(struct job_desc *d);
/* NULL: out of memory. */
cJSON *job_desc_json(const struct job_desc *d);
/* -EINVAL with words. */
int job_desc_parse(const char *text, size_t len, struct job_desc *ret, struct err *e);
/* What makes two jobs the same: kind, store, reference, platform, source and nonce. */
int job_desc_id(const struct job_desc *d, char ret[static JOB_ID_MAX]);

enum job_cmd { JOB_CMD_NONE, JOB_CMD_DETACH, JOB_CMD_CANCEL, JOB_CMD_LEAVE };

/* A client's line. NONE for what is not known. */
enum job_cmd job_cmd_parse(const char *line, size_t len);

/* {"event": name}; NULL: out of memory. */
cJSON *job_event(const char *name);
cJSON *job_event_text(const char *name, const char *text);
cJSON *job_event_error(int code, const char *text, const char *hint);

#endif

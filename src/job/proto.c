/* SPDX-License-Identifier: Apache-2.0 */
/* proto.c - descriptions, commands and events of jobs. */
#include "job/proto.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "oci/digest.h"

void job_desc_finish(struct job_desc *d)
{
	if (d->creds)
		explicit_bzero(d->creds, strlen(d->creds));
	free(d->kind);
	free(d->root);
	free(d->run_root);
	free(d->ref);
	free(d->platform);
	free(d->ca_file);
	free(d->creds);
	free(d->nonce);
	free(d->src);
	free(d->mirrors);
	free(d->token_hosts);
	*d = (struct job_desc){ 0 };
}

/* One table for both ways. */
static const struct {
	const char *name;
	size_t at;
	bool needed;
} texts[] = {
	{ "kind", offsetof(struct job_desc, kind), true },
	{ "root", offsetof(struct job_desc, root), true },
	{ "run_root", offsetof(struct job_desc, run_root), true },
	{ "ref", offsetof(struct job_desc, ref), true },
	{ "platform", offsetof(struct job_desc, platform), true },
	{ "ca_file", offsetof(struct job_desc, ca_file), false },
	{ "creds", offsetof(struct job_desc, creds), false },
	{ "nonce", offsetof(struct job_desc, nonce), false },
	{ "src", offsetof(struct job_desc, src), false },
	{ "mirrors", offsetof(struct job_desc, mirrors), false },
	{ "token_hosts", offsetof(struct job_desc, token_hosts), false },
};
static const struct {
	const char *name;
	size_t at;
} bools[] = {
	{ "plain_http", offsetof(struct job_desc, plain_http) },
	{ "insecure", offsetof(struct job_desc, insecure) },
	{ "unpack", offsetof(struct job_desc, unpack) },
	{ "platform_given", offsetof(struct job_desc, platform_given) },
	{ "all_platforms", offsetof(struct job_desc, all_platforms) },
}, numbers[] = {
	{ "max_size", offsetof(struct job_desc, max_size) },
	{ "piece_size", offsetof(struct job_desc, piece_size) },
	{ "connect_ms", offsetof(struct job_desc, connect_ms) },
	{ "header_ms", offsetof(struct job_desc, header_ms) },
	{ "stall_ms", offsetof(struct job_desc, stall_ms) },
	{ "total_ms", offsetof(struct job_desc, total_ms) },
};

#define MEMBER(d, type, at) (*(type *)((char *)(d) + (at)))

cJSON *job_desc_json(const struct job_desc *d)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	bool ok = j != NULL;

	for (size_t i = 0; ok && i < ARRAY_LEN(texts); i++) {
		const char *s = MEMBER(d, char *, texts[i].at);

		if (s)
			ok = cJSON_AddStringToObject(j, texts[i].name, s);
	}
	for (size_t i = 0; ok && i < ARRAY_LEN(bools); i++)
		ok = cJSON_AddBoolToObject(j, bools[i].name, MEMBER(d, bool, bools[i].at));
	for (size_t i = 0; ok && i < ARRAY_LEN(numbers); i++)
		ok = cJSON_AddNumberToObject(j, numbers[i].name, (double)MEMBER(d, uint64_t, numbers[i].at));
	ok = ok && cJSON_AddNumberToObject(j, "parallel", d->parallel) &&
	     cJSON_AddNumberToObject(j, "retries", d->retries);
	return ok ? TAKE(j) : NULL;
}

int job_desc_parse(const char *text, size_t len, struct job_desc *ret, struct err *e)
{
	struct job_desc d AUTO(job_desc_finish) = { 0 };
	AUTO_JSON cJSON *j = NULL;
	int rc = json_parse(text, len, "the job's description", &j, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *s = json_str(j, texts[i].name);

		if (!s && texts[i].needed)
			return err_set(e, -EINVAL, "the job's description lacks '%s'", texts[i].name);
		if (s && !(MEMBER(&d, char *, texts[i].at) = strdup(s)))
			return err_set(e, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < ARRAY_LEN(bools); i++)
		MEMBER(&d, bool, bools[i].at) = json_bool(j, bools[i].name, false);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		int64_t n = json_int(j, numbers[i].name, 0);

		MEMBER(&d, uint64_t, numbers[i].at) = n > 0 ? (uint64_t)n : 0;
	}
	int64_t parallel = json_int(j, "parallel", 0), retries = json_int(j, "retries", -1);

	d.parallel = parallel < 0 ? 0 : parallel > 64 ? 64 : (unsigned)parallel;
	d.retries = retries < 0 ? -1 : retries > 1000 ? 1000 : (int)retries;
	*ret = d;
	d = (struct job_desc){ 0 };
	return 0;
}

int job_desc_id(const struct job_desc *d, char ret[static JOB_ID_MAX])
{
	AUTO_BUF struct buf b = { 0 };
	struct oci_digest digest;
	/* with the zeros, so that no two of them can run into each other */
	int rc = buf_addf(&b, "%s%c%s%c%s%c%s%c%d", d->kind, 0, d->root, 0, d->ref, 0, d->platform, 0, d->unpack);

	if (rc == 0 && d->src)
		rc = buf_addf(&b, "%c%s%c%d", 0, d->src, 0, d->all_platforms);
	if (rc == 0 && d->nonce)
		rc = buf_addf(&b, "%c%s", 0, d->nonce);

	if (rc == 0)
		rc = oci_digest_of(OCI_SHA256, b.p, b.len, &digest);
	if (rc == 0)
		snprintf(ret, JOB_ID_MAX, "%s", oci_digest_hex(&digest));
	return rc;
}

enum job_cmd job_cmd_parse(const char *line, size_t len)
{
	AUTO_JSON cJSON *j = NULL;
	const char *cmd;

	if (json_parse(line, len, "", &j, NULL) < 0)
		return JOB_CMD_NONE;
	cmd = json_str(j, "cmd");
	if (!cmd)
		return JOB_CMD_NONE;
	return strcmp(cmd, "detach") == 0 ? JOB_CMD_DETACH :
	       strcmp(cmd, "cancel") == 0 ? JOB_CMD_CANCEL :
	       strcmp(cmd, "leave") == 0  ? JOB_CMD_LEAVE :
					    JOB_CMD_NONE;
}

cJSON *job_event(const char *name)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();

	if (!j || !cJSON_AddStringToObject(j, "event", name))
		return NULL;
	return TAKE(j);
}

cJSON *job_event_text(const char *name, const char *text)
{
	AUTO_JSON cJSON *j = job_event(name);

	if (!j || !cJSON_AddStringToObject(j, "text", text))
		return NULL;
	return TAKE(j);
}

cJSON *job_event_error(int code, const char *text, const char *hint)
{
	AUTO_JSON cJSON *j = job_event_text("error", text);

	if (!j || !cJSON_AddNumberToObject(j, "code", code) || (hint && !cJSON_AddStringToObject(j, "hint", hint)))
		return NULL;
	return TAKE(j);
}

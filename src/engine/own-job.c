/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/own-job.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/sock.h"
#include "base/str.h"
#include "job/folder.h"
#include "job/main-clients.h"

#define TRIES 100 /* at a folder that others take for a dead job's until its lock is held */

struct eng_own_job {
	struct berth_op op; /* until all is closed */
	struct job_clients clients;
	struct job_desc desc;
	char id[JOB_ID_MAX];
	char *folder;
	char stage[128], note[256]; /* told last, to that many */
	size_t told;
	int dir, lock;
	struct berth_op *of;
};

static void own_free(struct eng_own_job *j)
{
	if (j->lock >= 0)
		close(j->lock);
	if (j->dir >= 0)
		close(j->dir);
	job_desc_finish(&j->desc);
	free(j->folder);
	free(j);
}

/* --- its folder */

static bool is_there(const struct eng_own_job *j)
{
	struct stat a, b;

	return fstat(j->lock, &a) == 0 && fstatat(j->dir, "lock", &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_ino == b.st_ino;
}

/* The folder with its lock, which who lists jobs may have taken away in between. */
static int try_folder(struct eng_own_job *j, struct err *e)
{
	int rc = path_mkdirs(j->folder, 0700, e);

	if (rc < 0)
		return rc;
	j->dir = open(j->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (j->dir < 0)
		return err_sys(e, -errno, "cannot open '%s'", j->folder);
	j->lock = lock_try(j->dir, "lock", false, e);
	if (j->lock >= 0 && is_there(j))
		return 0;
	rc = j->lock < 0 ? j->lock : -ENOENT;
	if (j->lock >= 0)
		close(TAKE_FD(j->lock));
	close(TAKE_FD(j->dir));
	return rc;
}

static int make_folder(struct eng_own_job *j, struct err *e)
{
	int rc = -ENOENT;

	for (int i = 0; i < TRIES && (rc == -ENOENT || rc == -EWOULDBLOCK); i++)
		rc = try_folder(j, e);
	return rc < 0 ? err_sys(e, rc, "cannot make '%s'", j->folder) : 0;
}

/* --- those who listen */

static void on_cancel(struct job_clients *c)
{
	struct eng_own_job *j = container_of(c, struct eng_own_job, clients);

	berth_op_cancel(j->of);
}

static void on_closed(struct job_clients *c)
{
	struct eng_own_job *j = container_of(c, struct eng_own_job, clients);

	eng_op_end(&j->op);
	own_free(j);
}

static int listen_in(struct eng_own_job *j, struct berth *b, struct err *e)
{
	int sock = sock_listen_at(j->dir, "sock", e);
	int rc = sock < 0 ? sock : job_folder_write_state(j->dir, &j->desc, j->id, e);

	if (rc == 0) {
		j->clients.detached = true; /* whoever comes and goes, it goes on */
		j->clients.cancel = on_cancel;
		j->clients.closed = on_closed;
		rc = job_clients_init(&j->clients, b->loop, sock, -1, job_folder_about(&j->desc, j->id, "hello"), e);
	}
	if (rc < 0 && sock >= 0)
		close(sock);
	return rc;
}

static struct eng_own_job *own_new(const struct berth *b, const char *verb, const char *ref)
{
	struct eng_own_job *j = calloc(1, sizeof(*j));
	uint8_t raw[(JOB_ID_MAX - 1) / 2];

	if (!j)
		return NULL;
	j->dir = j->lock = -1;
	if (file_random(raw, sizeof(raw)) == 0)
		str_hex(raw, sizeof(raw), j->id);
	j->desc.kind = strdup(verb);
	j->desc.ref = strdup(ref);
	j->desc.root = strdup(b->root);
	j->desc.run_root = strdup(b->run_root);
	j->folder = path_fmt("%s/jobs/%s", b->run_root, j->id);
	if (*j->id && j->desc.kind && j->desc.ref && j->desc.root && j->desc.run_root && j->folder)
		return j;
	own_free(j);
	return NULL;
}

int eng_own_job_begin(struct eng_own_job **ret, struct berth *b, const char *verb, const char *ref,
		      struct berth_op *of, struct err *e)
{
	struct eng_own_job *j = own_new(b, verb, ref);
	int rc = j ? make_folder(j, e) : err_set(e, -ENOMEM, "out of memory");

	if (rc == 0) {
		j->of = of;
		rc = listen_in(j, b, e);
		if (rc < 0)
			job_folder_remove(b->run_root, j->id, j->dir);
	}
	if (rc < 0) {
		if (j)
			own_free(j);
		return rc;
	}
	eng_op_begin(b, &j->op, NULL, NULL, NULL);
	*ret = j;
	return 0;
}

const char *eng_own_job_folder(const struct eng_own_job *j)
{
	return j->folder;
}

/* --- what it tells */

static void tell_text(struct eng_own_job *j, const char *event, const char *text, char *last, size_t max)
{
	if (!text || strncmp(text, last, max - 1) == 0)
		return;
	snprintf(last, max, "%s", text);
	job_clients_tell(&j->clients, job_event_text(event, text), false);
}

void eng_own_job_tell(struct eng_own_job *j, const struct berth_progress *p)
{
	cJSON *o;

	if (!j || j->clients.n == 0) /* who comes hears of the next */
		return;
	if (j->told != j->clients.n)
		*j->stage = *j->note = 0;
	j->told = j->clients.n;
	tell_text(j, "stage", p->stage, j->stage, sizeof(j->stage));
	tell_text(j, "warning", p->note, j->note, sizeof(j->note));
	o = job_event("progress");
	cJSON_AddNumberToObject(o, "bytes", (double)p->done);
	cJSON_AddNumberToObject(o, "total", (double)p->total);
	job_clients_tell(&j->clients, o, true);
}

void eng_own_job_end(struct eng_own_job *j, int rc, const struct err *e)
{
	if (!j)
		return;
	job_folder_remove(j->desc.run_root, j->id, j->dir);
	job_clients_end(&j->clients, rc < 0 ? job_event_error(rc, e && *e->text ? e->text : err_str(rc), NULL) : job_event("done"));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - berth-job: one long operation on images, on behalf of whoever listens. proto.h tells how it is
 * started and what it says. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>
#include <uv.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/path.h"
#include "base/reserve.h"
#include "base/str.h"
#include "job/folder.h"
#include "job/main-clients.h"
#include "job/proto.h"
#include "job/kind.h"

struct job {
	uv_loop_t loop;
	struct job_desc desc;
	char id[JOB_ID_MAX];
	int dir;                  /* <run-root>/jobs/<id> */
	struct job_clients clients;
	const struct job_kind *kind;
	void *work;               /* of that kind */
	cJSON *last;              /* "done", until all is put away */
	bool cancelled;
	uv_signal_t term, intr;
	int rc;
};

static void on_event(void *arg, cJSON *event, bool droppable)
{
	struct job *j = arg;
	const char *name = json_str(event, "event");

	/* the end is told when it is: then the lock is free and nothing is open */
	if (name && strcmp(name, "done") == 0) {
		cJSON_Delete(j->last);
		j->last = event;
	} else {
		job_clients_tell(&j->clients, event, droppable);
	}
}

static void on_done(void *arg, int rc, const struct err *e, const char *hint)
{
	struct job *j = arg;
	cJSON *event = rc < 0 ? job_event_error(rc, e->text, hint) : TAKE(j->last);

	j->kind->destroy(TAKE(j->work));
	j->rc = rc;
	job_folder_remove(j->desc.run_root, j->id, j->dir);
	job_clients_end(&j->clients, event);
	uv_close((uv_handle_t *)&j->term, NULL);
	uv_close((uv_handle_t *)&j->intr, NULL);
}

static void cancel(struct job *j)
{
	j->cancelled = true;
	if (j->work)
		j->kind->cancel(j->work);
}

static void on_cancel(struct job_clients *c)
{
	cancel(container_of(c, struct job, clients));
}

static void on_signal(uv_signal_t *s, int sig)
{
	cancel(s->data);
}

static const struct job_kind *find_kind(const char *name)
{
	static const struct job_kind *const kinds[] = { &job_kind_pull, &job_kind_push, &job_kind_login, &job_kind_tags,
							&job_kind_manifest, &job_kind_referrers, &job_kind_kernel };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}

static int load_desc(struct job *j, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int rc = file_read_all(JOB_FD_DESC, JOB_DESC_MAX, &text, &len);

	close(JOB_FD_DESC);
	if (rc < 0)
		return err_sys(e, rc, "cannot read the job's description");
	rc = job_desc_parse(text, len, &j->desc, e);
	explicit_bzero(text, len);
	if (rc == 0)
		rc = job_desc_id(&j->desc, j->id);
	return rc;
}

static int open_folder(struct job *j, struct err *e)
{
	AUTO_FREE char *path = path_fmt("%s/jobs/%s", j->desc.run_root, j->id);

	j->dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (j->dir < 0)
		return err_sys(e, -errno, "cannot open '%s'", path ? path : "the job's folder");
	return job_folder_write_state(j->dir, &j->desc, j->id, e);
}

static int run(struct job *j, struct err *e)
{
	struct job_calls calls = { on_event, on_done, j };
	int rc = load_desc(j, e);

	if (rc < 0)
		return rc;
	j->kind = find_kind(j->desc.kind);
	if (!j->kind)
		return err_set(e, -EINVAL, "there are no jobs of kind '%s'", j->desc.kind);
	rc = open_folder(j, e);
	if (rc < 0)
		return rc;
	uv_loop_init(&j->loop);
	j->clients.cancel = on_cancel;
	rc = job_clients_init(&j->clients, &j->loop, JOB_FD_SOCK, JOB_FD_STARTER, job_folder_about(&j->desc, j->id, "hello"), e);
	if (rc < 0)
		return rc;
	uv_signal_init(&j->loop, &j->term);
	uv_signal_init(&j->loop, &j->intr);
	j->term.data = j->intr.data = j;
	uv_signal_start(&j->term, on_signal, SIGTERM);
	uv_signal_start(&j->intr, on_signal, SIGINT);
	rc = j->kind->start(&j->loop, &j->desc, &calls, &j->work, e);
	if (rc < 0)
		on_done(j, rc, e, NULL);
	else if (j->cancelled)
		j->kind->cancel(j->work);
	uv_run(&j->loop, UV_RUN_DEFAULT);
	loop_finish(&j->loop);
	uv_run(&j->loop, UV_RUN_DEFAULT);
	uv_loop_close(&j->loop);
	return 0;
}

int main(int argc, char **argv)
{
	struct job j = { .dir = -1 };
	struct err e = { 0 };
	int rc;

	reserve_for_libraries();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit of files' sizes is an error like any other */
#ifndef __SANITIZE_ADDRESS__
	prctl(PR_SET_DUMPABLE, 0); /* it holds passwords; the leak checker wants to look */
#endif
	umask(077);
	log_open(2, "berth-job");
	if (argc != 2 || !find_kind(argv[1]) || fcntl(JOB_FD_LOCK, F_GETFD) < 0) {
		fprintf(stderr, "berth-job is started by berth\n");
		return 2;
	}
	for (int fd = JOB_FD_DESC; fd <= JOB_FD_STARTER; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	rc = run(&j, &e);
	if (rc < 0)
		log_error("%s", *e.text ? e.text : err_str(rc));
	cJSON_Delete(j.last);
	job_desc_finish(&j.desc);
	curl_global_cleanup();
	return rc < 0 || j.rc < 0 ? 1 : 0;
}

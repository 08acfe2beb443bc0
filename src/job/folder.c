/* SPDX-License-Identifier: Apache-2.0 */
#include "job/folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"

cJSON *job_folder_about(const struct job_desc *d, const char *id, const char *event)
{
	AUTO_JSON cJSON *o = event ? job_event(event) : cJSON_CreateObject();
	char now[CLOCK_RFC3339_MAX];

	clock_rfc3339(clock_real_ns(), now);
	if (!o || !cJSON_AddStringToObject(o, "id", id) || !cJSON_AddStringToObject(o, "kind", d->kind) ||
	    !cJSON_AddStringToObject(o, "ref", d->ref) ||
	    !cJSON_AddStringToObject(o, "platform", d->platform ? d->platform : "") ||
	    !cJSON_AddStringToObject(o, "root", d->root) || !cJSON_AddNumberToObject(o, "pid", getpid()) ||
	    !cJSON_AddStringToObject(o, "started", now))
		return NULL;
	return TAKE(o);
}

int job_folder_write_state(int dir, const struct job_desc *d, const char *id, struct err *e)
{
	AUTO_JSON cJSON *o = job_folder_about(d, id, NULL);
	AUTO_FREE char *text = o ? json_print(o) : NULL;

	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	return file_swap(dir, "state", text, strlen(text), 0600, e);
}

void job_folder_remove(const char *run_root, const char *id, int dir)
{
	static const char *const files[] = { "sock", "state", "log", "lock" }; /* the lock last: who waits for it comes then */
	AUTO_FREE char *path = path_fmt("%s/jobs/%s", run_root, id);

	file_remove_tree(dir, JOB_FOLDER_SCRIPTS, NULL);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlinkat(dir, files[i], 0);
	if (path)
		rmdir(path);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* events.c - what happened in a store, written. */
#include "store/events.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "store/container.h"

/* The file under its lock, another one begun if it is full. -errno. */
static int open_locked(int root)
{
	for (int tries = 0; tries < 16; tries++) {
		AUTO_CLOSE int fd = openat(root, EVENTS_FILE, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		struct stat mine, there;

		if (fd < 0 || flock(fd, LOCK_EX) < 0 || fstat(fd, &mine) < 0)
			return -errno;
		if (fstatat(root, EVENTS_FILE, &there, AT_SYMLINK_NOFOLLOW) < 0 || mine.st_ino != there.st_ino ||
		    mine.st_dev != there.st_dev)
			continue; /* it was replaced while we waited */
		if (mine.st_size < EVENTS_BYTES_MAX)
			return TAKE_FD(fd);
		if (renameat(root, EVENTS_FILE, root, EVENTS_FILE ".1") < 0)
			return -errno;
	}
	return -EBUSY;
}

static char *line_of(const char *type, const char *action, const char *id, const char *name, const char *const *kv)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	char when[CLOCK_RFC3339_MAX];
	cJSON *attributes;

	clock_rfc3339(clock_real_ns(), when);
	cJSON_AddStringToObject(j, "time", when);
	cJSON_AddStringToObject(j, "type", type);
	cJSON_AddStringToObject(j, "action", action);
	cJSON_AddStringToObject(j, "id", id);
	cJSON_AddStringToObject(j, "name", name);
	attributes = cJSON_AddObjectToObject(j, "attributes");
	for (; kv && kv[0]; kv += 2)
		if (kv[1])
			cJSON_AddStringToObject(attributes, kv[0], kv[1]);
	return attributes ? json_print(j) : NULL;
}

static int append(int fd, const char *line)
{
	AUTO_BUF struct buf b = { 0 };
	off_t end = lseek(fd, 0, SEEK_END);
	char last = '\n';
	int rc;

	/* What a crash of the host left of a line stays a line of its own. */
	if (end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n' && buf_addc(&b, '\n') < 0)
		return -ENOMEM;
	if (buf_adds(&b, line) < 0 || buf_addc(&b, '\n') < 0)
		return -ENOMEM;
	rc = file_write_full(fd, b.p, b.len);
	if (rc < 0 && ftruncate(fd, end) < 0) /* a full disk: nothing rather than a half */
		return -errno;
	return rc;
}

void store_event(const char *root, const char *type, const char *action, const char *id, const char *name,
		 const char *const *kv)
{
	AUTO_CLOSE int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int fd = dir < 0 ? -errno : open_locked(dir);
	AUTO_FREE char *line = fd < 0 ? NULL : line_of(type, action, id, name, kv);
	int rc = fd < 0 ? fd : line ? 0 : -ENOMEM;

	if (rc == 0 && strlen(line) > EVENTS_LINE_MAX) {
		free(line);
		line = line_of(type, action, id, name, NULL);
		rc = line && strlen(line) <= EVENTS_LINE_MAX ? 0 : -EMSGSIZE;
	}
	if (rc == 0)
		rc = append(fd, line);
	if (rc < 0)
		log_warn("cannot note the event '%s' of %.64s: %s", action, name, err_str(rc));
}

void store_event_container(const char *root, const char *id, const char *action, const char *const *kv)
{
	AUTO(container_finish) struct container c = { 0 };
	const char *all[32] = { "image", NULL };
	size_t n = 0;

	if (container_read(root, id, &c, NULL) < 0)
		return;
	all[1] = json_str(c.config, "image");
	for (n = all[1] ? 2 : 0; kv && kv[0] && n + 2 < ARRAY_LEN(all); kv += 2) {
		all[n++] = kv[0];
		all[n++] = kv[1];
	}
	all[n] = NULL;
	store_event(root, "container", action, id, json_str(c.config, "name") ?: "", all);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* events-read.c - what happened in a store, read. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "store/events.h"

#define CHUNK (64u << 10)

/* --- lines */

int store_event_parse(const char *line, size_t len, struct store_event *ret)
{
	AUTO_JSON cJSON *j = NULL;
	struct store_event ev = { 0 };
	const char *time;

	if (len > EVENTS_LINE_MAX || json_parse(line, len, "event", &j, NULL) < 0)
		return -EINVAL;
	time = json_str(j, "time");
	ev.type = json_str(j, "type");
	ev.action = json_str(j, "action");
	ev.id = json_str(j, "id");
	ev.name = json_str(j, "name");
	ev.attributes = json_obj(j, "attributes");
	if (!time || clock_parse_rfc3339(time, &ev.time) < 0 || !ev.type || !ev.action || !ev.id || !ev.name)
		return -EINVAL;
	ev.json = TAKE(j);
	*ret = ev;
	return 0;
}

void store_event_finish(struct store_event *ev)
{
	cJSON_Delete(TAKE(ev->json));
}

/* --- files */

static int open_file(const struct store_events *r, const char *name)
{
	return openat(r->root, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static bool is_file(const struct store_events *r, const char *name, const struct stat *st)
{
	struct stat there;

	return fstatat(r->root, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == st->st_ino &&
	       there.st_dev == st->st_dev;
}

int store_events_open(struct store_events *r, const char *root, bool from_start, struct err *e)
{
	*r = (struct store_events){ .root = -1, .fd = -1 };
	r->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->root < 0)
		return err_sys(e, -errno, "cannot open '%s'", root);
	if (from_start)
		r->fd = open_file(r, EVENTS_FILE ".1");
	if (r->fd < 0)
		r->fd = open_file(r, EVENTS_FILE);
	if (r->fd < 0 && errno != ENOENT) {
		int rc = err_sys(e, -errno, "cannot open '%s/%s'", root, EVENTS_FILE);

		store_events_close(r);
		return rc;
	}
	if (r->fd >= 0 && !from_start)
		lseek(r->fd, 0, SEEK_END);
	return 0;
}

/* At the end of fd: true if there is another file to go on with. */
static bool next_file(struct store_events *r)
{
	struct stat mine;
	int next;

	if (r->fd >= 0 && fstat(r->fd, &mine) == 0) {
		if (is_file(r, EVENTS_FILE, &mine))
			return false;
		/* Lines may have come since the end was seen, but none comes any more. */
		if (!r->replaced)
			return r->replaced = true;
		next = is_file(r, EVENTS_FILE ".1", &mine) ? -1 : open_file(r, EVENTS_FILE ".1");
		if (next < 0)
			next = open_file(r, EVENTS_FILE);
	} else {
		next = open_file(r, EVENTS_FILE);
	}
	if (next < 0)
		return false;
	if (r->fd >= 0)
		close(r->fd);
	r->fd = next;
	r->replaced = false;
	return true;
}

ssize_t store_events_read(struct store_events *r, struct buf *b, struct err *e)
{
	do {
		ssize_t n;

		if (buf_reserve(b, CHUNK) < 0)
			return err_sys(e, -ENOMEM, "cannot read the events");
		n = r->fd < 0 ? 0 : read(r->fd, b->p + b->len, CHUNK);
		if (n < 0)
			return err_sys(e, -errno, "cannot read the events");
		if (n > 0) {
			b->len += (size_t)n;
			return n;
		}
	} while (next_file(r));
	return 0;
}

void store_events_close(struct store_events *r)
{
	for (int *fd = (int[]){ r->root, r->fd, -2 }; *fd != -2; fd++)
		if (*fd >= 0)
			close(*fd);
	*r = (struct store_events){ .root = -1, .fd = -1 };
}

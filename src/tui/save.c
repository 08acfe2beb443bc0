/* SPDX-License-Identifier: Apache-2.0 */
/* save.c - text to a file. */
#include "tui/save.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "base/work.h"
#include "tui/fmt.h"

struct saving {
	struct work work;
	struct app *app;
	struct buf text;
	char *path;
};

static int write_file(struct work *w, struct err *e)
{
	struct saving *s = container_of(w, struct saving, work);
	int fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), rc = 0;

	if (fd < 0)
		return err_sys(e, -errno, "cannot write '%s'", s->path);
	for (size_t at = 0; rc == 0 && at < s->text.len;) {
		ssize_t n = write(fd, s->text.p + at, s->text.len - at);

		if (n < 0 && errno != EINTR)
			rc = err_sys(e, -errno, "cannot write '%s'", s->path);
		at += n > 0 ? (size_t)n : 0;
	}
	if (close(fd) < 0 && rc == 0)
		rc = err_sys(e, -errno, "cannot write '%s'", s->path);
	return rc;
}

static void on_written(struct work *w, int rc, const struct err *e)
{
	struct saving *s = container_of(w, struct saving, work);
	char size[FMT_MAX];

	s->app->saves--;
	fmt_size(s->text.len, size);
	if (!s->app->ending && rc < 0)
		app_error(s->app, "%s", e->text);
	else if (!s->app->ending)
		app_info(s->app, "%s written to %s", size, s->path);
	buf_finish(&s->text);
	free(s->path);
	free(s);
}

/* "~/" is the user's home. */
static char *whole_path(const char *path)
{
	const char *home = getenv("HOME");

	return path[0] == '~' && path[1] == '/' && home ? path_fmt("%s%s", home, path + 1) : strdup(path);
}

void save_buf(struct app *app, struct buf *text, const char *path)
{
	struct saving *s = calloc(1, sizeof(*s));

	if (s) {
		s->app = app;
		s->path = whole_path(path);
		s->text = *text;
		*text = (struct buf){ 0 };
	}
	app->saves++;
	if (!s || !s->path || work_start(&s->work, app->loop, write_file, on_written) < 0) {
		app->saves--;
		app_error(app, "out of memory: '%s' is not written", path);
		buf_finish(s ? &s->text : text);
		free(s ? s->path : NULL);
		free(s);
	}
}

void save_text(struct textview *t, const char *path)
{
	struct buf b = { 0 };

	text_all(&t->v, &b);
	save_buf(t->v.app, &b, path);
}

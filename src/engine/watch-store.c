/* SPDX-License-Identifier: Apache-2.0 */
/* watch-store.c - told when containers, images or jobs change, at no cost while they do not.
 *
 * A shim touches containers/.changed with each change of a state; containers, images, jobs and trash that come and go
 * change the folders themselves. A shim that is killed writes nothing: its pidfd tells. */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/watch.h"
#include "engine/engine.h"

#define SETTLE_MS 20 /* a burst of changes is one */

enum { WATCH_CONTAINERS, WATCH_IMAGES, WATCH_TRASH, WATCH_JOBS, WATCH_N };

struct folder {
	uv_fs_event_t h;
	struct watcher *w;
	unsigned bit;
	bool open;
};

struct shim {
	struct list link;
	struct watcher *w;
	struct watch *pidfd;
	int pid;
	bool seen;
};

struct watcher {
	struct berth *b;
	berth_changed_cb changed;
	void *arg;
	struct folder folder[WATCH_N];
	uv_timer_t timer;
	struct list shims;
	unsigned due;
	int open;
	bool ending, listing;
};

static void shim_forget(struct shim *s)
{
	list_remove(&s->link);
	watch_close(s->pidfd);
	free(s);
}

static void on_closed(uv_handle_t *h)
{
	struct watcher *w = h->data;

	if (--w->open == 0 && !w->listing)
		free(w);
}

void eng_watch_finish(struct berth *b)
{
	struct watcher *w = TAKE(b->watcher);

	if (!w)
		return;
	w->ending = true;
	list_each(struct shim, s, &w->shims, link)
		shim_forget(s);
	for (int i = 0; i < WATCH_N; i++)
		if (w->folder[i].open)
			uv_close((uv_handle_t *)&w->folder[i].h, on_closed);
	uv_close((uv_handle_t *)&w->timer, on_closed);
}

static void note(struct watcher *w, unsigned bit);

static void on_shim_end(void *arg, int events)
{
	struct shim *s = arg;
	struct watcher *w = s->w;

	shim_forget(s);
	note(w, BERTH_CHANGED_CONTAINERS);
}

static void on_containers(void *arg, int rc, const struct berth_error *e, const struct berth_container *list, size_t n)
{
	struct watcher *w = arg;

	w->listing = false;
	if (w->ending) {
		if (w->open == 0)
			free(w);
		return;
	}
	list_each(struct shim, s, &w->shims, link)
		s->seen = false;
	for (size_t i = 0; i < n; i++) {
		struct shim *found = NULL;
		int fd;

		if (!list[i].pid)
			continue;
		list_each(struct shim, s, &w->shims, link)
			if (s->pid == list[i].pid)
				found = s;
		if (found) {
			found->seen = true;
			continue;
		}
		fd = (int)syscall(SYS_pidfd_open, list[i].pid, 0);
		found = fd < 0 ? NULL : calloc(1, sizeof(*found));
		if (!found) {
			if (fd >= 0)
				close(fd);
			continue;
		}
		found->w = w;
		found->pid = list[i].pid;
		found->seen = true;
		list_append(&w->shims, &found->link);
		found->pidfd = watch_new(w->b->loop, fd, on_shim_end, found);
		if (found->pidfd)
			watch_set(found->pidfd, UV_READABLE);
		else
			shim_forget(found);
	}
	list_each(struct shim, s, &w->shims, link)
		if (!s->seen)
			shim_forget(s);
}

static void find_shims(struct watcher *w)
{
	if (!w->listing)
		w->listing = berth_container_list(w->b, on_containers, w, NULL) == 0;
}

static void on_settled(uv_timer_t *t)
{
	struct watcher *w = container_of(t, struct watcher, timer);
	unsigned due = w->due;

	w->due = 0;
	if (due & BERTH_CHANGED_CONTAINERS)
		find_shims(w);
	w->changed(w->arg, due);
}

static void note(struct watcher *w, unsigned bit)
{
	w->due |= bit;
	if (!uv_is_active((uv_handle_t *)&w->timer))
		uv_timer_start(&w->timer, on_settled, SETTLE_MS, 0);
}

static void on_folder(uv_fs_event_t *h, const char *file, int events, int status)
{
	struct folder *f = container_of(h, struct folder, h);

	note(f->w, f->bit);
}

static int watch_folder(struct watcher *w, int i, const char *base, const char *name, unsigned bit, struct err *e)
{
	AUTO_FREE char *path = path_join(base, name);
	struct folder *f = &w->folder[i];
	int rc = path ? path_mkdirs(path, 0700, e) : -ENOMEM;

	if (rc < 0)
		return rc;
	f->w = w;
	f->bit = bit;
	uv_fs_event_init(w->b->loop, &f->h);
	f->h.data = w;
	f->open = true;
	w->open++;
	rc = uv_fs_event_start(&f->h, on_folder, path, 0);
	return rc < 0 ? err_sys(e, rc, "cannot watch '%s'", path) : 0;
}

int berth_watch(struct berth *b, berth_changed_cb changed, void *arg, struct berth_error *be)
{
	struct watcher *w;
	struct err e = { 0 };
	int rc;

	eng_watch_finish(b);
	if (!changed)
		return 0;
	w = calloc(1, sizeof(*w));
	if (!w)
		return eng_refuse(be, -ENOMEM, NULL);
	w->b = b;
	w->changed = changed;
	w->arg = arg;
	w->open = 1;
	list_init(&w->shims);
	uv_timer_init(b->loop, &w->timer);
	w->timer.data = w;
	b->watcher = w;
	rc = watch_folder(w, WATCH_CONTAINERS, b->root, "containers", BERTH_CHANGED_CONTAINERS, &e);
	if (rc == 0)
		rc = watch_folder(w, WATCH_IMAGES, b->root, "content", BERTH_CHANGED_IMAGES, &e);
	if (rc == 0)
		rc = watch_folder(w, WATCH_TRASH, b->root, "trash", BERTH_CHANGED_TRASH, &e);
	if (rc == 0)
		rc = watch_folder(w, WATCH_JOBS, b->run_root, "jobs", BERTH_CHANGED_JOBS, &e);
	if (rc < 0) {
		eng_watch_finish(b);
		return eng_refuse(be, rc, &e);
	}
	find_shims(w);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c - shims that do not answer: known to all clients, and ended by force when somebody asks for that.
 *
 * Who finds a shim silent leaves a file in its run folder; who gets an answer takes it away. So a list that asks no shim
 * at all knows, and those who watch the store are told. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "engine/engine.h"

#define KILLED_MS 10000 /* until the kernel has taken it away */

static char *silent_path(const struct berth *b, const char *id)
{
	AUTO_FREE char *dir = eng_run_dir(b, id);

	return dir ? path_join(dir, "silent") : NULL;
}

static void tell_watchers(const struct berth *b, const char *id)
{
	AUTO_CLOSE int dir = container_open(b->root, id, NULL);

	if (dir >= 0)
		container_touch(dir);
}

void eng_answer_note(const struct berth *b, const char *id, bool answers)
{
	AUTO_FREE char *path = silent_path(b, id);
	AUTO_CLOSE int fd = -1;

	if (!path)
		return;
	if (answers) {
		if (unlink(path) == 0)
			tell_watchers(b, id);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		tell_watchers(b, id);
}

int64_t eng_silent_since(const struct berth *b, const char *id)
{
	AUTO_FREE char *path = silent_path(b, id);
	struct stat st;

	return path && lstat(path, &st) == 0 ? (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec : 0;
}

/* Numbers of processes are used again: this one must be the shim of that container. */
static bool is_shim_of(int pid, const char *id)
{
	char path[64], text[4096];
	AUTO_CLOSE int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = 0;
	return strcmp(text, "berth-shim") == 0 && memmem(text, (size_t)n, id, strlen(id));
}

int eng_shim_kill(const struct berth *b, const char *name, struct err *e)
{
	AUTO(container_finish) struct container c = { 0 };
	AUTO_CLOSE int pidfd = -1;
	char id[CONTAINER_ID_LEN + 1];
	int rc = container_find(b->root, name, id, e), pid;

	if (rc == 0)
		rc = container_read(b->root, id, &c, e);
	if (rc < 0)
		return rc;
	pid = c.alive ? (int)json_int(c.state, "pid", 0) : 0;
	if (pid <= 1)
		return c.alive ? err_set(e, -EBUSY, "the shim of container %s has not said its number", name) : 0;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0 || !is_shim_of(pid, id))
		return pidfd < 0 && errno == ESRCH ? 0 : err_set(e, -ESRCH, "cannot find the shim of container %s", name);
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return err_sys(e, -errno, "cannot kill the shim of container %s", name);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	if (poll(&p, 1, KILLED_MS) == 0)
		return err_set(e, -ETIMEDOUT, "the shim of container %s was killed and is still there", name);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the unpacker cannot do once it is confined. Each row runs in a child of its own. */
#include "job/unpack-confine.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "job/unpack-warm.h"
#include "oci/digest.h"

static char folder[] = "/tmp/berth-t-confine.XXXXXX";
static int folder_fd;

static int try_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int try_open_write(void)
{
	return openat(folder_fd, "new", O_WRONLY | O_CREAT, 0600);
}

static int try_open_folder(void)
{
	return openat(folder_fd, "file", O_RDONLY);
}

static int try_open_beside(void)
{
	return openat(folder_fd, "../..", O_RDONLY | O_DIRECTORY);
}

static int try_memfd_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static int try_make_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void *nothing(void *arg)
{
	return arg;
}

static int try_thread(void)
{
	pthread_t t;

	return pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL) ? -1 : 0;
}

static int try_other_numbers(void)
{
	return (int)syscall(SYS_getpid | 0x40000000);
}

static int try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int try_exec(void)
{
	return execl("/bin/true", "true", NULL);
}

static int try_fork(void)
{
	return fork();
}

static int try_kill(void)
{
	return kill(getppid(), 0);
}

static int try_unlink(void)
{
	return unlinkat(folder_fd, "file", 0);
}

static int try_ptrace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, 0, 0);
}

static int try_work(void)
{
	struct oci_digest d;
	char *p = malloc(8 << 20);

	memset(p, 1, 8 << 20);
	free(p);
	return oci_digest_of(OCI_SHA512, "x", 1, &d);
}

enum { REFUSED, KILLED, ALLOWED };

/* REFUSED: -1 and EACCES. KILLED: SIGSYS. A sanitized build has Landlock alone: there, what seccomp kills is
 * not tried. */
static const struct {
	const char *name;
	int (*fn)(void);
	int alone, with_folder; /* what comes of it without, and with the folder as a source */
	bool landlock; /* held by Landlock, too */
} rows[] = {
	{ "open", try_open, REFUSED, REFUSED, true },
	{ "create", try_open_write, REFUSED, REFUSED, true },
	{ "open in the folder", try_open_folder, REFUSED, ALLOWED, true },
	{ "open above the folder", try_open_beside, REFUSED, REFUSED, true },
	{ "executable memory", try_memfd_exec, KILLED, KILLED, false },
	{ "memory made executable", try_make_exec, KILLED, KILLED, false },
	{ "thread", try_thread, ALLOWED, ALLOWED, false },
	{ "the numbers of x32", try_other_numbers, KILLED, KILLED, false },
	{ "socket", try_socket, KILLED, KILLED, false },
	{ "exec", try_exec, KILLED, KILLED, false },
	{ "fork", try_fork, KILLED, KILLED, false },
	{ "kill", try_kill, KILLED, KILLED, false },
	{ "unlink", try_unlink, KILLED, KILLED, false },
	{ "ptrace", try_ptrace, KILLED, KILLED, false },
	{ "work", try_work, ALLOWED, ALLOWED, true },
};

/* 0 as wanted, 1 not, 2 not confined, 3 there is no Landlock. */
static int child(int (*fn)(void), int want, bool with_folder)
{
	bool landlock;

	if (unpack_confine(&folder_fd, with_folder, &landlock, NULL) < 0)
		return 2;
	if (with_folder && !landlock)
		return 3;
	errno = 0;
	int rc = fn();
	return want == ALLOWED ? rc < 0 : !(rc < 0 && errno == EACCES);
}

static void run_row(size_t i, bool with_folder)
{
	int want = with_folder ? rows[i].with_folder : rows[i].alone, status;

	if (UNPACK_SANITIZED && !rows[i].landlock)
		return;
	pid_t pid = fork();
	if (pid == 0)
		_exit(child(rows[i].fn, want, with_folder));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
		return;
	bool right = want == KILLED ? WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS : status == 0;
	if (!right)
		fail_msg("%s%s: wait status 0x%x", rows[i].name, with_folder ? " (with a folder)" : "",
			 status);
}

static void test_confined(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		run_row(i, false);
		run_row(i, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_confined) };

	if (!mkdtemp(folder))
		return 1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(openat(folder_fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlinkat(folder_fd, "file", 0);
	rmdir(folder);
	return rc;
}

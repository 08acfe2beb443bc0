/* SPDX-License-Identifier: Apache-2.0 */
/* proclist.c - the processes of a container: those of its cgroup and of all cgroups below it. */
#include "proclist.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "container.h"
#include "proc-stat.h"
#include "user.h"

#define ARGS_BYTES_MAX 4096          /* of one process */
#define ALL_ARGS_BYTES_MAX (2 << 20) /* of all: the answer must stay below RPC_MSG_MAX */
#define ARGS_MAX 256
#define DEPTH_MAX 16
#define PTS_MAJOR 136 /* to 143: Documentation/admin-guide/devices.txt */

struct row {
	Berth__Agent__V1__Process p;
	char name[256], user[256], state[2], tty[24]; /* four bytes for each that is no text */
	char *text; /* the arguments, each ended by 0 */
	char *args[ARGS_MAX];
};

/* Whatever bytes a process calls itself, a string of protobuf is UTF-8. */
static void set_clean(char *ret, size_t size, const char *text)
{
	AUTO_BUF struct buf b = { 0 };

	if (str_add_clean(&b, text, strlen(text)) == 0)
		snprintf(ret, size, "%s", b.p ? (char *)b.p : "");
}

/* --- who there is */

static void add_procs(struct vi_pids *l, int dir)
{
	AUTO_FREE char *text = NULL;
	char *save = NULL;

	if (file_load(dir, "cgroup.procs", 1 << 20, &text, NULL, NULL) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (l->n == VI_PIDS_MAX) {
			l->truncated = true;
			return;
		}
		l->pids[l->n++] = (pid_t)strtol(line, NULL, 10);
	}
}

static void add_cgroup(struct vi_pids *l, int dir, int depth)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *d = copy < 0 ? NULL : fdopendir(copy);

	add_procs(l, dir);
	if (!d) {
		if (copy >= 0)
			close(copy);
		return;
	}
	for (struct dirent *e; depth < DEPTH_MAX && !l->truncated && (e = readdir(d));) {
		AUTO_CLOSE int below = -1;

		if (e->d_type != DT_DIR || *e->d_name == '.')
			continue;
		below = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			add_cgroup(l, below, depth + 1);
	}
}

static int by_number(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return x < y ? -1 : x > y;
}

void vi_container_pids(const struct vi_container *c, struct vi_pids *ret)
{
	ret->n = 0;
	ret->truncated = false;
	if (c->cgroup_fd >= 0)
		add_cgroup(ret, c->cgroup_fd, 0);
	qsort(ret->pids, ret->n, sizeof(pid_t), by_number);
}

/* --- what each is */

int64_t vi_proc_began(uint64_t ticks)
{
	struct timespec up;
	int64_t boot;

	clock_gettime(CLOCK_BOOTTIME, &up);
	boot = clock_real_ns() - ((int64_t)up.tv_sec * 1000000000 + up.tv_nsec);
	return boot + (int64_t)(ticks * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK)));
}

/* The counters that stat has lag behind by up to 64 pages for each thread, which is more than a small process has. */
static uint64_t resident(int dir, const struct vi_proc_stat *s)
{
	AUTO_FREE char *text = NULL;
	const char *line = file_load(dir, "smaps_rollup", 65536, &text, NULL, NULL) == 0 ? strstr(text, "\nRss:") : NULL;

	return line ? strtoull(line + 5, NULL, 10) * 1024 :
		      (uint64_t)MAX(s->rss_pages, 0) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Cut where the last argument that fits begins to be too long. */
static void add_args(struct row *r, int dir, size_t *left)
{
	size_t max = MIN(ARGS_BYTES_MAX, *left), at = 0;
	AUTO_CLOSE int fd = openat(dir, "cmdline", O_RDONLY | O_CLOEXEC);
	AUTO_FREE char *raw = fd >= 0 && max ? malloc(max + 1) : NULL;
	ssize_t got = raw ? file_read_full(fd, raw, max) : 0;
	AUTO_BUF struct buf clean = { 0 };

	r->p.args = r->args;
	if (got <= 0)
		return;
	raw[got] = 0;
	for (const char *p = raw; p < raw + got && r->p.n_args < ARGS_MAX && clean.len < max; p += strlen(p) + 1) {
		if (str_add_clean(&clean, p, strlen(p)) < 0 || buf_addc(&clean, 0) < 0)
			return;
		r->p.n_args++;
	}
	*left -= MIN(*left, clean.len);
	r->text = buf_steal(&clean);
	if (!r->text)
		r->p.n_args = 0;
	for (size_t i = 0; i < r->p.n_args; i++, at += strlen(r->text + at) + 1)
		r->args[i] = r->text + at;
}

static int fill(struct row *r, pid_t pid, const char *passwd, size_t *left)
{
	AUTO_FREE char *path = path_fmt("/proc/%d", pid);
	AUTO_CLOSE int dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	AUTO_FREE char *stat = NULL;
	AUTO_FREE char *status = NULL;
	int64_t hz = sysconf(_SC_CLK_TCK);
	char user[sizeof(r->user) / 4];
	struct vi_proc_stat s;

	if (dir < 0 || file_load(dir, "stat", 4096, &stat, NULL, NULL) < 0 ||
	    file_load(dir, "status", 65536, &status, NULL, NULL) < 0 || vi_proc_stat_parse(stat, &s) < 0)
		return -ESRCH;
	berth__agent__v1__process__init(&r->p);
	r->p.pid = pid;
	r->p.ppid = s.ppid;
	r->p.ns_pid = (int32_t)vi_proc_status_number(status, "NSpid", true);
	r->p.uid = (uint32_t)vi_proc_status_number(status, "Uid", false);
	r->p.gid = (uint32_t)vi_proc_status_number(status, "Gid", false);
	snprintf(r->state, sizeof(r->state), "%c", s.state);
	r->p.state = r->state;
	set_clean(r->name, sizeof(r->name), s.name);
	r->p.name = r->name;
	r->p.rss_bytes = resident(dir, &s);
	r->p.user_usec = s.utime * 1000000 / (uint64_t)hz;
	r->p.system_usec = s.stime * 1000000 / (uint64_t)hz;
	r->p.start_time_ns = vi_proc_began(s.start);
	r->p.threads = s.threads;
	if ((int)major(s.tty_nr) >= PTS_MAJOR && (int)major(s.tty_nr) < PTS_MAJOR + 8)
		snprintf(r->tty, sizeof(r->tty), "pts/%d", (int)minor(s.tty_nr));
	r->p.tty = r->tty;
	vi_user_name(r->p.uid, passwd, user, sizeof(user));
	set_clean(r->user, sizeof(r->user), user);
	r->p.user = r->user;
	add_args(r, dir, left);
	return 0;
}

/* The container's own /etc/passwd; "" if there is none. A FIFO or device in its place is not waited for. */
static char *load_passwd(const struct vi_container *c)
{
	AUTO_FREE char *path = c->init && c->init->started && !c->init->exited ? path_fmt("/proc/%d/root", c->init->pid) :
										  NULL;
	AUTO_CLOSE int root = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	AUTO_CLOSE int fd = root < 0 ? -1 : path_open_in_root(root, "etc/passwd", O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
	struct stat st;
	char *text = NULL;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || file_read_all(fd, VI_PASSWD_MAX, &text, NULL) < 0)
		text = strdup("");
	return text;
}

static void reply(struct rpc_call *call, const struct vi_pids *l, struct row *rows, Berth__Agent__V1__Process **list,
		  const char *passwd)
{
	Berth__Agent__V1__ProcessListResponse resp = BERTH__AGENT__V1__PROCESS_LIST_RESPONSE__INIT;
	size_t left = ALL_ARGS_BYTES_MAX;

	for (size_t i = 0; i < l->n; i++)
		if (fill(&rows[resp.n_processes], l->pids[i], passwd, &left) == 0) {
			list[resp.n_processes] = &rows[resp.n_processes].p;
			resp.n_processes++;
		}
	/* A parent that is not among them is outside. */
	for (size_t i = 0; i < resp.n_processes; i++)
		if (!bsearch(&list[i]->ppid, l->pids, l->n, sizeof(pid_t), by_number))
			list[i]->ppid = 0;
	resp.processes = list;
	resp.truncated = l->truncated;
	resp.time_ns = clock_real_ns();
	rpc_call_reply(call, &resp.base);
	for (size_t i = 0; i < l->n; i++)
		free(rows[i].text);
}

void vi_method_process_list(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Berth__Agent__V1__ProcessListRequest *req = (const void *)msg;
	const struct vi_container *c = vi_container_find(req->container_id);
	AUTO_FREE struct vi_pids *l = calloc(1, sizeof(*l));
	AUTO_FREE struct row *rows = NULL;
	AUTO_FREE Berth__Agent__V1__Process **list = NULL;
	AUTO_FREE char *passwd = NULL;

	if (!c) {
		rpc_call_fail(call, RPC_NOT_FOUND, "process list: there is no container '%.64s'", req->container_id);
		return;
	}
	if (l) {
		vi_container_pids(c, l);
		rows = calloc(l->n + 1, sizeof(*rows));
		list = calloc(l->n + 1, sizeof(*list));
		passwd = load_passwd(c);
	}
	if (!rows || !list || !passwd)
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "process list: out of memory");
	else
		reply(call, l, rows, list, passwd);
}

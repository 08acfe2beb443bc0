/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-rootfs.c - rootfs ls, cat, extract: what is in an ext4 file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/cli.h"

/* --- ls */

static const struct cli_opt ls_opts[] = {
	{ 'R', "recursive", NULL, "the folder itself and all that is below it" },
	CLI_FORMAT_OPT,
	CLI_QUIET_OPT,
	{ 0 },
};

static void add_mtime(cJSON *j, const struct berth_file *f)
{
	char text[64] = "";
	time_t t = f->mtime_sec;
	struct tm tm;
	size_t n;

	if (!gmtime_r(&t, &tm) || !(n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm)))
		return;
	if (f->mtime_nsec)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ".%09u", f->mtime_nsec);
	snprintf(text + n, sizeof(text) - n, "Z");
	cJSON_AddStringToObject(j, "mtime", text);
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void cli_add_name(cJSON *j, const char *key, const char *name)
{
	AUTO_BUF struct buf b = { 0 };

	if (!str_is_utf8(name) && str_add_clean(&b, name, strlen(name)) == 0 && b.p)
		name = (const char *)b.p;
	cJSON_AddStringToObject(j, key, name);
}

static cJSON *row_of(const struct berth_file *f, bool recursive)
{
	cJSON *j = cJSON_CreateObject();
	char mode[8];
	AUTO_FREE char *path = NULL;

	if (asprintf(&path, "/%s", f->path) < 0)
		path = NULL;
	snprintf(mode, sizeof(mode), "%04o", f->mode);
	cli_add_name(j, "name", recursive ? (*f->path ? f->path : ".") : base_of(f->path));
	cli_add_name(j, "path", path ? path : "");
	cJSON_AddStringToObject(j, "type", f->type);
	cJSON_AddStringToObject(j, "mode", mode);
	cJSON_AddNumberToObject(j, "links", f->links);
	cJSON_AddNumberToObject(j, "uid", f->uid);
	cJSON_AddNumberToObject(j, "gid", f->gid);
	cJSON_AddNumberToObject(j, "size_bytes", (double)f->size_bytes);
	add_mtime(j, f);
	if (f->target)
		cli_add_name(j, "target", f->target);
	else
		cJSON_AddNullToObject(j, "target");
	cJSON_AddNumberToObject(j, "inode", f->inode);
	cJSON_AddNumberToObject(j, "major", f->major);
	cJSON_AddNumberToObject(j, "minor", f->minor);
	return j;
}

struct listing_files {
	struct cli *cli;
	bool recursive;
};

static void on_files(void *arg, int rc, const struct berth_error *e, const struct berth_file *v, size_t n)
{
	struct listing_files *l = arg;

	l->cli->rows = cJSON_CreateArray();
	for (size_t i = 0; rc == 0 && i < n; i++)
		cJSON_AddItemToArray(l->cli->rows, row_of(&v[i], l->recursive));
	cli_finish(l->cli, rc, e);
}

/* "drwxr-xr-t" */
static char *cell_mode(const cJSON *r, bool wide)
{
	static const struct {
		const char *type;
		char letter;
	} types[] = { { "dir", 'd' },   { "link", 'l' }, { "char", 'c' },
		      { "block", 'b' }, { "fifo", 'p' }, { "socket", 's' } };
	unsigned mode = (unsigned)strtoul(cli_str(r, "mode"), NULL, 8);
	char text[11] = "-";

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (!strcmp(cli_str(r, "type"), types[i].type))
			text[0] = types[i].letter;
	for (unsigned i = 0; i < 9; i++)
		text[i + 1] = mode & 0400u >> i ? "rwx"[i % 3] : '-';
	if (mode & 04000)
		text[3] = mode & 0100 ? 's' : 'S';
	if (mode & 02000)
		text[6] = mode & 0010 ? 's' : 'S';
	if (mode & 01000)
		text[9] = mode & 0001 ? 't' : 'T';
	text[10] = 0;
	return strdup(text);
}

static char *number_cell(const cJSON *r, const char *key)
{
	char text[32];

	snprintf(text, sizeof(text), "%.0f", cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(r, key)));
	return strdup(text);
}

static char *cell_links(const cJSON *r, bool wide)
{
	return number_cell(r, "links");
}

static char *cell_uid(const cJSON *r, bool wide)
{
	return number_cell(r, "uid");
}

static char *cell_gid(const cJSON *r, bool wide)
{
	return number_cell(r, "gid");
}

static char *cell_size(const cJSON *r, bool wide)
{
	char text[32];

	if (strcmp(cli_str(r, "type"), "char") && strcmp(cli_str(r, "type"), "block"))
		return number_cell(r, "size_bytes");
	snprintf(text, sizeof(text), "%lld, %lld", (long long)json_int(r, "major", 0),
		 (long long)json_int(r, "minor", 0));
	return strdup(text);
}

static char *cell_mtime(const cJSON *r, bool wide)
{
	char *text = strdup(cli_str(r, "mtime"));

	if (text && strlen(text) > 16) {
		text[10] = ' ';
		text[16] = 0;
	}
	return text;
}

static char *cell_name(const cJSON *r, bool wide)
{
	AUTO_BUF struct buf b = { 0 };
	const char *target = cli_str(r, "target");

	str_add_clean(&b, cli_str(r, "name"), strlen(cli_str(r, "name")));
	if (*target) {
		buf_adds(&b, " -> ");
		str_add_clean(&b, target, strlen(target));
	}
	return buf_steal(&b);
}

static int run_ls(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_column columns[] = {
		{ "MODE", cell_mode },       { "LINKS", cell_links, true },
		{ "UID", cell_uid, true },   { "GID", cell_gid, true },
		{ "SIZE", cell_size, true }, { "MODIFIED", cell_mtime },
		{ "NAME", cell_name },       { 0 },
	};
	static const struct cli_listing listing = { columns, "name", false };
	struct listing_files l = { cli, cli_flag(a, "recursive") };
	const char *path = a->argc > 1 ? a->argv[1] : "/";
	int code;

	if (cli_await(cli, berth_rootfs_list(cli->berth, a->argv[0], path, l.recursive, on_files, &l,
					     &cli->op, &cli->error)) < 0)
		code = cli_fail(cli);
	else
		code = cli_list(a, &listing, cli->rows, false);
	cJSON_Delete(TAKE(cli->rows));
	return code;
}

const struct cli_cmd cli_cmd_rootfs_ls = {
	.name = "rootfs ls",
	.args = "FILE [PATH]",
	.brief = "list a folder of an ext4 file",
	.about = "FILE is a file with an ext4 file system, whoever made it; neither root rights nor a mount "
		 "are needed, and "
		 "nothing is written: a journal that was not finished is followed in memory. Symlinks on the "
		 "way to PATH "
		 "are followed inside the file system.",
	.opts = ls_opts,
	.min_args = 1,
	.max_args = 2,
	.run = run_ls,
};

/* --- check */

static const struct cli_opt check_opts[] = {
	CLI_QUIET_OPT,
	{ 0 },
};

struct checking {
	struct cli *cli;
	size_t n;
	bool quiet;
	struct berth_rootfs_checked result;
};

static void on_finding(void *arg, const char *text)
{
	struct checking *c = arg;

	c->n++;
	if (!c->quiet)
		printf("%s\n", text);
}

static void on_checked(void *arg, int rc, const struct berth_error *e, const struct berth_rootfs_checked *r)
{
	struct checking *c = arg;

	if (rc == 0)
		c->result = *r;
	cli_finish(c->cli, rc, e);
}

static int run_check(struct cli *cli, const struct cli_args *a)
{
	struct checking c = { .cli = cli, .quiet = cli_flag(a, "quiet") };
	char used[8];

	if (cli_await(cli, berth_rootfs_check(cli->berth, a->argv[0], on_finding, on_checked, &c, &cli->op, &cli->error)) < 0)
		return cli_fail(cli);
	str_size(c.result.used_bytes, used);
	if (c.n >= c.result.most)
		printf("(there may be more: the check ended after %zu)\n", c.n);
	else if (!c.quiet && !c.n)
		printf("%s: clean, %llu files, %llu folders, %s used%s\n", a->argv[0],
		       (unsigned long long)(c.result.inodes - c.result.dirs), (unsigned long long)c.result.dirs, used,
		       c.result.replayed ? ", its journal not finished" : "");
	return cli_flush(c.n ? CLI_FAILED : CLI_OK);
}

const struct cli_cmd cli_cmd_rootfs_check = {
	.name = "rootfs check", .args = "FILE", .brief = "check whether an ext4 file agrees with itself",
	.about = "A line for each fault; exit status 1 if there is one. Looked at are the superblock, group descriptors, bitmaps, "
		 "inodes, extents and block maps, attributes, directories and their indexes, counts of links and of what is "
		 "free, and all checksums; not the contents of files. Nothing is written: a journal that was not finished is "
		 "followed in memory, and what waits there to be deleted is no fault.",
	.opts = check_opts, .min_args = 1, .max_args = 1, .run = run_check,
};

/* --- cat */

static int run_cat(struct cli *cli, const struct cli_args *a)
{
	if (cli_await(cli, berth_rootfs_cat(cli->berth, a->argv[0], a->argv[1], STDOUT_FILENO, cli_on_done,
					    cli, &cli->op, &cli->error)) < 0)
		return cli->rc == -EPIPE ? CLI_FAILED : cli_fail(cli);
	return CLI_OK;
}

const struct cli_cmd cli_cmd_rootfs_cat = {
	.name = "rootfs cat",
	.args = "FILE PATH",
	.brief = "print a file of an ext4 file",
	.about = "The bytes of PATH, a regular file, as they are. Symlinks are followed inside the file "
		 "system.",
	.min_args = 2,
	.max_args = 2,
	.run = run_cat,
};

/* --- extract */

static const struct cli_opt extract_opts[] = {
	{ 'o', "output", "FILE", "the tar to make; - is standard output (needed)" },
	{ 0 },
};

void cli_tar_done(void *arg, int rc, const struct berth_error *e, const struct berth_tar_result *r)
{
	struct cli_tar *t = arg;

	cli_progress_end(t->cli);
	if (rc == 0)
		t->result = *r;
	cli_finish(t->cli, rc, e);
}

void cli_tar_progress(void *arg, const struct berth_progress *p)
{
	cli_on_progress(((struct cli_tar *)arg)->cli, p);
}

int cli_tar_open(struct cli_tar *t, struct cli *cli, const struct cli_args *a, const char *usual)
{
	const char *name = cli_value(a, "output") ?: usual;

	*t = (struct cli_tar){ .cli = cli, .fd = -1, .name = name };
	if (!name)
		return cli_usage(a->cmd, "the tar to make is missing: -o FILE, or -o - for standard output");
	if (!strcmp(name, "-")) {
		if (isatty(STDOUT_FILENO))
			return cli_usage(a->cmd, "a tar is not for a terminal: name a file with -o");
		t->fd = STDOUT_FILENO;
		t->name = NULL;
	}
	return CLI_OK;
}

int cli_tar_fail(const struct cli_tar *t)
{
	/* who reads a pipe may have seen enough */
	return !t->name && t->cli->rc == -EPIPE ? CLI_FAILED : cli_fail(t->cli);
}

int cli_tar_close(struct cli_tar *t, int code)
{
	if (code == CLI_OK && t->result.left_out)
		cli_warn("%llu sockets were left out: a tar cannot hold them",
			 (unsigned long long)t->result.left_out);
	return code;
}

static int run_extract(struct cli *cli, const struct cli_args *a)
{
	struct cli_tar t;
	int code = cli_tar_open(&t, cli, a, NULL);

	if (code != CLI_OK)
		return code;
	if (cli_await(cli, berth_rootfs_extract(cli->berth, a->argv[0], a->argc > 1 ? a->argv[1] : "/", t.name, t.fd,
						cli_tar_progress, cli_tar_done, &t, &cli->op, &cli->error)) <
	    0)
		code = cli_tar_fail(&t);
	return cli_tar_close(&t, code);
}

const struct cli_cmd cli_cmd_rootfs_extract = {
	.name = "rootfs extract",
	.args = "FILE [PATH]",
	.brief = "make a tar of an ext4 file",
	.about = "A PAX tar with all that a file system says of its files: hard links, devices, attributes, "
		 "ACLs, nanoseconds, "
		 "holes, names of any bytes. With PATH, only that and what is below it, under its whole "
		 "name. Sockets are "
		 "left out.",
	.opts = extract_opts,
	.min_args = 1,
	.max_args = 2,
	.run = run_extract,
};

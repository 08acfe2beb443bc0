/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-rootfs-create.c - an ext4 file of many sources, and an image of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/cli.h"
#include "job/rootfs-output.h"
#include "oci/ref.h"

static const struct cli_opt rootfs_opts[] = {
	{ 'o', "output", "FILE", "the file to make (needed)" },
	{ 0, "tag", "NAME", "make an image of it too, in one layer" },
	{ 0, "size", "SIZE", "of the file system (default: the smallest power of two that is roomy)" },
	{ 0, "max-size", "SIZE", "largest size of what the sources unpack to (default 64g)" },
	{ 0, "platform", "OS/ARCH", "of images" },
	{ 0, "uuid", "UUID", "default: from the content" },
	{ 0, "label", "LABEL", "at most 16 bytes" },
	{ 0, "journal", "MODE", "ordered, writeback or data (default none)" },
	{ 0, "lost-found", NULL, "make a folder lost+found, as mke2fs does" },
	{ 0, "run", "SCRIPT", "run this file of the host as root in a VM over the sources; - is standard input" },
	{ 'e', "env", "KEY[=VALUE]", "set an environment variable of the scripts; KEY alone takes this shell's" },
	{ 0, "network", "NETWORK", "of the scripts: host-user (default) or none" },
	{ 'm', "memory", "SIZE", "of the scripts (default: the VM's 512 MiB)" },
	{ 0, "cpus", "N", "of the scripts (default 1)" },
	{ 0 },
};

struct making {
	struct cli *cli;
	const struct cli_cmd *cmd;
	struct berth_rootfs_result result;
};

static void on_made(void *arg, int rc, const struct berth_error *e, const struct berth_rootfs_result *r)
{
	struct making *m = arg;

	cli_progress_end(m->cli);
	if (rc == 0)
		m->result = *r;
	cli_finish(m->cli, rc, e);
}

static void on_making(void *arg, const struct berth_progress *p)
{
	const struct making *m = arg;

	cli_on_progress(m->cli, p);
}

/* --- an image of it */

static void on_tagged(void *arg, int rc, const struct berth_error *e, const char *digest, const char *id)
{
	cli_progress_end(arg);
	if (rc == 0)
		puts(id);
	cli_finish(arg, rc, e);
}

/* A file without a name beside path. */
static int scratch(const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

	return dir ? open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
}

/* All of file, as a tar, becomes the one layer of the image. */
static int tag(struct cli *cli, const char *file, const struct berth_rootfs *r, const char *name)
{
	AUTO_CLOSE int fd = scratch(r->output);
	struct cli_tar t = { .cli = cli, .fd = fd };
	struct berth_import i = { .fd = fd, .name = name, .platform = r->platform, .max_size = r->max_size };

	if (fd < 0) {
		cli_error("cannot make a file beside '%s': %s", r->output, strerror(errno));
		return CLI_FAILED;
	}
	if (cli_await(cli, berth_rootfs_extract(cli->berth, file, "/", NULL, fd, cli_tar_progress, cli_tar_done, &t, &cli->op,
						&cli->error)) < 0)
		return cli_fail(cli);
	if (lseek(fd, 0, SEEK_SET) < 0 ||
	    cli_await(cli, berth_image_import(cli->berth, &i, cli_on_progress, on_tagged, cli, &cli->op, &cli->error)) < 0)
		return cli_fail(cli);
	return cli_tar_close(&t, CLI_OK);
}

/* --- scripts */

static void on_print(void *arg, int stream, const char *p, size_t n)
{
	const struct making *m = arg;

	cli_progress_hide(m->cli);
	file_write_full(stream, p, n);
}

/* SOURCE_DATE_EPOCH, as other programs know it: the time of what is made. */
static int take_scripts(const struct cli_args *a, struct berth_rootfs *r)
{
	const char *memory = cli_value(a, "memory"), *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t v;
	struct err e = { 0 };
	int code = cli_cpus(a, &r->cpus);

	if (code)
		return code;
	if (memory && str_parse_size(memory, &r->memory, &e) < 0)
		return cli_usage(a->cmd, "--memory: %s", e.text);
	if (epoch && *epoch && str_parse_u64(epoch, INT32_MAX, &v) < 0)
		return cli_usage(a->cmd, "SOURCE_DATE_EPOCH is '%s', which is not a number of seconds", epoch);
	if (epoch && *epoch)
		r->time = (int64_t)v;
	r->network = cli_value(a, "network");
	r->print = on_print;
	return CLI_OK;
}

/* --- the file */

static int make(struct making *m, const struct berth_rootfs *r)
{
	struct cli *cli = m->cli;
	int rc = berth_rootfs_create(cli->berth, r, on_making, on_made, m, &cli->op, &cli->error);

	if (rc == -EINVAL) /* nothing was begun: it is the words */
		return cli_usage(m->cmd, "%s", cli->error.text);
	return cli_await(cli, rc) < 0 ? cli_fail(cli) : CLI_OK;
}

/* The file gets its name once the image is there: both, or neither. Until then it has none, so that nothing is left
 * whoever is killed. */
static int make_and_tag(struct making *m, struct berth_rootfs *r, const char *name)
{
	AUTO(rootfs_output_finish) struct rootfs_output out = { 0 };
	AUTO_FREE char *file = NULL;
	struct err e = { 0 };
	int code;

	if (rootfs_output_begin(r->output, &out, &e) < 0)
		return cli_error("%s", e.text), CLI_FAILED;
	file = path_fmt("/proc/self/fd/%d", out.fd);
	if (!file)
		return cli_error("out of memory"), CLI_FAILED;
	r->fd = out.fd;
	code = make(m, r);
	if (code == CLI_OK)
		code = tag(m->cli, file, r, name);
	if (code == CLI_OK && rootfs_output_commit(&out, &e) < 0)
		return cli_error("%s", e.text), CLI_FAILED;
	return code;
}

/* A name that no image can have is told before minutes of work, and so is a terminal in place of a tar. */
static int check_words(const struct cli_args *a, const char *name)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	struct err e = { 0 };

	if (name && oci_ref_parse_name(name, &ref, &e) < 0)
		return cli_usage(a->cmd, "--tag: %s", e.text);
	for (int i = 0; i < a->argc; i++)
		if (!strcmp(a->argv[i], "tar:-") && isatty(STDIN_FILENO))
			return cli_usage(a->cmd, "there is no tar to read from the terminal: tar:FILE names one");
	return CLI_OK;
}

static int run_rootfs_create(struct cli *cli, const struct cli_args *a)
{
	struct making m = { .cli = cli, .cmd = a->cmd };
	AUTO_FREE const char **scripts = cli_values(a, "run");
	AUTO_FREE const char **env = cli_values(a, "env");
	const char *size = cli_value(a, "size"), *max = cli_value(a, "max-size"), *name = cli_value(a, "tag");
	struct err e = { 0 };
	char used[8], total[8];
	struct berth_rootfs r = {
		.sources = a->argv,
		.output = cli_value(a, "output"),
		.platform = cli_value(a, "platform"),
		.uuid = cli_value(a, "uuid"),
		.label = cli_value(a, "label"),
		.journal = cli_value(a, "journal"),
		.scripts = scripts,
		.env = env,
		.lost_found = cli_flag(a, "lost-found"),
	};
	int code;

	if (!r.output)
		return cli_usage(a->cmd, "the file to make is missing: -o FILE");
	if (size && str_parse_size(size, &r.size, &e) < 0)
		return cli_usage(a->cmd, "--size: %s", e.text);
	if (max && str_parse_size(max, &r.max_size, &e) < 0)
		return cli_usage(a->cmd, "--max-size: %s", e.text);
	code = take_scripts(a, &r);
	if (code == CLI_OK)
		code = check_words(a, name);
	if (code)
		return code;
	code = name ? make_and_tag(&m, &r, name) : make(&m, &r);
	if (code != CLI_OK)
		return code;
	str_size(m.result.used, used);
	str_size(m.result.size, total);
	if (cli->progress != CLI_PROGRESS_NONE)
		fprintf(stderr, "%s: ext4, %s of %s used, %llu entries\n", r.output, used, total,
			(unsigned long long)m.result.entries);
	return CLI_OK;
}

const struct cli_cmd cli_cmd_rootfs_create = {
	.name = "rootfs create", .args = "SOURCE...", .brief = "make an ext4 file from images, folders and tars",
	.about = "A source is an image of the store, oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:TAG], dir:PATH or "
		 "tar:FILE; later ones lie on top of "
		 "earlier ones. A tar may be compressed, and tar:- is standard input. No root rights and no mount are "
		 "needed. The same sources give the same bytes, whatever the clock says. A folder gives its files as "
		 "they are: owners by number, times and attributes as the caller may read them, but not SELinux's. "
		 "The image that --tag makes has one layer and no command; its id is printed. The image of an archive comes "
		 "into the store without a name. "
		 "Each --run SCRIPT runs, in the order given, as root in a virtual machine whose files are what the sources "
		 "and the scripts before it made, by its #! line or by /bin/sh. It is not part of the result, has no "
		 "standard input, and what it prints is printed. If one ends with another code than 0, the command fails "
		 "with exit code 1 and makes nothing. The result is written anew, without a trace of the VM; "
		 "/etc/hosts, /etc/hostname and /etc/resolv.conf stay what the sources have. Sockets come over too, but not into the image of --tag. "
		 "What a script writes has the newest time of the sources, or that of SOURCE_DATE_EPOCH, "
		 "which the script is given too: so a script that writes the same bytes makes the same file.",
	.opts = rootfs_opts, .min_args = 1, .max_args = -1, .run = run_rootfs_create,
};

static int run_tar_to_ext4(struct cli *cli, const struct cli_args *a)
{
	static const char *const argv[] = { "tar:-", NULL };
	struct cli_args with = *a;

	with.argv = (const char **)argv;
	with.argc = 1;
	return run_rootfs_create(cli, &with);
}

const struct cli_cmd cli_cmd_debug_tar_to_ext4 = {
	.name = "debug tar-to-ext4", .args = "", .brief = "make an ext4 file of the tar on standard input",
	.opts = rootfs_opts, .max_args = 0, .hidden = true, .run = run_tar_to_ext4,
};

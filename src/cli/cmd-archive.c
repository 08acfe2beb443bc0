/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-archive.c - save, load, import: images as files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/cli.h"

/* --- save */

static const struct cli_opt save_opts[] = {
	{ 'o', "output", "FILE", "where to (default -: standard output); of oci-dir a folder" },
	{ 0, "format", "FORM", "oci-archive (default), docker-archive or oci-dir" },
	{ 0, "platform", "OS/ARCH[/VARIANT]", "of a docker-archive, which holds one (default this machine's)" },
	{ 'q', "quiet", NULL, "no progress" },
	{ 0 },
};

static void on_saved(void *arg, int rc, const struct berth_error *e)
{
	cli_progress_end(arg);
	cli_finish(arg, rc, e);
}

static int run_save(struct cli *cli, const struct cli_args *a)
{
	const char *output = cli_value(a, "output");
	bool out = !output || strcmp(output, "-") == 0;
	const struct berth_save s = { a->argv, cli_value(a, "format"), out ? NULL : output, STDOUT_FILENO,
				      cli_value(a, "platform") };

	if (out && isatty(STDOUT_FILENO))
		return cli_usage(a->cmd, "an archive is not for the terminal: -o FILE");
	if (cli_flag(a, "quiet"))
		cli->progress = CLI_PROGRESS_NONE;
	return cli_await(cli, berth_image_save(cli->berth, &s, cli_on_progress, on_saved, cli, &cli->op, &cli->error)) < 0 ?
		       cli_fail(cli) :
		       CLI_OK;
}

#define SAVE_ABOUT                                                                                                  \
	"oci-archive is a tar of an OCI image layout with all platforms that are there, digests unchanged; docker-archive is " \
	"what docker load of any age reads; oci-dir is the layout as a folder. The same images give the same bytes. FILE "     \
	"appears whole or not at all."

const struct cli_cmd cli_cmd_save = {
	.name = "save", .args = "IMAGE...", .brief = "write images to an archive", .about = SAVE_ABOUT, .opts = save_opts,
	.min_args = 1, .max_args = -1, .run = run_save,
};
const struct cli_cmd cli_cmd_image_save = {
	.name = "image save", .args = "IMAGE...", .brief = "as save", .opts = save_opts, .alias = true, .min_args = 1,
	.max_args = -1, .run = run_save,
};

/* --- load */

static const struct cli_opt load_opts[] = {
	{ 'i', "input", "FILE", "an archive or an image layout's folder (default -: standard input)" },
	{ 0, "max-size", "SIZE", "largest uncompressed archive (default 64g)" },
	{ 'q', "quiet", NULL, "no progress" },
	{ 0 },
};

static void on_loaded(void *arg, int rc, const struct berth_error *e, const struct berth_loaded *v, size_t n)
{
	cli_progress_end(arg);
	for (size_t i = 0; rc == 0 && i < n; i++)
		printf(v[i].name ? "Loaded image: %s\n" : "Loaded image ID: %s\n", v[i].name ? v[i].name : v[i].digest);
	cli_finish(arg, rc, e);
}

/* -i's path, NULL for standard input; < 0 after an error was printed. */
static int input_of(const struct cli_args *a, const char *given, const char **ret, uint64_t *max)
{
	const char *size = cli_value(a, "max-size");
	struct err e = { 0 };

	*ret = given && strcmp(given, "-") != 0 ? given : NULL;
	if (size && str_parse_size(size, max, &e) < 0)
		return cli_usage(a->cmd, "--max-size: %s", e.text);
	if (!*ret && isatty(STDIN_FILENO))
		return cli_usage(a->cmd, "there is nothing to read from the terminal: name a file");
	return CLI_OK;
}

static int run_load(struct cli *cli, const struct cli_args *a)
{
	struct berth_load l = { .fd = STDIN_FILENO };
	int code = input_of(a, cli_value(a, "input"), &l.path, &l.max_size);

	if (code)
		return code;
	if (cli_flag(a, "quiet"))
		cli->progress = CLI_PROGRESS_NONE;
	return cli_await(cli, berth_image_load(cli->berth, &l, cli_on_progress, on_loaded, cli, &cli->op, &cli->error)) < 0 ?
		       cli_fail(cli) :
		       CLI_OK;
}

const struct cli_cmd cli_cmd_load = {
	.name = "load", .args = "", .brief = "take images out of an archive",
	.about = "An archive of docker save, podman save or skopeo, gzip or zstd around it or not, or the folder of an OCI image "
		 "layout. All its images come in, or none: each byte is checked, and a name in it never leads out of it.",
	.opts = load_opts, .max_args = 0, .run = run_load,
};
const struct cli_cmd cli_cmd_image_load = {
	.name = "image load", .args = "", .brief = "as load", .opts = load_opts, .alias = true, .max_args = 0,
	.run = run_load,
};

/* --- import */

static const struct cli_opt import_opts[] = {
	{ 'c', "change", "INSTRUCTION", "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR, as in a Dockerfile" },
	{ 'm', "message", "TEXT", "what history says of it" },
	{ 0, "platform", "OS/ARCH[/VARIANT]", "what the files are for (default this machine)" },
	{ 0, "max-size", "SIZE", "largest unpacked size (default 64g)" },
	{ 'q', "quiet", NULL, "no progress" },
	{ 0 },
};

static void on_imported(void *arg, int rc, const struct berth_error *e, const char *digest, const char *id)
{
	cli_progress_end(arg);
	if (rc == 0)
		puts(id);
	cli_finish(arg, rc, e);
}

static int run_import(struct cli *cli, const struct cli_args *a)
{
	AUTO_FREE const char **changes = cli_values(a, "change");
	struct berth_import i = { .fd = STDIN_FILENO, .name = a->argc > 1 ? a->argv[1] : NULL,
				  .message = cli_value(a, "message"), .changes = changes,
				  .platform = cli_value(a, "platform") };
	int code = input_of(a, a->argv[0], &i.path, &i.max_size);

	if (code)
		return code;
	if (cli_flag(a, "quiet"))
		cli->progress = CLI_PROGRESS_NONE;
	return cli_await(cli, berth_image_import(cli->berth, &i, cli_on_progress, on_imported, cli, &cli->op,
						 &cli->error)) < 0 ?
		       cli_fail(cli) :
		       CLI_OK;
}

const struct cli_cmd cli_cmd_import = {
	.name = "import", .args = "FILE|- [NAME]", .brief = "make an image of a tar of a root file system",
	.about = "The tar, gzip or zstd around it or not, becomes the one layer of an image. Prints the image's id.",
	.opts = import_opts, .min_args = 1, .max_args = 2, .run = run_import,
};
const struct cli_cmd cli_cmd_image_import = {
	.name = "image import", .args = "FILE|- [NAME]", .brief = "as import", .opts = import_opts, .alias = true,
	.min_args = 1, .max_args = 2, .run = run_import,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-kernel.c - kernel ls, inspect, import, build, default, rm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/cli.h"

static const struct cli_opt format_opts[] = { CLI_FORMAT_OPT, CLI_QUIET_OPT, { 0 } };
static const struct cli_opt inspect_opts[] = { CLI_FORMAT_OPT, { 0 } };

static cJSON *kernel_json(const struct berth_kernel *k)
{
	cJSON *j = cJSON_CreateObject(), *features = cJSON_CreateArray();

	cJSON_AddStringToObject(j, "name", k->name);
	cJSON_AddStringToObject(j, "version", k->version);
	cJSON_AddStringToObject(j, "arch", k->arch);
	cJSON_AddBoolToObject(j, "default", k->is_default);
	cJSON_AddNumberToObject(j, "size_bytes", (double)k->size_bytes);
	for (const char *const *f = k->features; f && *f; f++)
		cJSON_AddItemToArray(features, cJSON_CreateString(*f));
	cJSON_AddItemToObject(j, "features", features);
	cJSON_AddStringToObject(j, "path", k->path);
	return j;
}

static void on_kernels(void *arg, int rc, const struct berth_error *e, const struct berth_kernel *list, size_t n)
{
	struct cli *cli = arg;

	cli->rows = cJSON_CreateArray();
	for (size_t i = 0; rc == 0 && i < n; i++)
		cJSON_AddItemToArray(cli->rows, kernel_json(&list[i]));
	cli_finish(cli, rc, e);
}

/* All of them; NULL after an error, which was told. */
static cJSON *kernels(struct cli *cli, int *ret_code)
{
	if (cli_await(cli, berth_kernel_list(cli->berth, on_kernels, cli, &cli->error)) < 0) {
		cJSON_Delete(TAKE(cli->rows));
		*ret_code = cli_fail(cli);
		return NULL;
	}
	return TAKE(cli->rows);
}

static char *cell_name(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "name"));
}

static char *cell_version(const cJSON *r, bool wide)
{
	const char *v = cli_str(r, "version");

	return strdup(*v ? v : "-");
}

static char *cell_default(const cJSON *r, bool wide)
{
	return strdup(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(r, "default")) ? "*" : "");
}

static int run_ls(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_column columns[] = {
		{ "NAME", cell_name }, { "VERSION", cell_version }, { "DEFAULT", cell_default }, { "SIZE", cli_cell_size, true },
		{ 0 },
	};
	static const struct cli_listing listing = { columns, "name", false };
	int code = CLI_OK;
	AUTO_JSON cJSON *rows = kernels(cli, &code);

	return rows ? cli_list(a, &listing, rows, false) : code;
}

const struct cli_cmd cli_cmd_kernel_ls = {
	.name = "kernel ls", .looks = true, .args = "", .brief = "list the kernels that containers can boot", .opts = format_opts,
	.about = "The one named berth comes with it; others are of the store. Containers that name none boot the "
		 "default, which has a star.",
	.max_args = 0, .run = run_ls,
};

static int run_inspect(struct cli *cli, const struct cli_args *a)
{
	AUTO_JSON cJSON *found = cJSON_CreateArray();
	int code = CLI_OK, shown;
	AUTO_JSON cJSON *rows = kernels(cli, &code);

	if (!rows)
		return code;
	for (int i = 0; i < a->argc; i++) {
		const cJSON *row, *hit = NULL;

		cJSON_ArrayForEach(row, rows)
			if (strcmp(cli_str(row, "name"), a->argv[i]) == 0)
				hit = row;
		if (hit) {
			cJSON_AddItemToArray(found, cJSON_Duplicate(hit, 1));
			continue;
		}
		cli_error("there is no kernel '%s'", a->argv[i]);
		cli_hint("berth kernel ls lists them");
		code = CLI_FAILED;
	}
	shown = cli_inspect(a, found);
	return shown != CLI_OK ? shown : code;
}

const struct cli_cmd cli_cmd_kernel_inspect = {
	.name = "kernel inspect", .looks = true, .args = "NAME...", .brief = "tell all that is known of kernels", .opts = inspect_opts,
	.min_args = 1, .max_args = -1, .run = run_inspect,
};

static const struct cli_opt import_opts[] = {
	{ 0, "name", "NAME", "its name here (default: the file's)" },
	{ 0 },
};

static void on_named(void *arg, int rc, const struct berth_error *e, const char *const *lines, size_t n)
{
	for (size_t i = 0; rc == 0 && i < n; i++)
		puts(lines[i]);
	cli_finish(arg, rc, e);
}

static int run_import(struct cli *cli, const struct cli_args *a)
{
	return cli_await(cli, berth_kernel_import(cli->berth, a->argv[0], cli_value(a, "name"), on_named, cli,
						  &cli->error)) < 0 ? cli_fail(cli) : CLI_OK;
}

const struct cli_cmd cli_cmd_kernel_import = {
	.name = "kernel import", .args = "FILE", .brief = "take over a kernel",
	.about = "FILE is a vmlinux with a PVH entry or a bzImage for x86-64. It needs the drivers of virtio built in: "
		 "virtio-mmio, virtio-blk, vsock and overlayfs at least; modules are not loaded.",
	.opts = import_opts, .min_args = 1, .max_args = 1, .run = run_import,
};

static int run_build(struct cli *cli, const struct cli_args *a)
{
	int rc = cli_await(cli, berth_kernel_build(cli->berth, cli_on_progress, on_named, cli, &cli->op, &cli->error));

	cli_progress_end(cli);
	return rc < 0 ? cli_fail(cli) : CLI_OK;
}

const struct cli_cmd cli_cmd_kernel_build = {
	.name = "kernel build", .args = "", .brief = "build berth's kernel from source and make it the default",
	.about = "This takes minutes and needs a compiler and the package linux-source-6.1. What is built is kept in "
		 "~/.cache/berth, so the same again takes no time, and an interrupted build goes on where it was.",
	.max_args = 0, .run = run_build,
};

static int run_default(struct cli *cli, const struct cli_args *a)
{
	return cli_await(cli, berth_kernel_set_default(cli->berth, a->argv[0], cli_on_done, cli, &cli->error)) < 0 ?
		       cli_fail(cli) : CLI_OK;
}

const struct cli_cmd cli_cmd_kernel_default = {
	.name = "kernel default", .args = "NAME", .brief = "choose the kernel of containers that name none",
	.about = "The name berth goes back to the one that comes with it.", .min_args = 1, .max_args = 1,
	.run = run_default,
};

static int run_rm(struct cli *cli, const struct cli_args *a)
{
	int code = CLI_OK;

	for (int i = 0; i < a->argc; i++) {
		if (cli_await(cli, berth_kernel_remove(cli->berth, a->argv[i], cli_on_done, cli, &cli->error)) < 0)
			code = cli_fail(cli);
		else
			puts(a->argv[i]);
	}
	return code;
}

const struct cli_cmd cli_cmd_kernel_rm = {
	.name = "kernel rm", .args = "NAME...", .brief = "remove kernels from the store", .min_args = 1, .max_args = -1,
	.run = run_rm,
};

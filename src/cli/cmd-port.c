/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-port.c - port: where a container's published ports are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/cli.h"

static const struct cli_opt port_opts[] = {
	CLI_FORMAT_OPT,
	{ 0 },
};

static void on_json(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct cli *cli = arg;

	if (rc == 0)
		cli->rows = cJSON_Parse(json);
	cli_finish(cli, rc, e);
}

/* "80" or "80/tcp" of the command line; port 0: none was given. */
struct wanted {
	uint64_t port;
	const char *proto;
};

static int parse(const struct cli_args *a, struct wanted *ret)
{
	const char *word = a->argc > 1 ? a->argv[1] : NULL, *slash = word ? strchr(word, '/') : NULL;
	AUTO_FREE char *number = word ? strndup(word, slash ? (size_t)(slash - word) : strlen(word)) : NULL;

	*ret = (struct wanted){ .proto = slash ? slash + 1 : "tcp" };
	if (word && (!number || str_parse_u64(number, 65535, &ret->port) < 0 || !ret->port ||
		     (strcmp(ret->proto, "tcp") != 0 && strcmp(ret->proto, "udp") != 0)))
		return cli_usage(a->cmd, "'%s' is not a port, as in 80 or 80/tcp", word);
	return 0;
}

/* Of the ports those that were asked for, while they are there. */
static cJSON *rows_of(const cJSON *container, const struct wanted *w)
{
	cJSON *rows = cJSON_CreateArray();
	const cJSON *p;

	if (!json_bool(json_obj(container, "State"), "Running", false))
		return rows;
	cJSON_ArrayForEach(p, json_arr(container, "ports"))
		if (!w->port || ((uint64_t)json_int(p, "container_port", 0) == w->port &&
				 strcmp(cli_str(p, "proto"), w->proto) == 0))
			cJSON_AddItemToArray(rows, cJSON_Duplicate(p, 1));
	return rows;
}

static void print_lines(const cJSON *rows, bool short_form)
{
	const cJSON *p;

	cJSON_ArrayForEach(p, rows) {
		const char *ip = cli_str(p, "host_ip");
		bool six = strchr(ip, ':') != NULL;

		if (!short_form)
			printf("%lld/%s -> ", (long long)json_int(p, "container_port", 0), cli_str(p, "proto"));
		printf("%s%s%s:%lld\n", six ? "[" : "", ip, six ? "]" : "", (long long)json_int(p, "host_port", 0));
	}
}

static int run_port(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_listing none = { .quiet_key = "host_port" };
	const char *format = cli_value(a, "format");
	AUTO_JSON cJSON *container = NULL;
	AUTO_JSON cJSON *rows = NULL;
	struct wanted w;
	int code = parse(a, &w);

	if (code)
		return code;
	if (cli_await(cli, berth_container_inspect(cli->berth, a->argv[0], on_json, cli, &cli->error)) < 0)
		return cli_fail(cli);
	container = TAKE(cli->rows);
	rows = rows_of(container, &w);
	if (w.port && cJSON_GetArraySize(rows) == 0) {
		cli_error("port %llu/%s of container %s is not published", (unsigned long long)w.port, w.proto, a->argv[0]);
		return CLI_FAILED;
	}
	if (format && strcmp(format, "table") != 0)
		return cli_list(a, &none, rows, true);
	print_lines(rows, w.port != 0);
	return CLI_OK;
}

const struct cli_cmd cli_cmd_port = {
	.name = "port", .looks = true, .args = "CONTAINER [PORT[/PROTO]]", .brief = "print the published ports of a container",
	.about = "Of one that runs: each port of the container and where it is on the host. With PORT only where that one is.",
	.opts = port_opts, .min_args = 1, .max_args = 2, .run = run_port,
};

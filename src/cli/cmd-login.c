/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-login.c - login, logout. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/cli.h"

static const struct cli_opt login_opts[] = {
	{ 'u', "username", "USER", "whose login it is" },
	{ 'p', "password", "PASSWORD", "the password; better --password-stdin or the question", .secret = true },
	{ 0, "password-stdin", NULL, "read the password from standard input" },
	{ 0, "plain-http", NULL, "without TLS" },
	{ 0, "tls-verify", NULL, "check the registry's certificate (default true)", CLI_BOOL },
	{ 0, "ca", "FILE", "certificates to trust" },
	{ 0 },
};

static void wipe(char **s)
{
	if (*s)
		explicit_bzero(*s, strlen(*s));
	free(*s);
}

static void on_login(void *arg, int rc, const struct berth_error *e, const struct berth_login_result *r)
{
	struct cli *cli = arg;

	if (rc == 0) {
		if (!r->asked)
			cli_warn("%s asks for no login: any is right", r->host);
		if (r->in_file)
			cli_warn("the password is kept unencrypted in %s; a credential helper would keep it better", r->kept);
		if (!r->kept)
			fprintf(stderr, "The login of %s that is kept is right.\n", r->user);
		puts("Login Succeeded");
	}
	cli_finish(cli, rc, e);
}

static int try_login(struct cli *cli, const struct berth_login *l)
{
	return cli_await(cli, berth_login(cli->berth, l, on_login, cli, &cli->op, &cli->error));
}

/* Asks for what is missing. 0, or an exit code. */
static int ask(struct cli *cli, const struct cli_args *a, const char *host, char **user, char **password)
{
	if (!*user) {
		fprintf(stderr, "Login to %s\n", host ? host : "docker.io");
		*user = cli_ask(cli, "Username: ", false);
	}
	if (*user && **user && !*password)
		*password = cli_ask(cli, "Password: ", true);
	if (*user && **user && *password)
		return 0;
	if (cli->interrupted)
		return CLI_INTERRUPTED;
	return cli_usage(a->cmd, "a user and a password are needed");
}

static int run_login(struct cli *cli, const struct cli_args *a)
{
	struct berth_login l = {
		.host = a->argc ? a->argv[0] : NULL,
		.reach = cli_reach(a),
	};
	const char *given = cli_value(a, "username"), *secret = cli_value(a, "password");
	char *user = given ? strdup(given) : NULL;
	char *password AUTO(wipe) = secret ? strdup(secret) : NULL;
	AUTO_FREE char *own_user = user;
	bool from_stdin = cli_flag(a, "password-stdin");
	int code;

	if (secret && from_stdin)
		return cli_usage(a->cmd, "--password and --password-stdin exclude each other");
	if ((secret || from_stdin) && !given)
		return cli_usage(a->cmd, "--username is missing");
	if (secret)
		cli_warn("a password on the command line can stay in the shell's history: --password-stdin");
	if (from_stdin && !(password = cli_read_secret()))
		return cli_usage(a->cmd, "there is no password on standard input");
	if (!given) {
		if (try_login(cli, &l) == 0)
			return CLI_OK;
		if (cli->rc != -ENOKEY && cli->rc != -EACCES)
			return cli_fail(cli);
		if (cli->rc == -EACCES && isatty(0))
			cli_warn("%s", cli->error.text);
	}
	if (!isatty(0) && (!user || !password)) {
		if (!given && cli->rc == -EACCES)
			return cli_fail(cli);
		return cli_usage(a->cmd, "there is no terminal to ask for the login on: -u USER --password-stdin");
	}
	code = user && password ? 0 : ask(cli, a, l.host, &user, &password);
	own_user = user;
	if (code)
		return code;
	l.user = user;
	l.password = password;
	return try_login(cli, &l) < 0 ? cli_fail(cli) : CLI_OK;
}

const struct cli_cmd cli_cmd_login = {
	.name = "login", .args = "[HOST]", .brief = "log in to a registry (docker.io, if none is named)",
	.about = "The registry is asked whether the login is right. Then it is kept where docker keeps its own: in "
		 "~/.docker/config.json (or $DOCKER_CONFIG), or by the credential helper that this file names. Without a user, a "
		 "login that is kept is tried first, and asked for at the terminal if it is not right.",
	.opts = login_opts, .max_args = 1, .run = run_login,
};

static void on_logout(void *arg, int rc, const struct berth_error *e, bool found, const char *left)
{
	struct cli *cli = arg;

	if (rc == 0 && !found && !left)
		cli_warn("there was no login to forget");
	if (rc == 0 && left)
		cli_warn("%s has a login too, which is used as before", left);
	cli_finish(cli, rc, e);
}

static int run_logout(struct cli *cli, const struct cli_args *a)
{
	return cli_await(cli, berth_logout(cli->berth, a->argc ? a->argv[0] : NULL, on_logout, cli, &cli->error)) < 0 ?
		       cli_fail(cli) :
		       CLI_OK;
}

const struct cli_cmd cli_cmd_logout = {
	.name = "logout", .args = "[HOST]", .brief = "forget the login of a registry",
	.about = "Takes it out of docker's config.json and its credential helper.",
	.max_args = 1, .run = run_logout,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h - the command line: one const struct a command, from which parser, help, man pages and completion
 * are made. */
#ifndef BERTH_CLI_CLI_H
#define BERTH_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/conf.h"
#include "base/json.h"
#include "berth/berth.h"

enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_BERTH_FAILED = 125, CLI_INTERRUPTED = 130 };

enum cli_opt_kind { CLI_VALUE, CLI_FLAG, CLI_BOOL /* --x, --x=false */ };

struct cli_opt {
	char letter;      /* 0: none */
	const char *name; /* long; NULL ends the list */
	const char *arg;  /* "NAME" of its value; NULL: a flag */
	const char *help; /* NULL: hidden */
	enum cli_opt_kind kind; /* CLI_BOOL: a flag that takes =true and =false; else derived from arg */
	bool secret;            /* its value is taken out of the process list at once */
};

struct cli;
struct cli_args;

struct cli_cmd {
	const char *name;  /* "run", "image ls" */
	const char *args;  /* "IMAGE [CMD [ARG...]]" */
	const char *brief; /* "make and start a container" */
	const char *about; /* a paragraph or more for the man page and --help; may be NULL */
	const struct cli_opt *opts;
	const struct cli_opt *more_opts; /* shared with other commands; may be NULL */
	int min_args, max_args;          /* -1: any number */
	bool options_end_at_arg;         /* the first argument ends them: run, create, exec */
	bool hidden, alias;              /* alias: of a shorter form */
	bool looks;                      /* changes nothing; the UI asks before it runs another */
	bool no_engine;                  /* run is called without an open store */
	int (*run)(struct cli *cli, const struct cli_args *a);
};

extern const struct cli_cmd *const cli_table[];   /* NULL at the end */
extern const struct cli_cmd *const cli_container_cmds[]; /* "container X" is X for these; NULL at the end */
extern const struct cli_opt cli_global_opts[];
const struct cli_opt *cli_global_find(const char *name);
/* Options of docker's that berth has not, each with the nearest way. */
struct cli_foreign {
	const char *name, *instead;
};
extern const struct cli_foreign cli_foreign_opts[];

/* --- parsed */

struct cli_given {
	const struct cli_opt *opt;
	const char *value;
	char *secret; /* owned: value, if it is one */
};

struct cli_args {
	const struct cli_cmd *cmd;
	struct cli_given *given;
	size_t ngiven;
	const char **argv; /* the arguments that are no options; NULL-terminated */
	int argc;
	bool help;         /* --help was among them */
	const char *group; /* without a cmd: "image" alone, of "image ls" and others; NULL */
};

/* Finds the command and reads its options; argv is only read, but for secrets, which are wiped there. 0, or CLI_USAGE after an error was printed. */
int cli_parse(int argc, char **argv, struct cli_args *ret);
void cli_args_finish(struct cli_args *a);
bool cli_flag(const struct cli_args *a, const char *name);
/* The last one given, or NULL. */
const char *cli_value(const struct cli_args *a, const char *name);
/* --force and --trash as enum berth_remove_flags. */
unsigned cli_remove_flags(const struct cli_args *a);
/* All that were given, NULL-terminated, NULL if none; the caller frees the array alone. */
const char **cli_values(const struct cli_args *a, const char *name);
/* --cpus; CLI_OK or CLI_USAGE. */
int cli_cpus(const struct cli_args *a, double *ret);

/* --- help.c */
void cli_print_help(void);                    /* of berth */
/* The first word of commands of two. */
bool cli_is_group(const char *word);
void cli_print_group_help(const char *group);
void cli_print_command_help(const struct cli_cmd *c);
void cli_print_usage(const struct cli_cmd *c); /* short, to stderr */
/* The command whose words begin argv; *used is how many. NULL: there is none. */
const struct cli_cmd *cli_find(const char *const *argv, int argc, int *used);

/* --- run time */

enum cli_progress { CLI_PROGRESS_TTY, CLI_PROGRESS_PLAIN, CLI_PROGRESS_JSON, CLI_PROGRESS_NONE };

struct cli {
	uv_loop_t loop;
	struct berth *berth;
	struct berth_options options;
	const char *config;       /* of --config or BERTH_CONFIG; NULL: the usual places */
	struct conf conf;
	enum cli_progress progress;
	bool color, no_color, read_only;

	/* The operation that the command waits for. */
	struct berth_op *op;
	bool finished;
	int rc;                 /* of it */
	struct berth_error error;
	bool interrupted;
	cJSON *rows;            /* what a listing brought; whoever takes it deletes it */
	uv_signal_t sigint, sigterm;
};

/* Runs the loop until cli_finish is called. An interrupt cancels cli->op. Returns cli->rc. */
int cli_wait(struct cli *cli);
void cli_finish(struct cli *cli, int rc, const struct berth_error *e);
/* A berth_done_cb with arg = cli. */
void cli_on_done(void *cli, int rc, const struct berth_error *e);
/* For a starting function that returned rc: 0 waits, < 0 fails at once. */
int cli_await(struct cli *cli, int start_rc);

/* "berth: error: …" and its hint. Returns CLI_FAILED, or CLI_INTERRUPTED after an interrupt. */
int cli_fail(struct cli *cli);
int cli_fail_with(const struct berth_error *e);
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cli_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cli_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* p; or, if it is NULL for want of memory, the end of the program. For the command line's words, which are read before
 * anything has begun. */
void *cli_must(void *p);
/* The same for wrong words: returns CLI_USAGE. */
int cli_usage(const struct cli_cmd *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Writes what is in stdout's buffer; a pipe that nobody reads ends the command in silence. */
int cli_flush(int rc);
/* What of the configuration only the program itself can judge: more issues, and the defaults again. */
void cli_check_config(struct conf *c);

/* --- format.c: listings */

struct cli_column {
	const char *head;
	/* The cell of a row; the caller frees. */
	char *(*cell)(const cJSON *row, bool wide);
	bool right;
};
struct cli_listing {
	const struct cli_column *columns; /* head NULL ends them */
	const char *quiet_key;            /* what -q prints of a row */
	bool short_ids;                   /* -q cuts to 12 digits unless wide */
};
/* Prints rows by --format and -q of a. Returns an exit code. */
int cli_list(const struct cli_args *a, const struct cli_listing *l, const cJSON *rows, bool wide);
/* One value by --format of a: JSON array, or a template. */
int cli_inspect(const struct cli_args *a, const cJSON *array);
#define CLI_FORMAT_OPT { 0, "format", "FORMAT", "table, json, jsonl, KEY[,KEY...] or a template '{{.Key}}'" }
#define CLI_QUIET_OPT { 'q', "quiet", NULL, "print identifiers only" }

/* --- words.c: what is shown to people */
char *cli_ago(int64_t ns);            /* "5 minutes ago"; the caller frees */
char *cli_short_id(const char *id);   /* without "sha256:", 12 digits */
char *cli_time(int64_t ns);           /* RFC 3339, or NULL for 0 */
void cli_add_time(cJSON *j, const char *name, int64_t ns);
/* The value of an option: a time, or how long ago. 0 if it was not given; CLI_USAGE after an error. */
int cli_parse_time(const struct cli_args *a, const char *opt, int64_t *ret);
const char *cli_str(const cJSON *row, const char *key); /* "" if absent */
char *cli_cell_size(const cJSON *row, bool wide); /* a column's cell of "size_bytes" */

/* --- cmd-registry.c */
/* --plain-http, --tls-verify, --ca, --creds. */
struct berth_reach cli_reach(const struct cli_args *a);
/* true for a name without tag and digest. */
bool cli_is_repository(const char *name);
/* The tags of a repository into cli->rows, {"tag"} each. < 0: as cli_await. */
int cli_load_tags(struct cli *cli, const char *repository, const struct berth_reach *r);

/* --- prompt.c */
/* A line asked for at the terminal, without its end; the caller frees. secret: it is not shown. NULL: there is no
 * terminal, or it ended, or was interrupted. */
char *cli_ask(struct cli *cli, const char *question, bool secret);
/* The first line of standard input; the caller wipes and frees. NULL if there is none. */
char *cli_read_secret(void);

/* --- progress.c: a berth_progress_cb with arg = cli */
void cli_on_progress(void *cli, const struct berth_progress *p);
void cli_progress_hide(struct cli *cli); /* until more of it comes */
void cli_progress_end(struct cli *cli);

/* --- cmd-rootfs.c */
/* Adds a name of any bytes: JSON has only text. */
void cli_add_name(cJSON *j, const char *key, const char *name);
/* Commands that make a tar for -o. */
struct cli_tar {
	struct cli *cli;
	int fd; /* to write to, without a name */
	const char *name; /* NULL: standard output */
	struct berth_tar_result result;
};
/* usual: without -o; may be NULL. CLI_OK, or another code after an error was printed. */
int cli_tar_open(struct cli_tar *t, struct cli *cli, const struct cli_args *a, const char *usual);
/* As cli_fail, in silence when a pipe is not read to its end. */
int cli_tar_fail(const struct cli_tar *t);
/* Tells what was left out. Returns code. */
int cli_tar_close(struct cli_tar *t, int code);
/* A berth_tar_cb and a berth_progress_cb with arg = struct cli_tar. */
void cli_tar_done(void *arg, int rc, const struct berth_error *e, const struct berth_tar_result *r);
void cli_tar_progress(void *arg, const struct berth_progress *p);

/* --- attach.c: a process's streams and this process's own */
struct cli_session {
	struct cli *cli;
	const struct berth_streams *streams;
	const char *name;          /* of the container, for calls and words */
	const char *exec_id;       /* NULL: the main process */
	const char *detach_keys;   /* NULL: the default */
	bool no_stdin, sig_proxy;
	bool ended_is_detach;      /* a stream's end without the process's is no error: attach */
};
/* Joins them until the process has ended or the user detached; returns the exit code of the command. */
int cli_session(const struct cli_session *s);
/* BERTH_ATTACH_CLIPBOARD where the configuration lets guests set the clipboard, else 0. */
unsigned cli_guest_clipboard(const struct cli *cli);
/* Size of the terminal at fd; 0 x 0 if there is none. */
void cli_terminal_size(int fd, unsigned *rows, unsigned *cols);

#endif

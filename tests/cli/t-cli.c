/* SPDX-License-Identifier: Apache-2.0 */
/* t-cli.c - words typed: commands and options, what run makes of them, formats, times, the keys that detach. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/attach-keys.h"
#include "cli/run-opts.h"

#undef main

#define MIB (1ull << 20)

/* --- what goes to a standard stream meanwhile */

struct capture {
	FILE *stream;
	int fd, saved;
};

static void capture_begin(struct capture *c, FILE *stream)
{
	c->stream = stream;
	fflush(stream);
	c->saved = fcntl(fileno(stream), F_DUPFD_CLOEXEC, 3);
	c->fd = memfd_create("out", MFD_CLOEXEC);
	dup2(c->fd, fileno(stream));
}

static const char *capture_end(struct capture *c)
{
	static char text[2][8192];
	static int turn;
	char *p = text[turn++ & 1];
	ssize_t n;

	fflush(c->stream);
	dup2(c->saved, fileno(c->stream));
	close(c->saved);
	n = pread(c->fd, p, sizeof(text[0]) - 1, 0);
	p[n < 0 ? 0 : n] = 0;
	close(c->fd);
	return p;
}

/* Words parted by single blanks; two of them in a row hold an empty word. */
static int split(char *line, char **argv)
{
	int n = 0;

	argv[n++] = (char *)"berth";
	for (char *p = line; p && *line;) {
		argv[n++] = p;
		p = strchr(p, ' ');
		if (p)
			*p++ = 0;
	}
	argv[n] = NULL;
	return n;
}

/* --- options */

static const struct {
	const char *line;
	const char *parsed; /* "command option=value … | argument …"; NULL: refused */
	const char *says;
} parses[] = {
	{ "", " |", NULL },
	{ "ps", "ps |", NULL },
	{ "ps -a", "ps all=true |", NULL },
	{ "ps -aq", "ps all=true quiet=true |", NULL },
	{ "ps --all=false", "ps all=false |", NULL },
	{ "ps --all=1", "ps all=true |", NULL },
	{ "ps --all=maybe", NULL, "option '--all' is true or false, not 'maybe'" },
	{ "ps --nosuch", NULL, "ps: unknown option '--nosuch'" },
	{ "ps -Z", NULL, "ps: unknown option '-Z'" },
	{ "ps extra", NULL, "'extra' is one argument too many" },
	{ "ps --format", NULL, "option '--format' needs a value" },
	{ "ps --format=", "ps format= |", NULL },
	{ "ps --format=a=b", "ps format=a=b |", NULL },
	{ "ps --format json", "ps format=json |", NULL },
	{ "--root /r ps", "ps root=/r |", NULL },
	{ "ps --root /r", "ps root=/r |", NULL },
	{ "--root", NULL, "option '--root' needs a value" },
	{ "nosuch", NULL, "there is no command 'nosuch'" },
	{ "nosuch word", NULL, "there is no command 'nosuch word'" },
	{ "image", NULL, "image: a command is missing" },
	{ "container", NULL, "container: a command is missing" },
	{ "image nosuch", NULL, "there is no command 'image nosuch'" },
	{ "image ls -q", "image ls quiet=true |", NULL },
	{ "container ps -q", "ps quiet=true |", NULL },
	{ "container rm -f a b", "rm force=true | a b", NULL },
	{ "system probe", "system probe |", NULL },
	{ "rm", NULL, "rm: an argument is missing" },
	{ "rm a b", "rm | a b", NULL },
	{ "rm a -f b", "rm force=true | a b", NULL },
	{ "rm -- -f", "rm | -f", NULL },
	{ "stop -t 5 a", "stop time=5 | a", NULL },
	{ "stop -t5 a", "stop time=5 | a", NULL },
	{ "stop -t=5 a", "stop time=5 | a", NULL },
	{ "stop --time 5 a", "stop time=5 | a", NULL },
	{ "logs -fn5 a", "logs follow=true tail=5 | a", NULL },
	/* run: the image ends the options */
	{ "run i", "run | i", NULL },
	{ "run -itd i", "run interactive=true tty=true detach=true | i", NULL },
	{ "run -it --rm i sh -c x", "run interactive=true tty=true rm=true | i sh -c x", NULL },
	{ "run i -it --rm", "run | i -it --rm", NULL },
	{ "run i --nosuch", "run | i --nosuch", NULL },
	{ "run -- i", "run | i", NULL },
	{ "run -- -i", "run | -i", NULL },
	{ "run -ite A=b i", "run interactive=true tty=true env=A=b | i", NULL },
	{ "run -eA=b i", "run env=A=b | i", NULL },
	{ "run -e A -e B=c=d i", "run env=A env=B=c=d | i", NULL },
	{ "run -e  i", "run env= | i", NULL },
	{ "run -p 80:80 -p=81:81 i", "run publish=80:80 publish=81:81 | i", NULL },
	{ "run -m 64m -v/a:/b i", "run memory=64m volume=/a:/b | i", NULL },
	{ "run --name - i", "run name=- | i", NULL },
	{ "run -", "run | -", NULL },
	{ "run -it", NULL, "run: an argument is missing" },
	{ "run --gpus all i", NULL, "docker's option '--gpus' is not there" },
	{ "run --link=x i", NULL, "docker's option '--link' is not there" },
	{ "run --help", "run help |", NULL },
	{ "run -h", "run help |", NULL },
	{ "exec c sh -i", "exec | c sh -i", NULL },
	{ "exec -it c sh", "exec interactive=true tty=true | c sh", NULL },
};

static char *render_args(const struct cli_args *a)
{
	AUTO_BUF struct buf b = { 0 };

	buf_adds(&b, a->cmd ? a->cmd->name : "");
	if (a->help)
		buf_adds(&b, " help");
	for (size_t i = 0; i < a->ngiven; i++)
		buf_addf(&b, " %s=%s", a->given[i].opt->name, a->given[i].value);
	buf_adds(&b, " |");
	for (int i = 0; i < a->argc; i++)
		buf_addf(&b, " %s", a->argv[i]);
	return buf_steal(&b);
}

static void test_parse(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(parses); i++) {
		AUTO_FREE char *line = strdup(parses[i].line);
		char *argv[32];
		struct cli_args a;
		struct capture c;
		const char *said;
		int argc = split(line, argv), rc;

		capture_begin(&c, stderr);
		rc = cli_parse(argc, argv, &a);
		said = capture_end(&c);
		AUTO_FREE char *got = render_args(&a);
		if (parses[i].parsed ? rc || strcmp(got, parses[i].parsed) != 0 || *said :
				       rc != CLI_USAGE || !strstr(said, parses[i].says))
			fail_msg("'%s': %d, '%s', said '%s'", parses[i].line, rc, got, said);
		cli_args_finish(&a);
	}
}

/* Each option of each command says what it is for, and no letter or name is there twice, but for --read-only: that of
 * run is for the root, the global one for the UI, which has no command. */
static void test_tables(void **state)
{
	for (const struct cli_cmd *const *p = cli_table; *p; p++) {
		const struct cli_opt *lists[] = { (*p)->opts, (*p)->more_opts, cli_global_opts };

		assert_non_null((*p)->brief);
		assert_non_null((*p)->run);
		for (size_t i = 0; i < ARRAY_LEN(lists); i++)
			for (const struct cli_opt *o = lists[i]; o && o->name; o++)
				for (size_t k = i; k < ARRAY_LEN(lists); k++)
					for (const struct cli_opt *q = k == i ? o + 1 : lists[k]; q && q->name; q++)
						if (strcmp(o->name, "read-only") != 0 &&
						    (strcmp(o->name, q->name) == 0 || (o->letter && o->letter == q->letter)))
							fail_msg("%s: --%s and --%s", (*p)->name, o->name, q->name);
	}
}

/* --- run's options */

static const struct {
	const char *line;
	const char *made; /* NULL: refused */
	const char *says;
} runs[] = {
	{ "i", "", NULL },
	{ "i a b", " args=a,b", NULL },
	{ "--entrypoint /e i a", " args=a entrypoint=/e", NULL },
	{ "--entrypoint= i a", " args=a entrypoint=", NULL },
	{ "-it --rm --name n i", " name=n tty stdin rm", NULL },
	{ "-e A=b -e C i", " env=A=b,C", NULL },
	{ "-e =b i", NULL, "'=b' is not a variable" },
	{ "-e  i", NULL, "'' is not a variable" },
	{ "--env-file @ENV@ -e B=3 i", " env=A=1,B=two words,C,B=3", NULL },
	{ "--env-file /nosuch i", NULL, "/nosuch" },
	{ "-u 1:2 -w /w i", " user=1:2 workdir=/w", NULL },
	/* ports */
	{ "-p 80 i", " port=:0:80/tcp", NULL },
	{ "-p 8080:80 i", " port=:8080:80/tcp", NULL },
	{ "-p 127.0.0.1:8080:80/tcp i", " port=127.0.0.1:8080:80/tcp", NULL },
	{ "-p 127.0.0.1::80 i", " port=127.0.0.1:0:80/tcp", NULL },
	{ "-p :8080:80 i", " port=:8080:80/tcp", NULL },
	{ "-p [::1]:8080:80 i", " port=::1:8080:80/tcp", NULL },
	{ "-p 53:53/udp i", " port=:53:53/udp", NULL },
	{ "-p 1:2 -p 3:4 i", " port=:1:2/tcp port=:3:4/tcp", NULL },
	{ "-p 80/sctp i", NULL, "'sctp' is not a protocol" },
	{ "-p 0 i", NULL, "'0' is not a port" },
	{ "-p 65536 i", NULL, "'65536' is not a port" },
	{ "-p 80: i", NULL, "'' is not a port" },
	{ "-p x:80 i", NULL, "'x' is not a port" },
	{ "-p  i", NULL, "'' is not a port" },
	/* mounts */
	{ "-v /a:/b i", " mount=bind:/a:/b", NULL },
	{ "-v /a:/b:ro i", " mount=bind:/a:/b:ro", NULL },
	{ "-v ./a:/b:rw i", " mount=bind:./a:/b", NULL },
	{ "-v .:/b i", " mount=bind:.:/b", NULL },
	{ "-v /a:/b:ro,z i", " mount=bind:/a:/b:ro", NULL },
	{ "-v /a:/b:exec i", NULL, "'exec' is not an option of a mount" },
	{ "-v data:/b i", NULL, "there are no named volumes yet" },
	{ "-v /a i", NULL, "'/a' is not a mount" },
	{ "-v :/b i", NULL, "':/b' is not a mount" },
	{ "--mount type=bind,src=/a,dst=/b i", " mount=bind:/a:/b", NULL },
	{ "--mount source=/a,target=/b,readonly i", " mount=bind:/a:/b:ro", NULL },
	{ "--mount src=/a,destination=/b,ro=false i", " mount=bind:/a:/b", NULL },
	{ "--mount src=/a i", NULL, "is not a mount, as in" },
	{ "--mount src,dst=/b i", NULL, "'src' is not a word of --mount" },
	{ "--mount src=/a,dst=/b,what=x i", NULL, "'what' is not a word of --mount" },
	/* sizes and numbers */
	{ "-m 64m i", " memory=67108864", NULL },
	{ "-m 1g i", " memory=1073741824", NULL },
	{ "-m 1.5G i", " memory=1610612736", NULL },
	{ "-m 64MiB i", " memory=67108864", NULL },
	{ "-m 1024 i", " memory=1024", NULL },
	{ "-m much i", NULL, "--memory: " },
	{ "-m -1 i", NULL, "--memory: " },
	{ "-m  i", NULL, "--memory: " },
	{ "--shm-size 1m i", " shm=1048576", NULL },
	{ "--root-size 2g i", " root=2147483648", NULL },
	{ "--cpus 1.5 i", " cpus=1.5", NULL },
	{ "--cpus 0 i", NULL, "'0' is not a number of CPUs" },
	{ "--cpus -1 i", NULL, "'-1' is not a number of CPUs" },
	{ "--cpus nan i", NULL, "'nan' is not a number of CPUs" },
	{ "--cpus 2x i", NULL, "'2x' is not a number of CPUs" },
	{ "--pids-limit 9 i", " pids=9", NULL },
	{ "--pids-limit -1 i", "", NULL },
	{ "--pids-limit -2 i", NULL, "'-2' is not a number of processes" },
	{ "--stop-timeout 3 i", " timeout=3000", NULL },
	{ "--stop-timeout 0 i", " timeout=0", NULL },
	{ "--stop-timeout x i", NULL, "'x' is not a number of seconds" },
	{ "--pull never i", " pull=2", NULL },
	{ "--pull always i", " pull=1", NULL },
	{ "--pull now i", NULL, "'now' is not a time to pull" },
	{ "--security-opt no-new-privileges --security-opt seccomp=unconfined i", " nnp seccomp=unconfined", NULL },
	{ "--security-opt apparmor=x i", NULL, "'apparmor=x' is not a security option" },
	{ "--tls-verify=false i", " insecure", NULL },
	{ "--tls-verify i", "", NULL },
	{ "--plain-http i", " plain", NULL },
	{ "--name a --name b i", " name=b", NULL },
	{ "--accel tcg --kernel-arg quiet i", " accel=tcg kernel_args=quiet", NULL },
};

static void add_words(struct buf *b, const char *name, const char *const *v)
{
	if (!v)
		return;
	buf_addf(b, " %s=", name);
	for (const char *const *p = v; *p; p++)
		buf_addf(b, "%s%s", p == v ? "" : ",", *p);
}

static void add_word(struct buf *b, const char *name, const char *v)
{
	if (v)
		buf_addf(b, " %s=%s", name, v);
}

static void add_number(struct buf *b, const char *name, uint64_t v)
{
	if (v)
		buf_addf(b, " %s=%llu", name, (unsigned long long)v);
}

static void add_flag(struct buf *b, const char *name, bool v)
{
	if (v)
		buf_addf(b, " %s", name);
}

static char *render_run(const struct berth_create *c)
{
	AUTO_BUF struct buf b = { 0 };

	buf_adds(&b, "");
	add_words(&b, "args", c->args);
	add_words(&b, "entrypoint", c->entrypoint);
	add_word(&b, "name", c->name);
	add_flag(&b, "tty", c->tty);
	add_flag(&b, "stdin", c->open_stdin);
	add_flag(&b, "rm", c->remove);
	add_words(&b, "env", c->env && *c->env ? c->env : NULL);
	add_word(&b, "user", c->user);
	add_word(&b, "workdir", c->workdir);
	for (size_t i = 0; i < c->nports; i++)
		buf_addf(&b, " port=%s:%u:%u/%s", c->ports[i].host_ip ? c->ports[i].host_ip : "",
			 c->ports[i].host_port, c->ports[i].container_port, c->ports[i].proto);
	for (size_t i = 0; i < c->nmounts; i++)
		buf_addf(&b, " mount=%s:%s:%s%s", c->mounts[i].type, c->mounts[i].source, c->mounts[i].target,
			 c->mounts[i].readonly ? ":ro" : "");
	add_number(&b, "memory", c->memory);
	add_number(&b, "shm", c->shm_size);
	add_number(&b, "root", c->root_size);
	if (c->cpus > 0)
		buf_addf(&b, " cpus=%g", c->cpus);
	add_number(&b, "pids", c->pids_limit);
	if (c->stop_timeout_set)
		buf_addf(&b, " timeout=%lld", (long long)c->stop_timeout_ms);
	add_number(&b, "pull", c->pull);
	add_flag(&b, "nnp", c->no_new_privs);
	add_word(&b, "seccomp", c->seccomp);
	add_flag(&b, "insecure", c->pull_options.tls_no_verify);
	add_flag(&b, "plain", c->pull_options.plain_http);
	add_word(&b, "accel", c->accel);
	add_word(&b, "kernel_args", c->kernel_args);
	return buf_steal(&b);
}

static void test_run_opts(void **state)
{
	static const char text[] = "# a comment\nA=1\n\n  B=two words\r\nC\n";
	char file[] = "/tmp/berth-env-XXXXXX";
	int fd = mkstemp(file);

	assert_int_equal(file_write_full(fd, text, strlen(text)), 0);
	close(fd);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		AUTO_BUF struct buf line = { 0 };
		const char *env = strstr(runs[i].line, "@ENV@");
		char *argv[32];
		struct cli_args a;
		struct run_spec s;
		struct capture c;
		const char *said;
		int rc;

		buf_adds(&line, "run ");
		if (env)
			buf_addf(&line, "%.*s%s%s", (int)(env - runs[i].line), runs[i].line, file, env + 5);
		else
			buf_adds(&line, runs[i].line);
		assert_int_equal(cli_parse(split((char *)line.p, argv), argv, &a), 0);
		capture_begin(&c, stderr);
		rc = run_spec_init(&s, &a);
		said = capture_end(&c);
		if (rc == 0) {
			AUTO_FREE char *made = render_run(&s.c);

			if (!runs[i].made || strcmp(made ? made : "", runs[i].made) != 0 || *said)
				fail_msg("'%s': '%s', said '%s'", runs[i].line, made, said);
		} else if (runs[i].made || rc != CLI_USAGE || !strstr(said, runs[i].says)) {
			fail_msg("'%s': %d, said '%s'", runs[i].line, rc, said);
		}
		run_spec_finish(&s);
		cli_args_finish(&a);
	}
	unlink(file);
}

/* --- formats */

#define ROWS                                                                                      \
	"[{\"id\":\"sha256:0123456789abcdef\",\"name\":\"one\",\"run_dir\":\"/r\",\"n\":3,\"ok\":true," \
	"\"none\":null,\"State\":{\"Running\":false}}," \
	"{\"id\":\"ffff\",\"name\":\"two \\u001b[31m\\u00e4\",\"run_dir\":\"\",\"n\":4,\"ok\":false,\"none\":null," \
	"\"State\":{\"Running\":true}}]"

static const struct {
	const char *format; /* "-q": that; NULL: none */
	int rc;
	const char *out; /* or what stderr has */
} formats[] = {
	{ "-q", 0, "0123456789ab\nffff\n" },
	{ NULL, 0, "NAME          N\none           3\ntwo ^[[31m\xc3\xa4   4\n" },
	{ "table", 0, "NAME          N\none           3\ntwo ^[[31m\xc3\xa4   4\n" },
	{ "name", 0, "one\ntwo \033[31m\xc3\xa4\n" },
	{ "name,n,ok", 0, "one\t3\ttrue\ntwo \033[31m\xc3\xa4\t4\tfalse\n" },
	{ "n,none", 0, "3\t\n4\t\n" },
	{ "State.Running", 0, "false\ntrue\n" },
	{ "nosuch", 1, "there is no key 'nosuch' to show" },
	{ "{{.n}}", 0, "3\n4\n" },
	{ "{{ .n }}", 0, "3\n4\n" },
	{ "a{{.n}}b{{.ok}}c", 0, "a3btruec\na4bfalsec\n" },
	{ "{{.Name}}: {{.RunDir}}", 0, "one: /r\ntwo \033[31m\xc3\xa4: \n" },
	{ "{{.ID}}", 0, "sha256:0123456789abcdef\nffff\n" },
	{ "{{.State.Running}}", 0, "false\ntrue\n" },
	{ "{{json .State}}", 0, "{\"Running\":false}\n{\"Running\":true}\n" },
	{ "{{json .none}}", 0, "null\nnull\n" },
	{ "{{.none}}", 0, "\n\n" },
	{ "{{.nosuch}}", 1, "there is no key '.nosuch' to show" },
	{ "{{.State.nosuch}}", 1, "there is no key '.State.nosuch' to show" },
	{ "{{.name.x}}", 1, "there is no key '.name.x' to show" },
	{ "{{.n", 2, "cannot use the template '{{.n'" },
	{ "{{n}}", 2, "cannot use the template" },
	{ "{{}}", 2, "cannot use the template" },
	{ "{{if .n}}x{{end}}", 2, "cannot use the template" },
	{ "{{.n | upper}}", 2, "cannot use the template" },
};

static char *cell_name(const cJSON *row, bool wide)
{
	return strdup(cli_str(row, "name"));
}

static char *cell_n(const cJSON *row, bool wide)
{
	return cJSON_PrintUnformatted(cJSON_GetObjectItem(row, "n"));
}

static void test_formats(void **state)
{
	static const struct cli_column columns[] = { { "NAME", cell_name, false }, { "N", cell_n, true }, { 0 } };
	static const struct cli_listing listing = { columns, "id", true };
	AUTO_JSON cJSON *rows = cJSON_Parse(ROWS);

	assert_non_null(rows);
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		const char *f = formats[i].format;
		bool quiet = f && strcmp(f, "-q") == 0;
		char *argv[] = { (char *)"berth", (char *)"ps", (char *)(quiet ? "-q" : "--format"), (char *)f, NULL };
		struct capture out, err;
		const char *printed, *said;
		struct cli_args a;
		int rc;

		assert_int_equal(cli_parse(f ? quiet ? 3 : 4 : 2, argv, &a), 0);
		capture_begin(&out, stdout);
		capture_begin(&err, stderr);
		rc = cli_list(&a, &listing, rows, false);
		said = capture_end(&err);
		printed = capture_end(&out);
		if (rc != formats[i].rc || (rc ? !strstr(said, formats[i].out) : strcmp(printed, formats[i].out) != 0))
			fail_msg("'%s': %d, '%s', said '%s'", f ? f : "", rc, printed, said);
		cli_args_finish(&a);
	}
}

/* --- words */

static void test_words(void **state)
{
	static const struct {
		int64_t ago; /* seconds */
		const char *text;
	} times[] = { { 0, "just now" }, { -5, "just now" }, { 1, "1 second ago" }, { 59, "59 seconds ago" },
		      { 60, "1 minute ago" }, { 3599, "59 minutes ago" }, { 3600, "1 hour ago" }, { 86399, "23 hours ago" },
		      { 86400, "1 day ago" }, { 7 * 86400, "1 week ago" }, { 30 * 86400, "1 month ago" },
		      { 364 * 86400, "12 months ago" }, { 800 * 86400, "2 years ago" } };
	static const char *const ids[][2] = { { "sha256:0123456789abcdef", "0123456789ab" }, { "0123456789abcdef", "0123456789ab" },
					      { "ab", "ab" }, { "", "" }, { "sha256:", "" } };

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		AUTO_FREE char *text = cli_ago(clock_real_ns() - times[i].ago * 1000000000 - 1000000);

		if (strcmp(text, times[i].text) != 0)
			fail_msg("%lld s: %s", (long long)times[i].ago, text);
	}
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		AUTO_FREE char *text = cli_short_id(ids[i][0]);

		assert_string_equal(text, ids[i][1]);
	}
	AUTO_FREE char *never = cli_ago(0);
	assert_string_equal(never, "");
	assert_null(cli_time(0));
	AUTO_FREE char *epoch = cli_time(1);
	assert_string_equal(epoch, "1970-01-01T00:00:00.000000001Z");
}

/* --- the keys that detach */

static const struct {
	const char *spec;
	const char *typed[4]; /* each as it comes */
	const char *passed;   /* in all */
	bool detached;
} keys[] = {
	{ NULL, { "abc" }, "abc", false },
	{ NULL, { "a\x10\x11" "b" }, "a", true },
	{ NULL, { "a\x10", "\x11" }, "a", true },
	{ NULL, { "\x10", "x" }, "\x10x", false },
	{ NULL, { "\x10\x10\x11" }, "\x10", true },
	{ NULL, { "\x10", "\x10", "\x10" }, "\x10\x10", false },
	{ NULL, { "\x11" }, "\x11", false },
	{ "ctrl-]", { "a\x1d" "b" }, "a", true },
	{ "CTRL-A,x", { "\x01", "\x01x" }, "\x01", true },
	{ "^A ^]", { "\x01", "\x1d" }, "", true },
	{ "q", { "abq" }, "ab", true },
	{ "", { "\x10\x11" }, "\x10\x11", false },
};

static void test_keys(void **state)
{
	static const char *const bad[] = { "ctrl-", "ctrl-1", "ctrl-pp", ",", "ab", "a,,b", "a,b,c,d,e,f,g,h,i" };
	struct attach_keys k;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (attach_keys_init(&k, bad[i]) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		char got[64] = "";
		size_t n = 0;

		assert_int_equal(attach_keys_init(&k, keys[i].spec), 0);
		for (size_t t = 0; t < 4 && keys[i].typed[t]; t++) {
			char block[64];
			size_t len = strlen(keys[i].typed[t]);

			memcpy(block, keys[i].typed[t], len);
			len = attach_keys_feed(&k, block, len, sizeof(block));
			memcpy(got + n, block, len);
			n += len;
		}
		got[n] = 0;
		if (strcmp(got, keys[i].passed) != 0 || k.detached != keys[i].detached)
			fail_msg("row %zu: %zu bytes, %d", i, n, k.detached);
	}
	/* What is held is given back when the wait for more is over. */
	char block[8] = "\x10";
	attach_keys_init(&k, NULL);
	assert_int_equal(attach_keys_feed(&k, block, 1, sizeof(block)), 0);
	assert_int_equal(attach_keys_release(&k, block, sizeof(block)), 1);
	assert_int_equal(block[0], 0x10);
	assert_int_equal(attach_keys_release(&k, block, sizeof(block)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_tables), cmocka_unit_test(test_run_opts),
		cmocka_unit_test(test_formats), cmocka_unit_test(test_words), cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

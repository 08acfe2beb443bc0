/* SPDX-License-Identifier: Apache-2.0 */
/* prompt.c - a line that the user is asked for at the terminal, or that another program gives. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"

#define LINE_LEN_MAX 8192

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = 1;
}

/* Up to the end of the line; the caller wipes and frees. NULL: the end, an interrupt, or far too long. */
static char *read_line(int fd)
{
	char *line = calloc(1, LINE_LEN_MAX + 1);
	size_t n = 0;
	ssize_t got = 0;

	while (line && n < LINE_LEN_MAX && !interrupted && (got = read(fd, line + n, 1)) == 1 && line[n] != '\n')
		n++;
	if (line && (got < 0 || interrupted || n == LINE_LEN_MAX || (got == 0 && n == 0))) {
		explicit_bzero(line, n);
		free(line);
		return NULL;
	}
	if (line) {
		if (n && line[n - 1] == '\r')
			n--;
		line[n] = 0;
	}
	return line;
}

char *cli_read_secret(void)
{
	interrupted = 0;
	return read_line(0);
}

char *cli_ask(struct cli *cli, const char *question, bool secret)
{
	struct sigaction quick = { .sa_handler = on_signal }, old_int, old_term;
	struct termios was, now;
	char *line;

	if (!isatty(0) || tcgetattr(0, &was) < 0)
		return NULL;
	interrupted = 0;
	/* without SA_RESTART: an interrupt ends the read, and the terminal is as before when we end */
	sigaction(SIGINT, &quick, &old_int);
	sigaction(SIGTERM, &quick, &old_term);
	now = was;
	if (secret)
		now.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(0, TCSAFLUSH, &now); /* before the question: who answers at once is not shown either */
	fputs(question, stderr);
	fflush(stderr);
	line = read_line(0);
	tcsetattr(0, TCSAFLUSH, &was);
	if (secret || !line)
		fputc('\n', stderr);
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	cli->interrupted = cli->interrupted || interrupted;
	return line;
}

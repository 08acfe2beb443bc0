/* SPDX-License-Identifier: Apache-2.0 */
/* tty.c - settings of the terminal, and their restoring whatever happens. */
#include "tui/tty.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/auto.h"

/* There is one controlling terminal, and a signal handler can reach nothing but statics. */
static struct termios saved;
static bool have_saved;
static bool raw; /* the settings are ours: what is read then is not the user's */
static int crash_fd = -1;
static char crash_text[512];
static size_t crash_len;

int tty_open(int fd, int *ret, struct err *e)
{
	char path[128];
	int rc;

	if (tcgetattr(fd, &saved) < 0)
		return err_sys(e, -errno, "this is no terminal");
	rc = ttyname_r(fd, path, sizeof(path));
	if (rc != 0)
		return err_sys(e, -rc, "cannot find the terminal's name");
	*ret = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (*ret < 0)
		return err_sys(e, -errno, "cannot open '%s'", path);
	have_saved = true;
	return 0;
}

int tty_raw(int fd)
{
	struct termios t;

	if (!have_saved)
		return 0; /* not a terminal: a test's socket */
	/* Since the last time the user may have changed them: in the shell, while we were stopped. */
	if (!raw && tcgetattr(fd, &t) == 0)
		saved = t;
	t = saved;
	/* ICRNL stays, and with it Enter, should we be killed: whoever types "reset" then still has it. */
	t.c_iflag &= (tcflag_t) ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | IXON | IXOFF);
	t.c_oflag &= (tcflag_t)~OPOST;
	t.c_lflag &= (tcflag_t) ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	t.c_cflag = (t.c_cflag & (tcflag_t) ~(CSIZE | PARENB)) | CS8;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSADRAIN, &t) < 0)
		return -errno;
	raw = true;
	return 0;
}

void tty_restore(int fd)
{
	if (have_saved && tcsetattr(fd, TCSADRAIN, &saved) == 0)
		raw = false;
}

void tty_size(int fd, int *rows, int *cols)
{
	struct winsize w = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &w) < 0)
		w = (struct winsize){ 0 };
	*rows = w.ws_row > 0 ? MIN(w.ws_row, 500) : 24;
	*cols = w.ws_col > 0 ? MIN(w.ws_col, 1000) : 80;
}

int tty_foreground(int fd)
{
	return !have_saved || tcgetpgrp(fd) == getpgrp();
}

static void on_crash(int sig)
{
	ssize_t n = write(crash_fd, crash_text, crash_len);

	(void)n;
	tcsetattr(crash_fd, TCSANOW, &saved);
	signal(sig, SIG_DFL);
	raise(sig);
}

void tty_crash_guard(int fd, const char *text)
{
	static const int signals[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL };
	struct sigaction sa = { .sa_handler = text ? on_crash : SIG_DFL, .sa_flags = SA_RESETHAND | SA_NODEFER };

	if (!have_saved)
		return;
	crash_fd = fd;
	crash_len = text ? MIN(strlen(text), sizeof(crash_text)) : 0;
	memcpy(crash_text, text ? text : "", crash_len);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &sa, NULL);
}

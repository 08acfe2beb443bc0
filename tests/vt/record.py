#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/vt/sessions/NAME-COLSxROWS.vt: what real programs write to a terminal while keys are pressed.

usage: record.py [NAME...]      without a name: all whose program is there

The programs run on a host named "demo" with an empty home in /mnt and see no other process, so that nothing of the
machine gets into the recording; that needs user namespaces (or root). Nothing here runs in the test suite."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import termios

SESSIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sessions")
HOME = "/mnt/home"
QUIET_S = 0.4  # after a key, output is over when it was quiet for so long
ANSWERS = [(rb"\x1b\[0?c", b"\x1b[?62;22c"), (rb"\x1b\[>0?c", b"\x1b[>1;300;0c"), (rb"\x1b\[6n", b"\x1b[2;2R"),
           (rb"\x1b\[5n", b"\x1b[0n"), (rb"\x1b\]11;\?\x07", b"\x1b]11;rgb:0000/0000/0000\x07")]
ESC, UP, DOWN, RIGHT, LEFT = "\x1b", "\x1bOA", "\x1bOB", "\x1bOC", "\x1bOD"
PAGE_DOWN, F2, F3, F5, F9, F10 = "\x1b[6~", "\x1bOQ", "\x1bOR", "\x1b[15~", "\x1b[20~", "\x1b[21~"
CTRL_B = "\x02"

CODE = """#include <stdio.h>

/* Greets whoever is named, or the world. */
static const char *const greetings[] = { "hello", "hej", "привет", "γεια", "漢字 こんにちは", "cafe\u0301" };

int main(int argc, char **argv)
{
	const char *who = argc > 1 ? argv[1] : "world";

	for (unsigned i = 0; i < sizeof(greetings) / sizeof(*greetings); i++)
		printf("%u: %s, %s!\\n", i, greetings[i], who);
	return 0;
}
"""

APT = r"""
import sys
rows = 24
out = sys.stdout
def bar(percent):
    done = percent * 50 // 100
    out.write("\0337\033[%d;0f\033[42m\033[30mProgress: [%3d%%]\033[49m\033[39m [%s%s] \0338" % (rows, percent, "#" * done, "." * (50 - done)))
out.write("Reading package lists... 0%\r\rReading package lists... 100%\r\rReading package lists... Done\r\n")
out.write("Building dependency tree... 50%\r\rBuilding dependency tree... Done\r\n")
out.write("\n\0337\033[0;%dr\0338\033[1A\033[J" % (rows - 1))
for i in range(1, 31):
    bar(i * 100 // 30)
    out.write("Selecting previously unselected package demo%d.\r\n" % i)
    out.write("Preparing to unpack .../%02d-demo%d_1.0-%d_all.deb ...\r\nUnpacking demo%d (1.0-%d) ...\r\n" % (i, i, i, i, i))
out.write("\0337\033[0;%dr\0338\033[1A\033[J" % rows)
out.write("Processing triggers for man-db (2.11.2-2) ...\r\n\033[1;32mdone\033[0m\r\n")
"""

REPOSITORY = r"""
git init -q -b main repo && cd repo
export GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=ann@example.org GIT_COMMITTER_NAME=Ann GIT_COMMITTER_EMAIL=ann@example.org
n=0
commit() { n=$((n + 1)); date="2026-01-01T00:$((n / 60)):$((n % 60))Z"; GIT_AUTHOR_DATE=$date GIT_COMMITTER_DATE=$date git "$@" -q; }
for i in 1 2 3 4 5 6 7; do
	commit commit --allow-empty -m "main: change $i"
	git checkout -q -b topic$i
	commit commit --allow-empty -m "topic$i: begin"
	commit commit --allow-empty -m "topic$i: naïve façade, 漢字"
	git checkout -q main
	commit commit --allow-empty -m "main: meanwhile $i"
	n=$((n + 1)); date="2026-01-01T00:$((n / 60)):$((n % 60))Z"
	[ $i = 3 ] || GIT_AUTHOR_DATE=$date GIT_COMMITTER_DATE=$date git merge -q --no-ff -m "merge topic$i" topic$i
done
git tag v1
"""


def prepare():
    """The home that programs see."""
    os.makedirs(HOME + "/src/deep")
    os.chdir(HOME)
    with open("hello.c", "w") as f:
        f.write(CODE)
    with open("src/deep/notes", "w") as f:
        f.write("".join("note %d: %s\n" % (i, "x" * (i * 7 % 120)) for i in range(200)))
    with open("text", "w") as f:
        for i in range(120):
            f.write("%d B\bBo\bol\bld\bd and _\bu_\bn_\bd_\be_\br\b, naïve 漢字 cafe\u0301 %s\n" % (i, "long " * (i % 30)))
    with open("apt.py", "w") as f:
        f.write(APT)
    with open("tmux.conf", "w") as f:
        f.write('set -g status-right ""\nset -g status-left "[#S] "\nset -g default-command "exec sh"\n'
                'set -g automatic-rename off\nset -g allow-rename off\n')
    os.symlink("hello.c", "link.c")


# Name: size, command, keys; a step is keys, or (what must have been written before, keys).
RECORDINGS = {
    "vim": ((80, 24), ["vim", "-u", "NONE", "-N", "-i", "NONE", "+syntax on", "+set number hlsearch ruler showcmd", "hello.c"],
            ["G", "gg", "/greet\r", "n", "n", "oint x = 42; // новый\x1b", "yy5p", "u", "u", ":vsplit\r", "\x17\x17", ":split\r",
             "\x16jjjI# \x1b", "V3j>", ":set list\r", ":%s/greetings/words/g\r", "\x06", "\x04", "\x15", "dd", "dG", "u", "zt", "A 漢字\x1b",
             "R over\x1b", ":qa!\r"]),
    "vim-term": ((40, 10), ["vim", "-u", "NONE", "-N", "-i", "NONE", "+set nowrap scrolloff=2", "src/deep/notes"],
                 ["G", "\x02", "\x02", "gg", "20|zs", "ze", "i\r\r\x1b", ":set wrap\r", "\x06", "\x06", "3\x05", "2\x19", ":q!\r"]),
    "htop": ((80, 24), ["htop", "-d", "30"], [F5, DOWN, DOWN, "H", "t", F2, DOWN, RIGHT, DOWN, ESC, "/sh", ESC, "q"]),
    "less": ((80, 24), ["less", "-R", "text"],
             [" ", " ", "/99\r", "n", "G", "g", "d", "d", "u", "-S\r", RIGHT, RIGHT, LEFT, "-N\r", "j", "j", "k", "30g", "&naïve\r", "h", "q", "q"]),
    "mc": ((80, 24), ["mc", "-u", "-x", ".", "src"],
           [DOWN, DOWN, DOWN, F3, PAGE_DOWN, DOWN, F10, "\t", "\x1b[15~", ESC + ESC, F9, DOWN, DOWN, DOWN, ESC + ESC, "\x1b[18~made\r",
            "\x1b[1;5A", "\x0f", "\x0f", F10]),
    "tmux": ((100, 30), ["tmux", "-L", "demo", "-f", "tmux.conf", "new-session", "-s", "demo"],
             ["seq 1 50\r", CTRL_B + "%", "ls -lG --time-style=+ | cut -c1-10,40-\r", CTRL_B + '"', "cat hello.c\r", CTRL_B + UP, CTRL_B + "z",
              CTRL_B + "z", CTRL_B + "\x1b[1;5D", CTRL_B + "\x1b[1;5D", CTRL_B + "[", "\x1b[5~", "q", CTRL_B + "c", "printf '\\033[31mred\\n'\r",
              CTRL_B + "p", CTRL_B + " ", CTRL_B + "w", "q", CTRL_B + ":kill-server\r"]),
    "git-log": ((80, 24), ["sh", "-c", "cd repo && git log --graph --oneline --decorate --all --color=always --stat | less -R"],
                [" ", "\r", "\r", "G", "k", "k", "/topic3\r", "q"]),
    "fzf": ((80, 24), ["sh", "-c", "seq -f 'item %g of many' 1 500 | fzf --multi --preview 'seq {2}' --border"],
            ["4", "2", UP, UP, "\t", "\t", "\x7f", "\x15", "of 7", DOWN, "\r"]),
    "fzf-inline": ((80, 24), ["sh", "-c", "cat hello.c; seq 1 200 | fzf --height 10 --layout=reverse --info=inline; cat hello.c"],
                   ["1", "9", DOWN, DOWN, "\r"]),
    "apt": ((80, 24), [sys.executable, "apt.py"], []),
    "emacs": ((80, 24), ["emacs", "-nw", "-Q", "--eval", "(setq inhibit-startup-screen t)", "hello.c"],
              ["\x0e\x0e\x0e", "\x1b>", "\x1b<", "\x13greet", "\x13", "\x07", "new text 漢字 ", "\x0b\x0b", "\x19\x19", "\x182", "\x183", "\x18o",
               "\x16", "\x1bx", "list-colors-display\r", "\x16", "\x18\x03n", "yes\r"]),
    "vttest-cursor": ((80, 24), ["vttest", "24x80.132"], ["1\r"] + ["\r"] * 8 + ["0\r"]),
    "vttest-screen": ((80, 24), ["vttest", "24x80.132"], ["2\r"] + ["\r"] * 15 + ["0\r"]),
    "vttest-vt102": ((80, 24), ["vttest", "24x80.132"], ["8\r"] + ["\r"] * 14 + ["0\r"]),
}


class Recorder:
    def __init__(self, cols, rows, argv):
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/usr/games", "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "HOME": HOME, "SHELL": "/bin/sh",
               "PS1": "$ ", "ENV": "", "LESSHISTFILE": "-", "TZ": "UTC"}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)
        self.data = b""
        self.answered = 0

    def drain(self):
        """Reads until it is quiet; False when the program has ended."""
        while select.select([self.fd], [], [], QUIET_S)[0]:
            try:
                more = os.read(self.fd, 65536)
            except OSError:
                more = b""
            if not more:
                return False
            self.data += more
            self.answer()
        return True

    def answer(self):
        for pattern, reply in ANSWERS:
            for _ in re.findall(pattern, self.data[self.answered:]):
                os.write(self.fd, reply)
        self.answered = len(self.data)

    def run(self, steps):
        alive = self.drain()
        for keys in steps:
            if not alive:
                break
            os.write(self.fd, keys.encode())
            alive = self.drain()
        if alive:
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)
        return self.data


def record(name):
    (cols, rows), argv, steps = RECORDINGS[name]
    data = Recorder(cols, rows, argv).run(steps)
    path = os.path.join(SESSIONS, "%s-%dx%d.vt" % (name, cols, rows))
    with open(path, "wb") as f:
        f.write(data)
    print("%s: %d bytes" % (os.path.basename(path), len(data)))


def enter():
    """The host "demo": its own processes, its own /mnt."""
    setup = 'hostname demo && mount -t tmpfs none /mnt && exec "$@"'
    os.environ["BERTH_RECORD"] = "1"
    os.execvp("unshare", ["unshare", "--user", "--map-root-user", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child",
                          "sh", "-c", setup, "sh", sys.executable] + sys.argv)


def main():
    if "BERTH_RECORD" not in os.environ:
        enter()
    prepare()
    if os.system("set -e\n" + REPOSITORY) != 0:
        sys.exit("cannot make the repository")
    for name in sys.argv[1:] or RECORDINGS:
        if shutil.which(RECORDINGS[name][1][0]):
            record(name)
        else:
            print("%s: there is no %s" % (name, RECORDINGS[name][1][0]))


main()

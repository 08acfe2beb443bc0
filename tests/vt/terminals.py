# SPDX-License-Identifier: Apache-2.0
"""Terminals that can be asked what they show: ours, libvterm's, tmux's.

Each gives frames, one after each cut of the bytes and one at the end. A frame is a Frame, with None for what the terminal does not tell; its rows are lists of
cells, (attributes, foreground, background, text), as tests/vt/dump.h describes them."""

import ctypes
import os
import re
import select
import subprocess
import termios
import tty
from collections import namedtuple

Frame = namedtuple("Frame", "row col pending visible alt rows")
UNSEEN = ("", "-", None, " ")  # a blank whose background cannot be asked for
ATTRS = "bfikrhso"


class Dumper:
    """A program that prints frames. attrs: the letters it knows of, of ours only these are compared."""

    lax = False

    def __init__(self, program, attrs=ATTRS):
        self.program, self.attrs = program, attrs

    def frames(self, rows, cols, data, cuts=()):
        argv = [self.program, str(rows), str(cols)] + [str(c) for c in cuts]
        p = subprocess.run(argv, input=data, stdout=subprocess.PIPE, timeout=60)
        if p.returncode != 0:
            raise RuntimeError("%s ended with %d" % (os.path.basename(self.program), p.returncode))
        lines = p.stdout.decode("utf-8", "replace").split("\n")
        return [self.frame(lines[i:i + rows + 1]) for i in range(0, len(lines) - 1, rows + 1)]

    @staticmethod
    def frame(lines):
        head = lines[0].split()
        rows = [[tuple(cell.split(" ", 3)) for cell in line.split("\x1f")] for line in lines[1:]]
        pending = None if head[4] == "-" else head[4] == "1"
        return Frame(int(head[1]), int(head[2]), pending, head[6] == "1", head[8] == "1", rows)

    def close(self):
        pass


class Tmux:
    """A tmux server of its own, without configuration; a pane per stream, whose bytes come from here."""

    attrs, lax = ATTRS, True
    SYNC, SYNCED = b"\033[5n", b"\033[0n"  # it answers when it has read all that came before
    STATE = "#{cursor_y} #{cursor_x} #{cursor_flag} #{alternate_on}"

    def __init__(self, folder):
        self.socket = os.path.join(folder, "tmux.sock")
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "tmux-256color", "HOME": folder, "SHELL": "/bin/sh"}
        self.ready = os.path.join(folder, "ready")
        os.mkfifo(self.ready)
        self.sessions = {}
        self.last = []  # ends the pane before
        self.libc = ctypes.CDLL(None)
        self.libc.setlocale(0, b"C.UTF-8")  # for wcwidth, as tmux measures

    def run(self, *argv):
        p = subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null"] + list(argv), env=self.env,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        text = p.stdout.decode("utf-8", "replace")
        if p.returncode != 0:
            raise RuntimeError("tmux %s: %s" % (argv[0], text.strip()))
        return text

    def pane(self, rows, cols):
        """A fresh pane of that size: its id and its terminal."""
        name = "s%dx%d" % (rows, cols)
        idle = "exec tail -f /dev/null"  # it never reads its terminal
        if name not in self.sessions:
            self.sessions[name] = True
            self.run("new-session", "-d", "-s", name, "-x", str(cols), "-y", str(rows), idle, ";",
                     "set", "-g", "status", "off", ";", "set", "-t", name, "default-size", "%dx%d" % (cols, rows))
        argv = ["new-window", "-t", name + ":", "-P", "-F", "#{pane_id} #{pane_tty} #{pane_width} #{pane_height}",
                "echo >'%s'; %s" % (self.ready, idle)]
        pane, path, width, height = self.run(*argv, *self.last).split()
        self.last = [";", "kill-pane", "-t", pane]
        with open(self.ready) as f:  # tmux changes the terminal's settings until its child runs
            f.read()
        if (int(height), int(width)) != (rows, cols):
            raise RuntimeError("tmux made a pane of %sx%s instead of %dx%d" % (height, width, rows, cols))
        return pane, path

    def frames(self, rows, cols, data, cuts=()):
        pane, path = self.pane(rows, cols)
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        frames, at = [], 0
        try:
            tty.setraw(fd, termios.TCSANOW)
            for upto in list(cuts) + [len(data)]:
                self.write(fd, data[at:upto] + self.SYNC)
                at = upto
                frames.append(self.frame(pane, rows, cols))
        finally:
            os.close(fd)
        return frames

    def write(self, fd, data):
        while data:
            data = data[os.write(fd, data):]
        got = b""
        while not got.endswith(self.SYNCED):
            if not select.select([fd], [], [], 60)[0]:
                raise RuntimeError("tmux has not answered for 60 s")
            got += os.read(fd, 4096)

    def frame(self, pane, rows, cols):
        lines = self.run("display-message", "-p", "-t", pane, self.STATE, ";",
                         "capture-pane", "-p", "-e", "-N", "-t", pane).split("\n")
        y, x, visible, alt = lines[0].split()
        parser = Captured(cols, self.libc.wcwidth)
        cells = [parser.row(line) for line in lines[1:rows + 1]]
        return Frame(int(y), min(int(x), cols - 1), int(x) >= cols, visible == "1", alt == "1", cells)

    def close(self):
        if self.sessions:
            self.run("kill-server")


class Captured:
    """Rows as capture-pane -e writes them: text, SGR, and SO and SI around line graphics. It leaves out the cells
    on the right in which nothing was written, whatever their background."""

    TOKEN = re.compile("\033\\[([0-9;:]*)m|([\016\017])|(.)", re.S)
    GRAPHICS = dict(zip("`abcdefghijklmnopqrstuvwxyz{|}~",
                        "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"))
    ON = {1: "b", 2: "f", 3: "i", 5: "k", 7: "r", 8: "h", 9: "s", 53: "o"}
    OFF = {22: "bf", 23: "i", 25: "k", 27: "r", 28: "h", 29: "s", 55: "o"}

    def __init__(self, cols, width):
        self.cols, self.width = cols, width
        self.graphics = False
        self.reset()

    def reset(self):
        self.flags, self.underline, self.fg, self.bg = set(), "", "-", "-"

    def row(self, line):
        cells = []
        for sgr, shift, c in self.TOKEN.findall(line):
            if shift:
                self.graphics = shift == "\016"
            elif c:
                self.put(cells, c)
            else:
                self.sgr(sgr)
        return (cells + [UNSEEN] * self.cols)[:self.cols]

    def put(self, cells, c):
        w = self.width(ord(c))
        if self.graphics:
            c = self.GRAPHICS.get(c, c)
        pen = ("".join(a for a in ATTRS if a in self.flags) + self.underline, self.fg, self.bg)
        if w == 0 and cells:
            last = len(cells) - 1
            while last > 0 and not cells[last][3]:
                last -= 1
            cells[last] = cells[last][:3] + (cells[last][3] + c,)
            return
        cells.append(pen + (c,))
        cells.extend([pen + ("",)] * (w - 1))

    def sgr(self, text):
        params = [p.split(":") for p in text.split(";")]
        while params:
            p = params.pop(0)
            n = int(p[0] or 0)
            if n == 0:
                self.reset()
            elif n in (38, 48, 58):
                color = self.color(p[1:] if len(p) > 1 else [params.pop(0)[0] for _ in range(1 + (1 if params[0][0] == "5" else 3))])
                if n == 38:
                    self.fg = color
                elif n == 48:
                    self.bg = color
            elif p == ["5", "3"]:
                self.flags.add("o")
            elif n == 4:
                self.underline = "u" + (p[1] if len(p) > 1 else "1")
            elif n == 24:
                self.underline = ""
            elif n in self.ON:
                self.flags.add(self.ON[n])
            elif n in self.OFF:
                self.flags -= set(self.OFF[n])
            elif 30 <= n <= 37 or 90 <= n <= 97:
                self.fg = str(n - 30 if n < 90 else n - 82)
            elif 40 <= n <= 47 or 100 <= n <= 107:
                self.bg = str(n - 40 if n < 100 else n - 92)
            elif n == 39:
                self.fg = "-"
            elif n == 49:
                self.bg = "-"

    @staticmethod
    def color(p):
        if p[0] == "5":
            return str(int(p[1]))
        return "#%02x%02x%02x" % tuple(int(v) for v in p[-3:])


def alike(attrs, ours, other, lax):
    """Are two cells the same to a terminal that knows the attributes `attrs`, and that there is an underline? lax: of
    blanks in the default background it does not know better."""
    if other is UNSEEN or (lax and other == ("", "-", "-", " ")):
        return ours[0] == "" and ours[3] == " "
    a, b = ([x for x in cell[0] if x in attrs or x == "u"] for cell in (ours, other))
    return a == b and ours[1:] == other[1:]


def differences(ours, other, attrs, lax):
    """What differs between two frames, in words; an empty list when nothing does."""
    words = []
    for name in ("row", "col", "pending", "visible", "alt"):
        a, b = getattr(ours, name), getattr(other, name)
        if a != b and b is not None:
            words.append("%s is %r, not %r" % (name, a, b))
    for y, (a, b) in enumerate(zip(ours.rows, other.rows)):
        if a == b:
            continue
        for x, (ca, cb) in enumerate(zip(a, b)):
            if ca != cb and not alike(attrs, ca, cb, lax):
                words.append("row %d, column %d is %r, not %r" % (y, x, ca, cb))
    return words


TOKENS = re.compile(rb"\033\[[0-?]*[ -/]*[@-~]|\033[\]PX^_][^\007\033]*(?:\007|\033\\)|\033[ -/]*[0-~]"
                    rb"|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|.", re.S)


def tokens(data):
    """The stream in pieces that belong together: sequences, characters."""
    return TOKENS.findall(data)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Our terminal against tmux and libvterm, every cell and the cursor: the rows of cases.tsv, random streams, and the
recorded sessions at many points; and our snapshots of these, as a viewer would get them. What is known to differ is in
known-differences.tsv, each with its reason.

usage: differ.py [ORACLE]             all, as TAP
       differ.py ORACLE FIRST LAST    random streams of these seeds only; what differs is cut down to the least"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the source may be somebody else's
import terminals  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.environ.get("abs_top_builddir", os.path.join(HERE, "../../build")), "tests/vt")
SIZES = [(5, 20), (8, 33), (3, 10), (6, 40)]  # of random streams
STREAMS = {"tmux": 100, "libvterm": 300}
TEXT = re.compile(rb"[^\x00-\x1f\x7f]+|\r|\n|\t|\x1b\[[\d;:]*m")
CUTS = 10  # frames of a session

test_number = 0
failed = 0


def ok(good, name, words=()):
    global test_number, failed
    test_number += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", test_number, name))
    for line in words if not good else ():
        print("# " + line)
    sys.stdout.flush()
    return good


def skip(reason, name):
    global test_number
    test_number += 1
    print("ok %d - %s # SKIP %s" % (test_number, name, reason))


def unescape(text):
    """As in cases.tsv."""
    letters = {"e": "\x1b", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "\\": "\\"}
    raw = re.sub(rb"\\(?:x([0-9a-f]{2})|([enrtb\\]))",
                 lambda m: bytes([int(m[1], 16)]) if m[1] else letters[m[2].decode()].encode(), text.encode())
    return raw


def escape(data):
    return "".join(chr(b) if 0x20 <= b < 0x7f and b != 0x5c else "\\e" if b == 0x1b else "\\x%02x" % b for b in data)


def table(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        lines = [line.rstrip("\n") for line in f]
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


class Known:
    """The known differences of one oracle: names of cases, examples, and what is left out of random streams."""

    def __init__(self, oracle):
        self.rows = [r for r in table("known-differences.tsv") if r[0] == oracle]
        self.cases = {r[1][5:] for r in self.rows if r[1].startswith("case ")}
        self.sessions = {r[1][8:] for r in self.rows if r[1].startswith("session ")}
        self.examples = [r[1] for r in self.rows if not re.match("(case|session) ", r[1])]
        self.patterns = {kind: self.pattern(kind) for kind in ("", "over", "waits")}

    def pattern(self, kind):
        """What the regular expressions of one kind match, as one."""
        fields = [re.fullmatch("(?:(over|waits) )?(.*)", r[2]).groups("") for r in self.rows if r[2] != "-"]
        parts = ["(?:%s)" % f.replace("\\e", "\\x1b") for k, f in fields if k == kind]
        return re.compile("|".join(parts or ["(?!)"]).encode("latin-1"), re.S).fullmatch

    def filter(self, data, cols):
        """The stream without what is left out."""
        out = []
        for t in terminals.tokens(data):
            if self.patterns["waits"](t):
                out.append(b"\x1b[%dG" % (1 + len(out) * 7 % cols))
            if not self.patterns[""](t) and not self.patterns["over"](t):
                out.append(t)
        return b"".join(out)

    def text(self, data):
        """Only what writes one line after another: nothing is written over."""
        return b"".join(t for t in terminals.tokens(data) if TEXT.fullmatch(t) and not self.patterns[""](t))


class Pair:
    """Ours and one other."""

    def __init__(self, name, ours, other):
        self.name, self.ours, self.other = name, ours, other
        self.known = Known(name)

    def compare(self, rows, cols, data, cuts=(), lax=True):
        """What differs, in words. lax: but for what the other is known not to tell."""
        try:
            ours = self.ours.frames(rows, cols, data, cuts)
            other = self.other.frames(rows, cols, data, cuts)
        except (RuntimeError, subprocess.TimeoutExpired) as e:
            return [str(e)]
        words = []
        for at, a, b in zip(list(cuts) + [len(data)], ours, other):
            words += ["after %d bytes: %s" % (at, w) for w in terminals.differences(a, b, self.other.attrs, lax and self.other.lax)[:4]]
        return words if len(ours) == len(other) else words + ["%d and %d frames" % (len(ours), len(other))]

    def stream(self, seed):
        rows, cols = SIZES[seed % len(SIZES)]
        p = subprocess.run([self.ours.program, "--stream", str(seed), str(rows), str(cols)], stdout=subprocess.PIPE, check=True)
        return rows, cols, self.known.text(p.stdout) if seed % 5 == 0 else self.known.filter(p.stdout, cols)

    def shrink(self, rows, cols, data):
        """The least of the stream that still differs."""
        parts = terminals.tokens(data)
        step = max(len(parts) // 2, 1)
        while True:
            at, shorter = 0, False
            while at < len(parts):
                rest = parts[:at] + parts[at + step:]
                if self.compare(rows, cols, b"".join(rest)):
                    parts, shorter = rest, True
                else:
                    at += step
            if step == 1 and not shorter:
                return b"".join(parts)
            step = max(step // 2, 1)

    def least(self, seed):
        """A stream that differs, cut down, in words."""
        rows, cols, data = self.stream(seed)
        data = self.shrink(rows, cols, data)
        return ["seed %d, %d rows of %d: %s" % (seed, rows, cols, escape(data))] + self.compare(rows, cols, data)

    def test_cases(self):
        wrong, stale = [], []
        cases = table("cases.tsv")
        for name, text, *_ in cases:
            words = self.compare(4, 10, unescape(text), lax=False)
            if words and name not in self.known.cases:
                wrong.append("%s: %s" % (name, words[0]))
            elif not words and name in self.known.cases:
                stale.append(name)
        names = {c[0] for c in cases}
        ok(not wrong, "%s shows the cases as we do" % self.name, wrong)
        for text in self.known.examples:
            if not self.compare(5, 20, unescape(text), lax=False):
                stale.append(text)
        stale += sorted(self.known.cases - names)
        ok(not stale, "%s: what is known to differ does" % self.name, stale)

    def test_streams(self, n):
        bad = [seed for seed in range(n) if self.compare(*self.stream(seed))]
        ok(not bad, "%s shows %d random streams as we do" % (self.name, n),
           ["%d differ: %s" % (len(bad), bad[:20])] + self.least(bad[0]) if bad else [])

    def snapshots(self, rows, cols, data, cuts):
        """What differs when the other is shown our snapshots."""
        words = []
        for cut, frame in zip(cuts, self.ours.frames(rows, cols, data[:cuts[-1]], cuts)):
            p = subprocess.run([self.ours.program, "--snapshot", str(rows), str(cols)], input=data[:cut], stdout=subprocess.PIPE, check=True)
            shown = self.other.frames(rows, cols, p.stdout)[0]
            words += ["after %d bytes: %s" % (cut, w) for w in terminals.differences(frame, shown, self.other.attrs, self.other.lax)[:4]]
        return words

    def test_session(self, name):
        rows, cols = (int(v) for v in re.search(r"-(\d+)x(\d+)\.vt$", name).groups()[::-1])
        with open(os.path.join(HERE, "sessions", name), "rb") as f:
            data = f.read()
        ends, at = [], 0
        for t in terminals.tokens(data):
            at += len(t)
            ends.append(at)
        cuts = sorted({ends[len(ends) * i // CUTS] for i in range(1, CUTS)})
        words = self.snapshots(rows, cols, data, cuts[2::3])
        ok(not words, "%s shows our snapshots of %s as we do" % (self.name, name), words)
        words = self.compare(rows, cols, data, cuts)
        if name in self.known.sessions:
            ok(bool(words), "%s: session %s differs as is known" % (self.name, name))
        else:
            ok(not words, "%s shows the session %s as we do" % (self.name, name), words)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the tmux server ends with us
    folder = tempfile.mkdtemp(prefix="berth-test.")
    ours = terminals.Dumper(os.path.join(BUILD, "vt-dump"))
    others = {}
    vterm = os.path.join(BUILD, "vterm-dump")
    if os.access(vterm, os.X_OK):
        others["libvterm"] = terminals.Dumper(vterm, "bikrs")
    if shutil.which("tmux"):
        others["tmux"] = terminals.Tmux(folder)
    try:
        if len(sys.argv) == 4:
            pair = Pair(sys.argv[1], ours, others[sys.argv[1]])
            for seed in range(int(sys.argv[2]), int(sys.argv[3])):
                if pair.compare(*pair.stream(seed)):
                    print("\n".join(pair.least(seed)), flush=True)
            return 0
        for name, why in (("libvterm", "libvterm-dev was not there when this was built"), ("tmux", "there is no tmux")):
            if name not in sys.argv[1:2] and len(sys.argv) > 1:
                continue
            if name not in others:
                skip(why, name)
                continue
            pair = Pair(name, ours, others[name])
            pair.test_cases()
            pair.test_streams(STREAMS[name])
            for session in sorted(os.listdir(os.path.join(HERE, "sessions"))):
                pair.test_session(session)
    finally:
        for t in others.values():
            t.close()
        shutil.rmtree(folder)
    print("1..%d" % test_number)
    return 1 if failed else 0


sys.exit(main())

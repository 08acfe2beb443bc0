#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tui.py [IDLE-SECONDS]: what the terminal UI costs and how soon it answers, with 200 containers in the store, on a pty
of 80x24. Idle is watched for 60 seconds, or as many as given. Environment: BERTH, the program to measure."""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "system", "lib"))
from terminal import Terminal  # noqa: E402

BERTH = os.environ["BERTH"]
IMAGE = "localhost/busybox"
CONTAINERS = 200
idle_s = int(sys.argv[1]) if len(sys.argv) > 1 else 60

tmp = tempfile.mkdtemp(prefix="berth-bench.")
env = dict(os.environ, BERTH_ROOT=tmp + "/root", BERTH_RUN_ROOT=tmp + "/run", HOME=tmp, XDG_RUNTIME_DIR=tmp,
           XDG_STATE_HOME=tmp, TERM="xterm-256color", LANG="C.UTF-8")


def berth(*args):
    return subprocess.run([BERTH, *args], env=env, stdin=subprocess.DEVNULL, check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def row(name, value):
    print(f"{name:<44} {value}", flush=True)


def start(expect):
    began = time.monotonic()
    t = Terminal([BERTH], env=env)
    while not t.out:
        t.read(1)
    painted = time.monotonic() - began
    if t.expect(expect) is None:
        sys.exit(f"tui.py: the UI never showed {expect!r}")
    return t, painted, time.monotonic() - began


def quit(t):
    t.type("Q")
    if t.wait() is None:
        sys.exit("tui.py: the UI did not quit")


def settle(t, seconds):
    """Reads until nothing came for that long."""
    while True:
        n = len(t.out)
        t.read(seconds)
        if len(t.out) == n:
            return


def threads(pid):
    return [f"/proc/{pid}/task/{tid}/status" for tid in os.listdir(f"/proc/{pid}/task")]


def switches(pid):
    """How often its threads went to sleep: once for each time that they woke up."""
    return sum(int(line.split()[1]) for path in threads(pid) for line in open(path)
               if line.startswith("voluntary_ctxt_switches"))


def rss_kib(pid):
    return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS"))


def traced_calls(pid, seconds):
    out = tmp + "/strace"
    p = subprocess.Popen(["strace", "-f", "-q", "-p", str(pid), "-o", out], stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    p.terminate()
    p.wait()
    # what it was in when strace came, and what strace says when it goes
    return sum("resumed" not in line and "strace: Process" not in line for line in open(out)) - len(threads(pid))


def first_paint():
    paints, lists = zip(*(measured_start() for _ in range(20)))
    row("first paint, median of 20", f"{statistics.median(paints) * 1000:.1f} ms")
    row(f"{CONTAINERS} containers listed, median of 20", f"{statistics.median(lists) * 1000:.1f} ms")


def measured_start():
    t, painted, listed = start("created")
    quit(t)
    return painted, listed


def at_rest():
    t, _, _ = start("created")
    settle(t, 1)
    row(f"resident memory, {CONTAINERS} containers", f"{rss_kib(t.pid) / 1024:.1f} MiB")
    before = switches(t.pid)
    time.sleep(idle_s)
    row(f"wake-ups in {idle_s} s of idleness", switches(t.pid) - before)
    if shutil.which("strace"):
        row(f"system calls in {idle_s} s of idleness (strace)", max(0, traced_calls(t.pid, idle_s)))
    t.read(0)
    quit(t)


def flooded():
    """From ^] to the line below the console that answers it, while the guest writes as fast as it can."""
    berth("run", "-dit", "--name", "flood", IMAGE, "sh", "-c", "read go; exec seq 1 2000000000")
    t, _, _ = start("flood")
    t.type("/flood\r")
    settle(t, 0.5)
    t.type("a")
    t.expect("keys go to flood")
    t.type("go\r")
    t.expect("1000")
    took = []
    for _ in range(100):
        t.out = b""
        began = time.monotonic()
        t.type("\x1d")
        if t.expect("THIS MENU") is None:
            sys.exit("tui.py: the console did not answer")
        took.append((time.monotonic() - began) * 1000)
        t.type("\x1b")
        t.expect("go to flood")
        settle_until = time.monotonic() + 0.05
        while time.monotonic() < settle_until:
            t.read(0.01)
    took.sort()
    row("key to frame while a console floods, median", f"{took[50]:.1f} ms")
    row("key to frame while a console floods, p99", f"{took[98]:.1f} ms")
    t.type("\x1d")
    t.type("d")
    t.expect("Containers")
    quit(t)
    berth("rm", "-f", "flood")


try:
    print(f"{berth('version').splitlines()[0]}; {os.cpu_count()} CPUs\n")
    for i in range(CONTAINERS):
        berth("create", "--name", f"c{i}", "--root-size", "64m", IMAGE, "true")
    first_paint()
    at_rest()
    flooded()
finally:
    subprocess.run([BERTH, "rm", "-f", "flood"], env=env, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    shutil.rmtree(tmp, ignore_errors=True)

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run -it, detach, attach, window changes, Ctrl-C, and the terminal as it was.
# timeout: 180
. "$(dirname "$0")/lib/vm.sh"
PYTHONPATH=$(dirname "$0")/lib /usr/bin/python3 - "$BERTH" <<'PY'
import os, signal, subprocess, sys
from terminal import Terminal, Tap
B = sys.argv[1]
ok = Tap.ok

def berth(*args):
    return subprocess.run([B, *args], capture_output=True, text=True).stdout.strip()

t = Terminal([B, "run", "-it", "--name", "con", "localhost/busybox"], rows=30, cols=100)
ok(t.expect("/ # ") is not None, "a shell's prompt", t.out)
t.type("stty size\r")
ok(t.expect("30 100") is not None, "it has the terminal's size", t.out)
t.type("echo $((6*7))\r")
ok(t.expect("\r\n42") is not None, "it answers", t.out)
t.resize(33, 90)
t.kill(signal.SIGWINCH)
t.type("sleep 0.5; stty size\r")
ok(t.expect("33 90") is not None, "a window change reaches it", t.out)
t.type("sh -c 'echo go; exec sleep 100'\r") # busybox's own child may lose a signal before its exec
t.expect("\r\ngo")
t.type("\x03")
t.type("echo after$((1+1))\r")
ok(t.expect("after2") is not None, "Ctrl-C ends the guest's program alone", t.out)
t.type("marker=kept; echo $marker-here\r")
t.expect("kept-here")
t.type("\x10")
t.type("\x11")
ok(t.wait() == 0, "C-p C-q detaches with 0", t.status)
ok(t.settings_are_back(), "the terminal's settings are back")
ok(berth("ps", "--format", "state") == "running", "the container goes on")
ok("42" in berth("screen", "con"), "screen shows it as text")

t = Terminal([B, "attach", "con"])
ok(t.expect("kept-here") is not None, "attach shows the screen as it stood", t.out)
t.type("echo [$marker]\r")
ok(t.expect("[kept]") is not None, "it is the same shell", t.out)
t.kill(signal.SIGTERM)
ok(t.wait() == 143, "SIGTERM ends attach", t.status)
ok(t.settings_are_back(), "the settings are back after SIGTERM")

t = Terminal([B, "attach", "con"])
t.expect("[kept]")
t.kill(signal.SIGKILL)
t.wait()
t = Terminal([B, "attach", "con"])
ok(t.expect("[kept]") is not None, "after kill -9 of a client the screen is as before", t.out)
t.type("exit 5\r")
ok(t.wait() == 5, "attach ends with the process's code", t.status)
ok(t.settings_are_back(), "the settings are back after the end")
ok("exit 5" in berth("screen", "con"), "the last screen is kept")
berth("rm", "con")

t = Terminal([B, "run", "-it", "--rm", "localhost/busybox", "nosuch"])
ok(t.wait() == 127, "a program that is not there, with a terminal: 127", t.status)
ok(t.settings_are_back(), "and the settings are back")

berth("run", "-d", "--name", "bg", "localhost/busybox", "sleep", "100")
t = Terminal([B, "exec", "-it", "bg", "sh"])
ok(t.expect("/ # ") is not None, "exec -it has a prompt", t.out)
t.type("tty\r")
ok(t.expect("/dev/pts/") is not None, "and a terminal", t.out)
ok("bg:1" in berth("consoles"), "consoles lists it")
t.type("exit 6\r")
ok(t.wait() == 6, "exec -it ends with the code", t.status)
for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    t = Terminal([B, "run", "-it", "--name", "killed", "localhost/busybox"])
    t.expect("/ # ")
    t.type("trap '' TERM INT HUP; echo trapped\r")
    t.expect("trapped\r\n")
    t.type("printf '\\033[?1049h\\033[?25l\\033[?2004h\\033[?1000h'; echo modes-$((1+1))\r")
    t.expect("modes-2\r\n")
    t.kill(sig)
    ok(t.wait() == 128 + sig, "%s ends run -it" % sig.name, t.status)
    ok(t.settings_are_back(), "the settings are back after it")
    t.read(1)
    ok(all(m in t.out for m in (b"?1049l", b"?25h", b"?2004l", b"?1000l")), "and the modes off", t.out)
    berth("rm", "-f", "killed")
t = Terminal([B, "run", "-it", "--name", "lost", "localhost/busybox"])
t.expect("/ # ")
os.close(t.master)
os.close(t.slave)
pid, st = os.waitpid(t.pid, 0)
ok(berth("ps", "--format", "state", "--filter", "name=lost") == "running", "a terminal that vanishes detaches")
berth("rm", "-f", "bg", "lost")
Tap.end()
PY

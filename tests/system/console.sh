#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the section [console] of the configuration means for run, exec and attach, and for what a console keeps.
. "$(dirname "$0")/lib/vm.sh"
cat >"$T/config" <<'CONF'
[console]
scrollback = 20
detach-keys = ^A ^D
delay-ms = 900
guest-clipboard = yes
CONF
cat >"$T/wrong" <<'CONF'
[console]
scrollback = many
detach-keys = ^A ctrl-nix
CONF
PYTHONPATH=$(dirname "$0")/lib /usr/bin/python3 - "$BERTH" "$T" <<'PY'
import os, subprocess, sys, time
from terminal import Terminal, Tap
B, T = sys.argv[1:]
ok = Tap.ok
COPY = b"\033]52;c;aGVsbG8="

def berth(*args):
    return subprocess.run([B, *args], capture_output=True, text=True).stdout

os.environ["BERTH_CONFIG"] = T + "/config"
t = Terminal([B, "run", "-it", "--name", "con", "localhost/busybox"])
t.expect("/ # ")
t.type("seq 300; printf '\\033]52;c;aGVsbG8=\\a'; echo copied-$((1+1))\r")
out = t.expect("copied-2\r\n")
ok(out and COPY in out, "guest-clipboard = yes: what it copies comes through", out or t.out)
t.type("echo re$((1+1)); cat >/dev/null\r")
t.expect("re2\r\n")
begin = time.monotonic()
t.type("\x01")
ok(t.expect("^A") is not None and time.monotonic() - begin > 0.8, "the first detach key is kept back for delay-ms",
   time.monotonic() - begin)
t.type("\x01\x04")
ok(t.wait() == 0, "detach-keys written as ^A ^D detach", t.status)
shims = subprocess.run(["pgrep", "-af", "berth-shim --root " + T], capture_output=True, text=True).stdout
ok(" --scrollback 20 " in shims, "a console keeps as many lines as scrollback says", shims)

os.environ["BERTH_CONFIG"] = "/dev/null"
t = Terminal([B, "exec", "-it", "con", "sh"])
t.expect("/ # ")
t.type("printf '\\033]52;c;aGVsbG8=\\a'; echo copied-$((1+1))\r")
out = t.expect("copied-2\r\n")
ok(out and COPY not in out, "as berth comes, it does not", out or t.out)
t.type("exit\r")
t.wait()
out = subprocess.run([B, "config", "check", T + "/wrong"], capture_output=True, text=True).stderr
ok("wrong:2: scrollback is 'many'" in out and "wrong:3: detach-keys is" in out, "what is wrong is told with its line", out)
berth("rm", "-f", "con")
Tap.end()
PY

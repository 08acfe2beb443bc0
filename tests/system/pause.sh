#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The processes of a container, listed, frozen and let go; what ends a paused container.
. "$(dirname "$0")/lib/vm.sh"
busybox=localhost/busybox
lib=$(cd "$(dirname "$0")/lib" && pwd)
mkdir "$T/share"

berth run -d --name box -v "$T/share:/share" $busybox sh -c '
	echo app:x:1000:1000::/:/bin/sh >>/etc/passwd
	trap "echo user >/share/signal" USR1; trap "echo bye; exit 3" TERM
	i=0; while :; do i=$((i + 1)); echo $i >>/share/count; sleep 0.02; done' >/dev/null
wait_for test -s "$T/share/count"

# --- top
berth exec -d -u app box sleep 777
berth exec -d -t box sh -c 'while :; do :; done'
is "$(berth top box --format json | /usr/bin/python3 -c 'import json,sys
rows = json.load(sys.stdin)
print({"pid", "user", "cpu_percent", "memory_bytes", "time", "command"} <= set(rows[0]), rows[0]["pid"], rows[0]["ppid"])')" \
	'True 1 0' 'top: the keys; the first is process 1'
is "$(berth top box --format user,command,tty | grep 777)" $'app\tsleep 777\t' "users by the container's own names"
is "$(berth top box --format tty,command | grep 'do :;')" $'pts/0\tsh -c while :; do :; done' 'terminals'
busy() { berth top box --format cpu_percent,command | awk -F'\t' '/do :;/ { exit !($1 > 10) }'; }
check 'a process that works has CPU time' wait_for busy
is "$(berth top box --format memory_bytes,command | awk -F'\t' '/777/ { print ($1 > 50000) }')" 1 'and memory'
like "$(berth top box | head -1)" '^ *PID +USER +CPU % +MEM +TTY +TIME +COMMAND$' 'a table'
is "$(berth top box --format pid,command | awk -F'\t' '/777/ { print $1 }')" \
	"$(berth exec box sh -c 'pidof sleep | tr " " "\n" | while read -r p; do grep -q 777 /proc/$p/cmdline 2>/dev/null && echo $p; done')" \
	'numbers are those in the container'
check_fails 'of an unknown container: 1' 1 berth top nobody

# --- kill --pid
napper() { berth top box --format pid,command | awk -F'\t' '/777/ { print $1 }'; }
pid=$(napper)
check 'a signal to one process' berth kill -s TERM --pid "$pid" box
gone() { [ -z "$(napper)" ]; }
check 'which ends, by itself' wait_for gone
is "$(state box)" running 'the container runs on'
check 'and the main one is told by its number too' berth kill -s USR1 --pid 1 box
check 'as it says' wait_for grep -q user "$T/share/signal"
: >"$T/share/signal" # not removed: the guest may still know it
check_fails 'what has ended' 1 berth kill --pid "$pid" box
like "$(berth kill --pid "$pid" box 2>&1)" "process $pid is not there any more" "is named"
check_fails 'words are no process' 2 berth kill --pid x box
check_fails 'nor is one of two containers' 2 berth kill --pid 1 box box

# --- pause
is "$(berth pause box)" box 'pause'
is "$(state box)" paused 'ps says so'
like "$(berth ps)" 'Up .*\(Paused\)' "and its table, in docker's words"
is "$(berth inspect -f '{{.State.Status}} {{.State.Running}} {{.State.Paused}}' box)" 'paused true true' 'inspect too'
lines() { wc -l <"$T/share/count"; }
count=$(lines)
berth top box --format state >/dev/null
berth stats --no-stream box >/dev/null
is "$(lines)" "$count" 'nothing moves, for as long as two readings take'
check_fails 'pause again is refused' 1 berth pause box
like "$(cat "$T/.check")" 'paused already' 'with the reason'
check_fails 'exec is refused' 125 berth exec box true
like "$(cat "$T/.check")" 'is paused.*unpause' 'with the way out'
check_fails 'start is refused' 1 berth start box
check_fails 'rm is refused' 1 berth rm box
like "$(cat "$T/.check")" 'is paused' 'with the reason'
check 'a signal can be sent' berth kill -s USR1 box
is "$(state box)/$(cat "$T/share/signal" 2>/dev/null)" paused/ 'and waits'
is "$(berth unpause box)" box 'unpause'
is "$(state box)" running 'it runs'
check 'the signal has come' wait_for test -s "$T/share/signal"
moved() { [ "$(lines)" -gt "$count" ]; }
check 'and it goes on' wait_for moved
is "$(berth exec box echo hi)" hi 'exec as ever'
check_fails 'unpause again is refused' 1 berth unpause box

# --- what ends a paused one
berth pause box >/dev/null
check 'stop' berth stop box
is "$(berth inspect -f '{{.State.Status}} {{.State.ExitCode}}' box)" 'exited 3' 'it heard its stop signal'
berth start box >/dev/null; berth pause box >/dev/null
check 'kill' berth kill box
is "$(berth wait box)" 137 'by SIGKILL'
check_fails 'what has ended cannot be paused' 1 berth pause box
berth start box >/dev/null; berth pause box >/dev/null
check 'restart' berth restart box
is "$(state box)" running 'it runs'
berth pause box >/dev/null

# --- the agent
run_dir=$(berth inspect -f '{{.run_dir}}' box) id=$(berth inspect -f '{{.id}}' box)
BERTH=$BERTH PYTHONPATH=$lib timeout 60 /usr/bin/python3 -B - "$run_dir" "$id" >"$T/agent" <<'PY'
import os
import sys
import subprocess
import agent

a, id, t = agent.connect(sys.argv[1]), sys.argv[2], agent.Tap()
pause, resume = (lambda i=id: a.agent.Pause(a.ag.PauseRequest(container_id=i), timeout=20),
                 lambda i=id: a.agent.Resume(a.ag.ResumeRequest(container_id=i), timeout=20))
procs = lambda i=id: a.agent.ProcessList(a.ag.ProcessListRequest(container_id=i), timeout=20)
t.eq(agent.status(pause)[0], "OK", "pause of what is paused is no error")
t.refused(lambda: a.sandbox.CreateProcess(a.sb.CreateProcessRequest(
    id="x", containerID=id, configuration=b'{"process":{"args":["true"],"cwd":"/"}}'), timeout=20),
    "FAILED_PRECONDITION", "paused", "no process is made meanwhile")
t.eq(agent.status(resume)[0], "OK", "resume")
t.eq(agent.status(resume)[0], "OK", "twice")
for name, call in (("pause", pause), ("resume", resume), ("process list", procs)):
    t.refused(lambda: call("nobody"), "NOT_FOUND", "nobody", f"{name}: an unknown container")
first = procs().processes[0]
t.eq((first.ns_pid, first.ppid, first.uid, first.user, first.args[0]), (1, 0, 0, "root", "sh"), "process list")
t.ok(first.rss_bytes > 100000 and abs(procs().time_ns - first.start_time_ns) < 120e9 and first.threads == 1, "its numbers", first)
signal = lambda **kw: a.agent.ProcessSignal(a.ag.ProcessSignalRequest(**{"container_id": id, **kw}), timeout=20)
subprocess.run([os.environ["BERTH"], "exec", "-d", "box", "sleep", "888"], check=True)
napper = [p for p in procs().processes if "888" in p.args][0]
other = napper.start_time_ns - 60 * 10**9
t.refused(lambda: signal(container_id="nobody", ns_pid=1, signal=15), "NOT_FOUND", "nobody", "signal: an unknown container")
t.refused(lambda: signal(ns_pid=napper.ns_pid, signal=0), "INVALID_ARGUMENT", "0", "no signal")
t.refused(lambda: signal(ns_pid=0, signal=15), "NOT_FOUND", "0", "no process")
t.refused(lambda: signal(ns_pid=napper.ns_pid, signal=15, start_time_ns=other), "NOT_FOUND", str(napper.ns_pid),
          "another that had the number")
t.ok([p for p in procs().processes if "888" in p.args], "which was not touched")
t.eq(agent.status(lambda: signal(ns_pid=napper.ns_pid, signal=15, start_time_ns=napper.start_time_ns))[0], "OK", "that one")
while [p for p in procs().processes if "888" in p.args]:
    pass
t.ok(True, "it ended")
t.done()
PY
ok $? 'the agent: Pause, Resume, ProcessList, ProcessSignal'
grep '^not ok\|^#' "$T/agent"
is "$(berth exec box echo hi)" hi 'and the container runs on'
berth pause box >/dev/null
check 'rm -f' berth rm -f box
is "$(berth ps -aq)" '' 'nothing is left'
done_testing

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A shim that is there and does not answer: nothing hangs on it, it is told, and it can be ended.
# timeout: 240
. "$(dirname "$0")/lib/vm.sh"
# A stopped one would outlive the test.
trap 'kill -CONT $shims 2>/dev/null; cleanup' EXIT
shims=
shim_of() { berth inspect -f '{{.pid}}' "$1"; }
status() { berth ps -a --format '{{.silent_since}}' --filter "name=$1"; }
stopped() { [ "$(cut -d' ' -f3 "/proc/$1/stat")" = T ]; }

for name in quiet other; do berth run -d --name $name localhost/busybox sleep 1000 >/dev/null; done
pid=$(shim_of quiet) other=$(shim_of other)
shims="$pid $other"
kill -STOP "$pid"
wait_for stopped "$pid"
check 'ps does not ask it' timeout 5 "$BERTH" ps
is "$(timeout 5 "$BERTH" inspect -f '{{.state}}' quiet)" running 'inspect neither'
is "$(timeout 10 "$BERTH" consoles | grep -c quiet)" 0 'the list of consoles goes on without it'
like "$(status quiet)" '^20' 'from then on it is known not to answer'
is "$(status other)" '' 'the other one answers'
like "$(berth ps --filter name=quiet)" 'not answering' 'ps says so'
like "$(berth inspect quiet | grep silent_since)" '"20' 'inspect says since when'
check_fails 'stop ends with an error' 1 timeout 30 "$BERTH" stop quiet
like "$(timeout 30 "$BERTH" stop quiet 2>&1)" 'the shim of container quiet does not answer' 'which names what is wrong'
like "$(timeout 30 "$BERTH" stop quiet 2>&1)" 'berth kill ends it' 'and what to do'
check_fails 'attach ends with an error' 1 timeout 30 "$BERTH" attach --no-stdin quiet
check_fails 'exec ends with an error' 125 timeout 30 "$BERTH" exec quiet true
check 'stats do not hang' timeout 30 "$BERTH" stats --no-stream
kill -CONT "$pid"
check 'once it goes on it is asked again' timeout 20 "$BERTH" exec quiet true
is "$(status quiet)" '' 'and answers'

if command -v tmux >/dev/null; then
	tm() { tmux -L "berth-$$" -f /dev/null "$@"; }
	trap 'tm kill-server 2>/dev/null; kill -CONT $shims 2>/dev/null; cleanup' EXIT
	seen() { tm capture-pane -p | grep -qF -- "$1"; }
	sees() { wait_for seen "$1"; local rc=$?; ok $rc "$2"; [ $rc -eq 0 ] || tm capture-pane -p | sed 's/^/# /'; }
	berth run -d --name third localhost/busybox sleep 1000 >/dev/null
	third=$(shim_of third)
	shims="$shims $third"
	env -u TMUX TERM=xterm-256color tmux -L "berth-$$" -f /dev/null new-session -d -x 80 -y 24 "$BERTH"
	sees 'third        + up' 'the terminal UI shows it'
	kill -STOP "$third"
	sees 'third        ? seen' 'and, as long as somebody looks, when it falls silent'
	sees 'third: its shim does not answer.  K kills it' 'which is a message too'
	tm send-keys / third Enter K
	sees 'Kill third?' 'K asks'
	tm send-keys y
	sees 'third        x dead' 'and ends it'
	tm kill-server
	berth rm third >/dev/null
fi
kill -STOP "$pid" "$other"
wait_for stopped "$pid"
check 'kill works on it' timeout 40 "$BERTH" kill quiet
wait_for [ "$(state quiet)" = dead ]
is "$(state quiet)" dead 'it is dead'
check 'and can be removed' berth rm quiet
check 'rm -f works on one that is not known yet' timeout 60 "$BERTH" rm -f other
is "$(berth ps -aq)" '' 'nothing is left'
is "$(pgrep -cf "berth-shim --root $T/root|qemu.*$T")" 0 'no process either'
done_testing

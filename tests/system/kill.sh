#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of a shim at each stage of a start, and machines that end by themselves: nothing is left running or
# lying about, and what happened is said.
# timeout: 240
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/fake-qemu.sh"
busybox=localhost/busybox
export BERTH_ACCEL=tcg

# A guest that hangs at boot: told after 30 s, so it begins now.
FAKE_PLAN='tcg=say@10:hung here' "$BERTH" run --name hung $busybox true >"$T/hung" 2>&1 &
hung=$!

# alive PID: running, not only to be reaped by whoever inherited it
alive() { [ -e "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null; }
# below PID: it and all its children's children
below() {
	local child
	echo "$1"
	for child in $(pgrep -P "$1"); do below "$child"; done
}
# of ID NAME: what works for this container: its shim, QEMU, virtiofsd
of() { pgrep -f "berth-shim .*$1|[-]name $2 |run/${1:0:12}/share"; }
none_alive() {
	local pid
	for pid in $(of "$1" "$2"); do ! alive "$pid" || return 1; done
}
# all_gone WHAT: after the kill of the shim of $id, $name, whose start is $starter
all_gone() {
	local rc=0 word
	wait_for none_alive "$id" "$name"
	ok $? "$1: QEMU and virtiofsd are gone"
	wait $starter || rc=$?
	is $rc 1 "$1: its starter ends"
	[ "$(wc -l <"$T/$name.err")" -le 2 ] && like "$(cat "$T/$name.err")" '^berth: error: ' "$1: with one error"
	word=$(state "$name")
	like "$word" "$2" "$1: ps knows"
	[ "$word" != dead ] || is "$(berth inspect -f '{{.cause}}' "$name")" 'its shim was killed' "$1: and why"
	check "$1: rm works" "$BERTH" rm "$name"
	[ ! -e "$BERTH_RUN_ROOT/${id:0:12}" ] && [ ! -e "$BERTH_ROOT/containers/$id" ]
	ok $? "$1: nothing is left"
}
# begin NAME PLAN [OPTION...]: a container whose start is under way: $id, $name, $starter
begin() {
	name=$1
	id=$(berth create --name "$name" -v "$T/share:/data" "${@:3}" $busybox sleep 1000)
	FAKE_PLAN=$2 BERTH_LOG=$log "$BERTH" start "$name" >/dev/null 2>"$T/$name.err" &
	starter=$!
}
# kill_shim NAME
kill_shim() {
	local pid
	pid=$(berth inspect -f '{{.pid}}' "$1")
	[ "${pid:-0}" -gt 1 ] && kill -9 "$pid" || echo "# $1 has no shim: $(state "$1")"
}
mkdir "$T/share"
log=

# --- at once, and ever later: whatever it was at
for ms in 0 5 15 30 60 120 250; do
	begin "after$ms" tcg=real
	until shim=$(pgrep -f "berth-shim .*$id" | tail -1) && [ -n "$shim" ]; do kill -0 $starter 2>/dev/null || break; done
	read -rt "0.$(printf %03d $ms)" <>"$T/never" || true
	kill -9 $(pgrep -f "berth-shim .*$id") 2>/dev/null
	wait_for none_alive "$id" "$name"
	wait $starter
	rc=$?
	word=$(state "$name")
	rm_said=$("$BERTH" rm "$name" 2>&1)
	rm_rc=$?
	[ $rc -le 1 ] && [[ $word =~ ^(created|dead)$ ]] && [ $rm_rc -eq 0 ] && none_alive "$id" "$name" &&
		[ ! -e "$BERTH_RUN_ROOT/${id:0:12}" ] && [ ! -e "$BERTH_ROOT/containers/$id" ]
	ok $? "killed $ms ms after its start: nothing is left"
	[ $rc -le 1 ] && [[ $word =~ ^(created|dead)$ ]] && [ $rm_rc -eq 0 ] ||
		echo "# start: $rc, $(cat "$T/$name.err"); state: $word; rm: $rm_rc, $rm_said; $(of "$id" "$name")"
done

# --- QEMU is spawned, and says nothing
begin spawned tcg=mute
has_qemu() { [ -n "$(pgrep -f "[-]name $name ")" ]; }
wait_for has_qemu
kill_shim spawned
all_gone 'QEMU spawned' '^dead$'

# --- the kernel boots
begin boots 'tcg=say@10:booting'
wait_for grep -q booting "$BERTH_RUN_ROOT/${id:0:12}/console.log"
kill_shim boots
all_gone 'kernel boots' '^dead$'

# --- the guest is up, its agent is not answering yet
log=debug begin agent 'tcg=ready@10'
wait_for grep -q 'agent ready while' "$BERTH_ROOT/containers/$id/shim.log"
kill_shim agent
all_gone 'agent' '^dead$'

# --- it runs
begin runs tcg=real
wait $starter
"$BERTH" wait runs >"$T/runs.err" 2>&1 &
starter=$!
"$BERTH" attach runs >"$T/attach" 2>&1 &
attached=$!
wait_for sh -c "'$BERTH' consoles runs | grep -q sleep || '$BERTH' exec runs true"
wait_for sh -c "ls -l /proc/$starter/fd | grep -q socket:" # it has reached the shim, whose end it is to be told
kill_shim runs
wait $attached
is $? 125 'running: attach ends with 125'
like "$(cat "$T/attach")" '^berth: error: the shim of container runs was killed$' 'running: and says why'
all_gone 'running' '^dead$'

# --- a container that is dead starts again
id=$(FAKE_PLAN=tcg=real berth run -d --name again $busybox sleep 1000)
kill_shim again
wait_for none_alive "$id" again
check 'what is dead starts again' env FAKE_PLAN=tcg=real "$BERTH" start again
is "$(state again)" running 'and runs'

# --- a machine that ends by itself
FAKE_PLAN=tcg=real "$BERTH" run --name shot $busybox sh -c 'echo up; sleep 1000' >"$T/shot" 2>"$T/shot.err" &
pid=$!
wait_for grep -q up "$T/shot"
kill -9 $(below "$(berth inspect -f '{{.pid}}' shot)" | tail -n +2)
wait $pid
is $? 255 'QEMU killed: run ends with 255'
is "$(cat "$T/shot.err")" 'berth: error: the VM of container shot died: QEMU was killed by signal 9 (Killed)' 'and says why'
is "$(state shot)/$(berth inspect -f '{{.cause}}' shot)" 'dead/QEMU was killed by signal 9 (Killed)' 'ps says dead, inspect why'
check_fails 'a guest that panics at boot: 125' 125 env FAKE_PLAN=tcg=real "$BERTH" run --name panics --kernel-arg rdinit=/nosuch $busybox true
like "$(cat "$T/.check")" '^berth: error: the guest crashed; its console said last: .*Kernel panic' 'and it is named'
is "$(state panics)" exited 'ps knows'
FAKE_PLAN='tcg=ready@10+say@20:Oops: 0002+exit@500:0' "$BERTH" run --name oops $busybox true >"$T/oops" 2>&1
is $? 125 'a guest that crashes before its agent answers: 125'
is "$(cat "$T/oops")" 'berth: error: the guest crashed; its console said last: Oops: 0002' 'and it is named'
FAKE_PLAN='tcg=exit@50:11' "$BERTH" run --name early $busybox true >"$T/early" 2>&1
is $? 125 'a guest that ends before it is ready: 125'
like "$(cat "$T/early")" '^berth: error: the guest ended before it was ready' 'and it is named'

# --- the one that hangs
wait $hung
is $? 125 'a guest that hangs at boot: 125'
is "$(cat "$T/hung")" 'berth: error: the guest was not ready within 30 s; its console said last: hung here' 'and it is named'
check 'all can be removed' berth rm -f again shot panics oops early hung
is "$(berth ps -aq)$(ls "$BERTH_ROOT/containers")" '' 'nothing is left'
done_testing

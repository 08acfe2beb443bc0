#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Containers in VMs, from the command line: exit codes, streams, signals, exec, logs, the life of a container.
# timeout: 240
. "$(dirname "$0")/lib/vm.sh"
busybox=localhost/busybox

# --- what a script sees
like "$(berth run --rm $busybox uname -sr)" '^Linux 6\.[0-9.]+-berth$' 'the guest has its own kernel'
is "$(berth run --rm $busybox sh -c 'cat /proc/1/comm; echo hello from a VM')" $'sh\nhello from a VM' 'the command is PID 1'
check_fails "the process's code is berth's" 7 berth run --rm $busybox sh -c 'exit 7'
check_fails 'a signal n is 128+n' 137 berth run --rm $busybox sh -c 'sleep 100 & kill -9 $!; wait $!'
check_fails 'a program that is not there: 127' 127 berth run --rm $busybox nosuch
check_fails 'a file that cannot be executed: 126' 126 berth run --rm $busybox /etc/passwd
check_fails 'an image that nobody has: 125' 125 berth run --rm --pull never nosuch true
check_fails 'an option that is none: 2' 2 berth run --nosuch $busybox true
check_fails "an option of docker's that is not there: 2" 2 berth run --gpus all $busybox true
is "$(berth ps -aq)" '' 'nothing is left of --rm, failed ones included'
no_run_folders() { ! ls "$BERTH_RUN_ROOT" | grep -qE '^[0-9a-f]{12}$'; }
wait_for no_run_folders
ok $? 'no run folder is left'

# --- streams
out=$(berth run --rm $busybox sh -c 'echo out; echo err >&2' 2>"$T/err")
is "$out/$(cat "$T/err")" out/err 'stdout and stderr are apart'
is "$(printf 'a\nb' | berth run --rm -i $busybox sh -c 'cat; echo " end"')" $'a\nb end' 'stdin and its end reach the process'
head -c 100000000 /dev/urandom >"$T/random"
want=$(sha256sum <"$T/random")
is "$(berth run --rm -i $busybox sha256sum <"$T/random")" "$want" '100 MB in, every byte'
is "$(berth run --rm -i $busybox cat <"$T/random" | sha256sum)" "$want" '100 MB in and out again, every byte'
mkdir "$T/share"
mv "$T/random" "$T/share/"
berth run --rm -v "$T/share:/d:ro" $busybox sh -c 'cat /d/random & cat /d/random >&2; wait' >"$T/out" 2>"$T/err"
is "$(sha256sum <"$T/out")" "$want" '100 MB on standard output'
is "$(sha256sum <"$T/err")" "$want" 'while 100 MB go to standard error, every byte'
rm -r "$T/share" "$T/out" "$T/err"

# --- a container that lives
id=$(berth run -d --name one -e A=b --label x=y $busybox sh -c 'echo started; echo oops >&2; trap "echo bye; exit 3" TERM; while :; do sleep 0.1; done')
like "$id" '^[0-9a-f]{64}$' 'run -d prints the id'
wait_for sh -c "'$BERTH' logs one 2>&1 | grep -q started"
is "$(state one)" running 'ps knows that it runs'
is "$(berth inspect -f '{{.State.Running}} {{.Config.Image}}' one)" "true $busybox" "inspect has docker's paths"
is "$(berth exec one sh -c 'echo $A')" b 'exec runs beside it, with its environment'
check_fails "exec ends with the command's code" 4 berth exec one sh -c 'exit 4'
check_fails 'exec of what is not there: 127' 127 berth exec one nosuch
check_fails 'exec in an unknown container: 1' 1 berth exec nobody true
is "$(timeout 10 "$BERTH" exec one sh -c 'sleep 100 & echo hi')" hi 'exec does not wait for what it left behind'
check_fails 'a signal n is 128+n, in exec' 137 berth exec one sh -c 'kill -9 $$'
is "$(echo in | berth exec -i one cat)" in 'exec -i has stdin'
is "$(berth exec -u 1000:1000 -w /tmp one sh -c 'id -u; pwd')" $'1000\n/tmp' 'exec -u and -w'
is "$(berth logs one 2>/dev/null)" started 'logs: standard output'
is "$(berth logs one 2>&1 >/dev/null)" oops 'logs: standard error'
check_fails 'a name is taken once' 125 berth run -d --name one $busybox true
check_fails 'what runs is not removed' 1 berth rm one
is "$(berth stop one)" one 'stop'
is "$(state one)" exited 'it has ended'
is "$(berth inspect -f '{{.State.ExitCode}}' one)" 3 'by its own trap'
is "$(berth wait one)" 3 'wait tells the code of what has ended'
is "$(berth logs one 2>/dev/null)" $'started\nbye' 'its last words are in the log'
check_fails 'exec in what has ended: 125' 125 berth exec one true
check 'start again' berth start one
wait_for sh -c "'$BERTH' logs one 2>&1 | grep -c started | grep -q 2"
is "$(state one)" running 'it runs again'
check 'kill' berth kill one
is "$(berth wait one)" 137 'by SIGKILL'
check 'rm' berth rm one
check_fails 'a second rm' 1 berth rm one

# --- a disk that lives
berth run --name disk $busybox sh -c 'echo kept > /root/file'
berth start disk >/dev/null; berth wait disk >/dev/null
is "$(state disk)" exited 'a container starts again on its disk'
berth rm disk >/dev/null

# --- signals from outside
"$BERTH" run --name sig $busybox sh -c 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done' >"$T/sig" &
pid=$!
wait_for grep -q up "$T/sig"
kill -TERM $pid
wait $pid
is $? 9 'TERM is passed on to the process'
berth rm sig >/dev/null

# --- limits and rights, seen from inside
is "$(berth run --rm -u 1000:1000 $busybox id -u)" 1000 'run -u'
is "$(berth run --rm --hostname box $busybox hostname)" box 'a host name'
is "$(berth run --rm -m 64m $busybox cat /sys/fs/cgroup/memory.max)" 67108864 'a memory limit'
is "$(berth run --rm --cpus 2 $busybox nproc)" 2 'CPUs'
is "$(berth run --rm --read-only $busybox sh -c 'touch /x 2>/dev/null || echo no')" no 'a read-only root'
is "$(berth run --rm --ulimit nofile=99 $busybox sh -c 'ulimit -n')" 99 'a limit'
is "$(berth run --rm --cap-drop ALL $busybox sh -c 'grep CapEff /proc/self/status | cut -f2')" 0000000000000000 'no capabilities'
is "$(berth run --rm $busybox sh -c 'touch /proc/sys/kernel/hostname 2>/dev/null && echo > /proc/sys/kernel/hostname' 2>/dev/null; echo $?)" 1 '/proc/sys is read-only'

# --- boot
berth kernel import "$builddir/kernel/vmlinux" --name second >/dev/null
like "$(berth run --rm --kernel second $busybox uname -r)" '-berth$' "a kernel of the store's"
berth kernel rm second >/dev/null

berth run -d --name boot $busybox sleep 100 >/dev/null
is "$(berth boot boot --format json | /usr/bin/python3 -c 'import json,sys; print(*[s["name"] for s in json.load(sys.stdin)["stages"]])')" \
	'prepare qemu kernel agent mounts network process' 'the stages of a start'

# --- many at once, each over before it is well begun
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do berth exec boot sh -c "exit $i" & pids[i]=$!; done
codes=
for i in "${!pids[@]}"; do wait "${pids[i]}"; codes+="$? "; done
is "$codes" '1 2 3 4 5 6 7 8 9 10 11 12 ' 'short execs side by side each end with their own code'

# --- who is killed
shim=$(berth inspect -f '{{.pid}}' boot)
qemu=$(pgrep -P "$shim" -f qemu-system | head -1)
kill -9 "$shim"
# ended, or dead and not yet reaped by whoever inherited it
gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"; }
wait_for gone "$qemu"
ok $? 'kill -9 of the shim ends its VM'
is "$(state boot)" dead 'and ps says dead'
check_fails 'attach to it is refused' 1 berth attach boot
check 'it can be removed' berth rm boot
is "$(berth ps -aq)" '' 'nothing is left'
done_testing

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# KVM on trial, from the command line: the real programs with a QEMU that plays what it is told when KVM is
# asked for, and is the real one for TCG. What is printed, kept, and how long it takes; a full disk.
# timeout: 240
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/fake-qemu.sh"
busybox=localhost/busybox
fell_back='^berth: warning: KVM does not work here \((.*)\): using TCG, which is slower$'

# memory KEY: of the one record that is kept; "none" if there is none. left: seconds that it holds from now on.
memory() {
	/usr/bin/python3 - "$1" "$BERTH_ACCEL_DIR/accel.json" <<'EOF'
import json, sys, time
try:
    kept = json.load(open(sys.argv[2]))["kvm"]
except OSError:
    kept = []
if not kept:
    print("none")
elif sys.argv[1] == "left":
    until = kept[0].get("until_s")
    print("forever" if until is None else round(until - time.clock_gettime(time.CLOCK_BOOTTIME)))
else:
    print(json.dumps(kept[0][sys.argv[1]]))
EOF
}
# expire: what is kept has had its time
expire() { sed -i 's/"until_s":[0-9]*/"until_s":1/' "$BERTH_ACCEL_DIR/accel.json"; }
# forget: as after a boot of the host
forget() { rm -f "$BERTH_ACCEL_DIR/accel.json"; }
probe() { berth system probe --format "{{json .kvm.usable}} {{.chosen}} {{.kvm.reason}}"; }
# between LOW N HIGH NAME
between() {
	local n=${2%.*}
	[ "${n:-0}" -ge "$1" ] 2>/dev/null && [ "$n" -le "$3" ]
	ok $? "$4"
	[ "${n:-0}" -ge "$1" ] && [ "$n" -le "$3" ] || echo "# $2 is not between $1 and $3"
}
# run PLAN [OPTION...]: a container named trial that says hi; into $out, $err and $rc
run() {
	berth rm -f trial >/dev/null 2>&1
	rc=0
	out=$(FAKE_PLAN=$1 "$BERTH" run --name trial "${@:2}" $busybox echo hi 2>"$T/err") || rc=$?
	err=$(cat "$T/err")
}
tried_ms() { berth boot trial --format '{{.tried_kvm_ms}}'; }
accel() { berth inspect -f '{{.accel}}' trial; }

# --- nothing is known
is "$(probe)" 'null kvm /dev/kvm opens; the next start of a VM tries it' 'probe: not known yet'

# --- it works, if this machine boots a VM well within the time that KVM is given
BERTH_ACCEL=tcg run tcg=real
ready_ms=$(berth boot trial --format json | /usr/bin/python3 -c 'import json, sys
print(*[int(s["start_ms"]) for s in json.load(sys.stdin)["stages"] if s["name"] == "mounts"])')
if [ "$ready_ms" -gt 1500 ]; then
	skip "booting takes $ready_ms ms here now" 'KVM that works is used'
else
	run kvm=real
	is "$rc/$out/$err" 0/hi/ 'KVM that works is used, without a word'
	is "$(accel)" kvm 'ps says kvm'
	is "$(memory works)" true 'it is kept that it works'
	is "$(probe)" 'true kvm a VM started with it' 'probe: it works'
fi

# --- STOP internal-error
forget
run kvm=stop@50:internal-error,tcg=real
is "$rc/$out" 0/hi 'internal error: the container runs all the same'
like "$err" "$fell_back" 'one line says so'
is "${BASH_REMATCH[1]}" 'it stopped with an internal error' 'and why'
is "$(accel)" tcg 'it runs under TCG'
between 30 "$(tried_ms)" 1900 'it was given up at once, not after the time-out'
is "$(memory works)/$(memory left)" false/forever 'it is kept until the host boots'
is "$(probe)" 'false tcg a VM failed with it; not tried again until a reboot' 'probe: it does not work, and why'
run kvm=real,tcg=real
is "$rc/$out/$err/$(accel)" 0/hi//tcg 'the next start does not try, and says nothing'
run kvm=stop@50:internal-error --accel kvm
is $rc 125 'KVM that was asked for has no other: 125'
like "$err" 'QEMU stopped the VM with an internal error' 'and the reason is said'

# --- it exits; a signal
forget
run kvm=exit@20:1,tcg=real
is "$rc/$out" 0/hi 'a QEMU that exits under KVM: the container runs all the same'
like "$err" "$fell_back" 'one line says so'
is "${BASH_REMATCH[1]}" 'QEMU ended with exit code 1' 'and why'
between 590 "$(memory left)" 600 'it is kept for 10 minutes'
forget
run kvm=abort@20,tcg=real
is "$rc/$out" 0/hi 'a QEMU that aborts under KVM: the container runs all the same'
like "$err" 'was killed by signal 6' 'and why'
is "$(memory left)" forever 'it is kept until the host boots'
forget
run kvm=exit@20:1,tcg=exit@20:1
is "$rc/$out" 125/ 'a QEMU that exits under both: 125'
like "$err" 'QEMU ended with exit code 1' 'and the reason is said'
is "$(memory works)" none 'that says nothing about KVM'

# --- silence, three times: 10 min, 1 h, until the host boots
forget
run kvm=mute,tcg=real
is "$rc/$out" 0/hi 'silence: the container runs all the same'
like "$err" "$fell_back" 'one line says so'
is "${BASH_REMATCH[1]}" 'the guest was not ready within 2.0 s' 'and why'
between 2000 "$(tried_ms)" 3500 'it was given up after 2 s'
between 590 "$(memory left)" 600 'it is kept for 10 minutes'
is "$(probe)" 'false tcg a VM did not start with it in time; it is tried again later' 'probe: it was too slow, and why'
run kvm=mute,tcg=real
is "$rc/$out/$err" 0/hi/ 'the next start does not try'
expire
is "$(probe)" 'null kvm /dev/kvm opens; the next start of a VM tries it' 'probe: after that time it is not known'

# Ready at 2.1 s is too late. Where this host itself stood still for a moment, it may count: again then.
for _ in 1 2 3 4 5; do
	run kvm=ready@2100,tcg=real
	[ "$(memory works)" = true ] || break
	forget
done
is "$rc/$out" 0/hi 'ready at 2.1 s: the container runs all the same'
like "$err" "$fell_back" 'one line says so'
is "${BASH_REMATCH[1]}" 'the guest was not ready within 2.0 s' 'and why'
between 2000 "$(tried_ms)" 3500 'it was given up after 2 s'
like "$(memory left)" '^(3[0-9]{3}|[56][0-9]{2})$' 'the second time it is kept for an hour'
expire
run kvm=mute,tcg=real
like "$(memory timeouts)/$(memory left)" '^3/forever$|^2/3[0-9]{3}$' 'the third time until the host boots'

# --- ready at 1.9 s is in time. A fake guest has no agent, so its container fails, which is no fault of KVM's.
for _ in 1 2 3 4 5; do
	forget
	run kvm=ready@1900+late@2300
	[ "$(memory works)" != true ] || break # the host itself may stand still: again then
done
like "$err" 'QEMU ended with exit code 3: ready after 19[0-9][0-9] ms' 'ready at 1.9 s: the machine was up'
is $rc 125 'and its end is an error of its own'
is "$(memory works)" true 'it is kept that KVM works'
is "$(probe)" 'true kvm a VM started with it' 'probe: it works'

# --- /dev/kvm that does not open
BERTH_KVM_DEVICE=$T/nosuch
like "$(probe)" '^false tcg /dev/kvm cannot be opened: ' 'probe: it cannot be opened'
run kvm=real,tcg=real
is "$rc/$out/$err/$(accel)" 0/hi//tcg 'without /dev/kvm it is TCG, without a word'
run kvm=real --accel kvm
is $rc 125 'KVM that was asked for and is not there: 125'
like "$err" 'KVM was asked for, but /dev/kvm cannot be opened' 'and the reason is said'
berth rm -f trial >/dev/null 2>&1

# --- STOP io-error: the host's disk is full, and then is not
FAKE_PLAN=tcg=real "$BERTH" run -d --name full $busybox sh -c 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done' >/dev/null
wait_for sh -c "'$BERTH' logs full | grep -q 3"
fake=$(pgrep -P "$(berth inspect -f '{{.pid}}' full)" -f qemu-system | head -1)
kill -USR1 "$fake"
wait_for test_state full paused
ok $? 'a disk that is full pauses the container'
like "$(berth inspect -f '{{.cause}}' full)" "the host's disk is full" 'with the reason'
before=$(berth logs full | tail -1)
kill -USR2 "$fake"
wait_for test_state full running
ok $? 'with space it goes on'
is "$(berth inspect -f '{{.cause}}' full)" '' 'and there is nothing to say any more'
moved() { [ "$("$BERTH" logs full | tail -1)" -gt "$before" ]; }
wait_for moved
ok $? 'its process too'
kill -USR1 "$fake"
wait_for test_state full paused
check 'kill ends what is paused' berth kill full
is "$(berth wait full)" 137 'by SIGKILL'
berth rm full >/dev/null

# --- the same with a disk that is really full
if mkdir "$T/small" && mount -t tmpfs -o size=24m tmpfs "$T/small" 2>/dev/null; then
	trap 'cleanup; umount "$T/small" 2>/dev/null; rm -rf "$T"' EXIT
	BERTH_ROOT=$T/small/root FAKE_PLAN=tcg=real "$BERTH" run --name full $busybox \
		sh -c 'dd if=/dev/urandom of=/big bs=1M count=32 2>/dev/null; sync; echo written' >"$T/big" 2>&1 &
	pid=$!
	small_state() { [ "$(BERTH_ROOT=$T/small/root "$BERTH" ps -a --format state)" = "$1" ]; }
	wait_for small_state paused
	ok $? 'a store without space pauses the container that writes'
	mount -o remount,size=100m "$T/small"
	wait $pid
	is "$?/$(cat "$T/big")" 0/written 'with space it goes on, and loses nothing'
	BERTH_ROOT=$T/small/root "$BERTH" rm full >/dev/null
	umount "$T/small"
else
	skip 'cannot mount a tmpfs' 'a store without space pauses the container that writes'
	skip 'cannot mount a tmpfs' 'with space it goes on, and loses nothing'
fi
is "$(berth ps -aq)" '' 'nothing is left'
done_testing

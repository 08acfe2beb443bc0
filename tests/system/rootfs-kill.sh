#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
# kill -9 of rootfs create --run at each of its stages: its machine ends, and nothing of it stays.
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/fake-qemu.sh"
export BERTH_ACCEL=tcg
mkdir "$T/o"
image=oci:$builddir/images/busybox
echo 'echo ready-one; [ ! -e /wait ] || exec sleep 1000; touch /wait' >"$T/one"
echo 'echo ready-two; exec sleep 1000' >"$T/two"
shims() { pgrep -f "berth-shim .*--root $BERTH_ROOT "; }
no_machine() { [ -z "$(shims)$(pgrep -f "run/[0-9a-f]*/share")$(pgrep -f "[-]name rootfs")" ]; }
# begin PLAN ARG...
begin() {
	local plan=$1
	shift
	: >"$T/out"
	: >"$T/err"
	FAKE_PLAN=$plan "$BERTH" --progress plain rootfs create "$image" -o "$T/o/f.ext4" "$@" >"$T/out" 2>"$T/err" &
	client=$!
}
# gone WHAT: after the client was killed
gone() {
	wait $client 2>/dev/null
	wait_for no_machine
	ok $? "$1: no machine is left"
	is "$(berth ps -aq)$(ls -A "$T/o")$(berth jobs -q)$(ls -A "$BERTH_RUN_ROOT/jobs")$(berth images -q)" '' "$1: nothing is listed, nor beside the output"
	is "$(ls -A "$BERTH_ROOT/containers" | grep -v '^\.')$(ls -A "$BERTH_RUN_ROOT" | grep -v '^jobs$')" '' "$1: nothing is kept"
}
has_shim() { [ -n "$(shims)" ]; }

begin tcg=mute --run "$T/two"
wait_for has_shim
kill -9 $client
gone 'its machine starts'

begin 'tcg=say@10:booting' --run "$T/two" --tag made/of:it
wait_for sh -c "grep -q booting '$BERTH_RUN_ROOT'/*/console.log"
kill -9 $client
gone 'its kernel boots'

begin tcg=real --run "$T/two"
wait_for grep -q ready-two "$T/out"
kill -9 $client
gone 'a script runs'

begin tcg=real --run "$T/one" --run "$T/two"
wait_for grep -q ready-two "$T/out"
kill -9 $client
gone 'the second script runs'

begin tcg=real --run "$T/two"
wait_for grep -q ready-two "$T/out"
kill -9 $client $(shims)
gone 'its shim is killed too'

begin tcg=real --run "$T/two"
wait_for grep -q ready-two "$T/out"
check 'cancelled by another command' berth jobs cancel "$(berth jobs -q)"
gone 'cancelled'
like "$(sed -n 's/^berth: error: //p' "$T/err")" 'cancell?ed$' 'it says so'

begin tcg=real --run "$T/one"
wait_for grep -q writing "$T/err"
kill -9 $client
wait $client 2>/dev/null
rm -f "$T/o/f.ext4" # it may have been quicker
gone 'the result is written'
done_testing

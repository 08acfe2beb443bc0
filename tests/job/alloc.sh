#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each piece of memory that a worker asks for, its libraries included, may not be there: rootfs create and extract end with one
# clear error and leave no file. A sample of them; all with BERTH_TEST_ALL=1.
# timeout: 900
. "$(dirname "$0")/../lib/tap.sh"
command -v zstd >/dev/null || skip_all 'no zstd here'
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@"; }
berth debug faults 2>/dev/null | grep -q worker.memory || skip_all 'built without --enable-faults'
! nm -D "$builddir/berth-unpack" 2>/dev/null | grep -q '__[at]san_' || skip_all 'sanitizers have an allocator of their own'
out=$T/out
mkdir "$out"

# sweep NAME WANTED COMMAND...: COMMAND writes $out/f; WANTED is its digest
sweep() {
	local name=$1 want=$2 nth=0 failed=0 bad=0 rc wrong left
	shift 2
	for (( ; ; )); do
		nth=$((nth + 1 + RANDOM % stride))
		rc=0
		BERTH_FAULT=worker.memory:$nth timeout -k 1 60 "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none \
			"$@" >"$T/said" 2>"$T/err" || rc=$?
		[ $rc -ne 0 ] || break
		failed=$((failed + 1))
		left=$(ls -A "$out")
		if [ $rc -ne 1 ] || [ -n "$left" ] || [ "$(wc -l <"$T/err")" -ne 1 ] || ! grep -q '^berth: error: .*out of memory$' "$T/err"; then
			bad=$((bad + 1))
			[ $bad -gt 5 ] || { echo "# $nth: ended with $rc; left: $left"; sed 's/^/# /' "$T/err"; }
			rm -f "$out"/* "$out"/.[!.]*
		fi
	done
	[ $bad -eq 0 ] && [ $failed -gt 10 ]
	ok $? "$name: without its Nth piece of memory, $failed of the first $nth tried"
	is "$(sha256sum <"$out/f")" "$want" "$name: with all of them the file that it always is"
	rm "$out/f"
}

RANDOM=${BERTH_TEST_SEED:-1}
stride=${BERTH_TEST_ALL:+1}
stride=${stride:-120}
/usr/bin/python3 -B "$srcdir/tests/lib/random_stack.py" 6 "$T/s" >/dev/null
for way in gzip zstd none; do
	check "stored as $way" berth rootfs create "oci:$T/s/$way" -o "$T/$way.ext4"
	sweep "create, $way" "$(sha256sum <"$T/$way.ext4")" rootfs create "oci:$T/s/$way" -o "$out/f"
done
check 'extract' berth rootfs extract "$T/none.ext4" -o "$T/tar"
sweep extract "$(sha256sum <"$T/tar")" rootfs extract "$T/none.ext4" -o "$out/f"
done_testing

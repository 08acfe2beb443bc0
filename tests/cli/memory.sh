#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An allocation of berth or of berth-job fails, or all from one on: what was asked for is made nevertheless, byte for
# byte, or an error says that memory was short and no file comes of it. Points far apart; BERTH_TEST_ALL=1: every one.
# (Those of the confined workers: tests/cli/faults.sh, worker.memory.)
# timeout: 300
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/registry.sh"
preload=$builddir/tests/lib/nomem.so
[ -e "$preload" ] || skip_all "no $preload: not of this C library"
nm -D "$builddir/berth" | grep -q '__[at]san_' && skip_all 'memory is in the sanitizer'\''s hands'

mkdir -p "$T/tree/sub"
seq 2000 >"$T/tree/file"
ln "$T/tree/file" "$T/tree/sub/again"
ln -s file "$T/tree/link"
tar -C "$T/tree" -cf "$T/tree.tar" .

berth() { timeout -k 1 30 "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@"; }
# What is done: each leaves what it made in $T/made, and nothing else beside it.
from_folder() { berth rootfs create "dir:$T/tree" -o "$T/made/x"; }
from_image() { berth rootfs create "oci:$builddir/images/busybox" -o "$T/made/x"; }
from_stdin() { berth debug tar-to-ext4 -o "$T/made/x" <"$T/tree.tar"; }
extract() { berth rootfs extract "$T/fs" -o "$T/made/x"; }
create() {
	rm -rf "$T/root"
	berth create "oci:$builddir/images/busybox" true >/dev/null && cp "$T"/root/rootfs/*/base.ext4 "$T/made/x"
}
pull() {
	rm -rf "$T/root"
	berth pull -q --plain-http "$from" >/dev/null && cp "$T"/root/rootfs/*/base.ext4 "$T/made/x"
}

# again WHAT: does it, with none of what was made before
again() {
	rm -rf "$T/made"
	mkdir "$T/made"
	"$1" >"$T/out" 2>"$T/err"
}
# judge RC WANTED-SUM: says what is wrong
judge() {
	if [ "$1" -eq 0 ]; then
		[ "$(ls -A "$T/made")" = x ] || echo "made: $(ls -A "$T/made")"
		[ "$(sha256sum <"$T/made/x")" = "$2" ] || echo 'what was made is not the same'
		return
	fi
	[ "$1" -lt 124 ] || echo "ended with $1"
	[ -z "$(ls -A "$T/made")" ] || echo "left: $(ls -A "$T/made")"
	[ "$(grep -c '^berth: error: ' "$T/err")" -eq 1 ] || echo "errors: $(cat "$T/err")"
	grep -Eqi 'memory|temporarily unavailable' "$T/err" || echo "does not say why: $(cat "$T/err")"
}

# sweep PROGRAM WHAT
sweep() {
	local n last rc said way step wrong bad=''
	rm -f "$T/n"
	NOMEM=$1:0 NOMEM_SAY=$T/n LD_PRELOAD=$preload again "$2"
	last=$(cat "$T/n")
	said=$(sha256sum <"$T/made/x")
	[ "${last:-0}" -gt 100 ]
	ok $? "$2: $1 asks for memory $last times" || return
	step=$((BERTH_TEST_ALL ? 1 : last / 12))
	for way in '' +; do
		for ((n = 1 + RANDOM % step; n <= last; n += step)); do
			NOMEM=$1:$n$way LD_PRELOAD=$preload again "$2"
			rc=$?
			wrong=$(judge $rc "$said")
			[ -z "$wrong" ] || bad+="# at $n$way: ${wrong//$'\n'/; }"$'\n'
		done
	done
	[ -z "$bad" ]
	ok $? "$2: one fails" || printf '%s' "$bad"
}

"$builddir/berth" --root "$T/root" --progress none rootfs create "dir:$T/tree" -o "$T/fs" 2>/dev/null >&2
for what in from_folder from_image from_stdin extract create; do
	sweep berth $what
done
if command -v docker-registry >/dev/null && start_registry open </dev/null; then
	from=127.0.0.1:$PORT/test/busybox:1
	check 'an image is in a registry' berth push --plain-http "oci:$builddir/images/busybox" "$from"
	sweep berth pull
	sweep berth-job pull
else
	skip 'no docker-registry here' 'from a registry'
fi
done_testing

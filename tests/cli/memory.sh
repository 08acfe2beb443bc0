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
	made "$T/made"
	[ ${#made[@]} -eq 0 ] || rm -rf "$T/made"
	[ -d "$T/made" ] || mkdir "$T/made"
	"$1" >"$T/out" 2>"$T/err"
}
# made FOLDER: sets made to what is in it
made() {
	shopt -s nullglob dotglob
	made=("$1"/*)
	shopt -u nullglob dotglob
}
# judge RC: sets wrong to what is wrong. Without a process of its own: it is called thousands of times.
judge() {
	local line err='' errors=0
	wrong=''
	made "$T/made"
	if [ "$1" -eq 0 ]; then
		[ "${made[*]}" = "$T/made/x" ] || wrong+="made: ${made[*]}; "
		cmp -s "$T/made/x" "$T/wanted" || wrong+='what was made is not the same; '
		return
	fi
	while IFS= read -r line; do
		err+="$line; "
		[[ $line != 'berth: error: '* ]] || errors=$((errors + 1))
	done <"$T/err"
	[ "$1" -lt 124 ] || wrong+="ended with $1; "
	[ ${#made[@]} -eq 0 ] || wrong+="left: ${made[*]}; "
	[ $errors -eq 1 ] || wrong+="errors: $err"
	[[ ${err,,} =~ memory|temporarily\ unavailable ]] || wrong+="does not say why: $err"
}

# sweep PROGRAM WHAT
sweep() {
	local n last way step wrong made bad=''
	rm -f "$T/n"
	NOMEM=$1:0 NOMEM_SAY=$T/n LD_PRELOAD=$preload again "$2"
	last=$(cat "$T/n")
	cp "$T/made/x" "$T/wanted"
	[ "${last:-0}" -gt 100 ]
	ok $? "$2: $1 asks for memory $last times" || return
	step=$((BERTH_TEST_ALL ? 1 : last / 12))
	for way in '' +; do
		for ((n = 1 + RANDOM % step; n <= last; n += step)); do
			NOMEM=$1:$n$way LD_PRELOAD=$preload again "$2"
			judge $?
			[ -z "$wrong" ] || bad+="# at $n$way: $wrong"$'\n'
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

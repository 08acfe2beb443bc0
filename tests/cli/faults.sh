#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each fault point, at its first times: a clear error or, where the step is not needed, success; nothing half done is
# seen, and the next try works.
. "$(dirname "$0")/../lib/tap.sh"
PATH=$PATH:/sbin:/usr/sbin
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" "$@"; }
berth debug faults >/dev/null 2>&1 || skip_all 'built without --enable-faults'

# leftovers: what a step that failed must not leave
leftovers() {
	find "$T/root" \( -name '.tmp-*' -o -name '.new-*' -o -name '.old-*' \) | head -3
}
# steps: a create of the built-in image, a rename, a deletion and its way back, a tar of its file system, another file
steps() {
	berth create --root-size 64m --name one localhost/busybox true >/dev/null &&
		berth rename one two && berth rm --trash two >/dev/null && berth trash restore two >/dev/null &&
		berth rootfs extract "$T"/root/rootfs/*/base.ext4 -o "$T/f.tar" &&
		berth rootfs create "oci:$builddir/images/busybox" -o "$T/f.ext4"
}

while read -r point _; do
	[ "$point" != disk.copy ] || continue # of a container that runs: tests/system/changes.sh
	[ "$point" != worker.memory ] || ! nm -D "$builddir/berth-unpack" | grep -q '__[at]san_' || continue # theirs
	hit=0
	for nth in 1 2 3 4; do
		rm -rf "$T/root" "$T/run" "$T/f.ext4" "$T/f.tar"
		BERTH_FAULT=$point:$nth steps >"$T/out" 2>"$T/err"
		rc=$?
		bad=
		if [ $rc -ne 0 ]; then
			hit=$((hit + 1))
			[ "$(grep -c '^berth: error: ' "$T/err")" -eq 1 ] || bad="errors: $(cat "$T/err")"
		fi
		[ -z "$(leftovers)" ] || bad+=" left: $(leftovers)"
		[ $rc -eq 0 ] || [ ! -e "$T/f.ext4" ] || bad+=" a file came of it"
		berth ps -a >/dev/null 2>"$T/err2" && berth images >/dev/null 2>>"$T/err2" || bad+=" store: $(cat "$T/err2")"
		for name in one two; do
			berth rm "$name" >/dev/null 2>&1
		done
		berth trash purge >/dev/null 2>&1
		steps >"$T/out" 2>"$T/err2" || bad+=" next try: $(cat "$T/err2")"
		for fs in "$T"/root/rootfs/*/base.ext4 "$T"/root/containers/*/upper.ext4 "$T/f.ext4"; do
			e2fsck -fn "$fs" >"$T/fsck" 2>&1 || bad+=" $fs is not clean"
		done
		[ -z "$bad" ]
		ok $? "$point:$nth (ended with $rc)" || echo "# $bad"
	done
	[ $hit -gt 0 ]
	ok $? "$point was come to"
done < <(berth debug faults)
done_testing

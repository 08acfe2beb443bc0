#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sixteen pulls at once: of one image they share one job, of many each comes whole; while images are removed, too.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/registry.sh"
command -v docker-registry >/dev/null && command -v skopeo >/dev/null || skip_all 'no docker-registry or skopeo here'
export BERTH_LIBEXEC=$builddir
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@"; }
start_registry registry </dev/null || skip_all 'the registry does not start'
host=127.0.0.1:$PORT
for i in {0..16}; do
	/usr/bin/python3 -B "$srcdir/tests/lib/oci_image.py" "$T/i$i" --layers 2 --size 100000 --seed "$i" >"$T/digest$i"
	push "$T/i$i" "$host/i$i" || skip_all 'skopeo cannot push'
done
# gets NAME: how often each of its blobs was asked for
gets() {
	grep -o "http.request.method=GET.*http.request.uri=\"/v2/$1/blobs/sha256:[0-9a-f]*\"" "$T/registry.log" |
		sed 's/.*uri=//' | sort | uniq -c | awk '{ print $1 }' | sort -u
}
# at_once NAME...: pulls them all, waits for all; the statuses that there were
at_once() {
	local pids=() n=0 name
	for name in "$@"; do
		n=$((n + 1))
		berth pull "$host/$name" >"$T/out$n" 2>"$T/err$n" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
		echo $?
	done >"$T/statuses"
	sort -u "$T/statuses"
}

is "$(at_once i0 i0 i0 i0 i0 i0 i0 i0 i0 i0 i0 i0 i0 i0 i0 i0)" 0 'sixteen pulls of one image'
is "$(cat "$T"/out{1..16} | sort -u)" "$(cat "$T/digest0")" 'tell the same digest'
is "$(gets i0)" 1 'each blob was fetched once'
check 'the store is clean' berth system check
is "$(cat "$T/.check")" 'store is clean' 'with nothing left over'
is "$(find "$T/run/jobs" -mindepth 1 | wc -l)" 0 'no job is left'
is "$(at_once i{1..16})" 0 'sixteen pulls of sixteen images'
is "$(cat "$T"/out{1..16})" "$(cat "$T"/digest{1..16})" 'tell their digests'
check 'the store is clean' berth system check
is "$(cat "$T/.check")" 'store is clean' 'with nothing left over'
is "$(berth images -q | sort -u | wc -l)" 17 'all are listed'

# Eight are removed while they are pulled anew, and all that is collected meanwhile is not theirs.
berth image prune -a >/dev/null
(
	until [ -e "$T/stop" ]; do
		berth image prune >/dev/null 2>&1
		berth tag "$host/i1" gone 2>/dev/null && berth rmi gone >/dev/null 2>&1
	done
) &
pruner=$!
is "$(at_once i{1..8} i{1..8})" 0 'pulls while others prune'
touch "$T/stop"
wait $pruner
check 'the store is clean' berth system check
for i in {1..8}; do
	berth image verify "$host/i$i"
done >"$T/verified" 2>&1
is "$(grep -c 'is whole' "$T/verified")" 8 'and all are whole'
done_testing

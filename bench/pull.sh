#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pull.sh [RUNS]: busybox from a registry on loopback, RUNS times (25) in turn: pulled and unpacked, and pulled when it is
# there; beside them what the machine takes for the same without berth: a program that does nothing, and curl with the
# same requests. BERTH_BASE is another berth to measure in the same turns. Prints medians and the best of each.
set -eu
runs=${1:-25}
berth=${BERTH:?the program to measure}
abs_top_srcdir=$(cd "$(dirname "$0")/.." && pwd)
. "$abs_top_srcdir/tests/lib/tap.sh"
. "$abs_top_srcdir/tests/lib/registry.sh"
. "$abs_top_srcdir/bench/lib.sh"
need docker-registry curl skopeo

start_registry there </dev/null
there=127.0.0.1:$PORT
BERTH_ROOT=$T/from BERTH_RUN_ROOT=$T/run "$berth" --progress none save --format oci-dir -o "$T/image" localhost/busybox >/dev/null
skopeo --insecure-policy copy -q --preserve-digests --dest-tls-verify=false "oci:$T/image" "docker://$there/busybox:latest"
api=http://$there/v2/busybox
accept='Accept: application/vnd.oci.image.manifest.v1+json'
digests=$(curl -sf -H "$accept" "$api/manifests/latest" | grep -o 'sha256:[0-9a-f]*')
get() { # its manifest, config and layers over one connection
	local v=(-s -f -H "$accept" "$api/manifests/latest" -o "$T/curl.0") d n=0
	for d in $digests; do v+=("$api/blobs/$d" -o "$T/curl.$((++n))"); done
	curl "${v[@]}"
}
with() { # NAME BERTH COMMAND...: with a store of its own
	local name=$1 program=$2
	shift 2
	BERTH_ROOT=$T/root-$name BERTH_RUN_ROOT=$T/run-$name "$program" "$@"
}
turn() { # NAME BERTH
	measure "there$1" with "$1" "$2" pull -q "$there/busybox"
	with "$1" "$2" rmi "$there/busybox" >/dev/null
	measure "pull$1" with "$1" "$2" pull -q "$there/busybox"
}
with new "$berth" pull -q "$there/busybox" >/dev/null
[ -z "${BERTH_BASE:-}" ] || with base "$BERTH_BASE" pull -q "$there/busybox" >/dev/null
for ((i = 0; i < runs; i++)); do
	measure true /bin/true
	measure head curl -s -f -I -H "$accept" "$api/manifests/latest"
	measure get get
	turn new "$berth"
	[ -z "${BERTH_BASE:-}" ] || turn base "$BERTH_BASE"
done

printf '%s; %s CPUs; docker-registry on loopback; busybox\n\n' "$("$berth" version | head -1)" "$(nproc)"
heading
line true 'a program that does nothing'
line head 'curl: HEAD of the manifest'
line get 'curl: GET of manifest, config, layer'
line therenew 'berth pull of what is there'
[ -z "${BERTH_BASE:-}" ] || line therebase '  the other berth'
line pullnew 'berth pull, unpacked'
[ -z "${BERTH_BASE:-}" ] || line pullbase '  the other berth'

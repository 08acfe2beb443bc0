#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# push.sh [RUNS] [MIB]: an image with a new layer of MIB (300) MiB that do not compress, pushed to a registry on loopback
# beside curl -T of the same layer, RUNS times (5) in turn; then the push of what is there already, with the requests that
# it takes. Prints medians and the best of each.
set -eu
runs=${1:-5} mib=${2:-300}
berth=${BERTH:?the program to measure}
abs_top_srcdir=$(cd "$(dirname "$0")/.." && pwd)
. "$abs_top_srcdir/tests/lib/tap.sh"
. "$abs_top_srcdir/tests/lib/registry.sh"
. "$abs_top_srcdir/bench/lib.sh"
need docker-registry curl
export BERTH_ROOT=$T/root BERTH_RUN_ROOT=$T/run

curl_push() { # REPOSITORY: as the API has it, all at once
	local to
	to=$(curl -s -X POST -D - -o "$T/curl.out" "http://$there/v2/$1/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
	curl -sf -T "$layer" -H 'Content-Type: application/octet-stream' "$to&digest=sha256:${layer##*/}"
}
requests() { # that were answered
	grep -c 'response completed' "$T/there.log" || :
}

start_registry there </dev/null
there=127.0.0.1:$PORT
"$abs_top_srcdir/tests/lib/oci_image.py" "$T/image" --layers 1 --size $((mib << 20)) >/dev/null
layer=$(find "$T/image/blobs" -type f -size +"$((mib / 2))"M)
start_python from faulty_registry.py "$T/image"
"$berth" pull -q --unpack=false "127.0.0.1:$PORT/x" >/dev/null
name=127.0.0.1:$PORT/x

for ((i = 0; i < runs; i++)); do
	measure curl curl_push "c$i"
	measure push "$berth" push -q "$name" "$there/p$i"
	before=$(requests)
	measure again "$berth" push -q "$name" "$there/p$i"
done
after=$(requests)

printf '%s; %s CPUs; docker-registry on loopback; a layer of %s MiB\n\n' "$("$berth" version | head -1)" "$(nproc)" "$mib"
heading
line curl 'curl -T of the layer' "$mib"
line push 'berth push of the image' "$mib"
line again "the same again ($((after - before)) requests)"

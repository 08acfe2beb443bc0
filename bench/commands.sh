#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# commands.sh [RUNS]: what a person waits for: whole commands, each RUNS times (15), in turn, so that a slow
# spell of the machine hits all alike. Prints the median, the fastest and the slowest in milliseconds.
set -euo pipefail
runs=${1:-15}
berth=${BERTH:?the program to measure}
T=$(mktemp -d /tmp/berth-bench.XXXXXX)
export BERTH_ROOT=$T/root BERTH_RUN_ROOT=$T/run HOME=$T XDG_RUNTIME_DIR=$T
image=localhost/busybox
trap '"$berth" rm -f up >/dev/null 2>&1 || :; rm -rf "$T"' EXIT

now() { echo "${EPOCHREALTIME/[.,]/}"; } # microseconds
# measure NAME COMMAND...: adds a line to NAME's figures
measure() {
	local name=$1 start
	shift
	start=$(now)
	"$@" >/dev/null </dev/null
	echo $(($(now) - start)) >>"$T/$name"
}

"$berth" run -d --name up "$image" sleep 100000 >/dev/null
"$berth" run --rm "$image" true # the accelerator is known from here on
for ((i = 0; i < runs; i++)); do
	measure 'run --rm true' "$berth" run --rm "$image" true
	measure 'run -d, rm -f' sh -c '"$0" run -d --name two "$1" sleep 100 && "$0" rm -f two' "$berth" "$image"
	measure 'exec true' "$berth" exec up true
	measure 'ps' "$berth" ps
done

printf '%s; %s CPUs; %s\n\n' "$("$berth" version | head -1)" "$(nproc)" "$("$berth" system info | sed -n 's|^accel: *|accelerator |p')"
printf '%-16s %9s %9s %9s\n' command median fastest slowest
for name in 'run --rm true' 'run -d, rm -f' 'exec true' ps; do
	sort -n "$T/$name" | awk -v name="$name" '{ t[NR] = $1 / 1000 }
		END { printf "%-16s %6.1f ms %6.1f ms %6.1f ms\n", name, t[int((NR + 1) / 2)], t[1], t[NR] }'
done

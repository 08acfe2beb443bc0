#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# vt.sh [MIB]: how fast the terminal engine alone is, in MB/s on one core, over streams of MIB MiB (16) that are made
# here: what programs print, and what is hard for a terminal. Each is run three times, the best counts.
set -euo pipefail
mib=${1:-16}
berth=${BERTH:?the program to measure}
here=$(cd "$(dirname "$0")" && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/berth-bench.XXXXXX")
trap 'rm -rf "$T"' EXIT

# fill FILE: repeats standard input until FILE has MIB MiB
fill() {
	cat >"$T/all"
	while [ "$(stat -c %s "$T/all")" -lt $((mib << 20)) ]; do
		cat "$T/all" "$T/all" >"$T/twice"
		mv "$T/twice" "$T/all"
	done
	head -c $((mib << 20)) "$T/all" >"$T/$1"
}

awk 'BEGIN { for (i = 0; i < 4000; i++) printf "%06d %s\r\n", i, substr("the quick brown fox jumps over the lazy dog and runs on through the night, ever on", 1, 20 + i * 7 % 60) }' | fill 'plain text'
awk 'BEGIN { for (i = 0; i < 300; i++) { for (j = 0; j < 2000; j++) printf "%c", 97 + (i + j) % 26; printf "\r\n" } }' | fill 'long lines, wrapped'
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "y\r\n" }' | fill 'yes'
awk 'BEGIN { for (i = 0; i < 4000; i++) printf "\033[32m%s\033[0m \033[1;34m%d\033[0m src/\033[35mfile%d.c\033[m\033[K: \033[38;5;%dmwörter, café, naïve\033[0m — ok ✓\r\n", "info", i, i, i % 256 }' | fill 'SGR and UTF-8'
awk 'BEGIN { for (i = 0; i < 2000; i++) printf "\033[38;2;%d;%d;%dm漢字かな交じり文\033[48;5;%dm текст кириллицей \033[0m e\314\201\r\n", i % 256, i * 3 % 256, i * 7 % 256, i % 256 }' | fill 'wide, 24-bit colour'
awk 'BEGIN { for (i = 0; i < 4000; i++) printf "\033[%d;%dH\033[%dm%d\033[K\033[%dX", 1 + i % 24, 1 + i * 13 % 80, 30 + i % 8, i, 1 + i % 9 }' | fill 'cursor addressing'
awk 'BEGIN { printf "\033[2;23r"; for (i = 0; i < 4000; i++) printf "\033[23;1Hline %d of a region\r\n", i; printf "\033[r" }' | fill 'scrolling region'
cat "$here"/../tests/vt/sessions/{vim,less,mc,htop,emacs}-*.vt | fill 'recorded sessions'

printf '%-22s %s\n' stream MB/s
for name in 'plain text' 'long lines, wrapped' yes 'SGR and UTF-8' 'wide, 24-bit colour' 'cursor addressing' 'scrolling region' \
	'recorded sessions'; do
	best=$(for _ in 1 2 3; do "$berth" debug vt --bench <"$T/$name"; done | sort -rn | head -n 1)
	printf '%-22s %7.1f\n' "$name" "${best% MB/s}"
done

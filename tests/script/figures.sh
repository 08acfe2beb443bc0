#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# README says what bench/results says; and the table is made of the figures, not by hand.
. "$(dirname "$0")/../lib/tap.sh"
figures() { /usr/bin/python3 -B "$srcdir/bench/figures.py" "$@"; }

check "README's figures are those of bench/results" figures "$srcdir/README.md" "$srcdir/bench/results/unpack.json" --check

printf 'before\n<!-- figures: unpack -->\nof hand\n<!-- end of figures -->\nafter\n' >"$T/README.md"
cat >"$T/result.json" <<'E'
{"command": "make it", "cpus": 3, "runs": 2, "stored": 5000000, "raw": 9000000, "rows": [
 {"key": "G", "label": "floor", "seconds": [4, 2], "memory": [1048576, 2097152]},
 {"key": "B", "label": "berth x", "seconds": [1.5, 1], "memory": [3145728, 1048576]}]}
E
check_fails 'a table of other figures is found' 1 figures "$T/README.md" "$T/result.json" --check
check 'the table is made' figures "$T/README.md" "$T/result.json"
is "$(grep '^|' "$T/README.md" | tail -n 2)" $'| floor | 2.00 | 1.00 | 2 |\n| **berth x** | 1.00 | 0.50 | 3 |' 'of the fastest runs and the peaks'
like "$(cat "$T/README.md")" $'^before\n.*5 MB stored, 9 MB unpacked, on 3 CPUs.*make it.*\nafter$' 'and what stands around it stays'
check 'then they agree' figures "$T/README.md" "$T/result.json" --check
done_testing

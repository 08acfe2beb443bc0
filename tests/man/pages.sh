#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The manual pages: clean, and no command or key is missing in them.
. "$(dirname "$0")/../lib/tap.sh"
command -v mandoc >/dev/null || skip_all "no mandoc here"

check 'berth(1) is clean' mandoc -Tlint -W warning "$srcdir/man/berth.1"
check 'berth-filter(7) is clean' mandoc -Tlint -W warning "$srcdir/man/berth-filter.7"
check 'berth-tui(7) is clean' mandoc -Tlint -W warning "$builddir/man/berth-tui.7"
check 'berth-config(5) is clean' mandoc -Tlint -W warning "$builddir/man/berth-config.5"
page=$(mandoc -Tutf8 "$srcdir/man/berth.1" | col -bx)
for command in $("$builddir/berth" --help | sed -n '/^Commands:/,/^Options:/s/^  \([a-z-]*\).*/\1/p' | sort -u); do
	like "$page" "(^|[ ,])$command([ ,.]|\$)|$command" "berth(1) names $command"
done
keys=$(mandoc -Tutf8 "$builddir/man/berth-tui.7" | col -bx)
missing=$("$builddir/berth" list-keys --format json | /usr/bin/python3 -c '
import json, sys
page = sys.argv[1]
print(*[k["action"] for k in json.load(sys.stdin) if "(" + k["action"] + ")" not in page.replace("‐", "-")])' "$keys")
is "$missing" '' 'every action of the table of keys is in berth-tui(7)'
done_testing

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
check 'berth-commands(1) is clean' mandoc -Tlint -W warning "$builddir/man/berth-commands.1"
# Each command that the help lists, and each option that its own help lists.
all=$(mandoc -Tascii -O width=200 "$builddir/man/berth-commands.1" | col -bx)
missing=
while read -r command; do
	section=$(awk -v head="   berth $command" '$0 == head { on = 1; next } /^   [^ ]/ || /^[^ ]/ { on = 0 } on' <<<"$all")
	[ -n "$section" ] || missing+=" $command"
	# shellcheck disable=SC2086
	for option in $("$builddir/berth" help $command | sed -n '/^Options:/,/^Global/s/^  ..[, ] \(--[a-z0-9-]*\).*/\1/p'); do
		grep -qE -- "$option( |\$)" <<<"$section" || missing+=" $command:$option"
	done
done < <("$builddir/berth" --help | sed -n '/^Commands:/,/^Options:/s/^  \([a-z][a-z-]*\( [a-z]*\)\{0,1\}\)  *.*/\1/p')
is "$missing" '' 'every command and option is in berth-commands(1)'
keys=$(mandoc -Tutf8 "$builddir/man/berth-tui.7" | col -bx)
missing=$("$builddir/berth" list-keys --format json | /usr/bin/python3 -c '
import json, sys
page = sys.argv[1]
print(*[k["action"] for k in json.load(sys.stdin) if "(" + k["action"] + ")" not in page.replace("‐", "-")])' "$keys")
is "$missing" '' 'every action of the table of keys is in berth-tui(7)'
done_testing

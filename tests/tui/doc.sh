#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/TUI.md shows what the program shows.
. "$(dirname "$0")/../lib/tap.sh"

"$builddir/tests/tui/tui-doc" >"$T/TUI.md" 2>"$T/err"
ok $? 'the UI comes to each of its screens' || sed 's/^/# /' "$T/err"
diff -u "$srcdir/docs/TUI.md" "$T/TUI.md" >"$T/diff" 2>&1
ok $? 'docs/TUI.md shows what the UI shows' || {
	sed 's/^/# /' "$T/diff"
	echo '# if the screens are right: make tui-doc'
}
done_testing

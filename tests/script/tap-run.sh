#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# script/tap-run counts what ran, and notices each way in which a test program can go wrong.
. "$(dirname "$0")/../lib/tap.sh"

# program NAME <TEXT: a test program
program() {
	{ echo '#!/bin/bash'; cat; } >"$T/$1"
	chmod +x "$T/$1"
}
program good <<'E2'
echo 'ok 1 - one'
echo 'ok 2 - two # SKIP not here'
echo 1..2
E2
program bad <<'E2'
echo 1..2
echo 'ok 1 - one'
echo 'not ok 2 - two'
echo 'a word on why'
exit 1
E2
program short <<'E2'
echo 1..3
echo 'ok 1 - one'
E2
program crash <<'E2'
echo 'ok 1 - one'
echo 1..1
kill -SEGV $$
E2
program silent </dev/null
program status <<'E2'
echo 'ok 1 - one'
echo 1..1
exit 3
E2
program nothing <<'E2'
echo '1..0 # SKIP no such machine'
E2
program groups <<'E2'
printf '1..1\nok 1 - a\n1..2\nok 1 - b\nok 2 - c\n'
E2
program hang <<'E2'
# timeout: 1
echo 'ok 1 - one'
read -r <> <(:)
E2
program leave <<'E2'
setsid tail -f /dev/null >/dev/null 2>&1 &
echo 'ok 1 - one'
echo 1..1
E2

# counts NAME LINE PROGRAM...: tap-run of the programs ends with LINE
counts() {
	local name=$1 wanted=$2
	shift 2
	out=$("$srcdir/script/tap-run" --grace 0.2 --logs "$T/logs" "$@" 2>&1)
	rc=$?
	is "${out##*$'\n'}" "$wanted" "$name"
	case $wanted in
	*', 0 failed'*) is $rc 0 "$name: exit status" ;;
	*) is $rc 1 "$name: exit status" ;;
	esac
}
cd "$T" || exit 1
counts 'passed and skipped tests are counted' '1 passed, 0 failed, 1 skipped' good
counts 'a failed test fails the run' '1 passed, 1 failed' bad
like "$out" 'a word on why' 'the output of a failed program is shown'
counts 'missing tests' '1 passed, 1 failed' short
counts 'a crash after the last test' '1 passed, 1 failed' crash
counts 'a program without TAP' '0 passed, 1 failed' silent
counts 'an exit status without a failed test' '1 passed, 1 failed' status
counts 'a program that is not there' '0 passed, 1 failed' none
counts 'a skipped program' '0 passed, 0 failed, 1 skipped' nothing
counts 'several plans in one program' '3 passed, 0 failed' groups
counts 'a program that does not end' '1 passed, 1 failed' hang
like "$out" 'not ended after 1 s' 'the time limit is named'
counts 'a process left behind' '1 passed, 1 failed' leave
like "$out" 'left a process behind: process [0-9]+: tail -f /dev/null' 'the process is named'
counts 'all of them' '9 passed, 6 failed, 2 skipped' good bad short crash silent status nothing groups leave
like "$("$srcdir/script/tap-run" --logs "$T/logs" 2>&1; echo "status $?")" 'status 1' 'nothing to run is a failure'
done_testing

# SPDX-License-Identifier: Apache-2.0
# For tests in shell: source it, call the functions, end with done_testing. Output is TAP; the plan comes last.
# A test works in $T, a folder of its own, which is gone when it ends.
tap_n=0
tap_failed=0
srcdir=${abs_top_srcdir:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
builddir=${abs_top_builddir:-$srcdir/build}
T=$(mktemp -d "${TMPDIR:-/tmp}/berth-test.XXXXXX")
trap 'rm -rf "$T"' EXIT

# ok STATUS NAME: one test, passed if STATUS is 0; ends with STATUS
ok() {
	tap_n=$((tap_n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_n - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_n - $2"
	fi
	return "$1"
}

# check NAME COMMAND...: passed if COMMAND succeeds; its output is shown if it does not
check() {
	local name=$1 rc=0
	shift
	"$@" >"$T/.check" 2>&1 || rc=$?
	ok $rc "$name"
	[ $rc -eq 0 ] || { echo "# '$*' ended with $rc:"; sed 's/^/# /' "$T/.check"; }
}

# check_fails NAME CODE COMMAND...: passed if COMMAND ends with CODE
check_fails() {
	local name=$1 code=$2 rc=0
	shift 2
	"$@" >"$T/.check" 2>&1 || rc=$?
	[ $rc -eq "$code" ]
	ok $? "$name"
	[ $rc -eq "$code" ] || { echo "# '$*' ended with $rc, not $code:"; sed 's/^/# /' "$T/.check"; }
}

# is GOT WANTED NAME: passed if the two texts are the same
is() {
	[ "$1" = "$2" ]
	ok $? "$3"
	[ "$1" = "$2" ] || { printf 'got:    %s\nwanted: %s\n' "$1" "$2" | sed 's/^/# /'; }
}

# like TEXT REGEX NAME: passed if TEXT matches the extended regular expression
like() {
	[[ $1 =~ $2 ]]
	ok $? "$3"
	[[ $1 =~ $2 ]] || { printf 'got: %s\nwhich does not match: %s\n' "$1" "$2" | sed 's/^/# /'; }
}

# skip REASON NAME: one test that cannot be made here
skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $2 # SKIP $1"
}

# skip_all REASON: ends the program, none of whose tests can be made here
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# need PROGRAM...: without one of them no test can be made
need() {
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || skip_all "no $program here"
	done
}

done_testing() {
	echo "1..$tap_n"
	[ $tap_failed -eq 0 ]
	exit
}

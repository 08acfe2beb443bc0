#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 120
# Whose a job is: joined, left, kept, cancelled, killed.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/registry.sh"
. "$(dirname "$0")/lib.sh"

digest=$(/usr/bin/python3 -B "$srcdir/tests/lib/oci_image.py" "$T/image" --layers 2 --size 300000)
start_python main faulty_registry.py "$T/image" || skip_all 'the faulty registry does not start'
main=127.0.0.1:$PORT
post() {
	/usr/bin/python3 -c 'import sys, urllib.request as u
u.build_opener(u.ProxyHandler({})).open(u.Request("http://" + sys.argv[1] + sys.argv[2], sys.argv[3].encode()))' "$@"
}
# The blobs stall: a pull stays where it is until the stall is over.
stall() { post "$main" /_faults '[{"match":"blobs","fault":"stall","at":1000,"times":2}]'; }
# To be called as "job ... &" or in parentheses: the shell becomes the tool, so that signals reach it.
job() { exec "$tool" pull "root=$store" "run_root=$run" unpack=0 stall_ms=1200 connect_ms=9000 header_ms=9000 total_ms=60000 "$@" "$main/x"; }
list() { "$tool" list "run_root=$run"; }
# until_none: no job is left; 20 s at most
until_none() {
	local i
	for ((i = 0; i < 200; i++)); do
		list | grep -q . || return 0
		read -r -t 0.1 <> <(:)
	done
	return 1
}
# until_line FILE REGEX
until_line() { timeout 20 tail -n +1 -F "$1" 2>/dev/null | grep -q -m 1 -E "$2"; }

is "$(list)" '' 'no jobs'
# --- joined
stall
job >"$T/a" 2>&1 &
a=$!
until_line "$T/a" '"download"'
job >"$T/b" 2>&1 &
b=$!
until_line "$T/b" '"progress"'
is "$(list | wc -l)" 1 'the second starter joins the first one'
like "$(list)" "^[0-9a-f]{16} pull $main/x:latest linux/" 'the list tells what it is'
[ "$(stat -c %a "$run/jobs"/*/sock)" = 600 ]
ok $? 'nobody else can talk to it'
wait $a
ra=$?
wait $b
is "$ra $?" '0 0' 'both hear that it is done'
is "$(tail -n 1 "$T/a")" "$(tail -n 1 "$T/b")" 'and the same'
check 'nothing is left' good_store

# --- the starter leaves, the other stays
rm -rf "$store"
stall
job on=progress:download do=leave >"$T/a" 2>&1 &
a=$!
job >"$T/b" 2>&1 &
b=$!
wait $a
ra=$?
wait $b
rb=$?
# whoever of them came first
is "$((ra + rb))" 1 'one leaves, the other has its image'
check 'nothing is left' good_store

# --- left by all, cancelled, killed
for how in leave cancel die; do
	rm -rf "$store"
	stall
	job on=progress:download do=$how >"$T/a" 2>"$T/e" &
	wait $!
	rc=$?
	[ $rc -ne 0 ]
	ok $? "$how: it ends"
	until_none
	check "$how: nothing is named" eval '! grep -q "$main" "$store/content/index.json"'
	find "$store/content/ingest" -mindepth 1 -delete
	check "$how: nothing is left but parts" good_store
done
like "$(cat "$T/e")" '' 'a killed client says nothing'

# --- kept
rm -rf "$store"
stall
(job on=progress:download do=detach) >"$T/a" 2>&1
is $? 0 'detached'
is "$(list | wc -l)" 1 'it goes on alone'
id=$(list | cut -d' ' -f1)
until_none
check 'to its end' grep -q "$main/x:latest" "$store/content/index.json"
check 'and nothing is left' good_store

# --- cancelled from outside
rm -rf "$store"
stall
(job on=progress:download do=detach) >"$T/a" 2>&1
id=$(list | cut -d' ' -f1)
check_fails 'cancelled by the first digits of its id' 1 "$tool" cancel "run_root=$run" "${id:0:6}"
like "$(cat "$T/.check")" 'error: canceled' 'is what its listeners hear'
is "$(list)" '' 'it is gone'
check_fails 'there is no such job' 1 "$tool" cancel "run_root=$run" "$id"

# --- the job itself is killed
stall
job >"$T/a" 2>"$T/e" &
a=$!
until_line "$T/a" '"download"'
kill -9 "$(list | cut -d' ' -f5)"
wait $a
is $? 1 'a killed job'
like "$(cat "$T/e")" '^error: the job ended without a word' 'is told to its listeners'
is "$(list)" '' 'and leaves no job'
find "$store/content/ingest" -mindepth 1 -delete
find "$store/leases" -mindepth 1 ! -name .lock -delete
check 'and nothing but a part and a lease' good_store
post "$main" /_faults '[]'
pull "$main/x"
is "$status $(field digest)" "0 $digest" 'the next pull does it all'

# --- a client that does not read
rm -rf "$store"
stall
job on=progress do=stop >"$T/a" 2>&1 &
a=$!
(job) >"$T/b" 2>&1
is $? 0 'a listener that sleeps holds nobody up'
kill -CONT $a
wait $a
is $? 0 'and hears the end when it wakes'

# --- a long path
mkdir -p "$T/$(printf '%0200d' 0)"
run=$T/$(printf '%0200d' 0)
rm -rf "$store"
pull "$main/x"
is "$status" 0 'a run folder whose name is too long for a socket'
done_testing

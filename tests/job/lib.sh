# SPDX-License-Identifier: Apache-2.0
# For the tests of jobs; to be sourced after tap.sh and registry.sh.
tool=$builddir/tests/job/job-tool
export BERTH_LIBEXEC=$builddir
store=$T/store
run=$T/run
[ -x "$builddir/berth-job" ] && [ -x "$tool" ] || skip_all 'berth-job is not built'

# pull [OPTION=VALUE...] REF: into $store without unpacking; sets status, out, err (the last line of errors), hint
pull() {
	status=0
	"$tool" pull "root=$store" "run_root=$run" unpack=0 "$@" >"$T/out" 2>"$T/errors" || status=$?
	out=$(cat "$T/out")
	err=$(sed -n 's/^error: //p' "$T/errors")
	hint=$(sed -n 's/^hint: //p' "$T/errors")
}

# field NAME: of the last event
field() {
	tail -n 1 "$T/out" | sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^,\"}]*\\).*/\\1/p"
}

# good_store: every blob has the digest that it is named by, and no part, lease or job is left
good_store() {
	local bad=0 f
	for f in "$store"/content/blobs/sha256/*; do
		[ -e "$f" ] || continue
		[ "$(sha256sum <"$f" | cut -d' ' -f1)" = "${f##*/}" ] || { echo "wrong blob $f"; bad=1; }
	done
	[ -z "$(find "$store/content/ingest" "$store/leases" "$run/jobs" -mindepth 1 ! -name '.lock' 2>/dev/null)" ] || {
		find "$store/content/ingest" "$store/leases" "$run/jobs" -mindepth 1
		bad=1
	}
	return $bad
}

# blobs: how many the store has
blobs() {
	find "$store/content/blobs" -type f 2>/dev/null | wc -l
}

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What goes wrong: one clear error each, the right exit code, and nothing left behind.
# timeout: 240
. "$(dirname "$0")/lib/vm.sh"
busybox=localhost/busybox

# fails NAME CODE REGEX COMMAND...: it ends with CODE and says one error that matches, and at most a hint
fails() {
	local name=$1 code=$2 regex=$3 rc=0 errors others
	shift 3
	"$@" >"$T/out" 2>"$T/err" </dev/null || rc=$?
	errors=$(grep -c '^berth: error: ' "$T/err")
	others=$(grep -vc -e '^berth: error: ' -e "^berth: hint: " -e "^pull " "$T/err")
	[ $rc -eq "$code" ] && [ "$errors" -eq 1 ] && [ "$others" -eq 0 ] && grep -Eq "^berth: error: .*$regex" "$T/err"
	ok $? "$name" || {
		echo "# ended with $rc, wanted $code and one error like '$regex':"
		sed 's/^/# /' "$T/err"
	}
}
left() { find "$BERTH_ROOT/containers" "$BERTH_ROOT/rootfs" "$BERTH_ROOT/content/ingest" -mindepth 1 ! -name '.lock*' \
	! -name .changed 2>/dev/null | grep -v "^$BERTH_ROOT/rootfs/$key"; ls "$BERTH_RUN_ROOT" 2>/dev/null | grep -E '^[0-9a-f]{12}$'; }

berth run --rm $busybox true
key=$(ls "$BERTH_ROOT/rootfs" | grep -v '^\.')
check 'nothing is left of a run' wait_for sh -c "! ls '$BERTH_RUN_ROOT' | grep -qE '^[0-9a-f]{12}$'"

# --- images
fails 'an unknown image, not pulled' 125 "nosuch" berth run --pull never nosuch true
fails 'an image of no registry' 125 '127\.0\.0\.1:1' berth run 127.0.0.1:1/nosuch true
fails 'a registry that is not there' 1 'cannot reach 127\.0\.0\.1:1' berth pull 127.0.0.1:1/nosuch
fails 'a name that is none' 1 'UPPER' berth pull UPPER
fails 'an image that nobody has' 1 'nosuch' berth rmi nosuch
is "$(left)" '' 'nothing is left of them'

# --- the machine
fails 'no QEMU' 125 'qemu-system-x86_64.*PATH' env PATH="$T" "$BERTH" run --rm $busybox true
fails 'no kernel' 125 "kernel '$T/nosuch'" env BERTH_KERNEL="$T/nosuch" "$BERTH" run --rm $busybox true
echo rubbish >"$T/rubbish"
fails 'a kernel that is none' 125 "$T/rubbish" env BERTH_KERNEL="$T/rubbish" "$BERTH" run --rm $busybox true
is "$(left)" '' 'nothing is left of them'

# --- containers
fails 'unknown: exec' 1 'no such container: nobody' berth exec nobody true
for command in attach stop kill rm wait logs start restart boot screen; do
	fails "unknown: $command" 1 'nobody' berth $command nobody
done
fails 'unknown: inspect' 1 'nobody' berth inspect nobody
berth run -d --name dead $busybox sleep 100 >/dev/null
kill -9 "$(berth inspect -f '{{.pid}}' dead)"
wait_for sh -c "[ \"\$('$BERTH' ps -a --format state)\" = dead ]"
fails 'dead: attach' 1 'dead' berth attach dead
fails 'dead: exec' 125 'dead' berth exec dead true
fails 'dead: stop and one that nobody has' 1 'nobody' berth stop dead nobody
fails 'dead: kill' 1 'dead' berth kill dead
check 'dead: logs can be read' berth logs dead
check 'dead: rm' berth rm dead
fails 'a second rm' 1 'dead' berth rm dead
fails 'a name with a blank' 125 "'a b'" berth run --name 'a b' $busybox true
fails 'memory that is none' 2 'lots' berth run -m lots $busybox true
fails 'a port that is none' 2 '99999' berth run -p 99999:1 $busybox true
fails 'a folder that is not there' 125 "$T/nosuch" berth run -v "$T/nosuch:/d" $busybox true
fails 'no command' 2 'run' berth run
fails 'no such command' 2 'fly' berth fly
is "$(left)" '' 'nothing is left of them'

# --- a folder of sockets whose name no socket's address could hold
long=$T/$(printf 'a%.0s' {1..110})/$(printf 'b%.0s' {1..110})
is "$(berth --run-root "$long" run --rm $busybox echo works)" works 'a run-root of 220 bytes: run'
berth --run-root "$long" run -d --name long $busybox sleep 100 >/dev/null
is "$(berth --run-root "$long" exec long echo too)" too 'exec'
check 'rm -f' berth --run-root "$long" rm -f long

# --- a full disk
cat >"$T/full.sh" <<'SH'
mount -t tmpfs -o size=2m none "$2" || exit 99
berth=$1 root=$2
shift 2
exec "$berth" --root "$root" "$@"
SH
mkdir "$T/small"
full() { unshare -m sh "$T/full.sh" "$BERTH" "$T/small" "$@"; }
if unshare -m true 2>/dev/null; then
	fails 'a full disk: run' 125 'No space left|disk is full' full run --rm $busybox true
	fails 'a full disk: create' 1 'No space left|disk is full' full create $busybox true
	mkdir "$T/out.d"
	cat >"$T/out.sh" <<'SH'
mount -t tmpfs -o size=1m none "$2" || exit 99
"$1" rootfs create "oci:$3" -o "$2/f.ext4"
rc=$?
[ -z "$(ls -A "$2")" ] || echo "left: $(ls -A "$2")" >&2
exit $rc
SH
	fails 'a full disk: rootfs create' 1 'No space left|disk is full' unshare -m sh "$T/out.sh" "$BERTH" "$T/out.d" \
		"$builddir/images/busybox"
	if command -v docker-registry >/dev/null && command -v skopeo >/dev/null; then
		port=$(free_port)
		printf 'version: 0.1\nstorage: { filesystem: { rootdirectory: %s } }\nhttp: { addr: "127.0.0.1:%s" }\n' \
			"$T/registry" "$port" >"$T/registry.yml"
		docker-registry serve "$T/registry.yml" >"$T/registry.log" 2>&1 &
		registry=$!
		trap 'kill $registry 2>/dev/null; cleanup' EXIT
		wait_for curl -sf "http://127.0.0.1:$port/v2/"
		skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$builddir/images/busybox" \
			"docker://127.0.0.1:$port/box:1"
		cat >"$T/pull.sh" <<'SH'
mount -t tmpfs -o size=$4 none "$2" || exit 99
"$1" --root "$2" pull --progress none "$3"
rc=$?
find "$2/content/ingest" "$2/rootfs" -mindepth 1 ! -name '.lock*' ! -name .changed 2>/dev/null | sed 's/^/left: /' >&2
exit $rc
SH
		for size in 200k 2m; do
			fails "a full disk of $size: pull" 1 'No space left|disk is full' \
				unshare -m sh "$T/pull.sh" "$BERTH" "$T/small" "127.0.0.1:$port/box:1" $size
		done
	else
		skip 'no docker-registry or no skopeo here' 'a full disk: pull'
	fi
else
	skip 'no mount namespace to be had' 'a full disk'
fi
is "$(berth ps -aq)" '' 'nothing is left'
is "$(left)" '' 'no folder'
# by the environment: a job's command line does not name the store
ours() { grep -lsz "^BERTH_ROOT=$BERTH_ROOT\$" /proc/[0-9]*/environ | grep -v -e "/$$/" -e "/$BASHPID/"; }
no_process() {
	local p
	for p in $(ours); do
		case $(cat "${p%/environ}/comm" 2>/dev/null) in berth* | qemu* | virtiofsd) return 1 ;; esac
	done
}
check 'no process' wait_for no_process
done_testing

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Killed at a system call that changes something, each command leaves a store that check calls clean, and does the same
# again as if nothing had been. A sample of the calls; all of them with BERTH_TEST_ALL=1.
# timeout: 1800
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/registry.sh"
command -v strace >/dev/null || skip_all 'no strace here'
strace -f -o /dev/null true 2>/dev/null || skip_all 'strace may not trace here'
export BERTH_LIBEXEC=$builddir
stride=${BERTH_TEST_STRIDE:-5}
calls=write,pwrite64,renameat,renameat2,rename,unlinkat,mkdirat,mkdir,ftruncate,fsync,fchmod,flock,linkat
if [ -n "${BERTH_TEST_ALL:-}" ]; then
	stride=1
	calls+=,openat
fi
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@"; }
# fresh TEMPLATE: the store as it was
fresh() {
	rm -rf "$T/root" "$T/run" "$T/out"
	mkdir "$T/out"
	[ -z "$1" ] || cp -a --sparse=always "$T/$1" "$T/root"
}
# points COMMAND...: "CALL N" a line: which calls a thread of it makes, and how often
points() {
	strace -f --seccomp-bpf -qq -o "$T/trace" -e "trace=$calls" -e signal=none \
		"$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@" >/dev/null 2>&1
	awk '$2 ~ /^[a-z]/ { sub(/\(.*/, "", $2); n = ++c[$1 " " $2]; if (n > m[$2]) m[$2] = n }
	     END { for (call in m) for (i = 1; i <= m[call]; i++) print call, i }' "$T/trace" | sort -k1,1 -k2,2n
}
# killed CALL N COMMAND...: by the Nth such call
killed() {
	local call=$1 n=$2
	shift 2
	{
		strace -f --seccomp-bpf -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" \
			"$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@" >"$T/killed"
	} 2>"$T/killed.err" # the shell's word about it too
}
# matrix NAME TEMPLATE GONE WELL COMMAND...: WELL is a command that tells whether all is as the command should leave it;
# GONE: what it may say when there was nothing left to do
matrix() {
	local name=$1 template=$2 gone=$3 well=$4 bad=0 n=0 at=0
	shift 4
	fresh "$template"
	points "$@" >"$T/points"
	while read -r call nth; do
		at=$((at + 1))
		[ $((at % stride)) -eq 0 ] || continue
		n=$((n + 1))
		fresh "$template"
		killed "$call" "$nth" "$@"
		if ! berth system check >"$T/check" 2>&1; then
			bad=$((bad + 1))
			echo "# killed at $call $nth: not clean:"
			sed 's/^/# /' "$T/check"
		fi
		if ! berth "$@" >"$T/again" 2>&1 && ! { [ -n "$gone" ] && grep -q "$gone" "$T/again"; }; then
			bad=$((bad + 1))
			echo "# killed at $call $nth: once more:"
			sed 's/^/# /' "$T/again"
		fi
		if ! $well >"$T/well" 2>&1 || ! berth system check >>"$T/well" 2>&1; then
			bad=$((bad + 1))
			echo "# killed at $call $nth: then it is not well:"
			sed 's/^/# /' "$T/well"
		fi
		berth trash purge >/dev/null 2>&1
		# whatever the kill left goes with the next tidying up
		berth system prune -a -f >/dev/null 2>&1
		find "$T/root/content/blobs" "$T/root/content/ingest" "$T/root/rootfs" "$T/root/leases" -mindepth 1 \
			! -name sha256 ! -name sha512 ! -name '.lock*' >"$T/left"
		if [ -s "$T/left" ]; then
			bad=$((bad + 1))
			echo "# killed at $call $nth: left for good:"
			sed 's/^/# /' "$T/left"
		fi
	done <"$T/points"
	[ "$n" -gt 0 ] && [ "$bad" -eq 0 ]
	ok $? "$name, killed at $n of $(wc -l <"$T/points") calls"
}

image() { /usr/bin/python3 -B "$srcdir/tests/lib/oci_image.py" "$@"; }
digest=$(image "$T/image" --layers 2 --size 20000)
start_python registry faulty_registry.py "$T/image" || skip_all 'the registry does not start'
ref=127.0.0.1:$PORT/x:latest
fresh ''
berth pull "$ref" >/dev/null && berth tag "$ref" other || skip_all 'pull does not work'
berth save other -o "$T/two.tar" && berth save --format docker-archive other -o "$T/docker.tar"
echo hello >"$T/motd"
tar -C "$T" -cf "$T/fs.tar" motd
cp -a --sparse=always "$T/root" "$T/full"
rm -rf "$T/root"
berth images >/dev/null
cp -a "$T/root" "$T/empty"

has() { [ "$(berth images --format digest | sort -u)" = "$digest" ] && berth image verify "$1"; }
has_pulled() { has "$ref" && [ "$(find "$T/root/rootfs" -name base.ext4 ! -path '*/.*' | wc -l)" -eq 1 ]; }
has_loaded() { has other; }
has_docker() { berth image verify other && [ "$(berth images -q | wc -l)" -eq 1 ]; }
has_tag() { has new; }
has_one() { [ "$(berth images --format name)" = 'other:latest' ]; }
has_none() { [ -z "$(berth images -q)" ]; }
has_trash() { [ -z "$(berth images -q)" ] && [ "$(berth trash ls -q | wc -l)" -ge 1 ] && 
	berth trash restore "$(berth trash ls -q | head -1)" && has other && has "$ref" && berth rmi -f "$digest" && berth trash purge; }
has_saved() { cmp "$T/out/s.tar" "$T/two.tar"; }
has_dir() { berth load -i "$T/out/dir" && has other; }
has_import() { berth image verify fs && [ "$(berth history fs -q | wc -l)" -eq 1 ]; }
matrix pull '' '' has_pulled pull "$ref"
matrix load empty '' has_loaded load -i "$T/two.tar"
matrix 'load of a docker-archive' empty '' has_docker load -i "$T/docker.tar"
matrix tag full '' has_tag tag other new
matrix rmi full 'there is no image' has_one rmi "$ref"
matrix 'rmi of the last name' full 'there is no image' has_none rmi -f "$digest"
matrix 'rmi --trash' full 'there is no image' has_trash rmi --trash -f "$digest"
matrix 'image prune' full '' has_none image prune -a
matrix save full '' has_saved save other -o "$T/out/s.tar"
matrix 'save of a folder' full 'is there already' has_dir save --format oci-dir other -o "$T/out/dir"
matrix import empty '' has_import import "$T/fs.tar" fs
done_testing

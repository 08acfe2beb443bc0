#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The guest kernel: from the cache, or built into it. See kernel/README.md.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
progress=auto
out=
where=

usage() {
	cat <<'EOF'
usage: kernel/build.sh [-o DIR] [-j N] [--progress auto|tty|plain|none] [--where]

Builds the guest kernel unless the cache has it, and prints the path of its vmlinux.

  -o DIR       put vmlinux and meta.json into DIR too
  -j N         compile N files at once (default: the number of CPUs)
  --progress   on stderr for people: auto (tty on a terminal, a line a stage elsewhere), tty or none;
               plain: on stdout for programs, lines "stage NAME", "progress PERCENT", "done PATH"
  --where      build nothing: print the path that the kernel has or would have in the cache;
               exit status 1 if it is not there

Environment: BERTH_CACHE, the cache (default ~/.cache/berth); KERNEL_CC, the compiler (gcc);
BERTH_KERNEL_SOURCE, an archive of the kernel's source (default: that of the package linux-source-6.1).
EOF
}

die() {
	echo "kernel: $*" >&2
	exit 1
}

while [ $# -gt 0 ]; do
	case $1 in
	-o) out=${2:?-o needs a folder}; shift ;;
	-j) export JOBS=${2:?-j needs a number}; shift ;;
	--progress) progress=${2:?--progress needs a word}; shift ;;
	--progress=*) progress=${1#*=} ;;
	--where) where=1 ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
case $progress in
auto) if [ -t 2 ]; then progress=tty; else progress=stages; fi ;;
tty | plain | none) ;;
*) usage >&2; exit 2 ;;
esac

package=linux-source-6.1
source=${BERTH_KERNEL_SOURCE:-/usr/src/$package.tar.xz}
[ -r "$source" ] || die "no kernel source at '$source': script/deps installs the package $package"
export CC=${KERNEL_CC:-gcc}
cache=${BERTH_CACHE:-${XDG_CACHE_HOME:-${HOME:?neither BERTH_CACHE, XDG_CACHE_HOME nor HOME is set}/.cache}/berth}/kernel

# The version of the source: the package's, or the archive's own digest where it is no package's.
source_id() {
	if [ -z "${BERTH_KERNEL_SOURCE:-}" ] &&
			dpkg-query -W -f='${Package} ${Version}\n' $package 2>/dev/null; then
		return
	fi
	sha256sum <"$source"
}

# All that the kernel's bytes depend on. Comments of the fragment do not count.
key=$({
	source_id
	$CC --version | head -n 1
	ld --version | head -n 1
	LC_ALL=C grep -E '^(CONFIG_|# CONFIG_)' "$here/berth.config"
	cat "$here"/patches/*.patch "$here/compile.sh" "$here/check-config"
} | sha256sum | cut -c1-32)
dir=$cache/$key

have() {
	[ -e "$dir/vmlinux" ] && [ -e "$dir/meta.json" ]
}

if [ -n "$where" ]; then
	echo "$dir/vmlinux"
	have
	exit
fi

# Shows the lines of compile.sh in the form that was asked for.
show() {
	local word value stage= last=
	while read -r word value; do
		[ "$word $value" != "$last" ] || continue
		last="$word $value"
		case $progress,$word in
		plain,*) echo "$word $value" ;;
		tty,stage) stage=$value; printf '\r\033[Kkernel: %s' "$stage" >&2 ;;
		tty,progress) printf '\r\033[Kkernel: %s %3d %%' "$stage" "$value" >&2 ;;
		stages,stage) echo "kernel: $value" >&2 ;;
		stages,progress) [ $((value % 10)) -ne 0 ] || echo "kernel: $value %" >&2 ;;
		esac
	done
	[ $progress != tty ] || printf '\r\033[K' >&2
}

# Builds in a folder of the cache, which a later build goes on with if this one is interrupted.
build() {
	local work=$dir.work
	mkdir -p "$work"
	"$here/compile.sh" "$source" "$work" | tee "$work/progress" | show
	rm -rf "$work/linux" "$work/unpacked" "$work/progress" "$dir"
	sync "$work/vmlinux" "$work/meta.json"
	mv "$work" "$dir"
}

# Another build of the same kernel is at work: show how far it is until the lock is ours.
await_lock() {
	flock -n 9 && return
	echo 'stage wait'
	until flock -w 1 9; do
		tail -n 1 "$dir.work/progress" 2>/dev/null || true
	done
}

if ! have; then
	mkdir -p "$cache"
	exec 9>"$cache/$key.lock"
	await_lock > >(show)
	have || build
fi
if [ -n "$out" ]; then
	mkdir -p "$out"
	for f in vmlinux meta.json; do
		if ! cmp -s "$dir/$f" "$out/$f"; then
			cp --reflink=auto "$dir/$f" "$out/$f.new"
			mv "$out/$f.new" "$out/$f"
		fi
		touch "$out/$f"
	done
fi
case $progress in
plain) echo "done $dir/vmlinux" ;;
*) echo "$dir/vmlinux" ;;
esac

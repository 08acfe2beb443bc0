#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# compile.sh SOURCE WORK: builds the guest kernel from the archive SOURCE in the folder WORK, leaving
# WORK/vmlinux and WORK/meta.json. All that determines the result's bytes happens here, and this file is
# part of the key under which build.sh keeps the result; build.sh is what people call.
#
# Prints "stage NAME" and "progress PERCENT" lines; what patch and kconfig say goes to WORK/log.configure,
# what make says to WORK/log. A WORK that an interrupted build left is gone on with. Environment: CC (gcc), JOBS (the number of CPUs).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source=$1
work=$2
CC=${CC:-gcc}
JOBS=${JOBS:-$(nproc)}

# Steps that make printed in the build of this configuration: what the percentage is of, until WORK's
# parent knows better from a build of its own ("steps").
steps=1726
[ -s "$work/../steps" ] && steps=$(cat "$work/../steps")

# The same bytes wherever, whenever and by whomever it is built. The build is in-tree, so that every path
# in it is relative to the tree.
unset MAKEFLAGS MFLAGS MAKELEVEL ARCH CROSS_COMPILE KCFLAGS KAFLAGS KCPPFLAGS LOCALVERSION
export LC_ALL=C TZ=UTC
export KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00 UTC' KBUILD_BUILD_VERSION=1
export KBUILD_BUILD_USER=berth KBUILD_BUILD_HOST=berth
umask 022

kmake() {
	make -C "$work/linux" ARCH=x86_64 CC="$CC" "$@"
}

unpack() {
	echo 'stage unpack'
	rm -rf "$work/linux"
	mkdir -p "$work/linux"
	# Left out: half of the tree's bytes, which no x86 virtual machine's kernel is made of.
	tar -xf "$source" -C "$work/linux" --strip-components=1 \
		--exclude='*/drivers/gpu/drm/amd/include' --exclude='*/arch/*/boot/dts' \
		--exclude='*/tools/testing' --exclude='*/Documentation/*.rst'
	for p in "$here"/patches/*.patch; do
		patch -d "$work/linux" -p1 -F0 <"$p" >>"$work/log.configure" ||
			{ echo "kernel: the patch '${p##*/}' does not apply" >&2; return 1; }
	done
}

configure() {
	echo 'stage configure'
	kmake KCONFIG_ALLCONFIG="$here/berth.config" allnoconfig >>"$work/log.configure" 2>&1
	"$here/check-config" "$here/berth.config" "$work/linux/.config"
}

# Counts make's own lines ("  CC      mm/slub.o"): one a step, whatever the step is, beginning with those
# that an interrupted build has left in the log.
step='^  [A-Z][A-Z0-9_]* +'
compile() {
	echo 'stage compile'
	local n last=-1 percent line
	n=$(grep -cE "$step" "$work/log" || true)
	while IFS= read -r line; do
		[[ $line =~ $step ]] || continue
		n=$((n + 1))
		percent=$((n * 99 / steps))
		[ $percent -le 99 ] || percent=99
		[ $percent -eq $last ] || echo "progress $percent"
		last=$percent
	done < <({ kmake -j"$JOBS" vmlinux && echo 'made vmlinux'; } 2>&1 | tee -a "$work/log")
	[ "$(tail -n 1 "$work/log")" = 'made vmlinux' ] || return 1
	made=$n
}

# What the host may count on: it chooses the guest's parameters and devices from these words.
features() {
	local list=(pvh tsc_early_khz lapic_timer_khz) name
	for name in VIRTIO_MMIO VIRTIO_PCI VIRTIO_BLK SCSI_VIRTIO VIRTIO_NET VIRTIO_CONSOLE VIRTIO_VSOCKETS \
			VIRTIO_FS NET_9P_VIRTIO VIRTIO_BALLOON PAGE_REPORTING HW_RANDOM_VIRTIO OVERLAY_FS; do
		if grep -q "^CONFIG_$name=y" "$work/linux/.config"; then
			list+=("${name,,}")
		fi
	done
	printf '"%s", ' "${list[@]}" | sed 's/, $//'
}

resumed=no
if [ -e "$work/unpacked" ]; then
	resumed=yes
else
	: >"$work/log"
	: >"$work/log.configure"
	unpack
	configure
	touch "$work/unpacked"
fi
made=0
if ! compile; then
	[ $resumed = no ] || rm -f "$work/unpacked" # it may be what was left: begin anew the next time
	echo "kernel: the build failed; the end of '$work/log':" >&2
	tail -n 20 "$work/log" >&2
	exit 1
fi
[ $resumed = yes ] || echo $made >"$work/../steps"

objcopy -S "$work/linux/vmlinux" "$work/vmlinux"
cat >"$work/meta.json" <<EOF
{
  "name": "berth",
  "version": "$(kmake -s kernelrelease)",
  "arch": "x86_64",
  "format": "elf-pvh",
  "sha256": "$(sha256sum "$work/vmlinux" | cut -d' ' -f1)",
  "size_bytes": $(stat -c %s "$work/vmlinux"),
  "features": [$(features)]
}
EOF
echo 'progress 100'

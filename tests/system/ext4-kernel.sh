#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
# ext4 files used by a guest's kernel (tests/ext4/torture.c): made by our writer in several sizes and journal modes, and
# by mke2fs with what only that makes. What the kernel wrote e2fsck calls clean, and our reader sees as the kernel does;
# and of a VM that is killed, our replay of the journal is the kernel's and e2fsck's.
# BERTH_TORTURE=ROUNDS of BERTH_TORTURE_OPS operations each, from BERTH_TORTURE_SEED on.
. "$(dirname "$0")/../lib/tap.sh"
PATH=$PATH:/sbin:/usr/sbin
vmlinux=$builddir/kernel/vmlinux
[ -e "$vmlinux" ] || skip_all "no kernel built: make kernel"
need qemu-system-x86_64 cpio e2fsck mke2fs debugfs
seed=${BERTH_TORTURE_SEED:-$((RANDOM * 32768 + RANDOM))} ops=${BERTH_TORTURE_OPS:-400} rounds=${BERTH_TORTURE:-1}
mkdir "$T/init"
cp "$builddir/tests/ext4/torture" "$T/init/init"
(cd "$T/init" && echo init | cpio -o -H newc --quiet) >"$T/init.cpio"
manifest=$builddir/tests/ext4/manifest
mkdir "$T/d" "$T/empty"
cd "$T/d" || exit

# boot WORDS SERIAL...: a VM with the disks of these names; its console is in $T/console
boot() {
	local words=$1 disk
	local args=()
	shift
	truncate -s 256m "$T/out"
	for disk in out "$@"; do
		args+=(-drive "if=none,id=$disk,format=raw,file=$([ "$disk" = out ] && echo "$T/out" || echo "$T/d/$disk")")
		args+=(-device "virtio-blk-device,drive=$disk,serial=$disk")
	done
	: >"$T/console"
	# shellcheck disable=SC2086 # words
	exec $limit qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
		-M microvm,acpi=off,memory-backend=ram -accel tcg -cpu qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+arat \
		-m 512M -smp 1 -object memory-backend-memfd,id=ram,size=512M,share=on \
		-global virtio-mmio.force-legacy=false -kernel "$vmlinux" -initrd "$T/init.cpio" \
		-append "panic=-1 reboot=t quiet 8250.nr_uarts=0 no_timer_check console=hvc0 SEED=$seed OPS=$ops $words" \
		-device virtio-serial-device,max_ports=2 -chardev "file,id=con,path=$T/console" \
		-device virtconsole,chardev=con "${args[@]}" >"$T/qemu" 2>&1
}
console() { tr -d '\r' <"$T/console"; }
# listed SERIAL: what the kernel saw on it
listed() { sed -n "/^= $1\$/,/^\\(=.*\\|END\\)\$/{/^= /d;/^END\$/d;p}" "$T/listed"; }
clean() { "$builddir/berth" --root "$T/root" --run-root "$T/run" rootfs check "$1"; }
same() { cmp -s "$1" "$2" || { diff "$1" "$2" | head -5 | cut -c1-300; return 1; }; }
# judged SERIAL: the three agree
judged() {
	like "$(console)" "(^|"$'\n'")ok $1("$'\n'"|\$)" "$1: the kernel found what it had written"
	check "$1: e2fsck finds nothing" e2fsck -fn "$1"
	check "$1: our check finds nothing" clean "$1"
	"$manifest" "$1" >"$T/ours" 2>&1
	listed "$1" >"$T/kernels"
	case $1 in
	t-L) like "$(debugfs -R 'htree_dump /many' "$1" 2>/dev/null)" 'Indirect levels: 2' 'a folder with an index of three levels' ;;
	t-ordered)
		like "$(debugfs -R 'htree_dump /many' "$1" 2>/dev/null)" 'Indirect levels: 1' 'a folder with an index of two levels'
		like "$(debugfs -R 'ex /pieces' "$1" 2>/dev/null)" ' 2/ 2 .* Uninit' 'a file with extents in two levels of nodes, some unwritten'
		;;
	esac
	[ "$(wc -l <"$T/kernels")" -gt 20 ]
	ok $? "$1: there is something to compare"
	check "$1: our reader sees what the kernel sees" same "$T/kernels" "$T/ours"
}
# run MAKER WORDS SERIAL...: a VM that ends by itself, then all its disks, which MAKER made, are judged. The machine here is
# QEMU and the kernel alone; where they stand still, which was seen once in some fifty VMs, it is said, and they get another try.
run() {
	local maker=$1 attempt rc
	shift
	for attempt in 1 2; do
		$maker
		(limit='timeout -k 5 100' && boot "$@")
		rc=$?
		[ $rc -eq 124 ] || break
		echo "# seed $seed, attempt $attempt: the VM stood still; its console:"
		console | tail -n 20 | sed 's/^/# /'
	done
	is $rc 0 'the VM ends by itself'
	shift
	tr -d '\0' <"$T/out" >"$T/listed"
	{ cat "$T/qemu"; console | grep -v '^ok '; } | sed 's/^/# /'
	for disk in "$@"; do judged "$disk"; done
	rm -f "$@"
}
make() { # SERIAL SIZE [OPTION...]: by our writer
	"$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none rootfs create "dir:$T/empty" -o "$1" --size "${@:2}" ||
		{ echo "# no file $1"; return 1; }
}
mke() { # SERIAL SIZE OPTION...
	truncate -s "$2" "$1"
	mke2fs -q -F "${@:3}" "$1" >/dev/null 2>&1 || echo "# mke2fs ${*:3} failed"
}

limit=
disks=(t-tiny t-ordered t-data t-back t-none)
others=(t-L t-cluster t-blockmap t-ext2)
# The kernel (6.1 as well as 6.18) loses the first and last part of what is written far behind the end of a file that was in its
# inode: nothing of ours, so only those who run this for long are told.
[ -z "${BERTH_TORTURE:-}" ] || others+=(t-inline)
make_disks() {
	rm -f t-*
	make t-tiny 1m
	make t-ordered 96m --journal ordered
	make t-data 96m --journal data
	make t-back 1g --journal writeback
	make t-none 70m
	[ $vast = no ] || make t-vast 16777215m --journal ordered
}
make_others() {
	rm -f t-*
	mke t-inline 96m -t ext4 -b 4096 -O inline_data -I 256
	mke t-L 64m -t ext4 -b 1024 -O large_dir
	mke t-cluster 96m -t ext4 -O bigalloc -C 16384
	mke t-blockmap 96m -t ext4 -O ^extents,^64bit
	mke t-ext2 64m -t ext2 -b 1024
}
# as large as files of this disk can be
vast=no
make t-vast 16777215m --journal ordered 2>"$T/vast" && vast=yes && disks+=(t-vast) || skip "$(head -1 "$T/vast")" '16 TiB'

for ((round = 0; round < rounds; round++, seed++)); do
	echo "# seed $seed, $ops operations"
	run make_disks '' "${disks[@]}"
	run make_others '' "${others[@]}"

	# --- killed
	for mode in ordered data ${BERTH_TORTURE:+writeback}; do
		make "t-$mode" 96m --journal $mode
		(boot "KILL=$((300 + seed % 300))" "t-$mode") &
		vm=$!
		for ((i = 0; i < 3000; i++)); do
			grep -q -e NOW -e wrong "$T/console" && break
			sleep 0.02
		done
		kill -9 $vm
		wait $vm 2>/dev/null
		like "$(console)" NOW "$mode: killed in the middle"
		like "$(dumpe2fs -h "t-$mode" 2>/dev/null | grep features)" needs_recovery 'its journal is not finished'
		"$manifest" "t-$mode" >"$T/replayed" 2>&1
		check "our check finds nothing" clean "t-$mode"
		cp --sparse=always "t-$mode" m-fsck
		cp --sparse=always "t-$mode" m-kernel
		e2fsck -y -E journal_only m-fsck >/dev/null 2>&1
		"$manifest" m-fsck >"$T/fsck" 2>&1
		check "our replay is e2fsck's" same "$T/fsck" "$T/replayed"
		run : '' m-kernel
		check "our replay is the kernel's" same "$T/kernels" "$T/replayed"
		rm -f "t-$mode" m-fsck
	done
done
done_testing

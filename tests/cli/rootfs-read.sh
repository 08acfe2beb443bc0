#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# rootfs ls, cat and extract: of a file that berth made, and of one that mke2fs made, against the tree it was made of.
. "$(dirname "$0")/../lib/tap.sh"
PATH=$PATH:/usr/sbin:/sbin
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@"; }
# names, modes, owners, sizes, times and targets of a folder, and what is in its files
tree() {
	(cd "$1" && find . -mindepth 1 ! -name lost+found -printf '%P %M %n %U %G %s %T@ %l\n' | sed 's/\(^[^ ]* d[^ ]* [0-9]* [0-9]* [0-9]*\) [0-9]*/\1/' |
		LC_ALL=C sort; find . -type f -exec sha256sum {} + | LC_ALL=C sort -k2)
}

mkdir -p "$T/t/usr/bin" "$T/t/etc/deep/er" "$T/t/many"
(
	cd "$T/t" || exit
	printf 'hello\n' >etc/hello
	ln etc/hello etc/deep/other-name
	ln -s usr/bin bin
	ln -s /etc/hello usr/bin/link
	head -c 3000000 /dev/urandom >etc/large
	printf x | dd of=etc/sparse bs=1 seek=30000000 status=none
	truncate -s 40000000 etc/sparse
	mkfifo fifo
	chmod 4755 usr/bin
	touch "$(printf 'bad\377name')" 'with space' -- -dash
	for i in $(seq 400); do : >"many/a-file-with-a-long-name-$i"; done
	find . -exec touch -h -d '2021-03-04 05:06:07.123456789' {} +
)
check 'a file of berth' berth rootfs create "dir:$T/t" -o "$T/own.ext4"
truncate -s 100M "$T/e2.ext4"
check 'a file of mke2fs' mke2fs -q -F -t ext4 -d "$T/t" "$T/e2.ext4"

for f in own e2; do
	file=$T/$f.ext4
	is "$(berth rootfs ls -q "$file" | grep -v lost+found)" "$(ls "$T/t" --show-control-chars | LC_ALL=C sort | LC_ALL=C sed "s/bad.*/bad<ff>name/")" \
		"$f: ls of the root"
	is "$(berth rootfs ls -q "$file" /etc/deep)" "$(printf 'er\nother-name')" "$f: ls of a folder"
	is "$(berth rootfs ls -q "$file" bin)" link "$f: ls follows a link to a folder"
	is "$(berth rootfs ls --format path,type,mode,size_bytes,links "$file" /etc/hello)" "$(printf '/etc/hello\tfile\t0644\t6\t2')" \
		"$f: ls of a file"
	is "$(berth rootfs ls --format '{{.target}}' "$file" usr/bin)" /etc/hello "$f: where a link leads"
	is "$(berth rootfs ls -R -q "$file" many | wc -l)" 401 "$f: ls -R"
	check "$f: JSON" python3 -c 'import json, sys; json.load(sys.stdin)' < <(berth rootfs ls -R --format json "$file")
	is "$(berth rootfs cat "$file" /usr/bin/link)" hello "$f: cat through a link"
	berth rootfs cat "$file" etc/large | cmp - "$T/t/etc/large"
	ok $? "$f: cat of a large file"
	check "$f: extract" berth rootfs extract "$file" -o "$T/$f.tar"
	mkdir "$T/$f"
	tar -C "$T/$f" -xpf "$T/$f.tar" 2>"$T/err"
	if [ $f = own ]; then
		diff <(tree "$T/t") <(tree "$T/$f") >"$T/.check"
	else # mke2fs -d keeps whole seconds
		diff <(tree "$T/t" | sed 's/\.1234567890//') <(tree "$T/$f" | sed 's/\.0000000000//') >"$T/.check"
	fi
	ok $? "$f: the tar has the tree, exactly" || sed 's/^/# /' "$T/.check"
	[ "$(du -k "$T/$f/etc/sparse" | cut -f1)" -lt 2000 ]
	ok $? "$f: holes stay holes"
	is "$(berth rootfs extract "$file" /etc/deep -o - | tar t)" "$(printf 'etc/deep/\netc/deep/er/\netc/deep/other-name')" \
		"$f: extract of a folder, to standard output"
done
check 'a tar goes back into a file' berth rootfs create "tar:$T/own.tar" -o "$T/again.ext4"
berth rootfs extract "$T/again.ext4" -o - | cmp - "$T/own.tar"
ok $? 'which has the same tar'

check_fails 'ls of what is not there' 1 berth rootfs ls "$T/own.ext4" /nothing
like "$(cat "$T/.check")" "^berth: error: '.*own.ext4': '/nothing': no such file" 'which is told'
check_fails 'cat of a folder' 1 berth rootfs cat "$T/own.ext4" /etc
check_fails 'a file that is no ext4' 1 berth rootfs ls "$T/own.tar"
like "$(cat "$T/.check")" 'no ext4 file system' 'which is told'
check_fails 'extract to nowhere' 2 berth rootfs extract "$T/own.ext4"
check_fails 'extract into a folder that is not there' 1 berth rootfs extract "$T/own.ext4" -o "$T/no/x.tar"
check_fails 'extract of what is not there' 1 berth rootfs extract "$T/own.ext4" /nothing -o "$T/x.tar"
is "$(ls "$T" | grep x.tar)" '' 'leaves no file'
cp "$T/own.ext4" "$T/bad.ext4"
printf x | dd of="$T/bad.ext4" bs=1 seek=1100 conv=notrunc status=none
check_fails 'a damaged file' 1 berth rootfs ls "$T/bad.ext4"
like "$(cat "$T/.check")" "damaged: the superblock's checksum is wrong" 'which is told'
mkdir -p "$T/esc/"$'b\e[2J'
truncate -s 20M "$T/esc.ext4"
PATH=$PATH:/sbin:/usr/sbin mke2fs -q -F -t ext4 -O ^metadata_csum -d "$T/esc" "$T/esc.ext4" >/dev/null
/usr/bin/python3 -c 'import sys
with open(sys.argv[1], "r+b") as f:
    at = f.read().find(b"b\x1b[2J")
    f.seek(at - 8); f.write((1000).to_bytes(4, "little"))' "$T/esc.ext4"
check_fails 'a name that would move the cursor, in what check finds' 1 berth rootfs check "$T/esc.ext4"
like "$(cat "$T/.check")" "'b\?\[2J' in directory inode 2 leads to inode 1000" 'is told without that'
if berth debug faults >/dev/null 2>&1; then
	check_fails 'a full disk under extract' 1 env BERTH_FAULT=pack.write "$builddir/berth" --root "$T/root" rootfs extract "$T/own.ext4" -o "$T/x.tar"
	like "$(cat "$T/.check")" 'cannot write the tar: No space left' 'is told'
	check_fails 'a worker that does not start' 1 env BERTH_FAULT=spawn "$builddir/berth" --root "$T/root" rootfs extract "$T/own.ext4" -o "$T/x.tar"
	is "$(ls "$T" | grep x.tar)" '' 'and no file is left'
fi
berth rootfs extract "$T/own.ext4" -o - | head -c 100 >"$T/head"
is "${PIPESTATUS[0]}" 1 'extract ends when nobody reads'
done_testing

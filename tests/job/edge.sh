#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What tars and images may be and seldom are: however the layers are stored, the same tree, exact to the nanosecond.
# timeout: 240
. "$(dirname "$0")/../lib/tap.sh"
PATH=$PATH:/sbin:/usr/sbin
need e2fsck zstd
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@"; }
sum() { sha256sum <"$1" | cut -d' ' -f1; }
# exact IMAGE NAME: the kernel finds what was expected
exact() {
	local rc=0
	/usr/bin/python3 -B "$srcdir/tests/lib/tree_mount.py" "$1" "$T/EXPECT" >"$T/differences" || rc=$?
	if [ $rc -eq 77 ]; then
		skip "$(cat "$T/differences")" "$2"
	else
		ok $rc "$2"
		sed 's/^/# /' "$T/differences"
	fi
}

check 'layers with all that may be' /usr/bin/python3 -B "$srcdir/tests/lib/edge_image.py" "$T"
first=
for way in gzip members zstd frames none sha512; do
	check "rootfs create, stored as $way" berth rootfs create "oci:$T/$way" -o "$T/$way.ext4"
	case $way in
	gzip)
		first=$(sum "$T/gzip.ext4")
		check 'e2fsck finds nothing' e2fsck -fn "$T/gzip.ext4"
		exact "$T/gzip.ext4" 'each entry is as expected'
		;;
	sha512) # another digest, so another UUID
		check 'e2fsck finds nothing' e2fsck -fn "$T/sha512.ext4"
		exact "$T/sha512.ext4" 'the same tree'
		;;
	*)
		is "$(sum "$T/$way.ext4")" "$first" 'gives the same bytes'
		;;
	esac
	[ $way = gzip ] || rm -f "$T/$way.ext4"
done

check 'the layers as tars on top of each other' \
	berth rootfs create "tar:$T/layer0.tar" "tar:$T/layer1.tar" "tar:$T/layer2.tar" -o "$T/tars.ext4"
exact "$T/tars.ext4" 'give the same tree'
rm "$T/tars.ext4"
for i in 1 2; do
	berth debug tar-to-ext4 -o "$T/t$i.ext4" <"$T/layer0.tar"
done
check 'debug tar-to-ext4: e2fsck finds nothing' e2fsck -fn "$T/t1.ext4"
is "$(sum "$T/t1.ext4")" "$(sum "$T/t2.ext4")" 'twice gives the same bytes'

# a folder as the source: what was made, mounted and read again
cat >"$T/again.sh" <<'E'
mount -o loop,ro "$1" "$2" && "$3" --root "$4/root" --run-root "$4/run" --progress none rootfs create "dir:$2" -o "$4/dir.ext4"
E
mkdir "$T/at"
if unshare -m sh -c 'mount -o loop,ro "$0" "$1"' "$T/gzip.ext4" "$T/at" 2>/dev/null; then
	check 'rootfs create from a folder' unshare -m sh "$T/again.sh" "$T/gzip.ext4" "$T/at" "$builddir/berth" "$T"
	check 'e2fsck finds nothing' e2fsck -fn "$T/dir.ext4"
	exact "$T/dir.ext4" 'gives the same tree'
else
	skip "loop mounts need root" "rootfs create from a folder"
fi
done_testing

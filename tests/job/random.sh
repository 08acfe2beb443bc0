#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Random stacks of layers: e2fsck finds nothing, the kernel sees the tree that a model expects, the same bytes come of each
# way to store the layers, and what is extracted makes the same tree again. BERTH_TEST_SEEDS="FIRST LAST" takes other ones.
# timeout: 600
. "$(dirname "$0")/../lib/tap.sh"
PATH=$PATH:/sbin:/usr/sbin
need e2fsck zstd
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@"; }
create() { berth rootfs create --uuid 0b5e0b5e-0b5e-4b5e-8b5e-0b5e0b5e0b5e "$@"; }
# exact IMAGE: the kernel finds what was expected
exact() { /usr/bin/python3 -B "$srcdir/tests/lib/tree_mount.py" "$1" "$T/s/EXPECT"; }
# one SEED: says what is wrong
one() {
	local way
	/usr/bin/python3 -B "$srcdir/tests/lib/random_stack.py" "$1" "$T/s" >"$T/n" || return 1
	create $(printf 'tar:%s\n' "$T"/s/layer*.tar) -o "$T/s/img" || return 1
	e2fsck -fn "$T/s/img" >"$T/fsck" 2>&1 || { cat "$T/fsck"; return 1; }
	berth rootfs check "$T/s/img" || return 1
	for way in gzip zstd none; do
		create "oci:$T/s/$way" -o "$T/s/other" || return 1
		cmp "$T/s/img" "$T/s/other" || return 1
	done
	[ -n "$mounts" ] || return 0
	exact "$T/s/img" || return 1
	berth rootfs extract "$T/s/img" -o "$T/s/again.tar" && create "tar:$T/s/again.tar" -o "$T/s/again" || return 1
	exact "$T/s/again" || { echo 'of what was extracted'; return 1; }
}

truncate -s 1M "$T/probe"
mke2fs -q -t ext4 -O ^has_journal "$T/probe" && : >"$T/none"
mounts=
rc=0
/usr/bin/python3 -B "$srcdir/tests/lib/tree_mount.py" "$T/probe" "$T/none" >/dev/null 2>&1 || rc=$?
[ $rc -eq 77 ] && skip 'it needs root' 'the kernel looks at the trees' || mounts=1
read -r first last <<<"${BERTH_TEST_SEEDS:-1 20}"
for ((seed = first; seed <= last; seed++)); do
	rm -rf "$T/s"
	one "$seed" >"$T/wrong" 2>&1
	ok $? "seed $seed" || sed 's/^/# /' "$T/wrong" | head -20
done
done_testing

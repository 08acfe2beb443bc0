#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The commands of kernel/README.md work as written: each "sh" block is run from the top of the tree, with
# $OUT as the reader's folder. The kernel itself comes from the cache.
. "$(dirname "$0")/../lib/tap.sh"

[ -e "$builddir/kernel/vmlinux" ] || skip_all 'no kernel built: make kernel'
readme=$srcdir/kernel/README.md
awk -v dir="$T" '
	/^```sh$/ { n++; inside = 1; next }
	/^```$/ { inside = 0 }
	inside { print > (dir "/block-" n) }
' "$readme"
OUT=$T/out/kernel
export OUT
cd "$srcdir" || exit 1
for block in "$T"/block-*; do
	check "$(head -n 1 "$block")" bash -eu "$block"
done
is "$(ls "$T"/block-* | wc -l)" 3 'no block was missed'
check 'it is the kernel that make built' cmp "$OUT/vmlinux" "$builddir/kernel/vmlinux"

# What README says of the forms of progress.
like "$(kernel/build.sh --progress=plain)" "^done /.*/vmlinux$" 'plain progress ends with the path'
check_fails 'an unknown form is refused' 2 kernel/build.sh --progress=fancy
is "$(BERTH_CACHE=$T/empty kernel/build.sh --where; echo " $?")" \
	"$T/empty/kernel/$(basename "$(dirname "$(kernel/build.sh --where)")")/vmlinux"$'\n'' 1' \
	'--where in an empty cache'
BERTH_KERNEL_SOURCE=$T/none check_fails 'no source is an error' 1 kernel/build.sh
done_testing

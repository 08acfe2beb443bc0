#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel/check-config finds what did not reach .config; the recipe's own files are in order.
. "$(dirname "$0")/../lib/tap.sh"

check_config=$srcdir/kernel/check-config
cat >"$T/config" <<'EOF'
# Linux/x86 6.1.0 Kernel Configuration
CONFIG_NET=y
CONFIG_LOCALVERSION="-berth"
CONFIG_NR_CPUS=32
# CONFIG_KSM is not set
EOF
# fragment LINE...: writes a fragment
fragment() {
	printf '%s\n' '# a comment' "$@" >"$T/fragment"
}

fragment CONFIG_NET=y 'CONFIG_LOCALVERSION="-berth"' CONFIG_NR_CPUS=32 CONFIG_KSM=n '# CONFIG_KSM is not set' \
	CONFIG_ABSENT=n
check 'a fragment that landed' "$check_config" "$T/fragment" "$T/config"
fragment CONFIG_NET=y CONFIG_NO_SUCH_OPTION=y
check_fails 'an option that cannot be satisfied' 1 "$check_config" "$T/fragment" "$T/config"
like "$("$check_config" "$T/fragment" "$T/config" 2>&1)" '^CONFIG_NO_SUCH_OPTION: wanted y, got n$' 'it is named'
fragment CONFIG_NET=n
check_fails 'an option that something selects' 1 "$check_config" "$T/fragment" "$T/config"
fragment '# CONFIG_NET is not set'
check_fails 'the same in the other form' 1 "$check_config" "$T/fragment" "$T/config"
fragment CONFIG_NR_CPUS=64
check_fails 'another number' 1 "$check_config" "$T/fragment" "$T/config"
fragment CONFIG_NE=y
check_fails 'the beginning of a name is not the name' 1 "$check_config" "$T/fragment" "$T/config"
fragment
check_fails 'an empty fragment' 1 "$check_config" "$T/fragment" "$T/config"
check_fails 'no .config' 2 "$check_config" "$T/fragment" "$T/none"
check_fails 'wrong usage' 2 "$check_config" "$T/fragment"

is "$(grep -E '^(CONFIG_|# CONFIG_)' "$srcdir/kernel/berth.config" | sed 's/^# //; s/[= ].*//' | sort | uniq -d)" '' \
	'no option is named twice in the fragment'
is "$(grep -L 'SPDX-License-Identifier: GPL-2.0' "$srcdir"/kernel/patches/*.patch)" '' 'each patch names its licence'
is "$(grep -c . "$srcdir"/kernel/patches/*.patch | grep -c ':0$')" 0 'no patch is empty'
done_testing

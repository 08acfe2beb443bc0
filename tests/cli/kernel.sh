#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel ls, import, default, rm, inspect: kernels of the store beside berth's own; what is none is refused.
. "$(dirname "$0")/../lib/tap.sh"
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" "$@"; }
keys() { berth kernel ls --format "$1" | sort | tr '\t\n' ' ;'; }

# The least that is a bzImage: "HdrS" where the boot protocol has it.
{ head -c 514 /dev/zero; printf HdrS; head -c 3000 /dev/zero; } >"$T/bzImage"
{ cat "$T/bzImage"; echo other; } >"$T/another"
printf '{"version": "5.10-mine", "arch": "x86_64", "features": ["virtio_mmio"]}' >"$T/meta.json"
unset BERTH_KERNEL
own=$(keys name,default | grep -o 'berth [a-z]*;')
[ -e "$builddir/kernel/vmlinux" ] && want='berth true;' || want=
is "$own" "$want" 'berth'"'"'s own is there if it was built, and the default'

is "$(cd "$T" && berth kernel import bzImage)" bzImage 'import names it as its file'
is "$(keys name,version,arch,default,size_bytes | sed 's/berth [^;]*;//')" 'bzImage 5.10-mine x86_64 false 3518;' \
	'ls tells what is known of it'
is "$(berth kernel ls --format jsonl | grep bzImage | grep -o '"features":\[[^]]*\]')" '"features":["virtio_mmio"]' \
	'its features too'
check 'its bytes are in the store' cmp "$T/bzImage" "$T/root/kernels/bzImage/vmlinux"
is "$(berth kernel import "$T/bzImage" --name mine)" mine 'a name of the user'"'"'s'
is "$(berth kernel import "$T/bzImage" --name mine)" mine 'the same once more'
check_fails 'another of that name' 1 berth kernel import "$T/another" --name mine
like "$(cat "$T/.check")" "^berth: error: there is a kernel 'mine' already, and it is another\$" 'which is said'
check_fails 'what is no kernel' 1 berth kernel import "$0"
like "$(cat "$T/.check")" 'neither an ELF vmlinux nor a bzImage' 'and why'
check_fails 'a file that is not there' 1 berth kernel import "$T/nosuch"
check_fails 'a name that is none' 1 berth kernel import "$T/bzImage" --name ../x
is "$(ls -A "$T/root/kernels" | grep -v '^\.lock$' | xargs)" 'bzImage mine' 'nothing is left of them'

check 'default' berth kernel default mine
is "$(berth kernel ls --format name,default | grep true)" $'mine\ttrue' 'there is one default'
is "$(berth system info --format '{{.kernel_path}}')" "$T/root/kernels/mine/vmlinux" 'which is what starts boot'
check_fails 'a default that is not there' 1 berth kernel default nosuch
is "$(berth kernel inspect mine --format '{{.name}} {{.default}}')" 'mine true' 'inspect'
check_fails 'inspect of none' 1 berth kernel inspect nosuch
is "$(berth kernel rm mine)" mine 'rm'
is "$(berth kernel ls --format name,default | grep -c $'mine\|bzImage\ttrue')" 0 'a default that is removed is none'
check_fails 'a second rm' 1 berth kernel rm mine
check_fails 'berth'"'"'s own stays' 1 berth kernel rm berth

check 'a container may name one' berth create --name one --root-size 64m --kernel bzImage localhost/busybox true
check_fails 'but not one that is not there' 125 berth run --kernel nosuch localhost/busybox true
is "$(cat "$T/.check")" $'berth: error: there is no kernel \'nosuch\'\nberth: hint: berth kernel ls lists them' 'which is said'
is "$(berth ps -a --format name)" one 'and nothing is made'
done_testing

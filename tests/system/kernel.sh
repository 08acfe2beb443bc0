#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An installation without a kernel: it is built by a job, and what is to run waits for it. The recipe is one that
# tells what the test wants and has the real kernel at the end.
# timeout: 180
. "$(dirname "$0")/lib/vm.sh"
command -v tmux >/dev/null || skip_all "no tmux here"
[ -e "$builddir/kernel/vmlinux" ] || skip_all 'no kernel was built'
unset BERTH_KERNEL
mkdir -p "$T/libexec/kernel" "$T/built"
ln -s "$builddir"/berth-* "$builddir/images" "$builddir/initramfs.cpio" "$T/libexec/"
cp "$builddir/kernel/vmlinux" "$builddir/kernel/meta.json" "$T/built/"
mkfifo "$T/go"
export BERTH_LIBEXEC=$T/libexec
# recipe <<BODY
recipe() { { echo '#!/bin/bash'; cat; } >"$T/libexec/kernel/build.sh"; }
recipe <<SH
echo 'stage compile'
echo 'progress 42'
echo \$\$ >"$T/pid"
read -r word <"$T/go"
[ "\$word" != fail ] || { echo 'kernel: the compiler said no:' >&2; echo more >&2; exit 1; }
echo 'progress 100'
echo "done $T/built/vmlinux"
SH
say() { timeout 60 sh -c "echo $1 >'$T/go'"; }
tm() { tmux -L "berth-$$" -f /dev/null "$@"; }
trap 'tm kill-server 2>/dev/null; cleanup' EXIT
shows() { wait_for sh -c "tmux -L berth-$$ capture-pane -p | grep -qF -- '$1'"; }
sees() { shows "$1"; local rc=$?; ok $rc "$2"; [ $rc -eq 0 ] || tm capture-pane -p | sed 's/^/# /'; }
keys() { tm send-keys "$@"; }

# --- the command line
check_fails 'without a kernel nothing runs' 125 berth run --rm localhost/busybox true
like "$(cat "$T/.check")" 'hint: berth kernel build makes one' 'and it is said what makes one'
"$BERTH" kernel build --progress plain >"$T/out" 2>"$T/err" &
building=$!
wait_for grep -q '40 %\|42 %' "$T/err"
ok $? 'how far it is is told'
is "$(berth jobs --format verb,state)" $'kernel build\trunning' 'it is a job'
say fail
wait $building
is $? 1 'a recipe that fails'
like "$(cat "$T/err")" 'berth: error: cannot build the kernel: the compiler said no' 'is named by its own words'
rm "$T/pid"
"$BERTH" kernel build 2>"$T/err" &
building=$!
wait_for test -s "$T/pid"
kill -INT $building
wait $building
is $? 130 'an interrupt cancels it'
wait_for sh -c "! kill -0 \$(cat '$T/pid') 2>/dev/null"
ok $? 'the recipe too'
is "$(berth kernel ls --format name)" '' 'nothing is left of it'

# --- the UI: it begins by itself
rm -f "$T/pid"
env -u TMUX TERM=xterm-256color tmux -L "berth-$$" -f /dev/null new-session -d -x 80 -y 24 "PS1='ready> ' sh"
shows 'ready>'
keys "$BERTH" Enter
sees 'kernel building 42%' 'the first screen tells that it is built, and how far'
keys Enter
shows '[localhost/busybox'
keys Enter
sees 'waiting for the kernel' 'a run waits for it'
keys 6
sees 'kernel build' 'it is among the jobs'
say go
sees '/ #' 'then the run goes on by itself: a shell'
keys 'uname -r' Enter
sees 'berth' 'on that kernel'
keys C-] d
shows 'Containers 1'
keys q
shows 'ready>'
is "$(berth kernel ls --format name,default)" "$(sed -n 's/.*"version": "\(.*\)",/\1/p' "$T/built/meta.json")"$'\ttrue' \
	'it is in the store, and the default'
check 'and boots' berth run --rm localhost/busybox true
done_testing

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# rootfs create: its sources on top of each other, its options, the same bytes again, and no file when it fails.
# timeout: 180
. "$(dirname "$0")/../lib/tap.sh"
PATH=$PATH:/sbin:/usr/sbin
need e2fsck debugfs dumpe2fs
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@"; }
create() { rm -f "$T/f.ext4"; berth rootfs create "$@" -o "$T/f.ext4" 2>"$T/err"; }
sum() { sha256sum <"$T/f.ext4" | cut -d' ' -f1; }
says() { debugfs -R "$1" "$T/f.ext4" 2>/dev/null; }
super() { dumpe2fs -h "$T/f.ext4" 2>/dev/null | sed -n "s/^$1: *//p"; }
error() { sed -n 's/^berth: error: //p' "$T/err"; }

mkdir -p "$T/dir/etc" "$T/tar/etc" "$T/tar/bin"
echo dir >"$T/dir/etc/who"
echo dir >"$T/dir/etc/dir"
echo tar >"$T/tar/etc/who"
: >"$T/tar/etc/.wh.dir"
ln -s busybox "$T/tar/bin/of-tar"
tar -C "$T/tar" --sort=name --owner=7 --group=8 --mtime=@5 -cf "$T/t.tar" .
gzip -nk "$T/t.tar"
zstd -q "$T/t.tar"
image=oci:$builddir/images/busybox

# --- sources
check 'an image, a folder and a tar' create "$image" "dir:$T/dir" "tar:$T/t.tar.gz"
check 'e2fsck finds nothing' e2fsck -fn "$T/f.ext4"
is "$(says 'cat /etc/who')" tar 'the last one is on top'
is "$(says 'stat /etc/dir' | head -1)" '' 'its whiteout hides what is below'
like "$(says 'ls /bin')" 'busybox.*of-tar' 'what all have is there'
like "$(says 'stat /etc/who')" 'User: +7 +Group: +8 ' 'owners by number'
check 'the folder last' create "tar:$T/t.tar" "dir:$T/dir"
is "$(says 'cat /etc/who') $(says 'cat /etc/dir')" 'dir dir' 'is on top, and nothing of it is hidden'
create "tar:$T/t.tar"
plain=$(sum)
for f in t.tar.gz t.tar.zst; do
	create "tar:$T/$f"
	is "$(sum)" "$plain" "$f gives the bytes of the tar"
done
create tar:- <"$T/t.tar.gz"
is "$(sum)" "$plain" 'so does standard input'
if command -v skopeo >/dev/null; then
	create "$image"
	plain=$(sum)
	for kind in oci-archive docker-archive; do
		skopeo --insecure-policy copy -q "$image" "$kind:$T/$kind.tar:x/y:1" || echo "# skopeo failed"
		check "$kind" create "$kind:$T/$kind.tar"
		is "$(sum)" "$plain" 'gives the bytes of the layout'
	done
	is "$(berth images --format repository | grep -v none)" '' 'no name comes of it'
else
	skip 'no skopeo here' 'archives'
fi
check_fails 'an unknown image' 1 create nowhere/such-image
check_fails 'no output' 2 berth rootfs create "$image"
check_fails 'a folder that is not there' 1 create "dir:$T/none"

# --- a size that the host does not take as a file, told before the work; one that it takes
limited() { (ulimit -f "$1"; shift; create "$@"); } # to that many KiB a file
check_fails 'a size over the limit of files' 1 limited 20480 "dir:$T/dir" --size 100m
like "$(error)" 'takes no file of 104857600 bytes: choose a smaller size' 'says what can be done'
check_fails 'no file is left' 1 test -e "$T/f.ext4"
check_fails 'a file over the limit' 1 limited 1024 "$image"
like "$(error)" 'File too large' 'is an error, no signal'
if [ -w /dev/shm ]; then
	vast=$(mktemp -p /dev/shm)
	trap 'rm -rf "$T" "$vast"' EXIT
	check '16 TiB where files can have them' berth rootfs create "dir:$T/dir" -o "$vast" --size 16t --journal ordered
	is "$(dumpe2fs -h "$vast" 2>/dev/null | sed -n 's/^Block count: *//p')" 4294967296 'are all there'
	is "$(debugfs -R 'cat /etc/who' "$vast" 2>/dev/null)" dir 'with the files'
	check 'taking less than 64 MiB' test "$(stat -c %b "$vast")" -lt 131072
	rm -f "$vast"
else
	skip 'no tmpfs here' '16 TiB'
fi

check 'an image that comes with berth' create localhost/busybox
is "$(says 'stat /bin/busybox' | grep -c 'Type: regular')" 1 'is taken in'
berth rmi localhost/busybox >/dev/null

# --- an image of it
rm -f "$T/f.ext4"
check 'an image and a folder, tagged' berth rootfs create "$image" "dir:$T/dir" -o "$T/f.ext4" --tag made/of:it
tree() { berth rootfs extract "$1" -o - | tar -tv --full-time --numeric-owner -f - | sort | sha256sum; }
was=$(tree "$T/f.ext4")
is "$(berth images --format repository,tag | tr '\t' ' ' | grep made)" 'docker.io/made/of it' 'the image is there'
check 'a file of the image' create made/of:it
is "$(tree "$T/f.ext4")" "$was" 'holds the same tree'
is "$(says 'cat /etc/who')" dir 'with what was on top'
rm -f "$T/f.ext4"
berth rootfs create "$image" -o "$T/f.ext4" --tag 'NOT a name' 2>"$T/err"
[ $? -ne 0 ] && [ "$(error | wc -l)" -eq 1 ] && [ -z "$(ls "$T" | grep '^f.ext4')" ]
ok $? 'a name that is none: an error, and no file'

# --- the same bytes: order of names in a folder, clock, time zone, umask, host name
mkdir "$T/one" "$T/two"
for i in $(seq 1 60); do echo "$i" >"$T/one/$i"; done
for i in $(seq 60 -1 1); do echo "$i" >"$T/two/$i"; done
ln "$T/one/7" "$T/one/9-again"
ln "$T/two/7" "$T/two/9-again"
find "$T/one" "$T/two" -exec touch -h -d @1000000000.123456789 {} +
create "dir:$T/one"
one=$(sum)
create "dir:$T/two"
is "$(sum)" "$one" 'the order in which a folder was filled makes no difference'
create "$image" "dir:$T/one"
one=$(sum)
(umask 077; TZ=Asia/Tokyo LANG=C.UTF-8 create "$image" "dir:$T/one")
is "$(sum)" "$one" 'nor do time zone, language and umask'
if command -v faketime >/dev/null; then
	rm "$T/f.ext4"
	check 'in another year' env NO_FAKE_STAT=1 ASAN_OPTIONS=verify_asan_link_order=0 faketime -f '+9999d' "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none \
		rootfs create "$image" "dir:$T/one" -o "$T/f.ext4"
	is "$(sum)" "$one" 'nor does the clock'
else
	skip 'no faketime here' 'in another year'
fi

# --- options
create "$image"
used=$(($(super 'Block count') - $(super 'Free blocks')))
want=1048576
while [ $want -lt $((used * 4096 * 5 / 4 + (64 << 20))) ]; do want=$((want * 2)); done
is "$(stat -c %s "$T/f.ext4")" "$want" 'without a size: the smallest power of two that is roomy'
check 'size, UUID and label' create "$image" --size 37m --uuid 01234567-89ab-cdef-0123-456789abcdef --label berth
is "$(stat -c %s "$T/f.ext4")" $((37 << 20)) 'the size'
is "$(super 'Filesystem UUID') $(super 'Filesystem volume name')" '01234567-89ab-cdef-0123-456789abcdef berth' 'UUID and label'
is "$(super 'Filesystem features' | grep -c has_journal)" 0 'no journal unless asked for'
for mode in ordered writeback data; do
	check "a journal: $mode" create "$image" --size 64m --journal $mode
	check 'e2fsck finds nothing' e2fsck -fn "$T/f.ext4"
	word=journal_data_$mode
	like "$(super 'Filesystem features') $(super 'Default mount options') " "has_journal.* ${word%_data} " 'it is there'
done
check 'with a folder lost+found' create "$image" --lost-found
check 'e2fsck finds nothing' e2fsck -fn "$T/f.ext4"
like "$(says 'stat /lost+found')" 'Type: directory +Mode: +0700.*User: +0 +Group: +0 ' 'it is as mke2fs makes it'
with=$(sum)
create "$image" --lost-found
is "$(sum)" "$with" 'the same again: the same bytes'
create "$image"
is "$(says 'stat /lost+found' | head -1)" '' 'none unless asked for'
check 'of a tar too' eval 'rm -f "$T/f.ext4"; berth debug tar-to-ext4 --lost-found -o "$T/f.ext4" <"$T/t.tar"'
like "$(says 'stat /lost+found')" 'Type: directory' 'it is there'

# --- wrong words are told before anything is read: the source is a pipe that nobody writes to
mkfifo "$T/never"
for bad in '--journal=fast' '--uuid=12' "--uuid=$(printf %036d 0)-1" '--label=more-than-sixteen-bytes' '--size=9x' '--size=4k' \
	'--size=17t' '--size=2m --journal=data' '--max-size=x' '--platform=nonsense/of/many/parts' '--tag=NOT-a-name' \
	'--tag=oci:dir' '--tag=a@sha256:0000000000000000000000000000000000000000000000000000000000000000' '--tag=' \
	'--cpus=0' '--memory=much'; do
	set -- $bad
	check_fails "refused: $bad" 2 timeout 60 "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none \
		rootfs create "tar:$T/never" -o "$T/f2.ext4" "$@"
	[ ! -e "$T/f2.ext4" ] && [ "$(grep -c 'berth: error: ' "$T/.check")" -eq 1 ]
	ok $? 'with one line, and without a file'
done
check_fails 'standard input twice' 2 berth rootfs create tar:- tar:- -o "$T/f2.ext4"
mkdir -p "$T/is/f.ext4"
ln -s /dev/null "$T/device"
for bad in "$T/nowhere/f.ext4" "$T/is/f.ext4" "$T/is/" "$T/device" /proc/f.ext4; do
	check_fails "cannot write: $bad" 1 timeout 60 "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none \
		rootfs create "tar:$T/never" -o "$bad"
	like "$(cat "$T/.check")" "cannot write '$bad'" 'is named at once'
done
for bad in "dir:$T/none" "tar:$T/none" "dir:$T/t.tar" "tar:$T/dir"; do
	check_fails "cannot read: $bad" 1 timeout 60 "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none \
		rootfs create "tar:$T/never" "$bad" -o "$T/f2.ext4"
	like "$(cat "$T/.check")" "'${bad#*:}'" 'is named at once'
done
rm "$T/never"

# --- no file
echo old >"$T/old"
check_fails 'a size that does not suffice' 1 berth rootfs create "$image" --size 1m -o "$T/old"
is "$(cat "$T/old")" old 'leaves the file that was there'
check_fails 'more than --max-size' 1 create "$image" --max-size 100k
like "$(error)" 'more than the 102400 bytes allowed' 'says so'
[ ! -e "$T/f.ext4" ]
ok $? 'and leaves no file'
mkdir "$T/full"
cat >"$T/full.sh" <<'E'
mount -t tmpfs -o size=1m none "$1" || exit 77
"$2" --root "$3" --run-root "$4" --progress none rootfs create "$5" -o "$1/f.ext4"
[ $? -eq 1 ] && [ -z "$(ls -A "$1")" ]
E
unshare -m sh "$T/full.sh" "$T/full" "$builddir/berth" "$T/root" "$T/run" "$image" 2>"$T/err"
rc=$?
if [ $(id -u) -ne 0 ] || [ $rc -eq 77 ]; then
	skip 'mounting needs root' 'a full disk'
else
	ok $rc 'a full disk leaves no file'
	like "$(error)" 'No space left|disk is full' 'and says so'
fi
if berth debug faults >/dev/null 2>&1; then
	n=0 bad=
	while n=$((n + 1)); do
		if BERTH_FAULT=ext4.write:$n create "$image" "tar:$T/t.tar" --journal ordered; then break; fi
		[ ! -e "$T/f.ext4" ] && [ "$(error | wc -l)" -eq 1 ] || bad+=" write $n: $(cat "$T/err")"
	done
	is "$bad" '' "each of $((n - 1)) writes that fails: one error and no file"
	[ $n -gt 5 ]
	ok $? 'there were writes'
else
	skip 'built without --enable-faults' 'each write that fails'
fi
mkfifo "$T/bad"
exec 9<>"$T/bad"
head -c 3000000 /dev/zero | tr '\0' x >"$T/no-tar"
cat "$T/no-tar" >&9 & # the pipe stays open behind it
writer=$!
check_fails 'a pipe with what is no tar, and then silence' 1 timeout 60 "$builddir/berth" --root "$T/root" --run-root "$T/run" \
	--progress none rootfs create "tar:$T/bad" -o "$T/f2.ext4"
like "$(cat "$T/.check")" 'layer 1: ' 'is told at once'
exec 9>&-
kill $writer 2>/dev/null
wait $writer
rm "$T/bad"
mkfifo "$T/never"
sleep 1000 >"$T/never" &
writer=$!
env --default-signal=INT "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none \
	rootfs create "tar:$T/never" -o "$T/never.ext4" 2>"$T/err" &
job=$!
until pgrep -P $job >/dev/null; do kill -0 $job || break; done
kill -INT $job
wait $job
is $? 130 'Ctrl-C cancels'
kill $writer
is "$(ls -A "$T" | grep -c never)" 1 'and leaves no file but the pipe'
done_testing

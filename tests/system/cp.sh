#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 400
# cp: trees there and back, docker's rules for the two paths, tars, containers that do not run, what a guest may try.
. "$(dirname "$0")/lib/vm.sh"
PATH=$PATH:/usr/sbin:/sbin
busybox=localhost/busybox
berth() { "$BERTH" --progress none "$@"; }
in_ctr() { berth exec ctr sh -c "$1"; }
# Types, modes, sizes, times, links and what files hold, by name.
listing() { (cd "$1" && find . -printf '%p %y %m %T@ %l\n' | sed 's/0*\( [^ ]*\)$/\1/' | LC_ALL=C sort && find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum); }

mkdir "$T/w" && cd "$T/w" || exit
mkdir -p tree/sub/deep 'tree/with space' tree/empty
echo file >tree/file
echo run >tree/sub/run; chmod 755 tree/sub/run
echo odd >"tree/with space/"$'new\nline'
printf 'bytes' >"tree/"$'\xff\xfe'
ln -s ../file tree/sub/link
ln -s /nowhere tree/dangling
ln tree/file tree/two
mkfifo tree/fifo
head -c 5000000 /dev/urandom >tree/big
truncate -s 20M tree/sparse; echo end >>tree/sparse
mkdir -p "tree/$(printf 'l%.0s' {1..120})/$(printf 'm%.0s' {1..120})"; echo long >"tree/$(printf 'l%.0s' {1..120})/$(printf 'm%.0s' {1..120})/f"
chmod 700 tree/empty; chmod 1777 tree/sub/deep
find tree -depth -exec touch -h -d '2021-05-06 07:08:09.123456789Z' {} +
touch -d '1969-12-31 23:59:58.5Z' tree/file

berth run -d --name ctr $busybox sleep 100000 >/dev/null || exit 1
berth create --name off $busybox true >/dev/null

# --- there and back
check 'a tree in' berth cp tree ctr:/tree
is "$(in_ctr 'stat -c "%a %u %g" /tree/sub/run /tree/sub/deep; readlink /tree/sub/link; stat -c %h /tree/two; stat -c %Y /tree/file; cat /tree/file')" \
	$'755 0 0\n1777 0 0\n../file\n2\n-2\nfile' 'it is there, of root'
check 'holes are holes' test "$(in_ctr 'stat -c %b /tree/sparse')" -lt 1000
check 'and out' berth cp ctr:/tree back
is "$(listing back)" "$(listing tree)" 'it is the same'
is "$(stat -c %h back/two)" 2 'with its hard link'
check 'a file in' berth cp tree/big ctr:big
check 'and out' berth cp ctr:/big .
check 'the same' cmp big tree/big
is "$(stat -c '%y %a' big)" "$(stat -c '%y %a' tree/big)" 'with its time and mode'

# --- docker's rules: what becomes of SRC and DST
fresh() { in_ctr 'rm -rf /d; mkdir -p /d/dir; echo old >/d/file; ln -s dir /d/todir; ln -s file /d/tofile; ln -s new /d/tonew'; rm -rf d; mkdir -p d/dir; echo old >d/file; ln -s dir d/todir; ln -s file d/tofile; ln -s new d/tonew; }
mkdir src; echo a >src/a; ln -s a src/l; ln -s src lsrc
# SRC DST there: what is then in /d (or d), as find tells, behind what was there; or the error
there() { in_ctr 'cd /d && find . -mindepth 1 | sort | xargs'; }
here() { (cd d && find . -mindepth 1 | LC_ALL=C sort | xargs); }
rules() {
	local src dst wanted words
	while IFS='|' read -r src dst wanted words; do
		fresh
		berth cp $words "$src" "ctr:/d/$dst" 2>err
		is "$(there)" "$wanted" "in: $src to $dst $words: $(head -1 err)"
	done
}
rules <<'ROWS'
src/a|new|./dir ./file ./new ./todir ./tofile ./tonew|
src/a|dir|./dir ./dir/a ./file ./todir ./tofile ./tonew|
src/a|dir/|./dir ./dir/a ./file ./todir ./tofile ./tonew|
src/a|todir|./dir ./dir/a ./file ./todir ./tofile ./tonew|
src/a|tonew|./dir ./file ./new ./todir ./tofile ./tonew|
src/a|new/|./dir ./file ./todir ./tofile ./tonew|
src/a|no/new|./dir ./file ./todir ./tofile ./tonew|
src/a|no/new|./dir ./file ./no ./no/new ./todir ./tofile ./tonew|--parents
src/a|no/new/|./dir ./file ./no ./no/new ./no/new/a ./todir ./tofile ./tonew|--parents
src|new|./dir ./file ./new ./new/a ./new/l ./todir ./tofile ./tonew|
src|new/|./dir ./file ./new ./new/a ./new/l ./todir ./tofile ./tonew|
src|dir|./dir ./dir/src ./dir/src/a ./dir/src/l ./file ./todir ./tofile ./tonew|
src/.|dir|./dir ./dir/a ./dir/l ./file ./todir ./tofile ./tonew|
src/.|new|./dir ./file ./new ./new/a ./new/l ./todir ./tofile ./tonew|
src|file|./dir ./file ./todir ./tofile ./tonew|
src/a|file/|./dir ./file ./todir ./tofile ./tonew|
lsrc|new|./dir ./file ./new ./todir ./tofile ./tonew|
lsrc/|new|./dir ./file ./new ./new/a ./new/l ./todir ./tofile ./tonew|
lsrc|new|./dir ./file ./new ./new/a ./new/l ./todir ./tofile ./tonew|-L
lsrc|dir|./dir ./dir/lsrc ./dir/lsrc/a ./dir/lsrc/l ./file ./todir ./tofile ./tonew|-L
src/l|new|./dir ./file ./new ./todir ./tofile ./tonew|-L
ROWS
fresh
check 'a file over a file' berth cp src/a ctr:/d/file
check 'and one through a symlink' berth cp src/a ctr:/d/tonew
is "$(in_ctr 'cat /d/file /d/new; readlink /d/tonew')" $'a\na\nnew' 'the link stays'
check 'a symlink as it is' berth cp src/l ctr:/d/dir
is "$(in_ctr 'readlink /d/dir/l')" a 'it is one'
in_ctr 'rm -rf /src /lsrc; mkdir /src; echo a >/src/a; ln -s a /src/l; ln -s src /lsrc'
while IFS='|' read -r src dst wanted words; do
	fresh
	berth cp $words "ctr:$src" "d/$dst" 2>err
	is "$(here)" "$wanted" "out: $src to $dst $words: $(head -1 err)"
done <<'ROWS'
/src/a|new|./dir ./file ./new ./todir ./tofile ./tonew|
src/a|dir|./dir ./dir/a ./file ./todir ./tofile ./tonew|
/src/a|todir/|./dir ./dir/a ./file ./todir ./tofile ./tonew|
/src/a|new/|./dir ./file ./todir ./tofile ./tonew|
/src/a|no/new|./dir ./file ./todir ./tofile ./tonew|
/src/a|no/new|./dir ./file ./no ./no/new ./todir ./tofile ./tonew|--parents
/src|new|./dir ./file ./new ./new/a ./new/l ./todir ./tofile ./tonew|
/src|dir|./dir ./dir/src ./dir/src/a ./dir/src/l ./file ./todir ./tofile ./tonew|
/src/.|dir|./dir ./dir/a ./dir/l ./file ./todir ./tofile ./tonew|
/src/.|new|./dir ./file ./new ./new/a ./new/l ./todir ./tofile ./tonew|
/src|file|./dir ./file ./todir ./tofile ./tonew|
/lsrc|new|./dir ./file ./new ./todir ./tofile ./tonew|
/lsrc/|new|./dir ./file ./new ./new/a ./new/l ./todir ./tofile ./tonew|
/lsrc|dir|./dir ./dir/lsrc ./dir/lsrc/a ./dir/lsrc/l ./file ./todir ./tofile ./tonew|-L
ROWS
fresh
check 'over a file, by a symlink' berth cp ctr:/src/a d/tofile
is "$(cat d/file; readlink d/tofile)" $'a\nfile' 'the link stays'

# --- owners
chown 1234:2345 src/a 2>/dev/null && {
	check '-a' berth cp -a src ctr:/owned
	is "$(in_ctr 'stat -c %u:%g /owned/a')" 1234:2345 '-a keeps owners'
	check 'out' berth cp ctr:/owned/a d/plain
	check '-a out' berth cp -a ctr:/owned/a d/owned
	is "$(stat -c %u:%g d/plain d/owned)" $'0:0\n1234:2345' 'as it does on the host, for root'
	chown 0:0 src/a
}
in_ctr 'echo x >/suid; chmod 6755 /suid'
check 'a set-uid file out' berth cp ctr:/suid d/suid
is "$(stat -c %a d/suid)" 755 'has no such bit on the host'

# --- tars
check 'a tar out' sh -c "'$BERTH' cp ctr:/src - >out.tar"
is "$(tar -tf out.tar | LC_ALL=C sort | xargs)" 'src/ src/a src/l' 'has the folder by its name'
is "$("$BERTH" cp ctr:/src/. - | tar -tf - | LC_ALL=C sort | xargs)" 'a l' 'or what it holds'
is "$("$BERTH" cp ctr:/src/a - | tar -xOf -)" a 'or a file'
tar --owner=77 --group=78 -czf in.tar.gz src
check 'a tar in, of gzip' sh -c "'$BERTH' cp - ctr:/d <in.tar.gz"
is "$(in_ctr 'stat -c %u:%g /d/src/a; cat /d/src/a')" $'77:78\na' 'with owners as it has them'
check 'from one container to another place' sh -c "'$BERTH' cp ctr:/src - | '$BERTH' cp - ctr:/d/dir"
is "$(in_ctr 'cat /d/dir/src/a')" a 'in a pipe'
fails() { # WORDS CODE ARGS…: an error of one line
	local words=$1 code=$2 got
	shift 2
	berth cp "$@" 2>err </dev/null
	got=$?
	is "$got" "$code" "berth cp $*: exit code"
	like "$(cat err)" "$words" 'and the words'
}
fails 'must be a folder' 1 - ctr:/d/file
fails 'must be a folder' 1 - ctr:/nowhere
fails 'no tar archive|empty' 1 - ctr:/d

# --- errors
fails 'there is no .*/nowhere' 1 nowhere ctr:/
fails "there is no '/nowhere' in container ctr" 1 ctr:/nowhere .
fails 'no such container' 1 tree nobody:/
fails 'on the host' 2 ctr:/a ctr:/b
fails 'in a container' 2 tree back
fails 'not a folder' 1 src/a/ ctr:/d
fails 'there is no folder' 1 src/a ctr:/d/new/
fails "cannot open '/d/no'|/d/no" 1 src/a ctr:/d/no/new
fails 'it is a file' 1 src ctr:/d/file
echo file >dir
fails "cannot replace the folder 'dir'" 1 dir ctr:/d
fails 'Not a directory|not a folder' 1 src/a ctr:/d/file/x
fails 'not a folder' 1 ctr:/src/a/ d
echo colon >with:colon
check 'a name with a colon' berth cp ./with:colon ctr:/d/colon
is "$(in_ctr 'cat /d/colon')" colon 'begins as a path'
is "$(berth container cp -q ctr:/d/colon - | tar -xOf -)" colon 'container cp is the same'

# --- paused, stopped, mounted
berth pause ctr >/dev/null
check 'out of one that is paused' berth cp ctr:/src/a d/paused
check 'and into it' berth cp src/a ctr:/d/paused
berth unpause ctr >/dev/null
in_ctr 'rm -rf /etc/group; rm -r /var/spool 2>/dev/null; ln -s /d /var/by; sync'
check 'into one that was never started' berth cp src off:/new
is "$(berth cp off:/new - | tar -tf - | LC_ALL=C sort | xargs)" 'new/ new/a new/l' 'it is there'
is "$(berth ps -aq | wc -l)" 2 'nothing else is left'
is "$(berth ps -a --format state --filter name=off)" created 'it is as it was'
check 'out of one that was never started' berth cp off:/etc/passwd d/passwd
like "$(cat d/passwd)" '^root:' 'its image is there'
berth stop -t 0 ctr >/dev/null
check 'a tree out of one that was stopped' berth cp ctr:/tree stopped
is "$(listing stopped)" "$(listing tree)" 'it is the same'
check 'by a symlink' berth cp ctr:/var/by/dir/src/a d/bylink
fails 'there is no' 1 ctr:/etc/group d
is "$(berth cp -L ctr:/lsrc - | tar -tf - | LC_ALL=C sort | xargs)" 'lsrc/ lsrc/a lsrc/l' 'a tar of it'
check 'a tree into one that was stopped' berth cp tree ctr:/held
fails 'must be a folder' 1 - ctr:/held/file
is "$(berth ps -a --format state,exit_code --filter name=ctr)" $'exited\t137' 'it is as it was'
check 'its disk is clean' berth rootfs check "$T"/root/containers/"$(berth inspect -f '{{.Id}}' ctr)"/upper.ext4

# --- interrupted
berth start ctr >/dev/null
is "$(in_ctr 'cat /held/file; ls /held | wc -l')" $'file\n'"$(ls tree | wc -l)" 'what came in while it stood still is there'
rm -rf d; mkdir d
in_ctr 'dd if=/dev/zero of=/huge bs=1M count=0 seek=4000 2>/dev/null'
"$BERTH" cp ctr:/huge d/huge 2>err & pid=$!
wait_for sh -c 'ls -A d | grep -q berth-'
kill -INT $pid
wait $pid
is $? 130 'Ctrl-C'
is "$(ls -A d)" '' 'leaves nothing'
truncate -s 4G huge
"$BERTH" cp huge ctr:/d/huge 2>err & pid=$!
wait_for in_ctr 'ls -A /d | grep -q berth-'
kill -INT $pid
wait $pid
is $? 130 'Ctrl-C of one that goes in'
is "$(in_ctr 'ls -A /d | grep -c "berth-\|huge"')" 0 'leaves nothing either'
is "$(ls "$T/run"/*/ | grep -c vsock.sock_)" 0 'no socket is left'
is "$(in_ctr 'echo alive')" alive 'the container runs on'
done_testing

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# rootfs create --run: scripts in a VM over the sources; run --rootfs: a container over a file.
. "$(dirname "$0")/lib/vm.sh"
PATH=$PATH:/usr/sbin:/sbin
command -v e2fsck >/dev/null || skip_all "no e2fsck here"
mkdir "$T/o" "$T/dir" "$T/dir/etc"
f=$T/o/f.ext4
image=oci:$builddir/images/busybox
berth() { "$BERTH" --progress none "$@"; }
create() { berth rootfs create "$image" "dir:$T/dir" -o "$f" "$@" >"$T/out" 2>"$T/err" || { local rc=$?; cat "$T/err" >&2; return $rc; }; }
error() { sed -n 's/^berth: error: //p' "$T/err"; }
sum() { sha256sum <"$f" | cut -d' ' -f1; }
entry() { berth rootfs ls -R --format "path,${2:-mode,uid,size_bytes,mtime}" "$f" | awk -F'\t' -v p="$1" '$1 == p { $1 = ""; print substr($0, 2) }'; }
run_folder() { ls -A "$T/run" | grep -vx jobs; ls -A "$T/run/jobs"; }
# nothing_left WHAT: no file, no container, no script, no image
nothing_left() {
	is "$(ls -A "$T/o")$(berth ps -aq)$(run_folder)$(berth images -q)" '' "$1: nothing is left"
}
echo 10.1.2.3 of-the-source >"$T/dir/etc/hosts"
ln -s ../run/resolv "$T/dir/etc/resolv.conf"
echo old >"$T/dir/kept"
(cd "$T/dir" && python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")')
find "$T/dir" -exec touch -h -d @1000000000.123456789 {} +

# --- two scripts
cat >"$T/one.sh" <<'S'
set -e
echo "from $0"; echo "to stderr" >&2
[ "$(id -u)" = 0 ] && [ "$(wc -c </dev/stdin)" = 0 ]
cat /etc/hosts >/seen-hosts
echo one >/new; mkdir /sub; echo "$GIVEN" >/sub/given; touch -d '2001-02-03 04:05:06' /sub/old
chown 7:8 /kept; ln /new /new2; mkfifo /fifo; mknod /node c 5 7; rm -r /usr; mkdir /usr
dd if=/dev/zero of=/sparse bs=1 count=1 seek=70000000 2>/dev/null
S
echo "cp -a /socket /made-socket; touch /$(printf %0255d 0)" >>"$T/one.sh"
cat >"$T/two" <<'S'
#!/bin/cat
what /bin/cat prints
S
cat >"$T/three.sh" <<'S'
#!/bin/sh -e
grep one /new
echo three >>/new
ls -A /usr /dev/berth
S
check 'three scripts' create --run "$T/one.sh" --run "$T/two" --run "$T/three.sh" -e GIVEN=word --label made --journal ordered --size 256m
is "$(cat "$T/out")" $'from /dev/berth/one.sh\n#!/bin/cat\nwhat /bin/cat prints\none\n/dev/berth:\nthree.sh\n\n/usr:' 'they ran in order, by /bin/sh or by their first line'
is "$(cat "$T/err")" 'to stderr' 'what goes to standard error is there'
check 'e2fsck finds nothing' e2fsck -fn "$f"
check 'nor do we' berth rootfs check "$f"
is "$(stat -c %s "$f") $(dumpe2fs -h "$f" 2>/dev/null | grep -cE 'has_journal|volume name: +made$')" '268435456 2' 'size, label and journal'
is "$(ls -A "$T/o")$(berth ps -aq)$(run_folder)" f.ext4 'nothing else is left'
is "$(berth rootfs cat "$f" /new) $(berth rootfs cat "$f" /sub/given)" $'one\nthree word' 'what they wrote is there'
is "$(entry /fifo type) $(entry /node type,major,minor) $(entry /new links) $(entry /kept uid,gid) $(entry /sparse size_bytes)" \
	'fifo char 5 7 2 7 8 70000001' 'links, devices, owners, holes'
is "$(entry /socket type) $(entry /made-socket type) $(entry "/$(printf %0255d 0)" type)" 'socket socket file' 'sockets and long names'
[ "$(stat -c %b "$f")" -lt 40000 ]
ok $? 'which stay holes'
is "$(entry /usr) $(berth rootfs cat "$f" /etc/hosts) $(entry /etc/resolv.conf target)" '0755 0 4096 2001-09-09T01:46:40.123456789Z 10.1.2.3 of-the-source ../run/resolv' \
	'what hid a folder hides it; names of the network are those of the sources'
is "$(berth rootfs ls -q "$f" | grep -c berth) $(berth rootfs ls -q "$f" /dev)" '0 ' 'no trace of the machine'
is "$(entry /new mtime) $(entry /sub/old mtime) $(entry /etc mtime)" '2001-09-09T01:46:40.123456789Z 2001-02-03T04:05:06Z 2001-09-09T01:46:40.123456789Z' \
	'times: the newest of the sources, or what the script set'
is "$(berth run --rm --rootfs "$f" sh -c 'cat /new; ls -A /sub')" $'one\nthree\ngiven\nold' 'a container runs over it'
was=$(sum)
create --run "$T/one.sh" --run "$T/two" --run "$T/three.sh" -e GIVEN=word --label made --journal ordered --size 256m
is "$(sum)" "$was" 'the same again: the same bytes'

# --- one more way in, and a time
check 'standard input' create --network none --run - <<'S'
echo $SOURCE_DATE_EPOCH >/epoch
ls /sys/class/net >/net
echo mine >/etc/hostname
S
is "$(berth rootfs cat "$f" /epoch) $(berth rootfs cat "$f" /net)" '1000000000 lo' 'its time, and no network'
echo 'echo $SOURCE_DATE_EPOCH >/epoch' >"$T/epoch.sh"
SOURCE_DATE_EPOCH=1234567890 create --run "$T/epoch.sh"
is "$(berth rootfs cat "$f" /epoch) $(entry /epoch mtime)" '1234567890 2009-02-13T23:31:30Z' 'SOURCE_DATE_EPOCH'
rm -f "$f"
check 'with a tag' create --run "$T/epoch.sh" --tag localhost/made
is "$(berth run --rm localhost/made cat /epoch)" 1000000000 'its image runs'
berth rmi localhost/made >/dev/null

# --- folders where berth puts files stay, with what a script does in them
mkdir -p "$T/folders/etc/hosts/in" "$T/folders/etc/resolv.conf"
echo 1 >"$T/folders/etc/hosts/in/one"
echo 'echo 2 >/etc/hosts/in/two; rmdir /etc/resolv.conf' >"$T/in-hosts"
check 'folders at /etc/hosts and /etc/resolv.conf' create "dir:$T/folders" --run "$T/in-hosts"
is "$(berth rootfs ls -q "$f" /etc/hosts/in | xargs) $(berth rootfs ls -q "$f" /etc | grep -c resolv)" 'one two 0' 'stay, and change as the script wants'

# --- a folder without anything but a shell of its own
mkdir "$T/bare"
cp "$(command -v busybox)" "$T/bare/busybox"
printf '#!/busybox sh\n/busybox touch -d @1 /x\n' >"$T/bare.sh"
if [ -x "$T/bare/busybox" ]; then
	rm -f "$f"
	check 'nothing but a program' berth rootfs create "dir:$T/bare" -o "$f" --run "$T/bare.sh"
	is "$(berth rootfs ls -q "$f" | xargs)" 'busybox x' 'nothing comes to it'
	berth run --name bare --rootfs "$f" /busybox true
	is "$(berth diff bare)" '' 'nor is such a thing a change'
	berth rm bare >/dev/null
	rm -f "$f"
else
	skip 'no busybox here' 'nothing but a program'
fi

# --- what fails leaves nothing
rm -f "$f"
echo 'echo before; exit 3' >"$T/fails"
check_fails 'a script that fails' 1 create --run "$T/epoch.sh" --run "$T/fails" --run "$T/epoch.sh" --tag localhost/failed
is "$(error)" "script '$T/fails' ended with exit code 3" 'is named, with its exit code'
is "$(cat "$T/out")" before 'what it printed is there'
nothing_left 'a script that fails'
check_fails 'a script that is not there' 1 create --run "$T/epoch.sh" --run "$T/none"
is "$(error)" "cannot open script '$T/none': No such file or directory" 'is named'
check_fails 'a folder' 1 create --run "$T/dir"
printf '#!/no/such/program\n' >"$T/nobody"
check_fails 'a program that is not there' 1 create --run "$T/nobody"
like "$(error)" "script '$T/nobody': .*(No such file|not found)" 'is told'
check_fails 'a network that is not there' 1 create --run "$T/epoch.sh" --network nowhere
check_fails 'memory that is no size' 2 create --run "$T/epoch.sh" -m much
check_fails 'two that read standard input' 2 create --run - --run -
check_fails 'a size that does not suffice' 1 create --run "$T/epoch.sh" --size 1m
mkdir "$T/o/is"
for bad in "$T/o/is" "$T/nowhere/f" /dev/null; do
	check_fails "cannot write: $bad" 1 berth rootfs create tar:/dev/zero -o "$bad" --run "$T/epoch.sh"
	like "$(cat "$T/.check")" "cannot write '$bad'" 'is told before the first source is read'
done
rmdir "$T/o/is"
nothing_left 'all of these'
echo was >"$f"
check_fails 'a script that fails, and a file that was there' 1 create --run "$T/fails"
is "$(cat "$f")" was 'which stays'
rm "$f"

# --- ended from outside
cat >"$T/waits" <<'S'
echo ready
exec sleep 1000
S
begin() {
	: >"$T/out"
	env --default-signal=INT "$BERTH" --progress none rootfs create "$image" -o "$f" --run "$T/waits" >"$T/out" 2>"$T/err" &
	job=$!
	wait_for grep -q ready "$T/out"
}
begin
kill -INT $job
wait $job
is $? 130 'Ctrl-C cancels'
nothing_left 'cancelled'
begin
kill -9 "$(berth ps --format pid)"
wait $job
is $? 1 'a shim that is killed'
like "$(error)" "script '$T/waits': " 'is told'
nothing_left 'killed'
begin
check 'its container can be stopped' berth stop -t 1 "$(berth ps -q)"
wait $job
is $? 1 'which fails it'
is "$(error)" "script '$T/waits' ended with exit code 137" 'as any other end'
nothing_left 'stopped'
if berth debug faults >/dev/null 2>&1; then
	for point in ext4.write ext4.write:9 spawn file.write; do
		check_fails "a fault: $point" 1 env BERTH_FAULT=$point "$BERTH" --progress none rootfs create "$image" -o "$f" --run "$T/epoch.sh"
		nothing_left "$point"
	done
fi

# --- a container over a file
check 'a file' create
berth run --name over --rootfs "$f" sh -c 'echo x >/x'
is "$(berth diff over)" 'A /x' 'diff of a container over it'
is "$(berth export over | tar -tf - | grep -cx -e x -e kept)" 2 'export'
is "$(berth ps -a --format image) $(berth inspect -f '{{.Config.Image}}' over)" "$f $f" 'it is called by the file'
check_fails 'commit' 1 berth commit over localhost/over
like "$(cat "$T/.check")" 'made from a file' 'is refused with the reason'
check 'system check' berth system check
is "$(berth create --rootfs "$f" true | wc -c)" 65 'create'
check_fails 'an image and a file' 125 berth run --rootfs "$T/one.sh" true
touch "$f"
check_fails 'a file that was written since' 1 berth start over
like "$(cat "$T/.check")" 'was written after the container was made from it' 'is refused with the reason'
truncate -s 4096 "$T/no.ext4"
check_fails 'what is no file system' 125 berth run --rootfs "$T/no.ext4" true
check_fails 'what is not there' 125 berth run --rootfs "$T/none.ext4" true
done_testing

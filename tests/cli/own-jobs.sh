#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 180
# Long operations of a process of their own are jobs: listed, followed and cancelled by others; and whoever is killed
# leaves nothing that stays.
. "$(dirname "$0")/../lib/tap.sh"
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@"; }
image=oci:$builddir/images/busybox
mkdir "$T/o"
mkfifo "$T/never"
exec 8<>"$T/never" # whoever reads it waits

# begin ARG...: a command that is listed as a job: $pid, $job
begin() {
	"$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@" >"$T/out" 2>"$T/err" 6>&- &
	pid=$!
	until job=$(berth jobs -q) && [ -n "$job" ]; do kill -0 $pid 2>/dev/null || break; done
}
create() { begin rootfs create "$image" "tar:$T/never" -o "$T/o/f.ext4" "$@"; }
error() { sed -n 's/^berth: error: //p' "$T/err"; }
nothing_left() {
	is "$(berth jobs -q)$(ls -A "$T/o" "$T/run/jobs" | grep -v :)$(berth ps -aq)$(berth images -q)" '' "$1: nothing is left"
}

# --- listed, followed, cancelled
create
is "$(berth jobs --format verb,object,state)" "$(printf 'rootfs\t%s\trunning' "$T/o/f.ext4")" 'jobs lists it'
cat >"$T/follow.py" <<'P'
import json, os, socket, sys
os.chdir(sys.argv[1])
s = socket.socket(socket.AF_UNIX)
s.settimeout(60)
s.connect("sock")
lines = s.makefile()
seen = []
while "progress" not in seen:
	e = json.loads(lines.readline())
	seen.append(e["event"])
	if e["event"] == "hello":
		assert e["kind"] == "rootfs" and e["ref"].endswith("/f.ext4"), e
s.sendall(b'{"cmd":"leave"}\n')
while True:
	e = json.loads(lines.readline())
	if e["event"] == "error":
		break
print(seen[0], "stage" in seen, e["code"])
P
is "$(/usr/bin/python3 "$T/follow.py" "$T/run/jobs/$job")" 'hello True -125' 'who follows it hears how far it is, and may leave'
is "$(berth jobs -q)" "$job" 'which does not end it'
is "$(stat -c %a "$T/run/jobs/$job/sock")" 600 'nobody else can talk to it'
is "$(berth jobs cancel "$job")" "$job" 'another command cancels it'
wait $pid
is "$? $(error)" '1 canceled' 'it ends, and says why'
nothing_left 'cancelled'

# --- killed
create
kill -9 $pid
wait $pid
nothing_left 'killed'
create --tag made/of:it
kill -9 $pid
wait $pid
nothing_left 'killed, with a tag'
create
kill -9 $pid
wait $pid
berth system prune -f >/dev/null
is "$(ls -A "$T/run/jobs")" '' 'prune takes its folder away too'

# --- others
berth create --name ctr localhost/busybox true >/dev/null
mkfifo "$T/full"
exec 7<>"$T/full" # nobody reads it, and it fills
"$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none export ctr -o - >"$T/full" 2>"$T/err" &
pid=$!
until job=$(berth jobs -q) && [ -n "$job" ]; do kill -0 $pid 2>/dev/null || break; done
is "$(berth jobs --format verb,object)" "$(printf 'export\tctr')" 'export is a job'
check 'cancelled' berth jobs cancel "$job"
wait $pid
is "$? $(error)" '1 canceled' 'it ends'
exec 7>&-
exec 6>"$T/root/leases/.lock"
flock 6
begin commit ctr made/by:commit
is "$(berth jobs --format verb,object)" "$(printf 'commit\tmade/by:commit')" 'commit is a job'
exec 6>&-
wait $pid
is "$?$(berth jobs -q)" 0 'which is gone when it is done'
begin load -i "$T/never"
is "$(berth jobs --format verb,object)" "$(printf 'load\t%s' "$T/never")" 'so are load'
kill -9 $pid
wait $pid
begin import "$T/never" some/files
is "$(berth jobs --format verb,object)" "$(printf 'import\t%s' "$T/never")" 'and import'
kill -9 $pid
wait $pid
is "$(berth jobs -q)" '' 'gone with their processes'
mkfifo "$T/nobody" # not even a writer has opened it
for what in "load -i $T/never" "load -i $T/nobody" "import $T/never some/files" "import $T/nobody some/files" \
	"rootfs create oci-archive:$T/never -o $T/o/f.ext4" "rootfs create oci-archive:$T/nobody -o $T/o/f.ext4" \
	"rootfs create tar:$T/never -o $T/o/f.ext4" "rootfs create tar:$T/nobody -o $T/o/f.ext4" \
	"rootfs create $image -o $T/o/f.ext4 --run $T/never" "rootfs create $image -o $T/o/f.ext4 --run $T/nobody"; do
	begin $what
	check "cancelled: ${what%% -o *}" berth jobs cancel "$job"
	wait $pid
	is "$? $(error | grep -c 'cancel')$(berth jobs -q)$(ls -A "$T/o")" '1 1' 'it ends, with nothing left'
done
check 'save after it' eval 'berth save made/by:commit >/dev/null'
berth rmi made/by:commit >/dev/null

# --- a container whose owner is gone
id=$(berth create --name owned localhost/busybox true)
folder=$T/root/containers/$id
sed -i '1s/{/{ "owned": true,/' "$folder/config.json"
exec 6>"$folder/owner"
flock 6
berth system prune -f >/dev/null
is "$(berth ps -aq --no-trunc)" "$id" 'is there, and no prune takes it, while its owner lives'
exec 6>&-
is "$(berth ps -aq)$(ls -A "$T/root/containers" | grep "$id")" '' 'is gone once he is'
old=$T/root/containers/.old-$id new=$T/root/containers/.new-$id
mkdir "$old" "$new"
echo x | tee "$old/base.ext4" >"$new/config.json"
berth system prune -f >/dev/null
[ ! -e "$old" ] && [ ! -e "$new" ]
ok $? 'what was half made or half removed goes with the next collection'

# --- two at once make one file
for n in 1 2; do
	"$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none rootfs create "$image" -o "$T/o/both.ext4" 2>"$T/err$n" &
	eval "p$n=$!"
done
wait $p1
r1=$?
wait $p2
is "$r1 $? $(cat "$T/err1" "$T/err2")" '0 0 ' 'two at once: both end well'
check 'and the file is whole' berth rootfs check "$T/o/both.ext4"
is "$(ls -A "$T/o")" both.ext4 'and alone'
if [ -d /dev/shm ] && [ "$(stat -c %d /dev/shm)" != "$(stat -c %d "$T")" ]; then
	check 'on another file system' berth rootfs create "$image" -o "/dev/shm/${T##*/}.ext4" --tag other/fs
	rm -f "/dev/shm/${T##*/}.ext4"
else
	skip 'no other file system here' 'on another file system'
fi
done_testing

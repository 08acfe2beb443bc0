#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
# diff, export and commit: of containers that ended, that run, that were killed; the images that come of it.
. "$(dirname "$0")/lib/vm.sh"
PATH=$PATH:/usr/sbin:/sbin
busybox=localhost/busybox
berth() { "$BERTH" --progress none "$@"; }
clean() { berth rootfs check "$T"/root/containers/"$(berth inspect -f '{{.Id}}' "$1")"/upper.ext4; }

# --- an image with something to change: folders, links, an attribute, a file with two names
mkdir -p "$T/t/data/old/deep" "$T/t/data/gone" "$T/t/data/kept" "$T/t/opt"
(
	cd "$T/t" || exit
	for f in data/old/a data/old/deep/b data/gone/c data/kept/d data/e opt/f; do echo "$f" >$f; done
	ln data/e data/e2
	ln -s data/e link
	find . -exec touch -h -d '2020-02-03 04:05:06Z' {} +
)
check 'an image of layers' berth create --name base $busybox true
tar -C "$T/t" -cf "$T/t.tar" .
berth run --name make -v "$T:/t:ro" $busybox sh -c 'tar -C / -xf /t/t.tar' || exit 1
check 'commit' berth commit make localhost/data -m 'some data' -a me -c 'LABEL a=b'
is "$(berth run --rm localhost/data sh -c 'cat /data/old/deep/b /link; stat -c %h /data/e2')" $'data/old/deep/b\ndata/e\n2' \
	'its image has the files'
is "$(berth image inspect -f '{{.Config.Labels.a}}' localhost/data)" b 'and the label'

# --- what changes
berth run --name ctr -e GIVEN=yes -w /opt localhost/data sh -c '
	set -e
	echo more >>/data/kept/d; rm /data/gone/c; rmdir /data/gone; rm -r /data/old; mkdir -m 711 /data/old; echo n >/data/old/new
	rm /opt/f; mkdir /opt/f; ln -s x /opt/f/l; echo 1 >/new; ln /new /new2; mkfifo /fifo; mknod /dev2 c 5 7; chmod 600 /data/e
	mkdir -p /x/y; : >/x/y/"with space"; dd if=/dev/zero of=/sparse bs=1 count=1 seek=5000000 2>/dev/null
	echo away >/tmp-file; rm /tmp-file' || exit 1
want='C /data
C /data/e
D /data/gone
C /data/kept
C /data/kept/d
C /data/old
D /data/old/a
D /data/old/deep
A /data/old/new
A /dev2
A /fifo
A /new
A /new2
C /opt
C /opt/f
A /opt/f/l
A /sparse
A /x
A /x/y
A /x/y/with space'
is "$(berth diff ctr)" "$want" 'diff'
is "$(berth diff --format kind,path ctr | head -2)" $'C\t/data\nC\t/data/e' 'in a form'
check "JSON" /usr/bin/python3 -c 'import json, sys; assert {"kind": "A", "path": "/fifo"} in json.load(sys.stdin)' < <(berth diff --format json ctr)
is "$(berth diff base)" '' 'of one that never started: nothing'
check 'the disk is clean' clean ctr

# --- export
check 'export' berth export ctr -o "$T/ctr.tar"
is "$(tar -tf "$T/ctr.tar" | grep -c -E '^(data/old/a|data/gone|tmp-file|upper|work)')" 0 'has nothing that is gone'
is "$(tar -xOf "$T/ctr.tar" data/kept/d)" $'data/kept/d\nmore' 'and what was changed'
mkdir "$T/out"
tar -C "$T/out" -xf "$T/ctr.tar"
is "$(stat -c %h "$T/out/new2") $(stat -c %a "$T/out/data/old") $(readlink "$T/out/opt/f/l")" '2 711 x' 'links, modes, targets'
is "$(stat -c '%Y %y' "$T/out/data/old/../kept" | cut -c1-10)" "$(stat -c %Y "$T/out/data/kept")" 'folders keep their times'
is "$(TZ=UTC stat -c %y "$T/out/data/e2")" '2020-02-03 04:05:06.000000000 +0000' 'times of what was not changed'
is "$(berth export ctr | cksum)" "$(cksum <"$T/ctr.tar")" 'to standard output: the same'

# --- an image of it
id=$(berth commit ctr localhost/made:1 -m 'a message' -c 'ENV B="two words" C=3' -c 'CMD ["sh", "-c", "cat /new; echo $B $GIVEN; pwd"]' \
	-c 'EXPOSE 80 53/udp' -c 'VOLUME /vol' -c 'STOPSIGNAL SIGINT' -c 'USER root' -c 'HEALTHCHECK --interval=5s --retries=2 CMD true')
like "$id" '^sha256:[0-9a-f]{64}$' 'commit prints the id'
is "$(berth run --rm localhost/made:1)" $'1\ntwo words yes\n/opt' 'which runs'
is "$(berth image inspect -f '{{json .Config.ExposedPorts}}' localhost/made:1)" '{"80/tcp":{},"53/udp":{}}' 'ports'
is "$(berth run --rm localhost/made:1 sh -c 'ls -A /data /data/old /opt/f; ls /data/gone 2>&1')" \
	$'/data:\ne\ne2\nkept\nold\n\n/data/old:\nnew\n\n/opt/f:\nl\nls: /data/gone: No such file or directory' 'what is gone is gone, and what hid a folder hides it'
is "$(berth run --rm localhost/made:1 sh -c 'stat -c "%h %s" /new2 /sparse; stat -c "%F %t %T" /fifo /dev2')" \
	$'2 2\n1 5000001\nfifo 0 0\ncharacter special file 5 7' 'links, sizes, devices'
check 'a layout of it is what others can read' skopeo inspect "oci:$T/root/content:localhost/made:1" --raw
# the export against what tar sees inside
mkdir "$T/share" "$T/inside" "$T/outside"
berth run --name both -v "$T/share:/share" localhost/made:1 sh -c 'cd / && rm -r /bin/vi /data/kept && mkdir -m 750 /data/kept &&
	tar -cf /share/in.tar $(ls -A | grep -vE "^(proc|sys|dev|share)$")' || exit 1
berth export both -o "$T/out.tar"
tar -C "$T/inside" -xpf "$T/share/in.tar"
tar -C "$T/outside" -xpf "$T/out.tar"
files() {
	(cd "$1" && find . -mindepth 1 -regextype posix-extended -regex '\./(dev|proc|sys|share)(/.*)?' -prune -o -printf '%P %y %m %U %G %T@ %l ' \
		-type f -printf '%n %s ' -exec sha256sum {} \; -o -printf '\n' | sed -E 's/\.[0-9]{10} / /' | sort)
}
is "$(files "$T/outside")" "$(files "$T/inside")" 'export has what tar sees inside'

check_fails 'a wrong instruction' 2 berth commit ctr x -c 'RUN true'
like "$(cat "$T/.check")" "'RUN' is no instruction" 'is named'
check_fails 'a wrong name' 2 berth commit ctr 'A B'
check_fails 'of an unknown container' 1 berth commit nobody x
berth commit base localhost/empty >/dev/null
is "$(berth image inspect -f '{{json .layers}}' localhost/empty)" "$(berth image inspect -f '{{json .layers}}' $busybox)" \
	'a container that changed nothing adds no layer'

# --- running: the disk stands still while it is copied, and then goes on
berth run -d --name run $busybox sh -c '
	i=0; mkdir /many; while [ $i -lt 300 ]; do echo $i >/many/$i; i=$((i + 1)); done; echo >/ready
	while :; do i=$((i + 1)); echo $i >>/count; done' >/dev/null
wait_for berth exec run test -e /ready
counts() { berth exec run sh -c 'wc -l </count'; }
moves() { local a; a=$(counts); wait_for eval '[ "$(counts)" -gt '"$a"' ]'; }
is "$(berth diff run | grep -c ^A./many)" 301 'diff of one that runs'
check 'it writes on' moves
berth export run -o "$T/run.tar"
is "$(tar -xOf "$T/run.tar" count | awk 'NR > 1 && $1 != last + 1 { bad++ } { last = $1 } END { print bad + 0 }')" 0 'export: of one moment'
check 'it writes on' moves
check 'commit' berth commit run localhost/run
is "$(berth run --rm localhost/run sh -c 'ls /many | wc -l')" 300 'and its image has the files'
berth pause run >/dev/null
is "$(berth diff run | grep -c ^A./many)" 301 'diff of one that is paused'
berth unpause run >/dev/null
check 'it writes on' moves

# a client that is killed in the middle, and one whose copy fails
strace -f -o "$T/trace" -e trace=copy_file_range -e inject=copy_file_range:signal=SIGKILL "$BERTH" diff run >/dev/null 2>&1
if grep -q SIGKILL "$T/trace"; then
	check 'a client that is killed while it copies: the container writes on' moves
else
	skip 'the host copies by reflink' 'a client that is killed while it copies'
fi
if berth debug faults >/dev/null 2>&1; then
	check_fails 'no room for the copy' 1 env BERTH_FAULT=disk.copy "$BERTH" diff run
	like "$(cat "$T/.check")" 'cannot copy the disk of container run: No space left' 'is told'
	check 'and the container writes on' moves
	for point in pack.write blob.commit file.write spawn; do
		check_fails "commit: $point" 1 env BERTH_FAULT=$point "$BERTH" --progress none commit run localhost/failed
		check 'and the container writes on' moves
	done
	is "$(berth images -q localhost/failed 2>/dev/null; berth images --format repository | grep -c failed)" 0 'no image came of it'
fi
is "$(find "$T/root" -name '.tmp-*')" '' 'no files are left'

# stopped while its disk stands still: nothing waits for ever
strace -f -o "$T/trace" -e trace=copy_file_range -e inject=copy_file_range:delay_enter=3000000 "$BERTH" diff run >/dev/null 2>"$T/err" &
wait_for grep -q copy_file_range "$T/trace"
check 'stop while it is copied' timeout 30 "$BERTH" stop -t 2 run
wait
is "$(state run)" exited 'it ends'
check 'and its disk is clean' clean run

# --- killed: the journal is not finished
berth run -d --name killed $busybox sh -c 'mkdir /k; i=0; while [ $i -lt 200 ]; do echo $i >/k/$i; i=$((i + 1)); done; rm /k/1*; sync; echo >/done; sync; sleep 999' >/dev/null
wait_for berth exec killed test -e /done
kill -9 "$(berth inspect -f '{{.State.Pid}}' killed)" 2>/dev/null
wait_for eval '[ "$(state killed)" = dead ] || [ "$(state killed)" = exited ]'
upper=$T/root/containers/$(berth inspect -f '{{.Id}}' killed)/upper.ext4
like "$(dumpe2fs -h "$upper" 2>/dev/null | grep features)" needs_recovery 'a journal that was not finished'
before=$(cksum <"$upper")
is "$(berth diff killed | grep -c '^A /k/')" 89 'diff of a killed container'
check 'check finds nothing' clean killed
is "$(cksum <"$upper")" "$before" 'and nothing was written'
cp --sparse=always "$upper" "$T/copy.ext4"
e2fsck -fy "$T/copy.ext4" >/dev/null 2>&1
is "$(berth rootfs ls -R -q "$upper" /upper)" "$(berth rootfs ls -R -q "$T/copy.ext4" /upper)" 'what e2fsck makes of it is the same'
done_testing

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The trash and new names: what is deleted comes back byte for byte, a name that was given away stays there.
. "$(dirname "$0")/../lib/tap.sh"
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" "$@"; }
tree() { (cd "$T/root/containers/$1" && find . -type f ! -name lock -exec sha256sum {} + | sort -k2); }

id=$(berth create --root-size 64m --name web localhost/busybox true) || exit 1
before=$(tree "$id")
check 'rm --trash' berth rm --trash web
is "$(berth ps -aq)" '' 'it is gone from the list'
is "$(berth trash ls --format kind,name,id)" "container	web	$id" 'and stands in the trash'
check_fails 'a container that is in the trash cannot be started' 1 berth start web
berth create --root-size 64m --name web localhost/busybox true >/dev/null
check_fails 'it does not come back over another of its name' 1 berth trash restore web
like "$(cat "$T/.check")" "the name 'web' is taken.*berth: hint: " 'which is told with the way out'
check 'rename' berth rename web web2
check 'then it does' berth trash restore "${id:0:6}"
is "$(tree "$id")" "$before" 'byte for byte'
is "$(berth trash ls -q)" '' 'and is not in the trash any more'
check_fails 'rename to a name that is taken' 1 berth rename web2 web
check_fails 'rename to what is no name' 1 berth rename web2 'a b'
is "$(berth ps -a --format name | sort | tr '\n' ' ')" 'web web2 ' 'changes nothing'
berth rm web2 >/dev/null

# An image, and what a container in the trash needs of it.
berth rm --trash web >/dev/null
digest=$(berth images --format digest)
check 'rmi --trash' berth rmi --trash localhost/busybox
is "$(berth images -q)" '' 'the image is gone'
check 'berth trash restore takes its short name' berth trash restore localhost/busybox
is "$(berth images --format digest)" "$digest" 'and gives back the same'
berth rmi localhost/busybox >/dev/null
check 'a container of a removed image comes back' berth trash restore web
key=$(sed -n 's/.*"rootfs_key":[[:space:]]*"\([^"]*\)".*/\1/p' "$T/root/containers/$id/config.json")
check 'with its root file system' test -s "$T/root/rootfs/$key/base.ext4"

# For good.
berth rm --trash web >/dev/null
check_fails 'what is not in the trash cannot be purged' 1 berth trash purge nothing
check 'trash purge' berth trash purge web
is "$(berth trash ls -q)$(ls -A "$T/root/trash" | grep -v '^\.lock$')" '' 'leaves nothing'
check_fails 'and no way back' 1 berth trash restore web
is "$(ls "$T/root/rootfs" | grep -v '^\.')" '' 'the root file system that only it needed is gone too'

# What a kill left, and what is too old, goes with the next deletion.
old=$(berth create --root-size 64m --name old localhost/busybox true)
berth rm --trash old >/dev/null
sed -i 's/"deleted":[[:space:]]*"[^"]*"/"deleted":"2020-01-01T00:00:00Z"/' "$T/root/trash/$old/meta.json"
mkdir -p "$T/root/trash/.old-$(printf '%064d' 1)/container" "$T/root/trash/$(printf '%064d' 2)"
printf '{"kind":"container","name":"half"}' >"$T/root/trash/$(printf '%064d' 2)/meta.json"
is "$(berth trash ls --format name)" 'old' 'half an entry is not shown'
berth create --root-size 64m --name new localhost/busybox true >/dev/null
berth rm --trash new >/dev/null
is "$(berth trash ls --format name)" 'new' 'after 7 days an entry goes'
is "$(ls -A "$T/root/trash" | wc -l)" 2 'with what a killed process left'
printf 'rubbish' >"$T/root/trash/$(berth trash ls --format id)/meta.json"
check_fails 'an entry that cannot be read is an error' 1 berth trash ls
like "$(cat "$T/.check")" 'meta.json' 'that names the file'
done_testing

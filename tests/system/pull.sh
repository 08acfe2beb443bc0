#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An image from a real registry: pulled, unpacked, run, removed; and what can go wrong with it.
# timeout: 180
. "$(dirname "$0")/lib/vm.sh"
for program in docker-registry skopeo e2fsck debugfs; do
	PATH=$PATH:/sbin command -v $program >/dev/null || skip_all "no $program here"
done
PATH=$PATH:/sbin
port=$(free_port)
cat >"$T/registry.yml" <<YML
version: 0.1
storage: { filesystem: { rootdirectory: $T/registry } }
http: { addr: 127.0.0.1:$port }
YML
docker-registry serve "$T/registry.yml" >"$T/registry.log" 2>&1 &
registry=$!
trap 'kill $registry 2>/dev/null; cleanup' EXIT
wait_for curl -sf "http://127.0.0.1:$port/v2/"
name=127.0.0.1:$port/box:1
skopeo copy -q --dest-tls-verify=false "oci:$builddir/images/busybox" "docker://$name"

check_fails 'an image that is not there' 1 berth pull "127.0.0.1:$port/nosuch:1"
check_fails 'a registry that is not there' 1 berth pull "127.0.0.1:1/box:1"
check_fails 'a name that is none' 1 berth pull 'UPPER//case'
digest=$(berth pull "$name" 2>"$T/progress")
like "$digest" '^sha256:[0-9a-f]{64}$' 'pull prints the digest'
is "$digest" "$(skopeo inspect --tls-verify=false "docker://$name" --format '{{.Digest}}')" "it is the registry's"
is "$(berth pull -q "$name")" "$digest" 'a second pull finds it here'
is "$(berth images --format '{{.repository}} {{.tag}}')" "127.0.0.1:$port/box 1" 'images lists it'
is "$(berth run --rm "$name" echo pulled)" pulled 'it runs'
is "$(berth run --rm --pull always "$name" echo again)" again 'pulled anew before it runs'
rootfs=$(echo "$BERTH_ROOT"/rootfs/*/base.ext4)
check 'its root file system is clean' e2fsck -fn "$rootfs"
berth run -d --name user "$name" sleep 100 >/dev/null
check_fails 'an image in use is not removed' 1 berth rmi "$name"
berth rm -f user >/dev/null
check 'rmi' berth rmi "$name"
is "$(berth images -q)" '' 'no image is left'
is "$(find "$BERTH_ROOT/content/blobs" -type f | wc -l)" 0 'no blob is left'

# One byte of a layer is another: it must not come in.
layer=$(find "$T/registry" -name data -size +100k | head -1)
printf 'X' | dd of="$layer" bs=1 seek=5000 conv=notrunc 2>/dev/null
check_fails 'a layer of another digest is refused' 1 berth pull "$name"
is "$(berth images -q)" '' 'and no image came of it'
is "$(ls "$BERTH_ROOT/rootfs" | grep -vc '^\.')" 0 'nor a root file system'
kill $registry
wait $registry 2>/dev/null

check 'rootfs create' berth rootfs create "oci:$builddir/images/busybox" -o "$T/one.ext4"
check 'it is clean' e2fsck -fn "$T/one.ext4"
berth rootfs create "oci:$builddir/images/busybox" -o "$T/two.ext4" 2>/dev/null
check 'the same sources give the same bytes' cmp "$T/one.ext4" "$T/two.ext4"
like "$(debugfs -R 'stat /bin/busybox' "$T/one.ext4" 2>/dev/null)" 'Type: regular' 'the tree is in it'
check_fails 'a source that is not there' 1 berth rootfs create "oci:$T/nosuch" -o "$T/three.ext4"
is "$(ls "$T"/three.ext4 2>/dev/null)" '' 'leaves no file'
done_testing

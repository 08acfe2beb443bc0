#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A Debian tree from docker-registry: what berth makes of it is the tree that was expected, entry by entry.
# timeout: 180
. "$(dirname "$0")/../lib/tap.sh"
PATH=$PATH:/sbin:/usr/sbin
need docker-registry skopeo e2fsck debugfs
. "$(dirname "$0")/../lib/registry.sh"
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" "$@"; }

start_registry registry </dev/null || exit 1
name=127.0.0.1:$PORT/debian:1
n=$(/usr/bin/python3 -B "$srcdir/tests/lib/tree_image.py" "$T/image" "$T/expect.json")
[ "${n:-0}" -gt 3000 ]
ok $? 'an image of thousands of entries'
check 'pushed by skopeo' skopeo copy -q --dest-tls-verify=false "oci:$T/image:latest" "docker://$name"
check 'pull' berth pull -q "$name"
base=$(echo "$T"/root/rootfs/*/base.ext4)
check 'e2fsck finds nothing' e2fsck -fn "$base"
check 'names, kinds, modes, owners, times, contents, links, devices, attributes are as expected' \
	/usr/bin/python3 -B "$srcdir/tests/lib/tree_check.py" "$base" "$T/expect.json"
check 'rootfs create from the layout' berth rootfs create "oci:$T/image" -o "$T/other.ext4"
check 'gives the same tree' /usr/bin/python3 -B "$srcdir/tests/lib/tree_check.py" "$T/other.ext4" "$T/expect.json"
done_testing

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# podman reads what berth saves, and the store as it stands; berth loads what podman saves.
. "$(dirname "$0")/../lib/tap.sh"
command -v podman >/dev/null || skip_all 'no podman here'
[ "$(id -u)" -eq 0 ] || skip_all 'podman is asked as root only'
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" --progress none "$@"; }
export CONTAINERS_CONF=/dev/null XDG_RUNTIME_DIR=$T TMPDIR=$T HOME=$T
podman() { command podman --root "$T/p" --runroot "$T/prun" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "$@"; }
podman images >/dev/null 2>&1 || skip_all 'podman does not work here'

/usr/bin/python3 -B "$srcdir/tests/lib/oci_image.py" "$T/image" --layers 2 --size 30000 >/dev/null
digest=$(berth pull "oci:$T/image") || exit 1
berth tag "$digest" registry.test/a:1
id=$(berth image inspect registry.test/a:1 --format '{{.Id}}')
for form in oci-archive docker-archive; do
	berth save --format $form registry.test/a:1 -o "$T/$form.tar"
	check "podman loads a saved $form" podman load -q -i "$T/$form.tar"
	is "$(podman image inspect registry.test/a:1 --format '{{.Id}}')" "${id#sha256:}" 'as the same image'
	[ $form != oci-archive ] || is "$(podman image inspect registry.test/a:1 --format '{{.Digest}}')" "$digest" 'with its digest'
	podman save -q --format $form -o "$T/p-$form.tar" registry.test/a:1
	berth rmi registry.test/a:1 >/dev/null
	is "$(berth load -i "$T/p-$form.tar")" 'Loaded image: registry.test/a:1' "berth loads podman's"
	check 'and it is whole' berth image verify registry.test/a:1
	is "$(berth image inspect registry.test/a:1 --format '{{json .RootFS.Layers}}')" "$(podman image inspect registry.test/a:1 --format '{{json .RootFS.Layers}}')" 'with the same layers'
	podman rmi -af >/dev/null 2>&1
	berth image prune -a >/dev/null
	berth pull "oci:$T/image" >/dev/null
	berth tag "$digest" registry.test/a:1
done
is "$(cd "$T/root" && podman pull -q oci:content:registry.test/a:1)" "${id#sha256:}" 'podman pulls from the store itself'
check 'the store is clean' berth system check
done_testing

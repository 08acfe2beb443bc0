#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tag: one image, several names.
. "$(dirname "$0")/../lib/tap.sh"
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" "$@"; }
names() { berth images --format '{{.repository}}:{{.tag}}' | sort | tr '\n' ' '; }

berth rm "$(berth create --root-size 64m localhost/busybox true)" >/dev/null || exit 1
id=$(berth images --format id)
digest=$(berth images --format digest)
check 'by name' berth tag localhost/busybox registry.example:5000/a/box:1
check 'by the first digits of the id' berth image tag "${id:7:8}" two
is "$(names)" 'docker.io/library/two:latest localhost/busybox:latest registry.example:5000/a/box:1 ' 'all names are there'
is "$(berth images --format digest | sort -u)" "$digest" 'and mean the same'
check 'by a new name' berth tag two three:v1
check 'the same again' berth tag two three:v1
check_fails 'an image that is not there' 1 berth tag nosuch:1 four
check_fails 'a name with a digest' 1 berth tag two "four@$digest"
check_fails 'a name that is none' 1 berth tag two 'UPPER//case'
check_fails 'a folder' 1 berth tag two oci:dir
check_fails 'one name only' 2 berth tag two
berth rmi localhost/busybox >/dev/null
is "$(names)" 'docker.io/library/three:v1 docker.io/library/two:latest registry.example:5000/a/box:1 ' 'the image stays while it has a name'

# A name that meant another image loses it.
/usr/bin/python3 -B "$srcdir/tests/lib/oci_image.py" "$T/image" --layers 1 --size 100 >"$T/other"
berth create --root-size 64m "oci:$T/image" true >/dev/null
other=$(berth images --format digest,name | grep -v "$digest" | cut -f1)
is "$other" "$(cat "$T/other")" 'another image'
check 'takes the name' berth tag "$other" two
is "$(berth images --filter reference=two --format digest)" "$other" 'which means it now'
is "$(berth images --filter reference=three --format digest)" "$digest" 'and the first one has its others'

# The image that is built in, and a store that cannot take it.
mkdir -p "$T/other-root/content/blobs"
touch "$T/other-root/content/blobs/sha256"
like "$("$builddir/berth" --root "$T/other-root" --run-root "$T/run" create localhost/busybox true 2>&1)" \
	"^berth: error: cannot import .*images/busybox'" 'why is told, and no registry asked'
done_testing

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The embedded image: a valid OCI layout, the same bytes each time, whose tree is a working busybox.
. "$(dirname "$0")/../lib/tap.sh"

make_image=$srcdir/images/busybox/make-image.sh
[ -x /bin/busybox ] || skip_all 'no /bin/busybox here'
check 'the image is made' "$make_image" "$T/a"
(umask 077 && TZ=Asia/Tokyo "$make_image" "$T/b")
check 'made again, under another umask and time zone, it is the same' diff -r "$T/a" "$T/b"
is "$(cat "$T/a/oci-layout")" '{"imageLayoutVersion":"1.0.0"}' 'oci-layout'
is "$(cd "$T/a/blobs/sha256" && sha256sum * | awk '$1 != $2')" '' 'each blob is named by its digest'
is "$(ls "$T/a/blobs/sha256" | wc -l)" 3 'manifest, config and one layer'
is "$(find "$T" -maxdepth 1 -name '.busybox.*')" '' 'nothing is left beside it'

if [ -n "$(command -v skopeo)" ]; then
	check 'skopeo reads it' skopeo inspect "oci:$T/a:localhost/busybox:latest"
	check 'skopeo copies it, checking digests and the diff id' \
		skopeo --insecure-policy copy -q "oci:$T/a:localhost/busybox:latest" "dir:$T/copy"
	config=$(skopeo inspect --config --raw "oci:$T/a:localhost/busybox:latest")
	like "$config" '"Cmd":\["sh"\]' 'the command is sh'
	like "$config" '"PATH=/usr/local/sbin:' 'PATH is set'
else
	skip 'no skopeo here' 'skopeo reads it'
fi
layer=$(ls -S "$T/a/blobs/sha256"/* | head -n 1)
like "$config" "sha256:$(gzip -dc "$layer" | sha256sum | cut -d' ' -f1)" 'the diff id is the digest of the tar'
gzip -dc "$layer" | tar -tv --numeric-owner >"$T/list"
is "$(awk '$2 != "0/0" || $4 != "1970-01-01"' "$T/list")" '' 'all is owned by root and of one time'
like "$(cat "$T/list")" 'drwxrwxrwt [^.]*\./tmp/' '/tmp has the sticky bit'
mkdir "$T/tree"
gzip -dc "$layer" | tar -x -C "$T/tree" --no-same-owner
is "$(find "$T/tree" -xtype l)" '' 'no link leads nowhere'
is "$("$T/tree/bin/sh" -c 'echo works')" works 'sh works'
is "$("$T/tree/usr/bin/env" A=b "$T/tree/bin/sh" -c 'echo $A')" b 'env works'

BUSYBOX=/bin/ls check_fails 'a busybox that is not static is refused' 1 "$make_image" "$T/c"
BUSYBOX=$T/none check_fails 'no busybox is refused' 1 "$make_image" "$T/c"
[ ! -e "$T/c" ]
ok $? 'a refusal leaves nothing behind'
done_testing

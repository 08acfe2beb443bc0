#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make-image.sh OUTDIR: the embedded image localhost/busybox as an OCI image layout, from this machine's
# static busybox. Needs no root and no tool beyond coreutils, tar and gzip. The same busybox gives the
# same bytes, so digests, too, are the same wherever it is made.
set -euo pipefail
export LC_ALL=C
umask 022

if [ $# -ne 1 ]; then
	echo "usage: $0 OUTDIR" >&2
	exit 2
fi
out=$1
busybox=${BUSYBOX:-/bin/busybox}
mtime=@${SOURCE_DATE_EPOCH:-0}

die() {
	echo "busybox image: $*" >&2
	exit 1
}
[ -x "$busybox" ] || die "no '$busybox': install busybox-static"
# A dynamic program names its interpreter right behind its headers.
if head -c 4096 "$busybox" | grep -aq '/ld-'; then
	die "'$busybox' is not static: install busybox-static"
fi
case $(uname -m) in
x86_64) arch=amd64 ;;
aarch64) arch=arm64 ;;
*) die "no OCI name known for the architecture '$(uname -m)'" ;;
esac

tmp=$(mktemp -d "$(dirname "$out")/.busybox.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
root=$tmp/root
layout=$tmp/layout

# --- the tree: busybox, a link for each applet, and what programs expect to find
make_tree() {
	local path up version
	mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,etc,dev,proc,sys,run,tmp,root,home,var/{log,tmp,run},mnt}
	chmod 1777 "$root/tmp" "$root/var/tmp"
	chmod 0700 "$root/root"
	install -m 0755 "$busybox" "$root/bin/busybox"
	"$busybox" --list-full | while IFS= read -r path; do
		[ "$path" != bin/busybox ] || continue
		mkdir -p "$root/$(dirname "$path")"
		case $path in
		bin/*) up= ;;
		*/*/*) up=../../bin/ ;;
		*/*) up=../bin/ ;;
		*) up=bin/ ;;
		esac
		ln -sf "${up}busybox" "$root/$path"
	done
	version=$("$busybox" | sed -n '1s/^BusyBox v\([0-9.]*\).*/\1/p')
	cat >"$root/etc/os-release" <<-EOF
		NAME="BusyBox"
		ID=busybox
		VERSION_ID=$version
		PRETTY_NAME="BusyBox $version"
	EOF
	cat >"$root/etc/passwd" <<-'EOF'
		root:x:0:0:root:/root:/bin/sh
		daemon:x:1:1:daemon:/usr/sbin:/bin/false
		bin:x:2:2:bin:/bin:/bin/false
		mail:x:8:8:mail:/var/mail:/bin/false
		www-data:x:33:33:www-data:/var/www:/bin/false
		nobody:x:65534:65534:nobody:/home:/bin/false
	EOF
	cat >"$root/etc/group" <<-'EOF'
		root:x:0:
		daemon:x:1:
		bin:x:2:
		tty:x:5:
		mail:x:8:
		wheel:x:10:root
		www-data:x:33:
		users:x:100:
		nogroup:x:65534:
	EOF
	printf 'root:*:::::::\nnobody:*:::::::\n' >"$root/etc/shadow"
	chmod 0640 "$root/etc/shadow"
	printf '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n' >"$root/etc/hosts"
	printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
	printf '/bin/sh\n/bin/ash\n' >"$root/etc/shells"
}

# put FILE: moves it to its place among the blobs; prints its digest's hex digits
put() {
	local hex
	hex=$(sha256sum "$1" | cut -d' ' -f1)
	mv "$1" "$layout/blobs/sha256/$hex"
	echo "$hex"
}

# descriptor TYPE HEX [MORE]: prints the descriptor of a blob
descriptor() {
	printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%s%s}' \
		"$1" "$2" "$(stat -c %s "$layout/blobs/sha256/$2")" "${3:-}"
}

make_tree
mkdir -p "$layout/blobs/sha256"
tar -C "$root" --sort=name --format=gnu --mtime="$mtime" --owner=0 --group=0 --numeric-owner \
	-cf "$tmp/layer.tar" .
diff_id=$(sha256sum "$tmp/layer.tar" | cut -d' ' -f1)
gzip -n -9 "$tmp/layer.tar"
layer=$(put "$tmp/layer.tar.gz")

created=$(date -u -d "$mtime" +%Y-%m-%dT%H:%M:%SZ)
cat >"$tmp/config" <<EOF
{"created":"$created","architecture":"$arch","os":"linux","config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":["sh"],"Labels":{"org.opencontainers.image.title":"busybox","org.opencontainers.image.licenses":"GPL-2.0-only"}},"rootfs":{"type":"layers","diff_ids":["sha256:$diff_id"]},"history":[{"created":"$created","created_by":"images/busybox/make-image.sh"}]}
EOF
config=$(put "$tmp/config")
cat >"$tmp/manifest" <<EOF
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":$(descriptor config.v1+json "$config"),"layers":[$(descriptor layer.v1.tar+gzip "$layer")]}
EOF
manifest=$(put "$tmp/manifest")
more=',"platform":{"architecture":"'$arch'","os":"linux"},"annotations":{"org.opencontainers.image.ref.name":"localhost/busybox:latest"}'
cat >"$layout/index.json" <<EOF
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[$(descriptor manifest.v1+json "$manifest" "$more")]}
EOF
echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"

rm -rf "$out"
mv "$layout" "$out"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The examples of libberth against a registry and a real VM.
# timeout: 120
. "$(dirname "$0")/lib/vm.sh"
lib=$builddir/.libs/libberth.so
[ -e "$lib" ] || skip_all 'no shared library was built'
nm -D "$lib" | grep -q '__asan_init\|__ubsan\|__tsan_init' && skip_all 'sanitizers are built in'
# The programs do not stand in the build tree: they find the rest as it is installed.
mkdir "$T/libexec"
ln -s "$builddir"/berth-* "$builddir/images" "$builddir/initramfs.cpio" "$builddir"/kernel/* "$T/libexec/"
export LD_LIBRARY_PATH=$builddir/.libs BERTH_LIBEXEC=$T/libexec
for name in list pull run; do
	# shellcheck disable=SC2046
	check "examples/$name.c compiles" "${CC:-cc}" -std=gnu11 -Wall -I"$srcdir/include" "$srcdir/examples/$name.c" -o "$T/example-$name" \
		-L"$builddir/.libs" -lberth $(pkg-config --cflags --libs libuv)
done

"$T/example-run" localhost/busybox sh -c 'echo out; echo err >&2; exit 7' >"$T/out" 2>"$T/err"
is $? 7 'run ends with the exit code of the command'
is "$(cat "$T/out") $(cat "$T/err")" 'out err' 'and has its streams'
is "$(berth ps -aq)" '' 'the container is removed'
"$T/example-run" localhost/busybox /nosuch >"$T/out" 2>"$T/err"
is $? 127 'a program that is not there'

if command -v docker-registry >/dev/null && command -v skopeo >/dev/null; then
	port=$(free_port)
	printf 'version: 0.1\nstorage: { filesystem: { rootdirectory: %s } }\nhttp: { addr: 127.0.0.1:%s }\n' "$T/registry" "$port" >"$T/registry.yml"
	docker-registry serve "$T/registry.yml" >"$T/registry.log" 2>&1 &
	registry=$!
	trap 'kill $registry 2>/dev/null; cleanup' EXIT
	wait_for curl -sf "http://127.0.0.1:$port/v2/"
	skopeo copy -q --dest-tls-verify=false "oci:$builddir/images/busybox" "docker://127.0.0.1:$port/box:1"
	digest=$("$T/example-pull" "127.0.0.1:$port/box:1" plain-http 2>"$T/progress")
	is "$digest" "$(skopeo inspect --tls-verify=false "docker://127.0.0.1:$port/box:1" --format '{{.Digest}}')" 'pull prints the digest'
	like "$(cat "$T/progress")" 'layers' 'and progress'
	berth create --name pulled "127.0.0.1:$port/box:1" true >/dev/null
	like "$("$T/example-list")" '  pulled ' 'list has what was made of it'
else
	skip 'no docker-registry or skopeo here' 'pull'
fi
done_testing

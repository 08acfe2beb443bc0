#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# libberth as others see it: its symbols, its header in C and C++, its installation, and a program that uses it.
. "$(dirname "$0")/../lib/tap.sh"
lib=$builddir/.libs/libberth.so
[ -e "$lib" ] || skip_all 'no shared library was built'
nm -D --defined-only "$lib" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$T/exported"
sed -n 's/^\t\(berth_[a-z_]*\);/\1/p' "$srcdir/src/engine/libberth.sym" >"$T/listed"
grep -o '\bberth_[a-z_]*(' "$srcdir/include/berth/berth.h" | tr -d '(' | sort -u >"$T/declared"
check 'the list of symbols is sorted' sort -c "$T/listed"
check 'exported is what is listed' diff "$T/listed" "$T/exported"
check 'declared is what is listed' diff "$T/listed" "$T/declared"
is "$(grep -vc '^berth_' "$T/exported")" 0 'every symbol begins with berth_'
is "$(readelf -d "$lib" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" libberth.so.0 'its name has the version of its interface'

# In a sanitizer build a plain program cannot load the library.
nm -D "$lib" | grep -q '__asan_init\|__ubsan\|__tsan_init' && { skip 'sanitizers are built in' installed; done_testing; }
cc=${CC:-cc}
check 'it is installed' env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -C "$builddir" install DESTDIR="$T/dest"
pc=$(find "$T/dest" -name libberth.pc)
prefix=$T/dest$(sed -n 's/^prefix=//p' "$pc")
missing=
for file in bin/berth berth/berth.h libberth.so.0 berth/berth-{shim,job,unpack} berth/initramfs.cpio busybox/index.json \
	completions/berth site-functions/_berth vendor_completions.d/berth.fish man1/berth{,-commands}.1 \
	man5/berth-config.5 man7/berth-{tui,filter}.7; do
	[ -n "$(find "$T/dest" -path "*/$file" -size +0)" ] || missing+=" $file"
done
is "$missing" '' 'with all that belongs to it'
[ ! -e "$builddir/kernel/vmlinux" ] || check 'and the kernel' cmp "$builddir/kernel/vmlinux" "$(find "$T/dest" -name vmlinux)"
export PKG_CONFIG_PATH=${pc%/*}${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
cflags=$(pkg-config --define-variable=prefix="$prefix" --cflags libberth)
libs=$(pkg-config --define-variable=prefix="$prefix" --libs libberth)
export LD_LIBRARY_PATH=${pc%/pkgconfig/*} BERTH_ROOT=$T/root BERTH_RUN_ROOT=$T/sockets BERTH_LIBEXEC=$builddir HOME=$T
is "$(pkg-config --modversion libberth)" "$("$builddir/berth" --version | cut -d' ' -f2)" 'pkg-config knows the version'
printf '#include <berth/berth.h>\nint main(void) { return berth_version() == NULL; }\n' >"$T/use.c"
cp "$T/use.c" "$T/use.cc"
for std in c99 c11; do
	# shellcheck disable=SC2086
	check "the header is $std" $cc -std=$std -pedantic-errors -Wall -Wextra -Werror $cflags -D_GNU_SOURCE "$T/use.c" -o "$T/use" $libs
done
if command -v "${CXX:-c++}" >/dev/null; then
	# shellcheck disable=SC2086
	check 'and C++' "${CXX:-c++}" -Wall -Wextra -Werror $cflags "$T/use.cc" -o "$T/use" $libs
else
	skip 'no C++ compiler here' 'and C++'
fi
for example in "$srcdir"/examples/*.c; do
	name=$(basename "$example" .c)
	# shellcheck disable=SC2086
	check "examples/$name.c compiles" $cc -std=gnu11 -Wall -Wextra -Werror $cflags "$example" -o "$T/$name" $libs
done
is "$("$T/list")" '' 'examples/list: an empty store'
id=$("$builddir/berth" create --name web --root-size 32m localhost/busybox true)
like "$("$T/list")" "^${id:0:12}  web +created +localhost/busybox\$" 'examples/list: a container'
check_fails 'examples/pull: a registry that is not there' 1 "$T/pull" 127.0.0.1:1/box plain-http
like "$(cat "$T/.check")" '127.0.0.1:1' 'which it names'
check_fails 'examples/run: an image that is not there' 125 "$T/run" 127.0.0.1:1/box true
done_testing

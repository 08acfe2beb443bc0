#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel/build.sh and its cache, with a recipe of no work in place of compile.sh: one build for two that
# ask at once, nothing kept of one that failed, and another place for another kernel.
. "$(dirname "$0")/../lib/tap.sh"

cp -r "$srcdir/kernel" "$T/kernel"
chmod -R u+w "$T/kernel"
echo source >"$T/source.tar.xz"
export BERTH_KERNEL_SOURCE=$T/source.tar.xz BERTH_CACHE=$T/cache
build=$T/kernel/build.sh

# recipe <<BODY: the recipe; it notes each run, and $work is its folder
recipe() {
	{
		printf '#!/bin/bash\nset -e\nwork=$2\necho run >>%q\n' "$T/runs"
		cat
	} >"$T/kernel/compile.sh"
}
runs() {
	wc -l <"$T/runs"
}

recipe <<'EOF'
echo 'stage compile'
echo 'progress 50'
echo kernel >"$work/vmlinux"
echo '{}' >"$work/meta.json"
echo 'progress 100'
EOF
where=$("$build" --where)
is $? 1 '--where tells that it is not there'
is "$("$build" --progress=plain)" "stage compile
progress 50
progress 100
done $where" 'the lines of a build'
is "$(cat "$where")" kernel 'the kernel is where --where said'
is "$(find "$T/cache" -name '*.work')" '' 'the folder of the work is gone'
is "$("$build" --progress=plain -o "$T/out")" "done $where" 'the second time nothing is built'
is "$(runs)" 1 'the recipe ran once'
check '-o has it too' cmp "$T/out/vmlinux" "$where"
"$build" --progress=tty 2>"$T/tty" >/dev/null
is "$(cat "$T/tty")" '' 'nor shown, when it is there'

echo '# a comment' >>"$T/kernel/berth.config"
is "$("$build" --where)" "$where" 'a comment in the fragment makes no other kernel'
echo 'CONFIG_MORE=y' >>"$T/kernel/berth.config"
other=$("$build" --where)
is $? 1 'another option makes another kernel'
[ "$other" != "$where" ]
ok $? 'at another place'
echo more >>"$BERTH_KERNEL_SOURCE"
[ "$("$build" --where)" != "$other" ]
ok $? 'another source makes another kernel'

recipe <<'EOF'
echo half >"$work/vmlinux"
echo 'the compiler said no' >&2
exit 1
EOF
check_fails 'a failed build is an error' 1 "$build"
like "$("$build" 2>&1)" 'the compiler said no' 'whose words are shown'
"$build" --where >/dev/null
is $? 1 'and which the cache does not hold'

# Two at once: the first waits inside the recipe until the second has said that it waits.
mkfifo "$T/go"
: >"$T/runs"
recipe <<EOF
echo 'progress 10'
read -r _ <"$T/go"
echo kernel >"\$work/vmlinux"
echo '{}' >"\$work/meta.json"
EOF
mkfifo "$T/first" "$T/second"
"$build" --progress=plain >"$T/first" &
exec 3<"$T/first"
read -r line <&3
is "$line" 'progress 10' 'the first build is at work'
"$build" --progress=plain >"$T/second" &
exec 4<"$T/second"
read -r line <&4
is "$line" 'stage wait' 'the second waits'
read -r line <&4
is "$line" 'progress 10' 'and shows how far the first is'
echo >"$T/go"
first=$(cat <&3)
second=$(cat <&4)
wait
like "$first" '^done /.*/vmlinux$' 'the first is done'
is "${second##*$'\n'}" "$first" 'so is the second, with the same kernel'
is "$(runs)" 1 'the recipe ran once for both'
done_testing

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# All of it as an ordinary user without any privilege: pull, run, a console, files, ports, stop.
# timeout: 240
. "$(dirname "$0")/lib/vm.sh"
[ "$(id -u)" -eq 0 ] || skip_all 'only root can become another user; run as one, the other tests show the same'
need docker-registry skopeo setpriv
uid=54321
chmod 711 "$T"
mkdir -m 700 "$T/home" "$T/xdg"
# The build tree may lie where only root may go: what the user needs is brought to where he can see it.
mkdir -m 755 "$T/prefix"
(cd "$builddir" && make -s install DESTDIR="$T/prefix" >"$T/install.log" 2>&1)
ok $? 'make install' || sed 's/^/# /' "$T/install.log"
BERTH=$(find "$T/prefix" -path '*/bin/berth' -type f)
libexec=$(dirname "$(find "$T/prefix" -name berth-shim)")
# Installed elsewhere than the prefix says, so all is looked for beside the helpers.
[ -e "$libexec/images" ] || ln -s "$(dirname "$(find "$T/prefix" -path '*/images/busybox' -type d)")" "$libexec/images"
chown -R $uid:$uid "$T/home" "$T/xdg"
as_user() {
	env -i PATH="$PATH" HOME="$T/home" XDG_RUNTIME_DIR="$T/xdg" TERM=xterm LANG=C.UTF-8 BERTH_LIBEXEC="$libexec" \
		setpriv --reuid $uid --regid $uid --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
}
berth() { as_user "$BERTH" "$@"; }
cleanup() {
	local id
	for id in $(berth ps -aq 2>/dev/null); do
		berth rm -f "$id" >/dev/null 2>&1
	done
	kill $registry 2>/dev/null
	rm -rf "$T"
}

port=$(free_port)
cat >"$T/registry.yml" <<YML
version: 0.1
storage: { filesystem: { rootdirectory: $T/registry } }
http: { addr: 127.0.0.1:$port }
YML
docker-registry serve "$T/registry.yml" >"$T/registry.log" 2>&1 &
registry=$!
wait_for curl -sf "http://127.0.0.1:$port/v2/"
name=127.0.0.1:$port/box:1
skopeo copy -q --dest-tls-verify=false "oci:$builddir/images/busybox" "docker://$name"

is "$(as_user id -u)$(as_user sh -c 'grep CapBnd /proc/self/status' | cut -f2)" "${uid}0000000000000000" 'the user has no privilege'
like "$(berth pull "$name" 2>"$T/err")" '^sha256:' 'pull'
is "$(berth run --rm "$name" sh -c 'id -u; echo hello')" $'0\nhello' 'run: root inside'
is "$(berth run --rm -u 1000 localhost/busybox id -u)" 1000 'the image that comes with berth, as another user'
as_user mkdir "$T/home/share"
is "$(berth run --rm -v "$T/home/share:/data" "$name" sh -c 'echo mine > /data/file; cat /data/file')" mine 'a folder of the user'
is "$(stat -c %u "$T/home/share/file")" $uid "what is written there is the user's"
as_user mkdir "$T/home/secret"
echo hidden >"$T/root-only"
chmod 600 "$T/root-only"
berth run --rm -v "$T/root-only:/file" "$name" cat /file >"$T/out" 2>&1
ok "$((! $?))" "what the user cannot read, his container cannot either"
like "$(cat "$T/out")" 'hidden|denied|root-only' 'and is told so'
is "$(grep -c '^hidden' "$T/out")" 0 'without a look at it'

host=$(free_port)
berth run -d --name web -p "127.0.0.1:$host:8080" "$name" \
	sh -c 'mkdir /www; echo served > /www/index.html; exec httpd -f -p 8080 -h /www' >/dev/null
wait_for curl -sf "http://127.0.0.1:$host/"
is "$(curl -s "http://127.0.0.1:$host/")" served 'a published port'
for process in "$(berth inspect -f '{{.pid}}' web)" $(pgrep -P "$(berth inspect -f '{{.pid}}' web)"); do
	owners+="$(stat -c %u "/proc/$process") "
done
is "$(tr ' ' '\n' <<<"$owners" | sort -u | xargs)" $uid 'all its processes are the user'"'"'s'

PYTHONPATH=$(dirname "$0")/lib as_user env PYTHONPATH="$(dirname "$0")/lib" BERTH_LIBEXEC="$libexec" \
	/usr/bin/python3 -B - "$BERTH" "$name" >"$T/console" <<'PY'
import os, sys
from terminal import Terminal
B, name = sys.argv[1:]
t = Terminal([B, "run", "-it", "--name", "con", name])
print(t.expect("/ # ") is not None)
t.type("mark=kept; echo $mark-here\r")
print(t.expect("kept-here") is not None)
t.type("\x10"); t.type("\x11")
print(t.wait() == 0, t.settings_are_back())
t = Terminal([B, "attach", "con"])
print(t.expect("kept-here") is not None)
t.type("exit 4\r")
print(t.wait() == 4)
PY
is "$(xargs <"$T/console")" 'True True True True True True' 'a console: shell, detach, attach, its end'
check 'stop' berth stop -t 0 web
is "$(berth ps -a --format name,state | sort | tr '\t\n' '  ')" 'con exited web exited ' 'both have ended'
check 'rm' berth rm con web
check 'rmi' berth rmi "$name"
is "$(berth ps -aq)" '' 'nothing is left'
is "$(find "$T" -uid $uid ! -path "$T/home*" ! -path "$T/xdg*" | head -3)" '' "nor anything of the user's elsewhere"
is "$(ls "$T/xdg/berth" | grep -E '^[0-9a-f]{12}$')" '' 'no run folder'
done_testing

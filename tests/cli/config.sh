#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The configuration file: where it is looked for, what is wrong in it, and that its values are what counts.
. "$(dirname "$0")/../lib/tap.sh"
unset BERTH_CONFIG
export HOME=$T/home XDG_CONFIG_HOME=$T/xdg
mkdir -p "$HOME/.config/berth" "$XDG_CONFIG_HOME/berth"
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" "$@"; }
cat >"$T/bad" <<'BAD'
[run]
cpus = many
memory = 300m
[keys]
containers.F5 = fly
[console]
detach-keys = ctrl-nix
[rum]
BAD

is "$(berth config defaults | sed '/=/s/^;//' >"$T/all"; berth config check "$T/all")" "$T/all is right" 'the defaults are right'
check_fails 'what is wrong fails the check' 1 berth config check "$T/bad"
is "$(cut -c-$((${#T} + 6)) "$T/.check" | xargs)" "$T/bad:2 $T/bad:5 $T/bad:7 $T/bad:8" 'with file and line of each'
check_fails 'a file that is not there fails it' 1 berth config check "$T/none"

check 'a bad file stops nothing' berth --config "$T/bad" create --name ca --root-size 64m localhost/busybox true
like "$(cat "$T/.check")" "warning: $T/bad:2: cpus is 'many'" 'and is told'
is "$(berth inspect ca --format '{{.memory_bytes}} {{.cpus}}')" "$((300 << 20)) 1" 'what is right in it counts'

printf '[run]\ncpus = 2.5\nmemory = 200m\nroot-size = 32m\nnetwork = none\npids-limit = 77\nlog-size = 1m\nlog-files = 2\nstop-timeout = 3s\n' >"$XDG_CONFIG_HOME/berth/config"
berth create --name cb localhost/busybox true >/dev/null
is "$(berth inspect cb --format '{{.memory_bytes}} {{.cpus}}')" "$((200 << 20)) 2.5" 'XDG_CONFIG_HOME is looked in'
folder=("$T"/root/containers/"$(berth ps -aq --no-trunc --filter name=cb)")
is "$(/usr/bin/python3 -c '
import json, sys
c, spec = (json.load(open(sys.argv[1] + name)) for name in ("/config.json", "/spec.json"))
print(c["network"], c["log_size"], c["log_files"], c["stop_timeout_ms"], spec["linux"]["resources"]["pids"]["limit"])' \
	"${folder[0]}")" 'none 1048576 2 3000 77' 'each default is in the container'
is "$(stat -c %s "${folder[0]}/upper.ext4")" $((32 << 20)) 'and its disk has the size'
berth create --name cc -m 100m --cpus 1 --stop-timeout 9 localhost/busybox true >/dev/null
is "$(berth inspect cc --format '{{.memory_bytes}} {{.cpus}}')" "$((100 << 20)) 1" 'options win over the file'
printf '[run]\ncpus = 3\n' >"$HOME/.config/berth/config"
unset XDG_CONFIG_HOME
berth create --name cd --root-size 32m localhost/busybox true >/dev/null
is "$(berth inspect cd --format '{{.cpus}}')" 3 'else ~/.config is looked in'
printf '[run]\ncpus = 4\n' >"$T/env"
BERTH_CONFIG=$T/env berth create --name ce --root-size 32m localhost/busybox true >/dev/null
is "$(berth inspect ce --format '{{.cpus}}')" 4 'BERTH_CONFIG names another'
BERTH_CONFIG=$T/env berth --config "$T/bad" config check >/dev/null 2>&1
is $? 1 'and --config wins over it'
done_testing

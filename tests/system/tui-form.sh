#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The form of a container in tmux: the command line that it shows, run by a shell, makes the same container.
# timeout: 180
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/tmux.sh"

mkdir "$T/shared folder"
terminal 300 24
keys "$BERTH; echo ended \$?" Enter
sees 'No containers yet.' 'the first screen'
keys Enter
shows '> [ Run ]'
keys Up Enter
shows 'Workdir'
type_in 'nobody'
keys Tab
type_in '/srv/a b'
keys Tab
type_in 'box'
keys Tab
type_in "env=prod 'team=a b'"
keys Up Up Up Up
keys Space Up
type_in "A=1 'B=two words'"
keys Up
type_in "'$T/shared folder:/mnt:ro'"
keys Up
type_in '18080:80 18081:81'
keys Up Up
type_in '64M'
keys Up
type_in '128M'
keys Up
type_in '2'
keys Up Up
keys C-u
type_in "sh -c 'echo"
keys Up
sees 'a quote is open' 'a quote that is open is told'
keys Down C-u
type_in "sh -c 'echo  two'"
keys Up C-u
type_in 'first'
keys Up
sees 'berth run -it --rm --name first' 'the command line'
keys Up Up # over Cancel
sees '> [ Create' 'the second button'
shows 'berth create -it'
line=$(screen | sed -n 's/^   berth create/berth create/p')
keys Enter
wait_for sh -c "$BERTH ps -a --format name | grep -qx first"
is "$(berth ps -a --format name)" first 'the form made it'
eval "$(sed 's/--name first/--name second/; s/^berth/berth/' <<<"$line")" >/dev/null
is $? 0 'so does its command line'
config() { /usr/bin/python3 - "$(berth inspect --format '{{.id}}' "$1")" "$BERTH_ROOT" <<'E2'
import json, sys
folder = f"{sys.argv[2]}/containers/{sys.argv[1]}"
c = [json.load(open(f"{folder}/{name}.json")) for name in ("config", "spec")]
text = json.dumps(c, indent=1, sort_keys=True)
for word in (sys.argv[1], sys.argv[1][:12], "first", "second"):
    text = text.replace(word, "X")
print("\n".join(l for l in text.split("\n") if '"created' not in l and "uuid" not in l.lower()))
E2
}
config first >"$T/first"
config second >"$T/second"
check 'both are the same' diff "$T/first" "$T/second"
grep -q 'two words' "$T/first" && grep -q 'shared folder' "$T/first" && grep -q 18081 "$T/first"
ok $? 'with all that was typed'
keys 1
shows 'Containers 2'
keys l
sees 'the container has not run yet' 'its log is not that of one that has ended'
done_testing

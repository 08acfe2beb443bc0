#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Colours of the terminal UI, in tmux: as the user wants them, or none; and terminals that cannot show it.
. "$(dirname "$0")/../lib/tap.sh"
command -v tmux >/dev/null || skip_all "no tmux here"
export BERTH_ROOT=$T/root BERTH_RUN_ROOT=$T/run XDG_RUNTIME_DIR=$T HOME=$T BERTH=$builddir/berth
unset NO_COLOR TMUX
server=0
tm() { tmux -L "berth-$$-$server" -f /dev/null "$@"; }
trap 'tm kill-server 2>/dev/null; rm -rf "$T"' EXIT
until_it() {
	local i
	for ((i = 0; i < 400; i++)); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}
shows() { tm capture-pane -p | grep -qF -- "$1"; }
# coloured [VARIABLE=VALUE...] PROGRAM [OPTION...]: 0 if the first screen has a colour, 1 if it has none, 2 if there is no screen
coloured() {
	tm kill-server 2>/dev/null
	server=$((server + 1))
	tm new-session -d -x 80 -y 24 "env $*; cat"
	until_it shows 'kernel' && until_it shows 'Enter start' || return 2
	tm capture-pane -p -e | grep -q $'\e\[[0-9;]*3[0-7]m'
}
coloured TERM=tmux-256color "$BERTH"
is $? 0 'colours where the terminal has them'
coloured TERM=tmux-256color NO_COLOR= "$BERTH"
is $? 0 'an empty NO_COLOR says nothing'
coloured TERM=tmux-256color NO_COLOR=1 "$BERTH"
is $? 1 'NO_COLOR: none'
tm capture-pane -p -e | grep -q $'\e\[[0-9;]*7m'
ok $? 'but what is under the cursor is reversed'
coloured TERM=tmux-256color "$BERTH" --color never
is $? 1 '--color never: none'
coloured TERM=tmux-256color NO_COLOR=1 "$BERTH" --color always
is $? 0 '--color always: though NO_COLOR is set'
coloured TERM=vt100 LC_ALL=C "$BERTH"
is $? 1 'a terminal that has none'
tm kill-server
server=$((server + 1))
tm new-session -d -x 80 -y 24 "TERM=dumb $BERTH; echo ended \$?; cat"
until_it shows 'ended 2'
ok $? 'a terminal that cannot address its cursor is refused'
shows "berth --help lists the commands"
ok $? 'with a hint'
done_testing

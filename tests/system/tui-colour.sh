#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Colours of the terminal UI, in tmux: as the user wants them, or none; and terminals that cannot show it.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/wait.sh"
cleanup() { rm -rf "$T"; }
. "$(dirname "$0")/lib/tmux.sh"
export BERTH_ROOT=$T/root BERTH_RUN_ROOT=$T/run XDG_RUNTIME_DIR=$T HOME=$T BERTH=$builddir/berth
unset NO_COLOR
# anew COMMAND: in a terminal of its own
windows=0
anew() {
	[ $windows -eq 0 ] && terminal 80 24 "$1" || tm new-window -t ":$windows" "$1"
	pane=:$windows
	windows=$((windows + 1))
}
# coloured [VARIABLE=VALUE...] PROGRAM [OPTION...]: 0 if the first screen has a colour, 1 if it has none, 2 if there is no screen
coloured() {
	anew "env $*; cat"
	shows 'kernel' && shows 'Enter start' || return 2
	tm capture-pane -p -e -t "$pane" | grep -q $'\e\[[0-9;]*3[0-7]m'
}
coloured TERM=tmux-256color "$BERTH"
is $? 0 'colours where the terminal has them'
coloured TERM=tmux-256color NO_COLOR= "$BERTH"
is $? 0 'an empty NO_COLOR says nothing'
coloured TERM=tmux-256color NO_COLOR=1 "$BERTH"
is $? 1 'NO_COLOR: none'
tm capture-pane -p -e -t "$pane" | grep -q $'\e\[[0-9;]*7m'
ok $? 'but what is under the cursor is reversed'
coloured TERM=tmux-256color "$BERTH" --color never
is $? 1 '--color never: none'
coloured TERM=tmux-256color NO_COLOR=1 "$BERTH" --color always
is $? 0 '--color always: though NO_COLOR is set'
coloured TERM=vt100 LC_ALL=C "$BERTH"
is $? 1 'a terminal that has none'
anew "TERM=dumb $BERTH; echo ended \$?; cat"
shows 'ended 2'
ok $? 'a terminal that cannot address its cursor is refused'
screen_has "berth --help lists the commands"
ok $? 'with a hint'
done_testing

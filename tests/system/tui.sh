#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The terminal UI in tmux: first run to a shell in a VM in three keys, detach, quit, come back.
# timeout: 180
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/tmux.sh"

terminal 80 24
keys "stty -g > $T/before; $BERTH; echo ended \$?; stty -g > $T/after" Enter
sees 'No containers yet.' 'the first screen'
keys Enter
sees '[localhost/busybox' 'Enter fills in the form'
keys Enter
sees '/ #' 'Enter runs it: a shell in a VM'
keys 'echo $((6*7)) in a guest' Enter
sees '42 in a guest' 'it answers'
keys 'stty size' Enter
sees '23 80' 'it has the screen but the last line'
keys C-]
sees 'Esc closes it.   ^] again' 'the prefix shows its menu'
keys d
sees 'Containers 1  1 up' 'd goes back to the list'
keys a
sees '42 in a guest' 'a shows the console as it stood'
keys C-]
keys X
sees 'New process' 'X asks for a command'
keys Enter
name=$(berth ps --format name)
sees "$name:1 sh" 'a second console'
sees '/ #' 'with a shell'
keys 'exit 3' Enter
sees '   Enter closes   p why   R again' 'its end is told'
keys Enter
sees '42 in a guest' 'Enter closes it'
keys C-]
keys d
sees 'Containers 1' 'back at home'
keys 2
sees 'localhost/busybox:latest' 'images'
keys 1
keys '?'
sees 'Help for: Containers' 'help'
keys Escape
sees 'Containers 1' 'Esc goes back'
keys b
sees 'PHASE' 'the boot'
keys Escape
shows 'Containers 1'
keys T
sees '[y/N]' 'T asks'
keys n
sees '1 up' 'n is no'
keys q
sees 'ended 0' 'q quits'
wait_for test -s "$T/after"
check 'the terminal is as it was' cmp "$T/before" "$T/after"
is "$(berth ps --format state)" running 'quitting stops nothing'
keys "$BERTH" Enter
sees '1 up' 'the next berth shows it'
keys 7
sees 'image=' '7: what happened, from before it was started'
berth rename "$(berth ps -q)" renamed >/dev/null
sees 'renamed' 'and what happens'
keys 1
sees '1 up' '1: home again'
keys a
sees '42 in a guest' 'with the same console'
tui=$(pgrep -n -x berth -P "$(tm display-message -p '#{pane_pid}')")
kill -9 "$tui"
wait_for sh -c "! kill -0 $tui"
keys C-j "stty $(cat "$T/before"); reset; clear; echo fresh" C-j
sees 'fresh' 'the shell is there after kill -9 of the UI'
keys "$BERTH attach $(berth ps -q)" Enter
sees '42 in a guest' 'attach: same shell, same screen'
keys C-p C-q
sees 'comes back' 'and it detaches'
tm resize-window -x 40 -y 10
keys "clear; $BERTH" Enter
sees '+ up' 'at 40x10'
keys K
sees '[y/N]' 'K asks'
keys y
sees 'exit 137' 'y kills'
keys D
sees '[y/N]' 'D asks'
keys y
sees 'No containers' 'y deletes'
keys U
sees 'Give back' 'U asks'
keys y
sees 'exit 137' 'y gives it back'
keys D
shows '[y/N]'
keys y
sees 'No containers' 'and D takes it again'
keys 9
sees 'Trash 1' '9 shows it'
keys F
sees 'Type: trash' 'F asks for a word'
keys -l y
keys Enter
gone 'Type: trash'
sees 'Trash 1' 'another is no'
keys F
shows 'Type: trash'
keys -l trash
keys Enter
sees 'Trash 0' 'the word empties it'
keys q q
is "$(berth ps -aq)" '' 'nothing is left'
done_testing

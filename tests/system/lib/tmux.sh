# SPDX-License-Identifier: Apache-2.0
# For tests of the terminal UI in tmux: a server of their own, what is typed, what is seen. After vm.sh, or what else has
# wait_for and cleanup.
need tmux
pane=:0
tm() { tmux -L "berth-$$" -f /dev/null "$@"; }
trap 'tm kill-server 2>/dev/null; cleanup' EXIT
screen() { tm capture-pane -p -t "$pane"; }
keys() { tm send-keys -t "$pane" "$@"; }
type_in() { keys -l "$1"; }
screen_has() { screen | grep -qF -- "$1"; }
screen_lacks() { ! screen_has "$1"; }
shows() { wait_for screen_has "$1"; }
gone() { wait_for screen_lacks "$1"; }
# seen NAME COMMAND...: a test that it succeeds in time
seen() {
	local name=$1 rc
	shift
	wait_for "$@"
	rc=$?
	ok $rc "$name"
	[ $rc -eq 0 ] || screen | sed 's/^/# /'
}
sees() { seen "$2" screen_has "$1"; }
# terminal COLUMNS ROWS [COMMAND]: a shell in it, or a command
terminal() {
	env -u TMUX TERM=xterm-256color tmux -L "berth-$$" -f /dev/null new-session -d -x "$1" -y "$2" "${3:-PS1='ready> ' sh}"
	[ -n "$3" ] || shows 'ready>'
}

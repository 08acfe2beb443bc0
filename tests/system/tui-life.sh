#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The terminal UI and its terminal, in tmux: full-screen programs in a console, viewers of two sizes, suspension, a storm of
# sizes, silence, signals, jobs at the end, a hangup, a kill. After each the terminal is as it was and the shell has no stray byte.
# timeout: 300
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/tmux.sh"
trap 'kill $registry 2>/dev/null; tm kill-server 2>/dev/null; cleanup' EXIT
registry=
export BERTH T
# A whole line, how one begins, and the prompt alone as the last line or as all there is.
screen_line() { screen | grep -qxF -- "$1"; }
screen_starts() { screen | grep -q -- "^$1"; }
at_prompt() { [ "$(screen | grep . | tail -n 1)" = 'ready>' ]; }
blank() { [ "$(screen)" = 'ready>' ]; }
# All but ages, which go on by themselves: "3m " is as good as "12m".
ageless() { screen | sed -E 's/\b[0-9]+[smhd]\b */AGE /g'; }
same() { [ "$(ageless)" = "$1" ]; }
shell_pid() { tm display-message -p -t "$pane" '#{pane_pid}'; }
tui_pid() { pgrep -n -x berth -P "$(shell_pid)"; }
# It may wait for a shell that tells of it with the next prompt only.
ended() { ! grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null; }
# What the pane tells of the modes that programs set.
modes() { tm display-message -p -t "$pane" '#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_flag} #{keypad_cursor_flag}'; }
wipe() {
	wait_for at_prompt
	keys clear Enter
	wait_for blank
}
# clean WHAT: the shell's line is empty, its terminal is as before
clean() {
	seen "$1: no stray byte in the shell" at_prompt
	is "$(modes)" "$modes" "$1: no mode is left on"
	wipe
	rm -f "$T/now"
	keys "stty -g > $T/now; echo clean-\$?" Enter
	shows 'clean-0'
	screen_starts 'ready> stty -g'
	ok $? "$1: nothing before what is typed"
	check "$1: the terminal's settings are as before" cmp "$T/before" "$T/now"
	wipe
}
launch() {
	keys "$BERTH; echo ended \$?" Enter
	shows 'Containers 1'
	tui=$(tui_pid)
}

terminal 80 24
wait_for at_prompt
keys "stty -g > $T/before; clear" Enter
wait_for test -s "$T/before"
wait_for blank
modes=$(modes)

# A shell of busybox, which has vi and less of its own.
berth run -dit --name box localhost/busybox sh >/dev/null
launch
keys a
sees '/ #' 'a console'

# --- full-screen programs
keys 'seq 100 > /tmp/n; vi /tmp/n' Enter
seen 'vi' screen_line 22
keys G
seen 'its keys' screen_line 100
keys o
wait_for screen_starts 'I /tmp/n'
keys -l 'from the UI'
shows 'from the UI'
keys Escape
seen 'a lone Escape' screen_starts '- /tmp/n'
keys -l ':wq'
shows ':wq'
keys Enter
shows '/ #'
keys 'clear; tail -n 1 /tmp/n | tr a-z A-Z' Enter
sees 'FROM THE UI' 'what it wrote'
keys 'less /tmp/n' Enter
seen 'less' screen_line 22
keys Space
seen 'its next page' screen_line 44
keys q
wait_for screen_line '/ #'
keys 'clear; seq 30; echo "back" again' Enter
sees 'back again' 'the shell again'

# --- a second viewer, of another size
tm new-window -d "PS1='ready> ' sh"
tm resize-window -t :1 -x 60 -y 15
pane=:1
wait_for at_prompt
keys "$BERTH attach box" Enter
sees 'back again' 'a second viewer'
keys 'stty size' Enter
sees '15 60' 'whose size it is once it typed'
pane=:0
sees '60x15' 'the first one tells the size'
keys Enter
shows '80x23'
keys 'stty size' Enter
sees '23 80' 'and takes it back by typing'
pane=:1
keys C-p C-q
shows 'comes back'
wait_for at_prompt
tm kill-window -t :1
pane=:0
keys C-]
shows 'Esc closes it.'
keys d
sees 'Containers 1' 'detached'

# --- suspended and back
keys C-z
shows 'Stopped'
clean 'suspended'
# What is changed while it is stopped is what it leaves behind from then on.
keys "stty eof ^E; stty -g > $T/before; clear" Enter
wait_for blank
tm resize-window -t :0 -x 100 -y 30
keys 'fg; echo ended $?' Enter
sees 'Containers 1' 'fg'
seen 'in the size that the terminal has now' eval 'screen | sed -n 30p | grep -q .'
tm resize-window -t :0 -x 80 -y 24
wait_for eval 'screen | sed -n 24p | grep -q .'
kill -TSTP "$tui"
shows 'Stopped'
clean 'suspended by a signal after that'
keys bg Enter
wait_for grep -q '^State:.[SR]' "/proc/$tui/status"
clean 'continued in the background'
keys 'fg; echo ended $?' Enter
sees 'Containers 1' 'and back'

# --- a storm of sizes
keys 2
shows 'ready      1'
shows 'used by  box'
shows 'i raw  ?'
shows ' ports    none' # the image is asked for when the view opens; this is the last row that it tells
before=$(ageless)
for i in $(seq 10); do
	tm resize-window -t :0 -x $((40 + i * 7)) -y $((10 + i * 2)) \; resize-window -t :0 -x $((90 - i * 7)) -y $((40 - i * 3))
done
tm resize-window -t :0 -x 80 -y 24
seen 'many sizes of tmux' same "$before"
# tmux sets few of many sizes that come at once, so these go to its terminal itself.
tm pipe-pane -t :0 "cat > $T/bytes"
/usr/bin/python3 - "$(tm display-message -p -t :0 '#{pane_tty}')" <<'E2' >"$T/seconds"
import fcntl, os, struct, sys, termios, time
tty = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
start, n = time.monotonic(), 0
while n < 1000 or time.monotonic() < start + 1:
    fcntl.ioctl(tty, termios.TIOCSWINSZ, struct.pack("4H", 5 + n % 20, 20 + n % 61, 0, 0))
    n += 1
fcntl.ioctl(tty, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
print(time.monotonic() - start)
E2
seen 'after more than 1,000 sizes the screen is that of the last one' same "$before"
check 'the UI is still the same one' kill -0 "$tui"
tm pipe-pane -t :0
is "$(/usr/bin/python3 - "$T/bytes" "$(cat "$T/seconds")" <<'E2'
import sys
paints = open(sys.argv[1], "rb").read().count(b"\x1b[H\x1b[J")
most = float(sys.argv[2]) / 0.016 + 3
print("few" if 1 <= paints <= most else f"{paints}, more than {most:.0f}")
E2
)" few '60 paints a second at most'
keys 1
shows 'Containers 1'

# --- nothing happens: nothing is done
keys 8
shows 'Messages'
if command -v strace >/dev/null && timeout -s INT 0.2 strace -qq -p "$tui" -o "$T/strace" 2>/dev/null; [ $? -eq 124 ]; then
	timeout -s INT 3 strace -f -qq -p "$tui" -o "$T/strace" 2>/dev/null
	# The calls that strace interrupts when it comes and goes are no wakeup.
	calls=$(grep -vE 'unfinished|EINTR|restart_syscall|resumed|= \? ERESTART|detached' "$T/strace")
	is "$calls" '' 'idle: no system call'
else
	skip 'strace cannot look here' 'idle: no system call'
fi
keys Escape
shows 'Containers 1'

# --- ends
keys q
sees 'ended 0' 'q'
clean q
for signal in TERM:143 INT:130; do
	launch
	kill -"${signal%:*}" "$tui"
	sees "ended ${signal#*:}" "SIG${signal%:*}: its exit code"
	clean "SIG${signal%:*}"
done
launch
keys C-z
shows 'Stopped'
wait_for at_prompt
kill -TERM "$tui"
kill -CONT "$tui"
seen 'SIGTERM in the background ends it' ended "$tui"
wipe
clean 'SIGTERM in the background'

# Jobs: a registry that never answers keeps a pull going.
/usr/bin/python3 -c '
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1] + "~", "w").write(str(s.getsockname()[1]))
os.rename(sys.argv[1] + "~", sys.argv[1])
held = [s.accept() for i in range(50)]' "$T/port" &
registry=$!
wait_for test -s "$T/port"
port=$(cat "$T/port")
launch
keys 2
shows 'busybox'
keys P
shows 'Pull an image'
keys -l "127.0.0.1:$port/slow"
keys Enter
shows '> [ Pull ]'
keys Enter
wait_for eval "berth jobs | grep -q slow"
keys Q
sees 'k keep running' 'quitting with a job asks'
keys k
sees 'ended 0' 'k quits'
clean 'quit with a job'
seen 'and keeps the job' eval "berth jobs | grep -q slow"
berth jobs cancel "$(berth jobs -q)" >/dev/null
seen 'until it is cancelled' eval '[ -z "$(berth jobs -q)" ]'

# The terminal goes away.
tm new-window -d "sh -c 'trap : HUP; $BERTH; echo \$? > $T/hup'"
pane=:1
shows 'Containers 1'
tui=$(tui_pid)
start=$(date +%s%N)
tm kill-window -t :1
wait_for test -s "$T/hup"
took=$((($(date +%s%N) - start) / 1000000))
is "$(cat "$T/hup")" 129 'a hangup ends it'
ok "$((took > 2000))" "soon ($took ms)"
pane=:0
# How soon, without what a busy machine and tmux add: the quickest of five.
PYTHONPATH=$(dirname "$0")/lib /usr/bin/python3 - "$BERTH" <<'E2' >"$T/ends"
import os, sys, time
from terminal import Terminal
def end(how):
    t = Terminal([sys.argv[1]], env={**os.environ, "TERM": "xterm-256color"})
    t.expect("Containers 1")
    os.close(t.slave)
    begin = time.monotonic()
    if how == "q":
        t.type("q")
        while True: # the last bytes are taken, as a terminal does
            try:
                if not os.read(t.master, 65536):
                    break
            except OSError:
                break
    else:
        os.close(t.master)
    status = os.waitpid(t.pid, 0)[1]
    return (time.monotonic() - begin) * 1000, os.waitstatus_to_exitcode(status)
for how, code in (("q", 0), ("hangup", 129)):
    runs = [end(how) for i in range(5)]
    print(how, round(min(ms for ms, c in runs)), all(c == code for ms, c in runs))
E2
for how in q hangup; do
	read -r _ took right <<<"$(grep "^$how" "$T/ends")"
	is "$right" True "$how: its exit code each time"
	ok "$((took > 200))" "$how: over within 200 ms ($took ms)"
done

# Killed hard: reset is enough.
launch
kill -9 "$tui"
wait_for ended "$tui"
keys Enter 'reset; clear' Enter
seen 'after kill -9 Enter is Enter, and after reset there is the prompt' blank
keys "stty -a > $T/reset; echo done-\$?" Enter
sees 'done-0' 'Enter is Enter again'
! grep -qE -- '-(echo|icanon|isig|icrnl|opost)\>' "$T/reset"
ok $? 'and all else is on'
berth rm -f box >/dev/null
is "$(berth ps -aq)" '' 'nothing is left'
done_testing

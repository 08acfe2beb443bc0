#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The life of a container as berth events tells it; memory that runs out, where it is told.
. "$(dirname "$0")/lib/vm.sh"
busybox=localhost/busybox
events() { berth events --since 0 --until 0s "$@"; }
of() { events -f container="$1" --format action | tr '\n' ' '; }
attribute() { events -f container="$1" -f event="$2" --format "{{.attributes.$3}}" | tail -1; }

berth run --name short $busybox true
is "$(of short)" 'create start exit ' 'a run'
is "$(attribute short exit exit_code)" 0 'with its exit code'
berth start short >/dev/null; berth wait short >/dev/null
is "$(of short)" 'create start exit start exit ' 'again'
berth run --rm --name gone $busybox sh -c 'exit 7'
is "$(of gone)/$(attribute gone exit exit_code)" 'create start exit delete /7' '--rm: it is deleted'
berth run --name wrong $busybox nosuch 2>/dev/null
is "$(of wrong)/$(attribute wrong exit exit_code)" 'create exit /127' 'a program that is not there never starts'

berth run -d --name life -m 48m $busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done' >/dev/null
berth exec life sh -c 'exit 4'
is "$(attribute life exec command)" 'sh -c exit 4' 'exec, with its command'
told() { [ "$(attribute life exec_exit exit_code)" = 4 ]; }
check 'and its exit code' wait_for told
berth pause life >/dev/null
berth unpause life >/dev/null
berth kill -s USR2 life >/dev/null
check_fails 'a process that needs more than there is' 137 berth exec life dd if=/dev/zero of=/dev/null bs=60M count=1
is "$(berth inspect -f '{{.oom_killed}} {{.State.OOMKilled}} {{.state}}' life)" 'true true running' 'inspect tells of it while it runs on'
berth stop life >/dev/null
is "$(of life)" 'create start exec exec_exit pause unpause kill exec oom exec_exit kill exit stop ' 'a whole life'
is "$(events -f container=life -f event=kill --format '{{.attributes.signal}}' | tr '\n' ' ')" '12 15 ' 'with the signals'
is "$(events --format time | sort -c 2>&1)" '' 'in order of time'

berth run --name hungry -m 48m $busybox sh -c 'exec dd if=/dev/zero of=/dev/null bs=60M count=1' 2>/dev/null
is $? 137 'memory runs out: 137'
is "$(berth inspect -f '{{.oom_killed}} {{.cause}}' hungry)" "true out of memory, killed by the guest's kernel" 'inspect says why'
is "$(attribute hungry oom oom_kills)/$(attribute hungry exit cause)" "1/out of memory, killed by the guest's kernel" 'the events too'

# --- many at once, while somebody looks
# It may begin to look after they begin, so what was before is told too.
"$BERTH" events --since 0 --format jsonl >"$T/stream" &
watcher=$!
for i in 1 2 3 4; do berth run --rm --name "many$i" $busybox true & pids[i]=$!; done
wait "${pids[@]}"
all() { [ "$(grep '"many' "$T/stream" | grep -c '"delete"')" -eq 4 ]; }
check 'who looks is told of all' wait_for all
kill -INT $watcher
wait $watcher
is "$(/usr/bin/python3 -c 'import collections,json,sys
lives = collections.defaultdict(list)
for line in open(sys.argv[1]):
    ev = json.loads(line)
    if ev["name"].startswith("many"):
        lives[ev["name"]].append(ev["action"])
print(len(lives), set(map(tuple, lives.values())))' "$T/stream")" "4 {('create', 'start', 'exit', 'delete')}" 'each in its order'
done_testing

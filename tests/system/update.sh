#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Other limits for containers that there are: for the next start, and at once for what runs, as far as its VM has room.
. "$(dirname "$0")/lib/vm.sh"
busybox=localhost/busybox
# in_guest FILE: what the container's own cgroup says
in_guest() { berth exec box cat "/sys/fs/cgroup/$1"; }

berth create --name box -m 128m --cpus 1 $busybox sh -c 'sleep 1000' >/dev/null
berth create --name other $busybox true >/dev/null
before=$(berth ps -a --format name)
is "$(berth update -m 96m --pids-limit 50 box)" box 'it prints the name'
is "$(berth ps -a --format name)" "$before" 'the order of the list stays'
is "$(berth inspect -f '{{.memory_bytes}}' box)" $((96 << 20)) 'inspect tells it'
check 'it starts' berth start box
is "$(in_guest memory.max) $(in_guest pids.max)" "$((96 << 20)) 50" 'the next start has it'

is "$(berth update --pids-limit 20 -m 64m --cpus 0.5 box 2>&1)" box 'while it runs'
is "$(in_guest memory.max) $(in_guest pids.max) $(in_guest cpu.max)" "$((64 << 20)) 20 50000 100000" 'it has it at once'
like "$(berth update -m 300m --cpus 2 box 2>&1)" 'memory and cpus' 'more than its VM has is said to wait'
is "$(in_guest memory.max) $(in_guest cpu.max)" "$((96 << 20)) 100000 100000" 'and what there is, it has'
berth restart -t 0 box >/dev/null
is "$(in_guest memory.max) $(in_guest cpu.max) $(in_guest pids.max)" "$((300 << 20)) 200000 100000 20" 'started again it has all'
like "$(berth exec box nproc)" '^2$' 'and the CPUs'
like "$(berth events --since 0 --until 0s -f event=update --format '{{.name}} {{.attributes.memory}}')" "box $((300 << 20))" 'events'

check_fails 'nothing to change' 2 berth update box
check_fails 'less than can be' 1 berth update -m 1m box
check_fails 'more memory than any VM has' 1 berth update -m 99999G box
check_fails 'more than can be' 1 berth update --cpus 1000 box
check_fails 'no number' 2 berth update --cpus many box
check_fails 'no such container' 1 berth update -m 64m nobody
check_fails 'a restart policy' 2 berth update --restart always box
is "$(berth update --pids-limit 30 nobody box 2>/dev/null)" box 'one that is not there does not stop the others'
is "$(berth inspect -f '{{.memory_bytes}}' box)" $((300 << 20)) 'what was refused changed nothing'
done_testing

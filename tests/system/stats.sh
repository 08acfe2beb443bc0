#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What containers use: berth stats once and as it changes, and the agent's ContainerStatistics under it.
. "$(dirname "$0")/lib/vm.sh"
busybox=localhost/busybox
lib=$(cd "$(dirname "$0")/lib" && pwd)

is "$(berth stats --no-stream --format json)" '[]' 'nothing runs: an empty list'
check_fails 'an unknown container: 1' 1 berth stats --no-stream nobody
berth run -d --name busy --pids-limit 50 $busybox sh -c 'while :; do :; done' >/dev/null
berth run -d --name idle -m 64m $busybox sleep 1000 >/dev/null
berth create --name asleep $busybox true >/dev/null
value() { berth stats --no-stream --format "$1" "$2"; }

is "$(berth stats --no-stream --format json busy | /usr/bin/python3 -c 'import json,sys; print(*json.load(sys.stdin)[0])')" \
	'id name cpu_percent memory_bytes memory_limit_bytes host_pss_bytes net_rx_bytes net_tx_bytes block_read_bytes block_write_bytes pids' \
	'the keys'
is "$(berth stats --no-stream --format name)" $'idle\nbusy' 'without names: all that run'
is "$(berth stats --no-stream -q --no-trunc busy)" "$(berth inspect -f '{{.id}}' busy)" '-q: ids'
like "$(berth stats --no-stream | head -1)" '^CONTAINER ID +NAME +CPU % +MEM USAGE / LIMIT +MEM % +NET I/O +BLOCK I/O +PIDS +HOST MEM$' \
	'the heads of the table'
is "$(value name,pids,memory_bytes,host_pss_bytes asleep)" $'asleep\t0\t0\t0' 'one that does not run uses nothing'
# On a loaded host the guest gets less than a CPU; an idle one still uses next to nothing.
read -r cpu limit _ <<<"$(value cpu_percent,memory_limit_bytes busy)"
is "$(awk "BEGIN { print ($cpu > 20 && $cpu < 150) }")" 1 'a busy loop uses a CPU'
is "$((limit > 400000000 && limit < 512 * 1048576))" 1 "the limit is the guest's memory"
read -r cpu limit host <<<"$(value cpu_percent,memory_limit_bytes,host_pss_bytes idle)"
is "$(awk "BEGIN { print ($cpu < 10) }")" 1 'a sleeper uses none'
is "$limit" 67108864 'or the one of -m'
is "$((host > 20000000 && host < 400000000))" 1 'what the VM costs the host'
berth exec -d idle sleep 1000
is "$(value pids idle)" 2 'processes are counted'
# Twice what is asked for: the pages of programs, 2 MB, come and go between what counts and what does not.
before=$(value memory_bytes idle)
berth exec -d idle sh -c 'x=$(head -c 12000000 /dev/zero | tr "\0" x); sleep 1000'
grown() { [ "$(value memory_bytes idle)" -gt $((before + 6000000)) ]; }
check 'memory that a process takes is seen' wait_for grown
berth exec idle sh -c 'dd if=/dev/zero of=/file bs=1M count=8 2>/dev/null; sync'
is "$(value block_write_bytes idle | awk '{ print ($1 >= 8388608) }')" 1 'what is written to the disk is counted'

# --- as it changes
"$BERTH" stats --format jsonl >"$T/stream" &
watcher=$!
wait_for grep -q '"name":"busy"' "$T/stream"
ok $? 'a stream tells of what runs'
berth start asleep >/dev/null; berth wait asleep >/dev/null
berth run -d --name late $busybox sleep 1000 >/dev/null
wait_for grep -q '"name":"late"' "$T/stream"
ok $? 'and of what starts later'
several() { [ "$(grep -c '"name":"busy"' "$T/stream")" -ge 3 ]; }
check 'again and again' wait_for several
berth rm -f late >/dev/null
kill -INT $watcher
wait $watcher
is $? 130 'an interrupt ends it: 130'
is "$(/usr/bin/python3 -c 'import json,sys
print(all(set(json.loads(l)) == set(json.loads(open(sys.argv[1]).readline())) for l in open(sys.argv[1])))' "$T/stream")" True \
	'each line is an object with the same keys'

# --- the agent
run_dir=$(berth inspect -f '{{.run_dir}}' busy) id=$(berth inspect -f '{{.id}}' busy)
PYTHONPATH=$lib /usr/bin/python3 -B - "$run_dir" "$id" >"$T/agent" <<'PY'
import sys
import agent

a, id, t = agent.connect(sys.argv[1]), sys.argv[2], agent.Tap()
req = a.sb.ContainerStatisticsRequest


def ask(**kw):
    return a.sandbox.ContainerStatistics(req(**kw), timeout=20).containers


all_ = ask()
t.eq([c.container_id for c in all_], [id], "no ids: all containers")
c = all_[0]
parts = ["process", "memory", "cpu", "block_io", "memory_events"]
t.eq([p for p in parts if c.HasField(p)], parts, "no categories: all of them")
t.eq((c.process.current, c.process.limit), (1, 50), "processes and their limit")
t.ok(0 < c.memory.anon <= c.memory.usage_bytes and c.memory.limit_bytes == 0 and c.memory.page_faults > 0, "memory", c)
t.ok(c.cpu.usage_usec > 0 and abs(c.cpu.user_usec + c.cpu.system_usec - c.cpu.usage_usec) < 100000, "CPU time", c)
t.ok(len(c.block_io.devices) >= 1 and c.block_io.devices[0].read_bytes > 0 and c.block_io.devices[0].read_operations > 0,
     "block devices", c)
t.eq([n.interface for n in c.networks], ["eth0"], "the network devices, without loopback")
t.ok(c.networks[0].transmittedPackets > 0 and c.networks[0].transmittedBytes > 0 and not c.networks[0].receivedErrors,
     "packets and bytes", c)
t.eq((c.memory_events.oom, c.memory_events.oom_kill), (0, 0), "memory events")
for i, name in enumerate(["process", "memory", "cpu", "block_io", "networks", "memory_events"], 1):
    got = ask(container_ids=[id], categories=[i])[0]
    t.eq([f.name for f, _ in got.ListFields() if f.name != "container_id"],
         [name] if name != "memory_events" else [f.name for f, _ in got.ListFields() if f.name == "memory_events"],
         f"only {name}")
later = ask(categories=[3])[0].cpu.usage_usec
t.ok(later > c.cpu.usage_usec, "CPU time grows")
t.eq(len(ask(container_ids=[id, id])), 2, "one answer for each id")
t.refused(lambda: ask(container_ids=["nobody"]), "NOT_FOUND", "nobody", "an unknown container")
t.refused(lambda: ask(container_ids=["x"] * 65), "INVALID_ARGUMENT", "65", "too many at once")
t.done()
PY
ok $? "the agent's ContainerStatistics"
grep '^not ok\|^#' "$T/agent"
is "$(grep -c '^ok' "$T/agent")" 19 'all of its parts'
done_testing

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What scripts rely on: usage and its exit codes, global options anywhere, formats, the keys of JSON.
# timeout: 120
. "$(dirname "$0")/lib/vm.sh"
busybox=localhost/busybox

# --- berth alone
printf '' | berth >"$T/out" 2>"$T/err"
is "$?/$(head -1 "$T/out" | cut -d' ' -f1)/$(cat "$T/err")" '0/CONTAINER/' 'alone, without a terminal on stdout: ps'
PYTHONPATH=$(dirname "$0")/lib /usr/bin/python3 -B - "$BERTH" >"$T/out" <<'PY'
import os, pty, subprocess, sys
master, slave = pty.openpty()
p = subprocess.Popen([sys.argv[1]], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave)
os.close(slave)
text = b""
try:
    while chunk := os.read(master, 65536):
        text += chunk
except OSError:
    pass
print(p.wait(), text.startswith(b"usage: berth "))
PY
is "$(cat "$T/out")" '2 True' 'alone, without a terminal on stdin: short help and 2'

# --- every command of the help has a help of its own, and refuses what it does not know
berth --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\( [a-z][a-z-]*\)\{0,1\}\)  .*/\1/p' >"$T/commands"
is "$(($(wc -l <"$T/commands") > 25))" 1 'the help lists the commands'
bad_help= bad_option= bad_where=
while read -r command; do
	# shellcheck disable=SC2086
	berth $command --help </dev/null >"$T/out" 2>"$T/err" && grep -q "^Usage: berth .*$command" "$T/out" && [ ! -s "$T/err" ] ||
		bad_help+="$command; "
	# shellcheck disable=SC2086
	berth $command --nosuch </dev/null >"$T/out" 2>"$T/err"
	[ $? -eq 2 ] && [ ! -s "$T/out" ] && [ "$(grep -c '^berth: error: ' "$T/err")" -eq 1 ] || bad_option+="$command; "
	# shellcheck disable=SC2086
	berth $command --root </dev/null >/dev/null 2>&1
	[ $? -eq 2 ] || bad_where+="$command; "
done <"$T/commands"
is "$bad_help" '' '--help of each command: its usage, 0'
is "$bad_option" '' 'an unknown option of each command: one error, 2'
is "$bad_where" '' 'a global option without its value, after each command: 2'
bad=
while read -r line; do
	# shellcheck disable=SC2086
	berth $line </dev/null >/dev/null 2>"$T/err"
	rc=$?
	[ $rc -eq 2 ] && [ "$(grep -c '^berth: error: ' "$T/err")" -eq 1 ] || bad+="$line ($rc); "
done <<'END'
--nosuch
nosuch
run
run -p
run -m 1x busybox
run --pull sometimes busybox
exec
exec one
attach
attach one two
stop
stop -t soon one
kill
rm
wait
logs
logs -n many one
inspect
boot
screen
pull
rmi
ps extra
ps --format {{range}}
images --format {{.nosuch
rootfs
rootfs create
system
system nosuch
image nosuch
--progress fast ps
--color blue ps
--log-level loud ps
help nosuch
END
is "$bad" '' 'wrong usage: one error, 2'

# --- global options stand before and after the command word
berth --root "$T/other" images -q >/dev/null && [ -d "$T/other" ]
ok $? '--root before the command'
berth images -q --root "$T/third" >/dev/null && [ -d "$T/third" ]
ok $? '--root after it'
is "$(berth ps --root="$T/other" --run-root "$T/other-run" -aq)" '' 'in one word too'

# --- listings
berth run -d --name one --label a=b -p "127.0.0.1:$(free_port):80" $busybox sleep 100 >"$T/id"
id=$(cat "$T/id")
berth create --name two $busybox true >/dev/null
is "$(berth ps -q)" "${id:0:12}" '-q: 12 digits'
is "$(berth ps -q --no-trunc)" "$id" '--no-trunc: all'
is "$(berth ps --format id,name)" "$id"$'\tone' 'KEY,KEY: with a tab between, no header'
is "$(berth ps --format 'n={{.name}} {{json .labels.a}}')" 'n=one "b"' 'a template'
check_fails 'a key that is none' 1 berth ps --format '{{.nosuch}}'
check_fails 'nor alone' 1 berth ps --format nosuch
is "$(berth container ls -q)" "$(berth ps -q)" 'container ls is ps'
is "$(berth image ls -q)" "$(berth images -q)" 'image ls is images'
is "$(berth ps -aq --filter state=created | wc -l)" 1 '--filter'
berth inspect two >"$T/inspect"
/usr/bin/python3 -B - "$BERTH" <<'PY' >"$T/keys"
import json, re, subprocess, sys
B = sys.argv[1]

def out(*args):
    return subprocess.run([B, *args], capture_output=True, text=True, check=True).stdout

def keys(what, row, names):
    missing = [k for k in names.split() if k not in row]
    print(what, "misses " + " ".join(missing) if missing else "ok")

PS = ("id name image command state exit_code created started finished pid ip ports memory_bytes cpus kernel accel "
      "health labels")
rows = json.loads(out("ps", "-a", "--format", "json"))
print("array", "ok" if isinstance(rows, list) and len(rows) == 2 else rows)
lines = [json.loads(l) for l in out("ps", "-a", "--format", "jsonl").splitlines()]
print("jsonl", "ok" if sorted(r["id"] for r in lines) == sorted(r["id"] for r in rows) else lines)
for row in rows:
    keys("ps " + row["name"], row, PS)
one = next(r for r in rows if r["name"] == "one")
keys("ports", one["ports"][0], "host_ip host_port container_port proto")
print("id", "ok" if re.fullmatch("[0-9a-f]{64}", one["id"]) else one["id"])
for k in "created", "started":
    print(k, "ok" if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", one[k]) else one[k])
print("numbers", "ok" if all(isinstance(one[k], int) for k in ("pid", "memory_bytes")) else one)
image = json.loads(out("images", "--format", "json"))[0]
keys("images", image, "id digest repository tag platform created size_bytes layers rootfs_bytes")
boot = json.loads(out("boot", "one", "--format", "json"))
boot = boot[0] if isinstance(boot, list) else boot
keys("boot", boot, "stages total_ms")
keys("stage", boot["stages"][0], "name start_ms ms")
exe = subprocess.run([B, "exec", "-d", "-t", "one", "sleep", "100"], capture_output=True)
consoles = json.loads(out("consoles", "--format", "json"))
for row in consoles[:1]:
    keys("consoles", row, "id container n command rows cols viewers alive")
print("consoles there", "ok" if consoles else exe.stderr.decode())
probe = json.loads(out("system", "probe", "--format", "json"))
probe = probe[0] if isinstance(probe, list) else probe
keys("probe", probe, "kvm tcg chosen")
keys("kvm", probe["kvm"], "usable reason since")
whole = json.loads(out("inspect", "one"))
print("inspect", "ok" if isinstance(whole, list) and len(whole) == 1 else whole)
keys("inspect", whole[0], PS + " run_dir config oom_killed restart_count mounts networks last_output cause "
     "State NetworkSettings Config Id Name")
PY
is "$(grep -v ' ok$' "$T/keys")" '' 'the keys of JSON are those that are promised'
is "$(($(grep -c ' ok$' "$T/keys") >= 16))" 1 'in every listing'
berth rm -f one two >/dev/null
is "$(berth ps -aq)" '' 'nothing is left'
done_testing

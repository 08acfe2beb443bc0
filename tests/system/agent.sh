#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SandboxContext in a VM, from grpcio through vsock.sock: paths of the VM and of containers, mounts, proxies, network.
# timeout: 180
. "$(dirname "$0")/lib/vm.sh"
busybox=localhost/busybox
lib=$(cd "$(dirname "$0")/lib" && pwd)

berth run -d --name box $busybox sh -c 'ln -s /etc /to-etc; ln -s ../../../../etc /up-etc; echo mine >/etc/mark
	mkdir /top; ln -s /run/berth /to-run; echo up; exec sleep 1000' >/dev/null
wait_for sh -c "'$BERTH' logs box | grep -q up"
run_dir=$(berth inspect -f '{{.run_dir}}' box) id=$(berth inspect -f '{{.id}}' box)
export BERTH T
timeout 150 env PYTHONPATH="$lib" /usr/bin/python3 -B - "$run_dir" "$id" >"$T/agent" <<'PY'
import os
import socket
import subprocess
import sys
import agent
import sandbox_calls as calls

run_dir, id, t = sys.argv[1], sys.argv[2], agent.Tap()
a = agent.connect(run_dir)
sb, call = a.sb, a.sandbox
root = f"/run/berth/{id}/rootfs"
write = lambda path, data: call.WriteFile(sb.WriteFileRequest(
    path=path, data=data, flags=sb.WriteFileRequest.WriteFileFlags(create_if_missing=True)), timeout=20)
statf = lambda path: call.Stat(sb.StatRequest(path=path), timeout=20).stat
mount = lambda dst, **kw: call.Mount(sb.MountRequest(destination=dst, **kw), timeout=20)
umount = lambda path, flags=0: call.Umount(sb.UmountRequest(path=path, flags=flags), timeout=20)


def inside(*words):
    return subprocess.run([os.environ["BERTH"], "exec", "box", *words], capture_output=True, text=True).stdout


def read(path):
    assert path.startswith(root)
    return inside("cat", path[len(root):])


def host_port(n):
    s = socket.socket(socket.AF_UNIX)
    s.bind(f"{run_dir}/vsock.sock_{n}")
    s.listen()
    return s


# --- files of the VM, and of a container that runs
call.Mkdir(sb.MkdirRequest(path="/tmp/top"), timeout=20)
calls.files(a, t, "/tmp/top")
calls.files(a, t, f"{root}/top", own=False)
t.eq(inside("stat", "-c", "%a %s", "/top/file", "/top/p/q/file"), "644 3\n600 100000\n", "the container sees what was written")
write(f"{root}/to-etc/through", b"link")
t.eq(inside("cat", "/etc/through"), "link", "an absolute link stays in the container")
write(f"{root}/up-etc/up", b"up")
write(f"{root}/../../../etc/dots", b"dots")
t.eq(inside("cat", "/etc/up", "/etc/dots"), "updots", "so do links and paths that go up")
t.eq(statf(f"{root}/to-etc/mark").ino, int(inside("stat", "-c", "%i", "/etc/mark")), "stat through a link")
t.refused(lambda: statf("/etc/mark"), "NOT_FOUND", "/etc/mark", "the VM's own /etc is another")
t.refused(lambda: statf(f"{root}/to-run/{id}"), "NOT_FOUND", "to-run", "no link leads into the VM")
t.eq(statf(f"{root}/dev/shm").dev, int(inside("stat", "-c", "%d", "/dev/shm")), "mounts are those of its namespace")

# --- mounts
mount(f"{root}/mnt/new", type="tmpfs", source="tmpfs", options=["size=1m", "nosuid"])
t.ok(" /mnt/new tmpfs rw,nosuid,relatime,size=1024k" in inside("cat", "/proc/mounts"), "a mount appears in the container",
     inside("cat", "/proc/mounts"))
call.Mkdir(sb.MkdirRequest(path="/tmp/shared"), timeout=20)
write("/tmp/shared/file", b"of the VM")
mount(f"{root}/shared", type="bind", source="/tmp/shared", options=["ro"])
t.eq(inside("cat", "/shared/file"), "of the VM", "a folder of the VM, bound into it")
mount(f"{root}/to-etc/under", type="tmpfs", source="tmpfs")
t.ok(" /etc/under tmpfs" in inside("cat", "/proc/mounts"), "a mount point behind a link is the container's")
for path in ("mnt/new", "shared", "up-etc/under"):
    umount(f"{root}/{path}")
t.eq(inside("grep", "-cE", "/mnt/new|/shared|/etc/under", "/proc/mounts"), "0\n", "and are gone again")
t.refused(lambda: umount(f"{root}/mnt/new"), "INVALID_ARGUMENT", "mnt/new", "umount of what is not mounted")

# --- a container that was made and not started; one root in another
mount("/run/made", type="tmpfs", source="tmpfs")
call.Mkdir(sb.MkdirRequest(path="/run/made/etc"), timeout=20)
config = b'{"process":{"args":["x"],"cwd":"/"},"root":{"path":"/run/made"},"linux":{}}'
call.CreateProcess(sb.CreateProcessRequest(id="made", containerID="made", configuration=config), timeout=20)
write("/run/made/../etc/clamped", b"here")
t.eq(statf("/run/made/etc/clamped").size, 4, "a container that is not started has its root, too")
call.DeleteProcess(sb.DeleteProcessRequest(id="made", containerID="made"), timeout=20)
t.refused(lambda: statf("/run/made/../etc/clamped"), "INVALID_ARGUMENT", "..", "until it is deleted")
umount("/run/made")

# --- file systems
upper = f"/run/berth/{id}/upper"
op = lambda path, **kw: call.FilesystemOperation(sb.FilesystemOperationRequest(path=path, **kw), timeout=30)
freeze, thaw = (lambda: op(upper, freeze=sb.FiFreezeParams())), (lambda: op(upper, thaw=sb.FiThawParams()))
trim = op(upper, trim=sb.FiTrimParams(one_shot=sb.FiTrimParams.OneShot()))
t.ok(trim.WhichOneof("result") == "trim" and trim.trim.trimmed_bytes > 0, "trim tells the bytes", trim)
t.ok(freeze().WhichOneof("result") is None, "freeze")
t.refused(freeze, "FAILED_PRECONDITION", "freeze", "twice")
thaw()
t.refused(thaw, "FAILED_PRECONDITION", "not frozen", "thaw of what is not frozen")
t.eq(inside("sh", "-c", "echo on >/thawed && cat /thawed"), "on\n", "and it goes on")
t.refused(lambda: op(f"{root}/to-etc", freeze=sb.FiFreezeParams()), "INVALID_ARGUMENT", "symlink", "freeze of a link")

# --- the rest
calls.system(a, t)
calls.names(a, t, f"{root}/top", read)
calls.proxies(a, t, f"{root}/top", host_port, lambda n: agent.vsock(run_dir, n))
calls.copies(a, t, f"{root}/top", host_port)
call.Mkdir(sb.MkdirRequest(path=f"{root}/top/folders"), timeout=20)
host = calls.folders(a, t, f"{root}/top/folders", host_port)
host.into(root, calls.tar_of(("to-etc/copied", b"by a link", {})))
t.eq(inside("cat", "/etc/copied"), "by a link", "an archive into a container's root goes by its links")
t.refused(lambda: statf("/etc/copied"), "NOT_FOUND", "/etc/copied", "within it")
host.out(f"{root}/to-etc")
t.ok("copied" in calls.names_of(host.got), "a folder out, by a link", calls.names_of(host.got))
call.SetTime(sb.SetTimeRequest(sec=2000000000, usec=5), timeout=20)
t.ok(abs(int(inside("date", "+%s")) - 2000000000) < 60, "set time")
call.Sysctl(sb.SysctlRequest(settings={"vm.swappiness": "33", "net/ipv4/ip_default_ttl": "77"}), timeout=20)
t.eq(inside("cat", "/proc/sys/vm/swappiness", "/proc/sys/net/ipv4/ip_default_ttl"), "33\n77\n", "sysctl, with dots and slashes")
pid = [p for p in a.agent.ProcessList(a.ag.ProcessListRequest(container_id=id), timeout=20).processes][0].pid
t.eq(call.Kill(sb.KillRequest(pid=pid, signal=0), timeout=20).result, 0, "kill: a process of the VM")
t.refused(lambda: call.Kill(sb.KillRequest(pid=1, signal=9), timeout=20), "INVALID_ARGUMENT", "agent", "but not the agent")
calls.network(a, t, lambda *words: inside("ip", "-o", *words))
t.eq(inside("echo", "alive"), "alive\n", "the container runs on")
t.done()
PY
ok $? 'the calls and their statuses'
grep -v '^ok' "$T/agent" | sed 's/^/# /'
is "$(grep -c '^ok' "$T/agent")" 215 'all of them'
done_testing

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The agent on a socket of the host's, in namespaces of its own: the calls that need no VM, with their statuses.
. "$(dirname "$0")/../lib/tap.sh"
lib=$srcdir/tests/system/lib
agent=$builddir/vminitd-test
/usr/bin/python3 -c 'import grpc' 2>/dev/null || skip_all 'no python3-grpcio here'
unshare --user --map-root-user --mount --net true 2>/dev/null || skip_all 'namespaces cannot be made here'
mkdir "$T/top"
unshare --user --map-root-user --mount --net "$agent" --listen "unix:$T/agent" 2>"$T/log" &
pid=$!
for ((i = 0; i < 400; i++)); do [ -S "$T/agent" ] && break; sleep 0.05; done
T=$T PYTHONPATH=$lib /usr/bin/python3 -B - "$T" $pid <<'PY'
import os
import socket
import subprocess
import sys
import agent
import sandbox_calls as calls

where, t = sys.argv[1], agent.Tap()
a = agent.connect(f"{where}/agent")
t.eq(a.agent.Hello(a.ag.HelloRequest(protocol=1), timeout=20).protocol, 1, "the agent answers")
top = f"{where}/top"


def read(path):
    with open(path) as f:
        return f.read()


def ip(*words):
    return subprocess.run(["nsenter", "--user", "--net", "--preserve-credentials", "-t", sys.argv[2], "ip", "-o", *words],
                          capture_output=True, text=True).stdout


def host_port(n):
    s = socket.socket(socket.AF_UNIX)
    s.bind(f"{where}/agent_{n}")
    s.listen()
    return s


def guest_connect(n):
    s = socket.socket(socket.AF_UNIX)
    s.connect(f"{where}/agent_in_{n}")
    return s


os.symlink("/etc", f"{top}/link")
calls.files(a, t, top)
op = lambda path: a.sandbox.FilesystemOperation(a.sb.FilesystemOperationRequest(path=path, freeze=a.sb.FiFreezeParams()), timeout=20)
t.refused(lambda: op(f"{top}/link"), "INVALID_ARGUMENT", "symlink", "an operation on a symlink")
t.eq(a.sandbox.Stat(a.sb.StatRequest(path=f"{top}/link"), timeout=20).stat.ino, os.stat("/etc").st_ino, "stat follows links")
calls.system(a, t)
calls.network(a, t, ip)
calls.names(a, t, top, read)
calls.proxies(a, t, top, host_port, guest_connect)
calls.copies(a, t, top, host_port)
os.mkdir(f"{top}/folders")
calls.folders(a, t, f"{top}/folders", host_port)
os.mkfifo(f"{top}/folders/fifo")
t.refused(lambda: list(a.sandbox.Copy(a.sb.CopyRequest(path=f"{top}/folders/fifo", vsock_port=1, direction=1), timeout=20)),
          "INVALID_ARGUMENT", "regular", "copy out of a FIFO")

mount = lambda dst, **kw: a.sandbox.Mount(a.sb.MountRequest(destination=dst, **kw), timeout=20)
umount = lambda path, flags=0: a.sandbox.Umount(a.sb.UmountRequest(path=path, flags=flags), timeout=20)
stat = lambda path: a.sandbox.Stat(a.sb.StatRequest(path=path), timeout=20).stat
mount(f"{top}/m/n", type="tmpfs", source="tmpfs", options=["size=1m", "mode=711", "noexec"])
t.eq(stat(f"{top}/m/n").mode & 0o7777, 0o711, "mount makes its mount point; words that are no flags are data")
t.ok(stat(f"{top}/m/n").dev != stat(top).dev, "it is another file system")
mount(f"{top}/bound", source=f"{top}/m/n", options=["bind", "ro"])
write = lambda path: a.sandbox.WriteFile(a.sb.WriteFileRequest(
    path=path, data=b"x", flags=a.sb.WriteFileRequest.WriteFileFlags(create_if_missing=True)), timeout=20)
t.refused(lambda: write(f"{top}/bound/x"), "PERMISSION_DENIED", "Read-only", "a bind that is read-only")
write(f"{top}/m/n/x")
t.eq(stat(f"{top}/bound/x").size, 1, "of the same folder")
mount(f"{top}/onefile", type="bind", source=f"{top}/file")
t.eq(stat(f"{top}/onefile").ino, stat(f"{top}/file").ino, "a file is bound on a file")
for path in ("onefile", "bound", "m/n"):
    umount(f"{top}/{path}")
t.eq(stat(f"{top}/m/n").dev, stat(top).dev, "umount")
t.refused(lambda: umount(f"{top}/m/n"), "INVALID_ARGUMENT", "m/n", "umount of what is not mounted")
t.refused(lambda: umount(f"{top}/nobody"), "NOT_FOUND", "nobody", "umount of what is not there")
t.refused(lambda: umount("x"), "INVALID_ARGUMENT", "absolute", "umount of a relative path")
t.refused(lambda: mount("x", type="tmpfs"), "INVALID_ARGUMENT", "absolute", "mount on a relative path")
t.refused(lambda: mount(f"{top}/k"), "INVALID_ARGUMENT", "type", "mount of nothing")
t.refused(lambda: mount(f"{top}/k", type="bind", source=f"{top}/nobody"), "NOT_FOUND", "nobody", "mount: no source")
t.refused(lambda: mount(f"{top}/k", type="nosuchfs", source="x"), "NOT_FOUND", "nosuchfs", "mount: no such file system")
mount(f"{top}/busy", type="tmpfs", source="tmpfs")
mount(f"{top}/busy/below", type="tmpfs", source="tmpfs")
t.refused(lambda: umount(f"{top}/busy"), "FAILED_PRECONDITION", "busy", "umount of what is busy")
umount(f"{top}/busy", 2)
t.eq(stat(f"{top}/busy").dev, stat(top).dev, "but lazily")
t.eq(a.agent.Hello(a.ag.HelloRequest(protocol=1), timeout=20).protocol, 1, "the agent still answers")
t.done()
PY
code=$?
kill -9 $pid # it is made to be PID 1, which no signal ends
wait $pid 2>/dev/null
sed 's/^/# /' "$T/log"
exit $code

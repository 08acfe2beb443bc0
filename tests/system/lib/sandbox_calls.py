# SPDX-License-Identifier: Apache-2.0
# The calls of SandboxContext that need no container, and their statuses: of an agent on a socket, and in a VM.
import gzip
import io
import os
import select
import socket
import stat
import tarfile
import threading
import zlib

import grpc

from agent import status


def files(a, t, top, own=True):
    """top: an empty folder of the agent's, which it may write; own: it is the VM's, not a container's."""
    sb, call = a.sb, a.sandbox
    mkdir = lambda path, **kw: call.Mkdir(sb.MkdirRequest(path=path, **kw), timeout=20)
    statf = lambda path: call.Stat(sb.StatRequest(path=path), timeout=20).stat
    flags = sb.WriteFileRequest.WriteFileFlags

    def write(path, data, mode=0, **kw):
        return call.WriteFile(sb.WriteFileRequest(path=path, data=data, mode=mode, flags=flags(**kw) if kw else None),
                              timeout=20)

    mkdir(f"{top}/d", perms=0o751)
    st = statf(f"{top}/d")
    t.eq((stat.S_ISDIR(st.mode), stat.S_IMODE(st.mode)), (True, 0o751), "mkdir: the mode is the one asked for")
    t.ok(st.ino and st.nlink >= 2 and st.mtime.seconds > 1600000000 and st.blksize > 0, "stat of a folder", st)
    t.refused(lambda: mkdir(f"{top}/d"), "ALREADY_EXISTS", f"{top}/d", "mkdir of what is there")
    t.refused(lambda: mkdir(f"{top}/x/y/z"), "NOT_FOUND", f"{top}/x/y/z", "mkdir without its parents")
    mkdir(f"{top}/x/y/z", all=True)
    mkdir(f"{top}/x/y/z", all=True)
    t.ok(stat.S_ISDIR(statf(f"{top}//x/./y/z/").mode), "mkdir with parents, also again")
    t.refused(lambda: mkdir("x"), "INVALID_ARGUMENT", "absolute", "mkdir of a relative path")
    t.refused(lambda: mkdir(f"{top}/m", perms=0o200000), "INVALID_ARGUMENT", "mode", "mkdir with rubbish for a mode")
    t.refused(lambda: mkdir(""), "INVALID_ARGUMENT", "absolute", "mkdir without a path")

    f = f"{top}/file"
    t.refused(lambda: write(f, b"x"), "NOT_FOUND", f, "write: a file that is missing")
    write(f, b"hello\n", create_if_missing=True)
    st = statf(f)
    t.eq((st.size, stat.S_IMODE(st.mode), stat.S_ISREG(st.mode)), (6, 0o644, True), "write: made with 0644")
    write(f, b"more\n", append=True)
    t.eq(statf(f).size, 11, "write: appended")
    write(f, b"new")
    t.eq(statf(f).size, 3, "write: truncated")
    write(f"{top}/p/q/file", b"\0" * 100000, mode=0o600, create_if_missing=True, create_parent_dirs=True)
    st = statf(f"{top}/p/q/file")
    t.eq((st.size, stat.S_IMODE(st.mode)), (100000, 0o600), "write: with parents and a mode")
    t.refused(lambda: write(f"{top}/n/file", b"", create_if_missing=True), "NOT_FOUND", "file", "write: no folder")
    t.refused(lambda: write(f"{top}/d", b""), "FAILED_PRECONDITION", "Is a directory", "write: a folder")
    t.refused(lambda: write("file", b""), "INVALID_ARGUMENT", "absolute", "write: a relative path")
    t.refused(lambda: write(f"{f}/x", b"", create_if_missing=True), "FAILED_PRECONDITION", "Not a directory",
              "write: below a file")
    t.refused(lambda: write(f, b"", mode=0o1000000), "INVALID_ARGUMENT", "mode", "write: rubbish for a mode")

    t.refused(lambda: statf(f"{top}/nobody"), "NOT_FOUND", f"{top}/nobody", "stat of what is missing")
    t.refused(lambda: statf("etc"), "INVALID_ARGUMENT", "absolute", "stat of a relative path")
    t.refused(lambda: statf("/" + "x/" * 3000), "INVALID_ARGUMENT", "too long", "stat of a path without end")
    if own:
        t.refused(lambda: statf(f"{top}/../etc"), "INVALID_ARGUMENT", "..", "'..' outside of containers")
    t.eq((statf("/dev/null").rdev, stat.S_ISCHR(statf("/dev/null").mode)), (os.makedev(1, 3), True), "stat of a device")
    t.ok(call.Sync(sb.SyncRequest(), timeout=30) is not None, "sync")

    op = lambda path, **kw: call.FilesystemOperation(sb.FilesystemOperationRequest(path=path, **kw), timeout=20)
    one = sb.FiTrimParams(one_shot=sb.FiTrimParams.OneShot())
    t.refused(lambda: op(top), "INVALID_ARGUMENT", "none", "no operation")
    t.refused(lambda: op(top, trim=sb.FiTrimParams()), "INVALID_ARGUMENT", "schedule", "trim without a schedule")
    t.refused(lambda: op("x", trim=one), "INVALID_ARGUMENT", "absolute", "an operation on a relative path")
    t.refused(lambda: op(f"{top}/nobody", trim=one), "NOT_FOUND", "nobody", "an operation on what is missing")


def system(a, t):
    sb, call = a.sb, a.sandbox
    setenv = lambda key, value=None: call.Setenv(sb.SetenvRequest(key=key, value=value), timeout=20)
    getenv = lambda key: call.Getenv(sb.GetenvRequest(key=key), timeout=20)
    t.ok(not getenv("BERTH_TEST").HasField("value"), "getenv of what is not set: no value")
    setenv("BERTH_TEST", "a=b c")
    t.eq(getenv("BERTH_TEST").value, "a=b c", "setenv")
    setenv("BERTH_TEST", "")
    t.eq((getenv("BERTH_TEST").HasField("value"), getenv("BERTH_TEST").value), (True, ""), "an empty value is one")
    setenv("BERTH_TEST")
    t.ok(not getenv("BERTH_TEST").HasField("value"), "setenv without value unsets")
    for key in ("", "A=B"):
        t.refused(lambda: setenv(key, "x"), "INVALID_ARGUMENT", "variable", f"setenv: '{key}' is no name")
        t.refused(lambda: getenv(key), "INVALID_ARGUMENT", "variable", f"getenv: '{key}' is no name")

    kill = lambda pid, sig: call.Kill(sb.KillRequest(pid=pid, signal=sig), timeout=20)
    for pid in (0, -1):
        t.refused(lambda: kill(pid, 9), "INVALID_ARGUMENT", "agent", f"kill {pid} is refused")
    t.refused(lambda: kill(2**22 + 5, 0), "NOT_FOUND", "No such process", "kill of nobody")
    t.refused(lambda: kill(2, 65), "INVALID_ARGUMENT", "65", "kill with what is no signal")

    t.refused(lambda: call.SetTime(sb.SetTimeRequest(sec=1, usec=1000000), timeout=20), "INVALID_ARGUMENT", "1000000",
              "set time: too many microseconds")
    sysctl = lambda **kw: call.Sysctl(sb.SysctlRequest(settings=kw["settings"]), timeout=20)
    t.refused(lambda: sysctl(settings={"net.ipv4.no_such_thing": "1"}), "NOT_FOUND", "no_such_thing", "sysctl: unknown")
    t.refused(lambda: sysctl(settings={"../../tmp/x": "1"}), "INVALID_ARGUMENT", "..", "sysctl: no way out of /proc/sys")
    emulator = lambda **kw: call.SetupEmulator(sb.SetupEmulatorRequest(**kw), timeout=20)
    good = dict(name="qemu-x", type="M", magic="ELF", binary_path="/bin/x")
    for wrong in (dict(name="a/b"), dict(name=""), dict(type="X"), dict(binary_path="x"), dict(mask="a:b"),
                  dict(name="register")):
        t.refused(lambda: emulator(**{**good, **wrong}), "INVALID_ARGUMENT", "", f"set up emulator: {wrong}")


def network(a, t, ip):
    """ip: what `ip -o` with these words says where the agent is."""
    sb, call = a.sb, a.sandbox
    link = lambda name, up, **kw: call.IpLinkSet(sb.IpLinkSetRequest(interface=name, up=up, **kw), timeout=20)
    addr = lambda name, four, **kw: call.IpAddrAdd(sb.IpAddrAddRequest(interface=name, ipv4Address=four, **kw), timeout=20)
    t.refused(lambda: link("nic9", True), "NOT_FOUND", "nic9", "link set: an unknown device")
    t.refused(lambda: link("lo", True, mtu=0), "INVALID_ARGUMENT", "MTU", "link set: an MTU of 0")
    link("lo", True, mtu=1400)
    shown = ip("link", "show", "lo")
    t.ok("mtu 1400" in shown and ",UP" in shown, "link set", shown)
    addr("lo", "10.7.7.2/24")
    t.ok("10.7.7.2/24" in ip("addr", "show", "lo"), "an address is added", ip("addr", "show", "lo"))
    for wrong in ("rubbish", "10.0.0.2", "10.0.0.2/33", "300.0.0.1/8", "::1/128", "10.0.0.2/24\n"):
        t.refused(lambda: addr("lo", wrong), "INVALID_ARGUMENT", "", f"address add: {wrong!r}")
    t.refused(lambda: addr("lo", "10.0.0.2/24", ipv6Address="10.0.0.3/24"), "INVALID_ARGUMENT", "IPv6", "address add: 4 for 6")
    t.refused(lambda: addr("lo", ""), "INVALID_ARGUMENT", "missing", "address add: none")
    t.refused(lambda: addr("nic9", "10.0.0.2/24"), "NOT_FOUND", "nic9", "address add: an unknown device")
    route = lambda name, dst, src="", **kw: call.IpRouteAddLink(sb.IpRouteAddLinkRequest(
        interface=name, dstIpv4Addr=dst, srcIpv4Addr=src, **kw), timeout=20)
    route("lo", "10.99.0.0/16", "10.7.7.2")
    t.ok("10.99.0.0/16 dev lo" in ip("route"), "a route is added", ip("route"))
    t.refused(lambda: route("lo", "rubbish"), "INVALID_ARGUMENT", "rubbish", "route add: rubbish")
    t.refused(lambda: route("lo", "10.98.0.0/16", "x"), "INVALID_ARGUMENT", "x", "route add: rubbish for a source")
    t.refused(lambda: route("lo", ""), "INVALID_ARGUMENT", "missing", "route add: no destination")
    t.refused(lambda: route("nic9", "10.98.0.0/16"), "NOT_FOUND", "nic9", "route add: an unknown device")
    default = lambda name, four, **kw: call.IpRouteAddDefault(sb.IpRouteAddDefaultRequest(
        interface=name, ipv4Gateway=four, **kw), timeout=20)
    t.refused(lambda: default("lo", "10.0.0.0/24"), "INVALID_ARGUMENT", "10.0.0.0/24", "default route: no gateway's address")
    t.refused(lambda: default("lo", "::1"), "INVALID_ARGUMENT", "IPv4", "default route: 6 for 4")
    t.refused(lambda: default("nic9", "10.0.0.1"), "NOT_FOUND", "nic9", "default route: an unknown device")
    default("lo", "")
    t.ok("default dev lo" in ip("route"), "a default route without a gateway", ip("route"))


def names(a, t, top, read):
    """read: gives the text of a file of the agent's."""
    sb, call = a.sb, a.sandbox
    dns = lambda **kw: call.ConfigureDns(sb.ConfigureDnsRequest(**kw), timeout=20)
    dns(location=f"{top}/root", nameservers=["10.0.0.1", "fd00::1"], domain="example.org",
        searchDomains=["a.example", "b.example"], options=["ndots:2", "timeout:1"])
    t.eq(read(f"{top}/root/etc/resolv.conf"),
         "nameserver 10.0.0.1\nnameserver fd00::1\ndomain example.org\nsearch a.example b.example\noptions ndots:2 timeout:1\n",
         "configure DNS")
    dns(location=f"{top}/root")
    t.eq(read(f"{top}/root/etc/resolv.conf"), "", "configure DNS: nothing at all")
    t.refused(lambda: dns(location="root"), "INVALID_ARGUMENT", "absolute", "configure DNS: a relative path")
    t.refused(lambda: dns(location=f"{top}/root", nameservers=["1\nnameserver 2"]), "INVALID_ARGUMENT", "control",
              "configure DNS: a line in a word")
    entry = sb.ConfigureHostsRequest.HostsEntry
    hosts = lambda **kw: call.ConfigureHosts(sb.ConfigureHostsRequest(**kw), timeout=20)
    hosts(location=f"{top}/root", comment="by a test",
          entries=[entry(ipAddress="127.0.0.1", hostnames=["localhost"]),
                   entry(ipAddress="10.0.0.2", hostnames=["web", "web.example"], comment="ours")])
    t.eq(read(f"{top}/root/etc/hosts"), "# by a test\n127.0.0.1\tlocalhost\n10.0.0.2\tweb web.example # ours\n",
         "configure hosts")
    t.refused(lambda: hosts(location=f"{top}/root", entries=[entry(ipAddress="10.0.0.2")]), "INVALID_ARGUMENT", "name",
              "configure hosts: no name")


def proxies(a, t, top, host_port, guest_connect):
    """host_port(n): a listening socket for connections to host port n; guest_connect(n): one to a guest port."""
    sb, call = a.sb, a.sandbox
    proxy = lambda **kw: call.ProxyVsock(sb.ProxyVsockRequest(**kw), timeout=20)
    stop = lambda id: call.StopVsockProxy(sb.StopVsockProxyRequest(id=id), timeout=20)
    into, out_of = sb.ProxyVsockRequest.INTO, sb.ProxyVsockRequest.OUT_OF
    server = host_port(4321)

    def echo():
        while True:
            c, _ = server.accept()
            data = b""
            while piece := c.recv(65536):
                data += piece
            c.sendall(data[::-1])
            c.close()
    threading.Thread(target=echo, daemon=True).start()

    proxy(id="in", vsock_port=4321, guestPath=f"{top}/in.sock", guestSocketPermissions=0o620, action=into)
    st = call.Stat(sb.StatRequest(path=f"{top}/in.sock"), timeout=20).stat
    t.eq((stat.S_ISSOCK(st.mode), stat.S_IMODE(st.mode)), (True, 0o620), "proxy into: a socket with its mode")
    t.refused(lambda: proxy(id="in", vsock_port=1, guestPath=f"{top}/b", action=into), "ALREADY_EXISTS", "in", "an id twice")
    t.refused(lambda: proxy(id="in2", vsock_port=1, guestPath=f"{top}/in.sock", action=into), "ALREADY_EXISTS", "in.sock",
              "a path that is taken")
    proxy(id="out", vsock_port=4322, guestPath=f"{top}/in.sock", action=out_of)
    data = os.urandom(300000)
    c = guest_connect(4322)
    sent = threading.Thread(target=lambda: (c.sendall(data), c.shutdown(socket.SHUT_WR)))
    sent.start()
    got = b""
    while piece := c.recv(65536):
        got += piece
    sent.join()
    t.ok(got == data[::-1], "from a port of the guest to its socket to a port of the host, and back, with half-close",
         f"{len(got)} bytes")
    t.refused(lambda: proxy(id="bad", vsock_port=1, guestPath="x", action=into), "INVALID_ARGUMENT", "absolute", "a relative path")
    t.refused(lambda: proxy(id="bad", vsock_port=1, guestPath=f"{top}/no/x", action=into), "NOT_FOUND", "no/x", "no folder")
    t.refused(lambda: proxy(id="", vsock_port=1, guestPath=f"{top}/x", action=into), "INVALID_ARGUMENT", "id", "no id")
    stop("in")
    stop("out")
    t.refused(lambda: stop("in"), "NOT_FOUND", "in", "stopped twice")
    t.refused(lambda: call.Stat(sb.StatRequest(path=f"{top}/in.sock"), timeout=20), "NOT_FOUND", "in.sock", "the socket is gone")


def copies(a, t, top, host_port):
    """As proxies; top is an empty folder."""
    sb, call = a.sb, a.sandbox
    out, into = sb.CopyRequest.COPY_OUT, sb.CopyRequest.COPY_IN
    copy = lambda **kw: list(call.Copy(sb.CopyRequest(vsock_port=4400, **kw), timeout=60))
    statf = lambda path: call.Stat(sb.StatRequest(path=path), timeout=20).stat
    server, data, got = host_port(4400), os.urandom(3000000), []

    def serve(take=False):
        c, _ = server.accept()
        if take:
            piece = b""
            while more := c.recv(65536):
                piece += more
            got.append(piece)
        else:
            c.sendall(data)
            c.shutdown(socket.SHUT_WR)
            while c.recv(1):
                pass
        c.close()

    def with_host(call, **kw):
        host = threading.Thread(target=serve, kwargs=kw, daemon=True)
        host.start()
        result = call()
        host.join(20)
        return result

    answers = with_host(lambda: copy(direction=into, path=f"{top}/deep/in", mode=0o640, create_parents=True))
    t.eq([r.status for r in answers], [sb.CopyResponse.COMPLETE], "copy in: COMPLETE")
    st = statf(f"{top}/deep/in")
    t.eq((st.size, stat.S_IMODE(st.mode)), (len(data), 0o640), "with its size and mode, and the folder made")
    answers = with_host(lambda: copy(direction=out, path=f"{top}/deep/in"), take=True)
    t.eq([r.status for r in answers], [sb.CopyResponse.METADATA, sb.CopyResponse.COMPLETE], "copy out: METADATA, then COMPLETE")
    t.eq((answers[0].total_size, answers[0].is_archive, answers[0].error), (len(data), False, ""), "METADATA tells the size")
    t.ok(got == [data], "every byte came back", [len(x) for x in got])
    data = b""
    with_host(lambda: copy(direction=into, path=f"{top}/deep/in"))
    t.eq(statf(f"{top}/deep/in").size, 0, "copy in: nothing is a file, too; what was there is gone")
    t.refused(lambda: copy(direction=out, path=f"{top}/nobody"), "NOT_FOUND", "nobody", "copy out of what is missing")
    t.refused(lambda: copy(direction=into, path=f"{top}/no/folder"), "NOT_FOUND", "no/folder", "copy in without its folder")
    t.refused(lambda: copy(direction=into, path=f"{top}/deep"), "FAILED_PRECONDITION", "directory", "copy in over a folder")
    t.refused(lambda: copy(direction=into, path="x"), "INVALID_ARGUMENT", "absolute", "copy of a relative path")
    t.refused(lambda: copy(direction=out, path="/dev/null"), "INVALID_ARGUMENT", "regular", "copy out of a device")
    t.refused(lambda: list(call.Copy(sb.CopyRequest(direction=into, path=f"{top}/unheard", vsock_port=4401), timeout=60)),
              "UNAVAILABLE", "4401", "copy: a port that nobody listens on")


class CopyHost:
    """The host's end of copies, on port 4402."""

    def __init__(self, a, host_port):
        self.a, self.server = a, host_port(4402)

    def _call(self, done, kw):
        try:
            self.answers = list(self.a.sandbox.Copy(self.a.sb.CopyRequest(vsock_port=4402, **kw), timeout=60))
        except grpc.RpcError as e:
            self.error = e
        done.close()

    def _serve(self, c, data):
        try:
            if data is None:
                while piece := c.recv(1 << 20):
                    self.got += piece
            else:
                c.sendall(data)
                c.shutdown(socket.SHUT_WR)
                while c.recv(1 << 16):
                    pass
        except OSError:
            pass # who refuses what we send may close before it has read it
        c.close()

    def _copy(self, data, **kw):
        self.got, self.error, (over, done) = b"", None, socket.socketpair()
        call = threading.Thread(target=self._call, args=(done, kw), daemon=True)
        call.start()
        if self.server in select.select([self.server, over], [], [])[0]: # or it ended without asking for data
            self._serve(self.server.accept()[0], data)
        call.join()
        over.close()
        if self.error:
            raise self.error
        return self.answers

    def into(self, path, data, **kw):
        return self._copy(data, direction=self.a.sb.CopyRequest.COPY_IN, path=path, is_archive=True, **kw)

    def out(self, path):
        return self._copy(None, direction=self.a.sb.CopyRequest.COPY_OUT, path=path)


def tar_of(*entries, compress=gzip.compress, **kw):
    """Entries: (name, bytes or None, {fields of a TarInfo})."""
    f = io.BytesIO()
    with tarfile.open(fileobj=f, mode="w", format=tarfile.PAX_FORMAT, **kw) as tar:
        for name, data, fields in entries:
            info = tarfile.TarInfo(name)
            info.mode = 0o644
            for key, value in fields.items():
                setattr(info, key, value)
            info.size = len(data or b"")
            tar.addfile(info, io.BytesIO(data or b""))
    return compress(f.getvalue())


def folders(a, t, top, host_port):
    """Copies of folders. top: an empty folder of the agent's. The host's end is returned."""
    host, sb = CopyHost(a, host_port), a.sb
    statf = lambda path: a.sandbox.Stat(sb.StatRequest(path=path), timeout=20).stat
    exists = lambda path: status(lambda: statf(path)) != ("NOT_FOUND", f"stat: cannot find '{path}': No such file or directory")
    read = lambda path: (host.out(path), host.got)[1]
    folder, link, hard, fifo, char = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE
    long = "d/" + "n" * 200
    big = os.urandom(300000)
    odd = "odd \n\u00e9 name"
    archive = tar_of(("d", None, dict(type=folder, mode=0o2751, mtime=1000)), ("d/f", b"hello", dict(mode=0o4755, mtime=2000.5)),
                     (long, b"long", {}), ("d/" + odd, b"odd", {}), ("d/link", None, dict(type=link, linkname="../../../etc")),
                     ("d/hard", None, dict(type=hard, linkname="d/f")), ("d/fifo", None, dict(type=fifo)),
                     ("d/char", None, dict(type=char, devmajor=1, devminor=3)), ("x/y/z", b"deep", {}), ("big", big, {}),
                     ("zeros", bytes(3 << 20), {}))
    answers = host.into(f"{top}/in", archive, mode=0o711)
    t.eq([(r.status, r.is_archive, r.total_size, r.error) for r in answers], [(sb.CopyResponse.COMPLETE, False, 0, "")],
         "an archive in: COMPLETE")
    st = statf(f"{top}/in")
    t.eq(stat.S_IMODE(st.mode), 0o711, "its folder is made, with the mode asked for")
    st = statf(f"{top}/in/d")
    t.eq((stat.S_IMODE(st.mode), st.mtime.seconds), (0o2751, 1000), "a folder's mode and time")
    st = statf(f"{top}/in/d/f")
    t.eq((stat.S_IMODE(st.mode), st.mtime.seconds, st.mtime.nanos, st.nlink), (0o4755, 2000, 500000000, 2),
         "a file's mode, time and two names")
    t.eq((read(f"{top}/in/d/hard"), read(f"{top}/in/{long}"), read(f"{top}/in/d/{odd}"), read(f"{top}/in/x/y/z")),
         (b"hello", b"long", b"odd", b"deep"), "what is in files; folders that the archive leaves out are made")
    t.ok(read(f"{top}/in/big") == big, "a large file")
    st = statf(f"{top}/in/zeros")
    t.ok(st.size == 3 << 20 and st.blocks < 100, "zeros are a hole", st)
    t.ok(stat.S_ISFIFO(statf(f"{top}/in/d/fifo").mode) and not exists(f"{top}/in/d/char"), "a FIFO, and no device")
    answers = host.out(f"{top}/in")
    t.eq([(r.status, r.is_archive, r.total_size) for r in answers],
         [(sb.CopyResponse.METADATA, True, 0), (sb.CopyResponse.COMPLETE, False, 0)], "a folder out: METADATA, COMPLETE")
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(host.got))) as tar:
        members = {m.name: m for m in tar}
        t.eq(sorted(members), sorted(["d", "d/f", long, f"d/{odd}", "d/link", "d/hard", "d/fifo", "x", "x/y", "x/y/z", "big",
                                      "zeros"]), "the archive that comes out has what went in")
        m = members["d"]
        t.eq((m.isdir(), m.mode, m.mtime), (True, 0o2751, 1000), "a folder in it")
        files = [members["d/f"], members["d/hard"]]
        t.eq(sorted(m.type for m in files), [tarfile.REGTYPE, tarfile.LNKTYPE], "two names of a file are one file")
        f = [m for m in files if m.isreg()][0]
        t.eq((f.mode, f.mtime, tar.extractfile(f).read()), (0o4755, 2000.5, b"hello"), "a file in it")
        t.eq((members["d/link"].issym(), members["d/link"].linkname), (True, "../../../etc"), "a symlink as it was")
        t.ok(tar.extractfile(members["big"]).read() == big and members["zeros"].size == 3 << 20, "large files in it")
    first = host.got
    host.into(f"{top}/again", first)
    host.out(f"{top}/again")
    t.ok(sorted(names_of(host.got)) == sorted(members), "and back in")
    host.into(f"{top}/in", tar_of(("d/f", b"new", {}), ("d/link", b"no link now", {})))
    t.eq((read(f"{top}/in/d/f"), read(f"{top}/in/d/link"), read(f"{top}/in/d/hard")), (b"new", b"no link now", b"hello"),
         "files are replaced, not written through links; what else is there stays")
    host.into(f"{top}/empty", tar_of())
    host.out(f"{top}/empty")
    t.eq(names_of(host.got), [], "an empty folder, in and out")
    host.into(f"{top}/plain", tar_of(("f", b"plain", {}), compress=bytes))
    t.eq(read(f"{top}/plain/f"), b"plain", "a tar without gzip is taken, too")
    host.into(f"{top}/gnu", gzip.compress(gnu_tar(odd)))
    t.eq(read(f"{top}/gnu/{'g' * 150}/{odd}"), b"gnu", "GNU tar's long names")
    host.into(f"{top}/many", tar_of(*[(f"a/{i % 7}/{i}", b"%d" % i, {}) for i in range(2000)]))
    t.eq((read(f"{top}/many/a/3/1347"), read(f"{top}/many/a/4/1999")), (b"1347", b"1999"), "many small files")

    bad(t, top, host, exists, read, archive)
    return host


def names_of(archive):
    return tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive))).getnames()


def gnu_tar(odd):
    f = io.BytesIO()
    with tarfile.open(fileobj=f, mode="w", format=tarfile.GNU_FORMAT) as tar:
        info = tarfile.TarInfo(f"{'g' * 150}/{odd}")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"gnu"))
    return f.getvalue()


def bad(t, top, host, exists, read, archive):
    """What a hostile host or user may send: nothing of it gets out of its folder, and the agent lives."""
    folder, link, hard = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
    host.into(f"{top}/safe", tar_of(("secret", b"secret", {})))
    into = lambda *entries, **kw: (lambda: host.into(f"{top}/box", tar_of(*entries, **kw)))
    secret = f"{top}/safe/secret"
    t.refused(into(("../safe/secret", b"x", {})), "INVALID_ARGUMENT", "../safe/secret", "a path with '..'")
    t.refused(into(("a/../../safe/secret", b"x", {})), "INVALID_ARGUMENT", "a/../../safe", "'..' further in")
    into((f"{top}/safe/secret", b"x", {}))()
    t.eq(read(f"{top}/box{top}/safe/secret"), b"x", "an absolute name is one beneath the folder")
    t.refused(into(("up", None, dict(type=link, linkname="../safe")), ("up/secret", b"x", {})), "FAILED_PRECONDITION", "up/secret",
              "through a symlink that leads out")
    t.refused(into(("abs", None, dict(type=link, linkname=f"{top}/safe")), ("abs/secret", b"x", {})), "FAILED_PRECONDITION",
              "abs/secret", "through an absolute symlink")
    t.refused(into(("abs/new/deep", b"x", {})), "FAILED_PRECONDITION", "abs/new/deep", "new folders through one that was there")
    t.refused(into(("steal", None, dict(type=hard, linkname="../safe/secret"))), "INVALID_ARGUMENT", "steal", "a hard link out")
    t.refused(into(("steal", None, dict(type=hard, linkname="abs/secret"))), "FAILED_PRECONDITION", "steal",
              "a hard link through a symlink")
    t.refused(into(("steal", None, dict(type=hard, linkname="nobody"))), "NOT_FOUND", "steal", "a hard link to what is not there")
    into(("file", None, dict(type=link, linkname=f"{top}/safe/secret")), ("file", b"mine", {}))()
    t.eq(read(f"{top}/box/file"), b"mine", "a file over a symlink is a file")
    into(("two", None, dict(type=link, linkname=f"{top}/safe/secret")), ("three", None, dict(type=hard, linkname="two")),
         ("three", b"mine", {}))()
    t.eq(read(secret), b"secret", "what lies outside is as it was")
    t.ok(not exists(f"{top}/safe/new"), "and nothing new is there")
    into(("within/f", b"1", {}), ("w", None, dict(type=link, linkname="within")), ("w/g", b"2", {}))()
    t.eq(read(f"{top}/box/within/g"), b"2", "a symlink that stays inside may be used")
    t.refused(into(("within", b"x", {})), "FAILED_PRECONDITION", "within", "a file over a folder")
    t.refused(into(("within", None, dict(type=link, linkname="x"))), "FAILED_PRECONDITION", "within", "a symlink over a folder")
    t.refused(into(("within/f", None, dict(type=folder))), "FAILED_PRECONDITION", "within/f", "a folder over a file")
    t.refused(into(("within/f/g", b"x", {})), "FAILED_PRECONDITION", "within/f/g", "below a file")
    t.refused(into(("n" * 300, b"x", {})), "INVALID_ARGUMENT", "", "a name that is too long")
    t.refused(lambda: host.into(f"{top}/box/within/f", archive), "FAILED_PRECONDITION", "within/f", "an archive into a file")
    t.refused(lambda: host.into(f"{top}/no/such", archive), "NOT_FOUND", "no/such", "without the folder above")
    host.into(f"{top}/yes/such", archive, create_parents=True)
    t.eq(read(f"{top}/yes/such/d/f"), b"hello", "or with it, if that is asked for")
    raw = gzip.decompress(archive)
    for words, data in (("rubbish", os.urandom(5000)), ("rubbish that is gzip", gzip.compress(os.urandom(5000))),
                        ("nothing", b""), ("a gzip that is cut", archive[:-300]), ("without its check sum", archive[:-8]),
                        ("half its check sum", archive[:-4]), ("a wrong check sum", archive[:-8] + bytes(4) + archive[-4:]),
                        ("a tar that is cut in a file", gzip.compress(raw[:200000])),
                        ("a tar that is cut in a header", gzip.compress(raw[:700])),
                        ("a broken header", gzip.compress(raw[:148] + b"x" + raw[149:])),
                        ("bytes behind the tar", gzip.compress(raw + b"x" * 512)), ("bytes behind the gzip", archive + b"xyz"),
                        ("a PAX header without end", pax(b"9999 path=x\n")), ("a PAX header that is none", pax(b"x path=y\n")),
                        ("a PAX size that is none", pax(b"11 size=-1\n"))):
        t.refused(lambda: host.into(f"{top}/wrong", data), "DATA_LOSS", "", f"not an archive: {words}")
    t.refused(lambda: host.into(f"{top}/wrong", pax(b"x" * 5000, size=1 << 40)), "RESOURCE_EXHAUSTED", "larger",
              "a header of a terabyte")
    host.into(f"{top}/pad", archive + bytes(1000))
    t.eq(read(f"{top}/pad/d/f"), b"hello", "zeros behind it are nothing")
    host.into(f"{top}/two", gzip.compress(raw[:1000]) + gzip.compress(raw[1000:]))
    t.eq(read(f"{top}/two/d/f"), b"hello", "a gzip of two members is one archive")
    t.refused(lambda: host.out(f"{top}/nobody"), "NOT_FOUND", "nobody", "copy out of what is missing")
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = bomb.compress(tar_of(("bomb", b"", {}), compress=bytes)[:512]) + bomb.compress(bytes(64 << 20)) + bomb.flush()
    host.into(f"{top}/bomb", data)
    t.eq(read(f"{top}/bomb/bomb"), b"", "64 MiB of zeros behind the end")


def pax(records, size=None):
    """A PAX header, whatever it says, and nothing behind it."""
    block = bytearray(512)
    block[0:1], block[156:157], block[257:263], block[263:265] = b"p", b"x", b"ustar\0", b"00"
    block[100:108] = block[108:116] = block[116:124] = b"0000644\0"
    n = len(records) if size is None else size
    block[124:136] = b"%011o\0" % n if n < 1 << 33 else b"\x80" + n.to_bytes(11, "big")
    block[136:148] = b"00000000000\0"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return gzip.compress(bytes(block) + records + bytes(-len(records) % 512))

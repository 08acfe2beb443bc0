# SPDX-License-Identifier: Apache-2.0
# The calls of SandboxContext that need no container, and their statuses: of an agent on a socket, and in a VM.
import os
import socket
import stat
import threading


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
    t.refused(lambda: copy(direction=out, path=top), "UNIMPLEMENTED", top, "copy out of a folder")
    t.refused(lambda: list(call.Copy(sb.CopyRequest(direction=into, path=f"{top}/unheard", vsock_port=4401), timeout=60)),
              "UNAVAILABLE", "4401", "copy: a port that nobody listens on")

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tree_image.py DIR EXPECT [--entries N]

Makes an OCI image layout in DIR of three layers: files of this machine's own Debian (of /etc, /usr/sbin,
/usr/share/doc) with owners, modes and times in nanoseconds; what images do that distributions do not (devices, set-uid,
capabilities, extended attributes, long and odd names, hard links); and a layer that takes away: whiteouts, an opaque
folder, files that become folders and links. EXPECT gets the tree that must come of it, made here without any tar
being read: a JSON object of path -> what tree_check.py looks at.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import random
import stat
import tarfile

from oci_image import CONFIG, INDEX, LAYER, MANIFEST, Layout

EPOCH = 1_600_000_000


def when(ns):
    return f"{'-' if ns < 0 else ''}{abs(ns) // 10**9}.{abs(ns) % 10**9:09d}"


class Layer:
    """A tar that is written, and the tree that is expected, side by side."""

    def __init__(self, tree):
        self.tree = tree
        self.out = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.out, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, path, kind, mode, uid=0, gid=0, mtime=EPOCH * 10**9, data=b"", target=None, dev=None, xattrs=None):
        info = tarfile.TarInfo(path)
        info.type = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE,
                     "chr": tarfile.CHRTYPE, "blk": tarfile.BLKTYPE, "fifo": tarfile.FIFOTYPE}[kind]
        info.mode, info.uid, info.gid, info.mtime = mode, uid, gid, mtime // 10**9
        info.pax_headers["mtime"] = when(mtime)
        for name, value in (xattrs or {}).items():
            info.pax_headers["SCHILY.xattr." + name] = value
        if kind == "file":
            info.size = len(data)
        if target is not None:
            info.linkname = target
        if dev:
            info.devmajor, info.devminor = dev
        self.tar.addfile(info, io.BytesIO(data) if kind == "file" else None)
        if kind == "hard":
            self.tree[path] = self.tree[target]
            return
        old = self.tree.get(path)
        if old and old["kind"] == "dir" and kind != "dir":
            self.forget(path)
        if kind == "dir" and old and old["kind"] == "dir":
            self.tree.pop(path)
        entry = {"kind": kind, "mode": mode, "uid": uid, "gid": gid, "mtime": mtime, "xattrs": sorted(xattrs or {})}
        if kind == "file":
            entry["sha256"], entry["size"] = hashlib.sha256(data).hexdigest(), len(data)
        if kind == "link":
            entry["target"] = target
        if dev:
            entry["dev"] = list(dev)
        self.tree[path] = entry

    def forget(self, path, below_only=False):
        for p in [p for p in self.tree if p.startswith(path + "/") or (p == path and not below_only)]:
            del self.tree[p]

    def whiteout(self, path):
        self.mark(os.path.join(os.path.dirname(path), ".wh." + os.path.basename(path)))
        self.forget(path)

    def opaque(self, path):
        self.mark(path + "/.wh..wh..opq")
        self.forget(path, below_only=True)

    def mark(self, path):
        self.tar.addfile(tarfile.TarInfo(path))

    def bytes(self):
        self.tar.close()
        return self.out.getvalue()


def real_files(layer, top, most, rng):
    """This machine's files beneath top, a parent before what it holds."""
    n = 0
    inodes = {}
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in [folder] + [os.path.join(folder, f) for f in sorted(files) + [d for d in folders if
                     os.path.islink(os.path.join(folder, d))]]:
            if n >= most:
                return
            st = os.lstat(name)
            path = name.lstrip("/")
            mtime = st.st_mtime_ns // 10**9 * 10**9 + rng.randrange(10**9)
            args = dict(mode=stat.S_IMODE(st.st_mode), uid=rng.choice((0, 0, 1, 33, 1000, 70000)),
                        gid=rng.choice((0, 0, 8, 100, 70000)), mtime=mtime)
            if stat.S_ISLNK(st.st_mode):
                layer.add(path, "link", 0o777, args["uid"], args["gid"], mtime, target=os.readlink(name))
            elif stat.S_ISDIR(st.st_mode):
                layer.add(path, "dir", **args)
            elif stat.S_ISREG(st.st_mode) and st.st_size < 4 << 20:
                if st.st_ino in inodes:
                    layer.add(path, "hard", target=inodes[st.st_ino], mode=0)
                else:
                    with open(name, "rb") as f:
                        layer.add(path, "file", data=f.read(), **args)
                    inodes[st.st_ino] = path
            n += 1


def odd_files(layer, rng):
    long = "odd/" + "/".join(c * 60 for c in "abcde")
    layer.add("odd", "dir", 0o1777)
    for i in range(1, 6):
        layer.add("/".join(long.split("/")[:i + 1]), "dir", 0o755)
    layer.add(long + "/" + "f" * 255, "file", 0o600, data=b"long")
    layer.add("odd/name \n\t'\"\\*? \u00e4\u2603", "file", 0o644, data=b"odd")
    layer.add("odd/empty", "file", 0o000)
    layer.add("odd/setuid", "file", 0o6755, data=b"#!/bin/sh\n")
    layer.add("odd/sparse", "file", 0o644, data=bytes(3 << 20) + b"end")
    layer.add("odd/random", "file", 0o644, data=rng.randbytes(5 << 20))
    layer.add("odd/null", "chr", 0o666, dev=(1, 3))
    layer.add("odd/disk", "blk", 0o660, gid=6, dev=(259, 70000))
    layer.add("odd/fifo", "fifo", 0o600)
    layer.add("odd/old", "file", 0o644, mtime=-5 * 10**9 + 123456789, data=b"before 1970")
    layer.add("odd/far", "file", 0o644, mtime=10**10 * 10**9 + 999999999, data=b"after 2038")
    layer.add("odd/attributes", "file", 0o644, data=b"x", xattrs={"user.one": "1", "user.two": "2" * 300})
    layer.add("odd/capable", "file", 0o755, data=b"x",
              xattrs={"security.capability": "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"})
    layer.add("odd/hard", "hard", 0, target="odd/setuid")
    layer.add("odd/deep link", "link", 0o777, target="x" * 1000)
    for i in range(1500):
        layer.add(f"many/{i:04d}-{'n' * (i % 50)}", "file", 0o644, uid=i, data=b"%d" % i)


def taken_away(layer):
    layer.whiteout("etc/hostname")
    layer.whiteout("many/0001-n")
    layer.opaque("etc/apt")
    layer.add("etc/apt/new", "file", 0o644, data=b"after the opaque marker")
    layer.whiteout("odd/null")
    layer.add("odd/null", "file", 0o644, data=b"a file now")
    layer.add("odd/fifo", "dir", 0o700)
    layer.add("odd/fifo/in", "file", 0o644, data=b"in a folder that was a pipe")
    layer.whiteout("odd/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    layer.add("odd/hard", "file", 0o644, data=b"the other name stays")
    layer.add("many", "dir", 0o711, uid=5, gid=6, mtime=EPOCH * 10**9 + 7)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("dir")
    p.add_argument("expect")
    p.add_argument("--entries", type=int, default=4000)
    args = p.parse_args()
    rng = random.Random(1)
    tree, layers, diff_ids = {}, [], []
    layout = Layout(args.dir)

    first = Layer(tree)
    for path in ("usr", "usr/share"):
        first.add(path, "dir", 0o755)
    for top, most in (("/etc", args.entries // 4), ("/usr/sbin", args.entries // 4), ("/usr/share/doc", args.entries // 2)):
        real_files(first, top, most, rng)
    first.add("many", "dir", 0o755)
    first.add("etc/hostname", "file", 0o644, data=b"debian\n")
    first.add("etc/apt", "dir", 0o755)
    first.add("etc/apt/old", "file", 0o644, data=b"hidden")
    second, third = Layer(tree), None
    for layer in (first, second):
        if layer is second:
            odd_files(second, rng)
        data = layer.bytes()
        diff_ids.append("sha256:" + hashlib.sha256(data).hexdigest())
        layers.append(layout.add(gzip.compress(data, 3, mtime=0), LAYER))
    third = Layer(tree)
    taken_away(third)
    data = third.bytes()
    diff_ids.append("sha256:" + hashlib.sha256(data).hexdigest())
    layers.append(layout.add(gzip.compress(data, 3, mtime=0), LAYER))

    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    config = {"os": "linux", "architecture": machine, "created": "2026-01-01T00:00:00Z", "config": {"Cmd": ["sh"]},
              "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    top = layout.add_json({"schemaVersion": 2, "mediaType": MANIFEST, "config": layout.add_json(config, CONFIG),
                           "layers": layers}, MANIFEST)
    top["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    with open(f"{args.dir}/index.json", "w") as f:
        json.dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": [top]}, f)
    # names of one file: numbered groups
    groups = {}
    for path, entry in tree.items():
        groups.setdefault(id(entry), []).append(path)
    for paths in groups.values():
        for path in paths:
            tree[path] = dict(tree[path], names=sorted(paths))
    with open(args.expect, "w") as f:
        json.dump(tree, f)
    print(len(tree))


if __name__ == "__main__":
    main()

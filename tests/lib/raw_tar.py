# SPDX-License-Identifier: Apache-2.0
"""Tar streams whose every header is told, and beside them the tree that must come of the layers.

Tar writes what it is asked for, sensible or not. Tree knows what it means: names -> nodes, which layer put a name
there, what whiteouts hide. Neither reads a tar.
"""
import hashlib
import json

BLOCK = 512


def octal(n, width):
    return b"%0*o\0" % (width - 1, n)


def base256(n, width):
    return (n & (1 << (8 * width)) - 1 | 1 << (8 * width - 1)).to_bytes(width, "big")


def pax_record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    size = len(body)
    while len(str(size)) + len(body) != size:
        size = len(str(size)) + len(body)
    return str(size).encode() + body


def pax_time(ns):
    whole, part = divmod(abs(ns), 10**9)
    return (b"-" if ns < 0 else b"") + b"%d.%09d" % (whole, part)


class Tar:
    def __init__(self):
        self.out = bytearray()

    def data(self, body):
        self.out += body + bytes(-len(body) % BLOCK)

    def header(self, name, kind, mode=0o644, uid=0, gid=0, size=0, mtime=0, link=b"", magic=b"ustar\00000", dev=None,
               prefix=b"", tail=None):
        """Numbers that do not fit are base-256. magic b"" is a header of before POSIX; tail: what stands from 345 on."""
        def number(n, width):
            return octal(n, width) if 0 <= n < 8 ** (width - 1) else base256(n, width)
        h = bytearray(BLOCK)

        def put(at, value):
            h[at:at + len(value)] = value
        put(0, name)
        put(100, octal(mode, 8))
        put(108, number(uid, 8))
        put(116, number(gid, 8))
        put(124, number(size, 12))
        put(136, number(mtime, 12))
        put(148, b" " * 8)
        put(156, kind)
        put(157, link)
        put(257, magic)
        if dev:
            put(329, number(dev[0], 8))
            put(337, number(dev[1], 8))
        put(345, prefix if tail is None else tail)
        assert len(h) == BLOCK and len(name) <= 100 and len(link) <= 100
        put(148, b"%06o\0 " % sum(h))
        self.out += h

    def pax(self, records, kind=b"x"):
        """records: a dict, or pairs where a key comes more than once."""
        pairs = records.items() if isinstance(records, dict) else records
        body = b"".join(pax_record(k, v) for k, v in pairs)
        self.header(b"pax", kind, size=len(body))
        self.data(body)

    def gnu_long(self, kind, value):
        self.header(b"././@LongLink", kind, size=len(value) + 1, magic=b"ustar  \0")
        self.data(value + b"\0")

    def bytes(self):
        return bytes(self.out) + bytes(2 * BLOCK)


class Tree:
    def __init__(self):
        self.nodes = {b"": {"kind": "dir", "mtime": None}}
        self.layers = {b"": 0}
        self.layer = 0

    def below(self, path):
        return [p for p in self.nodes if p.startswith(path + b"/" if path else b"") and p != path]

    def drop(self, path):
        for p in self.below(path) + [path]:
            del self.nodes[p], self.layers[p]

    def imply(self, path):
        self.nodes[path] = {"kind": "dir", "mode": 0o755, "uid": 0, "gid": 0, "mtime": None, "xattrs": {}}
        self.layers[path] = self.layer

    def parents(self, path):
        at = b""
        for part in path.split(b"/")[:-1]:
            at = at + b"/" + part if at else part
            if self.nodes.get(at, {}).get("kind") != "dir":
                if at in self.nodes:
                    self.drop(at)
                self.imply(at)

    def put(self, path, node):
        self.parents(path)
        old = self.nodes.get(path)
        if old and (old["kind"] != "dir" or node["kind"] != "dir"):
            self.drop(path)
        self.nodes[path] = node
        self.layers[path] = self.layer

    def hide(self, path, itself=True):
        """What lower layers put at path and beneath it. A directory that holds something of this layer stays, as one that
        nobody has described."""
        kept = set()
        for p in sorted(self.below(path) + ([path] if itself else []), key=lambda p: p.split(b"/"), reverse=True):
            if self.layers[p] < self.layer and p not in kept:
                del self.nodes[p], self.layers[p]
                continue
            kept.add(p.rpartition(b"/")[0])
            if self.layers[p] < self.layer:
                self.imply(p)

    def write(self, path):
        """A line each. names and first tell which are one file."""
        first, names = {}, {}
        for p, n in sorted(self.nodes.items(), key=lambda item: item[0]):
            first.setdefault(id(n), p.hex())
            names[id(n)] = names.get(id(n), 0) + 1
        with open(path, "w") as f:
            for p, n in self.nodes.items():
                f.write(json.dumps({"path": p.hex(), **n, "names": names[id(n)], "first": first[id(n)]}) + "\n")


class Layer:
    """Entries of one layer: each method writes to the tar and says what it means for the tree."""

    def __init__(self, tree):
        self.tar, self.tree = Tar(), tree
        tree.layer += 1

    def entry(self, path, kind, mode=0o644, uid=0, gid=0, mtime=1600000000 * 10**9, name=None, at=None, form="pax",
              link=b"", data=b"", dev=None, xattrs=None, records=None, letter=None, node=None):
        """path: in the tree, if at does not say otherwise; name: its spelling in the tar. form: pax, gnu or v7."""
        letter = letter or {"file": b"0", "hard": b"1", "link": b"2", "chr": b"3", "blk": b"4", "dir": b"5", "fifo": b"6"}[kind]
        name = path + (b"/" if kind == "dir" else b"") if name is None else name
        rec = dict(records or {})
        for key, value in (xattrs or {}).items():
            rec[b"SCHILY.xattr." + key] = value
        head = dict(mode=mode, uid=uid, gid=gid, size=len(data), mtime=mtime // 10**9, dev=dev)
        if form == "pax":
            if mtime % 10**9 or not 0 <= mtime // 10**9 < 8**11:
                rec[b"mtime"], head["mtime"] = pax_time(mtime), 0
            for key in ("uid", "gid"):
                if head[key] >= 8**7:
                    rec[key.encode()], head[key] = b"%d" % head[key], 0
            if len(name) > 100 or not name.isascii():
                rec[b"path"], name = name, b"long"
            if len(link) > 100 or not link.isascii():
                rec[b"linkpath"], link_field = link, b"long"
            else:
                link_field = link
            if rec:
                self.tar.pax(rec)
            self.tar.header(name, letter, link=link_field, **head)
        else:
            for flag, value in ((b"K", link), (b"L", name)):
                if len(value) > 100:
                    self.tar.gnu_long(flag, value)
            self.tar.header(name[:100], letter, link=link[:100], magic=b"ustar  \0" if form == "gnu" else b"", **head)
        self.tar.data(data)
        self.meaning(path if at is None else at, kind, mode, uid, gid, mtime, link, data, dev, xattrs, node)

    def meaning(self, path, kind, mode, uid, gid, mtime, link, data, dev, xattrs, node):
        if kind == "hard":
            self.tree.put(path, self.tree.nodes[link.strip(b"./")])
            return
        entry = {"kind": kind, "mode": 0o777 if kind == "link" else mode, "uid": uid, "gid": gid, "mtime": mtime,
                 "xattrs": {k.decode(): v.hex() for k, v in (xattrs or {}).items()}}
        if kind == "file":
            entry.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        if kind == "link":
            entry["target"] = link.hex()
        if dev:
            entry["dev"] = list(dev)
        self.tree.put(path, {**entry, **(node or {})})

    def mark(self, path):
        if len(path) > 100:
            self.tar.pax({b"path": path})
        self.tar.header(path[:100], b"0")

    def whiteout(self, path, name=None):
        """name: the path's spelling in the tar."""
        folder, _, base = (path if name is None else name).rpartition(b"/")
        self.mark((folder + b"/" if folder else b"") + b".wh." + base)
        if path in self.tree.nodes:
            self.tree.hide(path)

    def opaque(self, path, name=None):
        name = path if name is None else name
        self.mark((name + b"/" if name else b"") + b".wh..wh..opq")
        self.tree.hide(path, itself=False)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""random_stack.py SEED DIR

Makes DIR/layerN.tar, DIR/EXPECT and, for each way to store the layers, an OCI layout DIR/WAY: a few random layers over few
names, so that nearly each entry meets an earlier one. Files with holes, links across layers, sets of attributes that many
share, whiteouts, opaque markers, each kind over each other, ways through symbolic links. The same seed, the same bytes.
"""
import os
import random
import sys

from edge_image import write_layout
from raw_tar import Layer, Tree

NS = 10**9
NAMES = [b"a", b"b", b"c", b"d", b"e", b"f.g", "ö".encode(), b"n" * 120]
MODES = [0, 0o444, 0o644, 0o755, 0o1777, 0o2750, 0o4711, 0o7777]
IDS = [0, 0, 1, 33, 1000, 65534, 65536, 2**31, 2**32 - 2]
TIMES = [0, 1, -NS - 1, NS, -5 * NS // 2, 1600000000 * NS + 123456789, 2**31 * NS + 7, 2**32 * NS, (2**34 - 2**31) * NS - 1, -2**31 * NS]
SMALL = {b"trusted.s": b"small"}
SETS = [{}, {}, {}, SMALL, {b"trusted.v": b"v" * 40}, {b"trusted.block": b"B" * 1500},
        {b"trusted.block": b"B" * 1500, b"trusted.s": b"small"}, {b"trusted.most": bytes(range(256)) * 15}]
USER = [{b"user.u": b"text"}, {b"user.u": b"text", **SMALL}, {b"user.x": b"X" * 3000},
        {b"user.%02d" % i: b"%d" % i * 4 for i in range(40)},
        {b"security.capability": bytes.fromhex("0100000200040000000000000000000000000000")}]
BLOCK = 4096


class Stack:
    def __init__(self, seed):
        self.rnd = random.Random(seed)
        self.tree = Tree()
        self.layer = None
        self.count = 0

    def path(self):
        return b"/".join(self.rnd.choice(NAMES) for _ in range(self.rnd.choice((1, 1, 2, 2, 2, 3, 4))))

    def kind(self, path):
        return self.tree.nodes.get(path, {}).get("kind")

    def resolve(self, path):
        """Where an entry of that name goes: symbolic links on the way are followed. None if that is refused, or leads to
        what is not there."""
        done, todo, followed = b"", path.split(b"/"), 0
        while len(todo) > 1:
            part = todo.pop(0)
            at = done + b"/" + part if done else part
            if self.kind(at) == "link":
                target = bytes.fromhex(self.tree.nodes[at]["target"])
                followed += 1
                if followed > 8:
                    return None
                if target.startswith(b"/"):
                    done = b""
                goal = done
                for step in target.strip(b"/").split(b"/"):
                    goal = goal.rpartition(b"/")[0] if step == b".." else goal + b"/" + step if goal else step
                    if goal and self.kind(goal) != "dir":
                        return None
                done = goal
                continue
            if at in self.tree.nodes and self.kind(at) != "dir" and self.tree.layers[at] == self.tree.layer:
                return None
            done = at
        return done + b"/" + todo[0] if done else todo[0]

    def attributes(self, kind):
        r = self.rnd
        sets = SETS + (USER if kind in ("file", "dir") else [])
        return dict(mode=r.choice(MODES), uid=r.choice(IDS), gid=r.choice(IDS),
                    mtime=r.choice(TIMES) if r.random() < .5 else r.randrange(2**33 * NS),
                    xattrs={} if kind == "link" else r.choice(sets))

    def add(self, name, at):
        r = self.rnd
        kind = r.choice(("file",) * 6 + ("dir",) * 5 + ("link", "link", "chr", "blk", "fifo"))
        a = self.attributes(kind)
        self.count += 1
        if kind == "file" and r.random() < .2:
            self.sparse(name, at, a)
            return
        more = {}
        if kind == "file":
            more["data"] = self.text(r.choice((0, 1, 512, r.randrange(30000), 4096, r.randrange(100000))))
            if not a["xattrs"]:
                more["node"] = {"blocks": -(-len(more["data"]) // BLOCK)}
        if kind == "link":
            more["link"] = self.target(at)
        if kind in ("chr", "blk"):
            more["dev"] = r.choice(((1, 3), (8, 300), (4095, 1048575)))
        self.layer.entry(at, kind, name=name + (b"/" if kind == "dir" else b""), **a, **more)

    def text(self, n):
        return (b"%d of %d. " % (self.count, n) * (n // 8 + 1))[:n]

    def target(self, at):
        """Of a folder that is there, mostly, and by either kind of way."""
        folders = [p for p, n in self.tree.nodes.items() if n["kind"] == "dir" and p]
        if not folders or self.rnd.random() < .2:
            return self.rnd.choice((b"nowhere", b"t" * 59, b"t" * 60, b"u/" * 400))
        to = self.rnd.choice(folders)
        return b"/" + to if self.rnd.random() < .5 else b"../" * at.count(b"/") + to

    def sparse(self, name, at, a):
        """PAX 1.0: the map stands before the content."""
        r = self.rnd
        spans, pos = [], 0
        for _ in range(r.randrange(5)):
            pos += r.randrange(40) * BLOCK
            n = r.randrange(1, 5) * BLOCK
            spans.append((pos, self.text(n)))
            pos += n
        size = pos + r.randrange(3) * 5000
        content = bytearray(size)
        for off, body in spans:
            content[off:off + len(body)] = body
        head = [(off, len(body)) for off, body in spans] + [(size, 0)]
        text = b"%d\n" % len(head) + b"".join(b"%d\n%d\n" % s for s in head)
        text += bytes(-len(text) % 512)
        records = {b"GNU.sparse.major": b"1", b"GNU.sparse.minor": b"0", b"GNU.sparse.name": name,
                   b"GNU.sparse.realsize": b"%d" % size, b"mtime": b"%d.%09d" % divmod(abs(a["mtime"]), NS),
                   **{b"SCHILY.xattr." + k: v for k, v in a["xattrs"].items()}}
        a["mtime"] = abs(a["mtime"])
        body = text + b"".join(b for _, b in spans)
        self.layer.tar.pax(records)
        self.layer.tar.header(b"sparse", b"0", mode=a["mode"], uid=a["uid"], gid=a["gid"], size=len(body))
        self.layer.tar.data(body)
        blocks = {"blocks": sum(len(b) for _, b in spans) // BLOCK} if not a["xattrs"] else None
        self.layer.meaning(at, "file", a["mode"], a["uid"], a["gid"], a["mtime"], b"", bytes(content), None, a["xattrs"], blocks)

    def link(self, name, at):
        nodes = [p for p, n in self.tree.nodes.items() if n["kind"] != "dir" and not (at + b"/").startswith(p + b"/")]
        if nodes:
            self.layer.entry(at, "hard", name=name, link=self.rnd.choice(nodes))

    def step(self):
        name = self.path()
        at = self.resolve(name)
        what = self.rnd.random()
        if at is None:
            return
        if what < .70:
            self.add(name, at)
        elif what < .84:
            self.link(name, at)
        elif what < .92:
            self.layer.whiteout(at, name)
        elif self.kind(at) == "dir":
            self.layer.opaque(at, name)
        elif what > .995:
            self.layer.opaque(b"", b"")

    def layers(self):
        for _ in range(self.rnd.randrange(2, 7)):
            self.layer = Layer(self.tree)
            for _ in range(self.rnd.randrange(10, 90)):
                self.step()
            yield self.layer.tar.bytes()


def main():
    seed, where = int(sys.argv[1]), sys.argv[2]
    os.makedirs(where, exist_ok=True)
    s = Stack(seed)
    tars = list(s.layers())
    for i, t in enumerate(tars):
        with open(f"{where}/layer{i}.tar", "wb") as out:
            out.write(t)
    for way in ("gzip", "zstd", "none"):
        write_layout(f"{where}/{way}", tars, way)
    s.tree.write(f"{where}/EXPECT")
    print(len(s.tree.nodes))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""edge_image.py DIR

Makes DIR/EXPECT and one OCI layout for each way to store the same three layers: gzip, members (several gzip members),
zstd, frames (several zstd frames, skippable ones between), none, sha512. The layers are what a tar or an image may be and
seldom is: each form of sparse file, PAX and GNU, names and numbers that fit no field, hard links of everything and
to lower layers, names that come twice, whiteouts and opaque markers before, behind and beside what they hide.
"""
import base64
import gzip
import hashlib
import json
import os
import struct
import subprocess
import sys
import zlib

from oci_image import CONFIG, INDEX, MANIFEST
from raw_tar import Layer, Tree, octal

NS = 10**9
NO_ID = 0xffffffff
ACL_USER_OBJ, ACL_USER, ACL_GROUP_OBJ, ACL_GROUP, ACL_MASK, ACL_OTHER = 1, 2, 4, 8, 16, 32


def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


def f(layer, path, data=b"x", **more):
    layer.entry(path, "file", data=data, **more)


def d(layer, path, **more):
    layer.entry(path, "dir", **{"mode": 0o755, **more})


def hard(layer, path, target, **more):
    layer.entry(path, "hard", link=target, **more)


def links(l):
    d(l, b"links")
    f(l, b"links/file", b"a file\n")
    l.entry(b"links/sym", "link", link=b"file")
    l.entry(b"links/null", "chr", mode=0o666, dev=(1, 3))
    l.entry(b"links/pipe", "fifo", mode=0o640)
    for name in (b"file", b"sym", b"null", b"pipe"):
        hard(l, b"links/2-" + name, b"links/" + name)
    hard(l, b"links/absolute", b"/links/file")
    hard(l, b"links/dot", b"./links/file")
    hard(l, b"links/gnu", b"links/file", form="gnu")
    for n in (59, 60, 100, 101, 255, 4000):
        l.entry(b"links/to-%d" % n, "link", link=(b"t" * 199 + b"/") * (n // 200) + b"u" * (n % 200))
    l.entry(b"links/to-gnu", "link", link=b"g" * 300, form="gnu")
    l.entry(b"links/to-utf8", "link", link="é\u2603".encode())
    l.entry(b"links/to-bytes", "link", link=b"\xff\xfe/x")
    f(l, b"links/most", b"65000 names")
    d(l, b"links/all")
    for i in range(64999):
        hard(l, b"links/all/%d" % i, b"links/most")


def devices(l):
    d(l, b"dev")
    l.entry(b"dev/large", "chr", mode=0o600, dev=(4095, 1048575))
    l.entry(b"dev/disk", "blk", mode=0o660, gid=6, dev=(8, 300))


def attributes(l):
    d(l, b"attr", xattrs={b"user.of-a-folder": b"1"})
    f(l, b"attr/cap", xattrs={b"security.capability": struct.pack("<5I", 0x2000001, 0x400, 0, 0, 0)})
    f(l, b"attr/cap3", xattrs={b"security.capability": struct.pack("<6I", 0x3000001, 0x400, 0, 0, 0, 100000)})
    f(l, b"attr/bytes", xattrs={b"user.bytes": bytes(range(255, -1, -1)), b"user.text": "é\n=".encode()})
    f(l, b"attr/block", xattrs={b"user.block": b"B" * 3500})
    for i in range(5):
        f(l, b"attr/shared-%d" % i, xattrs={b"user.shared": b"S" * 1000, b"trusted.n": b"same"})
    f(l, b"attr/many", xattrs={b"user.%02d" % i: b"%d" % i * i for i in range(1, 30)})
    f(l, b"attr/base64", records={b"LIBARCHIVE.xattr.user.b": base64.b64encode(b"\0\1\2")},
      node={"xattrs": {"user.b": "000102"}})
    want = acl((ACL_USER_OBJ, 6, NO_ID), (ACL_USER, 4, 1000), (ACL_GROUP_OBJ, 4, NO_ID), (ACL_GROUP, 0, 70000),
               (ACL_MASK, 5, NO_ID), (ACL_OTHER, 0, NO_ID)).hex()
    f(l, b"attr/acl", mode=0o650, node={"xattrs": {"system.posix_acl_access": want}},
      records={b"SCHILY.acl.access": b"user::rw-,user:joe:r--:1000,group::r--,group:g:---:70000,mask::r-x,other::---"})
    f(l, b"attr/acl-x", mode=0o650, xattrs={b"system.posix_acl_access": bytes.fromhex(want)})
    default = acl((ACL_USER_OBJ, 7, NO_ID), (ACL_USER, 7, 33), (ACL_GROUP_OBJ, 5, NO_ID), (ACL_MASK, 7, NO_ID),
                  (ACL_OTHER, 0, NO_ID)).hex()
    d(l, b"attr/acl-dir", node={"xattrs": {"system.posix_acl_default": default}},
      records={b"SCHILY.acl.default": b"user::rwx,user:33:rwx:33,group::r-x,mask::rwx,other::---"})


def sparse(l):
    """The same file in each form; and all hole, and a hole at the end."""
    runs, size = [(0, b"A" * 512), (1 << 20, b"B" * 5120), ((3 << 20) + 512, b"C" * 1024)], 8 << 20
    content = bytearray(size)
    for at, body in runs:
        content[at:at + len(body)] = body
    body = b"".join(b for _, b in runs)
    spans = [(at, len(b)) for at, b in runs] + [(size, 0)]

    def put(name, blocks=4, data=bytes(content)):
        l.meaning(name, "file", 0o600, 0, 0, 5 * NS, b"", data, None, None, {"blocks": blocks})

    def header(name, **more):
        l.tar.header(name, mode=0o600, mtime=5, **{"kind": b"0", "size": len(body), **more})
    d(l, b"sparse")
    # GNU of old: 4 spans in the header, the others in blocks behind it
    def pairs(v):
        return b"".join(octal(a, 12) + octal(n, 12) for a, n in v)
    header(b"sparse/gnu", kind=b"S", magic=b"ustar  \0",
           tail=bytes(41) + pairs(spans).ljust(96, b"\0") + b"\0" + octal(size, 12))
    l.tar.data(body)
    put(b"sparse/gnu")
    many = [(i * 65536, b"%d" % i * 512) for i in range(10)] + [(1 << 20, b"Z" * 512)]
    at = [(a, len(b)) for a, b in many] + [(2 << 20, 0)] * 14
    header(b"sparse/gnu-long", kind=b"S", magic=b"ustar  \0", size=512 * len(many),
           tail=bytes(41) + pairs(at[:4]) + b"\1" + octal(2 << 20, 12))
    l.tar.data(pairs(at[4:25]).ljust(504, b"\0"))
    l.tar.data(b"".join(b for _, b in many))
    whole = bytearray(2 << 20)
    for a, b in many:
        whole[a:a + len(b)] = b
    put(b"sparse/gnu-long", len(many), bytes(whole))
    # PAX 0.0: a pair of records a span
    l.tar.pax([(b"GNU.sparse.size", b"%d" % size), (b"GNU.sparse.numblocks", b"%d" % len(spans))] +
              [r for a, n in spans for r in ((b"GNU.sparse.offset", b"%d" % a), (b"GNU.sparse.numbytes", b"%d" % n))])
    header(b"sparse/0.0")
    l.tar.data(body)
    put(b"sparse/0.0")
    # 0.1: one record, and the name apart
    l.tar.pax({b"GNU.sparse.size": b"%d" % size, b"GNU.sparse.numblocks": b"%d" % len(spans), b"GNU.sparse.name": b"sparse/0.1",
               b"GNU.sparse.map": b",".join(b"%d,%d" % s for s in spans)})
    header(b"sparse/GNUSparseFile.1/0.1")
    l.tar.data(body)
    put(b"sparse/0.1")
    # 1.0: the map stands before the content
    for name, spans, body, size, blocks in ((b"sparse/1.0", spans, body, size, 4), (b"sparse/hole", [(1 << 26, 0)], b"", 1 << 26, 0)):
        text = b"%d\n" % len(spans) + b"".join(b"%d\n%d\n" % s for s in spans)
        text += bytes(-len(text) % 512)
        l.tar.pax({b"GNU.sparse.major": b"1", b"GNU.sparse.minor": b"0", b"GNU.sparse.name": name,
                   b"GNU.sparse.realsize": b"%d" % size})
        header(b"sparse/GNUSparseFile.1/x", size=len(text + body))
        l.tar.data(text + body)
        put(name, blocks, bytes(content) if body else bytes(1 << 26))


def names(l):
    d(l, b"names")
    for n in (99, 100, 101, 255):
        f(l, b"names/" + b"p" * (n - 6 if n < 255 else n))
    f(l, b"names/" + b"g" * 250, form="gnu")
    deep = b"names/" + b"/".join(bytes([c]) * 250 for c in b"abcd")
    for i in range(1, 5):
        d(l, b"/".join(deep.split(b"/")[:i + 1]), form="gnu" if i % 2 else "pax")
    f(l, deep + b"/over 1000")
    l.tar.header(b"q" * 90, b"0", prefix=b"names/" + b"a" * 140)
    l.meaning(b"names/" + b"a" * 140 + b"/" + b"q" * 90, "file", 0o644, 0, 0, 0, b"", b"", None, None, None)
    f(l, "names/Grüße-日本-😀".encode())
    f(l, b"names/latin1-\xe4\xff\x80")
    f(l, b"names/gnu-\xe4\xff\x80", form="gnu")
    f(l, b"names/new\nline")
    f(l, b"names/'\"\\ *?[ \t")
    f(l, b"names/.wh")
    f(l, b"names/..x..")
    f(l, b"names/unclean", name=b"./names//./unclean")
    f(l, b"names/absolute", name=b"/names/absolute")
    f(l, b"names/old", form="v7")
    f(l, b"names/zero", letter=b"\0")
    f(l, b"names/seven", letter=b"7", data=b"contiguous")
    d(l, b"names/old-dir", form="v7", letter=b"\0", name=b"names/old-dir/")
    f(l, b"implied/by/this")
    l.tar.pax({b"comment": b"0123456789abcdef"}, kind=b"g")
    f(l, b"names/size", data=b"a record says how long")
    l.tar.out[-1024 + 124:-1024 + 136] = octal(len(b"a record says how long"), 12)


def numbers(l):
    d(l, b"num")
    for name, ns in ((b"now", 1600000000 * NS + 123456789), (b"zero", 0), (b"minus", -NS - 1), (b"before", -5 * NS // 2),
                     (b"first", -2**31 * NS), (b"y2038", 2**31 * NS), (b"y2106", 2**32 * NS + 1), (b"last", (2**34 - 2**31) * NS - 1)):
        f(l, b"num/" + name, mtime=ns)
        d(l, b"num/dir-" + name, mtime=ns)
        l.entry(b"num/link-" + name, "link", link=b"x", mtime=ns)
        f(l, b"num/gnu-" + name, mtime=ns // NS * NS, form="gnu")
    for form in ("pax", "gnu"):
        for n in (65535, 65536, 2097151, 2097152, 2**31, 2**32 - 2):
            f(l, b"num/%s-%d" % (form.encode(), n), uid=n, gid=2**32 - 2 - n, form=form)
    for mode in (0, 0o1777, 0o2755, 0o4755, 0o7777):
        f(l, b"num/mode-%04o" % mode, mode=mode)
        d(l, b"num/dir-%04o" % mode, mode=mode)


def large(l):
    d(l, b"huge")
    for i in range(20000):
        f(l, b"huge/%05d-%s" % (i, b"n" * (i % 40)), b"")
    path = b"deep"
    for i in range(200):
        d(l, path, mode=0o755 if i % 2 else 0o711)
        path += b"/%d" % i
    f(l, path, b"200 below")


def twice(l):
    d(l, b"twice")
    f(l, b"twice/file", b"first")
    f(l, b"twice/file", b"second", mode=0o600)
    d(l, b"twice/to-file")
    f(l, b"twice/to-file/in")
    f(l, b"twice/to-file", b"was a folder")
    l.entry(b"twice/to-dir", "link", link=b"nowhere")
    d(l, b"twice/to-dir", mode=0o700)
    f(l, b"twice/to-dir/in")
    d(l, b"twice/dir")
    f(l, b"twice/dir/kept")
    d(l, b"twice/dir", mode=0o700, uid=7, mtime=7 * NS + 7)
    f(l, b"twice/one", b"one")
    hard(l, b"twice/other", b"twice/one")
    f(l, b"twice/one", b"one anew")


def to_be_changed(l):
    d(l, b"usr")
    d(l, b"usr/lib")
    l.entry(b"lib", "link", link=b"usr/lib")
    f(l, b"usr/lib/through", name=b"lib/through")
    d(l, b"change")
    for name in (b"file", b"gone", b"kept", b"dir-to-be", b"link-to-be", b"one", b"linked"):
        f(l, b"change/" + name, b"lower " + name)
    hard(l, b"change/two", b"change/one")
    for name in (b"dir", b"gone-dir", b"partly", b"opaque", b"opaque-late", b"opaque-in"):
        d(l, b"change/" + name, xattrs={b"user.lower": b"1"})
        f(l, b"change/" + name + b"/a")
        d(l, b"change/" + name + b"/sub")
        f(l, b"change/" + name + b"/sub/b")
    l.entry(b"change/sym-to-dir", "link", link=b"dir")
    l.entry(b"change/back", "link", link=b"../change")


def changes(l):
    # before and behind what takes its place; of what is not there; of this layer's own
    l.whiteout(b"change/file")
    f(l, b"change/file", b"upper, behind its whiteout")
    f(l, b"change/kept", b"upper, before its whiteout")
    l.whiteout(b"change/kept")
    l.whiteout(b"change/gone")
    l.whiteout(b"change/never")
    l.whiteout(b"nowhere/at-all")
    f(l, b"change/own", b"own")
    l.whiteout(b"change/own")
    l.whiteout(b"change/gone-dir")
    l.whiteout(b"change/two")
    f(l, b"change/partly/new", b"new")
    l.whiteout(b"change/partly/sub")
    # opaque first, last, in the middle and beneath
    l.opaque(b"change/opaque")
    f(l, b"change/opaque/new", b"n")
    f(l, b"change/opaque-late/new", b"n")
    d(l, b"change/opaque-late/sub", mode=0o700)
    f(l, b"change/opaque-late/sub/new", b"n")
    l.opaque(b"change/opaque-late")
    l.opaque(b"change/opaque-in/sub")
    # other kinds
    d(l, b"change/dir-to-be")
    f(l, b"change/dir-to-be/in")
    l.entry(b"change/link-to-be", "link", link=b"one")
    f(l, b"change/dir", b"a file now")
    d(l, b"change/sym-to-dir")
    f(l, b"change/sym-to-dir/in")
    # links to what lower layers have
    hard(l, b"change/linked-2", b"change/linked")
    hard(l, b"links/upper", b"links/2-null")
    f(l, b"change/linked", b"renewed; the other name stays")
    # attributes alone
    d(l, b"attr", mode=0o711, uid=3, gid=4, mtime=9 * NS + 9)
    f(l, b"usr/lib/upper", name=b"lib/upper")
    f(l, b"change/one", name=b"change/back/one", data=b"by way of a link")


def top(l):
    """Takes away much, and brings some of it back."""
    l.whiteout(b"huge")
    d(l, b"huge")
    f(l, b"huge/one")
    l.whiteout(b"sparse/gnu-long")
    l.opaque(b"twice")
    l.whiteout(b"change/partly/new")
    d(l, b"", mode=0o751, mtime=11 * NS + 11, name=b"./")
    hard(l, b"change/file-3", b"change/file")
    l.whiteout(b"change/file")


def members(raw):
    cuts = [0, 1, 512, len(raw) // 3, len(raw) // 2, len(raw)]
    parts = [gzip.compress(raw[a:b], 1, mtime=0) for a, b in zip(cuts, cuts[1:])]
    # a header with all that one may have: extra field, name, comment, its own check sum
    h = b"\x1f\x8b\x08\x1e" + bytes(4) + b"\0\3" + struct.pack("<H", 6) + b"ab\2\0xy" + b"name\0" + b"comment\0"
    crc = struct.pack("<H", zlib.crc32(h) & 0xffff)
    parts[2] = h + crc + parts[2][10:]
    return b"".join(parts) + gzip.compress(b"", mtime=0)


def zstd(raw, level=1):
    return subprocess.run(["zstd", "-q", "-c", f"-{level}"], input=raw, stdout=subprocess.PIPE, check=True).stdout


def frames(raw):
    cuts = [0, 700, len(raw) // 2, len(raw)]
    skip = [struct.pack("<II", 0x184d2a50 + i, n) + b"s" * n for i, n in enumerate((0, 5, 70000))]
    return skip[1] + b"".join(zstd(raw[a:b], 1 + i) + skip[i] for i, (a, b) in enumerate(zip(cuts, cuts[1:])))


WAYS = {"gzip": (lambda raw: gzip.compress(raw, 1, mtime=0), "+gzip", "sha256"), "members": (members, "+gzip", "sha256"),
        "zstd": (zstd, "+zstd", "sha256"), "frames": (frames, "+zstd", "sha256"), "none": (bytes, "", "sha256"),
        "sha512": (lambda raw: gzip.compress(raw, 1, mtime=0), "+gzip", "sha512")}


def write_layout(path, tars, way):
    store, suffix, alg = WAYS[way]

    def add(data, media_type):
        digest = hashlib.new(alg, data).hexdigest()
        os.makedirs(f"{path}/blobs/{alg}", exist_ok=True)
        with open(f"{path}/blobs/{alg}/{digest}", "wb") as out:
            out.write(data)
        return {"mediaType": media_type, "digest": f"{alg}:{digest}", "size": len(data)}
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    layers = [add(store(t), "application/vnd.oci.image.layer.v1.tar" + suffix) for t in tars]
    config = {"os": "linux", "architecture": machine, "config": {"Cmd": ["sh"]},
              "rootfs": {"type": "layers", "diff_ids": [f"{alg}:" + hashlib.new(alg, t).hexdigest() for t in tars]}}
    manifest = add(json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": add(json.dumps(config).encode(), CONFIG),
                               "layers": layers}).encode(), MANIFEST)
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    with open(f"{path}/oci-layout", "w") as out:
        out.write('{"imageLayoutVersion":"1.0.0"}')
    with open(f"{path}/index.json", "w") as out:
        json.dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": [manifest]}, out)


def main():
    where, tree, tars = sys.argv[1], Tree(), []
    for parts in ((links, devices, attributes, sparse, names, numbers, large, twice, to_be_changed), (changes,), (top,)):
        layer = Layer(tree)
        for part in parts:
            part(layer)
        tars.append(layer.tar.bytes())
    for way in WAYS:
        write_layout(f"{where}/{way}", tars, way)
    for i, t in enumerate(tars):
        with open(f"{where}/layer{i}.tar", "wb") as out:
            out.write(t)
    tree.write(f"{where}/EXPECT")
    print(len(tree.nodes))


if __name__ == "__main__":
    main()

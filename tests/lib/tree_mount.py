#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tree_mount.py IMAGE EXPECT

Mounts an ext4 file read-only, in a mount namespace of its own, and compares what the kernel sees with the tree that
raw_tar.py's Tree wrote: every path, kind, mode, owner, time to the nanosecond, size, content, holes, target, device,
extended attribute with its value, and which names are one file. Needs root; exits with 77 where it may not mount.
"""
import ctypes
import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile

image, expect = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000
KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFCHR: "chr", stat.S_IFBLK: "blk",
         stat.S_IFIFO: "fifo", stat.S_IFSOCK: "sock"}


def mount(at):
    if libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None):
        return "it needs root"
    r = subprocess.run(["mount", "-o", "loop,ro", image, at], capture_output=True, text=True)
    return r.stderr.strip() if r.returncode else None


def walk(folder, path, found):
    """Folders by descriptor: a path may be longer than one call takes."""
    for name in map(os.fsencode, os.listdir(folder)):
        child = path + b"/" + name if path else name
        found[child] = st = os.lstat(name, dir_fd=folder)
        if stat.S_ISDIR(st.st_mode):
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            walk(fd, child, found)
            os.close(fd)


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


digests = {}  # by inode


def digest_once(path, st):
    if st.st_ino not in digests:
        digests[st.st_ino] = digest(path)
    return digests[st.st_ino]


def facts(path, st, want):
    got = {"kind": KINDS.get(stat.S_IFMT(st.st_mode)), "mode": stat.S_IMODE(st.st_mode), "uid": st.st_uid, "gid": st.st_gid,
           "mtime": st.st_mtime_ns}
    if got["kind"] == "file":
        got["size"] = st.st_size
        got["sha256"] = digest_once(path, st) if st.st_size == want.get("size") else None
        if "blocks" in want:
            got["blocks"] = st.st_blocks * 512 // 4096
    if got["kind"] == "link":
        got["target"] = os.readlink(path).hex()
    if got["kind"] in ("chr", "blk"):
        got["dev"] = [os.major(st.st_rdev), os.minor(st.st_rdev)]
    if "xattrs" in want:
        got["xattrs"] = {} if got["kind"] == "link" else {
            n: os.getxattr(path, n, follow_symlinks=False).hex() for n in os.listxattr(path, follow_symlinks=False)
            if n != "security.selinux"}
    return got


def compare(top, want):
    root = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    found = {b"": os.fstat(root)}
    walk(root, b"", found)
    os.close(root)
    wrong = [f"missing: {p!r}" for p in want if p not in found] + [f"not expected: {p!r}" for p in found if p not in want]
    first, count = {}, {}
    for p, st in sorted(found.items()):
        first.setdefault(st.st_ino, p)
        count[st.st_ino] = count.get(st.st_ino, 0) + 1
    for p, st in sorted(found.items()):
        if p not in want:
            continue
        got = facts(os.fsencode(top) + b"/" + p, st, want[p])
        got["names"], got["first"] = count[st.st_ino], first[st.st_ino].hex()
        if not stat.S_ISDIR(st.st_mode) and st.st_nlink != got["names"]:
            wrong.append(f"{p!r}: {st.st_nlink} links, {got['names']} names")
        for key, value in want[p].items():
            if value is not None and got.get(key) != value:
                wrong.append(f"{p!r}: {key} is {str(got.get(key))[:200]}, not {str(value)[:200]}")
    return found, wrong


def main():
    with open(expect) as f:
        want = {bytes.fromhex(n.pop("path")): n for n in map(json.loads, f)}
    sys.setrecursionlimit(10000)
    with tempfile.TemporaryDirectory() as at:
        why = mount(at)
        if why:
            print(f"cannot mount: {why}")
            return 77
        try:
            found, wrong = compare(at, want)
        finally:
            subprocess.run(["umount", "-l", at], check=True)
    for line in wrong[:40]:
        print(line)
    print(f"{len(found)} paths, {len(wrong)} wrong")
    return wrong != []


if __name__ == "__main__":
    sys.exit(main())

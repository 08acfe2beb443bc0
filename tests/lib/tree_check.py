#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tree_check.py IMAGE EXPECT

Compares an ext4 file with the tree that tree_image.py expected of it, read by debugfs: every path, kind, mode, owner, time
in nanoseconds, size, content, link, device, names of extended attributes, and which names are one file. Prints what
differs, and the number of paths looked at.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

image, expect = sys.argv[1:]
with open(expect) as f:
    want = json.load(f)
KINDS = {"regular": "file", "directory": "dir", "symlink": "link", "character special": "chr", "block special": "blk",
         "FIFO": "fifo"}


def debugfs(commands):
    with tempfile.NamedTemporaryFile("w") as f:
        f.write("\n".join(commands) + "\n")
        f.flush()
        return subprocess.run(["debugfs", "-f", f.name, image], capture_output=True, check=True,
                              encoding="utf-8", errors="surrogateescape").stdout


def listing(inode):
    """name -> inode of a folder; debugfs prints '/inode/mode/uid/gid/name/size/'."""
    out = {}
    for line in re.split(r"\n(?=/\d+/\d+/)", "\n" + blocks[inode])[1:]:
        m = re.match(r"/(\d+)/\d+/\d+/\d+/(.*)/\d*/\s*\Z", line, re.S)
        if m and int(m[1]) and m[2] not in (".", ".."):
            out[m[2]] = int(m[1])
    return out


def stats(inodes):
    """inode -> the text that stat prints."""
    text = debugfs([f"stat <{i}>" for i in inodes])
    parts = re.split(r"(?m)^debugfs: stat <(\d+)>\n", text)
    return {int(parts[i]): parts[i + 1] for i in range(1, len(parts), 2)}


def time_of(text, which):
    m = re.search(rf"^\s*{which}: 0x([0-9a-f]+):([0-9a-f]+)", text, re.M)
    seconds, extra = int(m[1], 16), int(m[2], 16)
    if seconds >= 1 << 31:
        seconds -= 1 << 32
    return (seconds + ((extra & 3) << 32)) * 10**9 + (extra >> 2)


# The tree, level by level.
paths, blocks, level = {"": 2}, {}, {"": 2}
while level:
    text = debugfs([f"ls -p <{i}>" for i in level.values()])
    parts = re.split(r"(?m)^debugfs: ls -p <(\d+)>\n", text)
    blocks = {int(parts[i]): parts[i + 1] for i in range(1, len(parts), 2)}
    found = {}
    for folder, inode in level.items():
        for name, child in listing(inode).items():
            found[f"{folder}/{name}".lstrip("/")] = child
    paths.update(found)
    seen = stats(sorted(set(found.values()))) if found else {}
    level = {p: i for p, i in found.items() if "Type: directory" in seen[i]}

inodes = {p: i for p, i in paths.items() if p}
facts = stats(sorted(set(inodes.values())))
wrong = [f"missing: {p!r}" for p in want if p not in inodes] + [f"not expected: {p!r}" for p in inodes if p not in want]

names = {}
for p, i in inodes.items():
    names.setdefault(i, []).append(p)

with tempfile.TemporaryDirectory() as out:
    files = sorted({i for p, i in inodes.items() if want.get(p, {}).get("kind") == "file"})
    debugfs([f"dump <{i}> {out}/{i}" for i in files])
    for p, i in sorted(inodes.items()):
        if p not in want:
            continue
        w, t = want[p], facts[i]
        m = re.search(r"Type: (.+?)\s+Mode:\s+(\d+)", t)
        got = {"kind": KINDS.get(m[1], m[1]), "mode": int(m[2], 8), "mtime": time_of(t, "mtime"), "names": sorted(names[i])}
        m = re.search(r"User:\s+(\d+)\s+Group:\s+(\d+)", t)
        got["uid"], got["gid"] = int(m[1]), int(m[2])
        got["xattrs"] = sorted(set(re.findall(r"^\s+((?:user|security|trusted|system)\.[^ ]+) \(\d+\)", t, re.M)))
        if w["kind"] == "file":
            with open(f"{out}/{i}", "rb") as f:
                data = f.read()
            got["size"], got["sha256"] = len(data), hashlib.sha256(data).hexdigest()
        if w["kind"] == "link":
            m = re.search(r'Fast link dest: "(.*)"', t)
            if m:
                got["target"] = m[1]
            else:
                got["target"] = subprocess.run(["debugfs", "-R", f"cat <{i}>", image], capture_output=True,
                                               check=True).stdout.decode()
        if w["kind"] in ("chr", "blk"):
            m = re.search(r"Device major/minor number: (\d+):(\d+)", t)
            got["dev"] = [int(m[1]), int(m[2])]
        for key, value in w.items():
            if got.get(key) != value:
                wrong.append(f"{p!r}: {key} is {str(got.get(key))[:200]}, not {str(value)[:200]}")
for line in wrong[:40]:
    print(line)
print(f"{len(inodes)} paths, {len(wrong)} wrong")
sys.exit(wrong != [])

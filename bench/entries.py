#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What an unpacking takes by the number of entries: seconds, and the memory (PSS) of all its processes at its height.

Usage: entries.py BERTH [COUNT...]

The tar is made on the way: empty files in many folders, in one, with names of 242 bytes, all names of few files, and with
attributes of their own. What needs over 256 MiB is refused; its row tells the height all the same."""
import os, subprocess, sys, tempfile, threading, time


def header(name, kind=b"0", size=0, link=b""):
    h = bytearray(512)
    fields = {0: name, 100: b"0000755", 108: b"0000000", 116: b"0000000", 124: b"%011o" % size, 136: b"14000000000",
              148: b" " * 8, 156: kind, 157: link, 257: b"ustar\00000"}
    for at, text in fields.items():
        h[at:at + len(text)] = text
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h)


def pax(key, value):
    text = b" %s=%s\n" % (key, value)
    n = len(text) + 2
    text = b"%d" % (n if n < 100 else n + 1) + text
    return header(b"pax", b"x", len(text)) + text + bytes(-len(text) % 512)


KINDS = {
    "folders": lambda i: header(b"d%d/f%d" % (i // 50, i)),
    "one folder": lambda i: header(b"d/f%d" % i),
    "long names": lambda i: pax(b"path", b"d/" + b"n" * 200 + b"%042d" % i) + header(b"x"),
    "hard links": lambda i: header(b"f%d" % i) if i % 1000 == 0 else header(b"l%d" % i, b"1", link=b"f%d" % (i // 1000 * 1000)),
    "attributes": lambda i: pax(b"SCHILY.xattr.user.n", b"%024d" % i) + header(b"d%d/f%d" % (i // 50, i)),
}


def feed(pipe, make, count):
    try:
        for i in range(0, count, 1000):
            pipe.write(b"".join(make(k) for k in range(i, min(i + 1000, count))))
        pipe.write(bytes(1024))
        pipe.close()
    except BrokenPipeError:
        pass


def tree(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [pid] + [p for c in f.read().split() for p in tree(int(c))]
    except OSError:
        return []


def pss(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            return next((int(line.split()[1]) for line in f if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def measure(berth, kind, count, folder):
    started = time.monotonic()
    p = subprocess.Popen([berth, "--root", folder + "/root", "--run-root", folder + "/run", "--progress", "none", "rootfs", "create",
                          "tar:-", "-o", folder + "/f.ext4"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    feeder = threading.Thread(target=feed, args=(p.stdin, KINDS[kind], count))
    feeder.start()
    peak = 0
    while p.poll() is None:
        peak = max(peak, sum(pss(q) for q in tree(p.pid)))
        time.sleep(0.005)
    feeder.join()
    said = "" if p.returncode == 0 else "refused: " + p.stderr.read().decode().strip().split(": ", 1)[-1][-75:]
    print(f"{kind:12} {count:>9} entries {time.monotonic() - started:8.2f} s {peak / 1024:7.1f} MiB  {said}", flush=True)


def main():
    counts = [int(a) for a in sys.argv[2:]] or [1000, 10000, 100000, 200000, 1000000, 3000000]
    for kind in KINDS:
        for count in counts:
            with tempfile.TemporaryDirectory(prefix="berth-bench.") as folder:
                measure(sys.argv[1], kind, count, folder)


if __name__ == "__main__":
    main()

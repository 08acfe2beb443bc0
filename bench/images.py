#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""images.py DIR: images to unpack, as OCI layouts DIR/NAME (gzip), DIR/NAME-zstd and DIR/NAME-none.

small is one layer of Debian's essential packages, large five: compilers, debuggers and headers, Go and LLVM on top of
them, and a last one that takes 900 files away. The layers are the packages' own tar streams one after another, fetched
by apt-get download; nothing is installed, and no root is needed. What is there already is not made again.
"""
import io
import os
import shutil
import subprocess
import sys
import tarfile
import json
import hashlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "lib"))
from oci_image import CONFIG, INDEX, MANIFEST, Layout  # noqa: E402

SETS = [[], ["build-essential", "git", "perl-doc", "curl", "less", "file"],
        ["python3-dev", "python3-venv", "gdb", "valgrind", "cmake", "strace", "libboost1.74-dev", "manpages-dev", "vim"],
        ["golang-1.19-go", "golang-1.19-src", "llvm-14", "libllvm14"]]
WAYS = {"": "+gzip", "-zstd": "+zstd", "-none": ""}


def run(*argv, **more):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def closures():
    """The packages of each set with all they need, those of the sets before left out."""
    essential = [p.split()[1] for p in run("dpkg-query", "-W", "-f", "${Essential} ${Package}\n").splitlines() if p.startswith("yes")]
    have, out = set(), []
    for names in [essential] + SETS[1:]:
        text = run("apt-get", "-s", "-o", "Dir::State::status=/dev/null", "-o", "APT::Install-Recommends=false", "install", *names)
        got = sorted({line.split()[1] for line in text.splitlines() if line.startswith("Inst ")} - have)
        have |= set(got)
        out.append(got)
    return out


def entries(deb, seen):
    """The package's tar stream without its end, and without what is in seen: folders that another package has."""
    data = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, stdout=subprocess.PIPE).stdout
    files = []
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for m in tar:
            if m.name in seen:
                continue
            seen.add(m.name)
            end = m.offset_data + ((m.size + 511) // 512 * 512 if m.isreg() else 0)
            yield data[m.offset:end]
            if m.isreg():
                files.append(m.name)
    return files


def copy(pieces, out):
    """Writes what a generator gives, and returns what it returns."""
    while True:
        try:
            out.write(next(pieces))
        except StopIteration as end:
            return end.value


def make_layers(cache, where):
    """where/layerN.tar, five of them."""
    files = []
    for n, packages in enumerate(closures()):
        run("apt-get", "download", "-qq", *packages, cwd=cache)
        with open(f"{where}/layer{n}.tar.new", "wb") as out:
            seen = set()
            for p in packages:
                deb = next(os.path.join(cache, f) for f in sorted(os.listdir(cache)) if f.startswith(p + "_"))
                files += copy(entries(deb, seen), out)
            out.write(bytes(1024))
        os.rename(f"{where}/layer{n}.tar.new", f"{where}/layer{n}.tar")
    docs = sorted({f for f in files if "/share/" in f})
    with tarfile.open(f"{where}/layer4.tar", "w") as tar:
        for f in docs[::max(1, len(docs) // 900)]:
            tar.addfile(tarfile.TarInfo(os.path.join(os.path.dirname(f), ".wh." + os.path.basename(f))))


def store(tar, way, out):
    with open(tar, "rb") as i, open(out, "wb") as o:
        if way == "":
            subprocess.run(["gzip", "-n", "-6", "-c"], stdin=i, stdout=o, check=True)
        elif way == "-zstd":
            subprocess.run(["zstd", "-q", "-3", "-c"], stdin=i, stdout=o, check=True)
        else:
            shutil.copyfileobj(i, o, 1 << 20)


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def make_image(path, way, tars):
    layout = Layout(path + ".new")
    layers, diff_ids = [], []
    for t in tars:
        blob = f"{path}.new/layer"
        store(t, way, blob)
        d, size = digest(blob), os.path.getsize(blob)
        os.rename(blob, f"{path}.new/blobs/sha256/{d}")
        layers.append({"mediaType": "application/vnd.oci.image.layer.v1.tar" + WAYS[way], "digest": "sha256:" + d, "size": size})
        diff_ids.append("sha256:" + digest(t))
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    config = {"os": "linux", "architecture": machine, "config": {"Cmd": ["sh"]}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    top = layout.add_json({"schemaVersion": 2, "mediaType": MANIFEST, "config": layout.add_json(config, CONFIG), "layers": layers}, MANIFEST)
    top["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    with open(f"{path}.new/index.json", "w") as f:
        json.dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": [top]}, f)
    os.rename(path + ".new", path)


def main():
    where = sys.argv[1]
    cache = f"{where}/debs"
    os.makedirs(cache, exist_ok=True)
    if not os.path.exists(f"{where}/layer4.tar"):
        make_layers(cache, where)
    for name, n in (("small", 1), ("large", 5)):
        for way in WAYS:
            if not os.path.exists(f"{where}/{name}{way}"):
                shutil.rmtree(f"{where}/{name}{way}.new", ignore_errors=True)
                make_image(f"{where}/{name}{way}", way, [f"{where}/layer{i}.tar" for i in range(n)])


if __name__ == "__main__":
    main()

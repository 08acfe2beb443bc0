#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""oci_image.py DIR [--layers N] [--size BYTES] [--platforms P,P...] [--seed N] [--tag T]

Makes an OCI image layout with an image of N gzip layers, each with a file of BYTES bytes that do not
compress, the same bytes for the same seed; with several platforms an index of images. Prints the digest
that the tag names.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import random
import tarfile

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


class Layout:
    def __init__(self, path):
        self.path = path
        os.makedirs(f"{path}/blobs/sha256", exist_ok=True)
        with open(f"{path}/oci-layout", "w") as f:
            f.write('{"imageLayoutVersion":"1.0.0"}')

    def add(self, data, media_type):
        hex_digest = hashlib.sha256(data).hexdigest()
        with open(f"{self.path}/blobs/sha256/{hex_digest}", "wb") as f:
            f.write(data)
        return {"mediaType": media_type, "digest": f"sha256:{hex_digest}", "size": len(data)}

    def add_json(self, value, media_type):
        return self.add(json.dumps(value).encode(), media_type)


def noise(size, rng):
    """In pieces: randbytes takes less than 256 MiB at once."""
    return b"".join(rng.randbytes(min(1 << 20, size - at)) for at in range(0, size, 1 << 20))


def layer(n, size, rng):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in ((f"layer{n}", noise(size, rng)), ("newest", str(n).encode())):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mtime = 1700000000
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def image(layout, platform, args):
    os_name, arch, *variant = platform.split("/")
    rng = random.Random(f"{args.seed} {platform}")
    layers, diff_ids = [], []
    for n in range(args.layers):
        tar = layer(n, args.size, rng)
        diff_ids.append("sha256:" + hashlib.sha256(tar).hexdigest())
        layers.append(layout.add(gzip.compress(tar, 1, mtime=0), LAYER))
    config = {"os": os_name, "architecture": arch, "created": "2026-01-01T00:00:00Z",
              "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"]}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    if variant:
        config["variant"] = variant[0]
    desc = layout.add_json({"schemaVersion": 2, "mediaType": MANIFEST, "config": layout.add_json(config, CONFIG),
                            "layers": layers}, MANIFEST)
    desc["platform"] = {"os": os_name, "architecture": arch}
    if variant:
        desc["platform"]["variant"] = variant[0]
    return desc


def main():
    p = argparse.ArgumentParser()
    p.add_argument("dir")
    p.add_argument("--layers", type=int, default=2)
    p.add_argument("--size", type=int, default=100000)
    p.add_argument("--platforms", default="")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--tag", default="latest")
    args = p.parse_args()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    layout = Layout(args.dir)
    images = [image(layout, x, args) for x in (args.platforms or f"linux/{machine}").split(",")]
    top = images[0]
    if args.platforms:
        top = layout.add_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": images}, INDEX)
    else:
        del top["platform"]
    top["annotations"] = {"org.opencontainers.image.ref.name": args.tag}
    with open(f"{args.dir}/index.json", "w") as f:
        json.dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": [top]}, f)
    print(top["digest"])


if __name__ == "__main__":
    main()

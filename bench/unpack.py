#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""unpack.py [--runs N] [--image small|large] [--dir DIR] [--out FILE] [--only KEY,KEY]

From an image to a root file system: berth ($BERTH) beside what others do for it, and beside the floors: decompression
alone. Each round runs every row once, in turn, so that a slow spell of the machine hits all alike; what is printed is
the fastest of a row, and its ratio to the fastest `gzip -dc` of the same layers. Memory is the peak of the summed
proportional sets (PSS) of all processes that a row starts, sampled every 20 ms. What is not installed is left out;
podman, containerd and umoci need root. DIR (default /var/tmp/berth-images) holds images and work, about 6 GB and 4 GB
more a round. --out keeps the figures as JSON for bench/figures.py.
"""
import argparse
import ctypes
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
p = argparse.ArgumentParser()
p.add_argument("--runs", type=int, default=3)
p.add_argument("--image", choices=("small", "large"), default="large")
p.add_argument("--dir", default="/var/tmp/berth-images")
p.add_argument("--out")
p.add_argument("--only")
A = p.parse_args()
BERTH = os.path.abspath(os.environ.get("BERTH", "berth"))
for v in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
    os.environ.pop(v, None)
ENV = dict(os.environ)
PR_SET_CHILD_SUBREAPER = 36
# what a command leaves in the background counts too
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def have(*programs):
    return all(shutil.which(x) for x in programs)


def blobs(name):
    top = f"{A.dir}/{name}"

    def load(d):
        with open(f"{top}/blobs/{d.replace(':', '/')}") as f:
            return json.load(f)
    with open(f"{top}/index.json") as f:
        manifest = load(json.load(f)["manifests"][0]["digest"])
    return [f"{top}/blobs/{layer['digest'].replace(':', '/')}" for layer in manifest["layers"]]


def quiet(*argv, **more):
    r = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=more.pop("env", ENV), **more)
    if r.returncode:
        raise RuntimeError(f"{argv[0]} ended with {r.returncode}: {r.stdout.decode(errors='replace')[-300:]}")


# ---- memory of a tree of processes

def tree(pid):
    out = [pid]
    try:
        for t in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{t}/children") as f:
                for c in f.read().split():
                    out += tree(int(c))
    except OSError:
        pass
    return out


def pss(pids):
    n = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as f:
                n += sum(int(line.split()[1]) for line in f if line.startswith("Pss:")) * 1024
        except OSError:
            pass
    return n


class Watch:
    """The peak of all that this program has started, but for the registry, while a block runs."""

    def __init__(self):
        self.peak, self.stop = 0, threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        others = {os.getpid(), *(tree(REG.p.pid) if REG else ())}
        while not self.stop.wait(0.02):
            self.peak = max(self.peak, pss(set(tree(os.getpid())) - others))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def timed(argv):
    """Seconds and peak memory of a command and of what works for it."""
    begin = time.perf_counter()
    c = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENV)
    with Watch() as w:
        text = c.stderr.read()
        code = c.wait()
    seconds = time.perf_counter() - begin
    if code:
        raise RuntimeError(f"{' '.join(argv)[:200]} ended with {code}: {text.decode(errors='replace')[-300:]}")
    return seconds, w.peak


def script(text, *args):
    return ["sh", "-ec", text, "sh", *args]


# ---- a registry on loopback

class Registry:
    def __init__(self, at):
        os.makedirs(at, exist_ok=True)
        with open(f"{at}/config.yml", "w") as f:
            f.write(f"version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {at}/data}}}}\n"
                    "http: {addr: '127.0.0.1:0', secret: bench}\n")
        self.p = subprocess.Popen(["docker-registry", "serve", f"{at}/config.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  text=True)
        for line in self.p.stderr:
            if "listening on" in line:
                self.host = line.split("listening on ")[1].split('"')[0].split(",")[0].strip()
                break
        threading.Thread(target=self.p.stderr.read, daemon=True).start()
        self.host = "127.0.0.1:" + self.host.rsplit(":", 1)[1]
        for name in (A.image, A.image + "-zstd"):
            quiet("skopeo", "--insecure-policy", "copy", "-q", "--preserve-digests", "--dest-tls-verify=false", f"oci:{A.dir}/{name}:latest",
                  f"docker://{self.host}/{name}:latest")

    def stop(self):
        self.p.terminate()
        self.p.wait()


# ---- the rows: each makes its own folder d, which goes when the round is over

def mke2fs(source, d):
    size = sum(os.path.getsize(b) for b in blobs(A.image + "-none"))
    return ["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-N", "120000", "-E", "lazy_itable_init=1", "-d", source, f"{d}/img",
            f"{size * 13 // 10 // 1000000 + 96}M"]


def berth(*argv):
    return lambda d: timed([BERTH, "--root", f"{d}/root", "--run-root", f"{d}/run", "--progress", "none", *(x.replace("@", d) for x in argv)])


def shell(text, *args):
    return lambda d: timed(script(text, *args))


def umoci_local(d):
    return timed(script('umoci raw unpack --image "$1:latest" "$2" && shift 2 && exec "$@"', f"{A.dir}/{A.image}", f"{d}/tree",
                        *mke2fs(f"{d}/tree", d)))


def umoci_registry(d):
    return timed(script('skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$1/$2:latest" "oci:$3/oci:latest"; '
                        'umoci raw unpack --image "$3/oci:latest" "$3/tree"; shift 3; exec "$@"', REG.host, A.image, d, *mke2fs(f"{d}/tree", d)))


def podman(d):
    run = tempfile.mkdtemp(prefix="bp")  # its paths are short
    try:
        return timed(["podman", "--root", f"{d}/root", "--runroot", f"{run}/r", "--tmpdir", f"{run}/t", "--storage-driver", "overlay",
                      "--cgroup-manager", "cgroupfs", "pull", "-q", "--tls-verify=false", f"{REG.host}/{A.image}:latest"])
    finally:
        subprocess.run(["umount", "-l", f"{d}/root/overlay"], stderr=subprocess.DEVNULL)
        shutil.rmtree(run, ignore_errors=True)


def containerd(d):
    sock = f"{d}/sock"
    with open(f"{d}/config.toml", "w") as f:
        f.write(f'version = 2\nroot = "{d}/root"\nstate = "{d}/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                f'[grpc]\naddress = "{sock}"\n[ttrpc]\naddress = "{sock}.t"\n')
    daemon = subprocess.Popen(["containerd", "-c", f"{d}/config.toml", "--log-level", "error"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        while subprocess.run(["ctr", "-a", sock, "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            if daemon.poll() is not None:
                raise RuntimeError("containerd did not start")
        return timed(["ctr", "-a", sock, "image", "pull", "--plain-http", "--snapshotter", "overlayfs", f"{REG.host}/{A.image}:latest"])
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()


def the_tree():
    """For mke2fs alone: made once, not timed."""
    at = f"{A.dir}/tree-{A.image}"
    if not os.path.exists(at):
        shutil.rmtree(at + ".new", ignore_errors=True)
        quiet("umoci", "raw", "unpack", "--image", f"{A.dir}/{A.image}:latest", at + ".new")
        os.rename(at + ".new", at)
    return at


def rows():
    gz, zs, root = blobs(A.image), blobs(A.image + "-zstd"), os.geteuid() == 0
    two = 'printf "%s\\0" "$@" | xargs -0 -n 1 -P 2 igzip -dc'
    yield "G", "gzip -dc of the layers", shell('for l; do gzip -dc "$l"; done', *gz), True
    yield "F", "igzip -dc, two at a time", shell(two, *gz), have("igzip")
    yield "S", "zstd -dc of the layers", shell('for l; do zstd -dcq "$l"; done', *zs), have("zstd")
    layout = f"oci:{A.dir}/{A.image}"
    for key, way, words in (("BL", "", "gzip"), ("BZ", "-zstd", "zstd"), ("BN", "-none", "uncompressed")):
        yield key, f"berth rootfs create, layout, {words}", berth("rootfs", "create", layout + way, "-o", "@/img", "--size", "8g"), True
    if REG:
        yield "BR", "berth pull, registry, gzip", berth("pull", "-q", f"{REG.host}/{A.image}"), True
        yield "BRZ", "berth pull, registry, zstd", berth("pull", "-q", f"{REG.host}/{A.image}-zstd"), True
    yield "M", "mke2fs -d of the tree alone", lambda d: timed(mke2fs(the_tree(), d)), root and have("umoci", "mke2fs")
    yield "U", "umoci raw unpack, mke2fs -d", umoci_local, root and have("umoci", "mke2fs")
    if REG:
        yield "SU", "skopeo copy, umoci raw unpack, mke2fs -d", umoci_registry, root and have("umoci", "mke2fs", "skopeo")
        yield "P", "podman pull", podman, root and have("podman")
        yield "C", "ctr image pull (containerd)", containerd, root and have("ctr", "containerd")


def measure(work):
    got, only = {}, A.only.split(",") if A.only else None
    for n in range(A.runs):
        for key, label, run, possible in rows():
            if not possible or (only and key not in only and key != "G"):
                continue
            d = f"{work}/{key}-{n}"
            os.makedirs(d)
            os.sync()
            row = got.setdefault(key, {"key": key, "label": label, "seconds": [], "memory": []})
            try:
                seconds, memory = run(d)
                row["seconds"].append(round(seconds, 3))
                row["memory"].append(memory)
                print(f"round {n + 1}: {label}: {seconds:.2f} s, {memory / 2**20:.0f} MiB", file=sys.stderr)
            except RuntimeError as e:
                print(f"round {n + 1}: {label}: {e}", file=sys.stderr)
            for big in ("img", "root/rootfs", "oci"):
                shutil.rmtree(f"{d}/{big}", ignore_errors=True)
                if os.path.isfile(f"{d}/{big}"):
                    os.unlink(f"{d}/{big}")
    return [r for r in got.values() if r["seconds"]]


def main():
    global REG
    quiet(sys.executable, "-B", f"{HERE}/images.py", A.dir)
    work = tempfile.mkdtemp(prefix="work-", dir=A.dir)
    REG = Registry(f"{A.dir}/registry") if have("docker-registry", "skopeo") else None
    try:
        result = {"command": "make bench-unpack" + (f" ROUNDS={A.runs}" if A.runs != 3 else ""), "image": A.image, "cpus": os.cpu_count(),
                  "machine": platform.machine(), "kernel": platform.release(), "runs": A.runs,
                  "stored": sum(os.path.getsize(b) for b in blobs(A.image)), "raw": sum(os.path.getsize(b) for b in blobs(A.image + "-none")),
                  "rows": measure(work)}
    finally:
        if REG:
            REG.stop()
        shutil.rmtree(work, ignore_errors=True)
    if A.out:
        with open(A.out, "w") as f:
            json.dump(result, f, indent=1)
            f.write("\n")
    quiet_floor = next(min(r["seconds"]) for r in result["rows"] if r["key"] == "G")
    for r in result["rows"]:
        print(f"{r['label']:44} {min(r['seconds']):8.2f} s {min(r['seconds']) / quiet_floor:6.2f} G {max(r['memory']) / 2**20:7.0f} MiB")


main()

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# save, load, import: what skopeo writes is read, what berth writes skopeo reads, and hostile archives leave nothing.
# timeout: 180
. "$(dirname "$0")/../lib/tap.sh"
command -v skopeo >/dev/null || skip_all "no skopeo here"
# berth [STORE]: $store's
store=one
berth() { "$builddir/berth" --root "$T/$store" --run-root "$T/run-$store" --progress none "$@"; }
image() { /usr/bin/python3 -B "$srcdir/tests/lib/oci_image.py" "$@"; }
copy() { skopeo --insecure-policy --tmpdir "$T" copy -q "$@"; }
digest_of() { skopeo --tmpdir "$T" inspect --format '{{.Digest}}' "$1"; }
empty() { [ -z "$(find "$T/$store/content/blobs" "$T/$store/content/ingest" "$T/$store/cache" -type f)" ]; }

image "$T/a" --layers 3 --size 60000 >/dev/null
image "$T/m" --layers 1 --size 3000 --seed 2 --platforms linux/amd64,linux/arm64/v8 >/dev/null
berth pull "oci:$T/a" >"$T/out" || exit 1
a=$(cat "$T/out")
berth tag "$a" docker.io/library/a:1
berth tag "$a" registry.test/b
m=$(berth pull "oci:$T/m") || exit 1
berth tag "$m" m
id=$(berth image inspect a:1 --format '{{.Id}}')

# Out and in again: every form, the same digests.
check 'save' berth save a:1 m -o "$T/two.tar"
check 'again' berth save a:1 m -o "$T/again.tar"
check 'gives the same bytes' cmp "$T/two.tar" "$T/again.tar"
berth save a:1 m >"$T/stdout.tar"
check 'on standard output too' cmp "$T/two.tar" "$T/stdout.tar"
berth save a:1 m | cat >"$T/pipe.tar"
check 'or into a pipe' cmp "$T/two.tar" "$T/pipe.tar"
like "$(tar -tvf "$T/two.tar" 2>&1)" 'drwxr-xr-x 0/0 +0 1970-01-01 00:00 blobs/' 'tar lists it'
berth tag m m:7
berth save a:1 m:7 -o "$T/several.tar"
berth rmi m:7 >/dev/null
check 'a docker-archive' berth save --format docker-archive a:1 registry.test/b -o "$T/docker.tar"
check 'an oci-dir' berth save --format oci-dir a:1 -o "$T/dir"
check_fails 'a folder that is not empty is left alone' 1 berth save --format oci-dir a:1 -o "$T/dir"
check_fails 'an image that is not there' 1 berth save nosuch -o "$T/none.tar"
check_fails 'a form that is none' 1 berth save --format rar a:1 -o "$T/none.tar"
check 'leaves no file' test ! -e "$T/none.tar"
check_fails 'a folder that is not there' 1 berth save a:1 -o "$T/nosuch/x.tar"
like "$(berth save --format docker-archive m --platform linux/s390x 2>&1 >/dev/null)" 'linux/arm64' 'a platform that the image has not'

store=two
is "$(berth load -i "$T/two.tar")" 'Loaded image: a:1
Loaded image: m:latest' 'load says what came'
is "$(berth images --format name,digest | sort)" "a:1	$a
m:latest	$m" 'with the same digests'
check 'and all is whole' berth image verify a:1 m
berth save a:1 m -o "$T/three.tar"
check 'saved again, the same bytes' cmp "$T/two.tar" "$T/three.tar"
is "$(find "$T/two/content/blobs" -type f | wc -l)" "$(tar -tf "$T/two.tar" | grep -c 'sha256/.')" 'all platforms came'
for how in 'gzip -c' 'zstd -qc' cat; do
	store=three
	command -v "${how%% *}" >/dev/null || continue
	is "$($how "$T/docker.tar" | berth load)" 'Loaded image: a:1
Loaded image: registry.test/b:latest' "a docker-archive from a pipe, ${how%% *}"
	is "$(berth image inspect a:1 --format '{{.Id}}')" "$id" 'the same image'
	check 'and it is whole' berth image verify a:1
	berth image prune -a >/dev/null
	check 'nothing is left over' empty
done
is "$(berth load -i "$T/dir")" 'Loaded image: a:1' 'a folder is loaded too'
is "$(berth images --format digest)" "$a" 'with the same digest'
berth rmi a:1 >/dev/null

# skopeo's.
copy "oci:$T/a:latest" "oci-archive:$T/s-oci.tar:name/of:it"
copy "oci:$T/a:latest" "docker-archive:$T/s-docker.tar:name/of:it"
copy "oci:$T/a:latest" "oci:$T/s-dir:1"
is "$(berth load -i "$T/s-oci.tar")" 'Loaded image: name/of:it' "skopeo's oci-archive"
is "$(berth images --format digest)" "$(digest_of "oci:$T/a:latest")" 'with its digest'
berth rmi name/of:it >/dev/null
is "$(berth load -i "$T/s-docker.tar")" 'Loaded image: name/of:it' "skopeo's docker-archive"
is "$(berth image inspect name/of:it --format '{{json .RootFS.Layers}}')" "$(cd "$T/a" && /usr/bin/python3 -c 'import json
def load(d): return json.load(open("blobs/" + d.replace(":", "/")))
m = load(json.load(open("index.json"))["manifests"][0]["digest"])
print(json.dumps(load(m["config"]["digest"])["rootfs"]["diff_ids"], separators=(",", ":")))')" 'with its layers'
berth rmi name/of:it >/dev/null
like "$(berth load -i "$T/s-dir")" '^Loaded image ID: sha256:' "skopeo's folder, which says a tag but no name"
berth image prune >/dev/null
is "$(digest_of "oci-archive:$T/two.tar:docker.io/library/a:1")" "$a" 'skopeo inspects what we save'
copy "oci-archive:$T/two.tar:docker.io/library/a:1" "oci:$T/back:x"
is "$(digest_of "oci:$T/back:x")" "$a" 'and copies it, digests unchanged'
is "$(skopeo --tmpdir "$T" inspect --config --raw "docker-archive:$T/docker.tar:a:1" | sha256sum | cut -d' ' -f1)" "${id#sha256:}" 'the docker-archive too'
is "$(digest_of "oci:$T/one/content:docker.io/library/a:1")" "$a" 'it reads the store itself'
copy --all "oci:$T/one/content:docker.io/library/m:latest" "oci:$T/back:m"
is "$(/usr/bin/python3 -c 'import json, sys
print(*[m["digest"] for m in json.load(open(sys.argv[1]))["manifests"] if m["annotations"]["org.opencontainers.image.ref.name"] == "m"])' "$T/back/index.json")" "$m" 'all platforms of it'

# Wherever an image is named.
store=four
is "$(berth pull "oci-archive:$T/s-oci.tar")" "$(digest_of "oci:$T/a:latest")" 'pull of an oci-archive'
is "$(berth images --format name)" name/of:it 'which keeps its name'
check 'create of one of several in an archive' berth create --root-size 64m --name x1 "oci-archive:$T/two.tar:docker.io/library/a:1" true
check 'of a docker-archive' berth create --root-size 64m --name x2 "docker-archive:$T/docker.tar:a:1" true
check_fails 'one of several must be named' 1 berth create --root-size 64m "oci-archive:$T/several.tar" true
like "$(cat "$T/.check")" "has no image 'latest'|several" 'which is said'
is "$(berth image inspect "oci-archive:$T/s-oci.tar" --format '{{.digest}}')" "$(digest_of "oci:$T/a:latest")" 'inspect of one in an archive'
check 'verify' berth image verify "oci:$T/a"
check 'history' berth history "docker-archive:$T/s-docker.tar"
check 'tag gives it a name here' berth tag "oci:$T/m" taken
is "$(berth images --filter reference=taken --format digest)" "$m" 'with all its platforms'
check 'save makes another form of it' berth save "oci:$T/m" -o "$T/made.tar"
is "$(tar -xOf "$T/made.tar" index.json | grep -c "$m")" 1 'of the same digest'
check 'rootfs create of an archive' berth rootfs create "docker-archive:$T/s-docker.tar" -o "$T/arch.ext4"
berth rootfs create "oci:$T/a" -o "$T/dir.ext4"
check 'the same bytes as of a folder' cmp "$T/arch.ext4" "$T/dir.ext4"
check_fails 'an archive that is not there' 1 berth image inspect "oci-archive:$T/nosuch.tar"
check 'the store is clean' berth system check

# A root file system.
store=five
mkdir -p "$T/fs/bin" "$T/fs/etc"
echo hello >"$T/fs/etc/motd"
tar -C "$T/fs" -cf "$T/fs.tar" .
imported=$(berth import -c 'CMD ["sh", "-l"]' -c 'ENV A=1 B="two words"' -c 'ENV A=3' -c 'EXPOSE 80 53/udp' -c 'LABEL a.b=c' \
	-c 'WORKDIR /etc' -c 'USER 7:8' -c 'VOLUME /data' -c 'ENTRYPOINT /bin/run it' -c 'STOPSIGNAL SIGINT' -m 'by hand' "$T/fs.tar" fs:1)
is "$imported" "$(berth image inspect fs:1 --format '{{.Id}}')" 'import prints the id'
is "$(berth image inspect fs:1 --format '{{json .Config}}')" '{"Cmd":["sh","-l"],"Env":["A=3","B=two words"],"ExposedPorts":{"80/tcp":{},"53/udp":{}},"Labels":{"a.b":"c"},"WorkingDir":"/etc","User":"7:8","Volumes":{"/data":{}},"Entrypoint":["/bin/sh","-c","/bin/run it"],"StopSignal":"SIGINT"}' 'with what -c says'
is "$(berth history fs:1 --format comment)" 'by hand' 'and the message'
is "$(berth image inspect fs:1 --format '{{json .RootFS.Layers}}')" "[\"sha256:$(sha256sum <"$T/fs.tar" | cut -d' ' -f1)\"]" 'the tar is the layer'
gzip -c "$T/fs.tar" | berth import - fs:2 >/dev/null
is "$(berth image inspect fs:2 --format '{{json .RootFS.Layers}}')" "$(berth image inspect fs:1 --format '{{json .RootFS.Layers}}')" 'compressed from a pipe, the same layer'
check 'both are whole' berth image verify fs:1 fs:2
berth rootfs create fs:2 -o "$T/fs.ext4" 2>/dev/null
is "$(PATH=$PATH:/sbin debugfs -R 'cat /etc/motd' "$T/fs.ext4" 2>/dev/null)" hello 'the files are in it'
check_fails 'an instruction that is none' 1 berth import -c 'RUN true' "$T/fs.tar" bad
check_fails 'a name that is none' 1 berth import "$T/fs.tar" 'BAD//x'
check_fails 'what is no tar' 1 berth import "$builddir/berth" bad
head -c 3000 "$T/fs.tar" >"$T/cut.tar"
check_fails 'a tar that is cut' 1 berth import "$T/cut.tar" bad
check_fails 'no file' 1 berth import "$T/nosuch.tar" bad
is "$(berth images --format name | sort | tr '\n' ' ')" 'fs:1 fs:2 ' 'none of them came in'
check 'the store is clean' berth system check
is "$(cat "$T/.check")" 'store is clean' 'with nothing left over'

# Hostile archives.
store=six
berth images >/dev/null
/usr/bin/python3 - "$T" <<'PY'
import hashlib, io, json, os, sys, tarfile
top = sys.argv[1]
def sha(b): return hashlib.sha256(b).hexdigest()
layer = io.BytesIO()
with tarfile.open(fileobj=layer, mode="w") as t:
    i = tarfile.TarInfo("f"); i.size = 3; t.addfile(i, io.BytesIO(b"abc"))
layer = layer.getvalue()
config = json.dumps({"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha(layer)]}}).encode()
def write(name, members, cut=None):
    path = f"{top}/{name}.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as t:
        for m in members:
            if isinstance(m, tarfile.TarInfo):
                t.addfile(m)
                continue
            i = tarfile.TarInfo(m[0]); i.size = len(m[1]); t.addfile(i, io.BytesIO(m[1]))
    if cut:
        with open(path, "r+b") as f: f.truncate(os.path.getsize(path) - cut)
def link(name, target, type=tarfile.SYMTYPE):
    i = tarfile.TarInfo(name); i.type = type; i.linkname = target; return i
def manifest(layers, config_name="c.json", tags=("x:1",)):
    return ("manifest.json", json.dumps([{"Config": config_name, "RepoTags": list(tags), "Layers": layers}]).encode())
good = [("c.json", config), ("l/layer.tar", layer), manifest(["l/layer.tar"])]
write("good", good)
write("linked", [("c.json", config), ("l/layer.tar", layer), link("k/layer.tar", "../l/layer.tar"), manifest(["k/layer.tar"])])
write("out", [("c.json", config), link("l/layer.tar", "../../../../etc/passwd"), manifest(["l/layer.tar"])])
write("absolute", [("c.json", config), link("l/layer.tar", "/etc/passwd"), manifest(["l/layer.tar"])])
write("loop", [("c.json", config), link("a", "b"), link("b", "a"), manifest(["a"])])
write("dotdot", [("../c.json", config), ("l/layer.tar", layer), manifest(["l/layer.tar"])])
write("named-out", [("c.json", config), ("l/layer.tar", layer), manifest(["../../l/layer.tar"])])
write("no-layer", [("c.json", config), manifest(["l/layer.tar"])])
write("no-config", [("l/layer.tar", layer), manifest(["l/layer.tar"])])
write("few", [("c.json", config), manifest([])])
write("changed", [("c.json", config), ("l/layer.tar", layer[:100] + b"X" + layer[101:]), manifest(["l/layer.tar"])])
write("config-name", [("0" * 64 + ".json", config), ("l/layer.tar", layer), manifest(["l/layer.tar"], "0" * 64 + ".json")])
write("bad-tag", [("c.json", config), ("l/layer.tar", layer), manifest(["l/layer.tar"], tags=["UPPER//x"])])
write("no-json", [("c.json", config), ("l/layer.tar", layer), ("manifest.json", b"[[[")])
write("device", [link("d", "", tarfile.CHRTYPE)] + good)
write("cut", good, cut=10240 - 700)
write("nothing", [("readme", b"hello")])
mf = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
  "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + sha(config), "size": len(config)},
  "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": "sha256:" + sha(layer), "size": len(layer)}]}).encode()
def oci(name, m=mf, c=config, l=layer, size=None, marker=b'{"imageLayoutVersion":"1.0.0"}', extra=()):
    index = json.dumps({"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "sha256:" + sha(mf), "size": size or len(mf), "annotations": {"org.opencontainers.image.ref.name": "x:1"}}]}).encode()
    b = "blobs/sha256/"
    write(name, [("oci-layout", marker), ("index.json", index), (b + sha(mf), m), (b + sha(config), c), *extra] + ([(b + sha(layer), l)] if l is not None else []))
oci("oci-good")
oci("oci-layer", l=layer[:-1] + b"X")
oci("oci-short", l=layer[:-1])
oci("oci-config", c=config[:-1] + b" ")
oci("oci-manifest", m=mf[:-1] + b" ")
oci("oci-size", size=5)
oci("oci-none", l=None)
oci("oci-version", marker=b'{"imageLayoutVersion":"2.0.0"}')
oci("oci-twice", extra=[("blobs/sha256/" + sha(layer), b"the first of a name does not count")])
with open(f"{top}/bomb.tar.gz", "wb") as f:
    import gzip
    f.write(gzip.compress(b"\0" * 50000000, 9))
with open(f"{top}/size.tar", "wb") as f:
    i = tarfile.TarInfo("a"); i.size = 1 << 62
    f.write(i.tobuf(tarfile.GNU_FORMAT) + b"x" * 1024)
with open(f"{top}/empty.tar", "wb") as f: pass
with open(f"{top}/gz-cut.tar.gz", "wb") as f:
    f.write(gzip.compress(open(f"{top}/good.tar", "rb").read())[:-20])
PY
for name in out absolute loop dotdot named-out no-layer no-config few changed config-name bad-tag no-json device cut nothing \
	oci-layer oci-short oci-config oci-manifest oci-size oci-none oci-version size empty gz-cut; do
	file=$(echo "$T/$name".tar*)
	check_fails "hostile: $name" 1 berth load -i "$file"
	like "$(cat "$T/.check")" "^berth: error: .*'$T/" "$name: one line that names the archive"
	check "$name: nothing is left" empty
done
check_fails 'a bomb' 1 berth load --max-size 10m -i "$T/bomb.tar.gz"
like "$(cat "$T/.check")" 'more than 10485760 bytes' 'is told from its size'
check 'nothing is left of it' empty
other=$T/$store/content/blobs/sha256/$(printf 'of a pull that was cut' | sha256sum | cut -d' ' -f1)
printf 'of a pull that was cut' >"$other"
check_fails 'an image with a bad config' 1 berth load -i "$T/oci-config.tar"
check_fails 'an image with a bad layer' 1 berth load -i "$T/oci-layer.tar"
check 'takes away what came with it, not what another command left to go on from' eval '[ -e "$other" ] && rm "$other" && empty'
for name in good linked oci-good oci-twice; do
	is "$(berth load -i "$T/$name.tar")" 'Loaded image: x:1' "but $name is loaded"
	check 'and whole' berth image verify x:1
	berth rmi x:1 >/dev/null
done
check_fails 'no file' 1 berth load -i "$T/nosuch.tar"
check_fails 'save of an image that is damaged' 1 eval 'berth load -qi "$T/good.tar" && f=$(find "$T/six/content/blobs" -type f -size +5k) &&
	printf X | dd of="$f" bs=1 seek=600 conv=notrunc 2>/dev/null && berth save x:1 -o "$T/damaged.tar"'
check 'leaves no file' test ! -e "$T/damaged.tar"

# A step that fails, at any blob: none of it stays.
store=eight
berth images >/dev/null
if "$builddir/berth" debug faults >/dev/null 2>&1; then
	for n in 1 2 4; do
		check_fails "the disk fails at blob $n" 1 env BERTH_FAULT=blob.commit:$n "$builddir/berth" --root "$T/$store" \
			--run-root "$T/run-$store" --progress none load -i "$T/two.tar"
		check 'nothing is left' empty
	done
fi
check 'load' berth load -i "$T/two.tar"
like "$(berth events --since 1h --until 0s --format '{{.Type}} {{.Action}} {{.Name}}' 2>/dev/null)" 'image load docker.io/library/a:1' 'events tell of it'

# An interrupt ends it, and nothing stays.
store=seven
berth images >/dev/null
mkfifo "$T/fifo"
"$builddir/berth" --root "$T/$store" --run-root "$T/run-$store" --progress none load -i "$T/fifo" 2>"$T/err" &
job=$!
exec 7>"$T/fifo"
head -c 200000 "$T/two.tar" >&7
kill -INT $job
wait $job
is "$?" 130 'an interrupted load ends with 130'
exec 7>&-
check 'and leaves nothing' empty
done_testing

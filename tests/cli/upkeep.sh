#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the store has and whether it is well: history, verify, check and its repairs, df, prune.
. "$(dirname "$0")/../lib/tap.sh"
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" "$@"; }
image() { /usr/bin/python3 -B "$srcdir/tests/lib/oci_image.py" "$@"; }
content=$T/root/content
# blob DIGEST: its file
blob() { echo "$content/blobs/${1/:/\/}"; }
# damage FILE [OFFSET]: one byte of it is another, its length the same
damage() {
	/usr/bin/python3 -c 'import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2])); b = f.read(1); f.seek(-1, 1); f.write(bytes([b[0] ^ 1]))' "$1" "${2:-100}"
}
# field KEY: of the image two
field() { berth image inspect two --format "{{.$1}}"; }

check 'a new store is clean' berth system check
is "$(cat "$T/.check")" 'store is clean' 'and it is said'
# Progress is as it was asked for, of what takes long enough to have any.
mkdir -p "$content/blobs/sha256"
long=$content/blobs/sha256/$(printf '0%.0s' {1..64})
truncate -s 512M "$long"
berth --progress json system check >/dev/null 2>"$T/progress"
is "$(grep '^{' "$T/progress" | /usr/bin/python3 -c 'import json, sys
print({(r["verb"], r["stage"]) for r in map(json.loads, sys.stdin)})')" "{('check', 'reading')}" 'progress as JSON'
berth --progress none system check >/dev/null 2>"$T/progress"
is "$(grep -v '^berth: ' "$T/progress")" '' 'no progress'
rm "$long"
image "$T/image" --layers 2 --size 40000 >/dev/null
berth create --name one --root-size 64m localhost/busybox true >/dev/null || exit 1
berth create --name two --root-size 64m "oci:$T/image" true >/dev/null || exit 1
berth tag "$(berth images --format digest,name | grep -v busybox | cut -f1)" two

# What it was made by.
is "$(berth history two --format layer | sed 's/.*/x/' | tr '\n' ' ')" 'x x ' 'history has a row for each layer'
is "$(berth image history two -q | head -1)" "$(field id | cut -c 8-19)" 'the newest row is the image'
check_fails 'history of what is not there' 1 berth history nosuch
/usr/bin/python3 - "$T/steps" "$T/image" <<'PY'
import hashlib, json, os, shutil, sys
new, old = sys.argv[1:]
shutil.copytree(old, new)
def load(d): return json.load(open(f"{new}/blobs/" + d.replace(":", "/")))
def add(v):
    data = json.dumps(v).encode(); h = hashlib.sha256(data).hexdigest()
    open(f"{new}/blobs/sha256/{h}", "wb").write(data)
    return {"digest": "sha256:" + h, "size": len(data)}
index = json.load(open(f"{new}/index.json"))
m = load(index["manifests"][0]["digest"])
c = load(m["config"]["digest"])
c["history"] = [{"created": "2026-01-01T00:00:00Z", "created_by": "ADD base"},
                {"created": "2026-01-02T00:00:00Z", "created_by": "ENV a=b", "empty_layer": True, "comment": "quiet"},
                {"created": "2026-01-03T00:00:00Z", "created_by": "RUN " + "x" * 60}]
m["config"].update(add(c))
index["manifests"][0].update(add(m))
json.dump(index, open(f"{new}/index.json", "w"))
PY
berth rm "$(berth create --root-size 64m "oci:$T/steps" true)" >/dev/null
steps=$(berth images --format '{{.digest}} {{.tag}}' | grep '<no\|null\| $' | cut -d' ' -f1)
is "$(berth history "$steps" --format created_by,comment,created)" "RUN $(printf 'x%.0s' {1..60})		2026-01-03T00:00:00.000000000Z
ENV a=b	quiet	2026-01-02T00:00:00.000000000Z
ADD base		2026-01-01T00:00:00.000000000Z" 'steps, newest first'
is "$(berth history "$steps" --format size_bytes | sed '2!d')" 0 'a step without a layer has no size'
like "$(berth history "$steps")" 'RUN x{41}\.\.\. ' 'a long command is cut'
like "$(berth image inspect two --format '{{json .RepoDigests}} {{json .RepoTags}}')" '^\["two@sha256:.*\] \["two:latest"\]$' 'inspect has the names'

# Verify and check, and what they find.
check 'verify' berth image verify two localhost/busybox
like "$(cat "$T/.check")" '^two is whole' 'says so'
check_fails 'verify of what is not there' 1 berth image verify nosuch
check 'all is well' berth system check
layer=$(berth history two --format layer | head -1)
cp "$(blob "$layer")" "$T/kept"
damage "$(blob "$layer")" 5000
check_fails 'verify finds a changed byte' 1 berth image verify two
like "$(cat "$T/.check")" "two: layer '$layer' is damaged" 'and names the layer'
check_fails 'so does check' 1 berth system check
like "$(cat "$T/.check")" "^blob $layer: its digest is sha256:" 'and names the blob'
check '--quick does not read it' berth system check --quick
is "$(berth system check --format json 2>/dev/null | /usr/bin/python3 -c 'import json, sys
print([(r["kind"], r["object"], r["repaired"]) for r in json.load(sys.stdin)])')" "[('blob', '$layer', None)]" 'as JSON'
check '--repair' berth system check --repair
like "$(cat "$T/.check")" "blob $layer: .*; moved to trash/.quarantine/" 'moves it aside'
check 'then the store is clean' berth system check
is "$(berth images --format name | grep -c two)" 0 'the image is gone'
is "$(berth trash ls --format kind,name | sort)" 'image	<none>
image	docker.io/library/two:latest' 'to the trash, with the other one that had the layer'
check 'nothing is deleted' test -s "$T/root/trash/.quarantine/${layer#sha256:}"
check_fails 'it does not come back in this state' 1 eval 'berth trash restore two && berth image verify two'
cp "$T/kept" "$(blob "$layer")"
berth trash restore two >/dev/null 2>&1
check 'once the layer is there, it does' berth image verify two
check 'and all is well' berth system check

# Sizes, missing blobs, names that lead nowhere.
truncate -s -1 "$(blob "$layer")"
check_fails 'a blob that is too short' 1 berth system check --quick
cp "$T/kept" "$(blob "$layer")"
rm "$(blob "$layer")"
check_fails 'a blob that is missing' 1 berth system check
like "$(cat "$T/.check")" "image docker.io/library/two:latest: layer '$layer' is missing" 'is told with the image'
cp "$T/kept" "$(blob "$layer")"
cp "$content/index.json" "$T/index.json"
echo rubbish >"$content/index.json"
check_fails 'an index that is none' 1 berth system check
check_fails 'stops other commands' 1 berth images
like "$(cat "$T/.check")" "index.json is not JSON.*; 'berth system check --repair' mends it" 'which name the file and what mends it'
check 'is made again' berth system check --repair
is "$(berth images --format digest | sort)" "$(/usr/bin/python3 -c 'import json, sys
print("\n".join(sorted({m["digest"] for m in json.load(open(sys.argv[1]))["manifests"]})))' "$T/index.json")" 'with all images'
cp "$T/index.json" "$content/index.json"
/usr/bin/python3 - "$content/index.json" <<'PY'
import json, sys
j = json.load(open(sys.argv[1]))
j["manifests"].append({"digest": "sha256:short", "size": 1})
json.dump(j, open(sys.argv[1], "w"))
PY
check_fails 'an entry that is none' 1 berth system check
check 'is left out' berth system check --repair
is "$(berth images --format name | grep -c two)" 1 'and the names stay'
echo x >"$content/blobs/sha256/rubbish"
check_fails 'a file among the blobs that is none' 1 berth system check
check 'is moved aside' berth system check --repair

# What each store has.
kept=$(cat "$content/oci-layout")
names=$(berth images --format name)
echo '{' >"$content/oci-layout"
rmdir "$content/ingest"
is "$(berth images --format name)" "$names" 'a marker of the layout that is broken stops no command'
check_fails 'but is found' 1 berth system check
like "$(cat "$T/.check")" 'layout content/oci-layout: .*oci-layout is not JSON' 'and named'
like "$(cat "$T/.check")" 'layout content/ingest: there is no such folder' 'so is a folder that is missing'
check 'both are made again' berth system check --repair
is "$(cat "$content/oci-layout")" "$kept" 'as they were'
cp "$content/index.json" "$T/index.json"
rm "$content/oci-layout" "$content/index.json"
check 'and so is a layout without its two files' berth system check --repair
is "$(berth images --format digest | sort -u | wc -l)" "$(echo "$names" | sort -u | wc -l)" 'with all images'
cp "$T/index.json" "$content/index.json"
echo rubbish >"$T/root/version"
check_fails 'a version that is none' 1 berth images
like "$(cat "$T/.check")" "file 'version' holds 'rubbish', which is no version; if no newer berth made it, remove the file" 'is told with the way out'
rm "$T/root/version"
check 'which it is' berth system check

# Root file systems and containers.
key=$(ls "$T/root/rootfs" | head -1)
id=$(berth ps -aq --no-trunc | while read -r c; do grep -l "$key" "$T/root/containers/$c/config.json"; done | head -1)
damage "$T/root/rootfs/$key/base.ext4" 1100 2>/dev/null || { chmod u+w "$T/root/rootfs/$key/base.ext4"; damage "$T/root/rootfs/$key/base.ext4" 1100; }
check_fails 'a superblock that is damaged' 1 berth system check
like "$(cat "$T/.check")" "container $(basename "$(dirname "$id")"): its root file system '$key' is missing or damaged" 'is told with the container'
check_fails 'what a container needs is not moved away' 1 berth system check --repair
check 'it is still there' test -e "$T/root/rootfs/$key/base.ext4"
berth rm "$(basename "$(dirname "$id")")" >/dev/null
check 'without the container it is' berth system check --repair
c=$(berth create --root-size 64m localhost/busybox true)
echo '{' >"$T/root/containers/$c/config.json"
check_fails 'a container whose configuration cannot be read' 1 berth system check
check 'is moved aside' berth system check --repair
check 'and all is well' berth system check

# What interrupted pulls leave is not wrong.
hex=$(printf 'part' | sha256sum | cut -d' ' -f1)
printf 'pa' >"$content/ingest/sha256-$hex"
printf 'whole' >"$content/blobs/sha256/$(printf 'whole' | sha256sum | cut -d' ' -f1)"
touch "$T/root/leases/0123456789abcdef" "$content/.tmp-0123456789abcdef"
check 'a part is not wrong' berth system check
like "$(cat "$T/.check")" '^interrupted commands left [0-9]+ things .*store is clean$' 'but told'
is "$(berth system df --format kind,count | grep parts)" 'parts	2' 'df counts them'
touch -d '8 days ago' "$content/ingest/sha256-$hex"
check_fails 'a part of last week is' 1 berth system check
check 'and is taken away' berth system check --repair
check 'for good' test ! -e "$content/ingest/sha256-$hex"

# How much, and how much of it could go.
berth rm $(berth ps -aq) >/dev/null
berth create --name user --root-size 64m localhost/busybox true >/dev/null
df() { berth system df --format json | /usr/bin/python3 -c 'import json, sys
r = {x["kind"]: x for x in json.load(sys.stdin)}[sys.argv[1]]
print(r["count"], r["size_bytes"], r["reclaimable_bytes"])' "$1"; }
is "$(df images | cut -d' ' -f1)" "$(berth images --format digest | sort -u | wc -l)" 'df counts images'
is "$(df images | cut -d' ' -f2)" "$(find "$content/blobs" -type f -printf '%b\n' | awk '{n += $1} END {print n * 512}')" 'their bytes'
is "$(df containers | cut -d' ' -f1)" 1 'containers'
read -r _ all free <<<"$(df images)"
[ "$free" -gt 0 ] && [ "$free" -lt "$all" ]
ok $? 'what a container uses cannot go'
like "$(berth system df)" 'RECLAIMABLE.*images +[0-9]+ .*%\)' 'as a table'

# Pruning.
berth rm "$(berth create --root-size 64m "oci:$T/steps" true)" >/dev/null
berth tag localhost/busybox two
unnamed=$(berth images --format '{{.digest}} {{.tag}}' | grep -c ' $')
[ "$unnamed" -gt 0 ]
ok $? 'there are images without a name'
check 'purging the trash' berth trash purge
check 'takes what was moved aside' test ! -e "$T/root/trash/.quarantine"
check 'image prune' berth image prune
is "$(berth images --format '{{.digest}} {{.tag}}' | grep -c ' $')" 0 "takes the $unnamed images without a name"
like "$(cat "$T/.check")" 'Total reclaimed space: [0-9.]+[KM]' 'and says what that gave'
berth tag localhost/busybox three
check 'image prune -a' berth image prune -a -f
is "$(berth images --format name | sort | tr '\n' ' ')" 'localhost/busybox:latest three:latest two:latest ' 'leaves what a container uses'
printf 'pa' >"$content/ingest/sha256-$hex"
check 'system prune -a' berth system prune -a --volumes </dev/null
is "$(berth ps -aq)$(berth images -q)$(find "$content/blobs" "$content/ingest" -type f)" '' 'takes all that is not in use'
check 'and leaves a clean store' berth system check
is "$(cat "$T/.check")" 'store is clean' 'with nothing left over'

# Root file systems: what only a look at all of one finds.
PATH=$PATH:/sbin:/usr/sbin
deep() { berth --root "$T/deep" "$@"; }
c=$(deep create --root-size 64m localhost/busybox true)
key=$(ls "$T/deep/rootfs" | head -1)
base=$T/deep/rootfs/$key/base.ext4
if command -v debugfs >/dev/null; then
	cp "$base" "$T/base.kept"
	chmod u+w "$base"
	debugfs -w -R 'sif /bin/busybox links_count 3' "$base" >/dev/null 2>&1
	check 'an inode that is damaged: --quick does not look' deep system check --quick
	check_fails 'check does' 1 deep system check
	like "$(cat "$T/.check")" "rootfs $key: base.ext4: inode [0-9]+ .*link" 'and tells what it is'
	is "$(deep system check --format kind,object 2>/dev/null)" "rootfs	$key" 'once'
	check_fails 'image verify looks as well' 1 deep image verify localhost/busybox
	check_fails 'while a container needs it, it stays' 1 deep system check --repair
	check 'it is still there' test -e "$base"
	deep rm "$c" >/dev/null
	check 'then it is moved aside' deep system check --repair
	like "$(cat "$T/.check")" "rootfs $key: .*; moved to trash/.quarantine/" 'as is said'
	deep create --root-size 64m localhost/busybox true >/dev/null
	check 'and made again when it is needed' cmp "$base" "$T/base.kept"
	check 'all is well' deep system check

	# The disks of containers.
	deep rm -f $(deep ps -aq) >/dev/null
	c=$(deep create --root-size 64m localhost/busybox true)
	disk=$T/deep/containers/$c/upper.ext4
	echo '{"state": "exited", "exit_code": 0, "started": "2026-01-01T00:00:00Z"}' >"$T/deep/containers/$c/state.json"
	block=$(debugfs -R 'bmap / 0' "$disk" 2>/dev/null)
	dd if="$disk" of="$T/block" bs=4096 skip="$block" count=1 status=none
	printf 'jo\njw -b %s %s\njc\n' "$block" "$T/block" >"$T/commands"
	debugfs -w -f "$T/commands" "$disk" >/dev/null 2>&1
	like "$(dumpe2fs -h "$disk" 2>/dev/null)" needs_recovery 'a disk whose journal is to be replayed'
	cp "$disk" "$T/disk.kept"
	check 'is well' deep system check
	check 'and was not written' cmp "$disk" "$T/disk.kept"
	dd if=/dev/urandom of="$disk" bs=4096 seek="$block" count=1 conv=notrunc status=none
	check 'what the journal has anew is read from there' deep system check
	cp "$T/disk.kept" "$disk"
	debugfs -w -R 'sif <2> links_count 9' "$disk" >/dev/null 2>&1
	exec 9<>"$T/deep/containers/$c/lock"
	flock 9
	check 'the disk of a container that runs is not looked into' deep system check
	exec 9>&-
	check 'nor is any with --quick' deep system check --quick
	check_fails 'of one that is stopped it is' 1 deep system check
	like "$(cat "$T/.check")" "container $c: its disk 'upper.ext4': inode 2 .*link.*; 'e2fsck -f' mends it" 'and what is wrong is told'
	check_fails '--repair does not take it away' 1 deep system check --repair
	check 'it is still there' test -e "$disk"
	truncate -s 1m "$disk"
	check_fails 'a disk that was cut' 1 deep system check
	like "$(cat "$T/.check")" "container $c: its disk 'upper.ext4': .*file only" 'is told so'
	deep rm "$c" >/dev/null
	check 'without it all is well' deep system check
else
	skip 'no debugfs here' 'root file systems'
fi
done_testing

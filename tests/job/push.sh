#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pushes to real registries and to one that cuts, forgets and refuses: what arrives is what was there, byte for byte,
# what is there is not sent again, and logins go nowhere else.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/registry.sh"
need docker-registry skopeo htpasswd openssl
. "$(dirname "$0")/lib.sh"
berth() { "$builddir/berth" --root "$store" --run-root "$run" "$@"; }
inspect() { skopeo inspect --raw --tls-verify=false "docker://$1" | sha256sum | cut -d' ' -f1; }

make_certificates
htpasswd -Bbn user secret >"$T/htpasswd" 2>/dev/null
start_registry open </dev/null || skip_all 'docker-registry does not start'
open=127.0.0.1:$PORT
sed -i "s|$T/registry|$T/registry2|" "$T/open.yml"
basic_config() { printf 'auth:\n  htpasswd: { realm: test, path: %s }\n' "$T/htpasswd"; }
start_registry basic < <(basic_config)
basic=127.0.0.1:$PORT
start_registry tls <<E2
  tls: { certificate: $T/server.pem, key: $T/server.key }
E2
tls=localhost:$PORT
start_python realm token_server.py "$T/token.key" "$T/token.pem" user secret
realm=$PORT
start_registry token <<E2
auth:
  token: { realm: "http://127.0.0.1:$realm/token", service: test, issuer: test, rootcertbundle: $T/token.pem }
E2
token=127.0.0.1:$PORT
digest=$("$srcdir/tests/lib/oci_image.py" "$T/image" --layers 3 --size 200000)
index=$("$srcdir/tests/lib/oci_image.py" "$T/multi" --platforms linux/amd64,linux/arm64/v8 --size 1000)
push "$T/image" "$open/a"
push "$T/multi" "$open/multi"
skopeo --insecure-policy copy -q --format v2s2 --dest-tls-verify=false "oci:$T/image:latest" "docker://$open/docker:latest"
requests() { # LOG: methods of what was asked of blobs and manifests
	grep -o '"\(HEAD\|GET\|POST\|PUT\|PATCH\) /v2/[^ ]*' "$T/$1.log" | tr -d '"' | sed 's|/v2/||; s|sha256:[0-9a-f]*|D|g; s|uploads/[^ ]*|uploads/U|' |
		sort | uniq -c | awk '{print $1, $2, $3}' | tr '\n' ';'
}

# --- pull, push, and back
for image in a docker; do
	berth pull -q --unpack=false "$open/$image" >/dev/null || echo "# cannot pull $image"
	want=$(inspect "$open/$image")
	: >"$T/open.log"
	got=$(berth push -q "$open/$image" "$open/$image-copy:1")
	is "$got" "sha256:$want" "$image: push prints the digest"
	is "$(inspect "$open/$image-copy:1")" "$want" 'what is there then is the same'
	is "$(requests open | grep -c 'PATCH\|uploads/U 2')" 0 'all of it was mounted: nothing was sent'
	check 'skopeo copies it out' skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$open/$image-copy:1" "dir:$T/copy-$image"
	is "$(sha256sum <"$T/copy-$image/manifest.json" | cut -d' ' -f1)" "$want" 'byte for byte'
done
rm -rf "$T/registry/docker/registry/v2"
out=$(berth push "$open/a" 2>"$T/err")
is "$? $out" "0 $digest" 'to a registry that has nothing'
like "$(cat "$T/err")" "push $open/a:latest: uploading.*[1-9][0-9]*K sent" 'progress and sum are told'
skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$open/a" "oci:$T/back:latest"
check 'each blob came back as it was' diff -r "$T/image/blobs" "$T/back/blobs"
: >"$T/open.log"
is "$(berth push -q "$open/a")" "$digest" 'push of what is there'
is "$(requests open)" '4 HEAD a/blobs/D;1 HEAD a/manifests/latest;' 'is one question a blob and one for the name'
check 'tag, then push by the new name' berth tag "$open/a" "$open/b/c:v2"
: >"$T/open.log"
is "$(berth push -q "$open/b/c:v2")" "$digest" 'works'
is "$(requests open | grep -o '[0-9]* POST[^;]*\|[0-9]* PUT[^;]*' | tr '\n' ';')" \
	'4 POST b/c/blobs/uploads/U;1 PUT b/c/manifests/v2;' 'with four mounts and a manifest'

# --- indexes
berth pull -q --unpack=false --platform linux/arm64 "$T/none" >/dev/null 2>&1
push "$T/multi" "$open/multi"
for p in linux/amd64 linux/arm64; do
	is "$(berth pull -q --unpack=false --platform $p "$open/multi")" "$index" "an index, for $p"
done
rm -rf "$T/registry/docker/registry/v2"
is "$(berth push -q --all-platforms "$open/multi" "$open/all:1")" "$index" 'push --all-platforms'
skopeo --insecure-policy copy -q --all --src-tls-verify=false "docker://$open/all:1" "oci:$T/back2:latest"
check 'is the whole index' diff -r "$T/multi/blobs" "$T/back2/blobs"
one=$(berth push -q --platform linux/arm64 "$open/multi" "$open/arm:1")
is "$(skopeo inspect --tls-verify=false --config "docker://$open/arm:1" | grep -o '"architecture": *"[a-z0-9]*"')" \
	'"architecture": "arm64"' 'push --platform is that image'
is "$(inspect "$open/arm:1")" "${one#sha256:}" 'whose digest was told'
rm -rf "$T/store2"
is "$("$builddir/berth" --root "$T/store2" --run-root "$run" pull -q --unpack=false --platform linux/arm64 "$open/all:1")" "$index" 'of an index, one platform is pulled'
check_fails 'and all are pushed' 1 "$builddir/berth" --root "$T/store2" --run-root "$run" push -q --all-platforms "$open/all:1" "$open/x"
like "$(cat "$T/.check")" 'the store lacks the image .* for linux/amd64.*hint: pull what is missing' 'which names what is missing'

# --- who may
check_fails 'without a login' 1 berth push -q "$open/a" "$basic/a"
like "$(cat "$T/.check")" "$basic does not give access.*berth login" 'is refused, with a hint'
check 'with one' berth push -q --creds user:secret "$open/a" "$basic/a"
: >"$T/realm.err"
check 'with a token' berth push -q --creds user:secret "$open/a" "$token/a"
like "$(cat "$T/realm.err")" 'scope=repository%3Aa%3Apull%2Cpush' 'of the right scope'
is "$(grep -c token "$T/realm.err")" 1 'fetched once'
berth tag "$open/a" "$token/a"
: >"$T/token.log"
check 'mounted by a token for both' berth push -q --creds user:secret "$token/a" "$token/public/b"
is "$(requests token | grep -c 'PATCH\|PUT public/b/blobs')" 0 'nothing is sent'
check_fails 'nobody may push' 1 berth push -q "$open/a" "$token/public/c"
check 'over TLS' berth push -q --ca "$T/ca.pem" "$open/a" "$tls/t:1"
check_fails 'over TLS, whose CA nobody knows' 1 berth push -q "$open/a" "$tls/t:2"
like "$(cat "$T/.check")" "cannot reach $tls: TLS: .*--ca FILE" 'is told'
check 'what came over TLS' berth pull -q --ca "$T/ca.pem" --unpack=false "$tls/t:1"
check_fails 'and is asked for without its CA' 1 berth pull -q --unpack=false "$tls/t:1"
like "$(cat "$T/.check")" "cannot reach $tls: TLS: .*--ca FILE" 'is told the same'
like "$(cat "$T/tls.log")" '"PUT /v2/t/manifests/1 HTTP/2' 'by HTTP/2'
check_fails 'with a CA that is not its own' 1 berth push -q --ca "$T/token.pem" "$open/a" "$tls/t:1"

# --- what is wrong with the words
check_fails 'an image that is not there' 1 berth push -q nosuch:1 "$open/x"
check_fails 'a digest to push to' 1 berth push -q "$open/a" "$open/x@$digest"
check_fails 'a folder to push to' 1 berth push -q "$open/a" "oci:$T/x"
check_fails 'a registry that is not there' 1 berth push -q "$open/a" 127.0.0.1:1/x
check_fails 'a layer that the store lost' 1 eval 'f=$(find "$store/content/blobs" -size +150k | head -n 1); mv "$f" "$T/lost"; berth push -q "$open/a" "$open/lost"; rc=$?; mv "$T/lost" "$f"; (exit $rc)'
like "$(cat "$T/.check")" "is neither in the store nor at $open" 'is named'

# --- a registry with faults; a large layer goes in pieces
"$srcdir/tests/lib/oci_image.py" "$T/big" --layers 1 --size 12000000 >"$T/bigdigest"
start_python main faulty_registry.py "$T/none"
main=127.0.0.1:$PORT
start_python second faulty_registry.py "$T/none"
second=localhost:$PORT
mkdir -p "$T/none" && echo '{"manifests":[]}' >"$T/none/index.json"
post() { # HOST PATH BODY
	/usr/bin/python3 -c 'import sys, urllib.request as u
u.build_opener(u.ProxyHandler({})).open(u.Request("http://" + sys.argv[1] + sys.argv[2], sys.argv[3].encode()))' "$@"
}
log() { # HOST FIELD...: of the requests so far, a line each
	/usr/bin/python3 -c 'import json, sys, urllib.request as u
log = json.load(u.build_opener(u.ProxyHandler({})).open("http://" + sys.argv[1] + "/_log"))
for r in log: print(r["method"], *(r[f] for f in sys.argv[2:]))' "$@"
}
n=0
# pushed NAME FAULTS: a new name, and all of it arrives
pushed() {
	n=$((n + 1))
	start_python "f$n" faulty_registry.py "$T/none"
	main=127.0.0.1:$PORT
	post "$main" /_faults "${2/PORT/$PORT}"
	got=$(berth push -q "$open/a" "$main/x" 2>"$T/err")
	is "$? $got" "0 $digest" "$1"
	[ "$got" = "$digest" ] || sed 's/^/# /' "$T/err"
	rm -rf "$T/back3"
	post "$main" /_faults '[]'
	skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$main/x" "oci:$T/back3:latest" && diff -r "$T/image/blobs" "$T/back3/blobs"
	ok $? "$1: whole"
}
layer=$(/usr/bin/python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["layers"][1]["digest"])' "$T/image/blobs/${digest/://}")
pushed 'no fault' '[]'
pushed 'an upload that is cut' '[{"match":"PUT .*uploads.*'"$layer"'","fault":"take","at":100000,"times":1}]'
is "$(log "$main" range length path | grep -c 'PATCH 100000-[0-9]* 10[0-9]* ')" 1 'goes on where it was cut'
pushed 'one that is cut twice' '[{"match":"(PUT|PATCH) .*uploads","fault":"take","at":90000,"times":2}]'
pushed 'one that is forgotten' '[{"match":"PUT .*'"$layer"'","fault":"take","at":100000,"times":1},{"match":"GET .*uploads","fault":"forget","times":1}]'
pushed 'an answer that is lost' '[{"match":"PUT .*'"$layer"'","fault":"lost","times":1}]'
is "$(log "$main" path | grep -c 'POST')" 4 'nothing is sent twice'
pushed 'not available twice' '[{"match":"uploads","fault":"status","code":503,"times":2}]'
pushed 'too many requests' '[{"match":"PUT .*manifests","fault":"status","code":429,"retry_after":1,"times":1}]'
pushed 'uploads at another address of it' '[{"match":"POST","fault":"location","to":"http://localhost:PORT"}]'
post "$second" /_faults '[{"match":"HEAD","fault":"status","code":403}]'
pushed 'a question that is led to where it is refused' '[{"match":"HEAD .*blobs","fault":"redirect","to":"http://'"$second"'"}]'
start_python never faulty_registry.py "$T/none"
main=127.0.0.1:$PORT
post "$main" /_faults '[{"match":"uploads","fault":"status","code":507,"word":"DENIED"}]'
check_fails 'no room' 1 berth push -q "$open/a" "$main/x"
like "$(cat "$T/.check")" "$main answers 507: DENIED" 'is told'
# the password stays at home
post "$main" /_faults '[{"match":"v2","fault":"basic","user":"u","password":"p"},{"match":"POST","fault":"location","to":"http://'"$second"'"}]'
post "$second" /_faults '[]'
check_fails 'uploads that are sent to another host' 1 berth push -q --creds u:p "$open/a" "$main/y"
is "$(log "$second" authorization | grep -o PUT | sort -u) $(log "$second" authorization | grep -vc None)" 'PUT 0' 'go without the password'
start_python large faulty_registry.py "$T/none"
main=127.0.0.1:$PORT
push "$T/big" "$open/big"
berth pull -q --unpack=false "$open/big" >/dev/null
printf '[push]\npiece-size = 4m\n' >"$T/config"
export BERTH_CONFIG=$T/config
post "$main" /_faults '[{"match":"PATCH .*state=2","fault":"take","at":1000000,"times":1}]'
is "$(berth push -q "$open/big" "$main/big" 2>"$T/err")" "$(cat "$T/bigdigest")" 'a large layer'
is "$(log "$main" range | grep PATCH | cut -d' ' -f2 | tr '\n' ' ' | sed 's/-120[0-9]* $/-end/')" \
	'0-4194303 4194304-8388607 5194304-9388607 9388608-end' 'goes in pieces, and on from a cut'
start_python whole faulty_registry.py "$T/none"
main=127.0.0.1:$PORT
post "$main" /_faults '[{"match":"PATCH","fault":"status","code":405}]'
is "$(berth push -q "$open/big" "$main/big" 2>"$T/err")" "$(cat "$T/bigdigest")" 'or whole, where pieces are refused'
is "$(log "$main" length | awk '$1 == "PUT" && $2 > 12000000' | wc -l)" 1 'by one request'

unset BERTH_CONFIG
# --- limits
start_python limits faulty_registry.py "$T/none"
main=127.0.0.1:$PORT
refused() { # NAME REGEX OPTION...
	SECONDS=0
	"$tool" push "root=$store" "run_root=$run" connect_ms=3000 header_ms=1000 stall_ms=1000 total_ms=9000 retries=1 "src=$open/big" \
		"${@:3}" "$main/limits" >"$T/out" 2>"$T/err"
	like "$? $(cat "$T/err")" "^1 error: $2" "$1"
	[ $SECONDS -lt 15 ]
	ok $? "$1: in time"
}
big=$(/usr/bin/python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["layers"][0]["digest"])' "$T/big/blobs/$(tr : / <"$T/bigdigest")")
post "$main" /_faults '[{"match":"PUT .*'"$big"'","fault":"mute"}]'
refused 'who takes nothing' ".*nothing taken within 1 s"
like "$(cat "$T/out")" '"state":"upload","bytes":[0-9]*[1-9]' 'progress is told in numbers'
post "$main" /_faults '[{"match":"POST","fault":"mute"}]'
refused 'who does not answer' ".*no answer within 1 s"
post "$main" /_faults '[{"match":"PUT","fault":"status","code":503}]'
refused 'who is never available' "after 2 tries: $main answers 503"
post "$main" /_faults '[{"match":"PUT","fault":"status","code":429,"retry_after":100000}]'
refused 'who wants us back tomorrow' "$main asks to come back in 100000 s"
post "$main" /_faults '[{"match":"PUT .*manifests","fault":"status","code":413}]'
refused 'who takes no manifest' "$main answers 413"
post "$main" /_faults '[]'
check 'nothing is left of all of it' good_store
# --- from files, which need not be in the store
berth save -q --format docker-archive "$open/a" -o "$T/a.tar" 2>/dev/null || berth save --format docker-archive "$open/a" -o "$T/a.tar"
tar -C "$T/image" -cf "$T/image.tar" .
for source in "oci:$T/image" "oci:$T/image:latest" "oci-archive:$T/image.tar"; do
	rm -rf "$T/files"
	is "$("$builddir/berth" --root "$T/files" --run-root "$run" push -q "$source" "$open/file")" "$digest" "push ${source%%:*}: a file's image"
	is "sha256:$(inspect "$open/file")" "$digest" 'arrives as it was'
done
(cd "$T" && "$builddir/berth" --root "$T/files" --run-root "$run" push -q oci:image "$open/relative") >"$T/out"
is "$(cat "$T/out")" "$digest" 'a relative path'
check 'docker-archive' eval '[ -n "$(berth push -q "docker-archive:$T/a.tar" "$open/docker-file")" ]'
skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$open/docker-file" "oci:$T/docker-file:latest"
is "$(skopeo inspect --config "oci:$T/docker-file:latest" | sha256sum)" "$(skopeo inspect --config "oci:$T/image:latest" | sha256sum)" 'with the same config'
check_fails 'a file without a name to go to' 1 berth push "oci:$T/image"
like "$(cat "$T/.check")" 'is in no registry; where is it to go\? berth push oci:' 'is asked for one'
check_fails 'a file that is not there' 1 berth push "oci-archive:$T/nosuch.tar" "$open/file"
like "$(cat "$T/.check")" "nosuch.tar.*No such file" 'is named'
check_fails 'to a file' 1 berth push "$open/a" "oci-archive:$T/to.tar"
like "$(cat "$T/.check")" "in no registry; to have a file: berth save --format oci-archive -o $T/to.tar $open/a" 'is refused with who does it'

# --- on a narrow terminal: a line that wrapped would stay on the screen
/usr/bin/python3 - "$builddir/berth" --root "$store" --run-root "$run" --progress tty push "$open/big" "$main/narrow" >"$T/lines" <<'PY'
import fcntl, os, pty, re, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 40, 0, 0))
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
try:
    while chunk := os.read(fd, 1000):
        seen += chunk
except OSError:
    pass
os.waitpid(pid, 0)
lines = [re.sub(r"\x1b\[[0-9]*[A-Z]", "", line) for line in seen.decode().replace("\r", "").split("\n")]
drawn = [line for line in lines if line.startswith("push ") or re.match("  [0-9a-f]{12} ", line)]
print(len(drawn) > 0, max(len(line) for line in drawn) < 40)
PY
is "$(cat "$T/lines")" 'True True' 'progress fits a narrow terminal'

# --- interrupted
post "$main" /_faults '[{"match":"HEAD","fault":"mute"}]'
"$builddir/berth" --root "$store" --run-root "$run" push "$open/big" "$main/later" >"$T/out" 2>&1 &
pid=$!
timeout 20 tail -n +1 -F "$T/out" 2>/dev/null | grep -q -m 1 uploading
kill -INT $pid
wait $pid
is "$?" 130 'Ctrl-C'
check 'leaves nothing either' good_store
done_testing

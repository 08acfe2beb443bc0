#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# Registries that cut, stall, lie, send elsewhere: a pull goes on or ends with one clear error, in time, and
# leaves nothing wrong behind.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/registry.sh"
. "$(dirname "$0")/lib.sh"

digest=$("$srcdir/tests/lib/oci_image.py" "$T/image" --layers 3 --size 300000)
"$srcdir/tests/lib/oci_image.py" "$T/multi" --platforms linux/amd64,linux/arm64 --size 1000 >/dev/null
layer=$(python3 -c 'import json, sys
top = json.load(open(sys.argv[1] + "/index.json"))["manifests"][0]["digest"]
print(json.load(open(sys.argv[1] + "/blobs/" + top.replace(":", "/")))["layers"][1]["digest"])' "$T/image")
start_python main faulty_registry.py "$T/image" || skip_all 'the faulty registry does not start'
main=127.0.0.1:$PORT
start_python second faulty_registry.py "$T/image"
second=localhost:$PORT

post() { # HOST PATH BODY
	python3 -c 'import sys, urllib.request as u
u.build_opener(u.ProxyHandler({})).open(u.Request("http://" + sys.argv[1] + sys.argv[2], sys.argv[3].encode()))' "$@"
}
faults() { post "$main" /_faults "$1"; post "$main" /_log ''; }
log() { # HOST FIELD: of the requests so far, a line each
	python3 -c 'import json, sys, urllib.request as u
log = json.load(u.build_opener(u.ProxyHandler({})).open("http://" + sys.argv[1] + "/_log"))
for r in log: print(r["method"], r["path"], r[sys.argv[2]])' "$@"
}
# pulled NAME [OPTION...]: afresh, and all is well in the end
pulled() {
	local name=$1
	shift
	rm -rf "$store"
	SECONDS=0
	pull "$@" "$main/x"
	is "$status $(field digest)" "0 $digest" "$name"
	[ "$status" -eq 0 ] || echo "# $err"
	check "$name: the store is clean" good_store
}
# refused NAME REGEX [OPTION...]: afresh, and it ends with such an error
refused() {
	local name=$1 regex=$2
	shift 2
	rm -rf "$store"
	SECONDS=0
	pull "$@" "$main/x"
	like "$status $err" "^1 $regex" "$name"
	[ $SECONDS -lt 20 ]
	ok $? "$name: in time"
	check "$name: no tag, nothing wrong in the store" eval '! grep -q "$main" "$store/content/index.json" && parts_only'
}
# parts_only: like good_store, but what a later pull goes on from may be there
parts_only() {
	find "$store/content/ingest" -mindepth 1 -delete
	good_store
}

faults '[]'
pulled 'no fault'

# --- cuts and pauses
faults '[{"match":"GET .*/blobs/'"$layer"'","fault":"cut","at":100000,"times":2}]'
pulled 'a layer that is cut twice'
is "$(log "$main" range | grep "$layer" | cut -d' ' -f3)" $'None\nbytes=100000-\nbytes=200000-' 'goes on where it was cut'
like "$out" '"warning","text":"127.0.0.1: the connection was cut, trying again|"text":"'"$main"': the connection was cut, trying again' \
	'and says so'
faults '[{"match":"GET .*/blobs/'"$layer"'","fault":"cut","at":100000,"times":2},{"match":"blobs","fault":"norange"}]'
pulled 'a cut layer of a server without ranges'
faults '[{"match":"GET .*/blobs/'"$layer"'","fault":"chunked"},{"match":"GET .*/blobs/'"$layer"'","fault":"cut","at":100000,"times":1}]'
pulled 'chunks that end too early'
faults '[{"match":"blobs/'"$layer"'","fault":"cut","at":1000}]'
refused 'a layer that is always cut' "after 2 tries: $main: the connection was cut" retries=1
faults '[]'
pull "$main/x"
is "$status" 0 'goes on in a later pull'
faults '[{"match":"blobs/'"$layer"'","fault":"cut","at":200000}]'
refused 'cut in the middle' '' retries=0
rm -rf "$store"
pull retries=0 "$main/x"
is "$status" 1 'once more'
faults '[]'
pull "$main/x"
is "$(log "$main" range | grep "$layer" | cut -d' ' -f3)" 'bytes=200000-' 'a later pull asks for the rest only'
check 'and its digest is right' good_store
for unpack in 0 1; do
	faults '[{"match":"blobs/'"$layer"'","fault":"cut","at":200000}]'
	rm -rf "$store"
	pull retries=0 "$main/x"
	printf x | dd of="$(echo "$store"/content/ingest/*"${layer#sha256:}")" bs=1 seek=150000 conv=notrunc status=none
	faults '[]'
	pull unpack=$unpack "$main/x"
	is "$status" 0 "a part that went bad since (unpacking: $unpack)"
	is "$(log "$main" range | grep "$layer" | cut -d' ' -f3)" $'bytes=200000-\nNone' 'is fetched anew'
	like "$out" '"warning","text":"what was kept of blob' 'which is told'
	check 'and its digest is right' good_store
done
faults '[{"match":"blobs/'"$layer"'","fault":"stall","at":1000,"times":1}]'
pulled 'a layer that stalls' stall_ms=1000 header_ms=5000 connect_ms=5000 total_ms=60000
faults '[{"match":"manifests","fault":"mute"}]'
refused 'no answer at all' "$main: no answer within 1 s" retries=0 header_ms=1000 connect_ms=1000 stall_ms=1000 total_ms=9000
faults '[{"match":"blobs/'"$layer"'","fault":"stall","at":1000}]'
refused 'a layer that stalls for ever' ".*no data within 0.5 s" retries=1 header_ms=1000 connect_ms=1000 stall_ms=500 total_ms=9000

# --- too busy, not well
faults '[{"match":"manifests","fault":"status","code":429,"retry_after":1,"times":1}]'
pulled 'too many requests'
[ $SECONDS -ge 1 ]
ok $? 'Retry-After is kept'
like "$out" 'too many requests \(429\), trying again in 1' 'and told'
faults '[{"match":"blobs","fault":"status","code":503,"times":2}]'
pulled 'not available twice'
faults '[{"match":"manifests","fault":"status","code":503}]'
refused 'never available' "after 2 tries: $main answers 503" retries=1
faults '[{"match":"manifests","fault":"status","code":429,"retry_after":100000}]'
refused 'to come back tomorrow' "$main asks to come back in 100000 s"
faults '[{"match":"manifests","fault":"status","code":418,"body":"tea"}]'
refused 'another status' "$main answers 418"
faults '[{"match":"manifests","fault":"status","code":403,"word":"DENIED"}]'
refused 'denied' "$main does not give access to image 'x:latest': DENIED: denied"

# --- lies
faults '[{"match":"blobs/'"$layer"'","fault":"corrupt","at":5000}]'
refused 'a wrong byte in a layer' ".*$layer.*digest|.*digest.*$layer"
[ ! -e "$store/content/blobs/${layer/://}" ]
ok $? 'the damaged layer is not kept'
faults '[{"match":"blobs/'"$layer"'","fault":"short","at":5000}]'
refused 'a shorter layer' "blob '$layer' has 5000 bytes at $main, not [0-9]+"
faults '[{"match":"blobs/'"$layer"'","fault":"length","add":-10}]'
refused 'a Content-Length that is too small' "blob '$layer' has [0-9]+ bytes at $main, not [0-9]+"
faults '[{"match":"blobs/'"$layer"'","fault":"length","add":10}]'
refused 'a Content-Length that is too large' "blob '$layer' has [0-9]+ bytes at $main, not [0-9]+"
faults '[{"match":"manifests","fault":"corrupt","at":30}]'
refused 'a wrong byte in a manifest' "digest mismatch: $main sent sha256:"
faults '[{"match":"manifests","fault":"digest","value":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}]'
refused 'another digest in the header' "digest mismatch: $main sent"
faults '[{"match":"manifests","fault":"status","code":200,"body":"{}"}]'
refused 'no manifest' "image '$main/x:latest': it is neither a manifest nor an index"
faults '[{"match":"manifests","fault":"status","code":200,"body":"{\"schemaVersion\":1,\"fsLayers\":[]}"}]'
refused 'the old schema' ".*schema 1, which is not supported"
faults '[{"match":"manifests","fault":"status","code":200,"body":"<html>"}]'
refused 'a page in place of a manifest' "image '$main/x:latest': manifest is not JSON"
faults '[{"match":"manifests","fault":"big","bytes":200000}]'
refused 'very large headers' ".*headers are larger than 128 KiB|.*[Hh]eader"
faults '[{"match":"manifests","fault":"garbage"}]'
refused 'bytes that are no HTTP' ".*" retries=0

# --- elsewhere
faults '[{"match":"blobs","fault":"redirect","to":"http://'"$second"'"},{"match":"v2","fault":"basic","user":"u","password":"p"}]'
post "$second" /_log ''
pulled 'layers on another host' creds=u:p
is "$(log "$main" authorization | grep -c Basic)" 5 'the registry gets the login'
is "$(log "$second" authorization | grep -c None)" 4 'the other host'
is "$(log "$second" authorization | grep -vc None)" 0 'does not get it'
faults '[{"match":"blobs","fault":"redirect","to":"http://'"$main"'"}]'
refused 'redirects in a circle' "$main redirects more than 10 times"
faults '[{"match":"blobs","fault":"redirect","to":"file:///etc/passwd?"}]'
refused 'a redirect to a file' ".*neither http nor https"
faults '[{"match":"blobs","fault":"redirect","to":"http://u:p@'"$second"'"}]'
refused 'a redirect with a password' ".*holds a user's name"
faults '[{"match":"v2","fault":"bearer","realm":"http://'"$second"'/token","token":"t"}]'
post "$second" /_log ''
post "$second" /_faults '[{"match":"token","fault":"token","token":"t","expires_in":60}]'
pulled 'a token server on another host' creds=u:p
is "$(log "$second" authorization)" 'GET /token?service=s&scope=repository%3Ax%3Apull None' 'is asked once, without the login'
faults '[{"match":"v2","fault":"bearer","realm":"http://'"$main"'/token","token":"t"},{"match":"token","fault":"token","token":"other"}]'
refused 'a token that does not help' "$main does not give access"
faults '[{"match":"v2","fault":"bearer","realm":"ftp://x/","token":"t"}]'
refused 'a token server of another kind' ".*neither http nor https"
faults '[{"match":"v2/","fault":"bearer","realm":"http://'"$main"'/token","token":"t"},{"match":"token","fault":"status","code":307}]'
refused 'a token server that answers nonsense' ".*cannot log in to $main"

# --- platforms
post "$main" /_layout "$T/multi"
faults '[{"match":"manifests/latest","fault":"type","value":"text/plain"}]'
rm -rf "$store"
pull platform=linux/arm64 "$main/x"
is "$status" 0 'an index of no type at all'

# --- HEAD
for code in 400 405; do
	faults '[{"match":"HEAD","fault":"status","code":'$code'}]'
	pull platform=linux/arm64 "$main/x"
	is "$status" 0 "a server that answers $code to HEAD"
done
done_testing

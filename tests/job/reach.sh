#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The ways to a registry: tokens that run out, refresh tokens, other token servers, certificates, mirrors, proxies; and
# what each of the servers gets to see of a login.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/registry.sh"
need docker-registry skopeo openssl curl
. "$(dirname "$0")/lib.sh"
berth() { "$builddir/berth" --config "$T/config" --root "$store" --run-root "$run" "$@"; }
: >"$T/config"

make_certificates
start_python realm token_server.py "$T/token.key" "$T/token.pem" user secret
realm=$PORT
start_registry open </dev/null || skip_all 'docker-registry does not start'
open=127.0.0.1:$PORT
start_registry token <<E2
auth:
  token: { realm: "http://127.0.0.1:$realm/token", service: test, issuer: test, rootcertbundle: $T/token.pem }
E2
token=127.0.0.1:$PORT
start_registry other <<E2
auth:
  token: { realm: "http://localhost:$realm/token", service: test, issuer: test, rootcertbundle: $T/token.pem }
E2
other=127.0.0.1:$PORT
start_registry mutual <<E2
  tls: { certificate: $T/server.pem, key: $T/server.key, clientcas: [ $T/ca.pem ] }
E2
mutual=localhost:$PORT
start_registry tls <<E2
  tls: { certificate: $T/server.pem, key: $T/server.key }
E2
tlsport=$PORT
digest=$("$srcdir/tests/lib/oci_image.py" "$T/image" --layers 2 --size 200000)
push "$T/image" "$open/a"
push "$T/image" "$open/pre/a"
start_python main faulty_registry.py "$T/image"
main=127.0.0.1:$PORT
start_python second faulty_registry.py "$T/image"
second=127.0.0.1:$PORT
faults() { curl -s -d "$2" "http://$1/_faults"; curl -s -d '' "http://$1/_log"; }
log() { # HOST FIELD: of the requests so far, a line each
	curl -s "http://$1/_log" | /usr/bin/python3 -c 'import json, sys
for r in json.load(sys.stdin): print(r["method"], r["path"], r[sys.argv[1]])' "$2"
}
# pulls NAME WORDS...: afresh, and the image is whole
pulls() {
	local name=$1
	shift
	rm -rf "$store"
	is "$(berth pull -q --unpack=false "$@" 2>"$T/err")" "$digest" "$name"
	check "$name: the store is clean" good_store
}
refuses() { # NAME REGEX WORDS...
	local name=$1 regex=$2
	shift 2
	rm -rf "$store"
	check_fails "$name" 1 berth pull -q --unpack=false "$@"
	like "$(cat "$T/.check")" "$regex" "$name: is told"
}

# --- tokens that run out
faults "$main" '[{"match":"v2","fault":"bearer","realm":"http://'"$main"'/token","token":"t1","times":4},
	{"match":"v2","fault":"bearer","realm":"http://'"$main"'/token","token":"t2"},
	{"match":"token","fault":"token","token":"t1","expires_in":300,"times":1},{"match":"token","fault":"token","token":"t2","expires_in":300}]'
pulls 'a token that is refused in the middle of a pull' "$main/x"
is "$(log "$main" authorization | grep -c '/token')" 2 'is replaced by another'
faults "$main" '[{"match":"v2","fault":"bearer","realm":"http://'"$main"'/token","token":"t"},
	{"match":"token","fault":"token","token":"t","expires_in":1},
	{"match":"blobs","fault":"status","code":429,"retry_after":1,"times":1}]'
pulls 'a token whose time is over' "$main/x"
is "$(log "$main" authorization | grep -c '/token') $(log "$main" authorization | grep '/v2/' | grep -c None)" '2 1' \
	'is renewed before it is used'
# --- OAuth2
mkdir -p "$DOCKER_CONFIG"
printf '{"auths":{"%s":{"auth":"%s","identitytoken":"refresh-secret"}}}' "$token" "$(printf user: | base64)" >"$DOCKER_CONFIG/config.json"
: >"$T/realm.err"
pulls 'a refresh token' "$token/a"
like "$(cat "$T/realm.err")" '"post": "grant_type=refresh_token&service=test&client_id=berth&scope=repository%3Aa%3Apull&refresh_token=refresh-secret"' \
	'goes into the body of a POST'
is "$(grep -c Basic "$T/realm.err") $(grep -c path "$T/realm.err")" '0 0' 'and nowhere else'
check 'push with it' berth push -q "$token/a" "$token/pushed"
sed -i 's/refresh-secret/refresh-old/' "$DOCKER_CONFIG/config.json"
refuses 'one that is not good any more' "cannot log in to $token: .*wrong refresh token" "$token/a"

# --- a token server on another host
printf '{"auths":{"%s":{"auth":"%s"}}}' "$other" "$(printf user:secret | base64)" >"$DOCKER_CONFIG/config.json"
: >"$T/realm.err"
refuses 'a token server on another host' 'hint: the login was not sent.*token-servers' "$other/a"
is "$(grep -c Basic "$T/realm.err")" 0 'does not get the login'
printf '[pull]\ntoken-servers = %s=localhost:%s\n' "$other" "$realm" >"$T/config"
pulls 'unless the configuration names it' "$other/a"
printf '[pull]\ntoken-servers = %s=localhost:1 x=localhost:%s\n' "$other" "$realm" >"$T/config"
: >"$T/realm.err"
refuses 'for this registry and port' 'the login was not sent' "$other/a"
is "$(grep -c Basic "$T/realm.err")" 0 'exactly'
: >"$T/config"
rm "$DOCKER_CONFIG/config.json"

# --- certificates
refuses 'a registry that wants a certificate of ours' "cannot reach $mutual: TLS: .* alert .*hint: .*certs.d" --ca "$T/ca.pem" "$mutual/a"
certs=$XDG_CONFIG_HOME/containers/certs.d/$mutual
mkdir -p "$certs"
cp "$T/ca.pem" "$certs/ca.crt"
cp "$T/client.pem" "$certs/client.cert"
refuses 'a certificate without its key' "cannot read '$certs/client.key'" "$mutual/a"
cp "$T/client.key" "$certs/client.key"
pulls 'certificates of certs.d' "$mutual/a"
like "$(berth pull "localhost:$tlsport/a" 2>&1)" 'hint: .*--ca FILE' 'for that port only'
check 'for push too' berth push -q "$mutual/a" "$mutual/b"
check 'and tags' berth tags "$mutual/a"
rm -rf "$XDG_CONFIG_HOME/containers"
refuses 'without them' "cannot reach localhost" "$mutual/a"

# --- mirrors
printf '[pull]\nmirrors = %s=%s other.example=%s\n' "$main" "$second" "$open" >"$T/config"
faults "$main" '[{"match":"v2","fault":"basic","user":"u","password":"p"}]'
faults "$second" '[]'
pulls 'a mirror' --creds u:p "$main/x"
is "$(log "$main" authorization)" '' 'gives all: the registry is not asked'
is "$(log "$second" authorization | grep -vc 'None$')" 0 'and does not get the login'
is "$(berth images --format repository)" "$main/x" 'the image has the name that was asked for'
is "$(berth pull -q --unpack=false --creds u:p "$main/x")" "$digest" 'again'
is "$(log "$second" authorization | tail -n 1)" 'HEAD /v2/x/manifests/latest None' 'is one question to the mirror'
faults "$second" '[{"match":"v2","fault":"status","code":404}]'
pulls 'a mirror that has nothing' --creds u:p "$main/x"
is "$(log "$main" authorization | grep -c 'Basic')" 4 'the registry gives it'
faults "$second" '[{"match":"v2","fault":"basic","user":"u","password":"p"}]'
pulls 'a mirror that wants a login' --creds u:p "$main/x"
is "$(log "$second" authorization | grep -vc 'None$')" 0 'does not get that of the registry'
faults "$second" '[{"match":"blobs","fault":"corrupt","at":5000}]'
pulls 'a mirror whose layers are damaged' --creds u:p "$main/x"
for at in 15 60000; do # the unpacker stops at once; it has had some good data
	faults "$second" '[{"match":"blobs","fault":"corrupt","at":'$at'}]'
	rm -rf "$store"
	is "$(berth pull --creds u:p "$main/x" 2>"$T/err")" "$digest" "the same while it is unpacked, byte $at"
	like "$(cat "$T/err")" "mirror $second: .*digest.*; asking $main" 'which is told'
	check 'the store is clean' good_store
	check 'and the root file system is right' e2fsck -fn "$(echo "$store"/rootfs/*/base.ext4)"
done
faults "$second" '[{"match":"blobs","fault":"status","code":403}]'
pulls 'a mirror that gives no layers' --creds u:p "$main/x"
rm -rf "$store"
is "$(timeout 60 "$builddir/berth" --config "$T/config" --root "$store" --run-root "$run" pull -q --creds u:p "$main/x" 2>/dev/null)" "$digest" \
	'the same while it is unpacked'
printf '[pull]\nmirrors = %s=127.0.0.1:1 %s=%s/pre\n' "$main" "$main" "$open" >"$T/config"
faults "$main" '[{"match":"v2","fault":"status","code":500}]'
rm -rf "$store"
berth pull --unpack=false "$main/a" >"$T/out" 2>"$T/err"
is "$(cat "$T/out")" "$digest" 'a mirror that is not there, then one with a prefix'
like "$(cat "$T/err")" "mirror 127.0.0.1:1: cannot reach .*; asking $open" 'which is told'
printf '[pull]\nmirrors = %s=nodot\n' "$main" >"$T/config"
refuses 'a mirror that is none' "mirror 'nodot' of $main" "$main/a"
: >"$T/config"

# --- proxies
start_python proxy proxy.py "$tlsport"
export HTTPS_PROXY=http://pu:pw@127.0.0.1:$PORT
pulls 'through a proxy' --ca "$T/ca.pem" --creds user:secret registry.test/a
like "$(head -n 1 "$T/proxy.err")" '"to": "registry.test:443".*"Proxy-Authorization": "Basic cHU6cHc="' 'which gets what is for it'
is "$(grep -c '"Authorization"' "$T/proxy.err")" 0 'and nothing else'
: >"$T/proxy.err"
pulls 'hosts of NO_PROXY and loopback' --ca "$T/ca.pem" "localhost:$tlsport/a"
is "$(cat "$T/proxy.err")" '' 'are reached without it'
NO_PROXY=registry.test refuses 'NO_PROXY' 'cannot reach registry.test' --ca "$T/ca.pem" registry.test/a
is "$(cat "$T/proxy.err")" '' 'holds'
like "$(cat "$T/tls.log")" '"GET /v2/a/blobs/[^ ]* HTTP/2' 'TLS means HTTP/2'
done_testing

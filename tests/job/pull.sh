#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 120
# Pulls from real registries: open, with passwords, with tokens, with TLS; by tag, by digest, by platform.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/registry.sh"
need docker-registry skopeo htpasswd openssl
. "$(dirname "$0")/lib.sh"

make_certificates
htpasswd -Bbn user secret >"$T/htpasswd" 2>/dev/null
start_registry open </dev/null || skip_all 'docker-registry does not start'
open=127.0.0.1:$PORT
start_registry basic <<E2
auth:
  htpasswd:
    realm: test
    path: $T/htpasswd
E2
basic=127.0.0.1:$PORT
start_registry tls <<E2
  tls:
    certificate: $T/server.pem
    key: $T/server.key
E2
tls=localhost:$PORT
start_python realm token_server.py "$T/token.key" "$T/token.pem" user secret
realm=$PORT
start_registry token <<E2
auth:
  token:
    realm: http://127.0.0.1:$realm/token
    service: test
    issuer: test
    rootcertbundle: $T/token.pem
E2
token=127.0.0.1:$PORT
start_registry other <<E2
auth:
  token:
    realm: http://localhost:$realm/token
    service: test
    issuer: test
    rootcertbundle: $T/token.pem
E2
other=127.0.0.1:$PORT

digest=$("$srcdir/tests/lib/oci_image.py" "$T/image" --layers 3 --size 200000)
index=$("$srcdir/tests/lib/oci_image.py" "$T/multi" --platforms linux/amd64,linux/arm64/v8,linux/s390x --size 1000)
check 'an image is pushed' push "$T/image" "$open/private"
check 'under another name' push "$T/image" "$open/public/a"
check 'and an index' push "$T/multi" "$open/multi"
skopeo --insecure-policy copy -q --format v2s2 --dest-tls-verify=false "oci:$T/image:latest" "docker://$open/docker:latest"

# --- open
pull "$open/private"
is "$status" 0 'a pull'
is "$(field digest)" "$digest" 'tells the digest of the tag'
like "$out" '"state":"done"' 'and progress'
is "$(blobs)" 5 'manifest, config and three layers are in the store'
check 'which is clean' good_store
check 'and read by skopeo' skopeo inspect "oci:$store/content:$open/private:latest"
pull "$open/private"
is "$status $(field fetched)" '0 0' 'again: nothing is fetched'
is "$(grep -c 'method=HEAD.*private/manifests' "$T/open.log")" 1 'by one HEAD'
pull "$open/public/a"
is "$status $(field fetched)" '0 0' 'the same image of another name: nothing is fetched'
like "$out" '"state":"shared"' 'its layers are shared'
pull "$open/private@$digest"
is "$status $(field digest)" "0 $digest" 'by digest'
pull "$open/docker"
is "$status" 0 "an image in docker's format"
check 'whose manifest is one' skopeo inspect --raw "docker://$open/docker:latest" --tls-verify=false
pull platform=linux/arm64 platform_given=1 "$open/multi"
is "$status $(field digest)" "0 $index" 'another platform of an index'
pull platform=linux/riscv64 platform_given=1 "$open/multi"
like "$status $err" "^1 image '$open/multi:latest': "'there is no image for linux/riscv64; there is linux/amd64, linux/arm64/v8, linux/s390x' \
	'a platform that there is not'
pull platform=linux/arm64 platform_given=1 "$open/private"
like "$status $err" '^1 the image is for linux/.*, not for linux/arm64' 'an image for another platform'
pull "$open/none"
like "$status $err" "^1 $open has no image 'none:latest'" 'an unknown image'
pull "$open/private:none"
like "$status $err" "^1 $open has no image 'private:none'" 'an unknown tag'
pull 127.0.0.1:1/x
like "$status $err" '^1 cannot reach 127.0.0.1:1: ' 'nobody there'
check 'the store is clean after all of these' good_store

# --- passwords
rm -rf "$store"
pull "$basic/private"
like "$status $err $hint" "^1 $basic does not give access to image 'private:latest': it wants a login .*berth login" \
	'no password'
pull creds=user:wrong "$basic/private"
like "$status $err" '^1 .*user or password is wrong' 'a wrong password'
pull creds=user:secret "$basic/private"
is "$status $(field digest)" "0 $digest" 'the right one'
rm -rf "$store"
printf '{"auths":{"%s":{"auth":"%s"}}}' "$basic" "$(printf user:secret | base64)" >"$DOCKER_CONFIG/config.json"
pull "$basic/private"
is "$status" 0 "one from docker's file"
rm -rf "$store"
mkdir "$T/bin"
printf '#!/bin/sh\nread host; echo "$1 $host" >>%s\necho "{\\"Username\\":\\"user\\",\\"Secret\\":\\"secret\\"}"\n' "$T/asked" \
	>"$T/bin/docker-credential-test"
chmod +x "$T/bin/docker-credential-test"
printf '{"credHelpers":{"%s":"test"}}' "$basic" >"$DOCKER_CONFIG/config.json"
PATH=$T/bin:$PATH pull "$basic/private"
is "$status $(cat "$T/asked")" "0 get $basic" 'one from a helper'
rm "$DOCKER_CONFIG/config.json"

# --- tokens
rm -rf "$store"
pull "$token/public/a"
is "$status" 0 'an anonymous token'
is "$(grep -c '"authorization": null' "$T/realm.err")" 1 'fetched once'
pull "$token/private"
like "$status $err" "^1 $token does not give access to image 'private:latest'" 'not for what is private'
pull creds=user:wrong "$token/private"
like "$status $err" "^1 cannot log in to $token: .*wrong password" 'a wrong password'
pull creds=user:secret "$token/private"
is "$status" 0 'the right one'
: >"$T/realm.err"
pull creds=user:secret "$other/private"
is "$status" 1 'a token server on another host'
is "$(grep -c Basic "$T/realm.err")" 0 'does not get the password'

# --- TLS
rm -rf "$store"
pull "ca_file=$T/ca.pem" "$tls/private"
is "$status" 0 'TLS with a CA of our own'
rm -rf "$store"
pull "$tls/private"
like "$status $err $hint" "^1 cannot reach $tls: TLS: .*--ca FILE" 'without it'
pull "ca_file=$T/token.pem" "$tls/private"
like "$status $err" "^1 cannot reach $tls: TLS: " 'with another'
pull "ca_file=$T/none.pem" "$tls/private"
is "$status" 1 'with one that is not there'
pull insecure=1 "$tls/private"
is "$status" 0 'not verified, as asked for'
rm -rf "$store"
pull "ca_file=$T/ca.pem" "$open/private"
like "$status $err $hint" '^1 .*TLS: .*--plain-http' 'TLS with a registry that has none'
pull plain_http=1 "$open/private"
is "$status" 0 'which works without'
check 'the store is clean' good_store
done_testing

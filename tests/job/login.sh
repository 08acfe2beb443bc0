#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# login and logout against real registries, with passwords and with tokens: what is kept, where, for whom to read,
# and what the servers and the process list get to see of it.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/registry.sh"
need docker-registry skopeo htpasswd
. "$(dirname "$0")/lib.sh"
berth() { "$builddir/berth" --root "$store" --run-root "$run" "$@"; }
config=$DOCKER_CONFIG/config.json

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
auth:
  htpasswd:
    realm: test
    path: $T/htpasswd
E2
tls=localhost:$PORT
start_python realm token_server.py "$T/token.key" "$T/token.pem" user secret
realm=$PORT
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
digest=$("$srcdir/tests/lib/oci_image.py" "$T/image" --layers 1 --size 1000)
push "$T/image" "$open/private"

# --- passwords
check_fails 'a wrong password' 1 berth login -u user --password-stdin "$basic" <<<wrong
like "$(cat "$T/.check")" "error: $basic does not give access .*user or password is wrong" 'is told'
[ ! -e "$config" ]
ok $? 'and not kept'
check_fails 'the pull that follows' 1 berth pull --unpack=false "$basic/private"
like "$(cat "$T/.check")" 'hint: .*berth login' 'says what to do'
out=$(berth login -u user --password-stdin "$basic" <<<secret 2>"$T/err")
is "$? $out" '0 Login Succeeded' 'the right one, from standard input'
like "$(cat "$T/err")" "^berth: warning: the password is kept unencrypted in $config" 'where it is kept is told'
is "$(stat -c %a "$config")" 600 'nobody else can read it'
check 'pull uses it' berth pull --unpack=false "$basic/private"
check 'so does skopeo' skopeo inspect --authfile "$config" --tls-verify=false "docker://$basic/private"
is "$(berth login "$basic" 2>"$T/err")" 'Login Succeeded' 'login again: the one that is kept is tried'
like "$(cat "$T/err")" 'The login of user that is kept is right' 'which is told'
printf '{"HttpHeaders":{"X":"y"},"auths":{"quay.io":{"auth":"cTpx"},"https://%s/v1/":{"auth":"b2xkOm9sZA=="}}}' "$basic" >"$config"
chmod 644 "$config"
check_fails 'without a terminal nobody is asked' 1 berth login "$basic"
like "$(cat "$T/.check")" 'user or password is wrong' 'the kept login is wrong'
berth login -u user -p secret "$basic" >/dev/null 2>"$T/err"
is "$?" 0 '-p'
like "$(cat "$T/err")" "warning: a password on the command line" 'is warned about'
is "$(/usr/bin/python3 -c 'import json, sys
c = json.load(open(sys.argv[1])); print(c["HttpHeaders"], sorted(c["auths"].items()))' "$config")" \
	"{'X': 'y'} [('$basic', {'auth': 'dXNlcjpzZWNyZXQ='}), ('quay.io', {'auth': 'cTpx'})]" 'what else is in the file stays'
is "$(stat -c %a "$config")" 600 'and its mode becomes 0600'
check 'logout' berth logout "$basic"
is "$(grep -c "$basic" "$config") $(grep -c quay.io "$config")" '0 1' 'takes just that login away'
check 'logout again' berth logout "$basic"
like "$(cat "$T/.check")" 'there was no login' 'has nothing to do'
check_fails 'and pull is refused again' 1 berth pull --unpack=false "$basic/private"
mkdir -p "$XDG_RUNTIME_DIR/containers"
printf '{"auths":{"%s":{"auth":"dXNlcjpzZWNyZXQ="}}}' "$basic" >"$XDG_RUNTIME_DIR/containers/auth.json"
check "podman's login is used" berth pull --unpack=false "$basic/private"
check 'and left alone by logout' berth logout "$basic"
like "$(cat "$T/.check")" "$XDG_RUNTIME_DIR/containers/auth.json has a login too" 'which says so'
rm "$XDG_RUNTIME_DIR/containers/auth.json"
rm "$config"
mv "$DOCKER_CONFIG" "$T/elsewhere"
mkdir "$DOCKER_CONFIG"
ln -s "$T/elsewhere/real.json" "$config"
echo '{}' >"$T/elsewhere/real.json"
berth login -u user --password-stdin "$basic" <<<secret >/dev/null 2>&1
[ -L "$config" ] && grep -q "$basic" "$T/elsewhere/real.json"
ok $? 'a symlink is written through'
rm "$config"

# --- who asks for nothing, who is nobody, who is no registry
berth login -u user --password-stdin "$open" <<<any >/dev/null 2>"$T/err"
like "$(cat "$T/err")" "warning: $open asks for no login" 'a registry that asks for no login'
check_fails 'nobody there' 1 berth login -u u -p p 127.0.0.1:1
start_python none faulty_registry.py "$T/image"
curl -s -d '[{"match":"v2","fault":"status","code":404}]' "http://127.0.0.1:$PORT/_faults"
check_fails 'what is no registry' 1 berth login -u u -p p "127.0.0.1:$PORT"
check_fails 'no host' 1 berth login -u u -p p 'a b'
check_fails 'a part of a registry' 1 berth login -u u -p p "$basic/team"
check_fails 'both ways at once' 2 berth login -u u -p p --password-stdin "$basic"
check_fails 'no user' 2 berth login -p p "$basic"
check_fails 'no password' 2 berth login -u u --password-stdin "$basic" </dev/null
check_fails 'a user with a colon' 1 berth login -u a:b -p c "$basic"

# --- the process list: another program stands where the helper of the store would, and looks
mkdir "$T/bin"
cat >"$T/bin/docker-credential-spy" <<E2
#!/bin/sh
cat >>$T/spy.in
printf ' %s\n' "\$1" >>$T/spy.in
for p in /proc/[0-9]*; do
	case \$(cat \$p/comm 2>/dev/null) in
	berth* | docker-cred*) cat \$p/cmdline \$p/environ ;;
	esac
done 2>/dev/null | tr '\\0' ' ' >$T/spy.list
[ "\$1" != get ] || cat $T/spy.known 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; }
E2
chmod +x "$T/bin/docker-credential-spy"
export PATH=$T/bin:$PATH
printf '{"credsStore":"spy"}' >"$config"
berth login -u user -psecret "$basic" >/dev/null 2>"$T/err"
is "$?" 0 'a login that a helper keeps'
is "$(grep 'store$' "$T/spy.in")" "{\"ServerURL\":\"$basic\",\"Username\":\"user\",\"Secret\":\"secret\"} store" 'it is told on standard input'
like "$(cat "$T/spy.list")" 'berth --root [^ ]* --run-root [^ ]* login -u user -p ' 'while berth stands in the process list'
is "$(grep -c 'secret' "$T/spy.list")" 0 'without the password, as nothing else has it'
is "$(grep -c secret "$config")$(grep -c unencrypted "$T/err")" 00 'nor the file'
printf '{"Username":"user","Secret":"secret"}' >"$T/spy.known"
check 'pull asks the helper' berth pull --unpack=false "$basic/private"
: >"$T/spy.in"
check 'logout' berth logout "$basic"
is "$(grep 'erase$' "$T/spy.in")" "$basic erase" 'makes it forget'
rm "$T/spy.known"
printf '#!/bin/sh\necho "the keychain is locked"; exit 1\n' >"$T/bin/docker-credential-bad"
chmod +x "$T/bin/docker-credential-bad"
printf '{"credHelpers":{"%s":"bad"}}' "$basic" >"$config"
check_fails 'a helper that fails' 1 berth login -u user --password-stdin "$basic" <<<secret
like "$(cat "$T/.check")" "credential helper 'bad': the keychain is locked" 'is named, with its words'
printf '{"auths":' >"$config"
check_fails 'a file that is not JSON' 1 berth login -u user --password-stdin "$basic" <<<secret
is "$(cat "$config")" '{"auths":' 'stays as it is'
rm "$config"

# --- tokens
: >"$T/realm.err"
check_fails 'a token server that refuses' 1 berth login -u user --password-stdin "$token" <<<wrong
check 'one that does not' berth login -u user --password-stdin "$token" <<<secret
is "$(grep -c "Basic $(printf user:secret | base64)" "$T/realm.err")" 1 'was asked once with the right one'
is "$(/usr/bin/python3 -c 'import base64, json, sys
e = json.load(open(sys.argv[1]))["auths"][sys.argv[2]]; print(base64.b64decode(e["auth"]).decode(), e["identitytoken"])' "$config" "$token")" \
	'user: refresh-secret' 'the refresh token that the server gives is kept, and not the password'
check 'pull uses it' berth pull --unpack=false "$token/private"
like "$(tail -n 1 "$T/realm.err")" '"post": ".*grant_type=refresh_token' 'which is sent'
: >"$T/realm.err"
check_fails 'a token server on another host' 1 berth login -u user --password-stdin "$other" <<<secret
like "$(cat "$T/.check")" 'error: the login was not sent' 'is a reason to refuse'
is "$(grep -c Basic "$T/realm.err")" 0 'and does not get the password'

# --- TLS
check_fails 'a certificate of nobody known' 1 berth login -u user --password-stdin "$tls" <<<secret
check 'with the CA that signed it' berth login -u user --password-stdin --ca "$T/ca.pem" "$tls" <<<secret
check 'or unverified' berth login -u user --password-stdin --tls-verify=false "https://$tls/" <<<secret

# --- many at once: each counts
rm -f "$config"
for h in "$basic" "$token" "$open"; do
	berth login -u user --password-stdin "$h" <<<secret >/dev/null 2>&1 &
	logins+=($!)
done
wait "${logins[@]}"
is "$(/usr/bin/python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["auths"]))' "$config")" 3 'three logins at once'
is "$(ls -A "$DOCKER_CONFIG")" config.json 'leave one file'

# --- at a terminal
rm -f "$config"
/usr/bin/python3 - "$builddir/berth" --root "$store" --run-root "$run" login "$basic" >"$T/screen" <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
for prompt, answer in ((b"Username: ", b"user\n"), (b"Password: ", b"secret\n")):
    while prompt not in seen:
        seen += os.read(fd, 1000)
    os.write(fd, answer)
try:
    while chunk := os.read(fd, 1000):
        seen += chunk
except OSError:
    pass
print(seen.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
like "$(cat "$T/screen")" 'Login Succeeded.* 0' 'the questions'
is "$(grep -c secret "$T/screen")" 0 'whose answer is not shown'
done_testing

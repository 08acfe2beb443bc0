# SPDX-License-Identifier: Apache-2.0
# Registries on loopback for tests; to be sourced after tap.sh. What is started ends with the test.
started_pids=()
trap '[ ${#started_pids[@]} -eq 0 ] || kill "${started_pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$T"' EXIT
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
export DOCKER_CONFIG=$T/docker HOME=$T/home XDG_RUNTIME_DIR=$T/xdg XDG_CONFIG_HOME=$T/home/.config
mkdir -p "$DOCKER_CONFIG" "$HOME" "$XDG_RUNTIME_DIR"

# first_line NAME PATTERN: waits for a line of $T/NAME.log that matches and prints it; 20 s at most
first_line() {
	timeout 20 tail -n +1 -F "$T/$1.log" 2>/dev/null | grep -m 1 -E "$2"
}

# start NAME COMMAND...: in the background, its output to $T/NAME.log
start() {
	local name=$1
	shift
	: >"$T/$name.log"
	: >"$T/$name.err"
	"$@" >>"$T/$name.log" 2>>"$T/$name.err" </dev/null &
	started_pids+=($!)
}

# start_python NAME SCRIPT ARG...: one of tests/lib that prints its port; sets PORT
start_python() {
	local name=$1
	shift
	start "$name" /usr/bin/python3 -B "$srcdir/tests/lib/$1" "${@:2}"
	PORT=$(first_line "$name" '^[0-9]+$')
	[ -n "$PORT" ]
}

# start_registry NAME: a docker-registry whose further configuration comes on stdin; sets PORT. All of one test
# share their blobs.
start_registry() {
	{
		printf 'version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: %s\n' "$T/registry"
		printf 'http:\n  addr: 127.0.0.1:0\n  secret: test\n'
		cat
	} >"$T/$1.yml"
	: >"$T/$1.log"
	OTEL_TRACES_EXPORTER=none docker-registry serve "$T/$1.yml" >>"$T/$1.log" 2>&1 </dev/null &
	started_pids+=($!)
	PORT=$(first_line "$1" 'listening on' | sed 's/.*listening on [^ "]*:\([0-9]*\).*/\1/')
	[ -n "$PORT" ]
}

# make_certificates: $T/ca.pem and $T/server.{pem,key} for localhost, registry.test and 127.0.0.1; a client's of the same
# CA in $T/client.{pem,key}; $T/token.{pem,key}
make_certificates() {
	(
		cd "$T" || exit
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=test CA' \
			-keyout ca.key -out ca.pem
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=localhost' \
			-keyout server.key -out server.csr
		printf 'subjectAltName=DNS:localhost,DNS:registry.test,IP:127.0.0.1\n' >ext
		openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 2 -days 2 -extfile ext -out server.pem
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=client' \
			-keyout client.key -out client.csr
		openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -set_serial 3 -days 2 -out client.pem
		openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=token' -keyout token.key -out token.pem
	) >"$T/openssl.log" 2>&1
}

# push LAYOUT HOST/NAME [SKOPEO OPTION...]
push() {
	skopeo --insecure-policy copy -q --all --preserve-digests --dest-tls-verify=false "${@:3}" \
		"oci:$1:latest" "docker://$2:latest"
}

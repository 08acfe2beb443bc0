#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Our server and our client against those of grpcio, over unix sockets.
. "$(dirname "$0")/../lib/tap.sh"
here=$srcdir/tests/rpc
python=/usr/bin/python3
$python -c 'import grpc, grpc_tools' 2>/dev/null || skip_all "python3-grpcio and python3-grpc-tools are not installed"

mkdir "$T/gen"
$python -m grpc_tools.protoc -I"$here" --python_out="$T/gen" --grpc_python_out="$T/gen" "$here/echo.proto" ||
	skip_all "grpc_tools cannot make stubs here"
export PYTHONPATH=$T/gen PYTHONDONTWRITEBYTECODE=1

# serve COMMAND...: starts a server and waits until it is ready; it ends when fd 7 is closed
serve() {
	local line
	mkfifo "$T/in" "$T/out"
	"$@" <"$T/in" >"$T/out" &
	server=$!
	exec 7>"$T/in" 8<"$T/out"
	rm "$T/in" "$T/out"
	read -r -t 60 line <&8
	is "$line" ready "starts: ${*##*/}"
}

serve_no_more() {
	local rc=0
	exec 7>&- 8<&-
	wait "$server" || rc=$?
	is $rc 0 "ends: $1"
}

# results NAME COMMAND...: each "ok" line of its output is a test
results() {
	local name=$1 line rc=0
	shift
	timeout 120 "$@" >"$T/results" 2>"$T/words" || rc=$?
	while read -r line; do
		case $line in
		"ok "*) ok 0 "$name: ${line#ok }" ;;
		"not ok "*) ok 1 "$name: ${line#not ok }" ;;
		esac
	done <"$T/results"
	is $rc 0 "$name: status"
	[ $rc = 0 ] || sed 's/^/# /' "$T/words"
}

for drive in uv epoll; do
	serve "$builddir/tests/rpc/echo-server" $drive "$T/$drive.sock"
	results "grpcio client, our server on $drive" $python "$here/echo_client.py" "$T/$drive.sock"
	serve_no_more "our server on $drive"
done

serve $python "$here/echo_server.py" "$T/py.sock"
CMOCKA_MESSAGE_OUTPUT=TAP results "our client, grpcio server" "$builddir/tests/rpc/echo-client" "$T/py.sock"
serve_no_more "grpcio server"
done_testing

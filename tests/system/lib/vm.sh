# SPDX-License-Identifier: Apache-2.0
# For tests with real VMs: a store of its own, berth from the build tree, and nothing left behind.
. "$(dirname "${BASH_SOURCE[0]}")/../../lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../../lib/wait.sh"

[ -e "$builddir/kernel/vmlinux" ] || skip_all "no kernel built: make kernel"
command -v qemu-system-x86_64 >/dev/null || skip_all "no qemu-system-x86_64 here"
export BERTH_ROOT=$T/root BERTH_RUN_ROOT=$T/run
export XDG_RUNTIME_DIR=$T HOME=$T
BERTH=$builddir/berth
berth() { "$BERTH" "$@"; }

# What a test leaves running is its fault, but must not outlive it.
cleanup() {
	local id
	for id in $("$BERTH" ps -aq 2>/dev/null); do
		"$BERTH" rm -f "$id" >/dev/null 2>&1
	done
	rm -rf "$T"
}
trap cleanup EXIT

# state CTR: as ps says
state() { berth ps -a --format state --filter "name=$1"; }
# free_port: one of the loopback that nobody has now
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# SPDX-License-Identifier: Apache-2.0
# wait_for COMMAND...: until it succeeds; 20 s at most
wait_for() {
	local i
	for ((i = 0; i < 400; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	return 1
}

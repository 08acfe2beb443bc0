# SPDX-License-Identifier: Apache-2.0
# For benches of whole commands: to be sourced; times go to $T/NAME.us, a line each.
need() { # COMMAND...
	local c
	for c; do
		[ -n "$(command -v "$c")" ] || { echo "$0: no $c here" >&2; exit 1; }
	done
}
measure() { # NAME COMMAND...
	local name=$1 start
	shift
	start=${EPOCHREALTIME/[.,]/}
	"$@" >/dev/null </dev/null
	echo $((${EPOCHREALTIME/[.,]/} - start)) >>"$T/$name.us"
}
heading() { printf '%-36s %11s %11s\n' what median fastest; }
line() { # NAME TEXT [MIB]
	sort -n "$T/$1.us" | awk -v text="$2" -v mib="${3:-0}" '{ t[NR] = $1 / 1000 }
		END { m = t[int((NR + 1) / 2)]
		      printf "%-36s %8.1f ms %8.1f ms%s\n", text, m, t[1], mib ? sprintf("  %6.0f MiB/s", mib * 1000 / t[1]) : "" }'
}

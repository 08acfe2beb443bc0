#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Completion: the script for bash in bash itself, a row a line with what may follow; the others by their syntax.
. "$(dirname "$0")/../lib/tap.sh"
export BERTH_ROOT=$T/root BERTH_RUN_ROOT=$T/sockets HOME=$T
mkdir "$T/bin"
ln -s "$builddir/berth" "$T/bin/berth"
export PATH=$T/bin:$PATH
berth create --name web --root-size 32m localhost/busybox true >/dev/null
berth create --name worker --root-size 32m localhost/busybox true >/dev/null
berth --root "$T/other" create --name elsewhere --root-size 32m localhost/busybox true >/dev/null
touch "$T/file1"
# shellcheck source=/dev/null
. <(berth completion bash)

# answers LINE: what readline would be given at its end, sorted. It breaks words at ':' and '=' too.
answers() {
	COMP_LINE=$1 COMP_POINT=${#1}
	local spaced=${1//:/ : }
	read -ra COMP_WORDS <<<"${spaced//=/ = }"
	[[ $1 == *' ' ]] && COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_berth
	printf '%s\n' "${COMPREPLY[@]}" | sort | xargs
}

cd "$T" || exit
while IFS='	' read -r line wanted; do
	is "$(answers "${line//_/ }")" "$wanted" "'${line//_/ }'"
done <<'ROWS'
berth_sto	stop
berth_ima	image images
berth_image_	history import inspect load ls prune pull push rm save tag verify
berth_trash_re	restore
berth_stop_	web worker
berth_stop_we	web
berth_stop_web_wo	worker
berth_stop_--t	--time
berth_--root_other_stop_e	elsewhere
berth_stop_-t_	
berth_run_--na	--name
berth_run_--pu	--publish --pull
berth_run_loc	localhost/busybox:latest
berth_run_localhost/busybox:la	latest
berth_run_--rm_-m_5_loc	localhost/busybox:latest
berth_exec_we	web
berth_exec_web_fi	file1
berth_exec_-e_A=B_wo	worker
berth_run_--env-file_fi	file1
berth_run_--env-file=fi	file1
berth_completion_	bash fish zsh
berth_help_comp	completion
berth_inspect_w	web worker
berth_version_	
berth_cp_we	web:
berth_cp_fi	file1
berth_cp_file1_wo	worker:
berth_rootfs_create_--run_fil	file1
berth_run_--rootfs_fil	file1
ROWS
like "$(answers 'berth run -')" '(^| )--volume( |$)' 'options of the table'
is "$(for c in $(berth help | sed -n '/^Commands:/,/^Options:/s/^  \([a-z-]*\).*/\1/p' | sort -u); do
	[[ " $(answers "berth $c") " == *" $c "* ]] || echo "$c"
done)" '' 'every command that the help lists'
check_fails 'a shell that has none' 2 berth completion tcsh
for shell in bash zsh fish; do
	berth completion $shell >"$T/script.$shell"
	if command -v $shell >/dev/null; then
		check "$shell reads it" $shell -n "$T/script.$shell"
	else
		skip "no $shell here" "$shell reads it"
	fi
done
done_testing

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `berth debug vt`: the screen's lines, then one line of JSON; new sizes on the way; MB/s.
. "$(dirname "$0")/../lib/tap.sh"

vt() { "$builddir/berth" debug vt "$@"; }
# screen TEXT OPTION...: the lines before the JSON for what printf makes of TEXT, joined by '|'
screen() {
	# shellcheck disable=SC2059 # TEXT is a format
	printf "$1" | vt "${@:2}" | sed '$d' | paste -sd '|'
}
# field TEXT NAME OPTION...: that of the JSON, objects by a dot, as JSON
field() {
	# shellcheck disable=SC2059
	printf "$1" | vt "${@:3}" | tail -n 1 | /usr/bin/python3 -c '
import json, sys
value = json.loads(sys.stdin.readline())
for name in sys.argv[1].split("."):
    value = value[name]
print(json.dumps(value, ensure_ascii=False))' "$2"
}
small=(--rows 3 --cols 10)

is "$(screen 'hello\r\n\033[1mbold  \033[44m   ' "${small[@]}")" 'hello|bold|' 'lines without trailing blanks'
is "$(screen 'a\033[2Cb\033[3;10Hc' "${small[@]}")" 'a  b||         c' 'blanks before text stay'
is "$(screen '漢字é\xcc\x81' "${small[@]}")" $'漢字é\xcc\x81||' 'wide characters and marks'
is "$(vt </dev/null | wc -l)" 25 'without options: 24 lines and the JSON'
is "$(printf '%0100d' 0 | vt | head -n 1 | tr -d '\n' | wc -c)" 80 'of 80 columns'
is "$(screen '\xff\xfe' "${small[@]}")" '��||' 'what is no UTF-8'

is "$(field 'ab\r\ncd\033[2D' cursor_row "${small[@]}")" 1 'cursor_row counts from 0'
is "$(field 'ab\r\ncd' cursor_col "${small[@]}")" 2 'cursor_col too'
is "$(field '\033]2;a "b" \xc3\xa9\007' title)" '"a \"b\" é"' 'title'
is "$(field 'x' title)" '""' 'no title'
is "$(field '\033[?1049h' alt) $(field '\033[?1049h\033[?1049l' alt)" 'true false' 'alt'
is "$(field '\033[?2004;1h' modes.bracketed_paste) $(field '' modes.bracketed_paste)" 'true false' 'modes.bracketed_paste'
is "$(field '\033[?1h' modes.app_cursor) $(field '\033[?25l' modes.cursor_visible)" 'true false' 'cursor keys, visible cursor'
is "$(field '\033[?1002;1006h' modes.mouse) $(field '\033[?1002;1006h' modes.mouse_coding)" '1002 1006' 'the mouse'
is "$(field '0123456789' modes.wrap_pending "${small[@]}")" true 'a wrap is pending'
is "$(field '\033[2;3r' modes.top "${small[@]}") $(field '\033[2;3r' modes.bottom "${small[@]}")" '1 2' 'margins'
is "$(field '\033[6nx\033[c' replies_hex)" "\"$(printf '\033[1;1R\033[?62;22c' | od -An -v -tx1 | tr -d ' \n')\"" 'answers'
is "$(field 'no question' replies_hex)" '""' 'no answers'
is "$(field '1\n2\n3\n4\n5' scrollback_lines "${small[@]}")" 2 'scrollback_lines'
is "$(printf 'x' | vt | tail -n 1 | /usr/bin/python3 -c 'import json, sys; print(*sorted(json.load(sys.stdin)))')" \
	'alt cells_crc cursor_col cursor_row modes replies_hex scrollback_lines title' 'no more and no less'

crc() { field "$1" cells_crc "${small[@]}"; }
is "$(crc 'ab\033[Hcd')" "$(crc 'cd')" 'cells_crc: equal screens have equal ones'
for other in '\033[1mcd' '\033[31mcd' '\033[4:3mcd' '\033[4;58:5:1mcd' 'cd\033[41m\033[K' 'c\xcc\x81d' 'dc' 'cd ' \
	'\033]8;;http://a\033\\cd'; do
	[ "$(crc "$other")" != "$(crc 'cd')" ]
	ok $? "cells_crc of '$other' is another"
done

is "$(screen 'abcdefghijkl' "${small[@]}" --resize-at 12:3x6)" 'abcdef|ghijkl|' 'a new size at the end'
is "$(screen 'abcdefghij' "${small[@]}" --resize-at 4:2x4)" 'efgh|ij' 'and in the middle'
is "$(screen 'abcdefgh' --resize-at 0:2x4)" 'abcd|efgh' 'before the first byte'
is "$(screen 'abcdefgh' "${small[@]}" --resize-at 2:3x3 --resize-at 99:4x20)" 'abcdefgh|||' 'several, one beyond the end'
is "$(field 'a\n\033[6n\033[999B\033[6n' replies_hex --resize-at 6:50x90)" \
	"\"$(printf '\033[2;2R\033[50;2R' | od -An -v -tx1 | tr -d ' \n')\"" 'what follows sees the new size'
is "$(screen '\t\tx\e[Z\e[Zy' --rows 2 --cols 10 --resize-at 0:2x30)" '        y       x|' 'new columns have their tab stops'
many=()
for ((i = 0; i < 500; i++)); do many+=(--resize-at "$i:$((1 + i % 40))x$((1 + i % 90))"); done
is "$(printf '%0500d' 0 | vt "${many[@]}" | wc -l)" 21 'five hundred'

head -c 300000 /dev/urandom >"$T/noise"
is "$(vt <"$T/noise")" "$({ head -c 1000; cat; } <"$T/noise" | vt)" 'the same however it comes'
is "$(vt <"$T/noise" | LC_ALL=C tr -d '\n' | LC_ALL=C grep -c '[[:cntrl:]]')" 0 'no control is ever printed'

printf 'some text\r\n' >"$T/text"
like "$(vt --bench <"$T/text")" $'^[0-9]+\\.[0-9] MB/s$' '--bench'
for bad in '--rows 0' '--rows x' '--rows 1025' '--cols 1025' '--cols -1' '--resize-at 5' '--resize-at 5:3' '--resize-at -1:3x3' \
	'--resize-at 5:3x3x' '--resize-at 5:0x3' '--rows 99999999999999999999' '--wrong' 'word'; do
	# shellcheck disable=SC2086
	check_fails "'$bad' is wrong usage" 2 vt $bad </dev/null
done
done_testing

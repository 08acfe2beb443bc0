#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# vim and less themselves in a console of the terminal UI: what they draw, keys, another size, the screen they leave.
# The image is made of this machine's programs and the libraries they load.
# timeout: 180
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/tmux.sh"
vim=$(command -v vim.tiny) && less=$(command -v less) && busybox=$(command -v busybox) || skip_all "no vim.tiny, less and busybox here"

mkdir -p "$T/image/bin" "$T/image/tmp" "$T/image/lib/terminfo/x"
for program in "$vim" "$less" "$busybox"; do
	cp "$program" "$T/image/bin/"
	while read -r library; do
		mkdir -p "$T/image$(dirname "$library")"
		cp -L "$library" "$T/image$library"
	done < <(ldd "$program" 2>/dev/null | grep -o '/[^ ]*')
done
cp -L /lib/terminfo/x/xterm "$T/image/lib/terminfo/x/"
for name in sh cat seq stty; do ln -s busybox "$T/image/bin/$name"; done
tar -C "$T/image" -cf "$T/image.tar" .
check 'an image of them' berth import "$T/image.tar" editors:1
berth run -dit --name box -w /tmp editors:1 sh >/dev/null

line() { screen | sed -n "$1p"; }
line_is() { [ "$(line "$1")" = "$2" ]; }
line_has() { line "$1" | grep -qF -- "$2"; }
terminal 80 24
keys "$BERTH; echo ended \$?" Enter
shows 'Containers 1'
keys a
shows '# '
keys 'seq 1 200 > n; echo a prompt before' Enter
shows 'a prompt before'

keys 'vim.tiny -u NONE n' Enter
seen 'vim: the first line' line_is 1 1
seen 'and its last line, above that of the console' line_has 23 '"n" 200'
keys G
seen 'G: the last page' line_is 22 200
keys o
type_in 'from vim'
seen 'typed at the end' line_is 22 'from vim'
keys Escape
type_in ':set number'
keys Enter
seen 'its own drawing' line_has 22 '201 from vim'
tm resize-window -x 60 -y 18
seen 'another size: it has the rows' line_has 16 '201 from vim'
keys gg
seen 'and their keys' line_has 1 '1 1'
type_in '/77'
keys Enter
seen 'a search' screen_has ' 77 77'
tm resize-window -x 80 -y 24
seen 'as large as it was' line_has 22 8
type_in ':wq'
keys Enter
seen 'the screen as it was before' screen_has 'a prompt before'

# By its path: the shell has one of its own.
keys "/bin/less n" Enter
seen 'less: the first page' line_is 22 22
seen 'its name' line_is 23 n
keys G
seen 'G: the end, what vim wrote' line_is 22 'from vim'
type_in '?150'
keys Enter
seen 'a search back' line_is 1 150
keys q
seen 'it leaves the screen as it was, too' screen_has 'a prompt before'
keys 'stty size' Enter
sees '23 80' 'the size that the console has'
keys C-] d
shows 'Containers 1'
keys q
sees 'ended 0' 'and out'
done_testing

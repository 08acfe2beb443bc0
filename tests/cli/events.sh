#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# berth events, of what needs no machine: told as it happens, whoever does it; kept, filtered, formatted.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/wait.sh"
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" "$@"; }
events() { berth events --since 0 --until 0s "$@"; }

is "$(events --format json)" '[]' 'a new store: none'
id=$(berth create --root-size 32m --name web localhost/busybox true) || exit 1
"$builddir/berth" --root "$T/root" --run-root "$T/run" events --since 0 --format jsonl >"$T/stream" &
watcher=$!
check 'what was before is told' wait_for grep -q '"create"' "$T/stream"
berth rename web site
check 'and what happens' wait_for grep -q '"rename"' "$T/stream"
berth rm --trash site >/dev/null
berth trash restore site >/dev/null
berth rm site >/dev/null
berth create --root-size 32m --name other localhost/busybox true >/dev/null
berth rm other >/dev/null
berth tag localhost/busybox mine:1
berth rmi mine:1 >/dev/null
berth rmi localhost/busybox >/dev/null
gone() { [ "$(grep -c '"untag"' "$T/stream")" -eq 2 ]; }
wait_for gone
kill -INT $watcher
wait $watcher
is $? 130 'until interrupted: 130'
is "$(events --format type,action,name)" "container	create	web
container	rename	site
container	delete	site
container	restore	site
container	delete	site
container	create	other
container	delete	other
image	tag	docker.io/library/mine:1
image	untag	docker.io/library/mine:1
image	untag	localhost/busybox:latest
image	delete	localhost/busybox:latest" 'all of it is kept, in order'
is "$(events --format jsonl)" "$(head -n "$(events --format action | wc -l)" "$T/stream")" 'the same as was told'
is "$(events --format json | /usr/bin/python3 -c 'import json,sys; print(*json.load(sys.stdin)[1])')" \
	'time type action id name attributes' 'json: an array; the keys'
like "$(events | head -2)" "^20[0-9-]+T[0-9:.]+Z container create ${id:0:12} \\(web, image=localhost/busybox\\)
20[0-9-]+T[0-9:.]+Z container rename ${id:0:12} \\(site, image=localhost/busybox, old_name=web\\)\$" 'lines as docker has them'
is "$(events --format '{{.attributes.old_name}}' -f event=rename)" web 'attributes, by a template'

# --- filters and times
is "$(events -f event=create -f event=rename --format name)" $'web\nsite\nother' 'of one key any'
is "$(events -f event=create -f container=web --format name)" web 'of several all'
is "$(events -f type=image --format action | tr '\n' ' ')" 'tag untag untag delete ' 'a type'
is "$(events -f container="${id:0:12}" --format action)" $'create\nrename\ndelete\nrestore\ndelete' 'a container by its id'
is "$(events -f image=localhost/busybox --format name | sort -u | head -3)" $'other\nsite\nweb' 'what was made of an image'
middle=$(events -f event=restore --format time)
is "$(berth events --since "$middle" --until 0s --format action | head -2)" $'restore\ndelete' 'since a time'
is "$(berth events --since 0 --until "$middle" --format action)" $'create\nrename\ndelete' 'until a time'
is "$(berth events --since 1h --until 0s --format name | head -1)" web 'since an hour ago'
check_fails 'a filter that is none: 2' 2 berth events -f colour=red
check_fails 'a time that is none: 2' 2 berth events --since yesterday
check_fails 'a template that is none: 2' 2 berth events --since 0 --until 0s --format '{{range}}'
is "$(berth events --since 0 --until "$(date -u -d '+2 seconds' +%FT%TZ)" --format action | head -1)" create \
	'an end that is to come ends it'

# --- others read and write too
head -c 5000 /dev/urandom >>"$T/root/events.jsonl"
berth create --root-size 32m --name again localhost/busybox true >/dev/null
is "$(events --format name | tail -1)" again 'rubbish in the file hides nothing'
done_testing

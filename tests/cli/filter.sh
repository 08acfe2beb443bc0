#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ps --filter: docker's forms and the words of berth-filter(7), each a row of filter and names.
. "$(dirname "$0")/../lib/tap.sh"
berth() { "$builddir/berth" --root "$T/root" --run-root "$T/run" "$@"; }
make() { berth create --root-size 64m "$@" localhost/busybox true >/dev/null || exit 1; }
make --name web -l env=prod -m 256m -p 8080:80
make --name db -l env=dev -m 1g
make --name Cache

while IFS='	' read -r filter names; do
	is "$(berth ps -a --format name --filter "$filter" | sort | xargs)" "$names" "--filter '$filter': ${names:-none}"
done <<'ROWS'
name=e	Cache web
name=web	web
status=created	Cache db web
status=exited	
ancestor=busybox	Cache db web
label=env	db web
label=env=prod	web
web	web
cache	Cache
CACHE	
web|db	db web
!web|db	Cache
state:created !db	Cache web
state:up	
image:busybox db	db
label:prod	web
label=env	db web
mem>600M	db
mem<=256m	web
port:8080	web
age<1h	Cache db web
age>1h	
up>1s	
re:^cach	Cache
re:^(web|db)$	
re:"^(web|db)$"	db web
ROWS
is "$(berth ps -a --format name --filter env=prod --filter web 2>/dev/null; echo $?)" 2 'an unknown key is wrong usage'
id=$(berth ps -a --no-trunc --format id --filter name=db)
is "$(berth ps -a --format name --filter "${id:0:12}")" db 'a word that an id begins with'
is "$(berth ps -a --format name --filter "${id:3:12}")" '' 'but not one in its middle'
check_fails 'and so is what cannot be compared' 2 berth ps --filter 'mem>much'
like "$(cat "$T/.check")" "compares mem with 'much'" 'which is told'
is "$(berth ps -a --format name --filter 'label:env' --filter 'mem>500M')" db 'several filters must all hold'
done_testing

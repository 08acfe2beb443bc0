#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ports, the host's loopback, files of the host.
# timeout: 180
. "$(dirname "$0")/lib/vm.sh"
busybox=localhost/busybox
port=$(free_port)

berth run -d --name web -p "127.0.0.1:$port:8080" $busybox \
	sh -c 'mkdir /www; echo served > /www/index.html; exec httpd -f -p 8080 -h /www' >/dev/null
wait_for curl -sf "http://127.0.0.1:$port/"
is "$(curl -s "http://127.0.0.1:$port/")" served 'curl from the host through -p'
is "$(berth ps --format '{{json .ports}}')" \
	"[{\"host_ip\":\"127.0.0.1\",\"host_port\":$port,\"container_port\":8080,\"proto\":\"tcp\"}]" 'ps tells the port'
is "$(berth port web)" "8080/tcp -> 127.0.0.1:$port" 'port tells where it is'
is "$(berth port web 8080)/$(berth port web 8080/tcp --format host_port)" "127.0.0.1:$port/$port" 'one of them'
check_fails 'one that is not published: 1' 1 berth port web 81
check_fails 'what is no port: 2' 2 berth port web http
berth run -d --name second -p "127.0.0.1:$port:80" $busybox sleep 9 >/dev/null 2>"$T/err"
is $? 125 'a port that is taken: 125'
like "$(cat "$T/err")" "port $port on 127.0.0.1 is taken" 'and it is named'

mkdir "$T/www"
echo from the host >"$T/www/file"
host=$(free_port)
(cd "$T/www" && exec /usr/bin/python3 -m http.server "$host" --bind 127.0.0.1 >/dev/null 2>&1) &
server=$!
wait_for curl -sf "http://127.0.0.1:$host/file"
is "$(berth exec web wget -q -O - "http://10.0.2.2:$host/file")" 'from the host' "wget of a server on the host's loopback"
kill $server
like "$(berth exec web cat /etc/resolv.conf)" 'nameserver 10\.0\.2\.3' 'a name server is there'
berth rm -f web second >/dev/null

# The host's name server, in a network of the test's own.
cat >"$T/dns.sh" <<'SH'
ip link set lo up
echo nameserver 127.0.0.1 >"$T/resolv.conf"
mount --bind "$T/resolv.conf" /etc/resolv.conf
/usr/bin/python3 -B "$1" 192.0.2.7 >"$T/names" &
server=$!
until grep -q up "$T/names"; do kill -0 $server || exit 1; done
"$2" run --rm localhost/busybox nslookup name.test
kill $server
SH
if unshare -mn ip link set lo up 2>/dev/null; then
	T=$T unshare -mn sh "$T/dns.sh" "$(dirname "$0")/lib/dns.py" "$BERTH" >"$T/resolved" 2>&1
	like "$(xargs <"$T/resolved")" 'Name: name\.test Address: 192\.0\.2\.7' 'a name is resolved as the host resolves it'
	like "$(xargs <"$T/names")" 'up name\.test' "by the host's name server"
else
	skip 'no network namespace to be had' 'a name is resolved'
fi
is "$(berth run --rm --network none $busybox sh -c 'ls /sys/class/net')" lo 'no network but the loopback'

mkdir "$T/share"
echo given >"$T/share/in"
is "$(berth run --rm -v "$T/share:/data" $busybox sh -c 'cat /data/in; echo back > /data/out; chmod 600 /data/out')" given \
	'a folder of the host is seen'
is "$(cat "$T/share/out")/$(stat -c %u "$T/share/out")" "back/$(id -u)" "what is written there is the caller's"
is "$(berth run --rm -v "$T/share:/data:ro" $busybox sh -c 'touch /data/x 2>/dev/null || echo no')" no 'read-only'
is "$(berth run --rm -v "$T/share/in:/etc/given" $busybox cat /etc/given)" given 'a single file'
check_fails 'a source that is not there' 125 berth run --rm -v "$T/nosuch:/data" $busybox true
is "$(berth ps -aq)" '' 'nothing is left'
done_testing

# SPDX-License-Identifier: Apache-2.0
"""dns.py ADDRESS: a name server on 127.0.0.1:53 that knows one answer, ADDRESS, for any name's A record; prints
"up", then each name that it is asked for."""
import socket
import sys

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
print("up", flush=True)
while True:
    query, peer = s.recvfrom(512)
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += query[at] + 1
    is_a = query[at + 1:at + 3] == b"\0\1"
    answer = query[:2] + b"\x81\x80" + query[4:6] + (b"\0\1" if is_a else b"\0\0") + b"\0\0\0\0" + query[12:at + 5]
    if is_a:
        answer += b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(sys.argv[1])
    print(".".join(labels), flush=True)
    s.sendto(answer, peer)

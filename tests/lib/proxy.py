#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""proxy.py PORT: an HTTP proxy that takes CONNECT only and leads every host to 127.0.0.1:PORT.

Prints its port. Each request is a JSON line on standard error: what was asked and the header fields with it.
"""
import http.server
import json
import select
import socket
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_CONNECT(self):
        print(json.dumps({"to": self.path, "fields": dict(self.headers)}), file=sys.stderr, flush=True)
        with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as there:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: there, there: self.connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        self.close_connection = True
                        return
                    ends[end].sendall(data)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""token_server.py KEY CERT USER PASSWORD: a token server for docker-registry (service "test", issuer "test").

Prints its port. USER may pull and push all, also by POST with the refresh token "refresh-PASSWORD"; who does not log in
may pull what begins with "public"; who logs in and asks for it (offline_token) gets that refresh token. A wrong password is refused. Each request is a JSON line on standard error.
"""
import base64
import http.server
import json
import secrets
import subprocess
import sys
import time
import urllib.parse

KEY, CERT, USER, PASSWORD = sys.argv[1:5]
with open(CERT) as f:
    DER = "".join(line.strip() for line in f if not line.startswith("-"))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(access):
    now = int(time.time())
    claims = {"iss": "test", "sub": "", "aud": "test", "exp": now + 300, "nbf": now - 60, "iat": now,
              "jti": secrets.token_hex(8), "access": access}
    text = b64(json.dumps({"typ": "JWT", "alg": "RS256", "x5c": [DER]}).encode()) + "." + b64(json.dumps(claims).encode())
    signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", KEY], input=text.encode(), check=True,
                            stdout=subprocess.PIPE).stdout
    return text + "." + b64(signed)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = urllib.parse.parse_qs(body)
        print(json.dumps({"post": body, "authorization": self.headers.get("Authorization")}), file=sys.stderr, flush=True)
        if form.get("grant_type") != ["refresh_token"] or form.get("refresh_token") != ["refresh-" + PASSWORD]:
            return self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "wrong refresh token"}]})
        return self.grant(form, True)

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        auth = self.headers.get("Authorization")
        print(json.dumps({"path": self.path, "authorization": auth}), file=sys.stderr, flush=True)
        known = False
        if auth:
            known = auth == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            if not known:
                return self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "wrong password"}]})
        return self.grant(query, known, known and query.get("offline_token") == ["true"])

    def grant(self, query, known, refresh=False):
        access = []
        for scope in " ".join(query.get("scope", [])).split():
            kind, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            may = ["pull", "push"] if known else ["pull"] if name.startswith("public") else []
            access.append({"type": kind, "name": name, "actions": [a for a in actions.split(",") if a in may]})
        given = {"refresh_token": "refresh-" + PASSWORD} if refresh else {}
        return self.answer(200, {"token": token(access), "expires_in": 300, **given})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()

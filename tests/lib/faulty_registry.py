#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""faulty_registry.py LAYOUT: a registry that serves one image layout under any name, and misbehaves when told.

Prints its port. POST /_faults with a JSON list of rules replaces those before; each is an object:
  match   a regular expression, searched in "METHOD PATH"     times  how often it applies (default: always)
  fault   cut {at}: the connection ends after that many bytes of the body      stall {at}: no more bytes come
          status {code, retry_after, link, body}      corrupt {at}: that byte is another one
          length {add}: Content-Length is off by that, the body is whole       short {at}: a shorter body
          redirect {to, code}: to + path        norange: Range is not heard    mute: no answer at all
          garbage: bytes that are no HTTP       digest {value}: another Docker-Content-Digest
          type {value}: another Content-Type    big {bytes}: a header of that many bytes
          basic {user, password}                bearer {realm, token, scope}: what to ask for and to accept
          token {value, expires_in}: answers as a token server does            chunked
          take {at}: the connection ends after that many bytes of what is sent to it, which it keeps
          forget: it knows nothing of uploads      location {to}: what uploads' addresses begin with
          referrers: it lists what refers to a manifest, two a page, as distribution 1.1 has it
          lost: an upload is taken whole, but its last answer is not sent
It takes uploads, in pieces too, and manifests; what came in is kept in memory and served like the layout.
POST /_layout with a path: another layout. GET /_log: the requests so far, JSON; POST /_log forgets them.
"""
import base64
import hashlib
import http.server
import json
import os
import re
import socket
import sys
import threading
import time
import urllib.parse

state = {"layout": sys.argv[1], "faults": [], "log": [], "uploads": {}, "blobs": {}, "tags": {}, "referrers": {}, "count": 0}
lock = threading.Lock()


def find(ref):
    """Bytes and media type of a tag's or digest's document, of a blob."""
    layout = state["layout"]
    with open(f"{layout}/index.json") as f:
        tops = json.load(f)["manifests"]
    if ref in state["tags"]:
        ref = state["tags"][ref]
    if ref in state["blobs"]:
        return state["blobs"][ref], ref, None
    if ref.startswith("sha256:"):
        digest = ref
    else:
        digest = next((d["digest"] for d in tops if d["annotations"]["org.opencontainers.image.ref.name"] == ref), None)
    path = f"{layout}/blobs/{(digest or 'x').replace(':', '/')}"
    if not digest or not re.fullmatch("sha256:[0-9a-f]{64}", digest) or not os.path.exists(path):
        return None, None, None
    with open(path, "rb") as f:
        return f.read(), digest, path


def take(where):
    """The rules that apply to this request, each counted."""
    out = {}
    with lock:
        for rule in state["faults"]:
            if rule.get("times", 1) > 0 and re.search(rule["match"], where) and rule["fault"] not in out:
                if "times" in rule:
                    rule["times"] -= 1
                out[rule["fault"]] = rule
    return out


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, code, body=b"", headers=()):
        self.send_response(code)
        for k, v in headers:
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, code, word, headers=()):
        body = json.dumps({"errors": [{"code": word, "message": word.lower().replace("_", " ")}]}).encode()
        self.answer(code, body, [("Content-Type", "application/json"), *headers])

    def do_PUT(self):
        self.do_GET(b"")

    def do_PATCH(self):
        self.do_GET(b"")

    def length(self):
        return int(self.headers.get("Content-Length") or 0)

    def upload(self, path, query, faults):
        """One step of an upload, or a manifest."""
        base = faults["location"]["to"] if "location" in faults else ""
        if self.command == "POST":
            with lock:
                state["count"] += 1
                name = f"u{state['count']}"
                state["uploads"][name] = bytearray()
            return self.answer(202, b"", [("Location", f"{base}{path}{name}?state=1"), ("Range", "0-0")])
        if "/manifests/" in path:
            data = self.rfile.read(self.length())
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            state["blobs"][digest] = data
            state["tags"][path.rsplit("/", 1)[1]] = digest
            doc = json.loads(data)
            extra = []
            if "referrers" in faults and "subject" in doc:
                subject = doc["subject"]["digest"]
                entry = {"mediaType": doc["mediaType"], "digest": digest, "size": len(data),
                         "artifactType": doc.get("artifactType", ""), "annotations": doc.get("annotations", {})}
                state["referrers"].setdefault(subject, {})[digest] = entry
                extra = [("OCI-Subject", subject)]
            return self.answer(201, b"", [("Docker-Content-Digest", digest), *extra])
        name = path.rsplit("/", 1)[1]
        have = state["uploads"].get(name)
        if have is None or "forget" in faults:
            state["uploads"].pop(name, None)
            self.close_connection = True
            return self.refuse(404, "BLOB_UPLOAD_UNKNOWN")
        if self.command != "GET":
            wanted = re.fullmatch(r"(\d+)-\d+", self.headers.get("Content-Range") or "")
            if wanted and int(wanted[1]) != len(have):
                self.close_connection = True
                return self.refuse(416, "RANGE_INVALID")
            n = min(self.length(), faults["take"]["at"]) if "take" in faults else self.length()
            have += self.rfile.read(n)
            if "take" in faults:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return None
        if self.command == "PUT":
            del state["uploads"][name]
            digest = "sha256:" + hashlib.sha256(have).hexdigest()
            if "digest=" + digest not in urllib.parse.unquote(query):
                return self.refuse(400, "DIGEST_INVALID")
            state["blobs"][digest] = bytes(have)
            if "lost" in faults:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return None
            return self.answer(201)
        code = 204 if self.command == "GET" else 202
        return self.answer(code, b"", [("Location", f"{base}{path}?state=2"), ("Range", f"0-{max(len(have) - 1, 0)}")])

    def do_POST(self):
        body = self.rfile.read(self.length())
        if self.path == "/_faults":
            with lock:
                state["faults"] = json.loads(body)
        elif self.path == "/_layout":
            state["layout"] = body.decode()
        elif self.path == "/_log":
            with lock:
                state["log"] = []
        else:
            return self.do_GET(body)
        self.answer(200)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self, posted=b""):
        if self.path == "/_log":
            return self.answer(200, json.dumps(state["log"]).encode())
        with lock:
            state["log"].append({"method": self.command, "path": self.path, "host": self.headers.get("Host"),
                                 "authorization": self.headers.get("Authorization"),
                                 "range": self.headers.get("Range") or self.headers.get("Content-Range"),
                                 "length": self.length(), "body": posted.decode()})
        faults = take(f"{self.command} {self.path}")
        if "mute" in faults:
            time.sleep(faults["mute"].get("seconds", 30))
            self.close_connection = True
            return None
        if "garbage" in faults:
            self.wfile.write(b"\x00\x01garbage\r\n\r\n")
            self.close_connection = True
            return None
        if "status" in faults:
            rule = faults["status"]
            if self.command in ("PUT", "PATCH"):
                self.rfile.read(self.length())
            extra = [("Retry-After", str(rule["retry_after"]))] if "retry_after" in rule else []
            extra += [("Link", rule["link"])] if "link" in rule else []
            if "body" in rule:
                return self.answer(rule["code"], rule["body"].encode(), extra)
            return self.refuse(rule["code"], rule.get("word", "UNAVAILABLE"), extra)
        if "token" in faults:
            rule = faults["token"]
            return self.answer(200, json.dumps({k: rule[k] for k in ("token", "expires_in") if k in rule}).encode())
        if not self.allowed(faults):
            return None
        if "redirect" in faults:
            rule = faults["redirect"]
            return self.answer(rule.get("code", 307), b"", [("Location", rule["to"] + self.path)])
        path, _, query = self.path.partition("?")
        if self.command in ("POST", "PUT", "PATCH") or "/blobs/uploads/" in path:
            return self.upload(path, query, faults)
        if path == "/v2/":
            return self.answer(200, b"{}")
        m = re.fullmatch(r"/v2/(.+)/referrers/([^/]+)", path)
        if m and "referrers" in faults:
            page = int(urllib.parse.parse_qs(query).get("page", ["0"])[0])
            every = list(state["referrers"].get(m[2], {}).values())
            link = [("Link", f'<{path}?page={page + 1}>; rel="next"')] if len(every) > 2 * page + 2 else []
            body = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                    "manifests": every[2 * page:2 * page + 2]}
            return self.answer(200, json.dumps(body).encode(), link)
        m = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/([^/]+)", self.path)
        data, digest, _ = find(m[3]) if m else (None, None, None)
        if data is None:
            return self.refuse(404, "MANIFEST_UNKNOWN" if m and m[2] == "manifests" else "BLOB_UNKNOWN")
        return self.send_document(data, digest, m[2] == "manifests", faults)

    def allowed(self, faults):
        given = self.headers.get("Authorization") or ""
        if "basic" in faults:
            rule = faults["basic"]
            want = "Basic " + base64.b64encode(f"{rule['user']}:{rule['password']}".encode()).decode()
            if given != want:
                self.refuse(401, "UNAUTHORIZED", [("WWW-Authenticate", 'Basic realm="r"')])
                return False
        if "bearer" in faults:
            rule = faults["bearer"]
            if given != "Bearer " + rule["token"]:
                self.refuse(401, "UNAUTHORIZED", [("WWW-Authenticate",
                            f'Bearer realm="{rule["realm"]}",service="s",scope="{rule.get("scope", "repository:x:pull")}"')])
                return False
        return True

    def send_document(self, data, digest, is_manifest, faults):
        start, code = 0, 200
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        total = len(data)
        if wanted and "norange" not in faults and int(wanted[1]) < total:
            start, code = int(wanted[1]), 206
        if "corrupt" in faults and start <= faults["corrupt"]["at"] < total:
            data = bytearray(data)
            data[faults["corrupt"]["at"]] ^= 1
        if "short" in faults:
            data = data[:faults["short"]["at"]]
        body = bytes(data[start:])
        self.send_response(code)
        kind = json.loads(data).get("mediaType") if is_manifest and "corrupt" not in faults else None
        self.send_header("Content-Type", faults.get("type", {}).get("value") or kind or "application/octet-stream")
        if is_manifest:
            self.send_header("Docker-Content-Digest", faults.get("digest", {}).get("value", digest))
        if code == 206:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        if "big" in faults:
            for _ in range(faults["big"]["bytes"] // 8000):
                self.send_header("X-Big", "x" * 7990)
        if "chunked" in faults:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body) + faults.get("length", {}).get("add", 0)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if "cut" in faults and faults["cut"]["at"] < len(body):
            self.write(body[:faults["cut"]["at"]], faults)
            self.close_connection = True
        elif "stall" in faults:
            self.write(body[:faults["stall"]["at"]], faults)
            self.wfile.flush()
            time.sleep(30)
            self.close_connection = True
        else:
            self.write(body, faults)
            if "chunked" in faults:
                self.wfile.write(b"0\r\n\r\n")
            if "length" in faults:
                self.close_connection = True

    def write(self, body, faults):
        if "chunked" in faults:
            body = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
        self.wfile.write(body)

    def handle(self):
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()

# SPDX-License-Identifier: Apache-2.0
# The guest's agent from grpcio: connect(where) gives the stubs and the message modules of both services.
# where: a VM's run folder (its vsock.sock is used), or the socket of an agent that listens on one.
import atexit
import importlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

import grpc

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))


def _modules(folder):
    subprocess.run(["protoc", f"-I{TOP}/proto", f"--python_out={folder}", "sandbox.proto", "agent.proto"], check=True)
    sys.path.insert(0, folder)
    return importlib.import_module("sandbox_pb2"), importlib.import_module("agent_pb2")


class Stub:
    """The methods of a service, by its description."""

    def __init__(self, channel, service):
        for m in service.methods:
            make = channel.unary_stream if m.name in ("Copy", "Events") else channel.unary_unary
            setattr(self, m.name, make(f"/{service.full_name}/{m.name}",
                                       request_serializer=m.input_type._concrete_class.SerializeToString,
                                       response_deserializer=m.output_type._concrete_class.FromString))


def _relay(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def vsock(run_dir, port):
    """A connection to a port of the guest."""
    s = socket.socket(socket.AF_UNIX)
    here = os.open(run_dir, os.O_PATH)
    s.connect(f"/proc/self/fd/{here}/vsock.sock")
    os.close(here)
    s.sendall(f"CONNECT {port}\n".encode())
    line = b""
    while not line.endswith(b"\n"):
        c = s.recv(1)
        assert c, "the connection was closed"
        line += c
    assert line.startswith(b"OK "), line
    return s


def _bridge(run_dir, path):
    """grpcio cannot say CONNECT: a socket that says it for it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def accept():
        while True:
            a, _ = listener.accept()
            b = vsock(run_dir, 1024)
            for x, y in ((a, b), (b, a)):
                threading.Thread(target=_relay, args=(x, y), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()


class Agent:
    pass


def connect(where):
    folder = tempfile.mkdtemp(prefix="berth-agent.", dir=os.environ.get("T"))
    atexit.register(shutil.rmtree, folder, True)
    a = Agent()
    a.sb, a.ag = _modules(folder)
    path = where
    if os.path.isdir(where):
        path = os.path.join(folder, "grpc.sock")
        _bridge(where, path)
    channel = grpc.insecure_channel("unix:" + path, options=[("grpc.use_local_subchannel_pool", 1)])
    a.sandbox = Stub(channel, a.sb.DESCRIPTOR.services_by_name["SandboxContext"])
    a.agent = Stub(channel, a.ag.DESCRIPTOR.services_by_name["Agent"])
    return a


def status(call):
    """The name of the status that a call ends with, and its words."""
    try:
        call()
    except grpc.RpcError as e:
        return e.code().name, e.details()
    return "OK", ""


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def ok(self, good, name, more=""):
        self.n += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.n} - {name}" + ("" if good else f"\n# {more}"), flush=True)

    def eq(self, got, wanted, name):
        self.ok(got == wanted, name, f"got {got!r}, wanted {wanted!r}")

    def refused(self, call, code, words, name):
        got, text = status(call)
        self.ok(got == code and words in text, name, f"{got}: {text}")

    def done(self):
        print(f"1..{self.n}", flush=True)
        sys.exit(self.failed != 0)

# SPDX-License-Identifier: Apache-2.0
# The echo service on grpcio's server: echo_server.py SOCKET. Ends when its standard input does.
import concurrent.futures
import sys
import threading

import grpc
import echo_pb2 as pb
import echo_pb2_grpc

CODES = {code.value[0]: code for code in grpc.StatusCode}


def misbehave(req, context):
    if req.never:
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait(20)
    if req.fail:
        context.abort(CODES[req.fail], req.text)


class Echo(echo_pb2_grpc.EchoServicer):
    def Say(self, req, context):
        misbehave(req, context)
        return pb.Reply(text=req.text, data=bytes(req.size) if req.size else req.data)

    def Count(self, req, context):
        for i in range(req.count):
            yield pb.Reply(text=req.text, index=i, data=bytes(req.size))

    def Sum(self, requests, context):
        return pb.Reply(total=sum(r.count + len(r.data) for r in requests))

    def Chat(self, requests, context):
        for i, req in enumerate(requests):
            misbehave(req, context)
            yield pb.Reply(text=req.text, index=i, data=req.data)


server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), options=[
    ("grpc.max_receive_message_length", 16 << 20), ("grpc.max_send_message_length", 16 << 20)])
echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
server.add_insecure_port("unix:" + sys.argv[1])
server.start()
print("ready", flush=True)
sys.stdin.read()
server.stop(0)

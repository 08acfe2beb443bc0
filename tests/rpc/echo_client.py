# SPDX-License-Identifier: Apache-2.0
# grpcio's client against our server: echo_client.py SOCKET. Prints "ok NAME" or "not ok NAME" lines.
import sys
import threading
import time
import traceback

import grpc
import echo_pb2 as pb
import echo_pb2_grpc

BIG = 4 << 20


def connect():
    channel = grpc.insecure_channel("unix:" + sys.argv[1], options=[
        ("grpc.max_receive_message_length", 16 << 20), ("grpc.max_send_message_length", 16 << 20),
        ("grpc.use_local_subchannel_pool", 1)])
    return channel, echo_pb2_grpc.EchoStub(channel)


def fails(code, call):
    try:
        call()
    except grpc.RpcError as e:
        assert e.code() == code, f"{e.code()}: {e.details()}"
        return e.details()
    raise AssertionError(f"no {code}")


def unary(stub):
    for i in range(50):
        r = stub.Say(pb.Request(text=f"zu Bérth {i}", data=bytes(range(256))), timeout=10)
        assert r.text == f"zu Bérth {i}" and r.data == bytes(range(256))


def every_status(stub):
    for code in grpc.StatusCode:
        if code.value[0]:
            words = fails(code, lambda: stub.Say(pb.Request(text="nö: 100% — 'файл'", fail=code.value[0]), timeout=10))
            assert words == "nö: 100% — 'файл'", words


def server_stream(stub):
    r = list(stub.Count(pb.Request(text="t", count=2000, size=1000), timeout=30))
    assert [x.index for x in r] == list(range(2000)) and all(len(x.data) == 1000 for x in r)
    assert list(stub.Count(pb.Request(), timeout=10)) == []


def client_stream(stub):
    assert stub.Sum((pb.Request(count=i) for i in range(500)), timeout=30).total == sum(range(500))
    assert stub.Sum(iter([]), timeout=10).total == 0


def both_streams(stub):
    sent = []

    def requests():
        for i in range(200):
            sent.append(i)
            yield pb.Request(text=str(i))
    for i, r in enumerate(stub.Chat(requests(), timeout=30)):
        assert r.text == str(i) and r.index == i
    assert len(sent) == 200


def stream_that_fails(stub):
    got = []

    def talk():
        for r in stub.Chat(iter([pb.Request(text="a"), pb.Request(text="enough", fail=10)]), timeout=10):
            got.append(r.text)
    assert fails(grpc.StatusCode.ABORTED, talk) == "enough" and got == ["a"]


def large_messages(stub):
    data = bytes(BIG - 100)
    assert stub.Say(pb.Request(data=data), timeout=30).data == data
    assert len(stub.Say(pb.Request(size=BIG - 100), timeout=30).data) == BIG - 100


def limit(stub):
    words = fails(grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: stub.Say(pb.Request(data=bytes(BIG + 1)), timeout=30))
    assert "limit" in words, words
    fails(grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: stub.Say(pb.Request(size=BIG + 1), timeout=30))
    assert stub.Say(pb.Request(text="still well"), timeout=10).text == "still well"


def wait_cancelled(stub, n, path):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        r = stub.Cancelled(pb.Request(), timeout=10)
        if r.total >= n:
            assert r.total == n and r.text.endswith(path), r
            return
    raise AssertionError("the server was not told")


def deadline(stub):
    before = stub.Cancelled(pb.Request(), timeout=10).total
    start = time.monotonic()
    fails(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: stub.Say(pb.Request(never=True), timeout=0.1))
    assert 0.05 < time.monotonic() - start < 5
    wait_cancelled(stub, before + 1, "/Say")


def cancellation(stub):
    before = stub.Cancelled(pb.Request(), timeout=10).total
    stream = stub.Chat(iter_forever(), timeout=30)
    assert next(stream).text == "again"
    stream.cancel()
    wait_cancelled(stub, before + 1, "/Chat")
    fails(grpc.StatusCode.CANCELLED, lambda: next(stream))


def iter_forever():
    yield pb.Request(text="again")
    threading.Event().wait(20)


def unknown_method(stub):
    shout = connect()[0].unary_unary("/berth.test.echo.v1.Echo/Shout")
    assert "Shout" in fails(grpc.StatusCode.UNIMPLEMENTED, lambda: shout(b"", timeout=10))


def broken_message(stub):
    say = connect()[0].unary_unary("/berth.test.echo.v1.Echo/Say")
    fails(grpc.StatusCode.INTERNAL, lambda: say(b"\xff\xff\xff", timeout=10))


def compressed(stub):
    fails(grpc.StatusCode.UNIMPLEMENTED,
          lambda: stub.Say(pb.Request(text="x" * 10000), timeout=10, compression=grpc.Compression.Gzip))


def many_at_once(stub):
    calls = [stub.Say.future(pb.Request(text=str(i)), timeout=60) for i in range(1000)]
    assert [c.result().text for c in calls] == [str(i) for i in range(1000)]


def many_connections(stub):
    def one(i):
        channel, s = connect()
        with channel:
            for j in range(20):
                assert s.Say(pb.Request(text=f"{i}.{j}"), timeout=30).text == f"{i}.{j}"
                done.append(1)
    done = []
    threads = [threading.Thread(target=one, args=(i,)) for i in range(10)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(done) == 200


def gone_in_the_middle(stub):
    before = stub.Cancelled(pb.Request(), timeout=10).total
    channel, s = connect()
    call = s.Say.future(pb.Request(never=True))
    s.Say(pb.Request(), timeout=10)
    channel.close()
    fails(grpc.StatusCode.CANCELLED, call.result) if not call.cancelled() else None
    assert stub.Cancelled(pb.Request(), timeout=10).total == before  # counted for each connection


channel, stub = connect()
failed = 0
for test in (unary, every_status, server_stream, client_stream, both_streams, stream_that_fails, large_messages,
             limit, deadline, cancellation, unknown_method, broken_message, compressed, many_at_once,
             many_connections, gone_in_the_middle):
    try:
        test(stub)
        print("ok", test.__name__.replace("_", " "), flush=True)
    except BaseException:
        failed = 1
        print("not ok", test.__name__.replace("_", " "), flush=True)
        traceback.print_exc()
channel.close()
sys.exit(failed)

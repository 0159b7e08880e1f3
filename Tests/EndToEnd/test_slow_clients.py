"""Clients that are slow, silent, gone, or many."""

from __future__ import annotations

import json
import resource
import socket
import threading
import time

import numpy as np
import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.scale import scaled, seeded
from apus_e2e.server import Launch, Server
from apus_e2e.tensors import HEADER_LENGTH, Input, Request
from apus_e2e.wire import Closed, Connection, encode, eventually

SERVER_FLAGS = ("--header-timeout", "1s", "--body-timeout", "1s", "--keep-alive-timeout", "3s")
PATH = "/v2/models/iris/infer"
GOOD = json.dumps(EXAMPLES["iris"][0].request).encode()
#: Time-outs are looked at in ticks; nobody promises better than this.
LATEST = 10


def test_slow_header_gets_408(server: Server) -> None:
    """A head that drips is cut off at the limit, however steadily it drips."""
    with Connection(server.address) as connection:
        started = time.monotonic()
        connection.socket.settimeout(0.15)
        data = b"GET /v2 HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 1000
        for byte in data:
            connection.send(bytes([byte]))
            try:
                response = connection.read()
                break
            except TimeoutError:
                continue
        elapsed = time.monotonic() - started
        assert response.status == 408, response
        assert response.error
        assert 0.9 < elapsed < 1 + LATEST, elapsed
        assert connection.ends()


def test_header_that_stops_gets_408(server: Server) -> None:
    """Half a head and then nothing."""
    with Connection(server.address) as connection:
        started = time.monotonic()
        connection.send(b"POST /v2/models/iris/infer HTTP/1.1\r\nHos")
        response = connection.read()
        assert response.status == 408, response
        assert 0.9 < time.monotonic() - started < 1 + LATEST
        assert connection.ends()


@pytest.mark.parametrize("is_chunked", [False, True], ids=["declared", "chunked"])
def test_body_that_stops_gets_408(server: Server, is_chunked: bool) -> None:
    """Half a body and then nothing."""
    with Connection(server.address) as connection:
        started = time.monotonic()
        if is_chunked:
            connection.send(encode("POST", PATH, {"Transfer-Encoding": "chunked"}) + b"5\r\nhel")
        else:
            connection.send(encode("POST", PATH, {"Content-Length": "1000"}) + b"{")
        response = connection.read()
        assert response.status == 408, response
        assert 0.9 < time.monotonic() - started < 1 + LATEST
        assert connection.ends()


def test_body_that_never_starts_gets_408(server: Server) -> None:
    """A length was declared, nothing came."""
    with Connection(server.address) as connection:
        connection.send(encode("POST", PATH, {"Content-Length": "10"}))
        assert connection.read().status == 408


def test_slow_body_within_the_limit_is_answered(server: Server) -> None:
    """--body-timeout is the largest gap between two reads, not the whole time."""
    with Connection(server.address) as connection:
        connection.send(encode("POST", PATH, {"Content-Length": str(len(GOOD))}))
        step = len(GOOD) // 5 + 1
        for start in range(0, len(GOOD), step):
            time.sleep(0.5)
            connection.send(GOOD[start : start + step])
        assert connection.read().status == 200


def test_idle_connection_is_closed_without_a_word(server: Server) -> None:
    """Before the first request (--header-timeout) and after one (--keep-alive-timeout): an orderly close, no status."""
    for asks_first, limit in ((False, 1), (True, 3)):
        with Connection(server.address) as connection:
            if asks_first:
                assert connection.request("GET", "/v2").status == 200
            started = time.monotonic()
            assert connection.ends(timeout=8)
            assert limit - 0.5 < time.monotonic() - started < limit + LATEST


def test_pause_below_the_keep_alive_limit(server: Server) -> None:
    """A connection that is used again in time stays."""
    with Connection(server.address) as connection:
        for _ in range(3):
            assert connection.request("GET", "/v2").status == 200
            time.sleep(1.5)
        assert connection.request("GET", "/v2").status == 200


@pytest.mark.parametrize("way", ["close", "reset"])
def test_connection_dropped_in_the_request(server: Server, way: str) -> None:
    """At every place of head and body, in an orderly way and by a reset."""
    random = seeded("dropped in the request")
    data = encode("POST", PATH, body=GOOD)
    before = server.descriptor_count
    for _ in range(scaled(200)):
        connection = Connection(server.address)
        connection.send(data[: random.randrange(len(data) + 1)])
        connection.abort() if way == "reset" else connection.close()
    server.assert_serving()
    assert eventually(lambda: server.descriptor_count <= before + 2), "connections are left open"


@pytest.mark.parametrize("way", ["close", "reset"])
def test_connection_dropped_in_the_answer(server: Server, way: str) -> None:
    """The client goes while 8 MB of answer are being written, or before the model has answered."""
    random = seeded("dropped in the answer")
    values = np.zeros((1, 2_000_000), dtype=np.float32)
    body, headers = Request([Input("x", "FP32", values, True)], parameters={"binary_data_output": True}).encode()
    big = encode("POST", "/v2/models/identity_fp32/infer", headers, body)
    slow = encode(
        "POST", "/v2/models/delay200/infer", body=b'{"inputs":[{"name":"IN","shape":[1],"datatype":"FP32","data":[1]}]}'
    )
    before = server.descriptor_count
    for index in range(scaled(20)):
        connection = Connection(server.address)
        connection.send(big if index % 4 else slow)
        if index % 4:
            connection.socket.recv(random.randrange(1, 1_000_000))
        connection.abort() if way == "reset" else connection.close()
    server.assert_serving()
    assert eventually(lambda: server.descriptor_count <= before + 2, 15), "connections are left open"


def test_client_that_does_not_read(launch: Launch) -> None:
    """Thousands of requests whose answers nobody takes: the server stops reading, its memory is bounded."""
    server = launch()
    ask = encode("GET", "/v2/models/stats")
    server.reset_peak()
    before = server.peak_kib
    clients = [Connection(server.address) for _ in range(10)]
    for connection in clients:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.socket.setblocking(False)
    sent = 0
    end = time.monotonic() + 4
    while time.monotonic() < end:
        for connection in clients:
            try:
                sent += connection.socket.send(ask * 1000)
            except BlockingIOError:
                time.sleep(0.001)
    server_is_free(server)
    grown = server.peak_kib - before
    print(f"{sent // len(ask)} requests sent, none read, {grown} KiB more")
    for connection in clients:
        connection.abort()
    assert grown < 60_000, f"grew by {grown} KiB"


def server_is_free(server: Server) -> None:
    """Check that another client is answered while the slow ones are still there."""
    with server.client() as client:
        assert client.post(PATH, GOOD).status == 200


def test_idle_connections(launch: Launch) -> None:
    """10,000 of them, while requests are answered; their memory is bounded and comes back in part."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10_000, hard - 500)
    print(f"{count} connections, {hard} descriptors allowed")
    # To open them takes its time.
    server = launch("--max-connections", "20000", "--header-timeout", "2m")
    before = server.rss_kib
    idle: list[socket.socket] = []
    try:
        for index in range(count):
            idle.append(socket.create_connection(server.address, 10))
            if index % 1000 == 0:
                server_is_free(server)
        for connection in idle[::100]:
            connection.sendall(encode("GET", "/v2/health/live"))
        for connection in idle[::100]:
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        assert eventually(lambda: server.descriptor_count >= count), server.descriptor_count
        grown = server.rss_kib - before
        print(f"{grown} KiB more, {grown / count:.1f} KiB a connection, {server.thread_count} threads")
        for _ in range(100):
            server_is_free(server)
        assert grown / count < 24
    finally:
        for connection in idle:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert eventually(lambda: server.descriptor_count < 100, 20), "connections are left open"
    server.assert_serving()
    assert server.stop() == 0


def test_more_connections_than_allowed(launch: Launch) -> None:
    """Beyond --max-connections they wait; when one goes the next is served."""
    server = launch("--max-connections", "10")
    held = [Connection(server.address) for _ in range(10)]
    for connection in held:
        assert connection.request("GET", "/v2").status == 200
    waiting = Connection(server.address, timeout=1)
    waiting.send(encode("GET", "/v2/health/live"))
    with pytest.raises((TimeoutError, Closed)):
        waiting.read()
    held.pop().close()
    waiting.socket.settimeout(5)
    assert waiting.read().status == 200
    for connection in [*held, waiting]:
        connection.close()
    server.assert_serving()


def test_many_clients_at_once(server: Server) -> None:
    """64 threads, each with its own numbers: nobody gets another's answer."""
    faults: list[str] = []

    def ask(number: int) -> None:
        values = np.full((1, 50), number, dtype=np.float32)
        with server.client(timeout=60) as client:
            for index in range(scaled(30)):
                body, headers = Request(
                    [Input("x", "FP32", values + index, index % 2 == 0)], id=f"{number}/{index}"
                ).encode()
                response = client.post("/v2/models/identity_fp32/infer", body, headers)
                document = response.json()
                if document.get("id") != f"{number}/{index}" or document["outputs"][0]["data"] != [number + index] * 50:
                    faults.append(f"{number}/{index}: {response}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults[:3]


def test_header_length_without_a_body_that_comes(server: Server) -> None:
    """A header length that fits the declared body, and the body never comes whole."""
    with Connection(server.address) as connection:
        connection.send(encode("POST", PATH, {"Content-Length": "1000", HEADER_LENGTH: "500"}) + b"{" * 600)
        assert connection.read().status == 408

"""HTTP/1.1 itself: order, keep-alive, versions, verbs, targets, and the shapes that request smuggling lives on."""

from __future__ import annotations

import json
import time

import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.server import Server
from apus_e2e.wire import Client, Connection, encode

SERVER_FLAGS = ("--header-timeout", "2s", "--body-timeout", "2s")
PATH = "/v2/models/iris/infer"
REQUEST = EXAMPLES["iris"][0].request
GOOD = json.dumps(REQUEST).encode()


def numbered(index: int) -> bytes:
    """Write a request with an id."""
    return encode("POST", PATH, body=json.dumps(REQUEST | {"id": str(index)}).encode())


@pytest.mark.parametrize("count", [2, 50, 2000])
def test_pipelined_requests_are_answered_in_order(server: Server, count: int) -> None:
    """All sent at once, each answered once, in order."""
    with Connection(server.address) as connection:
        connection.send(b"".join(numbered(index) for index in range(count)))
        assert [connection.read().json()["id"] for _ in range(count)] == [str(index) for index in range(count)]


def test_pipelined_requests_of_every_kind(server: Server) -> None:
    """Fast and slow, right and wrong, with and without a body, in pieces of every size."""
    slow = b'{"id":"slow","inputs":[{"name":"IN","shape":[1],"datatype":"FP32","data":[1]}]}'
    kinds = [
        (encode("POST", "/v2/models/delay200/infer", body=slow), 200),
        (encode("GET", "/v2/models/iris"), 200),
        (numbered(1), 200),
        (encode("POST", PATH, body=b"{"), 400),
        (encode("GET", "/nothing"), 404),
        (encode("POST", PATH, {"Transfer-Encoding": "chunked"}) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD), 200),
        (encode("DELETE", PATH), 405),
        (encode("GET", "/v2/models/stats"), 200),
        (numbered(2), 200),
    ]
    data = b"".join(part for part, _ in kinds)
    for size in (len(data), 100, 7):
        with Connection(server.address) as connection:
            for start in range(0, len(data), size):
                connection.send(data[start : start + size])
            assert [connection.read().status for _ in kinds] == [status for _, status in kinds]


def test_bodies_of_many_connections_interleaved(server: Server) -> None:
    """Heads first, bodies later, in another order: each body goes to the model of its own head.

    Requests that arrive whole come in between; nothing of one connection may show on another.
    """
    kinds = [
        ("iris", GOOD, lambda document: document["model_name"] == "iris"),
        ("two_batch", fp32_row(), lambda document: document["outputs"][0]["data"] == [3.0] * 4),
        ("identity_fp32", fp32_row(), lambda document: document["outputs"][0]["data"] == [1.0] * 4),
    ]
    for _ in range(5):
        waiting = []
        for index in range(30):
            model, body, check = kinds[index % 3]
            connection = Connection(server.address)
            connection.send(encode("POST", f"/v2/models/{model}/infer", {"Content-Length": str(len(body))}) + body[:20])
            waiting.append((connection, body[20:], check))
        time.sleep(0.05)
        with server.client() as client:
            for connection, rest, check in waiting[::2] + waiting[1::2]:
                assert client.get("/v2/health/live").status == 200
                connection.send(rest)
                response = connection.read()
                assert response.status == 200 and check(response.json()), response
                connection.close()


def fp32_row() -> bytes:
    """A row of ones for the models that take x."""
    return b'{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,1,1,1]}]}'


def test_request_that_comes_byte_by_byte(server: Server) -> None:
    """Every split of head and body."""
    data = numbered(7)
    with Connection(server.address) as connection:
        for byte in data:
            connection.send(bytes([byte]))
        assert connection.read().json()["id"] == "7"
    for split in range(1, len(data), 3):
        with Connection(server.address) as connection:
            connection.send(data[:split])
            time.sleep(0.0005)
            connection.send(data[split:])
            assert connection.read().json()["id"] == "7"


def test_keep_alive(client: Client) -> None:
    """A thousand requests on one connection."""
    for _ in range(1000):
        assert client.post(PATH, GOOD).status == 200
    assert client.connections == 1


def test_connection_close_is_honoured(server: Server) -> None:
    """The client's wish, in any case, in a list."""
    for value in ("close", "Close", "keep-alive, close", "x,close"):
        with Connection(server.address) as connection:
            response = connection.request("GET", "/v2/health/live", {"Connection": value})
            assert response.status == 200 and response.closes, value
            assert connection.ends()


def test_http_1_0(server: Server) -> None:
    """Closes behind the answer unless asked to keep; Host isn't needed."""
    with Connection(server.address) as connection:
        connection.send(b"GET /v2/health/live HTTP/1.0\r\n\r\n")
        response = connection.read()
        assert response.status == 200
        assert connection.ends()
    with Connection(server.address) as connection:
        for _ in range(3):
            connection.send(b"GET /v2/health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            response = connection.read()
            assert response.status == 200
            if response.closes:
                break
            assert (response.header("connection") or "").lower() == "keep-alive", "RFC 9112 §9.3: said to a 1.0 client"


def test_half_closed_connection(server: Server) -> None:
    """A client that closes its sending side still gets its answers."""
    import socket

    slow = b'{"inputs":[{"name":"IN","shape":[1],"datatype":"FP32","data":[1]}]}'
    wait = encode("POST", "/v2/models/delay200/infer", body=slow)
    for data, count in ((numbered(1), 1), (numbered(1) * 5, 5), (wait, 1), (wait * 2, 2)):
        with Connection(server.address) as connection:
            connection.send(data)
            connection.socket.shutdown(socket.SHUT_WR)
            for _ in range(count):
                assert connection.read().status == 200
            assert connection.ends()


@pytest.mark.parametrize("path", ["/v2/health/live", "/v2/models/iris", "/v2/models/stats", "/nothing", PATH])
def test_head(server: Server, path: str) -> None:
    """No body comes whatever the status, and the next answer is where it should be."""
    with Connection(server.address) as connection:
        connection.send(encode("HEAD", path) + encode("GET", "/v2/health/live"))
        response = connection.read(has_body=False)
        assert response.status in ((200, 405) if path not in ("/nothing", PATH) else (404, 405)), response
        assert connection.read().json()["live"] is True


def test_absolute_form(server: Server) -> None:
    """RFC 9112 §3.2.2: servers take it."""
    for target in (
        "http://localhost/v2/health/live",
        "http://other:1/v2/health/live?x",
        "https://localhost/v2/health/live",
    ):
        with Connection(server.address) as connection:
            assert connection.request("GET", target).status == 200, target


@pytest.mark.parametrize("target", ["*", "localhost:80", "v2", "http://", "ftp://x/v2", "", "/v2#x", "http:/v2"])
def test_other_targets(server: Server, target: str) -> None:
    """No path: refused."""
    with Connection(server.address) as connection:
        connection.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.read().status in (400, 404, 405)


def test_expect_continue(server: Server) -> None:
    """100 comes before the body is sent; a body that is there already needs none."""
    with Connection(server.address) as connection:
        for _ in range(2):
            connection.send(encode("POST", PATH, {"Expect": "100-continue", "Content-Length": str(len(GOOD))}))
            assert connection.read().status == 100
            connection.send(GOOD)
            assert connection.read().status == 200
        connection.send(encode("POST", PATH, {"Expect": "100-Continue"}, GOOD))
        response = connection.read()
        assert (connection.read() if response.status == 100 else response).status == 200


def test_expect_continue_for_what_will_be_refused(server: Server) -> None:
    """The final status at once, no 100."""
    for path, length, status in ((PATH, 1 << 40, 413), ("/v2/models/nobody/infer", 10, 404), ("/nothing", 10, 404)):
        with Connection(server.address) as connection:
            connection.send(encode("POST", path, {"Expect": "100-continue", "Content-Length": str(length)}))
            response = connection.read()
            if response.status == 100 and length == 10:
                connection.send(b"0123456789")
                response = connection.read()
            assert response.status == status, (path, response)


def test_other_expectation(server: Server) -> None:
    """417."""
    with Connection(server.address) as connection:
        assert connection.request("GET", "/v2", {"Expect": "the-unexpected"}).status == 417


def test_date_and_length(client: Client) -> None:
    """Every answer has what RFC 9110 wants."""
    for response in (client.get("/v2"), client.get("/nothing"), client.post(PATH, GOOD), client.post(PATH, b"{")):
        assert response.version == "HTTP/1.1"
        assert response.header("date"), response.fields
        assert response.header("content-length") == str(len(response.body))

"""HTTP/1.1 itself: order, keep-alive, versions, verbs, targets, and the shapes that request smuggling lives on."""

from __future__ import annotations

import json
import time

import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.server import Server
from apus_e2e.wire import Client, Closed, Connection, encode

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
    for data, count in ((numbered(1), 1), (numbered(1) * 5, 5), (encode("POST", "/v2/models/delay200/infer", body=slow), 1)):
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
    for target in ("http://localhost/v2/health/live", "http://other:1/v2/health/live?x", "https://localhost/v2/health/live"):
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


POST = b"POST /v2/models/iris/infer HTTP/1.1\r\nHost: x\r\n"
BODY = b"5\r\nhello\r\n0\r\n\r\n"
SMUGGLED = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\nX-Smuggled: 1\r\n\r\n"
SMUGGLING = {
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + BODY,
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "two equal lengths": POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "list of lengths": POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "length with a sign": POST + b"Content-Length: +5\r\n\r\nhello",
    "negative length": POST + b"Content-Length: -5\r\n\r\nhello",
    "hexadecimal length": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "length with a fraction": POST + b"Content-Length: 5.0\r\n\r\nhello",
    "length with an underscore": POST + b"Content-Length: 1_0\r\n\r\nhello",
    "length of 65 bits": POST + b"Content-Length: 18446744073709551621\r\n\r\nhello",
    "empty length": POST + b"Content-Length:\r\n\r\nhello",
    "length in other digits": POST + "Content-Length: ٥\r\n\r\nhello".encode(),
    "space before the colon": POST + b"Content-Length : 5\r\n\r\nhello",
    "tab before the colon": POST + b"Transfer-Encoding\t: chunked\r\n\r\n" + BODY,
    "folded field": POST + b"X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello",
    "folded length": POST + b"Content-Length:\r\n 5\r\n\r\nhello",
    "space before the first field": b"POST /v2 HTTP/1.1\r\n Host: x\r\n\r\n",
    "bare LF behind a field": b"POST /v2 HTTP/1.1\r\nHost: x\nContent-Length: 5\r\n\r\nhello",
    "bare LF behind the request line": b"POST /v2 HTTP/1.1\nHost: x\r\n\r\n",
    "bare CR in a value": POST + b"X: a\rb\r\nContent-Length: 5\r\n\r\nhello",
    "NUL in a value": POST + b"X: a\x00b\r\n\r\n",
    "NUL in a name": POST + b"X\x00Y: a\r\n\r\n",
    "control character in a name": POST + b"X\x0bY: a\r\n\r\n",
    "no colon": POST + b"NoColon\r\n\r\n",
    "empty name": POST + b": x\r\n\r\n",
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + BODY,
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + BODY,
    "gzip then chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + BODY,
    "chunked then identity": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + BODY,
    "identity": POST + b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
    "empty coding": POST + b"Transfer-Encoding:\r\nContent-Length: 5\r\n\r\nhello",
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + BODY,
    "coding behind a control character": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + BODY,
    "coding in quotes": POST + b'Transfer-Encoding: "chunked"\r\n\r\n' + BODY,
    "coding with a parameter": POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n" + BODY,
    "chunks in HTTP/1.0": b"POST /v2/models/iris/infer HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
    "two hosts": b"GET /v2 HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "no host": b"GET /v2 HTTP/1.1\r\n\r\n",
    "two spaces": b"GET  /v2 HTTP/1.1\r\nHost: x\r\n\r\n",
    "space behind the version": b"GET /v2 HTTP/1.1 \r\nHost: x\r\n\r\n",
    "space in the target": b"GET /v2 /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "tab in the request line": b"GET\t/v2 HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in the target": b"GET /v2\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "other protocol": b"GET /v2 HTTQ/1.1\r\nHost: x\r\n\r\n",
    "HTTP/0.9": b"GET /v2\r\n\r\n",
    "HTTP/1.2": b"GET /v2 HTTP/1.2\r\nHost: x\r\n\r\n",
    "HTTP/2.0": b"GET /v2 HTTP/2.0\r\nHost: x\r\n\r\n",
    "HTTP/1.10": b"GET /v2 HTTP/1.10\r\nHost: x\r\n\r\n",
    "lower-case protocol": b"GET /v2 http/1.1\r\nHost: x\r\n\r\n",
    "no verb": b" /v2 HTTP/1.1\r\nHost: x\r\n\r\n",
    "verb with a slash": b"GE/T /v2 HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + b"\x00" * 32 + b"\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "garbage": bytes(range(128, 256)) + b"\r\n\r\n",
}


@pytest.mark.parametrize("data", SMUGGLING.values(), ids=SMUGGLING.keys())
def test_ambiguous_requests_are_refused(server: Server, data: bytes) -> None:
    """One error and the end of the connection; what stands behind is never a request."""
    with Connection(server.address) as connection:
        connection.send(data + SMUGGLED)
        response = connection.read()
        assert response.status in (400, 417, 431, 501, 505), response
        assert response.error
        assert response.closes
        assert connection.ends(), "something behind the refusal was answered"


def test_bare_line_feeds_only(server: Server) -> None:
    """A head without one CRLF never ends: no answer to it but a refusal or the time-out's."""
    with Connection(server.address) as connection:
        connection.send(b"GET /v2/health/live HTTP/1.1\nHost: x\n\n")
        try:
            assert connection.read().status in (400, 408)
        except Closed as closed:
            assert closed.received == b""


def test_legal_variations(server: Server) -> None:
    """White space around values, any case of names and codings, many header fields."""
    with Connection(server.address) as connection:
        for head in (
            b"Content-Length:%d\r\n" % len(GOOD),
            b"content-length: \t %d \t\r\n" % len(GOOD),
            b"CONTENT-LENGTH: 00%d\r\n" % len(GOOD),
            b"X:\r\nX-Latin: \xe9\xff\r\nX: a\tb\r\nContent-Length: %d\r\n" % len(GOOD),
        ):
            connection.send(POST + head + b"\r\n" + GOOD)
            assert connection.read().status == 200, head
        for coding in (b"chunked", b"Chunked", b"CHUNKED"):
            connection.send(POST + b"Transfer-Encoding: %s\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (coding, len(GOOD), GOOD))
            assert connection.read().status == 200, coding


def test_date_and_length(client: Client) -> None:
    """Every answer has what RFC 9110 wants."""
    for response in (client.get("/v2"), client.get("/nothing"), client.post(PATH, GOOD), client.post(PATH, b"{")):
        assert response.version == "HTTP/1.1"
        assert response.header("date"), response.fields
        assert response.header("content-length") == str(len(response.body))

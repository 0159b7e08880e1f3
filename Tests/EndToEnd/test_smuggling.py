"""Shapes that request smuggling lives on: what two parsers read differently is refused, and the connection ends."""

from __future__ import annotations

import json

import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.server import Server
from apus_e2e.wire import Closed, Connection

SERVER_FLAGS = ("--header-timeout", "2s", "--body-timeout", "2s")
GOOD = json.dumps(EXAMPLES["iris"][0].request).encode()
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

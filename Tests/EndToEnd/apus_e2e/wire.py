"""HTTP/1.1 on a raw socket, so that tests decide every byte and see every byte."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Address = tuple[str, int]
Headers = Mapping[str, str]


class Closed(Exception):
    """The server closed the connection in an orderly way before the answer was whole."""

    def __init__(self, received: bytes) -> None:
        super().__init__(f"closed after {len(received)} bytes of an answer: {received[:200]!r}")
        self.received = received


@dataclass(frozen=True)
class Response:
    """One answer, whole."""

    status: int
    reason: str
    version: str
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Give the value of the first field with this name."""
        for key, value in self.fields:
            if key.lower() == name.lower():
                return value
        return None

    @property
    def closes(self) -> bool:
        """Tell whether the server says that the connection ends here."""
        return (self.header("connection") or "").lower() == "close"

    def json(self) -> Any:
        """Parse the body."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """Give the message of an error body; fail when there is none."""
        document = self.json()
        assert isinstance(document, dict) and isinstance(document.get("error"), str), (
            f"no error body: {self.body[:300]!r}"
        )
        return document["error"]

    def __str__(self) -> str:
        return f"{self.status} {self.reason} {self.body[:400]!r}"


def encode(method: str, target: str, headers: Headers | None = None, body: bytes | None = None) -> bytes:
    """Write a request; Host and Content-Length are added unless given."""
    fields = {"Host": "localhost"}
    if body is not None:
        fields["Content-Length"] = str(len(body))
    given = dict(headers or {})
    for name in given:
        fields = {key: value for key, value in fields.items() if key.lower() != name.lower()}
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{key}: {value}" for key, value in (fields | given).items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


class Connection:
    """One TCP connection that speaks HTTP/1.1."""

    def __init__(self, address: Address, timeout: float = 15.0, source: Address | None = None) -> None:
        self.socket = socket.create_connection(address, timeout, source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close in an orderly way."""
        self.socket.close()

    def abort(self) -> None:
        """Close with a reset, as a client that crashed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def request(self, method: str, target: str, headers: Headers | None = None, body: bytes | None = None) -> Response:
        """Send a request and wait for its answer."""
        self.send(encode(method, target, headers, body))
        return self.read(has_body=method != "HEAD")

    def read(self, has_body: bool = True) -> Response:
        """Read one answer; the bytes behind it stay for the next.

        Raises:
            Closed: the server closed first.
            ConnectionResetError: the server reset the connection.
        """
        head = self._read_until(b"\r\n\r\n")
        lines = head[:-4].decode("latin-1").split("\r\n")
        version, status, *reason = lines[0].split(" ", 2)
        fields = tuple((key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in lines[1:]))
        response = Response(int(status), reason[0] if reason else "", version, fields, b"")
        if not has_body or response.status < 200 or response.status == 204:
            return response
        length = response.header("content-length")
        assert length is not None, f"an answer without Content-Length: {head!r}"
        body = self._take(head, int(length))
        return Response(response.status, response.reason, version, fields, body)

    def ends(self, timeout: float = 5.0) -> bool:
        """Wait for the server's orderly close.

        Returns:
            Whether it came, with no byte before it.

        Raises:
            ConnectionResetError: the server reset the connection.
        """
        if self._buffer:
            return False
        self.socket.settimeout(timeout)
        try:
            return self.socket.recv(1) == b""
        except TimeoutError:
            return False

    def _take(self, head: bytes, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill(head)
        body = bytes(self._buffer[:count])
        del self._buffer[:count]
        return body

    def _read_until(self, mark: bytes) -> bytes:
        searched = 0
        while (end := self._buffer.find(mark, searched)) < 0:
            searched = max(0, len(self._buffer) - len(mark))
            self._fill(b"")
        return self._take(b"", end + len(mark))

    def _fill(self, before: bytes) -> None:
        data = self.socket.recv(1 << 18)
        if not data:
            raise Closed(before + bytes(self._buffer))
        self._buffer += data


class Client:
    """Keep-alive requests to one server; opens a connection anew when the server has said that it closes."""

    def __init__(self, address: Address, timeout: float = 15.0) -> None:
        self.address = address
        self.timeout = timeout
        #: Connections opened so far.
        self.connections = 0
        self._connection: Connection | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def request(self, method: str, target: str, headers: Headers | None = None, body: bytes | None = None) -> Response:
        """Send a request and wait for its answer."""
        if self._connection is None:
            self._connection = Connection(self.address, self.timeout)
            self.connections += 1
        try:
            response = self._connection.request(method, target, headers, body)
        except BaseException:
            self.close()
            raise
        if response.closes:
            self.close()
        return response

    def get(self, target: str, headers: Headers | None = None) -> Response:
        """Ask for something."""
        return self.request("GET", target, headers)

    def post(self, target: str, body: bytes = b"", headers: Headers | None = None) -> Response:
        """Post bytes."""
        return self.request("POST", target, headers, body)

    def post_json(self, target: str, document: Any, headers: Headers | None = None) -> Response:
        """Post a document."""
        return self.post(target, json.dumps(document).encode(), headers)


def eventually(condition: Any, timeout: float = 5.0, interval: float = 0.02) -> bool:
    """Wait until a condition holds; tell whether it did in time."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(interval)
    return True

"""A plain HTTP/2 client on the `h2` package's state machine, for what real clients don't do."""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.settings

from .wire import Address

INFER = "/inference.GRPCInferenceService/ModelInfer"


@dataclass
class Answer:
    """What has come on one stream."""

    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    trailers: dict[str, str] = field(default_factory=dict)
    is_over: bool = False
    reset: int | None = None

    @property
    def grpc_status(self) -> str | None:
        """Give the status of a call, from trailers or from a head alone."""
        return self.trailers.get("grpc-status") or self.headers.get("grpc-status")

    @property
    def message(self) -> bytes:
        """Give the one message of a call."""
        (length,) = struct.unpack(">xI", self.body[:5])
        assert len(self.body) == 5 + length
        return bytes(self.body[5:])


class Connection:
    """One connection by prior knowledge."""

    def __init__(self, address: Address, settings: dict[int, int] | None = None, gives_window: bool = True) -> None:
        self.socket = socket.create_connection(address, timeout=15)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.gives_window = gives_window
        self.answers: dict[int, Answer] = {}
        self.goodbyes: list[tuple[int, int]] = []
        self.is_closed = False
        self.h2.initiate_connection()
        self.flush()
        self.exchange(lambda: self.h2.remote_settings.max_concurrent_streams < 1 << 30)
        if settings:
            self.h2.update_settings(settings)
            self.flush()
            self.exchange(lambda: all(self.h2.local_settings[key] == value for key, value in settings.items()))

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def flush(self) -> None:
        """Send what waits."""
        data = self.h2.data_to_send()
        if data:
            self.socket.sendall(data)

    def open(self, headers: list[tuple[str, str]], ends: bool = False) -> int:
        """Open a stream."""
        stream = self.h2.get_next_available_stream_id()
        self.answers[stream] = Answer()
        self.h2.send_headers(stream, headers, end_stream=ends)
        self.flush()
        return stream

    def request(self, method: str, path: str, body: bytes | None = None, *more: tuple[str, str]) -> int:
        """Send a request over HTTP."""
        head = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost"), *more]
        stream = self.open(head, ends=body is None)
        if body is not None:
            self.send(stream, body, ends=True)
        return stream

    def call(self, path: str = INFER, *more: tuple[str, str]) -> int:
        """Begin a gRPC call."""
        head = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost")]
        return self.open([*head, ("content-type", "application/grpc"), ("te", "trailers"), *more])

    def send(self, stream: int, data: bytes, ends: bool = False) -> None:
        """Send data, as the server's windows let it."""
        while True:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room == 0 and data:
                self.receive()
                continue
            part, data = data[:room], data[room:]
            self.h2.send_data(stream, part, end_stream=ends and not data)
            self.flush()
            if not data:
                return

    def message(self, stream: int, message: bytes, ends: bool = True) -> None:
        """Send a message of a call."""
        self.send(stream, struct.pack(">BI", 0, len(message)) + message, ends)

    def reset(self, stream: int) -> None:
        """Give a stream up."""
        self.h2.reset_stream(stream, 8)
        self.flush()

    def receive(self) -> None:
        """Take what comes, once."""
        data = self.socket.recv(1 << 16)
        if not data:
            self.is_closed = True
            return
        for event in self.h2.receive_data(data):
            self.take(event)
        self.flush()

    def take(self, event: h2.events.Event) -> None:
        """Note an event."""
        if isinstance(event, h2.events.ResponseReceived):
            self.answers[event.stream_id].headers = dict(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            self.answers[event.stream_id].trailers = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self.answers[event.stream_id].body += event.data
            if self.gives_window and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.answers[event.stream_id].is_over = True
        elif isinstance(event, h2.events.StreamReset):
            self.answers[event.stream_id].reset = int(event.error_code)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goodbyes.append((event.last_stream_id, int(event.error_code)))

    def exchange(self, until: object, timeout: float = 15.0) -> None:
        """Take what comes until a condition holds or the connection ends."""
        end = time.monotonic() + timeout
        while not until() and not self.is_closed:  # type: ignore[operator]
            assert time.monotonic() < end, "nothing came"
            self.receive()

    def wait(self, *streams: int) -> list[Answer]:
        """Wait for whole answers."""
        answers = [self.answers[stream] for stream in streams]
        self.exchange(lambda: all(answer.is_over or answer.reset is not None for answer in answers))
        return answers

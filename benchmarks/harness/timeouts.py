"""How late requests are answered whose deadline passes while they wait behind a long run."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from . import paths, servers
from .alternation import note
from .peers import MeasurementFailed
from .processes import request_bytes
from .settings import Settings
from .throughput import inference_path

MODEL = "slow"
RUN_SECONDS = 10
DEADLINE_SECONDS = 0.05
# Apart, so that the answers to measure don't all come in the same moment to one thread that notes when.
PAUSE_SECONDS = 0.002
# Until the server has taken all new connections: hundreds at once keep it busy for some ten milliseconds.
SETTLING_SECONDS = 0.3
CONFIG = f"""backend: "builtin"
input [ {{ name: "IN" data_type: TYPE_FP32 dims: [ 1 ] }} ]
output [ {{ name: "OUT" data_type: TYPE_FP32 dims: [ 1 ] }} ]
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
parameters {{ key: "kind" value {{ string_value: "delay" }} }}
parameters {{ key: "execute_delay_ms" value {{ string_value: "{RUN_SECONDS * 1000}" }} }}
"""
BODY = b'{"inputs":[{"name":"IN","shape":[1],"datatype":"FP32","data":[1]}]}'
HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class TimeoutResult:
    """How long after its deadline each request was answered, in milliseconds."""

    late_ms: list[float]
    wrong_answers: int

    @property
    def worst_ms(self) -> float:
        """The one that waited longest."""
        return max(self.late_ms)

    @property
    def median_ms(self) -> float:
        """The usual one."""
        return median(self.late_ms)


def repository() -> Path:
    """A repository with a model that takes very long."""
    root = paths.VARIANTS / "timeouts"
    (root / MODEL / "1").mkdir(parents=True, exist_ok=True)
    (root / MODEL / "config.pbtxt").write_text(CONFIG)
    return root


def measure(settings: Settings) -> TimeoutResult:
    """Occupy the only instance, then send requests that can't be run in time."""
    deadline = {**HEADERS, "Apus-Timeout": f"{DEADLINE_SECONDS * 1000:.0f}m"}
    path = inference_path(MODEL)
    with servers.apus(repository(), "apus-timeouts") as apus:
        apus.wait_until_ready()
        with connect(apus.port) as occupant:
            occupant.sendall(request_bytes("POST", path, BODY, HEADERS))
            time.sleep(0.2)
            request = request_bytes("POST", path, BODY, deadline)
            result = judge(send_apart(apus.port, [request] * settings.timeout_requests))
    note(f"deadline behind a long run: {result.median_ms:.2f} ms late, at worst {result.worst_ms:.2f} ms")
    return result


def judge(answers: Sequence[tuple[float, bytes]]) -> TimeoutResult:
    """Take the deadline off the times that answers took; count those that don't say that it has passed."""
    if not answers:
        raise MeasurementFailed("no request was sent for the deadline's sake")
    wrong = sum(not (answer.startswith(b"HTTP/1.1 503 ") and b"expired" in answer) for _, answer in answers)
    return TimeoutResult([(seconds - DEADLINE_SECONDS) * 1000 for seconds, _ in answers], wrong)


def connect(port: int) -> socket.socket:
    """A connection on which small things aren't held back."""
    connection = socket.create_connection(("127.0.0.1", port), 30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def send_apart(port: int, requests: Sequence[bytes]) -> list[tuple[float, bytes]]:
    """Send each request on a connection of its own; gives the seconds until each answer's first bytes, and these."""
    connections = [connect(port) for _ in requests]
    time.sleep(SETTLING_SECONDS)
    sent: dict[socket.socket, float] = {}
    answers: list[tuple[float, bytes]] = []
    with selectors.DefaultSelector() as selector:
        for connection, request in zip(connections, requests):
            collect(selector, time.monotonic() + PAUSE_SECONDS, sent, answers)
            sent[connection] = time.monotonic()
            connection.sendall(request)
            selector.register(connection, selectors.EVENT_READ)
        collect(selector, time.monotonic() + RUN_SECONDS / 2, sent, answers, wanted=len(requests))
    for connection in connections:
        connection.close()
    if len(answers) < len(requests):
        raise MeasurementFailed(f"{len(requests) - len(answers)} requests with a deadline had no answer in time")
    return answers


def collect(
    selector: selectors.BaseSelector,
    until: float,
    sent: dict[socket.socket, float],
    answers: list[tuple[float, bytes]],
    wanted: int | None = None,
) -> None:
    """Note answers until a time, or until so many are there."""
    while (rest := until - time.monotonic()) > 0 and len(answers) != wanted:
        if not selector.get_map():
            time.sleep(rest)
            return
        for key, _ in selector.select(rest):
            now = time.monotonic()
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            answers.append((now - sent[connection], connection.recv(65536)))
            selector.unregister(connection)

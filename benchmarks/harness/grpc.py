"""gRPC's ModelInfer by h2load, beside the bare HTTP/1 echo and the same inference over HTTP/1, as v2 and as plain JSON."""

from __future__ import annotations

import json
import re
import struct
import subprocess
from contextlib import ExitStack
from pathlib import Path

from . import paths, servers
from .alternation import alternate
from .bodies import Body, Tensor, tensor_for
from .measurement import Cell, Run
from .peers import HTTPPeer, MeasurementFailed, Peer, run_tool
from .processes import Server
from .settings import Settings
from .throughput import BINARY, ECHO, JSON, inference_path

MODEL = "iris"
# A table of its own: its echo and its HTTP/1 run in alternation with it.
SECTION = "iris over gRPC"
GRPC = "apus grpc"
PLAIN = "apus plain json"
CONNECTIONS = (1, 32)
PATH = "/inference.GRPCInferenceService/ModelInfer"
HEADERS = ("content-type: application/grpc", "te: trailers")


def varint(number: int) -> bytes:
    """A number in groups of seven bits."""
    groups = b""
    while number > 0x7F:
        groups += bytes((number & 0x7F | 0x80,))
        number >>= 7
    return groups + bytes((number,))


def field(number: int, content: bytes) -> bytes:
    """A protobuf field of bytes."""
    return bytes((number << 3 | 2,)) + varint(len(content)) + content


def message(model: str, tensor: Tensor) -> bytes:
    """A ModelInferRequest with raw contents, behind its prefix."""
    shape = b"".join(map(varint, tensor.shape))
    described = field(1, tensor.name.encode()) + field(2, b"FP32") + field(3, shape)
    raw = struct.pack(f"<{len(tensor.values)}f", *tensor.values)
    request = field(1, model.encode()) + field(5, described) + field(7, raw)
    return struct.pack(">BI", 0, len(request)) + request


def plain(tensor: Tensor) -> Body:
    """The same numbers as the v2 body's, by the input's name and nothing else."""
    rows = json.loads(tensor.as_json().content)["inputs"][0]["data"]
    return Body(json.dumps({tensor.name: rows}, separators=(",", ":")).encode(), "application/json")


class GRPCPeer:
    """A server that is asked the same by gRPC again and again, one stream on each connection at a time."""

    def __init__(self, name: str, server: Server, content: bytes) -> None:
        """Check that the server answers, before it is believed to be fast."""
        self.name = name
        self.server = server
        self.body = paths.LOGS / f"{server.name}-{name.replace(' ', '-')}.body"
        self.body.parent.mkdir(parents=True, exist_ok=True)
        self.body.write_bytes(content)
        command = ["curl", "-sS", "--http2-prior-knowledge", "--data-binary", f"@{self.body}", "-D", "-", "-o", "/dev/null"]
        for header in HEADERS:
            command += ["-H", header]
        done = subprocess.run([*command, server.url(PATH)], capture_output=True, timeout=20)
        if b"grpc-status: 0" not in done.stdout:
            raise MeasurementFailed(f"{name} answers {PATH} with {done.stdout!r} {done.stderr!r}: see {server.log}")

    def measure(self, connections: int, seconds: int) -> Run:
        """Run h2load."""
        log = Path(f"{self.body}.log")
        log.unlink(missing_ok=True)
        threads = min(2, connections)
        # Windows of 16 MiB, as gRPC's own clients open them for large messages.
        windows = ["-w24", "-W24"]
        command = ["h2load", f"-t{threads}", f"-c{connections}", "-m1", f"-D{seconds}", f"--log-file={log}", *windows]
        for header in HEADERS:
            command += ["-H", header]
        before = self.server.cpu_seconds()
        output = run_tool([*command, "-d", str(self.body), self.server.url(PATH)], seconds)
        cpu_seconds = self.server.cpu_seconds() - before
        counts = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", output)
        if counts is None:
            raise MeasurementFailed(f"h2load printed no counts for {self.name}: {output}")
        requests, failed, errored, late = int(counts[1]), int(counts[3]), int(counts[4]), int(counts[5])
        latencies = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
        if not latencies:
            raise MeasurementFailed(f"h2load finished no request for {self.name}: {output}")

        def percentile(share: float) -> float:
            return float(latencies[min(len(latencies) - 1, int(len(latencies) * share))])

        return Run(
            requests=requests,
            requests_per_second=requests / seconds,
            p50_us=percentile(0.5),
            p90_us=percentile(0.9),
            p99_us=percentile(0.99),
            errors=failed + errored + late,
            cpu_seconds=cpu_seconds,
        )


def measure(settings: Settings) -> list[Cell]:
    """Measure gRPC, HTTP/1 and the echo in alternation."""
    tensor = tensor_for(MODEL)
    path = inference_path(MODEL)
    with ExitStack() as running:
        echo = running.enter_context(servers.echo())
        apus = running.enter_context(servers.apus(paths.MODELS))
        echo.post_until_answered("/", b"{}", {})
        apus.wait_until_ready()
        peers: list[Peer] = [
            HTTPPeer(ECHO, echo, path, tensor.as_json()),
            HTTPPeer(BINARY, apus, path, tensor.as_binary()),
            HTTPPeer(JSON, apus, path, tensor.as_json()),
            HTTPPeer(PLAIN, apus, f"/predict/{MODEL}", plain(tensor)),
            GRPCPeer(GRPC, apus, message(MODEL, tensor)),
        ]
        cells: list[Cell] = []
        for connections in CONNECTIONS:
            cells += alternate(SECTION, connections, peers, settings.rounds, settings.seconds)
        return cells

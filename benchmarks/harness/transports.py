"""Large tensors on their ways into the server: HTTP's binary form, gRPC's raw contents, shared memory."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import paths, servers
from .alternation import alternate
from .bodies import Body, Tensor, tensor_for
from .grpc import GRPC, GRPCPeer, message
from .measurement import Cell
from .peers import HTTPPeer, MeasurementFailed, Peer
from .processes import Server, request_bytes, status_of
from .settings import Settings
from .throughput import BINARY, inference_path

RESNET = "resnet50"
RESNET_SECTION = "resnet50 over gRPC"
RESNET_CONNECTIONS = 2
#: A tensor of 4 MiB through a model that gives it back.
LARGE = "large"
LARGE_SECTION = "4 MiB there and back"
FLOATS = 1 << 20
SHARED = "apus shared memory"
REGION = "bench"


def measure(settings: Settings) -> list[Cell]:
    """Measure both bodies in alternation."""
    return resnet(settings) + large(settings)


def resnet(settings: Settings) -> list[Cell]:
    """An image of 602,112 bytes."""
    tensor = tensor_for(RESNET)
    with servers.apus(paths.MODELS) as apus:
        apus.wait_until_ready()
        peers: list[Peer] = [
            HTTPPeer(BINARY, apus, inference_path(RESNET), tensor.as_binary()),
            GRPCPeer(GRPC, apus, message(RESNET, tensor)),
        ]
        return alternate(
            RESNET_SECTION, RESNET_CONNECTIONS, peers, settings.resnet_rounds, settings.resnet_seconds
        )


def large(settings: Settings) -> list[Cell]:
    """4 MiB of numbers each way."""
    source = random.Random(1)
    tensor = Tensor("IN", (FLOATS,), tuple(source.random() for _ in range(FLOATS)))
    with servers.apus(repository(), flags=("--allow-client-shm", "--control-on-inference-ports")) as apus:
        apus.wait_until_ready()
        with region(apus, FLOATS * 4) as body:
            peers: list[Peer] = [
                HTTPPeer(BINARY, apus, inference_path(LARGE), tensor.as_binary()),
                GRPCPeer(GRPC, apus, message(LARGE, tensor)),
                HTTPPeer(SHARED, apus, inference_path(LARGE), body),
            ]
            return alternate(LARGE_SECTION, 1, peers, settings.rounds, settings.seconds)


def repository() -> Path:
    """Write a repository with one model of the built-in engine."""
    root = paths.VARIANTS / LARGE
    shutil.rmtree(root, ignore_errors=True)
    (root / LARGE / "1").mkdir(parents=True)
    tensor = 'data_type: TYPE_FP32 dims: [ -1 ]'
    kind = 'parameters { key: "kind" value { string_value: "identity" } }'
    lines = ['backend: "builtin"', f'input [ {{ name: "IN" {tensor} }} ]', f'output [ {{ name: "OUT" {tensor} }} ]', kind]
    (root / LARGE / "config.pbtxt").write_text("\n".join(lines) + "\n")
    return root


@contextmanager
def region(server: Server, size: int) -> Iterator[Body]:
    """Share memory for an input and an output with a server; gives the request that names both parts."""
    file = Path("/dev/shm") / f"apus-bench-{os.getpid()}"
    file.write_bytes(bytes(2 * size))
    try:
        registration = json.dumps({"key": f"/{file.name}", "offset": 0, "byte_size": 2 * size}).encode()
        path = f"/v2/systemsharedmemory/region/{REGION}/register"
        status = status_of(server.port, request_bytes("POST", path, registration, {}))
        if status != 200:
            raise MeasurementFailed(f"{path} is answered with status {status}: see {server.log}")

        def part(offset: int) -> dict[str, object]:
            return {
                "shared_memory_region": REGION,
                "shared_memory_offset": offset,
                "shared_memory_byte_size": size,
            }

        given = {"name": "IN", "datatype": "FP32", "shape": [size // 4], "parameters": part(0)}
        wanted = {"name": "OUT", "parameters": part(size)}
        yield Body(json.dumps({"inputs": [given], "outputs": [wanted]}).encode(), "application/json")
    finally:
        file.unlink()

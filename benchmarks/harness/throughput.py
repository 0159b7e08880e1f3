"""Requests a second and latencies: raw engine, echo, Apus and FastAPI, side by side."""

from __future__ import annotations

import os
from contextlib import ExitStack

from . import paths, servers, variants
from .alternation import alternate
from .bodies import tensor_for
from .measurement import Cell
from .peers import HTTPPeer, Peer, RawPeer
from .settings import Settings

ECHO = "echo"
JSON = "apus json"
BINARY = "apus binary"
# The same server and tensors, for a copy of the model whose requests don't share runs.
JSON_OFF = "apus json, batching off"
BINARY_OFF = "apus binary, batching off"
# The echo of what the server is sent as bytes.
ECHO_BINARY = "echo, binary body"
FASTAPI = "fastapi"
RAW = "raw engine"
RAW_TWO = "raw engine, 2 threads"

CONNECTIONS = (1, 8, 32, 64)
RESNET_CONNECTIONS = (1, 2)
# Where batching is compared with none.
BATCHING_CONNECTIONS = {"iris": (32,), "mlp": (32, 64)}


def inference_path(model: str) -> str:
    """Where inference requests for a model go."""
    return f"/v2/models/{model}/infer"


def measure(model: str, settings: Settings) -> list[Cell]:
    """Start all servers for a model and measure them with each number of connections."""
    is_resnet = model == "resnet50"
    tensor = tensor_for(model)
    json_body, binary_body = tensor.as_json(), tensor.as_binary()
    path = inference_path(model)
    compared = BATCHING_CONNECTIONS.get(model, ())
    models = variants.make(model, [variants.off(model)]) if compared else paths.MODELS
    with ExitStack() as running:
        echo = running.enter_context(servers.echo())
        apus = running.enter_context(servers.apus(models))
        fastapi = running.enter_context(servers.fastapi(model))
        echo.post_until_answered("/", b"{}", {})
        apus.wait_until_ready()
        fastapi.wait_until_ready()
        peers: list[Peer] = [
            HTTPPeer(ECHO, echo, path, json_body),
            HTTPPeer(JSON, apus, path, json_body),
            HTTPPeer(BINARY, apus, path, binary_body),
            HTTPPeer(FASTAPI, fastapi, path, json_body),
        ]
        more: list[Peer] = []
        if compared:
            path_off = inference_path(variants.off(model).name)
            more.append(HTTPPeer(JSON_OFF, apus, path_off, json_body))
        if model == "mlp":
            more = [
                HTTPPeer(ECHO_BINARY, echo, path, binary_body),
                HTTPPeer(BINARY_OFF, apus, path_off, binary_body),
            ]
        rounds = settings.resnet_rounds if is_resnet else settings.rounds
        seconds = settings.resnet_seconds if is_resnet else settings.seconds
        cells: list[Cell] = []
        for connections in RESNET_CONNECTIONS if is_resnet else CONNECTIONS:
            raw = raw_peers(model, connections)
            others = more if connections in compared else []
            cells += alternate(model, connections, [*raw, *peers, *others], rounds, seconds)
        return cells


def raw_peers(model: str, connections: int) -> list[Peer]:
    """The raw engine beside one connection, and with two threads beside two."""
    cores = len(os.sched_getaffinity(0))
    if connections == 1:
        return [RawPeer(RAW, paths.model_file(model), 1, cores)]
    if connections == 2:
        return [RawPeer(RAW_TWO, paths.model_file(model), 2, cores)]
    return []

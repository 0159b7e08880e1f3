"""What JSON costs over bytes for a body of 150,528 numbers, with the model's own work taken off."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from . import paths, servers
from .alternation import alternate, note
from .bodies import tensor_for
from .measurement import Cell
from .peers import HTTPPeer, MeasurementFailed, Peer, RawPeer, run_tool
from .settings import Settings
from .throughput import BINARY, JSON, RAW, inference_path

MODEL = "image_passthrough"
FLOATS = 150_528


@dataclass(frozen=True)
class ImageResult:
    """Cells of one connection, the ratio of the two ways, and the decoder's own rate."""

    cells: list[Cell]
    json_body_bytes: int
    json_over_binary: float | None
    decode_mb_per_second: float | None


def measure(settings: Settings) -> ImageResult:
    """Measure both ways in alternation with the raw engine, then the decoder alone."""
    tensor = tensor_for(MODEL)
    body = tensor.as_json()
    path = inference_path(MODEL)
    with servers.apus(paths.MODELS) as apus:
        apus.wait_until_ready()
        peers: list[Peer] = [
            RawPeer(RAW, paths.model_file(MODEL), 1, len(os.sched_getaffinity(0))),
            HTTPPeer(JSON, apus, path, body),
            HTTPPeer(BINARY, apus, path, tensor.as_binary()),
        ]
        cells = alternate(MODEL, 1, peers, settings.rounds, settings.seconds)
    return ImageResult(cells, len(body.content), json_over_binary(cells), decode_rate())


def json_over_binary(cells: list[Cell]) -> float | None:
    """The median latency of JSON over that of bytes, each without the raw engine's run."""
    latency = {cell.peer: cell.median(lambda run: run.p50_us) for cell in cells}
    json_us, binary_us, raw_us = latency[JSON], latency[BINARY], latency[RAW]
    if json_us is None or binary_us is None or raw_us is None or binary_us <= raw_us:
        return None
    return (json_us - raw_us) / (binary_us - raw_us)


def decode_rate() -> float | None:
    """Megabytes of JSON that the server's decoder takes in a second on one core."""
    try:
        output = run_tool([str(paths.PEERS), "decode", "--floats", str(FLOATS)], 60)
    except MeasurementFailed as failure:
        note(f"decoder not measured: {failure}")
        return None
    return float(json.loads(output)["megabytes_per_second"])

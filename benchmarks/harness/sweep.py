"""What somebody finds who tries sizes and delays by hand, against what Apus chooses itself."""

from __future__ import annotations

from itertools import product

from . import servers, variants
from .alternation import alternate
from .bodies import tensor_for
from .measurement import Cell, Matrix
from .peers import HTTPPeer, Peer
from .settings import Settings
from .throughput import inference_path

MODEL = "mlp"
# Under a name of its own, since its rounds are others than those of the model's own section.
TABLE = "mlp sweep"
CONNECTIONS = (32, 64)
DEFAULT = "nothing configured"


def label(max_rows: int, delay_us: int) -> str:
    """How a setting by hand is called in the tables."""
    return f"{max_rows} rows, {delay_us} µs"


def measure(settings: Settings) -> list[Cell]:
    """Measure every setting in alternation with the default, bytes both ways."""
    choices = list(product(settings.sweep_rows, settings.sweep_delays))
    root = variants.make(MODEL, [variants.by_hand(MODEL, *choice) for choice in choices])
    body = tensor_for(MODEL).as_binary()
    with servers.apus(root, "apus-sweep") as apus:
        apus.wait_until_ready()
        peers: list[Peer] = [HTTPPeer(DEFAULT, apus, inference_path(MODEL), body)]
        for choice in choices:
            path = inference_path(variants.by_hand(MODEL, *choice).name)
            peers.append(HTTPPeer(label(*choice), apus, path, body))
        cells: list[Cell] = []
        for connections in CONNECTIONS:
            cells += alternate(TABLE, connections, peers, settings.sweep_rounds, settings.sweep_seconds)
        return cells


def over_best(matrix: Matrix, connections: int) -> float | None:
    """The default's requests/s over those of the setting that comes out best against it."""
    by_hand = [peer for model, count, peer in matrix.cells if (model, count) == (TABLE, connections)]
    ratios = [matrix.ratio(TABLE, connections, DEFAULT, peer) for peer in by_hand if peer != DEFAULT]
    return min((ratio for ratio in ratios if ratio is not None), default=None)

"""Measures peers in turns, so that what else the machine does falls on all of them alike."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .measurement import Cell, Run
from .peers import Peer

WARM_UP_SECONDS = 1


def note(text: str) -> None:
    """Tell how far it is, on standard error."""
    print(text, file=sys.stderr, flush=True)


def alternate(model: str, connections: int, peers: Sequence[Peer], rounds: int, seconds: int) -> list[Cell]:
    """Warm each peer up, then measure all of them in every round, each time beginning with another one."""
    runs: dict[str, list[Run]] = {peer.name: [] for peer in peers}
    for peer in peers:
        peer.measure(connections, WARM_UP_SECONDS)
    for turn in range(rounds):
        shift = turn % len(peers)
        for peer in [*peers[shift:], *peers[:shift]]:
            runs[peer.name].append(peer.measure(connections, seconds))
    cells = [Cell(model, connections, peer.name, tuple(runs[peer.name])) for peer in peers]
    rates = (f"{cell.peer} {cell.median(lambda run: run.requests_per_second):,.0f}/s" for cell in cells)
    note(f"{model}, {connections} connections: {', '.join(rates)}")
    return cells

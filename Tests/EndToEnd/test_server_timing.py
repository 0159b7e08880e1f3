"""`Server-Timing` for those who ask with `Apus-Timing: 1`, and the slowest requests in the statistics."""

from __future__ import annotations

import re
import time
from pathlib import Path

from apus_e2e.metrics import statistics
from apus_e2e.repository import Repository
from apus_e2e.server import Launch
from apus_e2e.tensors import json_input
from apus_e2e.wire import Client, Response

PHASES = ("decode", "queue", "batch", "input", "compute", "output")
QUESTION = {"inputs": [json_input("IN", "FP32", [1, 1], [1.0])]}


def timing(response: Response) -> tuple[dict[str, float], dict[str, str]]:
    """Take the field apart: durations in milliseconds, and descriptions."""
    field = response.header("server-timing")
    assert field is not None
    durations: dict[str, float] = {}
    descriptions: dict[str, str] = {}
    for metric in field.split(", "):
        found = re.fullmatch(r'([\w-]+);(?:dur=(\d+\.\d+)|desc="([^"]*)")', metric)
        assert found, metric
        if found[2] is not None:
            durations[found[1]] = float(found[2])
        else:
            descriptions[found[1]] = found[3]
    return durations, descriptions


def ask(client: Client, model: str, asks: bool = True, request_id: str = "") -> Response:
    """Ask for one row back."""
    headers = [("Apus-Timing", "1")] if asks else []
    document = QUESTION | ({"id": request_id} if request_id else {})
    response = client.post_json(f"/v2/models/{model}/infer", document, headers=headers)
    assert response.status == 200, response
    return response


def make_repository(root: Path) -> Path:
    """Make a model that takes 50 ms and one with a cache."""
    repository = Repository(root)
    repository.builtin("slow", delay_ms=50, dims=(1, 1))
    repository.builtin("cached", dims=(1, 1), extra="response_cache { enable: true }")
    return repository.root


def test_phases_come_when_asked_for(launch: Launch, tmp_path: Path) -> None:
    """All phases, their sum, batch size and version; nothing for those who don't ask."""
    server = launch(models=make_repository(tmp_path / "models"))
    with server.client() as client:
        assert ask(client, "slow", asks=False).header("server-timing") is None
        started = time.monotonic()
        durations, descriptions = timing(ask(client, "slow"))
        elapsed = (time.monotonic() - started) * 1000
        assert set(durations) == {*PHASES, "total"}
        assert 50 <= durations["compute"] <= durations["total"] <= elapsed
        assert abs(sum(durations[phase] for phase in PHASES) - durations["total"]) < 0.001
        assert descriptions == {"batch_size": "1", "version": "1"}

        first = timing(ask(client, "cached"))[1]
        assert first == {"batch_size": "1", "version": "1"}
        durations, second = timing(ask(client, "cached"))
        assert second == {"cache": "hit", "version": "1"}
        assert durations["compute"] == 0


def test_the_slowest_requests_are_listed(launch: Launch, tmp_path: Path) -> None:
    """At most ten, slowest first, with their phases; long ids are cut off."""
    server = launch(models=make_repository(tmp_path / "models"))
    with server.client() as client:
        for number in range(12):
            ask(client, "slow", request_id=f"{number}-" + "x" * 300)
    slowest = statistics(server, "slow")["scheduling"]["slowest"]
    assert len(slowest) == 10
    assert [entry["total_ns"] for entry in slowest] == sorted((entry["total_ns"] for entry in slowest), reverse=True)
    for entry in slowest:
        assert len(entry["id"]) == 128
        assert entry["compute_infer_ns"] >= 50_000_000
        assert entry["batch_size"] == 1
        assert abs(entry["time"] - time.time() * 1000) < 60_000
        names = ("decode", "queue", "batch", "compute_input", "compute_infer", "compute_output")
        assert sum(entry[f"{name}_ns"] for name in names) == entry["total_ns"]

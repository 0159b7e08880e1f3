"""Questions that several tests ask."""

from __future__ import annotations

from typing import Any

from .tensors import json_input
from .wire import Client


def index(client: Client, ready: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Get the repository index by name."""
    entries: dict[str, list[dict[str, Any]]] = {}
    for entry in client.post_json("/v2/repository/index", {"ready": ready}).json():
        entries.setdefault(entry["name"], []).append(entry)
    return entries


def double(client: Client, path: str) -> list[float]:
    """Ask a model with one row of ones."""
    response = client.post_json(f"/v2/models/{path}/infer", {"inputs": [json_input("x", "FP32", [1, 4], [1.0] * 4)]})
    assert response.status == 200, response
    return list(response.json()["outputs"][0]["data"])

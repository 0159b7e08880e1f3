"""KServe's first protocol with its REST client, whose default it is; skipped where the client isn't installed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from apus_e2e.examples import EXAMPLES
from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server

kserve = pytest.importorskip("kserve", reason="pip install -r Tests/EndToEnd/requirements-kserve.txt")

IRIS = EXAMPLES["iris"][0].request["inputs"][0]


def ask(call: Callable[[Any], Awaitable[Any]]) -> Any:
    """Make one call with a client of its own; nothing is said of the protocol, so it's the first."""

    async def run() -> Any:
        async with kserve.InferenceRESTClient(kserve.RESTConfig(retries=0)) as client:
            return await call(client)

    return asyncio.run(run())


def test_server_is_live(server: Server) -> None:
    """GET /."""
    assert ask(lambda client: client.is_server_live(f"http://{server.url}")) is True
    assert requests.get(f"http://{server.url}/", timeout=30).json() == {"status": "alive"}


def test_model_is_ready(server: Server, launch: Launch, tmp_path: Path) -> None:
    """GET /v1/models/M, whose answer serves TensorFlow Serving's clients too."""
    assert ask(lambda client: client.is_model_ready(f"http://{server.url}", "iris")) is True
    with pytest.raises(Exception, match="Could not find any versions of model nobody"):
        ask(lambda client: client.is_model_ready(f"http://{server.url}", "nobody"))
    broken = launch(models=Repository(tmp_path / "models").onnx("broken", "corrupt").root)
    assert ask(lambda client: client.is_model_ready(f"http://{broken.url}", "broken")) is False


def test_list_of_models(server: Server) -> None:
    """GET /v1/models, with what other clients look for on the same path."""
    document = requests.get(f"http://{server.url}/v1/models", timeout=30).json()
    assert "iris" in document["models"]
    assert document["object"] == "list"
    assert {"id": "iris", "object": "model"}.items() <= document["data"][document["models"].index("iris")].items()


def test_infer(server: Server) -> None:
    """POST :predict with rows or columns."""
    rows = np.array(IRIS["data"]).reshape(IRIS["shape"]).tolist()
    for body, key in (({"instances": rows}, "predictions"), ({"inputs": {"features": rows}}, "outputs")):
        answer = ask(lambda client, body=body: client.infer(f"http://{server.url}", body, model_name="iris"))
        assert key in answer
    answer = ask(lambda client: client.infer(f"http://{server.url}", {"instances": rows}, model_name="iris"))
    assert [row["label"] for row in answer["predictions"]] == [0] * len(rows)
    np.testing.assert_allclose(sum(answer["predictions"][0]["probabilities"]), 1, rtol=1e-5)


def test_error_text(server: Server) -> None:
    """The message comes through the client's exception."""
    with pytest.raises(Exception, match=r"Servable not found for request: Latest\(nobody\)"):
        ask(lambda client: client.infer(f"http://{server.url}", {"instances": [1]}, model_name="nobody"))
    with pytest.raises(Exception, match="Missing 'inputs' or 'instances' key"):
        ask(lambda client: client.infer(f"http://{server.url}", {"x": 1}, model_name="iris"))

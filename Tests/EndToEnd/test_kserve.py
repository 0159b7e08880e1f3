"""KServe's REST client, unchanged, against Apus; skipped where it isn't installed (requirements-kserve.txt)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.server import Server
from apus_e2e.tensors import array

kserve = pytest.importorskip("kserve", reason="pip install -r Tests/EndToEnd/requirements-kserve.txt")

IRIS = EXAMPLES["iris"][0].request["inputs"][0]


def ask(call: Callable[[Any], Awaitable[Any]]) -> Any:
    """Make one call with a client of its own."""

    async def run() -> Any:
        async with kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v2", retries=0)) as client:
            return await call(client)

    return asyncio.run(run())


def make_request(binary: bool, outputs: list[Any] | None = None) -> Any:
    """Make an inference request as users do."""
    tensor = kserve.InferInput("features", IRIS["shape"], "FP32")
    tensor.set_data_from_numpy(array("FP32", IRIS["shape"], IRIS["data"]), binary_data=binary)
    return kserve.InferRequest("iris", [tensor], request_id="k1", request_outputs=outputs)


def test_health(server: Server) -> None:
    """This client reads the bodies of the health answers."""
    url = f"http://{server.url}"
    assert ask(lambda client: client.is_server_live(url)) is True
    assert ask(lambda client: client.is_server_ready(url)) is True
    assert ask(lambda client: client.is_model_ready(url, "iris")) is True
    assert ask(lambda client: client.is_model_ready(url, "nobody")) is False


@pytest.mark.parametrize("binary", [False, True])
def test_infer(server: Server, binary: bool) -> None:
    """JSON and binary inputs."""
    answer = ask(lambda client: client.infer(f"http://{server.url}", make_request(binary), model_name="iris"))
    assert answer.id == "k1"
    assert answer.model_name == "iris"
    outputs = {output.name: output.as_numpy() for output in answer.outputs}
    assert outputs["label"].tolist() == [0]
    np.testing.assert_allclose(outputs["probabilities"].sum(), 1, rtol=1e-5)


def test_infer_with_a_dictionary(server: Server) -> None:
    """The stored request itself."""
    request = EXAMPLES["iris"][0].request
    answer = ask(lambda client: client.infer(f"http://{server.url}", dict(request), model_name="iris"))
    assert answer.outputs[0].as_numpy().tolist() == [0]


def test_error_text(server: Server) -> None:
    """The message comes through the client's exception."""
    with pytest.raises(Exception, match="Request for unknown model: 'nobody' is not found"):
        ask(lambda client: client.infer(f"http://{server.url}", make_request(False), model_name="nobody"))

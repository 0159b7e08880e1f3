"""KServe's gRPC client, unchanged, against Apus; skipped where it isn't installed (requirements-kserve.txt)."""

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


def ask(server: Server, call: Callable[[Any], Awaitable[Any]]) -> Any:
    """Make one call with a client of its own."""

    async def run() -> Any:
        client = kserve.InferenceGRPCClient("{}:{}".format(*server.grpc_address))
        try:
            return await call(client)
        finally:
            await client.close()

    return asyncio.run(run())


def test_health(server: Server) -> None:
    """The server and a model."""
    assert ask(server, lambda client: client.is_server_live())
    assert ask(server, lambda client: client.is_server_ready())
    assert ask(server, lambda client: client.is_model_ready("iris"))


@pytest.mark.parametrize("raw", [False, True], ids=["typed", "raw"])
def test_infer(server: Server, raw: bool) -> None:
    """Typed contents in, or raw ones; the answer is raw, which this client reads too."""
    tensor = kserve.InferInput("features", IRIS["shape"], "FP32")
    tensor.set_data_from_numpy(array("FP32", IRIS["shape"], IRIS["data"]), binary_data=raw)
    request = kserve.InferRequest("iris", [tensor], request_id="k1")
    answer = ask(server, lambda client: client.infer(request))
    outputs = {output.name: output.as_numpy() for output in answer.outputs}
    assert answer.id == "k1"
    assert outputs["label"].tolist() == [0]
    np.testing.assert_allclose(outputs["probabilities"].sum(), 1, rtol=1e-5)

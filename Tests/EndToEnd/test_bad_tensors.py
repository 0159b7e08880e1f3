"""Shapes and counts from outside: negative, huge, overflowing; more tensors and elements than the server takes."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest

from apus_e2e.server import Server
from apus_e2e.tensors import HEADER_LENGTH
from apus_e2e.wire import Client, Response

SERVER_FLAGS = ("--max-tensors", "16", "--max-elements", "1000000", "--max-json-depth", "20")


def infer(
    client: Client, shape: str, data: str = "[1]", model: str = "identity_fp32", datatype: str = "FP32"
) -> Response:
    """Send a request whose shape is written as given."""
    body = '{"inputs":[{"name":"x","shape":%s,"datatype":"%s","data":%s}]}' % (shape, datatype, data)
    return client.post(f"/v2/models/{model}/infer", body.encode())


BAD_SHAPES = [
    "[-1,1]", "[1,-1]", "[-1,-1]", "[-9223372036854775808,1]", "[1,-9223372036854775808]",
    "[9223372036854775807,1]", "[9223372036854775808,1]", "[18446744073709551615,1]", "[18446744073709551616,1]",
    "[4294967296,4294967296]", "[2147483648,2147483648,2,2]", "[65536,65536,65536,65536]", "[3037000500,3037000500]",
    "[9223372036854775807,9223372036854775807]", "[6148914691236517205,3]", "[1e400,1]", "[1e30,1]",
    "[99999999999999999999999999999999999999,1]", "[-0.5,1]", "[0.1,10]", "[NaN,1]", "[null]", "[2147483647,1]",
    "[4611686018427387904,4]", "[1152921504606846976,16]",
]  # fmt: skip


@pytest.mark.parametrize("shape", BAD_SHAPES)
@pytest.mark.parametrize("datatype", ["FP32", "FP64", "BYTES", "UINT8"])
def test_shape_that_cannot_be(client: Client, shape: str, datatype: str) -> None:
    """Negative, beyond 64 bits, products that overflow: 400 that names the shape."""
    model = "identity_string" if datatype == "BYTES" else f"identity_{datatype.lower()}"
    response = infer(client, shape, '["x"]' if datatype == "BYTES" else "[1]", model, datatype)
    assert response.status == 400, response
    assert response.json()["field"].startswith("inputs[0].shape"), response


@pytest.mark.parametrize("shape", BAD_SHAPES)
def test_shape_that_cannot_be_with_binary_data(client: Client, shape: str) -> None:
    """The same shapes for a binary tensor whose size may be made to fit by an overflow."""
    for size in (0, 4):
        head = (
            '{"inputs":[{"name":"x","shape":%s,"datatype":"FP32","parameters":{"binary_data_size":%d}}]}'
            % (shape, size)
        ).encode()
        response = client.post("/v2/models/identity_fp32/infer", head + b"\0" * size, {HEADER_LENGTH: str(len(head))})
        assert response.status == 400, response


@pytest.mark.parametrize("shape", ["[0,9223372036854775807]", "[9223372036854775807,0]", "[4294967296,4294967296,0]"])
def test_huge_dimension_beside_a_zero(client: Client, shape: str) -> None:
    """No elements, but dimensions that nobody can multiply: an answer or a refusal, never a crash."""
    response = infer(client, shape, "[]")
    assert response.status in (200, 400, 500), response
    assert infer(client, "[1,1]").status == 200


def test_rank(client: Client) -> None:
    """At most 32 dimensions are read; a model's rank is compared after that."""
    for rank in (3, 32):
        response = infer(client, json.dumps([1] * rank))
        assert response.status == 400, response
        assert "unexpected shape for input 'x'" in response.error
    for rank in (33, 1000, 100_000):
        response = infer(client, json.dumps([1] * rank))
        assert response.status == 400, response
        assert len(response.body) < 10_000


def test_number_of_elements(client: Client) -> None:
    """--max-elements holds for JSON and bytes, before memory is taken."""
    assert infer(client, "[1,1000001]").status == 400
    assert infer(client, "[1000,1001]").status == 400
    for count, status in ((1_000_000, 200), (1_000_004, 400)):
        values = np.zeros((1, count), dtype=np.float32).tobytes()
        head = (
            '{"parameters":{"binary_data_output":true},"inputs":[{"name":"x","shape":[1,%d],"datatype":"FP32",'
            '"parameters":{"binary_data_size":%d}}]}' % (count, len(values))
        ).encode()
        response = client.post("/v2/models/identity_fp32/infer", head + values, {HEADER_LENGTH: str(len(head))})
        assert response.status == status, response.status


@pytest.mark.parametrize("member", ["inputs", "outputs"])
def test_number_of_tensors(client: Client, member: str) -> None:
    """--max-tensors holds for inputs and requested outputs."""
    tensor: dict[str, Any] = {"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [1]}
    for count in (17, 1000):
        document: dict[str, Any] = {"inputs": [tensor]}
        if member == "inputs":
            document["inputs"] = [tensor | {"name": f"x{index}"} for index in range(count)]
        else:
            document["outputs"] = [{"name": f"y{index}"} for index in range(count)]
        response = client.post_json("/v2/models/identity_fp32/infer", document)
        assert response.status == 400, response
        assert "16" in response.json()["expected"], response


def test_json_depth_by_flag(client: Client) -> None:
    """--max-json-depth holds."""
    for depth, status in ((15, 200), (30, 400)):
        response = infer(client, "[1,1]", "[" * depth + "1" + "]" * depth)
        assert response.status == status, response


def test_parameters_without_end(client: Client) -> None:
    """A hundred thousand parameters are refused, not stored."""
    parameters = {f"p{index}": index for index in range(100_000)}
    document = {"parameters": parameters, "inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [1]}]}
    assert client.post_json("/v2/models/identity_fp32/infer", document).status == 400


def test_long_strings_in_errors_are_cut(client: Client) -> None:
    """What came is quoted in the error, but not a megabyte of it."""
    long = "x" * (1 << 20)
    tensor = {"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [1]}
    for document in (
        {"inputs": [tensor | {"datatype": long}]},
        {"inputs": [tensor | {"name": long}]},
        {"inputs": [tensor | {"data": [long]}]},
        {"inputs": [tensor], "outputs": [{"name": long}]},
        {"inputs": [tensor], "parameters": {"triton_" + long: 1}},
        {"inputs": [tensor], "parameters": {long: None}},
    ):
        response = client.post_json("/v2/models/identity_fp32/infer", document)
        assert response.status == 400, response.status
        assert len(response.body) < 100_000, f"an error of {len(response.body)} bytes"


def test_shape_does_not_take_memory_that_was_not_sent(server: Server, client: Client) -> None:
    """A small body that claims a million elements costs nothing."""
    server.reset_peak()
    before = server.peak_kib
    for _ in range(50):
        assert infer(client, "[1,1000000]", "[1]").status == 400
    assert server.peak_kib - before < 20_000, f"grew by {server.peak_kib - before} KiB"


@pytest.mark.parametrize("count", [1, 7, 1000])
def test_bytes_elements_are_bounded_by_the_body(server: Server, client: Client, count: int) -> None:
    """BYTES in JSON whose count differs from the shape's."""
    data = json.dumps(["x"] * count)
    response = infer(client, f"[1,{count + 1}]", data, "identity_string", "BYTES")
    assert response.status == 400, response
    assert response.json()["field"] == "inputs[0].data"


def test_loop_that_runs_long_does_not_stop_the_others(server: Server) -> None:
    """A model that computes for a while; health and other models are answered meanwhile."""
    import threading

    def count() -> None:
        with server.client(timeout=120) as busy:
            body = b'{"inputs":[{"name":"n","shape":[],"datatype":"INT64","data":[300000]}]}'
            responses.append(busy.post("/v2/models/loop/infer", body))

    responses: list[Response] = []
    runs = threading.Thread(target=count)
    runs.start()
    latencies = []
    with server.client() as client:
        while runs.is_alive() or not latencies:
            started = time.monotonic()
            assert client.get("/v2/health/live").status == 200
            assert infer(client, "[1,1]").status == 200
            latencies.append(time.monotonic() - started)
            time.sleep(0.005)
    runs.join()
    assert responses[0].status == 200, responses[0]
    print(f"{len(latencies)} pairs of requests, slowest {max(latencies) * 1000:.1f} ms")
    assert max(latencies) < 1.0

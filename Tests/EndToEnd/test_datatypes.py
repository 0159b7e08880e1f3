"""Every datatype through the engine, as JSON, as bytes and mixed; the engine's own answers are the measure."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from apus_e2e.paths import FIXTURES
from apus_e2e.scale import scaled, seeded
from apus_e2e.tensors import DTYPES, IDENTITY, Answer, Input, Request, array, same
from apus_e2e.wire import Client

CASES: list[dict[str, Any]] = [
    case for case in json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8")) if case["outputs"]
]
NAMES = [f"{index}-{case['model']}" for index, case in enumerate(CASES)]


def values(tensor: dict[str, Any]) -> np.ndarray:
    """Take a tensor out of expected.json."""
    if "raw_base64" in tensor:
        raw = base64.b64decode(tensor["raw_base64"])
        return np.frombuffer(raw, dtype=DTYPES[tensor["datatype"]]).reshape(tensor["shape"])
    return array(tensor["datatype"], tensor["shape"], tensor["data"])


def check(answer: Answer, case: dict[str, Any]) -> None:
    """Compare an answer with the engine's, bit by bit."""
    assert set(answer.outputs) == {tensor["name"] for tensor in case["outputs"]}
    for expected in case["outputs"]:
        output = answer.outputs[expected["name"]]
        assert output.datatype == expected["datatype"]
        assert same(output.values, values(expected)), (output.values, expected)


def send(client: Client, case: dict[str, Any], binary: list[bool], outputs: bool | None) -> Answer:
    """Send a case with the inputs marked as bytes."""
    inputs = [
        Input(tensor["name"], tensor["datatype"], values(tensor), is_binary)
        for tensor, is_binary in zip(case["inputs"], binary, strict=True)
    ]
    parameters = None if outputs is None else {"binary_data_output": outputs}
    body, headers = Request(inputs, parameters=parameters).encode()
    return Answer.parse(client.post(f"/v2/models/{case['model']}/infer", body, headers))


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize("outputs", [None, True], ids=["json_out", "binary_out"])
@pytest.mark.parametrize("is_binary", [False, True], ids=["json_in", "binary_in"])
def test_engine_answers(client: Client, case: dict[str, Any], is_binary: bool, outputs: bool | None) -> None:
    """JSON and bytes, in and out, give what the engine gives."""
    answer = send(client, case, [is_binary] * len(case["inputs"]), outputs)
    check(answer, case)
    assert all(output.is_binary == bool(outputs) for output in answer.outputs.values())


MANY = [case for case in CASES if case["model"] == "many"]


@pytest.mark.parametrize("pattern", range(1, 31))
def test_mixed_json_and_binary_inputs(client: Client, pattern: int) -> None:
    """Five inputs, each either JSON or bytes, in every mixture."""
    for case in MANY:
        binary = [bool(pattern >> index & 1) for index in range(5)]
        check(send(client, case, binary, None), case)
        check(send(client, case, binary, True), case)


def random_values(datatype: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Make elements of every bit pattern; floats are finite so that JSON can hold them."""
    count = int(np.prod(shape))
    if datatype == "BOOL":
        return rng.integers(0, 2, count).astype(np.bool_).reshape(shape)
    if datatype == "BYTES":
        texts = ["".join(map(chr, rng.integers(0, 0xD7FF, rng.integers(0, 12)))) for _ in range(count)]
        return array("BYTES", shape, texts)
    dtype = np.dtype(DTYPES[datatype])
    made = rng.integers(0, 256, count * dtype.itemsize, dtype=np.uint8).view(dtype)
    if datatype in ("FP16", "BF16", "FP32", "FP64"):
        with np.errstate(invalid="ignore"):
            made = np.where(np.isfinite(made.astype(np.float64)), made, dtype.type(1))
    return made.reshape(shape)


@pytest.mark.parametrize("datatype", sorted(DTYPES))
def test_random_tensors_come_back_bit_by_bit(client: Client, datatype: str) -> None:
    """Identity of random bit patterns: JSON to JSON, JSON to bytes, bytes to JSON, bytes to bytes."""
    rng = np.random.default_rng(seeded(f"random {datatype}").getrandbits(64))
    for _ in range(scaled(15)):
        shape = (int(rng.integers(1, 20)), int(rng.integers(1, 20)))
        sent = random_values(datatype, shape, rng)
        case = {"model": IDENTITY[datatype]}
        for is_binary in (False, True):
            for outputs in (False, True):
                body, headers = Request(
                    [Input("x", datatype, sent, is_binary)], parameters={"binary_data_output": outputs}
                ).encode()
                answer = Answer.parse(client.post(f"/v2/models/{case['model']}/infer", body, headers))
                assert same(answer.outputs["y"].values, sent), (is_binary, outputs)


@pytest.mark.parametrize("datatype", sorted(DTYPES))
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)], ids=str)
@pytest.mark.parametrize("is_binary", [False, True], ids=["json_in", "binary_in"])
def test_tensors_without_elements(client: Client, datatype: str, shape: tuple[int, int], is_binary: bool) -> None:
    """Zero-size dimensions are legal, as JSON and as zero bytes."""
    sent = array(datatype, shape, [])
    for outputs in (False, True):
        body, headers = Request(
            [Input("x", datatype, sent, is_binary)], parameters={"binary_data_output": outputs}
        ).encode()
        answer = Answer.parse(client.post(f"/v2/models/{IDENTITY[datatype]}/infer", body, headers))
        assert answer.outputs["y"].shape == shape


def test_header_length_only_with_binary_bytes(client: Client) -> None:
    """CONTRACTS §4: the header is there only when at least one output has binary bytes (> 0)."""
    for datatype, rows, expected in (("FP32", 0, False), ("BYTES", 0, False), ("FP32", 1, True)):
        sent = array(datatype, (rows, 1), ["1"] * rows if datatype == "BYTES" else [1] * rows)
        body, headers = Request([Input("x", datatype, sent)], parameters={"binary_data_output": True}).encode()
        response = client.post(f"/v2/models/{IDENTITY[datatype]}/infer", body, headers)
        assert Answer.parse(response).outputs["y"].is_binary
        assert (response.header("Inference-Header-Content-Length") is not None) == expected, response


@pytest.mark.parametrize("spelling", ["[1.5]", "1.5", "[[1.5]]"], ids=["flat", "bare", "nested"])
def test_scalar_data(client: Client, spelling: str) -> None:
    """A scalar's data is an array of one element, however nested; a bare number isn't an array."""
    body = b'{"inputs":[{"name":"x","shape":[],"datatype":"FP32","data":%s}]}' % spelling.encode()
    response = client.post("/v2/models/scalar/infer", body)
    if spelling == "1.5":
        assert response.status == 400, response
        return
    answer = Answer.parse(response)
    assert answer.document["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [], "data": [3.0]}]


@pytest.mark.parametrize("shape", [(1 << 20, 1), (1, 1 << 20), (1024, 1024)], ids=str)
def test_large_tensors(client: Client, shape: tuple[int, int]) -> None:
    """A million floats, JSON and bytes."""
    rng = np.random.default_rng(seeded("large").getrandbits(64))
    sent = rng.standard_normal(shape, dtype=np.float32)
    for is_binary in (False, True):
        body, headers = Request(
            [Input("x", "FP32", sent, is_binary)], parameters={"binary_data_output": is_binary}
        ).encode()
        answer = Answer.parse(client.post("/v2/models/identity_fp32/infer", body, headers))
        assert same(answer.outputs["y"].values, sent)

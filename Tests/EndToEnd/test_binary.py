"""The binary tensor extension: lengths that fit, lengths that lie, raw requests (CONTRACTS §4)."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.tensors import HEADER_LENGTH, Answer, Input, Request, array, raw
from apus_e2e.wire import Client, Response

ROW = np.array([[1.0, 2.0, 3.0, 4.0]], dtype=np.float32)


def infer(
    client: Client,
    parameters: dict[str, Any] | None = None,
    tail: bytes = ROW.tobytes(),
    header: str | None = None,
    model: str = "identity_fp32",
    **members: Any,
) -> Response:
    """Send one FP32 row whose announced sizes may be wrong."""
    tensor = {"name": "x", "shape": [1, 4], "datatype": "FP32", "parameters": parameters or {"binary_data_size": 16}}
    head = json.dumps({"inputs": [tensor | members]}).encode()
    return client.post(
        f"/v2/models/{model}/infer", head + tail, {HEADER_LENGTH: header if header is not None else str(len(head))}
    )


def test_sizes_that_fit(client: Client) -> None:
    """The yardstick for all that follows."""
    assert infer(client).status == 200


@pytest.mark.parametrize("missing", [1, 4, 15, 16])
def test_fewer_bytes_than_promised(client: Client, missing: int) -> None:
    """In Triton's words."""
    response = infer(client, tail=ROW.tobytes()[missing:])
    assert response.status == 400, response
    expected = f"unexpected size for input 'x', expecting {missing} additional bytes for model 'identity_fp32'"
    assert expected in response.error


@pytest.mark.parametrize("surplus", [1, 16, 4096])
def test_more_bytes_than_promised(client: Client, surplus: int) -> None:
    """In Triton's words."""
    response = infer(client, tail=ROW.tobytes() + b"\0" * surplus)
    assert response.status == 400, response
    assert "unexpected additional input data for model 'identity_fp32'" in response.error


@pytest.mark.parametrize("size", [0, 8, 12, 15, 17, 20])
def test_size_that_contradicts_the_shape(client: Client, size: int) -> None:
    """The bytes are there, but the shape needs 16."""
    response = infer(client, {"binary_data_size": size}, tail=b"\0" * size)
    assert response.status == 400, response
    assert "input byte size mismatch for input 'x' for model 'identity_fp32'. Expected 16, got " in response.error


@pytest.mark.parametrize(
    "size", [-1, 1.5, "16", True, None, [], 2**31, 2**32 + 16, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**64 + 16, 10**30]
)
def test_size_that_lies(client: Client, size: Any) -> None:
    """Negative, huge, of another type: refused, nothing allocated."""
    response = infer(client, {"binary_data_size": size})
    assert response.status == 400, response
    assert response.error


@pytest.mark.parametrize(
    "header", ["99999999999", "-1", "+5", "1e2", "0x10", "18446744073709551616", "9" * 40, "abc", "", "12 13", "1.0"]
)
def test_header_length_that_lies(client: Client, header: str) -> None:
    """`Inference-Header-Content-Length: 99999999999` ended Triton."""
    response = infer(client, header=header)
    assert response.status == 400, response
    assert response.error


def test_header_length_one_byte_off(client: Client) -> None:
    """Beyond the body, or in the middle of the JSON."""
    head = json.dumps({"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}).encode()
    for length, status in ((len(head), 200), (len(head) + 1, 400), (len(head) - 1, 400), (1, 400)):
        response = client.post("/v2/models/identity_fp32/infer", head, {HEADER_LENGTH: str(length)})
        assert response.status == status, (length, response)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"data": [1, 2, 3, 4]}, "data and binary_data_size"),
        ({"parameters": {}}, "none"),
        ({"parameters": {"shared_memory_region": "r", "shared_memory_byte_size": 16}}, "shared memory"),
        ({"parameters": {"shared_memory_region": "r", "binary_data_size": 16}}, "two"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_exactly_one_source_of_data(client: Client, members: dict[str, Any], words: str) -> None:
    """More than one, or none, of the three sources is refused."""
    response = infer(client, tail=b"", **members)
    # Nobody has registered the region.
    assert response.status == (404 if words == "shared memory" else 400), response
    assert response.error


BYTES_TAILS = {
    "no length": b"",
    "half a length": b"\x03\0",
    "length beyond the end": struct.pack("<I", 10) + b"abc",
    "huge length": struct.pack("<I", 0xFFFFFFFF) + b"abc",
    "one too many": raw(array("BYTES", (3,), ["a", "b", "c"]), "BYTES"),
    "one too few": raw(array("BYTES", (1,), ["a"]), "BYTES"),
    "bytes behind": raw(array("BYTES", (2,), ["a", "b"]), "BYTES") + b"x",
}


@pytest.mark.parametrize("tail", BYTES_TAILS.values(), ids=BYTES_TAILS.keys())
def test_bytes_elements_that_lie(client: Client, tail: bytes) -> None:
    """The length before each element is checked against what is there."""
    tensor = {"name": "x", "shape": [1, 2], "datatype": "BYTES", "parameters": {"binary_data_size": len(tail)}}
    head = json.dumps({"inputs": [tensor]}).encode()
    response = client.post("/v2/models/identity_string/infer", head + tail, {HEADER_LENGTH: str(len(head))})
    assert response.status == 400, response
    assert response.error


def test_unaligned_tensors(client: Client) -> None:
    """JSON of every length in front, so that the tensor starts at every alignment, small and large."""
    for columns in (4, 8192):
        values = np.arange(columns, dtype=np.float64).reshape(1, columns)
        for padding in range(17):
            request = Request([Input("x", "FP64", values, True)], extra={"pad": "x" * padding})
            body, headers = request.encode()
            answer = Answer.parse(client.post("/v2/models/identity_fp64/infer", body, headers))
            assert answer.outputs["y"].values.tobytes() == values.tobytes()


def test_boolean_bytes_other_than_one(client: Client) -> None:
    """A BOOL of 2 doesn't break anything: refused or taken as true."""
    tensor = {"name": "x", "shape": [1, 3], "datatype": "BOOL", "parameters": {"binary_data_size": 3}}
    head = json.dumps({"inputs": [tensor]}).encode()
    response = client.post("/v2/models/identity_bool/infer", head + b"\x00\x02\xff", {HEADER_LENGTH: str(len(head))})
    assert response.status in (200, 400), response
    if response.status == 200:
        assert response.json()["outputs"][0]["data"] == [False, True, True]


def send_raw(client: Client, model: str, body: bytes) -> Response:
    """Send a raw binary request: no JSON at all."""
    return client.post(f"/v2/models/{model}/infer", body, {HEADER_LENGTH: "0"})


@pytest.mark.parametrize("rows", [1, 3])
def test_raw_binary_request(client: Client, rows: int) -> None:
    """The body is the one input; its variable dimension follows from the size; all outputs come as bytes."""
    example = EXAMPLES["iris"][0].request["inputs"][0]
    values = np.tile(array("FP32", example["shape"], example["data"]), (rows, 1))
    answer = Answer.parse(send_raw(client, "iris", values.tobytes()))
    assert all(output.is_binary for output in answer.outputs.values())
    assert answer.outputs["label"].values.tolist() == [0] * rows
    assert answer.outputs["probabilities"].shape == (rows, 3)


def test_raw_binary_request_to_a_batching_model(client: Client) -> None:
    """A model with max_batch_size gets a batch of one."""
    answer = Answer.parse(send_raw(client, "digits", np.zeros(64, dtype=np.float32).tobytes()))
    assert answer.outputs["probabilities"].shape == (1, 10)
    for count in (63, 65, 128):
        assert send_raw(client, "digits", np.zeros(count, dtype=np.float32).tobytes()).status == 400


@pytest.mark.parametrize(
    ("model", "body"),
    [
        ("iris", b"\0" * 15),
        ("iris", b"\0" * 17),
        ("iris", b"\0" * 20),
        ("many", b"\0" * 16),
        ("identity_fp32", b"\0" * 16),
        ("matmul_fixed", b"\0" * 20),
    ],
    ids=["short", "unaligned", "five floats", "five inputs", "two variable dimensions", "fixed"],
)
def test_raw_binary_request_that_does_not_fit(client: Client, model: str, body: bytes) -> None:
    """Several inputs, two variable dimensions, a size that is no multiple: 400."""
    response = send_raw(client, model, body)
    assert response.status == 400, response
    assert response.error


def test_raw_binary_request_to_a_fixed_shape(client: Client) -> None:
    """No variable dimension at all: the size must be the shape's."""
    values = np.array([[1, 2, 3], [-1, 0.5, 0]], dtype=np.float32)
    answer = Answer.parse(send_raw(client, "matmul_fixed", values.tobytes()))
    assert answer.outputs["y"].values.tolist() == [[22.0, 28.0], [0.5, 0.0]]

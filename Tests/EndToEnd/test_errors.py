"""Errors of requests that are well formed: Triton's words, and the members beside `error` (CONTRACTS §7)."""

from __future__ import annotations

from typing import Any

import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.tensors import HEADER_LENGTH, json_input
from apus_e2e.wire import Client, Response

CODES = {
    "invalid_argument", "not_found", "already_exists", "permission_denied", "unauthenticated", "unavailable",
    "resource_exhausted", "deadline_exceeded", "cancelled", "unsupported", "too_large", "method_not_allowed",
    "engine_failure", "internal",
}  # fmt: skip
GOOD = json_input("features", "FP32", [1, 4], [5.0, 3.5, 1.5, 0.25])


def send(client: Client, model: str, *inputs: dict[str, Any], **members: Any) -> Response:
    """Post an inference and check what every refusal has."""
    response = client.post_json(f"/v2/models/{model}/infer", {"inputs": list(inputs), **members})
    if response.status != 200:
        check_form(response)
    return response


def check_form(response: Response) -> None:
    """An error body: JSON, `error` and `code`, all members non-empty strings, the connection goes on."""
    assert response.header("content-type") == "application/json"
    document = response.json()
    assert set(document) <= {"error", "code", "field", "expected", "got", "hint"}, document
    assert {"error", "code"} <= set(document)
    assert all(isinstance(value, str) and value for value in document.values()), document
    assert document["code"] in CODES
    assert not response.closes


def refused(response: Response, words: str, **members: str) -> None:
    """Check status, words and members of a 400."""
    assert response.status == 400, response
    assert response.error.startswith(words), f"{response.error!r} does not start with {words!r}"
    document = response.json()
    assert document["code"] == "invalid_argument"
    for key, value in members.items():
        assert value in document.get(key, ""), f"{key} of {document} does not have {value!r}"


UNKNOWN = "[request id: <id_unknown>] "


@pytest.mark.parametrize(
    ("members", "prefix"), [({}, UNKNOWN), ({"id": "a 1"}, "[request id: a 1] ")], ids=["no id", "id"]
)
@pytest.mark.parametrize(
    ("shape", "got"),
    [([1, 5], "[1,5]"), ([4], "[4]"), ([1, 4, 1], "[1,4,1]"), ([2, 3], "[2,3]"), ([0], "[0]")],
    ids=str,
)
def test_unexpected_shape(client: Client, shape: list[int], got: str, members: dict[str, str], prefix: str) -> None:
    """Rank or size that the model doesn't take."""
    count = 1
    for size in shape:
        count *= size
    response = send(client, "iris", json_input("features", "FP32", shape, [1.0] * count), **members)
    words = f"{prefix}unexpected shape for input 'features' for model 'iris'. Expected [-1,4], got {got}."
    refused(response, words, field="features", expected="[-1,4]", got=got)


def test_unexpected_shape_of_a_batching_model(client: Client) -> None:
    """With the batch dimension in the words, and Triton's note on it."""
    response = send(client, "digits", json_input("pixels", "FP32", [64], [0.0] * 64))
    refused(response, f"{UNKNOWN}unexpected shape for input 'pixels' for model 'digits'. Expected [-1,64], got [64].")
    assert "NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension" in response.error


@pytest.mark.parametrize("rows", [65, 1000])
def test_batch_too_large(client: Client, rows: int) -> None:
    """What the user wrote as max_batch_size is kept to, in Triton's words (CONTRACTS §0)."""
    response = send(client, "digits", json_input("pixels", "FP32", [rows, 64], [0.0] * rows * 64), id="b")
    refused(response, "[request id: b] inference request batch-size must be <= 64 for 'digits'")
    assert send(client, "digits", json_input("pixels", "FP32", [64, 64], [0.0] * 4096)).status == 200


@pytest.mark.parametrize("datatype", ["FP64", "INT32", "FP16", "UINT8"])
def test_wrong_datatype(client: Client, datatype: str) -> None:
    """A type that exists, but isn't the model's."""
    response = send(client, "iris", json_input("features", datatype, [1, 4], [1, 2, 3, 4]))
    words = f"{UNKNOWN}inference input 'features' data-type is '{datatype}', but model 'iris' expects 'FP32'"
    refused(response, words, field="features", expected="FP32", got=datatype)


@pytest.mark.parametrize("datatype", ["", "STRING", "fp32", "FLOAT", "TYPE_FP32", "FP8", "INT4", "FP32 ", "\x00"])
def test_unknown_datatype(client: Client, datatype: str) -> None:
    """No type at all: named, with those that there are."""
    response = send(client, "iris", json_input("features", datatype, [1, 4], [1, 2, 3, 4]))
    refused(response, "", field="inputs[0].datatype", expected="FP32")


def test_missing_inputs(client: Client) -> None:
    """How many, which came, which are missing."""
    response = send(
        client, "many", json_input("a", "FP32", [1, 2], [1, 2]), json_input("c", "BOOL", [1], [True]), id="m"
    )
    words = (
        "[request id: m] expected 5 inputs but got 2 inputs for model 'many'. Got input(s) ['a','c'], "
        "but missing required input(s) ['b','d','e']. Please provide all required input(s)."
    )
    refused(response, words)


def test_no_inputs(client: Client) -> None:
    """An empty list, and none at all."""
    assert "but missing required input(s) ['features']" in send(client, "iris").error
    response = client.post_json("/v2/models/iris/infer", {})
    check_form(response)
    assert response.status == 400, response


def test_unexpected_input(client: Client) -> None:
    """A name that the model doesn't have."""
    response = send(client, "iris", GOOD | {"name": "x"})
    refused(response, f"{UNKNOWN}unexpected inference input 'x', allowed inputs are: features", got="x")
    response = send(client, "many", *[json_input(n, "FP32", [1, 2], [1, 2]) for n in "aabcd"])
    assert response.status == 400, response


def test_input_given_twice(client: Client) -> None:
    """The same name twice."""
    response = send(client, "iris", GOOD, GOOD)
    assert response.status == 400, response
    assert "features" in response.error


def test_one_input_too_many(client: Client) -> None:
    """All that are needed and one more."""
    response = send(client, "iris", GOOD, GOOD | {"name": "extra"})
    assert response.status == 400, response
    assert "extra" in response.error


def test_unexpected_output(client: Client) -> None:
    """A name that the model doesn't have."""
    response = send(client, "iris", GOOD, outputs=[{"name": "x"}])
    refused(response, f"{UNKNOWN}unexpected inference output 'x', allowed outputs are: label, probabilities", got="x")


def test_rows_of_inputs_that_differ(client: Client) -> None:
    """The engine's own complaint is passed on as an error, not as a crash."""
    inputs = [
        json_input("a", "FP32", [2, 2], [1, 2, 3, 4]),
        json_input("b", "INT64", [3, 2], [1, 2, 3, 4, 5, 6]),
        json_input("c", "BOOL", [1], [True]),
        json_input("d", "BYTES", [1], ["x"]),
        json_input("e", "FP64", [1], [1]),
    ]
    assert send(client, "many", *inputs).status in (400, 500)


@pytest.mark.parametrize(
    ("shape", "data"),
    [([2, 4], [1] * 7), ([2, 4], [1] * 9), ([2, 4], []), ([0, 4], [1]), ([1, 4], [[1, 2], [3]])],
    ids=str,
)
def test_number_of_values(client: Client, shape: list[int], data: list[Any]) -> None:
    """Too few or too many values for the shape: 400, not Triton's 500."""
    response = send(client, "iris", json_input("features", "FP32", shape, data))
    refused(response, "", field="inputs[0].data")
    assert "Shape does not match true shape of 'data' field" in response.error


@pytest.mark.parametrize("index", [4, -5, 1 << 40])
def test_failure_at_run_time(client: Client, index: int) -> None:
    """The engine refuses an index out of range; its message is passed on, the next request is answered."""
    response = send(client, "gather", json_input("idx", "INT64", [1], [index]), id="run")
    assert response.status in (400, 500), response
    assert response.json()["code"] in ("engine_failure", "invalid_argument")
    assert "out of" in response.error or "bounds" in response.error, response.error
    assert send(client, "gather", json_input("idx", "INT64", [1], [3])).json()["outputs"][0]["data"] == [40.0]


def test_byte_size_mismatch(client: Client) -> None:
    """For binary tensors, in Triton's words."""
    head = b'{"inputs":[{"name":"features","shape":[1,4],"datatype":"FP32","parameters":{"binary_data_size":12}}]}'
    response = client.post("/v2/models/iris/infer", head + b"\0" * 12, {HEADER_LENGTH: str(len(head))})
    assert response.status == 400, response
    assert "input byte size mismatch for input 'features' for model 'iris'. Expected 16, got 12" in response.error


def test_shared_memory_that_is_not_there(client: Client) -> None:
    """Refused with a word, never ignored in silence."""
    place = {"shared_memory_region": "region", "shared_memory_byte_size": 8}
    response = send(client, "iris", GOOD, outputs=[{"name": "label", "parameters": place}])
    assert response.status == 404, response
    assert "Unable to find shared memory region: 'region'" in response.error


def test_statistics_of_an_unknown_model(client: Client) -> None:
    """In Triton's words (CONTRACTS §5.1)."""
    response = client.get("/v2/models/nobody/stats")
    assert response.status == 400, response
    assert response.error == "requested model 'nobody' is not available"


def test_an_error_does_not_end_the_connection(client: Client) -> None:
    """Hundreds of refusals and answers on one connection."""
    for index in range(200):
        response = send(client, "iris", GOOD | {"shape": [1, 4 + index % 2]})
        assert response.status == (400 if index % 2 else 200)
        EXAMPLES["iris"][0].check(response.json()) if index % 2 == 0 else None
    assert client.connections == 1

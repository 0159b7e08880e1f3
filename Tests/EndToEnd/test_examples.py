"""The stored requests of the sample models, sent in every form."""

from __future__ import annotations

import pytest

from apus_e2e.examples import ALL, Example, check_data
from apus_e2e.tensors import Answer, Input, Request, array, elements
from apus_e2e.wire import Client


def identify(example: Example) -> str:
    """Name an example."""
    return f"{example.model}-{example.name}"


@pytest.mark.parametrize("example", ALL, ids=identify)
def test_stored_request_as_it_stands(client: Client, example: Example) -> None:
    """The JSON in the file gets the answer in the file."""
    response = client.post_json(f"/v2/models/{example.model}/infer", example.request)
    assert response.status == 200, response
    document = response.json()
    assert document["model_version"] == "1"
    example.check(document)


@pytest.mark.parametrize("example", ALL, ids=identify)
def test_stored_request_with_nested_data(client: Client, example: Example) -> None:
    """Data nested as its shape is the same as flat data."""
    request = {"inputs": []}
    for tensor in example.request["inputs"]:
        values = array(tensor["datatype"], tensor["shape"], tensor["data"])
        nested = values.tolist()
        if tensor["datatype"] == "BYTES":
            nested = [[element.decode() for element in row] for row in nested]
        request["inputs"].append(tensor | {"data": nested})
    response = client.post_json(f"/v2/models/{example.model}/infer", request)
    assert response.status == 200, response
    example.check(response.json())


@pytest.mark.parametrize("binary_output", [False, True], ids=["json_out", "binary_out"])
@pytest.mark.parametrize("example", ALL, ids=identify)
def test_stored_request_as_binary(client: Client, example: Example, binary_output: bool) -> None:
    """The same tensors as bytes get the same answer, as JSON and as bytes."""
    inputs = [
        Input(t["name"], t["datatype"], array(t["datatype"], t["shape"], t["data"]), is_binary=True)
        for t in example.request["inputs"]
    ]
    body, headers = Request(inputs, parameters={"binary_data_output": binary_output}).encode()
    answer = Answer.parse(client.post(f"/v2/models/{example.model}/infer", body, headers))
    for expected in example.response["outputs"]:
        output = answer.outputs[expected["name"]]
        assert output.is_binary == binary_output
        assert list(output.shape) == expected["shape"]
        check_data(output.datatype, elements(output.values, output.datatype), expected["data"])


@pytest.mark.parametrize("example", ALL, ids=identify)
def test_stored_request_to_the_version_by_number(client: Client, example: Example) -> None:
    """The path with the version leads to the same model."""
    response = client.post_json(f"/v2/models/{example.model}/versions/1/infer", example.request)
    assert response.status == 200, response
    example.check(response.json())

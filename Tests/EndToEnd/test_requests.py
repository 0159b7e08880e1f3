"""Inference requests: optional inputs, requested outputs, the forms of outputs, ids, parameters."""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.tensors import Answer, json_input
from apus_e2e.wire import Client, Response

IRIS: dict[str, Any] = EXAMPLES["iris"][0].request
IRIS_PATH = "/v2/models/iris/infer"
MANY = {
    "inputs": [
        json_input("a", "FP32", [1, 2], [0.5, 1.5]),
        json_input("b", "INT64", [1, 2], [1, 2]),
        json_input("c", "BOOL", [1], [True]),
        json_input("d", "BYTES", [1], ["one"]),
        json_input("e", "FP64", [1], [0.25]),
    ]
}
MANY_OUTPUTS = {"sum": [1.5, 3.5], "not_c": [False], "text": ["one"], "doubled": [0.5]}


def send(client: Client, model: str, document: dict[str, Any]) -> Response:
    """Post an inference."""
    return client.post_json(f"/v2/models/{model}/infer", document)


@pytest.mark.parametrize(("inputs", "expected"), [({}, [3.0, 6.0]), ({"scale": 10.0}, [10.0, 20.0])], ids=str)
def test_optional_input_has_its_default(client: Client, inputs: dict[str, float], expected: list[float]) -> None:
    """An input with an initializer may be left out."""
    tensors = [json_input("x", "FP32", [2], [1.0, 2.0])]
    tensors += [json_input(name, "FP32", [1], [value]) for name, value in inputs.items()]
    response = send(client, "optional_default", {"inputs": tensors})
    assert response.status == 200, response
    assert response.json()["outputs"][0]["data"] == expected


def test_required_input_cannot_be_left_out(client: Client) -> None:
    """The default of one input doesn't excuse the other."""
    response = send(client, "optional_default", {"inputs": [json_input("scale", "FP32", [1], [2.0])]})
    assert response.status == 400, response


def test_inputs_may_come_in_any_order(client: Client) -> None:
    """Inputs go by name."""
    response = send(client, "many", {"inputs": MANY["inputs"][::-1]})
    assert {o["name"]: o["data"] for o in response.json()["outputs"]} == MANY_OUTPUTS


@pytest.mark.parametrize(
    "order", [["name", "shape", "datatype", "data"], ["data", "datatype", "shape", "name"]], ids=str
)
@pytest.mark.parametrize("outer", [["inputs", "outputs", "id"], ["id", "outputs", "inputs"]], ids=str)
def test_members_may_come_in_any_order(client: Client, order: list[str], outer: list[str]) -> None:
    """Data before shape and datatype too."""
    inputs = [{key: tensor[key] for key in order} for tensor in MANY["inputs"]]
    members = {"inputs": inputs, "outputs": [{"name": name} for name in MANY_OUTPUTS], "id": "7"}
    response = send(client, "many", {key: members[key] for key in outer})
    assert response.status == 200, response
    assert {o["name"]: o["data"] for o in response.json()["outputs"]} == MANY_OUTPUTS


@pytest.mark.parametrize(
    "names",
    [["sum"], ["text"], ["not_c", "doubled"], ["doubled", "not_c"], ["text", "sum", "not_c", "doubled"]],
    ids=str,
)
def test_requested_outputs_are_the_ones_that_come(client: Client, names: list[str]) -> None:
    """A subset, in one fixed order whatever the order of the request."""
    response = send(client, "many", MANY | {"outputs": [{"name": name} for name in names]})
    assert response.status == 200, response
    outputs = response.json()["outputs"]
    assert {o["name"]: o["data"] for o in outputs} == {name: MANY_OUTPUTS[name] for name in names}
    everything = [o["name"] for o in send(client, "many", MANY).json()["outputs"]]
    assert [o["name"] for o in outputs] == [name for name in everything if name in names]


def test_empty_list_of_outputs_means_all(client: Client) -> None:
    """As if it were absent."""
    response = send(client, "many", MANY | {"outputs": []})
    assert {o["name"] for o in response.json()["outputs"]} == set(MANY_OUTPUTS)


FORMS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, set()),
    ({"parameters": {"binary_data_output": True}}, set(MANY_OUTPUTS)),
    ({"parameters": {"binary_data_output": False}}, set()),
    ({"outputs": [{"name": "sum", "parameters": {"binary_data": True}}, {"name": "text"}]}, {"sum"}),
    # CONTRACTS §4: the default isn't for listed outputs.
    ({"parameters": {"binary_data_output": True}, "outputs": [{"name": "sum"}, {"name": "text"}]}, set()),
    (
        {
            "parameters": {"binary_data_output": True},
            "outputs": [
                {"name": "sum", "parameters": {"binary_data": False}},
                {"name": "text", "parameters": {"binary_data": True}},
            ],
        },
        {"text"},
    ),
    ({"outputs": [{"name": n, "parameters": {"binary_data": True}} for n in MANY_OUTPUTS]}, set(MANY_OUTPUTS)),
]


@pytest.mark.parametrize(("members", "binary"), FORMS, ids=range(len(FORMS)))
def test_form_of_outputs(client: Client, members: dict[str, Any], binary: set[str]) -> None:
    """`binary_data` decides for listed outputs, `binary_data_output` for the others."""
    answer = Answer.parse(send(client, "many", MANY | members))
    assert {name for name, output in answer.outputs.items() if output.is_binary} == binary
    for name, output in answer.outputs.items():
        expected = MANY_OUTPUTS[name]
        got = [e.decode() for e in output.values] if output.datatype == "BYTES" else output.values.ravel().tolist()
        assert got == expected


@pytest.mark.parametrize("name", ["7", "Zoë 🐝", 'quote"\\\n\t\x00\u2028', "x" * 5000])
def test_id_comes_back(client: Client, name: str) -> None:
    """Echoed as it was."""
    response = send(client, "iris", IRIS | {"id": name})
    assert response.status == 200, response
    assert response.json()["id"] == name


@pytest.mark.parametrize("members", [{}, {"id": ""}], ids=str)
def test_no_id_no_echo(client: Client, members: dict[str, str]) -> None:
    """An empty id is none."""
    assert "id" not in send(client, "iris", IRIS | members).json()


def test_answer_has_the_members_that_clients_index(client: Client) -> None:
    """model_name, model_version, outputs; flat data (CONTRACTS §3.4)."""
    document = send(client, "iris", IRIS).json()
    assert set(document) == {"model_name", "model_version", "outputs"}
    assert (document["model_name"], document["model_version"]) == ("iris", "1")
    for output in document["outputs"]:
        assert {"name", "datatype", "shape", "data"} <= set(output)
        assert np.prod(output["shape"]) == len(output["data"])
        assert not any(isinstance(element, list) for element in output["data"])


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"custom": "text", "count": 3, "ratio": 0.5, "flag": False},
        {"sequence_id": 0},
        {"priority": 0},
        {"timeout": 60_000_000},
        {"timeout": 0},
    ],
    ids=str,
)
def test_parameters_are_taken(client: Client, parameters: dict[str, Any]) -> None:
    """The protocol's own and custom ones."""
    response = send(client, "iris", IRIS | {"parameters": parameters})
    assert response.status == 200, response


@pytest.mark.parametrize(
    "parameters",
    [
        {"triton_enable_empty_final_response": True},
        {"triton_x": 1},
        {"binary_data_output": "true"},
        {"binary_data_output": 1},
        {"timeout": -1},
        {"timeout": "1"},
        {"timeout": 18446744073709551616},
        {"custom": None},
        {"custom": [1]},
        {"custom": {}},
        [],
        "text",
        7,
    ],
    ids=str,
)
def test_wrong_parameters_are_refused(client: Client, parameters: Any) -> None:
    """Reserved names and wrong types are 400."""
    response = send(client, "iris", IRIS | {"parameters": parameters})
    assert response.status == 400, response
    assert "parameters" in response.json()["field"], response


def test_unknown_members_are_ignored(client: Client) -> None:
    """KServe's client adds model_name; others may add what they like, anywhere."""
    document = json.loads(json.dumps(IRIS))
    document |= {"model_name": "iris", "extra": [1, {"deep": [None, True, "x"]}]}
    document["inputs"][0]["note"] = {"a": []}
    document["outputs"] = [{"name": "label", "note": 1, "parameters": {"unknown": "x"}}]
    assert send(client, "iris", document).status == 200


def test_timeout_as_deadline(client: Client) -> None:
    """Without a queue policy `timeout` is the request's deadline (CONTRACTS §0): too late is 503, on time."""
    inputs = {"inputs": [json_input("IN", "FP32", [1], [1.0])]}
    response = send(client, "delay200", inputs | {"parameters": {"timeout": 5_000_000}})
    assert response.status == 200, response
    response = client.post_json("/v2/models/delay200/infer", inputs, {"Apus-Timeout": "5S"})
    assert response.status == 200, response
    for text in ("5", "S", "123456789S", "1.5S", "-1S", "5x"):
        response = client.post_json("/v2/models/delay200/infer", inputs, {"Apus-Timeout": text})
        assert response.status == 400, (text, response)


def test_refusal_of_an_undecoded_request_names_it(client: Client) -> None:
    """A request that is too late when it is read is refused unread; its id is looked for all the same."""
    inputs = {"id": "seven", "inputs": [json_input("IN", "FP32", [1], [1.0])]}
    late = {"Apus-Timeout": "1n"}
    response = client.post_json("/v2/models/delay200/infer", inputs, late)
    assert response.status == 503, response
    assert response.json()["error"] == "[request id: seven] Request timeout expired"
    body = gzip.compress(json.dumps(inputs).encode())
    response = client.post("/v2/models/delay200/infer", body, late | {"Content-Encoding": "gzip"})
    assert response.status == 503, response
    assert response.json()["error"] == "[request id: <id_unknown>] Request timeout expired"


def test_request_expired_in_the_queue(server: Any) -> None:
    """While one request runs 200 ms, another that may wait 20 ms is told so at 20 ms, not when the first has ended."""
    import threading
    import time

    inputs = {"inputs": [json_input("IN", "FP32", [1], [1.0])]}
    first: list[Response] = []
    runs = threading.Thread(target=lambda: first.append(server.client().post_json("/v2/models/delay200/infer", inputs)))
    runs.start()
    time.sleep(0.05)
    with server.client() as client:
        response = send(client, "delay200", inputs | {"parameters": {"timeout": 20_000}})
        is_early = not first
    runs.join()
    assert first[0].status == 200, first[0]
    assert response.status == 503, response
    assert "Request timeout expired" in response.error
    assert is_early, "told only when the first had ended"

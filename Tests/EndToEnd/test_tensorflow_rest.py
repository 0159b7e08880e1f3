"""TensorFlow Serving's REST interface, asked with `requests` as its users do."""

from __future__ import annotations

import base64
import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from apus_e2e.examples import EXAMPLES
from apus_e2e.paths import FIXTURES
from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server

TYPES = {
    "BOOL": "DT_BOOL", "UINT8": "DT_UINT8", "UINT16": "DT_UINT16", "UINT32": "DT_UINT32", "UINT64": "DT_UINT64",
    "INT8": "DT_INT8", "INT16": "DT_INT16", "INT32": "DT_INT32", "INT64": "DT_INT64", "FP16": "DT_HALF",
    "BF16": "DT_BFLOAT16", "FP32": "DT_FLOAT", "FP64": "DT_DOUBLE", "BYTES": "DT_STRING",
}  # fmt: skip
CASES = [
    case
    for case in json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))
    if case["model"].startswith("identity_")
]


def url(server: Server, path: str) -> str:
    """Give the address of something."""
    return f"http://{server.url}{path}"


def ask(server: Server, path: str, body: Any, status: int = 200) -> Any:
    """Post JSON and read the answer, which may hold NaN and the like."""
    response = requests.post(url(server, path), data=json.dumps(body), timeout=30)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    return json.loads(response.text)


def nested(tensor: dict[str, Any]) -> Any:
    """Give a stored tensor's data as nested lists."""
    return np.array(tensor["data"], dtype=object).reshape(tensor["shape"]).tolist()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["model"])
def test_every_type_in_rows_and_columns(server: Server, case: dict[str, Any]) -> None:
    """Data comes back as it went, in the form that was asked in."""
    data = nested(case["inputs"][0])
    path = f"/v1/models/{case['model']}:predict"
    expected = nested(case["outputs"][0])
    for body, key in (
        ({"instances": data}, "predictions"),
        ({"instances": [{"x": row} for row in data]}, "predictions"),
        ({"inputs": data}, "outputs"),
        ({"inputs": {"x": data}, "signature_name": "serving_default"}, "outputs"),
    ):
        answer = ask(server, path, body)
        assert list(answer) == [key]
        if case["inputs"][0]["datatype"] in ("FP16", "BF16", "FP32", "FP64"):
            np.testing.assert_allclose(np.array(answer[key], float), np.array(expected, float), rtol=1e-7)
        else:
            assert answer[key] == expected


def test_nan_and_infinity(server: Server) -> None:
    """Bare words go in and come out."""
    text = '{"instances": [[NaN, Infinity, -Infinity, -0.0, 9000000, 0.1]]}'
    response = requests.post(url(server, "/v1/models/identity_fp32:predict"), data=text, timeout=30)
    assert response.status_code == 200, response.text
    row = json.loads(response.text)["predictions"][0]
    assert math.isnan(row[0]) and row[1:3] == [math.inf, -math.inf] and row[5] == 0.1
    # Floats can always be told from integers.
    assert "9e+06" in response.text or "9000000.0" in response.text


def test_scalars(server: Server) -> None:
    """A model without dimensions takes a value and can't be asked in rows."""
    assert ask(server, "/v1/models/scalar:predict", {"inputs": 1.5}) == {"outputs": 3.0}
    assert "unexpected shape" in ask(server, "/v1/models/scalar:predict", {"instances": [1.5]}, 400)["error"]


@pytest.mark.parametrize("model", ["iris", "digits", "diabetes", "tickets"])
def test_sample_models(server: Server, model: str) -> None:
    """The stored requests, in rows and columns, give the stored answers."""
    for example in EXAMPLES[model]:
        inputs = {tensor["name"]: nested(tensor) for tensor in example.request["inputs"]}
        (name,) = inputs
        columns = ask(server, f"/v1/models/{model}:predict", {"inputs": inputs})["outputs"]
        rows = ask(server, f"/v1/models/{model}:predict", {"instances": inputs[name]})["predictions"]
        outputs = example.response["outputs"]
        if len(outputs) == 1:
            columns = {outputs[0]["name"]: columns}
            rows = [{outputs[0]["name"]: row} for row in rows]
        for output in outputs:
            got = {"columns": columns[output["name"]], "rows": [row[output["name"]] for row in rows]}
            for values in got.values():
                flat = np.array(values, dtype=object).reshape(-1).tolist()
                assert np.array(values, dtype=object).shape == tuple(output["shape"])
                if output["datatype"] == "FP32":
                    np.testing.assert_allclose(flat, output["data"], rtol=1e-5, atol=1e-7)
                else:
                    assert flat == output["data"]


def test_several_inputs(server: Server) -> None:
    """A value for each input by name, columns and rows; what else is there is ignored."""
    columns = {"a": [[1, 2]], "b": [[3, 4]], "c": [True], "d": ["x"], "e": [0.5], "more": [None]}
    answer = ask(server, "/v1/models/many:predict", {"inputs": columns, "other": {"inputs": 1}})["outputs"]
    assert answer["sum"] == [[4.0, 6.0]] and answer["not_c"] == [False] and answer["text"] == ["x"]
    row = {"a": [1, 2], "b": [3, 4], "c": True, "d": {"b64": "eA=="}, "e": 0.5}
    (answer,) = ask(server, "/v1/models/many:predict", {"instances": [row]})["predictions"]
    assert answer["sum"] == [4.0, 6.0] and answer["not_c"] is False and answer["text"] == "x"


def test_optional_input(server: Server) -> None:
    """An input with a default may be left out."""
    path = "/v1/models/optional_default:predict"
    assert ask(server, path, {"inputs": {"x": [1, 2, 3]}}) == {"outputs": [3.0, 6.0, 9.0]}
    assert ask(server, path, {"inputs": {"x": [1, 2, 3], "scale": [10]}}) == {"outputs": [10.0, 20.0, 30.0]}


def test_base64(server: Server, launch: Launch, tmp_path: Path) -> None:
    """b64 comes in anywhere, and goes out where the output's name says bytes."""
    picture = bytes(range(256))
    encoded = {"b64": base64.b64encode(picture).decode()}
    path = "/v1/models/identity_string:predict"
    assert ask(server, path, {"instances": [["a", {"b64": "Yg=="}]]})["predictions"] == [["a", "b"]]
    assert "is not UTF-8" in ask(server, path, {"instances": [[encoded]]}, 400)["error"]
    repository = Repository(tmp_path / "models").builtin("echo", datatype="TYPE_STRING")
    config = (repository.root / "echo" / "config.pbtxt").read_text()
    repository.config("echo", config.replace('"IN"', '"image_bytes"').replace('"OUT"', '"image_bytes"'))
    with_bytes = launch(models=repository.root)
    answer = ask(with_bytes, "/v1/models/echo:predict", {"instances": [encoded, {"b64": ""}, "text"]})
    assert answer == {"predictions": [encoded, {"b64": ""}, {"b64": "dGV4dA=="}]}
    assert ask(with_bytes, "/v1/models/echo:predict", {"inputs": [encoded]}) == {"outputs": [encoded]}


def test_rows_that_the_outputs_do_not_have(server: Server) -> None:
    """Outputs without a first dimension for the rows can't be given as predictions."""
    answer = ask(server, "/v1/models/reduce_empty:predict", {"instances": [[1.0]]}, 400)
    assert "has no shape information" in answer["error"] or "shape" in answer["error"]


def test_classify(server: Server) -> None:
    """`results`: pairs of label and score for each example."""
    features = EXAMPLES["iris"][0].request["inputs"][0]["data"][:4]
    expected = EXAMPLES["iris"][0].response["outputs"][1]["data"][:3]
    body = {"signature_name": "serving_default", "examples": [{"features": features}, {"features": features}]}
    answer = ask(server, "/v1/models/iris:classify", body)
    assert list(answer) == ["results"]
    assert len(answer["results"]) == 2
    for result in answer["results"]:
        assert [label for label, _ in result] == ["0", "1", "2"]
        np.testing.assert_allclose([score for _, score in result], expected, rtol=1e-5, atol=1e-7)
    shared = ask(server, "/v1/models/iris:classify", {"context": {"features": features}, "examples": [{}, {}]})
    assert shared == answer


def test_regress(server: Server) -> None:
    """`results`: a number for each example."""
    features = EXAMPLES["diabetes"][0].request["inputs"][0]["data"][:10]
    expected = EXAMPLES["diabetes"][0].response["outputs"][0]["data"][0]
    answer = ask(server, "/v1/models/diabetes:regress", {"examples": [{"features": features}]})
    assert list(answer) == ["results"]
    np.testing.assert_allclose(answer["results"], [expected], rtol=1e-5)
    refused = ask(server, "/v1/models/iris:regress", {"examples": [{"features": features[:4]}]}, 400)
    assert "can't regress" in refused["error"]


def test_metadata(server: Server) -> None:
    """The signature, in its message's JSON."""
    for path in ("", "/versions/1"):
        document = requests.get(url(server, f"/v1/models/iris{path}/metadata"), timeout=30).json()
        assert document["model_spec"] == {"name": "iris", "signature_name": "", "version": "1"}
        signature = document["metadata"]["signature_def"]["signature_def"]["serving_default"]
        assert signature["method_name"] == "tensorflow/serving/predict"
        features = signature["inputs"]["features"]
        assert features["dtype"] == "DT_FLOAT"
        assert [dim["size"] for dim in features["tensor_shape"]["dim"]] == ["-1", "4"]
        assert features["tensor_shape"]["unknown_rank"] is False
        assert set(signature["outputs"]) == {"label", "probabilities"}
    for datatype, name in TYPES.items():
        model = "identity_string" if datatype == "BYTES" else f"identity_{datatype.lower()}"
        document = requests.get(url(server, f"/v1/models/{model}/metadata"), timeout=30).json()
        signature = document["metadata"]["signature_def"]["signature_def"]["serving_default"]
        assert signature["inputs"]["x"]["dtype"] == name


def test_versions(launch: Launch, tmp_path: Path) -> None:
    """Status of all versions or of one, predictions of the latest or of one."""
    repository = Repository(tmp_path / "models").onnx("scalar", version=1).onnx("scalar", version=3)
    repository.config("scalar", 'platform: "onnxruntime_onnx"\nversion_policy { all {} }\n')
    repository.onnx("broken", "corrupt", version=7)
    server = launch(models=repository.root)
    status = requests.get(url(server, "/v1/models/scalar"), timeout=30).json()
    available = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert status["model_version_status"] == [{"version": "3"} | available, {"version": "1"} | available]
    assert status["name"] == "scalar" and status["ready"] is True
    one = requests.get(url(server, "/v1/models/scalar/versions/1"), timeout=30).json()
    assert one["model_version_status"] == [{"version": "1"} | available]
    for path in ("/v1/models/scalar:predict", "/v1/models/scalar/versions/1:predict", "/V1/MODELS/scalar:Predict"):
        assert ask(server, path, {"inputs": 1}) == {"outputs": 2.0}
    missing = requests.get(url(server, "/v1/models/scalar/versions/2"), timeout=30)
    assert (missing.status_code, missing.json()["error"]) == (404, "Could not find version 2 of model scalar")
    answer = ask(server, "/v1/models/scalar/versions/2:predict", {"inputs": 1}, 404)
    assert answer["error"] == "Servable not found for request: Specific(scalar, 2)"
    broken = requests.get(url(server, "/v1/models/broken"), timeout=30)
    assert broken.status_code == 200
    (version,) = broken.json()["model_version_status"]
    assert version["version"] == "7" and version["state"] == "END"
    assert version["status"]["error_code"] == "UNKNOWN" and version["status"]["error_message"]
    assert broken.json()["ready"] is False
    assert ask(server, "/v1/models/broken:predict", {"inputs": 1}, 404)["error"].startswith("Servable not found")


@pytest.mark.parametrize(
    ("verb", "path", "status", "words"),
    [
        ("GET", "/v1/models/nobody", 404, "Could not find any versions of model nobody"),
        ("GET", "/v1/models/iris/versions/9", 404, "Could not find version 9 of model iris"),
        ("GET", "/v1/models/", 400, "Missing model name in request."),
        ("GET", "/v1/models/nobody/metadata", 404, "Servable not found for request: Latest(nobody)"),
        ("POST", "/v1/models/nobody:predict", 404, "Servable not found for request: Latest(nobody)"),
        ("POST", "/v1/models/iris/versions/9:predict", 404, "Servable not found for request: Specific(iris, 9)"),
        ("POST", "/v1/models/iris/labels/x:predict", 400, "Unrecognized servable version label: x"),
        ("POST", "/v1/models/iris/versions/1/labels/x:predict", 400, "Malformed request: POST /v1/models/iris/"),
        ("POST", "/v1/models/iris:explain", 400, "Malformed request: POST /v1/models/iris:explain"),
        ("GET", "/v1/models/iris:predict", 400, "Malformed request: GET /v1/models/iris:predict"),
        ("DELETE", "/v1/models/iris", 400, "Malformed request: DELETE /v1/models/iris"),
        ("GET", "/v1/", 400, "Malformed request: GET /v1/"),
        ("POST", "/v1/models/%2e%2e:predict", 400, "illegal model name"),
    ],
)
def test_refused_paths(server: Server, verb: str, path: str, status: int, words: str) -> None:
    """TensorFlow Serving's words and statuses."""
    request = requests.Request(verb, url(server, ""), data="{}").prepare()
    request.url = url(server, path)
    with requests.Session() as session:
        response = session.send(request, timeout=30)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.json()["error"].startswith(words), response.text


def test_compression(server: Server) -> None:
    """gzip both ways."""
    body = json.dumps({"instances": [[float(n) for n in range(5000)]]}).encode()
    response = requests.post(
        url(server, "/v1/models/identity_fp32:predict"),
        data=gzip.compress(body),
        headers={"Content-Encoding": "gzip", "Accept-Encoding": "gzip"},
        timeout=30,
    )
    assert response.headers["content-encoding"] == "gzip"
    assert response.json()["predictions"][0][-1] == 4999.0


def test_statistics_and_readiness_count_both_protocols(server: Server) -> None:
    """A predict counts as an inference like any other."""

    def count() -> int:
        document = requests.get(url(server, "/v2/models/gather/stats"), timeout=30).json()
        return document["model_stats"][0]["inference_stats"]["success"]["count"]

    before = count()
    assert ask(server, "/v1/models/gather:predict", {"instances": [0, 1]}) == {"predictions": [10.0, 20.0]}
    assert count() == before + 1


def test_deadline(launch: Launch, tmp_path: Path) -> None:
    """Apus-Timeout holds here too."""
    server = launch(models=Repository(tmp_path / "models").builtin("slow", "delay", delay_ms=2000).root)
    response = requests.post(
        url(server, "/v1/models/slow:predict"),
        data='{"instances":[1]}',
        headers={"Apus-Timeout": "50m"},
        timeout=30,
    )
    assert response.status_code in (503, 504), response.text
    assert "error" in response.json()

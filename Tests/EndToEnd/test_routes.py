"""Health, metadata, lists; paths, verbs, versions and names that don't exist."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from apus_e2e.repository import GOOD_FIXTURES, SAMPLES
from apus_e2e.server import Server
from apus_e2e.wire import Client, Connection


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
        ("/v2/models/iris/ready", {"name": "iris", "ready": True}),
        ("/v2/models/iris/versions/1/ready", {"name": "iris", "ready": True}),
    ],
)
@pytest.mark.parametrize("query", ["", "?", "?x=1&y=/v2"])
def test_health_has_json_bodies(client: Client, path: str, query: str, members: dict[str, Any]) -> None:
    """KServe's client reads them; no Content-Type is needed, a query does no harm."""
    response = client.get(path + query)
    assert response.status == 200, response
    assert response.header("content-type") == "application/json"
    assert members.items() <= response.json().items()


def test_server_metadata(client: Client) -> None:
    """name, version, extensions; only what there is."""
    for path in ("/v2", "/v2/"):
        document = client.get(path).json()
        assert isinstance(document["name"], str) and document["name"]
        assert isinstance(document["version"], str) and document["version"]
        assert {"binary_tensor_data", "model_configuration", "statistics"} <= set(document["extensions"])
        missing = {"system_shared_memory", "cuda_shared_memory", "trace", "model_repository"}
        assert not missing & set(document["extensions"])


def test_list_of_models(client: Client) -> None:
    """KServe's list."""
    names = client.get("/v2/models").json()["models"]
    assert set(names) == {*GOOD_FIXTURES, *SAMPLES, "external_ok", "echo", "delay200"}
    assert len(names) == len(set(names))


def test_model_metadata_without_configuration(client: Client) -> None:
    """Full shapes out of the model file."""
    for path in ("/v2/models/iris", "/v2/models/iris/versions/1"):
        document = client.get(path).json()
        assert document["name"] == "iris"
        assert document["versions"] == ["1"]
        assert document["platform"] == "onnxruntime_onnx"
        assert document["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, 4]}]
        outputs = {output["name"]: (output["datatype"], output["shape"]) for output in document["outputs"]}
        assert outputs == {"label": ("INT64", [-1]), "probabilities": ("FP32", [-1, 3])}


def test_model_metadata_with_configuration(client: Client) -> None:
    """A leading -1 for the batch when max_batch_size is 1 or more."""
    document = client.get("/v2/models/digits").json()
    assert document["inputs"] == [{"name": "pixels", "datatype": "FP32", "shape": [-1, 64]}]
    outputs = {output["name"]: output["shape"] for output in document["outputs"]}
    assert outputs["probabilities"] == [-1, 10]


def test_scalar_metadata(client: Client) -> None:
    """A scalar's shape is empty."""
    assert client.get("/v2/models/scalar").json()["inputs"][0]["shape"] == []


def test_configuration_of_a_model_with_one(client: Client) -> None:
    """Snake case, defaults printed, 64-bit integers as numbers (CONTRACTS §14.4)."""
    document = client.get("/v2/models/digits/config").json()
    assert document["name"] == "digits"
    assert document["platform"] == "onnxruntime_onnx"
    assert document["max_batch_size"] == 64
    (tensor,) = document["input"]
    assert (tensor["name"], tensor["data_type"], tensor["dims"]) == ("pixels", "TYPE_FP32", [64])
    assert tensor["format"] == "FORMAT_NONE"
    assert {output["name"] for output in document["output"]} == {"label", "probabilities"}
    assert document["version_policy"] == {"latest": {"num_versions": 1}}
    assert {"instance_group", "parameters", "default_model_filename"} <= set(document)


def test_configuration_of_a_model_without_one(client: Client) -> None:
    """Completed from the model file: max_batch_size 0, full shapes (CONTRACTS §0)."""
    for path in ("/v2/models/iris/config", "/v2/models/iris/versions/1/config"):
        document = client.get(path).json()
        assert document["max_batch_size"] == 0
        assert [(t["name"], t["data_type"], t["dims"]) for t in document["input"]] == [
            ("features", "TYPE_FP32", [-1, 4])
        ]
        assert document["backend"] == "onnxruntime" or document["platform"] == "onnxruntime_onnx"


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v2/x",
        "/v2/health",
        "/v2/health/live/x",
        "/v3/models",
        "/metrics",
        "//v2",
        "/v2//models",
        "/v2/models/iris/nothing",
        "/v2/models/iris/versions",
        "/v2/models//infer",
        "/V2",
        "/v2/models/iris/versions/1/versions/1",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_path(client: Client, method: str, path: str) -> None:
    """404 in Triton's words, whatever the verb."""
    response = client.request(method, path, body=b"" if method == "POST" else None)
    assert response.status == 404, response
    assert response.header("content-type") == "application/json"
    assert response.error == "Not Found"


@pytest.mark.parametrize("version", ["x", "-1", "1.0", "1x", "%31x", "+1", "99999999999999999999999x"])
def test_version_segment_that_is_no_number(client: Client, version: str) -> None:
    """It may be a label of the model, and no model here has one."""
    for suffix in ("", "/ready", "/config", "/stats"):
        response = client.get(f"/v2/models/iris/versions/{version}{suffix}")
        assert response.status == 404, response
        assert response.error


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v2"),
        ("POST", "/v2/health/live"),
        ("DELETE", "/v2/health/ready"),
        ("PUT", "/v2/models/iris"),
        ("DELETE", "/v2/models/iris"),
        ("GET", "/v2/models/iris/infer"),
        ("PUT", "/v2/models/iris/infer"),
        ("GET", "/v2/models/iris/versions/1/infer"),
        ("GET", "/v2/repository/index"),
        ("POST", "/v2/models/stats"),
        ("BREW", "/v2/models/iris/infer"),
        ("get", "/v2"),
        ("OPTIONS", "/v2/models/iris/infer"),
    ],
)
def test_wrong_verb(client: Client, method: str, path: str) -> None:
    """405 in Triton's words, with the verbs that would do."""
    response = client.request(method, path, body=b"{}")
    assert response.status == 405, response
    assert response.error == "Method Not Allowed"
    assert response.header("allow"), "RFC 9110 §15.5.6: a 405 names the verbs in Allow"


@pytest.mark.parametrize("version", ["2", "0", "9", "01", "18446744073709551615", "99999999999999999999", "9" * 200])
def test_unknown_version(client: Client, version: str) -> None:
    """404 in Triton's words, for every operation on it, however large the number."""
    words = f"Request for unknown model: 'iris' version {version} is not found"
    responses = [client.get(f"/v2/models/iris/versions/{version}{suffix}") for suffix in ("", "/config", "/ready")]
    responses.append(client.post_json(f"/v2/models/iris/versions/{version}/infer", {"inputs": []}))
    for response in responses:
        assert response.status == 404, response
        assert response.error == words


def test_unknown_model(client: Client) -> None:
    """404 in Triton's words; the statistics say it in their own way."""
    words = "Request for unknown model: 'nobody' is not found"
    for suffix in ("", "/config", "/ready"):
        response = client.get(f"/v2/models/nobody{suffix}")
        assert response.status == 404, response
        assert response.error == words
    response = client.post_json("/v2/models/nobody/infer", {"inputs": []})
    assert (response.status, response.error) == (404, words)


@pytest.mark.parametrize("name", ["%69%72%69%73", "i%72is", "iri%73", "%69ris"])
def test_percent_encoded_name(client: Client, name: str) -> None:
    """Escapes in names are decoded, once."""
    assert client.get(f"/v2/models/{name}").json()["name"] == "iris"
    assert client.get(f"/v2/models/{name}/versions/1/ready").status == 200


ILLEGAL = {
    "dots": "..",
    "dot": ".",
    "encoded dots": "%2e%2e",
    "mixed dots": ".%2E",
    "encoded slash": "iris%2Fversions",
    "encoded slash and dots": "..%2f..%2f..%2fetc%2fpasswd",
    "backslash": "..%5c..",
    "NUL": "iris%00",
    "NUL in front": "%00",
    "line break": "iris%0d%0aX-Evil:%201",
    "space": "ir%20is",
    "not UTF-8": "%ff%fe",
    "unicode": "%E6%A8%A1",
    "twice encoded": "%2569ris",
    "broken escape": "%zz",
    "cut escape": "%6",
    "percent": "%",
    "long": "a" * 256,
    "very long": "a" * 8000,
    "quote": "%22%27%3cscript%3e",
    "colon": "c:",
    "semicolon": "iris;x=1",
}


@pytest.mark.parametrize("name", ILLEGAL.values(), ids=ILLEGAL.keys())
@pytest.mark.parametrize("suffix", ["", "/ready", "/config", "/stats", "/infer", "/versions/1/infer"])
def test_illegal_name(client: Client, name: str, suffix: str) -> None:
    """400 or 404 with an error body; nothing of the name gets into a path or a header."""
    method = "POST" if suffix.endswith("infer") else "GET"
    response = client.request(method, f"/v2/models/{name}{suffix}", body=b"{}" if method == "POST" else None)
    assert response.status in (400, 404), response
    assert response.error
    assert response.header("x-evil") is None


def test_longest_legal_name(client: Client) -> None:
    """255 characters are a name, only nobody has it."""
    response = client.get(f"/v2/models/{'a' * 255}")
    assert (response.status, response.error) == (404, f"Request for unknown model: '{'a' * 255}' is not found")


def test_dots_in_the_path_are_not_resolved(client: Client) -> None:
    """`/v2/x/../models` is no way to anything; a gate that compares paths can't be led round."""
    for path in ("/v2/x/../models", "/v2/models/../models/iris", "/v2/./models", "/../v2", "/v2/models/iris/../digits"):
        assert client.get(path).status in (400, 404), path


def test_repository_index(client: Client) -> None:
    """All ready here; with `ready`, and with a repository's name that is ignored."""
    for path in ("/v2/repository/index", "/v2/repository/main/index"):
        for body in (b"", b"{}", b'{"ready":true}', b'{"ready":false}'):
            response = client.post(path, body)
            assert response.status == 200, (path, body, response)
            entries = response.json()
            assert {entry["state"] for entry in entries} == {"READY"}
            assert {entry["version"] for entry in entries} == {"1"}
            assert all("reason" not in entry for entry in entries)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"ready":1}', b'{"ready":"true"}', b"x", b'{"ready":true}x'])
def test_repository_index_with_a_wrong_body(client: Client, body: bytes) -> None:
    """Malformed JSON and wrong types are 400."""
    response = client.post("/v2/repository/index", body)
    assert response.status == 400, response
    assert response.error


def test_only_loopback_is_bound(server: Server) -> None:
    """The default is loopback: another address of this machine has nobody on that port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            own = probe.getsockname()[0]
        except OSError:
            pytest.skip("no other address on this machine")
    if own.startswith("127."):
        pytest.skip("no other address on this machine")
    with pytest.raises(OSError):
        Connection((own, server.address[1]), timeout=2)

"""Triton's own Python client, unchanged, against Apus."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from apus_e2e.examples import EXAMPLES
from apus_e2e.server import Server
from apus_e2e.tensors import DTYPES, IDENTITY, array, same

IRIS = EXAMPLES["iris"][0].request["inputs"][0]
FEATURES = array("FP32", IRIS["shape"], IRIS["data"])


@pytest.fixture
def remote(server: Server) -> Iterator[triton.InferenceServerClient]:
    """A client of the module's server."""
    opened = triton.InferenceServerClient(server.url, concurrency=4)
    yield opened
    opened.close()


def tensor(name: str, datatype: str, values: np.ndarray, binary: bool = True) -> triton.InferInput:
    """Make an input as users do."""
    made = triton.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def test_health(remote: triton.InferenceServerClient) -> None:
    """Live, ready, a model ready, by version too; an unknown one not."""
    assert remote.is_server_live()
    assert remote.is_server_ready()
    assert remote.is_model_ready("iris")
    assert remote.is_model_ready("iris", "1")
    assert not remote.is_model_ready("iris", "9")
    assert not remote.is_model_ready("nobody")


def test_metadata_and_configuration(remote: triton.InferenceServerClient) -> None:
    """What clients look at before they ask."""
    server = remote.get_server_metadata()
    assert {"name", "version", "extensions"} <= set(server)
    assert "binary_tensor_data" in server["extensions"]
    metadata = remote.get_model_metadata("iris")
    assert metadata["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, 4]}]
    assert remote.get_model_metadata("digits")["inputs"][0]["shape"] == [-1, 64]
    assert remote.get_model_config("digits")["max_batch_size"] == 64
    assert remote.get_model_config("iris")["max_batch_size"] == 0


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("outputs", [None, True, False])
def test_infer(remote: triton.InferenceServerClient, binary_in: bool, outputs: bool | None) -> None:
    """Binary and JSON both ways; without outputs the client asks for all as bytes."""
    wanted = None
    if outputs is not None:
        wanted = [triton.InferRequestedOutput(n, binary_data=outputs) for n in ("label", "probabilities")]
    result = remote.infer(
        "iris", [tensor("features", "FP32", FEATURES, binary_in)], outputs=wanted, request_id="42", model_version="1"
    )
    assert result.get_response()["id"] == "42"
    assert result.as_numpy("label").tolist() == [0]
    np.testing.assert_allclose(result.as_numpy("probabilities").sum(), 1, rtol=1e-5)


@pytest.mark.parametrize("datatype", sorted(set(DTYPES) - {"BYTES"}))
def test_every_numeric_type(remote: triton.InferenceServerClient, datatype: str) -> None:
    """Bytes in and out; FP16 and BF16 have no JSON form in this client."""
    values = array(datatype, (2, 2), [0, 1, 1, 0])
    result = remote.infer(IDENTITY[datatype], [tensor("x", datatype, values)])
    assert same(result.as_numpy("y"), values)


@pytest.mark.parametrize("binary", [True, False])
def test_bytes(remote: triton.InferenceServerClient, binary: bool) -> None:
    """Strings, as objects; numpy's fixed-length arrays cut trailing NULs, objects don't."""
    values = np.array([["", "Zoë 🐝".encode(), b"a\x00b\x00"]], dtype=object)
    if not binary:
        values = np.array([["", "Zoë 🐝", "a\x00b\x00"]], dtype=object)
    outputs = [triton.InferRequestedOutput("y", binary_data=binary)]
    result = remote.infer("identity_string", [tensor("x", "BYTES", values, binary)], outputs=outputs)
    got = [e.encode() if isinstance(e, str) else e for e in result.as_numpy("y").ravel()]
    assert got == [b"", "Zoë 🐝".encode(), b"a\x00b\x00"]


@pytest.mark.parametrize("outputs", [True, False])
def test_empty_tensor(remote: triton.InferenceServerClient, outputs: bool) -> None:
    """No elements, both forms."""
    wanted = [triton.InferRequestedOutput("y", binary_data=outputs)]
    values = np.zeros((0, 4), dtype=np.float32)
    result = remote.infer("reduce_empty", [tensor("x", "FP32", values)], outputs=wanted)
    assert result.get_output("y")["shape"] == [0, 8]


@pytest.mark.parametrize("answer", [None, "gzip", "deflate"])
@pytest.mark.parametrize("request_coding", [None, "gzip", "deflate"])
@pytest.mark.parametrize("binary", [True, False])
def test_compression(
    remote: triton.InferenceServerClient, request_coding: str | None, answer: str | None, binary: bool
) -> None:
    """gzip and deflate (zlib) in both directions, on something worth compressing."""
    values = np.zeros((64, 1024), dtype=np.float32)
    values[:, 7] = np.arange(64)
    result = remote.infer(
        "identity_fp32",
        [tensor("x", "FP32", values, binary)],
        outputs=[triton.InferRequestedOutput("y", binary_data=binary)],
        request_compression_algorithm=request_coding,
        response_compression_algorithm=answer,
    )
    assert same(result.as_numpy("y"), values)


def test_parameters_and_timeout(remote: triton.InferenceServerClient) -> None:
    """What the client adds: sequence flags, priority, timeout, custom parameters."""
    result = remote.infer(
        "iris",
        [tensor("features", "FP32", FEATURES)],
        priority=1,
        timeout=10_000_000,
        parameters={"custom": "x", "n": 1, "flag": True},
    )
    assert result.as_numpy("label").tolist() == [0]


def test_asynchronous_requests(remote: triton.InferenceServerClient) -> None:
    """The client's pool of connections."""
    waiting = [remote.async_infer("iris", [tensor("features", "FP32", FEATURES)], request_id=str(i)) for i in range(50)]
    results = [request.get_result() for request in waiting]
    assert [result.get_response()["id"] for result in results] == [str(i) for i in range(50)]


def test_statistics(remote: triton.InferenceServerClient) -> None:
    """For one model, one version, and all."""
    remote.infer("matmul_fixed", [tensor("x", "FP32", np.zeros((2, 3), dtype=np.float32))])
    (one,) = remote.get_inference_statistics("matmul_fixed")["model_stats"]
    assert (one["name"], one["version"], one["inference_stats"]["success"]["count"]) == ("matmul_fixed", "1", 1)
    assert remote.get_inference_statistics("matmul_fixed", "1")["model_stats"][0]["execution_count"] == 1
    everything = remote.get_inference_statistics()["model_stats"]
    assert {"iris", "matmul_fixed", "digits"} <= {entry["name"] for entry in everything}


def test_repository_index(remote: triton.InferenceServerClient) -> None:
    """One entry for each version, with its state."""
    index = {(entry["name"], entry["version"]): entry["state"] for entry in remote.get_model_repository_index()}
    assert index["iris", "1"] == "READY"


@pytest.mark.parametrize(
    ("model", "values", "words"),
    [
        ("nobody", FEATURES, "Request for unknown model: 'nobody' is not found"),
        (
            "iris",
            FEATURES[:, :3].copy(),
            "unexpected shape for input 'features' for model 'iris'. Expected [-1,4], got [1,3]",
        ),
    ],
    ids=["model", "shape"],
)
def test_error_text(remote: triton.InferenceServerClient, model: str, values: np.ndarray, words: str) -> None:
    """The client takes the message out of the body."""
    with pytest.raises(InferenceServerException) as caught:
        remote.infer(model, [tensor("features", "FP32", values)])
    assert words in caught.value.message()
    assert caught.value.status() == ("404" if model == "nobody" else "400")


def test_names_that_the_client_quotes(remote: triton.InferenceServerClient) -> None:
    """urllib's quote leaves `.`, `_` and `-` alone and escapes the rest."""
    with pytest.raises(InferenceServerException) as caught:
        remote.get_model_metadata("no such/model")
    assert caught.value.status() in ("400", "404")


def test_generated_request_body(server: Server) -> None:
    """The client's static functions make a body that any HTTP library can send."""
    body, length = triton.InferenceServerClient.generate_request_body([tensor("features", "FP32", FEATURES)])
    with server.client() as client:
        response = client.post("/v2/models/iris/infer", body, {"Inference-Header-Content-Length": str(length)})
    assert response.status == 200, response
    result = triton.InferenceServerClient.parse_response_body(
        response.body, header_length=int(response.header("Inference-Header-Content-Length") or 0)
    )
    assert result.as_numpy("label").tolist() == [0]

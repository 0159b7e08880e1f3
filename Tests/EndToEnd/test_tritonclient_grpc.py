"""Triton's own Python client over gRPC, unchanged, against Apus."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from apus_e2e import repository
from apus_e2e.examples import EXAMPLES
from apus_e2e.server import Server
from apus_e2e.tensors import DTYPES, IDENTITY, array, same
from test_builtin import REPEAT

IRIS = EXAMPLES["iris"][0].request["inputs"][0]
FEATURES = array("FP32", IRIS["shape"], IRIS["data"])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all share, and a model with many answers."""
    root = repository.complete(tmp_path_factory.mktemp("grpc") / "models")
    (root / "repeat" / "1").mkdir(parents=True)
    repository.Repository(root).config("repeat", REPEAT + "model_transaction_policy { decoupled: true }")
    return root


@pytest.fixture
def target(server: Server) -> str:
    """Where gRPC is."""
    return "{}:{}".format(*server.grpc_address)


@pytest.fixture
def remote(target: str) -> Iterator[triton.InferenceServerClient]:
    """A client of the module's server."""
    opened = triton.InferenceServerClient(target)
    yield opened
    opened.close()


@pytest.fixture
def stub(target: str) -> Iterator[service_pb2_grpc.GRPCInferenceServiceStub]:
    """The client's own messages, without its conveniences."""
    import grpc

    with grpc.insecure_channel(target) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def tensor(name: str, datatype: str, values: np.ndarray) -> triton.InferInput:
    """Make an input as users do."""
    made = triton.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values)
    return made


def test_health(remote: triton.InferenceServerClient) -> None:
    """Live, ready, a model ready, by version too; unknown ones are errors or not ready."""
    assert remote.is_server_live()
    assert remote.is_server_ready()
    assert remote.is_model_ready("iris")
    assert remote.is_model_ready("iris", "1")
    with pytest.raises(InferenceServerException) as caught:
        remote.is_model_ready("nobody")
    assert caught.value.status() == "StatusCode.NOT_FOUND"


def test_metadata_configuration_statistics_and_index(remote: triton.InferenceServerClient) -> None:
    """What clients look at before they ask."""
    assert "binary_tensor_data" in remote.get_server_metadata(as_json=True)["extensions"]
    metadata = remote.get_model_metadata("iris")
    assert [(i.name, i.datatype, list(i.shape)) for i in metadata.inputs] == [("features", "FP32", [-1, 4])]
    assert list(metadata.versions) == ["1"]
    assert remote.get_model_config("digits").config.max_batch_size == 64
    remote.infer("matmul_fixed", [tensor("x", "FP32", np.zeros((2, 3), dtype=np.float32))])
    (one,) = remote.get_inference_statistics("matmul_fixed").model_stats
    assert (one.name, one.version, one.inference_stats.success.count) == ("matmul_fixed", "1", 1)
    assert {"iris", "digits"} <= {entry.name for entry in remote.get_inference_statistics().model_stats}
    index = {(entry.name, entry.version): entry.state for entry in remote.get_model_repository_index().models}
    assert index["iris", "1"] == "READY"


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("outputs", [None, ["probabilities"], ["label", "probabilities"]])
def test_infer(remote: triton.InferenceServerClient, outputs: list[str] | None, compression: str | None) -> None:
    """All outputs or some, with the request's id."""
    wanted = outputs and [triton.InferRequestedOutput(name) for name in outputs]
    result = remote.infer(
        "iris", [tensor("features", "FP32", FEATURES)], outputs=wanted, request_id="42", model_version="1",
        compression_algorithm=compression,
    )
    assert result.get_response().id == "42"
    assert result.get_response().model_version == "1"
    np.testing.assert_allclose(result.as_numpy("probabilities").sum(), 1, rtol=1e-5)
    assert (result.as_numpy("label") is None) == (outputs == ["probabilities"])


@pytest.mark.parametrize("datatype", sorted(set(DTYPES) - {"BYTES"}))
def test_every_numeric_type_raw(remote: triton.InferenceServerClient, datatype: str) -> None:
    """Bytes in and out, FP16 and BF16 among them."""
    values = array(datatype, (2, 2), [0, 1, 1, 0])
    result = remote.infer(IDENTITY[datatype], [tensor("x", datatype, values)])
    assert same(result.as_numpy("y"), values)


CONTENTS = {
    "BOOL": "bool", "INT8": "int", "INT16": "int", "INT32": "int", "INT64": "int64", "UINT8": "uint", "UINT16": "uint",
    "UINT32": "uint", "UINT64": "uint64", "FP32": "fp32", "FP64": "fp64",
}


@pytest.mark.parametrize("datatype", sorted(CONTENTS))
def test_every_numeric_type_typed(stub: service_pb2_grpc.GRPCInferenceServiceStub, datatype: str) -> None:
    """Typed contents in, raw ones out."""
    request = service_pb2.ModelInferRequest(model_name=IDENTITY[datatype])
    given = request.inputs.add(name="x", datatype=datatype, shape=[2, 2])
    getattr(given.contents, CONTENTS[datatype] + "_contents").extend([0, 1, 1, 0])
    answer = stub.ModelInfer(request)
    values = np.frombuffer(answer.raw_output_contents[0], dtype=DTYPES[datatype])
    assert values.astype(int).tolist() == [0, 1, 1, 0]
    assert not answer.outputs[0].HasField("contents")


def test_bytes(remote: triton.InferenceServerClient, stub: service_pb2_grpc.GRPCInferenceServiceStub) -> None:
    """Strings, raw and typed."""
    words = [b"", "Zoë".encode(), b"a\x00b\x00"]
    values = np.array([words], dtype=object)
    assert remote.infer("identity_string", [tensor("x", "BYTES", values)]).as_numpy("y").ravel().tolist() == words
    request = service_pb2.ModelInferRequest(model_name="identity_string")
    request.inputs.add(name="x", datatype="BYTES", shape=[1, 3]).contents.bytes_contents.extend(words)
    assert triton.InferResult(stub.ModelInfer(request)).as_numpy("y").ravel().tolist() == words


def test_empty_tensor(remote: triton.InferenceServerClient) -> None:
    """No elements: the outputs' raw entries still line up."""
    result = remote.infer("reduce_empty", [tensor("x", "FP32", np.zeros((0, 4), dtype=np.float32))])
    assert list(result.get_output("y").shape) == [0, 8]
    assert len(result.get_response().raw_output_contents) == len(result.get_response().outputs)


def test_a_large_message(remote: triton.InferenceServerClient) -> None:
    """40 MB there and back."""
    values = np.arange(10_000_000, dtype=np.float32).reshape(1, -1)
    assert same(remote.infer("identity_fp32", [tensor("x", "FP32", values)]).as_numpy("y"), values)


def test_parameters(remote: triton.InferenceServerClient) -> None:
    """What the client adds: priority as a number without sign, timeout, parameters of its own."""
    result = remote.infer(
        "iris", [tensor("features", "FP32", FEATURES)], priority=1, timeout=10_000_000,
        parameters={"custom": "x", "n": 1, "flag": True},
    )
    assert result.as_numpy("label").tolist() == [0]


def test_asynchronous_requests(remote: triton.InferenceServerClient) -> None:
    """Many calls on one connection."""
    done: queue.Queue = queue.Queue()
    for number in range(50):
        remote.async_infer(
            "iris", [tensor("features", "FP32", FEATURES)], lambda result, error: done.put((result, error)),
            request_id=str(number),
        )
    results = [done.get(timeout=30) for _ in range(50)]
    assert all(error is None for _, error in results)
    assert {result.get_response().id for result, _ in results} == {str(number) for number in range(50)}


@pytest.mark.parametrize(
    ("model", "values", "status", "words"),
    [
        ("nobody", FEATURES, "NOT_FOUND", "Request for unknown model: 'nobody' is not found"),
        ("iris", FEATURES[:, :3].copy(), "INVALID_ARGUMENT", "unexpected shape for input 'features' for model 'iris'"),
        ("repeat", FEATURES, "UNIMPLEMENTED", "ModelInfer RPC doesn't support models with decoupled transaction"),
    ],
)
def test_error_text(
    remote: triton.InferenceServerClient, model: str, values: np.ndarray, status: str, words: str
) -> None:
    """The message and the status."""
    with pytest.raises(InferenceServerException) as caught:
        remote.infer(model, [tensor("features", "FP32", values)])
    assert words in caught.value.message()
    assert caught.value.status() == f"StatusCode.{status}"


def test_bad_requests(server: Server, stub: service_pb2_grpc.GRPCInferenceServiceStub) -> None:
    """Fields missing, doubled and of the wrong size: an error each, and the server goes on."""
    import grpc

    def refused(request: service_pb2.ModelInferRequest) -> str:
        with pytest.raises(grpc.RpcError) as caught:
            stub.ModelInfer(request)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT, caught.value
        return caught.value.details()

    def request(raw: bytes | None = FEATURES.tobytes(), **fields: object) -> service_pb2.ModelInferRequest:
        made = service_pb2.ModelInferRequest(model_name="iris")
        made.inputs.add(**{"name": "features", "datatype": "FP32", "shape": [1, 4], **fields})
        if raw is not None:
            made.raw_input_contents.append(raw)
        return made

    assert refused(service_pb2.ModelInferRequest())
    assert refused(service_pb2.ModelInferRequest(model_name="iris", model_version="-1"))
    assert "expected 1 inputs but got 0" in refused(service_pb2.ModelInferRequest(model_name="iris"))
    assert "name" in refused(request(name=""))
    assert "datatype" in refused(request(datatype=""))
    assert "FP31" in refused(request(datatype="FP31"))
    assert "shape" in refused(request(shape=[-1, 4]))
    assert "shape" in refused(request(shape=[2**62, 2**62]))
    assert "Expected 16, got 0" in refused(request(raw=None))
    assert "Expected 16, got 15" in refused(request(raw=b"x" * 15))
    both = request()
    both.inputs[0].contents.fp32_contents.extend([1, 2, 3, 4])
    assert "contents field must not be specified when using raw_input_contents" in refused(both)
    two = request()
    two.raw_input_contents.append(b"")
    assert "raw_input_contents" in refused(two)
    narrow = service_pb2.ModelInferRequest(model_name="identity_int8")
    narrow.inputs.add(name="x", datatype="INT8", shape=[1]).contents.int_contents.extend([300])
    assert "300 is out of range for INT8" in refused(narrow)
    server.assert_serving()


def collect(remote: triton.InferenceServerClient, **options: object) -> queue.Queue:
    """Start a stream whose answers go into a queue."""
    answers: queue.Queue = queue.Queue()
    remote.start_stream(lambda result, error: answers.put((result, error)), **options)
    return answers


def repeat(values: list[int]) -> list[triton.InferInput]:
    """Inputs of the model with many answers."""
    return [
        tensor("IN", "INT32", np.array(values, dtype=np.int32)),
        tensor("DELAY", "UINT32", np.zeros(len(values), dtype=np.uint32)),
        tensor("WAIT", "UINT32", np.zeros(1, dtype=np.uint32)),
    ]


def test_stream_order_and_errors(remote: triton.InferenceServerClient) -> None:
    """Answers in the order of the requests; an error is one of them and carries the request's id."""
    answers = collect(remote)
    for number in range(20):
        model = "nobody" if number == 7 else "iris"
        remote.async_stream_infer(model, [tensor("features", "FP32", FEATURES)], request_id=str(number))
    got = [answers.get(timeout=30) for _ in range(20)]
    remote.stop_stream()
    for number, (result, error) in enumerate(got):
        if number == 7:
            assert "Request for unknown model: 'nobody' is not found" in error.message()
            continue
        assert error is None
        assert result.get_response().id == str(number)
        assert result.get_response().parameters["triton_final_response"].bool_param


@pytest.mark.parametrize("wants_final", [False, True])
def test_decoupled_stream(remote: triton.InferenceServerClient, wants_final: bool) -> None:
    """As many answers as elements, then the end for those who asked for it."""
    answers = collect(remote)
    remote.async_stream_infer("repeat", repeat([4, 5, 6]), request_id="r", enable_empty_final_response=wants_final)
    got = [answers.get(timeout=30) for _ in range(4 if wants_final else 3)]
    remote.stop_stream()
    assert answers.empty()
    assert all(error is None for _, error in got)
    assert [result.as_numpy("OUT").tolist() for result, _ in got[:3]] == [[4], [5], [6]]
    finals = [result.get_response().parameters["triton_final_response"].bool_param for result, _ in got]
    assert finals == [False, False, False, True][: len(got)]


def test_a_stream_that_ends_with_its_first_error(remote: triton.InferenceServerClient) -> None:
    """The client's mode for real statuses."""
    answers = collect(remote, headers={"triton_grpc_error": "true"})
    remote.async_stream_infer("nobody", [tensor("features", "FP32", FEATURES)])
    _, error = answers.get(timeout=30)
    assert error.status() == "StatusCode.NOT_FOUND"
    remote.stop_stream()


def test_a_cancelled_stream(server: Server, remote: triton.InferenceServerClient) -> None:
    """Called off with a hundred thousand answers to come; the server goes on."""
    answers = collect(remote)
    remote.async_stream_infer("repeat", repeat([1] * 100_000))
    answers.get(timeout=30)
    remote.stop_stream(cancel_requests=True)
    server.assert_serving()

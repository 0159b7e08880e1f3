"""TensorFlow Serving's gRPC client, unchanged; skipped where it isn't installed (requirements-tensorflow.txt)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.paths import FIXTURES
from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server
from apus_e2e.tensors import array
from apus_e2e.wire import eventually
from test_client_snippets import snippets

pytest.importorskip("tensorflow_serving", reason="pip install --no-deps -r Tests/EndToEnd/requirements-tensorflow.txt")
from apus_e2e import tensorflow_protos  # noqa: E402

tensorflow_protos.install()
import grpc  # noqa: E402
from tensorflow.core.framework import tensor_pb2  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from apus_e2e.tensorflow_protos import make_ndarray, make_tensor_proto  # noqa: E402

CASES = [
    case
    for case in json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))
    if case["model"].startswith("identity_")
]
#: The list that TensorFlow has for each type, and the number of the type.
LISTS = {
    "BOOL": ("bool_val", 10), "UINT8": ("int_val", 4), "UINT16": ("int_val", 17), "UINT32": ("uint32_val", 22),
    "UINT64": ("uint64_val", 23), "INT8": ("int_val", 6), "INT16": ("int_val", 5), "INT32": ("int_val", 3),
    "INT64": ("int64_val", 9), "FP16": ("half_val", 19), "BF16": ("half_val", 14), "FP32": ("float_val", 1),
    "FP64": ("double_val", 2), "BYTES": ("string_val", 7),
}  # fmt: skip
#: What TensorFlow's own functions do and TensorBoard's copies of them don't.
UNKNOWN_TO_TENSORBOARD = ("UINT32", "UINT64", "BF16")
UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
Code = grpc.StatusCode


@pytest.fixture(params=["address", "grpc_address"])
def target(request: pytest.FixtureRequest, server: Server) -> str:
    """Both inference ports, which speak everything."""
    return "{}:{}".format(*getattr(server, request.param))


@pytest.fixture
def channel(target: str) -> Iterator[grpc.Channel]:
    """A channel to a port."""
    with grpc.insecure_channel(target, UNLIMITED) as opened:
        yield opened


def prediction(channel: grpc.Channel) -> Any:
    """Make a stub as users do."""
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


def predict_request(model: str, /, **inputs: Any) -> Any:
    """Make a request as users do."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(value)
    return request


def predict(channel: grpc.Channel, model: str, /, **inputs: Any) -> Any:
    """Ask for a prediction."""
    return prediction(channel).Predict(predict_request(model, **inputs), timeout=30)


def shaped(tensor: Any, *sizes: int) -> Any:
    """Give a tensor its shape."""
    for size in sizes:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


def refuse(call: Any, request: Any, code: Any, words: str) -> None:
    """Ask for something that must be refused like this."""
    with pytest.raises(grpc.RpcError) as raised:
        call(request, timeout=30)
    assert (raised.value.code(), words in raised.value.details()) == (code, True), raised.value


def values_of(case: dict[str, Any]) -> np.ndarray:
    """Make a case's array."""
    tensor = case["inputs"][0]
    return array(tensor["datatype"], tensor["shape"], tensor["data"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["model"])
def test_predict_every_type(channel: grpc.Channel, case: dict[str, Any]) -> None:
    """Data comes back as it went: from lists, from bytes, and from what `make_tensor_proto` makes."""
    values = values_of(case)
    datatype = case["inputs"][0]["datatype"]
    name, number = LISTS[datatype]
    by_list = tensor_pb2.TensorProto(dtype=number)
    for size in values.shape:
        by_list.tensor_shape.dim.add(size=size)
    elements = (values.view(np.uint16) if name == "half_val" else values).ravel().tolist()
    getattr(by_list, name).extend(elements)
    tensors = [by_list]
    if datatype != "BYTES":
        tensors.append(tensor_pb2.TensorProto(dtype=number, tensor_content=values.tobytes()))
        tensors[1].tensor_shape.CopyFrom(by_list.tensor_shape)
    if datatype not in UNKNOWN_TO_TENSORBOARD:
        tensors.append(make_tensor_proto(values))
    for tensor in tensors:
        answer = predict(channel, case["model"], x=tensor)
        assert answer.model_spec.name == case["model"]
        assert answer.model_spec.version.value == 1
        assert answer.model_spec.signature_name == "serving_default"
        assert answer.outputs["y"].dtype == number
        assert [dim.size for dim in answer.outputs["y"].tensor_shape.dim] == list(values.shape)
        assert list(getattr(answer.outputs["y"], name)) == elements
        if datatype not in UNKNOWN_TO_TENSORBOARD:
            assert make_ndarray(answer.outputs["y"]).tolist() == values.tolist()


def test_one_value_fills_a_tensor(channel: grpc.Channel) -> None:
    """What `make_tensor_proto` makes of a scalar and a shape; what is missing is the last value, or nothing."""
    answer = predict(channel, "identity_fp32", x=make_tensor_proto(2.5, shape=[2, 3]))
    assert make_ndarray(answer.outputs["y"]).tolist() == [[2.5] * 3] * 2
    for values, wanted in (([1, 2], [1, 2, 2]), ([], [0, 0, 0]), ([1, 2, 3, 4], [1, 2, 3])):
        tensor = shaped(tensor_pb2.TensorProto(dtype=1, float_val=values), 1, 3)
        answer = predict(channel, "identity_fp32", x=tensor)
        assert make_ndarray(answer.outputs["y"]).tolist() == [wanted]
    texts = shaped(tensor_pb2.TensorProto(dtype=7, string_val=[b"a", b"\xff\0"]), 1, 3)
    answer = predict(channel, "identity_string", x=texts)
    assert answer.outputs["y"].string_val == [b"a", b"\xff\0", b"\xff\0"]


def test_content_counts_before_lists(channel: grpc.Channel) -> None:
    """Both are there: the content is meant, as in TensorFlow."""
    tensor = tensor_pb2.TensorProto(dtype=1, float_val=[7, 8], tensor_content=np.float32([1, 2]).tobytes())
    answer = predict(channel, "identity_fp32", x=shaped(tensor, 1, 2))
    assert make_ndarray(answer.outputs["y"]).tolist() == [[1, 2]]


def test_outputs_may_be_chosen(channel: grpc.Channel) -> None:
    """A filter leaves the others out; one of unknown or double names is refused."""
    request = predict_request("iris", features=make_tensor_proto([[5.1, 3.5, 1.4, 0.2]]))
    assert set(prediction(channel).Predict(request, timeout=30).outputs) == {"label", "probabilities"}
    request.output_filter.append("label")
    assert set(prediction(channel).Predict(request, timeout=30).outputs) == {"label"}
    request.output_filter.append("label")
    refuse(prediction(channel).Predict, request, Code.INVALID_ARGUMENT, "duplicate output tensor alias: label")
    request.output_filter[:] = ["other"]
    refuse(
        prediction(channel).Predict,
        request,
        Code.INVALID_ARGUMENT,
        "output tensor alias not found in signature: other Outputs expected to be in the set {label,probabilities}.",
    )


def test_a_large_tensor(channel: grpc.Channel) -> None:
    """Thirty megabytes there and back."""
    values = np.arange(7_500_000, dtype=np.float32).reshape(7500, 1000)
    answer = predict(channel, "identity_fp32", x=make_tensor_proto(values))
    assert np.array_equal(make_ndarray(answer.outputs["y"]), values)


def test_errors(channel: grpc.Channel) -> None:
    """Statuses and words that clients know."""
    row = make_tensor_proto([[1.0, 2.0, 3.0, 4.0]])
    ask = prediction(channel).Predict
    invalid = Code.INVALID_ARGUMENT
    refuse(ask, predict_request("nobody"), Code.NOT_FOUND, "Servable not found for request: Latest(nobody)")
    refuse(ask, predict_pb2.PredictRequest(), invalid, "Missing ModelSpec")
    refuse(ask, predict_request(""), invalid, "ModelSpec has no name specified.")
    refuse(ask, predict_request("../iris"), invalid, "illegal model name")
    refuse(
        ask,
        predict_request("iris"),
        invalid,
        "input size does not match signature: 0!=1 len({}) != len({features}). Sent extra: {}. "
        "Missing but required: {features}.",
    )
    refuse(
        ask, predict_request("iris", features=row, more=row), invalid, "Sent extra: {more}. Missing but required: {}."
    )
    refuse(ask, predict_request("iris", features=make_tensor_proto([1.0])), invalid, "unexpected shape")
    refuse(ask, predict_request("iris", features=make_tensor_proto([[1, 2, 3, 4]])), invalid, "data-type")
    request = predict_request("iris", features=row)
    request.model_spec.signature_name = "other"
    refuse(ask, request, Code.FAILED_PRECONDITION, 'Serving signature key "other" not found.')
    for number in (2, 0, -1, 1 << 62):
        request = predict_request("iris", features=row)
        request.model_spec.version.value = number
        refuse(ask, request, Code.NOT_FOUND, f"Servable not found for request: Specific(iris, {number})")
    request = predict_request("iris", features=row)
    request.model_spec.version_label = "stable"
    refuse(ask, request, invalid, "Unrecognized servable version label: stable")


def add_example(request: Any, feature: str, values: list[float]) -> Any:
    """Add an example with one feature."""
    example = request.input.example_list.examples.add()
    example.features.feature[feature].float_list.value.extend(values)
    return request


def test_classify(channel: grpc.Channel) -> None:
    """Examples in, labels with scores out."""
    iris = EXAMPLES["iris"][0]
    data, expected = iris.request["inputs"][0]["data"][:4], iris.response["outputs"][1]["data"][:3]
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = "iris"
    for row in (data, [6.7, 3.0, 5.2, 2.3]):
        add_example(request, "features", row)
    answer = prediction(channel).Classify(request, timeout=30)
    assert (answer.model_spec.name, answer.model_spec.version.value) == ("iris", 1)
    first, second = answer.result.classifications
    assert [entry.label for entry in first.classes] == ["0", "1", "2"]
    np.testing.assert_allclose([entry.score for entry in first.classes], expected, rtol=1e-5, atol=1e-7)
    assert max(second.classes, key=lambda entry: entry.score).label == "2"


def test_regress_with_a_context(channel: grpc.Channel) -> None:
    """What all examples have in common stands in the context."""
    diabetes = EXAMPLES["diabetes"][0]
    features, value = diabetes.request["inputs"][0]["data"][:10], diabetes.response["outputs"][0]["data"][0]
    request = regression_pb2.RegressionRequest()
    request.model_spec.name = "diabetes"
    examples = request.input.example_list_with_context
    examples.context.features.feature["features"].float_list.value.extend(features)
    for _ in range(3):
        examples.examples.add()
    answer = prediction(channel).Regress(request, timeout=30)
    np.testing.assert_allclose([entry.value for entry in answer.result.regressions], [value] * 3, rtol=1e-5)
    assert answer.model_spec.signature_name == "serving_default"


def test_several_tasks(channel: grpc.Channel) -> None:
    """One model, asked in two ways at once."""
    features = EXAMPLES["diabetes"][0].request["inputs"][0]["data"][:10]
    request = inference_pb2.MultiInferenceRequest()
    for method in ("classify", "regress"):
        request.tasks.add(method_name=f"tensorflow/serving/{method}").model_spec.name = "diabetes"
    add_example(request, "features", features)
    classified, regressed = prediction(channel).MultiInference(request, timeout=30).results
    assert classified.WhichOneof("result") == "classification_result"
    assert regressed.WhichOneof("result") == "regression_result"
    assert regressed.model_spec.name == "diabetes"
    score = classified.classification_result.classifications[0].classes[0].score
    assert score == regressed.regression_result.regressions[0].value
    request.tasks.add(method_name="tensorflow/serving/predict").model_spec.name = "diabetes"
    refuse(prediction(channel).MultiInference, request, Code.INVALID_ARGUMENT, "Duplicate evaluation of signature")
    del request.tasks[:2]
    refuse(prediction(channel).MultiInference, request, Code.UNIMPLEMENTED, "Unsupported signature method_name")
    del request.tasks[:]
    refuse(prediction(channel).MultiInference, request, Code.INVALID_ARGUMENT, "at least one task")


def test_examples_that_do_not_fit(channel: grpc.Channel) -> None:
    """The words of a feature that is missing or wrong."""

    def request(**features: Any) -> Any:
        made = classification_pb2.ClassificationRequest()
        made.model_spec.name = "iris"
        example = made.input.example_list.examples.add()
        for name, (kind, values) in features.items():
            getattr(example.features.feature[name], kind).value.extend(values)
        return made

    ask, invalid = prediction(channel).Classify, Code.INVALID_ARGUMENT
    empty = classification_pb2.ClassificationRequest()
    empty.model_spec.name = "iris"
    refuse(ask, empty, invalid, "Input is empty.")
    refuse(ask, request(), invalid, "Feature: features (data type: float) is required but could not be found")
    refuse(ask, request(features=("int64_list", [1])), invalid, "Data types don't match. Expected type: float_list")
    refuse(ask, request(features=("bytes_list", [b"1"])), invalid, "Data types don't match. Expected type: float_list")
    refuse(ask, request(features=("float_list", [1, 2, 3])), invalid, "Feature: features has 3 values")
    refuse(ask, request(features=("float_list", [])), invalid, "Feature: features has 0 values")
    text = request(text=("bytes_list", [b"x"]))
    text.model_spec.name = "identity_string"
    refuse(ask, text, invalid, "can't classify")


def test_metadata(channel: grpc.Channel) -> None:
    """The signature unpacks."""
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "iris"
    answer = prediction(channel).GetModelMetadata(request, timeout=30)
    assert (answer.model_spec.name, answer.model_spec.version.value) == ("iris", 1)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(signatures)
    signature = signatures.signature_def["serving_default"]
    assert signature.method_name == "tensorflow/serving/predict"
    assert [dim.size for dim in signature.inputs["features"].tensor_shape.dim] == [-1, 4]
    assert signature.inputs["features"].dtype == 1
    assert set(signature.outputs) == {"label", "probabilities"}
    for fields in ([], ["other"], ["signature_def", "other"]):
        request.metadata_field[:] = fields
        words = "is not supported" if fields else "must specify at least one metadata_field"
        refuse(prediction(channel).GetModelMetadata, request, Code.INVALID_ARGUMENT, words)
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    refuse(prediction(channel).GetModelMetadata, request, Code.INVALID_ARGUMENT, "Missing ModelSpec")
    request.model_spec.name = "nobody"
    refuse(prediction(channel).GetModelMetadata, request, Code.NOT_FOUND, "Servable not found")


def test_status(channel: grpc.Channel) -> None:
    """A version's state; words for what isn't there."""
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    request = get_model_status_pb2.GetModelStatusRequest()
    refuse(stub.GetModelStatus, request, Code.INVALID_ARGUMENT, "Missing ModelSpec")
    request.model_spec.name = "iris"
    (version,) = stub.GetModelStatus(request, timeout=30).model_version_status
    available = get_model_status_pb2.ModelVersionStatus.AVAILABLE
    assert (version.version, version.state, version.status.error_code) == (1, available, 0)
    request.model_spec.version.value = 9
    refuse(stub.GetModelStatus, request, Code.NOT_FOUND, "Could not find version 9 of model iris")
    request.model_spec.name = "nobody"
    refuse(stub.GetModelStatus, request, Code.NOT_FOUND, "Could not find any versions of model nobody")


def test_control_is_closed(channel: grpc.Channel) -> None:
    """The list of models isn't for everybody who may ask one."""
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.config.add(name="iris")
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    words = "start the server with --control-on-inference-ports"
    refuse(stub.HandleReloadConfigRequest, request, Code.PERMISSION_DENIED, words)
    predict(channel, "iris", features=make_tensor_proto([[5.1, 3.5, 1.4, 0.2]]))


def test_the_list_of_models_is_replaced(launch: Launch, tmp_path: Path) -> None:
    """What is listed is served when the call returns, and the rest goes; a failure leaves what was there."""
    repository = Repository(tmp_path / "models").builtin("a").builtin("b").builtin("c")
    repository.file("broken/1/model.onnx", b"no model")
    flags = ("--control-on-inference-ports", "--model-control-mode", "explicit", "--load-model", "a")
    server = launch(*flags, models=repository.root)
    question = make_tensor_proto([1.0])

    def request(*names: str) -> Any:
        made = model_management_pb2.ReloadConfigRequest()
        made.config.model_config_list.SetInParent()
        for name in names:
            made.config.model_config_list.config.add(
                name=name, base_path=f"/models/{name}", model_platform="tensorflow"
            )
        return made

    with grpc.insecure_channel(server.url) as channel:
        reload = model_service_pb2_grpc.ModelServiceStub(channel).HandleReloadConfigRequest

        def is_refused(name: str) -> bool:
            try:
                predict(channel, name, IN=question)
            except grpc.RpcError as error:
                return error.code() in (Code.NOT_FOUND, Code.UNAVAILABLE)
            return False

        def check(*served: str) -> None:
            for name in served:
                predict(channel, name, IN=question)
            for name in set("abc") - set(served):
                assert eventually(lambda name=name: is_refused(name), 10), name

        check("a")
        assert reload(request("a", "b"), timeout=60).status.error_code == 0
        check("a", "b")
        assert reload(request("b", "c"), timeout=60).status.error_code == 0
        check("b", "c")
        refuse(reload, request("a", "broken"), Code.INVALID_ARGUMENT, "load failed for model 'broken'")
        check("a", "b", "c")
        refuse(reload, request("nowhere"), Code.NOT_FOUND, "nowhere")
        refuse(reload, request("a", "a"), Code.INVALID_ARGUMENT, "Illegal to list model a multiple times")
        check("a", "b", "c")
        assert reload(request(), timeout=60).status.error_code == 0
        check()
        assert reload(request("c"), timeout=60).status.error_code == 0
        check("c")


def test_labels_of_classes(launch: Launch, tmp_path: Path) -> None:
    """The lines of the label file that the model's configuration names."""
    repository = Repository(tmp_path / "models").builtin("named", dims=(3,), extra="max_batch_size: 8")
    config = (repository.root / "named" / "config.pbtxt").read_text()
    config = config.replace('output [ { name: "OUT"', 'output [ { label_filename: "words.txt" name: "OUT"')
    repository.file("named/config.pbtxt", config).file("named/words.txt", "zero\none\n")
    server = launch(models=repository.root)
    with grpc.insecure_channel(server.url) as channel:
        request = classification_pb2.ClassificationRequest()
        request.model_spec.name = "named"
        answer = prediction(channel).Classify(add_example(request, "IN", [1, 2, 3]), timeout=30)
        assert [entry.label for entry in answer.result.classifications[0].classes] == ["zero", "one", "2"]
    with server.client() as client:
        body = client.post_json("/v1/models/named:classify", {"examples": [{"IN": [1.0, 2.0, 3.0]}]}).json()
        assert body == {"results": [[["zero", 1.0], ["one", 2.0], ["2", 3.0]]]}


def test_versions_and_labels(launch: Launch, tmp_path: Path) -> None:
    """A number or a label where the newest isn't meant, in every method."""
    repository = Repository(tmp_path / "models").builtin("m", extra="version_policy { all {} }")
    for version in ("2", "3"):
        (repository.root / "m" / version).mkdir()
    repository.file("m/apus-labels.json", '{"stable": 1, "canary": 3, "gone": 9}')
    server = launch(models=repository.root)
    with grpc.insecure_channel(server.url) as channel:
        stub = prediction(channel)
        status = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus
        metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        question = predict_request("m", IN=make_tensor_proto([1.0, 2.0]))
        everything = get_model_status_pb2.GetModelStatusRequest(model_spec=question.model_spec)
        assert sorted(entry.version for entry in status(everything, timeout=30).model_version_status) == [1, 2, 3]
        assert stub.Predict(question, timeout=30).model_spec.version.value == 3
        for choice, version in (({"version_label": "stable"}, 1), ({"version_label": "canary"}, 3), ({"number": 2}, 2)):
            spec = question.model_spec
            spec.Clear()
            spec.name = "m"
            if "number" in choice:
                spec.version.value = choice["number"]
            else:
                spec.version_label = choice["version_label"]
            assert stub.Predict(question, timeout=30).model_spec.version.value == version
            metadata.model_spec.CopyFrom(spec)
            assert stub.GetModelMetadata(metadata, timeout=30).model_spec.version.value == version
            asked = get_model_status_pb2.GetModelStatusRequest(model_spec=spec)
            assert [entry.version for entry in status(asked, timeout=30).model_version_status] == [version]
        for label in ("gone", "nothing", "a/b", "x" * 300):
            question.model_spec.version_label = label
            words = f"Unrecognized servable version label: {label[:200]}"
            refuse(stub.Predict, question, Code.INVALID_ARGUMENT, words)
            asked = get_model_status_pb2.GetModelStatusRequest(model_spec=question.model_spec)
            refuse(status, asked, Code.INVALID_ARGUMENT, words)


def test_a_model_that_failed_says_why(launch: Launch, tmp_path: Path) -> None:
    """Its version's state is END, with the reason."""
    repository = Repository(tmp_path / "models").builtin("good")
    repository.file("broken/1/model.onnx", b"no model")
    server = launch(models=repository.root)
    with grpc.insecure_channel(server.url) as channel:
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = "broken"
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        (version,) = stub.GetModelStatus(request, timeout=30).model_version_status
        assert version.state == get_model_status_pb2.ModelVersionStatus.END
        assert version.status.error_code == 2 and version.status.error_message


def test_a_deadline_is_kept(channel: grpc.Channel) -> None:
    """The client's deadline ends the request, with gRPC's own status."""
    request = predict_request("delay200", IN=make_tensor_proto([1.0]))
    started = time.monotonic()
    with pytest.raises(grpc.RpcError) as raised:
        prediction(channel).Predict(request, timeout=0.05)
    assert raised.value.code() == Code.DEADLINE_EXCEEDED
    assert time.monotonic() - started < 10
    assert prediction(channel).Predict(request, timeout=30).outputs["OUT"].float_val == [1]


@pytest.mark.parametrize("code", [code for _, code in snippets(["TensorFlow Serving, gRPC"])])
def test_snippet(server: Server, tmp_path: Path, code: str) -> None:
    """The page's snippet prints what it says; TensorFlow is stood in for."""
    expected = [line[2:].strip() for line in code.splitlines() if line.startswith("#>")]
    assert expected
    code = code.replace("localhost:8001", "{}:{}".format(*server.grpc_address))
    stand_in = "from apus_e2e import tensorflow_protos\ntensorflow_protos.install()\n"
    done = subprocess.run(
        [sys.executable, "-c", stand_in + code],
        capture_output=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parent)},
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for line in expected:
        assert line in done.stdout, done.stdout

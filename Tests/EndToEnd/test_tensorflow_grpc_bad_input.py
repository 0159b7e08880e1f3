"""Bad input for TensorFlow Serving's gRPC interface: a client's error each time, and the server goes on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from apus_e2e.scale import IS_LONG, SEED
from apus_e2e.server import Server

pytest.importorskip("tensorflow_serving", reason="pip install --no-deps -r Tests/EndToEnd/requirements-tensorflow.txt")
from apus_e2e import tensorflow_protos  # noqa: E402

tensorflow_protos.install()
import grpc  # noqa: E402
from google.protobuf.message import Message  # noqa: E402
from tensorflow.core.framework import tensor_pb2  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from apus_e2e.tensorflow_protos import make_tensor_proto  # noqa: E402

SERVER_FLAGS = ("--control-on-inference-ports",)
Code = grpc.StatusCode
#: What a client may be told of its own mistakes.
CLIENTS_FAULTS = {
    Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.FAILED_PRECONDITION, Code.UNIMPLEMENTED, Code.RESOURCE_EXHAUSTED,
}  # fmt: skip
PREDICT = "PredictionService/Predict"


def good_requests() -> dict[str, Message]:
    """Make a request to each method that is right."""
    predict = predict_pb2.PredictRequest(output_filter=["label"])
    predict.model_spec.name = "iris"
    predict.model_spec.signature_name = "serving_default"
    predict.model_spec.version.value = 1
    predict.inputs["features"].CopyFrom(make_tensor_proto([[1.0, 2.0, 3.0, 4.0]]))
    classify, regress = classification_pb2.ClassificationRequest(), regression_pb2.RegressionRequest()
    several = inference_pb2.MultiInferenceRequest()
    for method in ("classify", "regress"):
        several.tasks.add(method_name=f"tensorflow/serving/{method}").model_spec.name = "diabetes"
    for request, model, count in ((classify, "iris", 4), (regress, "diabetes", 10), (several, "", 10)):
        if model:
            request.model_spec.name = model
        features = request.input.example_list.examples.add().features.feature["features"]
        features.float_list.value.extend(range(count))
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    status = get_model_status_pb2.GetModelStatusRequest()
    for request in (metadata, status):
        request.model_spec.name = "iris"
    reload = model_management_pb2.ReloadConfigRequest()
    reload.config.model_config_list.config.add(name="iris", base_path="/models/iris")
    return {
        PREDICT: predict,
        "PredictionService/Classify": classify,
        "PredictionService/Regress": regress,
        "PredictionService/MultiInference": several,
        "PredictionService/GetModelMetadata": metadata,
        "ModelService/GetModelStatus": status,
        "ModelService/HandleReloadConfigRequest": reload,
    }


METHODS = list(good_requests())


@pytest.fixture
def channel(server: Server) -> Iterator[grpc.Channel]:
    """A channel to the server."""
    with grpc.insecure_channel(server.url, (("grpc.max_send_message_length", -1),)) as opened:
        yield opened


def ask(channel: grpc.Channel, method: str, message: bytes) -> tuple[Any, str]:
    """Send bytes to a method and give status and words."""
    try:
        channel.unary_unary(f"/tensorflow.serving.{method}")(message, timeout=60)
    except grpc.RpcError as error:
        return error.code(), error.details()
    return Code.OK, ""


def refuse(channel: grpc.Channel, method: str, message: bytes | Message, words: str = "") -> None:
    """Send something that must be refused as the client's fault."""
    data = message if isinstance(message, bytes) else message.SerializeToString()
    code, details = ask(channel, method, data)
    assert code in CLIENTS_FAULTS, f"{method} {data[:200]!r}: {code} {details}"
    assert details and len(details) < 20_000
    assert words in details


def tensor_request(**fields: Any) -> predict_pb2.PredictRequest:
    """Make a request to a model that takes anything of FP32."""
    shape = fields.pop("shape", [1, 2])
    request = predict_pb2.PredictRequest()
    request.model_spec.name = fields.pop("model", "identity_fp32")
    tensor = tensor_pb2.TensorProto(**({"dtype": 1} | fields))
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    request.inputs["x"].CopyFrom(tensor)
    return request


@pytest.mark.parametrize("method", METHODS)
def test_good_requests_are_good(channel: grpc.Channel, method: str) -> None:
    """What the others are made of is taken."""
    code, details = ask(channel, method, good_requests()[method].SerializeToString())
    wanted = Code.FAILED_PRECONDITION if "Reload" in method else Code.OK
    assert code == wanted, details


@pytest.mark.parametrize("method", METHODS)
def test_nothing_and_no_message(channel: grpc.Channel, method: str) -> None:
    """An empty message, and bytes that are none."""
    refuse(channel, method, b"")
    for data in (b"\x0a", b"\x0a\x05a", b"\x00\x01", b"\x07", b"\x0c", b"\x0b", b"\xff" * 20):
        refuse(channel, method, data, "failed to parse the request message")


@pytest.mark.parametrize("method", METHODS)
def test_each_field_missing(channel: grpc.Channel, method: str) -> None:
    """Every field of every level left out: the client is told so, or it wasn't needed."""

    def without(message: Message, top: Message) -> Iterator[bytes]:
        for field, value in message.ListFields():
            copy = type(message)()
            copy.CopyFrom(message)
            message.ClearField(field.name)
            yield top.SerializeToString()
            message.CopyFrom(copy)
            if field.message_type is None:
                continue
            if field.message_type.GetOptions().map_entry:
                mapped = getattr(message, field.name)
                inner = [mapped[key] for key in mapped] if hasattr(mapped, "GetEntryClass") else []
            elif hasattr(value, "ListFields"):
                inner = [getattr(message, field.name)]
            else:
                inner = list(getattr(message, field.name))
            for part in inner:
                yield from without(part, top)

    request = good_requests()[method]
    for data in without(request, request):
        code, details = ask(channel, method, data)
        assert code in CLIENTS_FAULTS | {Code.OK}, f"{data!r}: {code} {details}"


@pytest.mark.parametrize("method", METHODS)
def test_each_field_mistyped(channel: grpc.Channel, method: str) -> None:
    """Every field's number with every wire type, in front and behind."""
    good = good_requests()[method].SerializeToString()
    for number in range(1, 19):
        for wire, value in (
            (0, b"\x01"),
            (1, b"\0" * 8),
            (2, b"\x01\x08"),
            (2, b"\0"),
            (5, b"\0" * 4),
            (3, b""),
            (4, b""),
        ):
            tag = number << 3 | wire
            field = (bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])) + value
            for data in (field, field + good, good + field):
                code, details = ask(channel, method, data)
                assert code in CLIENTS_FAULTS | {Code.OK}, f"{data!r}: {code} {details}"


@pytest.mark.parametrize("method", METHODS)
def test_damaged_requests(channel: grpc.Channel, method: str) -> None:
    """Bytes changed, dropped, added and cut off."""
    chance = random.Random(f"{SEED} {method}")
    good = good_requests()[method].SerializeToString()
    for _ in range(4000 if IS_LONG else 200):
        data = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(data))
            match chance.randrange(5):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    data[at] ^= 1 << chance.randrange(8)
                case 2:
                    data.insert(at, chance.randrange(256))
                case 3 if len(data) > 1:
                    del data[at]
                case _:
                    data += good[chance.randrange(len(good)) :]
        code, details = ask(channel, method, bytes(data))
        assert code in CLIENTS_FAULTS | {Code.OK}, f"seed {SEED}: {bytes(data)!r}: {code} {details}"


@pytest.mark.parametrize(
    "shape",
    [
        [-1],
        [1 << 33, 1 << 33],
        [1 << 63 - 1],
        [-(1 << 63)],
        [1] * 33,
        [(1 << 28) + 1],
        [0, 1 << 62, 1 << 62],
        [1] * 5000,
    ],
)
def test_shapes_that_can_not_be(channel: grpc.Channel, shape: list[int]) -> None:
    """Negative, huge, and too many dimensions."""
    refuse(channel, PREDICT, tensor_request(shape=shape, float_val=[1]), "tensor parsing error: x: invalid shape")


def test_a_shape_of_unknown_rank(channel: grpc.Channel) -> None:
    """A value needs a shape."""
    request = tensor_request(float_val=[1])
    request.inputs["x"].tensor_shape.unknown_rank = True
    refuse(channel, PREDICT, request, "of unknown rank")


def test_content_that_does_not_fit(channel: grpc.Channel) -> None:
    """Too short, too long, of strings, of flags that are none, beside lists."""
    for count in (1, 4, 7, 9, 1 << 20):
        request = tensor_request(tensor_content=b"\0" * count, float_val=[1, 2])
        refuse(channel, PREDICT, request, f"tensor_content has {count} bytes, and DT_FLOAT of shape [1,2] takes 8")
    texts = tensor_request(model="identity_string", dtype=7, tensor_content=b"ab")
    refuse(channel, PREDICT, texts, "strings are expected in string_val")
    flags = tensor_request(model="identity_bool", dtype=10, tensor_content=b"\x01\x02")
    refuse(channel, PREDICT, flags, "element 1 is neither 0 nor 1")


def test_values_and_types_that_do_not_fit(channel: grpc.Channel) -> None:
    """Numbers out of a type's range; types that no model has, or not this one."""
    for model, dtype, value in (("int8", 6, 128), ("uint8", 4, -1), ("int16", 5, 1 << 15), ("uint16", 17, 1 << 16)):
        request = tensor_request(model=f"identity_{model}", dtype=dtype, int_val=[0, value])
        refuse(channel, PREDICT, request, f"element 1 of input 'x': {value} is out of range for {model.upper()}")
    for dtype, name in (
        (0, "DT_INVALID"),
        (8, "DT_COMPLEX64"),
        (20, "DT_RESOURCE"),
        (101, "type 101"),
        (-1, "type -1"),
    ):
        request = tensor_request()
        request.inputs["x"].dtype = dtype
        refuse(channel, PREDICT, request, f"its dtype is {name}, and the model's input is DT_FLOAT")
    refuse(channel, PREDICT, tensor_request(dtype=2, double_val=[1]), "data-type")


def test_small_requests_take_little_memory(server: Server, channel: grpc.Channel) -> None:
    """One value for a huge tensor, a context for many examples, millions of nothing: bounded, and given back."""
    ask(channel, PREDICT, tensor_request(float_val=[1]).SerializeToString())
    server.reset_peak()
    before = server.peak_kib
    refuse(channel, PREDICT, tensor_request(shape=[1, 1 << 28], float_val=[1]), "would be repeated to 268435456")
    text = tensor_request(model="identity_string", dtype=7, shape=[1, 1 << 20], string_val=[b"x" * (1 << 20)])
    refuse(channel, PREDICT, text, "would be repeated")
    nothing = classification_pb2.ClassificationRequest()
    nothing.model_spec.name = "iris"
    examples = nothing.input.example_list_with_context
    examples.context.features.feature["features"].float_list.value.extend([0] * 100_000)
    for _ in range(100_000):
        examples.examples.add()
    refuse(channel, "PredictionService/Classify", nothing)
    for tag in (b"\x0a", b"\x12", b"\x1a"):
        for method in METHODS:
            code, _ = ask(channel, method, (tag + b"\0") * 500_000)
            assert code in CLIENTS_FAULTS
    assert server.peak_kib - before < 60_000, f"grew by {server.peak_kib - before} KiB"


def test_long_words_come_back_short(channel: grpc.Channel) -> None:
    """What came is quoted in the error, but not a megabyte of it."""
    long = "x" * (1 << 20)
    request = good_requests()[PREDICT]
    for field in ("name", "signature_name", "version_label"):
        changed = predict_pb2.PredictRequest()
        changed.CopyFrom(request)
        setattr(changed.model_spec, field, long)
        refuse(channel, PREDICT, changed)
    request.output_filter[:] = [long]
    refuse(channel, PREDICT, request, "output tensor alias not found")
    request.inputs[long].CopyFrom(request.inputs["features"])
    refuse(channel, PREDICT, request, "input size does not match signature")
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=[long])
    metadata.model_spec.name = "iris"
    refuse(channel, "PredictionService/GetModelMetadata", metadata, "is not supported")


def test_a_thousand_inputs_and_more(channel: grpc.Channel) -> None:
    """Too many names are refused, and few of them come back."""
    for count, words in ((900, "and 850 more"), (1025, "'inputs' has more than 1024 entries")):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "iris"
        for number in range(count):
            request.inputs[f"n{number}"].dtype = 1
        refuse(channel, PREDICT, request, words)

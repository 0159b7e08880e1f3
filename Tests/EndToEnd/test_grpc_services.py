"""Health, reflection and plain predictions, by the clients that gRPC itself has for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_tools import protoc

from apus_e2e.server import Server

PROTOS = Path(__file__).resolve().parents[2] / "Sources/ApusProtos/Protos"


@pytest.fixture
def channel(server: Server) -> Iterator[grpc.Channel]:
    """A connection to the module's server."""
    with grpc.insecure_channel("{}:{}".format(*server.grpc_address)) as opened:
        yield opened


def test_health(channel: grpc.Channel) -> None:
    """The server, a model, and what isn't there."""
    stub = health_pb2_grpc.HealthStub(channel)
    serving = health_pb2.HealthCheckResponse.SERVING
    assert stub.Check(health_pb2.HealthCheckRequest()).status == serving
    assert stub.Check(health_pb2.HealthCheckRequest(service="iris")).status == serving
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="nobody"))
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    for name, status in (("", serving), ("nobody", health_pb2.HealthCheckResponse.SERVICE_UNKNOWN)):
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=name))
        assert next(watch).status == status
        watch.cancel()


def test_reflection(channel: grpc.Channel) -> None:
    """What a client without .proto files finds out is enough to ask."""
    database = ProtoReflectionDescriptorDatabase(channel)
    services = set(database.get_services())
    assert {"inference.GRPCInferenceService", "grpc.health.v1.Health", "apus.v1.Prediction"} <= services
    pool = DescriptorPool(database)
    for name in services:
        service = pool.FindServiceByName(name)
        assert service.methods, name
    infer = pool.FindServiceByName("inference.GRPCInferenceService").FindMethodByName("ModelInfer")
    assert infer.input_type.fields_by_name["raw_input_contents"].number == 7
    with pytest.raises(KeyError):
        pool.FindServiceByName("no.such.Service")


def test_the_current_version_of_reflection(channel: grpc.Channel) -> None:
    """The same messages under another name: grpcurl asks for this one first."""
    ask = channel.stream_stream(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    (answer,) = ask(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    assert "apus.v1.Prediction" in {service.name for service in answer.list_services_response.service}


@pytest.fixture(scope="module")
def prediction(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The client's code, made of the one file that it needs."""
    folder = tmp_path_factory.mktemp("prediction")
    command = ["", f"-I{PROTOS}", f"--python_out={folder}", f"--grpc_python_out={folder}", "apus/v1/prediction.proto"]
    assert protoc.main(command) == 0
    sys.path.insert(0, str(folder))
    from apus.v1 import prediction_pb2, prediction_pb2_grpc

    prediction_pb2.Stub = prediction_pb2_grpc.PredictionStub
    return prediction_pb2


def test_prediction(channel: grpc.Channel, prediction: ModuleType) -> None:
    """Numbers in, predictions out; what doesn't fit is refused with what would."""
    stub = prediction.Stub(channel)
    answer = stub.Predict(prediction.PredictRequest(model="iris", data=[5.1, 3.5, 1.4, 0.2], id="i"))
    assert answer.id == "i"
    assert answer.model == "iris"
    assert sum(answer.outputs["probabilities"].numbers) == pytest.approx(1)
    assert list(answer.outputs["label"].integers) == [0]
    two = stub.Predict(prediction.PredictRequest(model="iris", data=[5.1, 3.5, 1.4, 0.2] * 2, shape=[2, 4]))
    assert list(two.outputs["label"].integers) == [0, 0]
    for wrong, code in (
        ({"model": "iris", "data": [1, 2, 3]}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"model": "nobody", "data": [1]}, grpc.StatusCode.NOT_FOUND),
        ({"data": [1]}, grpc.StatusCode.NOT_FOUND),
        ({"model": "identity_string", "data": [1]}, grpc.StatusCode.UNIMPLEMENTED),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(prediction.PredictRequest(**wrong))
        assert caught.value.code() == code, wrong

"""Operating a server over gRPC by Triton's own client: models on demand, shared memory, settings, classification."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.utils.shared_memory as shm
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from apus_e2e.examples import EXAMPLES
from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server
from apus_e2e.tensors import array
from apus_e2e.wire import eventually

COUNT = 1000
SIZE = COUNT * 4
IRIS = EXAMPLES["iris"][0].request["inputs"][0]


def connect(server: Server) -> triton.InferenceServerClient:
    """Open a client of a server."""
    return triton.InferenceServerClient("{}:{}".format(*server.grpc_address))


@pytest.fixture
def operated(launch: Launch, tmp_path: Path) -> Iterator[tuple[Server, triton.InferenceServerClient, Repository]]:
    """A server that is operated by its clients."""
    repository = Repository(tmp_path / "models").sample("iris").builtin("echo").builtin("other")
    server = launch(
        "--model-control-mode=explicit",
        "--control-on-inference-ports",
        "--allow-client-shm",
        "--allow-file-overrides",
        "--load-model=echo",
        models=repository.root,
    )
    with connect(server) as remote:
        yield server, remote, repository


def features() -> triton.InferInput:
    """Make iris' input."""
    values = array("FP32", IRIS["shape"], IRIS["data"])
    made = triton.InferInput("features", list(values.shape), "FP32")
    made.set_data_from_numpy(values)
    return made


def status_of(caught: pytest.ExceptionInfo[InferenceServerException]) -> str:
    """Give the status of a call that was refused."""
    return caught.value.status().removeprefix("StatusCode.")


def test_load_and_unload(operated: tuple) -> None:
    """Triton's calls, the index that goes with them, and what is refused."""
    _, remote, _ = operated
    index = {model.name: model.state for model in remote.get_model_repository_index().models}
    assert index == {"echo": "READY", "iris": "", "other": ""}
    with pytest.raises(InferenceServerException):
        remote.infer("iris", [features()])
    remote.load_model("iris")
    assert remote.is_model_ready("iris")
    assert remote.infer("iris", [features()]).as_numpy("label") is not None
    remote.unload_model("iris", unload_dependents=True)
    assert eventually(lambda: not remote.is_model_ready("iris"))
    with pytest.raises(InferenceServerException, match="has not been served") as caught:
        remote.unload_model("iris")
    assert status_of(caught) == "INVALID_ARGUMENT"
    with pytest.raises(InferenceServerException, match="failed to load 'nobody'") as caught:
        remote.load_model("nobody")
    assert status_of(caught) == "NOT_FOUND"
    with pytest.raises(InferenceServerException, match="did you mean 'max_batch_size'") as caught:
        remote.load_model("iris", config=json.dumps({"max_batch_sise": 1}))
    assert status_of(caught) == "INVALID_ARGUMENT"


def test_load_with_a_configuration_and_files(operated: tuple) -> None:
    """What comes with the request counts for this load."""
    _, remote, repository = operated
    model = (repository.root / "iris" / "1" / "model.onnx").read_bytes()
    remote.load_model("mine", config=json.dumps({"max_batch_size": 4}), files={"file:7/model.onnx": model})
    result = remote.infer("mine", [features()])
    assert result.get_response().model_version == "7"
    assert remote.get_model_config("mine").config.max_batch_size == 4
    with pytest.raises(InferenceServerException) as caught:
        remote.load_model("mine", config="{}", files={"file:8/model.onnx": b"no model"})
    assert status_of(caught) == "INVALID_ARGUMENT"
    assert remote.infer("mine", [features()]).get_response().model_version == "7"


def test_kserve_numbers_the_fields_otherwise(operated: tuple) -> None:
    """The model's name in field 1; both fields of the answer."""
    server, _, _ = operated
    with grpc.insecure_channel("{}:{}".format(*server.grpc_address)) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        loaded = stub.RepositoryModelLoad(service_pb2.RepositoryModelLoadRequest(repository_name="iris"))
        # Triton's message has neither: they are unknown fields to it.
        assert b"iris" in loaded.SerializeToString()
        unloaded = stub.RepositoryModelUnload(service_pb2.RepositoryModelUnloadRequest(repository_name="iris"))
        assert b"iris" in unloaded.SerializeToString()


@pytest.fixture
def region() -> Iterator[tuple[object, str]]:
    """Memory for one input and one output, one behind the other."""
    key = f"/apuse2egrpc_{os.getpid()}"
    handle = shm.create_shared_memory_region("data", key, 2 * SIZE)
    yield handle, key
    shm.destroy_shared_memory_region(handle)


def echo(input_part: tuple[int, int] = (0, SIZE), output_part: tuple[int, int] = (SIZE, SIZE)) -> tuple[list, list]:
    """Make the input and the output of a request: offset and size of each."""
    given = triton.InferInput("IN", [COUNT], "FP32")
    given.set_shared_memory("data", input_part[1], input_part[0])
    wanted = triton.InferRequestedOutput("OUT")
    wanted.set_shared_memory("data", output_part[1], output_part[0])
    return [given], [wanted]


@pytest.mark.parametrize("streams", [False, True])
def test_shared_memory_there_and_back(operated: tuple, region: tuple, streams: bool) -> None:
    """Input and output in one region, by ModelInfer and by a stream."""
    _, remote, _ = operated
    handle, key = region
    assert "system_shared_memory" in remote.get_server_metadata().extensions
    remote.register_system_shared_memory("data", key, 2 * SIZE)
    status = remote.get_system_shared_memory_status().regions["data"]
    assert (status.key, status.offset, status.byte_size) == (key, 0, 2 * SIZE)
    values = np.arange(COUNT, dtype=np.float32)
    shm.set_shared_memory_region(handle, [values])
    inputs, outputs = echo()
    if streams:
        results: list = []
        remote.start_stream(lambda result, error: results.append((result, error)))
        remote.async_stream_infer("echo", inputs, outputs=outputs)
        assert eventually(lambda: results)
        remote.stop_stream()
        result, error = results[0]
        assert error is None
    else:
        result = remote.infer("echo", inputs, outputs=outputs)
    response = result.get_response()
    assert list(response.raw_output_contents) == [b""]
    assert list(response.outputs[0].shape) == [COUNT]
    assert np.array_equal(shm.get_contents_as_numpy(handle, np.float32, [COUNT], offset=SIZE), values)
    for parts, words in (
        (((0, SIZE), (SIZE, SIZE - 4)), "should be at least"),
        (((SIZE, 2 * SIZE), (0, SIZE)), "offset"),
        (((0, SIZE - 4), (SIZE, SIZE)), "input byte size mismatch|unexpected total byte size|Expected"),
    ):
        with pytest.raises(InferenceServerException, match=words) as caught:
            remote.infer("echo", *echo(*parts)[:1], outputs=echo(*parts)[1])
        assert status_of(caught) == "INVALID_ARGUMENT", parts
    with pytest.raises(InferenceServerException, match="already in manager"):
        remote.register_system_shared_memory("data", key, SIZE)
    remote.unregister_system_shared_memory("data")
    assert not remote.get_system_shared_memory_status().regions
    with pytest.raises(InferenceServerException, match="Unable to find shared memory region: 'data'") as caught:
        remote.infer("echo", inputs)
    assert status_of(caught) == "NOT_FOUND"


def test_memory_that_its_owner_shortens(operated: tuple) -> None:
    """An error for the request that meets it; the server goes on."""
    _, remote, _ = operated
    path = Path("/dev/shm") / f"apuse2egrpcshort_{os.getpid()}"
    path.write_bytes(b"\0" * 2 * SIZE)
    try:
        remote.register_system_shared_memory("data", f"/{path.name}", 2 * SIZE)
        os.truncate(path, 100)
        with pytest.raises(InferenceServerException) as caught:
            remote.infer("echo", echo()[0])
        assert status_of(caught) == "INVALID_ARGUMENT"
    finally:
        path.unlink()
        remote.unregister_system_shared_memory()
    assert remote.is_model_ready("echo")


def test_cuda_memory_is_not_supported(operated: tuple) -> None:
    """There is none; to forget it is no error."""
    _, remote, _ = operated
    assert not remote.get_cuda_shared_memory_status().regions
    remote.unregister_cuda_shared_memory()
    with pytest.raises(InferenceServerException, match="CUDA shared memory isn't supported") as caught:
        remote.register_cuda_shared_memory("gpu", b"", 0, 64)
    assert status_of(caught) == "UNIMPLEMENTED"


def test_trace_settings(operated: tuple) -> None:
    """Read, changed, cleared; per model."""
    _, remote, _ = operated
    settings = remote.get_trace_settings().settings
    assert (list(settings["trace_level"].value), list(settings["trace_rate"].value)) == (["OFF"], ["1000"])
    changed = remote.update_trace_settings(settings={"trace_level": ["TIMESTAMPS", "TENSORS"], "trace_rate": "5"})
    assert list(changed.settings["trace_level"].value) == ["TIMESTAMPS", "TENSORS"]
    remote.update_trace_settings(model_name="echo", settings={"trace_rate": "7"})
    assert list(remote.get_trace_settings("echo").settings["trace_rate"].value) == ["7"]
    assert list(remote.get_trace_settings().settings["trace_rate"].value) == ["5"]
    remote.update_trace_settings(model_name="echo", settings={"trace_rate": None})
    assert list(remote.get_trace_settings("echo").settings["trace_rate"].value) == ["5"]
    for wrong in ({"trace_level": ["LOUD"]}, {"trace_rate": "-1"}, {"nothing": "1"}):
        with pytest.raises(InferenceServerException) as caught:
            remote.update_trace_settings(settings=wrong)
        assert status_of(caught) == "INVALID_ARGUMENT", wrong
    with pytest.raises(InferenceServerException) as caught:
        remote.get_trace_settings("nobody")
    assert status_of(caught) == "NOT_FOUND"


def test_log_settings(operated: tuple) -> None:
    """Read and changed."""
    _, remote, _ = operated
    settings = remote.get_log_settings().settings
    assert settings["log_info"].bool_param is True
    assert settings["log_format"].string_param == "default"
    changed = remote.update_log_settings({"log_verbose_level": 1, "log_info": False}).settings
    assert changed["log_verbose_level"].uint32_param == 1
    assert changed["log_info"].bool_param is False
    for wrong in ({"log_format": "XML"}, {"nothing": True}):
        with pytest.raises(InferenceServerException) as caught:
            remote.update_log_settings(wrong)
        assert status_of(caught) == "INVALID_ARGUMENT", wrong


def test_classification(operated: tuple) -> None:
    """The highest classes as `value:index`, raw as all output of gRPC is."""
    _, remote, _ = operated
    remote.load_model("iris")
    plain = remote.infer("iris", [features()]).as_numpy("probabilities")
    wanted = triton.InferRequestedOutput("probabilities", class_count=2)
    result = remote.infer("iris", [features()], outputs=[wanted])
    classes = result.as_numpy("probabilities")
    best = np.argsort(-plain.reshape(-1))[:2]
    texts = [text.decode().split(":") for text in classes.reshape(-1)]
    assert [int(text[1]) for text in texts] == list(best)
    assert np.allclose([float(text[0]) for text in texts], plain.reshape(-1)[best], atol=1e-6)


def test_control_is_closed_unless_opened(launch: Launch, tmp_path: Path) -> None:
    """PERMISSION_DENIED that says how to open it; looking is allowed."""
    repository = Repository(tmp_path / "models").builtin("echo")
    server = launch("--model-control-mode=explicit", "--load-model=echo", models=repository.root)
    with connect(server) as remote:
        for call in (
            lambda: remote.load_model("echo"),
            lambda: remote.unload_model("echo"),
            lambda: remote.register_system_shared_memory("r", "/r", 1),
            lambda: remote.unregister_system_shared_memory(),
            lambda: remote.register_cuda_shared_memory("r", b"", 0, 1),
            lambda: remote.update_trace_settings(settings={"trace_rate": "5"}),
            lambda: remote.update_log_settings({"log_info": False}),
        ):
            with pytest.raises(InferenceServerException, match="--control-on-inference-ports") as caught:
                call()
            assert status_of(caught) == "PERMISSION_DENIED"
        remote.get_trace_settings()
        remote.get_log_settings()
        remote.get_system_shared_memory_status()
        assert remote.is_model_ready("echo")


def test_a_version_may_be_a_label(launch: Launch, tmp_path: Path) -> None:
    """`model_version` takes what `apus-labels.json` names."""
    repository = Repository(tmp_path / "models").builtin("echo")
    (repository.root / "echo" / "apus-labels.json").write_text('{"stable": 1}')
    server = launch(models=repository.root)
    values = np.zeros(2, np.float32)
    given = triton.InferInput("IN", [2], "FP32")
    given.set_data_from_numpy(values)
    with connect(server) as remote:
        assert remote.infer("echo", [given], model_version="stable").get_response().model_version == "1"
        assert remote.is_model_ready("echo", "stable")
        with pytest.raises(InferenceServerException) as caught:
            remote.infer("echo", [given], model_version="canary")
        assert status_of(caught) == "NOT_FOUND"
        with pytest.raises(InferenceServerException, match="integral value > 0") as caught:
            remote.infer("echo", [given], model_version="-1")
        assert status_of(caught) == "INVALID_ARGUMENT"

"""What Triton's gRPC client can say besides tensors, and how much of it."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server
from test_sequences import SUM_STATE, sequences



def vector(name: str, values: np.ndarray) -> triton.InferInput:
    """Make an FP32 input."""
    made = triton.InferInput(name, list(values.shape), "FP32")
    made.set_data_from_numpy(values)
    return made


@pytest.fixture
def echoing(launch: Launch, tmp_path: Path) -> Iterator[Server]:
    """A server that gives back what it gets, at once or after 300 ms."""
    repository = Repository(tmp_path / "models").builtin("echo").builtin("slow", "delay", 300)
    yield launch("--keep-alive-timeout", "1s", "--max-answer-bytes", "256MiB", models=repository.root)


def target(server: Server) -> str:
    """Where gRPC is."""
    return "{}:{}".format(*server.grpc_address)


def test_a_message_of_100_megabytes(echoing: Server) -> None:
    """There and back; larger than a body of HTTP may be, since gRPC has a limit of its own."""
    values = np.arange(25_000_000, dtype=np.float32)
    with triton.InferenceServerClient(target(echoing)) as remote:
        result = remote.infer("echo", [vector("IN", values)])
        assert np.array_equal(result.as_numpy("OUT"), values)


def test_keepalive_pings(echoing: Server) -> None:
    """A client that pings without a call is let be, and its next call goes the same way."""
    options = triton.KeepAliveOptions(
        keepalive_time_ms=200,
        keepalive_timeout_ms=1000,
        keepalive_permit_without_calls=True,
        http2_max_pings_without_data=0,
    )
    values = np.ones(3, np.float32)
    with triton.InferenceServerClient(target(echoing), keepalive_options=options) as remote:
        for _ in range(2):
            assert np.array_equal(remote.infer("echo", [vector("IN", values)]).as_numpy("OUT"), values)
            time.sleep(0.9)


def test_what_goes_with_a_request(echoing: Server) -> None:
    """Priority, parameters of the user's own, the id; a time that is too short is told."""
    values = np.ones(3, np.float32)
    with triton.InferenceServerClient(target(echoing)) as remote:
        result = remote.infer(
            "echo", [vector("IN", values)], request_id="7", priority=1, parameters={"mine": "x", "heat": 0.5, "n": 3}
        )
        assert result.get_response().id == "7"
        with pytest.raises(InferenceServerException, match="reserved|triton_") as caught:
            remote.infer("echo", [vector("IN", values)], parameters={"triton_mine": 1})
        assert caught.value.status() in (None, "StatusCode.INVALID_ARGUMENT")
        first = remote.async_infer("slow", [vector("IN", values)], callback=lambda result, error: None)
        time.sleep(0.05)
        with pytest.raises(InferenceServerException, match="Request timeout expired") as caught:
            remote.infer("slow", [vector("IN", values)], timeout=20_000)
        assert caught.value.status() == "StatusCode.UNAVAILABLE"
        del first


def test_an_output_with_names_of_classes(launch: Launch, tmp_path: Path) -> None:
    """`value:index:label`, by the output's label file."""
    repository = Repository(tmp_path / "models")
    folder = repository.root / "named"
    (folder / "1").mkdir(parents=True)
    (folder / "labels.txt").write_text("no\nyes\nmaybe\n")
    (folder / "config.pbtxt").write_text(
        '''backend: "builtin" parameters { key: "kind" value { string_value: "identity" } }
input [ { name: "IN" data_type: TYPE_FP32 dims: [ 3 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ 3 ] label_filename: "labels.txt" } ]
'''
    )
    server = launch(models=repository.root)
    with triton.InferenceServerClient(target(server)) as remote:
        wanted = triton.InferRequestedOutput("OUT", class_count=2)
        result = remote.infer("named", [vector("IN", np.array([0.5, 3, 1], np.float32))], outputs=[wanted])
        assert result.as_numpy("OUT").tolist() == [b"3.000000:1:yes", b"1.000000:2:maybe"]


@pytest.mark.parametrize("sequence", [7, "a sequence"])
def test_a_sequence(launch: Launch, tmp_path: Path, sequence: int | str) -> None:
    """A running sum, one by one and as a stream; what doesn't begin with a start is refused."""
    config = sequences("max_sequence_idle_microseconds: 60000000 " + SUM_STATE)
    server = launch(models=Repository(tmp_path / "models").onnx("sum", "running_sum", config=config).root)
    with triton.InferenceServerClient(target(server)) as remote:
        totals = []
        for step in range(4):
            given = vector("x", np.array([[step + 1]], np.float32))
            result = remote.infer(
                "sum", [given], sequence_id=sequence, sequence_start=step == 0, sequence_end=step == 3
            )
            totals.append(float(result.as_numpy("total")[0, 0]))
        assert totals == [1, 3, 6, 10]
        with pytest.raises(InferenceServerException, match="must specify the START flag") as caught:
            remote.infer("sum", [vector("x", np.ones((1, 1), np.float32))], sequence_id=sequence)
        assert caught.value.status() == "StatusCode.INVALID_ARGUMENT"
        streamed: queue.Queue = queue.Queue()
        remote.start_stream(lambda result, error: streamed.put((result, error)))
        for step in range(4):
            remote.async_stream_infer(
                "sum",
                [vector("x", np.array([[2]], np.float32))],
                sequence_id=sequence,
                sequence_start=step == 0,
                sequence_end=step == 3,
            )
        answers = [streamed.get(timeout=20) for _ in range(4)]
        remote.stop_stream()
        assert all(error is None for _, error in answers), answers
        assert [float(result.as_numpy("total")[0, 0]) for result, _ in answers] == [2, 4, 6, 8]

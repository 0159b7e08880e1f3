"""Stateful models: tritonclient's sequence calls over HTTP, state and controls filled in by the server."""

from __future__ import annotations

import random
import shutil
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from apus_e2e.paths import FIXTURES
from apus_e2e.repository import Repository
from apus_e2e.scale import SEED
from apus_e2e.server import Server

SUM_STATE = """
  state [ {
    input_name: "sum_in" output_name: "sum_out" data_type: TYPE_FP32 dims: [ 1 ]
    initial_state: { data_type: TYPE_FP32 dims: [ 1 ] zero_data: true name: "zero" }
  } ]
"""

SUM_IO = """
input [ { name: "x" data_type: TYPE_FP32 dims: [ 1 ] } ]
output [ { name: "total" data_type: TYPE_FP32 dims: [ 1 ] } ]
"""

CONTROLS = """
  control_input [
    { name: "START" control [ { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] } ] },
    { name: "READY" control [ { kind: CONTROL_SEQUENCE_READY int32_false_true: [ 0, 5 ] } ] },
    { name: "END" control [ { kind: CONTROL_SEQUENCE_END bool_false_true: [ false, true ] } ] },
    { name: "CORRID" control [ { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } ] }
  ]
"""

CORRID_TEXT = """
  control_input [ { name: "CORRID" control [ { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_STRING } ] } ]
"""


def sequences(body: str, batch: int = 8, io: str = SUM_IO, instances: int = 2) -> str:
    """Write a configuration."""
    group = f"instance_group [ {{ count: {instances} kind: KIND_CPU }} ]\n"
    return f"max_batch_size: {batch}\n{group}{io}sequence_batching {{ {body} }}\n"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stateful models of every kind."""
    root = tmp_path_factory.mktemp("sequences") / "models"
    repository = Repository(root).sample("iris")
    idle = "max_sequence_idle_microseconds: 60000000 "
    repository.onnx("sum", "running_sum", config=sequences(idle + SUM_STATE, batch=64))
    repository.onnx("sum_oldest", "running_sum", config=sequences(
        idle + "oldest { max_candidate_sequences: 64 preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 }"
        + SUM_STATE
    ))
    repository.onnx("sum_one_slot", "running_sum", config=sequences(idle + SUM_STATE, batch=1, instances=1))
    repository.onnx("sum_short", "running_sum", config=sequences("max_sequence_idle_microseconds: 300000" + SUM_STATE))
    both = SUM_IO.replace("output [", 'output [ { name: "sum_out" data_type: TYPE_FP32 dims: [ 1 ] },')
    repository.onnx("sum_shown", "running_sum", config=sequences(idle + SUM_STATE, io=both))
    flat = SUM_STATE.replace("dims: [ 1 ]", "dims: [ 1, 1 ]")
    repository.onnx("sum_flat", "running_sum", config=sequences(
        idle + flat, batch=0, io=SUM_IO.replace("dims: [ 1 ]", "dims: [ 1, 1 ]")
    ))
    repository.onnx("rnn", "rnn_step", config=sequences(
        idle + """state [ { input_name: "h_in" output_name: "h_out" data_type: TYPE_FP32 dims: [ 4 ]
            initial_state: { data_type: TYPE_FP32 dims: [ 4 ] data_file: "h0" name: "h0" } } ]""",
        io='input [ { name: "x" data_type: TYPE_FP32 dims: [ 3 ] } ]\n'
        'output [ { name: "y" data_type: TYPE_FP32 dims: [ 1 ] } ]\n',
    ))
    repository.file("rnn/initial_state/h0", struct.pack("<4f", 0.5, -0.5, 0.25, 0.0))
    repository.onnx("controls", "sequence_echo", config=sequences(idle + CONTROLS, io=""))
    repository.onnx("text", "sequence_text", config=sequences(idle + CORRID_TEXT, io=""))
    return root


@pytest.fixture
def remote(server: Server) -> Iterator[triton.InferenceServerClient]:
    """Triton's client."""
    opened = triton.InferenceServerClient(server.url, concurrency=4)
    yield opened
    opened.close()


def ask(
    remote: triton.InferenceServerClient,
    model: str,
    value: float,
    sequence: int | str,
    start: bool = False,
    end: bool = False,
) -> float:
    """Send one request of a sequence to a model that adds up."""
    given = triton.InferInput("x", [1, 1], "FP32")
    given.set_data_from_numpy(np.array([[value]], dtype=np.float32))
    result = remote.infer(model, [given], sequence_id=sequence, sequence_start=start, sequence_end=end)
    assert [output["name"] for output in result.get_response()["outputs"]] == ["total"]
    return float(result.as_numpy("total")[0, 0])


@pytest.mark.parametrize("model", ["sum", "sum_oldest", "sum_one_slot", "sum_flat"])
@pytest.mark.parametrize("sequence", [7, 2**63 - 1, "a sequence", "ß" * 64])
def test_running_sum(remote: triton.InferenceServerClient, model: str, sequence: int | str) -> None:
    """A sequence adds up; the next one of the same id begins at nothing."""
    for _ in range(2):
        assert ask(remote, model, 1, sequence, start=True) == 1
        assert ask(remote, model, 2, sequence) == 3
        assert ask(remote, model, 4, sequence, end=True) == 7


def test_numbers_and_text_are_different_ids(remote: triton.InferenceServerClient) -> None:
    """7 and "7"."""
    assert ask(remote, "sum", 1, 7, start=True) == 1
    assert ask(remote, "sum", 10, "7", start=True) == 10
    assert ask(remote, "sum", 1, 7, end=True) == 2
    assert ask(remote, "sum", 1, "7", end=True) == 11


def test_metadata_shows_what_clients_send(remote: triton.InferenceServerClient) -> None:
    """Controls and states are the server's."""
    metadata = remote.get_model_metadata("sum")
    assert [tensor["name"] for tensor in metadata["inputs"]] == ["x"]
    assert [tensor["name"] for tensor in metadata["outputs"]] == ["total"]
    metadata = remote.get_model_metadata("controls")
    assert [tensor["name"] for tensor in metadata["inputs"]] == ["x"]
    configuration = remote.get_model_config("sum")
    assert configuration["sequence_batching"]["state"][0]["input_name"] == "sum_in"


def test_a_state_that_is_an_output_too_is_shown(remote: triton.InferenceServerClient) -> None:
    """The configuration decides."""
    given = triton.InferInput("x", [1, 1], "FP32")
    given.set_data_from_numpy(np.array([[3]], dtype=np.float32))
    for start, outputs, expected in ((True, None, {"total", "sum_out"}), (False, ["total"], {"total"})):
        wanted = outputs and [triton.InferRequestedOutput(name) for name in outputs]
        result = remote.infer("sum_shown", [given], outputs=wanted, sequence_id=1, sequence_start=start)
        assert {output["name"] for output in result.get_response()["outputs"]} == expected
    assert result.as_numpy("total")[0, 0] == 6


def test_rnn_step(remote: triton.InferenceServerClient) -> None:
    """A recurrent network over interleaved sequences gives what NumPy computes."""
    weights = {
        "w": np.array([[0.5, -0.25, 0.125, 1.0], [0.25, 0.5, -1.0, 0.0], [1.0, 0.75, 0.5, -0.5]]),
        "u": np.array([[0.5, 0, 0.25, 0], [0, -0.5, 0, 0.25], [0.25, 0, 0.5, 0], [0, 0.25, 0, -0.5]]),
        "v": np.array([[1.0], [-1.0], [0.5], [0.25]]),
    }
    source = np.random.default_rng(SEED)
    hidden = {name: np.array([[0.5, -0.5, 0.25, 0.0]]) for name in range(1, 9)}
    for step in range(20):
        for name in hidden:
            x = source.standard_normal((1, 3)).astype(np.float32)
            hidden[name] = np.tanh(x @ weights["w"] + hidden[name] @ weights["u"])
            given = triton.InferInput("x", [1, 3], "FP32")
            given.set_data_from_numpy(x)
            result = remote.infer(
                "rnn", [given], sequence_id=name, sequence_start=step == 0, sequence_end=step == 19
            )
            np.testing.assert_allclose(result.as_numpy("y"), hidden[name] @ weights["v"], rtol=1e-4, atol=1e-5)


def test_controls(remote: triton.InferenceServerClient) -> None:
    """Start, ready, end and the id, in the types and values of the configuration."""
    given = triton.InferInput("x", [1, 1], "INT32")
    given.set_data_from_numpy(np.array([[7]], dtype=np.int32))
    for start, end in ((True, False), (False, False), (False, True)):
        result = remote.infer("controls", [given], sequence_id=2**63 + 1, sequence_start=start, sequence_end=end)
        assert result.as_numpy("START_seen").tolist() == [[float(start)]]
        assert result.as_numpy("READY_seen").tolist() == [[5]]
        assert result.as_numpy("END_seen").tolist() == [[end]]
        assert result.as_numpy("CORRID_seen").tolist() == [[2**63 + 1]]
    with pytest.raises(InferenceServerException, match="correlation ids as UINT64"):
        remote.infer("controls", [given], sequence_id="text", sequence_start=True)
    for sequence, seen in (("a b", b"a b"), (12, b"12")):
        result = remote.infer("text", [given], sequence_id=sequence, sequence_start=True, sequence_end=True)
        assert result.as_numpy("CORRID_seen").tolist() == [[seen]]


def test_errors(server: Server, remote: triton.InferenceServerClient) -> None:
    """Triton's words."""
    with pytest.raises(InferenceServerException, match="model 'sum' must specify a non-zero or non-empty correlation"):
        ask(remote, "sum", 1, 0, start=True)
    unknown = "request for sequence 99 to model 'sum' must specify the START flag on the first request of the sequence"
    with pytest.raises(InferenceServerException, match=unknown) as caught:
        ask(remote, "sum", 1, 99)
    assert caught.value.status() == "400"
    ask(remote, "sum", 1, 99, start=True, end=True)
    with pytest.raises(InferenceServerException, match=unknown):
        ask(remote, "sum", 1, 99)
    two = triton.InferInput("x", [2, 1], "FP32")
    two.set_data_from_numpy(np.ones((2, 1), dtype=np.float32))
    with pytest.raises(InferenceServerException, match="must specify batch-size 1 due to requirements of sequence"):
        remote.infer("sum", [two], sequence_id=5, sequence_start=True)
    state = triton.InferInput("sum_in", [1, 1], "FP32")
    state.set_data_from_numpy(np.ones((1, 1), dtype=np.float32))
    with pytest.raises(InferenceServerException, match="unexpected inference input 'sum_in', allowed inputs are: x"):
        remote.infer("sum", [state], sequence_id=5, sequence_start=True)
    with server.client() as client:
        body = {"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [1]}]}
        for bad in (-1, 1.5, 2**64, True, None, [1], "x" * 129, "ß" * 65):
            answer = client.post_json("/v2/models/sum/infer", {**body, "parameters": {"sequence_id": bad}})
            assert answer.status == 400, bad
            assert "sequence_id" in answer.error


def test_a_start_begins_anew(remote: triton.InferenceServerClient) -> None:
    """On an id that is in use."""
    assert ask(remote, "sum", 5, 300, start=True) == 5
    assert ask(remote, "sum", 5, 300) == 10
    assert ask(remote, "sum", 1, 300, start=True) == 1
    assert ask(remote, "sum", 1, 300, end=True) == 2


def test_a_failed_request_leaves_the_sequence_as_it_was(remote: triton.InferenceServerClient) -> None:
    """A wrong type never comes to the model."""
    assert ask(remote, "sum", 5, 400, start=True) == 5
    given = triton.InferInput("x", [1, 1], "INT32")
    given.set_data_from_numpy(np.ones((1, 1), dtype=np.int32))
    with pytest.raises(InferenceServerException):
        remote.infer("sum", [given], sequence_id=400)
    assert ask(remote, "sum", 5, 400, end=True) == 10


def test_an_idle_sequence_is_forgotten(remote: triton.InferenceServerClient) -> None:
    """Its next request has to start it."""
    assert ask(remote, "sum_short", 1, 1, start=True) == 1
    for _ in range(4):
        time.sleep(0.1)
        ask(remote, "sum_short", 1, 1)
    time.sleep(0.7)
    with pytest.raises(InferenceServerException, match="must specify the START flag"):
        ask(remote, "sum_short", 1, 1)


def test_the_end_of_a_sequence_lets_the_next_one_in(server: Server, remote: triton.InferenceServerClient) -> None:
    """One slot: a second sequence waits for it, and a deadline holds while it waits."""
    assert ask(remote, "sum_one_slot", 1, 1, start=True) == 1
    answers: list[float] = []

    def second() -> None:
        with triton.InferenceServerClient(server.url) as other:
            answers.append(ask(other, "sum_one_slot", 10, 2, start=True, end=True))

    thread = threading.Thread(target=second)
    thread.start()
    with server.client() as client:
        answer = client.post_json(
            "/v2/models/sum_one_slot/infer",
            {
                "parameters": {"sequence_id": 3, "sequence_start": True, "timeout": 50_000},
                "inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [1]}],
            },
        )
    assert answer.status == 503
    assert "Request timeout expired" in answer.error
    assert ask(remote, "sum_one_slot", 1, 1) == 2
    assert answers == []
    assert ask(remote, "sum_one_slot", 1, 1, end=True) == 3
    thread.join(10)
    assert answers == [10]


@pytest.mark.parametrize("model", ["sum", "sum_oldest", "sum_one_slot"])
def test_many_sequences_at_once(server: Server, model: str) -> None:
    """Every answer of every sequence is the sum so far, whoever runs beside it."""
    faults: list[str] = []
    length = 20

    def worker(number: int) -> None:
        source = random.Random(SEED * 1000 + number)
        with triton.InferenceServerClient(server.url) as remote:
            names: list[int | str] = [number * 1000 + n + 1 if n % 2 else f"{number}-{n}" for n in range(5)]
            steps = [name for name in names for _ in range(length)]
            # One slot goes from sequence to sequence: who holds it must not wait for another.
            if model != "sum_one_slot":
                source.shuffle(steps)
            sums: dict[int | str, int] = {}
            counts: dict[int | str, int] = {}
            for name in steps:
                value = source.randrange(100)
                counts[name] = counts.get(name, 0) + 1
                sums[name] = sums.get(name, 0) + value
                got = ask(remote, model, value, name, start=counts[name] == 1, end=counts[name] == length)
                if got != sums[name]:
                    faults.append(f"{name}: {got} instead of {sums[name]}")

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    assert faults == []


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (sequences(SUM_STATE.replace("sum_in", "nothing")), "'nothing', but the model does not have it"),
        (sequences(SUM_STATE.replace("sum_out", "nothing")), "'nothing', but the model does not have it"),
        (sequences(SUM_STATE.replace("FP32", "FP64")), "is FP64, but in the model it is FP32"),
        (sequences(SUM_STATE.replace("dims: [ 1 ]", "dims: [ 2 ]")), "[-1, 2], but in the model it has [-1, 1]"),
        (sequences(SUM_STATE + CONTROLS), "'START', but the model does not have it"),
        (sequences(SUM_STATE.replace("zero_data: true", 'data_file: "none"')), "initial_state/none"),
        (sequences(SUM_STATE.replace("zero_data: true", 'data_file: "../config.pbtxt"')), "leads out of the model's"),
        (sequences("oldest { } " + SUM_STATE), "max_candidate_sequences"),
    ],
)
def test_bad_configurations(launch, tmp_path: Path, config: str, words: str) -> None:  # noqa: ANN001
    """A control or state that doesn't fit is named when the model is loaded."""
    root = tmp_path / "models"
    Repository(root).sample("iris")
    (root / "bad" / "1").mkdir(parents=True)
    shutil.copy(FIXTURES / "models" / "running_sum.onnx", root / "bad" / "1" / "model.onnx")
    (root / "bad" / "config.pbtxt").write_text(config)
    with launch(models=root).client() as client:
        entries = {entry["name"]: entry for entry in client.post("/v2/repository/index").json()}
    assert words in entries["bad"]["reason"]


def test_a_server_with_open_sequences_stops(launch, models: Path) -> None:  # noqa: ANN001
    """A sequence that nobody ends doesn't keep the process."""
    server = launch(models=models)
    with triton.InferenceServerClient(server.url) as remote:
        assert ask(remote, "sum", 1, 1, start=True) == 1
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 20


#: As Triton's own test of sequences has it.
TRITON_SEQUENCE = """
backend: "builtin"
max_batch_size: 8
input [ { name: "INPUT" data_type: TYPE_INT32 dims: [ 1 ] } ]
output [ { name: "OUTPUT" data_type: TYPE_INT32 dims: [ 1 ] } ]
instance_group [ { count: 2 kind: KIND_CPU } ]
sequence_batching {
  max_sequence_idle_microseconds: 5000000
  control_input [
    { name: "START" control [ { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } ] },
    { name: "READY" control [ { kind: CONTROL_SEQUENCE_READY int32_false_true: [ 0, 1 ] } ] }
  ]
}
"""


def test_the_built_in_sequence_model(launch, tmp_path: Path) -> None:  # noqa: ANN001
    """It serves Triton's configuration; without sequences it is refused."""
    root = tmp_path / "models"
    repository = Repository(root).sample("iris")
    for name, config in (
        ("sequence", TRITON_SEQUENCE),
        ("sequence_none", TRITON_SEQUENCE[: TRITON_SEQUENCE.index("sequence_batching")]),
    ):
        (root / name / "1").mkdir(parents=True)
        repository.config(name, config)
    server = launch(models=root)
    with triton.InferenceServerClient(server.url) as remote:
        metadata = remote.get_model_metadata("sequence")
        assert [tensor["name"] for tensor in metadata["inputs"] + metadata["outputs"]] == ["INPUT", "OUTPUT"]
        expected = {1: 0, "two": 0}
        for step in range(10):
            for name in expected:
                given = triton.InferInput("INPUT", [1, 1], "INT32")
                given.set_data_from_numpy(np.array([[step * 3 + 1]], dtype=np.int32))
                result = remote.infer(
                    "sequence", [given], sequence_id=name, sequence_start=step == 0, sequence_end=step == 9
                )
                expected[name] += step * 3 + 1
                assert result.as_numpy("OUTPUT").tolist() == [[expected[name]]]
    with server.client() as client:
        entries = {entry["name"]: entry for entry in client.post("/v2/repository/index").json()}
    assert "sequence_batching" in entries["sequence_none"]["reason"]

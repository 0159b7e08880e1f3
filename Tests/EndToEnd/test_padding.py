"""Runs that are filled up: the answers are those of the same model without it."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy
import pytest
import tritonclient.http as triton

from apus_e2e.metrics import statistics
from apus_e2e.paths import EXAMPLES
from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server

SIZES = "scheduling: {allowed_batch_sizes: [1, 4, 16, 64]}\n"
PAD = "scheduling: {pad: [{input: x, axis: 1, sizes: [8, 32], value: -1, outputs: {y: 1}}]}\n"


@pytest.fixture
def padded(tmp_path: Path) -> Path:
    """Digits as they are and with allowed sizes; an identity that is filled up in its second dimension."""
    repository = Repository(tmp_path / "padded")
    repository.sample("iris")
    repository.onnx("echo", "identity_fp32")
    (repository.root / "sized/1").mkdir(parents=True)
    model = EXAMPLES / "models/iris/1/model.onnx"
    (repository.root / "sized/1/model.onnx").write_bytes(model.read_bytes())
    repository.file("sized/apus.yaml", SIZES)
    repository.file("echo/apus.yaml", PAD)
    return repository.root


def infer(server: Server, model: str, name: str, values: numpy.ndarray) -> dict[str, numpy.ndarray]:
    """Ask for everything that a model has."""
    with triton.InferenceServerClient(server.url) as client:
        tensor = triton.InferInput(name, list(values.shape), "FP32").set_data_from_numpy(values)
        result = client.infer(model, [tensor])
        return {output["name"]: result.as_numpy(output["name"]) for output in result.get_response()["outputs"]}


def all_at_once(count: int, ask: object) -> None:
    """Call with 0, 1, … on threads of their own; what fails there fails here."""
    faults: list[BaseException] = []

    def run(number: int) -> None:
        try:
            ask(number)  # type: ignore[operator]
        except BaseException as fault:  # noqa: BLE001
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def test_answers_with_allowed_sizes_are_those_without(launch: Launch, padded: Path) -> None:
    """Any number of rows, one after the other and at the same time; rows are counted as they were sent."""
    server = launch(models=padded)
    with triton.InferenceServerClient(server.url) as client:
        name = client.get_model_metadata("iris")["inputs"][0]["name"]
    random = numpy.random.default_rng(7)
    questions = [random.uniform(0, 8, (rows, 4)).astype(numpy.float32) for rows in (1, 2, 3, 4, 5, 17, 64, 70)] * 4

    def ask(number: int) -> None:
        expected = infer(server, "iris", name, questions[number])
        answer = infer(server, "sized", name, questions[number])
        assert answer.keys() == expected.keys()
        for output, values in expected.items():
            assert answer[output].shape == values.shape
            numpy.testing.assert_allclose(answer[output], values, rtol=1e-4, atol=1e-6)

    for number in range(len(questions)):
        ask(number)
    all_at_once(len(questions), ask)
    scheduling = statistics(server, "sized")["scheduling"]
    assert "filled up to 1, 4, 16, 64 rows" in str(scheduling), scheduling


def test_lengths_are_filled_up_and_cut_back(launch: Launch, padded: Path) -> None:
    """An identity gives back exactly what was sent, whatever its length."""
    server = launch(models=padded)

    def ask(number: int) -> None:
        rows, length = 1 + number % 3, 1 + number
        values = numpy.arange(rows * length, dtype=numpy.float32).reshape(rows, length)
        assert (infer(server, "echo", "x", values)["y"] == values).all()
        assert infer(server, "echo", "x", values)["y"].shape == values.shape

    for number in range(40):
        ask(number)
    all_at_once(40, ask)
    assert statistics(server, "echo")["inference_stats"]["fail"]["count"] == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PAD.replace("input: x", "input: z"), "the model has no input 'z'"),
        (PAD.replace("axis: 1", "axis: 0"), "expected a whole number from 1 to 31"),
        ("scheduling: {allowed_batch_sizes: [4, 2]}\n", "each larger than the one before"),
    ],
)
def test_what_does_not_fit_is_said_at_load(launch: Launch, padded: Path, text: str, words: str) -> None:
    """The model fails with file, field and reason; the others serve."""
    (padded / "echo/apus.yaml").write_text(text)
    server = launch(models=padded)
    with server.client() as client:
        entries = client.post_json("/v2/repository/index", {}).json()
    reason = next(entry for entry in entries if entry["name"] == "echo")["reason"]
    assert "echo/apus.yaml" in reason
    assert words in reason

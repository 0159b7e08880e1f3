"""Models that come and go on demand: what they took is given back."""

from __future__ import annotations

from pathlib import Path

from apus_e2e import onnx
from apus_e2e.examples import EXAMPLES
from apus_e2e.repository import Repository
from apus_e2e.scale import IS_LONG, seeded
from apus_e2e.server import Launch, Server
from apus_e2e.wire import Client, eventually

SAMPLES = ("iris", "digits", "diabetes")
STAYING = "adding0"
# The end of an arena isn't trimmed by glibc's malloc_trim: twice the largest piece that was mapped may stay there. Over many
# cycles that is small change.
KEPT_BY_MALLOC_KIB = 2 * 16 << 10
SETTLED = 50


def ask(client: Client, model: str) -> None:
    """Have one of the models that add answer."""
    question = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}]}
    answer = client.post_json(f"/v2/models/{model}/infer", question)
    assert answer.json()["outputs"][0]["data"] == [1 + int(model.removeprefix("adding"))]


def load_and_unload(server: Server, client: Client, model: str) -> None:
    """Load a model, have it answer, and unload it."""
    assert client.post_json(f"/v2/repository/models/{model}/load", {}).status == 200
    if model in SAMPLES:
        example = EXAMPLES[model][0]
        example.check(client.post_json(f"/v2/models/{model}/infer", example.request).json())
    else:
        ask(client, model)
    assert client.post_json(f"/v2/repository/models/{model}/unload", {}).status == 200
    assert eventually(lambda: client.get(f"/v2/models/{model}/ready").status != 200)


def test_memory_comes_back(launch: Launch, tmp_path: Path) -> None:
    """Cycles of loading and unloading different models, of a kilobyte to many megabytes, leave nothing behind."""
    cycles = 500 if IS_LONG else SETTLED + 10
    choice = seeded("load cycles")
    repository = Repository(tmp_path / "models")
    for name in SAMPLES:
        repository.sample(name)
    models = [*SAMPLES]
    for number in range(10):
        models.append(f"adding{number}")
        repository.file(f"adding{number}/1/model.onnx", onnx.adding(number, padding=1 << 2 * number + 6))
    models.remove(STAYING)
    flags = ("--model-control-mode", "explicit", "--control-on-inference-ports", "--load-model", STAYING)
    server = launch(*flags, models=repository.root)
    settled = 0
    with server.client() as client:

        def rested() -> int:
            return server.rested_rss_kib(lambda: ask(client, STAYING))

        for cycle in range(cycles):
            # Each of them among the first, then in any order.
            load_and_unload(server, client, models[cycle] if cycle < len(models) else choice.choice(models))
            if cycle == SETTLED - 1:
                settled = rested()
        left = rested()
        lines = client.post_json("/v2/repository/index", {}).json()
    print(f"{cycles} cycles: resident {settled} KiB after {SETTLED}, {left} KiB at the end")
    assert {line["name"] for line in lines if line.get("state") != "UNAVAILABLE"} == {STAYING}
    assert left <= settled * 1.02 + (0 if IS_LONG else KEPT_BY_MALLOC_KIB)

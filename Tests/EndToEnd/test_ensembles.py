"""Ensembles: models that answer as one, from both forms of their configuration."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from apus_e2e.asking import index
from apus_e2e.command import Run
from apus_e2e.examples import EXAMPLES
from apus_e2e.metrics import scrape, statistics
from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server
from apus_e2e.tensors import json_input
from apus_e2e.wire import Client, Connection, encode, eventually

PIPELINE = EXAMPLES["digits_pipeline"]
PICTURES = np.concatenate(
    [np.array(example.request["inputs"][0]["data"], dtype=np.uint8).reshape(-1, 8, 8) for example in PIPELINE]
)
WORDS = [word for example in PIPELINE for word in example.response["outputs"][0]["data"]]
NUMBER = {"inputs": [json_input("IN", "FP32", [2], [1.0, 2.5])]}


def ask(client: Client, model: str, inputs: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
    """Ask a model and give its outputs by name."""
    response = client.post_json(f"/v2/models/{model}/infer", {"inputs": inputs, **members})
    assert response.status == 200, response
    return {output["name"]: output for output in response.json()["outputs"]}


@pytest.mark.parametrize("example", PIPELINE, ids=lambda example: example.name)
def test_pipeline_is_its_models_by_hand(client: Client, example: Any) -> None:
    """Each model asked by its own gives the same in the end."""
    whole = ask(client, "digits_pipeline", example.request["inputs"])
    pixels = ask(client, "digits_picture", example.request["inputs"])["pixels"]
    probabilities = ask(client, "digits", [pixels])["probabilities"]
    parts = ask(client, "digits_words", [probabilities])
    assert whole == parts


def test_only_what_is_asked_for_is_given(client: Client) -> None:
    """One of two outputs."""
    outputs = ask(client, "digits_pipeline", PIPELINE[0].request["inputs"], outputs=[{"name": "confidence"}])
    assert list(outputs) == ["confidence"]


def test_triton_client(server: Server) -> None:
    """Metadata, configuration, inference and statistics by the client that its users have."""
    with triton.InferenceServerClient(server.url) as remote:
        metadata = remote.get_model_metadata("digits_pipeline")
        assert metadata["platform"] == "ensemble"
        assert metadata["inputs"] == [{"name": "picture", "datatype": "UINT8", "shape": [-1, 8, 8]}]
        assert [(output["name"], output["datatype"], output["shape"]) for output in metadata["outputs"]] == [
            ("word", "BYTES", [-1]),
            ("confidence", "FP32", [-1]),
        ]
        configuration = remote.get_model_config("digits_pipeline")
        assert configuration["platform"] == "ensemble" and configuration["max_batch_size"] == 64
        steps = configuration["ensemble_scheduling"]["step"]
        assert [step["model_name"] for step in steps] == ["digits_picture", "digits", "digits_words"]
        assert steps[1]["input_map"] == {"pixels": "pixels"}
        picture = triton.InferInput("picture", list(PICTURES.shape), "UINT8")
        picture.set_data_from_numpy(PICTURES)
        result = remote.infer("digits_pipeline", [picture], request_id="p")
        assert result.as_numpy("word").tolist() == [word.encode() for word in WORDS]
        assert result.get_response()["id"] == "p"
        found = remote.get_inference_statistics("digits_pipeline")["model_stats"][0]
        assert found["inference_stats"]["queue"]["ns"] in (0, "0")


def test_batch_is_limited_as_the_members_are(server: Server) -> None:
    """Triton's words, before any member is asked."""
    many = np.zeros((65, 8, 8), dtype=np.uint8)
    picture = triton.InferInput("picture", list(many.shape), "UINT8")
    picture.set_data_from_numpy(many)
    with triton.InferenceServerClient(server.url) as remote:
        with pytest.raises(InferenceServerException, match="batch-size must be <= 64 for 'digits_pipeline'"):
            remote.infer("digits_pipeline", [picture])


def yaml_step(model: str, inputs: dict[str, str], outputs: dict[str, str]) -> dict[str, Any]:
    """Write a step as apus.yaml has it."""
    return {"model": model, "inputs": inputs, "outputs": outputs}


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with ensembles as Triton's users write them."""
    root = tmp_path_factory.mktemp("graphs")
    repository = Repository(root / "models").sample("iris")
    repository.builtin("echo").builtin("slow", kind="delay", delay_ms=200).builtin("three", dims=(3,))
    one = ({"IN": "IN"}, {"OUT": "OUT"})
    # By name before its members, and around an ensemble.
    repository.ensemble("a_twice", [("echo_twice", {"IN": "IN"}, {"OUT": "t"}), ("echo", {"IN": "t"}, {"OUT": "OUT"})])
    repository.ensemble("echo_twice", [("echo", {"IN": "t"}, {"OUT": "OUT"}), ("echo", {"IN": "IN"}, {"OUT": "t"})])
    chain = ["IN", "a", "b", "OUT"]
    repository.ensemble("slow_chain", [("slow", {"IN": chain[i]}, {"OUT": chain[i + 1]}) for i in range(3)])
    repository.builtin("slow_too", kind="delay", delay_ms=200).builtin("slowest", kind="delay", delay_ms=5000)
    fork = [("slow", {"IN": "IN"}, {"OUT": "a"}), ("slow_too", {"IN": "IN"}, {"OUT": "b"})]
    repository.file("fork/apus.yaml", json.dumps({"ensemble": {"steps": [yaml_step(*step) for step in fork]}}))
    endless = [("slowest", {"IN": "IN"}, {"OUT": "a"}), ("slow", {"IN": "IN"}, {"OUT": "b"})]
    repository.file("endless/apus.yaml", json.dumps({"ensemble": {"steps": [yaml_step(*step) for step in endless]}}))
    repository.ensemble("picky", [("echo", {"IN": "IN"}, {"OUT": "t"}), ("three", {"IN": "t"}, {"OUT": "OUT"})])
    repository.ensemble("lost", [("nobody", *one)])
    repository.ensemble("circle_a", [("circle_b", *one)]).ensemble("circle_b", [("circle_a", *one)])
    repository.ensemble("mixed_up", [("iris", {"features": "IN"}, {"label": "OUT"})])
    server = Server(repository.root, root / "server").wait_until_ready()
    yield server
    try:
        server.assert_serving()
        assert server.stop() == 0
    finally:
        server.kill()


def test_ensemble_of_ensembles(graphs: Server) -> None:
    """Values, id and parameters go through; each counts for itself."""
    with graphs.client() as client:
        response = client.post_json("/v2/models/a_twice/infer", {"id": "x", "parameters": {"mine": 1}, **NUMBER})
        assert response.status == 200, response
        assert response.json()["id"] == "x" and response.json()["model_name"] == "a_twice"
        assert response.json()["outputs"][0]["data"] == [1.0, 2.5]
    assert statistics(graphs, "a_twice")["inference_count"] == 1
    assert statistics(graphs, "echo_twice")["inference_count"] == 1
    assert statistics(graphs, "echo")["inference_count"] == 3
    assert scrape(graphs).value("nv_inference_count", "a_twice") == 1


@pytest.mark.parametrize("form", ["header", "parameter"])
def test_deadline_covers_all_steps(graphs: Server, form: str) -> None:
    """Each step of 200 ms would meet it, all three together don't: ended in the second one, on time."""
    headers = {"Apus-Timeout": "300m"} if form == "header" else None
    parameters = {"parameters": {"timeout": 300_000}} if form == "parameter" else {}
    before = statistics(graphs, "slow")["inference_stats"]["success"]["count"]
    with graphs.client() as client:
        started = time.monotonic()
        response = client.post_json("/v2/models/slow_chain/infer", {**NUMBER, **parameters}, headers)
        took = time.monotonic() - started
    assert response.status == 503, response
    assert "Request timeout expired" in response.json()["error"]
    assert 0.29 < took < 0.39, took
    assert statistics(graphs, "slow")["inference_stats"]["success"]["count"] == before + 1


def test_steps_that_do_not_need_each_other_run_together(graphs: Server) -> None:
    """Two of 200 ms in less than the sum."""
    with graphs.client() as client:
        started = time.monotonic()
        response = client.post_json("/v2/models/fork/infer", NUMBER)
        took = time.monotonic() - started
    assert response.status == 200, response
    assert [output["name"] for output in response.json()["outputs"]] == ["a", "b"]
    assert took < 0.38, took


def test_client_that_goes_ends_running_steps(graphs: Server) -> None:
    """CANCELED for the ensemble and for the step that ran; its thread is free at once."""
    gone = Connection(graphs.address)
    gone.send(encode("POST", "/v2/models/endless/infer", body=json.dumps(NUMBER).encode()))
    time.sleep(0.3)
    gone.abort()

    def canceled(model: str) -> float:
        return scrape(graphs).value("nv_inference_request_failure", model, reason="CANCELED")

    assert eventually(lambda: canceled("endless") == 1 and canceled("slowest") == 1, timeout=2)
    with graphs.client() as client:
        assert client.post_json("/v2/models/fork/infer", NUMBER).status == 200


def test_failure_of_a_step_is_told_and_counted(graphs: Server) -> None:
    """Which ensemble, which step, the member's words and status; OTHER for the ensemble."""
    with graphs.client() as client:
        response = client.post_json("/v2/models/picky/infer", {"id": "q", **NUMBER})
    assert response.status == 400, response
    assert response.json()["error"].startswith(
        "[request id: q] in ensemble 'picky', step 2 'three': unexpected shape for input 'IN' for model 'three'"
    )
    metrics = scrape(graphs)
    assert metrics.value("nv_inference_request_failure", "picky", reason="OTHER") == 1
    assert metrics.value("nv_inference_request_failure", "three", reason="OTHER") == 1
    assert metrics.value("nv_inference_request_success", "echo") >= 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lost", "it needs model 'nobody', which isn't in the repository"),
        ("circle_a", "models need each other in a circle: circle_a -> circle_b -> circle_a"),
        ("circle_b", "models need each other in a circle: circle_a -> circle_b -> circle_a"),
        ("mixed_up", "mixed_up/config.pbtxt:5:1: tensor 'OUT' is TYPE_FP32 as the ensemble's output, but TYPE_INT64"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(graphs: Server, name: str, words: str) -> None:
    """In the index, as `apus check` names it."""
    with graphs.client() as client:
        (entry,) = index(client)[name]
    assert entry["state"] == "UNAVAILABLE"
    assert words in entry["reason"], entry


def test_check_names_faults(run: Run, tmp_path: Path) -> None:
    """Without opening a port."""
    repository = Repository(tmp_path / "models").builtin("echo")
    repository.ensemble("typo", [("eco", {"IN": "IN"}, {"OUT": "OUT"})])
    repository.file("yaml/apus.yaml", json.dumps({"ensemble": {"steps": [{"modl": "echo"}]}}))
    done = run("check", str(repository.root))
    assert done.returncode == 1
    assert "FAIL typo version 1: it needs model 'eco', which isn't in the repository; did you mean 'echo'?" in done.stdout
    assert "yaml/apus.yaml:1: ensemble.steps[0].modl: unknown key; did you mean 'model'?" in done.stdout


def test_fields_not_acted_on_are_named(launch: Launch, tmp_path: Path) -> None:
    """`max_inflight_requests` only concerns decoupled members."""
    repository = Repository(tmp_path / "models").builtin("echo")
    repository.ensemble("e", [("echo", {"IN": "IN"}, {"OUT": "OUT"})])
    path = repository.root / "e" / "config.pbtxt"
    path.write_text(path.read_text().replace("ensemble_scheduling {", "ensemble_scheduling { max_inflight_requests: 2"))
    server = launch(models=repository.root)
    assert any("ensemble_scheduling.max_inflight_requests" in str(line) for line in server.log())
    with server.client() as client:
        assert client.post_json("/v2/models/e/infer", NUMBER).status == 200

"""The response cache: equal requests run once, answers are remembered where a model asks for it, and nowhere else."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy
import pytest
import tritonclient.http as triton

from apus_e2e.metrics import scrape, statistics
from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server
from apus_e2e.tensors import json_input
from apus_e2e.wire import Connection, Response, encode, eventually

CACHE = "response_cache { enable: true }"


def question(value: float, request_id: str = "") -> dict[str, object]:
    """Ask for a number back."""
    document: dict[str, object] = {"inputs": [json_input("IN", "FP32", [1], [value])]}
    return document | ({"id": request_id} if request_id else {})


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    """A repository with a slow and a quick model that have a cache, one that forgets, and one that has none."""
    repository = Repository(tmp_path / "cached")
    repository.builtin("slow", kind="delay", delay_ms=300, extra=CACHE)
    repository.builtin("quick", extra=CACHE)
    repository.builtin("plain")
    repository.builtin("brief")
    repository.file("brief/apus.yaml", "response_cache: {enable: true, time_to_live: 100ms}\n")
    return repository.root


def ask(server: Server, model: str, value: float) -> None:
    """Ask and check the answer."""
    with server.client() as client:
        response = client.post_json(f"/v2/models/{model}/infer", question(value))
    assert response.status == 200, response
    assert response.json()["outputs"][0]["data"] == [value]


def test_a_hundred_equal_requests_are_one_execution(launch: Launch, cached: Path) -> None:
    """All at once to a model that takes 300 ms: one run, a hundred answers, each with its own id."""
    server = launch(models=cached)
    barrier = threading.Barrier(100)
    answers: list[tuple[str, Response]] = []

    def send(request_id: str) -> None:
        with server.client() as client:
            barrier.wait()
            answers.append((request_id, client.post_json("/v2/models/slow/infer", question(3.5, request_id))))

    threads = [threading.Thread(target=send, args=(f"r{number}",)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 100
    for request_id, response in answers:
        assert response.status == 200, response
        document = response.json()
        assert document["id"] == request_id
        assert document["outputs"][0]["data"] == [3.5]
    entry = statistics(server, "slow")
    assert entry["execution_count"] == entry["inference_count"] == 1
    stats = entry["inference_stats"]
    assert stats["success"]["count"] == stats["queue"]["count"] == 100
    assert stats["compute_infer"]["count"] == 1
    assert (stats["cache_hit"]["count"], stats["cache_miss"]["count"]) == (99, 1)
    metrics = scrape(server)
    assert metrics.value("nv_inference_exec_count", "slow") == 1
    assert metrics.value("nv_inference_count", "slow") == 1
    assert metrics.value("nv_inference_request_success", "slow") == 100
    assert metrics.value("nv_cache_num_hits_per_model", "slow") == 99
    assert metrics.value("nv_cache_num_misses_per_model", "slow") == 1
    assert metrics.value("nv_cache_miss_duration_per_model", "slow") >= 0
    saved = metrics.value("apus_single_flight_saved_runs_total", "slow")
    assert saved == entry["scheduling"]["saved_run_count"]
    # All but those that came after the run, if any did.
    assert 50 <= saved <= 99


def test_answers_are_remembered_only_where_asked_for(launch: Launch, cached: Path) -> None:
    """A model without `response_cache` runs each time and has no series of a cache."""
    server = launch(models=cached)
    for _ in range(3):
        ask(server, "quick", 1.0)
        ask(server, "quick", 2.0)
        ask(server, "plain", 1.0)
    assert statistics(server, "quick")["execution_count"] == 2
    assert statistics(server, "plain")["execution_count"] == 3
    metrics = scrape(server)
    assert metrics.value("nv_cache_num_hits_per_model", "quick") == 4
    assert not any(("model", "plain") in labels for labels in metrics.samples("nv_cache_num_hits_per_model"))
    assert metrics.samples("apus_response_cache_answers")[()] == 2
    assert 0 < metrics.samples("apus_response_cache_bytes")[()] < 10_000
    assert metrics.samples("apus_response_cache_limit_bytes")[()] == 64 << 20
    with server.client() as client:
        for model, is_on in (("quick", True), ("brief", True), ("plain", False)):
            configuration = client.get(f"/v2/models/{model}/config").json()
            assert configuration.get("response_cache", {}).get("enable", False) is is_on, model


def test_an_answer_becomes_too_old(launch: Launch, cached: Path) -> None:
    """`time_to_live` in apus.yaml."""
    server = launch(models=cached)
    ask(server, "brief", 1.0)
    time.sleep(0.15)
    ask(server, "brief", 1.0)
    assert statistics(server, "brief")["execution_count"] == 2


def test_without_room_nothing_is_remembered(launch: Launch, cached: Path) -> None:
    """--response-cache-bytes 0; also by variable, and a wrong one is refused at the start."""
    server = launch("--response-cache-bytes", "0", models=cached)
    for _ in range(3):
        ask(server, "quick", 1.0)
    assert statistics(server, "quick")["execution_count"] == 3
    other = launch(models=cached, environment={"APUS_RESPONSE_CACHE_BYTES": "1MiB"})
    ask(other, "quick", 1.0)
    assert scrape(other).samples("apus_response_cache_limit_bytes")[()] == 1 << 20


def test_clients_that_go_leave_the_run_to_the_others(launch: Launch, cached: Path) -> None:
    """The first one hangs up while its run is under way; the second gets the answer of that run."""
    server = launch(models=cached)
    body = json.dumps(question(9.0)).encode()
    first = Connection(server.address)
    first.send(encode("POST", "/v2/models/slow/infer", body=body))
    time.sleep(0.1)
    second = threading.Thread(target=ask, args=(server, "slow", 9.0))
    second.start()
    time.sleep(0.05)
    first.abort()
    second.join()
    assert eventually(lambda: scrape(server).value("nv_inference_request_failure", "slow", reason="CANCELED") == 1)
    entry = statistics(server, "slow")
    assert entry["execution_count"] == 1
    assert entry["inference_stats"]["success"]["count"] == 1


def test_tritonclient_hits_with_binary_tensors(launch: Launch, cached: Path) -> None:
    """The form of request and answer is no part of the question: JSON and binary share an answer."""
    server = launch(models=cached)
    ask(server, "quick", 7.0)
    with triton.InferenceServerClient(server.url) as client:
        tensor = triton.InferInput("IN", [1], "FP32")
        tensor.set_data_from_numpy(numpy.array([7.0], dtype=numpy.float32))
        output = triton.InferRequestedOutput("OUT", binary_data=True)
        answer = client.infer("quick", [tensor], outputs=[output], request_id="b", priority=1)
        assert answer.as_numpy("OUT").tolist() == [7.0]
        assert answer.get_response()["id"] == "b"
        assert client.get_model_config("quick")["response_cache"]["enable"] is True
    assert statistics(server, "quick")["execution_count"] == 1

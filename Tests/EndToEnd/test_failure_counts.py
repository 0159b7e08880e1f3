"""Failures in metrics and statistics: each counted once, under the right reason (CONTRACTS §16)."""

from __future__ import annotations

import json
import threading
import time

from apus_e2e.metrics import Metrics, scrape, statistics
from apus_e2e.server import Launch, Server
from apus_e2e.tensors import json_input
from apus_e2e.wire import Connection, encode

WAIT = {"inputs": [json_input("IN", "FP32", [1], [1.0])]}


def send(server: Server) -> None:
    """Keep the model that waits busy."""
    with server.client() as client:
        assert client.post_json("/v2/models/delay200/infer", WAIT).status == 200


def failures(server: Server, model: str) -> dict[str, float]:
    """Give the failures by reason."""
    metrics = scrape(server)
    return {
        reason: metrics.value("nv_inference_request_failure", model, reason=reason)
        for reason in ("REJECTED", "CANCELED", "BACKEND", "OTHER")
    }


def test_failure_in_the_engine_is_counted(launch: Launch) -> None:
    """BACKEND; nothing of it counts as success."""
    server = launch()
    bad = {"inputs": [json_input("idx", "INT64", [1], [99])]}
    with server.client() as client:
        for _ in range(3):
            assert client.post_json("/v2/models/gather/infer", bad).status in (400, 500)
    assert failures(server, "gather") == {"REJECTED": 0, "CANCELED": 0, "BACKEND": 3, "OTHER": 0}
    entry = statistics(server, "gather")
    assert entry["inference_stats"]["fail"]["count"] == 3
    assert entry["inference_stats"]["success"]["count"] == entry["inference_count"] == 0


def test_expired_request_is_counted(launch: Launch) -> None:
    """REJECTED, and never run."""
    server = launch()
    thread = threading.Thread(target=send, args=(server,))
    thread.start()
    time.sleep(0.05)
    with server.client() as client:
        response = client.post_json("/v2/models/delay200/infer", WAIT | {"parameters": {"timeout": 20_000}})
        assert response.status == 503, response
    thread.join()
    assert failures(server, "delay200") == {"REJECTED": 1, "CANCELED": 0, "BACKEND": 0, "OTHER": 0}
    assert scrape(server).value("nv_inference_exec_count", "delay200") == 1


def test_request_whose_client_has_gone_is_counted(launch: Launch) -> None:
    """Still in the queue when the client goes: dropped, CANCELED (CONTRACTS §15)."""
    server = launch()
    thread = threading.Thread(target=send, args=(server,))
    thread.start()
    time.sleep(0.05)
    gone = Connection(server.address)
    gone.send(encode("POST", "/v2/models/delay200/infer", body=json.dumps(WAIT).encode()))
    time.sleep(0.05)
    gone.abort()
    thread.join()
    time.sleep(0.3)
    assert failures(server, "delay200") == {"REJECTED": 0, "CANCELED": 1, "BACKEND": 0, "OTHER": 0}
    assert scrape(server).value("nv_inference_exec_count", "delay200") == 1


def test_pending_requests(launch: Launch) -> None:
    """Received minus started: with four sent and one instance, three await execution."""
    server = launch()
    threads = [threading.Thread(target=send, args=(server,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    pending = scrape(server).value("nv_inference_pending_request_count", "delay200")
    for thread in threads:
        thread.join()
    assert pending == 3
    assert scrape(server).value("nv_inference_pending_request_count", "delay200") == 0


def test_refused_requests_count_nowhere_as_success(launch: Launch) -> None:
    """Bad JSON, wrong shapes, unknown models: no inference, no series made up from what a client wrote."""
    server = launch()
    with server.client() as client:
        client.get("/nothing")
        before = set(scrape(server).families)
        for document in ({}, {"inputs": []}, {"inputs": [json_input("features", "FP32", [1, 5], [0.0] * 5)]}):
            assert client.post_json("/v2/models/iris/infer", document).status == 400
        for name in ("nobody", "a%22b", "x" * 200):
            client.post_json(f"/v2/models/{name}/infer", {})
            client.get(f"/{name}")
    text = server.metrics()
    assert set(Metrics(text).families) == before
    assert "nobody" not in text and "xxxx" not in text
    assert scrape(server).value("nv_inference_request_success", "iris") == 0

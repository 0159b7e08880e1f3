"""/metrics on its own port, and the statistics: names, labels, and counts that are exact."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.metrics import Metrics, scrape, statistics
from apus_e2e.scale import scaled
from apus_e2e.server import Launch, Server
from apus_e2e.tensors import json_input
from apus_e2e.wire import Client, Connection, eventually

IRIS = EXAMPLES["iris"][0].request
PHASES = ("request", "queue", "compute_input", "compute_infer", "compute_output")
COUNTERS = (
    "nv_inference_request_success", "nv_inference_count", "nv_inference_exec_count",
    "nv_inference_request_duration_us", "nv_inference_queue_duration_us", "nv_inference_compute_input_duration_us",
    "nv_inference_compute_infer_duration_us", "nv_inference_compute_output_duration_us",
)  # fmt: skip
WAIT = {"inputs": [json_input("IN", "FP32", [1], [1.0])]}


def send(server: Server, model: str, document: dict[str, Any], count: int) -> None:
    """Send requests one after the other."""
    with server.client() as client:
        for _ in range(count):
            assert client.post_json(f"/v2/models/{model}/infer", document).status == 200


def test_the_port_serves_metrics_and_nothing_else(server: Server) -> None:
    """Content type, paths, verbs."""
    with Client(server.metrics_address) as client:
        for path in ("/metrics", "/metrics/", "/metrics?x"):
            response = client.get(path)
            assert response.status == 200, response
            assert response.header("content-type") == "text/plain; charset=utf-8"
        assert client.post("/metrics", b"").status == 405
        for path in ("/", "/v2", "/v2/health/live", "/v2/models/iris/infer"):
            assert client.get(path).status == 404, path


def test_every_family_has_type_and_help(server: Server) -> None:
    """The text is well formed; names, labels and types as CONTRACTS §16."""
    text = server.metrics()
    metrics = Metrics(text)
    for name in (*COUNTERS, "nv_inference_request_failure"):
        family = metrics.families[name]
        assert family.type == "counter", name
        assert family.documentation
    for name in ("nv_inference_pending_request_count", "nv_model_load_duration_secs", "nv_cpu_utilization",
                 "nv_cpu_memory_total_bytes", "nv_cpu_memory_used_bytes"):  # fmt: skip
        assert metrics.families[name].type == "gauge", name
    for name in COUNTERS:
        assert all({key for key, _ in labels} == {"model", "version"} for labels in metrics.samples(name))
    seen = [line.split("{")[0].split(" ")[0] for line in text.splitlines() if line and not line.startswith("#")]
    groups = [name for index, name in enumerate(seen) if index == 0 or seen[index - 1] != name]
    histogram_parts = [name for name in groups if name.endswith(("_bucket", "_sum", "_count"))]
    assert len(set(groups) - set(histogram_parts)) == len([name for name in groups if name not in histogram_parts])
    for line in text.splitlines():
        if "{" in line and not line.startswith("#"):
            keys = [pair.split("=")[0] for pair in line[line.index("{") + 1 : line.index("}")].split(",")]
            assert keys == sorted(keys), f"labels are not sorted: {line}"


def test_series_start_at_zero(launch: Launch) -> None:
    """Each model has its series from the load on; failures have all four reasons."""
    server = launch()
    metrics = scrape(server)
    for model in ("iris", "digits", "many"):
        for name in COUNTERS:
            assert metrics.value(name, model) == 0
        for reason in ("REJECTED", "CANCELED", "BACKEND", "OTHER"):
            assert metrics.value("nv_inference_request_failure", model, reason=reason) == 0
        assert metrics.value("nv_inference_pending_request_count", model) == 0
        assert 0 < metrics.value("nv_model_load_duration_secs", model) < 10
    assert 0 <= metrics.samples("nv_cpu_utilization")[()] <= 1
    total = metrics.samples("nv_cpu_memory_total_bytes")[()]
    assert 0 < metrics.samples("nv_cpu_memory_used_bytes")[()] <= total
    entry = statistics(server, "iris")
    assert (entry["last_inference"], entry["inference_count"], entry["execution_count"]) == (0, 0, 0)
    assert entry["batch_stats"] == []
    assert entry["inference_stats"]["success"] == {"count": 0, "ns": 0}


def test_counts_are_exact(launch: Launch) -> None:
    """N requests, one after the other: every counter says N, metrics and statistics agree."""
    server = launch()
    count = scaled(137)
    started = time.time()
    send(server, "iris", IRIS, count)
    rows = {"inputs": [json_input("pixels", "FP32", [5, 64], [0.0] * 320)]}
    send(server, "digits", rows, 7)
    metrics = scrape(server)
    for name in ("nv_inference_request_success", "nv_inference_count", "nv_inference_exec_count"):
        assert metrics.value(name, "iris") == count, name
    assert metrics.value("nv_inference_request_success", "digits") == 7
    assert metrics.value("nv_inference_count", "digits") == 35, "each element of a batch counts"
    assert metrics.value("nv_inference_exec_count", "digits") == 7
    assert metrics.value("nv_inference_request_success", "many") == 0

    entry = statistics(server, "iris")
    assert (entry["inference_count"], entry["execution_count"]) == (count, count)
    stats = entry["inference_stats"]
    assert set(stats) == {
        "success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss"
    }  # fmt: skip
    for name in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
        assert stats[name]["count"] == count, name
    for name in ("fail", "cache_hit", "cache_miss"):
        assert stats[name] == {"count": 0, "ns": 0}
    assert started * 1000 - 1000 <= entry["last_inference"] <= time.time() * 1000 + 1000
    assert entry["response_stats"] == {}
    assert isinstance(entry["memory_usage"], list)
    assert sum(batch["compute_infer"]["count"] for batch in entry["batch_stats"]) == count
    parts = sum(stats[name]["ns"] for name in ("queue", "compute_input", "compute_infer", "compute_output"))
    assert 0 < stats["compute_infer"]["ns"] <= parts <= stats["success"]["ns"]

    (batch,) = statistics(server, "digits")["batch_stats"]
    assert (batch["batch_size"], batch["compute_infer"]["count"]) == (5, 7)
    for phase, key in zip(PHASES[1:], ("queue", "compute_input", "compute_infer", "compute_output"), strict=True):
        name = f"nv_inference_{phase}_duration_us"
        assert metrics.value(name, "iris") == pytest.approx(stats[key]["ns"] / 1000, abs=1)


def test_histogram_per_phase(launch: Launch) -> None:
    """Cumulative buckets in seconds whose last holds all; sums that agree with the counters."""
    server = launch()
    send(server, "iris", IRIS, 50)
    send(server, "delay200", WAIT, 2)
    metrics = scrape(server)
    family = metrics.families["apus_request_phase_seconds"]
    assert family.type == "histogram"
    for phase in PHASES:
        buckets = sorted(
            (float(dict(labels)["le"]), value)
            for labels, value in metrics.samples("apus_request_phase_seconds_bucket").items()
            if ("model", "iris") in labels and ("phase", phase) in labels
        )
        values = [value for _, value in buckets]
        assert values == sorted(values)
        assert buckets[-1] == (float("inf"), 50)
        assert metrics.value("apus_request_phase_seconds_count", "iris", phase=phase) == 50
    slow = metrics.value("apus_request_phase_seconds_sum", "delay200", phase="compute_infer")
    assert 0.4 <= slow < 0.6
    assert metrics.value("nv_inference_compute_infer_duration_us", "delay200") == pytest.approx(slow * 1e6, abs=10)
    for bound, expected in (("0.1", 0), ("0.25", 2)):
        assert (
            metrics.value("apus_request_phase_seconds_bucket", "delay200", phase="compute_infer", le=bound) == expected
        )


def test_counts_under_concurrency(launch: Launch) -> None:
    """16 clients at once lose no count."""
    server = launch()
    each = scaled(100)
    threads = [threading.Thread(target=send, args=(server, "iris", IRIS, each)) for _ in range(16)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        entry = statistics(server, "iris")
        counts = entry["inference_stats"]
        assert counts["queue"]["count"] == counts["success"]["count"] == entry["inference_count"], "a torn reading"
        scrape(server)
    assert statistics(server, "iris")["inference_stats"]["success"]["count"] == 16 * each
    metrics = scrape(server)
    assert metrics.value("nv_inference_request_success", "iris") == 16 * each
    assert metrics.value("nv_inference_exec_count", "iris") <= 16 * each
    assert metrics.value("nv_inference_pending_request_count", "iris") == 0


def test_responses_by_status(launch: Launch) -> None:
    """Every answer of the inference port is counted once, by its status."""
    server = launch()
    with server.client() as client:
        for _ in range(3):
            client.get("/v2/health/live")
        client.get("/nothing")
        client.post_json("/v2/models/iris/infer", IRIS)
        client.post("/v2/models/iris/infer", b"{")
        client.request("DELETE", "/v2")
    codes = {
        dict(labels)["code"]: value for labels, value in scrape(server).samples("apus_http_responses_total").items()
    }
    assert (codes.get("404"), codes.get("400"), codes.get("405")) == (1, 1, 1), codes
    assert codes["200"] in (4, 5), codes


def test_open_connections(server: Server) -> None:
    """A gauge that goes up and down."""

    def connections() -> float:
        return scrape(server).samples("apus_connections")[()]

    before = connections()
    held = [Connection(server.address) for _ in range(20)]
    assert eventually(lambda: connections() >= before + 20), connections()
    for connection in held:
        connection.close()
    assert eventually(lambda: connections() <= before + 1), connections()


def test_statistics_of_all_models_and_of_one(server: Server) -> None:
    """All ready versions, sorted; one; one version; a version that isn't there."""
    with server.client() as client:
        everything = client.get("/v2/models/stats").json()["model_stats"]
        names = [entry["name"] for entry in everything]
        assert names == sorted(names) and len(names) == len(set(names))
        assert set(names) == set(client.get("/v2/models").json()["models"])
        for path in ("/v2/models/iris/stats", "/v2/models/iris/versions/1/stats"):
            (entry,) = client.get(path).json()["model_stats"]
            assert (entry["name"], entry["version"]) == ("iris", "1")
        assert client.get("/v2/models/iris/versions/7/stats").status in (400, 404)


def test_scrapes_under_load_are_fast(server: Server) -> None:
    """Metrics don't wait for inferences."""
    thread = threading.Thread(target=send, args=(server, "delay200", WAIT, 15))
    thread.start()
    scrapes = 0
    while thread.is_alive():
        server.metrics()
        scrapes += 1
    thread.join()
    assert scrapes > 30, "a scrape ends with an inference"

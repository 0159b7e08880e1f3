"""Whole repositories: strict readiness, a single file, none at all, many models, no engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from apus_e2e.asking import double, index
from apus_e2e.examples import EXAMPLES
from apus_e2e.paths import FIXTURES
from apus_e2e.repository import Repository
from apus_e2e.server import Launch
from apus_e2e.tensors import json_input
from apus_e2e.wire import eventually


def test_strict_readiness(launch: Launch, tmp_path: Path) -> None:
    """With --strict-readiness one failed model keeps the server from being ready; it serves the others."""
    repository = Repository(tmp_path / "strict").sample("iris").onnx("corrupt")
    server = launch("--strict-readiness", models=repository.root)
    with server.client() as client:
        response = client.get("/v2/health/ready")
        assert response.status == 503, response
        assert response.json()["ready"] is False
        assert client.get("/v2/health/live").status == 200
        assert client.get("/v2/models/iris/ready").status == 200
    server.assert_serving()


def test_single_model_file(launch: Launch, tmp_path: Path) -> None:
    """A folder that holds nothing but model.onnx serves it under the folder's name."""
    root = tmp_path / "flowers"
    root.mkdir()
    shutil.copy(FIXTURES / "models" / "two_batch.onnx", root / "model.onnx")
    server = launch(models=root)
    with server.client() as client:
        assert client.get("/v2/models").json() == {"models": ["flowers"]}
        assert double(client, "flowers") == [3.0] * 4


def test_empty_repository(launch: Launch, tmp_path: Path) -> None:
    """No model at all is no fault: ready, empty lists."""
    (tmp_path / "none").mkdir()
    server = launch(models=tmp_path / "none")
    with server.client() as client:
        assert client.get("/v2/health/ready").status == 200
        assert client.get("/v2/models").json() == {"models": []}
        assert client.post("/v2/repository/index").json() == []
        assert client.get("/v2/models/stats").json() == {"model_stats": []}
    assert server.stop() == 0


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_repository_that_is_no_folder(launch: Launch, tmp_path: Path, kind: str) -> None:
    """The server doesn't start, says so in one sentence that names the path, and exits with a failure."""
    root = tmp_path / "nowhere"
    if kind == "file":
        root.write_text("x")
    server = launch(models=root, waits=False)
    assert server.wait(10) not in (0, -4, -11)
    assert str(root) in server.log_text()
    assert "Fatal error" not in server.log_text()


def test_without_an_engine(launch: Launch, tmp_path: Path) -> None:
    """A missing engine is a clear reason for its models; the built-in engine goes on."""
    repository = Repository(tmp_path / "models").sample("iris").builtin("echo")
    server = launch(
        models=repository.root, environment={"APUS_ENGINE_PATH": str(tmp_path / "no" / "libonnxruntime.so")}
    )
    with server.client() as client:
        (entry,) = index(client)["iris"]
        assert entry["state"] == "UNAVAILABLE"
        assert "onnxruntime" in entry["reason"].lower() or "ONNX Runtime" in entry["reason"]
        tensor = json_input("IN", "FP32", [2], [1.0, 2.0])
        response = client.post_json("/v2/models/echo/infer", {"inputs": [tensor]})
        assert response.json()["outputs"][0]["data"] == [1.0, 2.0]
    assert server.stop() == 0


def test_many_models(launch: Launch, tmp_path: Path) -> None:
    """300 small models: ready soon, with few threads."""
    repository = Repository(tmp_path / "models").sample("iris")
    for number in range(300):
        repository.onnx(f"m{number}", "two_batch")
    server = launch(models=repository.root)
    with server.client() as client:
        assert len(client.get("/v2/models").json()["models"]) == 301
        assert double(client, "m299") == [3.0] * 4
    assert server.thread_count < 40, server.thread_count
    assert eventually(lambda: server.descriptor_count < 60), server.descriptor_count
    for example in EXAMPLES["iris"]:
        with server.client() as client:
            example.check(client.post_json("/v2/models/iris/infer", example.request).json())

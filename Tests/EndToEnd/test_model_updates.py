"""Changes in a folder of models: by polling, by watching, and when somebody asks for a look."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from apus_e2e import onnx
from apus_e2e.examples import EXAMPLES
from apus_e2e.paths import FIXTURES
from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server
from apus_e2e.wire import eventually

IRIS = EXAMPLES["iris"][0].request
POLL = ("--model-control-mode", "poll", "--poll-interval", "200ms", "--settle-time", "400ms")
WATCH = ("--model-control-mode", "watch", "--settle-time", "300ms")


def states(server: Server) -> dict[str, str]:
    """Give the state of each version."""
    with server.client() as client:
        lines = client.post_json("/v2/repository/index", {}).json()
    return {f"{line['name']}/{line.get('version', '')}": line.get("state", "") for line in lines}


def update(server: Server) -> dict[str, str]:
    """Have the source looked at, and wait for the end of that."""
    with server.client() as client:
        answer = client.post("/update-model")
        assert (answer.status, answer.json()) == (202, {"message": "Model update initiated"})
        place = answer.header("location")
        assert place is not None

        def report() -> dict[str, str]:
            told = client.get(place)
            assert told.status == 200, told
            return told.json()

        assert eventually(lambda: report()["state"] in {"done", "failed"}, timeout=30)
        return report()


def write_slowly(target: Path, content: bytes, pause: float) -> None:
    """Write a file in two pieces, as a slow copy does."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        time.sleep(pause)
        file.write(content[len(content) // 2 :])


def test_an_update_is_looked_at_when_asked_for(launch: Launch, tmp_path: Path) -> None:
    """Without a mode that looks again, POST /update-model is the only thing that brings a version."""
    repository = Repository(tmp_path / "models").sample("iris").builtin("a")
    server = launch(models=repository.root)
    shutil.copytree(repository.root / "iris" / "1", repository.root / "iris" / "2")
    repository.builtin("b")
    shutil.rmtree(repository.root / "a")
    assert update(server)["state"] == "done"
    found = states(server)
    assert found["iris/2"] == "READY" and found["b/1"] == "READY", found
    assert "a/1" not in found or found["a/1"] != "READY"
    assert eventually(lambda: states(server).get("iris/1", "gone") != "READY")


def test_an_update_takes_nothing_from_the_caller(launch: Launch, tmp_path: Path) -> None:
    """Browsers' pages are refused; progress of unknown updates is 404; other verbs are 405."""
    server = launch(models=Repository(tmp_path / "models").sample("iris").root)
    with server.client() as client:
        page = client.request("POST", "/update-model", {"Origin": "http://evil.example"}, b"")
        assert page.status == 403, page
        foreign = client.request("POST", "/update-model", {"Host": "evil.example"}, b"")
        assert foreign.status == 403, foreign
        assert client.get("/update-model/77").status == 404
        assert client.get("/update-model/x").status == 404
        assert client.get("/update-model").status == 404
        assert client.request("POST", "/update-model/1", {}, b"").status == 405
        assert client.post_json("/update-model", {"anything": ["at", "all"]}).status == 202


def test_a_server_that_waits_for_files_to_settle_can_be_stopped(launch: Launch, tmp_path: Path) -> None:
    """What has just been written is waited for at the start, and nobody waits for that when the server is to end."""
    repository = Repository(tmp_path / "models").file("adding/1/model.onnx", onnx.adding(1))
    server = launch("--model-control-mode", "poll", "--settle-time", "600s", models=repository.root, waits=False)
    assert eventually(lambda: "waiting until they have settled" in server.log_text(), timeout=20)
    assert server.stop() == 0, server.log_tail()
    assert "Server is ready" not in server.log_text()


def test_updates_that_wait_are_one(launch: Launch, tmp_path: Path) -> None:
    """A thousand callers have the source looked at a few times."""
    server = launch(models=Repository(tmp_path / "models").sample("iris").root)
    with server.client() as client:
        places = {client.post("/update-model").header("location") for _ in range(1000)}
        last = max(int(str(place).rsplit("/", 1)[1]) for place in places)
        assert eventually(lambda: client.get(f"/update-model/{last}").json()["state"] == "done")
    assert len(places) == last <= 1000


def test_a_source_that_is_gone_disturbs_nobody(launch: Launch, tmp_path: Path) -> None:
    """The folder vanishes: what is live stays, the update says why it failed; it comes back: all is well."""
    repository = Repository(tmp_path / "models").sample("iris")
    server = launch(models=repository.root)
    repository.root.rename(tmp_path / "away")
    failed = update(server)
    assert failed["state"] == "failed" and "models" in failed["reason"], failed
    with server.client() as client:
        assert client.post_json("/v2/models/iris/infer", IRIS).status == 200
        assert client.get("/v2/health/ready").status == 200
    (tmp_path / "away").rename(repository.root)
    assert update(server)["state"] == "done"
    with server.client() as client:
        assert client.post_json("/v2/models/iris/infer", IRIS).status == 200


@pytest.mark.parametrize("mode", [POLL, WATCH], ids=["poll", "watch"])
def test_changes_are_found(launch: Launch, tmp_path: Path, mode: tuple[str, ...]) -> None:
    """New versions, new models, other content of a version, models that go: each without a request."""
    repository = Repository(tmp_path / "models").sample("iris")
    server = launch(*mode, models=repository.root)
    assert states(server)["iris/1"] == "READY"
    shutil.copytree(repository.root / "iris" / "1", repository.root / "iris" / "2")
    assert eventually(lambda: states(server).get("iris/2") == "READY", timeout=15)
    repository.builtin("b")
    assert eventually(lambda: states(server).get("b/1") == "READY", timeout=15)
    shutil.copy(FIXTURES / "models" / "scalar.onnx", tmp_path / "new.onnx")
    os.replace(tmp_path / "new.onnx", repository.root / "iris" / "2" / "model.onnx")

    def inputs() -> list[str]:
        with server.client() as client:
            return [item["name"] for item in client.get("/v2/models/iris/versions/2").json().get("inputs", [])]

    before = inputs()
    assert eventually(lambda: inputs() != before, timeout=15)
    shutil.rmtree(repository.root / "b")
    assert eventually(lambda: states(server).get("b/1") != "READY", timeout=15)


def test_half_a_version_is_never_loaded(launch: Launch, tmp_path: Path) -> None:
    """A slow copy is seen half there many times, and loaded once, whole."""
    repository = Repository(tmp_path / "models").sample("iris")
    content = (repository.root / "iris" / "1" / "model.onnx").read_bytes()
    server = launch(*POLL, models=repository.root)
    for version in range(2, 5):
        write_slowly(repository.root / "iris" / str(version) / "model.onnx", content, pause=0.35)
        assert eventually(lambda number=version: states(server).get(f"iris/{number}") == "READY", timeout=15)
    assert "can't be served" not in server.log_text()


def test_a_bad_version_leaves_the_good_one(launch: Launch, tmp_path: Path) -> None:
    """What can't be loaded never goes live, also not after a new start; mended, it does."""
    repository = Repository(tmp_path / "models").sample("iris")
    server = launch(*POLL, models=repository.root)
    repository.file("iris/2/model.onnx", b"no model at all")
    assert eventually(lambda: states(server).get("iris/2") == "UNAVAILABLE", timeout=15)
    with server.client() as client:
        answer = client.post_json("/v2/models/iris/infer", IRIS)
        assert (answer.status, answer.json()["model_version"]) == (200, "1")
    again = launch(*POLL, models=repository.root)
    with again.client() as client:
        answer = client.post_json("/v2/models/iris/infer", IRIS)
        assert (answer.status, answer.json()["model_version"]) == (200, "1")
    shutil.copy(repository.root / "iris" / "1" / "model.onnx", repository.root / "iris" / "2" / "model.onnx")
    for each in (server, again):
        assert eventually(lambda server=each: states(server).get("iris/2") == "READY", timeout=15)


def test_a_label_brings_its_version(launch: Launch, tmp_path: Path) -> None:
    """A label that moves takes the version along that it points to; nothing else is loaded for it."""
    repository = Repository(tmp_path / "models").sample("iris")
    for version in (2, 3):
        shutil.copytree(repository.root / "iris" / "1", repository.root / "iris" / str(version))
    repository.file("iris/apus-labels.json", '{"stable": 2}')
    server = launch(models=repository.root)
    found = states(server)
    assert found["iris/2"] == found["iris/3"] == "READY" and "iris/1" not in found, found
    repository.file("iris/apus-labels.json", '{"stable": 1}')
    assert update(server)["state"] == "done"
    with server.client() as client:
        answer = client.post_json("/v2/models/iris/versions/stable/infer", IRIS)
        assert (answer.status, answer.json()["model_version"]) == (200, "1")


def test_explicit_control_renews_what_is_loaded(launch: Launch, tmp_path: Path) -> None:
    """An update loads anew what has changed of the loaded models, and nothing that nobody asked for."""
    repository = Repository(tmp_path / "models").sample("iris").sample("diabetes")
    server = launch("--model-control-mode", "explicit", "--load-model", "iris", models=repository.root)
    shutil.copytree(repository.root / "iris" / "1", repository.root / "iris" / "2")
    assert update(server)["state"] == "done"
    found = states(server)
    assert found["iris/2"] == "READY" and found["diabetes/"] == "", found


def test_what_a_version_consists_of(launch: Launch, tmp_path: Path) -> None:
    """Its files and where they come from, loaded or not."""
    repository = Repository(tmp_path / "models").sample("iris")
    shutil.copytree(repository.root / "iris" / "1", repository.root / "iris" / "2")
    server = launch(models=repository.root)
    with server.client() as client:
        document = client.get("/v2/models/iris/versions/1/manifest").json()
        assert document["files"] == [{"path": "model.onnx"}] and document["state"] == "UNAVAILABLE", document
        assert document["source"] == f"{repository.root}/iris/1"
        assert client.get("/v2/models/iris/versions/2/manifest").json()["state"] == "READY"
        missing = client.get("/v2/models/iris/versions/9/manifest")
        assert missing.status == 404 and "1, 2" in missing.body.decode(), missing

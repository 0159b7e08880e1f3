"""Models loaded and unloaded on demand: by Triton's client, and by hand where it can't ask such things."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from apus_e2e.examples import EXAMPLES
from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server
from apus_e2e.wire import Client, eventually

EXPLICIT = ("--model-control-mode", "explicit", "--control-on-inference-ports")
IRIS = EXAMPLES["iris"][0].request
QUESTION = {"inputs": [{"name": "IN", "shape": [2], "datatype": "FP32", "data": [1, 2]}]}


def served(server: Server, model: str) -> bool:
    """Tell whether a built-in model answers."""
    with server.client() as client:
        return client.post_json(f"/v2/models/{model}/infer", QUESTION).status == 200


def states(server: Server) -> dict[str, str]:
    """Give the state of each model, empty for one that was never loaded."""
    with server.client() as client:
        lines = client.post_json("/v2/repository/index", {}).json()
    return {line["name"]: line.get("state", "") for line in lines}


@pytest.fixture
def explicit(launch: Launch, tmp_path: Path) -> Iterator[tuple[Server, Repository]]:
    """A server that loads on demand, with one model loaded at the start."""
    repository = Repository(tmp_path / "models").sample("iris").builtin("a").builtin("b").builtin("slow", "delay", 700)
    yield launch(*EXPLICIT, "--load-model=a", models=repository.root), repository


def test_load_and_unload(explicit: tuple[Server, Repository]) -> None:
    """Triton's calls, and the index that goes with them."""
    server, _ = explicit
    assert states(server) == {"a": "READY", "b": "", "iris": "", "slow": ""}
    with triton.InferenceServerClient(server.url) as remote:
        assert not remote.is_model_ready("iris")
        remote.load_model("iris")
        assert remote.is_model_ready("iris")
        assert {"name": "iris", "version": "1", "state": "READY"} in remote.get_model_repository_index()
        extensions = remote.get_server_metadata()["extensions"]
        assert {"model_repository", "model_repository(unload_dependents)"} <= set(extensions)
        remote.unload_model("iris")
        assert eventually(lambda: not remote.is_model_ready("iris"))
        assert eventually(lambda: states(server)["iris"] == "UNAVAILABLE")
        with pytest.raises(InferenceServerException, match="Model to be unloaded has not been served") as caught:
            remote.unload_model("iris")
        assert caught.value.status() == "400"
        with pytest.raises(InferenceServerException, match="failed to load 'nobody', failed to poll") as caught:
            remote.load_model("nobody")
        assert caught.value.status() == "404"
        remote.load_model("iris")
        assert remote.is_model_ready("iris")


def test_answers_are_kserves(explicit: tuple[Server, Repository]) -> None:
    """KServe's body; Triton's second path is not supported; wrong parameters are named."""
    server, _ = explicit
    with Client(server.address) as client:
        loaded = client.post("/v2/repository/models/b/load")
        assert (loaded.status, loaded.json()) == (200, {"name": "b", "load": True})
        unloaded = client.post_json("/v2/repository/models/b/unload", {"parameters": {"unload_dependents": False}})
        assert (unloaded.status, unloaded.json()) == (200, {"name": "b", "unload": True})
        other = client.post("/v2/repository/models/models/b/load")
        assert other.status == 501
        assert other.error == "'repository_name' specification is not supported"
        for parameters, words in (
            ({"max_batch_size": 4}, "unexpected load parameter 'max_batch_size'"),
            ({"config": 1}, "unexpected load parameter 'config'"),
            ({"config": "{"}, "isn't readable as a JSON object"),
            ({"config": '{"max_batch_sise": 1}'}, "did you mean 'max_batch_size'?"),
            ({"config": "{}", "file:../x": "AA=="}, "unexpected load parameter 'file:../x'"),
            ({"config": "{}", "file:1/m": "!"}, "expected base64"),
            ({"file:1/m": "AA=="}, "its config must come too"),
            ({"config": "{}", "file:1/m": "AA=="}, "--allow-file-overrides"),
        ):
            refused = client.post_json("/v2/repository/models/b/load", {"parameters": parameters})
            assert refused.status in (400, 403), refused
            assert words in refused.error
        for body in (b"[]", b"{", b"1", b'{"parameters": []}'):
            assert client.post("/v2/repository/models/b/load", body).status == 400
        assert client.post_json("/v2/repository/models/b/unload", {"parameters": {"x": 1}}).status == 400
        assert client.post("/v2/repository/models/a%2Fb/load").status == 400
    server_is_well(server)


def server_is_well(server: Server) -> None:
    """Check that the model of the start still answers."""
    assert server.is_alive and served(server, "a")


def test_load_with_a_configuration(explicit: tuple[Server, Repository]) -> None:
    """The configuration counts for this load only."""
    server, repository = explicit
    written = (repository.root / "a" / "config.pbtxt").read_text()
    with triton.InferenceServerClient(server.url) as remote:
        config = remote.get_model_config("a")
        config["max_batch_size"] = 8
        config["parameters"]["execute_delay_ms"] = {"string_value": "1"}
        remote.load_model("a", config=json.dumps(config))
        assert remote.get_model_config("a")["max_batch_size"] == 8
        assert remote.get_model_metadata("a")["inputs"][0]["shape"] == [-1, -1]
        config["max_batch_size"] = -1
        with pytest.raises(InferenceServerException, match="load failed for model 'a'"):
            remote.load_model("a", config=json.dumps(config))
        assert remote.get_model_config("a")["max_batch_size"] == 8
        remote.load_model("a")
        assert remote.get_model_config("a")["max_batch_size"] == 0
    assert (repository.root / "a" / "config.pbtxt").read_text() == written


def test_load_with_files(launch: Launch, tmp_path: Path) -> None:
    """Where it is allowed, a model may come with the request; nothing of it is written into the repository."""
    repository = Repository(tmp_path / "models").sample("iris").builtin("a")
    server = launch(*EXPLICIT, "--load-model=a", "--allow-file-overrides", models=repository.root)
    onnx = next((repository.root / "iris").rglob("model.onnx")).read_bytes()
    before = sorted(str(path) for path in repository.root.rglob("*"))
    with triton.InferenceServerClient(server.url) as remote:
        for name, version in (("visitor", 1), ("iris", 7)):
            files = {f"file:{version}/model.onnx": onnx}
            remote.load_model(name, config='{"backend": "onnxruntime"}', files=files)
            features = np.array(IRIS["inputs"][0]["data"], dtype=np.float32).reshape(IRIS["inputs"][0]["shape"])
            given = triton.InferInput("features", list(features.shape), "FP32")
            given.set_data_from_numpy(features)
            assert remote.infer(name, [given]).as_numpy("label").tolist() == [0]
            assert remote.get_model_metadata(name)["versions"] == [str(version)]
        with pytest.raises(InferenceServerException, match="load failed for model 'visitor'"):
            remote.load_model("visitor", config='{"backend": "onnxruntime"}', files={"file:1/model.onnx": b"no model"})
        assert remote.is_model_ready("visitor")
        # The repository's own comes back with a load without files.
        remote.load_model("iris")
        assert eventually(lambda: remote.get_model_metadata("iris")["versions"] == ["1"])
        remote.unload_model("visitor")
    assert sorted(str(path) for path in repository.root.rglob("*")) == before
    descriptors = server.descriptor_count
    with Client(server.address) as client:
        for _ in range(5):
            body = {"parameters": {"config": "{}", "file:1/model.onnx": base64.b64encode(b"no model").decode()}}
            assert client.post_json("/v2/repository/models/bad/load", body).status == 400
        # Under fresh names too nothing is left, neither of those that fail nor of those that serve for a while.
        good = {"config": '{"backend": "onnxruntime"}', "file:1/model.onnx": base64.b64encode(onnx).decode()}
        for number in range(10):
            assert client.post_json(f"/v2/repository/models/bad{number}/load", body).status == 400
            guest = f"/v2/repository/models/guest{number}"
            assert client.post_json(f"{guest}/load", {"parameters": good}).status == 200
            assert client.post(f"{guest}/unload").status == 200
    assert eventually(lambda: set(states(server)) <= {"a", "iris"}), states(server)
    assert eventually(lambda: server.descriptor_count <= descriptors + 3), server.descriptor_count - descriptors
    server_is_well(server)


def test_reloads_under_load_lose_nothing(explicit: tuple[Server, Repository]) -> None:
    """The old one serves until the new one is live: every request is answered through fifty reloads."""
    server, _ = explicit
    stop = threading.Event()
    failures: list[str] = []

    def ask() -> None:
        with server.client() as client:
            while not stop.is_set():
                response = client.post_json("/v2/models/a/infer", QUESTION)
                if response.status != 200:
                    failures.append(str(response))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    with Client(server.address) as client:
        for _ in range(50):
            assert client.post("/v2/repository/models/a/load").status == 200
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]


@contextmanager
def slow_at_work(server: Server, client: Client, count: int) -> Iterator[None]:
    """Load the slow model and ask it so often at once: one request runs, the others wait; in the end all answer."""
    assert client.post("/v2/repository/models/slow/load").status == 200
    answers: list[int] = []

    def ask() -> None:
        with server.client() as other:
            answers.append(other.post_json("/v2/models/slow/infer", QUESTION).status)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    # There is one instance, so that all but one request wait.
    stats = "/v2/models/slow/stats"
    assert eventually(lambda: client.get(stats).json()["model_stats"][0]["scheduling"]["pending_count"] >= count - 1)
    yield
    for thread in threads:
        thread.join()
    assert answers == [200] * count


def test_unload_lets_requests_finish(explicit: tuple[Server, Repository]) -> None:
    """A request that runs or waits is answered; the next one finds nothing."""
    server, _ = explicit
    with Client(server.address) as client, slow_at_work(server, client, 2):
        assert client.post("/v2/repository/models/slow/unload").status == 200
        assert eventually(lambda: client.get("/v2/models/slow").status == 404), client.get("/v2/models/slow")


def test_a_load_waits_for_an_unload(explicit: tuple[Server, Repository]) -> None:
    """A load right after an unload is said to be done when the model serves again, not while it drains."""
    server, _ = explicit
    with Client(server.address) as client, slow_at_work(server, client, 3):
        assert client.post("/v2/repository/models/slow/unload").status == 200
        assert eventually(lambda: states(server)["slow"] == "UNLOADING")
        loaded = client.post("/v2/repository/models/slow/load")
        assert (loaded.status, client.get("/v2/models/slow/ready").status) == (200, 200), loaded


def test_an_ensemble_brings_its_models(launch: Launch, tmp_path: Path) -> None:
    """They are loaded with it, and unloaded with it when asked for, unless somebody else wanted them."""
    repository = Repository(tmp_path / "models").builtin("x").builtin("y").builtin("other")
    steps = [("x", {"IN": "IN"}, {"OUT": "middle"}), ("y", {"IN": "middle"}, {"OUT": "OUT"})]
    repository.ensemble("e", steps)
    server = launch(*EXPLICIT, "--load-model=y", models=repository.root)
    with triton.InferenceServerClient(server.url) as remote:
        remote.load_model("e")
        assert states(server) == {"e": "READY", "x": "READY", "y": "READY", "other": ""}
        assert served(server, "e")
        remote.unload_model("e", unload_dependents=True)
        assert eventually(lambda: states(server)["x"] == "UNAVAILABLE")
        assert states(server)["y"] == "READY"


def test_control_is_closed_by_default(launch: Launch, tmp_path: Path) -> None:
    """403 that says how to open it, whatever the body; looking is allowed."""
    repository = Repository(tmp_path / "models").builtin("a")
    server = launch("--allow-client-shm", models=repository.root)
    with Client(server.address) as client:
        for path in (
            "/v2/repository/models/a/load",
            "/v2/repository/models/a/unload",
            "/v2/systemsharedmemory/region/r/register",
            "/v2/systemsharedmemory/unregister",
            "/v2/cudasharedmemory/region/r/register",
            "/v2/trace/setting",
            "/v2/models/a/trace/setting",
            "/v2/logging",
        ):
            refused = client.post(path, b"{not json")
            assert refused.status == 403, refused
            assert "--control-on-inference-ports" in refused.error
        for path in ("/v2/systemsharedmemory/status", "/v2/trace/setting", "/v2/logging"):
            assert client.get(path).status == 200
    server_is_well(server)


def test_control_without_the_mode(launch: Launch, tmp_path: Path) -> None:
    """503 in Triton's words where all models are served."""
    repository = Repository(tmp_path / "models").builtin("a")
    server = launch("--control-on-inference-ports", models=repository.root)
    with triton.InferenceServerClient(server.url) as remote:
        for call in (remote.load_model, remote.unload_model):
            with pytest.raises(InferenceServerException, match="explicit model load / unload is not allowed") as caught:
                call("a")
            assert caught.value.status() == "503"
        assert "model_repository" not in remote.get_server_metadata()["extensions"]
    server_is_well(server)

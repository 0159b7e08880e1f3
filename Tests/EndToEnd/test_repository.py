"""Repositories with good and bad models: layouts, versions, configurations, reasons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from apus_e2e.asking import double, index
from apus_e2e.mixed import BAD, add_bad_models, add_good_models
from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server
from apus_e2e.tensors import json_input
from apus_e2e.wire import Client


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a repository where half of the models are bad."""
    root = tmp_path_factory.mktemp("mixed")
    repository = Repository(root / "models")
    add_good_models(repository)
    add_bad_models(repository, root / "outside.onnx")
    server = Server(repository.root, root / "server").wait_until_ready()
    yield server
    try:
        server.assert_serving()
        assert server.stop() == 0
    finally:
        server.kill()


@pytest.fixture
def asked(mixed: Server) -> Iterator[Client]:
    """A client of that server."""
    with mixed.client() as client:
        yield client


@pytest.mark.parametrize("name", BAD)
def test_bad_model_is_unavailable_with_a_reason(asked: Client, name: str) -> None:
    """Listed, not served, and why; the reason is for people, in one paragraph."""
    if name == "..hidden":
        entry = index(asked).get(name, [{"state": "UNAVAILABLE", "reason": "hidden"}])[0]
    else:
        (entry,) = index(asked)[name]
    assert entry["state"] == "UNAVAILABLE", entry
    assert len(entry["reason"]) > 5, entry
    assert BAD[name].lower() in entry["reason"].lower(), entry["reason"]
    assert "\n" not in entry["reason"], entry["reason"]


@pytest.mark.parametrize("name", [name for name in BAD if name.replace("_", "").isalnum() and name.isascii()])
def test_bad_model_is_not_served(asked: Client, name: str) -> None:
    """Not ready is 503 with a JSON body (CONTRACTS §0); inference says that there is no version."""
    response = asked.get(f"/v2/models/{name}/ready")
    assert response.status == 503, response
    assert response.json()["ready"] is False
    assert response.json()["name"] == name
    response = asked.post_json(f"/v2/models/{name}/infer", {"inputs": []})
    assert response.status in (404, 503), response
    words = f"Request for unknown model: '{name}' has no available versions: "
    assert response.error.startswith(words), response
    assert len(response.error) > len(words), "the reason is in the message: clients show nothing else"
    response = asked.get(f"/v2/models/{name}/stats")
    assert response.status == 400, response
    assert response.error == f"requested model '{name}' is not available"


def test_failed_version_by_number(asked: Client) -> None:
    """In Triton's words; a version that isn't there is another thing."""
    response = asked.post_json("/v2/models/corrupt/versions/1/infer", {"inputs": []})
    assert response.status == 503, response
    assert response.error.startswith("Request for unknown model: 'corrupt' version 1 is not at ready state: "), response
    response = asked.post_json("/v2/models/corrupt/versions/7/infer", {"inputs": []})
    assert response.status == 404, response
    assert response.error == "Request for unknown model: 'corrupt' version 7 is not found"


def test_server_is_ready_all_the_same(asked: Client) -> None:
    """Every model has come to live or failed."""
    assert asked.get("/v2/health/ready").status == 200


def test_good_models_are_ready(asked: Client) -> None:
    """Nothing but the bad ones is unavailable."""
    unavailable = {name for name, entries in index(asked).items() if not any(e["state"] == "READY" for e in entries)}
    assert unavailable - {"..hidden", "broken_latest"} == set(BAD) - {"..hidden"}
    assert not {".git", "lost+found", "README.md"} & set(index(asked))


def test_index_of_ready_models_only(asked: Client) -> None:
    """With `ready`: only those."""
    entries = [entry for group in index(asked, ready=True).values() for entry in group]
    assert {entry["state"] for entry in entries} == {"READY"}
    assert not set(BAD) & {entry["name"] for entry in entries}


@pytest.mark.parametrize(
    ("name", "versions"),
    [
        ("highest", ["10"]),
        ("every", ["1", "2", "10"]),
        ("chosen", ["1", "2"]),
        ("two_latest", ["2", "10"]),
        ("bare", ["1"]),
    ],
)
def test_version_policy(asked: Client, name: str, versions: list[str]) -> None:
    """Which versions are live; the highest of them answers when none is named."""
    assert sorted(asked.get(f"/v2/models/{name}").json()["versions"], key=int) == versions
    ready = sorted((e["version"] for e in index(asked)[name] if e["state"] == "READY"), key=int)
    assert ready == versions
    for version in versions:
        expected = [1.0] * 4 if version == "2" else [3.0] * 4
        assert double(asked, f"{name}/versions/{version}") == expected
        assert asked.get(f"/v2/models/{name}/versions/{version}").json()["versions"] == [version]
    document = asked.post_json(
        f"/v2/models/{name}/infer", {"inputs": [json_input("x", "FP32", [1, 4], [1.0] * 4)]}
    ).json()
    assert document["model_version"] == versions[-1]


def test_version_that_the_policy_leaves_out(asked: Client) -> None:
    """It is there on disk, but not served."""
    response = asked.post_json("/v2/models/highest/versions/1/infer", {"inputs": []})
    assert response.status in (404, 503), response
    assert "Request for unknown model: 'highest' version 1 is not" in response.error


def test_broken_latest_version(asked: Client) -> None:
    """The highest version is broken: it is listed with its reason."""
    entries = {entry["version"]: entry for entry in index(asked)["broken_latest"] if entry["state"] != "READY"}
    assert entries["2"]["state"] == "UNAVAILABLE"
    assert entries["2"]["reason"]


@pytest.mark.parametrize(
    "name",
    ["bare", "other_file", "in_a_folder", "linked", "1", "a.b-c_d", "a%2Eb-c%5Fd", "stats", "versions", "scheduled"],
)
def test_layouts_and_names(asked: Client, name: str) -> None:
    """Each layout of ARCHITECTURE §4, and names that look like parts of a path."""
    assert double(asked, name) == [3.0] * 4
    assert double(asked, f"{name}/versions/1") == [3.0] * 4
    assert asked.get(f"/v2/models/{name}/ready").status == 200


def test_max_batch_size_from_the_configuration(asked: Client) -> None:
    """Four rows are one too many."""
    for rows, status in ((1, 200), (3, 200), (4, 400)):
        tensor = json_input("x", "FP32", [rows, 4], [1.0] * 4 * rows)
        assert asked.post_json("/v2/models/batching/infer", {"inputs": [tensor]}).status == status


def test_outputs_that_are_no_tensors(asked: Client) -> None:
    """ZipMap: the label is served, the list of maps is named with the way to export without it."""
    document = asked.get("/v2/models/zipmap").json()
    assert [output["name"] for output in document["outputs"]] == ["output_label"]
    text = str({key: value for key, value in document.items() if key not in ("outputs", "inputs")})
    assert "output_probability" in text and "zipmap" in text.lower(), document
    tensor = json_input("x", "FP32", [1, 4], [5.1, 3.5, 1.4, 0.2])
    response = asked.post_json("/v2/models/zipmap/infer", {"inputs": [tensor]})
    assert [output["data"] for output in response.json()["outputs"]] == [[0]]
    response = asked.post_json(
        "/v2/models/zipmap/infer", {"inputs": [tensor], "outputs": [{"name": "output_probability"}]}
    )
    assert response.status == 400, response
    assert "zipmap" in response.error.lower() or "map" in response.error.lower()


def test_log_says_what_failed_and_what_is_not_supported(mixed: Server) -> None:
    """Each failure has a line with the model and the reason; what is ignored is named in a warning."""
    lines = mixed.log()
    failed = {line["model"]: line["reason"] for line in lines if line["level"] == "error"}
    assert set(failed) - {"..hidden"} >= set(BAD) - {"..hidden"}, set(BAD) - set(failed)
    warnings = [line for line in lines if line["level"] == "warning" and line.get("model") == "scheduled"]
    assert any("instance_group.rate_limiter" in str(line) for line in warnings), warnings
    assert any("output_probability" in str(line) for line in lines if line.get("model") == "zipmap")


def test_warm_up_is_run_before_a_version_is_live(launch: Launch, tmp_path: Path) -> None:
    """Triton's model_warmup: a sample that the model can't answer keeps it from being served, and is named."""
    sample = (
        'model_warmup {{ name: "first" count: 3 '
        'inputs {{ key: "{}" value {{ data_type: TYPE_FP32 dims: [ {} ] {} }} }} }}'
    )
    repository = Repository(tmp_path / "models")
    repository.builtin("warm", extra=sample.format("IN", 4, "random_data: true"))
    repository.builtin("misfit", extra=sample.format("OUT", 4, "zero_data: true"))
    repository.builtin("lost", extra=sample.format("IN", 4, 'input_data_file: "nothing"'))
    server = launch(models=repository.root)
    with server.client() as client:
        lines = {line["name"]: line for line in client.post_json("/v2/repository/index", {}).json()}
        statistics = client.get("/v2/models/warm/stats").json()["model_stats"][0]
    assert lines["warm"]["state"] == "READY" and statistics["execution_count"] == 0, lines
    assert "model_warmup 'first' failed: unexpected inference input 'OUT'" in lines["misfit"]["reason"]
    assert "lost/warmup/nothing" in lines["lost"]["reason"]


def test_no_descriptor_is_left_open(mixed: Server) -> None:
    """Failed loads close what they opened."""
    assert mixed.descriptor_count < 60, mixed.descriptor_count

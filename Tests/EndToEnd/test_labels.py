"""Labels of versions: names in apus-labels.json that stand in a URL where a version would."""

from __future__ import annotations

from pathlib import Path

import tritonclient.http as triton
from apus_e2e.repository import Repository
from apus_e2e.server import Launch
from apus_e2e.wire import Client


def test_labels_stand_for_versions(launch: Launch, tmp_path: Path) -> None:
    """Each operation takes a label; one that names no live version says so."""
    repository = Repository(tmp_path / "models").builtin("m", extra="version_policy { all {} }")
    for version in ("2", "3"):
        (repository.root / "m" / version).mkdir()
    repository.file("m/apus-labels.json", '{"stable": 1, "canary": 3, "gone": 9}')
    server = launch(models=repository.root)
    question = {"inputs": [{"name": "IN", "shape": [2], "datatype": "FP32", "data": [1, 2]}]}
    with Client(server.address) as client:
        for label, version in (("stable", "1"), ("canary", "3"), ("2", "2")):
            path = f"/v2/models/m/versions/{label}"
            answer = client.post_json(f"{path}/infer", question)
            assert answer.status == 200, answer
            assert answer.json()["model_version"] == version
            assert client.get(path).json()["versions"] == [version]
            assert client.get(f"{path}/ready").json() == {"name": "m", "ready": True}
            assert client.get(f"{path}/stats").json()["model_stats"][0]["version"] == version
            assert client.post_json(f"/predict/m/versions/{label}", {"IN": [1, 2]}).json() == {"OUT": [1, 2]}
        assert client.post_json("/predict/m/versions/gone", {"IN": [1, 2]}).status == 404
        refused = client.post_json("/v2/models/m/versions/gone/infer", question)
        assert refused.status == 404
        words = "Request for unknown model: 'm' label 'gone' names version 9, which is not found"
        assert refused.error == words
        unknown = client.get("/v2/models/m/versions/nothing")
        assert unknown.status == 404
        assert unknown.error == "Request for unknown model: 'm' label 'nothing' is not found"
    client = triton.InferenceServerClient(server.url)
    assert client.is_model_ready("m", "stable")
    assert client.get_model_metadata("m", "canary")["versions"] == ["3"]


def test_a_wrong_label_file_is_a_reason(launch: Launch, tmp_path: Path) -> None:
    """A model whose labels can't be read isn't served, and says why."""
    repository = Repository(tmp_path / "models").builtin("m").builtin("other")
    repository.file("m/apus-labels.json", '{"stable": "one"}')
    server = launch(models=repository.root)
    with Client(server.address) as client:
        lines = {line["name"]: line for line in client.post_json("/v2/repository/index", {}).json()}
    assert lines["other"]["state"] == "READY"
    assert lines["m"]["state"] == "UNAVAILABLE"
    assert "m/apus-labels.json: label 'stable' has no version number" in lines["m"]["reason"]

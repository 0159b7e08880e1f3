"""Plain JSON, CSV and bytes over /predict with real models, rules for inputs, and files that aren't served."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from apus_e2e import paths
from apus_e2e.examples import EXAMPLES
from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server
from apus_e2e.tensors import json_input
from apus_e2e.wire import Client

ROW = [5.0, 3.5, 1.5, 0.25]
OTHER = [5.9, 3.0, 5.1, 1.8]


def root(server: Server) -> str:
    """Where a server answers."""
    return f"http://{server.address[0]}:{server.address[1]}"


@pytest.fixture
def url(server: Server) -> str:
    """Where the module's server answers."""
    return root(server)


def by_v2(client: Client, rows: list[list[float]]) -> dict[str, Any]:
    """Ask by the v2 protocol what plain JSON must answer too."""
    tensor = json_input("features", "FP32", [len(rows), 4], [number for row in rows for number in row])
    outputs = client.post_json("/v2/models/iris/infer", {"inputs": [tensor]}).json()["outputs"]
    return {output["name"]: np.array(output["data"]).reshape(output["shape"]).tolist() for output in outputs}


def post(url: str, model: str, document: Any) -> Any:
    """Ask in plain JSON."""
    answer = requests.post(f"{url}/predict/{model}", json=document, timeout=15)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_answers_mirror_questions(client: Client, url: str) -> None:
    """Each form of the question has its form of the answer, and the numbers are those of v2."""
    one = by_v2(client, [ROW])
    two = by_v2(client, [ROW, OTHER])
    bare = {"label": one["label"][0], "probabilities": one["probabilities"][0]}
    answer = requests.get(f"{url}/predict/iris", {"input_data": "5.0,3.5,1.5,0.25"}, timeout=15)
    assert answer.json() == {"prediction": one}
    assert post(url, "iris", {"data": [ROW], "parameters": {}}) == {"predictions": one}
    assert post(url, "iris", {"data": ROW}) == {"predictions": one}
    assert post(url, "iris", {"inputs": [ROW, OTHER]}) == {"outputs": two}
    assert post(url, "iris", {"inputs": {"features": ROW}}) == {"outputs": bare}
    assert post(url, "iris", {"features": ROW}) == bare
    assert post(url, "iris", [ROW, OTHER]) == two
    assert post(url, "iris", ROW) == bare


def test_one_element_is_a_number(url: str) -> None:
    """A model of one output and one row gives a bare number to a bare array."""
    number = pytest.approx(152.59468, rel=1e-5)
    assert post(url, "diabetes", [0] * 10) == number
    assert post(url, "diabetes", {"inputs": [[0] * 10]}) == {"outputs": number}
    assert post(url, "diabetes", {"data": [[0] * 10]}) == {"predictions": [[number]]}


def test_texts(url: str) -> None:
    """A scalar does for a model of text."""
    answer = post(url, "tickets", {"text": "I was charged twice, please refund the second payment"})
    assert answer["label"] == "billing"


def test_curl_needs_no_header(url: str) -> None:
    """What a person types first works: curl's own content type is taken for JSON."""
    done = subprocess.run(
        ["curl", "-s", "-d", '{"features": [5.0, 3.5, 1.5, 0.25]}', f"{url}/predict/iris"],
        capture_output=True,
        check=True,
        text=True,
        timeout=15,
    )
    assert done.stdout.startswith('{"label":0,"probabilities":['), done.stdout


def test_csv(client: Client, url: str) -> None:
    """Rows in, rows out."""
    expected = by_v2(client, [ROW, OTHER])
    body = "a,b,c,d\n5.0,3.5,1.5,0.25\n5.9,3.0,5.1,1.8\n"
    answer = requests.post(f"{url}/predict/iris", data=body, headers={"Content-Type": "text/csv"}, timeout=15)
    assert answer.headers["content-type"].startswith("text/csv")
    first, *lines = answer.text.splitlines()
    assert first == "label,probabilities[0],probabilities[1],probabilities[2]"
    rows = [[float(cell) for cell in line.split(",")] for line in lines]
    labels = [[label] for label in expected["label"]]
    np.testing.assert_allclose(rows, np.hstack([labels, expected["probabilities"]]), rtol=1e-6)


def test_bytes(url: str) -> None:
    """Raw bytes in, raw bytes out."""
    binary = {"Content-Type": "application/octet-stream", "Accept": "application/octet-stream"}
    body = np.zeros((1, 10), dtype="<f4").tobytes()
    answer = requests.post(f"{url}/predict/diabetes", data=body, headers=binary, timeout=15)
    np.testing.assert_allclose(np.frombuffer(answer.content, "<f4"), [152.59468], rtol=1e-5)


def test_default_model(launch: Launch, url: str) -> None:
    """Without a name the configured model answers; without one, several models are named."""
    refused = requests.post(f"{url}/predict", json=[ROW], timeout=15)
    assert refused.status_code == 400
    assert "which model?" in refused.json()["error"]
    server = launch("--default-model", "iris")
    answer = requests.post(f"{root(server)}/predict", json={"features": ROW}, timeout=15)
    assert answer.status_code == 200, answer.text


def test_errors_teach(url: str) -> None:
    """Bad input names the place and says what would have been right."""
    answer = requests.post(f"{url}/predict/iris", json={"features": [[1, 2, "3", 4]]}, timeout=15)
    assert answer.status_code == 400
    document = answer.json()
    assert document["field"] == "features[0][2]"
    assert document["got"] == '"3"'
    answer = requests.post(f"{url}/predict/iris", json={"featurs": [[1, 2, 3, 4]]}, timeout=15)
    assert "did you mean 'features'?" in answer.json()["error"]


@pytest.fixture
def unserved(tmp_path: Path) -> Iterator[Server]:
    """A server whose only model is a file that it can't serve."""
    repository = Repository(tmp_path / "models")
    repository.file("torch/1/model.pt", b"x")
    server = Server(repository.root, tmp_path / "server").wait_until_ready()
    yield server
    server.kill()


def test_unserved_file_says_how_to_export(unserved: Server) -> None:
    """Whoever asks for such a model is told what to type, in two lines."""
    for path in ("/predict", "/predict/torch"):
        answer = requests.post(root(unserved) + path, json=[1], timeout=15)
        assert answer.status_code == 404
        assert "a PyTorch model" in answer.json()["error"]
        lines = answer.json()["hint"].splitlines()
        assert len(lines) == 2
        assert lines[1].startswith("torch.onnx.export(")


def test_labels(tmp_path: Path) -> None:
    """The names that config.pbtxt gives to classes stand beside the numbers."""
    repository = Repository(tmp_path / "models").sample("digits")
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    repository.file("digits/names.txt", "\n".join(names) + "\n")
    config = (repository.root / "digits" / "config.pbtxt").read_text()
    config = config.replace('name: "probabilities"', 'name: "probabilities"\n    label_filename: "names.txt"')
    config = config.replace('name: "label"', 'name: "label"\n    label_filename: "names.txt"')
    repository.config("digits", config)
    server = Server(repository.root, tmp_path / "server").wait_until_ready()
    try:
        stored = next(example for example in EXAMPLES["digits"] if example.name == "several_rows")
        rows = np.array(stored.request["inputs"][0]["data"]).reshape(3, 64).tolist()
        answer = post(root(server), "digits", {"data": rows})
        assert answer["labels"] == {"label": ["one", "five", "six"], "probabilities": ["one", "five", "six"]}
        assert len(answer["predictions"]["probabilities"]) == 3
        answer = post(root(server), "digits", {"inputs": {"pixels": rows[1]}})
        assert answer["labels"] == {"label": "five", "probabilities": "five"}
        assert "labels" not in post(root(server), "digits", {"pixels": rows[1]})
        picture = (paths.EXAMPLES / "pictures" / "seven.png").read_bytes()
        fields = {"Content-Type": "image/png"}
        answer = requests.post(f"{root(server)}/predict/digits", data=picture, headers=fields, timeout=15).json()
        assert answer["labels"]["probabilities"] == ["seven"]
    finally:
        server.kill()


def test_rules_hold_for_every_protocol(tmp_path: Path) -> None:
    """A value that apus.yaml forbids is refused whatever way it came, and counted."""
    repository = Repository(tmp_path / "models").sample("iris")
    repository.file("iris/apus.yaml", "validation:\n  features: {preset: numeric, min: 0, max: 100}\n")
    server = Server(repository.root, tmp_path / "server").wait_until_ready()
    try:
        assert post(root(server), "iris", ROW)["label"] == 0
        refused = [
            requests.post(f"{root(server)}/predict/iris", json=[1, 2, None, 4], timeout=15),
            requests.post(
                f"{root(server)}/v2/models/iris/infer",
                json={"inputs": [json_input("features", "FP32", [1, 4], [1, 2, 101, 4])]},
                timeout=15,
            ),
        ]
        for answer in refused:
            assert answer.status_code == 400
            assert answer.json()["field"] == "features[0][2]"
            assert answer.json()["expected"] == "0 to 100"
        statistics = requests.get(f"{root(server)}/v2/models/iris/stats", timeout=15).json()["model_stats"][0]
        assert statistics["inference_stats"]["fail"]["count"] == 2
    finally:
        server.kill()

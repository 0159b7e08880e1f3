"""The classification extension, by Triton's client."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from apus_e2e.repository import Repository
from apus_e2e.server import Launch

VALUES = [0.25, -1.5, 3.3, 3.3, float("nan"), 1e10]


def ask(
    remote: triton.InferenceServerClient, model: str, values: np.ndarray, datatype: str, count: int, binary: bool = True
) -> np.ndarray:
    """Ask for the highest values of a model that gives its input back."""
    given = triton.InferInput("IN", list(values.shape), datatype)
    given.set_data_from_numpy(values)
    wanted = triton.InferRequestedOutput("OUT", binary_data=binary, class_count=count)
    return remote.infer(model, [given], outputs=[wanted]).as_numpy("OUT")


def test_classification(launch: Launch, tmp_path: Path) -> None:
    """With and without labels, with and without a batch, floats and integers, in JSON and in binary."""
    repository = Repository(tmp_path / "models").builtin("plain").builtin("whole", datatype="TYPE_INT64")
    repository.builtin("texts", datatype="TYPE_STRING").builtin("halves", datatype="TYPE_FP16")
    for name, batch in (("named", 0), ("batched", 8)):
        (repository.root / name / "1").mkdir(parents=True)
        repository.file(f"{name}/words.txt", "zero\none\ntwo words\r\n")
        repository.config(
            name,
            f'backend: "builtin" max_batch_size: {batch}\n'
            'parameters { key: "kind" value { string_value: "identity" } }\n'
            'input [ { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] } ]\n'
            'output [ { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] label_filename: "words.txt" } ]\n',
        )
    server = launch(models=repository.root)
    floats = np.array(VALUES, dtype=np.float32)
    with triton.InferenceServerClient(server.url) as remote:
        assert "classification" in remote.get_server_metadata()["extensions"]
        for binary in (True, False):
            top = ask(remote, "plain", floats, "FP32", 4, binary)
            expected = ["10000000000.000000:5", "3.300000:2", "3.300000:3", "0.250000:0"]
            assert [text.decode() if isinstance(text, bytes) else text for text in top.tolist()] == expected
        assert ask(remote, "plain", floats, "FP32", 1).tolist() == [b"10000000000.000000:5"]
        every = ask(remote, "plain", floats, "FP32", 100)
        assert every.shape == (6,)
        assert every[-1] in (b"nan:4", b"-nan:4")
        named = ask(remote, "named", np.array([1, 3, 2, 0], dtype=np.float32), "FP32", 4).tolist()
        assert named == [b"3.000000:1:one", b"2.000000:2:two words", b"1.000000:0:zero", b"0.000000:3"]
        batch = np.array([[1, 2, 3], [9, 8, 7]], dtype=np.float32)
        rows = ask(remote, "batched", batch, "FP32", 2)
        assert rows.tolist() == [[b"3.000000:2:two words", b"2.000000:1:one"], [b"9.000000:0:zero", b"8.000000:1:one"]]
        whole = np.array([-5, 2**62, 7], dtype=np.int64)
        assert ask(remote, "whole", whole, "INT64", 2).tolist() == [b"4611686018427387904:1", b"7:2"]
        for name, values, datatype in (
            ("texts", np.array([b"a"], dtype=object), "BYTES"),
            ("halves", np.array([1], dtype=np.float16), "FP16"),
            ("plain", np.zeros(1_000_001, dtype=np.float32), "FP32"),
        ):
            with pytest.raises(InferenceServerException, match="can't be classified") as caught:
                ask(remote, name, values, datatype, 1)
            assert caught.value.status() == "400"


def test_a_missing_label_file_is_a_reason(launch: Launch, tmp_path: Path) -> None:
    """Said at load, with the file's name; a name can't lead out of the model's folder."""
    repository = Repository(tmp_path / "models").builtin("good")
    for name, filename in (("missing", "nothing.txt"), ("outside", "../good/config.pbtxt")):
        (repository.root / name / "1").mkdir(parents=True)
        repository.config(
            name,
            'backend: "builtin"\nparameters { key: "kind" value { string_value: "identity" } }\n'
            'input [ { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] } ]\n'
            f'output [ {{ name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] label_filename: "{filename}" }} ]\n',
        )
    server = launch(models=repository.root)
    with server.client() as client:
        reasons = {line["name"]: line.get("reason", "") for line in client.post("/v2/repository/index").json()}
    assert reasons["good"] == ""
    assert "nothing.txt" in reasons["missing"]
    assert "label_filename" in reasons["outside"]

"""Built-in models besides identity and delay, as far as plain HTTP shows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from apus_e2e.repository import Repository

REPEAT = """
backend: "builtin"
max_batch_size: 0
input [
  { name: "IN" data_type: TYPE_INT32 dims: [ -1 ] },
  { name: "DELAY" data_type: TYPE_UINT32 dims: [ -1 ] },
  { name: "WAIT" data_type: TYPE_UINT32 dims: [ 1 ] }
]
output [ { name: "OUT" data_type: TYPE_INT32 dims: [ 1 ] }, { name: "IDX" data_type: TYPE_UINT32 dims: [ 1 ] } ]
"""


def ask_repeat(remote: triton.InferenceServerClient, model: str, values: list[int]) -> triton.InferResult:
    """Send one request."""
    inputs = []
    for name, dtype, data in (("IN", "INT32", values), ("DELAY", "UINT32", [0] * len(values)), ("WAIT", "UINT32", [0])):
        given = triton.InferInput(name, [len(data)], dtype)
        given.set_data_from_numpy(np.array(data, dtype=dtype.lower()))
        inputs.append(given)
    return remote.infer(model, inputs)


def test_builtin_models(launch, tmp_path: Path) -> None:  # noqa: ANN001
    """Decoupled models are refused in Triton's words; one answer is one answer; failures are on purpose."""
    root = tmp_path / "models"
    repository = Repository(root).sample("iris")
    for name, policy in (("repeat", "model_transaction_policy { decoupled: true }"), ("repeat_one", "")):
        (root / name / "1").mkdir(parents=True)
        repository.config(name, REPEAT + policy)
    poison = '"fail_when" value { string_value: "nonzero" } } parameters { key: "fail_message" value'
    repository.builtin("poisoned", kind="fail", extra=f'parameters {{ key: {poison} {{ string_value: "poison!" }} }}')
    on_load = 'parameters { key: "fail_when" value { string_value: "load" } }'
    repository.builtin("unloadable", kind="fail", extra=on_load)
    server = launch(models=root)
    with triton.InferenceServerClient(server.url) as remote:
        words = "HTTP end point doesn't support models with decoupled transaction policy"
        with pytest.raises(InferenceServerException, match=words) as caught:
            ask_repeat(remote, "repeat", [1, 2])
        assert caught.value.status() == "501"
        assert ask_repeat(remote, "repeat_one", [7]).as_numpy("OUT").tolist() == [7]
        with pytest.raises(InferenceServerException, match="2 answers where one is taken"):
            ask_repeat(remote, "repeat_one", [1, 2])
        given = triton.InferInput("IN", [2], "FP32")
        given.set_data_from_numpy(np.zeros(2, dtype=np.float32))
        assert remote.infer("poisoned", [given]).as_numpy("OUT").tolist() == [0, 0]
        given.set_data_from_numpy(np.ones(2, dtype=np.float32))
        with pytest.raises(InferenceServerException, match="poison!") as caught:
            remote.infer("poisoned", [given])
        assert caught.value.status() == "500"
        index = {entry["name"]: entry for entry in remote.get_model_repository_index()}
    assert "the model failed on purpose" in index["unloadable"]["reason"]
    assert "not acted on" not in "".join(entry["message"] for entry in server.log())

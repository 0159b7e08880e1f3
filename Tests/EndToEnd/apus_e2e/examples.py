"""The stored requests of the sample models, with the answers expected."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import paths


@dataclass(frozen=True)
class Example:
    """One stored request."""

    model: str
    name: str
    request: dict[str, Any]
    response: dict[str, Any]

    def check(self, answer: dict[str, Any]) -> None:
        """Compare a JSON answer: integers and strings exactly, floats to 1e-5."""
        assert answer["model_name"] == self.model
        got = {output["name"]: output for output in answer["outputs"]}
        assert set(got) == {output["name"] for output in self.response["outputs"]}
        for expected in self.response["outputs"]:
            output = got[expected["name"]]
            assert output["shape"] == expected["shape"], output
            assert output["datatype"] == expected["datatype"], output
            check_data(expected["datatype"], output["data"], expected["data"])


def check_data(datatype: str, got: list[Any], expected: list[Any]) -> None:
    """Compare elements: floats to 1e-5, all else exactly."""
    if datatype in ("FP32", "FP64"):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7)
    else:
        assert got == expected


def _load() -> dict[str, list[Example]]:
    return {
        path.stem: [
            Example(path.stem, entry["name"], entry["request"], entry["response"])
            for entry in json.loads(path.read_text(encoding="utf-8"))
        ]
        for path in sorted((paths.EXAMPLES / "requests").glob("*.json"))
    }


#: By model.
EXAMPLES: dict[str, list[Example]] = _load()
ALL: list[Example] = [example for entries in EXAMPLES.values() for example in entries]

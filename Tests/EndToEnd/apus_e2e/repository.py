"""Model repositories in Triton's layout, put together from the engine's fixtures."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from .paths import EXAMPLES, FIXTURES

#: Fixtures that load and serve.
GOOD_FIXTURES = (
    *sorted(path.stem for path in (FIXTURES / "models").glob("identity_*.onnx")),
    "scalar",
    "many",
    "optional_default",
    "zipmap",
    "gather",
    "matmul_fixed",
    "reduce_empty",
    "loop",
    "two_batch",
    "picky",
    "zero_output",
    "running_sum",
    "rnn_step",
    "sequence_echo",
    "sequence_text",
)

SAMPLES = ("diabetes", "digits", "digits_picture", "digits_pipeline", "digits_words", "iris", "tickets")


class Repository:
    """A folder of models in the making."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def sample(self, name: str) -> Repository:
        """Copy a sample model."""
        shutil.copytree(EXAMPLES / "models" / name, self.root / name)
        return self

    def onnx(
        self, name: str, fixture: str | None = None, version: int | None = 1, config: str | None = None
    ) -> Repository:
        """Add a fixture as a version of a model; without a version, right in the model's folder."""
        folder = self.root / name if version is None else self.root / name / str(version)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(FIXTURES / "models" / f"{fixture or name}.onnx", folder / "model.onnx")
        return self.config(name, config)

    def config(self, name: str, text: str | None) -> Repository:
        """Write a model's config.pbtxt."""
        if text is not None:
            self.file(f"{name}/config.pbtxt", text)
        return self

    def builtin(
        self,
        name: str,
        kind: str = "identity",
        delay_ms: int | None = None,
        datatype: str = "TYPE_FP32",
        dims: Sequence[int] = (-1,),
        extra: str = "",
    ) -> Repository:
        """Add a model of the built-in engine with one instance: `IN` comes back as `OUT`."""
        shape = ", ".join(str(size) for size in dims)
        lines = [
            f'name: "{name}"',
            'backend: "builtin"',
            f'input [ {{ name: "IN" data_type: {datatype} dims: [ {shape} ] }} ]',
            f'output [ {{ name: "OUT" data_type: {datatype} dims: [ {shape} ] }} ]',
            "instance_group [ { count: 1 kind: KIND_CPU } ]",
            f'parameters {{ key: "kind" value {{ string_value: "{kind}" }} }}',
        ]
        if delay_ms is not None:
            lines.append(f'parameters {{ key: "execute_delay_ms" value {{ string_value: "{delay_ms}" }} }}')
        (self.root / name / "1").mkdir(parents=True)
        return self.config(name, "\n".join([*lines, extra]) + "\n")

    def ensemble(
        self,
        name: str,
        steps: Sequence[tuple[str, dict[str, str], dict[str, str]]],
        datatype: str = "TYPE_FP32",
        dims: Sequence[int] = (-1,),
    ) -> Repository:
        """Add an ensemble as Triton's users write it: `IN` to `OUT` by steps of model, inputs and outputs."""
        shape = ", ".join(str(size) for size in dims)
        lines = [
            f'name: "{name}"',
            'platform: "ensemble"',
            f'input [ {{ name: "IN" data_type: {datatype} dims: [ {shape} ] }} ]',
            f'output [ {{ name: "OUT" data_type: {datatype} dims: [ {shape} ] }} ]',
            "ensemble_scheduling {",
        ]
        for model, inputs, outputs in steps:
            lines.append(f'  step {{ model_name: "{model}" model_version: -1')
            lines += [f'    input_map {{ key: "{key}" value: "{value}" }}' for key, value in inputs.items()]
            lines += [f'    output_map {{ key: "{key}" value: "{value}" }}' for key, value in outputs.items()]
            lines.append("  }")
        (self.root / name / "1").mkdir(parents=True)
        return self.config(name, "\n".join([*lines, "}"]) + "\n")

    def file(self, path: str, content: str | bytes) -> Repository:
        """Write any file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return self


def complete(root: Path) -> Path:
    """Make the repository that most tests share: all samples and all fixtures that serve."""
    repository = Repository(root)
    for name in SAMPLES:
        repository.sample(name)
    for name in GOOD_FIXTURES:
        repository.onnx(name)
    repository.onnx("external_ok")
    shutil.copy(FIXTURES / "models" / "external_ok.bin", root / "external_ok" / "1" / "external_ok.bin")
    repository.builtin("echo")
    repository.builtin("delay200", kind="delay", delay_ms=200)
    return root

"""Models with other settings, side by side in one repository, so that one server answers for all of them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import paths

BATCHING_OFF = 'parameters { key: "batching" value { string_value: "off" } }\n'


@dataclass(frozen=True)
class Variant:
    """A copy of a model under another name, with its own `config.pbtxt`; an empty one for no file at all."""

    name: str
    config: str = ""


def off(model: str) -> Variant:
    """The model with the joining of requests switched off."""
    return Variant(f"{model}_off", BATCHING_OFF)


def by_hand(model: str, max_rows: int, delay_us: int) -> Variant:
    """The model as somebody sets it up for a dynamic batcher."""
    delay = f" max_queue_delay_microseconds: {delay_us}" if delay_us else ""
    return Variant(f"{model}_{max_rows}_{delay_us}", f"max_batch_size: {max_rows}\ndynamic_batching {{{delay} }}\n")


def make(model: str, variants: Sequence[Variant]) -> Path:
    """Write a repository with a model as it is and its variants; gives its folder."""
    root = paths.VARIANTS / model
    shutil.rmtree(root, ignore_errors=True)
    for variant in (Variant(model), *variants):
        file = root / variant.name / "1" / "model.onnx"
        file.parent.mkdir(parents=True)
        shutil.copyfile(paths.model_file(model), file)
        if variant.config:
            (root / variant.name / "config.pbtxt").write_text(variant.config)
    return root

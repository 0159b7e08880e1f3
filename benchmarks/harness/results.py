"""Everything that a run of the benchmark has found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from .image import ImageResult
from .lifecycle import ManyModelsResult, MemoryResult, StartupResult
from .measurement import Matrix
from .openloop import OpenLoopResult
from .store import StoreResult
from .timeouts import TimeoutResult


@dataclass
class Results:
    """The sections; what wasn't measured is empty."""

    machine: dict[str, object]
    matrix: Matrix = field(default_factory=Matrix)
    image: ImageResult | None = None
    startup: StartupResult | None = None
    memory: list[MemoryResult] = field(default_factory=list)
    many: ManyModelsResult | None = None
    open_loop: OpenLoopResult | None = None
    timeouts: TimeoutResult | None = None
    store: StoreResult | None = None

    def as_json(self) -> dict[str, Any]:
        """The results in machine-readable form."""
        image = None
        if self.image:
            image = {
                "floats_json_bytes": self.image.json_body_bytes,
                "json_over_binary": self.image.json_over_binary,
                "decode_mb_per_second": self.image.decode_mb_per_second,
            }
        return {
            "machine": self.machine,
            "cells": [cell.as_json() for cell in self.matrix.cells.values()],
            "image": image,
            "startup": asdict(self.startup) if self.startup else None,
            "memory": [asdict(one) for one in self.memory],
            "many_models": asdict(self.many) if self.many else None,
            "open_loop": self.open_loop.as_json() if self.open_loop else None,
            "timeouts": asdict(self.timeouts) if self.timeouts else None,
            "store": self.store.as_json() if self.store else None,
        }

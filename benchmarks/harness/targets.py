"""The speed that Apus must have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from .results import Results
from .throughput import BINARY, ECHO, FASTAPI, JSON, RAW_TWO

Figure = Callable[[Results], "float | None"]


@dataclass(frozen=True)
class Target:
    """A figure with its bound; `is_minimum` says on which side it must be."""

    name: str
    bound: float
    is_minimum: bool
    unit: str
    figure: Figure

    def check(self, results: Results) -> Verdict:
        """Compare the figure with the bound."""
        figure = self.figure(results)
        if figure is None:
            return Verdict(self, None, None)
        return Verdict(self, figure, figure >= self.bound if self.is_minimum else figure <= self.bound)


@dataclass(frozen=True)
class Verdict:
    """A target, its figure, and whether it is reached; nothing for what wasn't measured."""

    target: Target
    figure: float | None
    is_reached: bool | None

    @property
    def word(self) -> str:
        """How the verdict reads in a table."""
        return {True: "ok", False: "MISSED", None: "not measured"}[self.is_reached]

    def as_json(self) -> dict[str, object]:
        """The verdict in machine-readable form."""
        return {
            "name": self.target.name,
            "at_least" if self.target.is_minimum else "at_most": self.target.bound,
            "unit": self.target.unit,
            "figure": self.figure,
            "verdict": self.word,
        }


def added_latency(results: Results) -> float | None:
    """Microseconds that Apus's median latency lies above the echo's."""
    return results.matrix.paired("iris", 1, JSON, ECHO, lambda one, other: one.p50_us - other.p50_us)


def idle_memory(results: Results) -> float | None:
    """MiB of Apus with the iris model alone."""
    return next((one.idle_mib for one in results.memory if one.peer == "apus"), None)


TARGETS = (
    Target(
        "iris, JSON, 32 connections: requests/s over the bare echo's",
        0.78,
        True,
        "x",
        lambda found: found.matrix.ratio("iris", 32, JSON, ECHO),
    ),
    Target(
        "iris, JSON, 32 connections: requests/s over FastAPI's",
        8,
        True,
        "x",
        lambda found: found.matrix.ratio("iris", 32, JSON, FASTAPI),
    ),
    Target("iris, JSON, 1 connection: median latency above the bare echo's", 8, False, "us", added_latency),
    Target(
        "ResNet-50, binary, 2 connections: requests/s over the raw engine's with 2 threads",
        0.95,
        True,
        "x",
        lambda found: found.matrix.ratio("resnet50", 2, BINARY, RAW_TWO),
    ),
    Target("iris alone: resident memory, idle", 45, False, "MiB", idle_memory),
    Target(
        "iris alone: exec to first answer",
        100,
        False,
        "ms",
        lambda found: median(found.startup.apus_ms) if found.startup else None,
    ),
    Target(
        "1,500 models: time to ready",
        4,
        False,
        "s",
        lambda found: median(found.many.ready_seconds) if found.many else None,
    ),
    Target(
        "1,500 models: threads",
        39,
        False,
        "threads",
        lambda found: float(found.many.peak_threads) if found.many else None,
    ),
    Target(
        "150,528 floats: JSON decoded on one core",
        400,
        True,
        "MB/s",
        lambda found: found.image.decode_mb_per_second if found.image else None,
    ),
    Target(
        "150,528 floats: end to end without the model's run, JSON over binary",
        3,
        False,
        "x",
        lambda found: found.image.json_over_binary if found.image else None,
    ),
)

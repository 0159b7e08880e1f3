"""The speed that Apus must have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from . import grpc, sweep, transports
from .measurement import Run
from .openloop import OVERLOAD
from .results import Results
from .throughput import BINARY, BINARY_OFF, ECHO, ECHO_BINARY, FASTAPI, JSON, JSON_OFF, RAW_TWO

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


def cpu_over(one: Run, other: Run) -> float:
    """A server's processor time for a request over another's."""
    return (one.cpu_seconds_per_1000 or 0) / (other.cpu_seconds_per_1000 or float("inf"))


def mlp_targets(connections: int) -> tuple[Target, ...]:
    """What a model must have that gains from company, with nothing configured."""
    name = f"MLP, binary, {connections} connections"

    def over(peer: str) -> Figure:
        return lambda found: found.matrix.ratio("mlp", connections, BINARY, peer)

    def tail(found: Results) -> float | None:
        return found.matrix.paired("mlp", connections, BINARY, BINARY_OFF, lambda one, other: one.p99_us / other.p99_us)

    return (
        Target(f"{name}: requests/s over the echo's of the same body", 0.55, True, "x", over(ECHO_BINARY)),
        Target(f"{name}: requests/s over those with batching off", 1.4, True, "x", over(BINARY_OFF)),
        Target(
            f"{name}: requests/s over the best setting by hand",
            0.9,
            True,
            "x",
            lambda found: sweep.over_best(found.matrix, connections),
        ),
        # No worse, and 5 % for what two runs of the same thing differ by.
        Target(f"{name}: p99 over that with batching off", 1.05, False, "x", tail),
    )


TARGETS = (
    Target(
        "iris, JSON, 32 connections: requests/s over the bare echo's",
        0.8,
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
    Target(
        "iris, JSON, 32 connections: server's CPU for a request over the bare echo's",
        1.5,
        False,
        "x",
        lambda found: found.matrix.paired("iris", 32, JSON, ECHO, cpu_over),
    ),
    Target(
        "iris, JSON, 32 connections: requests/s over those with batching off",
        0.97,
        True,
        "x",
        lambda found: found.matrix.ratio("iris", 32, JSON, JSON_OFF),
    ),
    Target("iris, JSON, 1 connection: median latency above the bare echo's", 8, False, "us", added_latency),
    Target(
        "iris, gRPC, 32 connections: requests/s over the bare HTTP/1 echo's",
        0.5,
        True,
        "x",
        lambda found: found.matrix.ratio(grpc.SECTION, 32, grpc.GRPC, ECHO),
    ),
    Target(
        "iris, gRPC, 32 connections: server's processor time for a request over the bare HTTP/1 echo's",
        2.2,
        False,
        "x",
        lambda found: found.matrix.paired(grpc.SECTION, 32, grpc.GRPC, ECHO, cpu_over),
    ),
    Target(
        "iris, gRPC, 1 stream: median latency above that of HTTP/1",
        40,
        False,
        "us",
        lambda found: found.matrix.paired(
            grpc.SECTION, 1, grpc.GRPC, BINARY, lambda one, other: one.p50_us - other.p50_us
        ),
    ),
    Target(
        "iris, 32 connections: requests/s of plain JSON over those of v2 JSON",
        0.9,
        True,
        "x",
        lambda found: found.matrix.ratio(grpc.SECTION, 32, grpc.PLAIN, JSON),
    ),
    Target(
        "ResNet-50, 2 connections: requests/s of gRPC over those of HTTP binary",
        0.95,
        True,
        "x",
        lambda found: found.matrix.ratio(
            transports.RESNET_SECTION, transports.RESNET_CONNECTIONS, grpc.GRPC, BINARY
        ),
    ),
    Target(
        "4 MiB there and back: requests/s of shared memory over those of HTTP binary",
        1,
        True,
        "x",
        lambda found: found.matrix.ratio(transports.LARGE_SECTION, 1, transports.SHARED, BINARY),
    ),
    Target(
        "4 MiB there and back: requests/s of shared memory over those of gRPC",
        1,
        True,
        "x",
        lambda found: found.matrix.ratio(transports.LARGE_SECTION, 1, transports.SHARED, grpc.GRPC),
    ),
    *mlp_targets(32),
    *mlp_targets(64),
    Target(
        "MLP, binary, open loop at 120 % of capacity: answers in time over capacity",
        0.9,
        True,
        "x",
        lambda found: (
            found.open_loop.median(OVERLOAD, lambda run: run.goodput_of_capacity) if found.open_loop else None
        ),
    ),
    Target(
        "MLP, binary, open loop at 120 % of capacity: accepted requests within their deadline",
        0.99,
        True,
        "of all",
        lambda found: found.open_loop.median(OVERLOAD, lambda run: run.in_time) if found.open_loop else None,
    ),
    Target(
        "deadline of 50 ms behind a run of 10 s: latest answer after it",
        5,
        False,
        "ms",
        lambda found: found.timeouts.worst_ms if found.timeouts else None,
    ),
    Target(
        "deadline of 50 ms behind a run of 10 s: answers that say something else",
        0,
        False,
        "answers",
        lambda found: float(found.timeouts.wrong_answers) if found.timeouts else None,
    ),
    Target(
        "ResNet-50, binary, 2 connections: requests/s over the raw engine's with 2 threads",
        0.95,
        True,
        "x",
        lambda found: found.matrix.ratio("resnet50", 2, BINARY, RAW_TWO),
    ),
    Target(
        "1 GiB from a web server: speed of fetching, checking and syncing over curl, sha256sum and sync",
        0.8,
        True,
        "x",
        lambda found: found.store.fetch_speed if found.store else None,
    ),
    Target(
        "reloads at 30 % of the capacity: p99 over that without reloads",
        1.2,
        False,
        "x",
        lambda found: found.store.reload_p99 if found.store else None,
    ),
    Target(
        "reloads at 30 % of the capacity: requests that failed",
        0,
        False,
        "requests",
        lambda found: float(found.store.failed) if found.store else None,
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

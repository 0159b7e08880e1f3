"""Requests that come at fixed times whatever the server does: below its capacity, near it and above it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from . import paths, servers
from .alternation import note
from .peers import run_tool
from .processes import Server
from .settings import Settings

MODEL = "mlp"
# What keeps the server busy when each connection sends as soon as it has its answer.
CLOSED_CONNECTIONS = 64
# Enough for what is under way at the deadline, so that requests don't wait for a connection.
OPEN_CONNECTIONS = 1024
LOADS = (0.5, 0.8, 1.2)
OVERLOAD = 1.2
DEADLINE_MS = 20
WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class OpenRun:
    """One run at a rate; times in microseconds, of answers counted from when their requests were due."""

    load: float
    offered: float
    capacity: float
    good_per_second: float
    answered: int
    refused: int
    late: int
    failed: int
    p50_us: float
    p99_us: float
    p999_us: float
    sent_late_p99_us: float

    @property
    def goodput_of_capacity(self) -> float:
        """Answers in time a second, over what a closed loop got just before and, above the capacity, just after."""
        return self.good_per_second / self.capacity

    @property
    def in_time(self) -> float:
        """The share of answers that came within their deadline."""
        return 1 - self.late / self.answered if self.answered else 0.0


@dataclass(frozen=True)
class OpenLoopResult:
    """The runs of all rounds."""

    runs: list[OpenRun]

    def at(self, load: float) -> list[OpenRun]:
        """The runs at one load."""
        return [run for run in self.runs if run.load == load]

    def median(self, load: float, figure: Callable[[OpenRun], float]) -> float | None:
        """The median of a figure over the rounds at one load."""
        values = [figure(run) for run in self.at(load)]
        return median(values) if values else None

    def as_json(self) -> list[dict[str, Any]]:
        """The runs in machine-readable form."""
        return [asdict(run) for run in self.runs]


def measure(settings: Settings) -> OpenLoopResult:
    """In each round find the capacity, offer more than that, see what it is by then, and offer smaller shares."""
    runs: list[OpenRun] = []
    with servers.apus(paths.MODELS, "apus-open") as apus:
        apus.wait_until_ready()
        for _ in range(settings.open_rounds):
            before = closed_loop(apus, settings.open_seconds)
            overload = offer(apus, settings.open_seconds, OVERLOAD, before)
            after = closed_loop(apus, settings.open_seconds)
            runs.append(replace(overload, capacity=(before + after) / 2))
            for load in LOADS:
                if load != OVERLOAD:
                    runs.append(offer(apus, settings.open_seconds, load, after))
    result = OpenLoopResult(runs)
    for load in LOADS:
        p99 = result.median(load, lambda run: run.p99_us) or 0
        goodput = result.median(load, lambda run: run.goodput_of_capacity) or 0
        note(f"{MODEL}, open loop at {load:.0%}: p99 {p99:,.0f} µs, {goodput:.0%} of capacity in time")
    return result


def closed_loop(server: Server, seconds: int) -> float:
    """Answers a second where each connection sends as soon as it has its answer."""
    found = bench(server, seconds, ["--connections", str(CLOSED_CONNECTIONS)])
    return float(found["throughput_per_second"])


def offer(server: Server, seconds: int, load: float, capacity: float) -> OpenRun:
    """Offer a share of the capacity; above it each request brings a deadline, since nobody waits for ever."""
    rate = load * capacity
    options = ["--rate", f"{rate:.0f}", "--connections", str(OPEN_CONNECTIONS)]
    if load >= 1:
        options += ["--timeout", f"{DEADLINE_MS}ms"]
    return reading(bench(server, seconds, options), load, rate, capacity)


def reading(found: dict[str, Any], load: float, rate: float, capacity: float) -> OpenRun:
    """What `apus bench` found, in the terms of the tables."""
    latency = found["latency_us"] or {"p50": 0.0, "p99": 0.0, "p99.9": 0.0}
    return OpenRun(
        load=load,
        offered=rate,
        capacity=capacity,
        good_per_second=found.get("goodput_per_second", found["throughput_per_second"]),
        answered=found["answered"],
        refused=found.get("declined", 0),
        late=found.get("late", 0),
        failed=found["failed"],
        p50_us=latency["p50"],
        p99_us=latency["p99"],
        p999_us=latency["p99.9"],
        sent_late_p99_us=(found["send_delay_us"] or {"p99": 0.0})["p99"],
    )


def bench(server: Server, seconds: int, options: list[str]) -> dict[str, Any]:
    """Run `apus bench` with bytes both ways; before the server's threads where it brings the server to its limit."""
    command = [str(paths.APUS), "bench", MODEL, "--url", f"http://127.0.0.1:{server.port}", "--binary"]
    command += ["--duration", f"{seconds}s", "--warmup", f"{WARM_UP_SECONDS}s", "--output", "json", *options]
    found: dict[str, Any] = json.loads(run_tool(command, seconds, goes_first="--timeout" in options))
    return found

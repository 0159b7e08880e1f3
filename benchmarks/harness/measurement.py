"""What one run gives, and what several runs come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True)
class Run:
    """One peer, under load for some seconds. CPU seconds are the server's; none for the raw engine."""

    requests: int
    requests_per_second: float
    p50_us: float
    p90_us: float
    p99_us: float
    errors: int
    cpu_seconds: float | None

    @property
    def cpu_seconds_per_1000(self) -> float | None:
        """The server's processor seconds for 1,000 requests."""
        if self.cpu_seconds is None or self.requests == 0:
            return None
        return self.cpu_seconds / self.requests * 1000


@dataclass(frozen=True)
class Cell:
    """The runs of one peer on one model with so many connections, in the order of the rounds."""

    model: str
    connections: int
    peer: str
    runs: tuple[Run, ...]

    def median(self, figure: Callable[[Run], float | None]) -> float | None:
        """The median of a figure over the runs; nothing when a run doesn't have it."""
        values = [figure(run) for run in self.runs]
        return None if not values or None in values else median(value for value in values if value is not None)

    def as_json(self) -> dict[str, object]:
        """All runs and their medians."""
        return {
            "model": self.model,
            "connections": self.connections,
            "peer": self.peer,
            "requests_per_second": self.median(lambda run: run.requests_per_second),
            "p50_us": self.median(lambda run: run.p50_us),
            "p99_us": self.median(lambda run: run.p99_us),
            "cpu_seconds_per_1000_requests": self.median(lambda run: run.cpu_seconds_per_1000),
            "errors": sum(run.errors for run in self.runs),
            "runs": [asdict(run) for run in self.runs],
        }


class Matrix:
    """All cells by model, connections and peer."""

    def __init__(self, cells: Iterable[Cell] = ()) -> None:
        """Start with some cells."""
        self.cells = {(cell.model, cell.connections, cell.peer): cell for cell in cells}

    def add(self, cells: Iterable[Cell]) -> None:
        """Take more cells in."""
        for cell in cells:
            self.cells[cell.model, cell.connections, cell.peer] = cell

    def ratio(self, model: str, connections: int, peer: str, base: str) -> float | None:
        """A peer's requests/s over another's: the median over the rounds, in which both ran side by side."""
        return self.paired(
            model, connections, peer, base, lambda one, other: one.requests_per_second / other.requests_per_second
        )

    def paired(
        self, model: str, connections: int, peer: str, base: str, figure: Callable[[Run, Run], float]
    ) -> float | None:
        """The median over the rounds of a figure made from two peers' runs of the same round."""
        one = self.cells.get((model, connections, peer))
        other = self.cells.get((model, connections, base))
        if one is None or other is None:
            return None
        return median(figure(a, b) for a, b in zip(one.runs, other.runs))

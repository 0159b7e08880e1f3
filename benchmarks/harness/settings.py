"""How long and how often to measure."""

from __future__ import annotations

from dataclasses import dataclass

SECTIONS = ("iris", "grpc", "mlp", "resnet50", "image", "startup", "memory", "many", "sweep", "open", "timeouts", "store")


@dataclass(frozen=True)
class Settings:
    """Seconds are of one run; the runs of different peers alternate, as often as `rounds` says."""

    rounds: int
    seconds: int
    resnet_rounds: int
    resnet_seconds: int
    starts: int
    many_starts: int
    sweep_rounds: int
    sweep_seconds: int
    sweep_rows: tuple[int, ...]
    sweep_delays: tuple[int, ...]
    open_rounds: int
    open_seconds: int
    reload_rounds: int
    reload_seconds: int
    timeout_requests: int
    sections: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether everything is measured, so that every target has its figure."""
        return set(self.sections) == set(SECTIONS)


def full(sections: tuple[str, ...]) -> Settings:
    """What the figures in the documentation come from."""
    return Settings(
        rounds=5,
        seconds=3,
        resnet_rounds=3,
        resnet_seconds=15,
        starts=10,
        many_starts=3,
        sweep_rounds=3,
        sweep_seconds=2,
        sweep_rows=(8, 16, 32, 64),
        sweep_delays=(0, 100, 500, 1000),
        open_rounds=7,
        open_seconds=3,
        reload_rounds=3,
        reload_seconds=10,
        timeout_requests=1000,
        sections=sections,
    )


def quick(sections: tuple[str, ...]) -> Settings:
    """Enough to see whether something broke."""
    return Settings(
        rounds=3,
        seconds=1,
        resnet_rounds=2,
        resnet_seconds=5,
        starts=5,
        many_starts=1,
        sweep_rounds=3,
        sweep_seconds=1,
        sweep_rows=(16, 64),
        sweep_delays=(0, 500),
        open_rounds=3,
        open_seconds=2,
        reload_rounds=2,
        reload_seconds=4,
        timeout_requests=300,
        sections=sections,
    )

"""How long and how often to measure."""

from __future__ import annotations

from dataclasses import dataclass

SECTIONS = ("iris", "mlp", "resnet50", "image", "startup", "memory", "many")


@dataclass(frozen=True)
class Settings:
    """Seconds are of one run; the runs of different peers alternate, as often as `rounds` says."""

    rounds: int
    seconds: int
    resnet_rounds: int
    resnet_seconds: int
    starts: int
    many_starts: int
    sections: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether everything is measured, so that every target has its figure."""
        return set(self.sections) == set(SECTIONS)


def full(sections: tuple[str, ...]) -> Settings:
    """What the figures in the documentation come from."""
    return Settings(5, 3, 3, 15, 10, 3, sections)


def quick(sections: tuple[str, ...]) -> Settings:
    """Enough to see whether something broke."""
    return Settings(3, 1, 2, 5, 5, 1, sections)

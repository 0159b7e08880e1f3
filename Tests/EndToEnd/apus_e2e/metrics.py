"""Metrics and statistics as tests read them."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from .server import Server


class Metrics:
    """One scrape."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}

    def samples(self, name: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Give the values of all series of a sample's name, by sorted labels.

        The parser puts `_total` behind the names of counters that don't have it.
        """
        return {
            tuple(sorted(sample.labels.items())): sample.value
            for family in self.families.values()
            for sample in family.samples
            if sample.name in (name, f"{name}_total")
        }

    def value(self, name: str, model: str, **labels: str) -> float:
        """Give the value for version 1 of a model."""
        return self.samples(name)[tuple(sorted({"model": model, "version": "1", **labels}.items()))]


def scrape(server: Server) -> Metrics:
    """Read and parse the metrics."""
    return Metrics(server.metrics())


def statistics(server: Server, model: str) -> dict[str, Any]:
    """Get the statistics of a model."""
    with server.client() as client:
        (entry,) = client.get(f"/v2/models/{model}/stats").json()["model_stats"]
    return dict(entry)

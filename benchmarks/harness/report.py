"""The results as Markdown, for docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from .measurement import Cell
from .openloop import DEADLINE_MS, LOADS, OpenLoopResult, OpenRun
from .results import Results
from .store import StoreResult
from .targets import Verdict
from .throughput import ECHO


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: the first column to the left, the others to the right."""
    lines = [f"| {' | '.join(heads)} |", f"|---|{'--:|' * (len(heads) - 1)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def number(value: float | None, digits: int = 0) -> str:
    """A number with thousands separated; a dash for none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def by_size(value: float | None) -> str:
    """A number with about three digits that count."""
    if value is None:
        return "–"
    return number(value, 0 if value >= 100 else 1 if value >= 10 else 2)


def without_zeros(text: str) -> str:
    """A decimal number without the zeros at its end."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def model_section(model: str, cells: Sequence[Cell]) -> str:
    """One table for a model."""
    echo_rates = {
        cell.connections: cell.median(lambda run: run.requests_per_second) for cell in cells if cell.peer == ECHO
    }
    rows = []
    for cell in cells:
        rate = cell.median(lambda run: run.requests_per_second)
        echo = echo_rates.get(cell.connections)
        cpu = cell.median(lambda run: run.cpu_seconds_per_1000)
        rows.append(
            (
                str(cell.connections),
                cell.peer,
                by_size(rate),
                f"{rate / echo:.0%}" if rate and echo else "–",
                by_size(cell.median(lambda run: run.p50_us)),
                by_size(cell.median(lambda run: run.p99_us)),
                "–" if cpu is None else f"{cpu:.4f}" if cpu < 1 else f"{cpu:.1f}",
                number(sum(run.errors for run in cell.runs)),
            )
        )
    heads = ("connections", "peer", "requests/s", "of echo", "p50 µs", "p99 µs", "CPU s per 1,000", "errors")
    return f"### {model}\n\n{table(heads, rows)}"


def verdict_row(verdict: Verdict) -> Sequence[str]:
    """A row of the table of targets."""
    target = verdict.target
    bound = f"{'≥' if target.is_minimum else '≤'} {target.bound:g} {target.unit}"
    figure = "–" if verdict.figure is None else f"{without_zeros(by_size(verdict.figure))} {target.unit}"
    return target.name, bound, figure, verdict.word


def lifecycle_section(results: Results) -> str:
    """Start-up, memory and many models."""
    rows: list[Sequence[str]] = []
    if results.startup:
        rows.append(("exec to first answer, Apus", f"{median(results.startup.apus_ms):.0f} ms"))
        rows.append(("exec to first answer, FastAPI", f"{median(results.startup.fastapi_ms):,.0f} ms"))
    for one in results.memory:
        rows.append((f"resident memory idle, {one.peer}", f"{one.idle_mib:.1f} MiB"))
        rows.append((f"resident memory at its peak under load, {one.peer}", f"{one.peak_under_load_mib:.1f} MiB"))
    if results.many:
        rows.append(("1,500 models: time to ready", f"{median(results.many.ready_seconds):.2f} s"))
        rows.append(("1,500 models: most threads", str(results.many.peak_threads)))
        rows.append(("1,500 models: resident memory", f"{results.many.resident_mib:.0f} MiB"))
    if results.timeouts:
        rows.append(("50 ms deadline behind a long run: median answer after it", f"{results.timeouts.median_ms:.2f} ms"))
        rows.append(("50 ms deadline behind a long run: latest answer after it", f"{results.timeouts.worst_ms:.2f} ms"))
    if results.image:
        rows.append(("150,528 floats: JSON body", f"{results.image.json_body_bytes:,} bytes"))
    return table(("figure", "value"), rows) if rows else ""


def open_loop_section(result: OpenLoopResult) -> str:
    """One row for each share of the capacity."""
    rows = []
    for load in LOADS:

        def cell(figure: Callable[[OpenRun], float], load: float = load) -> str:
            return by_size(result.median(load, figure))

        rows.append(
            (
                f"{load:.0%}",
                cell(lambda run: run.offered),
                f"{DEADLINE_MS} ms" if load >= 1 else "–",
                cell(lambda run: run.good_per_second),
                number(sum(run.refused for run in result.at(load))),
                number(sum(run.late for run in result.at(load))),
                number(sum(run.failed for run in result.at(load))),
                cell(lambda run: run.p50_us),
                cell(lambda run: run.p99_us),
                cell(lambda run: run.p999_us),
                cell(lambda run: run.sent_late_p99_us),
            )
        )
    heads = ("load", "offered/s", "deadline", "in time/s", "refused", "late", "failed", "p50 µs", "p99 µs", "p99.9 µs")
    return f"### mlp, binary, open loop\n\n{table((*heads, 'sent late, p99 µs'), rows)}"


def store_section(result: StoreResult) -> str:
    """Fetching and reloading."""
    return (
        "### Versions from a web server\n\n"
        f"1 GiB fetched, checked and synced in {median(result.fetch_seconds):.2f} s, by curl, sha256sum and sync in "
        f"{median(result.reference_seconds):.2f} s; {result.grown_mib:.0f} MiB more resident at its peak. "
        f"{result.reloads} reloads at 30 % of the capacity: p99 {median(result.reloading_p99_us):.0f} µs, "
        f"without reloads {median(result.calm_p99_us):.0f} µs, {result.failed} requests failed.\n"
    )


def markdown(results: Results, verdicts: Sequence[Verdict]) -> str:
    """The whole report."""
    facts = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in results.machine.items() if value != "")
    models = dict.fromkeys(model for model, _, _ in results.matrix.cells)
    sections = [
        f"Measured on: {facts}.",
        "### Targets\n\n" + table(("target", "bound", "figure", "verdict"), map(verdict_row, verdicts)),
        *(model_section(model, [c for c in results.matrix.cells.values() if c.model == model]) for model in models),
    ]
    if results.store:
        sections.append(store_section(results.store))
    if results.open_loop:
        sections.append(open_loop_section(results.open_loop))
    if lifecycle := lifecycle_section(results):
        sections.append(f"### Start, memory, many models, deadlines\n\n{lifecycle}")
    return "\n\n".join(sections)

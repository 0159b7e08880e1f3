#!/usr/bin/env python3
"""Measure Apus and its peers, print the figures as Markdown and check the targets.

    scripts/bench --quick

scripts/bench sets everything up and calls this. Exit status: 0 when every target is reached, 1 when one is missed,
2 when something could not be measured.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from datetime import datetime, timezone
from pathlib import Path

from harness import grpc, image, lifecycle, machine, openloop, paths, report, settings, store, sweep, throughput, timeouts, transports
from harness.peers import MeasurementFailed
from harness.processes import ServerFailed
from harness.results import Results
from harness.settings import Settings
from harness.targets import TARGETS


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure Apus and its peers.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument("--only", action="append", choices=settings.SECTIONS, help="measure this section only")
    parser.add_argument("--json", type=Path, default=paths.BUILD / "bench.json", help="where the results go")
    parser.add_argument("--check-arguments", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(plan: Settings) -> Results:
    """Measure the sections that were asked for."""
    results = Results(machine.facts())
    results.machine["load_before"] = round(machine.load_average(), 2)
    before = machine.Processors.now()
    for model in ("iris", "mlp", "resnet50"):
        if model in plan.sections:
            results.matrix.add(throughput.measure(model, plan))
    if "grpc" in plan.sections:
        results.matrix.add(grpc.measure(plan))
        results.matrix.add(transports.measure(plan))
    if "image" in plan.sections:
        results.image = image.measure(plan)
        results.matrix.add(results.image.cells)
    if "startup" in plan.sections:
        results.startup = lifecycle.measure_startup(plan)
    if "memory" in plan.sections:
        results.memory = lifecycle.measure_memory(plan)
    if "many" in plan.sections:
        results.many = lifecycle.measure_many(plan)
    if "sweep" in plan.sections:
        results.matrix.add(sweep.measure(plan))
    if "open" in plan.sections:
        results.open_loop = openloop.measure(plan)
    if "timeouts" in plan.sections:
        results.timeouts = timeouts.measure(plan)
    if "store" in plan.sections:
        results.store = store.measure(plan)
    results.machine["stolen_percent"] = machine.Processors.now().stolen_percent_since(before)
    return results


def main() -> int:
    """Measure, print, write the file, and judge."""
    arguments = parse_arguments()
    if arguments.check_arguments:
        return 0
    sections = tuple(arguments.only or settings.SECTIONS)
    plan = settings.quick(sections) if arguments.quick else settings.full(sections)
    started = datetime.now(timezone.utc)
    # As an exception, so that servers and generators end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        results = measure(plan)
    except (MeasurementFailed, ServerFailed) as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 2
    verdicts = [target.check(results) for target in TARGETS]
    print(report.markdown(results, verdicts))
    written = {
        "measured_at": started.isoformat(timespec="seconds"),
        "is_quick": arguments.quick,
        **results.as_json(),
        "targets": [verdict.as_json() for verdict in verdicts],
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(written, indent=2) + "\n")
    print(f"bench: results are in {arguments.json}", file=sys.stderr)
    if plan.is_complete and any(verdict.is_reached is None for verdict in verdicts):
        return 2
    return 1 if any(verdict.is_reached is False for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())

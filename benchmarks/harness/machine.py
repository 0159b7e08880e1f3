"""What machine this is, and how quiet it was."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import paths


def first_line(command: list[str], pattern: str = r"(.+)") -> str:
    """What the first matching line of a command's output says; empty when it can't be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1].strip() if found else ""


def cpu_model() -> str:
    """The processor's name."""
    found = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def memory_gib() -> float:
    """The machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def engine_version() -> str:
    """The version of the ONNX Runtime that is installed for Apus."""
    libraries = sorted((paths.ENGINES / "onnxruntime").glob("libonnxruntime.so.*"))
    return libraries[-1].name.removeprefix("libonnxruntime.so.") if libraries else ""


def facts() -> dict[str, object]:
    """Everything that a reader of the figures needs to know."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": cpu_model(),
        "memory_gib": round(memory_gib(), 1),
        "kernel": platform.release(),
        "system": first_line(["sh", "-c", '. /etc/os-release && echo "$PRETTY_NAME"']),
        "swift": first_line(["swift", "--version"], r"(Swift version \S+)"),
        "apus": first_line([str(paths.APUS), "--version"]),
        "commit": first_line(["git", "-C", str(paths.CHECKOUT), "rev-parse", "--short", "HEAD"], r"^([0-9a-f]+)$"),
        "onnxruntime": engine_version(),
        "wrk": first_line(["wrk", "--version"], r"wrk (\S+)"),
        "fastapi_python": first_line([str(paths.FASTAPI_PYTHON), "--version"]),
    }


@dataclass(frozen=True)
class Processors:
    """Ticks that all processors have spent so far: altogether, and stolen by other guests of the host."""

    total: int
    stolen: int

    @staticmethod
    def now() -> Processors:
        """Read the counters."""
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return Processors(sum(fields), fields[7])

    def stolen_percent_since(self, earlier: Processors) -> float:
        """The share of the time that the host gave to others."""
        total = self.total - earlier.total
        return round(100 * (self.stolen - earlier.stolen) / total, 2) if total else 0.0


def load_average() -> float:
    """The load of the last minute."""
    return os.getloadavg()[0]

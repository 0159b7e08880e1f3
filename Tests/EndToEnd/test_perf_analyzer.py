"""Triton's own load generator, unchanged, against Apus; scripts/test installs it and says where (APUS_PERF_ANALYZER)."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server

#: A virtual environment with requirements-perf-analyzer.txt.
HOME = os.environ.get("APUS_PERF_ANALYZER", "")

pytestmark = pytest.mark.skipif(not HOME, reason="APUS_PERF_ANALYZER names no environment: scripts/test makes one")


@pytest.fixture
def measured(launch: Launch, tmp_path: Path) -> Iterator[Server]:
    """A server that allows shared memory."""
    repository = Repository(tmp_path / "models").sample("iris").sample("digits")
    yield launch("--control-on-inference-ports", "--allow-client-shm", models=repository.root)


@pytest.mark.parametrize(
    "flags",
    [
        ("-i", "http"),
        ("-i", "http", "--shared-memory", "system"),
        ("-i", "http", "--async", "--request-rate-range", "100"),
        ("-i", "grpc"),
        ("-i", "grpc", "--streaming", "--async"),
        ("-i", "grpc", "--shared-memory", "system"),
        ("-i", "grpc", "--grpc-compression-algorithm", "gzip"),
    ],
    ids=" ".join,
)
def test_it_measures(measured: Server, flags: tuple[str, ...]) -> None:
    """It finds the model, asks, reads the statistics, and meets no error."""
    home = Path(HOME).resolve()
    libraries = next(home.glob("lib/python3*/site-packages/nvidia/cuda_runtime/lib"))
    address = measured.address if "http" in flags else measured.grpc_address
    load = () if "--request-rate-range" in flags else ("--concurrency-range", "2")
    done = subprocess.run(
        [
            home / "bin" / "perf_analyzer", "-m", "iris", "--shape", "features:1,4", "-u", "{}:{}".format(*address),
            # Any measurement is stable enough: what it says of speed isn't looked at.
            *("--measurement-mode", "count_windows", "--measurement-request-count", "50", "-s", "100000"),
            *load, *flags,
        ],
        env={**os.environ, "LD_LIBRARY_PATH": str(libraries)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    count = re.search(r"Request count: (\d+)", output)
    assert count and int(count[1]) >= 50, output
    assert "Server:" in output, output
    assert "error" not in output.lower(), output
    measured.assert_serving()

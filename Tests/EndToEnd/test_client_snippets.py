"""The snippets of docs/clients.md, run as they are printed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from apus_e2e.server import Server

CLIENTS = Path(__file__).parents[2] / "docs" / "clients.md"
SECTIONS = (
    "Triton, HTTP",
    "Triton, gRPC",
    "KServe, the v2 protocol",
    "TensorFlow Serving, REST",
    "KServe, the first protocol",
    "Plain JSON: curl",
    "Plain JSON: requests",
    "API gateways and generated clients",
)


def snippets(sections: Sequence[str] = SECTIONS) -> list[tuple[str, str]]:
    """Take the code blocks of the sections with their languages."""
    found = []
    for section in re.split(r"^## ", CLIENTS.read_text(), flags=re.MULTILINE)[1:]:
        if section.splitlines()[0] in sections:
            found += re.findall(r"^```(sh|python)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    # perf_analyzer isn't in this environment: test_perf_analyzer.py runs it.
    return [(language, code) for language, code in found if "perf_analyzer" not in code]


def test_sections_are_there() -> None:
    """A section that was renamed isn't passed over in silence."""
    assert len(snippets()) >= len(SECTIONS)


@pytest.mark.parametrize(("language", "code"), snippets())
def test_snippet(server: Server, tmp_path: Path, language: str, code: str) -> None:
    """The snippet ends well and prints what the page says."""
    expected = [line[2:].strip() for line in code.splitlines() if line.startswith("#>")]
    code = code.replace("localhost:8000", "{}:{}".format(*server.address))
    code = code.replace("localhost:8001", "{}:{}".format(*server.grpc_address))
    command = ["bash", "-euo", "pipefail", "-c", code] if language == "sh" else [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    for line in expected:
        assert line in done.stdout, done.stdout

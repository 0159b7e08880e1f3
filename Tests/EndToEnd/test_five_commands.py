"""The five commands of docs/publishing.md, taken from the page and typed as they stand, with a real training script.

Needs scikit-learn and skl2onnx in the Python that APUS_TEST_TRAINING names; `scripts/test` makes one.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from apus_e2e.bucket import free_port
from apus_e2e.paths import CHECKOUT, binary, environment
from apus_e2e.wire import Client, eventually


def block(page: str, language: str) -> str:
    """Give the first code block in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_five_commands(tmp_path: Path) -> None:
    """From a script to two versions live; each command ends well."""
    training = os.environ.get("APUS_TEST_TRAINING")
    if not training:
        pytest.skip("APUS_TEST_TRAINING names no Python with scikit-learn and skl2onnx")
    page = (CHECKOUT / "docs" / "publishing.md").read_text()
    (tmp_path / "train.py").write_text(block(page, "python"))
    (tmp_path / "models").mkdir()
    port = free_port()
    folders = [str(Path(training).parent), str(binary().parent), os.environ["PATH"]]
    variables = environment(
        PATH=":".join(folders),
        APUS_HTTP_PORT=str(port),
        APUS_GRPC_PORT="off",
        APUS_METRICS_PORT="0",
        APUS_DRAIN_DELAY="0s",
        APUS_POLL_INTERVAL="300ms",
        APUS_URL=f"http://127.0.0.1:{port}",
    )
    served: subprocess.Popen[bytes] | None = None

    def live() -> list[str]:
        try:
            with Client(("127.0.0.1", port)) as client:
                entries = client.post_json("/v2/repository/index", {}).json()
        except OSError:
            return []
        return [entry["version"] for entry in entries if entry.get("state") == "READY"]

    try:
        commands = [line.split("#")[0].strip() for line in block(page, "sh").splitlines() if line.strip()]
        assert len(commands) == 5, commands
        for command in commands:
            if command.endswith("&"):
                served = subprocess.Popen(command[:-1].split(), cwd=tmp_path, env=variables)
                assert eventually(lambda: live() == ["1"], timeout=60)
                continue
            done = subprocess.run(command.split(), cwd=tmp_path, env=variables, capture_output=True, text=True)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert eventually(lambda: "2" in live(), timeout=60)
    finally:
        if served is not None:
            served.send_signal(signal.SIGTERM)
            assert served.wait(timeout=60) == 0

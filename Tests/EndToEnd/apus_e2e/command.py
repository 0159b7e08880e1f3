"""The binary as a command that ends."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from . import paths

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


def runner(folder: Path) -> Run:
    """Make a function that runs the binary in a folder, with variables given by name."""

    def start(*arguments: str, stdin: str | bytes = "", timeout: float = 60, **environment: str) -> Done:
        done = subprocess.run(
            [paths.binary(), *arguments],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            cwd=folder,
            env=paths.environment(**environment),
            timeout=timeout,
            check=False,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return start


def whole(done: Done) -> str:
    """Give both outputs, and check that nothing crashed."""
    assert done.returncode >= 0, done
    text = done.stdout + done.stderr
    assert "Fatal error" not in text, text
    return text

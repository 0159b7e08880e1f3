"""Fixtures: a repository that most tests share, one server for each module, more where a test needs its own.

Run with `pytest Tests/EndToEnd` after `pip install -r Tests/EndToEnd/requirements.txt`. Environment:
APUS_BINARY names the server, APUS_ENGINE_PATH the engine's library, APUS_LONG=1 repeats 20 times more, APUS_SEED
starts random choices elsewhere.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from apus_e2e import paths, repository  # noqa: E402
from apus_e2e.command import Run, runner  # noqa: E402
from apus_e2e.scale import IS_LONG, SEED  # noqa: E402
from apus_e2e.server import COMMON_FLAGS, Launch, Server  # noqa: E402
from apus_e2e.wire import Client  # noqa: E402


def pytest_report_header() -> str:
    """Say what is tested and how to repeat it."""
    return f"apus: {paths.binary()}, APUS_SEED={SEED}, APUS_LONG={int(IS_LONG)}"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with all samples and all fixtures that serve; not to be changed."""
    return repository.complete(tmp_path_factory.mktemp("repository") / "models")


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The module's server, started with the module's SERVER_FLAGS.

    At the module's end it must still be the same process, still answer rightly, and end with status 0.
    """
    flags = getattr(request.module, "SERVER_FLAGS", ())
    started = Server(models, tmp_path_factory.mktemp("server"), flags).wait_until_ready()
    yield started
    try:
        started.assert_serving()
        assert started.stop() == 0, started.log_tail()
    finally:
        started.kill()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client of the module's server."""
    with server.client() as opened:
        yield opened


@pytest.fixture
def launch(models: Path, tmp_path: Path) -> Iterator[Launch]:
    """Starts servers that a test has to itself; the flags come on top of the common ones."""
    started: list[Server] = []
    numbers = itertools.count()

    def start(
        *flags: str,
        models: Path | str = models,
        environment: dict[str, str] | None = None,
        common: Sequence[str] = COMMON_FLAGS,
        waits: bool = True,
    ) -> Server:
        server = Server(models, tmp_path / f"server{next(numbers)}", flags, environment, common)
        started.append(server)
        return server.wait_until_ready() if waits else server

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the binary in an empty folder."""
    return runner(tmp_path)

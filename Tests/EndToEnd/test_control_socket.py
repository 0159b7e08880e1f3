"""The control socket: a Unix socket for this user alone, on which nothing is closed."""

from __future__ import annotations

import http.client
import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import tritonclient.grpc as triton

from apus_e2e.command import Run
from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server


def ask(path: Path, verb: str, target: str, body: object = None) -> tuple[int, bytes]:
    """Ask one question through the socket."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(20)
    connection.sock.connect(str(path))
    try:
        connection.request(verb, target, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def controlled(launch: Launch, tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A server whose ports are closed to control and whose socket isn't."""
    repository = Repository(tmp_path / "models").builtin("echo")
    path = tmp_path / "control.sock"
    yield launch("--model-control-mode=explicit", "--control-socket", str(path), models=repository.root), path


def test_control_is_open_there_and_closed_elsewhere(controlled: tuple[Server, Path]) -> None:
    """Load on the socket; the ports say where to ask."""
    server, path = controlled
    with server.client() as client:
        refused = client.post_json("/v2/repository/models/echo/load", {})
        assert refused.status == 403
        assert "--control-socket" in refused.error
        assert ask(path, "POST", "/v2/repository/models/echo/load", {})[0] == 200
        question = {"inputs": [{"name": "IN", "shape": [2], "datatype": "FP32", "data": [1, 2]}]}
        assert client.post_json("/v2/models/echo/infer", question).status == 200
    status, body = ask(path, "POST", "/v2/models/echo/infer", question)
    assert (status, json.loads(body)["outputs"][0]["data"]) == (200, [1, 2])


def test_grpc_is_spoken_there_too(controlled: tuple[Server, Path]) -> None:
    """By Triton's client, which takes `unix:` addresses."""
    _, path = controlled
    with triton.InferenceServerClient(f"unix:{path}") as remote:
        remote.load_model("echo")
        assert remote.is_model_ready("echo")
        remote.unload_model("echo")


def test_it_belongs_to_its_user(controlled: tuple[Server, Path]) -> None:
    """Nobody else may open it; what is made later isn't touched by that; it goes with the server."""
    server, path = controlled
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    umask = next(line for line in Path(f"/proc/{server.pid}/status").read_text().splitlines() if "Umask" in line)
    own = next(line for line in Path("/proc/self/status").read_text().splitlines() if "Umask" in line)
    assert umask == own
    assert server.stop() == 0
    assert not path.exists()


def test_a_socket_that_was_left_behind_is_replaced(launch: Launch, tmp_path: Path) -> None:
    """A server that was killed can't take it away."""
    repository = Repository(tmp_path / "models").builtin("echo")
    path = tmp_path / "control.sock"
    first = launch("--control-socket", str(path), models=repository.root)
    first.kill()
    assert path.exists()
    launch("--control-socket", str(path), models=repository.root)
    assert ask(path, "GET", "/v2/health/ready")[0] == 200


@pytest.mark.parametrize("kind", ["server", "file", "folder", "long", "nowhere"])
def test_a_place_that_is_taken_is_refused(controlled: tuple[Server, Path], tmp_path: Path, run: Run, kind: str) -> None:
    """One sentence that names the path; what is there stays."""
    _, path = controlled
    place = {
        "server": path,
        "file": tmp_path / "file",
        "folder": tmp_path / "models",
        "long": tmp_path / ("x" * 120),
        "nowhere": tmp_path / "none" / "control.sock",
    }[kind]
    if kind == "file":
        place.write_text("mine")
    done = run(
        "serve", "--models", str(tmp_path / "models"), "--http-port", "0", "--grpc-port", "0", "--metrics-port", "0",
        "--control-socket", str(place), timeout=30,
    )
    assert done.returncode != 0
    assert "control-socket" in done.stderr or "control_socket" in done.stderr, done.stderr
    if kind == "file":
        assert place.read_text() == "mine"
    assert ask(path, "GET", "/v2/health/ready")[0] == 200

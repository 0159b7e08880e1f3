"""Settings: flags over environment over file, faults told at the start, what is bound and what isn't."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from apus_e2e.command import Run, whole
from apus_e2e.server import Launch


def test_settings_from_the_environment(launch: Launch) -> None:
    """APUS_… for every flag; a flag wins."""
    server = launch(environment={"APUS_SERVER_ID": "from-environment", "APUS_MAX_BODY_BYTES": "100"})
    with server.client() as client:
        assert client.get("/v2").json()["name"] == "from-environment"
        assert client.post("/v2/models/iris/infer", b" " * 101).status == 413
    server = launch("--server-id", "from-flag", environment={"APUS_SERVER_ID": "from-environment"})
    with server.client() as client:
        assert client.get("/v2").json()["name"] == "from-flag"


def test_settings_from_a_file(launch: Launch, tmp_path: Path) -> None:
    """--config; the environment wins over it, a flag over both."""
    path = tmp_path / "settings.yaml"
    path.write_text("server_id: from-file\nmax_body_bytes: 100\n")
    server = launch("--config", str(path))
    with server.client() as client:
        assert client.get("/v2").json()["name"] == "from-file"
        assert client.post("/v2/models/iris/infer", b" " * 101).status == 413
    server = launch("--config", str(path), environment={"APUS_SERVER_ID": "from-environment"})
    with server.client() as client:
        assert client.get("/v2").json()["name"] == "from-environment"


FAULTS: dict[str, tuple[list[str], str, list[str]]] = {
    "unknown key": ([], "http_prot: 1\nserver_id: x\n", ["http_prot", "http_port"]),
    "two faults": ([], "http_prot: 1\nmax_tensor: 2\n", ["http_prot", "max_tensor"]),
    "wrong type": ([], "http_port: many\n", ["http_port", "many"]),
    "out of range": (["--http-port", "70000"], "", ["http", "70000"]),
    "no duration": (["--drain-delay", "soon"], "", ["drain", "soon"]),
    "no size": (["--max-body-bytes", "-1"], "", ["-1"]),
    "more than buffers can count": (["--max-body-bytes", "8GiB"], "", ["max-body-bytes", "8GiB", "2147483647"]),
    "more than an answer can be": (["--max-answer-bytes", "2GiB"], "", ["max-answer-bytes", "2147483647"]),
    "no choice": (["--log-format", "xml"], "", ["xml", "readable"]),
    "no yaml": ([], "a: [\n", ["settings.yaml"]),
}


@pytest.mark.parametrize(("flags", "text", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_wrong_settings(run: Run, models: Path, tmp_path: Path, flags: list[str], text: str, words: list[str]) -> None:
    """Reported at the start, all at once, with the key and a suggestion."""
    (tmp_path / "settings.yaml").write_text(text)
    done = run("serve", "--models", str(models), "--config", "settings.yaml", *flags, timeout=10)
    assert done.returncode not in (0, -4, -11), done
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.mark.parametrize("variable", ["APUS_HTTP_PROT", "APUS_HTTP_PORT"])
def test_wrong_environment(run: Run, models: Path, variable: str) -> None:
    """A value that is none is refused by the variable's name."""
    done = run("serve", "--models", str(models), timeout=10, **{variable: "x", "APUS_HOST": "300.1.1.1"})
    assert done.returncode not in (0, -4, -11), done
    assert whole(done)


def test_port_that_is_taken(run: Run, models: Path) -> None:
    """One clear sentence with the port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("serve", "--models", str(models), "--http-port", port, "--grpc-port", "off", "--metrics-port", "0", timeout=15)
    assert done.returncode not in (0, -4, -11), done
    assert port in whole(done)


def test_wider_than_loopback_is_refused(run: Run, models: Path) -> None:
    """Without any authentication only --insecure opens it (ARCHITECTURE §5)."""
    flags = ("--models", str(models), "--http-port", "0", "--grpc-port", "0", "--metrics-port", "0")
    done = run("serve", *flags, "--host", "0.0.0.0", timeout=10)
    assert done.returncode not in (0, -4, -11), done
    assert "insecure" in whole(done)


def test_wider_than_loopback_with_insecure(launch: Launch) -> None:
    """Then it is open."""
    server = launch("--host", "0.0.0.0", "--insecure")
    server.address = ("127.0.0.1", server.address[1])
    server.assert_serving()
    assert server.stop() == 0

"""The command line: each subcommand, flags, environment, configuration file, exit statuses."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from apus_e2e import paths
from apus_e2e.command import Run, whole
from apus_e2e.examples import EXAMPLES
from apus_e2e.repository import Repository
from apus_e2e.server import Server

HELP = subprocess.run([paths.binary(), "--help"], capture_output=True, text=True, check=False, timeout=20).stdout


def needs(command: str) -> pytest.MarkDecorator:
    """Skip a test when the subcommand isn't there yet."""
    missing = re.search(rf"^\s+{command}\b", HELP, re.MULTILINE) is None
    return pytest.mark.skipif(missing, reason=f"no subcommand '{command}' in: {HELP}")


@pytest.mark.parametrize("arguments", [["--help"], ["help"], ["-h"]], ids=str)
def test_help(run: Run, arguments: list[str]) -> None:
    """Says what there is, with examples."""
    done = run(*arguments)
    assert done.returncode == 0
    for command in ("serve", "models", "infer", "check", "engines", "bench", "stats"):
        assert command in done.stdout
    assert "EXAMPLES" in done.stdout


@pytest.mark.parametrize("command", ["serve", "models", "infer", "check", "engines", "bench", "stats"])
def test_help_of_each_command(run: Run, command: str) -> None:
    """With examples on each."""
    done = run(command, "--help")
    assert done.returncode == 0, done
    assert f"apus {command}" in done.stdout
    assert "EXAMPLES" in done.stdout


def test_version(run: Run) -> None:
    """One line."""
    done = run("--version")
    assert done.returncode == 0
    assert re.search(r"\d+\.\d+", done.stdout), done


@pytest.mark.parametrize("arguments", [["serv"], ["serve", "--http-prot", "1"], ["infer"], ["--nothing"]], ids=str)
def test_wrong_usage(run: Run, arguments: list[str]) -> None:
    """A failure that says what was wrong, on standard error."""
    done = run(*arguments)
    assert done.returncode not in (0, -4, -6, -11), done
    assert done.stderr, done


@needs("engines")
def test_engines(run: Run) -> None:
    """What was found, its version and devices."""
    done = run("engines")
    assert done.returncode == 0, done
    assert "onnxruntime" in done.stdout.lower()
    assert "builtin" in done.stdout
    assert re.search(r"1\.\d+\.\d+", done.stdout), done.stdout
    assert "CPU" in done.stdout


@needs("engines")
def test_engines_when_one_is_missing(run: Run, tmp_path: Path) -> None:
    """Where it was looked for, and the command that installs it."""
    done = run("engines", "--engine-path", str(tmp_path / "nothing"))
    text = whole(done)
    assert str(tmp_path / "nothing") in text
    assert "install-engine" in text, text


@needs("check")
def test_check_of_a_good_repository(run: Run, models: Path) -> None:
    """Status 0."""
    done = run("check", str(models))
    assert done.returncode == 0, done


BAD: dict[str, Callable[[Repository], object]] = {
    "corrupt": lambda r: r.onnx("corrupt"),
    "unknown_op": lambda r: r.onnx("unknown_op"),
    "bad pbtxt": lambda r: r.onnx("m", "two_batch", config="input [ {"),
    "illegal name": lambda r: r.onnx("a b", "two_batch"),
    "no file": lambda r: r.file("m/1/model.pt", b"x"),
}


@needs("check")
@pytest.mark.parametrize("add", BAD.values(), ids=BAD.keys())
def test_check_of_a_bad_repository(run: Run, tmp_path: Path, add: Callable[[Repository], object]) -> None:
    """A status that CI can use, and the model that is bad; the good ones aren't accused."""
    repository = Repository(tmp_path / "models").sample("iris")
    add(repository)
    done = run("check", str(repository.root))
    text = whole(done)
    assert done.returncode == 1, done
    (bad,) = {path.name for path in repository.root.iterdir()} - {"iris"}
    assert bad in text


@needs("check")
def test_check_of_nothing(run: Run, tmp_path: Path) -> None:
    """A folder that isn't there."""
    done = run("check", str(tmp_path / "nowhere"))
    assert done.returncode != 0
    assert "nowhere" in whole(done)


@needs("check")
def test_check_opens_no_port(run: Run, models: Path) -> None:
    """Also when the default ports are taken."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8000))
            taken.listen()
        except OSError:
            pass
        assert run("check", str(models)).returncode == 0


@needs("models")
def test_models(run: Run, server: Server) -> None:
    """What is there and in which state, as a table and as JSON."""
    done = run("models", "--url", f"http://{server.url}")
    assert done.returncode == 0, done
    assert re.search(r"iris\s.*READY", done.stdout), done.stdout
    done = run("models", "--json", APUS_URL=f"http://{server.url}")
    assert {"name": "iris", "version": "1", "state": "READY"}.items() <= next(
        entry for entry in json.loads(done.stdout) if entry["name"] == "iris"
    ).items()


@needs("models")
def test_models_without_a_server(run: Run) -> None:
    """One clear sentence and a failure."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = run("models", "--url", f"http://127.0.0.1:{port}")
    assert done.returncode not in (0, -4), done
    assert str(port) in whole(done)


@needs("infer")
def test_infer_from_every_form_of_input(run: Run, server: Server, tmp_path: Path) -> None:
    """JSON array, whole request, CSV, NPY; from a file and from standard input."""
    row = EXAMPLES["iris"][0].request["inputs"][0]["data"]
    (tmp_path / "row.json").write_text(json.dumps([row]))
    (tmp_path / "request.json").write_text(json.dumps(EXAMPLES["iris"][0].request))
    (tmp_path / "rows.csv").write_text(",".join(map(str, row)) + "\n")
    np.save(tmp_path / "rows.npy", np.array([row], dtype=np.float32))
    url = ("--url", f"http://{server.url}")
    for name in ("row.json", "request.json", "rows.csv", "rows.npy"):
        done = run("infer", "iris", "--file", name, "--output", "json", *url)
        assert done.returncode == 0, (name, done)
        EXAMPLES["iris"][0].check(json.loads(done.stdout))
        done = run("infer", "iris", "--file", "-", "--output", "json", *url, stdin=(tmp_path / name).read_bytes())
        assert done.returncode == 0, (name, done)
        EXAMPLES["iris"][0].check(json.loads(done.stdout))


@needs("infer")
@pytest.mark.parametrize(
    "model", ["iris", "digits", "diabetes", "tickets", "many", "scalar", "identity_bool", "identity_fp16"]
)
@pytest.mark.parametrize("kind", ["--zero", "--random"])
def test_infer_with_made_up_input(run: Run, server: Server, model: str, kind: str) -> None:
    """From the metadata, for every type; a table for people."""
    done = run("infer", model, kind, "--url", f"http://{server.url}")
    assert done.returncode == 0, done
    assert done.stdout.strip()


@needs("infer")
@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["nobody", "--zero"], "", "nobody"),
        (["iris", "--file", "-"], "[[1,2,3]]", "4"),
        (["iris", "--file", "-"], "[[1,2,3", ""),
        (["iris", "--file", "-"], '[["x",2,3,4]]', ""),
        (["iris", "--file", "none.json"], "", "none.json"),
        (["iris", "--zero", "--model-version", "9"], "", "9"),
    ],
    ids=str,
)
def test_infer_that_fails(run: Run, server: Server, arguments: list[str], stdin: str, words: str) -> None:
    """A failure with a reason, on standard error."""
    done = run("infer", *arguments, "--url", f"http://{server.url}", stdin=stdin)
    assert done.returncode not in (0, -4, -11), done
    assert words in done.stderr, done


@needs("bench")
@pytest.mark.parametrize("more", [[], ["--rate", "200"], ["--binary"]], ids=str)
def test_bench(run: Run, server: Server, tmp_path: Path, more: list[str]) -> None:
    """Throughput, percentiles, error rate, as a table and as JSON."""
    url = ("--url", f"http://{server.url}")
    short = ("--duration", "700ms", "--warmup", "100ms", "--connections", "4")
    done = run("bench", "iris", *short, "--json", "result.json", *more, *url)
    assert done.returncode == 0, done
    for word in ("p50", "p95", "p99", "p99.9"):
        assert word in done.stdout, done.stdout
    text = (tmp_path / "result.json").read_text()
    json.loads(text)
    assert "p99" in text


@needs("bench")
def test_bench_with_a_deadline(run: Run, server: Server) -> None:
    """What was refused, late and in time."""
    url = ("--url", f"http://{server.url}")
    short = ("--duration", "700ms", "--warmup", "100ms", "--connections", "4")
    done = run("bench", "iris", *short, "--rate", "200", "--timeout", "10s", "--output", "json", *url)
    assert done.returncode == 0, done
    found = json.loads(done.stdout)
    assert found["declined"] == found["late"] == 0
    assert found["answered"] == 140
    assert run("bench", "iris", "--timeout", "0s", *url).returncode != 0


@needs("stats")
def test_stats(run: Run, server: Server) -> None:
    """A picture, and the server's own JSON."""
    url = ("--url", f"http://{server.url}")
    assert run("infer", "iris", "--random", *url).returncode == 0
    done = run("stats", "iris", *url)
    assert done.returncode == 0, done
    assert "iris, version 1: READY" in done.stdout
    for word in ("ANSWERED", "queue", "infer", "COST OF A ROW", "A run takes at most", "Batches:", "SLOWEST"):
        assert word in done.stdout, done.stdout
    found = json.loads(run("stats", "iris", "--output", "json", *url).stdout)["model_stats"][0]
    assert found["inference_count"] >= 1
    assert found["scheduling"]["batch_limit"] >= 1
    assert found["scheduling"]["age_ns"] > 0


@needs("stats")
def test_stats_of_an_unknown_model(run: Run, server: Server) -> None:
    """A failure in the server's words."""
    done = run("stats", "nobody", "--url", f"http://{server.url}")
    assert done.returncode not in (0, -4), done
    assert "nobody" in whole(done)


@needs("bench")
def test_bench_of_an_unknown_model(run: Run, server: Server) -> None:
    """A failure."""
    done = run("bench", "nobody", "--duration", "500ms", "--url", f"http://{server.url}")
    assert done.returncode not in (0, -4), done
    assert "nobody" in whole(done)

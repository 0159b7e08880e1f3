"""The access log: one line for each request, with what CONTRACTS and the issue want, whatever clients write."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.server import Launch, Server, parse_address
from apus_e2e.tensors import Input, Request, json_input
from apus_e2e.wire import Connection, encode, eventually

SERVER_FLAGS = ("--access-log", "all")
IRIS = EXAMPLES["iris"][0].request
PHASES = ("decode_ms", "queue_ms", "compute_input_ms", "compute_infer_ms", "compute_output_ms")


def access(server: Server) -> list[dict[str, Any]]:
    """Give the access log's lines so far."""
    return [line for line in server.log() if "operation" in line]


def lines_of(server: Server, request_id: str) -> list[dict[str, Any]]:
    """Wait for the lines of a request."""
    eventually(lambda: any(line.get("request_id") == request_id for line in access(server)), 2)
    return [line for line in access(server) if line.get("request_id") == request_id]


def test_line_of_an_inference(server: Server) -> None:
    """Id, model, version, shapes, status, latency and its phases."""
    with server.client() as client:
        body = json.dumps(IRIS | {"id": "line 1"}).encode()
        response = client.post("/v2/models/iris/infer", body)
    (line,) = lines_of(server, "line 1")
    assert line["level"] == "info"
    assert (line["operation"], line["model"], line["version"], line["status"]) == ("infer", "iris", 1, 200)
    assert line["inputs"] == ["features[1,4]"]
    assert sorted(line["outputs"]) == ["label[1]", "probabilities[1,3]"]
    assert line["bytes_in"] == len(body)
    assert line["bytes_out"] == len(response.body)
    assert 0 < line["latency_ms"] < 1000
    assert all(line[phase] >= 0 for phase in PHASES)
    assert sum(line[phase] for phase in PHASES) <= line["latency_ms"] + 0.01
    assert line["compute_infer_ms"] > 0


def test_phases_of_a_slow_model(server: Server) -> None:
    """The time is where it was spent."""
    with server.client() as client:
        client.post_json("/v2/models/delay200/infer", {"id": "slow", "inputs": [json_input("IN", "FP32", [1], [1.0])]})
    (line,) = lines_of(server, "slow")
    assert 200 <= line["compute_infer_ms"] < 260
    assert 200 <= line["latency_ms"] < 300


def test_line_of_a_failure(server: Server) -> None:
    """Status and code; shapes as far as they were decoded; never a value."""
    with server.client() as client:
        secret = 123.456789
        tensor = json_input("features", "FP32", [1, 5], [secret] * 5)
        client.post_json("/v2/models/iris/infer", {"id": "failed", "inputs": [tensor]})
        client.post_json("/v2/models/nobody/infer", {"id": "nobody"})
        client.post("/v2/models/iris/infer", b'{"id":"half"')
        client.get("/v2/models/iris/versions/9/ready")
    (line,) = lines_of(server, "failed")
    assert line["level"] == "warning"
    assert (line["model"], line["status"], line["code"]) == ("iris", 400, "invalid_argument")
    assert line["inputs"] == ["features[1,5]"]
    assert "123.45" not in server.log_text()
    assert any(line.get("model") == "nobody" and line["status"] == 404 for line in access(server))


def test_one_line_for_each_request(launch: Launch) -> None:
    """Of every kind, answered and refused, on one connection and on many."""
    server = launch("--access-log", "all")
    with server.client() as client:
        for index in range(20):
            client.post_json("/v2/models/iris/infer", IRIS | {"id": f"n{index}"})
            client.get("/v2/health/live")
            client.post("/v2/models/iris/infer", b"{")
            client.get("/v2/models/digits")
    assert eventually(lambda: len(access(server)) >= 80, 3), len(access(server))
    lines = access(server)
    assert len(lines) == 80
    assert [line["request_id"] for line in lines if line.get("request_id")] == [f"n{index}" for index in range(20)]
    operations = [line["operation"] for line in lines]
    assert {name: operations.count(name) for name in set(operations)} == {
        "infer": 40, "serverLive": 20, "modelMetadata": 20
    }  # fmt: skip


def test_requests_that_lead_nowhere(launch: Launch) -> None:
    """Unknown paths and malformed requests don't break the log, nor does what they contain."""
    server = launch("--access-log", "all")
    with server.client() as client:
        client.get("/nothing/%0a%22%7d")
        client.get("/v2/models/%0a%7b%22message%22:%22fake%22%7d")
        client.request("BREW", "/v2")
    for data in (b"GET /\x0b HTTP/1.1\r\nHost: x\r\n\r\n", b'\n\n{"message":"fake"}\n\r\n\r\n'):
        with Connection(server.address) as connection:
            connection.send(data)
            connection.read()
    server.assert_serving()
    assert all(line.get("message") != "fake" for line in server.log())
    for line in server.log_text().splitlines():
        assert isinstance(json.loads(line), dict)


INJECTIONS = [
    'x\n{"time":"2026-01-01T00:00:00.000Z","level":"info","message":"fake","operation":"infer"}',
    "x\r\n2026-11-20T23:30:08.123Z ERROR fake",
    '","status":200,"x":"',
    'a"b\\c\td\x00e\x1b[31mred\x7f\x85\u2028\u2029\u202efake',
    "model=iris status=200 fake=1",
    "\ud83d\udc1d Zoë",
    "x" * 100_000,
    " ",
    "'",
]


@pytest.mark.parametrize("index", range(len(INJECTIONS)))
@pytest.mark.parametrize("log_format", ["json", "readable"])
def test_request_id_cannot_break_the_line(launch: Launch, log_format: str, index: int) -> None:
    """One request, one line, whatever its id; terminals get no control characters."""
    name = INJECTIONS[index].encode("utf-16", "surrogatepass").decode("utf-16")
    server = launch("--access-log", "all", common=("--drain-delay", "0s", "--log-format", "json"))
    if log_format == "readable":
        server.stop()
        server = readable_server(launch)
    before = len(lines_but_loading(server))
    with server.client() as client:
        response = client.post_json("/v2/models/iris/infer", IRIS | {"id": name})
        assert response.status == 200
        assert response.json()["id"] == name
    assert eventually(lambda: len(lines_but_loading(server)) > before, 2)
    time.sleep(0.02)
    *others, last = lines_but_loading(server)
    assert len(others) == before, (others[before:], last)
    assert not any(
        ord(character) < 0x20 or ord(character) == 0x7F or 0x80 <= ord(character) < 0xA0 for character in last
    )
    assert "\u202e" not in last or log_format == "json"
    assert len(last) < 20_000
    if log_format == "json":
        line = json.loads(last)
        assert line["status"] == 200 and line["message"] != "fake"
        assert line["request_id"] == name or name.startswith(line["request_id"][:200])
    else:
        assert last.count("request_id=") == 1


def lines_but_loading(server: Server) -> list[str]:
    """Give the log's lines, split at line feeds only, without those on loading, which may come late."""
    return [line for line in server.log_text().split("\n")[:-1] if "The model is live" not in line]


def readable_server(launch: Launch) -> Server:
    """Start a server with the readable format; its ports are read from the line for people."""
    server = launch("--access-log", "all", "--log-format", "readable", common=("--drain-delay", "0s"), waits=False)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        found = re.search(r"Server is ready.*? address=\"?([\d.]+:\d+)\"?", server.log_text())
        if found:
            server.address = parse_address(found.group(1))
            return server
        time.sleep(0.02)
    raise AssertionError(server.log_tail())


def test_tensor_names_cannot_break_the_line(server: Server) -> None:
    """Input names come from clients too."""
    with server.client() as client:
        tensor = json_input('x\n{"message":"fake"}', "FP32", [1], [1.0])
        assert client.post_json("/v2/models/iris/infer", {"id": "names", "inputs": [tensor]}).status == 400
    assert len(lines_of(server, "names")) == 1
    assert all(isinstance(json.loads(line), dict) for line in server.log_text().splitlines())


def test_failures_only(launch: Launch) -> None:
    """--access-log failures."""
    server = launch("--access-log", "failures")
    with server.client() as client:
        client.post_json("/v2/models/iris/infer", IRIS | {"id": "good"})
        client.post_json("/v2/models/iris/infer", {"id": "bad", "inputs": []})
    assert len(lines_of(server, "bad")) == 1
    assert not lines_of(server, "good")


def test_off_by_default(launch: Launch) -> None:
    """No line without the flag."""
    server = launch()
    with server.client() as client:
        client.post_json("/v2/models/iris/infer", {"id": "bad", "inputs": []})
        client.post_json("/v2/models/iris/infer", IRIS)
    assert server.stop() == 0
    assert not access(server)


def test_log_file(launch: Launch, tmp_path: Path) -> None:
    """--log-file takes the lines instead of standard error, and is appended to."""
    path = tmp_path / "apus.log"
    path.write_text("before\n")
    server = launch("--log-file", str(path), waits=False)
    assert eventually(lambda: "Server is ready" in path.read_text(), 10), server.log_text()
    assert server.stop() == 0
    assert path.read_text().startswith("before\n")
    assert "Server is ready" not in server.log_text()


def test_shapes_of_binary_tensors(server: Server) -> None:
    """Bytes and JSON look the same in the log."""
    values = np.zeros((2, 3), dtype=np.float32)
    body, headers = Request([Input("x", "FP32", values, True)], id="bytes").encode()
    with Connection(server.address) as connection:
        connection.send(encode("POST", "/v2/models/identity_fp32/infer", headers, body))
        assert connection.read().status == 200
    (line,) = lines_of(server, "bytes")
    assert (line["inputs"], line["outputs"]) == (["x[2,3]"], ["y[2,3]"])

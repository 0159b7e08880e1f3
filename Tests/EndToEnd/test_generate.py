"""Triton's generate extension: plain objects in and out, one answer or a stream of events."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from apus_e2e.repository import Repository
from apus_e2e.server import Launch, Server
from apus_e2e.wire import Client, Connection, encode

REPEAT = """
backend: "builtin"
parameters { key: "kind" value { string_value: "repeat" } }
input [
  { name: "IN" data_type: TYPE_INT32 dims: [ -1 ] },
  { name: "DELAY" data_type: TYPE_UINT32 dims: [ -1 ] },
  { name: "WAIT" data_type: TYPE_UINT32 dims: [ 1 ] }
]
output [ { name: "OUT" data_type: TYPE_INT32 dims: [ 1 ] }, { name: "IDX" data_type: TYPE_UINT32 dims: [ 1 ] } ]
model_transaction_policy { decoupled: true }
"""


@pytest.fixture
def generating(launch: Launch, tmp_path: Path) -> Iterator[tuple[Server, Client]]:
    """A server with a model that answers once, one that answers many times, and one that fails."""
    repository = Repository(tmp_path / "models").builtin("echo").builtin("texts", datatype="TYPE_STRING")
    (repository.root / "repeat" / "1").mkdir(parents=True)
    repository.config("repeat", REPEAT)
    poison = '"fail_when" value { string_value: "nonzero" }'
    repository.builtin("poisoned", kind="fail", extra=f"parameters {{ key: {poison} }}")
    server = launch(models=repository.root)
    with server.client() as client:
        yield server, client


def events(body: bytes) -> list[dict]:
    """Read server-sent events."""
    assert body.endswith(b"\n\n") or not body
    found = []
    for event in body.decode().split("\n\n")[:-1]:
        assert event.startswith("data: ")
        found.append(json.loads(event.removeprefix("data: ")))
    return found


def stream(server: Server, model: str, document: dict) -> tuple[int, str, list[dict]]:
    """Ask for a stream, and give its status, its type and its events."""
    connection = http.client.HTTPConnection(*server.address, timeout=15)
    connection.request("POST", f"/v2/models/{model}/generate_stream", json.dumps(document))
    answer = connection.getresponse()
    found = events(answer.read())
    connection.close()
    return answer.status, answer.getheader("content-type", ""), found


def test_one_answer(generating: tuple[Server, Client]) -> None:
    """Arrays and scalars, text, the id, parameters that nobody knows."""
    _, client = generating
    answer = client.post_json("/v2/models/echo/generate", {"IN": [1, 2.5], "id": "7", "stream": False})
    assert answer.status == 200, answer
    assert answer.json() == {"id": "7", "model_name": "echo", "model_version": "1", "OUT": [1, 2.5]}
    one = client.post_json("/v2/models/echo/versions/1/generate", {"IN": 3, "parameters": {"heat": 0.5}})
    assert one.json() == {"model_name": "echo", "model_version": "1", "OUT": 3}
    text = client.post_json("/v2/models/texts/generate", {"parameters": {"IN": ["grün", ""]}})
    assert text.json()["OUT"] == ["grün", ""]


@pytest.mark.parametrize(
    ("request_body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{", 400),
        (b"{}", 400),
        (b'{"IN": "x"}', 400),
        (b'{"IN": [[1]]}', 400),
        (b'{"IN": 1, "OTHER": [1]}', 400),
        (b'{"IN": 1, "triton_x": 1}', 400),
        (b'{"IN": 1, "IN": 2}', 400),
        (b'{"IN": [' + b"1," * 1_100_000 + b"1]}", 400),
    ],
)
@pytest.mark.parametrize("path", ["generate", "generate_stream"])
def test_refusals(generating: tuple[Server, Client], path: str, request_body: bytes, status: int) -> None:
    """Named, never a fault of the server's."""
    server, client = generating
    answer = client.post(f"/v2/models/echo/{path}", request_body)
    assert answer.status == status, answer
    error = events(answer.body)[0] if path == "generate_stream" else answer.json()
    assert error["error"]
    assert server.is_alive


def test_unknown_models(generating: tuple[Server, Client]) -> None:
    """As everywhere."""
    _, client = generating
    assert client.post_json("/v2/models/nobody/generate", {}).status == 404
    assert client.get("/v2/models/echo/generate").status == 405
    assert client.post_json("/v2/models/poisoned/generate", {"IN": 1}).status >= 400


def test_a_stream(generating: tuple[Server, Client]) -> None:
    """An event for each answer of a model with many, one for others, none for none."""
    server, _ = generating
    many = {"IN": [4, 5, 6], "DELAY": [0, 1, 0], "WAIT": 0, "id": "a"}
    status, content_type, got = stream(server, "repeat", many)
    assert (status, content_type) == (200, "text/event-stream; charset=utf-8")
    assert [event["OUT"] for event in got] == [4, 5, 6]
    assert [event["IDX"] for event in got] == [0, 1, 2]
    assert {event["id"] for event in got} == {"a"}
    assert [event["OUT"] for event in stream(server, "echo", {"IN": [1, 2]})[2]] == [[1, 2]]
    status, _, none = stream(server, "repeat", {"IN": [], "DELAY": [], "WAIT": 0})
    assert (status, none) == (200, [])
    status, content_type, failed = stream(server, "poisoned", {"IN": 1})
    assert status >= 400
    assert content_type == "text/event-stream; charset=utf-8"
    assert failed[0]["error"]


def test_one_answer_of_many(generating: tuple[Server, Client]) -> None:
    """A model that may give many has to give one here."""
    _, client = generating
    one = client.post_json("/v2/models/repeat/generate", {"IN": [4], "DELAY": [0], "WAIT": 0})
    assert one.status == 200, one
    assert one.json()["OUT"] == 4
    for values in ([4, 5, 6], []):
        body = {"IN": values, "DELAY": [0] * len(values), "WAIT": 0}
        refused = client.post_json("/v2/models/repeat/generate", body)
        assert refused.status == 400, refused
        assert "exactly 1 response" in refused.error


def test_the_second_answer_ends_it(generating: tuple[Server, Client]) -> None:
    """What the model would still give isn't waited for, and its instance is free again."""
    _, client = generating
    body = {"IN": [1, 2, 3, 4], "DELAY": [0, 0, 60_000, 60_000], "WAIT": 0}
    refused = client.post_json("/v2/models/repeat/generate", body)
    assert refused.status == 400, refused
    assert "exactly 1 response" in refused.error
    assert client.post_json("/v2/models/repeat/generate", {"IN": [4], "DELAY": [0], "WAIT": 0}).status == 200


def test_a_client_that_goes(generating: tuple[Server, Client]) -> None:
    """Its request is called back, and the server serves on."""
    server, _ = generating
    body = json.dumps({"IN": list(range(100)), "DELAY": [50] * 100, "WAIT": 0}).encode()
    for _ in range(5):
        gone = Connection(server.address)
        gone.send(encode("POST", "/v2/models/repeat/generate_stream", {"Content-Type": "application/json"}, body))
        gone.abort()
    assert [event["OUT"] for event in stream(server, "repeat", {"IN": [1], "DELAY": [0], "WAIT": 0})[2]] == [1]

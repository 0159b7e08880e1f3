"""Bad input for TensorFlow Serving's interface: a client's error each time, and the server goes on."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest

from apus_e2e.scale import IS_LONG, SEED
from apus_e2e.server import Server
from apus_e2e.wire import Client

PREDICT = "/v1/models/many:predict"
GOOD: dict[str, Any] = {"a": [[1, 2]], "b": [[3, 4]], "c": [True], "d": ["x"], "e": [0.5]}
WRONG: list[Any] = [
    None, True, 1, -1, 1.5, 1e400, "", "x", [], {}, [None], [[]], {"b64": 1}, {"b64": "Q"}, {"b64": "QQ==", "x": 1},
    {"x": {}}, [[1], [2, 3]], [1, [2]], [[1, 2], 3], ["a", 1], [True, 0], [{}], 1 << 70, -(1 << 70), [[[[[[[[1]]]]]]]],
]  # fmt: skip


def refuse(client: Client, path: str, body: Any) -> str:
    """Send something that must be refused as the client's error, in words."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = client.post(path, data)
    assert response.status == 400, f"{data[:200]!r}: {response}"
    assert len(response.body) < 20_000
    return response.error


@pytest.mark.parametrize("key", GOOD)
def test_each_input_missing_or_wrong(client: Client, key: str) -> None:
    """Every input left out, and given every wrong thing, in columns and in rows."""
    others = {name: value for name, value in GOOD.items() if name != key}
    row = {name: value[0] for name, value in others.items()}
    assert key in refuse(client, PREDICT, {"inputs": others})
    assert key in refuse(client, PREDICT, {"instances": [row]})
    for value in WRONG:
        response = client.post_json(PREDICT, {"inputs": others | {key: value}})
        assert response.status in (200, 400), response
        response = client.post_json(PREDICT, {"instances": [row | {key: value}]})
        assert response.status in (200, 400), response
    refuse(client, PREDICT, {"instances": [row | {key: GOOD[key][0]}, row]})
    refuse(client, PREDICT, {"instances": [row | {key: GOOD[key][0], "more": 1}]})


@pytest.mark.parametrize("verb", ["predict", "classify", "regress"])
@pytest.mark.parametrize("member", ["instances", "inputs", "examples", "context", "signature_name"])
def test_each_member_wrong(client: Client, verb: str, member: str) -> None:
    """Every member of every verb given every wrong thing."""
    model = "diabetes" if verb == "regress" else "iris"
    good = {"instances": [[1, 2, 3, 4]]} if verb == "predict" else {"examples": [{"features": [1, 2, 3, 4]}]}
    for value in WRONG:
        for body in ({member: value}, good | {member: value}):
            response = client.post_json(f"/v1/models/{model}:{verb}", body)
            assert response.status in (200, 400), f"{body}: {response}"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}", b'{"instances":', b'{"instances":[', b'{"instances":[1',
        b'{"instances":[1]', b'{"instances":[1]}}', b'{"instances":[1]}x', b'{"instances":[1,]}', b'{"instances":[,1]}',
        b"{instances:[1]}", b"{'instances':[1]}", b'{"instances":[nan]}', b'{"instances":[+1]}', b'{"instances":[01]}',
        b'{"instances":[1.]}', b'{"instances":[.5]}', b'{"instances":[0x1]}', b'{"instances":[Inf]}',
        b'\xef\xbb\xbf{"instances":[1]}', b'{"instances":["\xff"]}', b'{"instances":["\xed\xa0\x80"]}', b"\0" * 100,
        b'{"instances":[1] "inputs":[1]}', b'{"instances":[1],"instances":[1]}', b'{"inputs":{"x":1,"x":1}}',
        b'{"instances":[{"x":1},{"x":[1]}]}', b'{"instances":[{"x":[1]},{"x":[1,2]}]}', b'{"instances":[[1],[1,2]]}',
    ],
)  # fmt: skip
def test_what_is_no_request(client: Client, body: bytes) -> None:
    """Not JSON, or not a request."""
    for path in ("identity_fp32:predict", "identity_string:predict", "many:predict", "iris:classify"):
        refuse(client, f"/v1/models/{path}", body)


@pytest.mark.parametrize("depth", [33, 99, 101, 1000, 100_000])
def test_deep_nesting(client: Client, depth: int) -> None:
    """Lists and objects within each other."""
    lists = b"[" * depth + b"1" + b"]" * depth
    objects = b'{"x":' * depth + b"1" + b"}" * depth
    for inner in (lists, objects):
        for key in (b"instances", b"inputs"):
            refuse(client, "/v1/models/identity_fp32:predict", b'{"' + key + b'":' + inner + b"}")
        refuse(client, "/v1/models/iris:classify", b'{"examples":[{"features":' + inner + b"}]}")


def test_many_keys_and_rows(server: Server, client: Client) -> None:
    """A hundred thousand of what nobody knows, of empty rows, of huge first rows: refused, and no memory kept."""
    keys = {f"k{number}": number for number in range(100_000)}
    assert client.post_json(PREDICT, keys | {"inputs": GOOD}).status == 200
    assert client.post_json(PREDICT, {"inputs": GOOD | keys}).status == 200
    refuse(client, PREDICT, {"instances": [GOOD | keys]})
    refuse(client, PREDICT, {"instances": [{}] * 100_000})
    first = {"x": [0] * 100_000}
    server.reset_peak()
    before = server.peak_kib
    for _ in range(5):
        refuse(client, "/v1/models/identity_fp32:predict", {"instances": [first] + [{"x": [0]}] * 100_000})
    assert server.peak_kib - before < 50_000, f"grew by {server.peak_kib - before} KiB"


def test_context_times_examples(client: Client) -> None:
    """A context that a small body would multiply beyond all bounds."""
    body = {"context": {"features": [0] * 100_000}, "examples": [{}] * 100_000}
    response = client.post_json("/v1/models/iris:classify", body)
    assert response.status in (400, 429), response


def test_long_words_come_back_short(client: Client) -> None:
    """What came is quoted in the error, but not a megabyte of it."""
    long = "x" * (1 << 20)
    for body in (
        {"instances": [{long: 1}]},
        {"instances": [long]},
        {"instances": [{"x": long}]},
        {"inputs": [1], "signature_name": long},
        {"instances": [{"b64": long + "*"}]},
    ):
        refuse(client, "/v1/models/identity_fp32:predict", body)


def test_damaged_requests(client: Client) -> None:
    """Good requests with bytes changed at random: answered or refused, never a server's error."""
    random_bytes = random.Random(SEED)
    bodies = [
        b'{"inputs":' + json.dumps(GOOD).encode() + b"}",
        b'{"instances":[{"a":[1,2],"b":[3,4],"c":true,"d":{"b64":"eA=="},"e":0.5}],"signature_name":""}',
    ]
    for body, _ in itertools.product(bodies, range(20_000 if IS_LONG else 1_000)):
        damaged = bytearray(body)
        for _ in range(random_bytes.randint(1, 3)):
            at = random_bytes.randrange(len(damaged))
            choice = random_bytes.random()
            if choice < 0.4:
                damaged[at] = random_bytes.choice(b'{}[]:,"\\0-.e tN\n\xff')
            elif choice < 0.7:
                del damaged[at]
            else:
                damaged[at:at] = bytes(damaged[random_bytes.randrange(len(damaged)) :][:8])
        response = client.post(PREDICT, bytes(damaged))
        assert response.status in (200, 400), f"{bytes(damaged)!r}: {response}"

"""Malformed JSON at every byte of a valid request, members that the server ignores included.

Each byte is deleted, and replaced by each byte of a set that hurts parsers; the body is cut at every length. An oracle
that knows only Python's parser and the contracts says what the answer must be. All on one keep-alive connection.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from apus_e2e.oracle import Judgement, Model, Verdict, judge
from apus_e2e.scale import IS_LONG, scaled, seeded
from apus_e2e.server import Server
from apus_e2e.wire import Client, Response

REPLACEMENTS = b"\"',:{}[]019-+.eEntd \\\n\x00\x1f/*\x80\xc3\xff"
EVERY_BYTE = bytes(range(256))


@dataclass(frozen=True)
class Case:
    """A valid request to an identity model."""

    path: str
    model: Model
    body: bytes


FP32 = rb"""{ "model_name" : "x", "id":"r-\u00e9\ud83d\udc1d1", "ix":[0],
"ignored":{"a":[true,null,false,-0.5e-3,"\u00e9\n\"\\/",{}],
"b":{"c":[],"":1E+2}}, "parameters":{"timeout":60000000,"note":"t","flag":true,"ratio":0.5,"binary_data_output":false},
"inputs":[{"name":"x","shape":[2,4],"datatype":"FP32","parameters":{"note":[1]},"extra":[1,{"z":false}],
"data":[[5.1,3.5,-1.4,0.25],[6.25e0,-2E-9,NaN,-Infinity]]}],
"outputs":[{"name":"y","other":{},"parameters":{"binary_data":false,"more":null}}]}"""
INT32 = b"""{"outputs":[{"name":"y"}],"inputs":[{"data":[[1,-20],[300,[4]],[-5,0]],"extra":"\\u0041\\t",
"datatype":"INT32","shape":[3,2],"name":"x"}],"id":"late","last":[[[]],-0.0]}"""
BYTES = """{"id":"é","inputs":[{"name":"x","datatype":"BYTES","shape":[1,4],
"data":["","é🐝","\\u0000\\ud83d\\udc1d","a\\nb"]}]}"""

CASES = {
    "fp32": Case("/v2/models/identity_fp32/infer", Model("FP32"), FP32),
    "int32 data first": Case("/v2/models/identity_int32/infer", Model("INT32"), INT32),
    "bytes": Case("/v2/models/identity_string/infer", Model("BYTES"), BYTES.encode()),
}


def mutations(body: bytes, replacements: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the body with one byte deleted or replaced."""
    for position in range(len(body)):
        yield f"byte {position} deleted", body[:position] + body[position + 1 :]
        for byte in replacements:
            if byte != body[position]:
                yield f"byte {position} is {bytes([byte])!r}", body[:position] + bytes([byte]) + body[position + 1 :]


def fault(response: Response, expected: Judgement, model: Model) -> str | None:
    """Say what is wrong with an answer; None when it is right."""
    if response.status == 400:
        if expected.verdict is Verdict.VALID:
            return f"refused: {response.body[:200]!r}"
        document = response.json()
        return None if document.get("error") and document.get("code") == "invalid_argument" else "no error body"
    if response.status == 503 and expected.can_expire and "Request timeout expired" in response.error:
        return None
    if response.status != 200:
        return f"status {response.status}: {response.body[:200]!r}"
    if expected.verdict is Verdict.INVALID:
        return f"accepted, although: {expected.reason}"
    document = json.loads(response.body)
    if document.get("id", "") != expected.id:
        return f"id {document.get('id')!r} instead of {expected.id!r}"
    assert expected.elements is not None
    data = document["outputs"][0]["data"]
    return None if same_elements(data, expected.elements, model) else f"data {data} instead of {expected.elements}"


def same_elements(got: list[object], expected: list[object], model: Model) -> bool:
    """Compare the elements that came back with those that the oracle read."""
    if model.datatype != "FP32":
        return got == expected
    one, other = np.array(got, dtype=np.float32), np.array(expected, dtype=np.float32)
    return one.shape == other.shape and bool(np.all((one == other) | (np.isnan(one) & np.isnan(other))))


def run(client: Client, case: Case, bodies: Iterator[tuple[str, bytes]]) -> None:
    """Send bodies one after the other and collect what is wrong."""
    faults = []
    counts = dict.fromkeys(Verdict, 0)
    for name, body in bodies:
        expected = judge(body, case.model)
        counts[expected.verdict] += 1
        response = client.post(case.path, body)
        wrong = fault(response, expected, case.model)
        if wrong:
            faults.append(f"{name}: {wrong}\n    {body!r}")
    print({verdict.value: count for verdict, count in counts.items()}, "connections:", client.connections)
    assert not faults, f"{len(faults)} of {sum(counts.values())} wrong; the first:\n" + "\n".join(faults[:10])
    assert client.connections == 1, "an error in the JSON must not end the connection"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_whole_body_is_valid(client: Client, case: Case) -> None:
    """The oracle and the server agree on the starting point."""
    assert judge(case.body, case.model).verdict is Verdict.VALID
    run(client, case, iter([("whole", case.body)]))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_byte_deleted_and_replaced(client: Client, case: Case) -> None:
    """Thousands of bodies that are almost right."""
    run(client, case, mutations(case.body, EVERY_BYTE if IS_LONG else REPLACEMENTS))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_prefix(client: Client, case: Case) -> None:
    """The body ends too early, its declared length agrees."""
    run(client, case, ((f"cut at {length}", case.body[:length]) for length in range(len(case.body))))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_tail(client: Client, case: Case) -> None:
    """Something stands behind the document."""
    tails = [bytes([byte]) for byte in range(256)] + [
        b"{}",
        b" {}",
        b",",
        b"//",
        b"\n\n",
        b" \t\r\n ",
        b"null",
        b"\xef\xbb\xbf",
    ]
    run(client, case, ((f"followed by {tail!r}", case.body + tail) for tail in tails))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_several_bytes_at_once(client: Client, case: Case) -> None:
    """Random damage: pieces cut out, doubled, swapped, overwritten."""
    random = seeded("several bytes")

    def damaged() -> Iterator[tuple[str, bytes]]:
        for number in range(scaled(1500)):
            body = bytearray(case.body)
            for _ in range(random.randint(1, 3)):
                start = random.randrange(len(body))
                piece = bytes(body[start : start + random.randint(1, 12)])
                match random.randrange(4):
                    case 0:
                        del body[start : start + len(piece)]
                    case 1:
                        body[start:start] = piece
                    case 2:
                        body[start : start + len(piece)] = piece[::-1]
                    case _:
                        body[start] = random.choice(REPLACEMENTS)
            yield f"damage {number}", bytes(body)

    run(client, case, damaged())


DUPLICATES = [
    ("id", b'{"id":"a","id":"a","inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}'),
    ("inputs", b'{"inputs":[],"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}'),
    ("escaped inputs", b'{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}],"\\u0069nputs":[]}'),
    ("outputs", b'{"outputs":[],"outputs":[],"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}'),
    (
        "parameters",
        b'{"parameters":{},"parameters":{},"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}',
    ),
    ("name", b'{"inputs":[{"name":"x","name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}'),
    ("shape", b'{"inputs":[{"name":"x","shape":[1,1],"shape":[1,1],"datatype":"FP32","data":[1]}]}'),
    ("datatype", b'{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","datatype":"FP32","data":[1]}]}'),
    ("data", b'{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1],"data":[1]}]}'),
    ("data first", b'{"inputs":[{"data":[1],"name":"x","shape":[1,1],"data":[1],"datatype":"FP32"}]}'),
    (
        "output name",
        b'{"outputs":[{"name":"y","name":"y"}],"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}',
    ),
]


@pytest.mark.parametrize("body", [body for _, body in DUPLICATES], ids=[name for name, _ in DUPLICATES])
def test_known_member_twice(client: Client, body: bytes) -> None:
    """Two of the same known member are refused: two parsers would read two requests."""
    assert judge(body, Model("FP32")).verdict is Verdict.INVALID
    assert client.post("/v2/models/identity_fp32/infer", body).status == 400


@pytest.mark.parametrize(
    "root", [b"", b" ", b"[]", b"null", b"1", b'"x"', b"true", b"\x00", b"\xef\xbb\xbf{}", b"{}", b"NaN"]
)
def test_root_that_is_no_request(client: Client, root: bytes) -> None:
    """Nothing, other values, an empty object."""
    response = client.post("/v2/models/identity_fp32/infer", root)
    assert response.status == 400, response
    assert response.error


@pytest.mark.parametrize(
    "members",
    [
        '"inputs":null', '"inputs":{}', '"inputs":[null]', '"inputs":["x"]', '"inputs":[[]]', '"inputs":1',
        '"inputs":[{"name":1,"shape":[1,1],"datatype":"FP32","data":[1]}]',
        '"inputs":[{"name":"x","shape":1,"datatype":"FP32","data":[1]}]',
        '"inputs":[{"name":"x","shape":{},"datatype":"FP32","data":[1]}]',
        '"inputs":[{"name":"x","shape":["1",1],"datatype":"FP32","data":[1]}]',
        '"inputs":[{"name":"x","shape":[[1],1],"datatype":"FP32","data":[1]}]',
        '"inputs":[{"name":"x","shape":[true,1],"datatype":"FP32","data":[1]}]',
        '"inputs":[{"name":"x","shape":[1.5,1],"datatype":"FP32","data":[1]}]',
        '"inputs":[{"name":"x","shape":[1,1],"datatype":32,"data":[1]}]',
        '"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":{"0":1}}]',
        '"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":"1"}]',
        '"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":null}]',
        '"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[{}]}]',
        '"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":["1"]}]',
        '"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[true]}]',
        '"inputs":[{"shape":[1,1],"datatype":"FP32","data":[1]}]',
        '"inputs":[{"name":"x","datatype":"FP32","data":[1]}]',
        '"inputs":[{"name":"x","shape":[1,1],"data":[1]}]',
        '"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32"}]',
        '"id":1', '"id":{}', '"outputs":{}', '"outputs":["y"]', '"outputs":[{}]', '"outputs":[{"name":1}]',
        '"outputs":[{"name":"y","parameters":[]}]', '"outputs":[{"name":"y","parameters":{"binary_data":1}}]',
        '"outputs":[{"name":"y","parameters":{"binary_data":"true"}}]',
    ],
)  # fmt: skip
def test_member_of_the_wrong_type(client: Client, members: str) -> None:
    """Each known member with a value of another type, or missing; the error names the field."""
    good = '"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]'
    body = "{" + (members if members.startswith('"inputs"') else f"{members},{good}") + "}"
    response = client.post("/v2/models/identity_fp32/infer", body.encode())
    assert response.status == 400, response
    document = response.json()
    assert document["code"] == "invalid_argument"
    assert document.get("field"), document


@pytest.mark.parametrize("depth", [101, 1000, 10_000, 1_000_000])
@pytest.mark.parametrize("place", ["ignored", "data", "parameters", "unclosed", "objects"])
def test_nesting(server: Server, client: Client, depth: int, place: str) -> None:
    """Deeper than 100 is refused, however deep, wherever; the stack is not at stake."""
    arrays = "[" * depth + "]" * depth
    objects = '{"a":' * depth + "1" + "}" * depth
    body = {
        "ignored": '{"ignored":%s,"inputs":[]}' % arrays,
        "data": '{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":%s}]}' % arrays,
        "parameters": '{"parameters":{"a":%s},"inputs":[]}' % arrays,
        "unclosed": '{"ignored":' + "[" * depth,
        "objects": '{"ignored":%s,"inputs":[]}' % objects,
    }[place]
    response = client.post("/v2/models/identity_fp32/infer", body.encode())
    assert response.status == 400, response
    assert response.error
    assert server.is_alive


def test_nesting_up_to_the_limit(client: Client) -> None:
    """A document 100 deep is legal, 101 is not; the root counts."""
    good = '"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]'
    for depth, status in ((99, 200), (100, 400)):
        body = "{" + f'"ignored":{"[" * depth}{"]" * depth},{good}' + "}"
        response = client.post("/v2/models/identity_fp32/infer", body.encode())
        assert response.status == status, (depth, response)


def test_oracle_on_known_cases() -> None:
    """The oracle itself: bare words only in data, big numbers, infinite elements."""

    def verdict(tensor: str, more: str = "") -> Verdict:
        body = '{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[%s]}]%s}' % (tensor, more)
        return judge(body.encode(), Model("FP32")).verdict

    assert verdict("NaN") is Verdict.VALID
    assert verdict("1", ',"a":NaN') is Verdict.INVALID
    assert verdict("1e39") is Verdict.INVALID
    assert verdict("1", ',"a":1e999') is Verdict.EITHER
    assert verdict("1", ',"a":"\\ud800"') is Verdict.EITHER
    assert verdict("1", ',"id":"b","id":"b"') is Verdict.INVALID
    assert math.isnan(
        judge(b'{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[NaN]}]}', Model("FP32")).elements[0]
    )

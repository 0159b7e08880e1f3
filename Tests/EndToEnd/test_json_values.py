"""How single values are read from and written to JSON."""

from __future__ import annotations

import json
import math
import re

import ml_dtypes
import numpy as np
import pytest

from apus_e2e.scale import scaled, seeded
from apus_e2e.tensors import Answer, Input, Request, array, same
from apus_e2e.wire import Client, Response

INTEGERS = {
    f"{sign}INT{bits}": (0 if sign else -(1 << bits - 1), (1 << bits) - 1 if sign else (1 << bits - 1) - 1)
    for sign in ("", "U")
    for bits in (8, 16, 32, 64)
}


def infer(client: Client, datatype: str, data: str, count: int = 1) -> Response:
    """Send one row whose data is written as given."""
    body = '{"inputs":[{"name":"x","shape":[1,%d],"datatype":"%s","data":%s}]}' % (count, datatype, data)
    return client.post(f"/v2/models/identity_{datatype.lower()}/infer", body.encode())


def tokens(response: Response) -> list[str]:
    """Give the elements of the answer's data as they are written."""
    assert response.status == 200, response
    found = re.search(rb'"data":\[([^\]]*)\]', response.body)
    assert found is not None, response
    return found.group(1).decode().split(",")


def test_fp32_round_trips_random_bit_patterns_in_the_shortest_form(client: Client) -> None:
    """Every finite float comes back as the shortest decimal that reads back to the same float."""
    rng = seeded("fp32 bits")
    for _ in range(scaled(20)):
        bits = np.array([rng.getrandbits(32) for _ in range(500)], dtype=np.uint32)
        sent = bits.view(np.float32)
        sent = np.where(np.isfinite(sent), sent, np.float32(0)).astype(np.float32)
        data = "[" + ",".join(repr(float(value)) for value in sent) + "]"
        got = tokens(infer(client, "FP32", data, len(sent)))
        assert np.array([np.float32(token) for token in got]).tobytes() == sent.tobytes()
        for token, value in zip(got, sent, strict=True):
            # C++'s shortest writes e+07 for e7, and we put .0 behind integers.
            assert len(token) <= len(shortest(value)) + 4, (token, shortest(value))


def shortest(value: np.float32) -> str:
    """Write a float with the fewest characters: plain or with an exponent."""
    plain = np.format_float_positional(value, unique=True, trim="-")
    scientific = re.sub(r"e\+?(-?)0*(\d)", r"e\1\2", np.format_float_scientific(value, unique=True, trim="-"))
    return min(plain, scientific, key=len)


def test_fp32_reads_the_nearest_float_of_long_decimals(client: Client) -> None:
    """Decimals near the middle of two floats are rounded once, not twice through a double."""
    cases = ["1.00000005960464477539062500000000001", "16777217.0000000001", "3.4028235677973366e38", "1e-46"]
    expected = [1.0000001192092896, 16777218.0, 3.4028234663852886e38, 0.0]
    answer = Answer.parse(infer(client, "FP32", "[" + ",".join(cases) + "]", 4))
    assert answer.outputs["y"].values.tolist() == [[np.float32(value) for value in expected]]


def test_fp64_round_trips_random_bit_patterns(client: Client) -> None:
    """Every finite double comes back exactly."""
    rng = seeded("fp64 bits")
    for _ in range(scaled(10)):
        sent = np.array([rng.getrandbits(64) for _ in range(500)], dtype=np.uint64).view(np.float64)
        sent = np.where(np.isfinite(sent), sent, 0.0)
        data = "[" + ",".join(repr(float(value)) for value in sent) + "]"
        got = tokens(infer(client, "FP64", data, len(sent)))
        assert np.array([float(token) for token in got]).tobytes() == sent.tobytes()


@pytest.mark.parametrize("datatype", ["FP16", "BF16", "FP32", "FP64"])
def test_nan_and_infinity_are_bare_words_both_ways(client: Client, datatype: str) -> None:
    """As Triton reads and writes them (CONTRACTS §0)."""
    response = infer(client, datatype, "[NaN,Infinity,-Infinity,1.5]", 4)
    assert tokens(response) == ["NaN", "Infinity", "-Infinity", "1.5"]
    first, second, third, _ = json.loads(response.body)["outputs"][0]["data"]
    assert math.isnan(first) and second == math.inf and third == -math.inf


def test_nan_and_infinity_from_bytes_are_written_as_bare_words(client: Client) -> None:
    """Non-finite floats of every sign, sent as bytes."""
    sent = np.array([[np.nan, np.inf, -np.inf, -np.nan]], dtype=np.float32)
    body, headers = Request([Input("x", "FP32", sent, True)]).encode()
    response = client.post("/v2/models/identity_fp32/infer", body, headers)
    got = tokens(response)
    assert got[1:3] == ["Infinity", "-Infinity"]
    assert all(math.isnan(float(token)) for token in (got[0], got[3]))


@pytest.mark.parametrize(
    "word", ["nan", "NAN", "inf", "Inf", "+Infinity", "-NaN", "infinity", "Infinit", "NaN0", "null"]
)
def test_other_words_for_non_finite_are_refused(client: Client, word: str) -> None:
    """Only the three words that Triton knows; null belongs to plain JSON, not to v2."""
    response = infer(client, "FP32", f"[{word}]")
    assert response.status == 400, response
    assert response.error


@pytest.mark.parametrize("datatype", ["FP16", "BF16"])
def test_every_half_value_round_trips_as_json_number(client: Client, datatype: str) -> None:
    """All 65,536 bit patterns but NaNs, an extension of ours."""
    dtype = np.float16 if datatype == "FP16" else ml_dtypes.bfloat16
    every = np.arange(65536, dtype=np.uint16).view(dtype)
    sent = every[~np.isnan(every.astype(np.float32))]
    words = {math.inf: "Infinity", -math.inf: "-Infinity"}
    data = "[" + ",".join(words.get(float(value), repr(float(value))) for value in sent) + "]"
    answer = Answer.parse(infer(client, datatype, data, len(sent)))
    assert same(answer.outputs["y"].values.ravel(), sent)


@pytest.mark.parametrize(
    ("datatype", "value"),
    [("FP16", "65520"), ("FP16", "-1e6"), ("BF16", "3.4e38"), ("FP32", "3.5e38"), ("FP32", "-1e39"), ("FP64", "1e309")],
)
def test_floats_out_of_range_are_refused_with_the_index(client: Client, datatype: str, value: str) -> None:
    """A finite number doesn't become infinite in silence."""
    response = infer(client, datatype, f"[0,{value}]", 2)
    assert response.status == 400, response
    document = response.json()
    assert document["field"] == "inputs[0].data[1]", document
    assert value.rstrip("0") in document["got"] or value in document["got"], document


@pytest.mark.parametrize("datatype", sorted(INTEGERS))
def test_integer_limits(client: Client, datatype: str) -> None:
    """The ends of each type come back; one beyond is refused with the element's index."""
    low, high = INTEGERS[datatype]
    assert tokens(infer(client, datatype, f"[{low},{high}]", 2)) == [str(low), str(high)]
    for wrong in (low - 1, high + 1):
        response = infer(client, datatype, f"[0,0,{wrong}]", 3)
        assert response.status == 400, response
        document = response.json()
        assert document["field"] == "inputs[0].data[2]", document
        assert document["got"] == str(wrong), document


@pytest.mark.parametrize("datatype", sorted(INTEGERS))
@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1.5",
        "1e-1",
        '"1"',
        "true",
        "null",
        "{}",
        "18446744073709551616",
        "-9223372036854775809",
        "1e30",
        "36893488147419103232",
        "01",
        "1.",
        "+1",
        "0x1",
        "-",
        "--1",
    ],
)
def test_what_is_no_integer_is_refused(client: Client, datatype: str, value: str) -> None:
    """NaN in integers, fractions, 65-bit numbers, other types, numbers that JSON doesn't have."""
    response = infer(client, datatype, f"[0,{value}]", 2)
    assert response.status == 400, response
    assert response.error
    assert response.json()["code"] == "invalid_argument"


@pytest.mark.parametrize("value", ["0", "1", "null", '"true"', "True", "NaN", "[]x", "truefalse"])
def test_what_is_no_boolean_is_refused(client: Client, value: str) -> None:
    """BOOL is true or false."""
    assert infer(client, "BOOL", f"[{value}]").status == 400


@pytest.mark.parametrize("value", ["1", "null", "true", "{}", "NaN", '"a', '"\\x"', '"\\ud800"', '"\x01"'])
def test_what_is_no_string_is_refused(client: Client, value: str) -> None:
    """BYTES are JSON strings."""
    body = '{"inputs":[{"name":"x","shape":[1,1],"datatype":"BYTES","data":[%s]}]}' % value
    assert client.post("/v2/models/identity_string/infer", body.encode()).status == 400


STRINGS = ["", "plain", "Zoë 🐝", "\x00", "a\x00b", '"\\/\b\f\n\r\t', "\x7f\u0080\u2028", "\U0010ffff", "x" * 10000]


@pytest.mark.parametrize("is_binary", [False, True], ids=["json_in", "binary_in"])
def test_strings_come_back(client: Client, is_binary: bool) -> None:
    """Empty, unicode, NUL, control characters, long."""
    sent = array("BYTES", (1, len(STRINGS)), STRINGS)
    for outputs in (False, True):
        body, headers = Request(
            [Input("x", "BYTES", sent, is_binary)], parameters={"binary_data_output": outputs}
        ).encode()
        answer = Answer.parse(client.post("/v2/models/identity_string/infer", body, headers))
        assert same(answer.outputs["y"].values, sent)


def test_strings_that_are_not_utf8_stay_bytes(client: Client) -> None:
    """Bytes in, bytes out; as JSON they are refused with the way out."""
    sent = array("BYTES", (1, 2), [b"\xff\xfe\x00", b"ok"])
    for wanted, status in ((True, 200), (False, 400)):
        body, headers = Request([Input("x", "BYTES", sent, True)], parameters={"binary_data_output": wanted}).encode()
        response = client.post("/v2/models/identity_string/infer", body, headers)
        assert response.status == status, response
        if wanted:
            assert same(Answer.parse(response).outputs["y"].values, sent)
        else:
            assert "UTF-8" in response.error
            assert "binary" in response.json()["hint"]

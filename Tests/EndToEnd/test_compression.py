"""Compressed bodies, both ways; bombs; codings that aren't there (CONTRACTS §8)."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.server import Launch, Server
from apus_e2e.tensors import HEADER_LENGTH, Answer, Input, Request
from apus_e2e.wire import Client, Response

PATH = "/v2/models/iris/infer"
EXAMPLE = EXAMPLES["iris"][0]
GOOD = json.dumps(EXAMPLE.request).encode()
CODERS = {"gzip": gzip.compress, "deflate": zlib.compress}
DECODERS = {"gzip": gzip.decompress, "deflate": zlib.decompress}


def zeros(byte_count: int) -> bytes:
    """Make a gzip body of that many zero bytes, quickly: one compressed block again and again."""
    block_size = 1 << 20
    assert byte_count % block_size == 0
    coder = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = coder.compress(b"\0" * block_size) + coder.flush(zlib.Z_FULL_FLUSH)
    count = byte_count // block_size
    check = 0
    for _ in range(count):
        check = zlib.crc32(b"\0" * block_size, check)
    header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    trailer = check.to_bytes(4, "little") + (byte_count & 0xFFFFFFFF).to_bytes(4, "little")
    return header + block * count + b"\x03\x00" + trailer


def test_the_bomb_is_well_formed() -> None:
    """Python reads it."""
    assert gzip.decompress(zeros(4 << 20)) == b"\0" * (4 << 20)


@pytest.mark.parametrize("coding", CODERS)
@pytest.mark.parametrize("name", [str.lower, str.upper, str.title])
def test_compressed_request(client: Client, coding: str, name: Callable[[str], str]) -> None:
    """gzip and deflate (zlib), any case of the name."""
    response = client.post(PATH, CODERS[coding](GOOD), {"Content-Encoding": name(coding)})
    assert response.status == 200, response
    EXAMPLE.check(response.json())


@pytest.mark.parametrize("coding", CODERS)
def test_header_length_counts_uncompressed_bytes(client: Client, coding: str) -> None:
    """The body is the compressed whole (CONTRACTS §4)."""
    values = np.arange(20000, dtype=np.float32).reshape(1, -1)
    body, headers = Request([Input("x", "FP32", values, True)], parameters={"binary_data_output": True}).encode()
    response = client.post(
        "/v2/models/identity_fp32/infer", CODERS[coding](body), headers | {"Content-Encoding": coding}
    )
    assert Answer.parse(response).outputs["y"].values.tobytes() == values.tobytes()


def test_identity(client: Client) -> None:
    """The coding that is none."""
    assert client.post(PATH, GOOD, {"Content-Encoding": "identity"}).status == 200


@pytest.mark.parametrize(
    "coding",
    ["br", "zstd", "compress", "x", "gzip, gzip", "gzip, deflate", "deflate,gzip", "gzip,", "gzip;q=1", "chunked"],
)
def test_other_codings(client: Client, coding: str) -> None:
    """501 that names what there is, nested ones too."""
    body = gzip.compress(gzip.compress(GOOD)) if "gzip" in coding else GOOD
    response = client.post(PATH, body, {"Content-Encoding": coding})
    assert response.status == 501, response
    assert response.header("accept-encoding") == "gzip, deflate"
    assert response.error


def damaged(data: bytes, position: int) -> bytes:
    """Flip a byte."""
    return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


BROKEN = {
    "not compressed": GOOD,
    "empty": b"",
    "cut in the header": gzip.compress(GOOD)[:5],
    "cut in the data": gzip.compress(GOOD)[:-20],
    "cut in the checksum": gzip.compress(GOOD)[:-3],
    "wrong checksum": damaged(gzip.compress(GOOD), len(gzip.compress(GOOD)) - 6),
    "wrong length": damaged(gzip.compress(GOOD), len(gzip.compress(GOOD)) - 2),
    "wrong data": damaged(gzip.compress(GOOD), 20),
    "garbage behind": gzip.compress(GOOD) + b"garbage",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("coding", CODERS)
def test_broken_compression(client: Client, coding: str, body: bytes) -> None:
    """400, and the connection goes on."""
    response = client.post(PATH, body, {"Content-Encoding": coding})
    assert response.status == 400, response
    assert response.error
    assert client.post(PATH, GOOD).status == 200
    assert client.connections == 1


def test_either_coding_is_recognised(client: Client) -> None:
    """Old clients mix gzip and zlib up; the stream says what it is."""
    for coding, coder in (("gzip", zlib.compress), ("deflate", gzip.compress)):
        assert client.post(PATH, coder(GOOD), {"Content-Encoding": coding}).status == 200


LARGE = {"inputs": [{"name": "x", "shape": [1, 5000], "datatype": "FP32", "data": [0.5] * 5000}]}


def ask(client: Client, accept: str | None, document: object = LARGE, model: str = "identity_fp32") -> Response:
    """Ask for something worth compressing."""
    headers = {} if accept is None else {"Accept-Encoding": accept}
    return client.post_json(f"/v2/models/{model}/infer", document, headers)


ACCEPTED = [
    (None, None), ("", None), ("identity", None), ("gzip", "gzip"), ("deflate", "deflate"), ("GZIP", "gzip"),
    ("gzip, deflate", "gzip"), ("deflate, gzip", "deflate"), ("gzip;q=0.5, deflate;q=1.0", "deflate"),
    ("gzip;q=0.5,deflate;q=0.4", "gzip"), ("gzip;q=0", None), ("gzip;q=0, deflate;q=0", None), ("br", None),
    ("br, gzip", "gzip"), ("identity;q=1, gzip;q=0.5", None), ("identity;q=0.5, gzip;q=1", "gzip"),
    ("gzip ; q=1", "gzip"),
    ("gzip, deflate, br, zstd", "gzip"), ("gzip;q=abc", None), (",,,", None), ("gzip;q=0.000", None),
]  # fmt: skip


@pytest.mark.parametrize(("accept", "coding"), ACCEPTED, ids=[str(accept) for accept, _ in ACCEPTED])
def test_compressed_answer(client: Client, accept: str | None, coding: str | None) -> None:
    """The highest q wins, of equals the first listed."""
    response = ask(client, accept)
    assert response.status == 200, response
    if accept == "gzip;q=abc":
        coding = response.header("content-encoding")
    assert response.header("content-encoding") == coding
    body = DECODERS[coding](response.body) if coding else response.body
    assert json.loads(body)["outputs"][0]["data"] == [0.5] * 5000
    if coding:
        assert "accept-encoding" in (response.header("vary") or "").lower()


def test_compressed_binary_answer(client: Client) -> None:
    """The header length counts what comes out of the decompression."""
    for coding, decode in DECODERS.items():
        response = ask(client, coding, LARGE | {"parameters": {"binary_data_output": True}})
        assert response.header("content-encoding") == coding
        answer = Answer.read(decode(response.body), response.header(HEADER_LENGTH), response.header("content-type"))
        assert answer.outputs["y"].values.tolist() == [[0.5] * 5000]


def test_small_answers_stay_as_they_are(client: Client) -> None:
    """Python's requests asks for gzip by default; a hundred bytes don't gain by it."""
    assert ask(client, "gzip, deflate", EXAMPLE.request, "iris").header("content-encoding") is None


def peak_growth(server: Server, client: Client, body: bytes, coding: str = "gzip") -> tuple[Response, int, float]:
    """Send a body; give the answer, the growth of the peak memory in KiB, and the seconds."""
    assert client.post(PATH, GOOD).status == 200
    server.reset_peak()
    before = server.peak_kib
    started = time.monotonic()
    response = client.post(PATH, body, {"Content-Encoding": coding})
    elapsed = time.monotonic() - started
    return response, server.peak_kib - before, elapsed


def test_bomb(server: Server, client: Client) -> None:
    """A gigabyte in a megabyte: refused soon, and most of it never made."""
    response, grown, elapsed = peak_growth(server, client, zeros(1 << 30))
    print(f"{response.status} after {elapsed * 1000:.0f} ms, {grown} KiB more")
    assert response.status in (400, 413), response
    assert response.error
    assert grown < 150_000


def test_bomb_below_the_size_limit(server: Server, client: Client) -> None:
    """20 MiB fit the limit of 64, but not from 20 KiB: a ratio over 100 is refused above 1 MiB."""
    response, grown, _ = peak_growth(server, client, zeros(20 << 20))
    assert response.status in (400, 413), response
    assert "ratio" in response.error or "times" in response.error or "compress" in response.error, response.error
    assert grown < 10_000, f"grew by {grown} KiB"


def test_high_ratio_below_a_mebibyte(client: Client) -> None:
    """Small bodies may be as regular as they like."""
    body = gzip.compress(GOOD + b" " * 1_000_000, 9)
    assert client.post(PATH, body, {"Content-Encoding": "gzip"}).status == 200


def test_size_limit_holds_for_decompressed_bytes(launch: Launch) -> None:
    """--max-body-bytes counts what comes out, also where the ratio is small."""
    rng = np.random.default_rng(1)
    server = launch("--max-body-bytes", "100000")
    with server.client() as client:
        for count, status in ((99_000, 400), (101_000, 413)):
            text = rng.integers(33, 48, count, dtype=np.uint8).tobytes()
            response = client.post(PATH, zlib.compress(text), {"Content-Encoding": "deflate"})
            assert response.status == status, response


def test_memory_of_failed_decompressions_comes_back(server: Server, client: Client) -> None:
    """Fifty bombs one after the other leave nothing behind."""
    bomb = zeros(64 << 20)
    for body in (bomb, gzip.compress(GOOD)[:-20]):
        for _ in range(5):
            client.post(PATH, body, {"Content-Encoding": "gzip"})
        before = server.rss_kib
        for _ in range(50):
            assert client.post(PATH, body, {"Content-Encoding": "gzip"}).status in (400, 413)
        assert server.rss_kib - before < 20_000, f"grew by {server.rss_kib - before} KiB"

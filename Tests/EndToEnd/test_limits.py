"""Limits on what a request may bring: bodies, header fields, bytes in flight; bodies that lie about their length."""

from __future__ import annotations

import json
import time

import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.server import Launch, Server
from apus_e2e.wire import Client, Connection, encode

BODY_LIMIT = 200_000
SERVER_FLAGS = (
    "--max-body-bytes", str(BODY_LIMIT), "--max-header-bytes", "8192", "--max-header-count", "30",
    "--header-timeout", "2s", "--body-timeout", "2s",
)  # fmt: skip
PATH = "/v2/models/iris/infer"
GOOD = json.dumps(EXAMPLES["iris"][0].request).encode()


def chunked(body: bytes, size: int) -> bytes:
    """Write a body in chunks."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def padded(length: int) -> bytes:
    """Make a valid request of a length."""
    return GOOD + b" " * (length - len(GOOD))


def read_final(connection: Connection) -> tuple[int, str]:
    """Read a refusal and check that the connection ends behind it without a reset."""
    response = connection.read()
    assert response.closes, response
    assert connection.ends(), "the connection goes on behind a refusal"
    return response.status, response.error


def test_body_at_the_limit(client: Client) -> None:
    """Exactly the limit is allowed, declared and chunked."""
    assert client.post(PATH, padded(BODY_LIMIT)).status == 200
    with Connection(client.address) as connection:
        connection.send(encode("POST", PATH, {"Transfer-Encoding": "chunked"}) + chunked(padded(BODY_LIMIT), 50_000))
        assert connection.read().status == 200


@pytest.mark.parametrize("length", [BODY_LIMIT + 1, 1 << 31, (1 << 63) - 1])
def test_declared_body_over_the_limit(server: Server, length: int) -> None:
    """413 from the header alone: no byte of the body is waited for."""
    with Connection(server.address) as connection:
        connection.send(encode("POST", PATH, {"Content-Length": str(length)}))
        assert read_final(connection)[0] == 413


def test_declared_body_over_the_limit_that_comes_all_the_same(server: Server) -> None:
    """A client that sends first and reads then still gets the 413 and no reset."""
    for _ in range(20):
        with Connection(server.address) as connection:
            connection.send(encode("POST", PATH, body=b"x" * (BODY_LIMIT + 1)))
            assert read_final(connection)[0] == 413


@pytest.mark.parametrize("size", [1, 1000, 65536])
def test_chunked_body_over_the_limit(server: Server, size: int) -> None:
    """413 as soon as the sum passes the limit; the end isn't waited for."""
    with Connection(server.address) as connection:
        connection.send(encode("POST", PATH, {"Transfer-Encoding": "chunked"}))
        body = chunked(b"x" * (BODY_LIMIT + size), size)[:-5]
        connection.send(body)
        assert read_final(connection)[0] == 413


def test_chunks_without_end(server: Server) -> None:
    """A client that never stops is cut off; what it sends costs bounded memory."""
    server.reset_peak()
    before = server.peak_kib
    started = time.monotonic()
    with Connection(server.address) as connection:
        connection.send(encode("POST", PATH, {"Transfer-Encoding": "chunked"}))
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            while time.monotonic() - started < 10:
                connection.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    assert server.peak_kib - before < 30_000, f"grew by {server.peak_kib - before} KiB"


def test_tiny_chunks(client: Client) -> None:
    """A body of one-byte chunks is legal; many of them too."""
    body = padded(100_000)
    with Connection(client.address) as connection:
        connection.send(encode("POST", PATH, {"Transfer-Encoding": "chunked"}) + chunked(body, 1))
        assert connection.read().status == 200


def test_chunk_extensions_and_trailers(client: Client) -> None:
    """Both are legal and ignored; the connection goes on."""
    with Connection(client.address) as connection:
        for _ in range(3):
            head = encode("POST", PATH, {"Transfer-Encoding": "chunked"})
            body = b'%X;name=value;q="a b"\r\n%s\r\n000;last\r\nTrailer: x\r\nAnother: y\r\n\r\n' % (len(GOOD), GOOD)
            connection.send(head + body)
            assert connection.read().status == 200


@pytest.mark.parametrize("part", ["extension", "trailers"])
def test_chunk_overhead_without_end(server: Server, part: str) -> None:
    """Extensions and trailers are bounded too."""
    with Connection(server.address) as connection:
        connection.send(encode("POST", PATH, {"Transfer-Encoding": "chunked"}))
        flood = b"1;" + b"e" * 100_000 if part == "extension" else b"0\r\n" + b"T: x\r\n" * 20_000
        connection.send(flood)
        status, _ = read_final(connection)
        assert status in (400, 413, 431)


@pytest.mark.parametrize(
    "body",
    [
        b"xyz\r\n", b"-1\r\n", b"+5\r\nhello\r\n", b"0x5\r\nhello\r\n", b" 5\r\nhello\r\n", b"1_0\r\n", b";ext\r\n",
        b"\r\n", b"5\r\nhelloX\r\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"5\nhello\r\n0\r\n\r\n", b"5;\x00\r\nhello\r\n",
        b"FFFFFFFFFFFFFFFF\r\n", b"10000000000000000\r\n", b"7fffffffffffffff\r\n", b"fffffffffffffffff\r\nx",
        b"5\r\nhello\r\n0\r\nbad trailer\r\n\r\n",
    ],
)  # fmt: skip
def test_malformed_chunks(server: Server, body: bytes) -> None:
    """Refused, and the connection ends: nobody knows where the next request starts."""
    with Connection(server.address) as connection:
        connection.send(encode("POST", PATH, {"Transfer-Encoding": "chunked"}) + body)
        status, error = read_final(connection)
        assert status in (400, 413), error


@pytest.mark.parametrize("missing", [1, 10, len(GOOD) - 1])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["declared", "chunked"])
def test_truncated_body(server: Server, missing: int, is_chunked: bool) -> None:
    """The client stops in the middle of a body and closes: nothing is run, nothing is left behind."""
    with server.client() as client:
        before = success_count(client)
        for _ in range(10):
            with Connection(server.address) as connection:
                if is_chunked:
                    connection.send(
                        encode("POST", PATH, {"Transfer-Encoding": "chunked"}) + chunked(GOOD, 16)[: -missing - 5]
                    )
                else:
                    connection.send(encode("POST", PATH, {}, GOOD)[:-missing])
        time.sleep(0.1)
        assert success_count(client) == before


def success_count(client: Client) -> int:
    """Ask how many requests succeeded."""
    (entry,) = client.get("/v2/models/iris/stats").json()["model_stats"]
    return int(entry["inference_stats"]["success"]["count"])


def test_body_longer_than_declared(server: Server) -> None:
    """What follows the declared length is the next request, and this one is none."""
    with Connection(server.address) as connection:
        connection.send(encode("POST", PATH, {"Content-Length": str(len(GOOD))}) + GOOD + b"surplus\r\n\r\n")
        assert connection.read().status == 200
        assert read_final(connection)[0] == 400


def test_body_of_a_get(client: Client) -> None:
    """A body where none is expected is read away, the connection goes on."""
    for _ in range(3):
        response = client.request("GET", "/v2/health/live", body=b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
        assert response.status == 200, response
        assert client.get("/v2/health/live").json()["live"] is True


def test_post_without_a_body(client: Client) -> None:
    """Neither length nor chunks: no body, which is no JSON."""
    response = client.request("POST", PATH)
    assert response.status in (400, 411), response
    assert response.error


@pytest.mark.parametrize(("count", "status"), [(29, 200), (30, 431), (5000, 431)])
def test_number_of_header_fields(server: Server, count: int, status: int) -> None:
    """Host is the first; --max-header-count holds."""
    with Connection(server.address) as connection:
        connection.send(encode("GET", "/v2/health/live", {f"X-{index}": "1" for index in range(count)}))
        assert connection.read().status == status
        assert (status == 200) != connection.ends(0.5)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"X": "x" * 7900}, 200),
        ({"X": "x" * 8192}, 431),
        ({"X": "x" * 1_000_000}, 431),
        ({f"X{i}": "x" * 1000 for i in range(10)}, 431),
    ],
    ids=["below", "just over", "far over", "sum"],
)
def test_size_of_header_fields(server: Server, fields: dict[str, str], status: int) -> None:
    """--max-header-bytes holds for all fields together."""
    with Connection(server.address) as connection:
        connection.send(encode("GET", "/v2/health/live", fields))
        assert connection.read().status == status
        assert (status == 200) != connection.ends(0.5)


def test_long_target(server: Server) -> None:
    """The request line counts too."""
    with Connection(server.address) as connection:
        connection.send(encode("GET", "/v2/models/" + "a" * 100_000))
        status, _ = read_final(connection)
        assert status in (414, 431)


def test_header_without_end(server: Server) -> None:
    """A head that never ends is refused at the limit."""
    with Connection(server.address) as connection:
        connection.send(b"GET /v2 HTTP/1.1\r\nHost: x\r\nX: ")
        connection.send(b"x" * 20_000)
        assert read_final(connection)[0] == 431


def test_limits_do_not_wear_out(server: Server) -> None:
    """Hundreds of refused requests later the budget of bytes in flight is whole."""
    for _ in range(100):
        with Connection(server.address) as connection:
            connection.send(encode("POST", PATH, {"Content-Length": str(BODY_LIMIT)}) + b"x" * 100_000)
        with Connection(server.address) as connection:
            connection.send(
                encode("POST", PATH, {"Transfer-Encoding": "chunked"}) + b"5000\r\n" + b"x" * 0x5000 + b"\r\nzz\r\n"
            )
            assert connection.read().status == 400
    with server.client() as client:
        assert client.post(PATH, padded(BODY_LIMIT)).status == 200


def test_bytes_in_flight(launch: Launch) -> None:
    """--in-flight-bytes: what doesn't fit is told so with 503 and Retry-After; the rest is served."""
    server = launch("--in-flight-bytes", "1000000", "--max-body-bytes", "900000")
    with Connection(server.address) as first, server.client() as client:
        first.send(encode("POST", PATH, {"Content-Length": "800000"}) + b" " * 700_000)
        time.sleep(0.3)
        response = client.post(PATH, padded(600_000))
        assert response.status == 503, response
        assert response.header("retry-after")
        assert response.error
        assert client.post(PATH, GOOD).status == 200
        first.send(b" " * 99_999 + b"x")
        assert first.read().status == 400
        assert client.post(PATH, padded(600_000)).status == 200
    server.assert_serving()


def test_derived_bytes_in_flight(launch: Launch) -> None:
    """--in-flight-bytes counts decoded inputs too: a small body that becomes large is told so with 503."""
    count = 50_000
    data = ",".join(["1"] * count)
    body = json.dumps({"inputs": [{"name": "x", "shape": [count], "datatype": "FP64", "data": []}]})
    body = body.replace("[]", f"[{data}]")
    server = launch("--in-flight-bytes", "300000")
    with server.client() as client:
        response = client.post(PATH, body.encode())
        assert response.status == 503, response
        assert response.header("retry-after")
        assert client.post(PATH, GOOD).status == 200


def test_answer_limit(launch: Launch) -> None:
    """--max-answer-bytes: an answer that might be larger is refused in clear words."""
    server = launch("--max-answer-bytes", "200")
    with server.client() as client:
        response = client.post(PATH, GOOD)
        assert response.status == 413, response
        assert "max_answer_bytes" in response.error
        assert client.get("/v2/health/ready").status == 200

"""SIGTERM under load: none lost, none reset (../shared/reference/drain.md)."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from apus_e2e.examples import EXAMPLES
from apus_e2e.load import Load, Tally
from apus_e2e.repository import Repository
from apus_e2e.scale import IS_LONG
from apus_e2e.server import Launch, Server
from apus_e2e.tensors import Input, Request
from apus_e2e.wire import Client, Closed, Connection, Response, encode, eventually

CLIENTS = 32
IRIS = encode("POST", "/v2/models/iris/infer", body=json.dumps(EXAMPLES["iris"][0].request).encode())
WAIT = b'{"inputs":[{"name":"IN","shape":[1],"datatype":"FP32","data":[1]}]}'
ROUNDS = range(20 if IS_LONG else 3)


def binary_request() -> bytes:
    """A binary request of 64 KiB whose answer is as large."""
    values = np.zeros((1, 16384), dtype=np.float32)
    body, headers = Request([Input("x", "FP32", values, True)], parameters={"binary_data_output": True}).encode()
    return encode("POST", "/v2/models/identity_fp32/infer", headers, body)


REQUESTS: dict[str, Callable[[], bytes]] = {"json": lambda: IRIS, "binary": binary_request}


@pytest.fixture(scope="module")
def slow_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with models that wait."""
    repository = Repository(tmp_path_factory.mktemp("slow")).sample("iris").onnx("identity_fp32")
    for delay in (200, 5000, 30000):
        repository.builtin(f"delay{delay}", kind="delay", delay_ms=delay)
    return repository.root


def nothing_lost(tally: Tally) -> None:
    """Every request sent got a whole answer; every connection ended in an orderly way."""
    print(tally)
    assert not tally.resets and not tally.cut and not tally.closed and not tally.other, str(tally)
    assert set(tally.statuses) == {200}, str(tally)


@pytest.mark.parametrize("round_number", ROUNDS)
@pytest.mark.parametrize("kind", REQUESTS)
def test_sigterm_under_load(launch: Launch, slow_models: Path, kind: str, round_number: int) -> None:
    """32 clients back to back: each gets all its answers, the last with `Connection: close`; exit status 0."""
    server = launch(models=slow_models)
    load = Load(server.address, REQUESTS[kind](), CLIENTS).start()
    time.sleep(0.4 + 0.07 * round_number)
    server.signal()
    tally = load.join()
    nothing_lost(tally)
    assert tally.announced == CLIENTS, str(tally)
    assert server.wait(10) == 0, server.log_tail()


def test_readiness_falls_at_once_while_inference_goes_on(launch: Launch, slow_models: Path) -> None:
    """During --drain-delay the server serves, new connections too; only readiness says no."""
    server = launch("--drain-delay", "1s", models=slow_models, common=("--log-format", "json"))
    until = [float("inf")]
    load = Load(server.address, IRIS, 8, reconnects=lambda: time.monotonic() < until[0]).start()
    with server.client() as client:
        assert client.get("/v2/health/ready").status == 200
    time.sleep(0.2)
    server.signal()
    started = time.monotonic()
    until[0] = started + 0.7
    ready: list[tuple[float, Response]] = []
    while time.monotonic() - started < 0.8:
        with server.client() as client:
            asked = time.monotonic() - started
            ready.append((asked, client.get("/v2/health/ready")))
            assert client.get("/v2/health/live").status == 200
            assert client.post("/v2/models/iris/infer", json.dumps(EXAMPLES["iris"][0].request).encode()).status == 200
        time.sleep(0.02)
    assert all(response.status == 503 for asked, response in ready if asked > 0.1), ready[:5]
    document = ready[-1][1].json()
    assert document["ready"] is False
    nothing_lost(load.join())
    assert server.wait(10) == 0
    assert time.monotonic() - started > 0.95, "the drain delay was not kept"


@pytest.mark.parametrize("count", [1, 6])
def test_requests_in_flight_are_answered(launch: Launch, slow_models: Path, count: int) -> None:
    """200 ms each, in a queue before one instance: accepted is answered, with `Connection: close`."""
    server = launch(models=slow_models)
    connections = [Connection(server.address) for _ in range(count)]
    for connection in connections:
        connection.send(encode("POST", "/v2/models/delay200/infer", body=WAIT))
    time.sleep(0.1)
    server.signal()
    for connection in connections:
        response = connection.read()
        assert response.status == 200, response
        assert response.closes
        assert connection.ends()
    assert server.wait(10) == 0


@pytest.mark.parametrize("cut", [5, 60, len(IRIS) - 20, len(IRIS) - 1])
def test_request_on_its_way_is_answered(launch: Launch, slow_models: Path, cut: int) -> None:
    """Half a head or half a body has come at SIGTERM; the rest follows and the answer too."""
    server = launch(models=slow_models)
    with Connection(server.address) as connection:
        connection.send(encode("GET", "/v2"))
        assert connection.read().status == 200
        connection.send(IRIS[:cut])
        time.sleep(0.1)
        server.signal()
        time.sleep(0.3)
        connection.send(IRIS[cut:])
        response = connection.read()
        assert response.status == 200 and response.closes, response
        assert connection.ends()
    assert server.wait(10) == 0


def test_pipelined_requests_are_answered(launch: Launch, slow_models: Path) -> None:
    """Two requests have been sent, the first is running: both have come before the end."""
    server = launch(models=slow_models)
    with Connection(server.address) as connection:
        request = encode("POST", "/v2/models/delay200/infer", body=WAIT)
        connection.send(request + request)
        time.sleep(0.1)
        server.signal()
        assert connection.read().status == 200
        assert connection.read().status == 200
        assert connection.ends()
    assert server.wait(10) == 0


def test_idle_connections_end_in_an_orderly_way(launch: Launch, slow_models: Path) -> None:
    """Fresh ones and used ones: EOF, no reset; they don't hold the server up."""
    server = launch(models=slow_models)
    fresh = [Connection(server.address) for _ in range(50)]
    used = [Connection(server.address) for _ in range(50)]
    for connection in used:
        assert connection.request("GET", "/v2").status == 200
    server.signal()
    for connection in fresh + used:
        assert connection.ends(10), "an idle connection got bytes or stayed open"
        connection.close()
    assert server.wait(10) == 0


@pytest.mark.parametrize("round_number", ROUNDS)
def test_clients_with_pauses_are_never_reset(launch: Launch, slow_models: Path, round_number: int) -> None:
    """Requests that meet the close of an idle connection get an answer or an orderly end, never a reset."""
    server = launch(models=slow_models)
    load = Load(server.address, IRIS, 200, pause=lambda source: source.uniform(0.9, 1.2)).start()
    time.sleep(0.8 + 0.1 * round_number)
    server.signal()
    tally = load.join()
    print(tally)
    assert not tally.resets and not tally.cut and not tally.other, str(tally)
    assert set(tally.statuses) == {200}
    assert server.wait(10) == 0


def test_new_connections_while_draining_do_not_hang(launch: Launch, slow_models: Path) -> None:
    """Without a delay nobody is accepted any more, or is answered."""
    server = launch(models=slow_models)
    held = Connection(server.address)
    held.send(encode("POST", "/v2/models/delay200/infer", body=WAIT))
    time.sleep(0.05)
    server.signal()
    time.sleep(0.05)
    try:
        with Connection(server.address, timeout=3) as late:
            assert late.request("GET", "/v2/health/live").status in (200, 503)
    except (ConnectionRefusedError, Closed):
        pass
    assert held.read().status == 200
    assert server.wait(10) == 0


def in_flight(server: Server, model: str, count: int) -> tuple[list[threading.Thread], list[Response | Exception]]:
    """Send requests that take long, each on its own connection."""
    results: list[Response | Exception] = []

    def ask() -> None:
        with Client(server.address, timeout=40) as client:
            try:
                results.append(client.post(f"/v2/models/{model}/infer", WAIT))
            except (OSError, Closed) as error:
                results.append(error)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    return threads, results


def check_refused(results: list[Response | Exception], count: int) -> None:
    """All were told so with 503."""
    assert len(results) == count
    for result in results:
        assert isinstance(result, Response), f"no answer but {result!r}"
        assert result.status == 503, result
        assert result.error
        assert result.closes


def test_second_sigterm_ends_the_drain(launch: Launch, slow_models: Path) -> None:
    """What is left is answered with 503, running and queued alike, and the process ends soon."""
    server = launch(models=slow_models)
    threads, results = in_flight(server, "delay30000", 4)
    server.signal()
    time.sleep(0.3)
    assert server.is_alive and not results
    server.signal()
    status = server.wait(10)
    for thread in threads:
        thread.join()
    check_refused(results, 4)
    # The runs heed their termination: nothing is left to give up.
    assert status == 0, server.log_tail()
    assert server.log()[-1]["message"] == "The server has stopped"


def test_grace_period_ends_the_drain(launch: Launch, slow_models: Path) -> None:
    """What isn't finished within --grace-period is answered with 503."""
    server = launch("--grace-period", "1s", models=slow_models)
    threads, results = in_flight(server, "delay30000", 3)
    started = time.monotonic()
    server.signal()
    status = server.wait(15)
    elapsed = time.monotonic() - started
    for thread in threads:
        thread.join()
    check_refused(results, 3)
    assert elapsed > 0.9, elapsed
    assert status == 0, server.log_tail()


def test_long_request_within_the_grace_period_is_answered(launch: Launch, slow_models: Path) -> None:
    """Five seconds are less than the thirty of the default."""
    server = launch(models=slow_models)
    threads, results = in_flight(server, "delay5000", 1)
    server.signal()
    for thread in threads:
        thread.join()
    assert isinstance(results[0], Response) and results[0].status == 200, results[0]
    assert server.wait(10) == 0


def test_interrupt_drains_without_the_delay(launch: Launch, slow_models: Path) -> None:
    """Ctrl-C at a terminal doesn't wait for load balancers."""
    server = launch("--drain-delay", "20s", models=slow_models, common=("--log-format", "json"))
    threads, results = in_flight(server, "delay200", 2)
    server.signal(signal.SIGINT)
    assert server.wait(10) == 0
    for thread in threads:
        thread.join()
    assert [result.status for result in results if isinstance(result, Response)] == [200, 200], results


def test_sigterm_at_start(launch: Launch, slow_models: Path) -> None:
    """At any moment of the start the process ends, with 0 or by the signal's default, and without a crash."""
    for delay in (0.0, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15):
        server = launch(models=slow_models, waits=False)
        time.sleep(delay)
        server.signal()
        assert server.wait(10) in (0, -signal.SIGTERM), server.log_tail()


def test_sigterm_while_models_load(launch: Launch, tmp_path: Path) -> None:
    """Loading stops, and nobody is told that the server is ready."""
    repository = Repository(tmp_path / "many")
    for number in range(400):
        repository.onnx(f"copy{number}", fixture="two_batch")
    server = launch("--drain-delay", "0s", models=repository.root, waits=False)
    assert eventually(lambda: "The model is live" in server.log_text(), timeout=20)
    server.signal()
    assert server.wait(10) == 0, server.log_tail()
    messages = [line["message"] for line in server.log()]
    assert "Server is ready" not in messages
    assert messages[-1] == "The server has stopped"
    assert messages.count("The model is live") < 400
    assert messages.count("The model is gone") == messages.count("The model is live")


def test_broken_pipes_do_not_end_the_server(server: Server) -> None:
    """SIGPIPE is ignored; SIGHUP is nobody's business here."""
    server.signal(signal.SIGPIPE)
    for _ in range(20):
        connection = Connection(server.address)
        connection.send(IRIS * 50)
        connection.socket.shutdown(socket.SHUT_RD)
        connection.abort()
    time.sleep(0.1)
    server.assert_serving()

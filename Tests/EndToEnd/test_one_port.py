"""HTTP/1.1, HTTP/2 and gRPC on each inference port, by curl, tritonclient and raw frames."""

from __future__ import annotations

import json
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException

from apus_e2e.command import Run
from apus_e2e.examples import EXAMPLES
from apus_e2e.http2 import INFER, Connection
from apus_e2e.server import Launch, Server
from apus_e2e.tensors import array
from apus_e2e.wire import Address, eventually

IRIS = EXAMPLES["iris"][0].request["inputs"][0]
FEATURES = array("FP32", IRIS["shape"], IRIS["data"])


def addresses(server: Server) -> list[Address]:
    """Give both inference ports."""
    return [server.address, server.grpc_address]


def iris(client: triton.InferenceServerClient, **options: object) -> np.ndarray:
    """Ask iris by tritonclient."""
    features = triton.InferInput("features", list(FEATURES.shape), "FP32")
    features.set_data_from_numpy(FEATURES)
    return client.infer("iris", [features], **options).as_numpy("label")


def message(model: str = "iris", values: np.ndarray = FEATURES, name: str = "features") -> bytes:
    """Make a ModelInferRequest."""
    request = service_pb2.ModelInferRequest(model_name=model)
    request.inputs.add(name=name, datatype="FP32", shape=list(values.shape))
    request.raw_input_contents.append(values.tobytes())
    return request.SerializeToString()


@pytest.fixture(params=[0, 1], ids=["first port", "second port"])
def address(request: pytest.FixtureRequest, server: Server) -> Address:
    """Give one of the ports."""
    return addresses(server)[request.param]


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_curl(address: Address, version: str) -> None:
    """Health, an inference and a path that isn't there, the same over both."""
    base = f"http://{address[0]}:{address[1]}"
    body = json.dumps({"inputs": [IRIS]})

    def curl(path: str, *more: str) -> tuple[str, str]:
        done = subprocess.run(
            ["curl", "-sS", version, "-w", "\n%{http_version} %{http_code}", *more, base + path],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        content, _, facts = done.stdout.rpartition("\n")
        return content, facts

    number = "1.1" if version == "--http1.1" else "2"
    assert curl("/v2/health/ready")[1] == f"{number} 200"
    content, facts = curl("/v2/models/iris/infer", "-d", body)
    assert facts == f"{number} 200"
    assert json.loads(content)["model_name"] == "iris"
    assert curl("/nowhere")[1] == f"{number} 404"


def test_large_bodies(address: Address) -> None:
    """A body of several windows in both directions."""
    values = np.arange(1_000_000, dtype=np.float32).reshape(1, -1)
    with Connection(address) as connection:
        request = {
            "inputs": [{"name": "x", "shape": list(values.shape), "datatype": "FP32", "data": values.ravel().tolist()}]
        }
        stream = connection.request("POST", "/v2/models/identity_fp32/infer", json.dumps(request).encode())
        (answer,) = connection.wait(stream)
        assert answer.headers[":status"] == "200", answer
        assert json.loads(answer.body)["outputs"][0]["data"][-3:] == [999997.0, 999998.0, 999999.0]


def test_tritonclient(address: Address) -> None:
    """The client as users have it: an inference, an error, a deadline, compression."""
    with triton.InferenceServerClient(f"{address[0]}:{address[1]}") as client:
        expected = iris(client)
        assert (iris(client, compression_algorithm="gzip") == expected).all()
        assert (iris(client, client_timeout=30.0, request_id="7") == expected).all()
        with pytest.raises(InferenceServerException) as caught:
            features = triton.InferInput("features", [1, 3], "FP32")
            features.set_data_from_numpy(np.zeros((1, 3), np.float32))
            client.infer("iris", [features])
        assert caught.value.status() == "StatusCode.INVALID_ARGUMENT"
        with pytest.raises(InferenceServerException) as caught:
            client.infer("nobody", [features])
        assert caught.value.status() == "StatusCode.NOT_FOUND"


def test_other_methods(address: Address) -> None:
    """What grpc-swift's services answer comes over the same connection."""
    with triton.InferenceServerClient(f"{address[0]}:{address[1]}") as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("iris")
        assert client.get_server_metadata().name == "apus"
        assert iris(client) is not None


def test_a_thousand_streams(server: Server) -> None:
    """A thousand calls on one connection, opened before any is finished; then memory is as before."""
    with Connection(server.address) as connection:
        streams = [connection.call() for _ in range(1000)]
        for stream in streams:
            connection.message(stream, message())
        answers = connection.wait(*streams)
        assert {answer.grpc_status for answer in answers} == {"0"}
        assert len({bytes(answer.body) for answer in answers}) == 1


def test_concurrent_clients(server: Server) -> None:
    """Many threads on one channel."""
    with triton.InferenceServerClient(server.url) as client, ThreadPoolExecutor(32) as pool:
        expected = iris(client)
        results = list(pool.map(lambda _: iris(client), range(500)))
    assert all((result == expected).all() for result in results)


def test_half_closed_streams(server: Server) -> None:
    """An end without a message, within one, or behind two of them: a status each, and the connection goes on."""
    with Connection(server.address) as connection:
        none = connection.call()
        connection.send(none, b"", ends=True)
        part = connection.call()
        connection.send(part, b"\0\0\0\0\x09abc", ends=True)
        two = connection.call()
        connection.message(two, message(), ends=False)
        connection.message(two, message())
        answers = connection.wait(none, part, two)
        assert [answer.grpc_status for answer in answers] == ["3", "13", "12"]
        good = connection.call()
        connection.message(good, message())
        assert connection.wait(good)[0].grpc_status == "0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("grpc-timeout", "soon")], "3"),
        ([("grpc-encoding", "br")], "12"),
        ([("grpc-encoding", "gzip")], "0"),
        ([(f"x-{number}", "y") for number in range(150)], "8"),
    ],
)
def test_heads(server: Server, headers: list[tuple[str, str]], status: str) -> None:
    """Errors before the application are trailers alone."""
    with Connection(server.address) as connection:
        stream = connection.call(INFER, *headers)
        connection.message(stream, message())
        (answer,) = connection.wait(stream)
        assert answer.grpc_status == status, answer


def test_unknown_methods(server: Server) -> None:
    """Unknown is UNIMPLEMENTED, on the metrics port too."""
    for where in (server.address, server.metrics_address):
        with Connection(where) as connection:
            stream = connection.call("/no.such.Service/Method")
            connection.message(stream, b"")
            assert connection.wait(stream)[0].grpc_status == "12"


def test_deadline(server: Server) -> None:
    """The client's own deadline is DEADLINE_EXCEEDED, on time."""
    with Connection(server.address) as connection:
        stream = connection.call(INFER, ("grpc-timeout", "200m"))
        (answer,) = connection.wait(stream)
        assert answer.grpc_status == "4"


def test_resets(server: Server) -> None:
    """Clients that give up at every point; the server goes on and forgets them."""
    for _ in range(3):
        with Connection(server.address) as connection:
            for number in range(300):
                stream = connection.call()
                if number % 3:
                    connection.send(stream, message()[: number % 40])
                connection.reset(stream)
            last = connection.call()
            connection.message(last, message())
            assert connection.wait(last)[0].grpc_status == "0"


def test_rapid_reset_is_stopped(server: Server) -> None:
    """Thousands of resets end the connection (CVE-2023-44487), and nobody else's."""
    with Connection(server.address) as other, Connection(server.address) as connection:
        with pytest.raises((OSError, AssertionError)):
            for _ in range(5000):
                connection.reset(connection.call())
                assert not connection.is_closed
        stream = other.call()
        other.message(stream, message())
        assert other.wait(stream)[0].grpc_status == "0"


def test_stalled_windows(server: Server) -> None:
    """A client without window gets its answer when it opens it; others aren't held up meanwhile."""
    values = np.zeros((1, 500_000), np.float32)
    with Connection(server.address, {4: 0}, gives_window=False) as stalled, Connection(server.address) as other:
        stream = stalled.call()
        stalled.message(stream, message("identity_fp32", values, "x"))
        free = other.call()
        other.message(free, message())
        assert other.wait(free)[0].grpc_status == "0"
        stalled.h2.increment_flow_control_window(4_000_000)
        stalled.h2.increment_flow_control_window(4_000_000, stream)
        stalled.flush()
        (answer,) = stalled.wait(stream)
        assert answer.grpc_status == "0"
        assert len(answer.message) > values.nbytes


def test_memory_returns(launch: Launch) -> None:
    """After floods of streams, large answers that nobody takes, and resets, memory is back."""
    server = launch()

    def burden() -> None:
        with Connection(server.address, {4: 0}, gives_window=False) as connection:
            values = np.zeros((1, 200_000), np.float32)
            for _ in range(40):
                connection.message(connection.call(), message("identity_fp32", values, "x"))
            for _ in range(200):
                connection.reset(connection.call())

    burden()
    before = server.rss_kib
    for _ in range(5):
        burden()
    assert eventually(lambda: server.rss_kib < before + 40_000, timeout=30)
    server.assert_serving()


def test_drain_loses_nothing(launch: Launch) -> None:
    """Every call that reached the server is answered; what fails is that no server is there any more."""
    server = launch("--drain-delay", "0s")
    failures: list[str] = []
    answered = 0
    lock = threading.Lock()
    begun = threading.Event()

    def ask() -> None:
        nonlocal answered
        with triton.InferenceServerClient(server.url) as client:
            while True:
                try:
                    iris(client)
                except InferenceServerException as error:
                    failures.append(str(error))
                    return
                with lock:
                    answered += 1
                    if answered > 100:
                        begun.set()

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    assert begun.wait(20)
    server.process.terminate()
    for thread in asking:
        thread.join(30)
        assert not thread.is_alive()
    assert len(failures) == 4
    assert all("failed to connect to all addresses" in failure for failure in failures), failures
    assert server.process.wait(20) == 0


def test_both_ports_off_is_refused(run: Run, models: Path) -> None:
    """Nobody could ask for anything: a sentence that names both keys."""
    done = run("serve", "--models", str(models), "--http-port", "off", "--grpc-port", "off", timeout=10)
    assert done.returncode not in (0, -4, -11)
    assert "grpc_port" in done.stderr + done.stdout


@pytest.mark.parametrize(("off", "other"), [("--http-port", "--grpc-port"), ("--grpc-port", "--http-port")])
def test_a_port_can_be_turned_off(launch: Launch, off: str, other: str) -> None:
    """The other one still speaks everything."""
    server = launch(off, "off")
    left = server.grpc_address if off == "--http-port" else server.address
    gone = server.address if off == "--http-port" else server.grpc_address
    assert gone == ("", 0)
    with Connection(left) as connection:
        stream = connection.call()
        connection.message(stream, message())
        assert connection.wait(stream)[0].grpc_status == "0"
        assert connection.wait(connection.request("GET", "/v2/health/ready"))[0].headers[":status"] == "200"

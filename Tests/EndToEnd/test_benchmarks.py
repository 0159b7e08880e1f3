"""The benchmark's own arithmetic, with figures made up: no speed is measured here."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apus_e2e import paths as places
from apus_e2e.command import Run
from apus_e2e.server import Launch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from harness import grpc, openloop, paths, peers, report, settings, sweep, throughput, timeouts, transports, variants  # noqa: E402
from harness.bodies import Tensor  # noqa: E402
from harness.measurement import Cell, Matrix  # noqa: E402
from harness.measurement import Run as Figures  # noqa: E402
from harness.peers import MeasurementFailed  # noqa: E402
from harness.results import Results  # noqa: E402
from harness.targets import TARGETS, Verdict  # noqa: E402


def figures(rate: float, p50: float = 100, p99: float = 1000, cpu: float = 1) -> Figures:
    """One run."""
    return Figures(1000, rate, p50, p99, p99, 0, cpu)


def cell(model: str, connections: int, peer: str, *rates: float, **more: float) -> Cell:
    """A peer's runs of all rounds."""
    return Cell(model, connections, peer, tuple(figures(rate, **more) for rate in rates))


def verdict(results: Results, *words: str) -> Verdict:
    """The verdict on the one target whose name has all these words."""
    (target,) = (one for one in TARGETS if all(word in one.name for word in words))
    return target.check(results)


def found(**changes: Any) -> dict[str, Any]:
    """What `apus bench` prints."""
    latency = {"p50": 1.0, "p95": 1.5, "p99": 2.0, "p99.9": 3.0, "max": 4.0, "mean": 1.0}
    whole = {"throughput_per_second": 950.0, "answered": 1000, "failed": 0, "latency_us": latency}
    return {**whole, "send_delay_us": latency, **changes}


def test_grpc() -> None:
    """Requests and processor time are compared with the echo's, latency with that of HTTP/1."""
    results = Results({})
    results.matrix = Matrix(
        [
            cell(grpc.SECTION, 32, throughput.ECHO, 100.0, cpu=1),
            cell(grpc.SECTION, 32, grpc.GRPC, 60.0, cpu=2),
            cell(grpc.SECTION, 1, throughput.BINARY, 10.0, p50=100),
            cell(grpc.SECTION, 1, grpc.GRPC, 10.0, p50=141),
            cell(grpc.SECTION, 32, throughput.JSON, 100.0),
            cell(grpc.SECTION, 32, grpc.PLAIN, 89.0),
            cell(transports.RESNET_SECTION, 2, throughput.BINARY, 10.0),
            cell(transports.RESNET_SECTION, 2, grpc.GRPC, 9.6),
            cell(transports.LARGE_SECTION, 1, throughput.BINARY, 10.0),
            cell(transports.LARGE_SECTION, 1, grpc.GRPC, 20.0),
            cell(transports.LARGE_SECTION, 1, transports.SHARED, 15.0),
        ]
    )
    assert verdict(results, "iris, gRPC", "requests/s").figure == pytest.approx(0.6)
    assert verdict(results, "iris, gRPC", "processor time").figure == pytest.approx(2)
    assert verdict(results, "iris, gRPC", "latency").figure == pytest.approx(41)
    assert verdict(results, "iris, gRPC", "latency").is_reached is False
    assert verdict(results, "plain JSON").is_reached is False
    assert verdict(results, "ResNet-50", "gRPC").is_reached is True
    assert verdict(results, "shared memory", "HTTP binary").is_reached is True
    assert verdict(results, "shared memory", "of gRPC").is_reached is False


@pytest.mark.parametrize("shape", [(1, 4), (3, 224, 224)])
def test_grpc_message(shape: tuple[int, ...]) -> None:
    """The recorded body is the message that the protocol's own code makes of the same tensor."""
    from tritonclient.grpc import service_pb2

    count = math.prod(shape)
    whole = grpc.message("iris", Tensor("features", shape, (0.25,) * count))
    parsed = service_pb2.ModelInferRequest.FromString(whole[5:])
    assert int.from_bytes(whole[1:5], "big") == len(whole) - 5
    assert (parsed.model_name, parsed.inputs[0].name, parsed.inputs[0].datatype) == ("iris", "features", "FP32")
    assert tuple(parsed.inputs[0].shape) == shape
    assert len(parsed.raw_input_contents[0]) == 4 * count


def test_names_of_targets_differ() -> None:
    """So that a row of the table says which it is."""
    names = [target.name for target in TARGETS]
    assert len(set(names)) == len(names)


def test_nothing_measured_is_no_success() -> None:
    """Nor a failure."""
    assert {target.check(Results({})).is_reached for target in TARGETS} == {None}


def test_iris_targets() -> None:
    """Rates, processor time and batching against none, each round by itself."""
    results = Results({})
    results.matrix.add(
        [
            cell("iris", 32, throughput.JSON, 80, 90, 70, cpu=3),
            cell("iris", 32, throughput.ECHO, 100, 100, 100, cpu=2),
            cell("iris", 32, throughput.JSON_OFF, 80, 100, 100),
            cell("iris", 1, throughput.JSON, 1, p50=30),
            cell("iris", 1, throughput.ECHO, 1, p50=21),
        ]
    )
    assert verdict(results, "iris", "requests/s over the bare echo's").figure == pytest.approx(0.8)
    assert verdict(results, "iris", "requests/s over the bare echo's").is_reached
    assert verdict(results, "iris", "CPU").figure == pytest.approx(1.5)
    assert verdict(results, "iris", "CPU").is_reached
    assert verdict(results, "iris", "batching off").figure == pytest.approx(0.9)
    assert verdict(results, "iris", "batching off").is_reached is False
    assert verdict(results, "iris", "1 connection").figure == 9
    assert verdict(results, "iris", "1 connection").is_reached is False


@pytest.mark.parametrize("connections", [32, 64])
def test_mlp_targets(connections: int) -> None:
    """The echo of the same body, batching off, the best setting by hand, the slowest requests."""
    results = Results({})
    results.matrix.add(
        [
            cell("mlp", connections, throughput.BINARY, 60, p99=104),
            cell("mlp", connections, throughput.ECHO_BINARY, 100),
            cell("mlp", connections, throughput.BINARY_OFF, 40, p99=100),
            cell(sweep.TABLE, connections, sweep.DEFAULT, 60, 60, 60),
            cell(sweep.TABLE, connections, sweep.label(8, 0), 30, 30, 30),
            cell(sweep.TABLE, connections, sweep.label(64, 100), 80, 80, 40),
        ]
    )
    name = f"MLP, binary, {connections} connections"
    assert verdict(results, name, "echo's of the same body").figure == pytest.approx(0.6)
    assert verdict(results, name, "requests/s", "batching off").figure == pytest.approx(1.5)
    assert verdict(results, name, "by hand").figure == pytest.approx(0.75)
    assert verdict(results, name, "by hand").is_reached is False
    assert verdict(results, name, "p99").figure == pytest.approx(1.04)
    assert verdict(results, name, "p99").is_reached


def test_open_loop_targets() -> None:
    """Goodput goes by the capacity of the same round, deadlines by what was accepted."""
    answers = found(goodput_per_second=930.0, declined=200, late=5, failed=1)
    run = openloop.reading(answers, openloop.OVERLOAD, 1200, 1000)
    assert run.goodput_of_capacity == pytest.approx(0.93)
    assert run.in_time == pytest.approx(0.995)
    assert (run.refused, run.failed, run.p999_us, run.sent_late_p99_us) == (200, 1, 3.0, 2.0)
    results = Results({}, open_loop=openloop.OpenLoopResult([run, replace(run, load=0.5, good_per_second=0)]))
    assert verdict(results, "open loop", "over capacity").is_reached
    assert verdict(results, "open loop", "deadline").is_reached
    without = openloop.reading(found(answered=0, latency_us=None, send_delay_us=None), 0.5, 500, 1000)
    assert (without.good_per_second, without.in_time, without.p99_us) == (950, 0, 0)


def test_answers_to_requests_with_a_deadline() -> None:
    """Lateness counts from the deadline; another answer than the one that says so is wrong."""
    right = b'HTTP/1.1 503 Service Unavailable\r\n\r\n{"error":"Request timeout expired"}'
    result = timeouts.judge([(0.0504, right), (0.0521, right), (0.05, b"HTTP/1.1 200 OK\r\n\r\n{}")])
    assert result.worst_ms == pytest.approx(2.1)
    assert result.median_ms == pytest.approx(0.4)
    assert result.wrong_answers == 1
    assert verdict(Results({}, timeouts=result), "latest answer").is_reached
    assert verdict(Results({}, timeouts=result), "something else").is_reached is False
    with pytest.raises(MeasurementFailed):
        timeouts.judge([])


def test_requests_with_a_deadline_behind_a_long_run(launch: Launch, tmp_path: Path, monkeypatch: Any) -> None:  # noqa: ANN401
    """The server says of each that its time is over; how soon is for the benchmark to say."""
    monkeypatch.setattr(paths, "VARIANTS", tmp_path)
    server = launch(models=timeouts.repository())
    monkeypatch.setattr(timeouts.servers, "apus", lambda *_: Running(server.url))
    result = timeouts.measure(replace(settings.quick(("timeouts",)), timeout_requests=20))
    assert len(result.late_ms) == 20
    assert result.wrong_answers == 0
    assert min(result.late_ms) >= 0


class Running:
    """A server that somebody else starts and ends, as the benchmark sees it."""

    def __init__(self, url: str) -> None:
        self.port = int(url.rpartition(":")[2])

    def wait_until_ready(self) -> None:
        """It is."""

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        return


def test_variants_are_what_the_server_reads(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every configuration that the benchmark writes is accepted, with nothing in it that isn't acted on."""
    monkeypatch.setattr(paths, "VARIANTS", tmp_path)
    monkeypatch.setattr(paths, "MODELS", places.EXAMPLES / "models")
    full = settings.full(())
    by_hand = [variants.by_hand("iris", rows, delay) for rows in full.sweep_rows for delay in full.sweep_delays]
    root = variants.make("iris", [variants.off("iris"), *by_hand])
    assert len(list(root.iterdir())) == 18
    done = run("check", str(root))
    assert done.returncode == 0, done
    assert "not acted on" not in done.stdout + done.stderr, done


def test_report_has_every_section() -> None:
    """Also of what only this run has measured."""
    matrix = Matrix([cell(sweep.TABLE, 32, sweep.DEFAULT, 60)])
    open_loop = openloop.OpenLoopResult([openloop.reading(found(), load, 1, 2) for load in openloop.LOADS])
    results = Results({}, matrix, open_loop=open_loop, timeouts=timeouts.TimeoutResult([1.0], 0))
    text = report.markdown(results, [target.check(results) for target in TARGETS])
    for word in ("### mlp sweep", "### mlp, binary, open loop", "| 120% |", "latest answer after it | 1.00 ms"):
        assert word in text, text
    assert results.as_json()["timeouts"]["late_ms"] == [1.0]


def test_quick_measures_the_same_sections() -> None:
    """Only less of them."""
    quick, full = settings.quick(settings.SECTIONS), settings.full(settings.SECTIONS)
    assert quick.is_complete and full.is_complete
    assert set(quick.sweep_rows) <= set(full.sweep_rows)
    assert set(quick.sweep_delays) <= set(full.sweep_delays)


def test_tools_that_fail_say_why() -> None:
    with pytest.raises(MeasurementFailed, match="no such thing"):
        peers.run_tool(["sh", "-c", "echo no such thing >&2; exit 3"], 1)


def test_tools_that_go_first_have_a_session_of_their_own() -> None:
    sessions = peers.run_tool(["sh", "-c", "cut -d' ' -f1,6 /proc/$$/stat"], 1, goes_first=True).split()
    assert sessions[0] == sessions[1]
    sessions = peers.run_tool(["sh", "-c", "cut -d' ' -f1,6 /proc/$$/stat"], 1).split()
    assert sessions[0] != sessions[1]

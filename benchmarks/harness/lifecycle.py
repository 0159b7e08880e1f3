"""Time to the first answer, memory, and a repository of 1,500 models."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from . import paths, servers
from .alternation import note
from .bodies import Body, tensor_for
from .peers import HTTPPeer
from .processes import Server
from .settings import Settings
from .throughput import inference_path

IRIS_PATH = inference_path("iris")
MANY = 1_500
FASTAPI_STARTS = 3


@dataclass(frozen=True)
class StartupResult:
    """Milliseconds from exec to the first answer."""

    apus_ms: list[float]
    fastapi_ms: list[float]


def first_answer_ms(start: Callable[[], Server], body: Body) -> float:
    """Start a server, ask for a prediction until it comes, and end it."""
    with start() as server:
        return server.post_until_answered(IRIS_PATH, body.content, body.headers()) * 1e3


def measure_startup(settings: Settings) -> StartupResult:
    """Start the servers several times, the first one to fill the page cache."""
    body = tensor_for("iris").as_json()

    def apus() -> Server:
        return servers.apus(paths.IRIS_ALONE, "apus-iris")

    def fastapi() -> Server:
        return servers.fastapi("iris")

    first_answer_ms(apus, body)
    result = StartupResult(
        [first_answer_ms(apus, body) for _ in range(settings.starts)],
        [first_answer_ms(fastapi, body) for _ in range(min(FASTAPI_STARTS, settings.starts))],
    )
    note(f"exec to first answer: apus {median(result.apus_ms):.0f} ms, fastapi {median(result.fastapi_ms):.0f} ms")
    return result


@dataclass(frozen=True)
class MemoryResult:
    """Resident MiB of a server with the iris model alone."""

    peer: str
    idle_mib: float
    peak_under_load_mib: float
    threads: int


def measure_memory(settings: Settings) -> list[MemoryResult]:
    """Look at each server before and after load."""
    body = tensor_for("iris").as_json()
    return [
        memory_of("apus", servers.apus(paths.IRIS_ALONE, "apus-iris"), body, settings),
        memory_of("fastapi", servers.fastapi("iris"), body, settings),
    ]


def memory_of(name: str, starting: Server, body: Body, settings: Settings) -> MemoryResult:
    """The resident memory of one server: ready and left alone for two seconds, and at its peak under load."""
    with starting as server:
        server.wait_until_ready()
        time.sleep(2)
        idle = server.memory_mib()
        HTTPPeer(f"{name} memory", server, IRIS_PATH, body).measure(32, settings.seconds)
        result = MemoryResult(name, idle, server.memory_mib("VmHWM"), server.threads())
    note(f"memory, {name}: {result.idle_mib:.1f} MiB idle, {result.peak_under_load_mib:.1f} MiB under load")
    return result


@dataclass(frozen=True)
class ManyModelsResult:
    """Seconds to readiness and the most threads seen, with 1,500 models."""

    ready_seconds: list[float]
    peak_threads: int
    resident_mib: float


def measure_many(settings: Settings) -> ManyModelsResult:
    """Start with 1,500 models, several times, and ask one of them."""
    seconds: list[float] = []
    threads: list[int] = []
    memory: list[float] = []
    body = many_body()
    for _ in range(settings.many_starts):
        with servers.apus(paths.MANY_MODELS, "apus-many") as server, ThreadWatch(server) as watch:
            seconds.append(server.wait_until_ready())
            server.post_until_answered(inference_path(f"m{MANY - 1:04d}"), body.content, body.headers())
            memory.append(server.memory_mib())
        threads.append(watch.peak)
    result = ManyModelsResult(seconds, max(threads), median(memory))
    note(f"{MANY:,} models: ready in {median(seconds):.2f} s, {result.peak_threads} threads")
    return result


def many_body() -> Body:
    """A request for one of the 1,500 models."""
    text = '{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}'
    return Body(text.encode(), "application/json")


class ThreadWatch:
    """Notes the most threads that a server has while the block runs."""

    def __init__(self, server: Server) -> None:
        """Prepare to watch."""
        self.server = server
        self.peak = 0
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self) -> None:
        """Look every 20 ms."""
        while not self.is_over.wait(0.02):
            try:
                self.peak = max(self.peak, self.server.threads())
            except (FileNotFoundError, ProcessLookupError, KeyError):
                return

    def __enter__(self) -> ThreadWatch:
        """Begin to watch."""
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching."""
        self.is_over.set()
        self.thread.join()

"""Versions from a web server: how fast a large one is fetched, and what reloads cost those who are served."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from . import paths, servers
from .alternation import note
from .peers import MeasurementFailed, run_tool
from .processes import Server, free_port
from .settings import Settings

FOLDER = paths.BUILD / "bench-store"
GIB = 1 << 30
CONFIGURATION = """
backend: "builtin"
input [ { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] } ]
parameters { key: "kind" value { string_value: "identity" } }
"""


@dataclass(frozen=True)
class StoreResult:
    """Seconds and MiB of fetching; microseconds of requests with and without reloads."""

    fetch_seconds: list[float]
    reference_seconds: list[float]
    grown_mib: float
    calm_p99_us: list[float]
    reloading_p99_us: list[float]
    reloads: int
    failed: int

    @property
    def fetch_speed(self) -> float:
        """The speed of fetching, checking and syncing, over that of curl, sha256sum and sync."""
        return median(self.reference_seconds) / median(self.fetch_seconds)

    @property
    def reload_p99(self) -> float:
        """The 99th percentile with reloads over that without, the median of the rounds."""
        return median(one / other for one, other in zip(self.reloading_p99_us, self.calm_p99_us, strict=True))

    def as_json(self) -> dict[str, Any]:
        """The figures in machine-readable form."""
        return asdict(self) | {"fetch_speed": self.fetch_speed, "reload_p99": self.reload_p99}


def measure(settings: Settings) -> StoreResult:
    """Measure both."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        seconds, references, grown = fetching(settings)
        calm, reloading, reloads, failed = reloads_under_load(settings)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    result = StoreResult(seconds, references, grown, calm, reloading, reloads, failed)
    note(
        f"store: 1 GiB in {median(seconds):.2f} s (curl, sha256sum, sync: {median(references):.2f} s), "
        f"{grown:.0f} MiB more at its peak; {reloads} reloads, p99 {result.reload_p99:.2f} x, {failed} failed"
    )
    return result


@contextlib.contextmanager
def web_server(root: Path, *, stands_back: bool = False) -> Iterator[str]:
    """Run nginx on a folder."""
    port = free_port()
    home = FOLDER / "nginx"
    home.mkdir(exist_ok=True)
    (home / "nginx.conf").write_text(
        f"daemon off; pid {home}/pid; error_log {home}/error.log; user root; worker_processes 1;\n"
        "events { worker_connections 128; }\n"
        f"http {{ access_log off; sendfile on; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;\n"
        f"fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;\n"
        f"server {{ listen 127.0.0.1:{port}; root {root}; etag on; }} }}\n"
    )
    command = ["nginx", "-p", str(home), "-c", str(home / "nginx.conf"), "-e", str(home / "error.log")]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=stand_back if stands_back else None,
    )
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1):
                break
            if process.poll() is not None:
                raise MeasurementFailed(f"nginx ended: {(home / 'error.log').read_text()[-300:]}")
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def publish(root: Path, *arguments: str) -> None:
    """Push a version and list it for the web server."""
    for command in (("push", *arguments), ("index",)):
        run_tool([str(paths.APUS), *command, "--store", str(root)], 60)


def update(server: Server, pause: float = 0.005) -> None:
    """Have the source looked at, and wait until what changed is live; by hand, since a command's start takes a core."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request("POST", "/update-model")
        answer = connection.getresponse()
        answer.read()
        place = answer.headers["Location"]
        while True:
            time.sleep(pause)
            connection.request("GET", place)
            report = json.load(connection.getresponse())
            if report["state"] == "done":
                return
            if report["state"] == "failed":
                raise MeasurementFailed(f"the update failed: {report['reason']}")


def stand_back() -> None:
    """Have this thread run only when nobody else wants to: it plays what is on other machines elsewhere."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def fetching(settings: Settings) -> tuple[list[float], list[float], float]:
    """Fetch 1 GiB by Apus and by the tools that people know, in turns."""
    root = FOLDER / "www"
    large = FOLDER / "large"
    large.mkdir(parents=True)
    root.mkdir()
    (large / "config.pbtxt").write_text(CONFIGURATION)
    seconds: list[float] = []
    references: list[float] = []
    grown: list[float] = []
    with web_server(root) as url:
        publish(root, str(paths.model_file("iris")), "--name", "iris")
        for version in range(1, 1 + max(3, settings.rounds)):
            with (large / "weights.bin").open("wb") as file:
                for _ in range(64):
                    file.write(os.urandom(GIB // 64))
            cache = FOLDER / "cache"
            with servers.apus(url, "apus-store", ("--cache", str(cache))) as server:
                server.wait_until_ready()
                before = server.memory_mib()
                publish(root, str(large), "--name", "large", "--as-version", str(version))
                os.sync()
                start = time.monotonic()
                update(server)
                seconds.append(time.monotonic() - start)
                if not is_live(server, "large", version):
                    raise MeasurementFailed("the large version isn't live: see .build/bench-logs")
                grown.append(server.memory_mib("VmHWM") - before)
            shutil.rmtree(cache)
            references.append(by_tools(f"{url}/large/{version}/weights.bin"))
            shutil.rmtree(root / "large")
    return seconds, references, max(grown)


def is_live(server: Server, model: str, version: int) -> bool:
    """Whether a version answers."""
    url = f"http://127.0.0.1:{server.port}/v2/models/{model}/versions/{version}/ready"
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def by_tools(url: str) -> float:
    """Seconds that curl, sha256sum and sync take one after the other."""
    target = FOLDER / "fetched.bin"
    os.sync()
    start = time.monotonic()
    for command in (["curl", "-s", "-o", str(target), url], ["sha256sum", str(target)], ["sync", str(target)]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    taken = time.monotonic() - start
    target.unlink()
    return taken


def reloads_under_load(settings: Settings) -> tuple[list[float], list[float], int, int]:
    """Send requests at 30 % of the capacity, with two contents of a version taking turns and without."""
    root = FOLDER / "turns"
    contents = [paths.model_file("iris").read_bytes(), paths.model_file("iris").read_bytes() + b"\x3a\x00"]
    (root / "iris" / "1").mkdir(parents=True)
    target = root / "iris" / "1" / "model.onnx"
    target.write_bytes(contents[0])
    run_tool([str(paths.APUS), "index", "--store", str(root)], 60)
    calm: list[float] = []
    reloading: list[float] = []
    reloads = failed = 0
    with web_server(root, stands_back=True) as url, servers.apus(
        url, "apus-turns", ("--cache", str(FOLDER / "turns-cache"))
    ) as server:
        server.wait_until_ready()
        capacity = load(server, "--connections", "32", "--duration", "3s")["throughput_per_second"]
        rate = ("--rate", str(int(capacity * 0.3)), "--connections", "64", "--duration", f"{settings.reload_seconds}s")
        for _ in range(settings.reload_rounds):
            found = load(server, *rate)
            calm.append(found["latency_us"]["p99"])
            failed += found["failed"]
            with Turns(server, root, target, contents) as turns:
                found = load(server, *rate)
            reloading.append(found["latency_us"]["p99"])
            failed += found["failed"]
            reloads += turns.count
        seen = server.log.read_text().count("The model is live") - 1
    if seen != reloads:
        raise MeasurementFailed(f"{reloads} reloads were asked for and {seen} made: see .build/bench-logs")
    return calm, reloading, reloads, failed


def load(server: Server, *arguments: str) -> Any:
    """Send requests for iris; give the figures."""
    url = f"http://127.0.0.1:{server.port}"
    command = [str(paths.APUS), "bench", "iris", "--url", url, "--warmup", "1s"]
    return json.loads(run_tool([*command, "--output", "json", *arguments], 60))


class Turns:
    """Reloads one after the other, as long as the block runs."""

    def __init__(self, server: Server, root: Path, target: Path, contents: list[bytes]) -> None:
        self.count = 0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(server, root, target, contents))

    def _run(self, server: Server, root: Path, target: Path, contents: list[bytes]) -> None:
        stand_back()
        while not self._ends.wait(0.4):
            content = contents[(self.count + 1) % 2]
            target.write_bytes(content)
            modified = int(target.stat().st_mtime)
            entry = {"key": "iris/1/model.onnx", "size": len(content), "modified": modified}
            (root / "apus-index.json").write_text(json.dumps([entry]))
            update(server, pause=0.05)
            self.count += 1

    def __enter__(self) -> Turns:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

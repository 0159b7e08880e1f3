"""Starts servers, looks at what they use, and ends them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from . import paths

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 120.0


class ServerFailed(Exception):
    """A server ended or never answered; the message says which one and where its log is."""


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def status_numbers(pid: int) -> dict[str, int]:
    """The numeric lines of /proc/PID/status, such as VmRSS (in KiB) and Threads."""
    numbers = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, value = line.partition(":")
        first = value.split()[:1]
        if first and first[0].isdigit():
            numbers[key] = int(first[0])
    return numbers


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name, which may have spaces in it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def descendants(pid: int) -> list[int]:
    """A process and all that it has started, directly or not."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                children.setdefault(int(stat_fields(int(entry.name))[1]), []).append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


class Server:
    """A server process on a port of its own; a context manager that ends it."""

    def __init__(self, name: str, command: list[str], port: int) -> None:
        """Start the process; its output goes to a file."""
        self.name = name
        self.port = port
        paths.LOGS.mkdir(parents=True, exist_ok=True)
        self.log = paths.LOGS / f"{name}.log"
        environment = {key: value for key, value in os.environ.items() if not key.startswith("APUS_")}
        with self.log.open("wb") as log:
            self.started = time.monotonic()
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self.process.pid

    def url(self, path: str) -> str:
        """The URL of a path on this server."""
        return f"http://127.0.0.1:{self.port}{path}"

    def cpu_seconds(self) -> float:
        """Processor time that the server and its workers have used."""
        ticks = 0
        for pid in descendants(self.pid):
            fields = stat_fields(pid)
            ticks += int(fields[11]) + int(fields[12])
        return ticks / CLOCK_TICKS

    def memory_mib(self, key: str = "VmRSS") -> float:
        """Resident memory (`VmRSS`) or its peak (`VmHWM`) of the server and its workers."""
        return sum(status_numbers(pid).get(key, 0) for pid in descendants(self.pid)) / 1024

    def threads(self) -> int:
        """Threads of the process that was started."""
        return status_numbers(self.pid)["Threads"]

    def post_until_answered(self, path: str, content: bytes, headers: dict[str, str]) -> float:
        """Post again and again until status 200 comes; gives the seconds since the start."""
        request = request_bytes("POST", path, content, headers)
        return self.poll(request, pause=0.0002)

    def wait_until_ready(self, pause: float = 0.005) -> float:
        """Ask for readiness until it is there; gives the seconds since the start."""
        return self.poll(request_bytes("GET", "/v2/health/ready", b"", {}), pause)

    def poll(self, request: bytes, pause: float) -> float:
        """Send a request on new connections until status 200 comes."""
        while True:
            if status_of(self.port, request) == 200:
                return time.monotonic() - self.started
            if self.process.poll() is not None:
                raise ServerFailed(f"{self.name} ended with status {self.process.returncode}: see {self.log}")
            if time.monotonic() - self.started > PATIENCE:
                raise ServerFailed(f"{self.name} isn't ready after {PATIENCE:.0f} s: see {self.log}")
            time.sleep(pause)

    def stop(self) -> None:
        """End the process and its workers: politely, then by force."""
        if self.process.poll() is not None:
            return
        family = descendants(self.pid)
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in family:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.process.wait()

    def __enter__(self) -> Server:
        """Hand out the server."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the server, however the block ended."""
        self.stop()


def request_bytes(method: str, path: str, content: bytes, headers: dict[str, str]) -> bytes:
    """An HTTP/1.1 request on a connection that is used once."""
    fields = {"Host": "127.0.0.1", "Connection": "close", **headers, "Content-Length": str(len(content))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + content


def status_of(port: int, request: bytes) -> int | None:
    """The status that a request gets; nothing when there is no answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), 30) as connection:
            connection.sendall(request)
            answer = b"".join(received(connection))
    except OSError:
        return None
    parts = answer.split(b" ", 2)
    return int(parts[1]) if len(parts) > 2 and parts[1].isdigit() else None


def received(connection: socket.socket) -> Iterator[bytes]:
    """Everything that comes on a connection until its end."""
    while chunk := connection.recv(65536):
        yield chunk

"""The server process: start, read its log, measure, stop by its process id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import paths
from .examples import EXAMPLES
from .wire import Address, Client, eventually

READY_MESSAGE = "Server is ready"
PORT_FLAGS = ("--http-port", "0", "--grpc-port", "0", "--metrics-port", "0")
COMMON_FLAGS = ("--drain-delay", "0s", "--log-format", "json")


def parse_address(text: str) -> Address:
    """Take `127.0.0.1:8000` apart."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


class Server:
    """A running `apus serve`."""

    def __init__(
        self,
        models: Path | str,
        directory: Path,
        flags: Sequence[str] = (),
        environment: dict[str, str] | None = None,
        common: Sequence[str] = COMMON_FLAGS,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.log_path = directory / "server.log"
        # An address stays as it is; an empty one is left out.
        source = ["--models", str(models)] if str(models) else []
        self.command = [str(paths.binary()), "serve", *source, *PORT_FLAGS, *common, *flags]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=directory,
                env=paths.environment(**(environment or {})),
            )
        self.address: Address = ("", 0)
        self.grpc_address: Address = ("", 0)
        self.metrics_address: Address = ("", 0)

    @property
    def pid(self) -> int:
        """Give the process id."""
        return self.process.pid

    @property
    def url(self) -> str:
        """Give the address as tritonclient wants it."""
        return f"{self.address[0]}:{self.address[1]}"

    @property
    def is_alive(self) -> bool:
        """Tell whether the process runs."""
        return self.process.poll() is None

    def wait_until_ready(self, timeout: float = 30.0) -> Server:
        """Wait for the line that names the ports."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for line in self.log():
                if line.get("message") == READY_MESSAGE:
                    self.address = parse_address(line.get("address", ":0"))
                    self.grpc_address = parse_address(line.get("grpc_address", ":0"))
                    self.metrics_address = parse_address(line["metrics_address"])
                    return self
            if not self.is_alive:
                break
            time.sleep(0.01)
        self.kill()
        raise AssertionError(f"not ready (status {self.process.returncode}): {self.command}\n{self.log_tail()}")

    def log_text(self) -> str:
        """Give the log so far."""
        return self.log_path.read_text(encoding="utf-8", errors="surrogateescape")

    def log_tail(self, lines: int = 25) -> str:
        """Give the end of the log, for messages."""
        return "\n".join(self.log_text().splitlines()[-lines:])

    def log(self) -> list[dict[str, Any]]:
        """Give the whole lines of the log that are JSON objects."""
        found = []
        for line in self.log_text().split("\n")[:-1]:
            if line.startswith("{"):
                found.append(json.loads(line))
        return found

    def client(self, timeout: float = 15.0) -> Client:
        """Make a client of the inference port."""
        return Client(self.address, timeout)

    def metrics(self) -> str:
        """Read the metrics."""
        with Client(self.metrics_address) as client:
            response = client.get("/metrics")
        assert response.status == 200, response
        return response.body.decode()

    def status_kib(self, key: str) -> int:
        """Read a size from /proc, in KiB: VmRSS for now, VmHWM for the peak."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise AssertionError(f"no {key} in /proc/{self.pid}/status")

    @property
    def rss_kib(self) -> int:
        """Give the resident memory."""
        return self.status_kib("VmRSS")

    def rested_rss_kib(self, meanwhile: Callable[[], None] = lambda: None) -> int:
        """Give the least resident memory of a while in which the server gives back what unloaded models have left.

        A server that has nothing to do at all gives back the pages of its code too, now and then; `meanwhile` gives it
        something to do.
        """
        found = []
        for _ in range(26):
            time.sleep(0.5)
            meanwhile()
            found.append(self.rss_kib)
        return min(found)

    @property
    def peak_kib(self) -> int:
        """Give the most resident memory since `reset_peak`."""
        return self.status_kib("VmHWM")

    def reset_peak(self) -> None:
        """Start the peak anew."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    @property
    def thread_count(self) -> int:
        """Count the threads."""
        return len(os.listdir(f"/proc/{self.pid}/task"))

    @property
    def descriptor_count(self) -> int:
        """Count the open descriptors."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def assert_serving(self) -> None:
        """Check that the process lives and that its answers are right."""
        assert self.is_alive, f"the server ended with status {self.process.returncode}\n{self.log_tail()}"
        with self.client() as client:
            for example in EXAMPLES["iris"]:
                response = client.post_json("/v2/models/iris/infer", example.request)
                assert response.status == 200, response
                example.check(response.json())

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def wait(self, timeout: float = 30.0) -> int:
        """Wait for the end and give the exit status, negative for a signal."""
        return self.process.wait(timeout)

    def stop(self, timeout: float = 30.0) -> int:
        """End the server as an operator would, and give its exit status."""
        if self.is_alive:
            self.signal()
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"SIGTERM did not end the server in {timeout} s\n{self.log_tail()}") from None

    def kill(self) -> None:
        """End the process whatever it does."""
        if self.is_alive:
            self.process.kill()
        self.process.wait(10)

    def logged(self, message: str, timeout: float = 5.0) -> bool:
        """Wait for a line with this message."""
        return eventually(lambda: any(line.get("message") == message for line in self.log()), timeout)


#: Starts a server that a test has to itself: flags, and `models`, `environment`, `common`, `waits` by name.
Launch = Callable[..., Server]

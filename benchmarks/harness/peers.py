"""What can be put under load: servers through wrk, and the raw engine."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Protocol

from . import paths
from .bodies import Body
from .measurement import Run
from .processes import Server, request_bytes, status_of

# wrk and the server share the cores: a second thread of wrk lets the kernel divide them as the work falls.
WRK_THREADS = 2
# As `nice` counts, for the generator's session.
GENERATOR_PRIORITY = -10


class Peer(Protocol):
    """Something that is measured in alternation with others."""

    name: str

    def measure(self, connections: int, seconds: int) -> Run:
        """Put it under load for some seconds."""
        ...


class MeasurementFailed(Exception):
    """A tool failed or an answer was wrong; the message says which."""


def run_tool(command: list[str], seconds: int, *, goes_first: bool = False) -> str:
    """Run a measuring tool and give what it printed.

    `goes_first` is for a tool whose own delays would be taken for the server's; see `give_priority`.
    """
    tool = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=goes_first
    )
    with tool:
        try:
            if goes_first:
                give_priority(tool.pid)
            output, errors = tool.communicate(timeout=seconds * 3 + 120)
        except BaseException:
            tool.kill()
            raise
    if tool.returncode != 0:
        raise MeasurementFailed(f"{' '.join(command)} failed: {errors.strip() or output.strip()}")
    return output


def give_priority(pid: int) -> None:
    """Let a tool with a session of its own go before the server, as far as this machine allows it.

    Where the kernel groups by session (`/proc/sys/kernel/sched_autogroup_enabled`, outside of control groups), processors
    are shared between the tool and the server, not between it and each of the server's threads, and a privileged user
    can weigh the groups. `nice` before the command would not do: the queues that Swift starts threads from set it anew.
    """
    try:
        Path(f"/proc/{pid}/autogroup").write_text(str(GENERATOR_PRIORITY))
    except OSError:
        return


class HTTPPeer:
    """A server that is posted one body again and again."""

    def __init__(self, name: str, server: Server, path: str, body: Body) -> None:
        """Check that the server answers this body, before it is believed to be fast."""
        self.name = name
        self.server = server
        self.path = path
        self.arguments = body.write(paths.LOGS / f"{server.name}-{name.replace(' ', '-')}.body")
        status = status_of(server.port, request_bytes("POST", path, body.content, body.headers()))
        if status != 200:
            raise MeasurementFailed(f"{name} answers {path} with status {status}: see {server.log}")

    def measure(self, connections: int, seconds: int) -> Run:
        """Run wrk."""
        threads = min(WRK_THREADS, connections)
        command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s"]
        before = self.server.cpu_seconds()
        output = run_tool(
            [*command, "-s", str(paths.WRK_SCRIPT), self.server.url(self.path), "--", *self.arguments], seconds
        )
        cpu_seconds = self.server.cpu_seconds() - before
        found = re.search(r"^RESULT (.*)$", output, re.MULTILINE)
        if found is None:
            raise MeasurementFailed(f"wrk printed no result for {self.name}: {output}")
        result = json.loads(found[1])
        return Run(
            requests=result["requests"],
            requests_per_second=result["requests"] / (result["duration_us"] / 1e6),
            p50_us=result["p50_us"],
            p90_us=result["p90_us"],
            p99_us=result["p99_us"],
            errors=result["failed_statuses"] + result["broken_connections"] + result["timeouts"],
            cpu_seconds=cpu_seconds,
        )


class RawPeer:
    """The engine in a loop, through the same Swift code as the server's, with no server around it."""

    def __init__(self, name: str, model: Path, threads: int, engine_threads: int) -> None:
        """Describe the loop; each measurement starts a process of its own."""
        self.name = name
        self.command = [str(paths.PEERS), "raw", "--model", str(model), "--engine-path", str(paths.ENGINES)]
        self.command += ["--threads", str(threads), "--engine-threads", str(engine_threads)]

    def measure(self, connections: int, seconds: int) -> Run:
        """Run the loop; the number of connections means nothing here."""
        result = json.loads(run_tool([*self.command, "--seconds", str(seconds)], seconds))
        median_us = result["median_us"]
        return Run(result["runs"], result["runs_per_second"], median_us, median_us, median_us, 0, None)

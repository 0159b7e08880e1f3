"""Clients that send back to back and keep account of every request, for shutdowns under load."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from .wire import Address, Closed, Connection


@dataclass
class Tally:
    """What became of the requests of all clients."""

    statuses: Counter[int] = field(default_factory=Counter)
    #: Answers that announced the connection's end, followed by it.
    announced: int = 0
    #: Connections closed before any byte of an answer to a request that was sent.
    closed: list[str] = field(default_factory=list)
    #: Answers that stopped in the middle.
    cut: list[str] = field(default_factory=list)
    #: Resets of connections, whenever.
    resets: list[str] = field(default_factory=list)
    #: Connections that nobody accepted any more.
    refused: int = 0
    other: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"statuses {dict(self.statuses)}, announced ends {self.announced}, closed without an answer "
            f"{len(self.closed)}, cut {len(self.cut)}, resets {len(self.resets)}, refused {self.refused}, "
            f"other {len(self.other)}; {(self.cut + self.resets + self.other + self.closed)[:3]}"
        )


class Load:
    """A number of client threads, each with a keep-alive connection."""

    def __init__(
        self,
        address: Address,
        request: bytes,
        clients: int,
        pause: Callable[[random.Random], float] | None = None,
        reconnects: Callable[[], bool] = lambda: False,
    ) -> None:
        self.tally = Tally()
        self._address = address
        self._request = request
        self._pause = pause
        self._reconnects = reconnects
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(clients)]

    def start(self) -> Load:
        """Start all clients."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Have every client stop behind its next answer."""
        self._stopped.set()

    def join(self, timeout: float = 30) -> Tally:
        """Wait until every client's last connection has ended."""
        end = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        waiting = sum(thread.is_alive() for thread in self._threads)
        assert waiting == 0, f"{waiting} clients still wait; {self.tally}"
        return self.tally

    def _run(self, number: int) -> None:
        source = random.Random(number)
        while not self._stopped.is_set():
            try:
                connection = Connection(self._address, timeout=20)
            except ConnectionRefusedError:
                self._count("refused")
                return
            except ConnectionResetError as error:
                self._note("resets", f"on connecting: {error}")
                return
            with connection:
                if not self._exchange(connection, source) or not self._reconnects():
                    return

    def _exchange(self, connection: Connection, source: random.Random) -> bool:
        """Use one connection to its end; tell whether that end was announced."""
        step = "sending"
        try:
            while not self._stopped.is_set():
                step = "sending"
                connection.send(self._request)
                step = "waiting for the answer"
                response = connection.read()
                with self._lock:
                    self.tally.statuses[response.status] += 1
                if response.closes:
                    step = "waiting for the announced end"
                    if not connection.ends(10):
                        self._note("other", "no end behind 'Connection: close'")
                        return False
                    self._count("announced")
                    return True
                if self._pause is not None:
                    time.sleep(self._pause(source))
        except Closed as closed:
            self._note("cut" if closed.received else "closed", str(closed))
        except (ConnectionResetError, BrokenPipeError) as error:
            self._note("resets", f"{step}: {error!r}")
        except OSError as error:
            self._note("other", f"{step}: {error!r}")
        return False

    def _count(self, name: str) -> None:
        with self._lock:
            setattr(self.tally, name, getattr(self.tally, name) + 1)

    def _note(self, name: str, text: str) -> None:
        with self._lock:
            getattr(self.tally, name).append(text)

"""Many connections in one thread that ask, hurry, hang up and check every answer."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from .questions import Question, step
from .tensors import HEADER_LENGTH
from .wire import Address

#: Seconds that any answer may take, on a machine that is busy with other things.
PATIENCE = 60


@dataclass
class Account:
    """What became of the requests to one model."""

    #: Answered with 200.
    answered: int = 0
    #: Refused with this status.
    refused: Counter[int] = field(default_factory=Counter)
    #: Sent whole by clients that didn't wait for the answer.
    hung_up: int = 0


class Book:
    """What became of all requests."""

    def __init__(self) -> None:
        self.models: defaultdict[str, Account] = defaultdict(Account)
        self.kinds: Counter[str] = Counter()
        #: What was not as it must be; the first one ends the visit.
        self.faults: list[str] = []
        self.sent = 0

    def __str__(self) -> str:
        lines = [f"{self.sent} requests: {dict(self.kinds)}"]
        lines += [
            f"  {name}: 200 {account.answered}, {dict(account.refused)}, hung up {account.hung_up}"
            for name, account in sorted(self.models.items())
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Plan:
    """What the visitors do until they meet again."""

    questions: list[Question]
    refused: list[Question]
    #: Questions to one model, of which each visitor asks one at the same moment.
    topic: list[Question]
    together: asyncio.Barrier


class Visitor:
    """One client: a keep-alive connection after another."""

    def __init__(self, address: Address, number: int, source: random.Random, book: Book) -> None:
        self._address = address
        self._number = number
        self._source = source
        self._book = book
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._sequences = 0

    async def visit(self, plan: Plan) -> None:
        """Send some requests, in all the ways that there are, then one together with all others."""
        for _ in range(self._source.randint(1, 4)):
            share = self._source.random()
            if share < 0.07:
                await self._hang_up(self._source.choice(plan.questions))
            elif share < 0.10:
                await self._stop_halfway(self._source.choice(plan.questions))
            elif share < 0.17:
                await self._run_sequence()
            elif share < 0.27:
                await self._ask([self._source.choice(plan.refused)])
            elif share < 0.37:
                await self._ask(self._source.choices(plan.questions, k=self._source.randint(2, 6)))
            else:
                await self._ask([self._source.choice(plan.questions)])
        asked = self._source.choice(plan.topic)
        await self._connect()
        await plan.together.wait()
        await self._ask([asked])

    def leave(self) -> None:
        """Close the connection in an orderly way."""
        self._close(is_orderly=True)

    async def _connect(self) -> asyncio.StreamWriter:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(*self._address, limit=1 << 22)
        return self._writer

    def _close(self, is_orderly: bool) -> None:
        """Hang up, in an orderly way or with a reset."""
        if self._writer is None:
            return
        if not is_orderly:
            linger = struct.pack("ii", 1, 0)
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()
        self._reader = self._writer = None

    def _wire(self, asked: Question) -> tuple[bytes, bytes]:
        self._book.sent += 1
        self._book.kinds[asked.kind] += 1
        return asked.wire(self._book.sent)

    async def _ask(self, questions: list[Question]) -> None:
        """Send requests one behind the other and check their answers, which come in the same order."""
        writer = await self._connect()
        encoded = [self._wire(asked) for asked in questions]
        writer.write(b"".join(wire for wire, _ in encoded))
        for asked, (_, given) in zip(questions, encoded, strict=True):
            try:
                async with asyncio.timeout(PATIENCE):
                    closes = await self._check(asked, given)
            except (TimeoutError, OSError, EOFError) as error:
                self._book.faults.append(f"no answer to {given!r}, {asked}: {error!r}")
                break
            if closes:
                self._book.faults.append(f"the connection was closed behind {asked}")

    async def _check(self, asked: Question, given: bytes) -> bool:
        assert self._reader is not None
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in head[1:])}
        body = await self._reader.readexactly(int(fields["content-length"]))
        status = int(head[0].split(" ", 2)[1])
        account = self._book.models[asked.model]
        if status == 200:
            account.answered += 1
        else:
            account.refused[status] += 1
        fault = asked.check(given, status, fields.get(HEADER_LENGTH.lower()), fields.get("content-type"), body)
        if fault:
            self._book.faults.append(fault)
        return fields.get("connection") == "close"

    async def _hang_up(self, asked: Question) -> None:
        """Send a request and go, at once or a little later."""
        writer = await self._connect()
        writer.write(self._wire(asked)[0])
        self._book.kinds["hung up"] += 1
        self._book.models[asked.model].hung_up += 1
        await writer.drain()
        await asyncio.sleep(self._source.choice((0, 0.001, 0.004)))
        self._close(is_orderly=self._source.random() < 0.5)

    async def _stop_halfway(self, asked: Question) -> None:
        """Send a part of a request and go."""
        writer = await self._connect()
        wire = self._wire(asked)[0]
        self._book.kinds["cut off"] += 1
        writer.write(wire[: self._source.randrange(1, len(wire))])
        await asyncio.sleep(0)
        self._close(is_orderly=self._source.random() < 0.5)

    async def _run_sequence(self) -> None:
        """Add numbers up in a sequence of its own; some are left in the middle."""
        self._sequences += 1
        sequence = self._number << 32 | self._sequences
        length = self._source.randint(2, 6)
        is_left = self._source.random() < 0.05
        total = 0.0
        for index in range(length):
            value = float(self._source.randint(-9, 9))
            total += value
            is_last = index == length - 1 and not is_left
            binary = self._source.random() < 0.5
            await self._ask([step("sum", sequence, value, index == 0, is_last, total, binary)])


async def _visit_all(visitors: list[Visitor], source: random.Random, book: Book, crowd: Crowd) -> None:
    last = book.sent + crowd.budget
    topics: defaultdict[str, list[Question]] = defaultdict(list)
    for asked in [*crowd.questions, *(asked for asked in crowd.refused if asked.kind == "poison")]:
        topics[asked.model].append(asked)
    while book.sent < last and not book.faults:
        topic = source.choice(list(topics.values()))
        plan = Plan(crowd.questions, crowd.refused, topic, asyncio.Barrier(len(visitors)))
        async with asyncio.TaskGroup() as tasks:
            for visitor in visitors:
                tasks.create_task(visitor.visit(plan))
    for visitor in visitors:
        visitor.leave()


@dataclass(frozen=True)
class Crowd:
    """Who asks what, and how much."""

    questions: list[Question]
    refused: list[Question]
    #: How many requests to send, or a few more.
    budget: int
    connections: int

    def visit(self, address: Address, seed: str, book: Book) -> None:
        """Send all, and keep book."""
        numbers = range(1, self.connections + 1)
        visitors = [Visitor(address, number, random.Random(f"{seed}/{number}"), book) for number in numbers]
        asyncio.run(_visit_all(visitors, random.Random(seed), book, self))

"""Models with every way of scheduling, and questions to them with the answers expected."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .questions import ID, Question, question
from .repository import Repository
from .server import Server
from .tensors import Answer, Input, Request
from .wire import Connection

OFF = 'parameters { key: "batching" value { string_value: "off" } }\n'
ROWS = """
input [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 4 ] } ]
"""
SUM = """
max_batch_size: 64
instance_group [ { count: 2 kind: KIND_CPU } ]
input [ { name: "x" data_type: TYPE_FP32 dims: [ 1 ] } ]
output [ { name: "total" data_type: TYPE_FP32 dims: [ 1 ] } ]
sequence_batching {
  max_sequence_idle_microseconds: 10000000
  state [ { input_name: "sum_in" output_name: "sum_out" data_type: TYPE_FP32 dims: [ 1 ]
    initial_state: { data_type: TYPE_FP32 dims: [ 1 ] zero_data: true name: "zero" } } ]
}
"""
LEVELS = """
dynamic_batching {
  priority_levels: 3 default_priority_level: 2
  default_queue_policy { max_queue_size: 6 }
  priority_queue_policy { key: 1 value { max_queue_size: 3 } }
  priority_queue_policy { key: 3 value {
    default_timeout_microseconds: 8000 allow_timeout_override: true max_queue_size: 6 timeout_action: DELAY } }
}
"""
HURRIED = """
dynamic_batching { default_queue_policy {
  default_timeout_microseconds: 4000 allow_timeout_override: true timeout_action: REJECT } }
"""

Rows = Callable[[random.Random, int], Input]


def floats(name: str, width: int, low: float, high: float) -> Rows:
    """Make rows of numbers."""

    def make(source: random.Random, rows: int) -> Input:
        values = [[source.uniform(low, high) for _ in range(width)] for _ in range(rows)]
        return Input(name, "FP32", np.array(values, dtype=np.float32).reshape(rows, width))

    return make


def pictures(source: random.Random, rows: int) -> Input:
    """Make 8 by 8 grey pictures."""
    values = np.frombuffer(source.randbytes(rows * 64), dtype=np.uint8)
    return Input("picture", "UINT8", values.reshape(rows, 8, 8))


def texts(source: random.Random, rows: int) -> Input:
    """Make messages to a help desk."""
    words = "refund charged payment invoice crashes error update login password reset ¿qué? the my please".split()
    values = np.empty((rows, 1), dtype=object)
    for row in range(rows):
        values[row, 0] = " ".join(source.choices(words, k=source.randint(1, 30))).encode()
    return Input("text", "BYTES", values)


@dataclass(frozen=True)
class Model:
    """A model of the mixture."""

    name: str
    rows: Rows
    #: The size of the terms that an output is the sum of: their rounding is what a larger run may change.
    terms: float = 1
    #: Rows that a request may have.
    most_rows: int = 300
    #: Whether it has a policy by which a good request may be refused.
    may_refuse: bool = False
    priorities: int = 0
    #: Asked rarely, because it is slow.
    is_slow: bool = False


MODELS: tuple[Model, ...] = (
    Model("iris", floats("features", 4, 0, 8)),
    Model("digits", floats("pixels", 64, 0, 16), most_rows=64),
    Model("diabetes", floats("features", 10, -0.2, 0.2), terms=200),
    Model("tickets", texts, most_rows=40),
    Model("digits_pipeline", pictures, most_rows=64),
    Model("cached", floats("features", 4, 0, 8), most_rows=3),
    Model("goal", floats("features", 10, -0.2, 0.2), terms=200),
    Model("ordered", floats("features", 10, -0.2, 0.2), terms=200),
    Model("sized", floats("x", 4, -9, 9), most_rows=8),
    Model("picky", floats("x", 4, -9, 9)),
    Model("levels", floats("IN", 3, -9, 9), may_refuse=True, priorities=3, is_slow=True),
    Model("hurried", floats("IN", 3, -9, 9), may_refuse=True, is_slow=True),
)


def write_models(root: Path, is_batched: bool) -> Path:
    """Write the repository; without batches it has the same models, each request running alone."""
    off = "" if is_batched else OFF
    repository = Repository(root)
    for name in ("iris", "digits", "diabetes", "tickets", "digits_picture", "digits_pipeline", "digits_words"):
        repository.sample(name)
    for name, sample in (("cached", "iris"), ("goal", "diabetes"), ("ordered", "diabetes")):
        shutil.copytree(root / sample, root / name)
    sizes = "dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 500 }\n"
    repository.onnx("sized", "two_batch", config=ROWS + "max_batch_size: 8\n" + (sizes if is_batched else off))
    repository.onnx("picky", config=off or None)
    if is_batched:
        repository.config("cached", "response_cache { enable: true }\n")
        repository.config("ordered", "dynamic_batching { preserve_ordering: true }\n")
        repository.file("goal/apus.yaml", "scheduling: {latency_goal: 20ms}\n")
        repository.onnx("sum", "running_sum", config=SUM)
    else:
        for name in ("iris", "diabetes", "tickets", "digits_picture", "digits_words", "cached", "goal", "ordered"):
            repository.config(name, off)
        with (root / "digits" / "config.pbtxt").open("a") as config:
            config.write(off)
    for name, policies, delay in (("levels", LEVELS, 3), ("hurried", HURRIED, 2)):
        extra = policies if is_batched else ""
        repository.builtin(name, "delay", delay if is_batched else 0, dims=(-1, 3), extra=extra)
    return root


def _rows(source: random.Random, most: int) -> int:
    """Mostly one row, some batches, a few that are larger than any run should be."""
    share = source.random()
    if share < 0.55:
        return 1
    return source.randint(2, min(most, 8)) if share < 0.85 else source.randint(min(most, 8), most)


def _request(source: random.Random, model: Model, rows: int) -> Request:
    given = model.rows(source, rows)
    given = Input(given.name, given.datatype, given.values, is_binary=source.random() < 0.5)
    parameters: dict[str, Any] = {"binary_data_output": True} if source.random() < 0.5 else {}
    if model.priorities:
        parameters["priority"] = source.randint(0, model.priorities)
    return Request([given], id=ID, parameters=parameters or None)


#: What a request is told that has waited too long, or would.
EXPIRED = re.compile("Request timeout expired")


def good(source: random.Random, count: int) -> list[Question]:
    """Make questions that have an answer; some of them in too much of a hurry to get it."""
    questions = []
    for model in MODELS:
        for _ in range(max(4, count // 4) if model.is_slow or model.name == "cached" else count):
            rows = _rows(source, model.most_rows)
            is_hurried = source.random() < 0.15
            parameters: dict[str, Any] = {}
            headers: dict[str, str] = {}
            if is_hurried and source.random() < 0.5:
                parameters["timeout"] = source.choice((1, 300, 2_000, 20_000))
            elif is_hurried:
                headers["Apus-Timeout"] = source.choice(("1n", "200u", "2m", "30m"))
            kind = "in a hurry" if is_hurried else "good"
            request = _request(source, model, rows)
            hurried = replace(request, parameters=(request.parameters or {}) | parameters)
            asked = question(model.name, kind, hurried, rows, headers)
            alone = question(model.name, kind, request, rows)
            asked.terms = model.terms
            asked.alone = alone.before + ID.encode() + alone.after
            if is_hurried or model.may_refuse:
                words = "Request timeout expired|Exceeds maximum queue size" if model.may_refuse else EXPIRED.pattern
                asked.refusals = {503: re.compile(words)}
            questions.append(asked)
    return questions


def bad(source: random.Random) -> list[Question]:
    """Make questions that must be refused, each with its words; poison among them."""
    questions = []

    def add(model: str, status: int, words: str, given: Input, kind: str = "bad") -> None:
        asked = question(model, kind, Request([given], id=ID), len(given.values))
        asked.refusals = {status: re.compile(words)}
        questions.append(asked)

    for rows in (1, 2, 9, 40):
        for value in (1e6, 3e9):
            poison = np.full((rows, 4), 1, dtype=np.float32)
            poison[source.randrange(rows), source.randrange(4)] = value
            add("picky", 400, "out of data bounds", Input("x", "FP32", poison, source.random() < 0.5), "poison")
    add("iris", 400, r"unexpected shape for input 'features'", floats("features", 5, 0, 8)(source, 2))
    add("cached", 400, r"unexpected shape for input 'features'", floats("features", 3, 0, 8)(source, 2))
    add("tickets", 400, "data-type is 'FP32', but model 'tickets' expects 'BYTES'", floats("text", 1, 0, 8)(source, 1))
    add("diabetes", 400, "'nothing'", floats("nothing", 10, 0, 8)(source, 1))
    add("digits", 400, "batch-size must be <= 64", floats("pixels", 64, 0, 16)(source, 65))
    add("sized", 400, "batch-size must be <= 8", floats("x", 4, 0, 16)(source, 9))
    add("nobody", 404, "unknown model: 'nobody'", floats("x", 4, 0, 16)(source, 1))
    broken = question("goal", "bad", Request([floats("features", 10, 0, 1)(source, 1)], id=ID), 1)
    broken.after = broken.after[:-2] + b",}"
    broken.refusals = {400: re.compile("")}
    return [*questions, broken]


def answer_alone(questions: list[Question], server: Server) -> None:
    """Have a server that runs each request alone answer the good ones, one by one."""
    with Connection(server.address) as connection:
        for asked in questions:
            connection.send(asked.alone)
            response = connection.read()
            assert response.status == 200, f"{response} for {asked}"
            asked.expected = Answer.parse(response)
            before, found, after = response.body.partition(ID.encode())
            assert found, response
            asked.expected_body = (before, after)

"""Requests with the answers expected, and what was wrong with one that came."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

import numpy as np

from .tensors import Answer, Input, Request
from .wire import encode

#: Stands in the bytes of questions and answers where the id goes.
ID = "q00000000"


@dataclass
class Question:
    """A request, its bytes but for the id, and what may come of it."""

    model: str
    #: What the request is for; the statistics of a run name it.
    kind: str
    rows: int
    before: bytes
    after: bytes
    terms: float = 1
    #: The same without a limit of time.
    alone: bytes = b""
    #: The answer when it is computed alone; `None` when there must be none.
    expected: Answer | None = None
    expected_body: tuple[bytes, bytes] = (b"", b"")
    #: Statuses besides 200 and the words that their messages have.
    refusals: dict[int, re.Pattern[str]] = field(default_factory=dict)

    def wire(self, number: int) -> tuple[bytes, bytes]:
        """Give the request's bytes with an id, and the id."""
        given = b"q%08d" % number
        return self.before + given + self.after, given

    def check(self, given: bytes, status: int, header_length: str | None, content_type: str | None, body: bytes) -> str:
        """Check what came.

        Returns:
            Nothing when it is as it must be, else what is wrong.
        """
        if status != 200:
            words = self.refusals.get(status)
            if words is None or not words.search(body.decode()):
                return f"{status} {body[:300]!r} for {self}"
            if status >= 500 and b"[request id: %s] " % given not in body:
                return f"a refusal of another request than {given!r}: {body[:300]!r}"
            return ""
        if self.expected is None:
            return f"200 {body[:300]!r} for {self}"
        if body == self.expected_body[0] + given + self.expected_body[1]:
            return ""
        return self._compare(given, Answer.read(body, header_length, content_type))

    def _compare(self, given: bytes, answer: Answer) -> str:
        """Compare with the answer computed alone: floats but for their rounding, all else exactly."""
        assert self.expected is not None
        if answer.document["id"] != given.decode():
            return f"the answer to {answer.document['id']} came for {given!r}"
        if list(answer.outputs) != list(self.expected.outputs):
            return f"outputs {list(answer.outputs)} for {self}"
        for name, output in answer.outputs.items():
            expected = self.expected.outputs[name]
            if (output.datatype, output.shape) != (expected.datatype, expected.shape):
                return f"{name} is {output.datatype}{output.shape} for {self}"
            if output.datatype == "FP32":
                if not np.allclose(output.values, expected.values, rtol=1e-5, atol=1e-6 * self.terms):
                    return f"{name} is {output.values.ravel()[:8]}, alone {expected.values.ravel()[:8]}, for {self}"
            elif output.values.tolist() != expected.values.tolist():
                return f"{name} is {output.values.ravel()[:8]}, alone {expected.values.ravel()[:8]}, for {self}"
        return ""

    def __str__(self) -> str:
        return f"a question ({self.kind}) of {self.rows} rows to {self.model}"


def question(model: str, kind: str, request: Request, rows: int, headers: dict[str, str] | None = None) -> Question:
    """Encode a request."""
    body, fields = request.encode()
    wire = encode("POST", f"/v2/models/{model}/infer", fields | (headers or {}), body)
    before, _, after = wire.partition(ID.encode())
    assert after, wire[:300]
    return Question(model, kind, rows, before, after)


def step(
    model: str, sequence: int, value: float, is_first: bool, is_last: bool, total: float, binary: bool
) -> Question:
    """Make a request of a sequence that adds up, with the sum expected."""
    parameters = {"sequence_id": sequence, "sequence_start": is_first, "sequence_end": is_last}
    given = Input("x", "FP32", np.array([[value]], dtype=np.float32), is_binary=binary)
    asked = question(model, "sequence", Request([given], id=ID, parameters=parameters), 1)
    document = {"id": ID, "outputs": [{"name": "total", "datatype": "FP32", "shape": [1, 1], "data": [total]}]}
    asked.expected = Answer.read(json.dumps(document).encode(), None, "application/json")
    return asked
